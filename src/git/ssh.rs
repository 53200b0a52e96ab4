//! The user's ssh, as git starts it: with the user's own locale, which ssh may pass on to the host, and asking nobody,
//! or asking once. A connection is kept for the rest of the run, and serves all commands for the same account.

mod kept;
mod slots;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::core::text::shell_word;
use crate::git::address::Account;
use crate::git::child::{self, Ear};
use crate::git::config::GitConfig;
use crate::git::lock;
use crate::git::program::{Program, find_on_path, on_absolute_path};
use kept::Kept;
pub use kept::private_folder;
use slots::{Slot, Slots};

/// How long the user's ssh may take to print its configuration.
const TELLS: Duration = Duration::from_secs(10);
/// After so many seconds, an unused connection ends by itself, in case nobody ends it.
const KEPT: u32 = 1800;

#[derive(Debug)]
struct UserSsh {
    /// The command, as a shell reads it.
    line: String,
    /// True if it accepts OpenSSH's options. Another ssh is left to git as it is, and may ask.
    is_open: bool,
}

/// The user's ssh, and the connections of this run.
#[derive(Default)]
pub struct Ssh {
    user: OnceLock<UserSsh>,
    kept: Mutex<Kept>,
    slots: Slots,
}

impl Ssh {
    /// Lets a child start ssh as the user has it, with their locale. `asks`: it may ask the person at the terminal.
    pub fn prepare(
        &self,
        command: &mut Command,
        of: (&Program, &GitConfig),
        account: Option<&Account>,
        asks: bool,
    ) {
        if let Some(line) = self.line(of, account, asks) {
            command.env("GIT_SSH_COMMAND", line);
            command.env("GIT_SSH_VARIANT", "ssh");
        }
    }

    /// Returns a child that runs a command of the host; `None` if the user's ssh is not OpenSSH.
    pub fn command(
        &self,
        of: (&Program, &GitConfig),
        (account, words): (&Account, &[String]),
        asks: bool,
    ) -> Option<Command> {
        let line = self.line(of, Some(account), asks)?;
        let words = words.iter().map(String::as_str);
        let arguments: Vec<_> = arguments(account).into_iter().chain(words).collect();
        let mut command = by_shell(&format!("{line} \"$@\""), &arguments)?;
        command.stderr(Stdio::piped());
        Some(command)
    }

    fn line(
        &self,
        of: (&Program, &GitConfig),
        account: Option<&Account>,
        asks: bool,
    ) -> Option<String> {
        let user = self.user(of, account);
        if !user.is_open {
            return None;
        }
        let mut line = format!("{}{}", own_locale(of.0), user.line);
        if !asks && !answers_by_program(of.0) {
            line.push_str(" -oBatchMode=yes");
        }
        if let Some(socket) = account.and_then(|account| self.place_for(of, account)) {
            let socket = socket.display();
            line.push_str(&format!(
                " -oControlMaster=auto -oControlPersist={KEPT} -oControlPath={socket}"
            ));
        }
        Some(line)
    }

    /// Waits until one more child, which was prepared before, may connect to this account.
    pub fn enter<'a>(&'a self, account: &'a Account) -> Slot<'a> {
        let is_to_come = lock(&self.kept).is_to_come(account);
        self.slots
            .enter(account, || !is_to_come || self.is_kept(account))
    }

    /// Returns whether this ssh can be told to ask nobody.
    pub fn can_keep_quiet(&self, of: (&Program, &GitConfig), account: &Account) -> bool {
        self.user(of, Some(account)).is_open
    }

    pub fn is_kept(&self, account: &Account) -> bool {
        lock(&self.kept).socket(account).is_some()
    }

    /// Returns the existing key files that ssh would try for an account.
    pub fn keys(&self, of: (&Program, &GitConfig), account: &Account) -> Vec<PathBuf> {
        let home = of.0.variable("HOME").map(PathBuf::from).unwrap_or_default();
        let told = configured(&self.user(of, Some(account)).line, account).unwrap_or_default();
        let files = told
            .lines()
            .filter_map(|line| line.strip_prefix("identityfile "));
        let files = files.map(|file| match file.strip_prefix("~/") {
            Some(file) => home.join(file),
            None => PathBuf::from(file),
        });
        files.filter(|file| file.is_file()).collect()
    }

