//! `git smp stage`: deploy a commit of the main repository to staging.

use std::time::Duration;

use crate::cli::Stage;
use crate::commands::deploy::{self, OnRecord, Seen, not_seen, see};
use crate::commands::posts::{self, Posts, TECHNICAL};
use crate::commands::{Session, first_push, flow, lfs, observed, pull_request, trust};
use crate::config::{Config, Environment};
use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::execute::{Again, Execution};
use crate::git::Found;
use crate::model::{Branch, Changes, Commit, CommitId, Observed};
use crate::observe::Look;
use crate::plan::{self, Asked, Fix, Plan, Recorded, Staging, Step, Target};
use crate::record::{Candidate, Kind, News, Owed, Telling};
use crate::recorder::Recorder;
use crate::render;
use crate::text::Line;

/// Runs it: look, plan, show, ask, do.
///
/// # Errors
/// Every way in which a deploy ends other than with staging reporting the commit.
pub fn run(session: &Session<'_>, args: &Stage) -> Result<(), Stop> {
    let config = session.config()?;
    let staging = flow::beginning(&config)?;
    if args.fix {
        flow::recorder_of(
            Recorder::of(&session.repo, &config, false),
            "git smp stage --fix",
        )?;
    }
    trust::require(&session.repo, &config, &[staging])?;
    session.whole_history()?;
    let look = Look {
        repo: &session.repo,
        config: &config,
        may_ask: session.ui.is_interactive(),
    };
    let facts = session
        .ui
        .during("asking staging and the main repository", || {
            gather(session, &look, staging)
        })?;
    first_push::note(session.ui, args.first, &[&facts.observed]);
    let wanted = wanted(session, args, &facts)?;
    let wanted = settled(session, args, &facts, wanted)?;
    let planned = plan(session, &config, args, &facts, &wanted)?;
    let target = std::slice::from_ref(&wanted.target);
    if planned.steps.is_empty()
        && !args.dry_run
        && deploy::is_unconfirmed(session, target, &wanted.commit)
    {
        carry_out(session, &look, args, &facts, &wanted, &planned)?;
    }
    show(session, &config, &facts, &wanted, &planned, !args.yes)?;
    if planned.steps.is_empty() {
        observed::record(
            session,
            &look,
            facts.record.state(),
            &[&facts.observed],
            args.dry_run,
        );
    }
    if args.dry_run {
        return Ok(());
    }
    if planned.steps.is_empty() {
        return pay(session, &config, args, facts.owed());
    }
    ask(session, args, &wanted, &planned)?;
    observed::record(
        session,
        &look,
        facts.record.state(),
        &[&facts.observed],
        false,
    );
    let done = carry_out(session, &look, args, &facts, &wanted, &planned)?;
    must_come_back(session, &config, &facts, &wanted)?;
    match &wanted.fix {
        Some((before, _)) if wanted.kind() == Kind::Fix => {
            tell(session, &config, args, (&facts, done.owed), &wanted, before)
        }
        // The end of somebody's rollback went on record with this deploy, and the team is to hear of it.
        _ if facts.goes_back() => pay(session, &config, args, done.owed),
        _ => Ok(()),
    }
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
    main: Result<Branch, Refusal>,
    record: OnRecord,
}

impl Facts<'_> {
    fn candidate(&self) -> Option<&Candidate> {
        self.record.state()?.frozen(&self.environment.name)
    }

    fn goes_back(&self) -> bool {
        let open = self
            .record
            .state()
            .and_then(|state| state.deploying.as_ref());
        open.is_some_and(|open| open.kind == Kind::Rollback)
    }

    fn owed(&self) -> Option<Vec<Owed>> {
        let owed = self.record.state().map(|state| state.owed.clone());
        Some(owed.unwrap_or_default())
    }

    fn recorded<'a>(
        &'a self,
        config: &Config,
        args: &'a Stage,
        now: i64,
    ) -> Result<Option<Recorded<'a>>, Refusal> {
        self.record
            .recorded(config, args.deploying.take_over.as_deref(), now)
    }
}

