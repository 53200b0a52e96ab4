//! Pull requests as the hosts merge them.

use super::*;

/// A pull request with two commits on top of the first commit, merged so.
fn merged(message: &str) -> Vec<String> {
    let mut history = History::default();
    let main = history.then("Old");
    let one = history.on(&[main], "wip");
    let two = history.on(&[one], "more wip");
    history.merge(main, two, message);
    history.titles_after(1)
}

#[test]
fn the_title_of_a_pull_request_stands_for_its_commits() {
    for message in [
        "Merge pull request #12 from someone/branch\n\nDraw maps on a canvas",
        "Merge pull request #12 from someone/branch\n\n\n  Draw maps on a canvas (#12)  \n\nWhy so.",
        "Merge branch 'canvas' into 'main'\n\nDraw maps on a canvas\n\nCloses #3\n\nSee merge request team/maps!12",
        "Merged in canvas (pull request #12)\n\nDraw maps on a canvas\n\nApproved-by: Rosi",
        "Merge pull request 'Draw maps on a canvas' (#12) from someone/canvas into main\n\nReviewed-on: here",
        "Merged PR 12: Draw maps on a canvas\n\nRelated work items: #3",
    ] {
        assert_eq!(merged(message), ["Draw maps on a canvas"], "{message}");
    }
}

#[test]
fn without_a_title_the_commits_speak() {
    for message in [
        "Merge pull request #12 from someone/branch",
        "Merge pull request #12 from someone/branch\n\nMerge branch 'main' into canvas",
        "Merge branch 'canvas' into 'main'",
        "Merge branch 'canvas' into 'main'\n\nSee merge request team/maps!12",
        "Merge branch 'canvas'\n\n# Conflicts:\n#\tmap.js",
        "Merged in canvas (pull request #12)\n\nApproved-by: Rosi",
        "Merge pull request '' (#12) from someone/canvas into main",
    ] {
        assert_eq!(merged(message), ["more wip", "wip"], "{message}");
    }
}

#[test]
fn what_a_branch_took_from_main_is_not_its_own() {
    let mut history = History::default();
    let old = history.then("Old");
    let wip = history.on(&[old], "wip");
    let main = history.on(&[old], "Somebody else's (#11)");
    let sync = history.merge(wip, main, "Merge branch 'main' into canvas");
    history.merge(
        main,
        sync,
        "Merge pull request #12 from someone/canvas\n\nDraw maps",
    );
    assert_eq!(history.titles_after(1), ["Draw maps", "Somebody else's"]);
}

#[test]
fn a_request_within_a_request_is_part_of_it() {
    let mut history = History::default();
    let old = history.then("Old");
    let part = history.on(&[old], "wip");
    let inner = history.merge(
        old,
        part,
        "Merge pull request #11 from someone/part\n\nDraw one map",
    );
    history.merge(
        old,
        inner,
        "Merge pull request #12 from someone/all\n\nDraw maps",
    );
    assert_eq!(history.titles_after(1), ["Draw maps"]);
}

#[test]
fn a_request_that_landed_without_its_merge_has_its_title_too() {
    assert_eq!(of(&["Merged PR 12: Draw maps"]), ["Draw maps"]);
    let mut history = History::default();
    history.then("Merge pull request #12 from someone/canvas\n\nDraw maps");
    assert_eq!(history.titles(), ["Draw maps"]);
}
