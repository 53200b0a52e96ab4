//! When a promotion may begin: inside the team's hours, on a day that is not closed, and after the soak time. A person
//! may override that with a recorded reason.

use crate::core::config::{Environment, Policy};
use crate::core::record::State;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::ago;
use crate::core::typed::{Hint, Typed};
use crate::core::window::{Soak, Window};
use crate::core::words::{CommitId, SMP_TOML};

/// A commit where it is tested.
#[derive(Clone, Copy)]
pub struct Tested<'t> {
    pub environment: &'t str,
    pub commit: &'t CommitId,
    /// The start of its run there in seconds since 1970; `None` if unknown.
    pub since: Option<i64>,
}

impl<'t> Tested<'t> {
    /// Returns the candidate or, without one, the running commit.
    pub fn of(
        place: &'t Environment,
        state: Option<&'t State>,
        runs: Option<&'t CommitId>,
    ) -> Option<Self> {
        let environment = place.name.as_str();
        let open = state.and_then(|state| state.frozen(environment));
        let candidate = open.map(|open| &open.commit);
        let commit = candidate.or(runs)?;
        let since = match (place.by_merge, candidate) {
            // The environment has moved on to a commit that contains the candidate.
            (true, Some(_)) => state.and_then(|state| state.proposed_at(environment, commit)),
            _ => state.and_then(|state| state.runs_since(environment, commit)),
        };
        Some(Self {
            environment,
            commit,
            since,
        })
    }
}

/// The time rules of the policy at one moment.
pub struct Timing<'p> {
    policy: &'p Policy,
    window: Window<'p>,
    now: i64,
}

enum Soaked {
    /// No soak time is required, or it is over.
    Enough,
    Until(i64),
    Unknown,
}

impl<'p> Timing<'p> {
    pub fn of(policy: &'p Policy, now: i64) -> Self {
        let window = Window::of(policy.open.as_ref(), &policy.closed);
        Self {
            policy,
            window,
            now,
        }
    }

    /// Returns why no promotion may begin now. `kept` says where the reason for an override is stored.
    pub fn refusal(&self, tested: &Tested<'_>, kept: &str) -> Option<Refusal> {
        let soaked = self.soaked(tested);
        let refusal = match (self.window.is_open(self.now), &soaked) {
            (true, Soaked::Enough) => return None,
            (false, _) => self.closed(),
            (true, _) => self.soaking(tested),
        };
        let refusal = self.causes(tested).fold(refusal, Refusal::because);
        let hint = match self.opens(tested)? {
            Ok(opens) => Hint::run(format!("from {opens}"), Typed::smp("promote")),
            Err(first) => first,
        };
        let promote = Typed::smp("promote").dotted("--override");
        let anyway = format!("to promote anyway, replace the dots with a reason that {kept}");
        let anyway = Hint::run(anyway, promote);
        Some(refusal.hint(hint.and(anyway)))
    }

    /// Returns when a promotion may begin, or what must happen first; `None` if it may begin now.
    pub fn opens(&self, tested: &Tested<'_>) -> Option<Result<String, Hint>> {
        let soaked = self.soaked(tested);
        if self.window.is_open(self.now) && matches!(soaked, Soaked::Enough) {
            return None;
        }
        let opens = match soaked {
            Soaked::Enough => self.window.opens(self.now),
            // The text has minutes, and within the minute of the end it is too early.
            Soaked::Until(end) => self.window.opens((end + 59).div_euclid(60) * 60),
            Soaked::Unknown => None,
        };
        Some(match (opens, soaked) {
            (Some(opens), _) => Ok(self.window.told(opens)),
            (None, Soaked::Unknown) => Err(Hint::run(
                "to record this deploy and begin the soak time",
                Typed::smp("propose"),
            )),
            // All days ahead are closed.
            (None, _) => Err(Hint::run(
                format!("correct policy.closed in {SMP_TOML}, then"),
                Typed::smp("setup"),
            )),
        })
    }

