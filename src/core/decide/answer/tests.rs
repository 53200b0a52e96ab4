use proptest::prelude::*;

use super::claim::NEAR;
use super::*;
use crate::core::decide::tests::candidate;
use crate::core::record::{Fixer, Inquiry, SignOff};
use crate::core::tell::issue::own_mark;
use crate::core::words::EventId;

/// The first digits of the candidate in these tests.
const IT: &str = "bbbbbbbb";
const REF: &str = "refs/smp/record";
/// The reason for a comment that looks like a verdict.
const MEANT: &str = "does not count: it must begin with signoff bbbbbbbb or block bbbbbbbb";

/// The reason for a sign-off that also blocks.
const BOTH: &str =
    "does not count: it says signoff and block; write signoff bbbbbbbb or block bbbbbbbb";

fn asked() -> Candidate {
    Candidate {
        inquiry: Some(Inquiry::default()),
        ..candidate(&[])
    }
}

fn remark(text: &str) -> Remark {
    Remark {
        id: 7,
        login: Some("rosi".into()),
        may: true,
        is_of_app: false,
        is_edited: false,
        at: 0,
        text: text.into(),
        address: "https://h/42#7".into(),
    }
}

fn read(candidate: &Candidate, remark: &Remark) -> HeardComments {
    answers(
        candidate,
        std::slice::from_ref(remark),
        &["technical".into()],
    )
}

