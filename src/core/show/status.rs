//! The output of `git smp status`: a picture, and a line for each environment.

use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{self, Aspect, Finding};
use crate::core::decide::next::about;
use crate::core::decide::unrecorded::{Unrecorded, WORD};
use crate::core::record::{
    Candidate, Copied, Deploying, FORMAT, Held, ISSUE, LastDeploy, News, Notice, RecordView,
    Standing, Verdict, counted,
};
use crate::core::refusal::Refusal;
use crate::core::show::{row, verdict_by, widest};
use crate::core::text::Tone::{Bad, Faint, Good, Hash, Plain, Strong};
use crate::core::text::{Line, Tone, ago, counted};
use crate::core::typed::{Hint, Typed};
use crate::core::when::When;
use crate::core::words::{Changes, CommitId, Observed, Relation, Source, short};

pub fn environment(seen: &Observed, width: usize, rest: &str) -> Line {
    let line = row(&seen.environment, width);
    let line = match &seen.running {
        Err(refusal) => {
            let environment = format!("{}: ", seen.environment);
            let what = refusal.report.error.trim_start_matches(&environment);
            let at = seen.reference().map(CommitId::short);
            let at = at.map(|at| format!("; its branch is at {at}"));
            let (why, at) = (cause(refusal), at.unwrap_or_default());
            return line
                .and(Bad, "unknown")
                .and(Plain, format!(": {what}{why}{at}"));
        }
        Ok(None) => return line.and(Plain, Finding::NothingDeployed.meaning(seen)),
        Ok(Some(id)) => line.and(Plain, "runs ").and(Hash, id.short()),
    };
    let line = match (&seen.branch, seen.agrees(), seen.source) {
        (_, _, Source::Ref) => line.and(Plain, " (according to its branch; it has no page)"),
        (_, Some(true), _) => line.and(Plain, " (matches its branch)"),
        (Some(Ok(branch)), ..) if branch.commit().is_none() => {
            line.and(Bad, "; its branch does not exist on its remote")
        }
        (_, Some(false), _) => {
            let at = short(seen.reference());
            line.and(Bad, ", but its branch is at ").and(Hash, at)
        }
        (Some(Err(refusal)), ..) => line.and(
            Bad,
            format!("; its branch cannot be read: {}", refusal.report.error),
        ),
        _ => line,
    };
    line.and(Plain, rest)
}

/// Returns " (no answer)", the first cause of a refusal.
pub(super) fn cause(refusal: &Refusal) -> String {
    let why = refusal.report.because.first();
    why.map(|why| format!(" ({why})")).unwrap_or_default()
}

