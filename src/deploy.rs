//! The engine for all deploys: stage, promote and rollback differ only in what they decide and what they say.
//!
//! Exit codes and messages of `git push` decide nothing here: the result is read from the remote afterwards, and an
//! environment itself says what it runs. With a shared record, a push is announced there before it begins, and its end
//! is written there once it was seen.

pub mod ends;
pub mod forward;
pub mod held;
pub mod observed;
pub mod recorder;

mod again;
mod ask;
mod asked;
mod before;
mod carried;
mod checks;
mod doubt;
mod earlier;
mod pipeline;
mod protected;
mod push;
mod pushed;
mod said;
mod screen;
mod signed;
mod span;
mod steps;
mod together;
mod unreported;
mod verdict;
mod wait;

pub use ask::{NOT_DEPLOYED, consent};
pub use earlier::{looked, not_on_main};
pub use screen::Screen;

use std::cell::RefCell;

use crate::core::config::Environment;
use crate::core::decide::{self, Asked, Fix, MovedOn, Plan, Recorded, Staging, Step, Target};
use crate::core::record::{Kind, Telling};
use crate::core::refusal::{Refusal, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Control, Observed, Relation};
use crate::look::{Seen, not_seen};
use crate::notes::Notes;
use crate::options::DeployOptions;
use crate::session::Session;
use crate::sources::Look;
use crate::team::agreed;
use crate::team::channel::{self, TECHNICAL};
use crate::team::posting::Pending;
use crate::team::recorder::Recorder;
use crate::terminal::prompt::somebody_is_there;
use screen::Progress;

#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    pub yes: bool,
    pub dry_run: bool,
    pub json: bool,
    pub first: bool,
    pub again: bool,
    /// The reason of `--override`, to promote before the right time.
    pub overrides: Option<&'a str>,
    /// The only commit that may be deployed, as it was typed.
    pub commit: Option<&'a str>,
    pub names: &'a [String],
    /// How long to wait for an environment, in seconds.
    pub timeout: u64,
    /// The ID of somebody else's announcement that may be taken over.
    pub take_over: Option<&'a str>,
}

pub enum Wanted<'a> {
    /// A commit, which may be a fix of the candidate.
    Stage {
        commit: CommitId,
        fix: Option<Fix>,
        /// The command that repeats this.
        command: Typed,
    },
    Promote {
        from: &'a Environment,
        source: Box<Observed>,
        /// Set if a merge deploys the source, and the source's branch has moved on from the candidate.
        moved_on: Option<MovedOn>,
    },
    /// The commit to go back to, and the reason.
    Rollback {
        commit: CommitId,
        reason: Option<String>,
    },
}

/// A deploy: what was seen, what is wanted, and the state of the run.
pub struct Deploy<'a> {
    pub session: &'a Session<'a>,
    pub look: Look<'a>,
    pub seen: Seen,
    pub wanted: Wanted<'a>,
    pub targets: Vec<Target<'a>>,
    pub options: Options<'a>,
    /// What a person should know before a yes, in addition to the plan's own warnings.
    pub warnings: Vec<String>,
    /// The changed files that the team wants the plan to name.
    pub watched: Vec<String>,
    /// Who is told of the end, and the last environment of this deploy.
    pub tells: Option<(String, Telling)>,
    /// The commit that a rollback takes away.
    pub takes_away: Option<CommitId>,
    /// The reason for a promotion before the right time.
    pub overridden: Option<String>,
    pub screen: RefCell<Screen>,
}

impl<'a> Options<'a> {
    pub fn of(given: &'a DeployOptions) -> Self {
        Self {
            yes: given.asking.yes,
            dry_run: given.asking.dry_run,
            timeout: given.timeout,
            take_over: given.take_over.as_deref(),
            ..Self::default()
        }
    }
}

impl<'a> Deploy<'a> {
    pub fn new(
        session: &'a Session<'a>,
        (look, seen): (Look<'a>, Seen),
        wanted: Wanted<'a>,
        targets: Vec<Target<'a>>,
        options: Options<'a>,
    ) -> Self {
        Self {
            session,
            look,
            seen,
            wanted,
            targets,
            options,
            warnings: Vec::new(),
            watched: Vec::new(),
            tells: None,
            takes_away: None,
            overridden: None,
            screen: RefCell::new(Screen::of(session.ui)),
        }
    }
}

impl Deploy<'_> {
    pub fn kind(&self) -> Kind {
        match &self.wanted {
            Wanted::Stage {
                commit,
                fix: Some(fix),
                ..
            } if fix.base != *commit => Kind::Fix,
            Wanted::Stage { .. } => Kind::Stage,
            Wanted::Promote { .. } => Kind::Promote,
            Wanted::Rollback { .. } => Kind::Rollback,
        }
    }

    /// Returns the source as the plan saw it, if the commit that it runs is deployed.
    fn source(&self) -> Option<&Observed> {
        match &self.wanted {
            Wanted::Promote { source, .. } => Some(source),
            Wanted::Stage { .. } | Wanted::Rollback { .. } => None,
        }
    }

    fn moved_on(&self) -> Option<&MovedOn> {
        match &self.wanted {
            Wanted::Promote { moved_on, .. } => moved_on.as_ref(),
            Wanted::Stage { .. } | Wanted::Rollback { .. } => None,
        }
    }

    pub fn candidate(&self) -> Option<&CommitId> {
        let moved_on = self.moved_on().map(|moved_on| &moved_on.candidate);
        moved_on.or_else(|| self.source()?.runs())
    }

    /// Returns everything that was looked at, the source first.
    pub fn observed(&self) -> impl Iterator<Item = &Observed> {
        let targets = self.targets.iter().map(|target| &target.observed);
        self.source().into_iter().chain(targets)
    }

