//! Reverts as git and the hosts write them, and arbitrary histories.

use proptest::prelude::*;

use crate::core::reverts::*;

/// A growing history, oldest first.
#[derive(Default)]
struct Story {
    landed: Vec<Landed>,
}

impl Story {
    /// Adds a commit on these parents and returns its position.
    fn on(&mut self, parents: &[usize], message: &str) -> usize {
        let (subject, body) = message.split_once('\n').unwrap_or((message, ""));
        self.landed.push(Landed {
            id: id(self.landed.len()),
            parents: parents.iter().map(|&at| id(at)).collect(),
            committed: 0,
            subject: subject.to_owned(),
            body: body.trim().to_owned(),
        });
        self.landed.len() - 1
    }

    /// Adds a commit on the one before.
    fn then(&mut self, message: &str) -> usize {
        let parents: Vec<usize> = self.landed.len().checked_sub(1).into_iter().collect();
        self.on(&parents, message)
    }

    /// Returns the standing reverts, oldest first, each with the commits it reverts.
    fn standing(&self) -> Vec<(usize, Vec<usize>)> {
        let newest_first: Vec<Landed> = self.landed.iter().rev().cloned().collect();
        let place = |id: &CommitId| self.landed.iter().position(|one| one.id == *id).unwrap();
        let told = |(by, of): (CommitId, HashSet<CommitId>)| {
            let mut of: Vec<usize> = of.iter().map(place).collect();
            of.sort_unstable();
            (place(&by), of)
        };
        let mut all: Vec<_> = reverts(&newest_first).into_iter().map(told).collect();
        all.sort_unstable();
        all
    }
}

fn id(at: usize) -> CommitId {
    CommitId::parse(&format!("{:08x}", (at + 1) * 0x0100_0193).repeat(5)).unwrap()
}

fn by_hash(subject: &str, at: usize) -> String {
    format!("{subject}\n\nThis reverts commit {}.", id(at))
}

#[test]
fn a_revert_takes_back_what_it_names_by_hash_or_number() {
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
        &|_| {
            "Merge pull request #430 from someone/revert\n\nRevert \"Title\"\n\nReverts owner/repo#425".to_owned()
        },
    ];
    for message in messages {
        let mut history = Story::default();
        history.then("Keep (#424)");
        let original = history.then("Title (#425)");
        history.then("Between (#426)");
        let revert = history.then(&message(original));
        assert_eq!(
            history.standing(),
            [(revert, vec![original])],
            "{}",
            message(original)
        );
    }
}

#[test]
fn what_is_no_revert_as_a_whole_or_names_nothing_that_landed_takes_nothing_back() {
    let mut history = Story::default();
    let one = history.then("One (#1)");
    for message in [
        format!(
            "Rework it (#2)\n\n* Revert \"One (#1)\"\n\nThis reverts commit {}.\n\n* Better",
            id(one)
        ),
        "Revert \"One\"".to_owned(),
        "Revert to serif".to_owned(),
        "Revert \"Older (#7)\" (#8)".to_owned(),
        format!("Go back\n\nThis reverts commit {}.", &id(one).as_str()[..6]),
        format!("Sort maps\n\nThis does not revert commit {}.", id(one)),
        format!("Merge branch 'x'\n\nThis reverts commit {}.", id(one)),
        by_hash("Revert it", 100),
    ] {
        history.then(&message);
        assert_eq!(history.standing(), [], "{message}");
    }
}

#[test]
fn several_at_once_are_taken_back() {
    let mut history = Story::default();
    let (one, two) = (history.then("One"), history.then("Two"));
    let both = format!(
        "Revert both\n\nThis reverts commits {} and\n{}.",
        id(one),
        id(two)
    );
    let revert = history.then(&both);
    assert_eq!(history.standing(), [(revert, vec![one, two])]);
}

