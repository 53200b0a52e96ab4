//! What `git smp status` says: a picture, and a line for each environment.

use std::time::Duration;

use crate::core::config::{Config, Environment};
use crate::core::decide::commits;
use crate::core::decide::finding::{self, Finding};
use crate::core::decide::next::about;
use crate::core::record::unrecorded::{Unrecorded, WORD};
use crate::core::record::{
    Candidate, Copied, Deploy, FORMAT, Held, Owed, Reading, Standing, Verdict,
};
use crate::core::refusal::Refusal;
use crate::core::show::When;
use crate::core::text::{Line, Tone, ago};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, Changes, CommitId, Observed, Relation, Source};

/// One line of `status` about an environment.
pub fn environment(seen: &Observed, width: usize, rest: &str) -> Line {
    let line = Line::plain(format!("  {:width$}  ", seen.environment));
    let line = match &seen.running {
        Err(refusal) => {
            let why = refusal
                .report
                .because
                .first()
                .map(|why| format!(" ({why})"))
                .unwrap_or_default();
            let what = refusal
                .report
                .error
                .trim_start_matches(&format!("{}: ", seen.environment))
                .to_owned();
            let at = seen
                .reference()
                .map(|at| format!("; its branch is at {}", at.short()));
            return line.and(Tone::Bad, "unknown").and(
                Tone::Plain,
                format!(": {what}{why}{}", at.unwrap_or_default()),
            );
        }
        Ok(None) => return line.and(Tone::Plain, Finding::NothingDeployed.meaning(seen)),
        Ok(Some(id)) => line.and(Tone::Plain, "runs ").and(Tone::Hash, id.short()),
    };
    let line = match (&seen.branch, seen.agrees(), seen.source) {
        (_, _, Source::Ref) => line.and(Tone::Plain, ", as its ref says; it has no page to ask"),
        (_, Some(true), _) => line.and(Tone::Plain, ", as its ref says"),
        (_, Some(false), _) => {
            let at = seen.reference().map_or("nothing", CommitId::short);
            line.and(Tone::Bad, ", but its ref is at ")
                .and(Tone::Hash, at)
        }
        (Some(Ok(Branch::Missing(_))), ..) => {
            line.and(Tone::Bad, "; its remote has no such branch, only others")
        }
        (Some(Err(refusal)), ..) => line.and(
            Tone::Bad,
            format!("; its ref is unknown: {}", refusal.report.error),
        ),
        _ => line,
    };
    line.and(Tone::Plain, rest)
}

/// What is the matter with an environment, and the next command about it; nothing where all is well, or the line before
/// has said it all.
pub fn finding(
    seen: &Observed,
    environment: &Environment,
    here: &Here<'_>,
    width: usize,
) -> Vec<Line> {
    let line = |text: String| Line::plain(format!("  {:width$}  ", "")).and(Tone::Plain, text);
    let unasked = finding::unasked(seen).map(line);
    let disagreement = Finding::of(seen).filter(|found| {
        use Finding::{NothingDeployed, RefDiffers, Unknown, WrongBranch};
        !matches!(
            found,
            Unknown(_) | NothingDeployed | WrongBranch | RefDiffers
        )
    });
    let told = disagreement.map(|found| {
        let mut advice = (here.typed)(about(found, seen, environment)).into_iter();
        let first = advice.next().unwrap_or_default();
        let told = line(format!(
            "{}: {}; next: {first}",
            found.word(),
            found.meaning(seen)
        ));
        std::iter::once(told)
            .chain(advice.map(line))
            .collect::<Vec<_>>()
    });
    told.into_iter().flatten().chain(unasked).collect()
}

/// What an environment was rolled back from, which does not ship again unasked.
pub fn held(environment: &str, held: &[Held], width: usize, when: &When) -> Vec<Line> {
    let line = |one: &Held| {
        let why = one
            .reason
            .as_deref()
            .map(|why| format!(": {}", first_line(why)))
            .unwrap_or_default();
        let (name, by, at) = ("held", &one.by.name, when.moment(one.at));
        Line::plain(format!("  {name:width$}  "))
            .and(Tone::Hash, one.commit.short())
            .and(
                Tone::Plain,
                format!(", rolled back from {environment} by {by} {at}{why}"),
            )
    };
    held.iter().map(line).collect()
}

