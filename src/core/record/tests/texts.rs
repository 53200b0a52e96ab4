//! The written form of an event: arbitrary texts come back unchanged.

use crate::core::record::tests::*;

/// A second implementation of the rules for texts on record: lines end in `\n`, a lone `\r` is a space, a line of
/// spaces is empty, both ends are trimmed, and characters that git refuses or changes in a message are U+FFFD.
fn settled(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.replace("\r\n", "\n").replace('\r', " ").split('\n') {
        let replaced = |c: char| {
            if c == '\0' || is_noncharacter(c) {
                '\u{fffd}'
            } else {
                c
            }
        };
        lines.push(if line.trim().is_empty() {
            String::new()
        } else {
            line.chars().map(replaced).collect()
        });
    }
    lines.join("\n").trim().to_owned()
}

fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xfdd0..=0xfdef).contains(&code) || code % 0x1_0000 >= 0xfffe
}

/// Replaces the texts of an event.
fn with_texts(mut event: Event, other: impl Fn(&str) -> String) -> Event {
    let change = |text: &mut String| *text = other(text);
    change(&mut event.program);
    match &mut event.what {
        What::Proposed(Proposed { note, .. }) => note.iter_mut().for_each(change),
        What::Judged(Judged { of, note, .. }) => [of].into_iter().chain(note).for_each(change),
        What::Deployed(Deployed {
            signed_off_by,
            announced_by,
            tells,
            overrides,
            ..
        }) => {
            let told = tells.iter_mut().filter_map(|tells| tells.text.as_mut());
            signed_off_by
                .iter_mut()
                .chain(announced_by)
                .chain(overrides)
                .chain(told)
                .for_each(change);
        }
        What::Voided(Voided { of, why, .. }) => [of, why].into_iter().for_each(change),
        What::CheckFailed(it) => {
            let told = it.tells.iter_mut().filter_map(|tells| tells.text.as_mut());
            let texts = told.chain(&mut it.overrides).chain([&mut it.why]);
            texts.for_each(change);
        }
        What::Doubted { words: text, .. }
        | What::Ended { why: text, .. }
        | What::Postponed(Postponed { reason: text, .. })
        | What::Unposted { why: text, .. } => {
            change(text);
        }
        What::Deploying(Intent {
            tells, overrides, ..
        }) => {
            let told = tells.iter_mut().filter_map(|tells| tells.text.as_mut());
            told.chain(overrides).for_each(change);
        }
        What::Begun {} | What::Observed(_) | What::Posting { .. } | What::Posted { .. } => {}
    }
    event
}

fn reread(event: &Event) -> Result<Event, ReadError> {
    read_event(&message(event), event.by.clone(), event.at)
}

#[test]
fn an_event_comes_back_from_its_message_and_its_sentence_is_one_line() {
    let note = "line one\n\nSmp-Event: promoted\n  indented";
    let what = What::Proposed(Proposed {
        commit: commit('1'),
        environment: "staging".into(),
        targets: vec![
            ("production".into(), Some(commit('2'))),
            ("eu".into(), None),
        ],
        note: Some(note.into()),
        date: "2022-03-02".into(),
        channels: vec!["technical".into()],
        login: None,
        over: None,
    });
    let proposed = event(7, what);
    let text = message(&proposed);
    assert_eq!(
        text.lines().next(),
        Some("Ada Example proposed 11111111 for production and eu")
    );
    assert_eq!(reread(&proposed), Ok(proposed));
}

#[test]
fn a_text_that_is_empty_is_still_there() {
    let postponed = What::Postponed(Postponed {
        candidate: EventId::of(1),
        commit: commit('1'),
        intent: None,
        reason: String::new(),
        channels: Vec::new(),
    });
    let judged = |note| {
        What::Judged(Judged {
            commit: commit('1'),
            of: String::new(),
            verdict: Verdict::Pass,
            note,
            channels: Vec::new(),
            comment: None,
        })
    };
    for what in [postponed, judged(None), judged(Some(String::new()))] {
        let event = event(7, what);
        assert_eq!(reread(&event), Ok(event));
    }
}

#[test]
fn lines_of_dots_and_what_git_would_refuse_or_mangle() {
    let cases = [
        (".", "."),
        ("a\n.", "a\n."),
        ("a\n..\n\n...\nb", "a\n..\n\n...\nb"),
        ("a\r\nb\rc\r", "a\nb c"),
        ("  a  \n \t \n  b  ", "a  \n\n  b"),
        ("\n\n", ""),
        (
            "a\0b\u{fffe}c\u{1ffff}d\u{fdd0}e",
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e",
        ),
    ];
    for (text, read) in cases {
        let ended = |why: &str| {
            event(
                7,
                What::Ended {
                    intent: EventId::of(1),
                    why: why.into(),
                },
            )
        };
        assert_eq!(reread(&ended(text)), Ok(ended(read)), "{text:?}");
    }
}

/// Builds the message of an observed deploy with additional trailers.
fn seen(more: &str, since: &str) -> String {
    let [from, to] = ['1', '2'].map(commit);
    format!(
        "x\n\nSmp-Event: observed\nSmp-Id: 0000000000000007\nSmp-Commit: {to}\nSmp-Environment: eu\nSmp-From: {from}\n{since}{more}"
    )
}

