//! The basic types of the program, used everywhere. It imports nothing of the program except the refusal types.

mod arrival;
mod file;
mod release;
mod signature;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::refusal::Refusal;
use crate::core::typed::Typed;
pub use arrival::Arrival;
pub use file::SMP_TOML;
pub use release::{Coupling, PlatformWords, Release, ReleaseStatus, ServerCommands};
pub use signature::{SignatureCheck, StoredEvent};

/// git's settings for showing history, cached for the next run with everything that they depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownConfig {
    /// The files outside the repository that git would read, including missing ones.
    pub files: Vec<PathBuf>,
    /// The variables that choose the files, and the state of each file.
    pub seen: Vec<String>,
    pub entries: Vec<(String, String)>,
}

/// The full hash of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits, never abbreviated.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
pub struct CommitId(
    #[cfg_attr(test, schemars(regex(pattern = "^([0-9a-f]{40}|[0-9a-f]{64})$")))] String,
);

impl TryFrom<String> for CommitId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a full hash")
    }
}

impl CommitId {
    /// Parses a full hash in either case; `None` unless it is 40 or 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_lower = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match matches!(text.len(), 40 | 64) {
            // The form that git and the library write, for thousands of hashes at a time.
            true if text.bytes().all(is_lower) => Some(Self(text.to_owned())),
            is_full => (is_full && is_hash(text, 40)).then(|| Self(text.to_ascii_lowercase())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the eight digits for sentences.
    pub fn short(&self) -> &str {
        self.digits(8)
    }

    /// Returns the twelve digits for links, which stay unambiguous longer.
    pub fn for_link(&self) -> &str {
        self.digits(12)
    }

    fn digits(&self, count: usize) -> &str {
        self.0.get(..count).unwrap_or(&self.0)
    }
}

/// Returns whether a text may be a hash or a prefix of one with at least `least` digits.
pub fn is_hash(text: &str, least: usize) -> bool {
    (least..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the eight digits of a commit for a sentence, or "nothing".
pub fn short(commit: Option<&CommitId>) -> &str {
    commit.map_or("nothing", CommitId::short)
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommitId({})", self.short())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: CommitId,
    /// The abbreviation of `git log --oneline` in this repository.
    pub short: String,
    /// The subject in UTF-8 as far as git can convert it: bytes, because git guarantees no encoding.
    pub subject: Vec<u8>,
    /// The subject as `git log --oneline` prints it, if the user's git prints another encoding.
    pub printed: Option<Vec<u8>>,
    pub author: String,
    /// The author time: seconds since 1970 and minutes east of UTC.
    pub authored: (i64, i32),
    /// The commit time in seconds since 1970.
    pub committed: i64,
}

impl Commit {
    /// Returns the subject as `git log --oneline` prints it.
    pub fn printed(&self) -> &[u8] {
        self.printed.as_ref().unwrap_or(&self.subject)
    }

    /// Returns the subject as text, with U+FFFD for invalid bytes.
    pub fn subject_text(&self) -> String {
        String::from_utf8_lossy(&self.subject).into_owned()
    }

    /// Returns the number of the pull request that a squash merge puts at the end of the subject: `Title (#425)`.
    pub fn pull_request(&self) -> Option<u64> {
        let subject = self.subject_text();
        let inner = subject.trim_end().strip_suffix(')')?;
        let (_, number) = inner.rsplit_once("(#")?;
        number.parse().ok()
    }
}

/// A commit of a branch with its whole message and its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    pub id: CommitId,
    /// The parents in order; a merge has several.
    pub parents: Vec<CommitId>,
    /// The commit time in seconds since 1970.
    pub committed: i64,
    /// The first paragraph of its message as one line.
    pub subject: String,
    pub body: String,
}

impl Landed {
    /// Parses `Title (#425)` or `Title (!12)` of a squash, and the merge commits of GitHub and GitLab.
    pub fn pull_request(&self) -> Option<(&str, u64)> {
        let (subject, body) = (self.subject.trim(), self.body.trim());
        let number = if let Some(rest) = subject.strip_prefix("Merge pull request #") {
            rest
        } else if subject.starts_with("Merge branch '") {
            let (_, reference) = body.rsplit_once("See merge request ")?;
            reference.rsplit_once('!')?.1
        } else {
            return numbered(subject);
        };
        let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
        let title = body.lines().next().unwrap_or_default().trim();
        let title = numbered(title).map_or(title, |(title, _)| title);
        Some((title, digits.parse().ok()?))
    }
}

/// Splits a title from the number of a pull request at its end.
pub fn numbered(text: &str) -> Option<(&str, u64)> {
    let (title, number) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let number = number.strip_prefix(['#', '!'])?;
    let (title, digits) = (
        title.trim(),
        number.bytes().all(|byte| byte.is_ascii_digit()),
    );
    (!title.is_empty() && digits).then_some(())?;
    Some((title, number.parse().ok()?))
}

/// The relation of one commit to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    Identical,
    /// The second has commits that the first lacks, and everything the first has.
    Ahead,
    /// The first has commits that the second lacks, and everything the second has.
    Behind,
    /// Each has commits that the other lacks.
    Diverged,
}

/// The differences between two commits: `from` runs, `to` would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    pub relation: Relation,
    /// `from..to` without merges, in the order of `git log`.
    pub ships: Vec<Commit>,
    pub ships_merges: usize,
    /// `to..from` without merges: what would disappear if `to` replaced `from`.
    pub disappears: Vec<Commit>,
    pub disappears_merges: usize,
}