/// "; deployed past git smp, seen by Ada between 14:02 and 15:10".
pub fn past_tool(deploy: &Deploy, when: &When) -> String {
    let Some(since) = deploy.seen_since else {
        return String::new();
    };
    format!(
        "; deployed past git smp {}, seen by {}",
        when.between(since, deploy.at),
        deploy.by.name
    )
}

/// That the record lacks what runs, and what it has.
pub fn unrecorded(found: &Unrecorded, width: usize, when: &When) -> Line {
    let (from, to, at) = (
        found.from.short(),
        found.to.short(),
        when.moment(found.since),
    );
    Line::plain(format!("  {:width$}  ", "")).and(
        Tone::Plain,
        format!(
            "{WORD}: nobody deployed {to} with git smp, and the record had {from} {at}; the next command that \
             deploys there, proposes or signs off notes it"
        ),
    )
}

/// That an environment runs the candidate, and nobody said yes to it.
pub fn untested(width: usize) -> Line {
    Line::plain(format!("  {:width$}  ", "")).and(
        Tone::Bad,
        "runs the candidate already: pushed past git smp before anybody signed it off",
    )
}

/// "; frozen by Ada since 10:14".
pub fn frozen(candidate: &Candidate, when: &When) -> String {
    format!(
        "; frozen by {} since {}",
        candidate.by.name,
        when.clock(candidate.at)
    )
}

/// What is so in this clone.
pub struct Here<'a> {
    /// Whether a channel's posts cannot be sent from it.
    pub lacks_webhook: &'a dyn Fn(&str) -> bool,
    /// A command as it is typed here.
    pub typed: &'a dyn Fn(Hint) -> Vec<String>,
    /// What runs where the candidate is tested, if that is known.
    pub tested: Option<&'a CommitId>,
    /// Who wrote the commits that the candidate brings, as far as that is known.
    pub authors: &'a [&'a str],
}

/// What the record says: the candidate and its verdicts, a deploy on its way, posts that are owed, and its own age.
pub fn record(
    reading: &Result<Reading, Refusal>,
    here: &Here<'_>,
    width: usize,
    when: &When,
) -> Vec<Line> {
    let line = |name: &str| Line::plain(format!("  {name:width$}  "));
    let reading = match reading {
        Ok(reading) => reading,
        Err(refusal) => {
            let because = refusal
                .report
                .because
                .first()
                .map(|why| format!(" ({why})"))
                .unwrap_or_default();
            let text = format!(": {}{because}", refusal.report.error);
            return vec![
                line("record")
                    .and(Tone::Bad, "unknown")
                    .and(Tone::Plain, text),
            ];
        }
    };
    let state = &reading.state;
    let newer = (state.format > FORMAT).then(|| {
        line("record")
            .and(Tone::Bad, "a newer git-smp writes it")
            .and(Tone::Plain, "; this one only reads it, as well as it can")
    });
    let mut lines = Vec::new();
    if let Some(open) = &state.candidate {
        lines.push(candidate(line("candidate"), open, here.authors, when));
        lines.extend(
            given_up(open, here)
                .into_iter()
                .map(|(tone, text)| line("").and(tone, text)),
        );
    }
    if let Some(open) = &state.deploying {
        let what = format!(
            "{} to {}, by {} since {}",
            open.to.short(),
            open.environment,
            open.by.name,
            when.clock(open.at)
        );
        let place = elsewhere(open.elsewhere, &open.environment);
        let rest = format!("{place}; its end is not on record yet");
        lines.push(
            line("deploying")
                .and(Tone::Strong, what)
                .and(Tone::Plain, rest),
        );
    }
    lines.extend(self::owed(
        &state.owed,
        state.candidate.is_some(),
        here,
        width,
        when,
    ));
    lines.extend(newer);
    lines.extend(
        reading
            .copy
            .iter()
            .map(|copy| line("record").and(Tone::Bad, copied(copy))),
    );
    lines
}

