//! Forged, replayed, reordered or reattributed events: none may count.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::core::record::{
    Comment, Deployed, Event, Intent, Judged, Person, Proposed, Sighting, message,
};
use crate::core::words::EventId;

const RULES: Rules = Rules {
    signoff: true,
    four_eyes: true,
};

fn id(number: u64) -> CommitId {
    CommitId::parse(&format!("{number:040x}")).unwrap()
}

fn event(number: u64, by: &str, what: What) -> Event {
    Event {
        id: EventId::of(number),
        by: Person::named(by.into(), format!("{by}@example.com")),
        at: 1_646_222_400,
        program: "git-smp 0.1.0".into(),
        what,
    }
}

fn proposed(commit: u64) -> What {
    What::Proposed(Proposed {
        commit: id(commit),
        environment: "staging".into(),
        targets: vec![("production".into(), Some(id(0xa)))],
        note: None,
        date: "2022-03-02".into(),
        channels: Vec::new(),
        login: None,
        over: None,
    })
}

fn judged(commit: u64, of: &str, verdict: Verdict) -> What {
    What::Judged(Judged {
        commit: id(commit),
        of: of.into(),
        verdict,
        note: None,
        channels: Vec::new(),
        comment: None,
    })
}

fn promoting(commit: u64) -> What {
    What::Deploying(Intent {
        overrides: None,
        kind: Kind::Promote,
        environment: "production".into(),
        from: Some(id(0xa)),
        also: Vec::new(),
        to: id(commit),
        base: None,
        unsigned: false,
        over: None,
        tells: None,
    })
}

fn promoted(commit: u64, intent: u64) -> What {
    What::Deployed(Deployed {
        overrides: None,
        intent: Some(EventId::of(intent)),
        kind: Kind::Promote,
        environment: "production".into(),
        from: Some(id(0xa)),
        to: id(commit),
        commits: 1,
        signed_off_by: vec!["rosi".into()],
        unsigned: false,
        announced_by: None,
        tells: None,
        holds: Vec::new(),
    })
}

/// Builds a chain of events, each signed by the named person.
fn chain(events: &[(&str, What)]) -> Vec<(StoredEvent, SignatureCheck)> {
    let mut all: Vec<(StoredEvent, SignatureCheck)> = Vec::new();
    for (number, (by, what)) in events.iter().enumerate() {
        let number = number as u64 + 1;
        let event = event(number, by, what.clone());
        let before = all.last().map(|(stored, _)| stored.commit.clone());
        let stored = StoredEvent {
            commit: id(0x1000 + number),
            parents: before.into_iter().collect(),
            by: (event.by.name.clone(), event.by.email.clone()),
            at: event.at + number as i64,
            committed: event.at + number as i64,
            message: message(&event),
            is_large: false,
        };
        all.push((stored, SignatureCheck::By(format!("{by}@example.com"))));
    }
    all
}

/// An unannounced deploy of a commit to an environment.
fn deployed(kind: Kind, name: &str, commit: u64) -> What {
    let What::Deployed(promoted) = promoted(commit, 0) else {
        unreachable!("it is a deploy");
    };
    What::Deployed(Deployed {
        intent: None,
        kind,
        environment: name.into(),
        from: Some(id(0xb)),
        signed_off_by: Vec::new(),
        ..promoted
    })
}

