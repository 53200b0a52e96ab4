//! `git smp rollback`: puts an environment back to what it ran before.

mod destination;

use clap::Args;

use crate::core::arguments::{check_hash, check_text};
use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{is_cached, may_be_on_its_way};
use crate::core::decide::named::the_target;
use crate::core::decide::{self, Plan, Step, merged};
use crate::core::record::{Deploying, Kind, News, Notice, Telling};
use crate::core::refusal::{Report, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{CommitId, Observed};
use crate::deploy::{self, Deploy, Options, Wanted, forward};
use crate::git::record::identity;
use crate::look::{Main, Seen, see_one};
use crate::options::DeployOptions;
use crate::session::{Session, trust};
use crate::sources::{Also, Look};
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use destination::{destination, never_ran};

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp rollback --reason 'The login page is blank'")]
pub struct Rollback {
    /// The environment; default: the only one that has "promotes" in smp.toml
    pub environment: Option<String>,
    /// Roll back to this commit (full or abbreviated hash); default: the deploy before. Required with --yes if there is no terminal
    #[arg(long, value_name = "HASH")]
    pub to: Option<String>,
    /// The reason; it goes on record and to the technical channel
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub deploying: DeployOptions,
}

impl Rollback {
    /// Returns the rollback that a person is asked for after a promotion whose checks failed.
    pub fn after(name: &str, to: Option<String>, why: &str, timeout: u64) -> Self {
        Self {
            environment: Some(name.to_owned()),
            to,
            reason: Some(format!("a check failed: {why}")),
            deploying: DeployOptions::asking(timeout),
        }
    }
}

pub fn run(session: &Session<'_>, args: &Rollback) -> Result<(), Stop> {
    check_text("--reason", args.reason.as_deref())?;
    let config = session.config()?;
    let listed = decide::earlier(config.record.is_some(), None);
    check_hash("--to", args.to.as_deref(), 7, listed)?;
    let environment = the_environment(&config, args.environment.as_deref())?;
    trust::require(&session.repo, &config, &[environment])?;
    session.whole_history()?;
    let looked = deploy::looked(|| look(session, args, &config, environment));
    let (mut deploy, planned) = looked.map_err(|stop| merged::stop(&config, stop))?;
    let plan = planned.map_err(|refusal| merged::refusal(&config, refusal))?;
    let begun = session.notes().taken_away(&environment.name, &plan.commit);
    if plan.steps.is_empty() {
        deploy.nothing_to("roll back", &plan)?;
        return match args.deploying.asking.dry_run {
            true => Ok(()),
            false => tell(&deploy, &plan.commit, begun.is_some()),
        };
    }
    deploy.can_be_answered(&plan)?;
    deploy.show_plan(&plan, None)?;
    if args.deploying.asking.dry_run {
        return preview(&deploy, &plan);
    }
    deploy.ask(&plan, None)?;
    if plan.steps.iter().any(Step::deploys) {
        ask_why(&mut deploy, args, &plan.commit)?;
    }
    deploy.record_observed(false);
    let telling = telling(&deploy, &plan.commit);
    deploy.tells = Some((environment.name.clone(), telling));
    // Hold the lock: otherwise another run of this clone would take our note for its own, and send the post again.
    let carried_out = deploy.carry_out(&plan);
    let _lock = carried_out.map_err(|stop| merged::stop(&config, stop))?;
    // An earlier run of this clone may have pushed it. A record would say who deployed.
    let by_others = !deploy.screen.borrow().by_others.is_empty();
    if config.record.is_none() && by_others && begun.is_none() {
        let text = format!("the other run posts to the {TECHNICAL} channel");
        session.ui.note(text);
        return Ok(());
    }
    tell(&deploy, &plan.commit, true)
}

/// Returns the named environment, or the only target. One that nothing is promoted to has no promotion to roll back.
fn the_environment<'c>(config: &'c Config, name: Option<&str>) -> Result<&'c Environment, Stop> {
    let environment = the_target(config, name, "rollback")?;
    if environment.promotes.is_some() {
        return Ok(environment);
    }
    let error = format!(
        "nothing is promoted to {}, so there is no promotion to roll back",
        environment.name
    );
    let find = Hint::run(
        "find the hash of an older commit",
        Typed::other("git log --oneline"),
    );
    let deploy = Hint::run(
        "deploy it; replace the dots with its hash",
        Typed::smp("stage").dots(),
    );
    let hint = match environment.by_merge {
        true => deploy.with_merges(),
        false => find.and(deploy),
    };
    Err(Stop::Misused(Report::new(error).hint(hint)))
}

fn look<'a>(
    session: &'a Session<'a>,
    args: &'a Rollback,
    config: &'a Config,
    environment: &'a Environment,
) -> Result<Deploy<'a>, Stop> {
    let look = Look::of(session, config);
    let asking = (&*format!("asking {}", environment.name), environment);
    let wanted = (Also::Releases, Main::Record);
    let (observed, seen) = see_one(session, &look, asking, wanted)?;
    let commit = destination(session, &look, args.to.as_deref(), (&observed, &seen))?;
    let takes_away = takes_away(session, (&observed, &seen), &commit);
    let changes = runs(&observed).map(|runs| session.repo.changes(Some(runs), &commit));
    let changes = changes.transpose()?;
    let relation = changes.as_ref().map(|changes| changes.relation);
    let never_ran = relation.map(|it| never_ran(&look, (&commit, it), (&observed, &seen)));
    let never_ran = never_ran.transpose()?.unwrap_or(false);
    let mut target = forward::target(session, environment, observed, None)?;
    (target.changes, target.never_ran) = (changes, never_ran);
    let wanted = Wanted::Rollback {
        commit,
        reason: args.reason.clone(),
    };
    let options = Options {
        commit: args.to.as_deref(),
        ..Options::of(&args.deploying)
    };
    Ok(Deploy {
        takes_away,
        ..Deploy::new(session, (look, seen), wanted, vec![target], options)
    })
}