/// Returns the finding about an environment with its next command; nothing if all is well, or if the line before
/// already shows it.
pub fn finding(
    seen: &Observed,
    environment: &Environment,
    (here, is_open): (&Here<'_>, bool),
    width: usize,
) -> Vec<Line> {
    let mut texts = Vec::new();
    let found = Finding::announced(seen, None);
    if let Some(found) = found.filter(|found| !found.is(Aspect::SaidBefore)) {
        let mut advice = (here.typed)(about(found, seen, environment)).into_iter();
        let first = advice.next().unwrap_or_default();
        let (word, meaning) = (found.word(), found.meaning(seen));
        // While a deploy there is open, only the last line says what to do about it.
        let next = match found {
            Finding::RolledBack | Finding::DeployedOutsideGit if is_open => String::new(),
            _ => format!("; next: {first}"),
        };
        texts.push(format!("{word}: {meaning}{next}"));
        texts.extend(advice);
    }
    texts.extend(finding::unasked(seen));
    let lines = texts
        .into_iter()
        .map(|text| row("", width).and(Plain, text));
    lines.collect()
}

/// Lists the commits that an environment was rolled back from, which need confirmation to ship again.
pub fn held(environment: &str, held: &[Held], width: usize, when: &When) -> Vec<Line> {
    let lines = held.iter().map(|one| {
        let why = one.reason.as_deref().map(first_line);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let (by, at) = (&one.by.name, when.moment(one.at));
        let text = format!(", rolled back from {environment} by {by} {at}{why}");
        row("rollback", width)
            .and(Hash, one.commit.short())
            .and(Plain, text)
    });
    lines.collect()
}

/// Returns "; deployed outside git smp, seen by Ada between 14:02 and 15:10".
pub fn past_tool(deploy: &LastDeploy, when: &When) -> String {
    let Some(since) = deploy.seen_since else {
        return String::new();
    };
    let (moment, by) = (when.between(since, deploy.at), &deploy.by.name);
    format!("; deployed outside git smp {moment}, seen by {by}")
}

/// Reports that the record lacks the running commit, and what it has instead.
pub fn unrecorded(found: &Unrecorded, width: usize, when: &When) -> Line {
    let (from, to, at) = (
        found.from.short(),
        found.to.short(),
        when.moment(found.since),
    );
    let text = format!(
        "{WORD}: {to} was deployed outside git smp; the last deploy on record is {from}, {at}; the next deploy, proposal or sign-off records {to}"
    );
    row("", width).and(Plain, text)
}

/// Warns that an environment runs the candidate without a sign-off.
pub fn untested(width: usize) -> Line {
    let text = "runs the candidate already, although nobody has signed it off: it was pushed outside git smp";
    row("", width).and(Bad, text)
}

/// Returns "; frozen by Ada since 10:14".
pub fn frozen(candidate: &Candidate, when: &When) -> String {
    let (by, since) = (&candidate.by.name, when.clock(candidate.at));
    format!("; frozen by {by} since {since}")
}

/// Facts about this clone and its observations.
pub struct Here<'a> {
    /// Returns whether this clone lacks the secret to send to a channel.
    pub lacks_webhook: &'a dyn Fn(&str) -> bool,
    pub typed: &'a dyn Fn(Hint) -> Vec<String>,
    /// The commit that runs instead of the candidate, which cannot ship then; and how that happened.
    pub instead: Option<(&'a CommitId, &'a str)>,
    /// The authors of the candidate's commits, if known.
    pub authors: &'a [&'a str],
}

/// Shows the record: the candidate and its verdicts, an open deploy, pending notifications, and its age.
pub fn record(view: &RecordView, here: &Here<'_>, width: usize, when: &When) -> Vec<Line> {
    let reading = match view {
        RecordView::NoneKept => return Vec::new(),
        RecordView::Read(reading) => reading,
        RecordView::Unreadable(refusal) => {
            let text = format!(": {}{}", refusal.report.error, cause(refusal));
            return vec![row("record", width).and(Bad, "unknown").and(Plain, text)];
        }
    };
    let state = &reading.state;
    let uncounted = counted::told(reading).into_iter();
    let uncounted = uncounted.map(|text| row("record", width).and(Bad, text));
    let mut lines: Vec<Line> = uncounted.collect();
    if let Some(open) = &state.candidate {
        lines.push(candidate(row("candidate", width), open, here.authors, when));
        let ways = given_up(open, here).into_iter();
        lines.extend(ways.map(|(tone, text)| row("", width).and(tone, text)));
    }
    lines.extend(
        (state.deploying.iter()).map(|open| deploying(row("deploying", width), open, when)),
    );
    for post in &state.pending {
        let command = post.command(state.candidate.is_some());
        let command = (here.typed)(Hint::run("", command)).concat();
        let lacks = (here.lacks_webhook)(&post.channel);
        let send = match post.channel.as_str() {
            _ if !lacks && post.attempt.is_some() => "see whether it is there, then".to_owned(),
            _ if !lacks => "send it".to_owned(),
            ISSUE => "this clone has no token for the issue; in a clone with one".to_owned(),
            _ => "this clone has no webhook for the channel; in a clone that has it".to_owned(),
        };
        lines.push(pending(
            row("pending", width),
            post,
            &format!("{send}: {command}"),
            when,
        ));
    }
    if state.format > FORMAT {
        let newer = row("record", width).and(Bad, "written by a newer git-smp");
        lines.push(newer.and(Plain, "; this version can only read it, and may miss parts"));
    }
    lines.extend((reading.copy.iter()).map(|copy| row("record", width).and(Bad, copied(copy))));
    lines
}

