//! When commits arrived in environments, by every kind of deploy, including those to staging. Pure.

use std::collections::HashSet;
use std::ops::Range;

use crate::core::record::{Event, Kind, What};
use crate::core::words::{Arrival, CommitId};

/// Returns the deploys to all environments, oldest first. A deploy with a failed check counts from then on; the check
/// that passes later is not another deploy.
pub fn arrivals(events: &[Event]) -> Vec<Arrival> {
    let mut all = Vec::new();
    add(&mut all, events);
    all
}

/// Adds the deploys in later events to those before.
pub fn add(all: &mut Vec<Arrival>, events: &[Event]) {
    for arrival in events.iter().filter_map(arrival) {
        let mut before = all.iter().rev();
        let before = before.find(|one| one.environment == arrival.environment);
        if before.is_none_or(|one| (&one.from, &one.to) != (&arrival.from, &arrival.to)) {
            all.push(arrival);
        }
    }
}

fn arrival(event: &Event) -> Option<Arrival> {
    let (environment, from, to, kind) = match &event.what {
        What::Deployed(one) => (&one.environment, one.from.as_ref(), &one.to, Some(one.kind)),
        What::CheckFailed(one) => (&one.environment, one.from.as_ref(), &one.to, Some(one.kind)),
        What::Observed(one) => (&one.environment, Some(&one.from), &one.to, None),
        _ => return None,
    };
    Some(Arrival {
        environment: environment.clone(),
        from: from.cloned(),
        to: to.clone(),
        at: event.at,
        is_forward: kind.is_some_and(|kind| kind != Kind::Rollback),
        keeps: matches!(kind, Some(Kind::Promote | Kind::Fix)),
    })
}

/// Returns since when a commit runs there without a break, if the last arrival still runs. `made` is the commit's date,
/// where the search begins. `contains` is called only a few times. `None`: never, or before the record began.
pub fn since<E>(
    arrivals: &[Arrival],
    made: i64,
    contains: impl Fn(&CommitId) -> Result<bool, E>,
) -> Result<Option<i64>, E> {
    let (mut end, mut first) = (arrivals.len(), None);
    while let Some(last) = end.checked_sub(1).and_then(|at| arrivals.get(at))
        && contains(&last.to)?
    {
        // Commits that arrived after the last deploy that removed any are still there.
        let run = arrivals.get(..end).unwrap_or_default();
        let start = run.iter().rposition(|one| !one.is_forward).unwrap_or(0);
        let near = start + run[start..].partition_point(|one| one.at < made);
        let with = first_with(start..end - 1, near, |at| contains(&arrivals[at].to))?;
        first = Some(with);
        if with > start {
            break;
        }
        end = start;
    }
    let Some(first) = first.and_then(|at| arrivals.get(at)) else {
        return Ok(None);
    };
    let was_there = first.from.as_ref().map(contains).transpose()?;
    Ok((was_there != Some(true)).then_some(first.at))
}

/// The number of deploys to check for a commit, at growing distance from its date.
const ASKED: usize = 6;

/// Returns the last arrival if a deploy near the commit's date contains it and every later one kept what ran before: a
/// few short walks instead of one through the whole history. `None` if that is unknown.
pub fn carrier<E>(
    arrivals: &[Arrival],
    made: i64,
    contains: impl Fn(&CommitId) -> Result<bool, E>,
) -> Result<Option<&CommitId>, E> {
    // To check the last one is the long walk.
    let Some((last, line)) = kept(arrivals).split_last() else {
        return Ok(None);
    };
    let near = line.partition_point(|one| one.at < made);
    for step in 0..ASKED {
        match line.get(near + (1 << step) - 1) {
            Some(one) if contains(&one.to)? => return Ok(Some(&last.to)),
            Some(_) => {}
            None => break,
        }
    }
    Ok(None)
}

/// Returns the latest arrivals in one environment that kept what ran before.
fn kept(arrivals: &[Arrival]) -> &[Arrival] {
    let lost = arrivals.windows(2).rposition(|pair| match pair {
        [before, next] => !next.keeps || next.from.as_ref() != Some(&before.to),
        _ => true,
    });
    arrivals
        .get(lost.map_or(0, |at| at + 1)..)
        .unwrap_or_default()
}

/// Returns commits of the main branch, oldest first, if the last one is on it: those that were staged from there, and
/// promoted to the environment of the last promotion without a loss since. A fix is not among them.
pub fn milestones(arrivals: &[Arrival]) -> Vec<CommitId> {
    let staged = arrivals.iter().filter(|one| one.is_forward && !one.keeps);
    let staged: HashSet<&CommitId> = staged.map(|one| &one.to).collect();
    let Some(last) = arrivals.iter().rfind(|one| one.keeps) else {
        return Vec::new();
    };
    let there = arrivals.iter();
    let there = there.filter(|one| one.environment == last.environment);
    let there: Vec<Arrival> = there.cloned().collect();
    let from_main = kept(&there).iter().map(|one| &one.to);
    from_main
        .filter(|to| staged.contains(to))
        .cloned()
        .collect()
}

/// Returns the first position that has it, if all positions after it and the end have it. The steps from `near` double,
/// because distant answers take long.
fn first_with<E>(
    Range { start, end }: Range<usize>,
    near: usize,
    has: impl Fn(usize) -> Result<bool, E>,
) -> Result<usize, E> {
    let (mut without, mut with) = (start, end);
    let (mut at, mut step) = (near, 1);
    while at < with {
        match has(at)? {
            true => with = at,
            false => (without, at) = (at + 1, at + step),
        }
        step *= 2;
    }
    step = 1;
    while without < with {
        let at = with.saturating_sub(step).max(without);
        match has(at)? {
            true => (with, step) = (at, step * 2),
            false => {
                without = at + 1;
                step = 1 + (with - without) / 2;
            }
        }
    }
    Ok(with)
}

