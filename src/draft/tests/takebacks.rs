//! Reverts, as git and the hosts write them.

use super::*;

fn by_hash(subject: &str, at: usize) -> String {
    format!("{subject}\n\nThis reverts commit {}.", id(at))
}

#[test]
fn a_revert_goes_with_what_it_reverts() {
    let revert_of = |message: &dyn Fn(usize) -> String| {
        let mut history = History::default();
        history.then("Keep (#424)");
        let original = history.then("Title (#425)");
        history.then("Between (#426)");
        history.then(&message(original));
        history.titles()
    };
    let short = |at: usize| id(at).as_str()[..9].to_owned();
    let messages: [&dyn Fn(usize) -> String; 10] = [
        &|at| by_hash("Revert \"Title (#425)\"", at),
        &|at| by_hash("Revert \"Title (#425)\" (#430)", at),
        &|at| by_hash("Take the title back for now", at),
        &|at| by_hash("revert: title", at),
        &|at| {
            format!(
                "Go back\n\nThis reverts commit {} (Title, 2022-03-02).",
                short(at)
            )
        },
        &|_| "Revert \"Title (#425)\" (#430)\n\nReverts owner/repo#425".to_owned(),
        &|_| "Revert the title (#430)\n\nIt broke.\n\nReverts #425.".to_owned(),
        &|_| "Revert \"Title\"\n\nThis reverts merge request !425".to_owned(),
        &|_| "Revert \"Title (#425)\" (#430)".to_owned(),
        &|_| "Revert \"Title\" (#430)".to_owned(),
    ];
    for message in messages {
        assert_eq!(revert_of(message), ["Between", "Keep"], "{}", message(1));
    }
}

#[test]
fn a_revert_of_what_ran_before_is_a_change() {
    let mut history = History::default();
    let old = history.then("Title (#425)");
    history.then("Title");
    let ways = [
        "Revert \"Title (#425)\" (#430)".to_owned(),
        by_hash("Revert \"Title\"", old),
    ];
    for message in ways.iter().chain([
        &by_hash("Go back to the old title", old),
        &"Revert to serif".to_owned(),
    ]) {
        history.then(message);
    }
    assert_eq!(
        history.titles_after(1),
        [
            "Revert to serif",
            "Go back to the old title",
            "Revert \"Title\"",
            "Revert \"Title (#425)\"",
            "Title"
        ]
    );
}

#[test]
fn a_revert_of_a_revert_leaves_the_original_in() {
    let mut history = History::default();
    let original = history.then("Title (#425)");
    let revert = history.then(&by_hash("Revert \"Title (#425)\" (#430)", original));
    let again = history.then(&by_hash("Reapply \"Title (#425)\" (#431)", revert));
    assert_eq!(history.titles(), ["Title"]);
    let last = history.then(&by_hash("Revert \"Reapply \"Title (#425)\"\"", again));
    assert_eq!(history.titles(), [""; 0]);
    history.then(&by_hash(
        "Revert \"Revert \"Reapply \"Title (#425)\"\"\"",
        last,
    ));
    assert_eq!(history.titles(), ["Title"]);
}

#[test]
fn the_same_by_nothing_but_subjects() {
    let subjects = ["Reapply \"Title\"", "Revert \"Title\"", "Title"];
    assert_eq!(of(&subjects), ["Title"]);
    assert_eq!(of(&subjects[1..]), [""; 0]);
    assert_eq!(
        of(&[
            "Revert \"Revert \"Title (#1)\" (#2)\" (#3)",
            "Revert \"Title (#1)\" (#2)",
            "Title (#1)"
        ]),
        ["Title"]
    );
    assert_eq!(
        of(&["Revert \"Bump\"", "Bump", "Revert \"Bump\"", "Bump", "Bump"]),
        ["Bump"]
    );
    assert_eq!(of(&["Title", "Revert \"Title\"", "Title"]), ["Title"]);
    assert_eq!(of(&["Reapply \"Title\""]), ["Reapply \"Title\""]);
}

#[test]
fn what_was_taken_back_twice_is_gone_with_both() {
    let mut history = History::default();
    let original = history.then("Title");
    history.then(&by_hash("Revert \"Title\"", original));
    history.then(&by_hash("Revert \"Title\"", original));
    assert_eq!(history.titles(), [""; 0]);
}

#[test]
fn several_at_once_go_and_the_revert_stays_where_one_ran_before() {
    let mut history = History::default();
    let old = history.then("Old");
    let one = history.then("One");
    let two = history.then("Two");
    history.then(&format!(
        "Revert both\n\nThis reverts commits {} and\n{}.",
        id(one),
        id(two)
    ));
    assert_eq!(history.titles_after(1), [""; 0]);
    history.landed.pop();
    history.then(&format!(
        "Revert both\n\nThis reverts commit {}.\nThis reverts commit {}.",
        id(old),
        id(two)
    ));
    assert_eq!(history.titles_after(1), ["Revert both", "One"]);
}

#[test]
fn work_that_takes_something_back_on_its_way_is_told() {
    let mut history = History::default();
    let one = history.then("One (#1)");
    history.then(&format!(
        "Rework it (#2)\n\n* Revert \"One (#1)\"\n\nThis reverts commit {}.\n\n* Better",
        id(one)
    ));
    assert_eq!(history.titles(), ["Rework it", "One"]);
}

/// A history whose second commit on a branch was merged so; gives the history and the places of main, branch and merge.
fn merged(message: &str) -> (History, [usize; 3]) {
    let mut history = History::default();
    let main = history.then("Old");
    let one = history.on(&[main], "wip");
    let two = history.on(&[one], "more wip");
    let merge = history.merge(main, two, message);
    (history, [main, two, merge])
}