    pub fn errors(&self, tested: &Tested<'_>) -> String {
        let closed = (!self.window.is_open(self.now)).then(|| self.closed());
        let is_over = matches!(self.soaked(tested), Soaked::Enough);
        let soaking = (!is_over).then(|| self.soaking(tested));
        let all = [closed, soaking].into_iter().flatten();
        let all: Vec<String> = all.map(|refusal| refusal.report.error).collect();
        all.join(", and ")
    }

    fn closed(&self) -> Refusal {
        let error = match self.window.closed_day(self.now) {
            Some(day) => format!("no promotion may begin on {day}"),
            None => "no promotion may begin now".to_owned(),
        };
        Refusal::new(RefusalCode::Closed, error)
    }

    fn soaking(&self, tested: &Tested<'_>) -> Refusal {
        let (short, place) = (tested.commit.short(), tested.environment);
        let asked = self.policy.soak.as_ref().map_or("", Soak::as_str);
        let error = format!("{short} has not run on {place} for {asked} yet");
        Refusal::new(
            RefusalCode::Soaking,
            match tested.since {
                Some(_) => error,
                None => format!("it is unknown since when {place} runs {short}"),
            },
        )
    }

    /// Returns the causes of a refusal: the policy's rule and the present state.
    fn causes(&self, tested: &Tested<'_>) -> impl Iterator<Item = String> {
        let mut causes = Vec::new();
        if !self.window.is_open(self.now) {
            causes.push(
                match (self.window.closed_day(self.now), &self.policy.open) {
                    (None, Some(hours)) => format!("policy.open in {SMP_TOML} is {hours}"),
                    _ => format!("policy.closed in {SMP_TOML} lists that day"),
                },
            );
            causes.push(format!("it is {} now", self.window.shown(self.now)));
        }
        let (soak, place) = (self.policy.soak.as_ref(), tested.environment);
        let asks = soak.map(|soak| format!("policy.soak in {SMP_TOML} requires {}", soak.as_str()));
        match (self.soaked(tested), asks) {
            (Soaked::Until(_), Some(asks)) => {
                let since = tested.since.unwrap_or(self.now);
                let (told, ago) = (self.window.shown(since), ago(self.now, since));
                let short = tested.commit.short();
                causes.push(format!(
                    "{short} has run on {place} since {told} ({ago}), and {asks}"
                ));
            }
            (Soaked::Unknown, Some(asks)) => {
                causes.push(format!("{asks}, and an unknown time does not count"));
            }
            _ => {}
        }
        causes.into_iter()
    }

    fn soaked(&self, tested: &Tested<'_>) -> Soaked {
        let Some(soak) = &self.policy.soak else {
            return Soaked::Enough;
        };
        match tested.since.map(|since| since.saturating_add(soak.seconds)) {
            Some(end) if end <= self.now => Soaked::Enough,
            Some(end) => Soaked::Until(end),
            None => Soaked::Unknown,
        }
    }

    /// Returns whether the hours and closed days allow a promotion now, with the time of the next change.
    pub fn hours(&self) -> Option<(bool, String)> {
        if self.policy.open.is_none() && self.policy.closed.is_empty() {
            return None;
        }
        let is_open = self.window.is_open(self.now);
        let (word, turn) = match is_open {
            true => ("open", self.window.shuts(self.now)),
            false => ("closed", self.window.opens(self.now)),
        };
        let text = match turn {
            Some(turn) => format!("{word} until {}", self.window.told(turn)),
            None => word.to_owned(),
        };
        Some((is_open, text))
    }

    /// Returns whether the soak time of a commit is over, with a text; `None` if none is required.
    pub fn soak(&self, tested: &Tested<'_>) -> Option<(bool, String)> {
        let asked = self.policy.soak.as_ref()?.as_str();
        let (short, place) = (tested.commit.short(), tested.environment);
        Some(match self.soaked(tested) {
            Soaked::Enough => (true, format!("{short} has run on {place} for {asked}")),
            Soaked::Until(end) => {
                let end = self.window.told(end);
                (
                    false,
                    format!("the soak time of {short} on {place} ({asked}) ends on {end}"),
                )
            }
            Soaked::Unknown => (
                false,
                format!("it is unknown since when {place} runs {short}"),
            ),
        })
    }
}

#[cfg(test)]
mod tests;
