//! The commands by which a Dokku server tells of its apps, as a forced command of the world's sshd answers them. Texts and
//! formats are those of `plugins/git/report.go`, `plugins/ps/report.go`, `plugins/apps/subcommands.go` and
//! `plugins/builds/subcommands.go` of Dokku 0.38.27, and of `plugins/git/internal-functions` of 0.30.0.

use std::path::PathBuf;

use super::Deploy;

/// Which Dokku it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dokku {
    /// It answers with JSON, and records its builds.
    New,
    /// It answers key by key, with the first digits of a commit, and records nothing.
    Old,
}

impl Deploy {
    /// Lets the host of the environments answer as Dokku does, for an app of the name of each.
    pub fn answers_as_dokku(&self, version: Dokku) {
        let folder = self.path("dokku");
        std::fs::create_dir_all(&folder).unwrap();
        let repositories = self.staging.parent().unwrap().display();
        let kind = if version == Dokku::New { "new" } else { "old" };
        let head = format!(
            "own='{}'\nrepositories='{repositories}'\nkind={kind}\n",
            folder.display()
        );
        let script = head + include_str!("programs/dokku.sh");
        std::fs::write(self.ssh().before(), script).unwrap();
    }

    /// What the server keeps of an app: its `branch`, `sha`, `running`, `skip`, `locked` or `builds`.
    pub fn dokku_keeps(&self, app: &str, what: &str, value: &str) {
        let file: PathBuf = self.path("dokku").join(format!("{app}.{what}"));
        std::fs::write(file, value).unwrap();
    }
}
