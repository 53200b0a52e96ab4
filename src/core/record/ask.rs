//! The issue of a proposal in the record: its address, and which comments are recorded as verdicts.

use std::iter;

use serde::{Deserialize, Serialize};

use crate::core::record::{
    Candidate, Deployed, Event, Judged, Kind, News, Notice, Person, SignOff, State, Telling,
    Unlawful, Verdict, What,
};
use crate::core::words::{CommitId, EventId};

/// The channel name of the proposal's issue, the only channel that is not a chat.
pub const ISSUE: &str = "issue";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub number: u64,
    pub address: String,
}

/// The issue that asks for comments on a candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// `None` until somebody is seen to open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
    /// The comment that asked again after the last fix. Older comments are about another commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anew: Option<u64>,
    /// The comments recorded as verdicts; none is recorded twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<u64>,
}

/// The comment with a verdict. The forge says who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    pub login: String,
    #[serde(rename = "comment")]
    pub id: u64,
    pub address: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixer {
    /// The event that deployed the fix.
    pub id: EventId,
    pub by: Person,
    /// The account whose token asked again in the issue.
    pub login: Option<String>,
    /// The commit that the fix replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<CommitId>,
}

/// The place where a forge put a text, and the token's account. A chat reports neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    pub issue: Option<u64>,
    pub comment: Option<u64>,
    pub address: Option<String>,
    pub login: Option<String>,
}

/// A sign-off that no longer counts: its comment was edited after it was recorded, or is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided {
    pub commit: CommitId,
    pub comment: u64,
    pub of: String,
    pub why: String,
}

impl Inquiry {
    /// Returns an inquiry if the event has the issue among its channels.
    pub(super) fn by(channels: &[String]) -> Option<Self> {
        let asks = channels.iter().any(|one| one == ISSUE);
        asks.then(Self::default)
    }
}

impl Candidate {
    /// Returns the issue that asks for comments, if somebody was seen to open it.
    pub fn issue(&self) -> Option<&Issue> {
        self.inquiry.as_ref()?.issue.as_ref()
    }

    /// Names the people whose own sign-off does not count with `four_eyes`.
    pub fn own_people(&self) -> String {
        let short = self.commit.short();
        match self.fixers.is_empty() {
            true => format!("the proposer of {short}"),
            false => format!("those who proposed {short} or deployed its fixes"),
        }
    }

    /// Returns who proposed it and who deployed its fixes: the event, the person, and the login.
    fn authors(&self) -> impl Iterator<Item = (&EventId, &Person, &Option<String>)> {
        let fixers = self.fixers.iter();
        let fixers = fixers.map(|fixer| (&fixer.id, &fixer.by, &fixer.login));
        iter::once((&self.id, &self.by, &self.login)).chain(fixers)
    }

    /// Returns whether the person with this mail address in git proposed it or deployed a fix of it.
    pub fn is_of(&self, email: &str) -> bool {
        let mut all = self.authors();
        all.any(|(_, one, _)| !email.is_empty() && one.email.eq_ignore_ascii_case(email))
    }

    /// Returns whether it is this commit, or was before a fix.
    pub(super) fn was(&self, commit: &CommitId) -> bool {
        let mut fixers = self.fixers.iter();
        self.commit == *commit || fixers.any(|fixer| fixer.base.as_ref() == Some(commit))
    }

    /// Returns whether a typed sign-off counts: with `four_eyes` a signature must show whose it is.
    pub fn counts_typed(&self) -> bool {
        !self.four_eyes || self.by.principal.is_some()
    }

    /// Returns whether a comment may count: with `four_eyes` the forge must name the proposer and the fixers.
    pub fn counts_comments(&self) -> bool {
        !self.four_eyes || self.authors().all(|(.., login)| login.is_some())
    }

    /// Adds a verdict. The forge names a comment's author. A typed name withdraws neither that author's comment nor a
    /// verdict signed with another key, even if the names are equal.
    pub(super) fn hear(&mut self, event: &Event, it: &Judged) -> Result<(), Unlawful> {
        if (it.comment.as_ref()).is_some_and(|comment| comment.login != it.of) {
            return Err(Unlawful::NotTheirs);
        }
        let mut said = SignOff {
            by: it.of.clone(),
            recorded_by: event.by.clone(),
            verdict: it.verdict,
            note: it.note.clone(),
            at: event.at,
            comment: it.comment.clone(),
            over: None,
        };
        // An unsigned verdict may turn out to be somebody else's.
        let is_sure = said.comment.is_some() || said.recorded_by.principal.is_some();
        if is_sure && !self.counts(&said) {
            let is_fix = said.recorded_by.is_certainly_not(&self.by);
            return Err(match is_fix {
                true => Unlawful::OwnFix,
                false => Unlawful::SamePerson,
            });
        }
        let mut verdicts = self.verdicts.iter();
        let before = verdicts.position(|one| one.by == said.by && one.is_of_the_same_voice(&said));
        let before = before.map(|place| self.verdicts.remove(place));
        if said.verdict == Verdict::Pass && said.comment.is_some() {
            said.over = before.and_then(|one| match one.verdict {
                Verdict::Block => Some(Box::new(one)),
                Verdict::Pass => one.over,
            });
        }
        self.verdicts.push(said);
        if let (Some(inquiry), Some(comment)) = (&mut self.inquiry, &it.comment) {
            inquiry.heard.push(comment.id);
        }
        Ok(())
    }

