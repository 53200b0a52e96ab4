//! `git smp stage`: deploy a commit of the main repository to staging.

mod fix;

use std::time::Duration;

use crate::cli::Stage;
use crate::core::config::{Config, Environment};
use crate::core::decide::named::beginning;
use crate::core::decide::{self, Asked, Fix, Plan, Recorded, Staging, Step, Target};
use crate::core::record::{Candidate, Kind, News, Owed, Telling};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::show::{self, Added};
use crate::core::words::{Branch, Changes, CommitId, Observed};
use crate::deploy::engine;
use crate::deploy::observed;
use crate::deploy::{Again, Execution, first_push, flow, lfs, take_over};
use crate::forge::pull_request;
use crate::git::Found;
use crate::look::{Main, Seen, not_seen, see};
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::posts::{self, Posts, TECHNICAL};
use crate::team::recorder::Recorder;

/// Runs it: look, plan, show, ask, do.
///
/// # Errors
/// Every way in which a deploy ends other than with staging reporting the commit.
pub fn run(session: &Session<'_>, args: &Stage) -> Result<(), Stop> {
    let config = session.config()?;
    let staging = beginning(&config)?;
    if args.fix {
        flow::recorder_of(
            Recorder::of(&session.repo, &config, false),
            "git smp stage --fix",
        )?;
    }
    trust::require(&session.repo, &config, &[staging])?;
    session.whole_history()?;
    let look = Look::of(session, &config);
    let facts = session
        .ui
        .during("asking staging and the main repository", || {
            gather(session, &look, staging)
        })?;
    first_push::note(session.ui, args.first, &[&facts.observed]);
    let wanted =
        wanted(session, args, &facts).map_err(|stop| is_no_commit(stop, &config, staging, args))?;
    let wanted = fix::settled(session, args, &facts, wanted)?;
    let planned = plan(session, &config, args, &facts, &wanted)?;
    let target = std::slice::from_ref(&wanted.target);
    if planned.steps.is_empty()
        && !args.dry_run
        && engine::is_unconfirmed(session, target, &wanted.commit)
    {
        carry_out(session, &look, args, &facts, &wanted, &planned)?;
    }
    show(session, &config, args, &wanted, &planned)?;
    let observe = || {
        let (state, seen) = (facts.seen.state(), [&facts.observed]);
        observed::record(session, &look, state, &seen, args.dry_run);
    };
    if planned.steps.is_empty() {
        observe();
    }
    if args.dry_run {
        return Ok(());
    }
    if planned.steps.is_empty() {
        pay(session, &config, args, facts.owed())?;
        return fix::must_come_back(session, &config, &facts, &wanted);
    }
    ask(session, args, &wanted, &planned)?;
    observe();
    let done = carry_out(session, &look, args, &facts, &wanted, &planned)?;
    let told = match &wanted.fix {
        Some((before, _)) if wanted.kind() == Kind::Fix => {
            tell(session, &config, args, (&facts, done.owed), &wanted, before)
        }
        // The end of somebody's rollback went on record with this deploy, and the team is to hear of it.
        _ if facts.goes_back() => pay(session, &config, args, done.owed),
        _ => Ok(()),
    };
    // The last words on the screen, for nobody else hears them.
    fix::must_come_back(session, &config, &facts, &wanted)?;
    told
}

