//! A host that is reached over ssh: a real `sshd` that starts for each connection, with keys, users and commands of its
//! own, and connections that break on request.

use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::capture::PATIENCE;
use super::deploy::DEPLOYS;
use super::sandbox::World;
use super::wire::{Closing, Listener, reset_at_end};

/// The host. It serves every repository of its world to whoever has the world's key, and git's own commands alone.
pub struct SshHost {
    folder: PathBuf,
    user: String,
    key: String,
    shared: Arc<Shared>,
    listener: Listener,
}

#[derive(Default)]
struct Shared {
    silent: AtomicBool,
    connections: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl SshHost {
    /// Starts a host on a free port of loopback, and lets the world's git find it: its key, and what it is known by.
    #[track_caller]
    pub fn start(world: &World) -> SshHost {
        let sshd = sshd();
        let folder = world.path("ssh");
        std::fs::create_dir_all(&folder).unwrap();
        let keys = ["host", "client"].map(|name| {
            let file = folder.join(name);
            let args = [
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                name,
                "-f",
                file.to_str().unwrap(),
            ];
            world.runner().program("ssh-keygen", &args).ok();
            std::fs::read_to_string(file.with_extension("pub")).unwrap()
        });
        let config = folder.join("sshd_config");
        std::fs::write(&config, configuration(&folder, &world.path("home"))).unwrap();
        let test = world
            .runner()
            .program(&sshd, &["-t", "-f", config.to_str().unwrap()]);
        assert_eq!(
            test.code, 0,
            "sshd does not start here (as root it needs the folder /run/sshd): {test}"
        );
        world.executable(folder.join("serve"), &serve(world, &folder));

        let shared = Arc::new(Shared::default());
        let (serving, log) = (shared.clone(), folder.join("log"));
        let listener = Listener::start(move |stream, closing| {
            serving.connection(
                &stream,
                closing,
                &[&sshd, Path::new("-i"), Path::new("-f"), &config],
                &log,
            );
        });
        let [known, key] = keys;
        let port = listener.address.port();
        std::fs::write(
            folder.join("known_hosts"),
            format!("[127.0.0.1]:{port} {known}"),
        )
        .unwrap();
        std::fs::write(folder.join("config"), client(&folder, PATIENCE.as_secs())).unwrap();
        world.configure(
            "core.sshCommand",
            &format!("ssh -F '{}'", folder.join("config").display()),
        );
        let user = world
            .runner()
            .program("id", &["-un"])
            .ok()
            .out()
            .trim()
            .to_owned();
        let host = SshHost {
            folder,
            user,
            key,
            shared,
            listener,
        };
        host.lets_in();
        host
    }

    /// The address of a repository of the world.
    pub fn url(&self, repository: &Path) -> String {
        format!(
            "ssh://{}@{}{}",
            self.user,
            self.listener.address,
            repository.display()
        )
    }

    /// Lets the world's key in, to read and to push.
    pub fn lets_in(&self) {
        let serve = self.folder.join("serve");
        let line = format!("restrict,command=\"{}\" {}", serve.display(), self.key);
        std::fs::write(self.folder.join("authorized_keys"), line).unwrap();
        let _ = std::fs::remove_file(self.folder.join("read-only"));
    }

    /// Knows nobody's key any more.
    pub fn lets_nobody_in(&self) {
        std::fs::write(self.folder.join("authorized_keys"), "").unwrap();
    }

    /// Makes a repository with the first push to it, as Dokku and Piku make an app; it deploys what is pushed. Before
    /// that it says these words or, where there are none, what git says.
    pub fn makes_apps(&self, words: Option<&str>) {
        let own = self.folder.display();
        std::fs::write(self.folder.join("hook"), format!("#!/bin/sh\n{DEPLOYS}\n")).unwrap();
        let words = words
            .map(|words| format!("*) [ -d \"$app\" ] || {{ echo '{words}' >&2; exit 1; }} ;;\n"));
        let script = format!(
            "app=${{SSH_ORIGINAL_COMMAND#*\\'}}\napp=${{app%\\'}}\ncase \"$SSH_ORIGINAL_COMMAND\" in\n\
             git-receive-pack*) [ -d \"$app\" ] || {{ git init -q --bare \"$app\" && \
             cp '{own}/hook' \"$app/hooks/post-receive\" && chmod 755 \"$app/hooks/post-receive\"; }} ;;\n{}esac\n",
            words.unwrap_or_default()
        );
        std::fs::write(self.before(), script).unwrap();
    }

    /// The script that is run before git's own commands.
    pub fn before(&self) -> std::path::PathBuf {
        self.folder.join("before")
    }

    /// Lets the world's key read, and not push.
    pub fn lets_nobody_push(&self) {
        self.turns_pushes_away_with("this key may not push here");
    }

    /// Lets the world's key read, and says this to whoever wants to push.
    pub fn turns_pushes_away_with(&self, words: &str) {
        std::fs::write(self.folder.join("read-only"), format!("{words}\n")).unwrap();
    }

    /// Takes connections from now on, and says nothing; the world's ssh has one second's patience with that.
    pub fn falls_silent(&self) {
        std::fs::write(self.folder.join("config"), client(&self.folder, 1)).unwrap();
        self.shared.silent.store(true, Ordering::SeqCst);
    }

    /// Has another key from now on than the one it is known by.
    #[track_caller]
    pub fn becomes_somebody_else(&self, world: &World) {
        for file in ["host", "host.pub"] {
            std::fs::remove_file(self.folder.join(file)).unwrap();
        }
        let file = self.folder.join("host");
        let args = [
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            file.to_str().unwrap(),
        ];
        world.runner().program("ssh-keygen", &args).ok();
    }

    /// Gives the world's key a passphrase; no agent has it.
    #[track_caller]
    pub fn locks_the_key(&self, world: &World, passphrase: &str) {
        let key = self.folder.join("client");
        world
            .runner()
            .program(
                "ssh-keygen",
                &[
                    "-q",
                    "-p",
                    "-P",
                    "",
                    "-N",
                    passphrase,
                    "-f",
                    key.to_str().unwrap(),
                ],
            )
            .ok();
    }

    /// Is known to nobody any more, so that ssh asks whether this is the right host.
    pub fn is_a_stranger(&self) {
        std::fs::write(self.folder.join("known_hosts"), "").unwrap();
        self.changes_client(|config| {
            config.replace("StrictHostKeyChecking yes", "StrictHostKeyChecking ask")
        });
    }

    /// Adds a line to what the world's ssh goes by.
    pub fn configures_client(&self, line: &str) {
        self.changes_client(|config| format!("{config}  {line}\n"));
    }

    fn changes_client(&self, change: impl FnOnce(String) -> String) {
        let file = self.folder.join("config");
        std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
    }

    /// Takes the locale that a client sends, as most systems do, and lets hooks see it.
    pub fn takes_the_locale(&self, world: &World) {
        let file = self.folder.join("sshd_config");
        let config = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{config}AcceptEnv LANG LC_*\n")).unwrap();
        self.configures_client("SendEnv LANG LC_*");
        let script = std::fs::read_to_string(self.folder.join("serve")).unwrap();
        let seen =
            "${LC_ALL+LC_ALL=\"$LC_ALL\"} ${LC_TIME+LC_TIME=\"$LC_TIME\"} LANG=\"$LANG\" git shell";
        let script = script
            .trim_start_matches("#!/bin/sh\n")
            .replace("git shell", seen);
        world.executable(self.folder.join("serve"), script.trim_end());
    }

    /// What the world's ssh goes by.
    pub fn client_config(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// Breaks every connection that is open now. What git does for it is not told so.
    pub fn cuts(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            reset_at_end(&stream);
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until nobody is connected any more.
    #[track_caller]
    pub fn is_left(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.connections() > 0 {
            assert!(Instant::now() < deadline, "somebody stays connected");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections there were so far.
    pub fn connected(&self) -> usize {
        self.shared.open.lock().unwrap().len()
    }

    /// Every command that git asked for so far, as `git-receive-pack '/…/production.git'`.
    pub fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.join("asked")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for SshHost {
    fn drop(&mut self) {
        self.cuts();
    }
}

impl Shared {
    fn connection(&self, stream: &TcpStream, closing: &Closing, sshd: &[&Path], log: &Path) {
        self.open.lock().unwrap().push(stream.try_clone().unwrap());
        if self.silent.load(Ordering::SeqCst) {
            closing.pause(Duration::from_secs(3600));
            return;
        }
        let end = || Stdio::from(OwnedFd::from(stream.try_clone().unwrap()));
        let mut command = Command::new(sshd[0]);
        command.args(&sshd[1..]).arg("-E").arg(log).env_clear();
        let child = command
            .stdin(end())
            .stdout(end())
            .stderr(Stdio::null())
            .spawn();
        self.connections.fetch_add(1, Ordering::SeqCst);
        let _ = child.and_then(|mut child| child.wait());
        self.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The program, which lies outside of the PATH of most people.
#[track_caller]
fn sshd() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = [
        "/usr/sbin",
        "/usr/local/sbin",
        "/sbin",
        "/opt/homebrew/sbin",
    ]
    .map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(more)
        .map(|folder| folder.join("sshd"))
        .find(|file| file.is_file());
    found.expect("git over ssh is tried against a real sshd, and there is none on this machine: install openssh-server")
}

/// The host's own. Commands are run by the shell of whoever runs the tests, whose files are not to be read: they lie in
/// the home that the shell is told of.
fn configuration(folder: &Path, home: &Path) -> String {
    let (own, home) = (folder.display(), home.display());
    format!(
        "HostKey {own}/host\nAuthorizedKeysFile {own}/authorized_keys\nPidFile none\nStrictModes no\nUseDNS no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPermitUserRC no\n\
         PermitUserEnvironment no\nPrintMotd no\nX11Forwarding no\n\
         SetEnv HOME={home} ZDOTDIR={home} XDG_CONFIG_HOME={home}/.config\n"
    )
}

/// What the world's ssh goes by, and nothing of the developer's own; keys are exchanged in the way that takes least time.
fn client(folder: &Path, patience: u64) -> String {
    let own = folder.display();
    format!(
        "Host *\n  IdentityFile {own}/client\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
         UserKnownHostsFile {own}/known_hosts\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  \
         PreferredAuthentications publickey\n  KexAlgorithms curve25519-sha256\n  ConnectTimeout {patience}\n  LogLevel ERROR\n"
    )
}

/// All that a key may do: git's own commands, in the world's environment.
fn serve(world: &World, folder: &Path) -> String {
    let own = folder.display();
    let text = |value: std::ffi::OsString| value.into_string().unwrap();
    let quoted = |value: String| format!("'{}'", value.replace('\'', "'\\''"));
    let env: Vec<String> = world
        .env()
        .into_iter()
        .map(|(name, value)| format!("{}={}", text(name), quoted(text(value))))
        .collect();
    format!(
        "printf '%s\\n' \"$SSH_ORIGINAL_COMMAND\" >>'{own}/asked'\n\
         [ ! -e '{own}/before' ] || . '{own}/before'\n\
         case \"$SSH_ORIGINAL_COMMAND\" in\n\
         git-receive-pack*) [ ! -e '{own}/read-only' ] || {{ cat '{own}/read-only' >&2; exit 1; }} ;;\n\
         esac\n\
         exec env -i {} git shell -c \"$SSH_ORIGINAL_COMMAND\"",
        env.join(" ")
    )
}
