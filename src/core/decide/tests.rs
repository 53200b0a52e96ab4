//! Decisions, each in a few lines: facts in, steps or a refusal out.

use std::collections::HashMap;

use crate::core::config::Running;
use crate::core::decide::*;
use crate::core::record::{Deploying, Kind, Person, State, Telling};
use crate::core::words::EventId;
use crate::core::words::Relation;

fn id(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

fn environment(name: &str) -> Environment {
    Environment {
        name: name.into(),
        url: format!("https://git.example.com/{name}.git"),
        remote: name.into(),
        branch: "main".into(),
        site: None,
        promotes: None,
        confirm_seconds: 0,
        running: Running::Ref,
    }
}

fn seen(name: &str, running: char, branch: char) -> Observed {
    Observed {
        environment: name.into(),
        source: Source::Page,
        running: Ok(Some(id(running))),
        branch: Some(Ok(Branch::At(id(branch)))),
        drift: (running != branch).then_some(Relation::Ahead),
        page: None,
        cached: None,
        releases: None,
        doubt: None,
        platform: None,
    }
}

fn changes(relation: Relation) -> Changes {
    let commit = Commit {
        id: id('9'),
        short: "9999999".into(),
        subject: b"Fix login loop".to_vec(),
        author: "Ben".into(),
        authored: (0, 0),
        committed: 0,
    };
    let (ships, disappears) = match relation {
        Relation::Identical => (vec![], vec![]),
        Relation::Ahead => (vec![commit], vec![]),
        Relation::Behind => (vec![], vec![commit]),
        Relation::Diverged => (vec![commit.clone()], vec![commit]),
    };
    Changes {
        relation,
        ships,
        ships_merges: 0,
        disappears,
        disappears_merges: 0,
    }
}

/// What is decided when staging runs `b`, and production is as given.
fn decide(production: Observed, relation: Relation, asked: &Asked<'_>) -> Result<Plan, Refusal> {
    let (staging, environment) = (environment("staging"), environment("production"));
    let (changes, fast_forward) = (Some(changes(relation)), Some(true));
    let target = Target {
        environment: &environment,
        observed: production,
        changes,
        fast_forward,
        held: Vec::new(),
        twins: HashMap::new(),
    };
    promotion(&staging, &seen("staging", 'b', 'b'), &[target], asked)
}

fn nobody() -> Asked<'static> {
    Asked {
        commit: None,
        somebody_looks: false,
        again: false,
        first: false,
        now: 3 * 86_400,
        recorded: None,
    }
}

fn somebody() -> Asked<'static> {
    Asked {
        somebody_looks: true,
        ..nobody()
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Refusal>) -> RefusalCode {
    result.unwrap_err().code
}

#[test]
fn a_newer_staging_is_pushed_on_the_condition_that_was_shown_and_waited_for() {
    let plan = decide(seen("production", 'a', 'a'), Relation::Ahead, &nobody()).unwrap();
    let [
        Step::Push {
            commit, expected, ..
        },
        Step::Await { pushed: true, .. },
    ] = plan.steps.as_slice()
    else {
        unreachable!("{:?}", plan.steps)
    };
    assert_eq!((commit, expected.as_ref()), (&id('b'), Some(&id('a'))));
}

#[test]
fn what_production_runs_already_needs_nothing() {
    let plan = decide(seen("production", 'b', 'b'), Relation::Identical, &nobody()).unwrap();
    assert!(plan.steps.is_empty() && plan.warnings.is_empty());
}

#[test]
fn nothing_that_production_has_is_taken_away() {
    assert_eq!(
        code(decide(
            seen("production", 'a', 'a'),
            Relation::Diverged,
            &somebody()
        )),
        RefusalCode::Diverged
    );
    assert_eq!(
        code(decide(
            seen("production", 'a', 'a'),
            Relation::Behind,
            &somebody()
        )),
        RefusalCode::Behind
    );
}

