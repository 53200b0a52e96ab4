//! A push from one folder to another, without the eight programs that git starts for it.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use git2::{ObjectType, Odb, Oid, Repository, Sort};

use super::refs;

/// Puts a commit of `clone` on a branch of a bare repository by force, and deploys it like the standard hook. Returns
/// false if git must do it: the repository has other hooks or settings, or names with 64 digits.
pub fn in_files(clone: &Path, bare: &Path, branch: &str, commit: &str) -> bool {
    let Some(deploys) = is_plain(bare, commit) else {
        return false;
    };
    if refs::in_files(bare)
        .get(branch)
        .is_some_and(|at| at == commit)
    {
        return true;
    }
    if bring(clone, bare, commit).is_err() {
        return false;
    }
    let lock = bare.join(format!("{branch}.lock"));
    let locked = (OpenOptions::new().write(true).create_new(true)).open(&lock);
    let Ok(mut locked) = locked else { return false };
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
fn is_plain(bare: &Path, commit: &str) -> Option<bool> {
    let config = fs::read_to_string(bare.join("config")).ok()?;
    let is_known = commit.len() == 40;
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

/// Writes the objects of a commit and of its ancestors that the other repository lacks, each after what it names.
fn bring(clone: &Path, bare: &Path, commit: &str) -> Result<(), git2::Error> {
    let [from, to] = [clone, bare].map(Repository::open);
    let (from, to) = (from?, to?);
    let (source, target) = (from.odb()?, to.odb()?);
    let mut walk = from.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
    walk.push(Oid::from_str(commit)?)?;
    for tip in refs::in_files(bare).values() {
        let tip = Oid::from_str(tip)?;
        if source.exists(tip) {
            walk.hide(tip)?;
        }
    }
    for commit in walk {
        let commit = from.find_commit(commit?)?;
        bring_tree(&from, (&source, &target), commit.tree_id())?;
        copy((&source, &target), commit.id())?;
    }
    Ok(())
}

fn bring_tree(
    from: &Repository,
    between: (&Odb<'_>, &Odb<'_>),
    tree: Oid,
) -> Result<(), git2::Error> {
    for entry in &from.find_tree(tree)? {
        match entry.kind() {
            Some(ObjectType::Tree) => bring_tree(from, between, entry.id())?,
            Some(ObjectType::Blob) => copy(between, entry.id())?,
            _ => {}
        }
    }
    copy(between, tree)
}

fn copy((source, target): (&Odb<'_>, &Odb<'_>), id: Oid) -> Result<(), git2::Error> {
    if !target.exists(id) {
        let object = source.read(id)?;
        target.write(object.kind(), object.data())?;
    }
    Ok(())
}
