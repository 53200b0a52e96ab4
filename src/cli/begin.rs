//! The text for `git smp` alone in a repository without `smp.toml`: what the program does, and how to begin.

use clap::Parser as _;

use crate::cli::Cli;
use crate::core::text::visible;
use crate::core::typed::{Given, Typed};
use crate::session::{Session, missing};
use crate::terminal::{Talk, Ui};

/// Returns three lines; `None` if there is a configuration, or no work tree for one.
pub fn lines() -> Option<String> {
    // Any command will do: all look for the configuration in the same place.
    let cli = Cli::try_parse_from(["git-smp", "status"]).ok()?;
    let ui = Ui::new(Talk::Quiet, None, Given::default());
    let session = Session::open(&cli.common, &ui).ok()?;
    let path = session.config_path().ok()?;
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let next = match missing::elsewhere(&session, &path) {
        Some(report) => {
            let hint = report.hint_text().unwrap_or_default();
            let why = report.because.join(", ");
            format!("There is no {}; {why}: {hint}", path.display())
        }
        None => format!(
            "There is no {} yet. This file names your environments. To create it: {}",
            path.display(),
            Typed::smp("setup")
        ),
    };
    Some(format!(
        "git smp promotes the commit running on staging to production with git push, and verifies that it is live.\n\
         {}\n\
         All commands: {}\n",
        visible(&next),
        Typed::smp("-h")
    ))
}
