//! Valid names and texts of the command line, and wrong ones.

use crate::core::arguments::*;

/// Returns the message of a wrong command line; `None` if it is correct.
fn mistake(checked: Result<(), Stop>) -> Option<String> {
    match checked {
        Ok(()) => None,
        Err(Stop::Misused(report)) if report.hint.is_some() => Some(report.error),
        Err(stop) => panic!("{stop:?}"),
    }
}

#[test]
fn a_hash_has_enough_hex_digits_and_nothing_else() {
    let full = "5".repeat(40);
    let (spaced, long) = (format!("{full} "), "5".repeat(65));
    let check = |hash, least| mistake(check_hash("--commit", hash, least, Typed::smp("status")));
    for good in [
        None,
        Some("abcd"),
        Some("ABCDEF1"),
        Some(&*full),
        Some(&long[1..]),
    ] {
        assert_eq!(check(good, 4), None);
    }
    for wrong in ["", "abc", "HEAD", "master", "zzzzzzzz", &spaced, &long] {
        let expected = "--commit takes a hash of 4 to 64 hex digits";
        assert_eq!(check(Some(wrong), 4).as_deref(), Some(expected), "{wrong}");
    }
    assert!(check(Some("abcdef"), 7).is_some());
}

#[test]
fn a_text_is_one_that_a_post_can_hold() {
    let long = "x".repeat(2001);
    for (text, wrong) in [
        ("", Some("is empty")),
        (" \n\t", Some("is empty")),
        ("--yes", Some("looks like an option")),
        (&long, Some("is longer than 2000 characters")),
        (
            "it is \u{1b}]0;owned\u{7}fine",
            Some("holds the control character \\x1b"),
        ),
        ("\u{9b}2J", Some("holds the control character \\x9b")),
        (
            "abc\u{202e}fed",
            Some("holds the control character \\u202e"),
        ),
        (&long[1..], None),
        ("- a list\n- of two", None),
        ("-1 bug, but fine", None),
    ] {
        let told = mistake(check_text("--note", Some(text)));
        let expected = wrong.map(|wrong| format!("the text of --note {wrong}"));
        assert_eq!(told, expected, "{text}");
    }
    assert_eq!(mistake(check_text("--note", None)), None);
}

#[test]
fn a_name_is_one_line_that_acts_on_no_terminal() {
    let long = "x".repeat(101);
    for name in [
        "",
        "  ",
        "Rosi\nx",
        "Ro\u{1b}[31msi",
        "Rosi\u{202e}",
        "Ro\tsi",
        &long,
    ] {
        assert!(mistake(check_name(Some(name))).is_some(), "{name}");
    }
    for name in [
        "Zoë Ünlü",
        "小林",
        "O'Brien",
        "---",
        "Smp-Event: x",
        &long[1..],
    ] {
        assert_eq!(mistake(check_name(Some(name))), None);
    }
    assert_eq!(mistake(check_name(None)), None);
}
