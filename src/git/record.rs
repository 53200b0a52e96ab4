//! The record's objects: one commit per event, whose tree holds the state as one file. The library handles them if it
//! can, otherwise the `git` program. Objects of others are measured before they are read.

pub(super) mod form;
mod locked;
mod quick;

use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, StoredEvent};
use crate::git::Repo;
use crate::git::Unreadable;
use crate::git::advice;
use crate::git::config::GitConfig;
use crate::git::hashed;
use crate::git::program::failed;
use crate::git::secret::is_shared;

/// The ref with what this clone last saw of the record. It is no branch and no tag, and a plain push leaves it out.
pub const SEEN: &str = "refs/smp/seen";
/// The start of the refs that keep what was seen of the record on other refs, each named like it, without `refs/`.
const SEEN_ON: &str = "refs/smp/seen-on/";
/// The only file in the record's tree.
const FILE: &str = "state.json";
/// The largest state, in bytes: some thousand times what a team needs.
const LARGEST_STATE: u64 = 256 << 10;
const LARGEST_EVENT: u64 = 64 << 10;
const UNREADABLE_HERE: &str = "this clone's copy of the record cannot be read";

pub struct NewEvent<'a> {
    pub parent: Option<&'a CommitId>,
    pub state: &'a str,
    pub message: &'a str,
    /// The name and mail address of its author.
    pub by: (&'a str, &'a str),
    /// Its time, in seconds since 1970.
    pub at: i64,
    /// True if this clone's user signs it.
    pub signed: bool,
}

/// Returns the last event that this clone saw, and the state after it: `git for-each-ref`, then `git cat-file blob`.
///
/// # Errors
/// If it cannot be read. That differs from never having seen an event.
pub fn seen(repo: &Repo) -> Result<Option<(CommitId, Vec<u8>)>, Stop> {
    let Some(id) = seen_id(repo)? else {
        return Ok(None);
    };
    // It was measured before it was kept.
    let state = repo.either(
        |library| library.state_at(&id),
        || read_state(repo, UNREADABLE_HERE, &id),
    );
    let state = state.map_err(|stop| {
        let discard = Typed::other(format!("git update-ref -d {SEEN}"));
        stop.retold(|report| {
            report.run(
                "discard that copy (the next run reads the record again)",
                discard,
            )
        })
    })?;
    Ok(Some((id, state)))
}

fn read_state(repo: &Repo, what: &str, id: &CommitId) -> Result<Vec<u8>, Stop> {
    let file = format!("{id}:{FILE}");
    repo.program().read(what, ["cat-file", "blob", &file])
}

/// Returns the last event that this clone saw: `git for-each-ref refs/smp/seen`.
pub fn seen_id(repo: &Repo) -> Result<Option<CommitId>, Stop> {
    repo.either(|library| library.at(SEEN), || seen_id_by_program(repo))
}

fn seen_id_by_program(repo: &Repo) -> Result<Option<CommitId>, Stop> {
    let output = repo
        .program()
        .run(["for-each-ref", "--format=%(refname) %(objectname)", SEEN])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let id = text
        .lines()
        .find_map(|line| CommitId::parse(line.strip_prefix(SEEN)?.trim_start()));
    // git leaves a ref that it cannot read out of the list, with a warning.
    if id.is_none() && (!output.status.success() || !output.stderr.is_empty()) {
        let report = failed(UNREADABLE_HERE, &output.stderr);
        return Err(Stop::Failed(report.run(
            "discard that copy (the next run reads the record again)",
            Typed::other(format!("rm \"$(git rev-parse --git-path {SEEN})\"")),
        )));
    }
    Ok(id)
}

/// Follows a change of `record.ref` from `old` to `new`; `None` is no record. What was seen on one ref says nothing
/// about another. So it is put aside, and what was seen on the new ref earlier counts again: `git update-ref --stdin`.
pub fn turn(repo: &Repo, old: Option<&str>, new: Option<&str>) -> Result<(), Stop> {
    if old == new {
        return Ok(());
    }
    let (seen, back) = (seen_id(repo)?, new.map(kept_as));
    let back_at = match &back {
        Some(name) => at(repo, name)?,
        None => None,
    };
    let mut lines = String::new();
    match (old, &seen) {
        (Some(old), Some(id)) => lines += &format!("update {} {id}\n", kept_as(old)),
        // The ref on which it was seen is unknown, so the copy stays and is compared.
        (None, Some(_)) => return Ok(()),
        (_, None) => {}
    }
    match (back.zip(back_at), seen) {
        (Some((name, id)), _) => lines += &format!("update {SEEN} {id}\ndelete {name} {id}\n"),
        (None, Some(id)) => lines += &format!("delete {SEEN} {id}\n"),
        (None, None) => return Ok(()),
    }
    let what = "this clone's copy of the record cannot be moved to another ref";
    let args = ["update-ref", "--stdin"];
    repo.program().ask(what, args, lines.as_bytes()).map(drop)
}

