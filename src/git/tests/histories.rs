//! Random histories.

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::core::words::Relation;
use crate::git::tests::*;

/// A commit to be written: its date, and its parents as steps back from it.
#[derive(Clone, Debug)]
struct Planned {
    date: u32,
    parents: Vec<usize>,
}

/// Returns histories of one shape: how far parents reach back, and how much clocks may run backwards.
fn history() -> impl Strategy<Value = Vec<Planned>> {
    let shape = (
        1_usize..6,
        prop_oneof![Just(0_u32), Just(3), Just(40)],
        0_u32..3,
    );
    shape.prop_flat_map(|(reach, skew, pace)| {
        let parents = prop_oneof![
            1 => Just(Vec::new()),
            12 => proptest::collection::vec(1..=reach, 1),
            6 => proptest::collection::vec(1..=reach, 2),
            1 => proptest::collection::vec(1..=reach + 2, 3..5),
        ];
        let commit = (0..=skew, parents);
        proptest::collection::vec(commit, 2..60).prop_map(move |commits| {
            let plan = |(at, (back, parents)): (usize, (u32, Vec<usize>))| {
                let at_date = 1000 + u32::try_from(at).unwrap() * pace;
                Planned {
                    date: at_date.saturating_sub(back),
                    parents,
                }
            };
            commits.into_iter().enumerate().map(plan).collect()
        })
    })
}

/// Writes the history below `refs/heads/c<n>`.
fn import(world: &World, history: &[Planned]) -> Vec<CommitId> {
    let mut stream = String::new();
    for (at, planned) in history.iter().enumerate() {
        let person = format!("Ada <ada@example.com> {} +0100", planned.date);
        let subject = format!("Change {at}");
        stream += &format!(
            "commit refs/heads/c{at}\nmark :{}\nauthor {person}\ncommitter {person}\n",
            at + 1
        );
        stream += &format!("data {}\n{subject}\n", subject.len());
        let mut parents: Vec<_> = planned
            .parents
            .iter()
            .filter_map(|back| (at + 1).checked_sub(*back))
            .collect();
        parents.retain(|&parent| parent > 0);
        parents.dedup();
        for (nth, parent) in parents.iter().enumerate() {
            stream += &format!("{} :{parent}\n", if nth == 0 { "from" } else { "merge" });
        }
        stream += "\n";
    }
    world.feed(
        &["fast-import", "--quiet", "--export-marks=marks"],
        stream.as_bytes(),
    );
    let marks = fs::read_to_string(world.path().join("marks")).unwrap();
    let mut ids: Vec<_> = marks
        .lines()
        .map(|line| line.trim_start_matches(':').split_once(' ').unwrap())
        .collect();
    ids.sort_by_key(|(mark, _)| mark.parse::<usize>().unwrap());
    ids.into_iter()
        .map(|(_, id)| CommitId::parse(id).unwrap())
        .collect()
}

/// Compares both lists of a pair with git's.
fn compare(world: &World, repo: &Repo, from: &CommitId, to: &CommitId) {
    let library = repo.reader.as_ref().unwrap();
    let quick = library.changes(repo, from, to);
    let quick = quick.unwrap_or_else(|_| panic!("the library had no answer"));
    let sure = plumbing::changes(&repo.program, Some(from), to).unwrap();
    assert_eq!(quick, sure, "{from}..{to}");
    if quick.relation != Relation::Behind {
        assert_eq!(
            as_text(&printed(&quick)),
            as_text(&world.log(&format!("{from}..{to}")))
        );
    }
    let listed: Vec<_> = [&quick.ships[..], &quick.disappears].concat();
    let ids: Vec<_> = listed.iter().map(|commit| commit.id.clone()).collect();
    assert_eq!(library.commits(repo, &ids).ok(), Some(listed));
    let ahead = matches!(quick.relation, Relation::Ahead | Relation::Identical);
    let quick = library.is_ancestor(from, to);
    assert_eq!(
        quick.unwrap_or_else(|_| panic!("the library had no answer")),
        ahead
    );
}

#[test]
fn the_library_the_program_and_git_log_list_the_same() {
    let cases = std::env::var("SMP_TEST_HISTORIES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(12);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    proptest!(config, |(history in history(), picks in proptest::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 3))| {
        let world = World::new();
        let ids = import(&world, &history);
        let half = format!("{}\n", ids[ids.len() / 2]);
        for (graph, input) in [(None, ""), (Some("--stdin-commits"), half.as_str()), (Some("--reachable"), "")] {
            if let Some(of) = graph {
                world.feed(&["commit-graph", "write", of], input.as_bytes());
            }
            let repo = world.repo();
            for (from, to) in &picks {
                compare(&world, &repo, from.get(&ids), to.get(&ids));
            }
        }
    });
}

#[test]
fn all_history_ships_where_nothing_is_deployed() {
    let world = World::new();
    let parents = [vec![], vec![1], vec![2], vec![1, 2], vec![1]];
    let history: Vec<_> = parents
        .into_iter()
        .map(|parents| Planned {
            date: 1000,
            parents,
        })
        .collect();
    let ids = import(&world, &history);
    let changes = world.checked(&world.repo(), None, ids.last().unwrap());
    assert_eq!(
        (changes.relation, changes.ships.len(), changes.ships_merges),
        (Relation::Ahead, 4, 1)
    );
    assert_eq!(
        (changes.disappears.len(), changes.disappears_merges),
        (0, 0)
    );
}