/// What is to be deployed, and what that adds.
struct Wanted<'a> {
    target: Target<'a>,
    commit: CommitId,
    /// `--fix`: the candidate, and what lies between it and the commit.
    fix: Option<(CommitId, Changes)>,
    picked: bool,
}

impl Wanted<'_> {
    fn staging(&self) -> Staging<'_> {
        let fix = self
            .fix
            .as_ref()
            .map(|(base, changes)| Fix { base, changes });
        Staging {
            target: &self.target,
            commit: &self.commit,
            fix,
        }
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
    let Seen {
        environments: mut seen,
        main,
        record,
    } = see(session, look, &[environment])?;
    let observed = seen.next().ok_or_else(not_seen)?;
    Ok(Facts {
        environment,
        observed,
        main,
        record,
    })
}

/// The commit that was asked for.
fn wanted<'c>(session: &Session<'_>, args: &Stage, facts: &Facts<'c>) -> Result<Wanted<'c>, Stop> {
    // Whatever is wrong with the record is said before anything else: the candidate is written there.
    if let Some(Err(refusal)) = &facts.record.reading {
        return Err(refusal.clone().into());
    }
    if !args.pick.is_empty() {
        let picks = args
            .pick
            .iter()
            .map(|rev| named_picks(session, facts, rev))
            .collect::<Result<Vec<_>, _>>()?;
        return picked(session, facts, &picks.concat());
    }
    let commit = match &args.rev {
        Some(rev) => named_commit(session, facts, rev)?,
        None => tip(facts)?,
    };
    compared(session, facts, commit, args.fix, false)
}

/// The commit that a person named. Digits are a hash before they are anything else: our own hints show such, and a tag or
/// branch that is called like one must not lead astray.
fn named_commit(session: &Session<'_>, facts: &Facts<'_>, rev: &str) -> Result<CommitId, Stop> {
    if let Some(number) = pull_request::number(rev) {
        return pull_request::merged(session, &tip(facts)?, number);
    }
    match session.repo.resolve_hash(rev)? {
        Found::Commit(id) => Ok(id),
        Found::Missing | Found::Ambiguous(_) | Found::NotACommit(_) => {
            session.repo.resolve_revision(rev)
        }
    }
}

/// The commits that a person named to be copied.
fn named_picks(session: &Session<'_>, facts: &Facts<'_>, rev: &str) -> Result<Vec<CommitId>, Stop> {
    match pull_request::number(rev) {
        Some(number) => pull_request::brought(session, &tip(facts)?, number),
        None => named_commit(session, facts, rev).map(|commit| vec![commit]),
    }
}

fn tip(facts: &Facts<'_>) -> Result<CommitId, Stop> {
    match &facts.main {
        Ok(Branch::At(tip)) => Ok(tip.clone()),
        Err(refusal) => Err(refusal.clone().into()),
        Ok(Branch::Empty | Branch::Missing(_) | Branch::NoApp(_)) => {
            let report = Report::new("the main repository does not have the branch whose tip would be deployed")
                .hint("set repository.branch in smp.toml, then: git smp setup; or name a commit: git smp stage REV");
            Err(Stop::refused(RefusalCode::WrongBranch, report))
        }
    }
}

/// The candidate with copies of these commits on top, in the order of history.
fn picked<'c>(
    session: &Session<'_>,
    facts: &Facts<'c>,
    picks: &[CommitId],
) -> Result<Wanted<'c>, Stop> {
    let candidate = facts.candidate().ok_or_else(plan::nothing_to_fix)?;
    let mut ordered: Vec<CommitId> = Vec::new();
    for pick in picks {
        if !ordered.contains(pick) {
            // Those that have this one in their history come after it.
            let mut place = ordered.len();
            for (index, other) in ordered.iter().enumerate() {
                if session.repo.is_ancestor(pick, other)? {
                    place = place.min(index);
                }
            }
            ordered.insert(place, pick.clone());
        }
    }
    // What an earlier run has copied already, as one that was cut off, is not copied twice.
    let mut missing = Vec::new();
    for pick in ordered {
        if session.repo.is_copied(&pick, &candidate.commit)? {
            session.ui.note(format!(
                "the candidate has a copy of {} already",
                pick.short()
            ));
        } else {
            missing.push(pick);
        }
    }
    let commit = session.repo.pick(&candidate.commit, &missing)?;
    compared(session, facts, commit, true, true)
}

