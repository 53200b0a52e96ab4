//! Asking a remote with as few questions to a person as possible: first without any, side by side; then whoever needs a
//! person, one after the other; and what was answered once serves the rest of the run.
#![expect(
    clippy::disallowed_types,
    reason = "this is the door to the network through git"
)]

mod advice;
mod words;

use std::collections::HashSet;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::core::text::shell_word;
use crate::git::Repo;
use crate::git::address::{Login, Place, Site, Way};
use crate::git::child::{self, Ear, End};
use crate::git::config::GitConfig;
use crate::git::program::Program;
use crate::git::ssh::{Asks, Ssh, own_locale};
use crate::git::typed::{self, Typed};
use crate::terminal::prompt::{Turn, somebody_is_there};
pub use advice::{advice, advised};
use words::{NOBODY, asks_for_a_password, gits_own, is_locked_out, is_unknown_host};
pub use words::{REFUSED, asks_who, wants_one};

/// How long a remote may take to answer while a person is asked for a passphrase.
const ANSWERS: Duration = Duration::from_secs(300);
/// So often a password is asked for, as ssh does.
const TRIES: usize = 3;
/// Who was asked what in this run.
#[derive(Default)]
pub struct People {
    ssh: Ssh,
    typed: Typed,
    /// Accounts and servers where asking came to nothing.
    given_up: Mutex<HashSet<String>>,
    /// Commands that would have spared a question.
    spared: Mutex<Vec<String>>,
}

impl People {
    /// Ends what was kept for this run.
    pub fn hang_up(&self) {
        self.ssh.hang_up();
    }

    /// Commands that spare the questions of this run the next time.
    pub fn spared(&self) -> Vec<String> {
        lock(&self.spared).clone()
    }

    fn spares(&self, command: String) {
        let mut all = lock(&self.spared);
        if !all.contains(&command) {
            all.push(command);
        }
    }
}

/// One question to a remote, which is asked by a child of git's.
pub struct Errand<'a> {
    /// The clone.
    pub repo: &'a Repo,
    /// The remote's name.
    pub remote: &'a str,
    /// What for.
    pub way: Way,
    /// Whether a person may be asked.
    pub may_ask: bool,
    /// How long the remote may take.
    pub limit: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It would have taken a person, and nobody answered: what was to be sent is not accepted anywhere.
    Unanswered(String),
    /// Nothing usable came, or nothing in time.
    Silent(String),
}

impl NoAnswer {
    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Unanswered(words) | Self::Silent(words) => words,
        }
    }
}

/// Runs what `make` makes to its end. It asks nobody; if that is what it fails of, and a person may be asked, it is run
/// again when nobody else is asked, and may ask then.
///
/// # Errors
/// Why there is no answer. A child that fails is no error.
pub fn run(errand: &Errand<'_>, make: &dyn Fn() -> Command) -> Result<Output, NoAnswer> {
    let Some(at) = At::of(errand.repo, errand.remote, errand.way) else {
        return untouched(make(), errand.limit);
    };
    let somebody = errand.may_ask && somebody_is_there();
    if somebody && at.cannot_keep_quiet() {
        // Side by side their questions would run into each other.
        let turn = Turn::take();
        return at.attended(make(), &turn);
    }
    let first = at.alone(make(), errand.limit, somebody)?;
    if !somebody || !at.needs_a_person(&first) {
        return at.told(first);
    }
    if at.gave_up() {
        return at.unanswered(first);
    }
    let turn = Turn::take();
    // Whoever had the turn before may have logged in to the same place.
    if at.has_what_was_asked() {
        let again = at.alone(make(), errand.limit, true)?;
        if !at.needs_a_person(&again) {
            return at.told(again);
        }
    }
    if at.gave_up() {
        return at.unanswered(first);
    }
    let last = match &at.place {
        Place::Http(site) => at.with_a_password(site, make, errand.limit, first, &turn)?,
        Place::Ssh(login) => at.with_a_connection(login, make(), &first, &turn)?,
        Place::Local | Place::Other => first,
    };
    if at.needs_a_person(&last) {
        lock(&at.people.given_up).insert(at.key());
        return at.unanswered(last);
    }
    at.told(last)
}