    /// Returns the name of the first target, for deploys with one target.
    pub fn name(&self) -> &str {
        let target = self.targets.first();
        target.map_or("", |target| &target.environment.name)
    }

    fn names(&self) -> String {
        let names = self.targets.iter().map(|one| one.environment.name.as_str());
        names.collect::<Vec<_>>().join(" and ")
    }

    fn notes(&self) -> Notes {
        self.session.notes()
    }

    fn watch(&self, progress: Progress<'_>) -> Control {
        self.screen.borrow_mut().hear(self.session.ui, progress)
    }

    /// Returns the record as the plan needs it; `None` if the team keeps none.
    fn recorded(&self) -> Result<Option<Recorded<'_>>, Refusal> {
        let (take_over, now) = (self.options.take_over, self.session.when().now);
        self.seen.recorded(self.look.config, take_over, now)
    }

    /// Returns the recorder that writes to the record, and the record as the plan needs it.
    fn recorder(&self) -> Result<Option<(Recorder<'_>, Recorded<'_>)>, Refusal> {
        // A look may need no password where a write does. The first event asks for it.
        let recorder = Recorder::of(self.look.repo, self.look.config, somebody_is_there());
        Ok(recorder.zip(self.recorded()?))
    }

    fn decide(
        &self,
        recorded: Option<Recorded<'_>>,
        somebody_looks: bool,
        again: bool,
    ) -> Result<Plan, Refusal> {
        let asked = Asked {
            commit: self.options.commit,
            somebody_looks,
            again,
            first: self.options.first,
            now: self.session.when().now,
            recorded,
            moved_on: self.moved_on(),
            policy: Some(&self.look.config.policy),
            overrides: (self.options.overrides).or(self.overridden.as_deref()),
        };
        match (&self.wanted, self.targets.as_slice()) {
            (Wanted::Promote { from, source, .. }, targets) => {
                decide::promotion(from, source, targets, &asked)
            }
            (
                Wanted::Stage {
                    commit,
                    fix,
                    command,
                },
                [target, ..],
            ) => {
                let staging = Staging {
                    target,
                    commit,
                    fix: fix.as_ref(),
                    command,
                };
                decide::staging(&staging, &asked)
            }
            (Wanted::Rollback { commit, .. }, [target, ..]) => {
                decide::rollback(target, commit, &asked)
            }
            (_, []) => Err(not_seen()),
        }
    }

    /// Returns whether a person sees the plan before it is carried out.
    fn somebody_looks(&self) -> bool {
        let Options {
            yes, dry_run, json, ..
        } = self.options;
        (self.session.ui.is_interactive() && !yes) || (dry_run && !json)
    }

    /// Returns the plan, with everything that a person should know before a yes.
    pub fn plan(&self) -> Result<Plan, Stop> {
        let (session, config, kind) = (self.session, self.look.config, self.kind());
        agreed::by_all(&session.repo, config)?;
        if kind == Kind::Promote {
            self.is_all_checked()?;
        }
        let planned = self.decide(self.recorded()?, self.somebody_looks(), self.options.again);
        let mut plan = planned.map_err(|refusal| self.refined(refusal))?;
        plan.warnings.extend(self.ignored());
        plan.watched.clone_from(&self.watched);
        let mut steps = plan.steps.iter();
        if kind == Kind::Promote || steps.any(|step| matches!(step, Step::Push { .. })) {
            plan.warnings.splice(0..0, self.warnings.iter().cloned());
        }
        self.warn_of_addresses(&mut plan)?;
        let is_told = match kind {
            Kind::Fix => !plan.steps.is_empty(),
            Kind::Rollback => plan.steps.iter().any(Step::deploys),
            Kind::Stage | Kind::Promote => false,
        };
        if is_told {
            plan.steps.push(channel::step(session, config, TECHNICAL));
        }
        plan.steps.extend(self.comment(&plan));
        plan.warnings
            .extend(observed::warnings(self.seen.state(), self.observed()));
        self.warn_of_earlier(&mut plan)?;
        self.warn_of_lfs(&mut plan);
        self.warn_of_take_over(&mut plan)?;
        Ok(plan)
    }

    /// Returns the reason for a promotion before the right time. An announced one counts unless a failed check told it.
    pub fn overriding(&self, plan: &Plan) -> Option<String> {
        let open = self.seen.open();
        let open = open.filter(|open| open.kind == Kind::Promote && open.to == plan.commit);
        let open = open.filter(|open| open.failed.is_none());
        let announced = open.and_then(|open| open.overrides.clone());
        plan.overrides.clone().or(announced)
    }

    /// Returns what the record has pending, as this run last wrote or read it.
    pub fn pending(&self) -> Pending {
        let written = self.screen.borrow_mut().owed.take();
        written.unwrap_or_else(|| self.seen.state().map(Pending::from).unwrap_or_default())
    }

    fn target(&self, name: &str) -> Result<&Target<'_>, Stop> {
        let mut targets = self.targets.iter();
        let found = targets.find(|target| target.environment.name == name);
        found.ok_or_else(|| not_seen().into())
    }

    /// Returns whether a candidate is open, so that only a fix of it may be staged.
    fn candidate_is_open(&self) -> bool {
        let state = self.seen.state();
        state.is_some_and(|state| state.candidate.is_some() && state.shipped().is_none())
    }

    /// Returns whether the commit to deploy is an ancestor of the one that runs.
    fn goes_back(&self, target: &Target<'_>) -> bool {
        let changes = target.changes.as_ref();
        changes.is_some_and(|changes| changes.relation == Relation::Behind)
    }
}
