//! The next command, one row each. History is the alphabet: `b` contains `a`; `f` diverges from all others, and the
//! relation of `0` to the others is unknown. The clone lacks `9`.

use crate::core::config::{MainRepository, Policy, Record};
use crate::core::decide::next::*;
use crate::core::decide::tests::{announced, candidate, environment, id, seen};
use crate::core::record::{Goal, Held, Kind, LastDeploy, Verdict};
use crate::core::refusal::RefusalCode;

/// Staging, production, which promotes it, and the facts about them.
struct World {
    staging: Observed,
    production: Observed,
    tip: Result<Branch, Refusal>,
    record: Option<Result<State, Refusal>>,
    is_ours: bool,
    pushing: Option<char>,
    /// The commit that production was rolled back from, and that `e` reverts.
    held: Option<char>,
    /// True if staging is the main branch.
    by_merge: bool,
    /// True if the branch that brings a hotfix to the main branch exists.
    pushed: Option<bool>,
    /// True if the main branch has copies of the same changes.
    copied: bool,
    policy: Policy,
}

/// Builds a world from the running commits of staging and production, and the tip of the main branch.
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
        pushed: Some(false),
        copied: false,
        policy: Policy::default(),
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
    config.policy = world.policy;
    let next = next(&Situation {
        config: &config,
        seen: &[world.staging, world.production],
        main: Some(&world.tip),
        record: world.record.as_ref().map(Result::as_ref),
        is_ours: world.is_ours,
        me: "",
        now: 0,
        pushing: world.pushing.map(|commit| ("production", id(commit))),
        between: &|from, to| Ok(from.zip(to).and_then(|(from, to)| between(from, to))),
        again: &again,
        pushed: &|_| world.pushed,
        copied: &|_| Ok(world.copied),
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
    let push = format!(
        "git push upstream {}:refs/heads/fix-ffffffff",
        "f".repeat(40)
    );
    let merge = "merge the branch fix-ffffffff into main (no squash, no rebase)";
    let lacks = "runs commits that main lacks";
    let hotfix = format!("{push}; production {lacks}; push them, then {merge}");
    let of_staging = format!("{push}; staging {lacks}; push them, then {merge}");
    let again = format!("production {lacks}; if that branch is gone, push it again: {push}");
    let (there, deployed) = (
        format!("{merge}, then: git smp stage; {again}"),
        format!("{merge}; once it is deployed: git smp status; {again}"),
    );
    let not_merged =
        "cccccccc is not on upstream/main: it was not merged, or the branch was rewritten";
    let same = "main has the same changes in other commits";
    let copied = |world| World {
        copied: true,
        ..world
    };
    let is_pushed = |pushed, by_merge| World {
        pushed,
        by_merge,
        ..world('b', 'f', 'c')
    };
    let waits = "git smp promote production; the promotion waits for the release; if the release failed, repeat it on the platform";
    let believe = "set a page or the platform's app in environments.production.running of smp.toml, then: git smp \
                   setup; if you saw it run, confirm that in a terminal: git smp promote production";
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
        // Production is ahead of staging: the main branch has the commit, or must get it first.
        (world('b', 'c', 'c'), "git smp stage"),
        (world('b', 'f', 'c'), &hotfix),
        (world('b', 'f', '0'), "git smp diff production"),
        (world('f', 'f', 'c'), &of_staging),
        // A commit outside the main branch is reported first; if the main branch has copies, those are staged.
        (
            world('c', 'a', 'b'),
            &format!("git smp promote; {not_merged}"),
        ),
        (
            copied(world('c', 'a', 'b')),
            &format!("git smp stage; {not_merged}; {same}"),
        ),
        (
            copied(world('f', 'f', 'c')),
            &format!(
                "{push}; {same}, but a promotion can only add commits to what staging runs; push them, then {merge}"
            ),
        ),
        // The push is shown once: if it is unknown whether it happened, together with the merge.
        (is_pushed(Some(true), false), &there),
        (is_pushed(Some(true), true), &deployed),
        (is_pushed(None, false), &hotfix),
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
        // Nothing ships before the running commit is known.
        (of(unknown, world('b', 'a', 'b')), "open the page"),
        (of(missing, world('b', 'a', 'b')), "git smp setup --check"),
        (of(doubted, world('b', 'b', 'c')), believe),
        (
            from(staging('b', 'c'), world('b', 'a', 'c')),
            "wait for the deploy on staging, or repeat it, then: git smp status",
        ),
        (of(production('a', 'b'), world('b', 'a', 'b')), waits),
        (
            World {
                tip: Err(unreachable("look at upstream")),
                ..world('b', 'b', 'b')
            },
            "look at upstream",
        ),
        // Without a record a promotion goes on; with one, every command refuses.
        (
            World {
                tip: Err(unreachable("look at upstream")),
                ..world('b', 'a', 'b')
            },
            "git smp promote",
        ),
        (
            World {
                tip: Err(unreachable("look at upstream")),
                ..with(State::default(), world('b', 'a', 'b'))
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
        // A rolled-back commit does not ship again by itself.
        (
            held('b', world('b', 'a', 'b')),
            "merge a correction into the main branch, then: git smp stage; bbbbbbbb was rolled back",
        ),
        (
            held('b', world('b', 'a', 'c')),
            "git smp stage; bbbbbbbb was rolled back; stage a commit that corrects it",
        ),
        (
            held('b', world('c', 'a', 'c')),
            "git smp promote; bbbbbbbb was rolled back; first check that later commits correct it",
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
    let wait = "git smp status; that deploy must finish first; only if that run ended without a result: git smp promote \
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
        // The shipped commit was rolled back outside git-smp, and its proposal is closed.
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
        // It runs there without a record, or the running commit contains more.
        (
            with(proposed(&[Pass]), world('b', 'b', 'c')),
            "git smp promote production",
        ),
        (
            with(proposed(&[]), world('b', 'c', 'c')),
            "git smp postpone; production now runs cccccccc, which has commits that the candidate lacks",
        ),
        // It was rolled back since: only another proposal helps, even if this one is signed off; a page may show it
        // late.
        (
            with(proposed(&[Pass]), world('b', '1', 'c')),
            "git smp postpone; production now runs 11111111, not what it ran at the proposal: close the candidate, then propose again",
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
        // An announced deploy comes first.
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
            "git smp setup; a deploy to production is in progress, and this clone's configuration does not name that environment; first get the team's current configuration",
        ),
        (
            with(newer, world('b', 'a', 'b')),
            "cargo install --locked git-smp; this record was written by a newer git-smp",
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
    let wait =
        "wait for the deploy on staging, or build it again on its platform, then: git smp status";
    let fix = "git smp postpone; merge the fix, then propose it";
    let again = "git smp postpone; staging now runs cccccccc, not the candidate: close the candidate, then propose what runs now";
    assert_eq!(
        told(with(proposed(&[]), staging('b', 'c'))),
        "git smp signoff"
    );
    assert_eq!(told(with(proposed(&[]), staging('c', 'c'))), again);
    for (verdict, world, expected) in [
        (Pass, staging('b', 'b'), "git smp promote"),
        (Pass, staging('c', 'c'), "git smp promote"),
        (Block, staging('c', 'c'), fix),
        (Pass, staging('a', 'c'), wait),
        // Staging went back behind the candidate, back to production's commit, or its branch was rewritten.
        (Pass, staging('1', '1'), "git smp postpone"),
        (Pass, staging('a', 'a'), "git smp postpone"),
        (Pass, staging('f', 'f'), "git smp postpone"),
        (Block, staging('a', 'a'), "git smp postpone"),
    ] {
        assert_eq!(told(with(proposed(&[verdict]), world)), expected);
    }
    // A commit that the clone lacks is not part of a branch that it has.
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
            "git smp postpone; production now runs 11111111, not what it ran at the proposal: close the candidate, then propose again",
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
        assert_eq!(
            on_record(&config(true), &state, "", 0).to_string(),
            expected
        );
    }
}

#[test]
fn a_chain_is_promoted_link_by_link_whatever_the_order_of_the_file() {
    let mut config = config(true);
    let mut preprod = environment("preprod");
    preprod.promotes = Some("staging".to_owned());
    config.environments[1].promotes = Some("preprod".to_owned());
    config.environments.push(preprod);
    let mut state = proposed(&[Verdict::Pass]);
    let goals = &mut state.candidate.as_mut().unwrap().targets;
    goals.push(goals[0].clone());
    goals[1].environment = "preprod".to_owned();
    let next = on_record(&config, &state, "", 0).to_string();
    assert_eq!(next, "git smp promote preprod");
    // A chain always needs a name.
    let confirms = config.environments.iter().map(|one| confirm(&config, one));
    let confirms: Vec<_> = confirms.map(|command| command.to_string()).collect();
    assert_eq!(
        confirms,
        [
            "git smp promote preprod",
            "git smp promote production",
            "git smp promote preprod"
        ]
    );
    state.candidate.as_mut().unwrap().targets[1].reached = true;
    let next = on_record(&config, &state, "", 0).to_string();
    assert_eq!(next, "git smp promote production");
}

#[test]
fn what_may_not_begin_yet_comes_next_with_its_time() {
    let closed = |world| World {
        policy: Policy {
            closed: vec!["1970-01-01".to_owned()],
            ..Policy::default()
        },
        ..world
    };
    let later = "git smp promote; no promotion may begin before Friday 1970-01-02 00:00 UTC";
    assert_eq!(told(closed(world('b', 'a', 'b'))), later);
    let signed_off = with(proposed(&[Verdict::Pass]), world('b', 'a', 'b'));
    assert_eq!(told(closed(signed_off)), later);
    let unproposed = with(State::default(), world('b', 'a', 'b'));
    assert_eq!(told(closed(unproposed)), "git smp propose");
}

#[test]
fn a_check_that_failed_leads_to_the_rollback() {
    let failed = |kind, environment: &str, state: State| {
        let mut state = State {
            deploying: announced(kind).deploying,
            ..state
        };
        let open = state.deploying.as_mut().unwrap();
        open.failed = Some("503".to_owned());
        open.environment = environment.to_owned();
        told(with(state, world('b', 'b', 'b')))
    };
    let again = "if the site works by now, check again: git smp";
    assert_eq!(
        failed(Kind::Promote, "production", State::default()),
        format!("git smp rollback production --to aaaaaaaa; {again} promote production")
    );
    assert_eq!(
        failed(Kind::Stage, "staging", State::default()),
        format!("correct the problem, then: git smp stage; {again} stage")
    );
    assert_eq!(
        failed(Kind::Rollback, "production", State::default()),
        "git smp rollback production --to aaaaaaaa"
    );
    let close = "to ship a correction, first close the candidate: git smp postpone";
    assert_eq!(
        failed(Kind::Promote, "production", proposed(&[Verdict::Pass])),
        format!("git smp rollback production --to aaaaaaaa; {again} promote production; {close}")
    );
}

#[test]
fn a_blocked_candidate_that_was_promoted_to_one_of_two_goals_is_closed() {
    let mut state = proposed(&[Verdict::Block]);
    let goals = &mut state.candidate.as_mut().unwrap().targets;
    let first = Goal {
        environment: "eu".into(),
        reached: true,
        ..goals[0].clone()
    };
    goals.push(first);
    assert_eq!(told(with(state, world('b', 'a', 'b'))), "git smp postpone");
}

#[test]
fn a_candidate_that_was_rolled_back_since_is_closed_and_one_that_is_put_forward_again_ships() {
    let rolled_back = |at| {
        let mut state = proposed(&[Verdict::Pass]);
        let by = state.candidate.as_ref().unwrap().by.clone();
        let (commit, reason) = (id('b'), None);
        let held = Held {
            commit,
            by,
            at,
            reason,
        };
        state.held.insert("production".to_owned(), vec![held]);
        told(World {
            held: Some('b'),
            ..with(state, world('b', 'a', 'b'))
        })
    };
    let proposed_at = proposed(&[]).candidate.unwrap().at;
    let close = "bbbbbbbb was rolled back: close the candidate, then propose what corrects it";
    let later = rolled_back(proposed_at + 1);
    assert_eq!(later, format!("git smp postpone; {close}"));
    let asks = "bbbbbbbb was rolled back; the promotion asks whether to ship it again";
    assert_eq!(
        rolled_back(proposed_at - 1),
        format!("git smp promote; {asks}")
    );
}