/// Posts that nobody was seen to make, each with the command that makes it. `open`: whether there is a candidate.
fn owed(owed: &[Owed], open: bool, here: &Here<'_>, width: usize, when: &When) -> Vec<Line> {
    let line = |owed: &Owed| {
        let (name, channel, command) = ("owed", &owed.channel, owed.command(open));
        let begun = owed.sending.as_ref().map(|sending| {
            format!(
                " that {} began to send {}, not seen to end",
                sending.by.name,
                when.moment(sending.at)
            )
        });
        let command = (here.typed)(command.into()).concat();
        let rest = format!("{}; make it: {command}", begun.unwrap_or_default());
        let line = Line::plain(format!("  {name:width$}  "))
            .and(Tone::Strong, format!("a post to {channel}"));
        let lacks = (here.lacks_webhook)(channel).then(|| {
            let text = format!("no webhook of {channel} here: a clone that has one sends it");
            Line::plain(format!("  {:width$}  ", "")).and(Tone::Plain, text)
        });
        std::iter::once(line.and(Tone::Plain, rest)).chain(lacks)
    };
    owed.iter().flat_map(line).collect()
}

/// How old a copy of the record is, and why it is shown.
fn copied(copy: &Copied) -> String {
    let seconds = |age: Duration| i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
    let age = copy.age.map_or_else(
        || "of unknown age".to_owned(),
        |age| format!("seen {}", ago(seconds(age), 0)),
    );
    format!("this clone's copy, {age}: {}", copy.why.report.error)
}

/// What is to be known of an environment that another `smp.toml` has.
fn elsewhere(is_so: bool, environment: &str) -> String {
    if is_so {
        format!("; this smp.toml has no environment {environment}")
    } else {
        String::new()
    }
}

/// What stands in a candidate's way, and the command that gives it up.
fn given_up(candidate: &Candidate, here: &Here<'_>) -> Vec<(Tone, String)> {
    let place = &candidate.environment;
    let broken = here
        .tested
        .filter(|runs| **runs != candidate.commit)
        .map(|runs| {
            format!(
                "{place} no longer runs it, but {}: somebody deployed there in spite of the freeze",
                runs.short()
            )
        });
    let stuck = broken.is_some() || candidate.standing() == Standing::Blocked;
    let postpone = if stuck {
        (here.typed)(Hint::run("to give it up", Typed::smp("postpone")))
    } else {
        Vec::new()
    };
    let postpone = postpone.into_iter().map(|text| (Tone::Plain, text));
    broken
        .map(|text| (Tone::Bad, text))
        .into_iter()
        .chain(postpone)
        .collect()
}

