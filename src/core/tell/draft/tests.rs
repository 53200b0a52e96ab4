//! Drafts from the commits of teams and hosts, and from arbitrary ones.

use proptest::prelude::*;

use crate::core::tell::draft::draft;
use crate::core::words::{CommitId, Landed};

fn landed(messages: &[&str]) -> Vec<Landed> {
    let one = |(at, message): (usize, &&str)| {
        let (subject, body) = message.split_once('\n').unwrap_or((message, ""));
        Landed {
            id: CommitId::parse(&format!("{at:040x}")).unwrap(),
            parents: Vec::new(),
            committed: 0,
            subject: subject.to_owned(),
            body: body.trim().to_owned(),
        }
    };
    messages.iter().enumerate().map(one).collect()
}

/// Returns the titles of the draft from these messages, newest first.
fn of(messages: &[&str]) -> Vec<String> {
    let text = draft(&landed(messages));
    text.lines()
        .map(|line| line.strip_prefix("- ").unwrap().to_owned())
        .collect()
}

#[test]
fn squashed_pull_requests_make_a_line_each_without_their_numbers() {
    let eight = crate::core::tell::post::tests::example::eight();
    let subjects: Vec<String> = eight
        .ships
        .iter()
        .map(crate::core::words::Commit::subject_text)
        .collect();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    assert_eq!(
        of(&subjects),
        [
            "Fix malformed view variable in MapItems",
            "Floating UI: Add translations",
            "Floating UI: Move the legend into the side panel",
            "Always display flags on painpoints",
            "Floating UI: Keep the panel open between views",
            "Bump the map library to its latest patch release",
            "Floating UI: First cut behind a setting",
            "Remove the unused splash styles",
        ]
    );
}

#[test]
fn a_merged_pull_request_has_the_title_that_its_host_wrote() {
    for message in [
        "Merge pull request #12 from someone/branch\n\nDraw maps on a canvas",
        "Merge pull request #12 from someone/branch\n\n\n  Draw maps on a canvas (#12)  \n\nWhy so.",
        "Merge branch 'canvas' into 'main'\n\nDraw maps on a canvas\n\nCloses #3\n\nSee merge request team/maps!12",
        "Draw maps on a canvas (!12)",
    ] {
        assert_eq!(of(&[message]), ["Draw maps on a canvas"], "{message}");
    }
}

#[test]
fn what_is_no_pull_request_is_left_out() {
    let none = [
        "Draw maps",
        "Merge branch 'main' into feature",
        "Merge branch 'main'\n\nSee merge request of yesterday",
        "Merge pull request #12 from someone/branch",
        "fixup! Draw maps",
        "(#425)",
        "A word (#x)",
        "A call()",
        "Names #12 and (#13) inside",
        "Too large (#99999999999999999999)",
        "",
        "  ",
    ];
    assert_eq!(of(&none), [""; 0]);
    assert_eq!(draft(&[]), "");
}

#[test]
fn only_the_number_at_the_end_goes() {
    assert_eq!(
        of(&["Two (#3) (#4)", "fix(map): keep the zoom (#7)"]),
        ["Two (#3)", "fix(map): keep the zoom"]
    );
}

#[test]
fn equal_titles_are_told_once() {
    assert_eq!(
        of(&["Bump (#9)", "Draw (#10)", "Bump (#8)"]),
        ["Bump", "Draw"]
    );
}

#[test]
fn what_acts_on_a_terminal_is_made_visible_and_what_is_endless_cut() {
    assert_eq!(
        of(&["a\u{1b}[31m\u{202e}b\rc (#1)"]),
        ["a\\x1b[31m\\u202eb\\x0dc"]
    );
    let long = of(&[&format!("{} (#1)", "ü".repeat(1000))]);
    assert_eq!(long[0].chars().count(), 200);
    assert!(long[0].ends_with("ü…"), "{long:?}");
}

#[test]
fn a_hundred_lines_are_the_most() {
    let subjects: Vec<String> = (0..240)
        .map(|number| format!("Change {number} (#{number})"))
        .collect();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let titles = of(&subjects);
    assert_eq!(
        (titles.len(), titles[99].as_str(), titles[100].as_str()),
        (101, "Change 99", "and 140 more")
    );
    assert_eq!(of(&subjects[..100]).last().unwrap(), "Change 99");
}

#[test]
fn a_draft_never_is_too_long_for_a_post() {
    let subjects: Vec<String> = (0..90)
        .map(|number| format!("{number} {} (#{number})", "long ".repeat(30)))
        .collect();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let titles = of(&subjects);
    assert_eq!(
        titles.last().unwrap(),
        &format!("and {} more", 90 - (titles.len() - 1))
    );
    let length = titles
        .iter()
        .map(|title| title.chars().count() + 3)
        .sum::<usize>();
    assert!(
        (3_500..=crate::core::tell::draft::LONGEST).contains(&length),
        "{length}"
    );
}

proptest! {
    #[test]
    fn every_line_is_a_point_and_harmless(messages in proptest::collection::vec("\\PC{0,30}[\\x00-\\x1f\u{202e}]{0,2}( \\(#1\\))?(\n\nSee merge request a!1)?", 0..20)) {
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        let text = draft(&landed(&messages));
        prop_assert!(text.lines().count() <= messages.len());
        for line in text.lines() {
            prop_assert!(line.strip_prefix("- ").is_some_and(|title| !title.trim().is_empty()), "{line:?}");
            prop_assert!(!line.chars().any(crate::core::text::acts));
        }
    }
}