fn compared<'c>(
    session: &Session<'_>,
    facts: &Facts<'c>,
    commit: CommitId,
    fix: bool,
    picked: bool,
) -> Result<Wanted<'c>, Stop> {
    let mut target = deploy::target(
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
        (true, None) => return Err(plan::nothing_to_fix().into()),
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

/// Where the main branch has moved on with more than one commit, a person says which of them are the fix.
fn settled<'c>(
    session: &Session<'_>,
    args: &Stage,
    facts: &Facts<'c>,
    wanted: Wanted<'c>,
) -> Result<Wanted<'c>, Stop> {
    let Some((base, changes)) = &wanted.fix else {
        return Ok(wanted);
    };
    // Once the candidate is a copy itself, the main branch lacks it, and only copies can be put on top of it.
    let on_top = changes.disappears.is_empty();
    let mut added = Vec::new();
    for commit in &changes.ships {
        if on_top || !session.repo.is_copied(&commit.id, base)? {
            added.push(commit.clone());
        }
    }
    let clear = if on_top {
        added.len() < 2
    } else {
        added.is_empty()
    };
    if clear || wanted.picked || args.rev.is_some() || args.dry_run {
        return Ok(wanted);
    }
    let story = format!(
        "{} added since the candidate {}",
        were(added.len()),
        base.short()
    );
    if args.yes || !session.ui.is_interactive() {
        let report = Report::new(story)
            .because("a fix-only version has nothing else, and nobody said which they are");
        let report = added
            .iter()
            .take(10)
            .fold(report, |report, commit| report.because(named(commit)));
        let newest = added
            .first()
            .map_or("COMMIT", |commit| commit.short.as_str());
        let all = if on_top {
            format!("; or all of it: git smp stage --fix {newest}")
        } else {
            String::new()
        };
        let hint = format!("name the fix: git smp stage --fix --pick {newest}{all}");
        return Err(Stop::refused(RefusalCode::NeedsTerminal, report.hint(hint)));
    }
    session.ui.insist(&[Line::plain(format!("{story}:"))]);
    session.ui.insist(&render::listed(&added));
    session.ui.catch_interrupts()?;
    let or_all = if on_top { ", or all" } else { "" };
    let question = format!("Type the hashes of the fix, to deploy only them{or_all}: ");
    let answer = session.ui.ask(&question).unwrap_or_default();
    let words: Vec<&str> = answer.split_whitespace().collect();
    match words.as_slice() {
        [] => Err(declined()),
        ["all"] if on_top => Ok(wanted),
        hashes => {
            let chosen = |word: &&str| {
                let meant = |commit: &&Commit| {
                    word.len() >= 4 && commit.id.as_str().starts_with(&word.to_lowercase())
                };
                added
                    .iter()
                    .find(meant)
                    .map(|commit| commit.id.clone())
                    .ok_or_else(|| {
                        let report = Report::new(format!("{word:?} is none of the commits above"));
                        Stop::Failed(report.hint("look at them again: git smp stage --fix"))
                    })
            };
            let picks = hashes.iter().map(chosen).collect::<Result<Vec<_>, _>>()?;
            picked(session, facts, &picks)
        }
    }
}

fn were(count: usize) -> String {
    if count == 1 {
        "1 commit was".to_owned()
    } else {
        format!("{count} commits were")
    }
}