#[cfg(test)]
mod tests {
    use super::*;
    fn id(digit: char) -> CommitId {
        CommitId::parse(&digit.to_string().repeat(40)).unwrap()
    }

    /// Commits are a to z; each contains the ones before it.
    fn there(all: &str) -> Vec<Arrival> {
        let (mut before, mut arrivals) = ('a', Vec::new());
        for (at, to) in (10..).step_by(10).zip(all.chars()) {
            arrivals.push(Arrival {
                environment: "production".to_owned(),
                from: Some(id(before)),
                to: id(to),
                at,
                is_forward: to > before,
                keeps: to > before,
            });
            before = to;
        }
        arrivals
    }

    #[test]
    fn a_commit_runs_since_the_deploy_that_brought_it_for_the_last_time() {
        for (all, commit, expected) in [
            ("bcd", 'c', Some(20)),
            ("bcd", 'd', Some(30)),
            ("bcd", 'b', Some(10)),
            ("bcd", 'e', None),
            ("bcd", 'a', None),
            ("bdbd", 'c', Some(40)),
            ("bdcf", 'c', Some(20)),
            ("bdcba", 'c', None),
            ("bdbe", 'b', Some(10)),
            ("fcef", 'b', Some(10)),
            ("", 'b', None),
        ] {
            let contains = |one: &CommitId| Ok::<_, ()>(*one >= id(commit));
            for made in [0, 25, 30, 99] {
                let found = since(&there(all), made, contains);
                assert_eq!(found, Ok(expected), "{all} {commit} {made}");
            }
        }
    }

    // The answer matches the last deploy, and stops at a deploy that removed commits.
    #[test]
    fn a_commit_is_carried_to_the_end_by_deploys_that_keep_what_ran() {
        for (all, commit, made, expected) in [
            ("bcdef", 'c', 15, true),
            ("bcdef", 'c', 40, true),
            ("bcdef", 'c', 50, false),
            ("bcde", 'f', 10, false),
            ("fbcdef", 'c', 30, true),
            ("fbcdef", 'c', 10, true),
            ("fb", 'c', 10, false),
            ("", 'c', 10, false),
        ] {
            let arrivals = there(all);
            let contains = |one: &CommitId| Ok::<_, ()>(*one >= id(commit));
            let found = carrier(&arrivals, made, contains).unwrap();
            let last = arrivals.last().map(|last| &last.to);
            assert_eq!(found, last.filter(|_| expected), "{all} {commit} {made}");
        }
        let contains = |one: &CommitId| Ok::<_, ()>(*one == id('c'));
        // An unrecorded commit ran in between, or a person staged a commit that removes others.
        let mut gap = there("bcd");
        gap[2].from = Some(id('a'));
        assert_eq!(carrier(&gap, 15, contains), Ok(None));
        let mut staged = there("bcd");
        assert_eq!(carrier(&staged, 15, contains), Ok(Some(&id('d'))));
        staged[2].keeps = false;
        assert_eq!(carrier(&staged, 15, contains), Ok(None));
    }

    #[test]
    fn milestones_were_staged_and_promoted_since_the_last_loss() {
        let staged = |all: &str| {
            let one = there(all).into_iter();
            one.map(|one| Arrival {
                environment: "staging".to_owned(),
                keeps: false,
                ..one
            })
        };
        for (from_main, promoted, expected) in [
            ("bcde", "bcde", "bcde"),
            ("bce", "bcde", "bce"),
            ("bcde", "bdcef", "ce"),
            ("bcdef", "bdcef", "cef"),
            ("", "bcde", ""),
            ("bcde", "", ""),
        ] {
            let all: Vec<_> = staged(from_main).chain(there(promoted)).collect();
            let expected: Vec<_> = expected.chars().map(id).collect();
            assert_eq!(milestones(&all), expected, "{from_main} {promoted}");
        }
    }

    // A search deploy by deploy gives the same result.
    #[test]
    fn it_is_found_as_by_looking_at_every_deploy() {
        let letters = b"bcdef";
        for number in 0..5_usize.pow(5) {
            let all = (0..5).map(|place| letters[number / 5_usize.pow(place) % 5] as char);
            let arrivals = there(&all.collect::<String>());
            let contains = |one: &CommitId| *one >= id('d');
            let with = arrivals.iter().rev().take_while(|one| contains(&one.to));
            let expected = with
                .last()
                .filter(|one| !contains(one.from.as_ref().unwrap()));
            for made in [0, 25, 30, 99] {
                let found = since(&arrivals, made, |one| Ok::<_, ()>(contains(one)));
                assert_eq!(found, Ok(expected.map(|one| one.at)), "{arrivals:?}");
            }
        }
    }

    #[test]
    fn the_first_of_many_is_found_in_few_steps_from_wherever_the_search_begins() {
        for first in 0..64_usize {
            for near in 0..80 {
                let asked = std::cell::Cell::new(0);
                let has = |at: usize| {
                    asked.set(asked.get() + 1);
                    Ok::<_, ()>(at >= first)
                };
                assert_eq!(first_with(0..63, near, has), Ok(first.min(63)));
                let most = if near == first { 2 } else { 16 };
                assert!(asked.get() <= most, "{first} {near}: {}", asked.get());
            }
        }
    }
}
