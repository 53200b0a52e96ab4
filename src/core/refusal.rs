//! Every way in which a command can stop early: the message and the exit code.

use std::path::Path;
use std::{fmt, io};

use serde::Serialize;

use crate::core::typed::{Hint, Typed};
use crate::core::words::CommitId;

/// The message when a command stops: one sentence, its causes, and the next command to type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Report {
    pub error: String,
    pub because: Vec<String>,
    pub hint: Option<Hint>,
}

impl Report {
    pub fn new(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            because: Vec::new(),
            hint: None,
        }
    }
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.because.push(cause.into());
        self
    }
    pub fn causes<C: Into<String>>(mut self, causes: impl IntoIterator<Item = C>) -> Self {
        self.because.extend(causes.into_iter().map(Into::into));
        self
    }

    /// Adds why a file of this clone cannot be written, and the remedy.
    pub fn unwritten(self, path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let hint = match error.kind() {
            PermissionDenied | ReadOnlyFilesystem => "allow your user to write there",
            StorageFull | QuotaExceeded => "free some space",
            _ => "remove the cause",
        };
        self.because(format!("{}: {error}", path.display()))
            .hint(hint)
    }

    /// Replaces the hint.
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a hint line with a command. `say` gives its purpose and may be empty.
    pub fn run(mut self, say: impl Into<String>, command: Typed) -> Self {
        let line = Hint::run(say, command);
        self.hint = Some(match self.hint {
            Some(hint) => hint.and(line),
            None => line,
        });
        self
    }

    /// Returns the lines of the hint.
    pub fn hint_lines(&self) -> Vec<String> {
        self.hint.as_ref().map(Hint::lines).unwrap_or_default()
    }

    pub fn hint_text(&self) -> Option<String> {
        self.hint.as_ref().map(ToString::to_string)
    }

    pub fn refused(self, code: RefusalCode) -> Refusal {
        Refusal { code, report: self }
    }
}

/// Declares each code once, with its name here and its word outside. `docs/refusals.md` explains them.
macro_rules! codes {
    ($($name:ident = $word:literal,)*) => {
        /// Why a deploy is refused, as a stable word for scripts (`refusal.code` in JSON).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub enum RefusalCode {
            $(#[serde(rename = $word)] $name,)*
        }

        impl RefusalCode {
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    Diverged = "diverged",
    Behind = "behind",
    Unreachable = "unreachable",
    PageUnclear = "page-unclear",
    UnknownCommit = "unknown-commit",
    Stopped = "stopped",
    NothingDeployed = "nothing-deployed",
    StagingStale = "staging-stale",
    CandidateMoved = "candidate-moved",
    TargetMoved = "target-moved",
    RolledBack = "rolled-back",
    NotARollback = "not-a-rollback",
    Unauthorized = "unauthorized",
    NotConfirmed = "not-confirmed",
    NotReviewed = "not-reviewed",
    NotGreen = "not-green",
    WrongBranch = "wrong-branch",
    NoApp = "no-app",
    NoPipeline = "no-pipeline",
    SlugExpired = "slug-expired",
    PushInFlight = "push-in-flight",
    Shallow = "shallow",
    NotProposed = "not-proposed",
    NotSignedOff = "not-signed-off",
    SamePerson = "same-person",
    NotVerified = "not-verified",
    Blocked = "blocked",
    CandidateOpen = "candidate-open",
    Frozen = "frozen",
    Deploying = "deploying",
    RecordUnreadable = "record-unreadable",
    RecordNewer = "record-newer",
    RecordRewound = "record-rewound",
    RecordNotWritable = "record-not-writable",
    Busy = "busy",
    NeedsTerminal = "needs-terminal",
    PickConflict = "pick-conflict",
    NothingToPick = "nothing-to-pick",
    Closed = "closed",
    Soaking = "soaking",
    CheckFailed = "check-failed",
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Refusal {
    pub code: RefusalCode,
    pub report: Report,
}

impl Refusal {
    pub fn new(code: RefusalCode, error: impl Into<String>) -> Self {
        Report::new(error).refused(code)
    }
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.report = self.report.because(cause);
        self
    }
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.report = self.report.hint(hint);
        self
    }
    pub fn run(mut self, say: impl Into<String>, command: Typed) -> Self {
        self.report = self.report.run(say, command);
        self
    }
}

/// A check that failed after a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unhealthy {
    pub report: Report,
    /// The check, and how it failed.
    pub why: String,
    /// The environment that can be rolled back, and the commit that ran there before, if known.
    pub rollback: Option<(String, Option<CommitId>)>,
}

