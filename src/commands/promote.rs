//! `git smp promote`: push the exact staging commit to production, and check that it runs.

mod facts;

use std::collections::HashMap;
use std::time::Duration;

use crate::cli::Promote;
use crate::core::config::{Config, Environment};
use crate::core::decide::named::check_hash;
use crate::core::decide::named::{no_target, source_of};
use crate::core::decide::{self, Asked, Plan, Recorded, Step};
use crate::core::record::{Kind, Telling};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::show::{self, json};
use crate::core::text::shell_word;
use crate::core::words::CommitId;
use crate::deploy::observed;
use crate::deploy::{Again, Execution, engine, first_push, lfs, take_over};
use crate::forge::reviews;
use crate::session::Session;
use crate::session::trust;
use crate::sources::Look;
use crate::team::posts::{self, PRODUCT};
use crate::team::release::{self, Release};
use crate::team::{summary, watched};
use crate::terminal::Ui;
use facts::{Facts, gather};

/// Runs it: look, plan, show, ask, do.
///
/// # Errors
/// Every way in which a promotion ends other than with production reporting the commit.
pub fn run(session: &Session<'_>, args: &Promote) -> Result<(), Stop> {
    check_hash("--commit", args.commit.as_deref(), 4, "diff --json")?;
    let given = summary::given(args)?;
    let config = session.config()?;
    let environments = chosen(&config, &args.environments)?;
    let source = one_source(&config, &environments)?;
    let mut concerned = vec![source];
    concerned.extend(&environments);
    trust::require(&session.repo, &config, &concerned)?;
    if let Err(stop) = session.whole_history() {
        if let (true, Stop::Refused(refusal)) = (args.json, &stop) {
            session.ui.data(
                json::refused(&environments, refusal, watched::for_scripts(&config, &[]))
                    .as_bytes(),
            )?;
        }
        return Err(stop);
    }

    let look = Look {
        repo: &session.repo,
        config: &config,
        may_ask: session.ui.is_interactive(),
    };
    let look_and_plan = || {
        let facts = session.ui.during("asking every environment", || {
            gather(session, &look, source, &environments)
        })?;
        let planned = plan(session, source, &facts, &config, args);
        Ok((facts, planned))
    };
    let (mut facts, mut planned) = look_and_plan()?;
    first_push::note(
        session.ui,
        args.first,
        &facts
            .targets
            .iter()
            .map(|target| &target.observed)
            .collect::<Vec<_>>(),
    );
    let is_in_flight =
        |facts: &Facts<'_>, planned: &_| engine::is_in_flight(session, &facts.targets, planned);
    if args.yes && !args.dry_run && is_in_flight(&facts, &planned) {
        let timeout = args.deploying.timeout;
        (facts, planned) =
            engine::after_earlier_push(session.ui, timeout, look_and_plan, is_in_flight)?;
    }
    let (reviews, mut planned) =
        reviews::check(session, &config, &facts.targets, planned, !args.json);
    if args.json {
        if let Ok(plan) = &mut planned {
            let release = Release::of(session, &config, &facts.targets, plan, facts.state());
            add_post(session, &config, plan, release.is_wanted(given.as_ref()));
        }
        let watched = watched::for_scripts(&config, &facts.watched);
        let (runs, reviews) = (facts.source.runs(), reviews.as_ref());
        session
            .ui
            .data(json::promote(runs, &facts.targets, &planned, reviews, watched).as_bytes())?;
        return planned.map(drop).map_err(Stop::from);
    }
    let again = again(args);
    let mut planned = match planned {
        Ok(planned) => planned,
        Err(refusal) if args.dry_run => return Err(refusal.into()),
        Err(refusal) => {
            return Err(release::paid_before(
                session,
                &config,
                facts.state(),
                &again,
                refusal,
            ));
        }
    };
    let release = Release::of(session, &config, &facts.targets, &planned, facts.state());
    if planned.steps.is_empty() {
        if !args.dry_run {
            engine::consent(session, &planned.consents, "not confirmed")?;
        }
        if !args.dry_run && engine::is_unconfirmed(session, &facts.targets, &planned.commit) {
            session.ui.catch_interrupts()?;
            carry_out(session, &look, source, &facts, &planned, args, None)?;
        }
        show(session, &config, &facts, &planned, false)?;
        if !args.dry_run {
            observed::record(session, &look, facts.state(), &facts.seen(), false);
        }
        return if args.dry_run {
            Ok(())
        } else {
            release.resume(given.as_ref(), &again)
        };
    }
    if !args.dry_run {
        somebody_said_yes(session.ui, args, &planned)?;
    }
    let text = release.text(args, given)?;
    add_post(session, &config, &mut planned, text.is_some());
    show(session, &config, &facts, &planned, !args.yes)?;
    if args.dry_run {
        return text.map_or(Ok(()), |text| release.preview(&text));
    }
    release.show(text.as_deref(), !args.yes);
    session.ui.catch_interrupts()?;
    let was_begun = release.is_begun();
    release.keep(text.as_deref(), was_begun)?;
    engine::consent(session, &planned.consents, "not deployed")?;
    ask(session.ui, &environments, &planned, args.yes)?;
    observed::record(session, &look, facts.state(), &facts.seen(), false);
    release.keep(text.as_deref(), true)?;
    let telling = text.as_ref().map(|text| release.telling(text));
    let done = match carry_out(session, &look, source, &facts, &planned, args, telling) {
        Ok(done) => done,
        Err(stop) => {
            if !matches!(stop, Stop::Incomplete(_)) {
                // Nothing was deployed: should somebody else do it, it is theirs to tell.
                release.keep(text.as_deref(), was_begun)?;
            }
            return Err(stop);
        }
    };
    // An earlier run of ours may have pushed it; a record knows who deployed.
    if config.record.is_none() && !done.by_others.is_empty() && !was_begun {
        return release.is_theirs(text.as_deref());
    }
    release.end(text.as_deref(), done.owed, &again)
}