/// Returns what this clone last saw of the record on an earlier `record.ref`, with the name of the ref that keeps it.
pub fn seen_elsewhere(repo: &Repo) -> Result<Option<(String, CommitId)>, Stop> {
    let by_program = || {
        let args = ["for-each-ref", "--sort=-committerdate", "--count=1"];
        let args = [&args[..], &["--format=%(refname) %(objectname)", SEEN_ON]].concat();
        let answer = repo.program().text(UNREADABLE_HERE, args)?;
        let one = answer.trim().split_once(' ');
        Ok(one.and_then(|(name, id)| Some((name.to_owned(), CommitId::parse(id)?))))
    };
    repo.either(|library| library.none_below(SEEN_ON), by_program)
}

/// Returns the name that keeps the copy of a record on this ref.
fn kept_as(reference: &str) -> String {
    format!("{SEEN_ON}{}", reference.trim_start_matches("refs/"))
}

/// Returns the ref of the record whose copy has this name.
pub fn kept_for(name: &str) -> String {
    name.replacen(SEEN_ON, "refs/", 1)
}

pub fn is_at(repo: &Repo, name: &str, id: &CommitId) -> bool {
    at(repo, name).is_ok_and(|at| at.as_ref() == Some(id))
}

/// Returns what a ref of this clone points to, through a symbolic ref, too.
pub(super) fn at(repo: &Repo, name: &str) -> Result<Option<CommitId>, Stop> {
    repo.either(|library| library.at(name), || at_by_program(repo, name))
}

fn at_by_program(repo: &Repo, name: &str) -> Result<Option<CommitId>, Stop> {
    let args = ["rev-parse", "--verify", "--quiet", name];
    let output = repo.program().run(args)?;
    Ok(CommitId::parse(
        String::from_utf8_lossy(&output.stdout).trim(),
    ))
}

/// Returns whether one event after the other leads back from `tip` to `seen`: `git rev-list --parents TIP ^SEEN`. A
/// merge does not, because it could leave out events that only its second parent has.
pub fn follows_on(repo: &Repo, seen: &CommitId, tip: &CommitId) -> Result<bool, Stop> {
    let by_program = || {
        let args = ["rev-list", "--parents", tip.as_str(), &format!("^{seen}")];
        let answer = repo.program().read("the record cannot be read", args)?;
        let answer = String::from_utf8_lossy(&answer);
        let mut at = tip.as_str();
        for line in answer.lines() {
            match line.split_once(' ') {
                Some((event, parent)) if event == at && !parent.contains(' ') => at = parent,
                _ => return Ok(false),
            }
        }
        Ok(at == seen.as_str())
    };
    repo.either(|library| library.follows_on(seen, tip), by_program)
}

/// Returns the state after an event whose objects are here: `git cat-file --batch-check`, then `git cat-file blob`.
///
/// # Errors
/// The inner error says why it is no event of a record. The outer one says that git cannot read.
pub fn state_at(repo: &Repo, id: &CommitId) -> Result<Result<Vec<u8>, String>, Stop> {
    repo.either(
        |library| library.state_at(id).map(Ok),
        || state_by_program(repo, id),
    )
}

