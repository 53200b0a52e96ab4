//! Signatures of events: git makes them with the user's own key, and git checks them, against the keys that a file of the
//! main branch names. What the user's configuration says of checking does not count: it is theirs alone.

mod keys;

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use crate::core::refusal::{Report, Stop};
use crate::core::words::{CommitId, SignatureCheck};
use crate::git::{Repo, lock};
use keys::Keys;

pub use keys::own_line;

/// The most bytes of a file that is read there.
const LARGEST: usize = 256 << 10;
/// What the checking programs are, whatever the user's configuration says: it could name one that is content with all.
const PROGRAMS: &str = "-c gpg.ssh.program=ssh-keygen -c gpg.program=gpg -c gpg.openpgp.program=gpg \
    -c gpg.minTrustLevel=undefined -c log.showSignature=false";
/// A commit, what git makes of its signature, whose it is, and its key by the fingerprints that git has for it.
const FORMAT: &str = "--format=tformat:%H%x00%G?%x00%GS%x00%GF%x00%GP%x00%ct";

/// The keys that count, as the main branch has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignersFile {
    /// The name of its content; of a file that is not there, none.
    pub blob: Option<String>,
    text: Vec<u8>,
}

impl SignersFile {
    /// Whether it names any key.
    pub fn names_somebody(&self) -> bool {
        let text = String::from_utf8_lossy(&self.text);
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// Its own line for the key that a line would be for: the last word of that is the key.
    pub fn line_of(&self, line: &str) -> Option<String> {
        let key = line.rsplit(' ').next()?;
        let text = String::from_utf8_lossy(&self.text);
        let mut lines = text.lines().map(str::trim).filter(|line| {
            let mut words = line.split_whitespace();
            !line.starts_with('#') && words.any(|word| word.eq_ignore_ascii_case(key))
        });
        lines.next().map(str::to_owned)
    }

    /// What the outcome for a commit is known by.
    fn key(&self, commit: &CommitId) -> (Option<String>, CommitId) {
        (self.blob.clone(), commit.clone())
    }
}

/// Reads the file of the keys at a commit of the main branch: `git cat-file blob MAIN:PATH`.
///
/// # Errors
/// When git cannot read it, or it is too large. One that is not there names nobody.
pub fn signers_at(repo: &Repo, main: &CommitId, path: &str) -> Result<SignersFile, Stop> {
    let found = content_at(repo, main, path)?;
    let (blob, text) = found.map_or((None, Vec::new()), |(id, text)| (Some(id), text));
    Ok(SignersFile { blob, text })
}

/// A file at a commit of the main branch; `None`: it has no such file.
pub fn file_at(repo: &Repo, main: &CommitId, path: &str) -> Result<Option<Vec<u8>>, Stop> {
    Ok(content_at(repo, main, path)?.map(|(_, text)| text))
}

/// The name of its content, and that.
type Content = Option<(String, Vec<u8>)>;

fn content_at(repo: &Repo, main: &CommitId, path: &str) -> Result<Content, Stop> {
    repo.either(
        |library| library.file_at(main, path, LARGEST as u64),
        || content_by_program(repo, main, path),
    )
}

fn content_by_program(repo: &Repo, main: &CommitId, path: &str) -> Result<Content, Stop> {
    let what = format!("{path} of the main branch cannot be read");
    let asked = format!("{main}:{path}\n");
    let check = [
        "cat-file",
        "--batch-check=%(objectname) %(objecttype) %(objectsize)",
    ];
    let answer = repo.program().ask(&what, check, asked.as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let words: Vec<&str> = answer.split_whitespace().collect();
    let [id, "blob", size] = words.as_slice() else {
        return Ok(None);
    };
    if size.parse().is_ok_and(|size: usize| size <= LARGEST) {
        let text = repo.program().read(&what, ["cat-file", "blob", id])?;
        return Ok(Some(((*id).to_owned(), text)));
    }
    let report = Report::new(what).because("it is larger than 256 KiB");
    Err(Stop::Failed(
        report.hint("make it smaller on the main branch"),
    ))
}

/// What git makes of the signatures of these commits, in any order. What was checked before in this run is known.
pub fn check(
    repo: &Repo,
    signers: &SignersFile,
    commits: &[CommitId],
) -> Result<Vec<(CommitId, SignatureCheck)>, Stop> {
    let known = lock(&repo.checked);
    let (mut all, mut rest) = (Vec::new(), Vec::new());
    for commit in commits {
        match known.get(&signers.key(commit)) {
            Some(known) => all.push((commit.clone(), known.clone())),
            None => rest.push(commit.clone()),
        }
    }
    drop(known);
    if rest.is_empty() {
        return Ok(all);
    }
    let fresh = check_now(repo, signers, &rest)?;
    let mut known = lock(&repo.checked);
    known.extend(
        fresh
            .iter()
            .map(|(commit, is)| (signers.key(commit), is.clone())),
    );
    all.extend(fresh);
    Ok(all)
}

/// Asks git, side by side where there are many: each check starts two programs.
fn check_now(
    repo: &Repo,
    signers: &SignersFile,
    commits: &[CommitId],
) -> Result<Vec<(CommitId, SignatureCheck)>, Stop> {
    let keys = Keys::of(&signers.text);
    let file = LaidOut::write(&repo.layout().common_dir, keys.ssh.as_bytes())?;
    let most = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(4);
    let each = commits.len().div_ceil(most).max(8);
    let answers = thread::scope(|scope| {
        let parts = commits.chunks(each);
        let parts = parts.map(|part| scope.spawn(|| check_part(repo, &keys, &file.path, part)));
        let parts: Vec<_> = parts.collect();
        let parts = parts.into_iter();
        let parts = parts.map(|part| part.join().unwrap_or_else(|_| Err(lost())));
        parts.collect::<Result<Vec<_>, _>>()
    })?;
    Ok(answers.concat())
}

fn lost() -> Stop {
    Stop::Failed(Report::new("checking signatures failed"))
}

fn check_part(
    repo: &Repo,
    keys: &Keys,
    file: &Path,
    commits: &[CommitId],
) -> Result<Vec<(CommitId, SignatureCheck)>, Stop> {
    let file = format!("gpg.ssh.allowedSignersFile={}", file.display());
    let args = PROGRAMS.split_whitespace().chain(["-c", &file]);
    let args = args.chain(["log", "--no-walk=unsorted", "--stdin", "--no-color", FORMAT]);
    let asked: String = commits.iter().map(|id| format!("{id}\n")).collect();
    let what = "the signatures of the record cannot be checked";
    let answer = repo.program().ask(what, args, asked.as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let mut told: Vec<(CommitId, SignatureCheck)> = Vec::new();
    for line in answer.lines() {
        let fields: Vec<&str> = line.split('\0').collect();
        if let [id, mark, signer, key, primary, at] = fields.as_slice()
            && let Some(id) = CommitId::parse(id)
        {
            told.push((
                id,
                judged(
                    keys,
                    (mark, signer),
                    (key, primary),
                    at.parse().unwrap_or(0),
                ),
            ));
        }
    }
    // What git says nothing of was not checked.
    let all = commits.iter().map(|id| {
        let is = told.iter().find(|(told, _)| told == id);
        (
            id.clone(),
            is.map_or(SignatureCheck::Unchecked, |(_, is)| is.clone()),
        )
    });
    Ok(all.collect())
}

/// What git's letter comes to. ssh's keys are in the file that git was given, so that a good one has its name there;
/// openpgp's are in everybody's own key ring, which proves nothing, so the file names those that count.
fn judged(
    keys: &Keys,
    (mark, signer): (&str, &str),
    (key, primary): (&str, &str),
    at: i64,
) -> SignatureCheck {
    let is_ssh = key.starts_with("SHA256:");
    match mark {
        "N" => SignatureCheck::Missing,
        "B" => SignatureCheck::Wrong,
        "G" if is_ssh && !signer.is_empty() => SignatureCheck::By(signer.to_owned()),
        "G" | "U" | "Y" if !is_ssh && !primary.is_empty() => match keys.principal_of(primary, at) {
            Some(principal) => SignatureCheck::By(principal.to_owned()),
            None => SignatureCheck::Unknown(primary.to_owned()),
        },
        "G" | "U" | "X" | "Y" | "R" if !key.is_empty() => SignatureCheck::Unknown(key.to_owned()),
        _ => SignatureCheck::Unchecked,
    }
}

/// A name that nothing else has.
fn random() -> String {
    let number = RandomState::new().hash_one((SystemTime::now(), std::process::id()));
    format!("{number:016x}")
}

/// The keys in a file for as long as git needs them. A run that is killed leaves one that a later run takes away.
struct LaidOut {
    path: PathBuf,
}

impl LaidOut {
    fn write(common_dir: &Path, text: &[u8]) -> Result<Self, Stop> {
        let own = common_dir.join("smp");
        let written = fs::create_dir_all(&own).and_then(|()| Self::in_folder(&own, text));
        // A clone that may only be read can be checked all the same.
        let written = written.or_else(|_| Self::in_folder(&std::env::temp_dir(), text));
        written.map_err(|error| {
            let report = Report::new("the signers cannot be written to a file for git");
            Stop::Failed(report.because(error.to_string()))
        })
    }

    fn in_folder(folder: &Path, text: &[u8]) -> io::Result<Self> {
        let name = format!("signers-{}.new", random());
        let path = folder.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let laid_out = Self { path };
        file.write_all(text)?;
        Ok(laid_out)
    }
}

impl Drop for LaidOut {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