/// Returns what runs there, or what its branch has if that is unknown or only a cache says it.
fn runs(observed: &Observed) -> Option<&CommitId> {
    match &observed.running {
        Ok(running) if !is_cached(observed) => running.as_ref(),
        _ => observed.reference(),
    }
}

/// Returns the announcement of this rollback by an interrupted run.
fn announced<'s>(seen: &'s Seen, name: &str, commit: &CommitId) -> Option<&'s Deploying> {
    (seen.open()).filter(|open| open.is(Kind::Rollback, name, commit))
}

/// Returns the commit that the rollback takes away: the one that runs or, if that is the destination already, the one
/// on the branch that may be on its way. After an interrupted run, its notes and its announcement tell.
fn takes_away(
    session: &Session<'_>,
    (observed, seen): (&Observed, &Seen),
    commit: &CommitId,
) -> Option<CommitId> {
    let name = &observed.environment;
    let coming = observed.reference().filter(|_| may_be_on_its_way(observed));
    let mut now = runs(observed).into_iter().chain(coming);
    now.find(|one| *one != commit)
        .or_else(|| announced(seen, name, commit)?.takes_away())
        .cloned()
        .or_else(|| session.notes().taken_away(name, commit))
}

/// Asks the person for the reason, which is for the team. An empty answer skips it.
fn ask_why(deploy: &mut Deploy<'_>, args: &Rollback, commit: &CommitId) -> Result<(), Stop> {
    let ui = deploy.session.ui;
    // An interrupted run may have given the reason.
    if args.deploying.asking.yes || !ui.is_interactive() || telling(deploy, commit).text.is_some() {
        return Ok(());
    }
    loop {
        let answer = ui.ask_text("Reason for the rollback, for the team (Enter skips)", "");
        let given = answer.ok_or_else(|| deploy.declined())?;
        let given = Some(given).filter(|given| !given.is_empty());
        match check_text("--reason", given.as_deref()) {
            Err(stop) => ui.warn(stop.to_string()),
            Ok(()) => {
                if let Wanted::Rollback { reason, .. } = &mut deploy.wanted {
                    *reason = given;
                }
                return Ok(());
            }
        }
    }
}

fn telling(deploy: &Deploy<'_>, commit: &CommitId) -> Telling {
    let when = deploy.session.when();
    let given = match &deploy.wanted {
        Wanted::Rollback { reason, .. } => reason.clone(),
        Wanted::Stage { .. } | Wanted::Promote { .. } => None,
    };
    let name = deploy.name();
    let open = announced(&deploy.seen, name, commit);
    let known = open.and_then(|open| open.tells.as_ref()?.text.clone());
    Telling {
        channels: channel::to_tell(deploy.look.config, TECHNICAL),
        date: when.date(when.now),
        targets: vec![(name.to_owned(), deploy.takes_away.clone())],
        text: given.or(known),
    }
}

/// Tells the technical channel, which must know before the next deploy. `ended`: this run saw the end of the rollback.
fn tell(deploy: &Deploy<'_>, commit: &CommitId, ended: bool) -> Result<(), Stop> {
    let (config, posts) = (deploy.look.config, posts(deploy));
    let post = ended.then(|| owed(deploy, commit));
    match (&config.record, post) {
        (None, Some(post)) => posts.deliver_once(&post),
        (None, None) => Ok(()),
        (Some(_), None)
            if channel::configured(config, TECHNICAL).is_none() && !channel::asks(config) =>
        {
            Ok(())
        }
        (Some(_), post) => posts.tell(post, deploy.pending(), Notice::is_of_a_rollback),
    }
}

fn posts<'a>(deploy: &'a Deploy<'_>) -> Delivery<'a> {
    Delivery::of(
        deploy.session,
        deploy.look.config,
        "rolled back",
        deploy.command(),
    )
}

fn owed(deploy: &Deploy<'_>, commit: &CommitId) -> Notice {
    let (telling, name) = (telling(deploy, commit), deploy.name());
    // The post names the person who began the rollback, or the user of this clone if it is on no record.
    let by = match announced(&deploy.seen, name, commit) {
        Some(open) => open.by.name.clone(),
        None => identity(deploy.look.repo).map_or("somebody".to_owned(), |(name, _)| name),
    };
    let news = News::RolledBack {
        from: deploy.takes_away.clone(),
        by,
        reason: telling.text.clone(),
    };
    channel::of_deploy(TECHNICAL, &telling, (name, commit), news)
}

fn preview(deploy: &Deploy<'_>, plan: &Plan) -> Result<(), Stop> {
    match plan.steps.iter().any(Step::deploys) {
        true => posts(deploy).print(&owed(deploy, &plan.commit)),
        false => Ok(()),
    }
}
