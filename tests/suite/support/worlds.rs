//! The table of worlds: how environments are reached, and what rightly differs by it. Stories that run on all rows take
//! all else to be the same.

use std::path::{Path, PathBuf};

use super::deploy::Deploy;

/// How the environments of a world are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Each by a remote of its own.
    Remotes,
    /// As branches of the main repository, `staging` and `production`.
    Branches,
}

impl Default for Topology {
    /// That of every story which does not say: `GIT_SMP_BRANCHES` runs all of them on branches.
    fn default() -> Self {
        match std::env::var_os("GIT_SMP_BRANCHES") {
            Some(_) => Self::Branches,
            None => Self::Remotes,
        }
    }
}

/// Both, for stories that are the same on either.
pub const TOPOLOGIES: [Topology; 2] = [Topology::Remotes, Topology::Branches];

/// What rightly differs. `{}` stands for an environment.
pub struct Differs {
    /// The remotes of a clone that was set up.
    pub remotes: &'static [&'static str],
    /// An environment's remote and its branch there.
    pub place: (&'static str, &'static str),
    /// The repositories that are asked for a commit which only production has, in their order.
    pub asked_for_a_hotfix: &'static [&'static str],
    /// Why a production whose branch was renamed is promoted to by nobody.
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

    /// The remote of an environment, and its branch there.
    pub fn place(self, environment: &str) -> (String, String) {
        let (remote, branch) = self.differs().place;
        (
            remote.replace("{}", environment),
            branch.replace("{}", environment),
        )
    }
}

impl Deploy {
    /// The repository and the branch whose push deploys what is behind `bare`: its own master, or a branch of the main
    /// repository.
    pub fn deployed_by(&self, bare: &Path) -> (PathBuf, String) {
        let is_branch = self.topology() == Topology::Branches && bare != self.main;
        let name = bare.file_stem().unwrap().to_string_lossy();
        match is_branch {
            true => (self.main.clone(), format!("refs/heads/{name}")),
            false => (bare.to_owned(), "refs/heads/master".to_owned()),
        }
    }

    /// A place in the repository of an environment, as it is asked for over HTTP: `production.git/git-receive-pack`.
    pub fn asked(&self, place: &str) -> String {
        let (bare, rest) = place.split_once('/').unwrap();
        let (repository, _) = self.deployed_by(&self.path(bare));
        let folder = repository.file_name().unwrap().to_string_lossy();
        format!("{folder}/{rest}")
    }

    /// What a plan says of where a push to an environment goes.
    pub fn goes_to(&self, environment: &str) -> String {
        let (remote, branch) = self.topology().place(environment);
        format!("{branch} on {remote}")
    }

    /// How many pushes came over HTTP to the repository that deploys what is behind `bare`.
    #[track_caller]
    pub fn pushed_over_http(&self, bare: &Path) -> usize {
        self.http().pushes(&self.deployed_by(bare).0)
    }

    /// Puts the main branch's commit on what deploys `bare`, without a deploy.
    #[track_caller]
    pub fn moves_silently(&self, bare: &Path) {
        let (repository, branch) = self.deployed_by(bare);
        let refspec = format!("+master:{branch}");
        let fetch = ["fetch", "-q", self.main.to_str().unwrap(), &refspec];
        self.git(&repository, &fetch);
    }

    /// Renames the branch that deploys `bare`.
    #[track_caller]
    pub fn renames(&self, bare: &Path, name: &str) {
        let (repository, branch) = self.deployed_by(bare);
        let branch = branch.trim_start_matches("refs/heads/");
        self.git(&repository, &["branch", "-m", branch, name]);
    }

    /// Another environment, which deploys as production does and runs what that runs; answers with what is behind it, and
    /// with the line of `smp.toml` by which it is reached.
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
