//! Copies commits onto another commit, as `git cherry-pick -x` does, but outside of the work tree: nothing is checked
//! out, and no index and no ref is read or written. Only objects are created. The same copies by the same user are the
//! same commits, so a repeated run goes on with what an interrupted one made.
//!
//! The `git` program does this always: it merges as the user's own `git cherry-pick` would, and opens every repository.
//! The same settings of the clone apply: `merge.*`, `core.attributesFile` and `.git/info/attributes`. A merge driver
//! that is configured there runs, and git gives it temporary files at the top of the work tree. git can merge two moves
//! of a submodule only if that submodule is checked out.

mod message;
mod original;
mod refused;

use std::slice;

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::program::{Program, failed};
use crate::git::record::identity;
use original::Original;

/// git's exit code for an option that it does not know.
const USAGE: i32 = 129;

struct Task<'a> {
    onto: &'a CommitId,
    picks: &'a [CommitId],
}

impl Repo {
    /// Returns whether one of the last commits of `tip` is a copy of `pick`, by a copy's last line: `git log --grep`.
    pub fn is_copied(&self, pick: &CommitId, tip: &CommitId) -> Result<bool, Stop> {
        let line = format!("--grep=(cherry picked from commit {pick})");
        let fixed = "-c log.showSignature=false log -200 --fixed-strings --format=%H".split(' ');
        let args = fixed.chain([line.as_str(), tip.as_str(), "--"]);
        let found = self.program.read("git cannot read the history", args)?;
        Ok(!found.is_empty())
    }

    /// Builds a commit that is `onto` plus copies of `picks`, in this order: `git cherry-pick -x PICK...`. Without
    /// picks, this is `onto` itself.
    ///
    /// # Errors
    /// `pick-conflict`, `nothing-to-pick`, or `shallow` if a pick's parent is missing. A failure in git's own words if
    /// git is too old, knows no committer, or cannot read or write.
    pub fn pick(&self, onto: &CommitId, picks: &[CommitId]) -> Result<CommitId, Stop> {
        if picks.is_empty() {
            return Ok(onto.clone());
        }
        let task = Task { onto, picks };
        let program = &self.program;
        let all = [slice::from_ref(onto), picks].concat();
        let mut originals = original::read(program, &all)?.into_iter();
        let mut tree = originals.next().map(|below| below.tree);
        let originals: Vec<_> = originals.collect();
        // All that can be refused at once is refused before the first merge.
        let parents = originals.iter().map(|original| only_parent(self, original));
        let parents = parents.collect::<Result<Vec<_>, _>>()?;
        let (name, email) = identity(self)?;
        let committer = format!("{name} <{email}>");
        let mut top = onto.clone();
        for (original, parent) in originals.iter().zip(parents) {
            let merged = merge(program, &task, parent, &top, original)?;
            if tree.as_ref() == Some(&merged) {
                return Err(refused::contained(&task, &top, original));
            }
            top = write(program, &merged, &top, original, &committer)?;
            tree = Some(merged);
        }
        Ok(top)
    }
}

/// Returns the parent that a pick's change is computed from.
fn only_parent<'a>(repo: &Repo, original: &'a Original) -> Result<&'a CommitId, Stop> {
    match original.parents.as_slice() {
        // The commit names its parent even if a shallow clone does not have it.
        [parent] if repo.layout.shallow && !repo.has_commit(parent)? => {
            Err(refused::cut_off(original))
        }
        [parent] => Ok(parent),
        several => Err(refused::no_one_change(original, several)),
    }
}

/// Returns the tree with the change of `original` on top of another commit:
/// `git merge-tree --write-tree --name-only --no-messages -z --merge-base=PARENT TOP PICK`.
///
/// Attributes may say how a file is merged. `git cherry-pick` reads them from the checked-out commit, which is the one
/// below. For git 2.43 and later, `attr.tree` has this effect. git 2.40 to 2.42 ignore it and read the attributes of
/// the work tree. They know `GIT_ATTR_SOURCE`, but it makes their `merge-tree` crash.
fn merge(
    program: &Program,
    task: &Task,
    parent: &CommitId,
    top: &CommitId,
    original: &Original,
) -> Result<String, Stop> {
    let (attributes, base) = (format!("attr.tree={top}"), format!("--merge-base={parent}"));
    let fixed = "merge-tree --write-tree --name-only --no-messages -z".split(' ');
    let commits = [base.as_str(), top.as_str(), original.id.as_str()];
    let args = ["-c", &attributes].into_iter().chain(fixed).chain(commits);
    let output = program.run(args)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut names = text.split_terminator('\0').map(str::to_owned);
    match (output.status.code(), names.next()) {
        (Some(0), Some(tree)) => Ok(tree),
        (Some(1), Some(_)) => {
            let files: Vec<_> = names.collect();
            Err(refused::conflict(task, top, original, &files))
        }
        (Some(USAGE), _) => Err(refused::too_old(task, program)),
        _ => {
            let what = format!("git cannot copy {}", original.named());
            Err(Stop::Failed(failed(&what, &output.stderr)))
        }
    }
}

/// Writes the copy with `git hash-object -t commit -w --stdin`. `git commit-tree` trims authors' names (`Ada "the
/// Countess"` loses its last mark), accepts none that are empty, and changes odd time zones.
///
/// Author and message are the original's. The committer is the user, at the time when the original was committed, so
/// that nothing in the copy depends on when it is made. As in git, signatures and other extra headers are not copied.
fn write(
    program: &Program,
    tree: &str,
    parent: &CommitId,
    original: &Original,
    committer: &str,
) -> Result<CommitId, Stop> {
    let what = format!("the copy of {} cannot be written", original.named());
    let (author, when) = (&original.author, original.committed());
    let message = message::with_origin(&original.message, &original.id);
    let text = format!(
        "tree {tree}\nparent {parent}\nauthor {author}\ncommitter {committer} {when}\n\n{message}"
    );
    let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
    let printed = program.ask(&what, args, text.as_bytes())?;
    let id = CommitId::parse(String::from_utf8_lossy(&printed).trim_end());
    let unexpected = b"git hash-object printed something unexpected";
    id.ok_or_else(|| Stop::Failed(failed(&what, unexpected)))
}
