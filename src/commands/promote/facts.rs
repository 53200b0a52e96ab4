//! What a promotion looks at before it is planned.

use crate::announced;
use crate::commands::{Session, deploy, trust, watched};
use crate::config::{Config, Environment};
use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::model::{Changes, Commit, Observed};
use crate::observe::{Also, Look};
use crate::plan::{Recorded, Target};
use crate::record::{EventId, Reading, State};
use crate::recorder::Recorder;
use crate::rollbacks::Rollbacks;

/// Everything that was found out.
pub struct Facts<'a> {
    /// What is promoted.
    pub source: Observed,
    /// Where to.
    pub targets: Vec<Target<'a>>,
    /// What concerns the whole promotion and is worth knowing before a yes.
    pub warnings: Vec<String>,
    /// The files among what would ship that the team wants to be named.
    pub watched: Vec<String>,
    /// What the source runs beyond the candidate, where it runs something else.
    came: Option<Changes>,
    /// The shared record, where the team keeps one.
    reading: Option<Result<Reading, Refusal>>,
    /// What this clone announced last.
    mine: Option<EventId>,
}

impl Facts<'_> {
    /// The record, where it could be read.
    pub fn state(&self) -> Option<&State> {
        self.reading.as_ref().and_then(|reading| reading.as_ref().ok()).map(|reading| &reading.state)
    }

    /// Lists what came to the source since the candidate was put forward, where that is the matter.
    pub fn with_what_came(&self, refusal: Refusal) -> Refusal {
        let came = self.came.as_ref().filter(|_| refusal.code == RefusalCode::CandidateMoved);
        let Some(came) = came.filter(|came| !came.ships.is_empty()) else { return refusal };
        let report = refusal.report.because("since then came:");
        let named =
            |report: Report, commit: &Commit| report.because(format!("{} {}", commit.short, commit.subject_text()));
        let report = came.ships.iter().take(10).fold(report, named);
        let more = came.ships.len().saturating_sub(10);
        let report = if more > 0 { report.because(format!("and {more} more")) } else { report };
        Refusal { report, ..refusal }
    }

    /// The record as a plan sees it.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn recorded<'a>(
        &'a self,
        config: &Config,
        take_over: Option<&'a str>,
        now: i64,
    ) -> Result<Option<Recorded<'a>>, Refusal> {
        deploy::recorded(config, self.reading.as_ref(), self.mine.as_ref(), take_over, now)
    }
}

/// Finds it out, all at once.
///
/// # Errors
/// When this clone cannot be read; what an environment does not tell is in its part.
pub fn gather<'c>(
    session: &Session<'_>,
    look: &Look<'_>,
    source: &'c Environment,
    environments: &[&'c Environment],
) -> Result<Facts<'c>, Stop> {
    let mut concerned = vec![source];
    concerned.extend(environments);
    let recorder = Recorder::of(look.repo, look.config, look.may_ask);
    let (seen, main, reading) = std::thread::scope(|scope| {
        let main = scope.spawn(|| look.main_branch());
        let reading = scope.spawn(|| recorder.map(|recorder| recorder.read_now()).transpose());
        (look.environments(&concerned, Also::Branches), main.join(), reading.join())
    });
    let seen = seen?;
    let reading = reading.map_err(|_| Stop::Failed(Report::new("reading the record failed")))??;
    session.explain(look.config, &seen);
    let mut seen = seen.into_iter();
    let nothing_seen = || Stop::Failed(Report::new("no environment was looked at"));
    let source = seen.next().ok_or_else(nothing_seen)?;
    let mut warnings = Vec::new();
    if let (Some(candidate), Ok(main)) = (source.runs(), main) {
        warnings.extend(deploy::not_on_main(session, look.config, candidate, main?)?);
    }
    let mut targets = Vec::new();
    for (environment, observed) in environments.iter().zip(seen) {
        let address = trust::push_address(&session.repo, environment)?;
        if address != environment.url {
            warnings.push(format!("pushes to {} go to {address}, by your own url.insteadOf", environment.remote));
        }
        targets.push(deploy::target(session, environment, observed, source.runs())?);
    }
    let held = Rollbacks::of(&session.repo, look.config);
    for target in &mut targets {
        target.held = match &reading {
            Some(Ok(reading)) => reading.state.held(&target.environment.name).to_vec(),
            Some(Err(_)) => Vec::new(),
            None => held.held(&target.environment.name)?,
        };
    }
    let state = reading.as_ref().and_then(|reading| reading.as_ref().ok()).map(|reading| &reading.state);
    let mine = state.and_then(|state| announced::ours(&look.repo.layout().common_dir, state));
    let watched = watched::in_targets(session, look.config, &targets, source.runs())?;
    let candidate = state.and_then(|state| state.candidate.as_ref()).map(|candidate| &candidate.commit);
    let came = match (candidate, source.runs()) {
        (Some(candidate), Some(runs)) if candidate != runs && session.repo.has_commit(candidate)? => {
            Some(session.repo.changes(Some(candidate), runs)?)
        }
        _ => None,
    };
    Ok(Facts { source, targets, warnings, watched, came, reading, mine })
}
