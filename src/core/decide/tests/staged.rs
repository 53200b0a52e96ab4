//! Commits that may be deployed to staging.

use std::slice;

use super::*;

#[test]
fn a_deploy_of_c_to_a_staging_that_runs_b() {
    use Relation::{Ahead, Behind, Diverged, Identical};
    let place = environment("staging");
    let free = State::default();
    let frozen = proposed(&[]);
    let fix = |base, relation| {
        let (base, changes) = (id(base), changes(relation));
        Some(Fix { base, changes })
    };
    for (state, runs, relation, fix, looks, expected) in [
        (None, 'b', Ahead, None, false, "push onto b, await"),
        (None, 'c', Identical, None, false, ""),
        (
            Some(&free),
            'b',
            Ahead,
            None,
            false,
            "push onto b, await, record",
        ),
        // A person may agree that staging loses commits.
        (None, 'b', Behind, None, false, "diverged"),
        (
            None,
            'b',
            Diverged,
            None,
            true,
            "push onto b, await, warn 2",
        ),
        // While a candidate is tested there, only a fix on top of it may be deployed.
        (Some(&frozen), 'b', Ahead, None, true, "frozen"),
        (
            Some(&frozen),
            'b',
            Ahead,
            fix('b', Ahead),
            false,
            "push onto b, await, record",
        ),
        (
            Some(&frozen),
            'b',
            Ahead,
            fix('b', Diverged),
            true,
            "diverged",
        ),
        (
            Some(&frozen),
            'b',
            Ahead,
            fix('a', Ahead),
            true,
            "candidate-moved",
        ),
        (
            Some(&free),
            'b',
            Ahead,
            fix('b', Ahead),
            true,
            "not-proposed",
        ),
        // A commit deployed outside the record does not become the candidate.
        (
            Some(&frozen),
            'c',
            Identical,
            fix('b', Ahead),
            true,
            "candidate-moved",
        ),
    ] {
        let c = id('c');
        let target = target(&place, seen("staging", runs, runs), relation);
        let asked = Asked {
            somebody_looks: looks,
            recorded: state.map(recorded),
            ..nobody()
        };
        let wanted = Staging {
            target: &target,
            commit: &c,
            fix: fix.as_ref(),
            command: &Typed::smp("stage"),
        };
        assert_eq!(told(staging(&wanted, &asked)), expected, "{asked:?}");
    }
}

#[test]
fn a_fix_does_not_take_the_place_of_a_promotion_that_reached_its_target() {
    let place = environment("staging");
    let (c, fix) = (
        id('c'),
        Fix {
            base: id('b'),
            changes: changes(Relation::Ahead),
        },
    );
    let state = State {
        deploying: announced(Kind::Promote).deploying,
        ..proposed(&[])
    };
    let failed = State {
        deploying: state.deploying.clone().map(|open| Deploying {
            failed: Some("the page is down".into()),
            ..open
        }),
        ..state.clone()
    };
    let mut reached = proposed(&[]);
    for goal in reached
        .candidate
        .iter_mut()
        .flat_map(|one| &mut one.targets)
    {
        goal.reached = true;
    }
    // Production's running commit and branch.
    for (state, runs, branch, take_over, expected) in [
        (&state, 'b', 'b', None, "deploying"),
        (&state, 'a', 'b', None, "deploying"),
        (&state, 'a', 'a', None, "deploying"),
        (&state, 'a', 'c', None, "push onto b, await, record"),
        // `--take-over` replaces a dead run, unless the target runs its commit: then the fix could not be promoted.
        (&state, 'a', 'b', Some("0007"), "push onto b, await, record"),
        (&state, 'b', 'b', Some("0007"), "deploying"),
        (&failed, 'b', 'b', None, "check-failed"),
        (&failed, 'b', 'b', Some("0007"), "check-failed"),
        (&reached, 'b', 'b', None, "target-moved"),
    ] {
        let production = seen("production", runs, branch);
        let target = target(&place, seen("staging", 'b', 'b'), Relation::Ahead);
        let asked = Asked {
            recorded: Some(Recorded {
                announced: slice::from_ref(&production),
                take_over,
                ..recorded(state)
            }),
            ..nobody()
        };
        let wanted = Staging {
            target: &target,
            commit: &c,
            fix: Some(&fix),
            command: &Typed::smp("stage"),
        };
        assert_eq!(told(staging(&wanted, &asked)), expected, "{runs} {branch}");
    }
}
