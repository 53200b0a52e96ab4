//! What comes next, a row each. History is the alphabet: `b` has all that `a` has; `f` lies beside all others, and nobody
//! knows how `0` stands to anything. The clone has no `9`.

use crate::core::config::{MainRepository, Policy, Record};
use crate::core::decide::next::*;
use crate::core::decide::tests::{announced, candidate, environment, id, seen};
use crate::core::record::{Kind, LastDeploy, Verdict};
use crate::core::refusal::RefusalCode;

/// Staging and production, which promotes it, and what is known of them.
struct World {
    staging: Observed,
    production: Observed,
    tip: Result<Branch, Refusal>,
    record: Option<Result<State, Refusal>>,
    is_ours: bool,
    pushing: Option<char>,
    /// What production was rolled back from, and `e` takes back.
    held: Option<char>,
    /// Whether staging is the main branch.
    by_merge: bool,
}

/// What staging and production run, and where the main branch is.
fn world(staging: char, production: char, tip: char) -> World {
    World {
        staging: seen("staging", staging, staging),
        production: seen("production", production, production),
        tip: Ok(Branch::At(id(tip))),
        record: None,
        is_ours: false,
        pushing: None,
        held: None,
        by_merge: false,
    }
}

fn with(state: State, world: World) -> World {
    World {
        record: Some(Ok(state)),
        ..world
    }
}

fn config(record: bool) -> Config {
    Config {
        path: "smp.toml".into(),
        repository: MainRepository {
            remote: "upstream".into(),
            url: String::new(),
            branch: "main".into(),
            web: None,
            forge: None,
        },
        environments: vec![environment("staging"), environment("production")],
        record: record.then(|| Record {
            reference: String::new(),
            ..Record::default()
        }),
        policy: Policy::default(),
        channels: Vec::new(),
    }
}

fn between(from: &CommitId, to: &CommitId) -> Option<Relation> {
    let ends = [from, to];
    if ends.contains(&&id('9')) {
        None
    } else if from == to {
        Some(Relation::Identical)
    } else if ends.contains(&&id('0')) {
        None
    } else if ends.contains(&&id('f')) {
        Some(Relation::Diverged)
    } else if from < to {
        Some(Relation::Ahead)
    } else {
        Some(Relation::Behind)
    }
}

fn told(world: World) -> String {
    let held = world.held.map(id);
    let again = |_: &Environment, commit: &CommitId| {
        let held = held.clone().filter(|held| commit >= held);
        Ok(held.filter(|_| *commit < id('e')))
    };
    let mut config = config(world.record.is_some());
    config.environments[0].by_merge = world.by_merge;
    let next = next(&Situation {
        config: &config,
        seen: &[world.staging, world.production],
        main: Some(&world.tip),
        record: world.record.as_ref().map(Result::as_ref),
        is_ours: world.is_ours,
        me: "",
        pushing: world.pushing.map(|commit| ("production", id(commit))),
        between: &|from, to| Ok(from.zip(to).and_then(|(from, to)| between(from, to))),
        again: &again,
    });
    next.unwrap().to_string()
}

fn nothing(seen: Observed) -> Observed {
    Observed {
        running: Ok(None),
        branch: Some(Ok(Branch::Empty)),
        ..seen
    }
}

fn proposed(verdicts: &[Verdict]) -> State {
    State {
        candidate: Some(candidate(verdicts)),
        ..State::default()
    }
}

