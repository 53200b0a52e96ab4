//! The errors of the record: for each its code, the fault, the reason and the next command.

use crate::core::decide::BY_HAND;
use crate::core::decide::answer::four_eyes;
use crate::core::record::{FORMAT, ReadError, Unlawful};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::shell_word;
use crate::core::typed::{Hint, Typed};
use crate::core::words::{CommitId, SMP_TOML};
use crate::git::advice;
use crate::git::push::Ended;
use crate::git::record::{SEEN, kept_for, seen_id};
use crate::git::remote;
use crate::git::response::first_words;
use crate::team::recorder::{PROGRAM, Recorder};

impl Recorder<'_> {
    pub fn place(&self) -> String {
        format!("{} on {}", self.reference, self.remote)
    }

    /// Builds a report that names the place of the record.
    fn trouble(&self, error: impl Into<String>) -> Report {
        Report::new(error).because(format!("it is {}", self.place()))
    }

    /// Returns the command that restores this clone's copy, if the record has not changed since.
    fn put_back(&self, there: Option<&CommitId>) -> Typed {
        let (remote, reference) = (shell_word(self.remote), self.reference);
        let lease = there.map(|tip| format!("--force-with-lease={reference}:{tip} "));
        let lease = lease.unwrap_or_default();
        Typed::other(format!("git push {lease}{remote} {SEEN}:{reference}"))
    }

    /// Others were faster until the time limit.
    pub(super) fn busy(&self) -> Refusal {
        self.trouble("the record is busy: others wrote to it during every attempt")
            .run("see what others wrote", Typed::smp("history"))
            .refused(RefusalCode::Busy)
    }

    /// The record that this clone saw does not exist.
    pub(super) fn gone(&self, last: &CommitId) -> Refusal {
        let (place, last) = (self.place(), last.short());
        Refusal::new(RefusalCode::RecordRewound, "the record is gone")
            .because(format!(
                "{place} does not exist, but this clone saw it at {last}"
            ))
            .because("somebody deleted it (git push --mirror does that)")
            .run(
                "restore the record that this clone saw",
                self.put_back(None),
            )
    }

    /// Returns the refusal without a record, but with a copy of a record of another ref, under this name.
    pub(super) fn elsewhere(&self, name: &str, last: &CommitId) -> Refusal {
        let (place, old, last) = (self.place(), kept_for(name), last.short());
        let (remote, new) = (shell_word(self.remote), self.reference);
        Refusal::new(
            RefusalCode::RecordRewound,
            "the record was not moved to its new ref",
        )
        .because(format!(
            "{place} does not exist, but this clone saw the record at {last} on {old}"
        ))
        .because(format!(
            "to begin a new record instead, discard this clone's copy: git update-ref -d {name}"
        ))
        .run(
            "in the clone that used the record last, move it to the new ref",
            Typed::other(format!("git push {remote} {name}:{new}")),
        )
    }

    /// The record lacks the commit that this clone saw: it was rewritten.
    pub(super) fn rewound(&self, last: &CommitId, tip: &CommitId) -> Refusal {
        self.lacks(Report::new("the record was rewritten"), last, tip)
            .because(format!(
                "if that was intended, discard this clone's copy: {}",
                forget()
            ))
            .run(
                "restore the record that this clone saw",
                self.put_back(Some(tip)),
            )
            .refused(RefusalCode::RecordRewound)
    }

    /// The record stays at an ancestor of the commit that this clone saw.
    pub(super) fn older(&self, last: &CommitId, tip: &CommitId) -> Refusal {
        let say = "if it was rewound, restore the record that this clone saw";
        self.lacks(self.answers_with_older(), last, tip)
            .because(format!(
                "if it was rewound and that was intended, discard this clone's copy: {}",
                forget()
            ))
            .because("if a server with older data answered, wait and run the same command again")
            .run(say, self.put_back(Some(tip)))
            .refused(RefusalCode::RecordRewound)
    }

    fn lacks(&self, report: Report, last: &CommitId, tip: &CommitId) -> Report {
        let (place, tip) = (self.place(), tip.short());
        report
            .because(format!(
                "{place} is at {tip}, which lacks events that this clone saw"
            ))
            .because(format!("this clone saw it at {}", last.short()))
    }

    /// Returns the refusal after one answer named a commit of the record that another answer did not send.
    pub(super) fn not_handed_out(&self, tip: &CommitId, refusal: &Refusal) -> Refusal {
        let (place, tip, remote) = (self.place(), tip.short(), self.remote);
        self.answers_with_older()
            .because(format!(
                "{place} is at {tip}, but {remote} does not send that commit"
            ))
            .causes(refusal.report.because.first())
            .run(
                "wait a moment, then see what it answers",
                Typed::other("git ls-remote").arg(remote),
            )
            .refused(RefusalCode::Unreachable)
    }

    /// Each push found the record elsewhere, although no read showed a change.
    pub(super) fn lagging(&self) -> Refusal {
        self.trouble(self.answers_with_older().error)
            .because("each read shows the same state, but each push finds a different one")
            .run("wait a moment, then", Typed::smp("status"))
            .refused(RefusalCode::Busy)
    }

    fn answers_with_older(&self) -> Report {
        Report::new(format!(
            "{} answers with older states of the record: a server has older data, or the record was rewound",
            self.remote
        ))
    }

    /// The content of the record's ref is not a record, or this version cannot read it.
    pub(super) fn unreadable(&self, tip: &CommitId, why: &ReadError) -> Refusal {
        let why = match why {
            ReadError::Newer(format) => return self.newer(*format),
            ReadError::Garbage(why) => why,
        };
        let report = Report::new("the record cannot be read");
        let report = report.because(format!("{} is at {}: {why}", self.place(), tip.short()));
        // This clone's copy was a record; somebody replaced it.
        let seen = seen_id(self.repo).ok().flatten().filter(|seen| seen != tip);
        let report = report.causes(seen.map(|seen| {
            let (seen, back) = (seen.short(), self.put_back(Some(tip)));
            format!("this clone saw it at {seen}; to restore that: {back}")
        }));
        let look = Typed::other("git fetch").arg(self.remote);
        let look = look.arg(self.reference).plain("&& git show FETCH_HEAD");
        report
            .run("see what was written there", look)
            .refused(RefusalCode::RecordUnreadable)
    }

    pub(super) fn newer(&self, format: u64) -> Refusal {
        let error = "the record was written by a newer git-smp";
        let place = self.place();
        Refusal::new(RefusalCode::RecordNewer, error)
            .because(format!(
                "{place} has format {format}; this is {PROGRAM}, which writes {FORMAT}"
            ))
            .because(BY_HAND)
            .run(
                "install the newest version",
                Typed::other("cargo install --locked git-smp"),
            )
    }

    /// The main repository rejects the push. Only its words about the ref show that it accepts no other refs.
    pub(super) fn not_writable(&self, ended: Ended, words: &str) -> Refusal {
        let mut report = self.trouble("the record cannot be written to");
        let (place, next) = ((self.remote, "repository.url"), Typed::smp("setup"));
        let hint = match ended {
            Ended::NothingSent => {
                let shut = advice::shut(self.repo, place, words, &next);
                report.because.extend(shut.because);
                shut.hint
            }
            Ended::Refused(status) => {
                let shut = advice::turned_away(self.repo, place, status, &next);
                report.because.extend(shut.because);
                report.because.extend(first_words(words));
                shut.hint
            }
            _ => {
                report.because.extend(first_words(words));
                let remote = self.remote;
                let ask = match self.other_ref() {
                    None => format!("ask for permission to push to {}", self.place()),
                    Some(set) => format!(
                        "ask for permission to push to {remote}, or, if it accepts only branches, {set}"
                    ),
                };
                Hint::run(format!("{ask}, then"), next)
            }
        };
        report.hint(hint).refused(RefusalCode::RecordNotWritable)
    }

    /// Returns what to set if a ref outside the branches is not possible.
    fn other_ref(&self) -> Option<String> {
        let is_branch = self.reference.starts_with("refs/heads/");
        (!is_branch).then(|| format!("set record.ref = \"refs/heads/smp-record\" in {SMP_TOML}"))
    }

    /// The server declines a first event as if it had a record: it hides one, or git means another ref.
    pub fn not_shown(&self) -> Refusal {
        match remote::namesakes(self.repo, self.remote, self.reference) {
            Ok(namesakes) if !namesakes.is_empty() => self.ambiguous(&namesakes),
            _ => (self.hidden("has the record")).refused(RefusalCode::RecordNotWritable),
        }
    }

    pub(super) fn hidden(&self, what: &str) -> Report {
        let ask = format!("ask its administrator to show {}", self.reference);
        let first = self.other_ref().unwrap_or(ask);
        self.trouble(format!("{} {what} and does not show it", self.remote))
            .because("the server accepts refs of this name but hides them from readers (uploadpack.hideRefs does that)")
            .run(format!("{first}, then"), Typed::smp("setup"))
    }

    /// Other refs end in the record's name, so git would push to those too, or not at all.
    pub(super) fn ambiguous(&self, namesakes: &[String]) -> Refusal {
        let remote = self.remote;
        let report = self.trouble("the record cannot be written to");
        let report = report.causes(namesakes.iter().map(|name| {
            format!("{remote} has {name} as well, and git cannot distinguish them in a push")
        }));
        let push = Typed::other("git push").arg(remote).plain("--delete");
        let push = (namesakes.iter()).fold(push, |push, name| push.arg(name));
        report
            .run("remove that", push)
            .refused(RefusalCode::RecordNotWritable)
    }

    /// Every push was interrupted, and the record did not move until the time limit.
    pub(super) fn unclear(&self, words: &str) -> Stop {
        let why = "the record does not show the event, and its push did not finish";
        unknown(self.trouble(why).causes(first_words(words)))
    }
}

