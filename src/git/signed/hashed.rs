//! Objects that decide whose word counts, each hashed after it was read: git trusts a loose object's name.

use git2::{ObjectType, Oid};
use sha2::{Digest as _, Sha256};

use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::git::history::Library;
use crate::git::{Repo, Unreadable};

const UNREADABLE: &str = "an object of the main repository cannot be read";
/// The mode of a folder, and that of a submodule.
const FOLDER: &str = "40000";
const SUBMODULE: &str = "160000";

/// What signed a commit, by the first line of its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armour {
    Ssh,
    OpenPgp,
    /// Nothing that git smp takes for a signature.
    None,
}

impl Armour {
    /// That of a commit of this name.
    pub fn of(id: &CommitId, commit: &str) -> Self {
        let name = match id.as_str().len() {
            40 => "gpgsig",
            _ => "gpgsig-sha256",
        };
        match header(commit, name).next() {
            Some("-----BEGIN SSH SIGNATURE-----") => Self::Ssh,
            Some("-----BEGIN PGP SIGNATURE-----" | "-----BEGIN PGP MESSAGE-----") => Self::OpenPgp,
            _ => Self::None,
        }
    }
}

/// The values of one name in the header of a commit, of each its first line.
pub fn header<'a>(commit: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = commit.lines().take_while(|line| !line.is_empty());
    lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
}

pub fn commits<'a>(
    repo: &Repo,
    ids: impl Iterator<Item = &'a CommitId>,
) -> Result<Vec<String>, Stop> {
    let ids: Vec<&str> = ids.map(CommitId::as_str).collect();
    let read = objects(repo, ObjectType::Commit, &ids)?.into_iter();
    let text = read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(text.collect())
}

/// A file at a commit, and the name of its content; `None`: there is none.
///
/// # Errors
/// When it has more bytes than this.
pub fn file_at(
    repo: &Repo,
    commit: &CommitId,
    path: &str,
    most: u64,
) -> Result<Option<(String, Vec<u8>)>, Stop> {
    let commits = commits(repo, std::iter::once(commit))?;
    let tree = commits.first().and_then(|text| header(text, "tree").next());
    let Some(mut at) = tree.map(str::to_owned) else {
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
    let size = repo.either(|library| library.size(&at), || size_by_program(repo, &at))?;
    if size > most {
        let report = Report::new(format!("{path} of the main branch cannot be read"));
        let report = report.because(format!("it is larger than {} KiB", most >> 10));
        let hint = "make it smaller on the main branch";
        return Err(Stop::Failed(report.hint(hint)));
    }
    let content = object(repo, ObjectType::Blob, &at)?;
    Ok(Some((at, content)))
}

/// The mode and the name of what a tree has under this name. `digits`: as many as a name of an object has.
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

/// What these names stand for, in their order: `git cat-file --batch`.
///
/// # Errors
/// [`RefusalCode::NotVerified`] where one has another hash than its name.
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
    let why =
        "its file was damaged or written over, so nothing that it says of keys and events counts";
    let refusal = Refusal::new(RefusalCode::NotVerified, error).because(why);
    let fsck = Typed::other("git fsck --no-dangling");
    let say = "make a new clone; to see what else is wrong in this one";
    refusal.run(say, fsck).into()
}

/// The name that an object has by its content.
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
    /// What these names stand for, as it is stored.
    fn raw(&self, ids: &[&str]) -> Result<Vec<Vec<u8>>, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let all = ids.iter().map(|id| {
            let object = odb.read(Oid::from_str(id)?)?;
            Ok(object.data().to_vec())
        });
        all.collect()
    }

    fn size(&self, id: &str) -> Result<u64, Unreadable> {
        let repository = self.lock();
        Ok(repository.odb()?.read_header(Oid::from_str(id)?)?.0 as u64)
    }
}

fn size_by_program(repo: &Repo, id: &str) -> Result<u64, Stop> {
    let size = repo.program().read(UNREADABLE, ["cat-file", "-s", id])?;
    let size = String::from_utf8_lossy(&size).trim().parse();
    size.map_err(|_| Stop::Failed(Report::new(UNREADABLE)))
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

/// The first object of what git prints, and what follows it.
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
    fn the_armour_is_the_one_that_git_verifies() {
        let [short, long] = [40, 64].map(|length| CommitId::parse(&"a".repeat(length)).unwrap());
        let commit =
            |line: &str| format!("tree x\n{line}\n rest\n\ngpgsig -----BEGIN SSH SIGNATURE-----\n");
        let armour = |id: &CommitId, line: &str| Armour::of(id, &commit(line));
        let ssh = "-----BEGIN SSH SIGNATURE-----";
        assert_eq!(armour(&short, &format!("gpgsig {ssh}")), Armour::Ssh);
        assert_eq!(
            armour(&short, &format!("gpgsig-sha256 {ssh}")),
            Armour::None
        );
        assert_eq!(armour(&long, &format!("gpgsig-sha256 {ssh}")), Armour::Ssh);
        let pgp = "gpgsig -----BEGIN PGP SIGNATURE-----";
        assert_eq!(armour(&short, pgp), Armour::OpenPgp);
        for other in [
            "gpgsig -----BEGIN SIGNED MESSAGE-----",
            "author x",
            "gpgsig",
        ] {
            assert_eq!(armour(&short, other), Armour::None, "{other}");
        }
    }

    #[test]
    fn objects_have_the_names_that_git_gives_them() {
        let name = |digits| name_of(ObjectType::Blob, b"", digits).unwrap();
        assert_eq!(name(40), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        let long = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813";
        assert_eq!(name(64), long);
    }
}
