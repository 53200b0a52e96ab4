//! Plans as people read them before they say yes, from the heading to the last step.

mod step;

use std::collections::HashMap;

use crate::core::address::display_url;
use crate::core::config::{Config, Environment};
use crate::core::decide::{Consent, Plan, Proposal, Step, Target};
use crate::core::record::{Candidate, State, Verdict};
use crate::core::show::{NAMED, When, listed, named, row, verdict_by, widest};
use crate::core::tell::post::titled;
use crate::core::text::Tone::{Bad, Faint, Good, Hash, Plain, Strong};
use crate::core::text::{Line, counted};
use crate::core::words::{Changes, Commit, CommitId, Observed, Relation};

/// What a plan says of one environment or repository, under its name.
type Row<'a> = (&'a str, Line);

/// What follows the lists: what a person should know, and what will be done.
struct Rest<'a> {
    watched: &'a [String],
    consents: &'a [Consent],
    warnings: &'a [String],
    steps: Vec<String>,
}

impl<'a> Rest<'a> {
    fn of(plan: &'a Plan) -> Self {
        Self {
            watched: &plan.watched,
            consents: &plan.consents,
            warnings: &plan.warnings,
            steps: plan.steps.iter().map(Step::to_string).collect(),
        }
    }
}

/// The promotion of what `source` runs. `dates`: when each running commit was committed, where that is known here.
pub fn promotion(
    config: &Config,
    source: &Observed,
    targets: &[Target<'_>],
    plan: &Plan,
    when: &When,
    dates: &HashMap<CommitId, i64>,
    state: Option<&State>,
) -> Vec<Line> {
    let open = state.and_then(|state| state.candidate.as_ref());
    let candidate = open.filter(|open| open.commit == plan.commit);
    // Every post about it carries the date of its proposal.
    let date = candidate.map(|open| open.date.clone());
    let date = date.filter(|date| !date.is_empty());
    let date = date.unwrap_or_else(|| when.date(when.now));
    let names: Vec<&str> = targets.iter().map(|one| &*one.environment.name).collect();
    let widest = most_changes(targets);

    let mut rows: Vec<Row<'_>> = Vec::new();
    for Target {
        environment,
        observed,
        ..
    } in targets
    {
        let line = match observed.runs() {
            Some(id) => {
                let age = age(&environment.name, id, when, dates, state);
                Line::of(Hash, id.short()).and(Plain, age)
            }
            None => Line::plain("nothing deployed yet"),
        };
        let place = format!("  {}", place(environment));
        rows.push((&environment.name, line.and(Faint, place)));
    }
    let yes = candidate.map_or_else(String::new, |open| signed_off_by(open, widest, when));
    let line = ahead(config, source, targets).and(Good, yes);
    rows.extend([(&*source.environment, line), main(config)]);
    let mut runs = targets.iter().filter_map(|target| target.observed.runs());
    let from = runs.next().filter(|runs| **runs != plan.commit);
    let new = list(
        widest,
        from.and_then(|from| config.compare_url(from, &plan.commit)),
    );
    lines(
        titled(&names.join(", "), "deploy", &date),
        rows,
        new,
        Rest::of(plan),
    )
}

/// The proposal of what `source` runs.
pub fn proposal(
    config: &Config,
    source: &Observed,
    targets: &[Target<'_>],
    plan: &Proposal,
    when: &When,
    post: &Step,
) -> Vec<Line> {
    let names: Vec<&str> = plan.targets.iter().map(|(name, _)| name.as_str()).collect();
    let heading = format!(
        "Candidate for {}, {}",
        names.join(" and "),
        when.date(when.now)
    );
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (name, runs) in &plan.targets {
        let target = targets.iter().find(|one| one.environment.name == *name);
        let changes = target.and_then(|target| target.changes.as_ref());
        let behind = changes.map(|changes| counted(changes.ships.len(), "commit"));
        let behind = behind.map(|commits| format!("  {commits} behind"));
        let hash = runs.as_ref().map_or("nothing", CommitId::short);
        rows.push((
            name,
            Line::of(Hash, hash).and(Plain, behind.unwrap_or_default()),
        ));
    }
    let short = plan.commit.short();
    rows.extend([(&*source.environment, Line::of(Hash, short)), main(config)]);
    let from = plan.targets.iter().find_map(|(_, runs)| runs.as_ref());
    let link = from.and_then(|from| config.compare_url(from, &plan.commit));
    let record = format!(
        "record {short} as the candidate and freeze {}",
        source.environment
    );
    let rest = Rest {
        watched: &plan.watched,
        consents: &plan.consents,
        warnings: &plan.warnings,
        steps: vec![record, post.to_string()],
    };
    lines(heading, rows, list(most_changes(targets), link), rest)
}

/// The rollback; what it takes away is listed.
pub fn rollback(
    config: &Config,
    target: &Target<'_>,
    plan: &Plan,
    commit: Option<&Commit>,
    when: &When,
) -> Vec<Line> {
    let then = commit.map(|commit| {
        let (subject, date) = (commit.subject_text(), when.dated(commit.committed));
        format!("{subject}, from {date}")
    });
    let mut taken = Vec::new();
    if let Some(changes) = &target.changes
        && !changes.disappears.is_empty()
    {
        taken.push(Line::plain("Taken back:"));
        taken.extend(listed(&changes.disappears));
    }
    // Pages that compare show nothing backwards.
    let runs = now(target).filter(|runs| **runs != plan.commit);
    let link = runs.and_then(|runs| config.compare_url(&plan.commit, runs));
    taken.extend(link.map(Line::plain));
    let heading = titled(&target.environment.name, "rollback", &when.date(when.now));
    lines(
        heading,
        now_and_then(config, target, plan, then),
        taken,
        Rest::of(plan),
    )
}

/// What is added to the candidate.
pub struct Added<'a> {
    /// The candidate.
    pub base: &'a CommitId,
    /// What lies between it and the fix.
    pub changes: &'a Changes,
    /// What copies were made of, oldest first.
    pub copies: &'a [CommitId],
}

/// The deploy to staging. With `fix`, exactly what is added to the candidate is listed; else what is new there.
pub fn staging(
    config: &Config,
    target: &Target<'_>,
    plan: &Plan,
    commit: Option<&Commit>,
    fix: Option<&Added<'_>>,
) -> Vec<Line> {
    let name = &target.environment.name;
    let from = fix.map(|fix| fix.base).or(now(target));
    let link = from.and_then(|from| config.compare_url(from, &plan.commit));
    let rows = now_and_then(config, target, plan, commit.map(Commit::subject_text));
    let Some(fix) = fix else {
        let new = list(target.changes.as_ref(), link);
        return lines(format!("Deploy to {name}"), rows, new, Rest::of(plan));
    };
    let mut new = vec![Line::plain("Added to the candidate:")];
    let ships = &fix.changes.ships;
    if fix.copies.len() == ships.len() {
        // A copy names the commit that the team knows.
        let pairs = ships.iter().zip(fix.copies.iter().rev());
        new.extend(pairs.map(|(commit, original)| {
            named(Line::default(), commit).and(Plain, format!(", a copy of {}", original.short()))
        }));
    } else {
        new.extend(listed(ships));
    }
    new.extend(link.map(Line::plain));
    let heading = format!("Fix of the candidate {} on {name}", fix.base.short());
    let mut lines = lines(heading, rows, new, Rest::of(plan));
    let end = Line::plain("It becomes the candidate; earlier sign-offs no longer count.");
    lines.extend([end, Line::default()]);
    lines
}

/// All of a plan: paragraphs with an empty line behind each; one without lines is left out.
fn lines(heading: String, rows: Vec<Row<'_>>, changes: Vec<Line>, rest: Rest<'_>) -> Vec<Line> {
    let width = widest(rows.iter().map(|(name, _)| *name));
    let rows = rows.into_iter().map(|(name, mut line)| {
        let mut whole = row(name, width);
        whole.0.append(&mut line.0);
        whole
    });
    let stories = rest.consents.iter().map(|consent| &consent.story);
    let warnings = stories.chain(rest.warnings);
    let steps = rest.steps.iter().zip(1..);
    let steps = steps.map(|(step, number)| Line::plain(format!("  {number}. {step}")));
    let paragraphs = [
        vec![Line::of(Strong, heading)],
        rows.collect(),
        changes,
        watched(rest.watched),
        warnings
            .map(|text| Line::of(Bad, "warning: ").and(Plain, text))
            .collect(),
        std::iter::once(Line::plain("This will"))
            .chain(steps)
            .collect(),
    ];
    let paragraphs = paragraphs.into_iter().filter(|lines| !lines.is_empty());
    paragraphs
        .flat_map(|lines| lines.into_iter().chain([Line::default()]))
        .collect()
}

/// What ships, and the page that compares.
fn list(changes: Option<&Changes>, link: Option<String>) -> Vec<Line> {
    let commits = changes.map_or_else(Vec::new, |changes| listed(&changes.ships));
    commits.into_iter().chain(link.map(Line::plain)).collect()
}

/// Of several targets, the longest list.
fn most_changes<'t>(targets: &'t [Target<'_>]) -> Option<&'t Changes> {
    let all = targets.iter().filter_map(|target| target.changes.as_ref());
    all.max_by_key(|changes| changes.ships.len())
}

/// Which repository is the main one: never somebody's fork, and so to be seen in every plan.
fn main(config: &Config) -> Row<'_> {
    let main = &config.repository;
    (&main.remote, Line::of(Faint, display_url(&main.url)))
}

fn place(environment: &Environment) -> &str {
    environment.site.as_ref().unwrap_or(&environment.url)
}

fn now<'t>(target: &'t Target<'_>) -> Option<&'t CommitId> {
    target.observed.runs().or(target.observed.reference())
}

/// What runs in the one environment of a plan, and what is to run then.
fn now_and_then<'c>(
    config: &'c Config,
    target: &Target<'_>,
    plan: &Plan,
    then: Option<String>,
) -> Vec<Row<'c>> {
    let runs = Line::of(Hash, now(target).map_or("nothing", CommitId::short));
    let place = format!("  {}", place(target.environment));
    let subject = then.map(|then| format!("  {then}")).unwrap_or_default();
    let then = Line::of(Hash, plan.commit.short()).and(Plain, subject);
    vec![
        ("now", runs.and(Faint, place)),
        ("then", then),
        main(config),
    ]
}

