//! The written form of the state.

use crate::core::record::tests::*;

/// A state with a value in every field.
fn full() -> State {
    let goal = |name: &str, reached| Goal {
        environment: name.into(),
        from: Some(commit('2')),
        reached,
        astray: false,
    };
    let by = Person {
        name: "Ada Example".into(),
        email: "ada@example.com".into(),
        principal: None,
    };
    let owed = |news, sending| Notice {
        about: EventId::of(1),
        channel: "technical".into(),
        date: "2022-03-02".into(),
        commit: commit('1'),
        environment: "staging".into(),
        targets: vec![
            ("production".into(), Some(commit('2'))),
            ("eu".into(), None),
        ],
        news,
        attempt: sending,
        issue: None,
        closes: false,
    };
    let sending = Attempt {
        id: EventId::of(5),
        by: by.clone(),
        at: 1_646_222_700,
        own: false,
    };
    let released = News::Released {
        overridden: None,
        summary: Some("- Flags on painpoints".into()),
    };
    let rosi = Person {
        name: "Rosi".into(),
        email: "rosi@example.com".into(),
        principal: None,
    };
    let begun = Deploying {
        failed: None,
        overrides: None,
        id: EventId::of(4),
        kind: Kind::Promote,
        environment: "production".into(),
        from: None,
        also: Vec::new(),
        to: commit('1'),
        unsigned: false,
        by: by.clone(),
        at: 1_646_222_600,
        tells: None,
        signed_off_by: Vec::new(),
        given_up: false,
        elsewhere: false,
    };
    let late = Deploying {
        id: EventId::of(3),
        environment: "staging".into(),
        to: commit('4'),
        ..begun.clone()
    };
    State {
        four_eyes: false,
        format: FORMAT,
        events: 5,
        candidate: Some(Candidate {
            id: EventId::of(1),
            commit: commit('1'),
            environment: "staging".into(),
            targets: vec![goal("production", false), goal("eu", true)],
            by: by.clone(),
            login: Some("ada-e".into()),
            at: 1_646_222_400,
            date: "2022-03-02".into(),
            note: Some("a\n\n\"b\" \u{1b}\0".into()),
            fixed_at: None,
            fixers: Vec::new(),
            verdicts: vec![SignOff {
                by: "Rosi".into(),
                recorded_by: rosi,
                verdict: Verdict::Pass,
                note: None,
                at: 1_646_222_500,
                comment: Some(Comment {
                    login: "Rosi".into(),
                    id: 7,
                    address: "https://h/1#7".into(),
                }),
                over: None,
            }],
            four_eyes: false,
            inquiry: Some(Inquiry {
                issue: Some(Issue {
                    number: 1,
                    address: "https://h/1".into(),
                }),
                anew: Some(6),
                heard: vec![7],
            }),
            elsewhere: false,
            unread: false,
        }),
        deploying: Some(begun),
        deploys: [(
            "eu".to_owned(),
            LastDeploy {
                commit: commit('1'),
                from: None,
                by: by.clone(),
                at: -1,
                seen_since: Some(-9),
                issue: None,
            },
        )]
        .into(),
        pending: vec![
            owed(News::Proposed { note: None }, None),
            owed(released, Some(sending)),
        ],
        doubts: [(
            "eu".to_owned(),
            Doubted {
                commit: commit('5'),
                words: "Waiting".into(),
            },
        )]
        .into(),
        superseded: vec![late],
        held: [(
            "eu".to_owned(),
            vec![Held {
                commit: commit('3'),
                by,
                at: 1,
                reason: Some("a \u{1b}".into()),
            }],
        )]
        .into(),
    }
}

fn as_json() -> serde_json::Value {
    serde_json::from_str(&write_state(&full())).unwrap()
}

fn read(value: &serde_json::Value) -> Result<State, ReadError> {
    read_state(value.to_string().as_bytes())
}

#[test]
fn a_state_comes_back_from_its_file() {
    for state in [State::default(), full()] {
        let text = write_state(&state);
        assert_eq!(read_state(text.as_bytes()), Ok(state));
        assert!(text.starts_with("{\n  \"format\": 1,\n") && text.ends_with("}\n"));
    }
}