/// Prepares a child that asks nobody, and that is run and watched elsewhere.
pub fn prepare_quietly(repo: &Repo, remote: &str, way: Way, command: &mut Command) {
    if let Some(at) = At::of(repo, remote, way) {
        at.prepare(command, Asks::Nobody, somebody_is_there());
    }
}

/// The program that takes a push on this machine, for `git push --receive-pack`: hooks there see the user's own locale.
/// `None` where the remote is elsewhere.
pub fn receive_pack(repo: &Repo, remote: &str) -> Option<String> {
    let config = repo.config().ok()?;
    let place = Place::of(config, remote, Way::Push);
    let program = config
        .get(&format!("remote.{remote}.receivepack"))
        .unwrap_or("git-receive-pack");
    (place == Place::Local).then(|| format!("{}{program}", own_locale(repo.program())))
}

fn untouched(command: Command, limit: Duration) -> Result<Output, NoAnswer> {
    let end = child::run(command, b"", limit, Ear::Nobody).map_err(NoAnswer::Silent)?;
    came(end).ok_or_else(|| NoAnswer::Unanswered("it waits for a person".to_owned()))
}

/// A place where a remote leads, and all that is known of who may be asked for it.
struct At<'a> {
    program: &'a Program,
    config: &'a GitConfig,
    people: &'a People,
    place: Place,
}

impl<'a> At<'a> {
    /// `None` where the configuration cannot be read, so that git will say so itself.
    fn of(repo: &'a Repo, remote: &str, way: Way) -> Option<Self> {
        let config = repo.config().ok()?;
        Some(Self {
            program: repo.program(),
            config,
            people: &repo.people,
            place: Place::of(config, remote, way),
        })
    }

    fn own(&self) -> (&'a Program, &'a GitConfig) {
        (self.program, self.config)
    }

    /// What questions are counted by.
    fn key(&self) -> String {
        match &self.place {
            Place::Http(site) => site.origin.clone(),
            Place::Ssh(login) => format!(
                "{}:{}",
                login.destination,
                login.port.as_deref().unwrap_or("")
            ),
            Place::Local | Place::Other => String::new(),
        }
    }

    fn gave_up(&self) -> bool {
        lock(&self.people.given_up).contains(&self.key())
    }

    fn cannot_keep_quiet(&self) -> bool {
        matches!(&self.place, Place::Ssh(login) if !self.people.ssh.can_keep_quiet(self.own(), login))
    }

    fn has_what_was_asked(&self) -> bool {
        match &self.place {
            Place::Http(site) => self.people.typed.of(site).is_some(),
            Place::Ssh(login) => self.people.ssh.is_kept(login),
            Place::Local | Place::Other => false,
        }
    }

    /// With somebody there, programs with windows of their own wait for their turn, too; without, they are all there is.
    fn prepare(&self, command: &mut Command, asks: Asks, somebody: bool) {
        match &self.place {
            Place::Local => {}
            Place::Ssh(login) => self
                .people
                .ssh
                .prepare(command, self.own(), Some(login), asks),
            Place::Other => self.people.ssh.prepare(command, self.own(), None, asks),
            Place::Http(site) => {
                self.people.typed.prepare(self.program, command, site);
                if self.program.variable("GCM_INTERACTIVE").is_none() {
                    command.env("GCM_INTERACTIVE", "never");
                }
                if somebody {
                    command.env("GIT_ASKPASS", "").env("SSH_ASKPASS", "");
                }
            }
        }
    }

    /// Runs a child that asks nobody; `None` where a helper turned to a person all the same.
    fn alone(
        &self,
        mut command: Command,
        limit: Duration,
        somebody: bool,
    ) -> Result<Option<Output>, NoAnswer> {
        self.prepare(&mut command, Asks::Nobody, somebody);
        let ear = match self.place {
            Place::Http(_) if somebody => Ear::EndsTalk,
            _ => Ear::Nobody,
        };
        child::run(command, b"", limit, ear)
            .map(came)
            .map_err(NoAnswer::Silent)
    }

    /// Runs a child that may ask the person.
    fn attended(&self, mut command: Command, turn: &Turn) -> Result<Output, NoAnswer> {
        self.prepare(&mut command, Asks::Person, true);
        command.env_remove("GIT_TERMINAL_PROMPT");
        let ear = Ear::Person(&mut |line: &str| turn.say(line));
        let end = child::run(command, b"", ANSWERS, ear).map_err(NoAnswer::Silent)?;
        self.told(came(end))
    }

