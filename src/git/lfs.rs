//! Files of Git LFS, whose contents are not in git: a push sends a pointer of three lines for each.

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::plumbing::trees;

/// The line of a pointer that differs for other contents.
const POINTER: &str = "-G^oid sha256:[0-9a-f]{64}$";
/// Keeps this look from downloading files that a partial clone lacks.
const NO_DOWNLOAD: [(&str, &str); 1] = [("GIT_NO_LAZY_FETCH", "1")];

/// Counts the files of Git LFS that `to` has and `from` lacks. Returns 0 if the repository names one LFS server for all
/// of its remotes. Without files in LFS, this costs one child process.
pub fn count_new(repo: &Repo, from: Option<&CommitId>, to: &CommitId) -> Result<usize, Stop> {
    let fixed = "grep -q -F -e filter=lfs".split(' ');
    let is_kept_there = fixed.chain([to.as_str(), "--", ":(top,glob)**/.gitattributes"]);
    if !repo.program.run(is_kept_there)?.status.success() {
        return Ok(0);
    }
    let file = format!("{to}:.lfsconfig");
    let server = ["config", "--blob", &file, "--get", "lfs.url"];
    if repo.program.run(server)?.status.success() {
        return Ok(0);
    }
    let fixed =
        "diff-tree -r -z --name-only --no-renames --no-ext-diff --no-textconv --diff-filter=AM";
    let args = fixed.split(' ').chain([POINTER]).chain(trees(from, to));
    let what = "the files of Git LFS cannot be counted";
    let names = repo.program.ask_as(what, args, b"", &NO_DOWNLOAD)?;
    Ok(names.iter().filter(|byte| **byte == 0).count())
}
