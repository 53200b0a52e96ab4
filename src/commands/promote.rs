//! `git smp promote`: pushes the exact commit of staging to production, and checks that it runs.

use std::cell::RefCell;

use clap::Args;

use crate::core::arguments::{check_hash, check_text};
use crate::core::config::{Config, Environment};
use crate::core::decide::answer::{self, VoidRemark};
use crate::core::decide::named::{no_target, source_of};
use crate::core::decide::{self, Plan, Step, merged};
use crate::core::record::Telling;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::show::json;
use crate::core::text::and;
use crate::core::typed::Typed;
use crate::core::words::Observed;
use crate::deploy::{self, Deploy, Options, forward};
use crate::forge::reviews;
use crate::options::{Deepening, DeployOptions, PostText};
use crate::session::{Session, trust};
use crate::team::channel::{self, PRODUCT, TECHNICAL};
use crate::team::product::{self, ProductPost};
use crate::team::summary::Summary;
use crate::team::{hearing, summary, watched};

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp promote --dry-run")]
pub struct Promote {
    /// The target environments; default: all that have "promotes" in smp.toml
    #[arg(value_name = "ENVIRONMENT")]
    pub environments: Vec<String>,
    /// Refuse unless this commit would ship (full or abbreviated hash); required with --yes if there is no terminal
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,
    #[command(flatten)]
    pub text: PostText,
    /// Let this push create the app on its host, or the branch in the main repository
    #[arg(long)]
    pub first: bool,
    /// Ship a rolled-back commit again
    #[arg(long)]
    pub again: bool,
    /// Promote outside of policy.open, on a closed day or before policy.soak is over; the reason goes on record and to the technical channel
    #[arg(
        long = "override",
        id = "override",
        value_name = "REASON",
        allow_hyphen_values = true
    )]
    pub overrides: Option<String>,
    #[command(flatten)]
    pub deploying: DeployOptions,
    #[command(flatten)]
    pub deepening: Deepening,
    /// With --dry-run: print the plan as one JSON object
    #[arg(long, requires = "dry_run")]
    pub json: bool,
}

impl Promote {
    fn options(&self) -> Options<'_> {
        Options {
            json: self.json,
            first: self.first,
            again: self.again,
            overrides: self.overrides.as_deref(),
            commit: self.commit.as_deref(),
            names: &self.environments,
            ..Options::of(&self.deploying)
        }
    }
}

pub fn run(session: &Session<'_>, args: &Promote) -> Result<(), Stop> {
    let listed = Typed::smp("diff --json");
    check_hash("--commit", args.commit.as_deref(), 4, listed)?;
    check_text("--override", args.overrides.as_deref())?;
    let given = summary::given(&args.text)?;
    let config = session.config()?;
    let targets = chosen(&config, &args.environments)?;
    let source = one_source(&config, &targets)?;
    let concerned = [&[source], targets.as_slice()].concat();
    trust::require(&session.repo, &config, &concerned)?;
    let deep = deepened(session, args, &config, &targets)?;
    let session = deep.as_ref().unwrap_or(session);
    let options = args.options();
    let void = RefCell::default();
    let (mut deploy, planned) = deploy::looked(|| {
        let mut deploy = forward::look(session, &config, (source, &targets), options)?;
        let record = &mut deploy.seen.record;
        void.replace(hearing::hear(session, &config, record, options.dry_run));
        Ok(deploy)
    })?;
    deploy.note_first();
    let planned = match planned {
        Err(refusal) => Err(explained(&deploy, refusal, &void.take())?),
        planned => planned,
    };
    let (reviews, planned) = reviews::check(session, &config, &deploy.targets, planned, !args.json);
    let planned = planned.map_err(|refusal| merged::refusal(&config, refusal));
    if args.json {
        let shown = planned.map(|plan| with_post(&mut deploy, plan, given.as_ref()));
        let watched = watched::for_scripts(&config, &deploy.watched);
        let json = json::promote(
            session.ui.given(),
            deploy.candidate(),
            (&deploy.targets, deploy.seen.open()),
            &shown,
            reviews.as_ref(),
            watched,
        );
        session.ui.data(json.as_bytes())?;
        return shown.map(drop).map_err(Stop::from);
    }
    match planned {
        Ok(plan) => promote(deploy, plan, args, given).map_err(|stop| merged::stop(&config, stop)),
        Err(refusal) if args.deploying.asking.dry_run => Err(refusal.into()),
        Err(refusal) => Err(product::deliver_before(
            session,
            (&config, deploy.seen.state()),
            &deploy.command(),
            refusal,
        )),
    }
}