impl Changes {
    /// Returns the commit time of the oldest commit that would ship, in seconds since 1970.
    pub fn oldest_waiting(&self) -> Option<i64> {
        self.ships.iter().map(|commit| commit.committed).min()
    }
}

/// The state of a branch on a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Branch {
    At(CommitId),
    /// The branch does not exist, but these do.
    Missing(Vec<String>),
    /// The remote has no branch at all: nothing was ever pushed.
    Empty,
    /// The host says, in these words, that the app does not exist; some hosts create it with the first push. With
    /// `--first`: a missing branch of the main repository, and the branches that it has.
    NoApp(String),
}

impl Branch {
    pub fn is_new(&self) -> bool {
        matches!(self, Self::Empty | Self::NoApp(_))
    }

    pub fn commit(&self) -> Option<&CommitId> {
        match self {
            Self::At(id) => Some(id),
            Self::Missing(_) | Self::Empty | Self::NoApp(_) => None,
        }
    }
}

/// The source of an environment's running commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Page,
    Api,
    /// The branch on its remote, because neither a page nor a platform is configured.
    Ref,
}

/// An answer from a cache instead of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cached {
    pub age: Option<Duration>,
}

impl Cached {
    /// Returns whether it is certainly older, allowing one second because an age is rounded.
    pub fn is_older_than(self, elapsed: Duration) -> bool {
        self.age
            .is_some_and(|age| age > elapsed + Duration::from_secs(1))
    }
}

impl fmt::Display for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cached answer")?;
        match self.age.map(|age| age.as_secs()) {
            Some(86_401..) => f.write_str(", more than a day old"),
            Some(seconds) => write!(f, ", {seconds} s old"),
            None => Ok(()),
        }
    }
}

/// The observed state of an environment. An unknown fact is a refusal, never a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub environment: String,
    pub source: Source,
    /// The running commit; `None` if nothing was ever deployed.
    pub running: Result<Option<CommitId>, Refusal>,
    /// The branch on its remote, if it was asked.
    pub branch: Option<Result<Branch, Refusal>>,
    /// The relation of the branch to the running commit, if both are known and differ.
    pub drift: Option<Relation>,
    /// The commit that its page reports, if its platform is the source.
    pub page: Option<Result<CommitId, Refusal>>,
    /// Set if a cache answered for the page, so the commit may be old.
    pub cached: Option<Cached>,
    /// Its latest releases, newest first, if its platform was asked.
    pub releases: Option<Result<Vec<Release>, Refusal>>,
    /// The host's words against the commit of the branch, if the branch is the only source.
    pub doubt: Option<String>,
    /// The commit of its last deploy on record.
    pub last: Option<CommitId>,
    pub platform: Option<PlatformWords>,
    /// True if its platform promotes builds of another environment, so its branch says nothing.
    pub by_pipeline: bool,
    /// True if it is the main branch itself, so that every merge deploys it.
    pub by_merge: bool,
    /// True if this clone pushed the commit of the branch and has not seen it run since.
    pub begun: bool,
    /// The promotion that asks a person whether the commit of the branch was seen to run.
    pub confirm: Typed,
}

impl Observed {
    /// Returns the one of this environment.
    pub fn among<'o>(all: &'o [Self], environment: &str) -> Option<&'o Self> {
        all.iter().find(|seen| seen.environment == environment)
    }

    /// Returns the running commit, if it is known and there is one.
    pub fn runs(&self) -> Option<&CommitId> {
        self.running.as_ref().ok().and_then(Option::as_ref)
    }

    /// Returns the commit of the branch, if it is known and there is one.
    pub fn reference(&self) -> Option<&CommitId> {
        self.branch
            .as_ref()
            .and_then(|branch| branch.as_ref().ok())
            .and_then(Branch::commit)
    }

    /// Returns the observation with the branch as the only source.
    pub fn by_branch(&self) -> Self {
        let running = match &self.branch {
            Some(Ok(branch)) => Ok(branch.commit().cloned()),
            Some(Err(refusal)) => Err(refusal.clone()),
            None => Ok(None),
        };
        Self {
            running,
            ..self.clone()
        }
    }

    /// Returns the commit of the branch or, in a pipeline, the last released commit before a return to the running one.
    pub fn deployed_last(&self) -> Option<&CommitId> {
        if !self.by_pipeline {
            return self.reference();
        }
        let (runs, releases) = (self.runs()?, self.releases.as_ref()?.as_ref().ok()?);
        let was_live = releases.iter().filter(|one| one.was_live());
        let mut commits = was_live.filter_map(|one| one.commit.as_ref());
        let last = commits.by_ref().find(|commit| *commit != runs)?;
        // Without an earlier release of the running commit, nothing was rolled back.
        commits.any(|commit| commit == runs).then_some(last)
    }

    /// Returns whether the branch has the running commit; `None` if either is unknown, or the branch says nothing.
    pub fn agrees(&self) -> Option<bool> {
        if self.by_pipeline {
            return None;
        }
        let running = self.running.as_ref().ok()?;
        match self.branch.as_ref()?.as_ref().ok()? {
            Branch::Missing(_) => None,
            branch => Some(running.as_ref() == branch.commit()),
        }
    }
}

/// The unique id of an event: random hex digits. Without it two people who write the same event in the same second
/// would write the same object, and both would believe that they were first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct EventId(String);

impl TryFrom<String> for EventId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the name of an event")
    }
}

impl EventId {
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let good = bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (good && text.len() == 16).then(|| Self(text.to_owned()))
    }

    pub fn of(random: u64) -> Self {
        Self(format!("{random:016x}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The decision of a callback that watches an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    GoOn,
    /// Leave as soon as that does no harm.
    Leave,
}
