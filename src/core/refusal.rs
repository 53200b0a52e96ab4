//! Every way in which a command can stop before its end: what people are told, and the exit code.

use std::fmt;

use crate::core::typed::{Hint, Typed};

/// What a person is told when something stops: one sentence, its causes, and the next command to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What is wrong, in one sentence without a full stop.
    pub error: String,
    /// Why, a line a cause.
    pub because: Vec<String>,
    /// What to type next.
    pub hint: Option<Hint>,
}

impl Report {
    /// A report of one sentence.
    pub fn new(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            because: Vec::new(),
            hint: None,
        }
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.because.push(cause.into());
        self
    }

    /// Adds several.
    #[must_use]
    pub fn causes<C: Into<String>>(mut self, causes: impl IntoIterator<Item = C>) -> Self {
        self.because.extend(causes.into_iter().map(Into::into));
        self
    }

    /// Says what to do next, in place of what was said before.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to type next, in a line after those that stand already. `say`: what it is for; it may be empty.
    #[must_use]
    pub fn run(mut self, say: impl Into<String>, command: Typed) -> Self {
        let line = Hint::run(say, command);
        self.hint = Some(match self.hint {
            Some(hint) => hint.and(line),
            None => line,
        });
        self
    }

    /// What to do next, in one line.
    pub fn hint_text(&self) -> Option<String> {
        self.hint.as_ref().map(ToString::to_string)
    }

    /// The same as a refusal.
    pub fn refused(self, code: RefusalCode) -> Refusal {
        Refusal { code, report: self }
    }
}

/// Declares the codes once: what they mean, their names here, and their words outside.
macro_rules! codes {
    ($($(#[$meaning:meta])* $name:ident = $word:literal,)*) => {
        /// Why a deploy is refused, as a stable word for scripts (`refusal.code` in JSON).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RefusalCode {
            $($(#[$meaning])* $name,)*
        }

        impl RefusalCode {
            /// Every code, for the documentation's test.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word itself.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    /// Production has commits that the candidate lacks.
    Diverged = "diverged",
    /// The candidate is older than what production runs.
    Behind = "behind",
    /// An environment, or the answer to what it runs, could not be reached.
    Unreachable = "unreachable",
    /// A page was read and does not name exactly one commit.
    PageUnclear = "page-unclear",
    /// A hash is ambiguous, unknown, or not a commit's.
    UnknownCommit = "unknown-commit",
    /// An environment has nothing deployed that could be promoted.
    NothingDeployed = "nothing-deployed",
    /// The source environment's page and ref disagree.
    StagingStale = "staging-stale",
    /// What would ship is not what was named or shown.
    CandidateMoved = "candidate-moved",
    /// The target moved after it was shown.
    TargetMoved = "target-moved",
    /// What would ship was rolled back there before, or may have been, and nobody was asked about it.
    RolledBack = "rolled-back",
    /// A rollback to something that the environment does not have behind it.
    NotARollback = "not-a-rollback",
    /// A service does not let us in: no token, a wrong one, or one without the right to look.
    Unauthorized = "unauthorized",
    /// Its host said that what its branch is at is not deployed, or not yet, and nothing else tells what runs.
    NotConfirmed = "not-confirmed",
    /// A commit that would ship has no pull request that somebody else approved, or nobody can tell.
    NotReviewed = "not-reviewed",
    /// A check of the commit that would ship has not succeeded, or nobody can tell.
    NotGreen = "not-green",
    /// The branch does not exist on a remote that has others.
    WrongBranch = "wrong-branch",
    /// The host has no such app, and nobody said that the push may make it.
    NoApp = "no-app",
    /// A push of the same commit from this clone may still be building.
    PushInFlight = "push-in-flight",
    /// History is incomplete here.
    Shallow = "shallow",
    /// The team keeps a record, and nobody put this commit forward.
    NotProposed = "not-proposed",
    /// The candidate has no sign-off.
    NotSignedOff = "not-signed-off",
    /// Somebody blocked the candidate.
    Blocked = "blocked",
    /// Another candidate is open.
    CandidateOpen = "candidate-open",
    /// A candidate is open, so nothing but a fix may go where it is tested.
    Frozen = "frozen",
    /// Somebody else's deploy is on its way, or was not seen to end.
    Deploying = "deploying",
    /// What stands on the record's ref is no record.
    RecordUnreadable = "record-unreadable",
    /// The record was written by a newer program.
    RecordNewer = "record-newer",
    /// The record lacks events that this clone saw, or is gone.
    RecordRewound = "record-rewound",
    /// The record cannot be written to.
    RecordNotWritable = "record-not-writable",
    /// Others wrote to the record each time that we tried.
    RecordBusy = "record-busy",
    /// A question would have to be asked and there is no terminal.
    NeedsTerminal = "needs-terminal",
    /// A commit cannot be copied without a person to resolve a conflict.
    PickConflict = "pick-conflict",
    /// A commit has no change that could be copied, or none that is missing.
    NothingToPick = "nothing-to-pick",
}

/// A deploy that will not happen, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable word.
    pub code: RefusalCode,
    /// What people are told.
    pub report: Report,
}

impl Refusal {
    /// A refusal of one sentence.
    pub fn new(code: RefusalCode, error: impl Into<String>) -> Self {
        Report::new(error).refused(code)
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.report = self.report.because(cause);
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.report = self.report.hint(hint);
        self
    }

    /// Says what to type next, in a line after those that stand already.
    #[must_use]
    pub fn run(mut self, say: impl Into<String>, command: Typed) -> Self {
        self.report = self.report.run(say, command);
        self
    }
}

/// Why a command ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something did not work; nothing outside changed. Exit 1.
    Failed(Report),
    /// We will not do it; nothing outside changed. Exit 1.
    Refused(Refusal),
    /// The answer that `--exit-code` or `--check` asked for. Exit 1, and nothing more is said.
    Answer,
    /// The command line or `smp.toml` is wrong. Exit 2.
    Misused(Report),
    /// The question was answered with no. Exit 3.
    Declined(String),
    /// Something outside changed, or may have, and a step is unfinished. Exit 4.
    Incomplete(Report),
    /// Nobody reads our output any more: end quietly, as `git log | head -1` does. Exit 0.
    PipeClosed,
}

impl Stop {
    /// The exit code (contract, section 3).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::Failed(_) | Self::Refused(_) | Self::Answer => 1,
            Self::Misused(_) => 2,
            Self::Declined(_) => 3,
            Self::Incomplete(_) => 4,
        }
    }

    /// What to tell, if anything.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Failed(report) | Self::Misused(report) | Self::Incomplete(report) => Some(report),
            Self::Refused(refusal) => Some(&refusal.report),
            Self::Answer | Self::Declined(_) | Self::PipeClosed => None,
        }
    }
}

impl From<Stop> for Report {
    /// What to tell, in any case.
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
