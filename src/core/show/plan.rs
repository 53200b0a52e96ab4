//! Plans as people read them before they confirm, from the heading to the last step.

mod step;

use std::collections::HashMap;
use std::iter;

use crate::core::address::display_url;
use crate::core::config::{Config, Environment};
use crate::core::decide::{Fix, Plan, Proposal, Step, Target, finding};
use crate::core::record::{Candidate, State, Verdict};
use crate::core::show::{LISTED, NAMED, listed, row, verdict_by, widest};
use crate::core::tell::post::titled;
use crate::core::text::Tone::{Bad, Faint, Good, Hash, Plain, Strong};
use crate::core::text::{Line, and, counted};
use crate::core::when::When;
use crate::core::words::{Commit, CommitId, Observed, Relation, short};

/// The name of an environment or repository in a plan, with its line.
type PlanRow<'a> = (&'a str, Line);

/// Formats the promotion of `source`'s running commit. `dates` has the commit times of running commits, if known.
pub fn promotion(
    config: &Config,
    source: &Observed,
    targets: &[Target<'_>],
    plan: &Plan,
    when: &When,
    dates: &HashMap<CommitId, i64>,
    state: Option<&State>,
) -> Vec<Line> {
    let candidate = state.and_then(|state| state.candidate_of(&plan.commit));
    let date = when.date_of(state, &plan.commit);
    let names: Vec<&str> = targets.iter().map(|one| &*one.environment.name).collect();
    let ships = ships(targets);
    let yes = candidate.map_or_else(String::new, |open| signed_off_by(open, ships, when));
    let line = ahead(config, source, (targets, &plan.commit)).and(Good, yes);
    let here = targets.iter().map(|one| runs(one, when, dates, state));
    let rows = here.chain([(&*source.environment, line), main(config)]);
    let mut running = targets.iter().filter_map(|one| one.observed.runs());
    let from = running.next().filter(|runs| **runs != plan.commit);
    let new = list(config, ships, from.map(|from| (from, &plan.commit)));
    let heading = titled(&and(&names), "deploy", &date);
    lines(heading, rows.collect(), new, plan, &steps(plan))
}

pub fn proposal(
    config: &Config,
    source: &Observed,
    targets: &[Target<'_>],
    proposal: &Proposal,
    when: &When,
    posts: &[Step],
) -> Vec<Line> {
    let plan = &proposal.plan;
    let names: Vec<&str> = proposal.targets.iter().map(|(name, _)| &**name).collect();
    let (names, date) = (and(&names), when.date(when.now));
    let here = proposal.targets.iter().map(|(name, runs)| {
        let target = targets.iter().find(|one| one.environment.name == *name);
        let changes = target.and_then(|target| target.changes.as_ref());
        let behind = changes.map(|changes| counted(changes.ships.len(), "commit"));
        let behind = behind.map(|commits| format!("  {commits} behind"));
        let line = match (runs, target) {
            (Some(runs), _) => Line::of(Hash, runs.short()),
            (None, Some(target)) => Line::plain(finding::nothing(&target.observed)),
            (None, None) => Line::plain("nothing deployed yet"),
        };
        (&**name, line.and(Plain, behind.unwrap_or_default()))
    });
    let digits = plan.commit.short();
    let rows = here.chain([(&*source.environment, Line::of(Hash, digits)), main(config)]);
    let mut running = proposal
        .targets
        .iter()
        .filter_map(|(_, runs)| runs.as_ref());
    let between = running.next().map(|from| (from, &plan.commit));
    let place = &source.environment;
    let by_merge = (config.environment(place)).is_ok_and(|environment| environment.by_merge);
    let record = match by_merge {
        true => format!("record {digits} as the candidate; merges still deploy to {place}"),
        false => format!("record {digits} as the candidate and freeze {place}"),
    };
    let new = list(config, ships(targets), between);
    let posts = posts.iter().map(|post| post.told(&plan.commit));
    let steps: Vec<String> = iter::once(record).chain(posts).collect();
    let heading = format!("Candidate for {names}, {date}");
    lines(heading, rows.collect(), new, plan, &steps)
}

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
    let changes = target.changes.as_ref();
    let lost = changes.map_or(&[][..], |changes| &changes.disappears);
    // Compare pages show nothing in the backward direction.
    let runs = now(target).filter(|runs| **runs != plan.commit);
    let mut taken = list(config, lost, runs.map(|runs| (&plan.commit, runs)));
    if !lost.is_empty() {
        taken.insert(0, Line::plain("Taken back:"));
    }
    let rows = now_and_then(config, target, plan, then);
    let heading = titled(&target.environment.name, "rollback", &when.date(when.now));
    lines(heading, rows, taken, plan, &steps(plan))
}

pub struct Added<'a> {
    pub fix: &'a Fix,
    /// The originals of the copies, oldest first.
    pub copies: &'a [CommitId],
}

