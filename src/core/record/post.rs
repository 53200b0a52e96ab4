//! Notifications in the record: which are pending, their content, and how each ended.

use serde::{Deserialize, Serialize};

use crate::core::record::trailers::settled;
use crate::core::record::{Candidate, Issue, Person, State};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The chat's webhook accepted it; no more is known.
    Accepted,
    Printed,
    /// A person saw it in the channel.
    Found,
    /// A person decided to skip it.
    Skipped,
}

/// The channels to notify of a deploy, and the text in addition to the commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    pub channels: Vec<String>,
    pub date: String,
    /// The targets, with the commits that ran there before.
    pub targets: Vec<(String, Option<CommitId>)>,
    /// A person's text: the summary of a release, or the reason of a rollback.
    pub text: Option<String>,
}

/// A pending notification with its whole content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub about: EventId,
    pub channel: String,
    pub date: String,
    pub commit: CommitId,
    pub environment: String,
    /// The targets, with the commits that ran there before.
    pub targets: Vec<(String, Option<CommitId>)>,
    pub news: News,
    /// The attempt that began and has no known end.
    #[serde(rename = "sending", deserialize_with = "Option::deserialize")]
    pub attempt: Option<Attempt>,
    /// The issue to comment on; `None` if it is no comment, or the issue must still be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
    /// True if the issue is closed as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum News {
    Proposed {
        note: Option<String>,
    },
    Fixed {
        before: CommitId,
    },
    Blocked {
        by: String,
        reason: Option<String>,
    },
    Postponed {
        by: String,
        reason: String,
    },
    Released {
        summary: Option<String>,
        /// For the technical channel: the override of the allowed time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overridden: Option<Overridden>,
    },
    /// The candidate runs on its targets: for the people who were asked about it.
    Promoted {
        by: String,
    },
    RolledBack {
        /// The commit that was rolled back.
        from: Option<CommitId>,
        by: String,
        reason: Option<String>,
    },
}

impl News {
    /// Returns the news for the technical channel about a promotion outside the allowed time.
    pub fn overridden(by: &str, reason: &str) -> Self {
        let (by, reason) = (by.to_owned(), reason.to_owned());
        Self::Released {
            summary: None,
            overridden: Some(Overridden { by, reason }),
        }
    }
}

/// The person who promoted outside the allowed time, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    pub by: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: EventId,
    pub by: Person,
    /// The start in seconds since 1970.
    pub at: i64,
    /// True if it notifies of the sender's own proposal or fix.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

impl Notice {
    /// Builds an event's notification about a candidate for a channel.
    pub fn of(candidate: &Candidate, about: EventId, channel: &str, news: News) -> Self {
        let tells = Telling {
            channels: Vec::new(),
            date: candidate.date.clone(),
            targets: candidate.goals(),
            text: None,
        };
        let place = (candidate.environment.as_str(), &candidate.commit);
        Self::of_deploy(about, channel, &tells, place, news)
    }

    /// Builds an event's notification about a deploy for a channel.
    pub fn of_deploy(
        about: EventId,
        channel: &str,
        tells: &Telling,
        (environment, commit): (&str, &CommitId),
        news: News,
    ) -> Self {
        Self {
            about,
            channel: channel.to_owned(),
            date: tells.date.clone(),
            commit: commit.clone(),
            environment: environment.to_owned(),
            targets: tells.targets.clone(),
            news,
            attempt: None,
            issue: None,
            closes: false,
        }
    }

    /// Returns whether it is about an open candidate, and so obsolete once that is promoted or withdrawn.
    pub fn is_of_candidate(&self) -> bool {
        use News::{Blocked, Fixed, Proposed};
        matches!(self.news, Proposed { .. } | Fixed { .. } | Blocked { .. })
    }

    /// Returns whether it is about a candidate before its promotion, including one that was withdrawn.
    pub fn is_of_the_way(&self) -> bool {
        self.is_of_candidate() || matches!(self.news, News::Postponed { .. })
    }

    /// Returns whether it is about a rollback, which the team must know before the next deploy.
    pub fn is_of_a_rollback(&self) -> bool {
        matches!(self.news, News::RolledBack { .. })
    }

    /// Returns whether both announce a release in the same words.
    pub fn says_what(&self, other: &Self) -> bool {
        let [ours, theirs] = [self, other].map(|one| match &one.news {
            News::Released { summary, .. } => summary.as_deref().map(settled),
            _ => None,
        });
        ours == theirs
    }

    /// Returns whether it tells the users of a release, which a rollback makes untrue.
    pub fn is_of_a_release(&self) -> bool {
        matches!(&self.news, News::Released { overridden, .. } if overridden.is_none())
    }

    pub fn is_of_a_deploy(&self) -> bool {
        let arrived = matches!(self.news, News::Released { .. } | News::Promoted { .. });
        arrived || self.is_of_a_rollback()
    }

    /// Returns the command that sends it. `open` is true if a candidate is open, which `postpone` would close.
    pub fn command(&self, open: bool) -> Typed {
        match self.news {
            News::Postponed { .. } if !open => Typed::smp("postpone"),
            News::Released { .. } | News::Promoted { .. } | News::RolledBack { .. } => {
                let targets = self.targets.iter().map(|(name, _)| name);
                targets.fold(Typed::smp("promote"), |command, name| command.arg(name))
            }
            _ => Typed::smp("propose"),
        }
    }
}

impl State {
    /// Returns the pending posts about releases that a rollback from one commit to another takes away. One that is being
    /// sent may be in the channel already.
    pub fn taken_back(
        &self,
        environment: &str,
        (from, to): (Option<&CommitId>, &CommitId),
    ) -> Vec<&Notice> {
        let (mut gone, mut told) = (Vec::from_iter(from), Vec::new());
        for one in self.pending.iter().rev() {
            let mut targets = one.targets.iter();
            let place = targets.find(|(name, _)| name == environment);
            let is_gone = one.commit != *to && gone.contains(&&one.commit);
            if let Some((_, before)) = place.filter(|_| is_gone && one.is_of_a_release()) {
                gone.extend(before);
                told.extend(Some(one).filter(|one| one.attempt.is_none()));
            }
        }
        told
    }

    /// Drops those posts. One about several targets stays for the others.
    pub(super) fn take_back(&mut self, environment: &str, way: (Option<&CommitId>, &CommitId)) {
        let told = self.taken_back(environment, way).into_iter();
        let told: Vec<Notice> = told.cloned().collect();
        self.pending.retain_mut(|one| {
            let is_told = told.contains(one);
            if is_told {
                one.targets.retain(|(name, _)| name != environment);
            }
            !is_told || !one.targets.is_empty()
        });
    }
}
