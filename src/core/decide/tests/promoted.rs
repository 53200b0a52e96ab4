//! Commits that may be promoted to production.

use super::*;

#[test]
fn a_promotion_from_a_staging_that_runs_b() {
    use Relation::{Ahead, Behind, Diverged, Identical};
    let production = |running, branch| seen("production", running, branch);
    let unreachable = || refusal(RefusalCode::Unreachable);
    let unknown_page = Observed {
        running: Err(unreachable()),
        ..production('a', 'a')
    };
    let unknown_branch = Observed {
        branch: Some(Err(unreachable())),
        ..production('a', 'a')
    };
    let wrong = Observed {
        branch: Some(Ok(Branch::Missing(vec!["master".into()]))),
        ..production('a', 'a')
    };
    let no_app = || new(Branch::NoApp("no such app".into()));
    let first = |asked| Asked {
        first: true,
        policy: Some(Box::leak(Box::default())),
        ..asked
    };
    let again = Asked {
        again: true,
        ..nobody()
    };
    let doubted = Observed {
        doubt: Some("declined".into()),
        source: Source::Ref,
        ..production('b', 'b')
    };
    let pending = |commit| Observed {
        releases: Some(Ok(vec![release(3, ReleaseStatus::Pending, commit)])),
        ..production('b', 'b')
    };
    for (production, relation, asked, expected) in [
        (production('a', 'a'), Ahead, nobody(), "push onto a, await"),
        (production('b', 'b'), Identical, nobody(), ""),
        // Production never loses commits, even if a person confirms.
        (production('a', 'a'), Diverged, somebody(), "diverged"),
        (production('a', 'a'), Behind, somebody(), "behind"),
        // The branch already has the commit: a push would change nothing.
        (production('a', 'b'), Ahead, nobody(), "wait, warn 1"),
        // It looks like a rollback.
        (production('a', 'c'), Ahead, nobody(), "rolled-back"),
        (
            production('a', 'c'),
            Ahead,
            again,
            "push onto c, await, warn 1",
        ),
        (
            production('a', 'c'),
            Ahead,
            somebody(),
            "push onto c, await, warn 1",
        ),
        // An unknown fact is never assumed.
        (unknown_page, Ahead, somebody(), "unreachable"),
        (unknown_branch, Ahead, somebody(), "unreachable"),
        // The first deploy creates the branch only if the remote has none, and the app only with `--first`.
        (new(Branch::Empty), Ahead, nobody(), "push onto -, await"),
        (wrong, Ahead, somebody(), "wrong-branch"),
        (no_app(), Ahead, somebody(), "no-app"),
        (
            no_app(),
            Ahead,
            first(nobody()),
            "push onto -, await, warn 1",
        ),
        (
            no_app(),
            Ahead,
            first(somebody()),
            "push onto -, await, ask 1",
        ),
        // A proposal pushes nothing, so it asks nothing about the app.
        (
            no_app(),
            Ahead,
            Asked {
                policy: None,
                ..first(somebody())
            },
            "push onto -, await",
        ),
        // The host said otherwise, or another deploy is in progress: then it is not done.
        (doubted.clone(), Identical, nobody(), "not-confirmed"),
        (doubted, Identical, somebody(), "ask 1"),
        (pending('c'), Identical, somebody(), "deploying"),
        (pending('b'), Identical, nobody(), ""),
    ] {
        let (staging, environment) = (environment("staging"), environment("production"));
        let story = format!("{production:?} {relation:?} {asked:?}");
        let targets = [target(&environment, production, relation)];
        let decided = promotion(&staging, &seen("staging", 'b', 'b'), &targets, &asked);
        assert_eq!(told(decided), expected, "{story}");
    }
}

#[test]
fn a_refusal_names_what_would_disappear_and_its_author() {
    let (staging, environment) = (environment("staging"), environment("production"));
    let production = target(
        &environment,
        seen("production", 'a', 'a'),
        Relation::Diverged,
    );
    let source = seen("staging", 'b', 'b');
    let report = promotion(&staging, &source, &[production], &somebody())
        .unwrap_err()
        .report;
    assert_eq!(report.error, "production has 1 commit that staging lacks");
    assert_eq!(
        report.because,
        ["99999999 \"Fix login loop\", by Ben 3 days ago, would disappear from production"]
    );
}

#[test]
fn what_staging_does_not_certainly_run_is_not_promoted() {
    let staging = environment("staging");
    let empty = Observed {
        environment: "staging".into(),
        ..new(Branch::Empty)
    };
    let named = |commit| Asked {
        commit: Some(commit),
        ..nobody()
    };
    for (source, asked, expected) in [
        (seen("staging", 'b', 'c'), somebody(), "staging-stale"),
        (empty, somebody(), "nothing-deployed"),
        (seen("staging", 'b', 'b'), named("bbbbbbb"), ""),
        (seen("staging", 'b', 'b'), named("BBBBBBBB"), ""),
        (
            seen("staging", 'b', 'b'),
            named("bbbbbbc"),
            "candidate-moved",
        ),
    ] {
        assert_eq!(told(promotion(&staging, &source, &[], &asked)), expected);
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
        let (production, mine) = (seen("production", runs, branch), EventId::of(7));
        let recorded = Recorded {
            mine: ours.map(|_| &mine),
            sent: ours == Some(true),
            announced: slice::from_ref(&production),
            ..recorded(&state)
        };
        let decided = recorded.nothing_on_its_way(&production, &id('a'));
        assert_eq!(decided.is_ok(), done, "{runs} {branch} {ours:?}");
        let elsewhere = recorded.nothing_on_its_way(&seen("staging", 'a', 'a'), &id('a'));
        assert!(elsewhere.is_ok(), "that is elsewhere");
    }
}

#[test]
fn what_contains_a_rolled_back_commit_ships_with_a_yes_or_with_its_revert() {
    let again = Asked {
        again: true,
        ..nobody()
    };
    let revert = Ships::TakenBack {
        by: id('d'),
        of: id('c'),
    };
    for (ships, asked, expected) in [
        (Ships::Again, nobody(), "rolled-back"),
        (Ships::Again, somebody(), "push onto a, await, ask 1"),
        (Ships::Again, again, "push onto a, await, warn 1"),
        (revert, nobody(), "push onto a, await, warn 1"),
        (Ships::Without, nobody(), "push onto a, await, warn 1"),
    ] {
        let (staging, environment) = (environment("staging"), environment("production"));
        let held = Held {
            commit: id('c'),
            by: ada(),
            at: 0,
            reason: None,
        };
        let target = Target {
            held: vec![HeldBack { held, ships }],
            ..target(&environment, seen("production", 'a', 'a'), Relation::Ahead)
        };
        let decided = promotion(&staging, &seen("staging", 'b', 'b'), &[target], &asked);
        assert_eq!(told(decided), expected);
    }
}
