//! A commit of a whole work tree, without the two programs of git that make one.

use std::fs::{self, Metadata, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use git2::{Index, IndexEntry, IndexTime, Oid, Repository, Signature, Time};

use super::refs;

/// What may stand in a configuration without a change of what a commit is.
const PLAIN_USER: &str = "[user]\n\tname = Ada Example\n\temail = ada@example.com\n";

/// Any of these settings, in small letters, may change what a commit is.
const SETTINGS: [&str; 10] = [
    "[extensions",
    "[user",
    "[commit",
    "[i18n",
    "[include",
    "[filter",
    "[core]\n\tsparse",
    "hookspath",
    "crlf",
    "excludesfile",
];

/// Commits all files like `git add -A` and `git commit`, at `seconds` since 1970; returns the hash. Returns `None` if
/// git must do it, because a setting, a hook or a file of the repository may change the result.
pub fn in_files(folder: &Path, user: &Path, message: &str, seconds: i64) -> Option<String> {
    let git_dir = folder.join(".git");
    let branch = branch_of(&git_dir, user)?;
    let mut files = Vec::new();
    list(folder, folder, &mut files)?;
    let parent = refs::in_files(&git_dir).remove(&branch);
    let hash = commit(folder, &files, message, seconds, parent.as_deref()).ok()?;
    let lock = git_dir.join(format!("{branch}.lock"));
    fs::create_dir_all(lock.parent()?).ok()?;
    let mut locked = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&lock)
        .ok()?;
    writeln!(locked, "{hash}").unwrap();
    drop(locked);
    fs::rename(lock, git_dir.join(&branch)).unwrap();
    let kind = parent.as_ref().map_or("commit (initial)", |_| "commit");
    let old = parent.unwrap_or_else(|| "0".repeat(40));
    let subject = message.trim_start().lines().next().unwrap_or_default();
    let what = format!("{kind}: {}", subject.trim_end());
    let line = format!("{old} {hash} Ada Example <ada@example.com> {seconds} +0000\t{what}\n");
    for log in ["HEAD", &branch] {
        let log = git_dir.join("logs").join(log);
        fs::create_dir_all(log.parent()?).unwrap();
        let mut log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(log)
            .unwrap();
        log.write_all(line.as_bytes()).unwrap();
    }
    Some(hash)
}

/// Returns the branch that a plain commit moves; `None` if a commit may be more than that.
fn branch_of(git_dir: &Path, user: &Path) -> Option<String> {
    let user = fs::read_to_string(user).ok()?;
    let own = fs::read_to_string(git_dir.join("config")).ok()?;
    let others = user.strip_prefix(PLAIN_USER)?.to_lowercase() + &own.to_lowercase();
    let hooks = fs::read_dir(git_dir.join("hooks")).into_iter().flatten();
    let is_plain = !SETTINGS.iter().any(|setting| others.contains(setting))
        && hooks
            .flatten()
            .all(|hook| hook.file_name().to_string_lossy().starts_with("pre-"))
        && [
            "MERGE_HEAD",
            "CHERRY_PICK_HEAD",
            "info/exclude",
            "info/attributes",
        ]
        .iter()
        .all(|file| !git_dir.join(file).exists());
    let head = fs::read_to_string(git_dir.join("HEAD")).ok()?;
    let branch = head.strip_prefix("ref: ")?.trim_end();
    is_plain.then(|| branch.to_owned())
}

/// Lists the files of a work tree; `None` if there are rules about them, links, or other repositories.
fn list(top: &Path, folder: &Path, files: &mut Vec<(PathBuf, Metadata)>) -> Option<()> {
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let (name, path, data) = (entry.file_name(), entry.path(), entry.metadata().ok()?);
        if folder == top && name == ".git" {
            continue;
        }
        if name.to_string_lossy().starts_with(".git") || data.is_symlink() || files.len() > 50 {
            return None;
        }
        match data.is_dir() {
            true => list(top, &path, files)?,
            false => files.push((path.strip_prefix(top).unwrap().to_owned(), data)),
        }
    }
    Some(())
}

fn commit(
    folder: &Path,
    files: &[(PathBuf, Metadata)],
    message: &str,
    seconds: i64,
    parent: Option<&str>,
) -> Result<String, git2::Error> {
    let repository = Repository::open(folder)?;
    let mut index = repository.index()?;
    add_all(&mut index, folder, files)?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let parent = parent
        .map(|hash| repository.find_commit(Oid::from_str(hash)?))
        .transpose()?;
    let by = Signature::new("Ada Example", "ada@example.com", &Time::new(seconds, 0))?;
    let message = git2::message_prettify(message, None)?;
    let parents: Vec<_> = parent.iter().collect();
    let id = repository.commit(None, &by, &by, &message, &tree, &parents)?;
    index.write()?;
    Ok(id.to_string())
}

/// Makes the index equal to the work tree, as `git add -A` does.
fn add_all(
    index: &mut Index,
    folder: &Path,
    files: &[(PathBuf, Metadata)],
) -> Result<(), git2::Error> {
    let known: Vec<Vec<u8>> = index.iter().map(|entry| entry.path).collect();
    for path in known {
        let path = PathBuf::from(String::from_utf8_lossy(&path).into_owned());
        if !files.iter().any(|(file, _)| *file == path) {
            index.remove_path(&path)?;
        }
    }
    for (file, data) in files {
        let content = fs::read(folder.join(file)).unwrap();
        index.add_frombuffer(&entry(file, data), &content)?;
    }
    Ok(())
}

fn entry(file: &Path, data: &Metadata) -> IndexEntry {
    let time = |seconds: i64, rest: i64| IndexTime::new(seconds as i32, rest as u32);
    IndexEntry {
        ctime: time(data.ctime(), data.ctime_nsec()),
        mtime: time(data.mtime(), data.mtime_nsec()),
        dev: data.dev() as u32,
        ino: data.ino() as u32,
        mode: match data.mode() & 0o100 {
            0 => 0o100_644,
            _ => 0o100_755,
        },
        uid: data.uid(),
        gid: data.gid(),
        file_size: data.len() as u32,
        id: Oid::ZERO_SHA1,
        flags: 0,
        flags_extended: 0,
        path: file.to_str().unwrap().as_bytes().to_vec(),
    }
}
