//! Signatures of events. git signs with the user's own key, and checks against the keys in a file of the main branch.
//! The user's settings for checks do not count: other people do not have them.

mod keys;
mod laid_out;

use std::collections::HashMap;
use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use crate::core::refusal::{Report, Stop};
use crate::core::words::{CommitId, SignatureCheck};
use crate::git::program::Program;
use crate::git::record::form::{Armour, Form};
use crate::git::ssh::private_folder;
use crate::git::{Repo, hashed, lock};
use keys::Keys;
use laid_out::LaidOut;

pub use keys::own_line;

/// The largest file that is read from the main branch, in bytes.
const LARGEST: u64 = 256 << 10;
/// The last second of the year 9999, since 1970. For a later date, ssh-keygen ends before it has read all from git.
const LAST: i64 = 253_402_300_799;
/// The checking programs, whatever the user's configuration says: it could name a program that accepts everything, or a
/// file of revoked keys. X.509 is not checked at all.
const PROGRAMS: &str = "-c gpg.ssh.program=ssh-keygen -c gpg.program=gpg -c gpg.openpgp.program=gpg \
    -c gpg.x509.program=/dev/null -c gpg.ssh.revocationFile= -c gpg.minTrustLevel=undefined \
    -c log.showSignature=false -c i18n.logOutputEncoding=UTF-8";
/// The fields: the commit, git's verdict on its signature, the signer, the key, the fingerprint of the primary key, and
/// the words of the checking program.
const FORMAT: &str = "--format=tformat:%H%x00%G?%x00%GS%x00%GK%x00%GP%x00%GG";
const FIELDS: usize = 6;
/// ssh-keygen's words for a signature of other content. After any other failure, the signature may be good.
const INCORRECT: &str = "incorrect signature";

/// A signed commit, and what its bytes say about that.
struct Signed<'a> {
    id: &'a CommitId,
    raw: &'a [u8],
    armour: Armour,
    signature: String,
    /// The time for which the signature is checked.
    at: i64,
}

/// The keys that count, from the main branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignersFile {
    /// The object name of the file; `None` if there is no file.
    pub blob: Option<String>,
    text: Vec<u8>,
}

impl SignersFile {
    /// Returns the fingerprints of the openpgp keys that count.
    pub fn fingerprints(&self) -> Vec<String> {
        let keys = Keys::of(&self.text);
        keys.fingerprints().into_iter().map(str::to_owned).collect()
    }