#[test]
fn an_event_by_hand_hides_no_deploy_past_the_tool() {
    let with = |what: What| {
        let mut events = honest();
        let next = chain(&[
            ("ada", What::Begun {}),
            ("ada", proposed(0xb)),
            ("rosi", judged(0xb, "rosi", Verdict::Pass)),
            ("ada", promoting(0xb)),
            ("ada", promoted(0xb, 4)),
            ("ada", what),
        ]);
        events.extend(next.into_iter().skip(5));
        events
    };
    // The last two: whether the event is valid, and whether it is marked.
    for (kind, name, commit, holds, marked) in [
        (Kind::Rollback, "production", 0xe, true, true),
        (Kind::Rollback, "production", 0xa, true, false),
        (Kind::Stage, "production", 0xe, false, false),
        (Kind::Stage, "staging", 0xe, true, false),
    ] {
        let events = with(deployed(kind, name, commit));
        let all = audit(&events, RULES);
        let last = all.last().unwrap();
        assert_eq!(
            (all.len(), last.fault.is_none(), last.observed),
            (6, holds, marked),
            "{kind:?} {name} {commit:x}: {last:?}"
        );
        let mut count = Count::default();
        for (stored, signature) in &events {
            drop(count.take(stored, signature));
        }
        assert_eq!(count.unseen.contains_key("production"), marked);
        let runs = count.state.deploys.get(name).map(|one| &one.commit);
        assert_eq!(runs == Some(&id(commit)), holds);
    }
    // An announcement proves no more.
    let What::Deploying(intent) = promoting(0xe) else {
        unreachable!("it is an announcement");
    };
    let staging = What::Deploying(Intent {
        kind: Kind::Stage,
        ..intent
    });
    assert!(audit(&with(staging), RULES).pop().unwrap().fault.is_some());
}

fn honest() -> Vec<(StoredEvent, SignatureCheck)> {
    chain(&[
        ("ada", What::Begun {}),
        ("ada", proposed(0xb)),
        ("rosi", judged(0xb, "rosi", Verdict::Pass)),
        ("ada", promoting(0xb)),
        ("ada", promoted(0xb, 4)),
    ])
}

#[test]
fn what_ran_is_shown_by_a_promotion_that_the_rules_allowed() {
    use Verdict::Pass;
    let observed = || {
        What::Observed(Sighting {
            environment: "production".into(),
            from: id(0xa),
            to: id(0xb),
            since: 0,
            commits: None,
            back: false,
        })
    };
    let fact = match promoted(0xb, 4) {
        What::Deployed(it) => What::Deployed(Deployed {
            intent: None,
            unsigned: true,
            ..it
        }),
        other => other,
    };
    let commented = match judged(0xb, "rosi", Pass) {
        What::Judged(it) => What::Judged(Judged {
            comment: Some(Comment {
                login: "rosi".into(),
                id: 7,
                address: String::new(),
            }),
            ..it
        }),
        other => other,
    };
    let asked = |what| match what {
        What::Proposed(it) => What::Proposed(Proposed {
            login: Some("ada".into()),
            ..it
        }),
        other => other,
    };
    let by_rosi = || ("rosi", judged(0xb, "rosi", Pass));
    let with = |yes| {
        vec![
            ("ada", asked(proposed(0xb))),
            yes,
            ("ada", promoting(0xb)),
            ("ada", promoted(0xb, 3)),
        ]
    };
    for (events, signed, expected) in [
        (with(by_rosi()), true, true),
        // It began, and nobody saw it run.
        (with(by_rosi()).drain(..3).collect(), true, false),
        (with(("ada", judged(0xb, "rosi", Pass))), true, false),
        (with(("ada", commented.clone())), true, false),
        // Without signatures the record is trusted as it is.
        (with(("ada", commented)), false, true),
        (vec![("ada", observed())], true, false),
        (vec![("ada", fact)], true, false),
    ] {
        let numbered = events.into_iter().zip(1..);
        let events: Vec<Event> = numbered
            .map(|((by, what), number)| {
                let mut event = event(number, by, what);
                event.by.principal = signed.then(|| event.by.email.clone());
                event
            })
            .collect();
        let place = ("production", &id(0xb));
        assert_eq!(
            shipped(&events, place, (RULES, signed)),
            expected,
            "{events:?}"
        );
    }
    let free = Rules {
        signoff: false,
        four_eyes: false,
    };
    let all = [
        event(1, "ada", promoting(0xb)),
        event(2, "ada", promoted(0xb, 1)),
    ];
    assert!(shipped(&all, ("production", &id(0xb)), (free, true)));
    assert!(!shipped(&all, ("elsewhere", &id(0xb)), (free, true)));
}