#[test]
fn a_refusal_names_what_would_disappear_and_its_author() {
    let report = decide(
        seen("production", 'a', 'a'),
        Relation::Diverged,
        &somebody(),
    )
    .unwrap_err()
    .report;
    assert_eq!(report.error, "production has 1 commit that staging lacks");
    assert_eq!(
        report.because,
        ["99999999 \"Fix login loop\", by Ben 3 days ago, would disappear from production"]
    );
}

#[test]
fn a_branch_that_has_the_commit_already_is_not_pushed_to_again() {
    let plan = decide(seen("production", 'a', 'b'), Relation::Ahead, &nobody()).unwrap();
    assert!(
        matches!(plan.steps.as_slice(), [Step::Await { pushed: false, .. }]),
        "{:?}",
        plan.steps
    );
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn a_rolled_back_production_needs_somebody_who_looks() {
    assert_eq!(
        code(decide(
            seen("production", 'a', 'c'),
            Relation::Ahead,
            &nobody()
        )),
        RefusalCode::RolledBack
    );
    let plan = decide(seen("production", 'a', 'c'), Relation::Ahead, &somebody()).unwrap();
    assert!(
        plan.warnings[0].contains("rolled back"),
        "{:?}",
        plan.warnings
    );
    assert!(matches!(&plan.steps[0], Step::Push { expected: Some(at), .. } if *at == id('c')));
}

#[test]
fn an_unknown_production_is_never_taken_for_anything() {
    let refusal = Refusal::new(RefusalCode::Unreachable, "no answer");
    let page = Observed {
        running: Err(refusal.clone()),
        ..seen("production", 'a', 'a')
    };
    let remote = Observed {
        branch: Some(Err(refusal)),
        ..seen("production", 'a', 'a')
    };
    for unknown in [page, remote] {
        assert_eq!(
            code(decide(unknown, Relation::Ahead, &somebody())),
            RefusalCode::Unreachable
        );
    }
}

#[test]
fn the_first_deploy_makes_the_branch_but_only_where_there_is_none_at_all() {
    let empty = Observed {
        running: Ok(None),
        branch: Some(Ok(Branch::Empty)),
        ..seen("production", 'a', 'a')
    };
    let plan = decide(empty, Relation::Ahead, &nobody()).unwrap();
    assert!(matches!(&plan.steps[0], Step::Push { expected: None, .. }));
    let other = Branch::Missing(vec!["master".into()]);
    let wrong = Observed {
        branch: Some(Ok(other)),
        ..seen("production", 'a', 'a')
    };
    assert_eq!(
        code(decide(wrong, Relation::Ahead, &somebody())),
        RefusalCode::WrongBranch
    );
}

#[test]
fn a_staging_that_does_not_run_what_was_pushed_to_it_is_not_promoted() {
    let staging = environment("staging");
    let stale = promotion(&staging, &seen("staging", 'b', 'c'), &[], &somebody());
    assert_eq!(code(stale), RefusalCode::StagingStale);
    let empty = Observed {
        running: Ok(None),
        branch: Some(Ok(Branch::Empty)),
        ..seen("staging", 'b', 'b')
    };
    assert_eq!(
        code(promotion(&staging, &empty, &[], &somebody())),
        RefusalCode::NothingDeployed
    );
}

#[test]
fn only_the_named_commit_may_ship() {
    let staging = (environment("staging"), seen("staging", 'b', 'b'));
    let named = |hash| {
        promotion(
            &staging.0,
            &staging.1,
            &[],
            &Asked {
                commit: Some(hash),
                ..nobody()
            },
        )
    };
    assert!(named("bbbbbbb").is_ok() && named("BBBBBBBB").is_ok());
    assert_eq!(code(named("bbbbbbc")), RefusalCode::CandidateMoved);
}

#[test]
fn whatever_moved_since_the_plan_was_shown_stops_the_push() {
    let before = seen("production", 'a', 'a');
    let check = |now: Observed| {
        unmoved(&before, &now, RefusalCode::TargetMoved, "git smp promote")
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(check(before.clone()), Ok(()));
    assert_eq!(
        check(seen("production", 'c', 'a')),
        Err(RefusalCode::TargetMoved)
    );
    assert_eq!(
        check(seen("production", 'a', 'c')),
        Err(RefusalCode::TargetMoved)
    );
}

/// Somebody's announcement to bring production from `a` to `b`, or back from `b` to `a`.
fn announced(kind: Kind) -> State {
    let (from, to) = if kind == Kind::Rollback {
        ('b', 'a')
    } else {
        ('a', 'b')
    };
    let by = Person {
        name: "Ada".into(),
        email: "ada@example.com".into(),
    };
    let tells = (kind == Kind::Rollback).then(|| Telling {
        channels: Vec::new(),
        date: "2026-11-23".into(),
        targets: vec![("production".into(), Some(id(from)))],
        text: None,
    });
    let open = Deploying {
        id: EventId::of(7),
        kind,
        environment: "production".into(),
        from: Some(id(from)),
        to: id(to),
        unsigned: true,
        by,
        at: 0,
        tells,
        elsewhere: false,
    };
    State {
        deploying: Some(open),
        ..State::default()
    }
}

#[test]
fn who_may_deploy_while_a_deploy_is_announced() {
    use Kind::{Promote, Rollback, Stage};
    let mine = EventId::of(7);
    // What was announced; what production runs and its branch has; whether this clone announced it, and may have sent it;
    // what is wanted there; whether that may begin.
    let cases = [
        (
            Promote,
            'a',
            'a',
            None,
            (Promote, 'b'),
            false,
            "a colleague's may be on its way",
        ),
        (
            Promote,
            'a',
            'b',
            None,
            (Promote, 'c'),
            true,
            "it has landed, so that its lease holds no more",
        ),
        (
            Promote,
            'a',
            'c',
            None,
            (Promote, 'b'),
            true,
            "somebody moved the branch on",
        ),
        (
            Promote,
            'b',
            'b',
            None,
            (Rollback, 'a'),
            true,
            "it has arrived",
        ),
        (
            Promote,
            'a',
            'a',
            Some(true),
            (Promote, 'b'),
            true,
            "ours goes on",
        ),
        (
            Promote,
            'a',
            'a',
            Some(true),
            (Promote, 'c'),
            false,
            "ours may be on its way, and this is another",
        ),
        (
            Promote,
            'a',
            'a',
            Some(false),
            (Promote, 'c'),
            true,
            "ours was cut off before its push",
        ),
        (
            Rollback,
            'b',
            'b',
            None,
            (Promote, 'b'),
            false,
            "a rollback may be on its way",
        ),
        (
            Rollback,
            'b',
            'a',
            None,
            (Promote, 'c'),
            false,
            "it has landed, and would be undone unseen",
        ),
        (
            Rollback,
            'b',
            'a',
            None,
            (Rollback, 'a'),
            true,
            "whoever goes on with it may",
        ),
        (
            Rollback,
            'b',
            'a',
            None,
            (Rollback, '0'),
            true,
            "further back is back as well",
        ),
        (
            Rollback,
            'a',
            'a',
            None,
            (Promote, 'c'),
            true,
            "it has arrived",
        ),
        (
            Rollback,
            'a',
            'b',
            None,
            (Promote, 'c'),
            false,
            "it took back what had not arrived, and may be on its way",
        ),
        (
            Promote,
            'b',
            'a',
            None,
            (Rollback, 'a'),
            true,
            "the host declined it, and it runs",
        ),
        (
            Rollback,
            'b',
            'a',
            Some(false),
            (Promote, 'c'),
            false,
            "ours has landed and was not seen to run",
        ),
        (
            Promote,
            'a',
            'a',
            None,
            (Stage, 'c'),
            false,
            "one deploy at a time for the whole team",
        ),
    ];
    for (kind, runs, branch, ours, (wanted, commit), may, why) in cases {
        let (state, production) = (announced(kind), seen("production", runs, branch));
        let recorded = Recorded {
            state: &state,
            signoff: false,
            mine: ours.map(|_| &mine),
            sent: ours == Some(true),
            announced: Some(&production),
            take_over: None,
            now: 0,
        };
        let name = if wanted == Stage {
            "staging"
        } else {
            "production"
        };
        let decided = recorded.nobody_else(Some((wanted, name, &id(commit))), None);
        assert_eq!(decided.is_ok(), may, "{why}");
        if !may {
            assert_eq!(code(decided), RefusalCode::Deploying, "{why}");
            let named = Recorded {
                take_over: Some("0000000000000007"),
                ..recorded
            };
            assert!(
                named
                    .nobody_else(Some((wanted, name, &id(commit))), None)
                    .is_ok(),
                "{why}"
            );
        }
        // What its platform says has changed has arrived, for a release leaves the branch as it is.
        let by_api = Observed {
            source: Source::Api,
            ..production.clone()
        };
        let released = Recorded {
            announced: Some(&by_api),
            ..recorded
        };
        let arrived = by_api.runs() == state.deploying.as_ref().map(|open| &open.to);
        assert!(
            !arrived
                || released
                    .nobody_else(Some((wanted, name, &id(commit))), None)
                    .is_ok(),
            "{why}"
        );
        // Nobody knows what has become of it where its environment was not looked at.
        let unseen = Recorded {
            announced: None,
            mine: None,
            ..recorded
        };
        assert_eq!(
            code(unseen.nobody_else(Some((wanted, name, &id(commit))), None)),
            RefusalCode::Deploying,
            "{why}"
        );
    }
}

#[test]
fn nothing_to_do_is_said_only_where_nothing_is_on_its_way() {
    let state = announced(Kind::Promote);
    for (runs, branch, ours, done) in [
        ('a', 'a', None, false),
        ('a', 'b', None, false),
        ('a', 'c', None, true),
        ('a', 'a', Some(true), false),
        ('a', 'a', Some(false), true),
    ] {
        let production = seen("production", runs, branch);
        let mine = EventId::of(7);
        let recorded = Recorded {
            state: &state,
            signoff: false,
            mine: ours.map(|_| &mine),
            sent: ours == Some(true),
            announced: Some(&production),
            take_over: None,
            now: 0,
        };
        assert_eq!(
            recorded.nothing_on_its_way(&production, &id('a')).is_ok(),
            done,
            "{runs} {branch} {ours:?}"
        );
        assert!(
            recorded
                .nothing_on_its_way(&seen("staging", 'a', 'a'), &id('a'))
                .is_ok(),
            "that is elsewhere"
        );
    }
}

/// What is decided when production was rolled back from `c`, and what staging runs stands to that as given.
fn decide_after_rollback(ships: Ships, asked: &Asked<'_>) -> Result<Plan, Refusal> {
    let (staging, environment) = (environment("staging"), environment("production"));
    let by = crate::core::record::Person {
        name: "Ada".into(),
        email: "ada@example.com".into(),
    };
    let held = crate::core::record::Held {
        commit: id('c'),
        by,
        at: 0,
        reason: None,
    };
    let target = Target {
        environment: &environment,
        observed: seen("production", 'a', 'a'),
        changes: Some(changes(Relation::Ahead)),
        fast_forward: Some(true),
        held: vec![HeldBack { held, ships }],
        twins: HashMap::new(),
    };
    promotion(&staging, &seen("staging", 'b', 'b'), &[target], asked)
}

#[test]
fn what_contains_a_rolled_back_commit_ships_with_a_yes_or_with_its_revert() {
    assert_eq!(
        code(decide_after_rollback(Ships::Again, &nobody())),
        RefusalCode::RolledBack
    );
    let asks = decide_after_rollback(Ships::Again, &somebody()).unwrap();
    assert_eq!((asks.consents.len(), asks.warnings.len()), (1, 0));
    let again = decide_after_rollback(
        Ships::Again,
        &Asked {
            again: true,
            ..nobody()
        },
    )
    .unwrap();
    assert_eq!((again.consents.len(), again.warnings.len()), (0, 1));
    let with_revert = Ships::TakenBack {
        by: id('d'),
        of: id('c'),
    };
    for ships in [with_revert, Ships::Without] {
        let plan = decide_after_rollback(ships, &nobody()).unwrap();
        assert_eq!(
            (plan.consents.len(), plan.warnings.len()),
            (0, 1),
            "{:?}",
            plan.warnings
        );
    }
}