/// The last step, where there is something to tell.
fn add_post(session: &Session<'_>, config: &Config, plan: &mut Plan, is_wanted: bool) {
    if is_wanted && !plan.steps.is_empty() {
        plan.steps.push(posts::step(session, config, PRODUCT));
    }
}

/// The command that goes on.
fn again(args: &Promote) -> String {
    let names: String = args
        .environments
        .iter()
        .map(|name| format!(" {name}"))
        .collect();
    format!("git smp promote{names}{}", flags(args))
}

/// The options without which the same command would be another.
fn flags(args: &Promote) -> String {
    let again = if args.again { " --again" } else { "" };
    let first = if args.first { " --first" } else { "" };
    let take_over = args
        .deploying
        .take_over
        .as_ref()
        .map(|id| format!(" --take-over {}", shell_word(id)))
        .unwrap_or_default();
    format!("{first}{again}{take_over}")
}

/// Without a person at a terminal only an explicit yes to an explicit commit will do.
fn somebody_said_yes(ui: &Ui, args: &Promote, planned: &Plan) -> Result<(), Stop> {
    // What runs already is only written down.
    let deploys = planned.steps.iter().any(Step::deploys);
    let error = match (ui.is_interactive() || !deploys, args.yes, &args.commit) {
        (true, ..) | (false, true, Some(_)) => return Ok(()),
        (false, true, None) => "without a terminal, --yes needs --commit too",
        (false, false, _) => "there is no terminal to ask on",
    };
    let report = Report::new(error).because("a deploy needs a yes to exactly what ships");
    let hint = format!(
        "if the answer is yes: {} --yes --commit {}",
        again(args),
        planned.commit
    );
    Err(report.hint(hint).refused(RefusalCode::NeedsTerminal).into())
}

fn chosen<'c>(config: &'c Config, names: &[String]) -> Result<Vec<&'c Environment>, Stop> {
    if names.is_empty() {
        let targets = config.targets();
        return if targets.is_empty() {
            Err(no_target())
        } else {
            Ok(targets)
        };
    }
    let mut chosen: Vec<&Environment> = Vec::new();
    for name in names {
        let environment = config.environment(name)?;
        if chosen.iter().all(|other| other.name != environment.name) {
            chosen.push(environment);
        }
    }
    Ok(chosen)
}

fn one_source<'c>(config: &'c Config, targets: &[&Environment]) -> Result<&'c Environment, Stop> {
    let sources = targets
        .iter()
        .map(|target| source_of(config, target, "promote"))
        .collect::<Result<Vec<_>, _>>()?;
    match sources.as_slice() {
        [] => Err(no_target()),
        [first, rest @ ..] if rest.iter().all(|other| other.name == first.name) => Ok(first),
        several => {
            let names: Vec<&str> = several.iter().map(|source| source.name.as_str()).collect();
            let report = Report::new("these environments are promoted from different ones")
                .because(format!("they are promoted from {}", names.join(", ")));
            let commands: Vec<String> = targets
                .iter()
                .map(|target| format!("git smp promote {}", target.name))
                .collect();
            Err(Stop::Misused(report.hint(format!(
                "promote them one after the other: {}",
                commands.join(", then: ")
            ))))
        }
    }
}

fn plan(
    session: &Session<'_>,
    source: &Environment,
    facts: &Facts<'_>,
    config: &Config,
    args: &Promote,
) -> Result<Plan, Refusal> {
    let recorded = facts.recorded(
        config,
        args.deploying.take_over.as_deref(),
        session.when().now,
    )?;
    let asked = asked(session, args, recorded);
    let planned = decide::promotion(source, &facts.source, &facts.targets, &asked);
    let planned =
        planned.map_err(|refusal| first_push::to_make_it(refusal, args.first, &self::again(args)));
    let mut planned = planned.map_err(|refusal| facts.with_what_came(refusal))?;
    planned
        .warnings
        .splice(0..0, facts.warnings.iter().cloned());
    planned.watched.clone_from(&facts.watched);
    planned
        .warnings
        .extend(observed::warnings(facts.state(), facts.seen()));
    engine::warn_of_earlier_push(
        session,
        &mut planned,
        &facts.targets,
        asked.somebody_looks,
        "git smp promote",
    )?;
    lfs::warn(session, config, &mut planned);
    take_over::told(session.ui, &args.deploying, &mut planned, recorded.as_ref());
    Ok(planned)
}

