//! `git smp promote`: push the exact staging commit to production, and check that it runs.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::cli::Promote;
use crate::commands::diff::{no_target, source_of};
use crate::commands::{Session, trust};
use crate::config::{Config, Environment};
use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::execute::{Execution, Happening, Wish};
use crate::in_flight::InFlight;
use crate::json;
use crate::model::{Branch, CommitId, Observed};
use crate::observe::{Also, Look};
use crate::plan::{self, Asked, Promotion, Step, Target};
use crate::render;
use crate::text::{Line, Tone, ago};
use crate::ui::Ui;

/// Runs it: look, plan, show, ask, do.
///
/// # Errors
/// Every way in which a promotion ends other than with production reporting the commit.
pub fn run(session: &Session<'_>, args: &Promote) -> Result<(), Stop> {
    check_hash(args.commit.as_deref())?;
    let config = session.config()?;
    only_what_is_built(&config)?;
    let environments = chosen(&config, &args.environments)?;
    let source = one_source(&config, &environments)?;
    let mut concerned = vec![source];
    concerned.extend(&environments);
    trust::require(&session.repo, &config, &concerned)?;
    if let Err(stop) = session.whole_history() {
        if let (true, Stop::Refused(refusal)) = (args.json, &stop) {
            session.ui.data(json::refused(&environments, refusal).as_bytes())?;
        }
        return Err(stop);
    }

    let look = Look { repo: &session.repo, config: &config, may_ask: session.ui.is_interactive() };
    let look_and_plan = || {
        let facts = session.ui.during("asking every environment", || gather(session, &look, source, &environments))?;
        let planned = plan(session, source, &facts, args);
        Ok((facts, planned))
    };
    let (mut facts, mut planned) = look_and_plan()?;
    if args.yes && !args.dry_run && is_in_flight(&planned) {
        (facts, planned) = after_earlier_push(session.ui, args, look_and_plan)?;
    }
    if args.json {
        session.ui.data(json::promote(facts.source.runs(), &facts.targets, &planned).as_bytes())?;
        return planned.map(drop).map_err(Stop::from);
    }
    let planned = planned?;
    show(session, &config, &facts, &planned, !args.yes)?;
    if args.dry_run || planned.steps.is_empty() {
        return Ok(());
    }
    somebody_said_yes(session.ui, args, &planned)?;
    session.ui.catch_interrupts()?;
    ask(session.ui, &environments, &planned, args.yes)?;
    carry_out(session.ui, &look, &facts, &planned, args)
}

fn is_in_flight(planned: &Result<Promotion, Refusal>) -> bool {
    planned.as_ref().is_err_and(|refusal| refusal.code == RefusalCode::PushInFlight)
}

/// Looks until an earlier push, which was cut off from us, came to something: a second one would be a second build.
fn after_earlier_push<F>(
    ui: &Ui,
    args: &Promote,
    look_and_plan: impl Fn() -> Result<(F, Result<Promotion, Refusal>), Stop>,
) -> Result<(F, Result<Promotion, Refusal>), Stop> {
    let (begun, progress) = (Instant::now(), ui.progress());
    ui.note("a push of this commit began before and was not seen to end; waiting for what it comes to");
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let (facts, planned) = look_and_plan()?;
        match planned {
            Err(refusal) if refusal.code == RefusalCode::PushInFlight => {
                if begun.elapsed().as_secs() >= args.timeout {
                    return Err(Stop::Incomplete(refusal.report));
                }
                progress.show(&format!("waiting for the earlier push, {} s", begun.elapsed().as_secs()));
            }
            planned => {
                progress.clear();
                return Ok((facts, planned));
            }
        }
    }
}

/// Everything that was found out.
struct Facts<'a> {
    source: Observed,
    targets: Vec<Target<'a>>,
    /// What concerns the whole promotion and is worth knowing before a yes.
    warnings: Vec<String>,
}

