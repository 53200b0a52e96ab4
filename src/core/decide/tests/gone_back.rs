//! A staging environment that no longer runs the candidate.

use super::*;
use crate::core::words::Cached;

#[test]
fn a_staging_that_a_merge_deploys_ships_the_candidate_b_while_what_it_runs_has_it() {
    use RefusalCode::Unreachable;
    let staging = Environment {
        by_merge: true,
        ..environment("staging")
    };
    let runs = |runs| seen("staging", runs, 'd');
    let unknown = Observed {
        running: Err(refusal(Unreachable)),
        ..runs('d')
    };
    let cached = Observed {
        cached: Some(Cached { age: None }),
        ..runs('c')
    };
    let nothing = Observed {
        running: Ok(None),
        ..runs('d')
    };
    let ships = "push onto a, await, record, warn 2";
    for (source, is_run, expected) in [
        (runs('d'), true, ships),
        // The merge is still being built.
        (runs('c'), true, ships),
        (runs('b'), true, ships),
        // Rolled back on its platform, or never released.
        (runs('a'), false, "staging-stale"),
        (cached, true, "staging-stale"),
        // An unknown fact is never taken for fine.
        (unknown, false, "unreachable"),
        (nothing, false, "nothing-deployed"),
    ] {
        let (state, since) = (proposed(&[Verdict::Pass]), changes(Relation::Ahead));
        let moved_on = MovedOn {
            candidate: id('b'),
            since,
            is_run,
        };
        let asked = Asked {
            recorded: Some(recorded(&state)),
            moved_on: Some(&moved_on),
            ..nobody()
        };
        let place = environment("production");
        let production = target(&place, seen("production", 'a', 'a'), Relation::Ahead);
        let decided = promotion(&staging, &source, &[production], &asked);
        assert_eq!(told(decided), expected, "{source:?}");
    }
}

#[test]
fn where_staging_is_back_at_what_production_runs_the_candidate_b_still_waits() {
    let reached = {
        let mut state = proposed(&[Verdict::Pass]);
        state.candidate.as_mut().unwrap().targets[0].reached = true;
        state
    };
    let of_another = {
        let mut state = proposed(&[Verdict::Pass]);
        state.candidate.as_mut().unwrap().environment = "preview".into();
        state
    };
    for (state, both_run, expected) in [
        (State::default(), 'a', ""),
        (proposed(&[Verdict::Pass]), 'a', "candidate-moved"),
        (proposed(&[]), 'a', "candidate-moved"),
        (proposed(&[Verdict::Pass]), 'b', "record, lift"),
        (reached, 'a', ""),
        (of_another, 'a', ""),
    ] {
        let (staging, environment) = (environment("staging"), environment("production"));
        let production = seen("production", both_run, both_run);
        let target = target(&environment, production, Relation::Identical);
        let asked = Asked {
            recorded: Some(recorded(&state)),
            ..nobody()
        };
        let source = seen("staging", both_run, both_run);
        let decided = promotion(&staging, &source, &[target], &asked);
        assert_eq!(told(decided), expected, "{both_run} {state:?}");
    }
}
