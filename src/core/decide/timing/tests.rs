use super::*;
use crate::core::decide::tests::{ada, candidate, environment, id, seen, target};
use crate::core::decide::{Asked, Plan, Recorded, promotion};
use crate::core::record::{Deploying, Kind, LastDeploy, Verdict};
use crate::core::window::{Hours, Soak};
use crate::core::words::{EventId, Relation};

/// Saturday 2026-11-28 08:00 in London.
const NOW: i64 = 1_795_852_800;
const HOUR: i64 = 3600;

fn policy(open: &str, closed: &[&str], soak: &str) -> Policy {
    Policy {
        open: Hours::parse(open).ok(),
        closed: closed.iter().map(|day| (*day).to_owned()).collect(),
        soak: Soak::parse(soak).ok(),
        ..Policy::default()
    }
}

const WORKDAYS: &str = "Mon-Thu 09:00-16:00 Europe/London";

/// Returns the code and the first hint line at `NOW` for a commit that has run for `since` hours.
fn told(policy: &Policy, since: Option<i64>) -> Option<(&'static str, String)> {
    let commit = id('b');
    let tested = Tested {
        environment: "staging",
        commit: &commit,
        since: since.map(|hours| NOW - hours * HOUR),
    };
    let refusal = Timing::of(policy, NOW).refusal(&tested, "goes on record")?;
    let hint = refusal.report.hint_text().unwrap();
    let (first, anyway) = hint.split_once("; ").unwrap();
    assert_eq!(
        anyway,
        "to promote anyway, replace the dots with a reason that goes on record: git smp promote --override '...'"
    );
    Some((refusal.code.as_str(), first.to_owned()))
}

#[test]
fn a_refusal_says_when_it_opens_for_all_that_is_asked() {
    let opens = |text: &str| format!("from {text}: git smp promote");
    let (closed, soaking) = ("closed", "soaking");
    let always = "Mon-Sun 00:00-24:00 UTC";
    for (policy, since, expected) in [
        (policy("", &[], ""), None, None),
        (policy(always, &["2026-11-29"], "24h"), Some(24), None),
        (
            policy(WORKDAYS, &[], ""),
            None,
            Some((closed, opens("Monday 2026-11-30 09:00 Europe/London"))),
        ),
        (
            policy(WORKDAYS, &["2026-11-30", "2026-12-01"], ""),
            None,
            Some((closed, opens("Wednesday 2026-12-02 09:00 Europe/London"))),
        ),
        (
            policy("", &["2026-11-28"], ""),
            None,
            Some((closed, opens("Sunday 2026-11-29 00:00 UTC"))),
        ),
        (
            policy("", &[], "24h"),
            Some(3),
            Some((soaking, opens("Sunday 2026-11-29 05:00 UTC"))),
        ),
        // The window is closed again when the soak time ends.
        (
            policy("Sat,Tue 07:00-09:00 UTC", &[], "24h"),
            Some(3),
            Some((soaking, opens("Tuesday 2026-12-01 07:00 UTC"))),
        ),
        // The window opens before the soak time ends.
        (
            policy(WORKDAYS, &[], "3d"),
            Some(1),
            Some((closed, opens("Tuesday 2026-12-01 09:00 Europe/London"))),
        ),
        (
            policy("", &[], "1s"),
            None,
            Some((
                soaking,
                "to record this deploy and begin the soak time: git smp propose".to_owned(),
            )),
        ),
        // By a fast clock the commit has not run yet.
        (
            policy("", &[], "1h"),
            Some(-1),
            Some((soaking, opens("Saturday 2026-11-28 10:00 UTC"))),
        ),
    ] {
        assert_eq!(told(&policy, since), expected, "{policy:?}");
    }
}

#[test]
fn a_soak_that_ends_within_a_minute_opens_with_the_next_one() {
    let (commit, policy) = (id('b'), policy("", &[], "10m"));
    let at = |seconds: i64| {
        let tested = Tested {
            environment: "staging",
            commit: &commit,
            since: Some(NOW - 60 - seconds),
        };
        Timing::of(&policy, NOW).opens(&tested).unwrap().unwrap()
    };
    let whole = at(0);
    assert_eq!(whole, "Saturday 2026-11-28 08:09 UTC");
    assert_eq!(at(60), "Saturday 2026-11-28 08:08 UTC");
    assert_eq!([at(1), at(59)], [whole.clone(), whole]);
}

#[test]
fn a_refusal_names_what_asks_for_it_and_what_is_so() {
    let commit = id('b');
    let refusal = |policy: &Policy, since| {
        let tested = Tested {
            environment: "staging",
            commit: &commit,
            since,
        };
        let told = Timing::of(policy, NOW).refusal(&tested, "goes on record");
        told.unwrap().report
    };
    let both = refusal(&policy(WORKDAYS, &[], "24h"), Some(NOW - HOUR));
    assert_eq!(both.error, "no promotion may begin now");
    assert_eq!(
        both.because,
        [
            "policy.open in smp.toml is Mon-Thu 09:00-16:00 Europe/London",
            "it is Saturday 2026-11-28 08:00 Europe/London now",
            "bbbbbbbb has run on staging since Saturday 2026-11-28 07:00 Europe/London (1 hour ago), and policy.soak in smp.toml requires 24h",
        ]
    );
    // A minute that has begun is not in the future.
    let begun = refusal(&policy("", &[], "24h"), Some(NOW - 55));
    assert_eq!(
        begun.because,
        [
            "bbbbbbbb has run on staging since Saturday 2026-11-28 07:59 UTC (just now), and policy.soak in smp.toml requires 24h"
        ]
    );
    let day = refusal(&policy("", &["2026-11-28"], ""), None);
    assert_eq!(day.error, "no promotion may begin on 2026-11-28");
    assert_eq!(day.because[0], "policy.closed in smp.toml lists that day");
    let unknown = refusal(&policy("", &[], "24h"), None);
    assert_eq!(
        unknown.error,
        "it is unknown since when staging runs bbbbbbbb"
    );
    assert_eq!(
        unknown.because,
        ["policy.soak in smp.toml requires 24h, and an unknown time does not count"]
    );
}

