//! Connections that are kept for the rest of the run, and end with it, however it ends.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::core::address::is_made_of;
use crate::git::address::Account;
use crate::git::ssh::{arguments, by_shell, may_be_kept};

/// The longest path of a socket that every system accepts, less what ssh appends to it for a moment.
const LONGEST_SOCKET: usize = 104 - 18;
const ENDS: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Kept {
    folder: Option<PathBuf>,
    connections: Vec<Connection>,
    /// Accounts whose connections cannot be kept.
    apart: Vec<Account>,
}

impl Kept {
    pub fn socket(&self, account: &Account) -> Option<PathBuf> {
        self.known(account).filter(|socket| socket.exists())
    }

    /// Returns the place for a connection's socket; `None` if there is none.
    pub fn place(&mut self, line: &str, account: &Account) -> Option<PathBuf> {
        if let Some(socket) = self.known(account) {
            return Some(socket);
        }
        if self.apart.contains(account) {
            return None;
        }
        let place = may_be_kept(line, account)
            .then(|| self.new_place(line, account))
            .flatten();
        if place.is_none() {
            self.apart.push(account.clone());
        }
        place
    }

    fn new_place(&mut self, line: &str, account: &Account) -> Option<PathBuf> {
        self.folder = self.folder.take().or_else(private_folder);
        let folder = self.folder.as_ref()?;
        let socket = folder.join(self.connections.len().to_string());
        let Some(warden) = warden(line, account, folder, &socket) else {
            // Only an empty folder is removed. One that stays behind is no failure.
            let _ = fs::remove_dir(folder);
            return None;
        };
        self.connections.push(Connection {
            account: account.clone(),
            socket: socket.clone(),
            warden: Some(warden),
        });
        Some(socket)
    }

    /// Returns whether there is a place for the connection, but no connection yet.
    pub fn is_to_come(&self, account: &Account) -> bool {
        self.known(account).is_some_and(|socket| !socket.exists())
    }

    fn known(&self, account: &Account) -> Option<PathBuf> {
        let mut all = self.connections.iter();
        let own = all.find(|own| own.account == *account)?;
        Some(own.socket.clone())
    }
}

struct Connection {
    account: Account,
    socket: PathBuf,
    warden: Option<Child>,
}

impl Drop for Connection {
    /// Closes the warden's input, which signals the end of this program. A Ctrl-C or a kill closes it as well.
    fn drop(&mut self) {
        let Some(mut warden) = self.warden.take() else {
            return;
        };
        drop(warden.stdin.take());
        // The warden ends as soon as it has stopped the connection. One that hangs does not hold up this program.
        let (sender, end) = mpsc::channel();
        thread::spawn(move || sender.send(warden.wait()));
        let _ = end.recv_timeout(ENDS);
    }
}

/// Starts the warden, which ends a connection and removes its socket and the folder as soon as this program is gone. A
/// push that was left goes on over the connection until it ends.
fn warden(line: &str, account: &Account, folder: &Path, socket: &Path) -> Option<Child> {
    let (folder, socket) = (folder.display(), socket.display());
    let script =
        format!("trap '' HUP INT TERM; read -r end; {line} \"$@\"; rm -f {socket}; rmdir {folder}");
    let path = format!("-oControlPath={socket}");
    let stop = [vec!["-O", "stop", &path], arguments(account)].concat();
    let mut command = by_shell(&script, &stop)?;
    command.current_dir("/").stdin(Stdio::piped());
    command.stdout(Stdio::null());
    // Neither a Ctrl-C nor the end of the terminal may reach the warden.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().ok()
}

/// Creates a folder for its owner alone, with a path that is short and plain enough for sockets.
pub fn private_folder() -> Option<PathBuf> {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new().hash_one(std::process::id());
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let own = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = own.into_iter().chain([env::temp_dir(), "/tmp".into()]);
    places
        .map(|place| place.join(format!("git-smp-{random:016x}")))
        .find(|folder| is_plain(folder) && builder.create(folder).is_ok())
}

fn is_plain(folder: &Path) -> bool {
    let text = folder.to_string_lossy();
    folder.is_absolute() && is_made_of(&text, "/._-") && text.len() + 4 < LONGEST_SOCKET
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_lies_where_its_path_needs_no_quotes_and_is_short() {
        assert!(is_plain(Path::new(
            "/run/user/1000/git-smp-0123456789abcdef"
        )));
        for folder in [
            "/tmp/with blank",
            "/tmp/100%",
            "relative",
            &format!("/{}", "x".repeat(90)),
        ] {
            assert!(!is_plain(Path::new(folder)), "{folder}");
        }
    }
}