    /// Treats comments as no stronger than the key that recorded them. A block withdrawn by a worthless comment stands.
    pub(super) fn by_keys_alone(&mut self) {
        (self.verdicts.iter_mut()).for_each(|one| one.comment = None);
        let worthless = self.verdicts.iter().filter(|one| !self.counts(one));
        let blocks = worthless.filter_map(|one| one.over.as_deref().cloned());
        self.verdicts.extend(blocks.collect::<Vec<_>>());
    }

    /// Returns whether a verdict counts: a block always, a sign-off with `four_eyes` only from a second person.
    pub fn counts(&self, one: &SignOff) -> bool {
        !self.four_eyes || one.verdict == Verdict::Block || self.is_of_somebody_else(one)
    }

    /// Returns whether a verdict is certainly from a person who neither proposed the candidate nor deployed a fix of
    /// it: by the forge's name of the comment's author, or by the signing key.
    fn is_of_somebody_else(&self, one: &SignOff) -> bool {
        self.authors()
            .all(|(_, by, login)| match (&one.comment, login) {
                (Some(comment), Some(login)) => !comment.login.eq_ignore_ascii_case(login),
                (Some(_), None) => false,
                (None, _) => one.recorded_by.is_certainly_not(by),
            })
    }
}

impl Person {
    /// Returns whether both are the same person: by the signing key, or by git's name and address if neither signed.
    pub fn is_also(&self, other: &Self) -> bool {
        match (&self.principal, &other.principal) {
            (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
            (None, None) => self.is_called(&other.name, &other.email),
            _ => false,
        }
    }
}

impl SignOff {
    /// Returns the place of a verdict in a comment, as part of a sentence.
    pub fn in_comment(&self) -> String {
        let comment = self.comment.as_ref();
        comment.map_or_else(String::new, |it| format!(" in {}", it.address))
    }

    /// Returns whether both were given in the same way: by comments, or with the same key.
    fn is_of_the_same_voice(&self, other: &Self) -> bool {
        match (&self.comment, &other.comment) {
            (Some(_), Some(_)) => true,
            (None, None) => self.recorded_by.principal == other.recorded_by.principal,
            _ => false,
        }
    }
}

impl State {
    pub(super) fn voided(&mut self, it: &Voided) -> Result<(), Unlawful> {
        let open = self.candidate.as_mut();
        let open = open.filter(|open| open.commit == it.commit);
        let candidate = open.ok_or(Unlawful::OtherCandidate)?;
        let mut verdicts = candidate.verdicts.iter();
        let place = verdicts.position(|one| {
            let comment = one.comment.as_ref().map(|comment| comment.id);
            comment == Some(it.comment) && one.verdict == Verdict::Pass
        });
        let void = candidate
            .verdicts
            .remove(place.ok_or(Unlawful::NothingNew)?);
        candidate.verdicts.extend(void.over.map(|block| *block));
        if let Some(inquiry) = &mut candidate.inquiry {
            // If the comment still exists, it is read again.
            inquiry.heard.retain(|id| *id != it.comment);
        }
        Ok(())
    }

    /// Returns whether a notification is about this person's own proposal or fix.
    pub(super) fn is_own(&self, told: &Notice, by: &Person) -> bool {
        self.candidate.as_ref().is_some_and(|open| {
            let mut all = open.authors();
            all.any(|(id, one, _)| *id == told.about && one.is_also(by))
        })
    }

    /// Returns the issue number that an event records for a candidate.
    pub(super) fn opened(&self, what: &What) -> Option<u64> {
        let What::Posted { placed, .. } = what else {
            return None;
        };
        let told = &self.pending[self.place(what)?];
        placed
            .issue
            .filter(|_| matches!(told.news, News::Proposed { .. }))
    }

