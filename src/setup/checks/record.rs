//! What `git smp setup` checks of the record.

use crate::core::record::{Reading, RecordView};
use crate::git::push::MayPush;
use crate::setup::check::Check;
use crate::team::recorder::Recorder;

const NAME: &str = "record";

/// Asks whether the record, as it was read, could be written to. A clone that may only read is good for much. Gives it
/// back where nobody is known to have written to it yet.
pub(super) fn check(recorder: Recorder<'_>, view: RecordView) -> Option<(Check, Option<Reading>)> {
    let reading = match view {
        RecordView::NoneKept => return None,
        RecordView::Read(reading) => *reading,
        RecordView::Unreadable(refusal) => return Some((Check::bad(NAME, refusal.report), None)),
    };
    let events = match reading.state.events {
        0 => "nothing on it yet".to_owned(),
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    };
    let words = said(recorder, &events);
    Some(match recorder.may_write(reading.tip.as_ref()) {
        MayPush::No(because) => {
            let words = format!("{words}; this clone may read it, not write to it");
            let check = Check::note(NAME, words);
            (because.into_iter().fold(check, Check::because), None)
        }
        MayPush::Moved if reading.tip.is_none() => {
            (Check::bad(NAME, recorder.not_shown().report), None)
        }
        MayPush::Yes | MayPush::Moved => {
            let is_new = reading.state.events == 0;
            (Check::good(NAME, words), is_new.then_some(reading))
        }
    })
}

/// Begins the record, so that everybody knows that the host takes such a ref and shows it before somebody relies on that.
pub(super) fn begin(recorder: Recorder<'_>, read: Reading) -> Check {
    match recorder.begin(read) {
        Ok(_) => Check::good(NAME, said(recorder, "begun just now")),
        Err(stop) => Check::stopped(NAME, &stop),
    }
}

fn said(recorder: Recorder<'_>, what: &str) -> String {
    format!("{}; {what}", recorder.place())
}