#[test]
fn what_is_no_state_is_garbage_and_never_an_empty_state() {
    let mut no_id = as_json();
    no_id["candidate"]["id"] = "seven".into();
    let mut no_commit = as_json();
    no_commit["candidate"]["commit"] = "1111".into();
    let mut format_0 = as_json();
    format_0["format"] = 0.into();
    for garbage in [
        "",
        "null",
        "{}",
        "[]",
        "\u{feff}{\"format\":1}",
        "{\"format\":\"1\"}",
    ] {
        assert!(
            matches!(read_state(garbage.as_bytes()), Err(ReadError::Garbage(_))),
            "{garbage}"
        );
    }
    for value in [no_id, no_commit, format_0] {
        assert!(
            matches!(read(&value), Err(ReadError::Garbage(_))),
            "{value}"
        );
    }
    let twice = write_state(&full()).replacen("\"events\": 5", "\"events\": 5, \"events\": 6", 1);
    assert!(matches!(
        read_state(twice.as_bytes()),
        Err(ReadError::Garbage(_))
    ));
    let deep = format!("{{\"format\":1,\"x\":{}", "[".repeat(100_000));
    assert!(matches!(
        read_state(deep.as_bytes()),
        Err(ReadError::Garbage(_))
    ));
}

#[test]
fn what_garbage_holds_is_not_repeated() {
    let Err(ReadError::Garbage(why)) = read_state(b"{\"format\": 1, \"events\": \"a secret\"}")
    else {
        panic!()
    };
    assert_eq!(why, "line 1, column 34 is invalid");
}

#[test]
fn a_field_that_is_missing_is_not_taken_for_an_empty_one() {
    for key in ["events", "candidate", "deploying", "deploys", "owed"] {
        let mut old = as_json();
        old.as_object_mut().unwrap().remove(key);
        assert!(matches!(read(&old), Err(ReadError::Garbage(_))), "{key}");
        old["format"] = 2.into();
        assert_eq!(read(&old), Err(ReadError::Newer(2)), "{key}");
    }
}

#[test]
fn a_newer_state_is_read_where_it_has_all_that_this_version_knows() {
    let mut newer = as_json();
    newer["format"] = 2.into();
    newer["mood"] = "good".into();
    newer["candidate"]["mood"] = "good".into();
    assert_eq!(
        read(&newer),
        Ok(State {
            format: 2,
            ..full()
        })
    );
    newer["candidate"]["verdicts"][0]["verdict"] = "maybe".into();
    assert_eq!(read(&newer), Err(ReadError::Newer(2)));
    newer["format"] = u64::from(u32::MAX).saturating_add(1).into();
    assert_eq!(read(&newer), Err(ReadError::Newer(1 << 32)));
    newer["format"] = 1.into();
    assert!(matches!(read(&newer), Err(ReadError::Garbage(_))));
}

#[test]
fn a_field_that_format_1_does_not_have_is_passed_over_and_not_written_again() {
    // A new field that must not be lost therefore needs a new format, which older programs do not write.
    let mut odd = as_json();
    odd["mood"] = "good".into();
    assert_eq!(read(&odd), Ok(full()));
}

fn whatever() -> What {
    What::Posted {
        about: EventId::of(1),
        channel: "technical".into(),
        attempt: None,
        how: How::Printed,
        placed: Placed::default(),
    }
}

#[test]
fn the_count_of_events_has_an_end_and_no_overflow() {
    let told = event(9, whatever());
    let state = State {
        events: u64::MAX,
        ..full()
    };
    assert_eq!(state.after(&told).map(|state| state.events), Ok(u64::MAX));
}

proptest! {
    #[test]
    fn reading_a_state_never_panics(bytes: Vec<u8>) {
        prop_assert!(read_state(&bytes).is_err());
    }

    #[test]
    fn a_state_that_was_tampered_with_is_read_or_refused(at in any::<prop::sample::Index>(), with: Vec<u8>) {
        let mut bytes = write_state(&full()).into_bytes();
        let at = at.index(bytes.len());
        bytes.splice(at..(at + with.len() / 2).min(bytes.len()), with);
        if let Ok(state) = read_state(&bytes) {
            prop_assert_eq!(read_state(write_state(&state).as_bytes()), Ok(state));
        }
    }
}
