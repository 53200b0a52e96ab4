//! Checks who proposed or fixed a candidate against the forge. Pure.

use super::{Remark, is_login};
use crate::core::record::Candidate;
use crate::core::tell::issue::{bears, own_mark};
use crate::core::words::EventId;

/// The allowed difference between the clocks of a proposer and of the forge, in seconds.
const SLACK: i64 = 300;

/// Clears the logins of the proposer and of the fixers that the forge does not confirm: the record has them from one
/// key only. Without them no comment counts as a second person's. Returns the reasons. `record` is its ref.
pub fn bear_out(
    candidate: &mut Candidate,
    (question, remarks): (&Remark, &[Remark]),
    record: &str,
) -> Vec<String> {
    let (short, mut why) = (candidate.commit.short().to_owned(), Vec::new());
    // The last question asks about the present commit of the candidate.
    let last = candidate
        .fixers
        .last()
        .map_or(&candidate.id, |last| &last.id);
    let (last, commit) = (last.clone(), candidate.commit.clone());
    let by = |login: &String, id: &EventId, one: &Remark| {
        let mark = own_mark(id, record, Some(&commit).filter(|_| *id == last));
        let may = one.may && !one.is_of_app;
        may && is_login(one.login.as_ref(), login) && bears(&one.text, &mark)
    };
    if let Some(login) = &candidate.login
        && !(by(login, &candidate.id, question)
            && candidate.at <= question.at.saturating_add(SLACK))
    {
        let address = &question.address;
        why.push(match question.is_of_app {
            true => format!("an app opened {address}, so any person may have proposed {short}"),
            false => format!(
                "according to the record, {login} proposed {short}, but did not open {address} for it"
            ),
        });
        candidate.login = None;
    }
    for fixer in &mut candidate.fixers {
        let mut asked = remarks.iter().filter(|one| !one.is_edited);
        let login = fixer.login.as_ref();
        if let Some(login) = login.filter(|login| !asked.any(|one| by(login, &fixer.id, one))) {
            why.push(format!(
                "according to the record, {login} deployed a fix, but no comment of {login} asks for a verdict on it"
            ));
            fixer.login = None;
        }
    }
    why
}