    pub fn hang_up(&self) {
        *lock(&self.kept) = Kept::default();
    }

    /// Finds the user's ssh as git does. A command other than `ssh` is asked for what only OpenSSH knows, as git does.
    fn user(&self, of: (&Program, &GitConfig), account: Option<&Account>) -> &UserSsh {
        self.user.get_or_init(|| {
            let line = setting(of, "GIT_SSH_COMMAND", "core.sshcommand");
            let line = line.filter(|line| !line.trim().is_empty());
            let path = setting(of, "GIT_SSH", "").filter(|path| !path.is_empty());
            let line = line.or(path.map(|path| shell_word(&path)));
            let line = line.unwrap_or_else(|| "ssh".to_owned());
            let here = Account {
                destination: "localhost".to_owned(),
                port: None,
            };
            let variant = setting(of, "GIT_SSH_VARIANT", "ssh.variant");
            let is_open = match variant.as_deref() {
                None | Some("auto") => {
                    line == "ssh" || configured(&line, account.unwrap_or(&here)).is_some()
                }
                Some(variant) => variant == "ssh",
            };
            UserSsh { line, is_open }
        })
    }

    /// Returns the place for a connection's socket; `None` if the user has configured one, or if none is possible.
    fn place_for(&self, of: (&Program, &GitConfig), account: &Account) -> Option<PathBuf> {
        let user = self.user(of, Some(account));
        if !cfg!(unix) || !user.is_open {
            return None;
        }
        lock(&self.kept).place(&user.line, account)
    }
}

fn setting((program, config): (&Program, &GitConfig), name: &str, key: &str) -> Option<String> {
    let value = program.setting(name);
    value.or_else(|| config.get(key).map(str::to_owned))
}

/// Returns whether ssh is to ask by a program instead of the terminal. Batch mode would prevent that.
fn answers_by_program(program: &Program) -> bool {
    let is_forced = program.variable("SSH_ASKPASS_REQUIRE");
    let answers = program.variable("SSH_ASKPASS");
    is_forced.is_some_and(|word| word == "force") && answers.is_some_and(|path| !path.is_empty())
}

/// Returns shell code that restores the user's locale, which git itself does not use here.
pub fn own_locale(program: &Program) -> String {
    let lines = ["LC_ALL", "LANGUAGE"].map(|name| match program.setting(name) {
        Some(value) => {
            let value = shell_word(&value);
            format!("{name}={value}; export {name}; ")
        }
        None => format!("unset {name}; "),
    });
    lines.concat()
}

fn arguments(account: &Account) -> Vec<&str> {
    let port = account.port.iter().flat_map(|port| ["-p", port.as_str()]);
    port.chain([account.destination.as_str()]).collect()
}

/// Returns ssh's configuration for an account, one option per line: `ssh -G`; `None` if this ssh does not know `-G`.
fn configured(line: &str, account: &Account) -> Option<String> {
    let command = by_shell(&format!("{line} -G \"$@\""), &arguments(account))?;
    let output = child::run(command, b"", TELLS, &Ear::Nobody).ok()??;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(told)
}

/// Returns whether the user has not configured how connections are shared.
fn may_be_kept(line: &str, account: &Account) -> bool {
    let told = configured(line, account).unwrap_or_default();
    let mut paths = told
        .lines()
        .filter_map(|line| line.strip_prefix("controlpath "));
    !told.is_empty() && paths.all(|path| path == "none")
}

/// Returns a shell that runs this line, which has these arguments as `"$@"`. Only its output is read.
fn by_shell(line: &str, arguments: &[&str]) -> Option<Command> {
    let mut command = Command::new(find_on_path("sh")?);
    on_absolute_path(&mut command);
    command.args(["-c", line, "ssh"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::null());
    Some(command)
}