fn candidate(line: Line, candidate: &Candidate, authors: &[&str], when: &When) -> Line {
    let line = line.and(Tone::Hash, candidate.commit.short());
    let mut line = line.and(
        Tone::Plain,
        format!(
            ", proposed by {} {}",
            candidate.by.name,
            when.moment(candidate.at)
        ),
    );
    if let Some(at) = candidate.fixed_at {
        line = line.and(Tone::Plain, format!(", fixed {}", when.moment(at)));
    }
    line = line.and(
        Tone::Plain,
        elsewhere(candidate.elsewhere, &candidate.environment),
    );
    if candidate.verdicts.is_empty() {
        return line.and(Tone::Plain, "; nobody has signed it off");
    }
    candidate.verdicts.iter().fold(line, |line, one| {
        let (tone, did) = match one.verdict {
            Verdict::Pass => (Tone::Good, "signed off"),
            Verdict::Block => (Tone::Bad, "blocked"),
        };
        let note = one
            .note
            .as_ref()
            .map(|note| format!(", \"{}\"", first_line(note)))
            .unwrap_or_default();
        line.and(Tone::Plain, "; ").and(tone, did).and(
            Tone::Plain,
            format!(
                " by {}{note}",
                crate::core::show::verdict_by(candidate, one, authors, when)
            ),
        )
    })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// How it was found out what an environment runs, for those who asked to be told.
pub fn how(config: &Config, seen: &Observed) -> String {
    let name = &seen.environment;
    let running = config
        .environments
        .iter()
        .find(|one| one.name == *name)
        .map(|one| &one.running);
    let app = || {
        let (_, app) = running?.platform()?;
        let platform = seen.platform.as_ref()?.name;
        Some(format!("{platform}'s API, asked about {app},"))
    };
    let witness = match seen.source {
        Source::Page => running.and_then(|running| Some(running.page()?.url.clone())),
        Source::Api => app(),
        Source::Ref => None,
    };
    let running = seen
        .runs()
        .map_or("nothing that can be told", CommitId::as_str);
    let place = witness.as_deref().unwrap_or("its branch");
    let branch = match &seen.branch {
        Some(Ok(branch)) => format!(
            "; its branch is at {}",
            branch.commit().map_or("nothing", CommitId::as_str)
        ),
        Some(Err(_)) => "; its branch cannot be read".to_owned(),
        None => String::new(),
    };
    format!("{name}: {place} says {running}{branch}")
}

/// How a target stands to its source, as the end of its line in `status`.
pub fn standing(source: &str, changes: &Changes, when: &When) -> String {
    match changes.relation {
        Relation::Identical => format!("; the same as {source}"),
        Relation::Behind => format!("; ahead of {source}"),
        Relation::Diverged => format!(
            "; {source} has {} more and lacks {}",
            changes.ships.len() + changes.ships_merges,
            changes.disappears.len() + changes.disappears_merges
        ),
        Relation::Ahead => {
            let since = changes
                .oldest_waiting()
                .map(|oldest| format!(", the oldest from {}", when.dated(oldest)));
            format!(
                "; {} behind {source}{}",
                commits(changes.ships.len()),
                since.unwrap_or_default()
            )
        }
    }
}

/// A line of the picture of `status`.
pub struct Mark {
    /// Its name.
    pub name: String,
    /// Its commit.
    pub commit: CommitId,
    /// How many commits it is ahead of where the axis begins.
    pub ahead: usize,
}

/// The picture of `status`: a line each, all on one axis of commits. Nothing when it says nothing, or would not fit.
pub fn picture(marks: &[Mark], width: usize) -> Vec<Line> {
    let farthest = marks.iter().map(|mark| mark.ahead).max().unwrap_or(0);
    let names = marks
        .iter()
        .map(|mark| mark.name.chars().count())
        .max()
        .unwrap_or(0);
    // Two spaces before and between, the dot, a hash and a count.
    let span = width.saturating_sub(names + 30).min(40);
    if marks.len() < 2 || farthest == 0 || span < 10 {
        return Vec::new();
    }
    let line = |mark: &Mark| {
        let at = if mark.ahead == 0 {
            0
        } else {
            (span * mark.ahead / farthest).max(2)
        };
        let count = if mark.ahead == 0 {
            String::new()
        } else {
            format!("  +{}", mark.ahead)
        };
        Line::plain(format!("  {:names$}  ", mark.name))
            .and(Tone::Faint, "━".repeat(at))
            .and(Tone::Good, "●")
            .and(Tone::Plain, " ".repeat(span - at + 2))
            .and(Tone::Hash, mark.commit.short())
            .and(Tone::Plain, count)
    };
    marks.iter().map(line).chain([Line::default()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(name: &str, ahead: usize) -> Mark {
        Mark {
            name: name.into(),
            commit: CommitId::parse(&"1f13dc69".repeat(5)).unwrap(),
            ahead,
        }
    }

    fn drawn(lines: &[Line]) -> Vec<String> {
        let text = |line: &Line| line.0.iter().map(|piece| piece.1.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn everything_stands_on_one_axis() {
        let marks = [
            mark("production", 0),
            mark("staging", 8),
            mark("upstream/master", 16),
        ];
        assert_eq!(
            drawn(&picture(&marks, 65)),
            [
                "  production       ●                      1f13dc69",
                "  staging          ━━━━━━━━━━●            1f13dc69  +8",
                "  upstream/master  ━━━━━━━━━━━━━━━━━━━━●  1f13dc69  +16",
                "",
            ]
        );
    }

    #[test]
    fn a_picture_that_says_nothing_or_does_not_fit_is_not_drawn() {
        let marks = [mark("production", 0), mark("staging", 8)];
        assert!(picture(&marks, 40).is_empty());
        assert!(picture(&marks[..1], 100).is_empty());
        assert!(picture(&[mark("production", 0), mark("staging", 0)], 100).is_empty());
    }
}
