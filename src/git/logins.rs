//! Names and passwords for https: from git's credential helpers, and from the person in this run. Those of the person
//! stay in memory, and go only to git's own children, each to the children for its own server.

mod reused;

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

pub use reused::ReusedLogins;
pub(super) use reused::{is_told, listen, told};
use zeroize::Zeroizing;

use crate::core::secret::{Login, Secret};
use crate::git::address::Site;
use crate::git::child::{self, Ear};
use crate::git::lock;
use crate::git::program::Program;
use crate::terminal::prompt::Turn;

const ANSWERS: Duration = Duration::from_secs(300);
/// How long helpers may take to answer, to store or to forget a login.
const HELPERS: Duration = Duration::from_secs(10);
/// The start of the variables that pass a login to a child. Unlike a command line, nobody else can read them.
const VARIABLE: &str = "SMP_CREDENTIAL_";
/// The credential helper that prints these variables. git asks it only for the server in its key.
const HELPER: &str = r#"!f() { test "$1" != get || env | while IFS= read -r line; do case $line in SMP_CREDENTIAL_*) printf '%s\n' "${line#SMP_CREDENTIAL_}";; esac; done; }; f"#;
/// Keeps helpers from asking on a terminal or in a window, whatever their configuration.
const QUIET: &str = "-c credential.interactive=false -c credential.guiPrompt=false credential fill";

/// Returns the login that git's helpers have for lines `key=value`. git drops a path unless `credential.useHttpPath`
/// is set. Returns `None` if the helpers have none, fail or take too long. No person is asked.
pub fn known(program: &Program, about: &str) -> Option<Login> {
    known_within(program, about, HELPERS)
}

pub(super) fn known_within(program: &Program, about: &str, limit: Duration) -> Option<Login> {
    let answer = fill(quiet(program), about, limit, &Ear::EndsTalk)?;
    Some(Login {
        name: answer.value("username").unwrap_or_default().to_owned(),
        password: Some(Secret::new(answer.value("password")?)).filter(|word| !word.is_empty())?,
    })
}

/// Returns a `git credential fill` that asks helpers, and nobody else.
fn quiet(program: &Program) -> Command {
    let mut command = program.command(QUIET.split(' '));
    command
        // Empty values keep git from looking for another program that asks.
        .envs([("GIT_ASKPASS", ""), ("SSH_ASKPASS", "")])
        .envs([
            ("SSH_ASKPASS_REQUIRE", "never"),
            ("GCM_INTERACTIVE", "never"),
        ])
        .stderr(Stdio::null());
    command
}

/// Asks git's helpers, then the person: `git credential fill`. The words of helpers are shown at once.
pub fn ask(program: &Program, site: &Site, turn: &Turn) -> Option<Credential> {
    let mut command = program.command(["credential", "fill"]);
    command.env_remove("GIT_TERMINAL_PROMPT");
    let ear = Ear::Person(&|line| turn.say(line));
    fill(command, &format!("url={}\n", site.url), ANSWERS, &ear)
}

fn fill(command: Command, about: &str, limit: Duration, ear: &Ear<'_>) -> Option<Credential> {
    let question = format!("{about}\n");
    let output = child::run(command, question.as_bytes(), limit, ear).ok()??;
    let answer = Credential::read(Zeroizing::new(output.stdout));
    answer.filter(|_| output.status.success())
}

/// Lets the user's helpers store a login or forget it: `git credential approve`, `git credential reject`.
pub fn tell(program: &Program, word: &str, credential: &Credential) {
    let command = program.command(["credential", word]);
    // A helper that fails stores nothing, and the run goes on with the typed login.
    let _ = child::run(command, credential.0.as_bytes(), HELPERS, &Ear::Nobody);
}

/// The answer of `git credential fill` for one server: lines `key=value`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(Zeroizing<String>);

impl Credential {
    fn read(answer: Zeroizing<Vec<u8>>) -> Option<Self> {
        let text = std::str::from_utf8(&answer).ok()?;
        let credential = Self(Zeroizing::new(text.to_owned()));
        let needed = ["protocol", "host", "password"].map(|key| credential.value(key));
        let is_whole = needed
            .iter()
            .all(|value| value.is_some_and(|value| !value.is_empty()));
        is_whole.then_some(credential)
    }

