//! Keeps a secret in the clone's own configuration. The library writes it, because everybody on a machine can read the
//! command line of `git config KEY VALUE`. Then git itself is asked whether it reads the same.

#[cfg(unix)]
use std::fs;
use std::path::Path;

use git2::{Config, ErrorClass};
#[cfg(unix)]
use rustix::{fs::Mode, process::umask};

use crate::core::refusal::{Report, Stop};
use crate::core::secret::Secret;
use crate::core::typed::Typed;
use crate::git::Repo;
use crate::git::advice;
use crate::git::config::GitConfig;

/// Writes a secret to the configuration that all work trees of the clone share. Only the owner may read that file
/// afterwards, unless the repository is shared.
///
/// # Errors
/// If it cannot be written, or if git reads another value from somewhere else.
pub fn keep(repo: &Repo, key: &str, secret: &Secret) -> Result<(), Stop> {
    let path = repo.layout().common_dir.join("config");
    let shared = is_shared(repo.config()?);
    #[cfg(unix)]
    let mode = match fs::metadata(&path) {
        Ok(before) if shared => before.permissions(),
        _ => std::os::unix::fs::PermissionsExt::from_mode(0o600),
    };
    let written = write(&path, key, secret, shared);
    written.map_err(|error| {
        // The library's words about the system name files. Its words about a file's content repeat that content.
        let cause = match error.class() {
            ErrorClass::Os => error.message(),
            _ => "libgit2 cannot edit the file",
        };
        let what = format!("{key} cannot be written to the clone's configuration");
        advice::once_corrected(Stop::Failed(Report::new(what).because(cause)))
    })?;
    #[cfg(unix)]
    fs::set_permissions(&path, mode).map_err(|error| {
        let report = Report::new(format!(
            "other users may read {}, and that cannot be changed",
            path.display()
        ));
        Stop::Failed(report.because(error.to_string()))
    })?;
    let config = GitConfig::parse(&repo.program().read_config(&[])?);
    if config.get(key) == Some(secret.expose()) {
        return Ok(());
    }
    let report = Report::new(format!("{key} was written, but git reads another value"))
        .because("another file of git's configuration sets it later");
    let list = Typed::other("git config --list --show-origin --name-only");
    Err(Stop::Failed(report.run("see which", list)))
}

/// Replaces all values of the key by one. The rest of the file stays as it is.
fn write(path: &Path, key: &str, secret: &Secret, shared: bool) -> Result<(), git2::Error> {
    // The library creates a new file from the old one, which must not be readable for others even for a moment.
    #[cfg(unix)]
    let mask = (!shared).then(|| umask(Mode::RWXG | Mode::RWXO));
    #[cfg(not(unix))]
    let _ = shared;
    let written = Config::open(path).and_then(|mut config| {
        // `set_str` refuses a key with several values. The library's function for several values would omit the
        // quotes that a value needs.
        config.set_str(key, secret.expose()).or_else(|_| {
            config.remove_multivar(key, ".*")?;
            config.set_str(key, secret.expose())
        })
    });
    #[cfg(unix)]
    let _ = mask.map(umask);
    written
}

/// Returns whether the repository is meant for several users of the machine.
pub(super) fn is_shared(config: &GitConfig) -> bool {
    let key = "core.sharedrepository";
    let value = config.get(key);
    value.is_some_and(|value| !value.eq_ignore_ascii_case("umask")) && !config.denies(key)
}
