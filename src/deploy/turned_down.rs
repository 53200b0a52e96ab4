//! What is said of a push that a host turned down: by the best reason there is.

use crate::core::refusal::Report;
use crate::core::typed::Typed;
use crate::deploy::pushed::Pushed;
use crate::deploy::said::Said;
use crate::git::advice::{self, Shut};
use crate::git::push::Ended;

/// Reasons that name no cause: then the host's own last words do.
const NO_CAUSE: [&str; 5] = [
    "pre-receive hook declined",
    "hook declined",
    "failed to update ref",
    "unpacker error",
    "failed",
];
/// Of those the ones that a failed build comes with.
const HOOKS: usize = 2;
/// So many of its last words are told.
const LAST_WORDS: usize = 3;

impl Pushed<'_> {
    /// The host said no, and nothing was changed. `still`: what is known of its branch.
    pub(super) fn turned_down(&self, still: &str) -> Report {
        let (name, short, command) = (self.name(), self.short(), self.command());
        if let Some(words) = self.busy {
            return Report::new(format!(
                "{name} did not take {short}: its host is busy with something else"
            ))
            .because(format!("its host says: {words}"))
            .because(format!("{still}; nothing was changed"))
            .hint(format!("wait until that is done, then: {command}"));
        }
        if let Ended::Refused(status) = self.ended {
            let (repo, key) = (self.deploy.look.repo, self.key());
            let next = Typed::smp(command.trim_start_matches("git smp "));
            let Shut { because, hint } =
                advice::turned_away(repo, (&self.push.remote, &key), status, &next);
            let mut because = because.into_iter();
            let meaning = because.next().unwrap_or_default();
            let report = Report::new(format!("{name} did not take {short}: {meaning}"))
                .because(format!("it answered the push with HTTP {status}"));
            return because
                .fold(report, Report::because)
                .because(format!("{still}; nothing was changed"))
                .hint(hint);
        }
        self.declined(still)
    }

    fn declined(&self, still: &str) -> Report {
        let (name, short, command) = (self.name(), self.short(), self.command());
        let said = self.host_said();
        let still = match said.is_empty() {
            true => format!("{still}; its host said nothing else"),
            false => format!("{still}; its own words are above"),
        };
        let is_back = |text: &str| text.contains("non-fast-forward");
        if self.reason.is_some_and(is_back) || self.said.iter().any(|line| is_back(line)) {
            return Report::new(format!(
                "{name} declined {short}: its host takes no push that goes back"
            ))
            .because(still)
            .hint("go back on its platform; or revert it, then: git smp stage");
        }
        match self.reason {
            Some(reason) if !NO_CAUSE.contains(&reason) => {
                let who = if self.ended == Ended::Stale {
                    "git"
                } else {
                    "its host"
                };
                Report::new(format!("{name} declined {short}"))
                    .because(format!("{who} says: {reason}"))
                    .because(still)
                    .hint(format!("put that right there, then: {command}"))
            }
            Some(reason) if !NO_CAUSE.iter().take(HOOKS).any(|hook| *hook == reason) => {
                let report = Report::new(format!(
                    "{name} declined {short}: its host could not keep it"
                ));
                let report = last(&causes(said)).into_iter().fold(
                    report.because(format!("its host says: {reason}")),
                    Report::because,
                );
                report
                    .because(still)
                    .hint(format!("put that right there, then: {command}"))
            }
            _ => {
                let report = Report::new(format!(
                    "{name} declined {short}: the build failed, or a hook there said no"
                ));
                last(&said)
                    .into_iter()
                    .fold(report, Report::because)
                    .because(still)
                    .hint(self.deploy.correction(self.target))
            }
        }
    }

    /// What its host said, without what git adds of itself.
    fn host_said(&self) -> Vec<Said> {
        let said = self.said.iter();
        said.filter_map(|line| Said::by_remote(line))
            .filter(|said| !said.words().is_empty())
            .filter(|said| !said.line().starts_with("error: hook declined to update "))
            .collect()
    }
}

/// The last lines, as causes.
fn last(said: &[Said]) -> Vec<String> {
    let last = said.get(said.len().saturating_sub(LAST_WORDS)..);
    let words = last.unwrap_or_default().iter().map(Said::words);
    words
        .map(|words| format!("its host says: {words}"))
        .collect()
}

/// The lines in which git on the host names the cause, for what comes after them is advice; all where it names none.
fn causes(said: Vec<Said>) -> Vec<Said> {
    let is_cause = |said: &Said| {
        let starts = ["error: ", "fatal: "];
        starts.iter().any(|start| said.line().starts_with(start))
    };
    if said.iter().any(is_cause) {
        said.into_iter().filter(is_cause).collect()
    } else {
        said
    }
}