fn deploying(line: Line, open: &Deploying, when: &When) -> Line {
    let (short, place, since) = (open.to.short(), &open.names(), when.clock(open.at));
    let what = format!("{short} to {place}, by {} since {since}", open.by.name);
    let line = line.and(Strong, what);
    let line = line.and(Plain, elsewhere(open.elsewhere, place));
    match &open.failed {
        Some(why) => line.and(Bad, format!("; a check failed: {why}")),
        None => line.and(Plain, "; its result is not on record yet"),
    }
}

/// Describes a pending notification, with the command that sends it.
fn pending(line: Line, post: &Notice, send: &str, when: &When) -> Line {
    let begun = post.attempt.as_ref().map(|sending| {
        let (by, at) = (&sending.by.name, when.moment(sending.at));
        format!(" that {by} began to send {at}; its result is unknown")
    });
    let rest = format!("{}; {send}", begun.unwrap_or_default());
    let what = match post.channel.as_str() {
        ISSUE if matches!(post.news, News::Proposed { .. }) => {
            "the issue that asks for verdicts".to_owned()
        }
        ISSUE => "a comment on the issue".to_owned(),
        channel => format!("a post to the {channel} channel"),
    };
    line.and(Strong, what).and(Plain, rest)
}

fn copied(copy: &Copied) -> String {
    let seen = age(copy).map_or_else(|| "of unknown age".to_owned(), |age| format!("seen {age}"));
    format!(
        "this clone's copy, {seen}, because {}",
        copy.why.report.error
    )
}

/// Returns how long ago the record was last read, if known.
pub(super) fn age(copy: &Copied) -> Option<String> {
    let seconds = i64::try_from(copy.age?.as_secs()).unwrap_or(i64::MAX);
    Some(ago(seconds, 0))
}

/// Notes that the configuration lacks the environment.
fn elsewhere(is_so: bool, environment: &str) -> String {
    if !is_so {
        return String::new();
    }
    format!("; this clone's configuration has no environment {environment}")
}

/// Describes what blocks a candidate, with the command that closes it.
fn given_up(candidate: &Candidate, here: &Here<'_>) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    if let Some((runs, how)) = here.instead {
        let (place, runs) = (&candidate.environment, runs.short());
        let text = format!("{place} now runs {runs} instead: {how}");
        lines.push((Bad, text));
    }
    if !lines.is_empty() || candidate.standing() == Standing::Blocked {
        let postpone = (here.typed)(Hint::run("to close the candidate", Typed::smp("postpone")));
        lines.extend(postpone.into_iter().map(|text| (Plain, text)));
    }
    lines
}