#[test]
fn without_a_record_the_environments_tell() {
    let staging = |running, branch| seen("staging", running, branch);
    let production = |running, branch| seen("production", running, branch);
    let unreachable = |hint| Refusal::new(RefusalCode::Unreachable, "no answer").hint(hint);
    let unknown = Observed {
        running: Err(unreachable("open the page")),
        ..production('a', 'a')
    };
    let missing = Observed {
        branch: Some(Ok(Branch::Missing(vec!["master".into()]))),
        ..production('a', 'a')
    };
    let doubted = Observed {
        doubt: Some("declined".into()),
        ..production('b', 'b')
    };
    let to_main = |commit: char| {
        let (long, short) = (commit.to_string().repeat(40), commit.to_string().repeat(8));
        format!(
            "git push upstream {long}:refs/heads/fix-{short}; then merge the branch fix-{short} into main (no squash, no rebase), and stage it"
        )
    };
    let hotfix = to_main('f') + "; production runs commits that main lacks";
    let waits = "git smp promote production; the promotion waits for the release; if the release failed, repeat it on the platform";
    let believe = "set a page or the platform's app in environments.production.running of smp.toml, then: git smp \
                   setup; or, if you saw it run, confirm that in a terminal: git smp promote";
    let of = |production, world| World {
        production,
        ..world
    };
    let from = |staging, world| World { staging, ..world };
    let held = |commit, world| World {
        held: Some(commit),
        ..world
    };
    for (world, expected) in [
        (world('b', 'a', 'b'), "git smp promote"),
        (world('b', 'b', 'c'), "git smp stage"),
        (world('b', 'b', 'b'), "nothing"),
        // Production is ahead of staging: the main branch has it, or is to have it first.
        (world('b', 'c', 'c'), "git smp stage"),
        (world('b', 'f', 'c'), &hotfix),
        (world('b', 'f', '0'), "git smp diff production"),
        (world('f', 'f', 'c'), &to_main('f')),
        (world('0', 'a', 'b'), "git fetch --unshallow"),
        (
            of(nothing(production('a', 'a')), world('b', 'a', 'b')),
            "git smp promote",
        ),
        (
            from(nothing(staging('a', 'a')), world('b', 'a', 'b')),
            "git smp stage",
        ),
        (
            World {
                tip: Ok(Branch::Empty),
                ..from(nothing(staging('a', 'a')), world('b', 'a', 'b'))
            },
            "push the first commit: git push upstream main",
        ),
        // Nothing ships before it is known what runs.
        (of(unknown, world('b', 'a', 'b')), "open the page"),
        (of(missing, world('b', 'a', 'b')), "git smp setup --check"),
        (of(doubted, world('b', 'b', 'c')), believe),
        (
            from(staging('b', 'c'), world('b', 'a', 'c')),
            "wait for staging or deploy it again, then: git smp status",
        ),
        (of(production('a', 'b'), world('b', 'a', 'b')), waits),
        (
            World {
                tip: Err(unreachable("look at upstream")),
                ..world('b', 'b', 'b')
            },
            "look at upstream",
        ),
        (
            World {
                pushing: Some('b'),
                ..world('b', 'a', 'b')
            },
            "git smp status; the push of bbbbbbbb to production must finish first",
        ),
        // What was rolled back does not ship again by itself.
        (
            held('b', world('b', 'a', 'b')),
            "git smp stage; bbbbbbbb was rolled back; stage a commit that corrects it",
        ),
        (
            held('b', world('c', 'a', 'c')),
            "git smp promote; bbbbbbbb was rolled back; promote if later commits correct it",
        ),
        (
            held('b', world('c', 'a', 'e')),
            "git smp stage; bbbbbbbb was rolled back; stage a commit that corrects it",
        ),
        (held('b', world('e', 'a', 'e')), "git smp promote"),
    ] {
        assert_eq!(told(world), expected);
    }
}

