//! Dokku's commands about apps, answered by a forced command of the world's sshd. Texts and formats are those of
//! `plugins/git/report.go`, `plugins/ps/report.go`, `plugins/apps/subcommands.go` and `plugins/builds/subcommands.go`
//! of Dokku 0.38.27, and of `plugins/git/internal-functions` of 0.30.0.

use std::path::PathBuf;

use super::Deploy;

/// The version of Dokku.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dokku {
    /// It answers with JSON and records its builds.
    New,
    /// It answers key by key, with the first digits of a commit, and records no builds.
    Old,
}

impl Deploy {
    /// Makes the host of the environments answer like Dokku, with an app for each.
    pub fn answers_as_dokku(&self, version: Dokku) {
        let folder = self.path("dokku");
        std::fs::create_dir_all(&folder).unwrap();
        let repositories = self.staging.parent().unwrap().display();
        let kind = if version == Dokku::New { "new" } else { "old" };
        let head = format!(
            "own='{}'\nrepositories='{repositories}'\nkind={kind}\n",
            folder.display()
        );
        let before = std::fs::read_to_string(self.ssh().before()).unwrap_or_default();
        let script = before + &head + include_str!("programs/dokku.sh");
        std::fs::write(self.ssh().before(), script).unwrap();
    }

    /// Sets a property of an app on the server: its `branch`, `sha`, `running`, `skip`, `locked` or `builds`.
    pub fn dokku_keeps(&self, app: &str, what: &str, value: &str) {
        let file: PathBuf = self.path("dokku").join(format!("{app}.{what}"));
        std::fs::write(file, value).unwrap();
    }
}