/// Returns the first invalid event, counted from 1, and why.
fn fails(events: &[(StoredEvent, SignatureCheck)]) -> Option<(usize, String)> {
    let audited = audit(events, RULES);
    let place = audited.len();
    audited.last()?.fault.clone().map(|why| (place, why))
}

#[track_caller]
fn fails_at(events: &[(&str, What)], place: usize, why: &str) {
    let (at, told) = fails(&chain(events)).expect("all holds");
    assert!(at == place && told.contains(why), "{at}: {told}");
}

#[test]
fn an_honest_record_holds_and_says_who_said_yes() {
    assert_eq!(fails(&honest()), None);
    let audited = audit(&honest(), RULES);
    assert_eq!(audited[3].signed_off_by, ["rosi"]);
    assert_eq!(audited[3].principal.as_deref(), Some("ada@example.com"));
}

#[test]
fn a_comment_that_the_proposer_put_on_record_is_proved_by_the_forge_alone() {
    let asked = match proposed(0xb) {
        What::Proposed(it) => What::Proposed(Proposed {
            login: Some("ada-e".into()),
            ..it
        }),
        other => other,
    };
    let yes = match judged(0xb, "quinn", Verdict::Pass) {
        What::Judged(it) => What::Judged(Judged {
            comment: Some(Comment {
                login: "quinn".into(),
                id: 7,
                address: "https://h/42#7".into(),
            }),
            ..it
        }),
        other => other,
    };
    let with = |by| {
        chain(&[
            ("ada", asked.clone()),
            (by, yes.clone()),
            ("ada", promoting(0xb)),
        ])
    };
    let unproven = |by, rules| audit(&with(by), rules)[2].unproven.len();
    assert_eq!((unproven("ada", RULES), unproven("rosi", RULES)), (1, 0));
    let anybody = Rules {
        four_eyes: false,
        ..RULES
    };
    assert_eq!(unproven("ada", anybody), 0);
    assert_eq!(fails(&with("ada")), None);
}

#[test]
fn a_promotion_without_a_yes_by_somebody_entitled_does_not_hold() {
    let (ada, rosi) = ("ada", "rosi");
    let yes = |who: &'static str, commit| (who, judged(commit, who, Verdict::Pass));
    let begin = (ada, proposed(0xb));
    let ship = (ada, promoting(0xb));
    fails_at(&[begin.clone(), ship.clone()], 2, "not signed off");
    fails_at(
        &[begin.clone(), yes(ada, 0xb), ship.clone()],
        3,
        "only the proposer of",
    );
    // In another's name, signed with the proposer's key.
    let as_rosi = (ada, judged(0xb, rosi, Verdict::Pass));
    fails_at(
        &[begin.clone(), as_rosi.clone(), ship.clone()],
        3,
        "only the proposer of",
    );
    // After the push began.
    let late = [begin.clone(), ship.clone(), yes(rosi, 0xb)];
    fails_at(&late, 2, "not signed off");
    // For another commit, and for the commit that a fix replaced.
    fails_at(&[begin.clone(), yes(rosi, 0xc)], 2, "not the candidate");
    let fixing = Intent {
        kind: Kind::Fix,
        environment: "staging".into(),
        base: Some(id(0xb)),
        ..match promoting(0xc) {
            What::Deploying(it) => it,
            _ => unreachable!(),
        }
    };
    let fixed = Deployed {
        kind: Kind::Fix,
        environment: "staging".into(),
        ..match promoted(0xc, 3) {
            What::Deployed(it) => it,
            _ => unreachable!(),
        }
    };
    let fix = [(ada, What::Deploying(fixing)), (ada, What::Deployed(fixed))];
    let [fixing, fixed] = fix;
    let after = [
        begin.clone(),
        yes(rosi, 0xb),
        fixing,
        fixed,
        (ada, promoting(0xc)),
    ];
    fails_at(&after, 5, "not signed off");
    // Over a block that somebody lifted by typing its author's name.
    let block = (rosi, judged(0xb, rosi, Verdict::Block));
    let cem = ("cem", judged(0xb, "cem", Verdict::Pass));
    let lifted = ("cem", judged(0xb, rosi, Verdict::Pass));
    fails_at(&[begin, block, cem, lifted, ship], 5, "not signed off");
}