fn check_hash(hash: Option<&str>) -> Result<(), Stop> {
    if let Some(hash) = hash {
        let good = (4..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !good {
            let report = Report::new("--commit takes a hash of 4 to 64 hex digits");
            return Err(Stop::Misused(report.hint("copy it from: git smp diff --json")));
        }
    }
    Ok(())
}

/// Without a person at a terminal only an explicit yes to an explicit commit will do.
fn somebody_said_yes(ui: &Ui, args: &Promote, planned: &Promotion) -> Result<(), Stop> {
    let error = match (ui.is_interactive(), args.yes, &args.commit) {
        (true, ..) | (false, true, Some(_)) => return Ok(()),
        (false, true, None) => "without a terminal, --yes needs --commit too",
        (false, false, _) => "there is no terminal to ask on",
    };
    let report = Report::new(error).because("a deploy needs a yes to exactly what ships");
    let names: String = args.environments.iter().map(|name| format!(" {name}")).collect();
    let hint = format!("if the answer is yes: git smp promote{names} --yes --commit {}", planned.commit);
    Err(Refusal { code: RefusalCode::NeedsTerminal, report: report.hint(hint) }.into())
}

/// A configuration that asks for more care than this version can give must not be deployed with less.
fn only_what_is_built(config: &Config) -> Result<(), Stop> {
    let asked = [
        (config.record.is_some(), "[record]"),
        (config.policy.reviewed, "policy.reviewed"),
        (config.policy.green, "policy.green"),
    ];
    let missing: Vec<&str> = asked.iter().filter(|(asked, _)| *asked).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let report = Report::new(format!("smp.toml asks for {}, which this version cannot do", missing.join(", ")))
        .because("promoting without it would skip what your team agreed to");
    Err(Stop::Misused(report.hint("take it out of smp.toml, then: git smp setup")))
}

fn chosen<'c>(config: &'c Config, names: &[String]) -> Result<Vec<&'c Environment>, Stop> {
    if names.is_empty() {
        let targets = config.targets();
        return if targets.is_empty() { Err(no_target()) } else { Ok(targets) };
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
    let sources = targets.iter().map(|target| source_of(config, target)).collect::<Result<Vec<_>, _>>()?;
    match sources.as_slice() {
        [] => Err(no_target()),
        [first, rest @ ..] if rest.iter().all(|other| other.name == first.name) => Ok(first),
        several => {
            let names: Vec<&str> = several.iter().map(|source| source.name.as_str()).collect();
            let report = Report::new("these environments promote different ones")
                .because(format!("they promote {}", names.join(", ")));
            Err(Stop::Misused(report.hint("promote them one after the other: git smp promote ENVIRONMENT")))
        }
    }
}

fn gather<'c>(
    session: &Session<'_>,
    look: &Look<'_>,
    source: &'c Environment,
    environments: &[&'c Environment],
) -> Result<Facts<'c>, Stop> {
    let mut concerned = vec![source];
    concerned.extend(environments);
    let (seen, main) = std::thread::scope(|scope| {
        let main = scope.spawn(|| look.main_branch());
        (look.environments(&concerned, Also::Branches), main.join())
    });
    let seen = seen?;
    session.explain(look.config, &seen);
    let mut seen = seen.into_iter();
    let nothing_seen = || Stop::Failed(Report::new("no environment was looked at"));
    let source = seen.next().ok_or_else(nothing_seen)?;
    let mut warnings = Vec::new();
    if let (Some(candidate), Ok(main)) = (source.runs(), main) {
        warnings.extend(not_on_main(session, look.config, candidate, main?)?);
    }
    let mut targets = Vec::new();
    for (environment, observed) in environments.iter().zip(seen) {
        let address = trust::push_address(&session.repo, environment)?;
        if address != environment.url {
            warnings.push(format!("pushes to {} go to {address}, by your own url.insteadOf", environment.remote));
        }
        targets.push(target(session, environment, observed, source.runs())?);
    }
    Ok(Facts { source, targets, warnings })
}

fn target<'c>(
    session: &Session<'_>,
    environment: &'c Environment,
    observed: Observed,
    candidate: Option<&CommitId>,
) -> Result<Target<'c>, Stop> {
    let mut target = Target { environment, observed, changes: None, fast_forward: None };
    let (Some(candidate), Ok(running)) = (candidate, &target.observed.running) else { return Ok(target) };
    target.changes = Some(session.repo.changes(running.as_ref(), candidate)?);
    if let Some(at) = target.observed.reference() {
        target.fast_forward = Some(session.repo.is_ancestor(at, candidate)?);
    }
    Ok(target)
}

/// What ships should have been merged; a team is told when it was not, or when that cannot be known.
fn not_on_main(
    session: &Session<'_>,
    config: &Config,
    candidate: &CommitId,
    main: Result<Branch, Refusal>,
) -> Result<Option<String>, Stop> {
    let main_name = format!("{}/{}", config.repository.remote, config.repository.branch);
    let short = candidate.short();
    Ok(match main {
        Ok(Branch::At(tip)) if session.repo.is_ancestor(candidate, &tip)? => None,
        Ok(Branch::At(_)) => Some(format!("{short} is not on {main_name}: it was not merged, or that was rewritten")),
        Ok(_) => Some(format!("{main_name} does not exist, so nobody can say whether {short} was merged")),
        Err(refusal) => Some(format!("whether {short} is on {main_name} is unknown: {}", refusal.report.error)),
    })
}

fn plan(session: &Session<'_>, source: &Environment, facts: &Facts<'_>, args: &Promote) -> Result<Promotion, Refusal> {
    let somebody_looks = (session.ui.is_interactive() && !args.yes) || (args.dry_run && !args.json);
    let asked = Asked { commit: args.commit.as_deref(), somebody_looks, now: session.when().now };
    let mut planned = plan::promotion(source, &facts.source, &facts.targets, &asked)?;
    let mut warnings = facts.warnings.clone();
    warnings.append(&mut planned.warnings);
    for step in &planned.steps {
        let Step::Push { environment, commit, expected, .. } = step else { continue };
        let common_dir = &session.repo.layout().common_dir;
        let Some(age) = InFlight::age(common_dir, environment, commit, expected.as_ref()) else { continue };
        let story = format!(
            "a push of {} to {environment} began {} from this clone and was not seen to end",
            commit.short(),
            ago(i64::try_from(age.as_secs()).unwrap_or(0), 0),
        );
        if !asked.somebody_looks {
            let report = Report::new(story)
                .because("the host may still be building it, and a second push would start a second build")
                .hint("wait for it: git smp status; or say yes in a terminal: git smp promote");
            return Err(Refusal { code: RefusalCode::PushInFlight, report });
        }
        warnings.push(format!("{story}: the host may still be building it, and pushing again starts a second build"));
    }
    planned.warnings = warnings;
    Ok(planned)
}

