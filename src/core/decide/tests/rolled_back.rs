//! Possible targets of a rollback.

use super::*;

#[test]
fn a_rollback_to_a_of_a_production_that_runs_b() {
    use Relation::{Ahead, Behind, Diverged};
    use ReleaseStatus::{Pending, Succeeded};
    let environment = environment("production");
    let runs_b = || seen("production", 'b', 'b');
    let with = |releases| Observed {
        releases: Some(Ok(releases)),
        ..runs_b()
    };
    let unknown = Observed {
        running: Err(refusal(RefusalCode::Unreachable)),
        ..runs_b()
    };
    for (production, relation, app, looks, expected) in [
        (runs_b(), Behind, None, false, "push onto b, await"),
        (seen("production", 'a', 'a'), Behind, None, false, ""),
        // The branch has a newer commit that may be deploying: that is reverted too.
        (
            seen("production", 'a', 'b'),
            Behind,
            None,
            false,
            "push onto b, await, warn 1",
        ),
        // A new commit must be promoted; a diverged one needs a person's look.
        (runs_b(), Ahead, None, true, "not-a-rollback"),
        (runs_b(), Diverged, None, false, "not-a-rollback"),
        (runs_b(), Diverged, None, true, "push onto b, await, warn 1"),
        (
            new(Branch::NoApp("no such app".into())),
            Behind,
            None,
            true,
            "no-app",
        ),
        // A build of the platform needs no push.
        (
            with(vec![release(2, Succeeded, 'b'), release(1, Succeeded, 'a')]),
            Behind,
            Some("shop"),
            false,
            "release v1, await, warn 1",
        ),
        (
            with(vec![release(2, Succeeded, 'b')]),
            Behind,
            Some("shop"),
            false,
            "push onto b, await, warn 1",
        ),
        (
            with(vec![release(3, Pending, 'a')]),
            Behind,
            Some("shop"),
            false,
            "wait, warn 2",
        ),
        (
            with(vec![release(3, Pending, 'c')]),
            Behind,
            Some("shop"),
            false,
            "deploying",
        ),
        (unknown, Behind, None, false, "push onto b, await, warn 1"),
    ] {
        let story = format!("{production:?} {relation:?}");
        let running = Running {
            app: app.map(|app: &str| PlatformApp::Heroku(app.into())),
            ..Running::default()
        };
        let environment = Environment {
            running,
            ..environment.clone()
        };
        let target = target(&environment, production, relation);
        let asked = Asked {
            somebody_looks: looks,
            ..nobody()
        };
        let decided = rollback(&target, &id('a'), &asked);
        assert_eq!(told(decided), expected, "{story}");
    }
}

#[test]
fn what_never_ran_there_is_no_rollback_even_for_a_person_where_a_second_one_is_wanted() {
    let environment = environment("production");
    for (relation, never_ran, expected) in [
        (Relation::Diverged, false, "push onto b, await, warn 1"),
        (Relation::Diverged, true, "not-a-rollback"),
        (Relation::Behind, false, "push onto b, await"),
        (Relation::Behind, true, "not-a-rollback"),
        (Relation::Identical, true, "not-a-rollback"),
    ] {
        let target = Target {
            never_ran,
            ..target(&environment, seen("production", 'b', 'b'), relation)
        };
        let decided = rollback(&target, &id('a'), &somebody());
        assert_eq!(told(decided), expected, "{relation:?} {never_ran}");
    }
}

#[test]
fn an_older_commit_is_looked_up_where_it_is_kept() {
    let environment = environment("production");
    let target = target(&environment, seen("production", 'b', 'b'), Relation::Ahead);
    let state = State::default();
    for (recorded, expected) in [
        (Some(recorded(&state)), "git smp history".to_owned()),
        (None, format!("git log --oneline {}", id('b').short())),
    ] {
        let refusal = rollback(
            &target,
            &id('c'),
            &Asked {
                recorded,
                ..nobody()
            },
        )
        .unwrap_err();
        let hint = refusal.report.hint_text().unwrap();
        assert!(hint.contains(&expected), "{hint}");
    }
}
