//! Objects that decide whose events count. Each is hashed after the read, because git trusts a loose object's name.

use std::collections::{HashMap, HashSet};

use git2::{ObjectType, Oid};
use sha2::{Digest as _, Sha256};

use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::git::history::Library;
use crate::git::{Repo, Unreadable};

const UNREADABLE: &str = "an object of the main repository cannot be read";
/// The modes of a folder and of a submodule in a tree.
const FOLDER: &str = "40000";
const SUBMODULE: &str = "160000";

/// Returns the values of a name in the header of a commit, the first line of each.
pub fn header<'a>(commit: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = commit.lines().take_while(|line| !line.is_empty());
    lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
}

pub fn commits<'a>(
    repo: &Repo,
    ids: impl Iterator<Item = &'a CommitId>,
) -> Result<Vec<Vec<u8>>, Stop> {
    let ids: Vec<&str> = ids.map(CommitId::as_str).collect();
    objects(repo, ObjectType::Commit, &ids)
}

fn text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes);
    text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The most bytes of a commit that are read and hashed.
const LARGEST: u64 = 32 << 20;

/// A commit of a line. If it is larger than asked for, `text` is its beginning.
pub struct LineCommit {
    pub commit: CommitId,
    pub text: String,
    pub is_large: bool,
}

impl LineCommit {
    fn of(commit: CommitId, bytes: &[u8], most: u64) -> Self {
        let kept = bytes.get(..usize::try_from(most).unwrap_or(usize::MAX));
        Self {
            commit,
            text: String::from_utf8_lossy(kept.unwrap_or(bytes)).into_owned(),
            is_large: kept.is_some_and(|kept| kept.len() < bytes.len()),
        }
    }
}

/// Returns `tip` and its first-parent ancestors, newest first, at most `count`, and at most `most` bytes of each.
///
/// # Errors
/// If a commit does not match its name, is too large, or has a first parent that is missing.
pub fn line(
    repo: &Repo,
    tip: &CommitId,
    (count, most): (u32, u64),
) -> Result<Vec<LineCommit>, Stop> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    repo.either(
        |library| library.line(tip, (count, most)),
        || line_by_program(repo, tip, (count, most)),
    )?
}

fn line_by_program(
    repo: &Repo,
    tip: &CommitId,
    (count, most): (usize, u64),
) -> Result<Result<Vec<LineCommit>, Stop>, Stop> {
    let program = repo.program();
    let most_of_them = format!("--max-count={}", count.min(i32::MAX as usize));
    // Anybody may have written the commit-graph, which names the parents.
    let args = ["-c", "core.commitGraph=false", "rev-list", "--first-parent"];
    let args = args.into_iter().chain([&*most_of_them, tip.as_str(), "--"]);
    let told = program.read(UNREADABLE, args)?;
    let format = "--batch-check=%(objectname) %(objectsize)";
    let sizes = program.ask(UNREADABLE, ["cat-file", format], &told)?;
    let mut ids = Vec::new();
    for line in String::from_utf8_lossy(&sizes).lines() {
        let (id, size) = line.split_once(' ').unwrap_or((line, ""));
        let id = CommitId::parse(id).ok_or_else(|| Stop::Failed(Report::new(UNREADABLE)))?;
        let size = size.parse().unwrap_or(u64::MAX);
        if size > LARGEST {
            return Ok(Err(too_large(id.as_str())));
        }
        ids.push((id, size > most));
    }
    let usual = ids.iter().filter(|(_, is_large)| !is_large);
    let mut usual = commits(repo, usual.map(|(id, _)| id))?.into_iter();
    let links = ids.into_iter().map(|(id, is_large)| {
        let bytes = match is_large {
            false => usual.next(),
            true => Some(object(repo, ObjectType::Commit, id.as_str())?),
        };
        let bytes = bytes.ok_or_else(|| Stop::Failed(Report::new(UNREADABLE)))?;
        Ok(LineCommit::of(id, &bytes, most))
    });
    let links: Vec<LineCommit> = links.collect::<Result<_, Stop>>()?;
    for (nth, link) in links.iter().enumerate() {
        let before = links.get(nth + 1).map(|link| link.commit.as_str());
        let is_end = before.is_none() && links.len() == count;
        if !is_end && header(&link.text, "parent").next() != before {
            return Ok(Err(cut_off(&link.commit)));
        }
    }
    Ok(Ok(links))
}

