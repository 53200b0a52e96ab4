//! Hosts that take every push and build afterwards, in a hook after the push: whatever comes of that, git says that all
//! is well.

use std::path::Path;

use super::deploy::{DEPLOYS, Deploy};
use super::gate::Gate;

/// What comes of a push that was taken.
pub enum Behaviour<'a> {
    /// It is built and released.
    Deploys,
    /// Its build fails; what ran before goes on to run.
    Fails,
    /// It is released when this gate is opened, long after the push has ended.
    DeploysLate(&'a Gate),
    /// It is put aside, as Heroku does with any other branch than its own.
    SkipsTheBranch,
    /// It is put aside, as Dokku does with any other branch than its own.
    IsNotTheBranchOfDokku,
    /// It is built, and what is to run before its release never succeeds.
    NeverReleases,
    /// It is released, although the host says what [`Behaviour::NeverReleases`] says.
    ReleasesAfterAll,
}

/// Heroku's words where another branch than its own is pushed.
pub const SKIPS: &str = "Pushed to non-main branch, skipping build.";
/// Dokku's.
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
            // The release holds none of the push's pipes: git would wait for their ends.
            Self::DeploysLate(gate) => format!(
                "read -r old new ref; echo '-----> Building in the background'\n\
                 ( {}; echo \"$new $new $ref\" | {{ {DEPLOYS}; }} ) </dev/null >/dev/null 2>&1 &",
                gate.line()
            ),
        }
    }
}

impl Deploy {
    /// Has a host behave so from now on.
    #[track_caller]
    pub fn platform(&self, bare: &Path, behaviour: &Behaviour<'_>) {
        self.hook(bare, "post-receive", &behaviour.hook());
    }
}