/// Tells of the fix: what it adds, and that it is to be tested again.
fn tell(
    session: &Session<'_>,
    config: &Config,
    args: &Stage,
    (facts, known): (&Facts<'_>, Option<Vec<Owed>>),
    wanted: &Wanted<'_>,
    before: &CommitId,
) -> Result<(), Stop> {
    let Some(candidate) = facts
        .candidate()
        .filter(|_| posts::configured(config, TECHNICAL).is_none())
    else {
        return pay(session, config, args, known);
    };
    let owed = posts::of_candidate(
        candidate,
        News::Fixed {
            before: before.clone(),
        },
    );
    let owed = Owed {
        commit: wanted.commit.clone(),
        ..owed
    };
    Posts::of(session, config, "deployed", "git smp stage").say(&owed)
}

/// Tells of the fixes and rollbacks that nobody was told of. `known`: what is owed, where that is known.
fn pay(
    session: &Session<'_>,
    config: &Config,
    args: &Stage,
    known: Option<Vec<Owed>>,
) -> Result<(), Stop> {
    let again = again(args);
    let posts = Posts::of(session, config, "deployed", &again);
    let told = |owed: &Owed| matches!(owed.news, News::Fixed { .. }) || owed.is_of_a_rollback();
    posts.pay(&posts.owed(known)?, told)
}

/// Everything that was found out.
struct Facts<'a> {
    environment: &'a Environment,
    observed: Observed,
    seen: Seen,
}

impl Facts<'_> {
    fn candidate(&self) -> Option<&Candidate> {
        self.seen.state()?.frozen(&self.environment.name)
    }

    fn goes_back(&self) -> bool {
        let open = self.seen.state().and_then(|state| state.deploying.as_ref());
        open.is_some_and(|open| open.kind == Kind::Rollback)
    }

    fn owed(&self) -> Option<Vec<Owed>> {
        let owed = self.seen.state().map(|state| state.owed.clone());
        Some(owed.unwrap_or_default())
    }

    fn recorded<'a>(
        &'a self,
        config: &Config,
        args: &'a Stage,
        now: i64,
    ) -> Result<Option<Recorded<'a>>, Refusal> {
        self.seen
            .recorded(config, args.deploying.take_over.as_deref(), now)
    }
}

/// What is to be deployed, and what that adds.
struct Wanted<'a> {
    target: Target<'a>,
    commit: CommitId,
    /// `--fix`: the candidate, and what lies between it and the commit.
    fix: Option<(CommitId, Changes)>,
    /// What copies were made of, oldest first, where a person named the commits.
    picked: Option<Vec<CommitId>>,
}

impl Wanted<'_> {
    fn staging<'w>(&'w self, command: &'w str) -> Staging<'w> {
        let fix = self
            .fix
            .as_ref()
            .map(|(base, changes)| Fix { base, changes });
        Staging {
            target: &self.target,
            commit: &self.commit,
            fix,
            command,
        }
    }

    /// `--fix`: what is added to the candidate, if anything is.
    fn added(&self) -> Option<Added<'_>> {
        let (base, changes) = self.fix.as_ref().filter(|_| self.kind() == Kind::Fix)?;
        let copies = self.picked.as_deref().unwrap_or_default();
        Some(Added {
            base,
            changes,
            copies,
        })
    }

    fn kind(&self) -> Kind {
        match &self.fix {
            Some((base, _)) if *base != self.commit => Kind::Fix,
            _ => Kind::Stage,
        }
    }
}

fn gather<'c>(
    session: &Session<'_>,
    look: &Look<'_>,
    environment: &'c Environment,
) -> Result<Facts<'c>, Stop> {
    let mut seen = see(
        session,
        look,
        &[environment],
        (Also::Branches, Main::Branch),
    )?;
    let observed = seen.environments.pop().ok_or_else(not_seen)?;
    Ok(Facts {
        environment,
        observed,
        seen,
    })
}

/// The commit that was asked for.
fn wanted<'c>(session: &Session<'_>, args: &Stage, facts: &Facts<'c>) -> Result<Wanted<'c>, Stop> {
    // Whatever is wrong with the record is said before anything else: the candidate is written there.
    facts.seen.record.known()?;
    if !args.pick.is_empty() {
        let picks = args
            .pick
            .iter()
            .map(|rev| named_picks(session, args, facts, rev))
            .collect::<Result<Vec<_>, _>>()?;
        return fix::picked(session, facts, &picks.concat());
    }
    let commit = match &args.rev {
        Some(rev) => named_commit(session, args, facts, rev)?,
        None => tip(facts)?,
    };
    compared(session, facts, commit, args.fix, None)
}

