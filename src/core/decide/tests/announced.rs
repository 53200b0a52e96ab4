//! Decisions while a deploy is announced.

use std::slice;

use super::*;
use crate::core::record::LastDeploy;

#[test]
fn who_may_deploy_while_a_deploy_is_announced() {
    use Kind::{Promote, Rollback, Stage};
    let mine = EventId::of(7);
    let (sent, unsent) = (Some(true), Some(false));
    // The kind of the announced deploy; production's running commit and branch; whether this clone announced it, and
    // whether it may have pushed; the wanted deploy; whether that may begin.
    for (kind, runs, branch, ours, (wanted, commit), may, why) in [
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
            sent,
            (Promote, 'b'),
            true,
            "ours goes on",
        ),
        (
            Promote,
            'a',
            'a',
            sent,
            (Promote, 'c'),
            false,
            "ours may be on its way, and this is another",
        ),
        (
            Promote,
            'a',
            'a',
            unsent,
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
            unsent,
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
    ] {
        let (state, production) = (announced(kind), seen("production", runs, branch));
        let recorded = Recorded {
            signoff: false,
            mine: ours.map(|_| &mine),
            sent: ours == Some(true),
            announced: slice::from_ref(&production),
            ..recorded(&state)
        };
        let name = if wanted == Stage {
            "staging"
        } else {
            "production"
        };
        let code = |recorded: Recorded<'_>| {
            let decided = recorded.nobody_else(Some((wanted, name, &id(commit))), None);
            decided.err().map(|refusal| refusal.code)
        };
        let expected = (!may).then_some(RefusalCode::Deploying);
        assert_eq!(code(recorded), expected, "{why}");
        let named = Recorded {
            take_over: Some("0000000000000007"),
            ..recorded
        };
        assert_eq!(code(named), None, "{why}");
        // A change reported by the platform has arrived, because a release does not move the branch.
        let by_api = Observed {
            source: Source::Api,
            ..production.clone()
        };
        let released = Recorded {
            announced: slice::from_ref(&by_api),
            ..recorded
        };
        let arrived = by_api.runs() == state.deploying.as_ref().map(|open| &open.to);
        assert!(!arrived || code(released).is_none(), "{why}");
        // The result is unknown if its environment was not observed.
        let unseen = Recorded {
            announced: &[],
            mine: None,
            ..recorded
        };
        assert_eq!(code(unseen), Some(RefusalCode::Deploying), "{why}");
    }
}

/// `b` is promoted to production and us in one call, by somebody else or by this clone.
#[test]
fn of_several_places_the_one_that_is_behind_counts() {
    let mut state = announced(Kind::Promote);
    let open = state.deploying.as_mut().unwrap();
    open.also = vec![("us".into(), Some(id('a')))];
    let mine = open.id.clone();
    let api = |name, runs| Observed {
        source: Source::Api,
        by_pipeline: true,
        ..seen(name, runs, 'a')
    };
    for (runs, ours, may, why) in [
        (['b', 'b'], false, true, "both have arrived"),
        (['b', 'a'], false, false, "us may be on its way"),
        (['a', 'b'], false, false, "production may be on its way"),
        (['a', 'a'], false, false, "both may be on their way"),
        (['a', 'a'], true, true, "ours was cut off before it began"),
        (
            ['b', 'a'],
            true,
            true,
            "what is left of ours was never asked for",
        ),
    ] {
        let both = [api("production", runs[0]), api("us", runs[1])];
        let recorded = Recorded {
            mine: ours.then_some(&mine),
            announced: &both,
            ..recorded(&state)
        };
        for name in ["production", "us", "staging"] {
            let kind = if name == "staging" {
                Kind::Stage
            } else {
                Kind::Promote
            };
            let decided = recorded.nobody_else(Some((kind, name, &id('c'))), None);
            assert_eq!(decided.is_ok(), may, "{why}: to {name}");
        }
        // For an environment that runs another commit, it is known whether the rest is in progress there.
        for (one, runs) in both.iter().zip(runs) {
            let settled = recorded.nothing_on_its_way(one, &id('c'));
            assert_eq!(settled.is_ok(), ours || runs == 'b', "{why}");
        }
        let half = Recorded {
            announced: &both[..1],
            ..recorded
        };
        let decided = half.nobody_else(Some((Kind::Stage, "staging", &id('c'))), None);
        assert!(decided.is_err(), "us was not looked at");
    }
}

#[test]
fn what_the_record_had_before_is_not_the_end_of_an_announced_deploy() {
    use Kind::{Promote, Rollback};
    // The announced deploy, production's commit on the record, and what it runs; whether that is an end to record.
    for (kind, last, runs, is_end) in [
        (Promote, None, 'b', true),
        (Promote, Some('a'), 'b', true),
        (Promote, Some('a'), 'a', false),
        (Promote, Some('b'), 'b', false),
        (Rollback, Some('a'), 'a', true),
        (Rollback, Some('b'), 'a', true),
    ] {
        let production = seen("production", runs, runs);
        let deploys = last.map(|last| ("production".to_owned(), deployed(last, 1)));
        let state = State {
            deploys: deploys.into_iter().collect(),
            ..announced(kind)
        };
        let recorded = Recorded {
            announced: slice::from_ref(&production),
            ..recorded(&state)
        };
        let ends = recorded.unwritten().len();
        assert_eq!(ends, usize::from(is_end), "{kind:?} {last:?} {runs}");
    }
}

#[test]
fn a_later_deploy_on_record_overtakes_one_that_is_not_announced_any_more() {
    let state = |open: bool, last: Option<(char, i64)>| State {
        deploying: announced(Kind::Promote).deploying.filter(|_| open),
        deploys: last
            .map(|(commit, at)| ("production".to_owned(), deployed(commit, at)))
            .into_iter()
            .collect(),
        ..State::default()
    };
    let (before, none) = (state(false, Some(('a', 1))), state(false, None));
    // The record at the first look and now; whether the deploy of `b` was overtaken.
    for (earlier, now, is_overtaken) in [
        (&before, state(true, Some(('a', 1))), false),
        (&before, state(false, Some(('a', 1))), false),
        (&before, state(false, Some(('b', 2))), false),
        (&before, state(false, Some(('c', 2))), true),
        (&before, state(false, Some(('a', 2))), true),
        (&before, state(true, Some(('c', 2))), false),
        (&none, state(false, None), false),
        (&none, state(false, Some(('c', 2))), true),
    ] {
        let later = now.overtaken(earlier, "production", &id('b'));
        assert_eq!(later.is_some(), is_overtaken, "{:?}", now.deploys);
    }
    let (earlier, now) = (state(true, Some(('a', 1))), state(false, Some(('b', 2))));
    assert_eq!(now.overtaken(&earlier, "production", &id('c')), None);
}

fn deployed(commit: char, at: i64) -> LastDeploy {
    LastDeploy {
        commit: id(commit),
        from: None,
        by: ada(),
        at,
        seen_since: None,
        issue: None,
    }
}