    pub fn names_somebody(&self) -> bool {
        let text = String::from_utf8_lossy(&self.text);
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// Returns the file's own line with the key of `line`, which is the last word of `line`.
    pub fn line_of(&self, line: &str) -> Option<String> {
        let key = line.rsplit(' ').next()?;
        let text = String::from_utf8_lossy(&self.text);
        let mut lines = text.lines().map(str::trim).filter(|line| {
            let mut words = line.split_whitespace();
            !line.starts_with('#') && words.any(|word| word.eq_ignore_ascii_case(key))
        });
        lines.next().map(str::to_owned)
    }

    /// Returns whether a line has this name.
    pub fn has_name(&self, name: &str) -> bool {
        let text = String::from_utf8_lossy(&self.text);
        let mut all = text.lines().filter_map(keys::named);
        all.any(|(names, _)| {
            let mut names = names.trim_matches('"').split(',');
            names.any(|one| one.eq_ignore_ascii_case(name))
        })
    }

    /// Returns the key under which the result for a commit is kept.
    fn key(&self, commit: &CommitId) -> (Option<String>, CommitId) {
        (self.blob.clone(), commit.clone())
    }
}

/// Reads the signers file at a commit of the main branch. A missing file names nobody.
///
/// # Errors
/// If git cannot read the file, it is too large, or this clone's copy does not match its object name.
pub fn signers_at(repo: &Repo, main: &CommitId, path: &str) -> Result<SignersFile, Stop> {
    let found = hashed::file_at(repo, main, path, LARGEST)?;
    let (blob, text) = found.map_or((None, Vec::new()), |(id, text)| (Some(id), text));
    Ok(SignersFile { blob, text })
}

/// Returns a file at a commit of the main branch; `None` if it has no such file.
pub fn file_at(repo: &Repo, main: &CommitId, path: &str) -> Result<Option<Vec<u8>>, Stop> {
    Ok(hashed::file_at(repo, main, path, LARGEST)?.map(|(_, text)| text))
}

/// Returns git's verdicts on the signatures of these commits, in any order. Earlier results of this run are reused.
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

/// Lets git check what is signed, in parallel if there is much: each check starts two programs. git gets exactly the
/// bytes that match the names of the commits, in a folder with nothing else.
fn check_now(
    repo: &Repo,
    signers: &SignersFile,
    commits: &[CommitId],
) -> Result<Vec<(CommitId, SignatureCheck)>, Stop> {
    let raw = hashed::commits(repo, commits.iter())?;
    let (mut signed, mut answers) = (Vec::new(), Vec::new());
    for (id, raw) in commits.iter().zip(&raw) {
        match Form::of(id, &String::from_utf8_lossy(raw)) {
            Some(form) if form.committed > LAST => answers.push((id.clone(), SignatureCheck::Odd)),
            None => answers.push((id.clone(), SignatureCheck::Odd)),
            Some(form) if form.armour == Armour::None => {
                answers.push((id.clone(), SignatureCheck::Missing));
            }
            Some(form) => signed.push(Signed {
                id,
                raw,
                armour: form.armour,
                at: form.committed,
                signature: form.signature,
            }),
        }
    }
    let keys = Keys::of(&signers.text);
    let home = match signed.iter().any(|one| one.armour == Armour::OpenPgp) {
        true => Some(GpgHome::with(repo.program(), &keys.fingerprints())?),
        false => None,
    };
    let laid_out = LaidOut::new(&repo.layout().common_dir, &keys, &signed)?;
    let (keys, place) = (&keys, (&laid_out, home.as_ref()));
    let most = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(4);
    let each = signed.len().div_ceil(most).max(8);
    let told = thread::scope(|scope| {
        let parts = signed.chunks(each);
        let parts = parts.map(|part| scope.spawn(move || check_part(repo, keys, place, part)));
        let parts: Vec<_> = parts.collect();
        let parts = parts.into_iter();
        let lost = "checking signatures failed";
        let parts = parts
            .map(|part| (part.join()).unwrap_or_else(|_| Err(Stop::Failed(Report::new(lost)))));
        parts.collect::<Result<Vec<_>, _>>()
    })?;
    answers.extend(told.concat());
    Ok(answers)
}

fn check_part(
    repo: &Repo,
    keys: &Keys,
    (laid_out, home): (&LaidOut, Option<&GpgHome>),
    commits: &[Signed<'_>],
) -> Result<Vec<(CommitId, SignatureCheck)>, Stop> {
    let file = format!(
        "gpg.ssh.allowedSignersFile={}",
        laid_out.signers().display()
    );
    let args = PROGRAMS.split_whitespace().chain(["-c", &file]);
    let args = args.chain(["log", "-z", "--no-walk=unsorted", "--stdin"]);
    let args = args.chain(["--no-color", "--no-mailmap", "--no-notes", FORMAT]);
    let asked: String = commits.iter().map(|one| format!("{}\n", one.id)).collect();
    let what = "the signatures of the record cannot be checked";
    let objects = laid_out.objects();
    let objects = objects.to_string_lossy();
    let home = home.map(|home| home.folder.to_string_lossy());
    let home = home.as_ref().map(|folder| ("GNUPGHOME", &**folder));
    // git passes a commit's time to ssh as local time.
    let variables = [("GIT_OBJECT_DIRECTORY", &*objects), ("TZ", "UTC")];
    let variables: Vec<_> = variables.into_iter().chain(home).collect();
    let answer = (repo.program()).ask_as(what, args, asked.as_bytes(), &variables)?;
    let answer = String::from_utf8_lossy(&answer);
    let mut told: HashMap<CommitId, Vec<&str>> = HashMap::new();
    let fields: Vec<&str> = answer.split('\0').collect();
    for fields in fields.chunks_exact(FIELDS) {
        if let [id, rest @ ..] = fields
            && let Some(id) = CommitId::parse(id)
        {
            told.insert(id, rest.to_vec());
        }
    }
    let all = commits.iter().map(|one| {
        let fields = told.get(one.id).map(Vec::as_slice);
        let is = judged(keys, one, fields.unwrap_or_default());
        (one.id.clone(), is)
    });
    Ok(all.collect())
}

/// Interprets git's letter by the kind of the signature. For ssh, git was given the file of keys, so a good signature
/// has a name from it. A key of openpgp proves nothing by itself, so the file names those that count. A lack of memory,
/// disk space or programs gives no verdict: the signature may be good.
fn judged(keys: &Keys, one: &Signed<'_>, told: &[&str]) -> SignatureCheck {
    // A commit that git says nothing about was not checked.
    let [mark, signer, key, primary, words] = told else {
        return SignatureCheck::Unchecked(None);
    };
    let unchecked = || SignatureCheck::Unchecked(keys.fault(&one.signature, words));
    let principal = match (one.armour, *mark) {
        (Armour::OpenPgp, "B") => return SignatureCheck::Wrong,
        (Armour::Ssh, "B") if words.contains(INCORRECT) => return SignatureCheck::Wrong,
        (Armour::Ssh, "G") if !signer.is_empty() => Some(keys.person(signer)),
        (Armour::OpenPgp, "G" | "U" | "Y") => keys.principal_of(primary, one.at),
        (Armour::Ssh, "U") if keys.may_sign(&one.signature, one.at) => {
            return unchecked();
        }
        (_, "G" | "U" | "X" | "Y" | "R") => None,
        // The file has no line that any key of openpgp could match.
        (Armour::OpenPgp, "E") if keys.fingerprints().is_empty() => None,
        _ => return unchecked(),
    };
    let key = [*primary, *key].into_iter().find(|key| !key.is_empty());
    match (principal, key) {
        (Some(principal), _) => SignatureCheck::By(principal.to_owned()),
        (None, Some(key)) => SignatureCheck::Unknown(key.to_owned()),
        (None, None) => unchecked(),
    }
}

/// Options that ignore the file of options, and ask nobody.
const PLAIN: [&str; 3] = ["--no-options", "--batch", "--no-tty"];

/// A gpg home for one check. In the user's own home, a file of options could let a program forge gpg's words. It has the
/// keys that the signers file names, as far as the user's key ring has them, and nothing else.
struct GpgHome {
    folder: PathBuf,
}

impl GpgHome {
    fn with(program: &Program, fingerprints: &[&str]) -> Result<Self, Stop> {
        let folder = private_folder();
        let folder = folder.ok_or_else(|| {
            let report = Report::new("no folder can be made for the OpenPGP keys");
            Stop::Failed(
                report.hint("set TMPDIR to a folder with a short path that you may write to"),
            )
        })?;
        let home = Self { folder };
        let keys = home.folder.join("keys");
        if let Some(mut export) = program.other("gpg").filter(|_| !fingerprints.is_empty()) {
            let export = export.args(PLAIN).arg("--output").arg(&keys);
            let export = export.args(["--export-options", "no-export-attributes", "--export"]);
            // A key that the ring lacks cannot be checked, which shows later.
            let _ = export.args(fingerprints).output();
        }
        // Here gpg computes the fingerprints itself, whatever a key ring claims.
        if let Some(mut import) = program.other("gpg").filter(|_| keys.exists()) {
            let import = import.env("GNUPGHOME", &home.folder).args(PLAIN);
            let import = import.args(["--no-autostart", "--no-auto-check-trustdb", "--import"]);
            let _ = import.arg(&keys).output();
        }
        Ok(home)
    }
}

impl Drop for GpgHome {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