impl Repo {
    /// Returns whether parents lead from one commit to another. git lists the commits between them, and bytes that match
    /// their names show whether that is true.
    pub fn leads_to(&self, from: &CommitId, to: &CommitId) -> Result<bool, Stop> {
        let behind = format!("^{to}");
        let args = [
            "-c",
            "core.commitGraph=false",
            "rev-list",
            "--ancestry-path",
        ];
        let args = args.into_iter().chain([from.as_str(), &behind, "--"]);
        let told = self.program.text(UNREADABLE, args)?;
        let ids: Vec<CommitId> = told.lines().filter_map(CommitId::parse).collect();
        let texts = commits(self, ids.iter())?.into_iter().map(text);
        let known: HashMap<CommitId, String> = ids.into_iter().zip(texts).collect();
        let (mut met, mut next) = (HashSet::new(), vec![from.clone()]);
        while let Some(id) = next.pop() {
            if id == *to {
                return Ok(true);
            }
            if let Some(text) = known.get(&id).filter(|_| met.insert(id.clone())) {
                next.extend(header(text, "parent").filter_map(CommitId::parse));
            }
        }
        Ok(false)
    }
}

fn too_large(id: &str) -> Stop {
    let report = Report::new(format!("the commit {id} is too large to be read"));
    Stop::Failed(report.because(format!("it has more than {} MiB", LARGEST >> 20)))
}

fn cut_off(commit: &CommitId) -> Stop {
    let error = "this clone has only a part of the record, so it is unknown which events count";
    let why = format!("what came before {} is cut off", commit.short());
    let refusal = Refusal::new(RefusalCode::NotVerified, error).because(why);
    let fetch = Typed::other("git fetch --unshallow");
    refusal.run("fetch the rest", fetch).into()
}

/// Returns a file at a commit, with the object name of its content; `None` if there is no such file.
///
/// # Errors
/// If the file has more than `most` bytes.
pub fn file_at(
    repo: &Repo,
    commit: &CommitId,
    path: &str,
    most: u64,
) -> Result<Option<(String, Vec<u8>)>, Stop> {
    let text = text(object(repo, ObjectType::Commit, commit.as_str())?);
    let Some(mut at) = header(&text, "tree").next().map(str::to_owned) else {
        return Err(wrong(commit.as_str()));
    };
    let mut is_folder = true;
    for part in path.split('/') {
        if !is_folder {
            return Ok(None);
        }
        let tree = object(repo, ObjectType::Tree, &at)?;
        match entry(&tree, part, at.len()) {
            Some((mode, id)) if mode != SUBMODULE => (is_folder, at) = (mode == FOLDER, id),
            _ => return Ok(None),
        }
    }
    if is_folder {
        return Ok(None);
    }
    let size = repo.either(
        |library| library.size(&at),
        || {
            let size = repo.program().text(UNREADABLE, ["cat-file", "-s", &at])?;
            (size.trim().parse()).map_err(|_| Stop::Failed(Report::new(UNREADABLE)))
        },
    )?;
    if size > most {
        let report = Report::new(format!("{path} of the main branch cannot be read"));
        let report = report.because(format!("it is larger than {} KiB", most >> 10));
        let hint = "make it smaller on the main branch";
        return Err(Stop::Failed(report.hint(hint)));
    }
    let content = object(repo, ObjectType::Blob, &at)?;
    Ok(Some((at, content)))
}

/// Returns the mode and the object name of a tree's entry. `digits` is the length of an object name.
fn entry(mut tree: &[u8], wanted: &str, digits: usize) -> Option<(String, String)> {
    loop {
        let end = memchr::memchr(0, tree)?;
        let (head, rest) = (tree.get(..end)?, tree.get(end + 1..)?);
        let (id, rest) = rest.split_at_checked(digits / 2)?;
        let blank = memchr::memchr(b' ', head)?;
        if head.get(blank + 1..)? == wanted.as_bytes() {
            let mode = String::from_utf8_lossy(head.get(..blank)?).into_owned();
            return Some((mode, hex(id)));
        }
        tree = rest;
    }
}

fn object(repo: &Repo, kind: ObjectType, id: &str) -> Result<Vec<u8>, Stop> {
    let one = objects(repo, kind, &[id])?.pop();
    one.ok_or_else(|| Stop::Failed(Report::new(UNREADABLE)))
}

