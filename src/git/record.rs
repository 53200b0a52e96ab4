//! The record's objects: one commit an event, each with a tree that holds the state as one file. By the library where it
//! can, and by the `git` program, which knows every kind of repository. What others wrote is measured before it is read.

mod quick;

use crate::core::refusal::{Report, Stop};
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::history::{Gap, Library};
use crate::git::program::failed;
use crate::git::secret::is_shared;

/// Where this clone keeps what it saw of the record last. No branch, no tag, nothing that a plain push would take along.
pub const SEEN: &str = "refs/smp/seen";
/// The one file of the record's tree.
const FILE: &str = "state.json";
/// The most bytes of a state: some thousand times what a team needs.
pub const LARGEST_STATE: u64 = 256 << 10;
/// The most bytes of an event.
const LARGEST_EVENT: u64 = 64 << 10;

/// An event as it is to be written.
pub struct Draft<'a> {
    /// The event before it.
    pub parent: Option<&'a CommitId>,
    /// The state after it.
    pub state: &'a str,
    /// Its message.
    pub message: &'a str,
    /// Who writes it: name and mail address.
    pub by: (&'a str, &'a str),
    /// When, in seconds since 1970.
    pub at: i64,
}

impl Draft<'_> {
    /// How large its commit becomes, at most.
    fn size(&self) -> u64 {
        let (name, email) = self.by;
        // Two names of 64 digits, two people, two dates, and the words around them.
        (512 + 2 * (name.len() + email.len()) + self.message.len()) as u64
    }
}

/// An event as it was read.
pub struct Written {
    /// Who wrote it: name and mail address.
    pub by: (String, String),
    /// When, in seconds since 1970.
    pub at: i64,
    /// Its message.
    pub message: String,
}

/// The last event that this clone saw and the state after it: `git for-each-ref`, then `git cat-file blob`.
///
/// # Errors
/// When it cannot be read. That is not the same as never having seen any.
pub fn seen(repo: &Repo) -> Result<Option<(CommitId, Vec<u8>)>, Stop> {
    let what = "what this clone saw of the record cannot be read";
    let Some(id) = seen_id(repo)? else {
        return Ok(None);
    };
    let by_program = || {
        // It was measured before it was put there.
        repo.program()
            .read(what, ["cat-file", "blob", &format!("{id}:{FILE}")])
    };
    let state = repo.either(|library| library.state_at(&id), by_program);
    state
        .map(|state| Some((id, state)))
        .map_err(|stop| match stop {
            Stop::Failed(report) => Stop::Failed(report.hint(format!(
                "forget it, and read anew: git update-ref -d {SEEN}"
            ))),
            other => other,
        })
}

/// The last event that this clone saw: `git for-each-ref refs/smp/seen`.
///
/// # Errors
/// When the ref is broken.
pub fn seen_id(repo: &Repo) -> Result<Option<CommitId>, Stop> {
    repo.either(Library::seen_id, || seen_id_by_program(repo))
}

fn seen_id_by_program(repo: &Repo) -> Result<Option<CommitId>, Stop> {
    let output = repo
        .program()
        .run(["for-each-ref", "--format=%(refname) %(objectname)", SEEN])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let id = text
        .lines()
        .find_map(|line| CommitId::parse(line.strip_prefix(SEEN)?.trim_start()));
    // A ref that git cannot make sense of is left out of the list with a warning.
    if id.is_none() && (!output.status.success() || !output.stderr.is_empty()) {
        let report = failed(
            "what this clone saw of the record cannot be read",
            &output.stderr,
        );
        let forget = format!("rm \"$(git rev-parse --git-path {SEEN})\"");
        return Err(Stop::Failed(
            report.hint(format!("forget it, and read anew: {forget}")),
        ));
    }
    Ok(id)
}

/// The state after an event, whose objects are here: `git cat-file --batch-check`, then `git cat-file blob`.
///
/// # Errors
/// The inner error says why it is no event of a record; the outer one, that git cannot read.
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
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let mut lines = answer.lines().map(|line| {
        let (kind, size) = line.rsplit_once(' ').unwrap_or((line, ""));
        (kind.to_owned(), size.parse::<u64>().unwrap_or(u64::MAX))
    });
    let short = id.short();
    let found = |is: &str| format!("{short} {is}");
    match (lines.next(), lines.next()) {
        (Some((_, u64::MAX)), _) => return Ok(Err(found("is not here"))),
        (Some((kind, _)), _) if kind != "commit" => {
            return Ok(Err(found(&format!("is a {kind}, not a commit"))));
        }
        (Some((_, size)), _) if size > LARGEST_EVENT => {
            return Ok(Err(found("is larger than any event")));
        }
        (_, Some((kind, _))) if kind != "blob" => return Ok(Err(found(&format!("has no {FILE}")))),
        (_, Some((_, size))) if size > LARGEST_STATE => {
            return Ok(Err(found("holds more than any state")));
        }
        _ => {}
    }
    repo.program()
        .read(what, ["cat-file", "blob", &format!("{id}:{FILE}")])
        .map(Ok)
}

/// Remembers what was seen of the record: `git update-ref refs/smp/seen NEW OLD`. Says whether it was still at `old`.
///
/// # Errors
/// When git cannot be started.
pub fn remember(repo: &Repo, new: &CommitId, old: Option<&CommitId>) -> Result<bool, Stop> {
    let none = "0".repeat(new.as_str().len());
    let old = old.map_or(none.as_str(), CommitId::as_str);
    let args = [
        "update-ref",
        "-m",
        "git smp: the record as it was seen",
        SEEN,
        new.as_str(),
        old,
    ];
    Ok(repo.program().run(args)?.status.success())
}

