//! What people are told about the record when it is not as it should be, and what to type then.

use crate::core::record::{FORMAT, Unlawful, Unreadable};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::shell_word;
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::git::advice;
use crate::git::push::Ended;
use crate::git::record as objects;
use crate::git::record::SEEN;
use crate::git::response::first_words;
use crate::team::recorder::{PROGRAM, Recorder};

impl Recorder<'_> {
    /// Where the record is.
    pub(super) fn place(&self) -> String {
        format!("{} on {}", self.record.reference, self.remote)
    }

    /// The remote as a word of a command.
    fn typed(&self) -> String {
        shell_word(self.remote)
    }

    /// Others were quicker for as long as there was patience.
    pub(super) fn busy(&self) -> Refusal {
        Refusal::new(
            RefusalCode::RecordBusy,
            "the record is busy: others wrote to it each time that we tried",
        )
        .because(format!("it is {}", self.place()))
        .hint("see what happens there: git smp history")
    }

    /// There is no record where this clone saw one.
    pub(super) fn gone(&self, last: &CommitId) -> Refusal {
        Refusal::new(RefusalCode::RecordRewound, "the record is gone")
            .because(format!(
                "{} does not exist, but this clone saw it at {}",
                self.place(),
                last.short()
            ))
            .because("somebody deleted it, as git push --mirror does, or it was moved")
            .hint(format!(
                "put back what this clone saw: git push {} {SEEN}:{}",
                self.typed(),
                self.record.reference
            ))
    }

    /// The record is at something that came before what this clone saw, and stays there.
    pub(super) fn older(&self, last: &CommitId, tip: &CommitId) -> Refusal {
        let reference = &self.record.reference;
        let lease = format!("--force-with-lease={reference}:{tip}");
        let report = self
            .answers_with_older()
            .because(format!("{} is at {}, which lacks events that this clone saw", self.place(), tip.short()))
            .because(format!("this clone saw it at {}", last.short()))
            .because(format!("if it was rewound and that was meant, forget what was seen: git update-ref -d {SEEN}"))
            .because("if a replica lags, wait and run the same command again")
            .hint(format!(
                "if it was rewound, put back what this clone saw: git push {lease} {} {SEEN}:{reference}",
                self.remote
            ));
        report.refused(RefusalCode::RecordRewound)
    }

    /// One answer names a state of the record that another does not hand out.
    pub(super) fn not_handed_out(&self, tip: &CommitId, refusal: &Refusal) -> Refusal {
        let report = self.answers_with_older().because(format!(
            "{} is at {}, and {} does not hand that out",
            self.place(),
            tip.short(),
            self.remote
        ));
        let report = refusal
            .report
            .because
            .iter()
            .take(1)
            .cloned()
            .fold(report, Report::because);
        let report = report.hint(format!(
            "wait a little, then see whether it answers: git ls-remote {}",
            self.remote
        ));
        report.refused(RefusalCode::Unreachable)
    }

    /// Git found the record elsewhere each time, and yet nobody was seen to write to it.
    pub(super) fn lagging(&self) -> Refusal {
        let report = self
            .answers_with_older()
            .because(format!("it is {}", self.place()));
        let report =
            report.because("it reads as before each time, and each push finds it elsewhere");
        report
            .hint("wait a little, then: git smp status")
            .refused(RefusalCode::RecordBusy)
    }

    fn answers_with_older(&self) -> Report {
        let what =
            "answers with older states of the record: a replica that lags, or it was rewound";
        Report::new(format!("{} {what}", self.remote))
    }

    /// The record lacks what this clone saw of it.
    pub(super) fn rewound(&self, last: &CommitId, tip: &CommitId) -> Refusal {
        let reference = &self.record.reference;
        let lease = format!("--force-with-lease={reference}:{tip}");
        Refusal::new(RefusalCode::RecordRewound, "the record was rewritten")
            .because(format!(
                "{} is at {}, which lacks events that this clone saw",
                self.place(),
                tip.short()
            ))
            .because(format!("this clone saw it at {}", last.short()))
            .because(format!(
                "if that was meant, forget what was seen: git update-ref -d {SEEN}"
            ))
            .hint(format!(
                "put back what this clone saw: git push {lease} {} {SEEN}:{reference}",
                self.typed()
            ))
    }

    /// What stands on the record's ref is no record, or none that this version reads.
    pub(super) fn unreadable(&self, tip: &CommitId, why: &Unreadable) -> Refusal {
        let why = match why {
            Unreadable::Newer(format) => return self.unreadable_newer(*format),
            Unreadable::Garbage(why) => why,
        };
        let report = Report::new("the record cannot be read").because(format!(
            "{} is at {}: {why}",
            self.place(),
            tip.short()
        ));
        // What this clone saw was a record; somebody put something else in its place.
        let seen = objects::seen_id(self.repo)
            .ok()
            .flatten()
            .filter(|seen| seen != tip);
        let reference = &self.record.reference;
        let back = seen.map(|seen| {
            let lease = format!("--force-with-lease={reference}:{tip}");
            let back = format!("git push {lease} {} {SEEN}:{reference}", self.typed());
            format!(
                "this clone saw it at {}; to put that back: {back}",
                seen.short()
            )
        });
        let report = back.into_iter().fold(report, Report::because).hint(format!(
            "see what was written there: git fetch {} {} && git show FETCH_HEAD",
            self.typed(),
            self.record.reference
        ));
        report.refused(RefusalCode::RecordUnreadable)
    }

    /// A newer program wrote it.
    pub(super) fn unreadable_newer(&self, format: u64) -> Refusal {
        Refusal::new(
            RefusalCode::RecordNewer,
            "the record was written by a newer git-smp",
        )
        .because(format!(
            "{} has format {format}; this is {PROGRAM}, which writes {FORMAT}",
            self.place()
        ))
        .hint("install the newest: cargo install git-smp")
    }

    /// The main repository says no, in git's words. That it takes branches only is known by its word about the ref alone.
    pub(super) fn not_writable(&self, ended: Ended, words: &str) -> Refusal {
        let report = Report::new("the record cannot be written to")
            .because(format!("it is {}", self.place()));
        let (place, next) = ((self.remote, "repository.url"), Typed::smp("setup"));
        let told =
            |report: Report, causes: Vec<String>| causes.into_iter().fold(report, Report::because);
        let report = match ended {
            Ended::NothingSent => {
                let shut = advice::shut(self.repo, place, words, &next);
                told(report, shut.because).hint(shut.hint)
            }
            Ended::Refused(status) => {
                let shut = advice::turned_away(self.repo, place, status, &next);
                in_git_s_words(told(report, shut.because), words).hint(shut.hint)
            }
            _ => {
                let hint = if self.record.reference.starts_with("refs/heads/") {
                    format!(
                        "ask for the right to push to {}, then: {next}",
                        self.place()
                    )
                } else {
                    format!(
                        "ask for the right to push to {}, or, if it takes branches only, set record.ref = \
                         \"refs/heads/smp-record\" in smp.toml, then: {next}",
                        self.remote
                    )
                };
                in_git_s_words(report, words).hint(hint)
            }
        };
        report.refused(RefusalCode::RecordNotWritable)
    }

    /// The server took an event, and nobody can read it.
    pub(super) fn taken_and_not_shown(&self) -> Report {
        self.hidden(Report::new(format!(
            "{} took the event and does not show it",
            self.remote
        )))
    }

    /// The server has a record, and nobody can read it.
    pub fn not_shown(&self) -> Refusal {
        let report = self.hidden(Report::new(format!(
            "{} has the record and does not show it",
            self.remote
        )));
        report.refused(RefusalCode::RecordNotWritable)
    }

    fn hidden(&self, report: Report) -> Report {
        let report = report.because(format!("it is {}", self.place())).because(
            "the server takes refs of this name and hides them from whoever reads, as uploadpack.hideRefs does",
        );
        report.hint(self.elsewhere())
    }

    /// What to do where such a ref does not do.
    fn elsewhere(&self) -> String {
        if self.record.reference.starts_with("refs/heads/") {
            format!(
                "ask its administrator to show {}, then: git smp setup",
                self.record.reference
            )
        } else {
            "set record.ref = \"refs/heads/smp-record\" in smp.toml, then: git smp setup".to_owned()
        }
    }

    /// Other refs bear the record's name at their end, and git would push to those as well or not at all.
    pub(super) fn ambiguous(&self, namesakes: &[String]) -> Refusal {
        let report = Report::new("the record cannot be written to")
            .because(format!("it is {}", self.place()));
        let report = namesakes.iter().fold(report, |report, name| {
            report.because(format!(
                "{} has {name} as well, and git cannot tell the two apart in a push",
                self.remote
            ))
        });
        let names: Vec<String> = namesakes.iter().map(|name| shell_word(name)).collect();
        let hint = format!(
            "take that away: git push {} --delete {}",
            self.typed(),
            names.join(" ")
        );
        report.hint(hint).refused(RefusalCode::RecordNotWritable)
    }

    /// Every push broke off, and the record stayed where it is for as long as there was patience.
    pub(super) fn unclear(&self, words: &str) -> Stop {
        let report =
            Report::new("the record does not show the event, and its push did not come to an end");
        self.unknown(&in_git_s_words(
            report.because(format!("it is {}", self.place())),
            words,
        ))
    }

    /// Nobody can say whether an event is on the record.
    pub(super) fn unknown(&self, why: &Report) -> Stop {
        let report =
            Report::new("cannot tell whether the record took the event").because(why.error.clone());
        let report = why.because.iter().cloned().fold(report, Report::because);
        Stop::Incomplete(
            report.hint("when it answers again, run the same command again: it goes on from there"),
        )
    }
}