fn state_by_program(repo: &Repo, id: &CommitId) -> Result<Result<Vec<u8>, String>, Stop> {
    let what = "the record cannot be read";
    let asked = format!("{id}\n{id}:{FILE}\n");
    let format = "--batch-check=%(objecttype) %(objectsize)";
    let answer = repo
        .program()
        .ask(what, ["cat-file", format], asked.as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let mut lines = answer.lines().map(|line| {
        let (kind, size) = line.rsplit_once(' ').unwrap_or((line, ""));
        (kind, size.parse::<u64>().unwrap_or(u64::MAX))
    });
    let is = match (lines.next(), lines.next()) {
        (Some((_, u64::MAX)), _) => "is not here".to_owned(),
        (Some((kind, _)), _) if kind != "commit" => format!("is a {kind}, not a commit"),
        (Some((_, size)), _) if size > LARGEST_EVENT => "is larger than any event".to_owned(),
        (_, Some((kind, _))) if kind != "blob" => format!("has no {FILE}"),
        (_, Some((_, size))) if size > LARGEST_STATE => "is larger than any state".to_owned(),
        _ => return read_state(repo, what, id).map(Ok),
    };
    Ok(Err(format!("{} {is}", id.short())))
}

/// Remembers what was seen of the record: `git update-ref refs/smp/seen NEW OLD`. Returns whether it was at `old`.
pub fn remember(repo: &Repo, new: &CommitId, old: Option<&CommitId>) -> Result<bool, Stop> {
    let note = "git smp: the record as it was seen";
    let is_shared = is_shared(repo.config()?);
    repo.either(
        |library| match is_shared {
            true => Err(Unreadable),
            false => library.moves(SEEN, new, old, note),
        },
        || {
            let none = "0".repeat(new.as_str().len());
            let (new, old) = (new.as_str(), old.map_or(none.as_str(), CommitId::as_str));
            let args = ["update-ref", "-m", note, SEEN, new, old];
            Ok(repo.program().run(args)?.status.success())
        },
    )
}

/// Writes an event's objects, which no ref points to yet: `git hash-object`, `git mktree`, `git commit-tree`.
///
/// # Errors
/// If they are larger than any reader accepts, or cannot be written, as on a full disk.
pub fn write(repo: &Repo, event: &NewEvent<'_>) -> Result<CommitId, Stop> {
    if event.state.len() as u64 > LARGEST_STATE {
        let report = Report::new("the record would be too large to read");
        let say = "close the candidate, which drops its verdicts";
        return Err(Stop::Failed(report.run(say, Typed::smp("postpone"))));
    }
    let (name, email) = event.by;
    // Two object names of 64 digits, two people, two dates, and the words around them.
    let size = (512 + 2 * (name.len() + email.len()) + event.message.len()) as u64;
    if size > LARGEST_EVENT {
        let report = Report::new("the event is too long for the record, so nothing was recorded");
        let (is, most) = (size >> 10, LARGEST_EVENT >> 10);
        let report = report.because(format!(
            "it would have {is} KiB, and an event may have at most {most}"
        ));
        return Err(Stop::Failed(report.hint("shorten the text")));
    }
    // The library ignores that a repository is shared: others could not use what it writes.
    let is_shared = is_shared(repo.config()?);
    repo.either(
        |library| match is_shared || event.signed {
            true => Err(Unreadable),
            false => library.write_event(event),
        },
        || write_by_program(repo, event),
    )
}

fn write_by_program(repo: &Repo, event: &NewEvent<'_>) -> Result<CommitId, Stop> {
    written_by_program(repo, event).map_err(|stop| match event.signed {
        true => unsigned(repo, event, stop),
        false => advice::once_corrected(stop),
    })
}

fn written_by_program(repo: &Repo, event: &NewEvent<'_>) -> Result<CommitId, Stop> {
    let what = "the event cannot be written here, so nothing was recorded";
    let (program, state) = (repo.program(), event.state.as_bytes());
    let blob = id(program.ask(what, ["hash-object", "-w", "--stdin"], state)?)?;
    let tree = format!("100644 blob {blob}\t{FILE}\n");
    let tree = id(program.ask(what, ["mktree"], tree.as_bytes())?)?;
    let mut args = vec!["-c", "i18n.commitEncoding=UTF-8"];
    args.extend(["-c", "commit.gpgSign=false", "commit-tree"]);
    args.extend(event.signed.then_some("-S"));
    args.extend([tree.as_str(), "-F", "-"]);
    if let Some(parent) = event.parent {
        args.extend(["-p", parent.as_str()]);
    }
    let date = format!("@{} +0000", event.at.max(0));
    let (name, email) = event.by;
    let who = [
        ("GIT_AUTHOR_NAME", name),
        ("GIT_AUTHOR_EMAIL", email),
        ("GIT_AUTHOR_DATE", &date),
        ("GIT_COMMITTER_NAME", name),
        ("GIT_COMMITTER_EMAIL", email),
        ("GIT_COMMITTER_DATE", &date),
    ];
    id(program.ask_as(what, args, event.message.as_bytes(), &who)?)
}

/// Explains why git cannot sign. The user's settings are the cause, unless git cannot write either (full disk).
fn unsigned(repo: &Repo, event: &NewEvent<'_>, stop: Stop) -> Stop {
    let plain = NewEvent {
        signed: false,
        ..*event
    };
    if let Err(stop) = write_by_program(repo, &plain) {
        return stop;
    }
    let error = "this clone cannot sign, and the record accepts only signed events";
    let words = Report::from(stop).because.into_iter();
    // gpg's lines for programs are mixed with those for people.
    let words = words.filter(|line| !line.starts_with("[GNUPG:]"));
    let words: Vec<String> = words.collect();
    let locked = locked::cure(repo, &words);
    let report = Report::new(error).causes(words);
    if let Some(cure) = locked {
        return report.hint(cure).refused(RefusalCode::NotVerified).into();
    }
    let ssh = Typed::other("git config gpg.format ssh");
    let key = Typed::other("git config user.signingKey ~/.ssh/id_ed25519.pub");
    report
        .run("with an ssh key", ssh)
        .run("", key)
        .run("then", Typed::smp("setup"))
        .refused(RefusalCode::NotVerified)
        .into()
}

fn id(answer: Vec<u8>) -> Result<CommitId, Stop> {
    CommitId::parse(String::from_utf8_lossy(&answer).trim())
        .ok_or_else(|| Stop::Failed(Report::new("git wrote an object and did not name it")))
}

/// Returns the name and mail address of this clone's user: `git var GIT_COMMITTER_IDENT`. git is asked only if it may
/// change or replace what `user.name` and `user.email` are.
pub fn identity(repo: &Repo) -> Result<(String, String), Stop> {
    if let Some(known) = repo.identity.get() {
        return Ok(known.clone());
    }
    let given = ["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    let is_given = (given.iter()).any(|name| repo.program().variable(name).is_some());
    let written = written_identity(repo.config()?).filter(|_| !is_given);
    if let Some(identity) = written {
        return Ok(repo.identity.get_or_init(|| identity).clone());
    }
    let what = "git does not know your name and email address; every event and every copied commit needs them";
    // The date does not matter here, so a bad one in the environment must not spoil the answer.
    let date = [("GIT_COMMITTER_DATE", "@0 +0000")];
    let answer = repo
        .program()
        .ask_as(what, ["var", "GIT_COMMITTER_IDENT"], b"", &date)
        .map_err(|stop| {
            let name = Typed::other("git config --global user.name").dots();
            let email = Typed::other("git config --global user.email").dots();
            stop.retold(|mut report| {
                report.because.truncate(1);
                report
                    .run("replace the dots with your name", name)
                    .run("and with your email address", email)
            })
        })?;
    let text = String::from_utf8_lossy(&answer);
    let person = text.rsplit_once('>');
    let (name, email) = person
        .and_then(|(person, _)| person.split_once(" <"))
        .ok_or_else(|| Stop::Failed(Report::new(what)))?;
    let identity = (name.to_owned(), email.to_owned());
    Ok(repo.identity.get_or_init(|| identity).clone())
}

/// Returns the configured name and mail address, if git takes them as they are: it removes some marks, at the ends and
/// inside.
fn written_identity(config: &GitConfig) -> Option<(String, String)> {
    let is_own = config.any(|key| matches!(key, "committer.name" | "committer.email"));
    let [name, email] = ["user.name", "user.email"].map(|key| {
        let value = config.get(key).filter(|_| !is_own)?;
        let has_marks = value.contains(|char: char| char.is_control() || "<>".contains(char));
        let ends = [value.chars().next()?, value.chars().next_back()?];
        (!has_marks && ends.iter().all(|end| end.is_alphanumeric())).then(|| value.to_owned())
    });
    name.zip(email)
}

/// Returns the latest `count` events up to this one, oldest first.
pub fn events(repo: &Repo, tip: &CommitId, count: u32) -> Result<Vec<StoredEvent>, Stop> {
    let line = hashed::line(repo, tip, (count, LARGEST_EVENT))?;
    let all = line.into_iter().rev();
    Ok(all.map(form::event).collect())
}

#[cfg(test)]
mod tests {
    use super::written_identity;
    use crate::git::config::GitConfig;

    #[test]
    fn git_is_asked_who_the_user_is_only_if_it_may_change_the_name() {
        let taken = |name: &str, more: &[(&str, &str)]| {
            let own = [("user.name", name), ("user.email", "ada@example.com")];
            written_identity(&GitConfig::of(&[&own, more].concat()))
        };
        for name in ["Ada Example", "Åse O'Neil 3", "a"] {
            let known = (name.to_owned(), "ada@example.com".to_owned());
            assert_eq!(taken(name, &[]), Some(known));
        }
        for name in [
            "", "Ada Jr.", " Ada", "Ada\nB", "A <b> c", "'Ada'", "A\u{7}b",
        ] {
            assert_eq!(taken(name, &[]), None, "{name:?}");
        }
        assert_eq!(taken("Ada", &[("committer.name", "Ben")]), None);
        assert_eq!(taken("Ada", &[("user.email", "")]), None);
        assert_eq!(written_identity(&GitConfig::of(&[])), None);
    }
}
