//! The user's ssh, as git starts it: with the user's own locale, which it may hand on to the host; asking nobody, or
//! asking once and keeping that connection for the rest of the run.
#![expect(
    clippy::disallowed_types,
    reason = "this is the door to other programs"
)]

mod kept;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::core::text::shell_word;
use crate::git::address::Login;
use crate::git::child::{self, Ear, End};
use crate::git::config::GitConfig;
use crate::git::program::{Program, find_on_path};
use kept::Kept;

/// How long the user's ssh may take to tell what it is configured to do.
const TELLS: Duration = Duration::from_secs(10);
/// A kept connection that nobody uses ends after so many seconds, should there be nobody to end it.
const KEPT: u32 = 1800;

/// The kinds of ssh that git tells apart, by git's own names for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    OpenSsh,
    Plink,
    TortoisePlink,
    Putty,
    /// It takes no options at all.
    Simple,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::OpenSsh => "ssh",
            Self::Plink => "plink",
            Self::TortoisePlink => "tortoiseplink",
            Self::Putty => "putty",
            Self::Simple => "simple",
        }
    }
}

/// The command that git would start, and its kind.
#[derive(Debug)]
struct UserSsh {
    /// As a shell reads it.
    line: String,
    kind: Kind,
}

/// The user's ssh, and the connections that are kept for this run.
#[derive(Default)]
pub struct Ssh {
    user: OnceLock<UserSsh>,
    kept: Mutex<Kept>,
}

/// Whom ssh may turn to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nobody.
    Nobody,
    /// The person at the terminal.
    Person,
}

impl Ssh {
    /// Lets a child of git's start ssh so: as the user has it, with their locale, and asking this one.
    pub fn prepare(
        &self,
        command: &mut Command,
        of: (&Program, &GitConfig),
        login: Option<&Login>,
        asks: Asks,
    ) {
        let user = self.user(of, login);
        let mut line = format!("{}{}", own_locale(of.0), user.line);
        match (user.kind, asks) {
            (Kind::OpenSsh, Asks::Nobody) if !answers_by_program(of.0) => {
                line.push_str(" -oBatchMode=yes")
            }
            (Kind::Plink, Asks::Nobody) => line.push_str(" -batch"),
            _ => {}
        }
        let socket = login.and_then(|login| match asks {
            Asks::Nobody => self.connection(login),
            Asks::Person => self.place_for(of, login),
        });
        if let Some(socket) = socket {
            if asks == Asks::Person {
                line.push_str(&format!(" -oControlMaster=auto -oControlPersist={KEPT}"));
            }
            line.push_str(&format!(" -oControlPath={}", socket.display()));
        }
        command
            .env("GIT_SSH_COMMAND", line)
            .env("GIT_SSH_VARIANT", user.kind.name());
    }

    /// Whether it can be told to ask nobody.
    pub fn can_keep_quiet(&self, of: (&Program, &GitConfig), login: &Login) -> bool {
        matches!(self.user(of, Some(login)).kind, Kind::OpenSsh | Kind::Plink)
    }

    /// Whether a connection to this account is kept.
    pub fn is_kept(&self, login: &Login) -> bool {
        self.connection(login).is_some()
    }

    /// The files of keys that ssh would try there and that exist.
    pub fn keys(&self, of: (&Program, &GitConfig), login: &Login) -> Vec<PathBuf> {
        let home = of.0.variable("HOME").map(PathBuf::from).unwrap_or_default();
        let told = self.configured(of, login);
        let named = told
            .iter()
            .filter_map(|line| line.strip_prefix("identityfile "));
        let files = named.map(|file| {
            file.strip_prefix("~/")
                .map_or_else(|| PathBuf::from(file), |file| home.join(file))
        });
        files.filter(|file| file.is_file()).collect()
    }