/// Writes an event's objects, which nothing points to yet: `git hash-object`, `git mktree`, `git commit-tree`.
///
/// # Errors
/// When they cannot be written, as on a full disk.
pub fn write(repo: &Repo, draft: &Draft<'_>) -> Result<CommitId, Stop> {
    if draft.size() > LARGEST_EVENT {
        let report = Report::new("the event is too long for the record, so nothing was recorded");
        let report = report.because(format!(
            "it would have {} KiB, and an event may have {}",
            draft.size() >> 10,
            LARGEST_EVENT >> 10
        ));
        return Err(Stop::Failed(
            report.hint("say it in fewer words, and type the command again"),
        ));
    }
    // The library leaves what it writes to its writer alone.
    let is_shared = is_shared(repo.config()?);
    let by_library = |library: &Library| match is_shared {
        true => Err(Gap::Unreadable),
        false => library.write_event(draft),
    };
    repo.either(by_library, || write_by_program(repo, draft))
}

fn write_by_program(repo: &Repo, draft: &Draft<'_>) -> Result<CommitId, Stop> {
    let what = "the event cannot be written here, so nothing was recorded";
    let program = repo.program();
    let blob = id(program.ask(
        what,
        ["hash-object", "-w", "--stdin"],
        draft.state.as_bytes(),
    )?)?;
    let tree = id(program.ask(
        what,
        ["mktree"],
        format!("100644 blob {blob}\t{FILE}\n").as_bytes(),
    )?)?;
    let mut args = vec![
        "-c",
        "i18n.commitEncoding=UTF-8",
        "-c",
        "commit.gpgSign=false",
        "commit-tree",
    ];
    args.extend([tree.as_str(), "-F", "-"]);
    args.extend(
        draft
            .parent
            .into_iter()
            .flat_map(|parent| ["-p", parent.as_str()]),
    );
    let date = format!("@{} +0000", draft.at.max(0));
    let (name, email) = draft.by;
    let who = [
        ("GIT_AUTHOR_NAME", name),
        ("GIT_AUTHOR_EMAIL", email),
        ("GIT_AUTHOR_DATE", &date),
        ("GIT_COMMITTER_NAME", name),
        ("GIT_COMMITTER_EMAIL", email),
        ("GIT_COMMITTER_DATE", &date),
    ];
    id(program.ask_as(what, args, draft.message.as_bytes(), &who)?)
}

fn id(answer: Vec<u8>) -> Result<CommitId, Stop> {
    let text = String::from_utf8_lossy(&answer).into_owned();
    CommitId::parse(text.trim())
        .ok_or_else(|| Stop::Failed(Report::new("git wrote an object and did not name it")))
}

/// Who uses this clone, by name and mail address: `git var GIT_COMMITTER_IDENT`.
///
/// # Errors
/// When git does not know, in its own words.
pub fn identity(repo: &Repo) -> Result<(String, String), Stop> {
    if let Some(known) = repo.identity.get() {
        return Ok(known.clone());
    }
    let identity = ask_identity(repo)?;
    Ok(repo.identity.get_or_init(|| identity).clone())
}

fn ask_identity(repo: &Repo) -> Result<(String, String), Stop> {
    let what = "git does not know who you are, and everything on the record bears a name";
    // The date is not asked for, so whatever the environment says of it must not spoil the answer.
    let date = [("GIT_COMMITTER_DATE", "@0 +0000")];
    let answer =
        repo.program().ask_as(what, ["var", "GIT_COMMITTER_IDENT"], b"", &date).map_err(|stop| match stop {
            Stop::Failed(report) => {
                let because = report.because.into_iter().take(1).collect();
                let hint = "git config --global user.name 'Your Name'; git config --global user.email you@example.com";
                Stop::Failed(Report { error: report.error, because, hint: Some(hint.into()) })
            }
            other => other,
        })?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let person = text
        .rsplit_once('>')
        .and_then(|(person, _)| person.split_once(" <"));
    let (name, email) = person.ok_or_else(|| Stop::Failed(Report::new(what)))?;
    Ok((name.to_owned(), email.to_owned()))
}

/// Every event up to this one, oldest first: `git log --first-parent --reverse`.
///
/// # Errors
/// When git cannot read them.
pub fn events(repo: &Repo, tip: &CommitId) -> Result<Vec<Written>, Stop> {
    let args = [
        "-c",
        "log.showSignature=false",
        "-c",
        "i18n.logOutputEncoding=UTF-8",
        "log",
        "-z",
        "--first-parent",
        "--reverse",
        "--no-color",
        "--no-decorate",
        "--no-mailmap",
        "--no-notes",
        "--format=tformat:%an%n%ae%n%at%n%B",
        tip.as_str(),
        "--",
    ];
    let answer = repo.program().read("the record cannot be read", args)?;
    Ok(answer
        .split(|byte| *byte == 0)
        .filter_map(|entry| event(&String::from_utf8_lossy(entry)))
        .collect())
}

fn event(text: &str) -> Option<Written> {
    let mut fields = text.splitn(4, '\n');
    let by = (fields.next()?.to_owned(), fields.next()?.to_owned());
    Some(Written {
        by,
        at: fields.next()?.parse().unwrap_or(0),
        message: fields.next()?.to_owned(),
    })
}