#[test]
fn a_revert_stands_until_another_that_stands_takes_it_back() {
    let mut history = Story::default();
    let bad = history.then("Draw maps");
    assert_eq!(history.standing(), []);
    let once = history.then(&by_hash("Revert \"Draw maps\"", bad));
    assert_eq!(history.standing(), [(once, vec![bad])]);
    let twice = history.then(&by_hash("Reapply \"Draw maps\"", once));
    assert_eq!(history.standing(), [(twice, vec![once])]);
    let thrice = history.then(&by_hash("Revert \"Reapply \"Draw maps\"\"", twice));
    assert_eq!(
        history.standing(),
        [(once, vec![bad]), (thrice, vec![twice])]
    );
}

#[test]
fn the_revert_of_a_merge_takes_back_what_the_merge_brought() {
    let mut history = Story::default();
    let old = history.then("Old");
    let wip = history.on(&[old], "wip");
    let main = history.on(&[old], "Somebody else's (#11)");
    let sync = history.on(&[wip, main], "Merge branch 'main' into canvas");
    let merge = history.on(
        &[main, sync],
        "Merge pull request #12 from someone/canvas\n\nDraw maps",
    );
    let message = format!(
        "Revert \"Draw maps\"\n\nThis reverts commit {}, reversing\nchanges made to {}.",
        id(merge),
        id(main)
    );
    let revert = history.then(&message);
    assert_eq!(history.standing(), [(revert, vec![wip, sync, merge])]);
    // A revert of the merge that brought the revert cancels it.
    let side = history.on(&[revert], "Reapply the maps\n\nReverts #99");
    let other = history.on(&[old], &by_hash("Go back", main));
    let merged = history.on(&[side, other], "Merge branch 'x'");
    history.then(&by_hash("Revert that", merged));
    assert!(history.standing().iter().all(|(by, _)| *by != other));
}

#[test]
fn a_hash_that_several_begin_with_takes_nothing_back() {
    let mut history = Story::default();
    for (at, tail) in ["1", "2"].into_iter().enumerate() {
        history.then(&format!("Change {tail}"));
        history.landed[at].id = CommitId::parse(&format!("abcdef0{}", tail.repeat(33))).unwrap();
    }
    history.then("Go back\n\nThis reverts commit abcdef0.");
    assert_eq!(history.standing(), []);
    let revert = history.then("Go back further\n\nThis reverts commit abcdef02.");
    assert_eq!(history.standing(), [(revert, vec![1])]);
}

#[test]
fn what_names_each_other_stands_nowhere() {
    let mut history = Story::default();
    history.then(&by_hash("Revert it", 1));
    history.then(&by_hash("Revert it", 0));
    assert_eq!(history.standing(), []);
}

/// Messages similar to those of git and the hosts, or arbitrary ones.
fn message() -> impl Strategy<Value = (String, String)> {
    let piece = prop_oneof![
        Just("Revert \"".to_owned()),
        Just("\"".to_owned()),
        Just(" (#1)".to_owned()),
        Just("Merge pull request #1 from a/b".to_owned()),
        Just("\n\nSee merge request a/b!1".to_owned()),
        Just("\n\nReverts a/b#1\n".to_owned()),
        (0_usize..20).prop_map(|at| format!("\n\nThis reverts commit {}.\n", id(at))),
        any::<String>(),
    ];
    let text = || proptest::collection::vec(piece.clone(), 0..4).prop_map(|pieces| pieces.concat());
    (text(), text())
}

/// Commits with arbitrary parents: later or earlier in the list, themselves, or unknown.
fn any_history() -> impl Strategy<Value = Vec<Landed>> {
    let commit = (proptest::collection::vec(0_usize..25, 0..4), message());
    proptest::collection::vec(commit, 0..20).prop_map(|commits| {
        let landed =
            |(at, (parents, (subject, body))): (usize, (Vec<usize>, (String, String)))| Landed {
                id: id(at),
                parents: parents.into_iter().map(id).collect(),
                committed: 0,
                subject,
                body,
            };
        commits.into_iter().enumerate().map(landed).collect()
    })
}

proptest! {
    #[test]
    fn no_revert_that_stands_was_taken_back_by_another_that_stands(landed in any_history()) {
        let standing = reverts(&landed);
        for (by, taken) in &standing {
            prop_assert!(!taken.is_empty());
            prop_assert!(standing.iter().all(|(_, others)| !others.contains(by)));
        }
    }
}
