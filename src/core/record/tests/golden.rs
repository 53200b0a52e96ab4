//! Events in the form of earlier versions: they are always read, and written so that those versions can read them.

use crate::core::record::tests::*;

/// The messages, separated by a divider line.
const MESSAGES: &str = include_str!("golden.txt");
const DIVIDES: &str = "=====\n";

fn telling(text: Option<&str>) -> Telling {
    Telling {
        channels: vec!["product".into(), "technical".into()],
        date: "2022-03-02".into(),
        targets: vec![
            ("production".into(), Some(commit('2'))),
            ("eu".into(), None),
        ],
        text: text.map(Into::into),
    }
}

fn intent(kind: Kind, is_full: bool) -> What {
    What::Deploying(Intent {
        overrides: None,
        kind,
        environment: "production".into(),
        from: is_full.then(|| commit('2')),
        also: Vec::new(),
        to: commit('1'),
        base: is_full.then(|| commit('3')),
        unsigned: is_full,
        over: is_full.then(|| EventId::of(5)),
        tells: is_full.then(|| telling(Some("maps hang\n\nand more"))),
    })
}

fn deployed(kind: Kind, is_full: bool) -> What {
    let names: &[&str] = if is_full { &["Rosi", "Ben"] } else { &[] };
    What::Deployed(Deployed {
        overrides: None,
        intent: is_full.then(|| EventId::of(5)),
        kind,
        environment: "production".into(),
        from: is_full.then(|| commit('2')),
        to: commit('1'),
        commits: 8,
        signed_off_by: names.iter().map(ToString::to_string).collect(),
        unsigned: is_full,
        announced_by: is_full.then(|| "Ben".into()),
        tells: is_full.then(|| telling(None)),
        holds: if is_full {
            vec![commit('4'), commit('5')]
        } else {
            Vec::new()
        },
    })
}

fn about_posts(is_full: bool, how: How) -> [What; 3] {
    let (about, channel) = (EventId::of(1), "technical".to_owned());
    let before = is_full.then(|| EventId::of(2));
    [
        What::Posting {
            about: about.clone(),
            channel: channel.clone(),
            over: before.clone(),
        },
        What::Unposted {
            attempt: EventId::of(2),
            channel: channel.clone(),
            why: "404\nnot found".into(),
        },
        What::Posted {
            about,
            channel,
            attempt: before,
            how,
            placed: Placed::default(),
        },
    ]
}

fn about_candidates(is_full: bool) -> [What; 4] {
    let channels: Vec<String> = if is_full {
        vec!["technical".into()]
    } else {
        Vec::new()
    };
    let judged = |verdict| {
        What::Judged(Judged {
            commit: commit('1'),
            of: "Rosi".into(),
            verdict,
            note: is_full.then(|| "größer\n.\nSmp-Of: Ben".into()),
            channels: channels.clone(),
            comment: None,
        })
    };
    [
        What::Proposed(Proposed {
            commit: commit('1'),
            environment: "staging".into(),
            targets: telling(None).targets,
            note: is_full.then(|| "please look at #420".into()),
            date: "2022-03-02".into(),
            channels: channels.clone(),
            login: None,
            over: is_full.then(|| EventId::of(5)),
        }),
        judged(Verdict::Pass),
        judged(Verdict::Block),
        What::Postponed(Postponed {
            candidate: EventId::of(1),
            commit: commit('1'),
            intent: is_full.then(|| EventId::of(5)),
            reason: "it hangs".into(),
            channels: channels.clone(),
        }),
    ]
}

/// The events of a proposal with an issue.
fn from_an_issue() -> [What; 4] {
    let address = "https://github.com/an-org/a-repo/issues/42";
    let comment = Comment {
        login: "rosi-qa".into(),
        id: 9_007_199_254_740_993,
        address: format!("{address}#issuecomment-1"),
    };
    [
        What::Proposed(Proposed {
            commit: commit('1'),
            environment: "staging".into(),
            targets: Vec::new(),
            note: None,
            date: "2022-03-02".into(),
            channels: vec!["technical".into(), ISSUE.into()],
            login: Some("ada-e".into()),
            over: None,
        }),
        What::Posted {
            about: EventId::of(1),
            channel: ISSUE.into(),
            attempt: Some(EventId::of(2)),
            how: How::Accepted,
            placed: Placed {
                issue: Some(42),
                comment: None,
                address: Some(address.into()),
                login: Some("ada-e".into()),
            },
        },
        What::Judged(Judged {
            commit: commit('1'),
            of: "rosi-qa".into(),
            verdict: Verdict::Block,
            note: Some("the legend is broken".into()),
            channels: Vec::new(),
            comment: Some(comment.clone()),
        }),
        What::Voided(Voided {
            commit: commit('1'),
            comment: comment.id,
            of: comment.login,
            why: "the comment was edited".into(),
        }),
    ]
}