fn asked<'a>(
    session: &Session<'_>,
    args: &'a Promote,
    recorded: Option<Recorded<'a>>,
) -> Asked<'a> {
    let somebody_looks = (session.ui.is_interactive() && !args.yes) || (args.dry_run && !args.json);
    let (commit, again, first, now) = (
        args.commit.as_deref(),
        args.again,
        args.first,
        session.when().now,
    );
    Asked {
        commit,
        somebody_looks,
        again,
        first,
        now,
        recorded,
    }
}

/// Shows the plan; where a question about it follows, even to those who want quiet.
fn show(
    session: &Session<'_>,
    config: &Config,
    facts: &Facts<'_>,
    planned: &Plan,
    asked: bool,
) -> Result<(), Stop> {
    if planned.steps.is_empty() {
        let names: Vec<&str> = facts
            .targets
            .iter()
            .map(|target| target.environment.name.as_str())
            .collect();
        let verb = if names.len() == 1 { "runs" } else { "run" };
        let text = format!(
            "{} {verb} {} already: nothing to promote",
            names.join(" and "),
            planned.commit.short()
        );
        session.ui.note(text);
        planned
            .warnings
            .iter()
            .for_each(|text| session.ui.warn(text));
        return Ok(());
    }
    let running: Vec<CommitId> = facts
        .targets
        .iter()
        .filter_map(|target| target.observed.runs().cloned())
        .collect();
    let dates: HashMap<CommitId, i64> = session
        .repo
        .commits(&running)?
        .into_iter()
        .map(|commit| (commit.id, commit.committed))
        .collect();
    let lines = show::promotion(
        config,
        &facts.source,
        &facts.targets,
        planned,
        &session.when(),
        &dates,
        facts.state(),
    );
    if asked {
        session.ui.insist(&lines)
    } else {
        session.ui.say(&lines)
    }
    Ok(())
}

/// The name of every environment must be typed. Silence is a no.
fn ask(ui: &Ui, environments: &[&Environment], planned: &Plan, yes: bool) -> Result<(), Stop> {
    if yes {
        return Ok(());
    }
    let affected = |environment: &&&Environment| {
        let mut deploys = planned.steps.iter().filter(|step| step.deploys());
        deploys.any(|step| step.environment() == Some(environment.name.as_str()))
    };
    let names: Vec<&str> = environments
        .iter()
        .filter(affected)
        .map(|environment| environment.name.as_str())
        .collect();
    let names = names.join(" ");
    if names.is_empty() {
        // What runs already is only written down.
        return Ok(());
    }
    let answer = ui.ask(&format!("Type {names} to deploy: "));
    if answer.is_some_and(|answer| answer.trim() == names) {
        return Ok(());
    }
    Err(Stop::Declined(
        "not deployed; nothing was changed".to_owned(),
    ))
}

fn carry_out(
    session: &Session<'_>,
    look: &Look<'_>,
    source: &Environment,
    facts: &Facts<'_>,
    planned: &Plan,
    args: &Promote,
    telling: Option<Telling>,
) -> Result<engine::Done, Stop> {
    // From here on every prompt would come at a bad time; whoever must log in did so while looking.
    let look = Look {
        may_ask: false,
        repo: look.repo,
        config: look.config,
    };
    let recorded = facts.recorded(
        look.config,
        args.deploying.take_over.as_deref(),
        session.when().now,
    )?;
    let asked = Asked {
        somebody_looks: true,
        again: true,
        ..asked(session, args, recorded)
    };
    let replan = |recorded: &Recorded<'_>| {
        let asked = Asked {
            recorded: Some(*recorded),
            ..asked
        };
        decide::promotion(source, &facts.source, &facts.targets, &asked).map(drop)
    };
    let execution = Execution {
        look: &look,
        source: Some(&facts.source),
        targets: &facts.targets,
        takes_away: None,
        timeout: Duration::from_secs(args.deploying.timeout),
        command: Again {
            command: "git smp promote",
            named: true,
            flags: &flags(args),
        },
        recorder: engine::recorder(
            &look,
            Kind::Promote,
            recorded,
            telling.and_then(|one| last(planned, one)),
            &replan,
        ),
    };
    engine::carry_out(session.ui, &execution, planned)
}

/// A promotion is told with the last environment that goes on record.
fn last(planned: &Plan, telling: Telling) -> Option<(&str, Telling)> {
    let recorded = |step: &&Step| matches!(step, Step::Record { .. });
    let step = planned.steps.iter().rfind(recorded)?;
    Some((step.environment()?, telling))
}
