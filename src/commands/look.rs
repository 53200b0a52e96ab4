//! What every command looks at together.

use std::thread;

use crate::commands::Session;
use crate::commands::deploy::{OnRecord, doubt, read};
use crate::config::Environment;
use crate::error::{Refusal, Report, Stop};
use crate::git::{moved, remote};
use crate::model::{Branch, Observed};
use crate::observe::{Also, Look};
use crate::record::Reading;
use crate::recorder::Recorder;

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
