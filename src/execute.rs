//! Does a plan step by step, stops at the first that fails, and says what is done and what is not.
//!
//! Exit codes and messages of `git push` decide nothing here: what the remote has is read from it afterwards, and what
//! an environment runs is what it says itself. With a shared record a push is announced there before it begins, and its
//! end is written there after it was seen.

mod doubt;
mod ledger;
mod pushed;
mod release;
mod said;
mod wait;
mod words;

use doubt::{Doubt, Heard};
pub use ledger::Ledger;
use pushed::Pushed;
use wait::Begun;

use std::thread;
use std::time::{Duration, Instant};

use crate::config::Environment;
use crate::error::{RefusalCode, Report, Stop};
use crate::git::push::{self, Ended, Event, Push, Watch};
use crate::git::remote;
use crate::in_flight::InFlight;
use crate::model::{CommitId, Observed, Relation};
use crate::observe::{Also, Look, app, heroku};
use crate::plan::{Plan, Step, Target, unmoved};
use crate::record::EventId;

/// What happens while a plan is carried out.
pub enum Happening<'a> {
    /// A push begins.
    Pushing(&'a Step),
    /// The remote, or git, said a line; foreign text.
    Said(&'a str),
    /// A push runs, for so long already.
    StillPushing(&'a str, Duration),
    /// An environment does not report the commit yet.
    Waiting {
        /// Its name.
        environment: &'a str,
        /// For how long it was waited.
        elapsed: Duration,
        /// What it reports, as far as is known.
        reports: &'a str,
    },
    /// An environment reports the commit.
    Live(&'a str, &'a CommitId),
    /// The record is read or written.
    Recording,
    /// It is on record, which lifts the freeze there.
    Recorded(Option<&'a str>),
}

/// What the one who watches wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Go on.
    GoOn,
    /// Leave as soon as that harms nothing.
    Leave,
}

/// The one who watches.
pub type Watcher<'a> = dyn FnMut(Happening<'_>) -> Wish + 'a;

/// A plan on its way.
pub struct Execution<'a> {
    /// Who looks again.
    pub look: &'a Look<'a>,
    /// The source as the plan saw it, where what it runs is what is deployed.
    pub source: Option<&'a Observed>,
    /// The targets as the plan saw them.
    pub targets: &'a [Target<'a>],
    /// How long to wait for an environment to report the commit.
    pub timeout: Duration,
    /// The command to type to go on, without the environment's name where it takes one.
    pub command: Again<'a>,
    /// The shared record, where the team keeps one.
    pub ledger: Option<Ledger<'a>>,
}

/// The command that goes on with a deploy.
#[derive(Clone, Copy, Debug)]
pub struct Again<'a> {
    /// Its beginning.
    pub command: &'a str,
    /// Whether the environment's name belongs to it.
    pub named: bool,
    /// Its options, each after a blank.
    pub flags: &'a str,
}

impl Again<'_> {
    /// The whole command.
    pub fn to(&self, environment: &str) -> String {
        let name = if self.named { format!(" {environment}") } else { String::new() };
        format!("{}{name}{}", self.command, self.flags)
    }
}

