//! Signatures of events: git makes them with the user's own key, and git checks them, against the keys that a file of the
//! main branch names. What the user's configuration says of checking does not count: it is theirs alone.

mod hashed;
mod home;
mod keys;

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, SignatureCheck, StoredEvent};
use crate::git::{Repo, lock};
use hashed::Armour;
use home::GpgHome;
use keys::Keys;

pub use keys::own_line;

/// The most bytes of a file that is read there.
const LARGEST: u64 = 256 << 10;
/// What the checking programs are, whatever the user's configuration says: it could name one that is content with all, or
/// keys that are revoked. X.509 is not checked at all.
const PROGRAMS: &str = "-c gpg.ssh.program=ssh-keygen -c gpg.program=gpg -c gpg.openpgp.program=gpg \
    -c gpg.x509.program=/dev/null -c gpg.ssh.revocationFile= -c gpg.minTrustLevel=undefined \
    -c log.showSignature=false -c i18n.logOutputEncoding=UTF-8";
/// A commit, what git makes of its signature, whose it is, its key, and that by the fingerprint of its primary key.
const FORMAT: &str = "--format=tformat:%H%x00%G?%x00%GS%x00%GK%x00%GP%x00%ct";

/// The keys that count, as the main branch has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignersFile {
    /// The name of its content; of a file that is not there, none.
    pub blob: Option<String>,
    text: Vec<u8>,
}

impl SignersFile {
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

/// Reads the file of the keys at a commit of the main branch.
///
/// # Errors
/// When git cannot read it, it is too large, or this clone's copy is not what it is called. One that is not there names
/// nobody.
pub fn signers_at(repo: &Repo, main: &CommitId, path: &str) -> Result<SignersFile, Stop> {
    let found = hashed::file_at(repo, main, path, LARGEST)?;
    let (blob, text) = found.map_or((None, Vec::new()), |(id, text)| (Some(id), text));
    Ok(SignersFile { blob, text })
}

/// A file at a commit of the main branch; `None`: it has no such file.
pub fn file_at(repo: &Repo, main: &CommitId, path: &str) -> Result<Option<Vec<u8>>, Stop> {
    Ok(hashed::file_at(repo, main, path, LARGEST)?.map(|(_, text)| text))
}

/// Refuses events that this clone's objects do not hold, each with its parent as it names that itself.
///
/// # Errors
/// [`RefusalCode::NotVerified`].
pub fn are_genuine(repo: &Repo, events: &[StoredEvent]) -> Result<(), Stop> {
    let all = hashed::commits(repo, events.iter().map(|event| &event.commit))?;
    let mut before = None;
    for (event, commit) in events.iter().zip(&all) {
        let parent = hashed::header(commit, "parent").next();
        if parent != before {
            return Err(cut_off(&event.commit));
        }
        before = Some(event.commit.as_str());
    }
    Ok(())
}

fn cut_off(commit: &CommitId) -> Stop {
    let error = "this clone has only a part of the record, so nobody can say what counts";
    let why = format!("what came before {} is cut off", commit.short());
    let refusal = Refusal::new(RefusalCode::NotVerified, error).because(why);
    let fetch = Typed::other("git fetch --unshallow");
    refusal.run("bring the rest", fetch).into()
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
    let texts = hashed::commits(repo, commits.iter())?;
    let all = commits.iter().zip(&texts);
    let signed: Vec<(&CommitId, Armour)> =
        all.map(|(id, text)| (id, Armour::of(id, text))).collect();
    let keys = Keys::of(&signers.text);
    let home = match signed.iter().any(|(_, armour)| *armour == Armour::OpenPgp) {
        true => Some(GpgHome::with(repo.program(), &keys.fingerprints())?),
        false => None,
    };
    let file = LaidOut::write(&repo.layout().common_dir, keys.ssh.as_bytes())?;
    let (keys, place) = (&keys, (file.path.as_path(), home.as_ref()));
    let most = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(4);
    let each = commits.len().div_ceil(most).max(8);
    let answers = thread::scope(|scope| {
        let parts = signed.chunks(each);
        let parts = parts.map(|part| scope.spawn(move || check_part(repo, keys, place, part)));
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
    (file, home): (&Path, Option<&GpgHome>),
    commits: &[(&CommitId, Armour)],
) -> Result<Vec<(CommitId, SignatureCheck)>, Stop> {
    let file = format!("gpg.ssh.allowedSignersFile={}", file.display());
    let args = PROGRAMS.split_whitespace().chain(["-c", &file]);
    let args = args.chain(["log", "--no-walk=unsorted", "--stdin", "--no-color", FORMAT]);
    let asked: String = commits.iter().map(|(id, _)| format!("{id}\n")).collect();
    let what = "the signatures of the record cannot be checked";
    let home = home.map(|home| home.folder.to_string_lossy());
    let home = home.as_ref().map(|folder| ("GNUPGHOME", &**folder));
    let answer = (repo.program()).ask_as(what, args, asked.as_bytes(), home.as_slice())?;
    let answer = String::from_utf8_lossy(&answer);
    let mut told: HashMap<CommitId, Vec<&str>> = HashMap::new();
    for line in answer.lines() {
        let mut fields = line.split('\0');
        if let Some(id) = fields.next().and_then(CommitId::parse) {
            told.insert(id, fields.collect());
        }
    }
    let all = commits.iter().map(|(id, armour)| {
        let fields = told.get(*id).map(Vec::as_slice);
        (
            (*id).clone(),
            judged(keys, *armour, fields.unwrap_or_default()),
        )
    });
    Ok(all.collect())
}

/// What git's letter comes to, by the kind of the signature. ssh's keys are in the file that git was given, so that a good
/// one has its name there; openpgp's prove nothing by themselves, so the file names those that count.
fn judged(keys: &Keys, armour: Armour, told: &[&str]) -> SignatureCheck {
    // What git says nothing of was not checked.
    let [mark, signer, key, primary, at] = told else {
        return SignatureCheck::Unchecked;
    };
    let principal = match (armour, *mark) {
        (Armour::None, _) | (_, "N") => return SignatureCheck::Missing,
        (_, "B") => return SignatureCheck::Wrong,
        (Armour::Ssh, "G") if !signer.is_empty() => Some(*signer),
        (Armour::OpenPgp, "G" | "U" | "Y") => keys.principal_of(primary, at.parse().unwrap_or(0)),
        (_, "G" | "U" | "X" | "Y" | "R") => None,
        // There is no line that any key of openpgp could have.
        (Armour::OpenPgp, "E") if keys.fingerprints().is_empty() => None,
        _ => return SignatureCheck::Unchecked,
    };
    let key = [*primary, *key].into_iter().find(|key| !key.is_empty());
    match (principal, key) {
        (Some(principal), _) => SignatureCheck::By(principal.to_owned()),
        (None, Some(key)) => SignatureCheck::Unknown(key.to_owned()),
        (None, None) => SignatureCheck::Unchecked,
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
