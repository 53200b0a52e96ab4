//! Drafts of histories as teams and hosts make them, and of any history at all.

mod anything;
mod requests;
mod takebacks;

use super::draft;
use crate::model::{CommitId, Landed};

/// A history to be, oldest first.
#[derive(Default)]
struct History {
    landed: Vec<Landed>,
}

impl History {
    /// Lands a commit on these, and gives its place.
    fn on(&mut self, parents: &[usize], message: &str) -> usize {
        let (subject, body) = message.split_once('\n').unwrap_or((message, ""));
        let (subject, body) = (subject.to_owned(), body.trim().to_owned());
        let parents = parents.iter().map(|&at| id(at)).collect();
        self.landed.push(Landed {
            id: id(self.landed.len()),
            parents,
            subject,
            body,
        });
        self.landed.len() - 1
    }

    /// Lands a commit on the one before.
    fn then(&mut self, message: &str) -> usize {
        let parents: Vec<usize> = self.landed.len().checked_sub(1).into_iter().collect();
        self.on(&parents, message)
    }

    /// Merges what these reach into the one before, as git says it.
    fn merge(&mut self, first: usize, other: usize, message: &str) -> usize {
        self.on(&[first, other], message)
    }

    /// The draft's titles, newest first.
    fn titles(&self) -> Vec<String> {
        let newest_first: Vec<Landed> = self.landed.iter().rev().cloned().collect();
        let text = draft(&newest_first);
        text.lines()
            .map(|line| line.strip_prefix("- ").unwrap().to_owned())
            .collect()
    }

    /// The draft of everything but the oldest so many, which ran before.
    fn titles_after(&self, before: usize) -> Vec<String> {
        History {
            landed: self.landed.iter().skip(before).cloned().collect(),
        }
        .titles()
    }
}

fn id(at: usize) -> CommitId {
    CommitId::parse(&format!("{:08x}", (at + 1) * 0x0100_0193).repeat(5)).unwrap()
}

/// The titles of a straight history of these, newest first.
fn of(subjects: &[&str]) -> Vec<String> {
    let mut history = History::default();
    for subject in subjects.iter().rev() {
        history.then(subject);
    }
    history.titles()
}

#[test]
fn eight_squash_merges_make_eight_lines_without_numbers() {
    let eight = crate::post::example::eight();
    let subjects: Vec<String> = eight
        .ships
        .iter()
        .map(crate::model::Commit::subject_text)
        .collect();
    let mut history = History::default();
    for subject in subjects.iter().rev() {
        history.then(subject);
    }
    let newest_first: Vec<Landed> = history.landed.into_iter().rev().collect();
    assert_eq!(
        draft(&newest_first),
        "- Fix malformed view variable in MapItems\n\
         - Floating UI: Add translations\n\
         - Floating UI: Move the legend into the side panel\n\
         - Always display flags on painpoints\n\
         - Floating UI: Keep the panel open between views\n\
         - Bump the map library to its latest patch release\n\
         - Floating UI: First cut behind a setting\n\
         - Remove the unused splash styles"
    );
}

#[test]
fn nothing_makes_no_text() {
    assert_eq!(draft(&[]), "");
    assert_eq!(
        of(&["Merge branch 'main'", "fixup! Draw maps", "", "  "]),
        [""; 0]
    );
}

#[test]
fn only_the_number_at_the_end_goes() {
    assert_eq!(
        of(&[
            "Title (#425)",
            "Other title (!12)",
            "Two (#3) (#4)",
            "Names #12 and (#13) inside",
            "(#425)",
            "A word (#x)",
            "fix(map): keep the zoom (#7)",
            "lower case stays",
            "A call()",
            "Too large (#99999999999999999999)",
        ]),
        [
            "Title",
            "Other title",
            "Two (#3)",
            "Names #12 and (#13) inside",
            "(#425)",
            "A word (#x)",
            "fix(map): keep the zoom",
            "lower case stays",
            "A call()",
            "Too large (#99999999999999999999)",
        ]
    );
}

#[test]
fn git_s_own_work_is_no_change() {
    let noise = [
        "Merge branch 'main' into feature",
        "Merge branches 'a' and 'b'",
        "Merge branch main",
        "Merge branch main into feature",
        "Merge remote-tracking branch 'origin/main'",
        "Merge remote-tracking branch origin/main",
        "Merge tag 'v1.2'",
        "Merge commit '0123abc'",
        "Merge pull request #12 from someone/branch",
        "fixup! Draw maps",
        "squash! Draw maps",
        "amend! Draw maps",
    ];
    assert_eq!(of(&noise), [""; 0]);
    let changes = [
        "Merge tag filters into one list",
        "Merge the two sidebars",
        "Merged maps get a name",
        "Merge",
    ];
    assert_eq!(of(&changes), changes);
}

#[test]
fn a_merge_in_somebody_s_own_words_is_told_like_its_commits() {
    let mut history = History::default();
    let main = history.then("Old");
    let side = history.on(&[main], "Part of it");
    let merge = history.merge(main, side, "The new sidebar");
    history.merge(merge, side, "Merge sidebar once more");
    assert_eq!(history.titles_after(1), ["The new sidebar", "Part of it"]);
}

#[test]
fn equal_titles_are_told_once() {
    assert_eq!(
        of(&["Bump (#9)", "Draw", "Bump (#8)", "Bump"]),
        ["Bump", "Draw"]
    );
}

#[test]
fn what_acts_on_a_terminal_is_made_visible_and_what_is_endless_cut() {
    assert_eq!(
        of(&["a\u{1b}[31m\u{202e}b\rc"]),
        ["a\\x1b[31m\\u202eb\\x0dc"]
    );
    let long = of(&[&"ü".repeat(1000)]);
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
        .map(|number| format!("{number} {}", "long ".repeat(30)))
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
    assert!((3_500..=super::LONGEST).contains(&length), "{length}");
}