#[test]
fn the_record_comes_before_the_environments() {
    use Verdict::{Block, Pass};
    let wait = "git smp status; that deploy must finish first; only if that run died: git smp promote \
                production --take-over 0000000000000007";
    let landed = World {
        production: seen("production", 'a', 'b'),
        ..world('b', 'a', 'b')
    };
    let ours = World {
        is_ours: true,
        ..world('b', 'a', 'b')
    };
    let mut elsewhere = announced(Kind::Promote);
    elsewhere.deploying.as_mut().unwrap().elsewhere = true;
    let newer = State {
        format: 1000,
        ..State::default()
    };
    let unreadable = |refusal| World {
        record: Some(Err(refusal)),
        ..world('b', 'a', 'b')
    };
    let refusal = || Refusal::new(RefusalCode::RecordUnreadable, "no record");
    for (world, expected) in [
        (
            with(State::default(), world('b', 'a', 'b')),
            "git smp propose",
        ),
        (
            with(State::default(), world('b', 'b', 'c')),
            "git smp stage",
        ),
        // What was shipped was rolled back past the tool, and its proposal is closed.
        (
            with(
                State::default(),
                World {
                    production: seen("production", 'a', 'b'),
                    ..world('b', 'a', 'b')
                },
            ),
            "git smp propose; a commit that ships again needs a new proposal",
        ),
        (with(proposed(&[]), world('b', 'a', 'c')), "git smp signoff"),
        (
            with(proposed(&[Pass]), world('b', 'a', 'c')),
            "git smp promote",
        ),
        (
            with(proposed(&[Block]), world('b', 'a', 'c')),
            "git smp stage --fix; merge the fix into the main branch first",
        ),
        // Somebody deployed over the candidate.
        (
            with(proposed(&[Pass]), world('c', 'a', 'c')),
            "git smp stage bbbbbbbb",
        ),
        (
            with(proposed(&[Block]), world('c', 'a', 'c')),
            "git smp postpone",
        ),
        // It runs there, and nobody wrote that down; or what runs there leaves it behind.
        (
            with(proposed(&[Pass]), world('b', 'b', 'c')),
            "git smp promote production",
        ),
        (
            with(proposed(&[]), world('b', 'c', 'c')),
            "git smp postpone; production now runs cccccccc, which has commits that the candidate lacks",
        ),
        // It was rolled back since: only another proposal helps, also where this one has a yes; a page may be late to show
        // it.
        (
            with(proposed(&[Pass]), world('b', '1', 'c')),
            "git smp postpone; then: git smp propose; production now runs 11111111, not what it ran before",
        ),
        (
            with(
                proposed(&[]),
                World {
                    production: seen("production", '1', 'a'),
                    ..world('b', 'a', 'c')
                },
            ),
            "git smp signoff",
        ),
        // A deploy that was announced comes first.
        (with(announced(Kind::Promote), world('b', 'a', 'b')), wait),
        (
            with(announced(Kind::Promote), landed),
            "git smp promote production",
        ),
        (
            with(announced(Kind::Promote), ours),
            "git smp promote production",
        ),
        (
            with(elsewhere, world('b', 'a', 'b')),
            "git smp setup; continue that deploy with the smp.toml that names its environment",
        ),
        (
            with(newer, world('b', 'a', 'b')),
            "cargo install git-smp; this record was written by a newer git-smp",
        ),
        (unreadable(refusal()), "git smp history"),
        (unreadable(refusal().hint("look at it")), "look at it"),
    ] {
        assert_eq!(told(world), expected);
    }
}

#[test]
fn a_candidate_that_merges_leave_behind_ships_while_the_branch_contains_it() {
    use Verdict::{Block, Pass};
    let staging = |runs, branch| World {
        staging: seen("staging", runs, branch),
        by_merge: true,
        ..world('b', 'a', branch)
    };
    let wait = "wait for staging or build it again on its platform, then: git smp status";
    let fix = "git smp postpone; merge the fix, then propose it";
    for (verdict, world, expected) in [
        (Pass, staging('b', 'b'), "git smp promote"),
        (Pass, staging('c', 'c'), "git smp promote"),
        (Block, staging('c', 'c'), fix),
        (Pass, staging('a', 'c'), wait),
        // Set back, below it and to what production runs, or rewritten.
        (Pass, staging('1', '1'), "git smp postpone"),
        (Pass, staging('a', 'a'), "git smp postpone"),
        (Pass, staging('f', 'f'), "git smp postpone"),
        (Block, staging('a', 'a'), "git smp postpone"),
    ] {
        assert_eq!(told(with(proposed(&[verdict]), world)), expected);
    }
    // What a clone lacks is no part of a branch that it has.
    let mut lacking = proposed(&[Pass]);
    lacking.candidate.as_mut().unwrap().commit = id('9');
    assert_eq!(told(with(lacking, staging('c', 'c'))), "git smp postpone");
}

#[test]
fn whoever_looked_at_the_record_alone_is_told_by_it_alone() {
    use Verdict::{Block, Pass};
    let two = {
        let mut state = proposed(&[Pass]);
        let goals = &mut state.candidate.as_mut().unwrap().targets;
        goals.insert(0, goals[0].clone());
        goals[0].reached = true;
        state
    };
    let rolled_back = {
        let last = LastDeploy {
            commit: id('1'),
            from: Some(id('a')),
            by: proposed(&[]).candidate.unwrap().by,
            at: 1,
            seen_since: None,
            issue: None,
        };
        State {
            deploys: [("production".to_owned(), last)].into(),
            ..proposed(&[Pass])
        }
    };
    for (state, expected) in [
        (
            rolled_back,
            "git smp postpone; then: git smp propose; production now runs 11111111, not what it ran before",
        ),
        (proposed(&[]), "git smp signoff"),
        (proposed(&[Pass]), "git smp promote"),
        (two, "git smp promote production"),
        (
            proposed(&[Block]),
            "git smp stage --fix; or close the candidate: git smp postpone",
        ),
        (announced(Kind::Promote), "git smp status"),
    ] {
        assert_eq!(on_record(&config(true), &state, "").to_string(), expected);
    }
}