    /// Ends every connection that was kept.
    pub fn hang_up(&self) {
        self.kept().end();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn user(&self, (program, config): (&Program, &GitConfig), login: Option<&Login>) -> &UserSsh {
        self.user.get_or_init(|| {
            let set = |name: &str| {
                program
                    .variable(name)
                    .map(|value| value.to_string_lossy().into_owned())
            };
            let named =
                set("GIT_SSH_COMMAND").or_else(|| config.get("core.sshcommand").map(str::to_owned));
            let line = named.filter(|line| !line.trim().is_empty());
            let line = line.or_else(|| {
                set("GIT_SSH")
                    .filter(|path| !path.is_empty())
                    .map(|path| shell_word(&path))
            });
            let line = line.unwrap_or_else(|| "ssh".to_owned());
            let variant =
                set("GIT_SSH_VARIANT").or_else(|| config.get("ssh.variant").map(str::to_owned));
            let kind = match variant.as_deref().map(str::to_ascii_lowercase).as_deref() {
                None => by_name(&line),
                Some("auto") => None,
                Some("simple") => Some(Kind::Simple),
                Some(variant) => Some(by_name(variant).unwrap_or(Kind::OpenSsh)),
            };
            let mut user = UserSsh {
                line,
                kind: Kind::OpenSsh,
            };
            // One that is called otherwise is asked for what only OpenSSH knows, as git does.
            user.kind = kind.unwrap_or_else(|| {
                let here = Login {
                    destination: "localhost".to_owned(),
                    port: None,
                };
                let told = start(&user, asked_for(login.unwrap_or(&here)));
                if told.is_some() {
                    Kind::OpenSsh
                } else {
                    Kind::Simple
                }
            });
            user
        })
    }

    fn connection(&self, login: &Login) -> Option<PathBuf> {
        self.kept().socket(login)
    }

    /// Where the socket of a connection is to be; `None` where users have arranged that for themselves, or it cannot be.
    fn place_for(&self, of: (&Program, &GitConfig), login: &Login) -> Option<PathBuf> {
        let is_open_ssh = cfg!(unix) && self.user(of, Some(login)).kind == Kind::OpenSsh;
        let told = if is_open_ssh {
            self.configured(of, login)
        } else {
            Vec::new()
        };
        if told.is_empty()
            || told
                .iter()
                .any(|line| line.starts_with("controlpath ") && line != "controlpath none")
        {
            return None;
        }
        self.kept().place(self.user(of, Some(login)), login)
    }

    /// What ssh is configured to do with this account, a line an option: `ssh -G`.
    fn configured(&self, of: (&Program, &GitConfig), login: &Login) -> Vec<String> {
        let told = start(self.user(of, Some(login)), asked_for(login)).unwrap_or_default();
        told.lines().map(str::to_owned).collect()
    }
}

/// Where ssh is to answer by a program instead of the terminal, batch mode would keep it from that.
fn answers_by_program(program: &Program) -> bool {
    let is_forced = program
        .variable("SSH_ASKPASS_REQUIRE")
        .is_some_and(|word| word == "force");
    is_forced
        && program
            .variable("SSH_ASKPASS")
            .is_some_and(|path| !path.is_empty())
}

/// What gives a program of a shell's the locale back that git itself is not to speak.
pub fn own_locale(program: &Program) -> String {
    let line = |name: &str| match program.variable(name) {
        Some(value) => format!(
            "{name}={}; export {name}; ",
            shell_word(&value.to_string_lossy())
        ),
        None => format!("unset {name}; "),
    };
    ["LC_ALL", "LANGUAGE"].map(line).concat()
}

/// The kind that git takes a command for by its name alone.
fn by_name(line: &str) -> Option<Kind> {
    let word = first_word(line).to_ascii_lowercase();
    let name = word.rsplit(['/', '\\']).next().unwrap_or(&word);
    match name.strip_suffix(".exe").unwrap_or(name) {
        "ssh" => Some(Kind::OpenSsh),
        "plink" => Some(Kind::Plink),
        "tortoiseplink" => Some(Kind::TortoisePlink),
        "putty" => Some(Kind::Putty),
        _ => None,
    }
}

fn first_word(line: &str) -> String {
    let mut word = String::new();
    let mut quote = None;
    for c in line.trim_start().chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_whitespace() => break,
            (_, c) => word.push(c),
        }
    }
    word
}

fn asked_for(login: &Login) -> impl Iterator<Item = String> {
    std::iter::once("-G".to_owned()).chain(arguments(login))
}

fn arguments(login: &Login) -> impl Iterator<Item = String> {
    let port = login
        .port
        .iter()
        .flat_map(|port| ["-p".to_owned(), port.clone()]);
    port.chain([login.destination.clone()])
        .collect::<Vec<_>>()
        .into_iter()
}

/// Starts the user's ssh as git does, by a shell, and gives what it prints if it ends well.
fn start(user: &UserSsh, arguments: impl Iterator<Item = String>) -> Option<String> {
    let mut command = by_shell(&format!("{} \"$@\"", user.line), arguments)?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    match child::run(command, b"", TELLS, Ear::Nobody) {
        Ok(End::Came(output)) if output.status.success() => {
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        _ => None,
    }
}

/// A shell that runs this line with these arguments, which it knows as `"$@"`.
fn by_shell(line: &str, arguments: impl Iterator<Item = String>) -> Option<Command> {
    let mut command = Command::new(find_on_path("sh")?);
    command.args(["-c", line, "ssh"]).args(arguments);
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_of_the_kind_that_git_takes_it_for() {
        for (line, kind) in [
            ("ssh -i key", Some(Kind::OpenSsh)),
            ("'/usr/bin/ssh' -F 'a b'", Some(Kind::OpenSsh)),
            (
                r#""C:/Program Files/PuTTY/PLINK.EXE" -load x"#,
                Some(Kind::Plink),
            ),
            ("C:\\bin\\TortoisePlink.exe", Some(Kind::TortoisePlink)),
            ("env A=b ssh", None),
            ("A=b ssh", None),
            ("my-ssh", None),
        ] {
            assert_eq!(by_name(line), kind, "{line}");
        }
    }
}