fn candidate(line: Line, candidate: &Candidate, authors: &[&str], when: &When) -> Line {
    let (by, at) = (&candidate.by.name, when.moment(candidate.at));
    let fixed = candidate
        .fixed_at
        .map(|at| format!(", fixed {}", when.moment(at)));
    let place = elsewhere(candidate.elsewhere, &candidate.environment);
    let asked = (candidate.issue()).map(|issue| format!(", issue {}", issue.address));
    let text = format!(
        ", proposed by {by} {at}{}{place}{}",
        fixed.unwrap_or_default(),
        asked.unwrap_or_default()
    );
    // A sign-off counts for all targets, so several are named.
    let several = Some(candidate.destination()).filter(|_| candidate.targets.len() > 1);
    let text = several.unwrap_or_default() + &text;
    let line = line.and(Hash, candidate.commit.short()).and(Plain, text);
    if candidate.verdicts.is_empty() {
        return line.and(Plain, "; not signed off yet");
    }
    candidate.verdicts.iter().fold(line, |line, one| {
        let (tone, did) = match one.verdict {
            Verdict::Pass => (Good, "signed off"),
            Verdict::Block => (Bad, "blocked"),
        };
        let note = one.note.as_deref().map(first_line);
        let note = note.map(|note| format!(", \"{note}\"")).unwrap_or_default();
        let by = verdict_by(candidate, one, authors, when);
        let void = match candidate.counts(one) {
            true => "",
            false => ", which does not count: somebody else must sign off",
        };
        line.and(Plain, "; ")
            .and(tone, did)
            .and(Plain, format!(" by {by}{note}{void}"))
    })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Describes how the running commit was observed, for `--verbose`.
pub fn how(config: &Config, seen: &Observed) -> String {
    let name = &seen.environment;
    let running = config.find(name).map(|one| &one.running);
    let place = match (seen.source, &seen.platform) {
        (Source::Page, _) => running.and_then(|running| Some(running.page.as_ref()?.url.clone())),
        (Source::Api, Some(platform)) => {
            Some(format!("{}'s API (app {})", platform.name, platform.app))
        }
        _ => None,
    };
    let place = place.unwrap_or_else(|| "its branch".to_owned());
    let says = seen.runs();
    let says = says.map_or("no usable commit", CommitId::as_str);
    let branch = match &seen.branch {
        Some(Ok(branch)) => {
            let at = branch.commit().map(|at| format!("is at {at}"));
            format!(
                "; its branch {}",
                at.unwrap_or_else(|| "does not exist".to_owned())
            )
        }
        Some(Err(_)) => "; its branch cannot be read".to_owned(),
        None => String::new(),
    };
    format!("{name}: {place} says {says}{branch}")
}

/// Describes the relation of a target to its source, as the end of its line in `status`.
pub fn standing(source: &str, changes: &Changes, when: &When) -> String {
    match changes.relation {
        Relation::Identical => format!("; the same as {source}"),
        Relation::Behind => format!("; ahead of {source}"),
        Relation::Diverged => format!(
            "; diverged: {} only on {source}, {} only here",
            counted(changes.ships.len() + changes.ships_merges, "commit"),
            changes.disappears.len() + changes.disappears_merges
        ),
        Relation::Ahead => {
            let commits = counted(changes.ships.len(), "commit");
            let since = changes.oldest_waiting();
            let since = since.map(|oldest| format!(", the oldest from {}", when.dated(oldest)));
            format!("; {commits} behind {source}{}", since.unwrap_or_default())
        }
    }
}

pub struct Dot {
    pub name: String,
    pub commit: CommitId,
    /// The number of commits that it is ahead of the beginning of the axis.
    pub ahead: usize,
}

/// Draws the picture of `status`: one line each, on one axis of commits. Empty if it shows nothing or does not fit.
pub fn picture(marks: &[Dot], width: usize) -> Vec<Line> {
    let farthest = marks.iter().map(|mark| mark.ahead).max().unwrap_or(0);
    let names = widest(marks.iter().map(|mark| mark.name.as_str()));
    // Two spaces before and between, the dot, a hash and a count.
    let span = width.saturating_sub(names + 30).min(40);
    if marks.len() < 2 || farthest == 0 || span < 10 {
        return Vec::new();
    }
    let lines = marks.iter().map(|mark| {
        let (at, count) = match mark.ahead {
            0 => (0, String::new()),
            ahead => ((span * ahead / farthest).max(2), format!("  +{ahead}")),
        };
        row(&mark.name, names)
            .and(Faint, "━".repeat(at))
            .and(Good, "●")
            .and(Plain, " ".repeat(span - at + 2))
            .and(Hash, mark.commit.short())
            .and(Plain, count)
    });
    lines.chain([Line::default()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(name: &str, ahead: usize) -> Dot {
        Dot {
            name: name.into(),
            commit: CommitId::parse(&"1f13dc69".repeat(5)).unwrap(),
            ahead,
        }
    }

    fn drawn(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::text).collect()
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
