//! Names and passwords for https that a person gave in this run: kept in memory, handed to git's own children alone, and
//! to each only what belongs to the server that it goes to.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::core::secret::Secret;
use crate::git::address::Site;
use crate::git::child::{self, Ear, End};
use crate::git::program::Program;
use crate::terminal::prompt::Turn;

/// How long a person may take to answer.
const ANSWERS: Duration = Duration::from_secs(300);
/// How long helpers may take to keep or to forget something.
const KEEPS: Duration = Duration::from_secs(10);
/// What the variables begin with in which a child finds what it may say: seen by the user's own processes alone, unlike a
/// command line.
const VARIABLE: &str = "SMP_CREDENTIAL_";
/// The credential helper that says it. git asks it for one server only, by the key that it stands under.
const HELPER: &str = r#"!f() { test "$1" != get || env | sed -n 's/^SMP_CREDENTIAL_//p'; }; f"#;

/// All that was typed in this run.
#[derive(Default)]
pub struct Typed(Mutex<Vec<Credential>>);

/// What `git credential fill` said of one server.
#[derive(Clone)]
pub struct Credential {
    /// `https://host:port`.
    origin: String,
    /// The path, where the user's configuration lets it count.
    path: Option<String>,
    /// Every other line, as `password`.
    values: Vec<(String, Secret)>,
    /// The whole answer, to be given back.
    answer: Zeroizing<Vec<u8>>,
}

impl Credential {
    fn read(answer: Zeroizing<Vec<u8>>) -> Option<Self> {
        let text = std::str::from_utf8(&answer).ok()?;
        let lines: Vec<(&str, &str)> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        let value = |key: &str| {
            lines
                .iter()
                .rev()
                .find(|(own, _)| *own == key)
                .map(|(_, value)| *value)
        };
        let origin = format!("{}://{}", value("protocol")?, value("host")?);
        value("password").filter(|password| !password.is_empty())?;
        let path = value("path").map(str::to_owned);
        let others = lines
            .iter()
            .filter(|(key, _)| !matches!(*key, "protocol" | "host" | "path"));
        let plain = |key: &str| {
            key.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        let values = others
            .filter(|(key, _)| plain(key))
            .map(|(key, value)| ((*key).to_owned(), Secret::exact(value)));
        let values = values.collect();
        Some(Self {
            origin,
            path,
            values,
            answer,
        })
    }

    fn is_for(&self, site: &Site) -> bool {
        self.origin == site.origin && self.path.as_ref().is_none_or(|path| *path == site.path)
    }

    /// Whether both say the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.answer == other.answer
    }

    /// Lets a child find it. The user's helpers are not asked again: they had nothing, or said this.
    fn hand_to(&self, program: &Program, command: &mut Command) {
        let set = program
            .variable("GIT_CONFIG_COUNT")
            .and_then(|count| count.to_str()?.parse::<usize>().ok());
        let first = set.unwrap_or(0);
        let path = self
            .path
            .as_ref()
            .map(|path| format!("/{path}"))
            .unwrap_or_default();
        let key = format!("credential.{}{path}.helper", self.origin);
        for (at, (key, value)) in [("credential.helper", ""), (key.as_str(), HELPER)]
            .into_iter()
            .enumerate()
        {
            command.env(format!("GIT_CONFIG_KEY_{}", first + at), key);
            command.env(format!("GIT_CONFIG_VALUE_{}", first + at), value);
        }
        command.env("GIT_CONFIG_COUNT", (first + 2).to_string());
        command.envs(
            self.values
                .iter()
                .map(|(key, value)| (format!("{VARIABLE}{key}"), value.expose())),
        );
    }
}

impl Typed {
    /// Lets a child that goes to this server use what was typed for it.
    pub fn prepare(&self, program: &Program, command: &mut Command, site: &Site) {
        if let Some(credential) = self.of(site) {
            credential.hand_to(program, command);
        }
    }

    /// What was typed for this server.
    pub fn of(&self, site: &Site) -> Option<Credential> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .find(|credential| credential.is_for(site))
            .cloned()
    }

    /// Keeps it for the rest of the run.
    pub fn keep(&self, credential: Credential) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(credential);
    }

    /// Forgets what is of no use.
    pub fn forget(&self, site: &Site) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|credential| !credential.is_for(site));
    }
}

/// Asks git's helpers and then, as git does, the person: `git credential fill`. What a helper says meanwhile is heard at
/// once.
pub fn ask(program: &Program, site: &Site, turn: &Turn) -> Option<Credential> {
    let mut command = program.command(["credential", "fill"]);
    command.env_remove("GIT_TERMINAL_PROMPT");
    let question = format!("url={}\n\n", site.url);
    let ear = Ear::Person(&mut |line: &str| turn.say(line));
    match child::run(command, question.as_bytes(), ANSWERS, ear) {
        Ok(End::Came(output)) => {
            let answer = Zeroizing::new(output.stdout);
            Credential::read(answer).filter(|_| output.status.success())
        }
        _ => None,
    }
}

/// Lets the user's helpers keep what worked: `git credential approve`.
pub fn approve(program: &Program, credential: &Credential) {
    tell(program, "approve", credential);
}

/// Lets them forget what did not: `git credential reject`.
pub fn reject(program: &Program, credential: &Credential) {
    tell(program, "reject", credential);
}

fn tell(program: &Program, word: &str, credential: &Credential) {
    // A helper that fails keeps nothing, and the run goes on with what was typed.
    let _ = child::run(
        program.command(["credential", word]),
        &credential.answer,
        KEEPS,
        Ear::Nobody,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::address::{Place, Way};
    use crate::git::config::GitConfig;

    fn site(url: &str) -> Site {
        let config = GitConfig::of(&[("remote.origin.url", url)]);
        let Place::Http(site) = Place::of(&config, "origin", Way::Fetch) else {
            unreachable!()
        };
        site
    }

    fn credential(answer: &str) -> Option<Credential> {
        Credential::read(Zeroizing::new(answer.as_bytes().to_vec()))
    }

    #[test]
    fn a_password_is_for_the_server_that_it_was_typed_for() {
        let typed = Typed::default();
        typed.keep(
            credential("protocol=https\nhost=example.com:8443\nusername=ada\npassword= a=b \n")
                .unwrap(),
        );
        assert!(
            typed
                .of(&site("https://example.com:8443/any/app.git"))
                .is_some()
        );
        for other in [
            "https://example.com/app.git",
            "http://example.com:8443/app.git",
            "https://example.org:8443/a",
        ] {
            assert!(typed.of(&site(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn where_the_path_counts_it_is_for_that_path_alone() {
        let typed = Typed::default();
        typed.keep(
            credential("protocol=https\nhost=h\npath=a/b.git\nusername=u\npassword=p\n").unwrap(),
        );
        assert!(
            typed.of(&site("https://h/a/b.git")).is_some()
                && typed.of(&site("https://h/a/c.git")).is_none()
        );
    }

    #[test]
    fn an_answer_without_a_password_is_none() {
        assert!(credential("protocol=https\nhost=h\nusername=u\npassword=\n").is_none());
        assert!(credential("protocol=https\nhost=h\nusername=u\n").is_none());
        assert!(credential("username=u\npassword=p\n").is_none());
    }
}
