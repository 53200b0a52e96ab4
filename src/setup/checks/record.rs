//! What `git smp setup` checks of the record.

use crate::core::record::Reading;
use crate::core::refusal::{Refusal, Report, Stop};
use crate::git::push::MayPush;
use crate::setup::checks::{Check, Mark};
use crate::team::recorder::Recorder;

/// Asks whether the record, as it was read, could be written to. A clone that may only read is good for much. Gives it
/// back where nobody is known to have written to it yet.
pub(super) fn check(
    recorder: Recorder<'_>,
    reading: Result<Reading, Refusal>,
) -> (Check, Option<Reading>) {
    let name = "record";
    let reading = match reading {
        Ok(reading) => reading,
        Err(refusal) => return (Check::refused(name, "", &refusal), None),
    };
    let events = match reading.state.events {
        0 => "nothing on it yet".to_owned(),
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    };
    let mut check = Check::good(
        name,
        format!(
            "{} on {}; {events}",
            recorder.reference(),
            recorder.remote()
        ),
    );
    match recorder.may_write(reading.tip.as_ref()) {
        MayPush::No(words) => {
            check
                .words
                .push_str("; this clone may read it, not write to it");
            (check.mark, check.because) = (Mark::Note, words);
            (check, None)
        }
        MayPush::Moved if reading.tip.is_none() => {
            (Check::refused(name, "", &recorder.not_shown()), None)
        }
        MayPush::Yes | MayPush::Moved => {
            let is_new = reading.state.events == 0;
            (check, is_new.then_some(reading))
        }
    }
}

/// Begins the record, so that everybody knows that the host takes such a ref and shows it before somebody relies on that.
pub(super) fn begin(recorder: Recorder<'_>, read: Reading) -> Check {
    let stop = match recorder.begin(read) {
        Ok(_) => {
            let words = format!(
                "{} on {}; begun just now",
                recorder.reference(),
                recorder.remote()
            );
            return Check::good("record", words);
        }
        Err(stop) => stop,
    };
    let report = stop
        .report()
        .cloned()
        .unwrap_or_else(|| Report::new("it cannot be begun"));
    let mark = if matches!(stop, Stop::Incomplete(_)) {
        Mark::Unfinished
    } else {
        Mark::Bad
    };
    Check {
        mark,
        ..Check::bad(
            "record",
            report.error,
            report.because,
            report.hint.map(|hint| hint.to_string()),
        )
    }
}
