//! The reviews' part in the commands: GitHub is asked about what would ship, where there is one and a token for it.

use std::collections::HashSet;

use crate::core::config::Config;
use crate::core::decide::review::{self, Asked, Origin, Review, Reviews};
use crate::core::decide::{Plan, Proposal, Step, Target};
use crate::core::refusal::{Refusal, Report};
use crate::core::secret::Secret;
use crate::core::text::shell_word;
use crate::core::words::{Changes, Commit, CommitId};
use crate::forge::github::{self, Finding, Place, Told};
use crate::git::token::{self, Without};
use crate::session::Session;

/// The merges that would ship, where the policy asks who reviewed those, too: files can be changed in one that are in
/// neither of its parents.
#[derive(Clone, Debug, Default)]
pub struct Merges {
    /// Those that git named.
    pub named: Vec<Commit>,
    /// How many more there are.
    pub unnamed: usize,
}

impl Merges {
    /// The merges among `changes`, which lie between `from` and `to`.
    pub fn of(
        session: &Session<'_>,
        config: &Config,
        changes: &Changes,
        (from, to): (Option<&CommitId>, &CommitId),
    ) -> Self {
        if !config.policy.reviewed || changes.ships_merges == 0 {
            return Self::default();
        }
        // What cannot be read is not named.
        let landed = session.repo.landed(from, to).unwrap_or_default();
        let merges = landed.into_iter().filter(|commit| commit.parents.len() > 1);
        let merges: Vec<CommitId> = merges.map(|commit| commit.id).collect();
        let named = session.repo.commits(&merges).unwrap_or_default();
        Self {
            unnamed: changes.ships_merges.saturating_sub(named.len()),
            named,
        }
    }
}

/// Finds out how these commits came, and how their checks and those of `candidate` ended.
pub fn look(
    session: &Session<'_>,
    config: &Config,
    ships: &[&Commit],
    candidate: &CommitId,
) -> Reviews {
    let Some(place) = config.web_base().as_deref().and_then(Place::of) else {
        let why = Report::new("the main repository has no pages on GitHub");
        return Reviews::not_asked(
            why.hint("say where they are: repository.web in smp.toml, then: git smp setup"),
        );
    };
    let token = match token::github(&session.repo, place.server()) {
        Ok(token) => token,
        Err(without) => return Reviews::not_asked(no_token(&place, without)),
    };
    let told = ask(session, &place, &token, &wanted(ships, candidate));
    let found = told.found.into_iter();
    let known = found.map(|(id, finding)| (id, review(finding, config)));
    Reviews::new(
        known.collect(),
        told.trouble.map_or(Asked::Whole, Asked::Partly),
    )
}

fn no_token(place: &Place, without: Without) -> Report {
    let (server, repository) = (place.server(), place.shown());
    match without {
        Without::Leave => Report::new(format!(
            "your environment does not say that the token is for {server}"
        ))
        .hint(format!(
            "set GH_HOST={}, which says that your token may be sent there",
            shell_word(server)
        )),
        Without::Token => {
            Report::new(format!("there is no token for {server}")).hint(if place.is_githubs_own() {
                format!("set GH_TOKEN to a token that may read {repository}")
            } else {
                format!(
                    "set GH_ENTERPRISE_TOKEN to a token that may read {repository}, and GH_HOST={}",
                    shell_word(server)
                )
            })
        }
    }
}

/// The commits to ask for, the candidate first. GitHub knows no hashes of 64 digits.
fn wanted(ships: &[&Commit], candidate: &CommitId) -> Vec<CommitId> {
    let mut seen = HashSet::new();
    std::iter::once(candidate)
        .chain(ships.iter().map(|commit| &commit.id))
        .filter(|id| id.as_str().len() == 40 && seen.insert(*id))
        .cloned()
        .collect()
}

fn ask(session: &Session<'_>, place: &Place, token: &Secret, wanted: &[CommitId]) -> Told {
    if wanted.is_empty() {
        return Told::default();
    }
    let address = session.repo.program().variable(github::VARIABLE);
    let address = address.as_ref().map(|address| address.to_string_lossy());
    session.ui.during("asking GitHub", || {
        github::ask(place, address.as_deref(), token, wanted)
    })
}

fn review(finding: Finding, config: &Config) -> Review {
    let origin = finding.pulls.map_or(Origin::Unknown, |pulls| {
        Origin::of(pulls, &config.repository.branch)
    });
    Review {
        origin,
        checks: finding.checks,
    }
}

/// Says why GitHub was not asked, or did not answer, where no list of marks says so.
pub fn explain(session: &Session<'_>, config: &Config, reviews: &Reviews) {
    match reviews.asked() {
        Asked::Not(why) => {
            let text = format!("reviews and checks were not looked at: {}", why.error);
            if config.policy.reviewed || config.policy.green {
                session.ui.note(text);
            } else {
                session.ui.detail(text);
            }
        }
        Asked::Partly(why) => session.ui.note(format!(
            "reviews and checks are not all known: {}",
            why.error
        )),
        Asked::Whole => {}
    }
}