/// The commit that a person named. Digits are a hash before they are anything else: our own hints show such, and a tag or
/// branch that is called like one must not lead astray.
fn named_commit(
    session: &Session<'_>,
    args: &Stage,
    facts: &Facts<'_>,
    rev: &str,
) -> Result<CommitId, Stop> {
    if let Some(number) = pull_request::number(rev) {
        return pull_request::merged(session, &tip(facts)?, number, &naming(args));
    }
    match session.repo.resolve_hash(rev)? {
        Found::Commit(id) => Ok(id),
        Found::Missing | Found::Ambiguous(_) | Found::NotACommit(_) => {
            session.repo.resolve_revision(rev)
        }
    }
}

/// Says so where an environment was named in place of a commit.
fn is_no_commit(stop: Stop, config: &Config, staging: &Environment, args: &Stage) -> Stop {
    let mut named = args.rev.iter().chain(&args.pick);
    let named = named.find_map(|name| config.environment(name).ok());
    let (Stop::Misused(_), Some(named)) = (&stop, named) else {
        return stop;
    };
    let (name, only, command) = (&named.name, &staging.name, naming(args));
    let hint = match command.strip_suffix(" COMMIT") {
        Some(whole) if args.pick.is_empty() => format!("leave it out: {whole}"),
        _ => format!("name the commit: {command}"),
    };
    let report = Report::new(format!("{name} is an environment, and no commit"))
        .because(format!("git smp stage deploys to {only} and nowhere else"));
    Stop::Misused(report.hint(if named.promotes.is_some() {
        format!("{hint}\nwhat was tested goes to {name} by: git smp promote {name}")
    } else {
        hint
    }))
}

/// The command that names a commit in the place of what was typed.
fn naming(args: &Stage) -> String {
    let (pick, dry_run) = (
        if args.pick.is_empty() { "" } else { " --pick" },
        if args.dry_run { " -n" } else { "" },
    );
    let fix = if args.fix { " --fix" } else { "" };
    format!("git smp stage{dry_run}{fix}{pick} COMMIT")
}

/// The commits that a person named to be copied.
fn named_picks(
    session: &Session<'_>,
    args: &Stage,
    facts: &Facts<'_>,
    rev: &str,
) -> Result<Vec<CommitId>, Stop> {
    match pull_request::number(rev) {
        Some(number) => pull_request::brought(session, &tip(facts)?, number, &naming(args)),
        None => named_commit(session, args, facts, rev).map(|commit| vec![commit]),
    }
}

fn tip(facts: &Facts<'_>) -> Result<CommitId, Stop> {
    match &facts.seen.main {
        Some(Ok(Branch::At(tip))) => Ok(tip.clone()),
        Some(Err(refusal)) => Err(refusal.clone().into()),
        Some(Ok(Branch::Empty | Branch::Missing(_) | Branch::NoApp(_))) | None => {
            Err(Refusal::new(RefusalCode::WrongBranch, "the main repository does not have the branch whose tip would be deployed")
                .hint("set repository.branch in smp.toml, then: git smp setup; or name a commit: git smp stage REV").into())
        }
    }
}

fn compared<'c>(
    session: &Session<'_>,
    facts: &Facts<'c>,
    commit: CommitId,
    fix: bool,
    picked: Option<Vec<CommitId>>,
) -> Result<Wanted<'c>, Stop> {
    let mut target = engine::target(
        session,
        facts.environment,
        facts.observed.clone(),
        Some(&commit),
    )?;
    if target.changes.is_none()
        && let Some(at) = facts.observed.reference()
    {
        // A page that does not tell leaves the branch to compare with.
        target.changes = Some(session.repo.changes(Some(at), &commit)?);
    }
    let fix = match (fix, facts.candidate()) {
        (false, _) => None,
        (true, None) => return Err(decide::nothing_to_fix().into()),
        (true, Some(candidate)) => Some((
            candidate.commit.clone(),
            session.repo.changes(Some(&candidate.commit), &commit)?,
        )),
    };
    Ok(Wanted {
        target,
        commit,
        fix,
        picked,
    })
}

