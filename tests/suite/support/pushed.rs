//! A push from one folder to another, without the eight programs that git starts for it.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::refs;

/// Puts a commit of `clone` on a branch of a bare repository by force, and deploys it like the standard hook. Returns
/// false if git must do it: the repository has other hooks or settings, or objects are in packs.
pub fn in_files(clone: &Path, bare: &Path, branch: &str, commit: &str) -> bool {
    let Some(deploys) = is_plain(clone, bare, commit) else {
        return false;
    };
    if refs::in_files(bare)
        .get(branch)
        .is_some_and(|at| at == commit)
    {
        return true;
    }
    let lock = bare.join(format!("{branch}.lock"));
    let locked = (OpenOptions::new().write(true).create_new(true)).open(&lock);
    let Ok(mut locked) = locked else { return false };
    bring(&clone.join(".git/objects"), &bare.join("objects")).unwrap();
    writeln!(locked, "{commit}").unwrap();
    drop(locked);
    fs::rename(lock, bare.join(branch)).unwrap();
    if deploys {
        let line = format!("{commit}\n");
        let list = OpenOptions::new()
            .create(true)
            .append(true)
            .open(bare.join("deploys"));
        list.unwrap().write_all(line.as_bytes()).unwrap();
        let last = (OpenOptions::new().create(true).write(true).truncate(false))
            .open(bare.join("deployed"));
        last.unwrap().write_all(line.as_bytes()).unwrap();
    }
    true
}

/// Returns whether the standard hook deploys there, or `None` if a push may do anything else.
fn is_plain(clone: &Path, bare: &Path, commit: &str) -> Option<bool> {
    let objects = clone.join(".git/objects");
    let (folder, file) = commit.split_at_checked(2)?;
    let packs = fs::read_dir(objects.join("pack")).into_iter().flatten();
    let config = fs::read_to_string(bare.join("config")).ok()?;
    let is_known = objects.join(folder).join(file).is_file() && packs.count() == 0;
    let is_usual = bare.join("refs/heads").is_dir() && !bare.join("reftable").exists();
    if !is_known || !is_usual || config.contains("[receive]") || config.contains("[transfer]") {
        return None;
    }
    let mut deploys = false;
    for hook in fs::read_dir(bare.join("hooks"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = hook.file_name();
        // The hook of a test is a file; that of the template is a link.
        let is_standard = hook.file_type().ok()?.is_symlink();
        deploys |= name == OsStr::new("post-receive");
        if !is_standard || name == OsStr::new("pre-receive") {
            return None;
        }
    }
    Some(deploys)
}

/// Copies missing objects. Each appears in one step.
fn bring(from: &Path, to: &Path) -> io::Result<()> {
    for folder in fs::read_dir(from)?.flatten() {
        let name = folder.file_name();
        if name.len() != 2 {
            continue;
        }
        let there = to.join(&name);
        fs::create_dir_all(&there)?;
        for object in fs::read_dir(folder.path())?.flatten() {
            let place = there.join(object.file_name());
            if !place.exists() {
                let whole = there.join(format!("tmp_obj_{}", object.file_name().display()));
                fs::copy(object.path(), &whole)?;
                fs::rename(whole, place)?;
            }
        }
    }
    Ok(())
}
