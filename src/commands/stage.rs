//! `git smp stage`: deploy a commit of the main repository to staging.

mod fix;
mod named;

use crate::cli::Stage;
use crate::core::config::{Config, Environment};
use crate::core::decide::named::beginning;
use crate::core::decide::{self, Plan};
use crate::core::record::{Candidate, Kind, News, Notice, Telling};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::show::Added;
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, Changes, CommitId, Observed};
use crate::deploy::{self, Deploy, Options, Wanted, flow, forward};
use crate::forge::pull_request;
use crate::look::{Main, Seen, not_seen, see};
use crate::session::{Session, trust};
use crate::sources::{Also, Look};
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use crate::team::recorder::Recorder;

/// Runs it: look, decide, show, ask, do.
pub fn run(session: &Session<'_>, args: &Stage) -> Result<(), Stop> {
    let config = session.config()?;
    let environment = beginning(&config)?;
    if args.fix {
        let recorder = Recorder::of(&session.repo, &config, false);
        flow::recorder_of(recorder, "stage --fix")?;
    }
    trust::require(&session.repo, &config, &[environment])?;
    session.whole_history()?;
    let request = Request::of(session, args, &config, environment)?;
    let chosen = request
        .chosen()
        .map_err(|stop| request.is_no_commit(stop))?;
    let chosen = request.settled(chosen)?;
    let unnamed = chosen.picked.is_none() && args.rev.is_none();
    let copies = chosen.picked.clone().unwrap_or_default();
    let mut deploy = request.deploy(chosen)?;
    deploy.note_first();
    let plan = deploy.plan()?;
    if plan.steps.is_empty() {
        return nothing(&deploy, &plan, unnamed);
    }
    let added = added(&deploy, &copies);
    deploy.show_plan(&plan, added.as_ref())?;
    if args.dry_run {
        return Ok(());
    }
    deploy.can_be_answered(&plan)?;
    // Of several commits it was asked before which are the fix.
    let is_it = match &added {
        Some(fix) if unnamed && fix.changes.ships.len() == 1 => "Is that the fix? ",
        _ => "",
    };
    let (short, name) = (plan.commit.short(), &environment.name);
    deploy.ask(&plan, Some(&format!("{is_it}Deploy {short} to {name}?")))?;
    deploy.record_observed(false);
    deploy.tells = candidate(&deploy)
        .filter(|_| deploy.kind() == Kind::Fix)
        .map(|candidate| Telling {
            channels: channel::to_tell(&config, TECHNICAL),
            date: candidate.date.clone(),
            targets: candidate.goals(),
            text: None,
        })
        .map(|telling| (name.clone(), telling));
    deploy.carry_out(&plan)?;
    let told = tell(&deploy, &plan);
    // The last words on the screen, for nobody else hears them.
    fix::must_come_back(&deploy, &plan.commit)?;
    told
}

/// What was asked for, and what was seen.
struct Request<'a> {
    session: &'a Session<'a>,
    args: &'a Stage,
    look: Look<'a>,
    environment: &'a Environment,
    observed: Observed,
    seen: Seen,
}

/// What is to be deployed.
struct Chosen {
    commit: CommitId,
    /// `--fix`: the candidate, and what lies between it and the commit.
    fix: Option<(CommitId, Changes)>,
    /// What copies were made of, oldest first, where a person named the commits.
    picked: Option<Vec<CommitId>>,
}

impl<'a> Request<'a> {
    fn of(
        session: &'a Session<'a>,
        args: &'a Stage,
        config: &'a Config,
        environment: &'a Environment,
    ) -> Result<Self, Stop> {
        let look = Look::of(session, config);
        let (asking, wanted) = (
            "asking staging and the main repository",
            (Also::Branches, Main::Branch),
        );
        let mut seen = session
            .ui
            .during(asking, || see(session, &look, &[environment], wanted))?;
        let observed = seen.environments.pop().ok_or_else(not_seen)?;
        Ok(Self {
            session,
            args,
            look,
            environment,
            observed,
            seen,
        })
    }

    fn candidate(&self) -> Option<&Candidate> {
        self.seen.state()?.frozen(&self.environment.name)
    }

    /// The commit that was asked for.
    fn chosen(&self) -> Result<Chosen, Stop> {
        // Whatever is wrong with the record is said before anything else: the candidate is written there.
        self.seen.record.known()?;
        if self.args.pick.is_empty() {
            let commit = match &self.args.rev {
                Some(rev) => self.named(rev)?,
                None => self.tip()?,
            };
            return self.compared(commit, None);
        }
        let mut picks = Vec::new();
        for rev in &self.args.pick {
            match pull_request::number(rev) {
                Some(number) => picks.extend(self.brought(number)?),
                None => picks.push(self.named(rev)?),
            }
        }
        self.picked(&picks)
    }

    /// The tip of the main branch.
    fn tip(&self) -> Result<CommitId, Stop> {
        match &self.seen.main {
            Some(Ok(Branch::At(tip))) => Ok(tip.clone()),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            Some(Ok(_)) | None => {
                let what =
                    "the main repository does not have the branch whose tip would be deployed";
                Err(Refusal::new(RefusalCode::WrongBranch, what)
                    .run(
                        "set repository.branch in smp.toml, then",
                        Typed::smp("setup"),
                    )
                    .run("or name a commit", Typed::smp("stage REV"))
                    .into())
            }
        }
    }

    fn compared(&self, commit: CommitId, picked: Option<Vec<CommitId>>) -> Result<Chosen, Stop> {
        let fix = match (self.args.fix, self.candidate()) {
            (false, _) => None,
            (true, None) => return Err(decide::nothing_to_fix().into()),
            (true, Some(candidate)) => {
                let base = candidate.commit.clone();
                let changes = self.session.repo.changes(Some(&base), &commit)?;
                Some((base, changes))
            }
        };
        Ok(Chosen {
            commit,
            fix,
            picked,
        })
    }

