//! Who asked about a candidate, by the word of the forge. Pure.

use super::{Remark, is_login};
use crate::core::record::Candidate;
use crate::core::tell::issue::{bears, own_mark};
use crate::core::words::EventId;

/// By so many seconds the clocks of a proposer and of the forge may differ.
const SLACK: i64 = 300;

/// Forgets whose account proposed the candidate, and whose deployed a fix of it, where the forge does not say the same:
/// the record has it from one key. Then no comment is a yes of somebody else. Gives why. `record`: its ref.
pub fn bear_out(
    candidate: &mut Candidate,
    (question, remarks): (&Remark, &[Remark]),
    record: &str,
) -> Vec<String> {
    let (short, mut why) = (candidate.commit.short().to_owned(), Vec::new());
    // The last question is about what the candidate is now.
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