/// The reason why a command stops early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// An operation failed; nothing outside changed. Exit 1.
    Failed(Report),
    /// The program refuses; nothing outside changed. Exit 1.
    Refused(Refusal),
    /// The answer to `--exit-code` or `--check`, without a message. Exit 1.
    Answer,
    /// The command line or `smp.toml` is wrong. Exit 2.
    Misused(Report),
    /// The question was answered with no. Exit 3.
    Declined(String),
    /// Something outside changed, or may have, and a step is unfinished. Exit 4.
    Incomplete(Report),
    /// An environment runs the deployed commit, and a check of it failed. Exit 4.
    Unhealthy(Box<Unhealthy>),
    /// The reader closed the pipe: the program ends quietly, as in `git log | head -1`. Exit 0.
    PipeClosed,
}

impl Stop {
    /// Returns the exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::Failed(_) | Self::Refused(_) | Self::Answer => 1,
            Self::Misused(_) => 2,
            Self::Declined(_) => 3,
            Self::Incomplete(_) | Self::Unhealthy(_) => 4,
        }
    }

    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Failed(report) | Self::Misused(report) | Self::Incomplete(report) => Some(report),
            Self::Refused(refusal) => Some(&refusal.report),
            Self::Unhealthy(it) => Some(&it.report),
            Self::Answer | Self::Declined(_) | Self::PipeClosed => None,
        }
    }

    /// Replaces the report of a failure, a refusal or an unfinished step.
    #[must_use]
    pub fn retold(self, with: impl FnOnce(Report) -> Report) -> Self {
        match self {
            Self::Failed(report) => Self::Failed(with(report)),
            Self::Incomplete(report) => Self::Incomplete(with(report)),
            Self::Refused(Refusal { code, report }) => with(report).refused(code).into(),
            other => other,
        }
    }
}

impl From<Stop> for Report {
    fn from(stop: Stop) -> Self {
        let report = stop.report().cloned();
        report.unwrap_or_else(|| Self::new(stop.to_string()))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declined(what) => f.write_str(what),
            _ => f.write_str(self.report().map_or("", |report| &report.error)),
        }
    }
}

impl std::error::Error for Stop {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_scripts_were_promised_are_there() {
        const PROMISED: &str = "diverged behind not-signed-off candidate-moved staging-stale rolled-back frozen unreachable \
            deploying push-in-flight busy closed soaking check-failed same-person not-verified";
        let words: Vec<&str> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        for promised in PROMISED.split_whitespace() {
            assert!(words.contains(&promised), "{promised}");
        }
    }

    #[test]
    fn what_helps_where_a_file_cannot_be_written_depends_on_why() {
        use io::ErrorKind::{NotADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
        for (kind, expected) in [
            (PermissionDenied, "allow your user to write there"),
            (ReadOnlyFilesystem, "allow your user to write there"),
            (StorageFull, "free some space"),
            (NotADirectory, "remove the cause"),
        ] {
            let report = Report::new("").unwritten(Path::new(".git/smp"), &kind.into());
            assert_eq!(report.hint_text().as_deref(), Some(expected), "{kind}");
            assert!(report.because[0].starts_with(".git/smp: "), "{kind}");
        }
    }
}
