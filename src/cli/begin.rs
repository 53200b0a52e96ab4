//! `git smp` alone, in a repository that does not use it yet: what it is, and how to begin.

use clap::Parser as _;

use crate::cli::Cli;
use crate::core::text::visible;
use crate::core::typed::{Given, Typed};
use crate::session::{Session, missing};
use crate::terminal::{Talk, Ui};

/// Three lines; none where there is a configuration, or no work tree for one.
pub fn lines() -> Option<String> {
    // Where the configuration is, every command knows.
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