fn of_merge(merge: usize, main: usize) -> String {
    let (merge, main) = (id(merge), id(main));
    format!(
        "Revert \"Merge it\"\n\nThis reverts commit {merge}, reversing\nchanges made to {main}."
    )
}

#[test]
fn a_revert_of_a_merge_takes_back_all_that_it_brought() {
    for message in [
        "Merge pull request #12 from someone/canvas\n\nDraw maps",
        "Merge branch 'canvas'",
        "Draw maps",
    ] {
        let (mut history, [main, _, merge]) = merged(message);
        history.then(&of_merge(merge, main));
        assert_eq!(history.titles_after(1), [""; 0], "{message}");
        history.then(&by_hash("Reapply \"Merge it\"", merge + 1));
        assert_ne!(history.titles_after(1), [""; 0], "{message}");
    }
}

#[test]
fn a_revert_may_be_a_pull_request_of_its_own() {
    let (mut history, [main, _, merge]) =
        merged("Merge pull request #12 from someone/canvas\n\nDraw maps");
    let revert = history.on(&[merge], &of_merge(merge, main));
    let merged = history.merge(
        merge,
        revert,
        "Merge pull request #13 from someone/revert-12\n\nTake the maps back",
    );
    assert_eq!(history.titles_after(1), [""; 0]);
    let message = format!(
        "Revert \"Take the maps back\"\n\nThis reverts commit {}, reversing\nchanges.",
        id(merged)
    );
    let again = history.on(&[merged], &message);
    history.merge(
        merged,
        again,
        "Merge pull request #14 from someone/revert-13\n\nMaps are back",
    );
    assert_eq!(history.titles_after(1), ["Draw maps"]);
}

#[test]
fn a_pull_request_that_reverts_by_its_title_or_number_does_so_too() {
    for title in [
        "Revert \"Draw maps\"",
        "Revert \"Draw maps\"\n\nReverts owner/repo#12",
    ] {
        let (mut history, [.., merge]) =
            merged("Merge pull request #12 from someone/canvas\n\nDraw maps");
        let revert = history.on(&[merge], "remove the canvas");
        history.merge(
            merge,
            revert,
            &format!("Merge pull request #13 from someone/revert\n\n{title}"),
        );
        assert_eq!(history.titles_after(1), [""; 0], "{title}");
    }
}

#[test]
fn a_request_of_which_a_part_was_taken_back_is_told() {
    let (mut history, [_, two, _]) =
        merged("Merge pull request #12 from someone/canvas\n\nDraw maps");
    history.then(&by_hash("Revert \"more wip\"", two));
    assert_eq!(history.titles_after(1), ["Draw maps"]);
    history.then(&by_hash("Revert \"wip\"", two - 1));
    assert_eq!(history.titles_after(1), [""; 0]);
}

#[test]
fn a_hash_that_several_begin_with_takes_nothing_back() {
    let mut history = History::default();
    for (at, tail) in ["1", "2"].into_iter().enumerate() {
        history.then(&format!("Change {tail}"));
        history.landed[at].id = CommitId::parse(&format!("abcdef0{}", tail.repeat(33))).unwrap();
    }
    history.then("Go back\n\nThis reverts commit abcdef0.");
    assert_eq!(history.titles(), ["Go back", "Change 2", "Change 1"]);
    history.then("Go back further\n\nThis reverts commit abcdef02.");
    assert_eq!(history.titles(), ["Go back", "Change 1"]);
}

/// The reverts that stand, oldest first, each with the oldest of what it took back.
fn standing(history: &History) -> Vec<(usize, usize)> {
    let newest_first: Vec<Landed> = history.landed.iter().rev().cloned().collect();
    let place = |commit: &CommitId| {
        history
            .landed
            .iter()
            .position(|one| one.id == *commit)
            .unwrap()
    };
    let told = |(by, of): (CommitId, std::collections::HashSet<CommitId>)| {
        (place(&by), of.iter().map(place).min().unwrap())
    };
    let mut all: Vec<(usize, usize)> = crate::draft::reverts(&newest_first)
        .into_iter()
        .map(told)
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn a_revert_stands_until_another_that_stands_takes_it_back() {
    let mut history = History::default();
    let bad = history.then("Draw maps");
    assert_eq!(standing(&history), []);
    let once = history.then(&by_hash("Revert \"Draw maps\"", bad));
    assert_eq!(standing(&history), [(once, bad)]);
    let twice = history.then(&by_hash("Reapply \"Draw maps\"", once));
    assert_eq!(standing(&history), [(twice, once)]);
    let thrice = history.then(&by_hash("Revert \"Reapply \"Draw maps\"\"", twice));
    assert_eq!(standing(&history), [(once, bad), (thrice, twice)]);
}

#[test]
fn the_revert_of_a_merge_takes_back_what_the_merge_brought() {
    let (mut history, [_, two, merge]) =
        merged("Merge pull request #12 from someone/canvas\n\nDraw maps");
    let revert = history.then(&by_hash("Revert \"Draw maps\"", merge));
    assert_eq!(standing(&history), [(revert, two - 1)]);
}

#[test]
fn a_subject_alone_is_no_revert_to_rely_on_and_what_names_each_other_stands_nowhere() {
    let mut history = History::default();
    history.then("Draw maps");
    history.then("Revert \"Draw maps\"");
    assert_eq!(standing(&history), []);
    let mut history = History::default();
    history.then(&by_hash("Revert it", 1));
    history.then(&by_hash("Revert it", 0));
    assert_eq!(standing(&history), []);
}