/// Looks at what a promotion would ship, and adds to its plan what a person should know of it. `is_shown`: whether
/// people are shown the plan.
///
/// # Errors
/// In the plan's place, what the policy says against it: `not-reviewed` or `not-green`. Only a push or a release is
/// refused; what was pushed before is seen to its end.
pub fn check(
    session: &Session<'_>,
    config: &Config,
    targets: &[Target<'_>],
    planned: Result<Plan, Refusal>,
    is_shown: bool,
) -> (Option<Reviews>, Result<Plan, Refusal>) {
    let mut plan = match planned {
        Ok(plan) if plan.steps.iter().any(Step::deploys) => plan,
        planned => return (None, planned),
    };
    let named = |which: fn(&Step) -> bool| {
        let steps = plan.steps.iter().filter(move |step| which(step));
        steps
            .filter_map(Step::environment)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let shipping = Shipping::of(
        session,
        config,
        targets,
        &named(Step::deploys),
        &plan.commit,
    );
    let ships = shipping.commits(None);
    let brings = |step: &Step| matches!(step, Step::Push { .. } | Step::Release { .. });
    let pushed = shipping.commits(Some(&named(brings)));
    let is_pushed = plan.steps.iter().any(brings);
    let reviews = look(session, config, &ships, &plan.commit).but_for(shipping.unnamed());
    let refusal = refusal(config, &pushed, &plan.commit, &reviews).filter(|_| is_pushed);
    if let Some(refusal) = refusal {
        return (Some(reviews), Err(refusal));
    }
    plan.warnings
        .extend(review::warnings(&ships, &plan.commit, &reviews));
    if !is_shown || matches!(reviews.asked(), Asked::Not(_)) {
        explain(session, config, &reviews);
    }
    (Some(reviews), Ok(plan))
}

/// Looks at what a proposal would ship, and adds to it what a person should know: also that its promotion is refused as
/// things stand, which is no reason not to test it.
pub fn warn(
    session: &Session<'_>,
    config: &Config,
    targets: &[Target<'_>],
    proposal: &mut Proposal,
) {
    let named: Vec<String> = proposal
        .targets
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    let shipping = Shipping::of(session, config, targets, &named, &proposal.commit);
    let ships = shipping.commits(None);
    let reviews = look(session, config, &ships, &proposal.commit).but_for(shipping.unnamed());
    proposal
        .warnings
        .extend(review::warnings(&ships, &proposal.commit, &reviews));
    if let Some(refusal) = refusal(config, &ships, &proposal.commit, &reviews) {
        let why = match reviews.asked() {
            Asked::Not(why) => format!("{}: {}", refusal.report.error, why.error),
            Asked::Whole | Asked::Partly(_) => refusal.report.error,
        };
        proposal.warnings.push(format!(
            "as things stand, git smp promote refuses it: {why}"
        ));
    }
}

fn refusal(
    config: &Config,
    ships: &[&Commit],
    candidate: &CommitId,
    reviews: &Reviews,
) -> Option<Refusal> {
    let reviewed = || {
        config
            .policy
            .reviewed
            .then(|| review::reviewed(ships, reviews))
            .flatten()
    };
    let green = || {
        config
            .policy
            .green
            .then(|| review::green(candidate, reviews))
            .flatten()
    };
    reviewed().or_else(green)
}

/// What some environments lack of the commit that they are to be given.
struct Shipping<'a> {
    environments: Vec<(&'a str, &'a Changes, Merges)>,
}

impl<'a> Shipping<'a> {
    fn of(
        session: &Session<'_>,
        config: &Config,
        targets: &'a [Target<'_>],
        named: &[String],
        to: &CommitId,
    ) -> Self {
        let lacks = |target: &'a Target<'_>| {
            let (name, changes) = (target.environment.name.as_str(), target.changes.as_ref()?);
            Some((
                name,
                changes,
                Merges::of(session, config, changes, (target.observed.runs(), to)),
            ))
        };
        let named = targets
            .iter()
            .filter(|target| named.contains(&target.environment.name));
        Self {
            environments: named.filter_map(lacks).collect(),
        }
    }

    /// The commits that these environments lack, or all of them, each once. Merges come first, for no list names them.
    fn commits(&self, named: Option<&[String]>) -> Vec<&Commit> {
        let mut seen = HashSet::new();
        let is_named = |name: &str| named.is_none_or(|named| named.iter().any(|one| one == name));
        let lacking = || self.environments.iter().filter(|(name, ..)| is_named(name));
        let merges = lacking().flat_map(|(_, _, merges)| &merges.named);
        let all = merges.chain(lacking().flat_map(|(_, changes, _)| &changes.ships));
        all.filter(|commit| seen.insert(&commit.id)).collect()
    }

    /// How many merges there are beyond these.
    fn unnamed(&self) -> usize {
        self.environments
            .iter()
            .map(|(_, _, merges)| merges.unnamed)
            .sum()
    }
}
