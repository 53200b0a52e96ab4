//! Files whose contents are not in git but in Git LFS: what is pushed of them is a pointer of three lines.

use std::collections::BTreeSet;

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::plumbing::empty_tree;

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
///
/// # Errors
/// When a tree cannot be read, in git's own words.
pub fn count_new(repo: &Repo, from: Option<&CommitId>, to: &CommitId) -> Result<usize, Stop> {
    let is_kept_there = repo.program().run([
        "grep",
        "-q",
        "-F",
        "-e",
        "filter=lfs",
        to.as_str(),
        "--",
        ":(top,glob)**/.gitattributes",
    ])?;
    let names_a_server = || {
        repo.program()
            .run([
                "config",
                "--blob",
                &format!("{to}:.lfsconfig"),
                "--get",
                "lfs.url",
            ])
            .map(|out| out.status)
    };
    if !is_kept_there.status.success() || names_a_server()?.success() {
        return Ok(0);
    }
    let short = short_ones(repo, &new_blobs(repo, from, to)?)?;
    let mut count = 0;
    let all = repo.program().ask_as(
        WHAT,
        ["cat-file", "--batch"],
        short.join("\n").as_bytes(),
        &NO_DOWNLOAD,
    )?;
    let mut rest = all.as_slice();
    // Each is a line with its size at the end, then so many bytes, then a line's end.
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let size = rest.get(..end).and_then(|head| {
            std::str::from_utf8(head)
                .ok()?
                .rsplit(' ')
                .next()?
                .parse::<usize>()
                .ok()
        });
        let Some(text) = rest.get(end + 1..) else {
            break;
        };
        let size = size.unwrap_or(0);
        count += usize::from(
            BEGINNINGS
                .iter()
                .any(|beginning| text.starts_with(beginning))
                && size > 0,
        );
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
    let trees = [from.map_or(empty_tree(to), CommitId::as_str), to.as_str()];
    let args = [
        "diff-tree",
        "-r",
        "-z",
        "--raw",
        "--no-abbrev",
        "--no-renames",
    ]
    .into_iter()
    .chain(trees);
    let raw = repo.program().read(WHAT, args)?;
    // `:100644 100644 OLD NEW M`, then the file's name, each with a NUL.
    let new = |field: &[u8]| {
        let mut words = std::str::from_utf8(field)
            .ok()?
            .strip_prefix(':')?
            .split(' ')
            .skip(1);
        let (mode, name) = (words.next()?, words.nth(1)?);
        mode.starts_with("100").then(|| name.to_owned())
    };
    Ok(raw
        .split(|byte| *byte == 0)
        .step_by(2)
        .filter_map(new)
        .collect())
}

/// Those that are short enough for a pointer.
fn short_ones(repo: &Repo, blobs: &BTreeSet<String>) -> Result<Vec<String>, Stop> {
    let names: Vec<&str> = blobs.iter().map(String::as_str).collect();
    let format = ["cat-file", "--batch-check=%(objectname) %(objectsize)"];
    let sizes = repo
        .program()
        .ask_as(WHAT, format, names.join("\n").as_bytes(), &NO_DOWNLOAD)?;
    let short = |line: &str| {
        let (name, size) = line.split_once(' ')?;
        (size.parse::<u64>().ok()? < LONGEST).then(|| name.to_owned())
    };
    Ok(String::from_utf8_lossy(&sizes)
        .lines()
        .filter_map(short)
        .collect())
}
