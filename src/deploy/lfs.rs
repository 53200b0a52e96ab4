//! What a plan says of files that are kept in Git LFS: a push alone does not bring them.

use crate::core::config::Config;
use crate::core::decide::{Plan, Step};
use crate::git::lfs;
use crate::session::Session;

/// Says of each push whose commit has files in Git LFS that their contents do not come along. What goes to the main
/// repository is there already.
pub fn warn(session: &Session<'_>, config: &Config, planned: &mut Plan) {
    let warning = |step: &Step| {
        let Step::Push {
            environment,
            remote,
            commit,
            expected,
            ..
        } = step
        else {
            return None;
        };
        if *remote == config.repository.remote {
            return None;
        }
        // A plan is no worse for it where that cannot be counted.
        let count = lfs::count_new(&session.repo, expected.as_ref(), commit)
            .ok()
            .filter(|count| *count > 0)?;
        let (files, are) = if count == 1 {
            ("file", "is")
        } else {
            ("files", "are")
        };
        Some(format!(
            "{count} {files} of this deploy {are} in Git LFS, and a push does not bring the contents to {environment}: \
             unless its build gets them elsewhere, first: git lfs push --all {remote} {commit}"
        ))
    };
    let warnings: Vec<String> = planned.steps.iter().filter_map(warning).collect();
    planned.warnings.extend(warnings);
}