fn declined() -> Stop {
    Stop::Declined("not deployed; nothing was changed".to_owned())
}

fn plan(
    session: &Session<'_>,
    config: &Config,
    args: &Stage,
    facts: &Facts<'_>,
    wanted: &Wanted<'_>,
) -> Result<Plan, Stop> {
    let now = session.when().now;
    let recorded = facts.recorded(config, args, now)?;
    let somebody_looks = (session.ui.is_interactive() && !args.yes) || args.dry_run;
    let asked = Asked {
        commit: None,
        somebody_looks,
        again: false,
        first: args.first,
        now,
        recorded,
    };
    let command = again(args);
    let planned = decide::staging(&wanted.staging(&command), &asked);
    let mut planned =
        planned.map_err(|refusal| first_push::to_make_it(refusal, args.first, &command))?;
    let pushes = |step: &Step| matches!(step, Step::Push { .. });
    if planned.steps.iter().any(pushes) {
        let unmerged = unmerged(session, config, facts, wanted)?;
        planned.warnings.splice(0..0, unmerged);
    }
    let address = trust::push_address(&session.repo, facts.environment)?;
    if address != facts.environment.url {
        let remote = &facts.environment.remote;
        planned.warnings.push(format!(
            "pushes to {remote} go to {address}, by your own url.insteadOf"
        ));
    }
    if wanted.kind() == Kind::Fix && !planned.steps.is_empty() {
        planned.steps.push(posts::step(session, config, TECHNICAL));
    }
    planned
        .warnings
        .extend(observed::warnings(facts.seen.state(), [&facts.observed]));
    let target = std::slice::from_ref(&wanted.target);
    engine::warn_of_earlier_push(
        session,
        &mut planned,
        target,
        somebody_looks,
        "git smp stage",
    )?;
    lfs::warn(session, config, &mut planned);
    take_over::told(session.ui, &args.deploying, &mut planned, recorded.as_ref());
    Ok(planned)
}

/// What is not merged: what a target runs and the commit lacks, for nothing could be promoted from there, and the commit
/// itself. The record tells what a target runs; only staging is asked.
fn unmerged(
    session: &Session<'_>,
    config: &Config,
    facts: &Facts<'_>,
    wanted: &Wanted<'_>,
) -> Result<Vec<String>, Stop> {
    let commit = &wanted.commit;
    let (repo, branch) = (&session.repo, &config.repository.branch);
    // What is not even here is part of nothing that is.
    let has =
        |all: &CommitId, one| Ok::<_, Stop>(repo.has_commit(one)? && repo.is_ancestor(one, all)?);
    let mut lacking = Vec::new();
    for target in config.targets() {
        let deploys = facts.seen.state().map(|state| &state.deploys);
        let Some(deploy) = deploys.and_then(|deploys| deploys.get(&target.name)) else {
            continue;
        };
        let (name, runs) = (&target.name, &deploy.commit);
        if has(commit, runs)? {
            continue;
        }
        let merged = matches!(&facts.seen.main, Some(Ok(Branch::At(tip))) if has(tip, runs)?);
        let (runs, short) = (runs.short(), commit.short());
        lacking.push(if merged {
            format!("{name} runs {runs}, which {short} lacks: it cannot be promoted there")
        } else {
            format!(
                "{name} runs {runs}: after this deploy nothing can be promoted until that is merged into {branch} (no \
                 squash, no rebase)"
            )
        });
    }
    if wanted.picked.is_none() {
        lacking.extend(engine::not_on_main(session, config, commit, &facts.seen)?);
    }
    Ok(lacking)
}

