//! What every command looks at together.

use std::thread;

use crate::error::{Refusal, Report, Stop};
use crate::git::{moved, remote};
use crate::model::Branch;
use crate::observe::Look;
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
    let Some(recorder) = recorder else {
        return Ok((look.main_branch()?, None));
    };
    let main = &look.config.repository;
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