#[test]
fn what_was_seen_comes_back_with_the_times_of_any_clock() {
    for since in [i64::MIN, -1, 0, i64::MAX] {
        let read = read_event(
            &seen("", &format!("Smp-Since: {since}\n")),
            event(7, whatever()).by,
            0,
        )
        .unwrap();
        let (environment, from, to) = ("eu".to_owned(), commit('1'), commit('2'));
        assert_eq!(
            read.what,
            What::Observed(Sighting {
                environment,
                from,
                to,
                since,
                commits: None,
                back: false
            })
        );
        assert_eq!(reread(&read), Ok(read));
    }
}

#[test]
fn a_message_of_another_kind_is_no_event() {
    let garbage = [
        "",
        "Merge branch 'main'",
        "Fix it\n\nSigned-off-by: Rosi <rosi@example.com>\n",
        "Ada proposed\n\nSmp-Event: proposed\n",
        "x\n\nSmp-Event: ended\nSmp-Id: 0000000000000007\nSmp-Intent: 7\nSmp-Why: x\n",
        "x\n\nSmp-Event: ended\nSmp-Id: 0000000000000007\nSmp-Intent: 0000000000000001\nSmp-Why: x\nSmp-Why: y\n",
        "x\n\nSmp-Event: danced\nSmp-Id: 0000000000000007\n",
        "x\n\nSmp-Event: observed\nSmp-Id: 0000000000000007\nSmp-Environment: eu\nSmp-Since: 7\n",
        &seen("", "Smp-Since: soon\n"),
        &seen("", "Smp-Since: 99999999999999999999\n"),
        &seen("", ""),
        &seen("Smp-Commits: -1\n", "Smp-Since: 7\n"),
        "x\n\nSmp-Event: ended\nSmp-Id: 0000000000000007\nSmp-Intent: 0000000000000001\nSmp-Why: x\n\nand more",
    ];
    for text in garbage {
        let read = read_event(text, event(7, whatever()).by, 0);
        assert!(
            matches!(read, Err(ReadError::Garbage(_))),
            "{text:?} {read:?}"
        );
    }
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
fn trailers_of_a_later_version_are_passed_over() {
    let posted = event(7, whatever());
    let text = message(&posted) + "Smp-Mood: good\n  indeed\nReviewed-by: Ben\n";
    assert_eq!(read_event(&text, posted.by.clone(), posted.at), Ok(posted));
}

proptest! {
    #[test]
    fn an_event_comes_back_with_its_texts_settled(event in events()) {
        prop_assert_eq!(reread(&event), Ok(with_texts(event, settled)));
    }

    #[test]
    fn writing_what_was_read_gives_the_same_text(event in events()) {
        let read = reread(&event).unwrap();
        let text = message(&read);
        prop_assert_eq!(reread(&read), Ok(read.clone()));
        prop_assert_eq!(message(&reread(&read).unwrap()), text);
    }

    #[test]
    fn a_message_is_a_line_a_blank_line_and_trailers_of_ours(event in events()) {
        let text = message(&event);
        let (sentence, trailers) = text.split_once("\n\n").unwrap();
        prop_assert_eq!(sentence.lines().count(), 1);
        prop_assert!(trailers.ends_with('\n') && !trailers.contains("\n\n") && !text.contains(['\r', '\0']));
        for line in trailers.lines() {
            prop_assert!(line.starts_with("Smp-") || (line.starts_with(' ') && !line.trim().is_empty()), "{:?}", line);
        }
    }

    #[test]
    fn no_text_adds_a_trailer(event in events(), forged in texts()) {
        let keys = |event: &Event| {
            let text = message(event);
            let lines = text.lines().skip(2).filter(|line| !line.starts_with(' '));
            lines.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(keys(&with_texts(event.clone(), |_| "x".into())), keys(&with_texts(event, |_| forged.clone())));
    }

    #[test]
    fn reading_a_message_never_panics_and_settles_it(lines in vec(lines(), 0..12), at: i64) {
        let text = lines.concat();
        if let Ok(read) = read_event(&text, event(7, whatever()).by, at) {
            prop_assert_eq!(reread(&read), Ok(read));
        }
    }
}

const LINES: &[&str] = &[
    "Ada Example signed off 11111111\n\n",
    "Smp-Event: signed-off\n",
    "Smp-Event: ended\n",
    "Smp-Event: posted\n",
    "Smp-Event: promoting\n",
    "Smp-Event: promoted\n",
    "Smp-Id: 0000000000000007\n",
    "Smp-Program: git-smp 0.1.0\n",
    "Smp-Commit: 1111111111111111111111111111111111111111\n",
    "Smp-Of: Rosi\n",
    "Smp-Environment: production\n",
    "Smp-Intent: 0000000000000001\n",
    "Smp-About: 0000000000000001\n",
    "Smp-Channel: technical\n",
    "Smp-Why: \n",
    "Smp-Commits: 8\n",
    "Smp-Event: observed\n",
    "Smp-From: 2222222222222222222222222222222222222222\n",
    "Smp-Since: 1646222400\n",
    "Smp-Back: yes\n",
    " .\n",
    "  more\n",
];

/// Lines that a message of the record may have, in any order, and others.
fn lines() -> impl Strategy<Value = String> {
    prop_oneof![8 => select(LINES).prop_map(str::to_owned), 1 => texts()]
}