    fn told(&self, output: Option<Output>) -> Result<Output, NoAnswer> {
        let waits = || "a credential helper waits for a person".to_owned();
        output.ok_or_else(|| NoAnswer::Unanswered(waits()))
    }

    /// What a person was asked about in vain.
    fn unanswered(&self, output: Option<Output>) -> Result<Output, NoAnswer> {
        let words = output
            .as_ref()
            .map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        match &self.place {
            Place::Http(site) if words.is_none_or(|words| !words.contains(REFUSED)) => {
                Err(NoAnswer::Unanswered(format!("{NOBODY} {}", site.origin)))
            }
            _ => self.told(output),
        }
    }

    /// Whether it ended for want of a person's answer.
    fn needs_a_person(&self, output: &Option<Output>) -> bool {
        let Some(output) = output else { return true };
        if output.status.success() {
            return false;
        }
        let words = String::from_utf8_lossy(&output.stderr);
        match &self.place {
            Place::Http(site) => !site.has_password && asks_for_a_password(&gits_own(&words)),
            Place::Ssh(_) => is_unknown_host(&words) || is_locked_out(&words),
            Place::Local | Place::Other => false,
        }
    }

    /// Asks for the password of a server, up to some times.
    fn with_a_password(
        &self,
        site: &Site,
        make: &dyn Fn() -> Command,
        limit: Duration,
        first: Option<Output>,
        turn: &Turn,
    ) -> Result<Option<Output>, NoAnswer> {
        let mut last = first;
        let mut before = self.people.typed.of(site);
        for _ in 0..TRIES {
            self.people.typed.forget(site);
            let Some(credential) = typed::ask(self.program, site, turn) else {
                // The question still stands on the line.
                turn.say("");
                break;
            };
            if before
                .as_ref()
                .is_some_and(|before| before.is_same(&credential))
            {
                break;
            }
            self.people.typed.keep(credential.clone());
            last = self.alone(make(), limit, true)?;
            if !self.needs_a_person(&last) {
                typed::approve(self.program, &credential);
                self.spare_passwords();
                return Ok(last);
            }
            typed::reject(self.program, &credential);
            turn.say(&format!("{} does not take that", site.origin));
            before = Some(credential);
        }
        self.people.typed.forget(site);
        Ok(last)
    }

    /// Lets ssh ask, and keeps its connection.
    fn with_a_connection(
        &self,
        login: &Login,
        command: Command,
        first: &Option<Output>,
        turn: &Turn,
    ) -> Result<Option<Output>, NoAnswer> {
        let output = self.attended(command, turn)?;
        let words = first
            .as_ref()
            .map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        if output.status.success() && words.is_some_and(|words| !is_unknown_host(&words)) {
            self.people.spares(self.ssh_add(login));
        }
        Ok(Some(output))
    }

    fn ssh_add(&self, login: &Login) -> String {
        let usual = |key: &std::path::Path| {
            key.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("id_"))
        };
        let add = match self.people.ssh.keys(self.own(), login).as_slice() {
            [key] if !usual(key) => format!("ssh-add {}", shell_word(&key.to_string_lossy())),
            _ => "ssh-add".to_owned(),
        };
        match self.program.variable("SSH_AUTH_SOCK") {
            Some(_) => add,
            None => format!("eval \"$(ssh-agent -s)\" && {add}"),
        }
    }

    fn spare_passwords(&self) {
        let asks = ["GIT_ASKPASS", "SSH_ASKPASS"]
            .iter()
            .any(|name| self.program.variable(name).is_some());
        if asks || self.config.get("core.askpass").is_some() {
            return;
        }
        let all = self.config.all("credential.helper");
        let is_set = self
            .config
            .under("credential.", ".helper")
            .any(|(_, helper)| !helper.is_empty());
        if !is_set && all.iter().all(|helper| helper.is_empty()) {
            let helper = if cfg!(windows) { "manager" } else { "cache" };
            self.people
                .spares(format!("git config credential.helper {helper}"));
        }
    }
}

fn came(end: End) -> Option<Output> {
    match end {
        End::Came(output) => Some(output),
        End::Spoke => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
