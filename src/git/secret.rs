//! Keeping a secret in the clone's own configuration. By the library, because everybody on a machine can read the
//! command line of a `git config KEY VALUE`; then git itself is asked whether it reads the same.

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
use crate::git::config::GitConfig;

/// Writes a secret to the configuration that all work trees of the clone share, and makes that file its owner's alone
/// unless the repository is shared.
///
/// # Errors
/// When it cannot be written, or git reads another value from somewhere else.
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
        // The library's words about the system name files; its words about the content of a file repeat that.
        let cause = match error.class() {
            ErrorClass::Os => error.message(),
            _ => "the library of git cannot edit the file",
        };
        let what = format!("{key} cannot be written to the clone's configuration");
        Stop::Failed(Report::new(what).because(cause))
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

/// Replaces all values of the key by this one; everything else in the file stays as it is.
fn write(path: &Path, key: &str, secret: &Secret, shared: bool) -> Result<(), git2::Error> {
    // The library makes a new file of the old one, which must not be open to others for a moment either.
    #[cfg(unix)]
    let mask = (!shared).then(|| umask(Mode::RWXG | Mode::RWXO));
    #[cfg(not(unix))]
    let _ = shared;
    let written = Config::open(path).and_then(|mut config| {
        // Several values at once are refused here, and written without the quotes they need by the library's way to
        // write several.
        config.set_str(key, secret.expose()).or_else(|_| {
            config.remove_multivar(key, ".*")?;
            config.set_str(key, secret.expose())
        })
    });
    #[cfg(unix)]
    let _ = mask.map(umask);
    written
}

/// Whether the repository is meant for several users of the machine.
pub(super) fn is_shared(config: &GitConfig) -> bool {
    let key = "core.sharedrepository";
    let value = config.get(key);
    value.is_some_and(|value| !value.eq_ignore_ascii_case("umask")) && !config.denies(key)
}