/// Formats a deploy to staging. With `fix` it lists the commits added to the candidate, otherwise the new commits.
pub fn staging(
    config: &Config,
    target: &Target<'_>,
    plan: &Plan,
    commit: Option<&Commit>,
    fix: Option<&Added<'_>>,
) -> Vec<Line> {
    let name = &target.environment.name;
    let rows = now_and_then(config, target, plan, commit.map(Commit::subject_text));
    let Some(Added {
        fix: Fix { base, changes },
        copies,
    }) = fix
    else {
        let between = now(target).map(|from| (from, &plan.commit));
        let new = list(config, ships(std::slice::from_ref(target)), between);
        return lines(format!("Deploy to {name}"), rows, new, plan, &steps(plan));
    };
    let mut new = list(config, &changes.ships, Some((base, &plan.commit)));
    if copies.len() == changes.ships.len() {
        // A copy names its original, which the team knows.
        for (line, original) in new.iter_mut().take(LISTED).zip(copies.iter().rev()) {
            line.0
                .push((Plain, format!(", a copy of {}", original.short())));
        }
    }
    new.insert(0, Line::plain("Added to the candidate:"));
    let heading = format!("Fix of the candidate {} on {name}", base.short());
    let mut lines = lines(heading, rows, new, plan, &steps(plan));
    let end = Line::plain("It becomes the candidate; earlier sign-offs no longer count.");
    lines.extend([end, Line::default()]);
    lines
}

fn steps(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter();
    steps.map(|step| step.told(&plan.commit)).collect()
}

/// Formats a whole plan: paragraphs, each followed by an empty line; an empty paragraph is omitted.
fn lines(
    heading: String,
    rows: Vec<PlanRow<'_>>,
    changes: Vec<Line>,
    plan: &Plan,
    steps: &[String],
) -> Vec<Line> {
    let width = widest(rows.iter().map(|(name, _)| *name));
    let rows = rows.into_iter().map(|(name, mut line)| {
        let mut whole = row(name, width);
        whole.0.append(&mut line.0);
        whole
    });
    let stories = plan.consents.iter().map(|consent| &consent.story);
    let warnings = stories.chain(&plan.warnings);
    let steps = steps
        .iter()
        .zip(1..)
        .map(|(step, number)| Line::plain(format!("  {number}. {step}")));
    let paragraphs = [
        vec![Line::of(Strong, heading)],
        rows.collect(),
        changes,
        watched(&plan.watched),
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

fn list(config: &Config, commits: &[Commit], between: Option<(&CommitId, &CommitId)>) -> Vec<Line> {
    let link = between.and_then(|(from, to)| config.compare_url(from, to));
    let commits = listed(commits).into_iter();
    commits.chain(link.map(Line::plain)).collect()
}

/// Returns the shipping commits; with several targets, the longest list.
fn ships<'t>(targets: &'t [Target<'_>]) -> &'t [Commit] {
    let all = targets.iter().filter_map(|target| target.changes.as_ref());
    let all = all.map(|changes| changes.ships.as_slice());
    all.max_by_key(|ships| ships.len()).unwrap_or_default()
}

/// Names the main repository. Every plan shows that it is not a fork.
fn main(config: &Config) -> PlanRow<'_> {
    let main = &config.repository;
    (&main.remote, Line::of(Faint, display_url(&main.url)))
}

fn place(environment: &Environment) -> String {
    let branch = || format!("{}/{}", environment.remote, environment.branch);
    let place = match (&environment.site, environment.is_branch) {
        (Some(site), _) => site.clone(),
        (None, true) => branch(),
        (None, false) => environment.url.clone(),
    };
    format!("  {place}")
}

fn now<'t>(target: &'t Target<'_>) -> Option<&'t CommitId> {
    target.observed.runs().or(target.observed.reference())
}

/// Returns the lines with the environment's running commit and the planned one.
fn now_and_then<'c>(
    config: &'c Config,
    target: &Target<'_>,
    plan: &Plan,
    then: Option<String>,
) -> Vec<PlanRow<'c>> {
    let observed = &target.observed;
    let branch = observed
        .reference()
        .filter(|_| observed.agrees() == Some(false));
    let branch = branch.map(|at| format!(", but its branch is at {}", at.short()));
    let runs = Line::of(Hash, short(now(target)));
    let runs = runs.and(Plain, branch.unwrap_or_default());
    let runs = runs.and(Faint, place(target.environment));
    let subject = then.map(|then| format!("  {then}")).unwrap_or_default();
    let then = Line::of(Hash, plan.commit.short()).and(Plain, subject);
    vec![("now", runs), ("then", then), main(config)]
}