/// Returns the clone with its whole history if it is shallow and is to be deepened.
fn deepened<'a>(
    session: &Session<'a>,
    args: &Promote,
    config: &Config,
    targets: &[&Environment],
) -> Result<Option<Session<'a>>, Stop> {
    let again = Typed::instead_of("promote", "promote --deepen");
    let deep = session.deepened(config, args.deepening.deepen, again);
    // A script gets the refusal as JSON.
    if let (true, Err(Stop::Refused(refusal))) = (args.json, &deep) {
        let watched = watched::for_scripts(config, &[]);
        let json = json::refused(session.ui.given(), targets, refusal, watched);
        session.ui.data(json.as_bytes())?;
    }
    deep
}

/// Lists the commits that came to the source since the proposal, if that is why the promotion is refused.
fn with_what_came(deploy: &Deploy<'_>, mut refusal: Refusal) -> Result<Refusal, Stop> {
    let repo = deploy.look.repo;
    let state = deploy.seen.state();
    let candidate = state.and_then(|state| state.candidate.as_ref());
    let runs = deploy.observed().next().and_then(Observed::runs);
    if let (RefusalCode::CandidateMoved, Some(candidate), Some(runs)) =
        (refusal.code, candidate, runs)
        && repo.has_commit(&candidate.commit)?
    {
        let came = repo.changes(Some(&candidate.commit), runs)?.ships;
        let because = &mut refusal.report.because;
        because.extend((!came.is_empty()).then(|| "commits since then:".to_owned()));
        because.extend(decide::first_ten(&came));
    }
    Ok(refusal)
}

/// Adds to a refusal what came to the source since the proposal, or whose comment is the only yes.
fn explained(deploy: &Deploy<'_>, refusal: Refusal, void: &[VoidRemark]) -> Result<Refusal, Stop> {
    let refusal = with_what_came(deploy, refusal)?;
    let state = deploy.seen.state();
    let open = state.and_then(|state| state.candidate.as_ref());
    Ok(match open {
        Some(open) => answer::by_one_person(refusal, open, void),
        None => refusal,
    })
}

fn promote(
    mut deploy: Deploy<'_>,
    mut plan: Plan,
    args: &Promote,
    given: Option<Summary>,
) -> Result<(), Stop> {
    let (session, config, again) = (deploy.session, deploy.look.config, deploy.command());
    let of = (&plan, deploy.carried(&plan)?);
    let release = ProductPost::of(session, config, &deploy.targets, of, deploy.seen.state());
    if plan.steps.is_empty() {
        deploy.nothing_to("promote", &plan)?;
        return match args.deploying.asking.dry_run {
            true => Ok(()),
            false => release.resume(given.as_ref(), &again),
        };
    }
    deploy.can_be_answered(&plan)?;
    let text = release.text(args.deploying.asking, given)?;
    deploy.overridden = deploy.overriding(&plan);
    plan.steps.extend(release.carried_posts(text.as_deref()));
    post_after(&deploy, &mut plan, text.is_some());
    deploy.show_plan(&plan, None)?;
    if args.deploying.asking.dry_run {
        if let Some(reason) = deploy.overridden {
            release.preview_override(reason)?;
        }
        release.show(text.as_deref(), false, false);
        return text.map_or(Ok(()), |text| release.preview(&text));
    }
    let (text, was_begun) = (text.as_deref(), release.is_begun());
    release.show(text, true, !args.deploying.asking.yes);
    session.ui.catch_interrupts()?;
    release.keep(text, was_begun)?;
    deploy.ask(&plan, None)?;
    deploy.record_observed(false);
    release.keep(text, true)?;
    let telling = release.telling(text, deploy.overridden.is_some());
    deploy.tells = telling.and_then(|telling| last(&plan, telling));
    if let Err(stop) = deploy.carry_out(&plan) {
        if !matches!(stop, Stop::Incomplete(_) | Stop::Unhealthy(_)) {
            // Nothing was deployed. If somebody else deploys it, that run makes the post.
            release.keep(text, was_begun)?;
        }
        if let (Stop::Unhealthy(_), Some(reason)) = (&stop, &deploy.overridden) {
            let told = release.tell_failed(reason.clone(), deploy.pending(), &again);
            told.unwrap_or_else(|trouble| session.ui.warn(trouble.to_string()));
        }
        return Err(stop);
    }
    let (pending, screen) = (deploy.pending(), deploy.screen.into_inner());
    let overridden = deploy.overridden;
    // An earlier run of this clone may have pushed it. A record would say who deployed.
    if config.record.is_none() && !screen.by_others.is_empty() && !was_begun {
        return release.is_theirs(text);
    }
    let told = overridden.map_or(Ok(()), |reason| release.tell_overridden(reason, &again));
    release.end(text, pending, &again).and(told)
}

