//! The one way to ask a remote by a git child process, with as few questions to a person as possible: first in parallel
//! without any, then one after the other those that need a person. An answer serves the rest of the run.

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
use crate::git::response::{
    LineKind, NOBODY, asks_for_login, lines, means, wants_confirmation, wants_password,
};
use crate::git::ssh::{Ssh, own_locale};
use crate::git::{Repo, lock, moved};
use crate::terminal::prompt::{Turn, somebody_is_there};

/// How long a remote may take to answer while a person is asked for a passphrase.
const ANSWERS: Duration = Duration::from_secs(300);
/// How often a password is asked for, as ssh does.
const TRIES: usize = 3;

#[derive(Default)]
pub struct People {
    pub ssh: Ssh,
    logins: TypedLogins,
    reused: ReusedLogins,
    /// The accounts and servers where a person was asked in vain.
    given_up: Mutex<HashSet<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The remote wanted a person's answer, and nobody gave one. It accepted nothing that was sent.
    Unanswered(String),
    /// There was no usable answer, or none in time.
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
    /// True if there is a person who may be asked.
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

    /// Runs git with these arguments to its end, first without any question. If that is why it fails, and a person may
    /// be asked, git runs again at a time when no other question is open, and may ask.
    ///
    /// # Errors
    /// Why there is no answer. A git that fails is not an error.
    pub fn run(&self, args: &[String]) -> Result<Output, NoAnswer> {
        if self.somebody && self.cannot_keep_quiet() {
            // In parallel, their questions would mix on the terminal.
            return self.attended(args, &Turn::take());
        }
        let first = self.alone(args, &[])?;
        if !self.somebody || !self.needs_a_person(first.as_ref()) {
            return told(first);
        }
        let turn = Turn::take();
        // The question before may have logged in to the same place.
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

    /// Runs git like [`Self::run`], but a git that fails is an error, too, with git's own words.
    pub fn succeed(&self, args: &[String]) -> Result<Output, String> {
        match self.run(args) {
            Ok(output) if output.status.success() => Ok(output),
            Ok(output) => Err(words(Some(&output))),
            Err(why) => Err(why.words()),
        }
    }

    /// Runs git once more with a trace, and returns its output and the address that its host redirects to. Asks nobody.
    pub fn run_traced(&self, args: &[String]) -> Option<(Output, Option<String>)> {
        // Helpers are not listened to, because the trace would be taken for a helper that speaks.
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

    /// Returns whether the host can be asked by a command of its own: it has an account, reached over OpenSSH.
    pub fn reaches_a_host(&self) -> bool {
        matches!(self.place, Transport::Ssh(_)) && !self.cannot_keep_quiet()
    }

    /// Returns git with these arguments, or ssh with these words, and whether it was given a login of git's helpers.
    pub fn child(&self, args: &[String], asks: bool) -> (Command, bool) {
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

    /// Returns `git push --receive-pack` for a repository on this machine, whose hooks see the user's own locale.
    pub fn receive_pack(&self) -> Option<String> {
        let key = format!("remote.{}.receivepack", self.remote);
        let program = self.config.get(&key).unwrap_or("git-receive-pack");
        let locale = own_locale(self.repo.program());
        (self.place == Transport::Local).then(|| locale + program)
    }

    /// Returns the name of this place in `given_up`.
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

    /// Prepares a command for its remote. Returns whether a login of git's helpers was passed along.
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
                // If a person is there, programs with windows of their own wait for their turn, too. Otherwise they are
                // the only way to ask.
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

    /// Returns the result after a person was asked in vain.
    fn unanswered(&self, output: Option<Output>) -> Result<Output, NoAnswer> {
        match &self.place {
            Transport::Http(site) if !means(&words(output.as_ref()), LineKind::WrongLogin) => {
                Err(NoAnswer::Unanswered(format!("{NOBODY} {}", site.origin)))
            }
            _ => told(output),
        }
    }

    /// Returns whether a child ended for want of a person's answer.
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

    /// Gives up a login that the host did not accept. From now on, git asks its helpers itself.
    pub fn give_up_login(&self) {
        if let Transport::Http(site) = &self.place {
            self.repo.people.reused.give_up(self.config, site);
        }
    }

    /// Runs a child that asks nobody. Returns `None` if a helper addressed a person all the same.
    fn alone(&self, args: &[String], envs: &[(&str, &str)]) -> Result<Option<Output>, NoAnswer> {
        let (output, is_given) = self.once(args, envs)?;
        let is_refused =
            |output: &Output| !output.status.success() && wants_password(&words(Some(output)));
        if is_given && output.as_ref().is_some_and(is_refused) {
            self.give_up_login();
            return Ok(self.once(args, envs)?.0);
        }
        Ok(output)
    }

    /// Runs the child once. Also returns whether a login of git's helpers was passed along.
    fn once(
        &self,
        args: &[String],
        envs: &[(&str, &str)],
    ) -> Result<(Option<Output>, bool), NoAnswer> {
        let (mut command, is_given) = self.child(args, false);
        command.envs(envs.iter().copied());
        let (people, program) = (&self.repo.people, self.repo.program());
        let learns = match &self.place {
            Transport::Http(site) => Some(site).filter(|site| {
                !site.has_password && people.logins.of(site).is_none() && !people.reused.knows(site)
            }),
            Transport::Ssh(_) | Transport::Local | Transport::Other => None,
        };
        if let Some(site) = learns {
            logins::listen(program, &mut command, self.config, site);
        }
        let _slot = match &self.place {
            Transport::Ssh(account) => Some(people.ssh.enter(account)),
            Transport::Http(_) | Transport::Local | Transport::Other => None,
        };
        let ear = match self.place {
            Transport::Http(_) if self.somebody => Ear::EndsTalk,
            _ => Ear::Nobody,
        };
        let mut output =
            child::run(command, b"", self.purpose.limit(), &ear).map_err(NoAnswer::Silent)?;
        if let (Some(site), Some(output)) = (learns, &mut output) {
            let offer = logins::told(&mut output.stderr);
            people.reused.learn(site, offer, output.status.success());
        }
        Ok((output, is_given))
    }

    /// Asks for the password of a server, at most `TRIES` times.
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
                // The question is still on the line.
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