fn show(
    session: &Session<'_>,
    config: &Config,
    args: &Stage,
    wanted: &Wanted<'_>,
    planned: &Plan,
) -> Result<(), Stop> {
    let name = &wanted.target.environment.name;
    if planned.steps.is_empty() {
        session.ui.note(format!(
            "{name} runs {} already: nothing to deploy",
            wanted.commit.short()
        ));
        if args.fix && wanted.picked.is_none() && args.rev.is_none() {
            session.ui.advise(
                "nothing was merged since that the candidate lacks: merge the fix, then: git smp stage --fix",
            );
        }
        return Ok(());
    }
    let commit = session
        .repo
        .commits(std::slice::from_ref(&wanted.commit))?
        .pop();
    let added = wanted.added();
    let lines = show::staging(
        config,
        &wanted.target,
        planned,
        commit.as_ref(),
        added.as_ref(),
    );
    if args.yes {
        session.ui.say(&lines)
    } else {
        session.ui.insist(&lines)
    }
    Ok(())
}

fn ask(
    session: &Session<'_>,
    args: &Stage,
    wanted: &Wanted<'_>,
    planned: &Plan,
) -> Result<(), Stop> {
    let deploys = planned.steps.iter().any(Step::deploys);
    if args.yes || !deploys {
        return Ok(());
    }
    let (name, short) = (&wanted.target.environment.name, wanted.commit.short());
    if !session.ui.is_interactive() {
        let report = Report::new("there is no terminal to ask on")
            .because("a deploy needs a yes to what is deployed");
        let report = report.hint(format!("if the answer is yes: {} --yes", again(args)));
        return Err(report.refused(RefusalCode::NeedsTerminal).into());
    }
    engine::consent(session, &planned.consents, "not deployed")?;
    session.ui.catch_interrupts()?;
    // Of several commits it was asked before which are the fix.
    let unnamed = wanted.picked.is_none() && args.rev.is_none();
    let is_it = match wanted.added() {
        Some(fix) if unnamed && fix.changes.ships.len() == 1 => "Is that the fix? ",
        _ => "",
    };
    if session
        .ui
        .ask_yes(&format!("{is_it}Deploy {short} to {name}?"))
    {
        Ok(())
    } else {
        Err(declined())
    }
}

/// The command that does the same again.
fn again(args: &Stage) -> String {
    let mut command = "git smp stage".to_owned();
    if args.fix {
        command.push_str(" --fix");
    }
    if args.first {
        command.push_str(" --first");
    }
    for word in args
        .pick
        .iter()
        .flat_map(|pick| ["--pick", pick.as_str()])
        .chain(args.rev.as_deref())
    {
        command.push(' ');
        command.push_str(&crate::core::text::shell_word(word));
    }
    command
}

fn carry_out(
    session: &Session<'_>,
    look: &Look<'_>,
    args: &Stage,
    facts: &Facts<'_>,
    wanted: &Wanted<'_>,
    planned: &Plan,
) -> Result<engine::Done, Stop> {
    session.ui.catch_interrupts()?;
    let look = look.unasked();
    let now = session.when().now;
    let recorded = facts.recorded(look.config, args, now)?;
    let command = again(args);
    let replan = |recorded: &Recorded<'_>| {
        let asked = Asked {
            commit: None,
            somebody_looks: true,
            again: false,
            first: args.first,
            now,
            recorded: Some(*recorded),
        };
        decide::staging(&wanted.staging(&command), &asked).map(drop)
    };
    let config = look.config;
    let told = facts
        .candidate()
        .filter(|_| wanted.kind() == Kind::Fix)
        .map(|candidate| {
            let (channels, date) = (posts::owing(config, TECHNICAL), candidate.date.clone());
            (
                facts.environment.name.as_str(),
                Telling {
                    channels,
                    date,
                    targets: candidate.goals(),
                    text: None,
                },
            )
        });
    let execution = Execution {
        look: &look,
        source: None,
        targets: std::slice::from_ref(&wanted.target),
        takes_away: None,
        timeout: Duration::from_secs(args.deploying.timeout),
        command: Again {
            command: &command,
            named: false,
            flags: "",
        },
        recorder: engine::recorder(&look, wanted.kind(), recorded, told, &replan),
    };
    engine::carry_out(session.ui, &execution, planned)
}