/// Returns the contents of these objects, in this order: `git cat-file --batch`.
///
/// # Errors
/// [`RefusalCode::NotVerified`] if the hash of an object differs from its name.
fn objects(repo: &Repo, kind: ObjectType, ids: &[&str]) -> Result<Vec<Vec<u8>>, Stop> {
    let all = repo.either(|library| library.raw(ids), || by_program(repo, ids))?;
    let mut both = ids.iter().zip(&all);
    match both.find(|(id, bytes)| name_of(kind, bytes, id.len()).as_deref() != Some(**id)) {
        Some((id, _)) => Err(wrong(id)),
        None => Ok(all),
    }
}

fn wrong(id: &str) -> Stop {
    let error = format!("the object {id} in this clone has another hash than its name");
    let why = "its file was damaged or overwritten, so nothing in it counts";
    let refusal = Refusal::new(RefusalCode::NotVerified, error).because(why);
    let fsck = Typed::other("git fsck --no-dangling");
    let say = "make a new clone; to see what else is wrong in this one";
    refusal.run(say, fsck).into()
}

fn name_of(kind: ObjectType, bytes: &[u8], digits: usize) -> Option<String> {
    if digits == 40 {
        return Some(Oid::hash_object(kind, bytes).ok()?.to_string());
    }
    let mut hasher = Sha256::new();
    hasher.update(format!("{} {}\0", kind.str(), bytes.len()));
    hasher.update(bytes);
    Some(hex(&hasher.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Library {
    /// Returns the contents of these objects as they are stored.
    fn raw(&self, ids: &[&str]) -> Result<Vec<Vec<u8>>, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let all = ids.iter().map(|id| {
            let object = odb.read(Oid::from_str(id)?)?;
            Ok(object.data().to_vec())
        });
        all.collect()
    }

    /// Does what [`line()`] does. The inner error is that of [`line()`].
    fn line(
        &self,
        tip: &CommitId,
        (count, most): (usize, u64),
    ) -> Result<Result<Vec<LineCommit>, Stop>, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let (mut all, mut next) = (Vec::new(), Some(tip.clone()));
        while let Some(id) = next.filter(|_| all.len() < count) {
            let name = Oid::from_str(id.as_str())?;
            let (size, kind) = odb.read_header(name)?;
            if size as u64 > LARGEST {
                return Ok(Err(too_large(id.as_str())));
            }
            if kind != ObjectType::Commit {
                return Err(Unreadable);
            }
            let object = odb.read(name)?;
            if Oid::hash_object(kind, object.data())? != name {
                return Ok(Err(wrong(id.as_str())));
            }
            let link = LineCommit::of(id, object.data(), most);
            let parent = header(&link.text, "parent").next();
            next = parent
                .map(|id| CommitId::parse(id).ok_or(Unreadable))
                .transpose()?;
            all.push(link);
        }
        Ok(Ok(all))
    }

    fn size(&self, id: &str) -> Result<u64, Unreadable> {
        let repository = self.lock();
        Ok(repository.odb()?.read_header(Oid::from_str(id)?)?.0 as u64)
    }
}

fn by_program(repo: &Repo, ids: &[&str]) -> Result<Vec<Vec<u8>>, Stop> {
    let asked: String = ids.iter().flat_map(|id| [id, "\n"]).collect();
    let answer = (repo.program()).ask(UNREADABLE, ["cat-file", "--batch"], asked.as_bytes())?;
    let mut rest = answer.as_slice();
    let all = ids.iter().map(|id| {
        let (object, after) = next(rest).ok_or_else(|| {
            let report = Report::new(UNREADABLE);
            Stop::Failed(report.because(format!("{id} is not in this clone")))
        })?;
        rest = after;
        Ok(object.to_vec())
    });
    all.collect()
}

/// Returns the first object in git's output, and the rest of the output.
fn next(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', answer)?;
    let head = str::from_utf8(answer.get(..end)?).ok()?;
    let size = head.rsplit(' ').next()?.parse().ok()?;
    let (object, rest) = answer.get(end + 1..)?.split_at_checked(size)?;
    Some((object, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_names_that_git_gives_them() {
        let name = |digits| name_of(ObjectType::Blob, b"", digits).unwrap();
        assert_eq!(name(40), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        let long = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813";
        assert_eq!(name(64), long);
    }
}