fn named(commit: &Commit) -> String {
    format!("{} {}", commit.short, commit.subject_text())
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
    let planned = plan::staging(&wanted.staging(), &asked);
    let mut planned =
        planned.map_err(|refusal| first_push::to_make_it(refusal, args.first, &again(args)))?;
    if planned
        .steps
        .iter()
        .any(|step| matches!(step, Step::Push { .. }))
        && !wanted.picked
    {
        let unmerged = deploy::not_on_main(session, config, &wanted.commit, facts.main.clone())?;
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
        .extend(observed::warnings(facts.record.state(), [&facts.observed]));
    let target = std::slice::from_ref(&wanted.target);
    deploy::warn_of_earlier_push(
        session,
        &mut planned,
        target,
        somebody_looks,
        "git smp stage",
    )?;
    lfs::warn(session, config, &mut planned);
    deploy::warn_of_take_over(&mut planned, recorded.as_ref());
    Ok(planned)
}

fn show(
    session: &Session<'_>,
    config: &Config,
    facts: &Facts<'_>,
    wanted: &Wanted<'_>,
    planned: &Plan,
    asked: bool,
) -> Result<(), Stop> {
    let name = &facts.environment.name;
    if planned.steps.is_empty() {
        session.ui.note(format!(
            "{name} runs {} already: nothing to deploy",
            wanted.commit.short()
        ));
        return Ok(());
    }
    let commit = session
        .repo
        .commits(std::slice::from_ref(&wanted.commit))?
        .pop();
    let fix = wanted
        .fix
        .as_ref()
        .filter(|(base, _)| *base != wanted.commit);
    let lines = render::staging(
        config,
        &wanted.target,
        planned,
        commit.as_ref(),
        fix.map(|(base, changes)| (base, changes)),
    );
    if asked {
        session.ui.insist(&lines)
    } else {
        session.ui.say(&lines)
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
        return Err(Stop::refused(RefusalCode::NeedsTerminal, report));
    }
    deploy::consent(session, &planned.consents, "not deployed")?;
    session.ui.catch_interrupts()?;
    if session.ui.ask_yes(&format!("Deploy {short} to {name}?")) {
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
        command.push_str(&crate::text::shell_word(word));
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
) -> Result<deploy::Done, Stop> {
    session.ui.catch_interrupts()?;
    let look = Look {
        may_ask: false,
        repo: look.repo,
        config: look.config,
    };
    let now = session.when().now;
    let recorded = facts.recorded(look.config, args, now)?;
    let replan = |recorded: &Recorded<'_>| {
        let first = args.first;
        let asked = Asked {
            commit: None,
            somebody_looks: true,
            again: false,
            first,
            now,
            recorded: Some(*recorded),
        };
        plan::staging(&wanted.staging(), &asked).map(drop)
    };
    let command = again(args);
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
        timeout: Duration::from_secs(args.deploying.timeout),
        command: Again {
            command: &command,
            named: false,
            flags: "",
        },
        ledger: deploy::ledger(&look, wanted.kind(), recorded, told, &replan),
    };
    deploy::carry_out(session.ui, &execution, planned)
}

/// A fix that was made for the candidate alone is lost with the next deploy unless it is merged.
fn must_come_back(
    session: &Session<'_>,
    config: &Config,
    facts: &Facts<'_>,
    wanted: &Wanted<'_>,
) -> Result<(), Stop> {
    let Ok(Branch::At(tip)) = &facts.main else {
        return Ok(());
    };
    if wanted.kind() != Kind::Fix || session.repo.is_ancestor(&wanted.commit, tip)? {
        return Ok(());
    }
    let (short, commit) = (wanted.commit.short(), &wanted.commit);
    let (remote, branch) = (&config.repository.remote, &config.repository.branch);
    session.ui.warn(format!(
        "{short} must come back to {branch}, or the next deploy lacks it; push it, then merge that (no squash, no rebase):"
    ));
    session.ui.insist(&[Line::plain(format!(
        "  git push {remote} {commit}:refs/heads/fix-{short}"
    ))]);
    Ok(())
}