/// Returns the result of one comment: a verdict with its note, why it is void, or `-`.
fn told(text: &str) -> String {
    let answers = read(&asked(), &remark(text));
    match (answers.events.first(), answers.void.first()) {
        (Some(What::Judged(it)), None) => {
            format!("{:?} {}", it.verdict, it.note.clone().unwrap_or_default())
        }
        (None, Some(void)) => void.why.clone(),
        (None, None) => "-".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_verdict_is_a_word_at_the_beginning_and_the_digits_of_the_candidate() {
    for (text, expected) in [
        ("signoff bbbbbbbb", "Pass "),
        ("signoff bbbbbbb", "Pass "),
        (
            "Signoff BBBBBBBB\r\n\r\nTested on two phones.",
            "Pass Tested on two phones.",
        ),
        ("  signoff\tbbbbbbbb. Fine", "Pass Fine"),
        ("\r\n\n   signoff bbbbbbbb", "Pass "),
        ("    signoff bbbbbbbb\n\nis what you write", MEANT),
        ("\n\tblock bbbbbbbb", MEANT),
        ("signoff bbbbbbbb\n\nblock bbbbbbbb the legend", BOTH),
        ("signoff bbbbbbbb\rblock bbbbbbb: slow", BOTH),
        ("signoff bbbbbbbb\n- block bbbbbbbb the search", BOTH),
        ("signoff bbbbbbbb\n* Block: the search", BOTH),
        ("signoff bbbbbbbb\n1. block, the search", BOTH),
        ("signoff bbbbbbbb\n**block aaaaaaaa the search**", BOTH),
        ("signoff bbbbbbbb\n<details><b>block</b>: slow", BOTH),
        ("signoff bbbbbbbb, but block bbbbbbbb", BOTH),
        (
            "signoff bbbbbbbb\n\u{ff42}\u{ff4c}\u{ff4f}\u{ff43}\u{ff4b}\u{ff1a} slow",
            BOTH,
        ),
        (
            "signoff bbbbbbbb\n> block bbbbbbbb",
            "Pass > block bbbbbbbb",
        ),
        (
            "signoff bbbbbbbb\n- block diagrams, too",
            "Pass - block diagrams, too",
        ),
        (
            "block bbbbbbbb slow\nsignoff bbbbbbbb",
            "Block slow\nsignoff bbbbbbbb",
        ),
        (
            "block bbbbbbbb the legend is broken",
            "Block the legend is broken",
        ),
        ("block bbbbbbbb: the legend", "Block the legend"),
        ("block bbbbbbbb", "Block "),
        (&format!("signoff {}", "b".repeat(40)), "Pass "),
        (
            &format!("signoff {}", "b".repeat(41)),
            "does not count: it does not name bbbbbbbb",
        ),
        (
            "signoff bbbbbb",
            "does not count: it must name at least 7 digits of bbbbbbbb",
        ),
        (
            "signoff aaaaaaaa",
            "does not count: it does not name bbbbbbbb",
        ),
        (
            "block aaaaaaaa broken",
            "does not count: it does not name bbbbbbbb",
        ),
        ("signoff", MEANT),
        ("**Block**", MEANT),
        ("signoff: bbbbbbbb", MEANT),
        ("signoff #bbbbbbbb", MEANT),
        (
            "\u{ff42}\u{ff4c}\u{ff4f}\u{ff43}\u{ff4b} bbbbbbbb bad",
            MEANT,
        ),
        ("1. block: the legend", MEANT),
        ("signoff it", "-"),
        ("signoff bbbbbbbbx", MEANT),
        ("signoff bbbbbbbb-x", MEANT),
        ("signoffbbbbbbbb", MEANT),
        ("sign-off bbbbbbbb", MEANT),
        ("Sign off", MEANT),
        ("Signed off: bbbbbbbb\nTested on two phones.", MEANT),
        ("signoff for bbbbbbbb", MEANT),
        ("\u{1f44d} signoff bbbbbbbb", MEANT),
        ("Blocked `bbbbbbbb`", MEANT),
        ("Signed-off-by: Rosi <rosi@example.com>", "-"),
        ("Fine, so sign-off bbbbbbbb", MEANT),
        ("Fine, so sign-off aaaaaaaa", "-"),
        ("To agree, comment `signoff bbbbbbbb`", "-"),
        ("bbbbbbbb has no block", "-"),
        ("LGTM\nsignoff", MEANT),
        ("LGTM\r\rsignoff bbbbbbbb", MEANT),
        ("Hello\n\n- Blocked: aaaaaaaa", MEANT),
        (
            "LGTM\n\nThe sign-off is Ben's\nblock diagrams are nice",
            "-",
        ),
        ("```\nsignoff bbbbbbbb\n```", MEANT),
        ("~~~ text\nblock bbbbbbbb the legend\n~~~", MEANT),
        ("> block bbbbbbbb the legend\n\nI do not think so", "-"),
        ("> LGTM\n\nsignoff", MEANT),
        ("> signoff bbbbbbbb", "-"),
        ("Please do not signoff bbbbbbbb", MEANT),
        ("`signoff bbbbbbbb`", MEANT),
        ("block diagrams are nice", "-"),
        ("> `signoff bbbbbbbb`", "-"),
        ("s\u{0456}gnoff bbbbbbbb", "-"),
        ("signoff\u{200b} bbbbbbbb", MEANT),
        ("", "-"),
    ] {
        assert_eq!(told(text), expected, "{text:?}");
    }
}

#[test]
fn whose_comment_it_is_is_what_the_forge_says() {
    let yes = remark(&format!("signoff {IT}"));
    let answers = read(&asked(), &yes);
    let [What::Judged(it)] = answers.events.as_slice() else {
        panic!("{answers:?}")
    };
    let comment = it.comment.as_ref().unwrap();
    assert_eq!(
        (it.of.as_str(), comment.login.as_str(), comment.id),
        ("rosi", "rosi", 7)
    );
    assert_eq!(comment.address, "https://h/42#7");
    assert!(it.channels.is_empty());
    let no = read(&asked(), &remark(&format!("block {IT} slow")));
    assert!(matches!(&no.events[..], [What::Judged(it)] if it.channels == ["technical"]));
}

#[test]
fn who_may_not_and_what_was_edited_is_void_and_named() {
    let yes = remark(&format!("signoff {IT}"));
    let stranger = Remark {
        may: false,
        ..yes.clone()
    };
    let edited = Remark {
        is_edited: true,
        ..yes.clone()
    };
    let ghost = Remark { login: None, ..yes };
    for (one, why) in [(stranger, "may not write"), (edited, "was edited")] {
        let answers = read(&asked(), &one);
        assert!(answers.events.is_empty());
        assert!(
            answers.void[0].why.contains(why) && answers.void[0].by == "rosi",
            "{answers:?}"
        );
    }
    assert_eq!(read(&asked(), &ghost), HeardComments::default());
}

#[test]
fn what_an_author_said_before_a_comment_that_counts_is_named_no_more() {
    let one = |id, login: &str, text: &str, is_edited| Remark {
        id,
        login: Some(login.into()),
        is_edited,
        ..remark(text)
    };
    let (it, yes) = ("signoff bbbbbbbb", |id, login| {
        one(id, login, "signoff bbbbbbbb", false)
    });
    for void in [
        one(6, "rosi", it, true),
        one(6, "rosi", "signoff aaaaaaaa", false),
        one(6, "rosi", "sign-off bbbbbbbb", false),
    ] {
        for (other, named) in [(yes(7, "rosi"), 0), (yes(5, "rosi"), 1), (yes(7, "ben"), 1)] {
            let told = answers(&asked(), &[void.clone(), other.clone()], &[]);
            assert_eq!(
                (told.events.len(), told.void.len()),
                (1, named),
                "{void:?} {other:?}"
            );
        }
    }
}

#[test]
fn the_lines_that_git_smp_itself_suggests_are_not_named() {
    let text = |end: &str| format!("How to answer:\n```\nsignoff {IT}\n```\n{end}\n");
    let mark = own_mark(&asked().id, REF, Some(&asked().commit));
    for (end, expected) in [(mark.as_str(), "-"), ("", MEANT)] {
        assert_eq!(told(&text(end)), expected, "{end}");
    }
}

#[test]
fn nothing_from_before_the_question_about_a_fix_is_named() {
    let mut fixed = asked();
    fixed.inquiry = Some(Inquiry {
        anew: Some(8),
        ..Inquiry::default()
    });
    for text in ["signoff: aaaaaaaa", "signoff aaaaaaaa", "sign off"] {
        let named = |id| read(&fixed, &Remark { id, ..remark(text) }).void.len();
        assert_eq!((named(7), named(9)), (0, 1), "{text}");
    }
}

#[test]
fn a_comment_goes_on_record_once_and_an_edited_yes_is_taken_back() {
    let yes = remark(&format!("signoff {IT}"));
    let What::Judged(it) = read(&asked(), &yes).events.remove(0) else {
        panic!()
    };
    let mut on_record = asked();
    on_record.inquiry = Some(Inquiry {
        heard: vec![7],
        ..Inquiry::default()
    });
    on_record.verdicts = vec![SignOff {
        by: "rosi".into(),
        recorded_by: on_record.by.clone(),
        verdict: Verdict::Pass,
        note: None,
        at: 0,
        comment: it.comment,
        over: None,
    }];
    assert_eq!(read(&on_record, &yes), HeardComments::default());
    // An older attempt of the same author is not shown; one of another author is.
    for (login, id, named) in [("rosi", 6, 0), ("rosi", 8, 1), ("ben", 6, 1)] {
        let meant = Remark {
            id,
            login: Some(login.into()),
            ..remark("sign-off bbbbbbbb")
        };
        let all = [meant, yes.clone()];
        assert_eq!(answers(&on_record, &all, &[]).void.len(), named, "{login}");
    }
    // A recorded comment that was never written there, or by somebody else, is no sign-off of that person.
    for (one, why) in [
        (
            Remark {
                id: 8,
                ..remark("Hello")
            },
            "cannot be found on the issue",
        ),
        (remark("Hello"), "no longer matches the record"),
        (
            remark("block bbbbbbbb slow"),
            "no longer matches the record",
        ),
        (
            Remark {
                login: Some("ben".into()),
                ..yes.clone()
            },
            "no longer matches the record",
        ),
    ] {
        let answers = read(&on_record, &one);
        assert!(
            matches!(&answers.events[0], What::Voided(it) if it.comment == 7),
            "{answers:?}"
        );
        assert_eq!(answers.void[0].why, why);
    }
    let edited = Remark {
        is_edited: true,
        ..yes
    };
    let answers = read(&on_record, &edited);
    assert!(
        matches!(&answers.events[..], [What::Voided(it)] if it.comment == 7 && it.of == "rosi")
    );
    assert_eq!(answers.void[0].why, EDITED_LATER);
    on_record.verdicts[0].verdict = Verdict::Block;
    let answers = read(&on_record, &edited);
    assert!(
        answers.events.is_empty() && answers.void.len() == 1,
        "a block stays"
    );
}

#[test]
fn a_comment_of_somebody_who_may_not_is_taken_back_though_it_is_on_record() {
    let mut candidate = asked();
    candidate.verdicts = vec![SignOff {
        by: "rosi".into(),
        recorded_by: candidate.by.clone(),
        verdict: Verdict::Pass,
        note: None,
        at: 0,
        comment: Some(Comment {
            login: "rosi".into(),
            id: 7,
            address: "https://h/42#7".into(),
        }),
        over: None,
    }];
    let said = remark("signoff bbbbbbbb");
    assert_eq!(
        answers(&candidate, std::slice::from_ref(&said), &[]).void,
        []
    );
    let stranger = Remark { may: false, ..said };
    let answers = answers(&candidate, &[stranger], &[]);
    assert!(matches!(answers.events.first(), Some(What::Voided(_))));
}

#[test]
fn where_four_eyes_are_wanted_the_proposers_own_yes_is_void() {
    let own = Candidate {
        four_eyes: true,
        login: Some("Rosi".into()),
        ..asked()
    };
    let [yes, no] = ["signoff", "block"].map(|word| remark(&format!("{word} {IT}")));
    let told = read(&own, &yes);
    assert!(told.events.is_empty());
    assert_eq!(
        told.void[0].why,
        "does not count: its author proposed the candidate"
    );
    assert_eq!(read(&own, &no).events.len(), 1);
    let unknown = Candidate {
        login: None,
        ..own.clone()
    };
    assert!(read(&unknown, &yes).events.is_empty());
    let ben = Candidate {
        login: Some("ben".into()),
        ..own
    };
    assert_eq!(read(&ben, &yes).events.len(), 1);
    // Anybody may write through an app, and the record has the login from one key only.
    let [yes_of_app, no_of_app] = [&yes, &no].map(|one| Remark {
        is_of_app: true,
        ..one.clone()
    });
    let told = read(&ben, &yes_of_app);
    assert!(told.events.is_empty() && told.void[0].why.contains("its author is an app"));
    assert_eq!(read(&ben, &no_of_app).events.len(), 1);
    let question = |is_of_app| Remark {
        login: ben.login.clone(),
        text: own_mark(&ben.id, REF, Some(&ben.commit)),
        at: ben.at,
        is_of_app,
        ..yes.clone()
    };
    for (is_of_app, why) in [
        (false, vec![]),
        (
            true,
            vec!["an app opened https://h/42#7, so any person may have proposed bbbbbbbb"],
        ),
    ] {
        assert_eq!(
            bear_out(&mut ben.clone(), (&question(is_of_app), &[]), REF),
            why
        );
    }
    for (login, why) in [
        (
            Some("rosi"),
            Some("its author deployed a fix of the candidate"),
        ),
        (
            None,
            Some("the issue does not show yet which account deployed the fix of the candidate"),
        ),
        (Some("cem"), None),
    ] {
        let fixer = Fixer {
            id: ben.id.clone(),
            by: ben.by.clone(),
            login: login.map(str::to_owned),
            base: None,
        };
        let fixed = Candidate {
            fixers: vec![fixer],
            ..ben.clone()
        };
        let told = read(&fixed, &yes);
        let found = told.void.first().map(|void| void.why.as_str());
        let is_own = told.void.first().is_some_and(|void| void.is_own);
        assert_eq!(is_own, login == Some("rosi"));
        let why = why.map(|why| format!("does not count: {why}"));
        assert_eq!(
            (found, told.events.len()),
            (why.as_deref(), usize::from(why.is_none()))
        );
    }
}

#[test]
fn only_the_question_that_git_smp_asked_for_this_proposal_says_who_proposed() {
    let proposed = Candidate {
        login: Some("rosi".into()),
        at: 1000,
        ..asked()
    };
    let (id, commit) = (&proposed.id, Some(&proposed.commit));
    let mark = own_mark(id, REF, commit);
    let other = CommitId::parse(&"c".repeat(40)).unwrap();
    for (text, at, bears) in [
        (format!("Looking at it.\n{mark}\n"), 1000, true),
        (format!("Looking at it.\r\n{mark}"), 701, true),
        // The question is older than the proposal: somebody edited the mark into it.
        (mark.clone(), 699, false),
        // The subject of a commit contains the mark.
        (
            format!("- {mark}\n<!-- git smp 00000000000000aa -->"),
            1000,
            false,
        ),
        (format!("{mark} and more"), 1000, false),
        // Another person's clone opened it.
        (format!("<!-- git smp {} -->", id.as_str()), 1000, false),
        (own_mark(id, "refs/smp/other", commit), 1000, false),
        (own_mark(id, REF, Some(&other)), 1000, false),
    ] {
        let question = Remark {
            at,
            ..remark(&text)
        };
        let mut candidate = proposed.clone();
        let why = bear_out(&mut candidate, (&question, &[]), REF);
        assert_eq!(
            (why.is_empty(), candidate.login.is_some()),
            (bears, bears),
            "{text}"
        );
    }
}

#[test]
fn a_block_on_the_issue_is_put_on_record_again_where_that_lost_it() {
    let mut candidate = asked();
    candidate.inquiry = Some(Inquiry {
        heard: vec![7, 8],
        ..Inquiry::default()
    });
    let no = remark("block bbbbbbbb broken");
    let yes = Remark {
        id: 8,
        ..remark("signoff bbbbbbbb")
    };
    let read = |remarks: &[Remark]| answers(&candidate, remarks, &[]).events;
    let again = read(std::slice::from_ref(&no));
    assert!(matches!(&again[..], [What::Judged(it)] if it.verdict == Verdict::Block));
    // Its author withdrew it.
    assert_eq!(read(&[no, yes]), []);
}

#[test]
fn what_was_said_before_the_fix_is_about_another_commit() {
    let mut fixed = asked();
    fixed.inquiry = Some(Inquiry {
        anew: Some(9),
        ..Inquiry::default()
    });
    let older = read(&fixed, &remark("signoff aaaaaaaa"));
    assert_eq!(older, HeardComments::default());
    let too_soon = read(&fixed, &remark(&format!("signoff {IT}")));
    assert!(
        too_soon.events.is_empty()
            && too_soon.void[0]
                .why
                .contains("older than the request for a verdict")
    );
    let since = Remark {
        id: 10,
        ..remark(&format!("signoff {IT}"))
    };
    assert_eq!(read(&fixed, &since).events.len(), 1);
}

#[test]
fn a_yes_whose_digits_fit_an_earlier_commit_does_not_count() {
    let earlier = format!("{IT}{}", "a".repeat(32));
    let fixed = Candidate {
        fixers: vec![Fixer {
            id: EventId::of(2),
            by: candidate(&[]).by,
            login: None,
            base: CommitId::parse(&earlier),
        }],
        ..asked()
    };
    let short = read(&fixed, &remark(&format!("signoff {IT}")));
    assert!(short.events.is_empty() && short.void[0].why.ends_with("; write more"));
    let longer = read(&fixed, &remark(&format!("signoff {IT}b")));
    assert_eq!(longer.events.len(), 1);
    let block = read(&fixed, &remark(&format!("block {IT}")));
    assert_eq!(block.events.len(), 1, "a block may mean both");
    // One that is on record counts no more.
    let What::Judged(it) = &read(&asked(), &remark(&format!("signoff {IT}"))).events[0] else {
        panic!()
    };
    let recorded = SignOff {
        by: it.of.clone(),
        recorded_by: candidate(&[]).by,
        verdict: it.verdict,
        note: None,
        at: 0,
        comment: it.comment.clone(),
        over: None,
    };
    let recorded = Candidate {
        verdicts: vec![recorded],
        ..fixed
    };
    let events = read(&recorded, &remark(&format!("signoff {IT}"))).events;
    assert!(matches!(&events[..], [What::Voided(_)]), "{events:?}");
}

proptest! {
    #[test]
    fn no_text_is_a_verdict_but_one_that_begins_so(text in "\\PC{0,40}", case in any::<bool>()) {
        let answers = read(&asked(), &remark(&text));
        let small = text.to_lowercase();
        let small: String = small.chars().filter(|c| c.is_alphanumeric()).collect();
        let says = NEAR.iter().any(|word| small.contains(word));
        prop_assert!(answers == HeardComments::default() || says);
        let word = if case { "SIGNOFF" } else { "signoff" };
        let yes = read(&asked(), &remark(&format!("{word} {IT} {text}")));
        prop_assert_eq!(yes.events.len(), 1);
    }
}
