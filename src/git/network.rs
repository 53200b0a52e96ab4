//! The one way to ask a remote by a child of git's, with as few questions to a person as possible: first without any, side
//! by side; then those that need a person, one after the other; and what was answered once serves the rest of the run.

mod alone;

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::Duration;

use crate::core::text::shell_word;
use crate::git::address::{Account, Purpose, Site, Transport, address};
use crate::git::child::{self, Ear};
use crate::git::config::{GitConfig, UNREADABLE};
use crate::git::logins::{self, ReusedLogins, TypedLogins};
use crate::git::response::{LineKind, NOBODY, asks_for_login, lines, means, wants_confirmation};
use crate::git::ssh::{Ssh, own_locale};
use crate::git::{Repo, lock, moved};
use crate::terminal::prompt::{Turn, somebody_is_there};

/// How long a remote may take to answer while a person is asked for a passphrase.
const ANSWERS: Duration = Duration::from_secs(300);
/// So often a password is asked for, as ssh does.
const TRIES: usize = 3;

#[derive(Default)]
pub struct People {
    ssh: Ssh,
    logins: TypedLogins,
    reused: ReusedLogins,
    /// Accounts and servers where asking came to nothing.
    given_up: Mutex<HashSet<String>>,
}

impl People {
    /// Ends what was kept for this run.
    pub fn hang_up(&self) {
        self.ssh.hang_up();
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It would have taken a person, and nobody answered: what was to be sent is not accepted anywhere.
    Unanswered(String),
    /// Nothing usable came, or nothing in time.
    Silent(String),
}

impl NoAnswer {
    pub fn words(self) -> String {
        let (Self::Unanswered(words) | Self::Silent(words)) = self;
        words
    }
}

pub struct Errand<'a> {
    pub repo: &'a Repo,
    /// The remote's name, or an address.
    pub remote: &'a str,
    pub purpose: Purpose,
    pub place: Transport,
    config: &'a GitConfig,
    /// Whether a person is there who may be asked.
    pub somebody: bool,
}

impl<'a> Errand<'a> {
    pub fn new(repo: &'a Repo, remote: &'a str, purpose: Purpose, may_ask: bool) -> Self {
        let config = repo.config().unwrap_or(&UNREADABLE);
        Self {
            repo,
            remote,
            purpose,
            place: Transport::of(config, remote, purpose),
            config,
            somebody: may_ask && somebody_is_there(),
        }
    }

    /// Runs a git with these arguments to its end. It asks nobody; if that is what it fails of, and a person may be asked,
    /// it is run again when nobody else is asked, and may ask then.
    ///
    /// # Errors
    /// Why there is no answer. A git that fails is no error.
    pub fn run(&self, args: &[String]) -> Result<Output, NoAnswer> {
        if self.somebody && self.cannot_keep_quiet() {
            // Side by side their questions would run into each other.
            return self.attended(args, &Turn::take());
        }
        let first = self.alone(args, &[])?;
        if !self.somebody || !self.needs_a_person(first.as_ref()) {
            return told(first);
        }
        let turn = Turn::take();
        // The one before may have logged in to the same place.
        if self.has_what_was_asked() {
            let again = self.alone(args, &[])?;
            if !self.needs_a_person(again.as_ref()) {
                return told(again);
            }
        }
        if lock(&self.repo.people.given_up).contains(&self.key()) {
            return self.unanswered(first);
        }
        let last = match &self.place {
            Transport::Http(site) => self.with_a_password(site, args, first, &turn)?,
            Transport::Ssh(_) => Some(self.attended(args, &turn)?),
            Transport::Local | Transport::Other => first,
        };
        if self.needs_a_person(last.as_ref()) {
            lock(&self.repo.people.given_up).insert(self.key());
            return self.unanswered(last);
        }
        told(last)
    }

    /// The same where only a good end is an answer.
    pub fn succeed(&self, args: &[String]) -> Result<Output, String> {
        match self.run(args) {
            Ok(output) if output.status.success() => Ok(output),
            Ok(output) => Err(words(Some(&output))),
            Err(why) => Err(why.words()),
        }
    }

    /// Runs a git once more to hear where its host sends those on who ask so. Asks nobody. Gives its output and the address.
    pub fn run_traced(&self, args: &[String]) -> Option<(Output, Option<String>)> {
        // Nobody listens for helpers: the trace would be taken for one that speaks.
        let apart = Errand {
            place: self.place.clone(),
            somebody: false,
            ..*self
        };
        let output = apart.alone(args, &moved::TRACING).ok()??;
        let trace = String::from_utf8_lossy(&output.stderr).into_owned();
        let from = self.address();
        Some((output, moved::location(&trace, &from)))
    }

    pub fn address(&self) -> String {
        address(self.config, self.remote, self.purpose).unwrap_or_default()
    }

    /// Whether there is an account on a host that can be asked by a command of its own.
    pub fn reaches_a_host(&self) -> bool {
        matches!(self.place, Transport::Ssh(_)) && !self.cannot_keep_quiet()
    }

    /// A git with these arguments, or an ssh with these words. Says whether a login of git's helpers was given along.
    fn child(&self, args: &[String], asks: bool) -> (Command, bool) {
        let (people, of) = (&self.repo.people, (self.repo.program(), self.config));
        if let (Purpose::Ask, Transport::Ssh(account)) = (self.purpose, &self.place)
            && let Some(command) = people.ssh.command(of, (account, args), asks)
        {
            return (command, false);
        }
        let mut command = self.repo.program().command(args);
        let is_given = self.prepare(&mut command, asks);
        (command, is_given)
    }