fn deploy(commit: char, at: i64) -> LastDeploy {
    LastDeploy {
        issue: None,
        commit: id(commit),
        from: None,
        by: ada(),
        at,
        seen_since: None,
    }
}

#[test]
fn a_soak_begins_with_what_was_seen_last_and_unknown_is_no_time() {
    let mut state = State::default();
    let since = |state: &State| state.runs_since("staging", &id('b'));
    assert_eq!(since(&state), None);
    state.deploys.insert("staging".into(), deploy('b', 50));
    assert_eq!(since(&state), Some(50));
    // A deploy outside git-smp counts from the time when it was seen.
    let seen = LastDeploy {
        seen_since: Some(20),
        ..deploy('b', 60)
    };
    state.deploys.insert("staging".into(), seen);
    assert_eq!(since(&state), Some(60));
    state.deploys.insert("staging".into(), deploy('c', 70));
    assert_eq!(since(&state), None, "something else ran there");
    state.candidate = Some(candidate(&[]));
    assert_eq!(since(&state), None, "it was put forward before that");
    state.candidate.as_mut().unwrap().at = 80;
    assert_eq!(since(&state), Some(80), "its proposer saw it");
    state.candidate.as_mut().unwrap().fixed_at = Some(90);
    assert_eq!(since(&state), Some(90), "a fix starts the time again");
    state.candidate.as_mut().unwrap().commit = id('d');
    assert_eq!(since(&state), None);
    assert_eq!(state.runs_since("production", &id('d')), None);
}

fn signed_off() -> State {
    State {
        candidate: Some(candidate(&[Verdict::Pass])),
        ..State::default()
    }
}

/// Plans the promotion of the signed-off `b` over `a` with this policy.
fn promoted(policy: &Policy, overrides: Option<&str>, state: &State) -> Result<Plan, Refusal> {
    let (staging, production) = (environment("staging"), environment("production"));
    let target = target(&production, seen("production", 'a', 'a'), Relation::Ahead);
    let mine = EventId::of(5);
    let asked = Asked {
        commit: None,
        somebody_looks: false,
        again: false,
        first: false,
        now: NOW,
        recorded: Some(Recorded {
            state,
            signoff: true,
            mine: Some(&mine),
            sent: false,
            announced: &[],
            take_over: None,
            now: NOW,
        }),
        moved_on: None,
        policy: Some(policy),
        overrides,
    };
    promotion(&staging, &seen("staging", 'b', 'b'), &[target], &asked)
}

#[test]
fn a_promotion_keeps_to_its_time_unless_somebody_gives_a_reason() {
    let mut state = signed_off();
    let (shut, open) = (policy(WORKDAYS, &[], "24h"), policy("", &[], "1h"));
    let code = |state: &State| promoted(&shut, None, state).unwrap_err().code.as_str();
    assert_eq!(code(&state), "closed");
    // A missing sign-off is reported before the time.
    state.candidate = Some(candidate(&[]));
    assert_eq!(code(&state), "not-signed-off");
    state.candidate = Some(candidate(&[Verdict::Pass]));

    let plan = promoted(&shut, Some("the shop is down"), &state).unwrap();
    assert_eq!(plan.overrides.as_deref(), Some("the shop is down"));
    assert_eq!(
        plan.warnings,
        [
            "no promotion may begin now; the reason \"the shop is down\" overrides this and goes on record"
        ]
    );
    // Both reasons are named.
    let tested = Tested {
        environment: "staging",
        commit: &id('b'),
        since: Some(NOW),
    };
    assert_eq!(
        Timing::of(&shut, NOW).errors(&tested),
        "no promotion may begin now, and bbbbbbbb has not run on staging for 24h yet"
    );
    // Nothing forbade the promotion, so nothing was overridden.
    let plan = promoted(&open, Some("the shop is down"), &state).unwrap();
    assert_eq!((plan.overrides, plan.warnings.len()), (None, 1));
    assert_eq!(
        promoted(&open, None, &state).unwrap().warnings,
        Vec::<String>::new()
    );
}

#[test]
fn what_was_announced_past_its_time_is_gone_on_with() {
    let mut state = signed_off();
    let shut = policy(WORKDAYS, &[], "");
    let mut open = Deploying {
        id: EventId::of(5),
        kind: Kind::Promote,
        environment: "production".into(),
        from: Some(id('a')),
        also: Vec::new(),
        to: id('b'),
        unsigned: false,
        by: ada(),
        at: 0,
        tells: None,
        overrides: Some("the shop is down".into()),
        failed: None,
        signed_off_by: Vec::new(),
        given_up: false,
        elsewhere: false,
    };
    state.deploying = Some(open.clone());
    let plan = promoted(&shut, None, &state).unwrap();
    assert_eq!(plan.overrides.as_deref(), Some("the shop is down"));
    open.overrides = None;
    state.deploying = Some(open);
    assert_eq!(
        promoted(&shut, None, &state).unwrap_err().code.as_str(),
        "closed"
    );
}