    fn values(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0.split('\n').filter_map(|line| line.split_once('='))
    }

    fn value(&self, key: &str) -> Option<&str> {
        let mut values = self.values().rev();
        values.find_map(|(own, value)| (own == key).then_some(value))
    }

    fn origin(&self) -> String {
        let [protocol, host] = ["protocol", "host"].map(|key| self.value(key).unwrap_or_default());
        format!("{protocol}://{host}")
    }

    /// Returns whether the login is for this site. The path counts if the user's configuration says so.
    fn is_for(&self, site: &Site) -> bool {
        self.origin() == site.origin && self.value("path").is_none_or(|path| path == site.path)
    }

    /// Passes the login to a child. The user's helpers for that server are not asked again: they had none, or gave this
    /// one. With `unasked`, git 2.46 and later sends it to that address before the server asks.
    pub fn hand_to(&self, program: &Program, command: &mut Command, unasked: Option<&Site>) {
        let path = self.value("path").map(|path| format!("/{path}"));
        let path = path.unwrap_or_default();
        let key = format!("credential.{}{path}.helper", self.origin());
        let unasked =
            unasked.map(|site| format!("http.{}/{}.proactiveauth", site.origin, site.path));
        let unasked = unasked.as_deref().map(|key| (key, "basic"));
        let own = [(key.as_str(), ""), (key.as_str(), HELPER)];
        program.configure(command, own.into_iter().chain(unasked));
        for (key, value) in self.values() {
            if !matches!(key, "protocol" | "host" | "path")
                && !key.contains(|c: char| c != '_' && !c.is_ascii_lowercase())
            {
                command.env(format!("{VARIABLE}{key}"), value);
            }
        }
    }
}

#[derive(Default)]
pub struct TypedLogins(Mutex<Vec<Credential>>);

impl TypedLogins {
    pub fn of(&self, site: &Site) -> Option<Credential> {
        let all = lock(&self.0);
        let found = all.iter().find(|credential| credential.is_for(site));
        found.cloned()
    }

    pub fn keep(&self, credential: Credential) {
        lock(&self.0).push(credential);
    }

    pub fn forget(&self, site: &Site) {
        lock(&self.0).retain(|credential| !credential.is_for(site));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::address::{Purpose, Transport};
    use crate::git::config::GitConfig;

    fn site(url: &str) -> Site {
        let config = GitConfig::of(&[("remote.origin.url", url)]);
        let Transport::Http(site) = Transport::of(&config, "origin", Purpose::Fetch) else {
            unreachable!()
        };
        site
    }

    fn credential(answer: &str) -> Option<Credential> {
        Credential::read(Zeroizing::new(answer.as_bytes().to_vec()))
    }

    #[test]
    fn a_password_is_for_the_server_that_it_was_typed_for() {
        let logins = TypedLogins::default();
        logins.keep(
            credential("protocol=https\nhost=example.com:8443\nusername=ada\npassword= a=b \n")
                .unwrap(),
        );
        assert!(
            logins
                .of(&site("https://example.com:8443/any/app.git"))
                .is_some()
        );
        for other in [
            "https://example.com/app.git",
            "http://example.com:8443/app.git",
            "https://example.org:8443/a",
        ] {
            assert!(logins.of(&site(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn where_the_path_counts_it_is_for_that_path_alone() {
        let logins = TypedLogins::default();
        logins.keep(
            credential("protocol=https\nhost=h\npath=a/b.git\nusername=u\npassword=p\n").unwrap(),
        );
        assert!(
            logins.of(&site("https://h/a/b.git")).is_some()
                && logins.of(&site("https://h/a/c.git")).is_none()
        );
    }

    #[test]
    fn an_answer_without_a_password_is_none() {
        assert!(credential("protocol=https\nhost=h\nusername=u\npassword=\n").is_none());
        assert!(credential("protocol=https\nhost=h\nusername=u\n").is_none());
        assert!(credential("username=u\npassword=p\n").is_none());
    }
}
