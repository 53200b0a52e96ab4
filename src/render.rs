//! Everything that people read: plans, changes, status. Pure: values in, lines out.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::{Config, Running};
use crate::model::{Changes, Commit, CommitId, Observed, Relation};
use crate::plan::{Promotion, Step, Target, commits};
use crate::text::{Line, Tone, ago, visible_bytes};

/// How many commits a plan or a warning lists before it says "and n more".
const LISTED: usize = 60;

/// The present moment, and where the reader is.
#[derive(Clone, Debug)]
pub struct When {
    /// Seconds since 1970.
    pub now: i64,
    /// The reader's time zone.
    pub zone: TimeZone,
}

impl When {
    /// The reader's date at a time: `2022-03-02`.
    pub fn date(&self, seconds: i64) -> String {
        let time = Timestamp::from_second(seconds).map(|time| time.to_zoned(self.zone.clone()));
        time.map_or_else(|_| "an impossible date".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
    }

    fn dated(&self, seconds: i64) -> String {
        format!("{} ({})", self.date(seconds), ago(self.now, seconds))
    }
}

/// The list as `git log --oneline` writes it, but for characters that would act on a terminal.
pub fn oneline(commits: &[Commit]) -> Vec<u8> {
    let mut out = Vec::new();
    for commit in commits {
        out.extend_from_slice(commit.short.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&visible_bytes(&commit.subject));
        out.push(b'\n');
    }
    out
}

fn listed(commits: &[Commit]) -> Vec<Line> {
    let mut lines: Vec<Line> = commits.iter().take(LISTED).map(|commit| named(Line::default(), commit)).collect();
    lines.extend(rest(commits, "git smp diff"));
    lines
}

fn named(line: Line, commit: &Commit) -> Line {
    line.and(Tone::Hash, &commit.short).and(Tone::Plain, format!(" {}", commit.subject_text()))
}

/// How many commits a list leaves out, and the command that shows them all.
fn rest(commits: &[Commit], all: &str) -> Option<Line> {
    let more = commits.len().checked_sub(LISTED).filter(|more| *more > 0)?;
    Some(Line::default().and(Tone::Faint, format!("and {more} more; all of them: {all}")))
}

/// One end of a comparison, in words: `production (7587cca7)`.
pub fn end(environment: Option<&str>, commit: Option<&CommitId>) -> String {
    match (environment, commit) {
        (Some(name), Some(id)) => format!("{name} ({})", id.short()),
        (Some(name), None) => format!("{name} (nothing deployed yet)"),
        (None, Some(id)) => id.short().to_owned(),
        (None, None) => "nothing".to_owned(),
    }
}

/// What stands around the list of `git smp diff`: before it, how the two ends relate; after it, the link and what
/// would be lost.
pub fn diff(from: &str, to: &str, changes: &Changes, link: Option<&str>) -> (Vec<Line>, Vec<Line>) {
    let ships = changes.ships.len();
    let merges = match changes.ships_merges {
        0 => String::new(),
        1 => ", and 1 merge".to_owned(),
        count => format!(", and {count} merges"),
    };
    let heading = match changes.relation {
        Relation::Identical => format!("{to} and {from} are the same commit"),
        Relation::Ahead => format!("{to} is {} ahead of {from}{merges}", commits(ships)),
        Relation::Behind => format!("{to} is behind {from}: nothing would ship"),
        Relation::Diverged => format!("{to} and {from} have diverged: {} would ship{merges}", commits(ships)),
    };
    let mut after = Vec::new();
    if let Some(link) = link {
        let swapped = if changes.relation == Relation::Behind { "  (what would be taken back)" } else { "" };
        after.push(Line::plain(link).and(Tone::Faint, swapped));
    }
    after.extend(disappears(from, to, changes));
    (vec![Line::default().and(Tone::Strong, heading)], after)
}

fn disappears(from: &str, to: &str, changes: &Changes) -> Vec<Line> {
    let lost = changes.disappears.len() + changes.disappears_merges;
    if lost == 0 {
        return Vec::new();
    }
    let heading = format!("would disappear, for {from} has {} that {to} lacks:", commits(lost));
    let mut lines = vec![Line::default(), Line::default().and(Tone::Bad, heading)];
    // Whoever wrote them is the one to ask.
    let lost = |commit: &Commit| named(Line::plain("  "), commit).and(Tone::Plain, format!(", by {}", commit.author));
    lines.extend(changes.disappears.iter().take(LISTED).map(lost));
    lines.extend(rest(&changes.disappears, "git smp diff --json"));
    if changes.disappears_merges > 0 {
        lines.push(Line::plain(format!("  and merges: {}", changes.disappears_merges)));
    }
    lines
}

/// `git smp diff --markdown`: the heading, the list and the link, for pasting.
pub fn markdown(config: Option<&Config>, from: &str, to: &str, changes: &Changes, link: Option<&str>) -> String {
    let mut out = format!("**{} → {}**\n", escape_markdown(from), escape_markdown(to));
    out.push_str(&markdown_list(config, &changes.ships));
    out.push_str(&markdown_merges(changes.ships_merges));
    if changes.ships.is_empty() && changes.ships_merges == 0 {
        out.push_str("\nNothing would ship.\n");
    }
    if !changes.disappears.is_empty() || changes.disappears_merges > 0 {
        out.push_str("\nWould disappear:\n");
        out.push_str(&markdown_list(config, &changes.disappears));
        out.push_str(&markdown_merges(changes.disappears_merges));
    }
    if let Some(link) = link {
        out.push_str(&format!("\n<{link}>\n"));
    }
    out
}

fn markdown_merges(count: usize) -> String {
    if count == 0 { String::new() } else { format!("\nMerges, not listed: {count}\n") }
}

fn markdown_list(config: Option<&Config>, commits: &[Commit]) -> String {
    let mut out = if commits.is_empty() { String::new() } else { "\n".to_owned() };
    for commit in commits {
        let hash = match config.and_then(|config| config.commit_url(&commit.id)) {
            Some(url) => format!("[`{}`]({url})", commit.short),
            None => format!("`{}`", commit.short),
        };
        out.push_str(&format!("- {hash} {}\n", escape_markdown(&commit.subject_text())));
    }
    out
}

/// Foreign text in Markdown: every character that could mean something is escaped.
fn escape_markdown(text: &str) -> String {
    let mut out = String::new();
    for c in crate::text::visible(text).chars() {
        match c {
            '\t' => out.push(' '),
            '@' => out.push_str("@\u{2060}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '|' | '~' | '&' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push { remote, branch, commit, expected: Some(at), .. } => {
                write!(f, "push {} to {branch} on {remote}, if that is still at {}", commit.short(), at.short())
            }
            Self::Push { remote, branch, commit, expected: None, .. } => {
                write!(f, "push {} to {branch} on {remote}, if that does not exist yet", commit.short())
            }
            Self::Await { commit, witness, pushed: false, .. } => {
                write!(f, "wait until {witness} reports {}, without a push", commit.short())
            }
            Self::Await { witness, .. } => write!(f, "wait until {witness} reports it"),
        }
    }
}

/// A commit's date, where it is known here.
pub type Dates<'a> = &'a dyn Fn(&CommitId) -> Option<i64>;

/// The plan of a promotion, from its heading to its last step.
pub fn promotion(
    config: &Config,
    source: &Observed,
    targets: &[Target<'_>],
    plan: &Promotion,
    when: &When,
    dates: Dates<'_>,
) -> Vec<Line> {
    let names: Vec<&str> = targets.iter().map(|target| target.environment.name.as_str()).collect();
    let title = format!("{} deploy {}", capitalised(&names.join(", ")), when.date(when.now));
    let mut lines = vec![Line::default().and(Tone::Strong, title), Line::default()];
    let width = names.iter().chain([&source.environment.as_str()]).map(|name| name.chars().count()).max().unwrap_or(0);
    for target in targets {
        lines.push(target_line(target, width, when, dates));
    }
    lines.push(source_line(config, source, targets, width));
    lines.push(Line::default());
    let widest = targets.iter().filter_map(|target| target.changes.as_ref()).max_by_key(|changes| changes.ships.len());
    if let Some(changes) = widest {
        lines.extend(listed(&changes.ships));
    }
    let from = targets.iter().find_map(|target| target.observed.runs());
    lines.extend(from.and_then(|from| config.compare_url(from, &plan.commit)).map(Line::plain));
    lines.extend(
        plan.warnings
            .iter()
            .flat_map(|text| [Line::default(), Line::default().and(Tone::Bad, "warning: ").and(Tone::Plain, text)]),
    );
    lines.extend([Line::default(), Line::plain("This will")]);
    lines.extend(plan.steps.iter().enumerate().map(|(index, step)| Line::plain(format!("  {}. {step}", index + 1))));
    lines.push(Line::default());
    lines
}

fn target_line(target: &Target<'_>, width: usize, when: &When, dates: Dates<'_>) -> Line {
    let name = &target.environment.name;
    let line = Line::plain(format!("  {name:width$}  "));
    let line = match target.observed.runs() {
        Some(id) => {
            let age = dates(id).map(|seconds| format!("  from {}", when.dated(seconds))).unwrap_or_default();
            line.and(Tone::Hash, id.short()).and(Tone::Plain, age)
        }
        None => line.and(Tone::Plain, "nothing deployed yet"),
    };
    let place = target.environment.site.as_ref().unwrap_or(&target.environment.url);
    line.and(Tone::Faint, format!("  {place}"))
}

fn source_line(config: &Config, source: &Observed, targets: &[Target<'_>], width: usize) -> Line {
    let hash = source.runs().map_or("nothing", CommitId::short);
    let counts: Vec<String> = targets
        .iter()
        .filter_map(|target| target.changes.as_ref().map(|changes| (target, changes)))
        .map(|(target, changes)| ahead(changes, (targets.len() > 1).then_some(target.environment.name.as_str())))
        .collect();
    let site = config.environments.iter().find(|environment| environment.name == source.environment);
    let site = site.and_then(|environment| environment.site.as_deref()).map(|site| format!("  {site}"));
    Line::plain(format!("  {:width$}  ", source.environment))
        .and(Tone::Hash, hash)
        .and(Tone::Plain, format!("  {}", counts.join(", ")))
        .and(Tone::Faint, site.unwrap_or_default())
}

fn ahead(changes: &Changes, of: Option<&str>) -> String {
    let of = of.map(|name| format!(" of {name}")).unwrap_or_default();
    match changes.ships_merges {
        0 => format!("{} ahead{of}", commits(changes.ships.len())),
        1 => format!("{} and 1 merge ahead{of}", commits(changes.ships.len())),
        merges => format!("{} and {merges} merges ahead{of}", commits(changes.ships.len())),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// One line of `status` about an environment.
pub fn environment(seen: &Observed, width: usize, rest: &str) -> Line {
    let line = Line::plain(format!("  {:width$}  ", seen.environment));
    let line = match &seen.running {
        Err(refusal) => {
            let why = refusal.report.because.first().map(|why| format!(" ({why})")).unwrap_or_default();
            let what = refusal.report.error.trim_start_matches(&format!("{}: ", seen.environment)).to_owned();
            return line.and(Tone::Bad, "unknown").and(Tone::Plain, format!(": {what}{why}"));
        }
        Ok(None) => return line.and(Tone::Plain, "nothing deployed yet"),
        Ok(Some(id)) => line.and(Tone::Plain, "runs ").and(Tone::Hash, id.short()),
    };
    let line = match (&seen.branch, seen.agrees(), seen.source) {
        (_, _, crate::model::Source::Ref) => line.and(Tone::Plain, ", as its ref says; it has no page to ask"),
        (_, Some(true), _) => line.and(Tone::Plain, ", as its ref says"),
        (_, Some(false), _) => {
            let at = seen.reference().map_or("nothing", CommitId::short);
            line.and(Tone::Bad, ", but its ref is at ").and(Tone::Hash, at)
        }
        (Some(Err(refusal)), ..) => line.and(Tone::Bad, format!("; its ref is unknown: {}", refusal.report.error)),
        _ => line,
    };
    line.and(Tone::Plain, rest)
}

/// How it was found out what an environment runs, for those who asked to be told.
pub fn how(config: &Config, seen: &Observed) -> String {
    let name = &seen.environment;
    let page = config.environments.iter().find(|one| one.name == *name).and_then(|one| match &one.running {
        Running::Page(page) => Some(page.url.as_str()),
        Running::Ref | Running::Heroku { .. } => None,
    });
    let running = seen.runs().map_or("nothing that can be told", CommitId::as_str);
    let place = page.unwrap_or("its branch");
    let branch = match &seen.branch {
        Some(Ok(branch)) => format!("; its branch is at {}", branch.commit().map_or("nothing", CommitId::as_str)),
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
            let since = changes.oldest_waiting().map(|oldest| format!(", the oldest from {}", when.dated(oldest)));
            format!("; {} behind {source}{}", commits(changes.ships.len()), since.unwrap_or_default())
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
    let names = marks.iter().map(|mark| mark.name.chars().count()).max().unwrap_or(0);
    // Two spaces before and between, the dot, a hash and a count.
    let span = width.saturating_sub(names + 30).min(40);
    if marks.len() < 2 || farthest == 0 || span < 10 {
        return Vec::new();
    }
    let line = |mark: &Mark| {
        let at = if mark.ahead == 0 { 0 } else { (span * mark.ahead / farthest).max(2) };
        let count = if mark.ahead == 0 { String::new() } else { format!("  +{}", mark.ahead) };
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

    #[test]
    fn a_date_that_no_calendar_has_is_no_panic() {
        let when = When { now: 0, zone: TimeZone::UTC };
        assert_eq!(when.date(1_646_226_000), "2022-03-02");
        assert_eq!(when.date(i64::MAX), "an impossible date");
    }

    fn mark(name: &str, ahead: usize) -> Mark {
        Mark { name: name.into(), commit: CommitId::parse(&"1f13dc69".repeat(5)).unwrap(), ahead }
    }

    fn drawn(lines: &[Line]) -> Vec<String> {
        let text = |line: &Line| line.0.iter().map(|piece| piece.1.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn everything_stands_on_one_axis() {
        let marks = [mark("production", 0), mark("staging", 8), mark("upstream/master", 16)];
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

    #[test]
    fn markdown_in_a_subject_stays_text() {
        let hostile = "**b** [x](http://evil) <at>devs</at> `c` @channel {{DATE(1)}}";
        let escaped = escape_markdown(hostile);
        assert!(escaped.starts_with("\\*\\*b\\*\\* \\[x\\](http://evil) \\<at\\>"), "{escaped}");
        assert!(!escaped.contains("@channel"));
    }
}
