//! `git smp stage`: deploys a commit of the main repository to staging.

mod fix;

use clap::Args;

use crate::core::config::{Config, Environment};
use crate::core::decide::named::beginning;
use crate::core::decide::next::first_commit;
use crate::core::decide::{self, Fix, Plan};
use crate::core::record::{Candidate, Kind, News, Notice, Telling};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::show::Added;
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, CommitId, Observed, SMP_TOML};
use crate::deploy::{self, Deploy, Options, Wanted, forward};
use crate::forge::pull_request;
use crate::look::{Main, Seen, see_one};
use crate::options::DeployOptions;
use crate::session::{Session, trust};
use crate::sources::{Also, Look};
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use crate::team::recorder::Recorder;

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp stage --fix --pick '#427'")]
pub struct Stage {
    /// The commit, or '#N' (in quotes) for the merge of pull request N; default: the tip of the main repository's
    /// branch
    pub rev: Option<String>,
    /// Deploy a fix of the candidate, also while staging is frozen; the fix becomes the candidate
    #[arg(long)]
    pub fix: bool,
    /// With --fix: put only a copy of this commit, or of pull request '#N', on top of the candidate; may be repeated
    #[arg(long, value_name = "COMMIT", requires = "fix", conflicts_with = "rev")]
    pub pick: Vec<String>,
    /// Let this push create the app on its host, or the branch in the main repository
    #[arg(long)]
    pub first: bool,
    #[command(flatten)]
    pub deploying: DeployOptions,
}

pub fn run(session: &Session<'_>, args: &Stage) -> Result<(), Stop> {
    let config = session.config()?;
    let environment = beginning(&config)?;
    if environment.by_merge {
        return Err(deployed_by_merge(&config, environment, args.fix));
    }
    if args.fix {
        Recorder::required(session, &config, "stage --fix")?;
    }
    trust::require(&session.repo, &config, &[environment])?;
    session.whole_history()?;
    let look = Look::of(session, &config).with_first(args.first);
    let asking = format!("asking {} and the main repository", environment.name);
    let asking = (asking.as_str(), environment);
    let (observed, seen) = see_one(session, &look, asking, (Also::Branches, Main::Branch))?;
    let request = Order {
        session,
        args,
        look,
        environment,
        observed,
        seen,
    };
    let chosen = request
        .chosen()
        .map_err(|stop| request.is_no_commit(stop))?;
    let chosen = request.settled(chosen)?;
    let unnamed = chosen.picked.is_none() && args.rev.is_none();
    let copies = chosen.picked.clone().unwrap_or_default();
    stage(request.deploy(chosen)?, unnamed, &copies)
}

/// Refuses to stage, because the environment is the branch that work is merged into: there is nothing to push.
fn deployed_by_merge(config: &Config, environment: &Environment, is_fix: bool) -> Stop {
    let (main, name) = (&config.repository, &environment.name);
    let branch = format!("{}/{}", main.remote, main.branch);
    let report = Report::new(format!("{name} is the branch {branch} itself: a merge deploys it, so there is nothing to stage"))
        .because("a merged commit runs there once its platform has built it, and that branch cannot be frozen");
    Stop::Failed(match is_fix {
        true => report
            .run(
                "merge the fix; when it runs there, close the candidate",
                Typed::smp("postpone"),
            )
            .run("then propose the fix", Typed::smp("propose")),
        false => report.run("merge what you want to deploy, then", Typed::smp("status")),
    })
}

/// Deploys the commit. `unnamed`: nobody named it. `copies`: the originals of the fix's copies.
fn stage(mut deploy: Deploy<'_>, unnamed: bool, copies: &[CommitId]) -> Result<(), Stop> {
    deploy.note_first();
    let plan = deploy.plan()?;
    if plan.steps.is_empty() {
        return nothing(&deploy, &plan, unnamed);
    }
    let added = added(&deploy, copies);
    deploy.show_plan(&plan, added.as_ref())?;
    if deploy.options.dry_run {
        return Ok(());
    }
    deploy.can_be_answered(&plan)?;
    // With several commits, the person has already said which are the fix.
    let as_fix = match &added {
        Some(it) if unnamed && it.fix.changes.ships.len() == 1 => " as the fix",
        _ => "",
    };
    let (short, name) = (plan.commit.short(), deploy.name());
    deploy.ask(&plan, Some(&format!("Deploy {short} to {name}{as_fix}?")))?;
    deploy.record_observed(false);
    deploy.tells = telling(&deploy);
    deploy.carry_out(&plan)?;
    let told = tell(&deploy, &plan);
    // Shown last on the screen, because no post tells it.
    fix::must_come_back(&deploy, &plan.commit)?;
    told
}