/// Returns the command that deletes this clone's copy.
fn forget() -> String {
    format!("git update-ref -d {SEEN}")
}

/// Returns the end of a run whose event may or may not be on the record.
pub(super) fn unknown(why: Report) -> Stop {
    let report = Report::new("it is unknown whether the record accepted the event");
    let report = report.because(why.error).causes(why.because);
    let say = "when the main repository answers again, to continue";
    Stop::Incomplete(report.run(say, Typed::once_more()))
}

/// The last guard: plans refuse earlier, with more explanation.
pub(super) fn unlawful(why: Unlawful) -> Stop {
    use RefusalCode as Code;
    let (code, error) = match why {
        Unlawful::Begun => (Code::Busy, "somebody else began the record meanwhile"),
        Unlawful::OtherCandidate => (Code::CandidateMoved, "the candidate has changed"),
        Unlawful::CandidateOpen => (Code::CandidateOpen, "there is already a candidate"),
        Unlawful::Frozen => (
            Code::Frozen,
            "a candidate is open, so only a fix may be deployed",
        ),
        Unlawful::OtherDeploy => (
            Code::Deploying,
            "another deploy is in progress, or this one was closed",
        ),
        Unlawful::NotSignedOff => (Code::NotSignedOff, "the candidate is not signed off"),
        Unlawful::SamePerson => (
            Code::SamePerson,
            "you proposed the candidate, so your own sign-off does not count",
        ),
        Unlawful::OwnFix => (
            Code::SamePerson,
            "you deployed a fix of the candidate, so your own sign-off does not count",
        ),
        Unlawful::NotTheirs => (Code::CandidateMoved, "the comment is somebody else's"),
        Unlawful::NotPending => (Code::CandidateMoved, "the post is no longer pending"),
        Unlawful::NothingNew => (Code::TargetMoved, "this deploy is already on record"),
    };
    let refusal = Refusal::new(code, error);
    let status = Typed::smp("status");
    match why {
        Unlawful::SamePerson | Unlawful::OwnFix => refusal
            .because(four_eyes())
            .run("ask somebody else to test it and sign it off, and look", status)
            .run(
                "or, if nobody else can test it, close the candidate so that another person can propose it",
                Typed::smp("postpone"),
            ),
        _ => refusal.run("see the current state", status),
    }
    .into()
}
