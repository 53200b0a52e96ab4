//! Finds the place on the main line where a number belongs.

use crate::git::tests::*;

const COMMITS: u64 = 3_000;

/// Writes a main line with growing numbers, except that some were merged late, some commits have no number, and some
/// name an old one. Each is merged from a branch of its own.
fn import(world: &World) {
    let mut stream = String::new();
    for at in 1..=COMMITS {
        let person = format!("Ada <ada@example.com> {} +0000", 1_000_000 + at);
        let subject = match at % 7 {
            0 => "Fix it".to_owned(),
            3 => format!("Merge pull request #{} from a/b", at - at.min(150)),
            5 => format!("See it again (#{})", at % 11),
            _ => format!("Draw maps (#{at})"),
        };
        for (branch, mark, subject) in [
            ("side", COMMITS + at, "Side"),
            ("main", at, subject.as_str()),
        ] {
            stream += &format!("commit refs/heads/{branch}\nmark :{mark}\ncommitter {person}\n");
            stream += &format!("data {}\n{subject}\n", subject.len());
            if at > 1 {
                stream += &format!("from :{}\n", at - 1);
            }
            if branch == "main" {
                stream += &format!("merge :{}\n", COMMITS + at);
            }
            stream += "\n";
        }
    }
    world.feed(&["fast-import", "--quiet", "--force"], stream.as_bytes());
}

fn named(subject: &str) -> Option<u64> {
    let (_, number) = subject.split_once('#')?;
    number
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[test]
fn a_pull_request_is_looked_for_where_its_number_belongs() {
    let world = World::new();
    import(&world);
    let line = world.git(&["log", "--first-parent", "--format=%H %s", "main"]);
    let line: Vec<(&str, &str)> = line.lines().filter_map(|one| one.split_once(' ')).collect();
    let tip = CommitId::parse(line[0].0).unwrap();
    let place = |id: &CommitId| {
        line.iter()
            .position(|(one, _)| *one == id.as_str())
            .unwrap()
    };
    let milestones = line.iter().rev().step_by(40);
    let milestones: Vec<_> = milestones
        .filter_map(|(id, _)| CommitId::parse(id))
        .collect();
    let half = format!("{}\n", line[line.len() / 2].0);
    for (graph, input) in [
        (None, ""),
        (Some("--stdin-commits"), half.as_str()),
        (Some("--reachable"), ""),
    ] {
        if let Some(of) = graph {
            world.feed(&["commit-graph", "write", of], input.as_bytes());
        }
        let repo = world.repo();
        for (number, from) in [1, 2, 99, 256, 1_213, 1_500, 2_745, 2_998]
            .into_iter()
            .flat_map(|number| [(number, &[][..]), (number, &milestones)])
        {
            let (newest, oldest) = repo.around((&tip, from), number, named).unwrap();
            let newest = place(&newest);
            let oldest = oldest.map_or(line.len(), |id| place(&id));
            let is_there = |(_, subject): &(&str, &str)| {
                subject.starts_with("Draw") && named(subject) == Some(number)
            };
            let at = line.iter().position(is_there);
            assert!(
                at.is_none_or(|at| newest <= at && at < oldest),
                "{number} at {at:?}, not in {newest}..{oldest}"
            );
            assert!(oldest - newest < 1_000, "{number}: {newest}..{oldest}");
        }
    }
    let repo = world.repo();
    // Milestones lead to the same place, but are not believed if the last one is not on the branch.
    let (old, new) = milestones.split_at(40);
    let (newest, _) = repo.around((&tip, &milestones), 99, named).unwrap();
    assert!(old.contains(&newest));
    let found = repo.around((&old[20], new), 99, named);
    assert_eq!(found, repo.around((&old[20], &[]), 99, named));
    // A number that is not on this line leads somewhere, too, without a second search.
    for number in [0, u64::MAX] {
        assert!(repo.around((&tip, &[]), number, named).is_some());
    }
    let root = CommitId::parse(line[line.len() - 1].0).unwrap();
    assert_eq!(
        repo.around((&root, &[]), 7, named),
        Some((root.clone(), None))
    );
}
