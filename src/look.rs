//! What every command looks at together.

use std::thread;

use crate::core::config::Config;
use crate::core::config::Environment;
use crate::core::decide::Recorded;
use crate::core::record::Reading;
use crate::core::record::State;
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::words::{Branch, Observed};
use crate::core::words::{EventId, Source};
use crate::git::{moved, remote};
use crate::notes::Notes;
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::recorder::Recorder;

/// What the main repository has: its branch, and the record where one is kept.
pub type MainAndRecord = (Result<Branch, Refusal>, Option<Result<Reading, Refusal>>);

/// Looks at the main repository's branch and at the record: they are in one place, so where both are is one question.
///
/// # Errors
/// When this clone cannot be read; what the main repository does not tell is in its part.
pub fn main_and_record(
    look: &Look<'_>,
    recorder: Option<Recorder<'_>>,
) -> Result<MainAndRecord, Stop> {
    let main = &look.config.repository;
    let Some(recorder) = recorder else {
        let branch = remote::branch(look.repo, &main.remote, &main.branch, look.may_ask);
        return Ok((look.main_at(branch)?, None));
    };
    let wanted = (main.branch.as_str(), recorder.reference());
    let (branch, tip) = match remote::branch_and_tip(look.repo, &main.remote, wanted, look.may_ask)
    {
        Ok((branch, tip)) => (Ok(branch), Ok(tip)),
        Err(refusal) => {
            let of_record = moved::with_key(refusal.clone(), "repository.url");
            (Err(refusal), Err(of_record))
        }
    };
    // What is not here yet is fetched side by side.
    let (branch, reading) = thread::scope(|scope| {
        let reading = scope.spawn(|| recorder.read_at(tip));
        (look.main_at(branch), reading.join())
    });
    let lost = || Report::new("looking at the record failed").hint("try again: git smp status");
    Ok((branch?, Some(reading.map_err(|_| Stop::Failed(lost()))??)))
}

/// What every deploy that goes forward looks at.
pub struct Seen {
    /// The environments, in the order asked for.
    pub environments: std::vec::IntoIter<Observed>,
    /// The main repository's branch.
    pub main: Result<Branch, Refusal>,
    /// The shared record.
    pub record: OnRecord,
}

/// Looks at these environments, at the main repository and at the record, all at once.
///
/// # Errors
/// When this clone cannot be read; what others do not tell is in its part.
pub fn see(
    session: &Session<'_>,
    look: &Look<'_>,
    concerned: &[&Environment],
) -> Result<Seen, Stop> {
    let recorder = Recorder::of(look.repo, look.config, look.may_ask);
    let lost = || {
        Stop::Failed(
            Report::new("looking at the main repository failed").hint("try again: git smp status"),
        )
    };
    let (seen, main) = thread::scope(|scope| {
        let main = scope.spawn(|| main_and_record(look, recorder));
        (look.environments(concerned, Also::Branches), main.join())
    });
    let mut seen = seen?;
    let (main, reading) = main.map_err(|_| lost())??;
    session.explain(look.config, &seen);
    doubt(&mut seen, read(reading.as_ref()));
    let record = OnRecord::of(look, reading, &seen)?;
    Ok(Seen {
        environments: seen.into_iter(),
        main,
        record,
    })
}

/// The shared record as it was read, with what this clone knows of its open announcement.
pub struct OnRecord {
    /// The record, where the team keeps one.
    pub reading: Option<Result<Reading, Refusal>>,
    /// The open announcement, if this clone made it.
    pub mine: Option<EventId>,
    /// Whether a push or a release of this clone for it may still be on its way.
    sent: bool,
    /// The environment of the open announcement, as it was seen.
    announced: Option<Observed>,
}

impl OnRecord {
    /// What was read. The environment of the open announcement is looked at unless that was done already.
    ///
    /// # Errors
    /// When this clone cannot be read.
    pub fn of(
        look: &Look<'_>,
        reading: Option<Result<Reading, Refusal>>,
        seen: &[Observed],
    ) -> Result<Self, Stop> {
        let open = reading
            .as_ref()
            .and_then(|reading| reading.as_ref().ok()?.state.deploying.as_ref());
        let notes = Notes::of(&look.repo.layout().common_dir);
        let ours = open.filter(|open| notes.has_announced(&open.id));
        let sent = ours.is_some_and(|open| notes.may_go_on(&open.environment, &open.to));
        let mine = ours.map(|open| open.id.clone());
        let seen =
            open.and_then(|open| seen.iter().find(|one| one.environment == open.environment));
        let place = open.and_then(|open| {
            look.config
                .environments
                .iter()
                .find(|one| one.name == open.environment)
        });
        let announced = match place {
            _ if seen.is_some() => seen.cloned(),
            // What nobody here agreed to is not looked at.
            Some(place) if trust::require(look.repo, look.config, &[place]).is_ok() => {
                look.environments(&[place], Also::Branches)?.pop()
            }
            _ => None,
        };
        Ok(Self {
            reading,
            mine,
            sent,
            announced,
        })
    }

    /// What its events add up to, where it could be read.
    pub fn state(&self) -> Option<&State> {
        read(self.reading.as_ref())
    }

    /// The record as a plan sees it; `None` where the team keeps none.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn recorded<'a>(
        &'a self,
        config: &Config,
        take_over: Option<&'a str>,
        now: i64,
    ) -> Result<Option<Recorded<'a>>, Refusal> {
        let (Some(record), Some(reading)) = (&config.record, &self.reading) else {
            return Ok(None);
        };
        let state = &reading.as_ref().map_err(Clone::clone)?.state;
        let (mine, sent, announced) = (self.mine.as_ref(), self.sent, self.announced.as_ref());
        Ok(Some(Recorded {
            state,
            signoff: record.signoff,
            mine,
            sent,
            announced,
            take_over,
            now,
        }))
    }
}

/// What a record adds up to, where there is one and it could be read.
pub fn read(reading: Option<&Result<Reading, Refusal>>) -> Option<&State> {
    Some(&reading?.as_ref().ok()?.state)
}

/// Where nothing but a branch tells what runs, what its host said against that counts for everybody.
pub fn doubt(seen: &mut [Observed], state: Option<&State>) {
    let Some(state) = state else { return };
    for one in seen
        .iter_mut()
        .filter(|one| one.source == Source::Ref && one.doubt.is_none())
    {
        let words = state
            .doubts
            .get(&one.environment)
            .filter(|doubted| one.reference() == Some(&doubted.commit));
        one.doubt = words.map(|doubted| doubted.words.clone());
    }
}
