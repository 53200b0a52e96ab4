//! What is said of a push that a host turned down: by the best reason there is.

use super::pushed::Pushed;
use super::said::Said;
use crate::error::Report;
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

/// What an HTTP answer means to the one who pushes to this environment, and what to do, up to the same command.
fn meaning(status: u16, name: &str) -> (&'static str, String) {
    let (meaning, first) = match status {
        301 | 307 | 308 => {
            let first = format!(
                "change environments.{name}.url in smp.toml to where it leads, then: git smp setup &&"
            );
            return ("its host sends pushes on to another address", first);
        }
        401 => ("its host does not know who you are", "log in there, then:"),
        403 => (
            "its host gives you no right to push",
            "ask for the right to push there, then:",
        ),
        404 | 410 => (
            "its host has no such repository, or not for you",
            "see whether you may push there, then:",
        ),
        409 | 423 | 429 => ("its host is busy", "wait a little, then:"),
        413 => (
            "its host takes no push of that size",
            "have the limit there raised, or push over ssh, then:",
        ),
        _ => (
            "its host turned it away",
            "ask those who run the host, then:",
        ),
    };
    (meaning, first.to_owned())
}

impl Pushed<'_> {
    /// The host said no, and nothing was changed. `still`: what is known of its branch.
    pub(super) fn turned_down(&self, still: &str) -> Report {
        let (name, short, command) = (self.name, self.push.commit.short(), self.command);
        if let Some(words) = self.ending.busy {
            return Report::new(format!(
                "{name} did not take {short}: its host is busy with something else"
            ))
            .because(format!("its host says: {words}"))
            .because(format!("{still}; nothing was changed"))
            .hint(format!("wait until that is done, then: {command}"));
        }
        if let Ended::Refused(status) = self.ended {
            let (meaning, first) = meaning(status, name);
            return Report::new(format!("{name} did not take {short}: {meaning}"))
                .because(format!("it answered the push with HTTP {status}"))
                .because(format!("{still}; nothing was changed"))
                .hint(format!("{first} {command}"));
        }
        self.declined(still)
    }

    fn declined(&self, still: &str) -> Report {
        let (name, short, command) = (self.name, self.push.commit.short(), self.command);
        let still = format!("{still}; its own words are above");
        let is_back = |text: &str| text.contains("non-fast-forward");
        if self.ending.reason.is_some_and(is_back)
            || self.ending.said.iter().any(|line| is_back(line))
        {
            return Report::new(format!("{name} declined {short}: its host takes no push that goes back"))
                .because(still)
                .hint("go back on its platform, as with heroku rollback; or revert it, then: git smp stage");
        }
        let last = self
            .last_words()
            .into_iter()
            .map(|words| format!("its host says: {words}"));
        match self.ending.reason {
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
                let report = last.fold(
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
                last.fold(report, Report::because)
                    .because(still)
                    .hint(self.mended)
            }
        }
    }

    /// The last lines that its host said, without what git adds of itself.
    fn last_words(&self) -> Vec<String> {
        let said = self
            .ending
            .said
            .iter()
            .filter_map(|line| Said::by_remote(line))
            .map(|said| said.words().to_owned());
        let words: Vec<String> = said
            .filter(|words| {
                !words.is_empty() && !words.starts_with("error: hook declined to update ")
            })
            .collect();
        words
            .get(words.len().saturating_sub(LAST_WORDS)..)
            .unwrap_or_default()
            .to_vec()
    }
}
