//! The plan of a promotion, from its heading to its last step.

use std::fmt;

use crate::core::config::Config;
use crate::core::decide::{Plan, Step, Target, commits};
use crate::core::record::{Candidate, Deploy, State, Verdict};
use crate::core::show::{When, listed, main_repository, paragraphs, this_will, warnings, watched};
use crate::core::tell::post::heading;
use crate::core::text::{Line, Tone};
use crate::core::words::ChannelKind;
use crate::core::words::{Changes, CommitId, Observed, Relation};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push {
                remote,
                branch,
                commit,
                expected: Some(at),
                ..
            } => {
                write!(
                    f,
                    "push {} to {branch} on {remote}, if that is still at {}",
                    commit.short(),
                    at.short()
                )
            }
            Self::Push {
                remote,
                branch,
                commit,
                expected: None,
                ..
            } => {
                write!(
                    f,
                    "push {} to {branch} on {remote}, if that does not exist yet",
                    commit.short()
                )
            }
            Self::Release {
                commit,
                former,
                platform,
                ..
            } => {
                let (short, version) = (commit.short(), former.version);
                write!(
                    f,
                    "release {short} (v{version}) again on {platform}, without a build"
                )
            }
            Self::Await {
                commit,
                witness,
                pushed: false,
                ..
            } => {
                write!(
                    f,
                    "wait until {witness} reports {}, without a push",
                    commit.short()
                )
            }
            Self::Await { witness, .. } => write!(f, "wait until {witness} reports it"),
            Self::Record {
                lifts: Some(environment),
                ..
            } => {
                write!(f, "record the deploy and lift the freeze on {environment}")
            }
            Self::Record { lifts: None, .. } => write!(f, "record the deploy"),
            Self::Post {
                channel,
                kind: ChannelKind::Print,
                ..
            } => {
                write!(f, "print the post to {channel}, for pasting")
            }
            Self::Post {
                channel,
                from_here: true,
                ..
            } => write!(f, "post to {channel}"),
            Self::Post { channel, .. } => write!(
                f,
                "post to {channel}; no webhook here: the text will be printed"
            ),
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
    plan: &Plan,
    when: &When,
    dates: Dates<'_>,
    state: Option<&State>,
) -> Vec<Line> {
    let names: Vec<&str> = targets
        .iter()
        .map(|target| target.environment.name.as_str())
        .collect();
    let candidate = state
        .and_then(|state| state.candidate.as_ref())
        .filter(|open| open.commit == plan.commit);
    // Every post about it carries the date of its proposal.
    let date = candidate
        .map(|open| open.date.clone())
        .filter(|date| !date.is_empty())
        .unwrap_or_else(|| when.date(when.now));
    let title = heading(&names.join(", "), &date);
    let others = [
        source.environment.as_str(),
        config.repository.remote.as_str(),
    ];
    let width = names
        .iter()
        .chain(&others)
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let mut places: Vec<Line> = targets
        .iter()
        .map(|target| target_line(target, width, when, dates, state))
        .collect();
    let widest = targets
        .iter()
        .filter_map(|target| target.changes.as_ref())
        .max_by_key(|changes| changes.ships.len());
    let signed_off = candidate.map_or_else(String::new, |open| signed_off_by(open, widest, when));
    places.push(source_line(config, source, targets, width).and(Tone::Good, signed_off));
    places.push(main_repository(config, width));
    let mut new = widest.map_or_else(Vec::new, |changes| listed(&changes.ships));
    let from = targets
        .iter()
        .find_map(|target| target.observed.runs())
        .filter(|runs| **runs != plan.commit);
    let link = from.and_then(|from| config.compare_url(from, &plan.commit));
    new.extend(link.map(Line::plain));
    paragraphs([
        vec![Line::default().and(Tone::Strong, title)],
        places,
        new,
        watched(&plan.watched),
        warnings(&plan.consents, &plan.warnings),
        this_will(&plan.steps),
    ])
}

/// ", signed off by Rosi at 12:03".
fn signed_off_by(candidate: &Candidate, changes: Option<&Changes>, when: &When) -> String {
    let authors: Vec<&str> = changes
        .iter()
        .flat_map(|changes| &changes.ships)
        .map(|one| one.author.as_str())
        .collect();
    let yes = candidate.who_said(Verdict::Pass);
    let yes: Vec<String> = yes
        .map(|one| crate::core::show::verdict_by(candidate, one, &authors, when))
        .collect();
    if yes.is_empty() {
        String::new()
    } else {
        format!(", signed off by {}", yes.join(" and "))
    }
}

fn target_line(
    target: &Target<'_>,
    width: usize,
    when: &When,
    dates: Dates<'_>,
    state: Option<&State>,
) -> Line {
    let name = &target.environment.name;
    let line = Line::plain(format!("  {name:width$}  "));
    let line = match target.observed.runs() {
        Some(id) => {
            let deploy = state
                .and_then(|state| state.deploys.get(name))
                .filter(|deploy| deploy.commit == *id);
            let age = match deploy {
                Some(Deploy {
                    seen_since: Some(_),
                    at,
                    ..
                }) => format!("  seen {}", when.dated(*at)),
                Some(deploy) => format!("  live since {}", when.dated(deploy.at)),
                None => dates(id)
                    .map(|seconds| format!("  from {}", when.dated(seconds)))
                    .unwrap_or_default(),
            };
            line.and(Tone::Hash, id.short()).and(Tone::Plain, age)
        }
        None => line.and(Tone::Plain, "nothing deployed yet"),
    };
    let place = target
        .environment
        .site
        .as_ref()
        .unwrap_or(&target.environment.url);
    line.and(Tone::Faint, format!("  {place}"))
}

fn source_line(config: &Config, source: &Observed, targets: &[Target<'_>], width: usize) -> Line {
    let hash = source.runs().map_or("nothing", CommitId::short);
    let counts: Vec<String> = targets
        .iter()
        .filter_map(|target| target.changes.as_ref().map(|changes| (target, changes)))
        .map(|(target, changes)| {
            ahead(
                changes,
                (targets.len() > 1).then_some(target.environment.name.as_str()),
            )
        })
        .collect();
    let site = config
        .environments
        .iter()
        .find(|environment| environment.name == source.environment);
    let site = site
        .and_then(|environment| environment.site.as_deref())
        .map(|site| format!("  {site}"));
    Line::plain(format!("  {:width$}  ", source.environment))
        .and(Tone::Hash, hash)
        .and(Tone::Plain, format!("  {}", counts.join(", ")))
        .and(Tone::Faint, site.unwrap_or_default())
}

fn ahead(changes: &Changes, of: Option<&str>) -> String {
    let of = of.map(|name| format!(" of {name}")).unwrap_or_default();
    match changes.ships_merges {
        0 if changes.relation == Relation::Identical => format!("the same{of}"),
        0 => format!("{} ahead{of}", commits(changes.ships.len())),
        1 => format!("{} and 1 merge ahead{of}", commits(changes.ships.len())),
        merges => format!(
            "{} and {merges} merges ahead{of}",
            commits(changes.ships.len())
        ),
    }
}