    /// For `git push --receive-pack` on this machine: hooks see the user's own locale. `None` where it is elsewhere.
    pub fn receive_pack(&self) -> Option<String> {
        let key = format!("remote.{}.receivepack", self.remote);
        let program = self.config.get(&key).unwrap_or("git-receive-pack");
        let locale = own_locale(self.repo.program());
        (self.place == Transport::Local).then(|| locale + program)
    }

    /// What questions are counted by.
    fn key(&self) -> String {
        match &self.place {
            Transport::Http(site) => site.origin.clone(),
            Transport::Ssh(account) => format!("{account:?}"),
            Transport::Local | Transport::Other => String::new(),
        }
    }

    fn cannot_keep_quiet(&self) -> bool {
        let of = (self.repo.program(), self.config);
        matches!(&self.place, Transport::Ssh(account) if !self.repo.people.ssh.can_keep_quiet(of, account))
    }

    fn has_what_was_asked(&self) -> bool {
        match &self.place {
            Transport::Http(site) => self.repo.people.logins.of(site).is_some(),
            Transport::Ssh(account) => self.repo.people.ssh.is_kept(account),
            Transport::Local | Transport::Other => false,
        }
    }

    /// Says whether a login that git's helpers had was given along.
    fn prepare(&self, command: &mut Command, asks: bool) -> bool {
        let (people, program) = (&self.repo.people, self.repo.program());
        let of = (program, self.config);
        match &self.place {
            Transport::Local => {}
            Transport::Ssh(account) => people.ssh.prepare(command, of, Some(account), asks),
            Transport::Other => people.ssh.prepare(command, of, None, asks),
            Transport::Http(site) => {
                let typed = people.logins.of(site);
                let reused = match typed {
                    Some(_) => None,
                    None => people.reused.of(program, self.config, site),
                };
                if let Some(login) = typed.as_ref().or(reused.as_ref()) {
                    let unasked = people.reused.is_offered(site).then_some(site);
                    login.hand_to(program, command, unasked);
                }
                if program.variable("GCM_INTERACTIVE").is_none() {
                    command.env("GCM_INTERACTIVE", "never");
                }
                // With somebody there, programs with windows of their own wait for their turn, too; without, they are all
                // there is.
                if self.somebody {
                    command.env("GIT_ASKPASS", "").env("SSH_ASKPASS", "");
                }
                return reused.is_some();
            }
        }
        false
    }

    /// Runs a child that may ask the person. A connection of ssh is kept for the rest of the run.
    fn attended(&self, args: &[String], turn: &Turn) -> Result<Output, NoAnswer> {
        let (mut command, _) = self.child(args, true);
        command.env_remove("GIT_TERMINAL_PROMPT");
        let ear = Ear::Person(&|line| turn.say(line));
        told(child::run(command, b"", ANSWERS, &ear).map_err(NoAnswer::Silent)?)
    }

    /// What a person was asked about in vain.
    fn unanswered(&self, output: Option<Output>) -> Result<Output, NoAnswer> {
        match &self.place {
            Transport::Http(site) if !means(&words(output.as_ref()), LineKind::WrongLogin) => {
                Err(NoAnswer::Unanswered(format!("{NOBODY} {}", site.origin)))
            }
            _ => told(output),
        }
    }

    /// Whether it ended for want of a person's answer.
    fn needs_a_person(&self, output: Option<&Output>) -> bool {
        let Some(output) = output else { return true };
        let words = words(Some(output));
        !output.status.success()
            && match &self.place {
                Transport::Http(site) => !site.has_password && lines(&words).any(asks_for_login),
                Transport::Ssh(_) => {
                    wants_confirmation(&words) || means(&words, LineKind::LockedOut)
                }
                Transport::Local | Transport::Other => false,
            }
    }

    /// Asks for the password of a server, up to some times.
    fn with_a_password(
        &self,
        site: &Site,
        args: &[String],
        first: Option<Output>,
        turn: &Turn,
    ) -> Result<Option<Output>, NoAnswer> {
        let (program, kept) = (self.repo.program(), &self.repo.people.logins);
        let mut last = first;
        let mut before = kept.of(site);
        for _ in 0..TRIES {
            kept.forget(site);
            let Some(login) = logins::ask(program, site, turn) else {
                // The question still stands on the line.
                turn.say("");
                break;
            };
            if before.as_ref() == Some(&login) {
                break;
            }
            kept.keep(login.clone());
            last = self.alone(args, &[])?;
            if !self.needs_a_person(last.as_ref()) {
                logins::tell(program, "approve", &login);
                return Ok(last);
            }
            logins::tell(program, "reject", &login);
            turn.say(&format!("{} does not accept this login", site.origin));
            before = Some(login);
        }
        kept.forget(site);
        Ok(last)
    }

    /// The command that loads the key for an account.
    pub fn ssh_add(&self, account: &Account) -> String {
        let of = (self.repo.program(), self.config);
        let add = match self.repo.people.ssh.keys(of, account).as_slice() {
            [key] if !is_usual(key) => format!("ssh-add {}", shell_word(&key.to_string_lossy())),
            _ => "ssh-add".to_owned(),
        };
        match self.repo.program().variable("SSH_AUTH_SOCK") {
            Some(_) => add,
            None => format!("eval \"$(ssh-agent -s)\" && {add}"),
        }
    }
}

fn is_usual(key: &Path) -> bool {
    let name = key.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with("id_")
}

fn told(output: Option<Output>) -> Result<Output, NoAnswer> {
    let waits = "a credential helper waits for input";
    output.ok_or_else(|| NoAnswer::Unanswered(waits.to_owned()))
}

fn words(output: Option<&Output>) -> String {
    let words = output
        .map(|output| output.stderr.as_slice())
        .unwrap_or_default();
    String::from_utf8_lossy(words).into_owned()
}
