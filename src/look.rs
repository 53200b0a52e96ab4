//! The look that all commands share: the environments, the main branch, the record, and this clone's announcement.

use std::collections::BTreeSet;
use std::thread;

use crate::core::config::{Config, Environment};
use crate::core::decide::{Recorded, branch, finding};
use crate::core::record::{Deploying, RecordView, State};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{Branch, CommitId, EventId, Observed, Source};
use crate::git::{fetch, moved};
use crate::notes::{LastSeen, Notes};
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::recorder::Recorder;

impl<'a> Look<'a> {
    /// Creates a look on behalf of the person at the terminal, who may be asked for a password.
    pub fn of(session: &'a Session<'_>, config: &'a Config) -> Self {
        Self {
            repo: &session.repo,
            config,
            may_ask: session.ui.is_interactive(),
            in_full: false,
            first: false,
        }
    }

    /// Lets the push create a missing branch of the main repository.
    pub fn with_first(self, first: bool) -> Self {
        Self { first, ..self }
    }

    /// Turns off all prompts, for moments when a prompt would come at a bad time.
    pub fn unasked(self) -> Self {
        Self {
            may_ask: false,
            ..self
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Main {
    Nothing,
    Record,
    /// Its branch and the record, in one request.
    Branch,
    /// The same, but with this clone's copy of a record that cannot be reached.
    BranchOrCopy,
}

pub struct Seen {
    /// The environments, in the requested order.
    pub environments: Vec<Observed>,
    /// The start of the look, in seconds since 1970.
    pub began: i64,
    pub main: Option<Result<Branch, Refusal>>,
    pub record: RecordView,
    /// The open announcement, if this clone made it.
    pub mine: Option<EventId>,
    /// True if a push or a release by this clone for the open announcement may still be running.
    sent: bool,
    /// The environments of the open announcement, as seen now.
    announced: Vec<Observed>,
}

/// Looks at these environments, the main repository and the record, all in parallel.
pub fn see(
    session: &Session<'_>,
    look: &Look<'_>,
    concerned: &[&Environment],
    wanted: (Also, Main),
) -> Result<Seen, Stop> {
    see_and(session, look, concerned, wanted, |_| ()).map(|(seen, ())| seen)
}

/// Looks like [`see`], and runs `and` on the environments without waiting for the main repository.
pub fn see_and<T>(
    session: &Session<'_>,
    look: &Look<'_>,
    concerned: &[&Environment],
    (also, wanted): (Also, Main),
    and: impl FnOnce(&[Observed]) -> T,
) -> Result<(Seen, T), Stop> {
    let began = session.when().now;
    let (environments, shared) = thread::scope(|scope| {
        let shared = scope.spawn(|| main_and_record(look, wanted));
        let seen = look.environments(concerned, also);
        let seen = seen.map(|seen| (and(&seen), seen));
        (seen, shared.join())
    });
    let (more, mut environments) = environments?;
    let (main, record) = shared.unwrap_or_else(|_| Err(lost()))?;
    if let Some(state) = record.state() {
        recall(look.config, &mut environments, state);
    }
    session.explain(look.config, &environments);
    let mut seen = Seen {
        environments,
        began,
        main,
        record,
        mine: None,
        sent: false,
        announced: Vec::new(),
    };
    seen.find_announced(session, look)?;
    Ok((seen, more))
}

/// Remembers what certainly runs, for `git smp where --offline`. `at` is the start of the look.
pub fn remember(session: &Session<'_>, config: &Config, seen: &[Observed], at: i64) {
    let sure = seen.iter().filter(|one| finding::is_sure(one));
    let sure = sure.filter_map(|one| {
        Some(LastSeen {
            environment: one.environment.clone(),
            url: config.find(&one.environment)?.url.clone(),
            commit: one.runs()?.clone(),
            at,
        })
    });
    session.notes().keep_seen(sure.collect());
}

pub fn see_one(
    session: &Session<'_>,
    look: &Look<'_>,
    (asking, environment): (&str, &Environment),
    wanted: (Also, Main),
) -> Result<(Observed, Seen), Stop> {
    let mut seen = (session.ui).during(asking, || see(session, look, &[environment], wanted))?;
    let observed = seen.environments.pop().ok_or_else(not_seen)?;
    Ok((observed, seen))
}

/// Returns the commit of this clone's unfinished push: the branch has it already, or is where the push started.
pub fn pushing(notes: &Notes, state: Option<&State>, seen: &Observed) -> Option<CommitId> {
    let name = &seen.environment;
    match seen.reference() {
        Some(at) if finding::is_begun(seen) => Some(at.clone()),
        at => {
            let last = state.and_then(|state| state.last_deploy(name));
            Some(notes.pushing(name, at, last.as_ref())?.0)
        }
    }
}

/// Reads the main repository's branch and the record, which are in one repository, in one request.
fn main_and_record(
    look: &Look<'_>,
    wanted: Main,
) -> Result<(Option<Result<Branch, Refusal>>, RecordView), Stop> {
    let main = &look.config.repository;
    let recorder = Recorder::of(look.repo, look.config, look.may_ask);
    let recorder = match (wanted, recorder) {
        (Main::Nothing, _) | (Main::Record, None) => return Ok((None, RecordView::NoneKept)),
        (Main::Record, Some(recorder)) => return Ok((None, recorder.read_now()?.into())),
        (Main::Branch | Main::BranchOrCopy, Some(recorder)) => recorder,
        (Main::Branch | Main::BranchOrCopy, None) => {
            let branch = fetch::branch(look.repo, &main.remote, &main.branch, look.may_ask);
            return Ok((Some(look.main_at(branch)?), RecordView::NoneKept));
        }
    };
    let names = (main.branch.as_str(), Some(recorder.reference()));
    let both = fetch::branch_and_tip(look.repo, &main.remote, names, look.may_ask);
    let tip = match &both {
        Ok((_, tip)) => Ok(tip.clone()),
        Err(refusal) => Err(moved::with_key(refusal.clone(), "repository.url")),
    };
    // The rest, which did not come with the answer, is fetched in parallel.
    let (branch, reading) = thread::scope(|scope| {
        let reading = scope.spawn(|| recorder.read_at(tip));
        (look.main_at(both.map(|(branch, _)| branch)), reading.join())
    });
    let (branch, mut reading) = (branch?, reading.unwrap_or_else(|_| Err(lost()))?);
    if wanted == Main::BranchOrCopy {
        reading = recorder.or_copy(reading)?;
    }
    Ok((Some(branch), reading.into()))
}

fn lost() -> Stop {
    let report = Report::new("asking the main repository failed");
    Stop::Failed(report.run("try again", Typed::smp("status")))
}

/// Returns the refusal for a look that lacks an environment. That is a bug in this program.
pub fn not_seen() -> Refusal {
    Report::new("git smp did not ask the environments")
        .run("try again", Typed::smp("status"))
        .refused(RefusalCode::Unreachable)
}

/// Takes over from the record the last deploys, and what a host said against a commit, if only the branch tells what an
/// environment runs.
fn recall(config: &Config, seen: &mut [Observed], state: &State) {
    for one in seen {
        let last = state.deploys.get(&one.environment);
        one.last = last.map(|last| last.commit.clone());
        let refused = one.running.as_ref().err().map(|refusal| refusal.code);
        if refused == Some(RefusalCode::WrongBranch)
            && let Ok(environment) = config.environment(&one.environment)
            && let Err(refusal) = branch(environment, one)
        {
            one.running = Err(refusal);
        }
        if one.source == Source::Ref && one.doubt.is_none() {
            let doubted = state.doubts.get(&one.environment);
            let words = doubted.filter(|doubted| one.reference() == Some(&doubted.commit));
            one.doubt = words.map(|doubted| doubted.words.clone());
        }
    }
}

impl Seen {
    /// Looks at those environments of announcements without an end that were not looked at yet.
    fn find_announced(&mut self, session: &Session<'_>, look: &Look<'_>) -> Result<(), Stop> {
        let Some(state) = self.state() else {
            return Ok(());
        };
        let notes = session.notes();
        let mine = self.open().filter(|open| notes.has_announced(&open.id));
        let sent = mine.is_some_and(|open| {
            let mut places = open.places();
            places.any(|(name, _)| notes.may_go_on(name, &open.to))
        });
        let mine = mine.map(|open| open.id.clone());
        let all = state.unended().flat_map(Deploying::places);
        let names: BTreeSet<&str> = all.map(|(name, _)| name).collect();
        let (mut announced, mut rest) = (Vec::new(), Vec::new());
        for name in names {
            match Observed::among(&self.environments, name) {
                Some(seen) => announced.push(seen.clone()),
                None => rest.extend(look.config.environment(name).ok()),
            }
        }
        // An environment that this clone did not agree to is not contacted.
        rest.retain(|place| trust::require(look.repo, look.config, &[place]).is_ok());
        announced.extend(look.environments(&rest, Also::Branches)?);
        (self.mine, self.sent, self.announced) = (mine, sent, announced);
        Ok(())
    }

    pub fn state(&self) -> Option<&State> {
        self.record.state()
    }

    /// Returns the open deploy, according to the record.
    pub fn open(&self) -> Option<&Deploying> {
        self.state()?.deploying.as_ref()
    }

    /// Returns the record as a plan needs it; `None` if the team keeps none.
    pub fn recorded<'a>(
        &'a self,
        config: &Config,
        take_over: Option<&'a str>,
        now: i64,
    ) -> Result<Option<Recorded<'a>>, Refusal> {
        let (Some(record), Some(state)) = (&config.record, self.record.known()?) else {
            return Ok(None);
        };
        Ok(Some(Recorded {
            state,
            signoff: record.signoff,
            mine: self.mine.as_ref(),
            sent: self.sent,
            announced: &self.announced,
            take_over,
            now,
        }))
    }

    /// Shows a replaced announcement that still matters as the open one.
    pub fn show_replaced(&mut self, config: &Config, now: i64) {
        let recorded = self.recorded(config, None, now).ok().flatten();
        let replaced = recorded.and_then(|recorded| recorded.replaced());
        let replaced = replaced.cloned();
        self.record.shows(replaced);
    }
}
