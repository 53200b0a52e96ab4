//! The table of worlds: how environments are reached, and the differences that this makes. Stories that run on all rows
//! assume that everything else is equal.

use std::path::{Path, PathBuf};

use super::deploy::Deploy;
use crate::sample;

/// The form of a world's environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Each by its own remote.
    Remotes,
    /// As branches of the main repository, `staging` and `production`.
    Branches,
}

impl Default for Topology {
    /// Returns the default for stories: `GIT_SMP_BRANCHES` runs all of them on branches.
    fn default() -> Self {
        match std::env::var_os("GIT_SMP_BRANCHES") {
            Some(_) => Self::Branches,
            None => Self::Remotes,
        }
    }
}

/// Both, for stories that must be compared.
pub const TOPOLOGIES: [Topology; 2] = [Topology::Remotes, Topology::Branches];

/// Returns the topologies for a story that is the same on either.
pub fn topologies() -> Vec<Topology> {
    sample::one_of(TOPOLOGIES)
}

/// The expected differences. `{}` stands for an environment.
pub struct Differs {
    /// The remotes of a clone that was set up.
    pub remotes: &'static [&'static str],
    /// An environment's remote and its branch there.
    pub place: (&'static str, &'static str),
    /// The repositories that are asked for a commit that only production has, in order.
    pub asked_for_a_hotfix: &'static [&'static str],
    /// The reason why nothing can be promoted to a production whose branch was renamed.
    pub renamed: &'static str,
}

impl Topology {
    pub fn differs(self) -> Differs {
        match self {
            Self::Remotes => Differs {
                remotes: &["production", "staging", "upstream"],
                place: ("{}", "master"),
                asked_for_a_hotfix: &["main.git", "production.git"],
                renamed: "has no branch master",
            },
            Self::Branches => Differs {
                remotes: &["upstream"],
                place: ("upstream", "{}"),
                asked_for_a_hotfix: &["main.git"],
                renamed: "has no branch production",
            },
        }
    }

    /// Returns the remote of an environment, and its branch there.
    pub fn place(self, environment: &str) -> (String, String) {
        let (remote, branch) = self.differs().place;
        (
            remote.replace("{}", environment),
            branch.replace("{}", environment),
        )
    }
}

impl Deploy {
    /// Returns the repository and the branch that deploy to `bare`: its own master, or a branch of the main repository.
    pub fn deployed_by(&self, bare: &Path) -> (PathBuf, String) {
        let is_branch = self.topology() == Topology::Branches && bare != self.main;
        let name = bare.file_stem().unwrap().to_string_lossy();
        match is_branch {
            true => (self.main.clone(), format!("refs/heads/{name}")),
            false => (bare.to_owned(), "refs/heads/master".to_owned()),
        }
    }

    /// Returns a path in the repository of an environment as requested over HTTP: `production.git/git-receive-pack`.
    pub fn asked(&self, place: &str) -> String {
        let (bare, rest) = place.split_once('/').unwrap();
        let (repository, _) = self.deployed_by(&self.path(bare));
        let folder = repository.file_name().unwrap().to_string_lossy();
        format!("{folder}/{rest}")
    }

    /// Returns a plan's words for the destination of a push to an environment.
    pub fn goes_to(&self, environment: &str) -> String {
        let (remote, branch) = self.topology().place(environment);
        format!("{branch} on {remote}")
    }

    /// Returns the number of pushes over HTTP to the repository that deploys to `bare`.
    #[track_caller]
    pub fn pushed_over_http(&self, bare: &Path) -> usize {
        self.http().pushes(&self.deployed_by(bare).0)
    }

    /// Sets the branch that deploys to `bare` to the main branch's commit, without a deploy.
    #[track_caller]
    pub fn moves_silently(&self, bare: &Path) {
        let (repository, branch) = self.deployed_by(bare);
        let refspec = format!("+master:{branch}");
        let fetch = ["fetch", "-q", self.main.to_str().unwrap(), &refspec];
        self.git(&repository, &fetch);
    }

    /// Renames the branch that deploys to `bare`.
    #[track_caller]
    pub fn renames(&self, bare: &Path, name: &str) {
        let (repository, branch) = self.deployed_by(bare);
        let branch = branch.trim_start_matches("refs/heads/");
        self.git(&repository, &["branch", "-m", branch, name]);
    }

    /// Makes another environment that deploys like production and runs the same commit; returns its bare repository,
    /// and its line in `smp.toml`.
    #[track_caller]
    pub fn another(&self, name: &str) -> (PathBuf, String) {
        let bare = self.bare(name);
        let copy = format!("rm -rf {name}.git && cp -a production.git {name}.git");
        self.runner().cwd("").program("sh", &["-c", &copy]).ok();
        match self.topology() {
            Topology::Remotes => {
                let line = format!("url = \"{}\"", bare.display());
                (bare, line)
            }
            Topology::Branches => {
                let runs = self.master(&self.production);
                self.git(&self.main, &["branch", name, &runs]);
                (bare, format!("branch = \"{name}\""))
            }
        }
    }
}
