//! What the record says of posts: which are pending, what each is made from, and how it ended.

use serde::{Deserialize, Serialize};

use crate::core::record::trailers::settled;
use crate::core::record::{Candidate, Issue, Person};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The chat's webhook accepted it, which is all that it says.
    Accepted,
    Printed,
    /// A person saw it in the channel.
    Found,
    /// A person said to leave it.
    Skipped,
}

/// Who is to be told of a deploy, and what beside the commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    pub channels: Vec<String>,
    pub date: String,
    /// The environments that it speaks of, and what ran there before.
    pub targets: Vec<(String, Option<CommitId>)>,
    /// What a person wrote: the summary of a release, or the reason of a rollback.
    pub text: Option<String>,
}

/// A post that is still to be made, with everything that it is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub about: EventId,
    pub channel: String,
    pub date: String,
    pub commit: CommitId,
    pub environment: String,
    /// Where it is to go, or went, and what ran there before.
    pub targets: Vec<(String, Option<CommitId>)>,
    pub news: News,
    /// The attempt that was begun and not seen to end.
    #[serde(rename = "sending", deserialize_with = "Option::deserialize")]
    pub attempt: Option<Attempt>,
    /// The issue that it is a comment of; `None`: it is no comment, or the issue is still to be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
    /// Whether that issue is closed with it.
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
        /// For those who deploy: that it began although its time had not come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overridden: Option<Overridden>,
    },
    /// The candidate runs where it was to go: for those who were asked about it.
    Promoted {
        by: String,
    },
    RolledBack {
        /// What ran in between.
        from: Option<CommitId>,
        by: String,
        reason: Option<String>,
    },
}

/// Who promoted although the time had not come, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    pub by: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: EventId,
    pub by: Person,
    /// Since when, in seconds since 1970.
    pub at: i64,
    /// Whether it tells of a proposal or a fix of that very person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

impl Notice {
    /// What an event tells a channel of a candidate.
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

    /// What an event tells a channel of a deploy.
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

    /// Whether it tells of a candidate on its way, and so is moot once that is promoted or withdrawn.
    pub fn is_of_candidate(&self) -> bool {
        use News::{Blocked, Fixed, Proposed};
        matches!(self.news, Proposed { .. } | Fixed { .. } | Blocked { .. })
    }

    /// Whether it belongs to the way of a candidate, this one or the one before it.
    pub fn is_of_the_way(&self) -> bool {
        self.is_of_candidate() || matches!(self.news, News::Postponed { .. })
    }

    /// Whether it tells that something was taken back, which the team must know before anybody else deploys.
    pub fn is_of_a_rollback(&self) -> bool {
        matches!(self.news, News::RolledBack { .. })
    }

    /// Whether both tell of a release in the same words.
    pub fn says_what(&self, other: &Self) -> bool {
        let [ours, theirs] = [self, other].map(|one| match &one.news {
            News::Released { summary, .. } => summary.as_deref().map(settled),
            _ => None,
        });
        ours == theirs
    }

    pub fn is_of_a_deploy(&self) -> bool {
        let arrived = matches!(self.news, News::Released { .. } | News::Promoted { .. });
        arrived || self.is_of_a_rollback()
    }

    /// The command that makes the post. `open`: whether there is a candidate, which `postpone` would close.
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
