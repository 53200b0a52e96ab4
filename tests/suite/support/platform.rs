//! Hosts that accept every push and build in a hook afterwards: whatever happens there, git reports success.

use std::path::Path;

use super::deploy::{DEPLOYS, Deploy};
use super::gate::Gate;

/// The result of an accepted push.
pub enum Behaviour<'a> {
    /// It is built and released.
    Deploys,
    /// Its build fails; the earlier commit still runs.
    Fails,
    /// It is released when this gate opens, long after the push has ended.
    DeploysLate(&'a Gate),
    /// It is skipped, as Heroku does with any branch except its own.
    SkipsTheBranch,
    /// It is skipped, as Dokku does with any branch except its own.
    IsNotTheBranchOfDokku,
    /// It is built, and its release command never succeeds.
    NeverReleases,
    /// It is released, although the host prints the words of [`Behaviour::NeverReleases`].
    ReleasesAfterAll,
}

/// Heroku's words for a push to another branch.
pub const SKIPS: &str = "Pushed to non-main branch, skipping build.";
/// Dokku's words for the same.
pub const NOT_COMPLETE: &str = "deploy did not complete, you must push to master.";
/// Heroku's words before a release phase.
pub const RELEASE_COMMAND: &str =
    "Release command declared: this new release will not be available until the command succeeds.";

impl Behaviour<'_> {
    fn hook(&self) -> String {
        let says = |lines: &[&str]| {
            let lines: String = lines
                .iter()
                .map(|line| format!("printf '%b\\n' '{line}'\n"))
                .collect();
            format!("cat >/dev/null\n{lines}exit 0")
        };
        match self {
            Self::Deploys => DEPLOYS.to_owned(),
            Self::Fails => says(&[
                "-----> Building on the Heroku-24 stack",
                "-----> Build failed",
            ]),
            Self::SkipsTheBranch => says(&[SKIPS]),
            Self::IsNotTheBranchOfDokku => {
                says(&[&format!("\\033[1G\\033[K-----> WARNING: {NOT_COMPLETE}")])
            }
            Self::NeverReleases => says(&[
                "-----> Launching...",
                &format!(" !     {RELEASE_COMMAND}"),
                "       Released v6",
            ]),
            Self::ReleasesAfterAll => format!("echo ' !     {RELEASE_COMMAND}'\n{DEPLOYS}"),
            // The release does not inherit the push's pipes: otherwise git would wait for their ends.
            Self::DeploysLate(gate) => format!(
                "read -r old new ref; echo '-----> Building in the background'\n\
                 ( {}; echo \"$new $new $ref\" | {{ {DEPLOYS}; }} ) </dev/null >/dev/null 2>&1 &",
                gate.line()
            ),
        }
    }
}

impl Deploy {
    /// Makes a host behave like this for further pushes.
    #[track_caller]
    pub fn platform(&self, bare: &Path, behaviour: &Behaviour<'_>) {
        self.hook(bare, "post-receive", &behaviour.hook());
    }
}