impl Execution<'_> {
    /// Does every step in order.
    ///
    /// # Errors
    /// At the first step that fails: a refusal or failure while nothing outside changed, [`Stop::Incomplete`] after.
    pub fn run(&self, plan: &Plan, watch: &mut Watcher<'_>) -> Result<(), Stop> {
        let mut done: Vec<&str> = Vec::new();
        let mut begun = None;
        for step in &plan.steps {
            let result = match step {
                Step::Push { environment, .. } => self.push(environment, step, watch).map(|doubt| {
                    begun = Some(Begun { word: "pushed", doubt });
                }),
                Step::Release { environment, .. } => self.release(environment, step, watch).map(|()| {
                    begun = Some(Begun { word: "released", doubt: None });
                }),
                Step::Await { environment, commit, .. } => {
                    self.wait(self.target(environment)?, commit, begun.take().as_ref(), watch)
                }
                Step::Record { environment, commit, lifts } => {
                    self.record(environment, commit, lifts.as_deref(), watch)
                }
                // What it tells of must have happened first, and it may ask: whoever began this makes the posts.
                Step::Post { .. } => Ok(()),
            };
            result.map_err(|stop| after(&done, stop))?;
            if let Step::Await { environment, commit, .. } = step {
                watch(Happening::Live(environment, commit));
                done.push(environment);
            }
        }
        Ok(())
    }

    fn record(&self, name: &str, commit: &CommitId, lifts: Option<&str>, watch: &mut Watcher<'_>) -> Result<(), Stop> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        watch(Happening::Recording);
        let lifted = ledger.deployed(self.look.repo, self.target(name)?, commit)?;
        watch(Happening::Recorded(lifts.filter(|_| lifted)));
        Ok(())
    }

    fn target(&self, name: &str) -> Result<&Target<'_>, Stop> {
        let found = self.targets.iter().find(|target| target.environment.name == name);
        found.ok_or_else(|| Stop::Failed(Report::new(format!("{name} is in the plan but not among its targets"))))
    }

    /// Pushes what was announced before, where a record is kept; an announcement that came to nothing is taken back.
    fn push(&self, name: &str, step: &Step, watch: &mut Watcher<'_>) -> Result<Option<Doubt>, Stop> {
        let Step::Push { remote, branch, commit, expected, .. } = step else { return Ok(None) };
        let target = self.target(name)?;
        let push =
            Push { remote: remote.clone(), branch: branch.clone(), commit: commit.clone(), expected: expected.clone() };
        let Some(ledger) = &self.ledger else { return self.push_announced(target, &push, None, step, watch) };
        watch(Happening::Recording);
        let intent = ledger.announce(self.look.repo, target, &push)?;
        self.push_announced(target, &push, Some(&intent), step, watch)
            .map_err(|stop| ledger.take_back(&intent, stop, &self.command.to(name)))
    }

    fn push_announced(
        &self,
        target: &Target<'_>,
        push: &Push,
        intent: Option<&EventId>,
        step: &Step,
        watch: &mut Watcher<'_>,
    ) -> Result<Option<Doubt>, Stop> {
        let name = target.environment.name.as_str();
        self.look_again(target, intent)?;
        if watch(Happening::Pushing(step)) == Wish::Leave {
            return Err(Stop::Declined("nothing was pushed".to_owned()));
        }
        let marker = InFlight::begin(&self.look.repo.layout().common_dir, name, push)?;
        let (mut said, mut heard) = (Vec::new(), Heard::default());
        let ended = push::push(self.look.repo, push, &mut |event| match event {
            Event::Line(line) => {
                keep_last(&mut said, line);
                heard.line(line);
                wished(watch(Happening::Said(line)))
            }
            Event::Tick(elapsed) => wished(watch(Happening::StillPushing(name, elapsed))),
        });
        let Ok(ended) = ended else {
            marker.ended();
            return ended.map(|_| None);
        };
        let verdict = self.verdict(target.environment, push, ended, &said, watch);
        if ended != Ended::Left && !matches!(verdict, Err(Stop::Incomplete(_))) {
            marker.ended();
        }
        verdict.map(|()| heard.doubt())
    }

    /// The look directly before the push: if anything moved since the plan was shown, nothing is pushed.
    fn look_again(&self, target: &Target<'_>, intent: Option<&EventId>) -> Result<(), Stop> {
        let config = self.look.config;
        let mut wanted = vec![target.environment];
        if let Some(source) = self.source {
            wanted.push(config.environment(&source.environment)?);
        }
        let (now, recorded) = thread::scope(|scope| {
            let recorded = scope.spawn(|| match (&self.ledger, intent) {
                (Some(ledger), Some(intent)) => ledger.still_allows(intent),
                _ => Ok(()),
            });
            (self.look.environments(&wanted, Also::Branches), recorded.join())
        });
        let (now, recorded) = (now?, recorded.unwrap_or_else(|_| Err(Stop::Failed(nothing_seen()))));
        recorded?;
        let command = self.command.to(&target.environment.name);
        let mut now = now.iter();
        let target_now = now.next().ok_or_else(|| Stop::Failed(nothing_seen()))?;
        if let Some(source) = self.source {
            let source_now = now.next().ok_or_else(|| Stop::Failed(nothing_seen()))?;
            unmoved(source, source_now, RefusalCode::CandidateMoved, &command)?;
        }
        if target.observed.running.is_ok() {
            return Ok(unmoved(&target.observed, target_now, RefusalCode::TargetMoved, &command)?);
        }
        // A page that was broken when the plan was shown tells nothing now; the branch does.
        let (before, now) = (target.observed.by_branch(), target_now.by_branch());
        Ok(unmoved(&before, &now, RefusalCode::TargetMoved, &command)?)
    }

    /// Reads the branch after a push and says what happened. Only "ours" is a success.
    fn verdict(
        &self,
        environment: &Environment,
        push: &Push,
        ended: Ended,
        said: &[String],
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        let name = environment.name.as_str();
        let (command, mended) = (self.command.to(name), self.mended(name));
        let pushed = Pushed { name, push, ended, said, command: &command, mended: &mended };
        if ended == Ended::Left {
            return Err(pushed.left());
        }
        let patience = if ended == Ended::Unclear { self.timeout } else { Duration::ZERO };
        let begun = Instant::now();
        loop {
            let now = remote::branch(self.look.repo, &push.remote, &push.branch, false);
            let at = match &now {
                Ok(branch) => branch.commit(),
                Err(refusal) if begun.elapsed() >= patience => return Err(pushed.unreadable(refusal)),
                Err(_) => None,
            };
            if at == Some(&push.commit) {
                return Ok(());
            }
            let settled = now.is_ok() && at != push.expected.as_ref();
            if settled || begun.elapsed() >= patience {
                return Err(pushed.not_ours(at));
            }
            let reports = self.building(environment);
            let happening = Happening::Waiting { environment: name, elapsed: begun.elapsed(), reports: &reports };
            if watch(happening) == Wish::Leave {
                return Err(pushed.left());
            }
            thread::sleep(Duration::from_millis(500));
        }
    }

    /// How a build goes that can no more be watched.
    fn building(&self, environment: &Environment) -> String {
        let platform = app(environment).and_then(|app| heroku(self.look.repo).ok()?.newest_build(app));
        match platform {
            Some(word) => format!("nothing; the connection broke, and the newest build there is {word}"),
            None => "nothing; the connection broke, and the host may still be building".to_owned(),
        }
    }

    /// What to do about a failed build: while a candidate is open nothing but a fix of it may be staged.
    fn mended(&self, name: &str) -> String {
        if self.goes_back(name) {
            return format!("mend it, then: {}", self.command.to(name));
        }
        if !self.candidate_is_open() {
            return "mend it, then deploy that: git smp stage".to_owned();
        }
        format!("mend it, then: {}; if the code is to blame: git smp stage --fix", self.command.to(name))
    }

    /// Whether an environment is given less than it runs.
    fn goes_back(&self, name: &str) -> bool {
        let changes = self.target(name).ok().and_then(|target| target.changes.as_ref());
        changes.is_some_and(|changes| changes.relation == Relation::Behind)
    }

    fn candidate_is_open(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.recorded.state.candidate.is_some())
    }
}

fn nothing_seen() -> Report {
    Report::new("looking again failed; nothing was pushed")
}

fn wished(wish: Wish) -> Watch {
    match wish {
        Wish::GoOn => Watch::GoOn,
        Wish::Leave => Watch::Leave,
    }
}

/// The last lines are what explains a failed build.
fn keep_last(said: &mut Vec<String>, line: &str) {
    if said.len() == 40 {
        said.remove(0);
    }
    said.push(line.to_owned());
}

/// What stops a later target does not undo the ones before it.
fn after(done: &[&str], stop: Stop) -> Stop {
    if done.is_empty() {
        return stop;
    }
    let finished = format!("done before it: {}", done.join(", "));
    match stop {
        Stop::Failed(report) | Stop::Incomplete(report) => Stop::Incomplete(report.because(finished)),
        Stop::Refused(refusal) => Stop::Incomplete(refusal.report.because(finished)),
        Stop::Declined(what) => {
            Stop::Incomplete(Report::new(what).because(finished).hint("run the same command again"))
        }
        Stop::Answer | Stop::Misused(_) | Stop::PipeClosed => stop,
    }
}
