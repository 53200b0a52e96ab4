//! Copies of a commit on another branch, as `git cherry-pick` makes them.

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::plumbing::HISTORY;

impl Repo {
    /// Returns a copy of `commit` in `tip`: `git rev-list --cherry-mark COMMIT...TIP ^COMMIT^@`. A merge has none.
    pub fn copy_in(&self, tip: &CommitId, commit: &CommitId) -> Result<Option<CommitId>, Stop> {
        let (both, before) = (format!("{commit}...{tip}"), format!("^{commit}^@"));
        let args = [
            "rev-list",
            "--no-merges",
            "--cherry-mark",
            "--left-right",
            &both,
            &before,
        ];
        let told = self.program.text(HISTORY, args)?;
        let same = told.lines().filter_map(|line| line.strip_prefix('='));
        let same: Vec<CommitId> = same.filter_map(CommitId::parse).collect();
        if same.iter().all(|one| one == commit) {
            return Ok(None);
        }
        // To git, two commits are equal here if only their white space differs, or if they change nothing.
        let patches = self.patches(same.iter().chain([commit]))?;
        let (own, mut same) = (patches.get(commit), same.into_iter());
        Ok(same.find(|one| own.is_some() && one != commit && patches.get(one) == own))
    }
}