/// Returns a target's running commit, with the time of its deploy or of the commit.
fn runs<'t>(
    target: &'t Target<'_>,
    when: &When,
    dates: &HashMap<CommitId, i64>,
    state: Option<&State>,
) -> PlanRow<'t> {
    let name = &target.environment.name;
    let Some(runs) = target.observed.runs() else {
        let line = Line::plain(finding::nothing(&target.observed));
        return (name, line.and(Faint, place(target.environment)));
    };
    let deploy = state.and_then(|state| state.deploys.get(name));
    let age = match deploy.filter(|deploy| deploy.commit == *runs) {
        Some(deploy) if deploy.seen_since.is_some() => format!("  seen {}", when.dated(deploy.at)),
        Some(deploy) => format!("  live since {}", when.dated(deploy.at)),
        None => {
            let date = dates.get(runs).map(|seconds| when.dated(*seconds));
            date.map(|date| format!("  from {date}"))
                .unwrap_or_default()
        }
    };
    let line = Line::of(Hash, runs.short()).and(Plain, age);
    (name, line.and(Faint, place(target.environment)))
}

/// Returns ", signed off by Rosi at 12:03".
fn signed_off_by(candidate: &Candidate, ships: &[Commit], when: &When) -> String {
    let authors: Vec<&str> = ships.iter().map(|one| one.author.as_str()).collect();
    let yes: Vec<String> = candidate
        .who_said(Verdict::Pass)
        .map(|one| verdict_by(candidate, one, &authors, when))
        .collect();
    if yes.is_empty() {
        return String::new();
    }
    format!(", signed off by {}", yes.join(" and "))
}

fn ahead(
    config: &Config,
    source: &Observed,
    (targets, commit): (&[Target<'_>], &CommitId),
) -> Line {
    let mut counts = Vec::new();
    for target in targets {
        let name = &target.environment.name;
        let [of, like] = match targets {
            [_] => [String::new(), String::new()],
            _ => [format!(" of {name}"), format!(" as {name}")],
        };
        counts.extend(target.changes.iter().map(|changes| {
            let commits = counted(changes.ships.len(), "commit");
            match (changes.relation, changes.ships_merges) {
                (Relation::Identical, _) => format!("the same{like}"),
                (_, 0) => format!("{commits} ahead{of}"),
                (_, merges) => format!("{commits} and {} ahead{of}", counted(merges, "merge")),
            }
        }));
    }
    let site = config.find(&source.environment);
    let site = site.and_then(|environment| environment.site.as_deref());
    let site = site.map(|site| format!("  {site}")).unwrap_or_default();
    let runs = source.runs().filter(|runs| *runs != commit);
    counts.extend(runs.map(|runs| format!("it runs {} now", runs.short())));
    Line::of(Hash, commit.short())
        .and(Plain, format!("  {}", counts.join(", ")))
        .and(Faint, site)
}

/// Lists the watched files that ship, one per line, up to [`NAMED`].
fn watched(names: &[String]) -> Vec<Line> {
    if names.is_empty() {
        return Vec::new();
    }
    let heading = format!("This changes {}:", counted(names.len(), "watched file"));
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
        assert_eq!(texts(1), ["This changes 1 watched file:", "  db/1.sql"]);
        assert_eq!(texts(20).last().unwrap(), "  db/20.sql");
        let many = texts(32);
        assert_eq!(
            (many.len(), many[0].as_str(), many[21].as_str()),
            (22, "This changes 32 watched files:", "  and 12 more")
        );
    }
}