    /// Stores where the forge put a delivered text.
    ///
    /// The token's account counts as the proposer's or fixer's login only if that person delivered it.
    pub(super) fn placed(&mut self, by: &Person, told: &Notice, placed: &Placed) {
        let is_proposal = matches!(told.news, News::Proposed { .. });
        let issue = placed.issue.filter(|_| is_proposal);
        let issue = issue.zip(placed.address.clone());
        let issue = issue.map(|(number, address)| Issue { number, address });
        let Some(candidate) = &mut self.candidate else {
            return;
        };
        let Some(inquiry) = &mut candidate.inquiry else {
            return;
        };
        if issue.is_some() && candidate.id == told.about {
            let own = placed.login.as_ref().filter(|_| candidate.by.is_also(by));
            candidate.login = candidate.login.take().or_else(|| own.cloned());
            inquiry.issue.clone_from(&issue);
            let waiting = self.pending.iter_mut();
            let waiting = waiting.filter(|one| one.channel == ISSUE && one.issue.is_none());
            waiting.for_each(|one| one.issue.clone_from(&issue));
        }
        if matches!(told.news, News::Fixed { .. }) && told.issue == inquiry.issue {
            inquiry.anew = inquiry.anew.max(placed.comment);
            let fixers = candidate.fixers.iter_mut();
            let fixer = fixers.filter(|fixer| fixer.id == told.about);
            let own = fixer.filter(|fixer| fixer.by.is_also(by));
            own.for_each(|fixer| fixer.login.clone_from(&placed.login));
        }
    }

    /// Derives the addresses of issues and comments from their numbers: an address in an event may lead anywhere.
    #[must_use]
    pub fn with_pages(mut self, page: impl Fn(u64) -> Option<(String, &'static str)>) -> Self {
        let asked = self.candidate.as_mut();
        let asked = asked.and_then(|open| open.inquiry.as_mut()?.issue.as_mut());
        let told = self.pending.iter_mut().filter_map(|one| one.issue.as_mut());
        let deployed = self.deploys.values_mut();
        let deployed = deployed.filter_map(|one| one.issue.as_mut());
        for issue in asked.into_iter().chain(told).chain(deployed) {
            if let Some((page, _)) = page(issue.number) {
                issue.address = page;
            }
        }
        if let Some(open) = &mut self.candidate
            && let Some((page, anchor)) = open.issue().and_then(|issue| page(issue.number))
        {
            let comments = open.verdicts.iter_mut().flat_map(|one| {
                let block = one.over.as_mut();
                [
                    one.comment.as_mut(),
                    block.and_then(|it| it.comment.as_mut()),
                ]
            });
            for comment in comments.flatten() {
                comment.address = format!("{page}{anchor}{}", comment.id);
            }
        }
        self
    }

    /// Returns the issue about the commit that a deploy brings or removes, from the state before it.
    pub(super) fn issue_of(&self, it: &Deployed) -> Option<Issue> {
        match it.kind {
            Kind::Promote => self.candidate_of(&it.to)?.issue().cloned(),
            Kind::Rollback => self.asked_in(&it.environment, it.from.as_ref()?).cloned(),
            Kind::Stage | Kind::Fix => None,
        }
    }

    /// Returns the issue about a commit that ran in an environment, or is still the candidate after a failed check.
    pub fn asked_in(&self, environment: &str, ran: &CommitId) -> Option<&Issue> {
        let deploy = self.deploys.get(environment);
        let deploy = deploy.filter(|one| one.commit == *ran);
        match deploy.and_then(|one| one.issue.as_ref()) {
            Some(issue) => Some(issue),
            None => self.candidate_of(ran)?.issue(),
        }
    }

    pub(super) fn tell_issue_of_deploy(
        &mut self,
        event: &Event,
        it: &Deployed,
        (before, issue): (Option<&Candidate>, Option<Issue>),
        news: News,
    ) {
        let about = event.id.clone();
        if let (News::Fixed { .. }, Some(open)) = (&news, &self.candidate) {
            if let Some(inquiry) = &open.inquiry {
                let notice = Notice::of(open, about, ISSUE, news);
                let issue = inquiry.issue.clone();
                self.pending.push(Notice { issue, ..notice });
            }
            return;
        }
        let told = it.tells.as_ref();
        let tells = Telling {
            channels: Vec::new(),
            date: before.map_or_else(
                || told.map(|one| one.date.clone()).unwrap_or_default(),
                |open| open.date.clone(),
            ),
            targets: vec![(it.environment.clone(), it.from.clone())],
            text: None,
        };
        let news = match news {
            News::Released { .. } => News::Promoted {
                by: it
                    .announced_by
                    .clone()
                    .unwrap_or_else(|| event.by.name.clone()),
            },
            other => other,
        };
        let place = (it.environment.as_str(), &it.to);
        self.tell_issue_of(issue, Notice::of_deploy(about, ISSUE, &tells, place, news));
    }

    /// Notifies an issue that somebody was seen to open; closes it unless it is the open candidate's.
    pub(super) fn tell_issue_of(&mut self, issue: Option<Issue>, notice: Notice) {
        if issue.is_some() {
            let asks = self.candidate.as_ref().and_then(Candidate::issue);
            let closes = asks != issue.as_ref();
            self.pending.push(Notice {
                closes,
                issue,
                ..notice
            });
        }
    }
}
