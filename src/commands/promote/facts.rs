//! What a promotion looks at before it is planned.

use crate::core::config::{Config, Environment};
use crate::core::decide::{Recorded, Target};
use crate::core::record::State;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::{Changes, Commit, Observed};
use crate::deploy::engine;
use crate::deploy::held;
use crate::look::{Main, Seen, not_seen, see};
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::watched;

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
    /// The shared record.
    seen: Seen,
}

impl Facts<'_> {
    /// The record, where it could be read.
    pub fn state(&self) -> Option<&State> {
        self.seen.state()
    }

    /// Everything that was looked at, the source first.
    pub fn seen(&self) -> Vec<&Observed> {
        std::iter::once(&self.source)
            .chain(self.targets.iter().map(|target| &target.observed))
            .collect()
    }

    /// Lists what came to the source since the candidate was put forward, where that is the matter.
    pub fn with_what_came(&self, refusal: Refusal) -> Refusal {
        let came = self
            .came
            .as_ref()
            .filter(|_| refusal.code == RefusalCode::CandidateMoved);
        let Some(came) = came.filter(|came| !came.ships.is_empty()) else {
            return refusal;
        };
        let report = refusal.report.because("since then came:");
        let named = |report: Report, commit: &Commit| {
            report.because(format!("{} {}", commit.short, commit.subject_text()))
        };
        let report = came.ships.iter().take(10).fold(report, named);
        let more = came.ships.len().saturating_sub(10);
        let report = if more > 0 {
            report.because(format!("and {more} more"))
        } else {
            report
        };
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
        self.seen.recorded(config, take_over, now)
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
    let mut looked = see(session, look, &concerned, (Also::Branches, Main::Branch))?;
    let mut seen = std::mem::take(&mut looked.environments).into_iter();
    let source = seen.next().ok_or_else(not_seen)?;
    let mut warnings = Vec::new();
    if let Some(candidate) = source.runs() {
        warnings.extend(engine::not_on_main(
            session,
            look.config,
            candidate,
            &looked,
        )?);
    }
    let mut targets = Vec::new();
    for (environment, observed) in environments.iter().zip(seen) {
        let address = trust::push_address(&session.repo, environment)?;
        if address != environment.url {
            warnings.push(format!(
                "pushes to {} go to {address}, by your own url.insteadOf",
                environment.remote
            ));
        }
        targets.push(engine::target(
            session,
            environment,
            observed,
            source.runs(),
        )?);
    }
    for target in &mut targets {
        let held = looked
            .state()
            .map(|state| state.held(&target.environment.name));
        let held = held.unwrap_or_default();
        target.held = held::weigh(session, target.observed.runs(), source.runs(), held)?;
    }
    let watched = watched::in_targets(session, look.config, &targets, source.runs())?;
    let candidate = looked
        .state()
        .and_then(|state| state.candidate.as_ref())
        .map(|candidate| &candidate.commit);
    let came = match (candidate, source.runs()) {
        (Some(candidate), Some(runs))
            if candidate != runs && session.repo.has_commit(candidate)? =>
        {
            Some(session.repo.changes(Some(candidate), runs)?)
        }
        _ => None,
    };
    Ok(Facts {
        source,
        targets,
        warnings,
        watched,
        came,
        seen: looked,
    })
}