/// Shows the plan; where a question about it follows, even to those who want quiet.
fn show(
    session: &Session<'_>,
    config: &Config,
    facts: &Facts<'_>,
    planned: &Promotion,
    asked: bool,
) -> Result<(), Stop> {
    if planned.steps.is_empty() {
        let names: Vec<&str> = facts.targets.iter().map(|target| target.environment.name.as_str()).collect();
        let verb = if names.len() == 1 { "runs" } else { "run" };
        let text = format!("{} {verb} {} already: nothing to promote", names.join(" and "), planned.commit.short());
        session.ui.note(text);
        planned.warnings.iter().for_each(|text| session.ui.warn(text));
        return Ok(());
    }
    let running: Vec<CommitId> = facts.targets.iter().filter_map(|target| target.observed.runs().cloned()).collect();
    let dates: HashMap<CommitId, i64> =
        session.repo.commits(&running)?.into_iter().map(|commit| (commit.id, commit.committed)).collect();
    let date = |id: &CommitId| dates.get(id).copied();
    let lines = render::promotion(config, &facts.source, &facts.targets, planned, &session.when(), &date);
    if asked {
        session.ui.insist(&lines)
    } else {
        session.ui.say(&lines)
    }
    Ok(())
}

/// The name of every environment must be typed. Silence is a no.
fn ask(ui: &Ui, environments: &[&Environment], planned: &Promotion, yes: bool) -> Result<(), Stop> {
    if yes {
        return Ok(());
    }
    let affected = |environment: &&&Environment| {
        planned.steps.iter().any(|step| matches!(step, Step::Push { environment: name, .. } | Step::Await { environment: name, .. } if *name == environment.name))
    };
    let names: Vec<&str> = environments.iter().filter(affected).map(|environment| environment.name.as_str()).collect();
    let names = names.join(" ");
    let answer = ui.ask(&format!("Type {names} to deploy: "));
    if answer.is_some_and(|answer| answer.trim() == names) {
        return Ok(());
    }
    Err(Stop::Declined("not deployed; nothing was changed".to_owned()))
}

fn carry_out(ui: &Ui, look: &Look<'_>, facts: &Facts<'_>, planned: &Promotion, args: &Promote) -> Result<(), Stop> {
    // From here on every prompt would come at a bad time; whoever must log in did so while looking.
    let look = Look { may_ask: false, repo: look.repo, config: look.config };
    let timeout = Duration::from_secs(args.timeout);
    let execution = Execution { look: &look, source: &facts.source, targets: &facts.targets, timeout };
    let progress = ui.progress();
    let mut asked_to_leave = 0_u32;
    // Those who want quiet are shown the host's words only when they explain a failure.
    let mut unsaid: VecDeque<Line> = VecDeque::new();
    let result = execution.run(planned, &mut |happening| {
        asked_to_leave += u32::from(ui.interrupted());
        match happening {
            Happening::Pushing(step) => ui.note(format!("{step} ...")),
            Happening::Said(line) => {
                progress.clear();
                let line = Line::default().and(Tone::Faint, "  | ").and(Tone::Plain, line);
                if ui.is_quiet() {
                    unsaid.push_back(line);
                    unsaid.drain(..unsaid.len().saturating_sub(40));
                } else {
                    ui.say(&[line]);
                }
                return Wish::GoOn;
            }
            Happening::StillPushing(name, elapsed) => {
                if asked_to_leave == 1 {
                    asked_to_leave += 1;
                    progress.clear();
                    ui.warn("the push cannot be called back; waiting for it. Ctrl-C again leaves it running");
                }
                progress.show(&format!("pushing to {name}, {} s", elapsed.as_secs()));
                return if asked_to_leave > 2 { Wish::Leave } else { Wish::GoOn };
            }
            Happening::Waiting { environment, elapsed, reports } => {
                progress.show(&format!("waiting for {environment}, {} s: it reports {reports}", elapsed.as_secs()));
            }
            Happening::Live(environment, commit) => {
                progress.clear();
                let done = Line::default().and(Tone::Good, "done: ");
                ui.say(&[done.and(Tone::Plain, format!("{environment} runs {}", commit.short()))]);
            }
        }
        if asked_to_leave > 0 { Wish::Leave } else { Wish::GoOn }
    });
    progress.clear();
    if result.is_err() {
        ui.insist(unsaid.make_contiguous());
    }
    result
}
