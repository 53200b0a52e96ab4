//! Files whose contents are not in git but in Git LFS: what is pushed of them is a pointer of three lines.

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::plumbing::trees;

/// The line of a pointer that is another one for other contents.
const POINTER: &str = "-G^oid sha256:[0-9a-f]{64}$";
/// A look at this must not become a download, where the clone has not all of its files.
const NO_DOWNLOAD: [(&str, &str); 1] = [("GIT_NO_LAZY_FETCH", "1")];

/// How many files of Git LFS come with `to` that `from` has not, unless the repository names one LFS server for all of its
/// remotes. Where no file is kept there, that costs one child.
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
