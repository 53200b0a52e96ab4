//! Files whose contents are not in git but in Git LFS: what is pushed of them is a pointer of three lines.

use std::collections::BTreeSet;

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::plumbing::trees;

/// What a pointer begins with, in its present and its first form.
const BEGINNINGS: [&[u8]; 2] = [
    b"version https://git-lfs.github.com/spec/v1\n",
    b"version https://hawser.github.com/spec/v1\n",
];
/// No pointer is longer, in bytes.
const LONGEST: u64 = 1024;
/// A look at this must not become a download, where the clone has not all of its files.
const NO_DOWNLOAD: [(&str, &str); 1] = [("GIT_NO_LAZY_FETCH", "1")];
const WHAT: &str = "the files of Git LFS cannot be counted";

/// How many objects of Git LFS come with `to` that `from` has not, unless the repository names one LFS server for all of
/// its remotes. Where no file is kept there, that costs one child.
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
    let short = short_ones(repo, &new_blobs(repo, from, to)?)?;
    let all = cat_file(repo, "--batch", &short)?;
    let (mut count, mut rest) = (0, all.as_slice());
    // Each is a line with its size at the end, then so many bytes, then a line's end.
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (head, text) = rest.split_at(end);
        let text = text.get(1..).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        let size = head.rsplit(' ').next().and_then(|size| size.parse().ok());
        let size: usize = size.unwrap_or(0);
        let is_pointer = size > 0 && BEGINNINGS.iter().any(|start| text.starts_with(start));
        count += usize::from(is_pointer);
        rest = text.get(size + 1..).unwrap_or_default();
    }
    Ok(count)
}

/// The names of all files' contents that `to` has and `from` has not at the same place.
fn new_blobs(
    repo: &Repo,
    from: Option<&CommitId>,
    to: &CommitId,
) -> Result<BTreeSet<String>, Stop> {
    let fixed = "diff-tree -r -z --raw --no-abbrev --no-renames".split(' ');
    let raw = repo.program.read(WHAT, fixed.chain(trees(from, to)))?;
    // `:100644 100644 OLD NEW M`, then the file's name, each with a NUL.
    let fields = raw.split(|byte| *byte == 0).step_by(2);
    let new = fields.filter_map(|field| {
        let text = std::str::from_utf8(field).ok()?.strip_prefix(':')?;
        let mut words = text.split(' ').skip(1);
        let (mode, name) = (words.next()?, words.nth(1)?);
        mode.starts_with("100").then(|| name.to_owned())
    });
    Ok(new.collect())
}

/// Those that are short enough for a pointer.
fn short_ones(repo: &Repo, blobs: &BTreeSet<String>) -> Result<Vec<String>, Stop> {
    let sizes = cat_file(repo, "--batch-check=%(objectname) %(objectsize)", blobs)?;
    let sizes = String::from_utf8_lossy(&sizes);
    let short = sizes.lines().filter_map(|line| {
        let (name, size) = line.split_once(' ')?;
        (size.parse::<u64>().ok()? < LONGEST).then(|| name.to_owned())
    });
    Ok(short.collect())
}

fn cat_file<'a>(
    repo: &Repo,
    how: &str,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<Vec<u8>, Stop> {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    let (args, names) = (["cat-file", how], names.join("\n"));
    repo.program
        .ask_as(WHAT, args, names.as_bytes(), &NO_DOWNLOAD)
}