/// Since when a target runs what it runs, or from when that is.
fn age(
    name: &str,
    runs: &CommitId,
    when: &When,
    dates: &HashMap<CommitId, i64>,
    state: Option<&State>,
) -> String {
    let deploy = state.and_then(|state| state.deploys.get(name));
    match deploy.filter(|deploy| deploy.commit == *runs) {
        Some(deploy) if deploy.seen_since.is_some() => format!("  seen {}", when.dated(deploy.at)),
        Some(deploy) => format!("  live since {}", when.dated(deploy.at)),
        None => dates
            .get(runs)
            .map(|seconds| format!("  from {}", when.dated(*seconds)))
            .unwrap_or_default(),
    }
}

/// ", signed off by Rosi at 12:03".
fn signed_off_by(candidate: &Candidate, changes: Option<&Changes>, when: &When) -> String {
    let ships = changes.iter().flat_map(|changes| &changes.ships);
    let authors: Vec<&str> = ships.map(|one| one.author.as_str()).collect();
    let yes: Vec<String> = candidate
        .who_said(Verdict::Pass)
        .map(|one| verdict_by(candidate, one, &authors, when))
        .collect();
    if yes.is_empty() {
        return String::new();
    }
    format!(", signed off by {}", yes.join(" and "))
}

/// How far the source is ahead of each target.
fn ahead(config: &Config, source: &Observed, targets: &[Target<'_>]) -> Line {
    let count = |target: &Target<'_>| {
        let changes = target.changes.as_ref()?;
        let of = match targets {
            [_] => String::new(),
            _ => format!(" of {}", target.environment.name),
        };
        if changes.relation == Relation::Identical {
            return Some(format!("the same{of}"));
        }
        let merges = match changes.ships_merges {
            0 => String::new(),
            merges => format!(" and {}", counted(merges, "merge")),
        };
        let commits = counted(changes.ships.len(), "commit");
        Some(format!("{commits}{merges} ahead{of}"))
    };
    let counts: Vec<String> = targets.iter().filter_map(count).collect();
    let mut all = config.environments.iter();
    let environment = all.find(|one| one.name == source.environment);
    let site = environment.and_then(|environment| environment.site.as_deref());
    Line::of(Hash, source.runs().map_or("nothing", CommitId::short))
        .and(Plain, format!("  {}", counts.join(", ")))
        .and(
            Faint,
            site.map(|site| format!("  {site}")).unwrap_or_default(),
        )
}

/// The watched files that ship, a line each, up to what a person reads; nothing where there are none.
fn watched(names: &[String]) -> Vec<Line> {
    if names.is_empty() {
        return Vec::new();
    }
    let heading = format!("touches {}:", counted(names.len(), "watched file"));
    let some = names.iter().take(NAMED).map(|name| format!("  {name}"));
    let more = names.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| Line::of(Faint, format!("  and {more} more")));
    [heading]
        .into_iter()
        .chain(some)
        .map(Line::plain)
        .chain(more)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_watched_files_a_plan_names_some_and_counts_the_rest() {
        let texts = |count: usize| {
            let names: Vec<String> = (1..=count)
                .map(|number| format!("db/{number}.sql"))
                .collect();
            watched(&names).iter().map(Line::text).collect::<Vec<_>>()
        };
        assert_eq!(texts(0), Vec::<String>::new());
        assert_eq!(texts(1), ["touches 1 watched file:", "  db/1.sql"]);
        assert_eq!(texts(20).last().unwrap(), "  db/20.sql");
        let many = texts(32);
        assert_eq!(
            (many.len(), many[0].as_str(), many[21].as_str()),
            (22, "touches 32 watched files:", "  and 12 more")
        );
    }
}