/// Adds the posts to a plan. `releases`: the product channel is told what is new.
fn post_after(deploy: &Deploy<'_>, plan: &mut Plan, releases: bool) {
    let overridden = deploy.overridden.is_some().then_some(TECHNICAL);
    let channels = overridden.into_iter().chain(releases.then_some(PRODUCT));
    let (session, config) = (deploy.session, deploy.look.config);
    let steps = channels.map(|channel| channel::step(session, config, channel));
    plan.steps.extend(steps);
}

/// Returns the plan with its post, as far as that is known before the text is written.
fn with_post(deploy: &mut Deploy<'_>, mut plan: Plan, given: Option<&Summary>) -> Plan {
    deploy.overridden = deploy.overriding(&plan);
    let (session, config, state) = (deploy.session, deploy.look.config, deploy.seen.state());
    let carried = deploy.carried(&plan).unwrap_or_default();
    let release = ProductPost::of(session, config, &deploy.targets, (&plan, carried), state);
    if !plan.steps.is_empty() {
        let text = match given {
            Some(Summary::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        plan.steps.extend(release.carried_posts(text));
        post_after(deploy, &mut plan, release.is_wanted(given));
    }
    plan
}

fn chosen<'c>(config: &'c Config, names: &[String]) -> Result<Vec<&'c Environment>, Stop> {
    if names.is_empty() {
        return Ok(config.targets());
    }
    let mut chosen: Vec<&Environment> = Vec::new();
    for name in names {
        let environment = config.meant(name)?;
        if chosen.iter().all(|other| other.name != environment.name) {
            chosen.push(environment);
        }
    }
    Ok(chosen)
}

fn one_source<'c>(config: &'c Config, targets: &[&Environment]) -> Result<&'c Environment, Stop> {
    let sources = targets
        .iter()
        .map(|target| source_of(config, target, "promote"));
    let sources: Vec<&Environment> = sources.collect::<Result<_, _>>()?;
    let Some((first, rest)) = sources.split_first() else {
        return Err(Stop::Misused(no_target(config)));
    };
    if rest.iter().all(|other| other.name == first.name) {
        return Ok(first);
    }
    let chain = config.in_order().into_iter();
    let chain: Vec<&Environment> = chain
        .filter(|one| targets.iter().any(|target| target.name == one.name))
        .collect();
    let mut report =
        Report::new("these environments get their commits from different environments");
    let mut from: Vec<&str> = (chain.iter().filter_map(|one| one.promotes.as_deref())).collect();
    from.dedup();
    for source in from {
        let targets = chain
            .iter()
            .filter(|one| one.promotes.as_deref() == Some(source));
        let names = targets.map(|one| one.name.as_str());
        let names = and(&names.collect::<Vec<_>>());
        report = report.because(format!("from {source}: {names}"));
    }
    for (nth, target) in chain.iter().enumerate() {
        let say = ["promote them one after the other", "then"][nth.min(1)];
        report = report.run(say, Typed::smp("promote").arg(&target.name));
    }
    Err(Stop::Misused(report))
}

/// Attaches the posts of a promotion to the last environment that is recorded.
fn last(plan: &Plan, telling: Telling) -> Option<(String, Telling)> {
    let mut steps = plan.steps.iter().rev();
    let step = steps.find(|step| matches!(step, Step::Record { .. }))?;
    Some((step.environment()?.to_owned(), telling))
}
