//! Why commits are not copied, and what to do then.

use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::CommitId;
use crate::git::pick::original::Original;
use crate::git::pick::{Program, Task};

const NAMED: usize = 10;

impl Task<'_> {
    /// Returns the commands that copy by hand, in a work tree where a person can resolve conflicts.
    fn by_hand(&self) -> Hint {
        let picks: Vec<&str> = self.picks.iter().map(CommitId::for_link).collect();
        let (onto, picks) = (self.onto.for_link(), picks.join(" "));
        // The branch of an earlier fix may still exist.
        let branch = format!("fix-{}", self.onto.short());
        let copy = format!("git switch -c {branch} {onto} && git cherry-pick -x {picks}");
        let go_on = Typed::other("git add -u && git cherry-pick --continue");
        Hint::run("copy it by hand", Typed::other(copy))
            .and(Hint::run(
                "if there are conflicts, resolve them, then",
                go_on,
            ))
            .and(Hint::run("then", Typed::smp("stage --fix").arg(&branch)))
    }

    /// Names the commit below, for a sentence. The user knows the one that was named, and none of the copies.
    fn below(&self, top: &CommitId) -> String {
        match self.onto.short() {
            onto if top == self.onto => onto.to_owned(),
            onto => format!("{onto} with the earlier picks"),
        }
    }
}

/// Refuses a change that needs a person to merge it. git names the files relative to the current folder.
pub fn conflict(task: &Task, top: &CommitId, pick: &Original, files: &[String]) -> Stop {
    let (named, below) = (pick.named(), task.below(top));
    let mut report = Report::new(format!("{named} conflicts with {below}"));
    for file in files.iter().take(NAMED) {
        report = report.because(format!("conflict in {file}"));
    }
    if files.is_empty() {
        report = report.because("git names no file; folders may have moved");
    } else if files.len() > NAMED {
        report = report.because(format!("and {} more", files.len() - NAMED));
    }
    let refusal = report.hint(task.by_hand());
    refusal.refused(RefusalCode::PickConflict).into()
}

/// Refuses a change that has no effect.
pub fn contained(task: &Task, top: &CommitId, pick: &Original) -> Stop {
    let (named, below) = (pick.named(), task.below(top));
    Report::new(format!("{named} changes nothing on top of {below}"))
        .because("its change is already there")
        .run("leave out that commit; to look at it", show(pick))
        .refused(RefusalCode::NothingToPick)
        .into()
}

/// Refuses a merge, and the first commit of a history: git before 2.45 cannot merge it, and it is never a fix.
pub fn no_one_change(pick: &Original, parents: &[CommitId]) -> Stop {
    let named = pick.named();
    let report = match parents.first() {
        Some(first) => {
            let range = format!("{}..{}", first.for_link(), pick.id.for_link());
            let log = Typed::other(format!("git log --oneline {range}"));
            let what = format!("{named} is a merge, so it has no single change to copy");
            Report::new(what).run(
                "name the commits of this merge, not the merge itself; to list them",
                log,
            )
        }
        None => Report::new(format!(
            "{named} has no parent, so it has no change to copy"
        ))
        .run("leave out that commit; to look at it", show(pick)),
    };
    report.refused(RefusalCode::NothingToPick).into()
}

fn show(pick: &Original) -> Typed {
    Typed::other(format!("git show {}", pick.id.for_link()))
}

/// Refuses a commit at the edge of a shallow clone.
pub fn cut_off(pick: &Original) -> Stop {
    Refusal::new(RefusalCode::Shallow, "this clone is shallow")
        .because(format!(
            "the parent of {} is not here, so its change is unknown",
            pick.named()
        ))
        .run("fetch the rest", Typed::other("git fetch --unshallow"))
        .into()
}

/// Reports a git that does not know an option: `git merge-tree --merge-base` came with 2.40.
pub fn too_old(task: &Task, program: &Program) -> Stop {
    let version = program.text("git has no version", ["--version"]);
    let version = version.unwrap_or_default();
    let report = Report::new("to copy commits, git 2.40 or later is needed")
        .because(format!("this is {}", version.trim()));
    Stop::Failed(report.hint(task.by_hand()))
}
