//! What every command works with: the clone, the configuration, the terminal, the clock.

mod answers;
mod file;
pub mod missing;
mod places;
pub mod trust;

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::core::config::Config;
use crate::core::decide::next;
use crate::core::record::State;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::show;
use crate::core::text::Line;
use crate::core::typed::Typed;
use crate::core::when::When;
use crate::core::words::Observed;
use crate::git::record::identity;
use crate::git::{Repo, fetch};
use crate::notes::Notes;
use crate::options::Common;
use crate::terminal::Ui;

pub struct Session<'a> {
    pub common: &'a Common,
    pub repo: Repo,
    pub ui: &'a Ui,
}

impl<'a> Session<'a> {
    pub fn open(common: &'a Common, ui: &'a Ui) -> Result<Self, Stop> {
        let mut session = Self {
            common,
            repo: Repo::open()?,
            ui,
        };
        let notes = session.notes();
        notes.open()?;
        session.repo.recall(notes.config());
        if common.color.is_none() {
            let git = session.repo.shown_config()?;
            ui.choose_color(None, git.get("color.smp").or_else(|| git.get("color.ui")));
        }
        Ok(session)
    }

    pub fn notes(&self) -> Notes {
        Notes::of(&self.repo.layout().common_dir)
    }

    /// Returns the path of the configuration, whether the file exists or not. A bare repository needs `--config`.
    pub fn config_path(&self) -> Result<PathBuf, Stop> {
        let top = self.repo.layout().top.as_ref();
        let named = self.common.config();
        let path = named.or_else(|| Some(top?.join("smp.toml")));
        path.ok_or_else(|| {
            let report = Report::new("a bare repository has no work tree, and so no smp.toml");
            Stop::Misused(report.run(
                "replace the dots with the path of the configuration",
                Typed::smp("").dotted("--config").plain("setup"),
            ))
        })
    }

    pub fn config(&self) -> Result<Config, Stop> {
        let path = self.config_path()?;
        if path.symlink_metadata().is_err() {
            return Err(missing::no_file(self, &path));
        }
        let config = file::read(&path)?;
        match places::inside(&config, self.repo.layout()) {
            Some(key) => Err(file::leads_inside(&path, &key)),
            None => Ok(config),
        }
    }

    /// Refuses a shallow clone, in which every comparison may be wrong.
    pub fn whole_history(&self) -> Result<(), Stop> {
        match self.repo.layout().shallow {
            true => Err(shallow(Some(Typed::smp("setup --deepen"))).into()),
            false => Ok(()),
        }
    }

    /// Returns this clone with its whole history, fetched from the main repository, if it is shallow and the user
    /// `asked` for that or this is a CI job. Returns `None` if the history is whole already.
    ///
    /// # Errors
    /// `shallow` if neither holds, with the command that fetches, and if the main repository is shallow itself.
    pub fn deepened(
        &self,
        config: &Config,
        asked: bool,
        deepens: Typed,
    ) -> Result<Option<Self>, Stop> {
        if !self.repo.layout().shallow {
            return Ok(None);
        }
        if !asked && !self.is_ci() {
            return Err(shallow(Some(deepens)).into());
        }
        let (main, may_ask) = (&config.repository, self.ui.is_interactive());
        self.ui.during("fetching the rest of the history", || {
            fetch::deepen(&self.repo, &main.remote, &main.branch, may_ask)
        })?;
        let repo = self.repo.reopened()?;
        if repo.layout().shallow {
            let also = format!("the repository of {} is shallow as well", main.remote);
            return Err(shallow(None).because(also).into());
        }
        let was = "this clone was shallow; the rest of its history was fetched from";
        self.ui.note(format!("{was} {}", main.remote));
        Ok(Some(Self { repo, ..*self }))
    }

    /// Returns whether a CI service runs this: `CI` is set, and not empty, `0` or `false`.
    pub fn is_ci(&self) -> bool {
        let set = self.repo.program().variable("CI");
        set.is_some_and(|value| !["", "0", "false"].iter().any(|no| value == **no))
    }

    /// Prints how each observation was made, with `--verbose`.
    pub fn explain(&self, config: &Config, seen: &[Observed]) {
        for one in seen {
            self.ui.detail(show::how(config, one));
        }
    }

    /// Says what comes next, as the record alone tells it.
    pub fn say_next(&self, config: &Config, state: &State, lead: &str) {
        let (_, me) = identity(&self.repo).unwrap_or_default();
        let hint = next::on_record(config, state, &me, self.when().now);
        let (next, notes) = self.ui.next(hint);
        let notes = notes.into_iter().map(|note| format!("note: {note}"));
        let lines = notes.chain([format!("{lead}: {next}")]).map(Line::plain);
        self.ui.say(&lines.collect::<Vec<_>>());
    }

    pub fn when(&self) -> When {
        // Before it takes one zone, the library reads the names of all: some 20 folders.
        let is_utc = (self.repo.program().variable("TZ")).is_some_and(|zone| zone == "UTC");
        When {
            now: Timestamp::now().as_second(),
            zone: match is_utc {
                true => TimeZone::UTC,
                false => TimeZone::system(),
            },
        }
    }
}

/// Returns the refusal for a shallow clone. `deepens` is our command that fetches the rest, if there is one.
pub fn shallow(deepens: Option<Typed>) -> Refusal {
    let refusal = Refusal::new(RefusalCode::Shallow, "this clone is shallow")
        .because("its history is cut off, so the commits that would ship are unknown");
    match deepens {
        Some(deepens) => refusal
            .run("fetch the rest", deepens)
            .run("or with git alone", Typed::other("git fetch --unshallow")),
        None => refusal.run("fetch the rest", Typed::other("git fetch --unshallow")),
    }
}