/// What git said of a push, without what it says of every one that failed.
fn in_git_s_words(report: Report, words: &str) -> Report {
    first_words(words).into_iter().fold(report, Report::because)
}

/// The last guard: plans refuse with more words, before it comes to this.
pub(super) fn unlawful(why: Unlawful) -> Stop {
    let (code, error) = match why {
        Unlawful::Begun => (
            RefusalCode::RecordBusy,
            "somebody else began the record meanwhile",
        ),
        Unlawful::OtherCandidate => (
            RefusalCode::CandidateMoved,
            "the candidate is another one now",
        ),
        Unlawful::CandidateOpen => (RefusalCode::CandidateOpen, "there is a candidate already"),
        Unlawful::Frozen => (
            RefusalCode::Frozen,
            "a candidate is open, so nothing but a fix may be deployed",
        ),
        Unlawful::OtherDeploy => (
            RefusalCode::Deploying,
            "another deploy is on its way, or this one was given up",
        ),
        Unlawful::NotSignedOff => (RefusalCode::NotSignedOff, "the candidate is not signed off"),
        Unlawful::NotOwed => (RefusalCode::CandidateMoved, "the post is not owed any more"),
        Unlawful::NothingNew => (
            RefusalCode::TargetMoved,
            "what runs there is on record already",
        ),
    };
    Refusal::new(code, error)
        .hint("see where things stand: git smp status")
        .into()
}
