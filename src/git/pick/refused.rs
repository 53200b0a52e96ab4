//! Why commits are not copied, and what to do then.

use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::CommitId;
use crate::git::pick::original::Original;
use crate::git::pick::{Program, Task};

/// How many files are named.
const NAMED: usize = 10;

impl Task<'_> {
    /// The same by hand, with a work tree in which a person can resolve.
    fn by_hand(&self) -> Hint {
        let picks: Vec<&str> = self.picks.iter().map(CommitId::for_link).collect();
        let (onto, picks) = (self.onto.for_link(), picks.join(" "));
        let copy = format!("git switch -c fix {onto} && git cherry-pick -x {picks}");
        let resolve = Typed::other("git add -u && git cherry-pick --continue");
        Hint::run("do it by hand", Typed::other(copy))
            .and(Hint::run("resolve what conflicts", resolve))
            .and(Hint::run("then", Typed::smp("stage --fix fix")))
    }

    /// The commit below, in a sentence: the user knows the one that was named, and none of the copies.
    fn below(&self, top: &CommitId) -> String {
        let copies = if top == self.onto {
            ""
        } else {
            " with the picks before it"
        };
        format!("{}{copies}", self.onto.short())
    }
}

/// The change does not go onto what is below without a person. git names files as they lie from where the user stands.
pub fn conflict(task: &Task, top: &CommitId, pick: &Original, files: &[String]) -> Stop {
    let mut report = Report::new(format!(
        "{} conflicts with {}",
        pick.named(),
        task.below(top)
    ));
    for file in files.iter().take(NAMED) {
        report = report.because(format!("conflict in {file}"));
    }
    match files.len().saturating_sub(NAMED) {
        0 if files.is_empty() => {
            report = report.because("git names no file, so folders may have moved")
        }
        0 => {}
        more => report = report.because(format!("and {more} more")),
    }
    report
        .hint(task.by_hand())
        .refused(RefusalCode::PickConflict)
        .into()
}

/// The change makes no difference.
pub fn contained(task: &Task, top: &CommitId, pick: &Original) -> Stop {
    let report = Report::new(format!(
        "{} changes nothing on top of {}",
        pick.named(),
        task.below(top)
    ))
    .because("all of its change is there already");
    nothing(report, pick)
}

/// A merge.
pub fn merge(pick: &Original, parents: &[CommitId]) -> Stop {
    let report = Report::new(format!(
        "{} is a merge, which has no one change to copy",
        pick.named()
    ));
    let (first, id) = (
        parents.first().map(CommitId::for_link).unwrap_or_default(),
        pick.id.for_link(),
    );
    let log = Typed::other(format!("git log --oneline {first}..{id}"));
    let report = report.run("name the commits that it brought instead", log);
    report.refused(RefusalCode::NothingToPick).into()
}

/// The first commit of a history: git before 2.45 cannot merge it so, and nobody's fix is one.
pub fn first(pick: &Original) -> Stop {
    let report = Report::new(format!(
        "{} has no parent, so it has no change to copy",
        pick.named()
    ));
    nothing(report, pick)
}

/// A commit at the edge of a shallow clone.
pub fn cut_off(pick: &Original) -> Stop {
    Refusal::new(RefusalCode::Shallow, "this clone is shallow")
        .because(format!(
            "the parent of {} is not here, so nobody can tell what it changed",
            pick.named()
        ))
        .run("fetch the rest", Typed::other("git fetch --unshallow"))
        .into()
}

fn nothing(report: Report, pick: &Original) -> Stop {
    let show = Typed::other("git show").arg(pick.id.for_link());
    let report = report.run("leave it out; to look at it", show);
    report.refused(RefusalCode::NothingToPick).into()
}

/// git does not know what is asked of it: `git merge-tree --merge-base` came with 2.40.
pub fn too_old(task: &Task, program: &Program) -> Stop {
    let version = program
        .read("git has no version", ["--version"])
        .unwrap_or_default();
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    let report = Report::new("to copy commits, git 2.40 or later is needed")
        .because(format!("this is {version}"));
    Stop::Failed(report.hint(task.by_hand()))
}
