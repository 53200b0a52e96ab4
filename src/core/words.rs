//! The words of the trade: what every room of the house speaks of. Imports nothing of ours but the words for a refusal.

mod arrival;
mod release;
mod signature;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::refusal::Refusal;
use crate::core::typed::Typed;
pub use arrival::Arrival;
pub use release::{Coupling, PlatformWords, Release, ReleaseStatus, ServerCommands};
pub use signature::{SignatureCheck, StoredEvent};

/// What git's configuration says of how history is shown, kept for the next run, and what that depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownConfig {
    /// The files outside of the repository that git would read, also those that are not there.
    pub files: Vec<PathBuf>,
    /// The variables that say which, and how all files looked.
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
    /// Reads a full hash, in either case. `None` for anything but 40 or 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_lower = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match matches!(text.len(), 40 | 64) {
            // As git and the library write them, thousands at a time.
            true if text.bytes().all(is_lower) => Some(Self(text.to_owned())),
            is_full => (is_full && is_hash(text, 40)).then(|| Self(text.to_ascii_lowercase())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The eight digits that people are shown in sentences.
    pub fn short(&self) -> &str {
        self.digits(8)
    }

    /// The twelve digits that links carry, which stay unambiguous for longer.
    pub fn for_link(&self) -> &str {
        self.digits(12)
    }

    fn digits(&self, count: usize) -> &str {
        self.0.get(..count).unwrap_or(&self.0)
    }
}

/// Whether a text may be a hash, or the first digits of one: `least` or more.
pub fn is_hash(text: &str, least: usize) -> bool {
    (least..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The eight digits of a commit in a sentence, or that there is none.
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
    /// Its name as `git log --oneline` abbreviates it in this repository.
    pub short: String,
    /// Its subject as `git log --oneline` prints it: bytes, because git promises no encoding.
    pub subject: Vec<u8>,
    pub author: String,
    /// When it was authored: seconds since 1970 and minutes east of UTC.
    pub authored: (i64, i32),
    /// When it was committed, in seconds since 1970.
    pub committed: i64,
}

impl Commit {
    /// The subject for everything but the byte-exact list: undecodable bytes become U+FFFD.
    pub fn subject_text(&self) -> String {
        String::from_utf8_lossy(&self.subject).into_owned()
    }

    /// The number of the pull request that a squash merge leaves at the end of the subject: `Title (#425)`.
    pub fn pull_request(&self) -> Option<u64> {
        let subject = self.subject_text();
        let inner = subject.trim_end().strip_suffix(')')?;
        let (_, number) = inner.rsplit_once("(#")?;
        number.parse().ok()
    }
}

/// One commit that landed: all that its message says, and what it was built on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    pub id: CommitId,
    /// What it was built on, in order; a merge has several.
    pub parents: Vec<CommitId>,
    /// When it was committed, in seconds since 1970.
    pub committed: i64,
    /// The first paragraph of its message, in one line.
    pub subject: String,
    pub body: String,
}

impl Landed {
    /// `Title (#425)` or `Title (!12)` of a squash, and the merge commits of GitHub and GitLab.
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

/// What stands before the number of a pull request at the end of a title, and the number.
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

/// How one commit relates to another.
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

/// What lies between two commits, `from` (what runs) and `to` (what would).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    pub relation: Relation,
    /// `from..to` without merges, in the order of `git log`.
    pub ships: Vec<Commit>,
    pub ships_merges: usize,
    /// `to..from` without merges: what would vanish if `to` replaced `from`.
    pub disappears: Vec<Commit>,
    pub disappears_merges: usize,
}

impl Changes {
    /// When the oldest commit that would ship was committed, in seconds since 1970.
    pub fn oldest_waiting(&self) -> Option<i64> {
        self.ships.iter().map(|commit| commit.committed).min()
    }
}

/// Where a branch is on a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Branch {
    At(CommitId),
    /// It is not there, but these branches are.
    Missing(Vec<String>),
    /// The remote has no branch at all: nothing was ever pushed.
    Empty,
    /// Its host says, in these words, that it has no such app; some hosts make it with the first push.
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

/// Who says what an environment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Page,
    Api,
    /// The branch on its remote, because neither a page nor a platform is configured.
    Ref,
}

/// An answer that a cache gave in the site's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cached {
    pub age: Option<Duration>,
}

impl Cached {
    /// Whether it is certainly older, by more than the second that an age is rounded by.
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

/// What was found out about an environment. What could not be found out is a refusal, never a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub environment: String,
    pub source: Source,
    /// The running commit; `None`: nothing was ever deployed.
    pub running: Result<Option<CommitId>, Refusal>,
    /// The branch on its remote, if it was asked.
    pub branch: Option<Result<Branch, Refusal>>,
    /// How the branch stands to what runs, where both are known and differ.
    pub drift: Option<Relation>,
    /// What its page says, where its platform was asked too and is believed.
    pub page: Option<Result<CommitId, Refusal>>,
    /// Where its page was answered by a cache, so that what it says may be old.
    pub cached: Option<Cached>,
    /// Its latest releases, newest first, if its platform was asked.
    pub releases: Option<Result<Vec<Release>, Refusal>>,
    /// What its host said against what its branch is at, where nothing but the branch could tell what runs.
    pub doubt: Option<String>,
    pub platform: Option<PlatformWords>,
    /// Whether its platform gives it builds of another environment, so that its branch tells nothing of it.
    pub by_pipeline: bool,
    /// Whether it is the main branch itself, so that every merge deploys it.
    pub by_merge: bool,
    /// Whether this clone pushed what its branch has, and did not see it run since.
    pub begun: bool,
    /// The promotion that asks a person whether what its branch has was seen to run.
    pub confirm: Typed,
}

impl Observed {
    /// The running commit, where it is known and there is one.
    pub fn runs(&self) -> Option<&CommitId> {
        self.running.as_ref().ok().and_then(Option::as_ref)
    }

    /// The commit of the branch, where it is known and there is one.
    pub fn reference(&self) -> Option<&CommitId> {
        self.branch
            .as_ref()
            .and_then(|branch| branch.as_ref().ok())
            .and_then(Branch::commit)
    }

    /// The same, were its branch all that there is to ask.
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

    /// What its branch has or, in a pipeline, what its platform released before it went back to what runs.
    pub fn deployed_last(&self) -> Option<&CommitId> {
        if !self.by_pipeline {
            return self.reference();
        }
        let (runs, releases) = (self.runs()?, self.releases.as_ref()?.as_ref().ok()?);
        let was_live = releases.iter().filter(|one| one.was_live());
        let mut commits = was_live.filter_map(|one| one.commit.as_ref());
        let last = commits.by_ref().find(|commit| *commit != runs)?;
        // What came before what runs was not taken back.
        commits.any(|commit| commit == runs).then_some(last)
    }

    /// Whether what runs and the branch are the same; `None` where either is unknown, or the branch tells nothing.
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

/// The name of one event, which nothing else ever has: random hex digits. Two people who write the very same thing in
/// the same second would otherwise write the same object, and both would think that they were first.
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

/// What the one who watches wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    GoOn,
    /// Leave as soon as that harms nothing.
    Leave,
}