/// Events of every kind, with all optional fields and without them.
fn written_before() -> Vec<Event> {
    let mut all = vec![
        What::Begun {},
        What::Doubted {
            intent: EventId::of(5),
            words: "Pushed to non-master branch, skipping build.".into(),
        },
        What::Ended {
            intent: EventId::of(5),
            why: "production declined it".into(),
        },
    ];
    for is_full in [true, false] {
        for kind in [Kind::Stage, Kind::Fix, Kind::Promote, Kind::Rollback] {
            all.extend([intent(kind, is_full), deployed(kind, is_full)]);
        }
        all.extend(about_candidates(is_full));
        all.push(What::Observed(Sighting {
            environment: "production".into(),
            from: commit('2'),
            to: commit('1'),
            since: 1_646_136_000,
            commits: is_full.then_some(3),
            back: is_full,
        }));
    }
    for (is_full, how) in [
        (true, How::Accepted),
        (false, How::Printed),
        (true, How::Found),
        (true, How::Skipped),
    ] {
        all.extend(about_posts(is_full, how));
    }
    all.extend(from_an_issue());
    all.extend(about_times());
    all.push(to_several());
    all.push(check_failed(Kind::Promote, Some("the shop is down")));
    (1..).zip(all).map(|(id, what)| event(id, what)).collect()
}

/// A promotion outside the allowed time, and failed checks.
fn about_times() -> Vec<What> {
    let overrides = Some("the shop is down\n\nsaid Ada".to_owned());
    let mut all = [intent(Kind::Promote, false), deployed(Kind::Promote, false)];
    if let [What::Deploying(intent), What::Deployed(deployed)] = &mut all {
        intent.overrides.clone_from(&overrides);
        deployed.overrides = overrides;
    }
    let failed = [Kind::Promote, Kind::Stage, Kind::Fix].map(|kind| check_failed(kind, None));
    all.into_iter().chain(failed).collect()
}

fn check_failed(kind: Kind, overrides: Option<&str>) -> What {
    What::CheckFailed(CheckFailed {
        intent: (kind != Kind::Fix).then(|| EventId::of(5)),
        kind,
        environment: "production".into(),
        from: (kind != Kind::Fix).then(|| commit('2')),
        to: commit('1'),
        commits: 8,
        why: "https://example.com/health answers 503 Service Unavailable".into(),
        tells: overrides.map(|_| telling(None)),
        overrides: overrides.map(str::to_owned),
    })
}

/// The announcement of a build that is promoted to several environments in one call.
fn to_several() -> What {
    match intent(Kind::Promote, false) {
        What::Deploying(intent) => What::Deploying(Intent {
            also: vec![("us".into(), Some(commit('2'))), ("eu".into(), None)],
            ..intent
        }),
        other => other,
    }
}

/// Returns the trailers of a message, sorted.
fn trailers(message: &str) -> Vec<String> {
    let (_, trailers) = message.split_once("\n\n").unwrap();
    let mut all: Vec<String> = trailers
        .replace("\n ", "\\n")
        .lines()
        .map(str::to_owned)
        .collect();
    all.sort();
    all
}

#[test]
fn what_was_written_before_is_read_alike_and_written_alike() {
    let messages: Vec<&str> = MESSAGES.split(DIVIDES).skip(1).collect();
    let events = written_before();
    assert_eq!(messages.len(), events.len());
    for (text, event) in messages.into_iter().zip(events) {
        let read = read_event(text, event.by.clone(), event.at);
        assert_eq!(read, Ok(event.clone()), "{text}");
        let now = message(&event);
        assert_eq!(now.lines().next(), text.lines().next());
        assert_eq!(trailers(&now), trailers(text), "{text}");
    }
}

#[test]
fn what_the_first_versions_did_not_write_is_made_up_for() {
    let message = |event: &str, more: &str| {
        format!(
            "x\n\nSmp-Event: {event}\nSmp-Id: 0000000000000007\nSmp-Commit: {}\n{more}",
            commit('1')
        )
    };
    let read = |text: &str| read_event(text, event(7, What::Begun {}).by, 0).unwrap();
    let proposed = read(&message("proposed", "Smp-Environment: staging\n"));
    assert_eq!(proposed.program, "");
    let What::Proposed(Proposed { date, targets, .. }) = proposed.what else {
        panic!("{proposed:?}")
    };
    assert_eq!((date.as_str(), targets.len()), ("", 0));
    let told = message(
        "promoted",
        "Smp-Environment: eu\nSmp-Commits: 1\nSmp-Text: nobody is told\nSmp-Channel: product\n",
    );
    let What::Deployed(Deployed { tells, .. }) = read(&told).what else {
        panic!("{told}")
    };
    assert_eq!(tells, None, "without a date nobody is to be told");
}