fn telling(deploy: &Deploy<'_>) -> Option<(String, Telling)> {
    let candidate = candidate(deploy).filter(|_| deploy.kind() == Kind::Fix)?;
    let telling = Telling {
        channels: channel::to_tell(deploy.look.config, TECHNICAL),
        date: candidate.date.clone(),
        targets: candidate.goals(),
        text: None,
    };
    Some((deploy.name().to_owned(), telling))
}

struct Order<'a> {
    session: &'a Session<'a>,
    args: &'a Stage,
    look: Look<'a>,
    environment: &'a Environment,
    observed: Observed,
    seen: Seen,
}

struct Chosen {
    commit: CommitId,
    fix: Option<Fix>,
    /// The originals of the copies, oldest first, if a person named the commits.
    picked: Option<Vec<CommitId>>,
}

impl<'a> Order<'a> {
    fn candidate(&self) -> Option<&Candidate> {
        self.seen.state()?.frozen(&self.environment.name)
    }

    fn chosen(&self) -> Result<Chosen, Stop> {
        // A problem with the record is reported first, because the record has the candidate.
        let take_over = self.args.deploying.take_over.as_deref();
        let now = self.session.when().now;
        let recorded = self.seen.recorded(self.look.config, take_over, now)?;
        // The same goes for a candidate that has shipped, before anybody is asked which commits are the fix.
        if let (true, Some(candidate), Some(recorded)) =
            (self.args.fix, self.candidate(), &recorded)
        {
            decide::not_shipped(candidate, recorded)?;
        }
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

    fn named(&self, rev: &str) -> Result<CommitId, Stop> {
        match pull_request::number(rev) {
            Some(number) => pull_request::merged(self.session, &self.tip()?, number),
            None => self.session.repo.resolve(rev),
        }
    }

    fn brought(&self, number: u64) -> Result<Vec<CommitId>, Stop> {
        pull_request::brought(self.session, &self.tip()?, number)
    }

    /// Explains that the user named an environment instead of a commit.
    fn is_no_commit(&self, stop: Stop) -> Stop {
        let mut named = self.args.rev.iter().chain(&self.args.pick);
        let named = named.find_map(|name| self.look.config.environment(name).ok());
        let (Stop::Misused(_), Some(named)) = (&stop, named) else {
            return stop;
        };
        let (name, only) = (&named.name, &self.environment.name);
        let report = Report::new(format!("{name} is an environment, not a commit"))
            .because(format!("git smp stage deploys only to {only}"));
        let report = match self.args.pick.is_empty() {
            true => report.run("leave out the name", self.without_name()),
            false => {
                let again = Typed::instead_of(name, "'...'");
                report.hint(Hint::by_hash("git log --oneline", again))
            }
        };
        let promote = Typed::smp("promote").arg(name);
        Stop::Misused(match named.promotes {
            Some(_) => report.run(format!("to promote the tested commit to {name}"), promote),
            None => report,
        })
    }

    fn without_name(&self) -> Typed {
        let words = [
            (self.args.deploying.asking.dry_run, "-n"),
            (self.args.fix, "--fix"),
        ];
        with(&words)
    }

    fn again(&self) -> Typed {
        let words = [(self.args.fix, "--fix"), (self.args.first, "--first")];
        let picks = self.args.pick.iter();
        let command = picks.fold(with(&words), |all, pick| all.option("--pick", pick));
        (self.args.rev.iter()).fold(command, |all, rev| all.arg(rev))
    }

    fn tip(&self) -> Result<CommitId, Stop> {
        let code = RefusalCode::WrongBranch;
        match &self.seen.main {
            Some(Ok(Branch::At(tip))) => Ok(tip.clone()),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            Some(Ok(Branch::Empty)) => {
                let push = first_commit(self.look.config);
                let refusal = Refusal::new(code, "the main repository has no branches");
                Err(refusal.run("push the first commit", push).into())
            }
            Some(Ok(_)) | None => {
                let set = format!("set repository.branch in {SMP_TOML}, then");
                let refusal = Refusal::new(
                    code,
                    "the main repository does not have the branch to deploy",
                );
                let hint = Hint::run(set, Typed::smp("setup")).and("or name a commit");
                Err(refusal.hint(hint).into())
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
                Some(Fix { base, changes })
            }
        };
        Ok(Chosen {
            commit,
            fix,
            picked,
        })
    }

    /// Returns warnings about commits that are not merged: one that a target runs and this commit lacks, which would
    /// prevent a promotion, and this commit itself. The record says what a target runs; only staging is asked.
    fn unmerged(&self, chosen: &Chosen) -> Result<Vec<String>, Stop> {
        let (repo, commit, config) = (&self.session.repo, &chosen.commit, self.look.config);
        let mut lacking = Vec::new();
        for target in config.targets() {
            let state = self.seen.state();
            let Some(deploy) = state.and_then(|state| state.deploys.get(&target.name)) else {
                continue;
            };
            // A commit that is not here is no part of any that is.
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
                true => format!("according to the record {name} runs {runs}, which {short} lacks: this commit cannot be promoted there"),
                false => format!(
                    "according to the record {name} runs {runs}: after this deploy nothing can be promoted until {runs} is merged into {branch} (no \
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
        let (args, mut warnings, command) = (self.args, self.unmerged(&chosen)?, self.again());
        if let Some(candidate) = self.candidate().filter(|_| args.fix) {
            warnings.extend(fix::nobody(self.session, self.look.config, candidate));
        }
        let Chosen { commit, fix, .. } = chosen;
        let observed = self.observed;
        let mut target = forward::target(self.session, self.environment, observed, Some(&commit))?;
        if target.changes.is_none()
            && let Some(at) = target.observed.reference()
        {
            // If the page does not tell what runs, compare with the branch.
            target.changes = Some(self.session.repo.changes(Some(at), &commit)?);
        }
        let wanted = Wanted::Stage {
            commit,
            fix,
            command,
        };
        let options = Options {
            first: args.first,
            ..Options::of(&args.deploying)
        };
        let seen = (self.look, self.seen);
        Ok(Deploy {
            warnings,
            ..Deploy::new(self.session, seen, wanted, vec![target], options)
        })
    }
}

/// Returns `git smp stage` with the wanted words.
fn with(words: &[(bool, &str)]) -> Typed {
    let wanted = words.iter().filter(|(is_wanted, _)| *is_wanted);
    wanted.fold(Typed::smp("stage"), |all, (_, word)| all.plain(word))
}

/// Returns what `--fix` adds to the candidate, if anything.
fn added<'d>(deploy: &'d Deploy<'_>, copies: &'d [CommitId]) -> Option<Added<'d>> {
    match &deploy.wanted {
        Wanted::Stage { fix: Some(fix), .. } if deploy.kind() == Kind::Fix => {
            Some(Added { fix, copies })
        }
        _ => None,
    }
}

fn candidate<'d>(deploy: &'d Deploy<'_>) -> Option<&'d Candidate> {
    deploy.seen.state()?.frozen(deploy.name())
}

fn nothing(deploy: &Deploy<'_>, plan: &Plan, unnamed: bool) -> Result<(), Stop> {
    deploy.nothing_to("deploy", plan)?;
    let is_fix = matches!(&deploy.wanted, Wanted::Stage { fix: Some(_), .. });
    if is_fix && unnamed {
        let say = "the candidate has everything that was merged: merge the fix, then";
        let advice = Hint::run(say, Typed::smp("stage --fix"));
        deploy.session.ui.advise(advice);
    }
    if deploy.options.dry_run {
        return Ok(());
    }
    pay(deploy, None)?;
    fix::must_come_back(deploy, &plan.commit)
}

/// Posts the fix: what it adds, and that it has to be tested again. This deploy may also have recorded the end of
/// somebody's rollback, which the team should hear of.
fn tell(deploy: &Deploy<'_>, plan: &Plan) -> Result<(), Stop> {
    let open = deploy.seen.open();
    let goes_back = open.is_some_and(|open| open.kind == Kind::Rollback);
    let added = added(deploy, &[]);
    if added.is_none() && !goes_back {
        return Ok(());
    }
    let post = added.zip(candidate(deploy)).map(|(added, candidate)| {
        let before = added.fix.base.clone();
        Notice {
            commit: plan.commit.clone(),
            ..channel::of_candidate(candidate, News::Fixed { before })
        }
    });
    pay(deploy, post)
}

/// Sends the pending posts about fixes and rollbacks. `post` is about this run.
fn pay(deploy: &Deploy<'_>, post: Option<Notice>) -> Result<(), Stop> {
    let again = deploy.command();
    let posts = Delivery::of(deploy.session, deploy.look.config, "deployed", again);
    posts.tell(post, deploy.pending(), |owed| {
        matches!(owed.news, News::Fixed { .. }) || owed.is_of_a_rollback()
    })
}
