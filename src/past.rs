//! The past deploys that the record tells of: what was promoted, and what was rolled back. Pure.

use crate::model::CommitId;
use crate::record::{Event, Kind, What};

/// One past deploy: a promotion or a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Where.
    pub environment: String,
    /// What ran there before, if anything.
    pub from: Option<CommitId>,
    /// What ran there then.
    pub to: CommitId,
    /// When it was seen to run, in seconds since 1970, by the clock of whoever recorded it.
    pub at: i64,
    /// Who deployed it: whoever announced it, even if somebody else saw its end.
    pub by: String,
    /// [`Kind::Promote`] or [`Kind::Rollback`], and no other.
    pub kind: Kind,
    /// How many commits that was.
    pub commits: u64,
    /// Who had signed it off.
    pub signed_off_by: Vec<String>,
    /// The candidate that was promoted; `None` for a rollback, and where nobody had put the commit forward.
    pub candidate: Option<CommitId>,
}

/// The candidate that is open between two events.
struct Open<'e> {
    commit: &'e CommitId,
    missing: Vec<&'e str>,
}

/// The deploys among the events, in the order of the events, which is oldest first.
///
/// The candidate is followed by hand and not with [`crate::record::State::after`]: that refuses whatever cannot follow,
/// and after one event that cannot be read hardly anything can.
pub fn deploys(events: &[Event]) -> Vec<Past> {
    let mut open = None;
    events.iter().filter_map(|event| follow(&mut open, event)).collect()
}

/// What ran there, one commit after the other.
pub fn ran<'p>(deploys: &'p [Past], environment: &str) -> impl Iterator<Item = &'p CommitId> {
    let there: Vec<&Past> = deploys.iter().filter(|past| past.environment == environment).collect();
    there.into_iter().flat_map(|past| past.from.iter().chain([&past.to]))
}

/// What ran before `runs` where these commits ran one after the other. What was gone back over does not count: going
/// back once more leads further back, and never forward to what was rolled back.
pub fn before<'p>(ran: impl Iterator<Item = &'p CommitId>, runs: &CommitId) -> Option<&'p CommitId> {
    let mut line: Vec<&CommitId> = Vec::new();
    for commit in ran {
        match line.iter().position(|one| *one == commit) {
            Some(place) => line.truncate(place + 1),
            None => line.push(commit),
        }
    }
    let place = line.iter().position(|one| *one == runs)?;
    line.get(place.checked_sub(1)?).copied()
}

/// Takes one event in; gives the deploy that it is, if it is one.
fn follow<'e>(open: &mut Option<Open<'e>>, event: &'e Event) -> Option<Past> {
    match &event.what {
        What::Proposed { commit, targets, .. } => {
            *open = Some(Open { commit, missing: targets.iter().map(|(name, _)| name.as_str()).collect() });
            None
        }
        What::Postponed { .. } => {
            *open = None;
            None
        }
        What::Deployed { kind: Kind::Fix, to, .. } => {
            open.iter_mut().for_each(|open| open.commit = to);
            None
        }
        What::Deployed { kind, environment, from, to, commits, signed_off_by, announced_by, .. }
            if *kind != Kind::Stage =>
        {
            let promoted = *kind == Kind::Promote && reach(open, environment, to);
            Some(Past {
                environment: environment.clone(),
                from: from.clone(),
                to: to.clone(),
                at: event.at,
                by: announced_by.clone().unwrap_or_else(|| event.by.name.clone()),
                kind: *kind,
                commits: *commits,
                signed_off_by: signed_off_by.clone(),
                candidate: promoted.then(|| to.clone()),
            })
        }
        _ => None,
    }
}

/// Notes that an environment was given a commit. Says whether that is the open candidate, which is closed when it has
/// reached all that it was put forward for.
fn reach(open: &mut Option<Open<'_>>, environment: &str, to: &CommitId) -> bool {
    let Some(candidate) = open.as_mut().filter(|open| open.commit == to) else { return false };
    candidate.missing.retain(|missing| *missing != environment);
    if candidate.missing.is_empty() {
        *open = None;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{EventId, Person};

    fn commit(digit: char) -> CommitId {
        CommitId::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn event(what: What) -> Event {
        let by = Person { name: "Ada Example".into(), email: "ada@example.com".into() };
        Event { id: EventId::of(1), by, at: 7, program: String::new(), what }
    }

    fn proposed(digit: char, targets: &[&str]) -> Event {
        event(What::Proposed {
            commit: commit(digit),
            environment: "staging".into(),
            targets: targets.iter().map(|name| ((*name).to_owned(), None)).collect(),
            note: None,
            date: "2022-03-02".into(),
            channels: Vec::new(),
            over: None,
        })
    }

    fn deployed(kind: Kind, environment: &str, to: char) -> Event {
        event(What::Deployed {
            intent: None,
            kind,
            environment: environment.into(),
            from: None,
            to: commit(to),
            commits: 1,
            signed_off_by: Vec::new(),
            unsigned: false,
            announced_by: None,
            tells: None,
        })
    }

    /// Where, and which candidate, if any.
    fn told(events: &[Event]) -> Vec<(String, Option<CommitId>)> {
        deploys(events).into_iter().map(|past| (past.environment, past.candidate)).collect()
    }

    #[test]
    fn a_candidate_is_that_of_every_target_until_it_has_reached_them_all() {
        let events = [
            proposed('1', &["eu", "us"]),
            deployed(Kind::Stage, "elsewhere", '9'),
            deployed(Kind::Fix, "staging", '2'),
            deployed(Kind::Promote, "eu", '2'),
            deployed(Kind::Rollback, "eu", '8'),
            deployed(Kind::Promote, "us", '2'),
            deployed(Kind::Promote, "eu", '2'),
        ];
        let told = told(&events);
        assert_eq!(told[0], ("eu".to_owned(), Some(commit('2'))));
        assert_eq!(told[1], ("eu".to_owned(), None), "a rollback");
        assert_eq!(told[2], ("us".to_owned(), Some(commit('2'))));
        assert_eq!(told[3], ("eu".to_owned(), None), "nobody put it forward again");
    }

    #[test]
    fn a_rollback_leads_back_and_a_second_one_further_back() {
        let line = |digits: &str| digits.chars().map(commit).collect::<Vec<_>>();
        let before = |digits: &str, runs| before(line(digits).iter(), &commit(runs)).cloned();
        assert_eq!(before("12233", '3'), Some(commit('2')));
        // From 4 to 3, and then from 3: not to 4.
        assert_eq!(before("12233443", '3'), Some(commit('2')));
        assert_eq!(before("1223344332", '2'), Some(commit('1')));
        // Something new was promoted after a rollback.
        assert_eq!(before("122332255", '5'), Some(commit('2')));
        assert_eq!(before("11", '1'), None, "nothing ran before");
        assert_eq!(before("12", '9'), None, "somebody deployed past the record");
    }

    #[test]
    fn what_was_postponed_or_never_proposed_was_no_candidate() {
        let postponed = What::Postponed {
            candidate: EventId::of(1),
            commit: commit('1'),
            intent: None,
            reason: "later".into(),
            channels: Vec::new(),
        };
        let events = [
            proposed('1', &["eu"]),
            deployed(Kind::Promote, "eu", '3'),
            event(postponed),
            deployed(Kind::Promote, "eu", '1'),
        ];
        assert!(told(&events).iter().all(|(_, candidate)| candidate.is_none()));
    }
}