/// Makes one change to an honest record, and invalidates signatures accordingly: a key signs the whole commit with its
/// parent, so a change by somebody else has no valid signature.
fn forged(rng: &mut impl FnMut(usize) -> usize) -> Vec<(StoredEvent, SignatureCheck)> {
    let mut events = honest();
    // Rosi's sign-off must not be forged.
    let hers = 2;
    let yes = events[hers].clone();
    let faults = [
        SignatureCheck::Missing,
        SignatureCheck::Wrong,
        SignatureCheck::Unknown("SHA256:x".into()),
        SignatureCheck::Unchecked(None),
        SignatureCheck::By("ada@example.com".into()),
        SignatureCheck::By("ADA@example.com".into()),
    ];
    let fault = faults[rng(faults.len())].clone();
    match rng(5) {
        // Forged: in her name, with any key.
        0 => events[hers].1 = fault,
        // Replayed: a sign-off of an earlier proposal, after one that has none.
        1 => {
            let mut again = chain(&[
                ("ada", proposed(0xb)),
                ("ada", promoting(0xb)),
                ("ada", promoted(0xb, 2)),
            ]);
            let (mut replayed, _) = yes;
            replayed.parents = vec![again[0].0.commit.clone()];
            replayed.committed = again[0].0.committed - rng(1000) as i64;
            again.insert(1, (replayed, fault));
            again[2].0.parents = vec![again[1].0.commit.clone()];
            return again;
        }
        // Reordered: before the proposal, or after the push began.
        2 => {
            let place = [0, 1, 3, 4][rng(4)];
            events.remove(hers);
            events.insert(place, yes);
            if rng(2) == 0 {
                relinked(&mut events);
            }
        }
        // Reattributed: somebody else's sign-off becomes hers, or hers names another commit.
        3 => {
            let what = match rng(2) {
                0 => judged(0xb, "rosi", Verdict::Pass),
                _ => judged(0xc + rng(100) as u64, "rosi", Verdict::Pass),
            };
            let told = event(3, "rosi", what);
            events[hers] = (
                StoredEvent {
                    message: message(&told),
                    ..yes.0
                },
                fault,
            );
        }
        // Left out.
        _ => {
            events.remove(hers);
            if rng(2) == 0 {
                relinked(&mut events);
            }
        }
    }
    events
}

fn relinked(events: &mut [(StoredEvent, SignatureCheck)]) {
    let mut before = None;
    for (nth, (stored, _)) in events.iter_mut().enumerate() {
        stored.parents = before.into_iter().collect();
        stored.committed = 1_646_222_400 + nth as i64;
        before = Some(stored.commit.clone());
    }
}

#[test]
fn none_of_a_thousand_forged_records_lets_a_promotion_stand() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut below = |most: usize| {
        use proptest::prelude::Rng as _;
        runner.rng().next_u64() as usize % most
    };
    for nth in 0..1000 {
        let events = forged(&mut below);
        assert!(fails(&events).is_some(), "{nth}: {events:#?}");
        // A reader does not take the commit for signed off either.
        let mut count = Count::default();
        for (stored, signature) in &events {
            let state = count.state.clone().seen_from(|_| true, |_, _| true, true);
            let may = state.candidate.as_ref().map(|open| open.standing());
            if stored.message.contains("Smp-Event: promoting") {
                assert_ne!(may, Some(Standing::SignedOff), "{nth}: {events:#?}");
            }
            let _ = count.take(stored, signature);
        }
    }
}