    /// What is not merged: what a target runs and the commit lacks, for nothing could be promoted from there, and the
    /// commit itself. The record tells what a target runs; only staging is asked.
    fn unmerged(&self, chosen: &Chosen) -> Result<Vec<String>, Stop> {
        let (repo, commit, config) = (&self.session.repo, &chosen.commit, self.look.config);
        let deploys = self.seen.state().map(|state| &state.deploys);
        let mut lacking = Vec::new();
        for target in config.targets() {
            let Some(deploy) = deploys.and_then(|deploys| deploys.get(&target.name)) else {
                continue;
            };
            // What is not even here is part of nothing that is.
            let (name, runs) = (&target.name, &deploy.commit);
            let is_here = repo.has_commit(runs)?;
            if is_here && repo.is_ancestor(runs, commit)? {
                continue;
            }
            let merged = match &self.seen.main {
                Some(Ok(Branch::At(tip))) => is_here && repo.is_ancestor(runs, tip)?,
                _ => false,
            };
            let (runs, short, branch) = (runs.short(), commit.short(), &config.repository.branch);
            lacking.push(match merged {
                true => format!("{name} runs {runs}, which {short} lacks: it cannot be promoted there"),
                false => format!(
                    "{name} runs {runs}: after this deploy nothing can be promoted until that is merged into {branch} (no \
                     squash, no rebase)"
                ),
            });
        }
        if chosen.picked.is_none() {
            lacking.extend(deploy::not_on_main(&self.look, commit, &self.seen)?);
        }
        Ok(lacking)
    }

    fn deploy(self, chosen: Chosen) -> Result<Deploy<'a>, Stop> {
        let (args, warnings, command) = (self.args, self.unmerged(&chosen)?, self.again());
        let Chosen { commit, fix, .. } = chosen;
        let observed = self.observed;
        let mut target = forward::target(self.session, self.environment, observed, Some(&commit))?;
        if target.changes.is_none()
            && let Some(at) = target.observed.reference()
        {
            // A page that does not tell leaves the branch to compare with.
            target.changes = Some(self.session.repo.changes(Some(at), &commit)?);
        }
        let wanted = Wanted::Stage {
            commit,
            fix,
            command,
        };
        let options = Options {
            yes: args.yes,
            dry_run: args.dry_run,
            first: args.first,
            timeout: args.deploying.timeout,
            take_over: args.deploying.take_over.as_deref(),
            ..Options::default()
        };
        let seen = (self.session, self.look, self.seen);
        Ok(Deploy {
            warnings,
            ..Deploy::of(seen, wanted, vec![target], options)
        })
    }
}

/// `--fix`: what is added to the candidate, if anything is.
fn added<'d>(deploy: &'d Deploy<'_>, copies: &'d [CommitId]) -> Option<Added<'d>> {
    match &deploy.wanted {
        Wanted::Stage {
            fix: Some((base, changes)),
            ..
        } if deploy.kind() == Kind::Fix => Some(Added {
            base,
            changes,
            copies,
        }),
        _ => None,
    }
}

fn candidate<'d>(deploy: &'d Deploy<'_>) -> Option<&'d Candidate> {
    let state = deploy.seen.state()?;
    let mut targets = deploy.targets.iter();
    targets.find_map(|target| state.frozen(&target.environment.name))
}

/// Nothing is to be deployed.
fn nothing(deploy: &Deploy<'_>, plan: &Plan, unnamed: bool) -> Result<(), Stop> {
    deploy.nothing_to("deploy", plan)?;
    let is_fix = matches!(&deploy.wanted, Wanted::Stage { fix: Some(_), .. });
    if is_fix && unnamed {
        let say = "nothing was merged since that the candidate lacks: merge the fix, then";
        let advice = Hint::run(say, Typed::smp("stage --fix"));
        deploy.session.ui.advise(advice);
    }
    if deploy.options.dry_run {
        return Ok(());
    }
    pay(deploy)?;
    fix::must_come_back(deploy, &plan.commit)
}

/// Tells of the fix: what it adds, and that it is to be tested again. The end of somebody's rollback may have gone on
/// record with this deploy, and the team is to hear of that.
fn tell(deploy: &Deploy<'_>, plan: &Plan) -> Result<(), Stop> {
    let (session, config) = (deploy.session, deploy.look.config);
    let goes_back = deploy
        .seen
        .open()
        .is_some_and(|open| open.kind == Kind::Rollback);
    let is_printed = channel::configured(config, TECHNICAL).is_none();
    match (added(deploy, &[]), candidate(deploy)) {
        (Some(Added { base, .. }), Some(candidate)) if is_printed => {
            let before = base.clone();
            let owed = Notice {
                commit: plan.commit.clone(),
                ..channel::of_candidate(candidate, News::Fixed { before })
            };
            Delivery::of(session, config, "deployed", Typed::smp("stage")).print(&owed)
        }
        (Some(_), _) => pay(deploy),
        _ if goes_back => pay(deploy),
        _ => Ok(()),
    }
}

/// Tells of the fixes and rollbacks that nobody was told of.
fn pay(deploy: &Deploy<'_>) -> Result<(), Stop> {
    let again = deploy.command();
    let posts = Delivery::of(deploy.session, deploy.look.config, "deployed", again);
    posts.deliver(deploy.pending(), |owed| {
        matches!(owed.news, News::Fixed { .. }) || owed.is_of_a_rollback()
    })
}
