//! Any history with any messages.

use proptest::prelude::*;

use super::*;

/// Messages that are like those of git and the hosts, or like nothing at all.
fn message() -> impl Strategy<Value = (String, String)> {
    let piece = prop_oneof![
        Just("Revert \"".to_owned()),
        Just("Reapply \"".to_owned()),
        Just("\"".to_owned()),
        Just(" (#1)".to_owned()),
        Just(" (!2)".to_owned()),
        Just("Title".to_owned()),
        Just("Merge pull request #1 from a/b".to_owned()),
        Just("Merge branch 'a' into 'b'".to_owned()),
        Just("Merged in a (pull request #2)".to_owned()),
        Just("Merged PR 2: ".to_owned()),
        Just("fixup! ".to_owned()),
        Just("\n\nSee merge request a/b!1".to_owned()),
        Just("\n\nReverts a/b#1\n".to_owned()),
        (0_usize..20).prop_map(|at| format!("\n\nThis reverts commit {}.\n", id(at))),
        (0_usize..20).prop_map(|at| format!(
            "This reverts commit {}, reversing\nchanges",
            &id(at).as_str()[..33]
        )),
        any::<String>(),
    ];
    let text = || proptest::collection::vec(piece.clone(), 0..4).prop_map(|pieces| pieces.concat());
    (text(), text())
}

/// Commits with any parents: those that come later in the list, earlier, itself, and unknown ones.
fn history() -> impl Strategy<Value = Vec<Landed>> {
    let commit = (proptest::collection::vec(0_usize..25, 0..4), message());
    proptest::collection::vec(commit, 0..20).prop_map(|commits| {
        let landed =
            |(at, (parents, (subject, body))): (usize, (Vec<usize>, (String, String)))| Landed {
                id: id(at),
                parents: parents.into_iter().map(id).collect(),
                subject,
                body,
            };
        commits.into_iter().enumerate().map(landed).collect()
    })
}

proptest! {
    #[test]
    fn every_line_is_a_point_and_harmless(landed in history()) {
        let text = draft(&landed);
        prop_assert!(text.lines().count() <= landed.len());
        for line in text.lines() {
            prop_assert!(line.strip_prefix("- ").is_some_and(|title| !title.trim().is_empty()), "{line:?}");
            prop_assert!(!line.chars().any(crate::text::acts));
        }
    }
}
