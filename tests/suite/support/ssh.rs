//! An ssh host: a real `sshd` per connection, with its own keys, users and commands, and connections that can be cut.

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

/// The host. It serves every repository of its world to the world's key, and only git's own commands.
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
    /// Starts a host on a free port of loopback, with the world's key, and makes it known to the world's ssh.
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

    /// Returns the address of a repository of the world.
    pub fn url(&self, repository: &Path) -> String {
        format!(
            "ssh://{}@{}{}",
            self.user,
            self.listener.address,
            repository.display()
        )
    }

    /// Allows the world's key to read and push.
    pub fn lets_in(&self) {
        let serve = self.folder.join("serve");
        let line = format!("restrict,command=\"{}\" {}", serve.display(), self.key);
        std::fs::write(self.folder.join("authorized_keys"), line).unwrap();
        let _ = std::fs::remove_file(self.folder.join("read-only"));
    }

    /// Rejects every key from now on.
    pub fn lets_nobody_in(&self) {
        std::fs::write(self.folder.join("authorized_keys"), "").unwrap();
    }

    /// Creates a repository with the first push to it, as Dokku and Piku create an app, and deploys each push. Before
    /// that it answers with these words, or with git's.
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

    /// Returns the script that runs before git's own commands.
    pub fn before(&self) -> std::path::PathBuf {
        self.folder.join("before")
    }

    /// Allows the world's key to read only.
    pub fn lets_nobody_push(&self) {
        self.turns_pushes_away_with("this key may not push here");
    }

    /// Allows the world's key to read, and answers a push with these words.
    pub fn turns_pushes_away_with(&self, words: &str) {
        std::fs::write(self.folder.join("read-only"), format!("{words}\n")).unwrap();
    }

    /// Accepts further connections without an answer; the world's ssh waits one second.
    pub fn falls_silent(&self) {
        std::fs::write(self.folder.join("config"), client(&self.folder, 1)).unwrap();
        self.shared.silent.store(true, Ordering::SeqCst);
    }

    /// Changes the host key, so that it differs from the known one.
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

    /// Protects the world's key with a passphrase that no agent has.
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

    /// Removes the host from the known hosts, so that ssh asks about it.
    pub fn is_a_stranger(&self) {
        std::fs::write(self.folder.join("known_hosts"), "").unwrap();
        self.changes_client(|config| {
            config.replace("StrictHostKeyChecking yes", "StrictHostKeyChecking ask")
        });
    }

    /// Adds a line to the configuration of the world's ssh.
    pub fn configures_client(&self, line: &str) {
        self.changes_client(|config| format!("{config}  {line}\n"));
    }

    fn changes_client(&self, change: impl FnOnce(String) -> String) {
        let file = self.folder.join("config");
        std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
    }

    /// Accepts the client's locale, as most systems do, and passes it to hooks.
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

    /// Returns the configuration file of the world's ssh.
    pub fn client_config(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// Cuts every open connection. git's process for it is not notified.
    pub fn cuts(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            reset_at_end(&stream);
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until no connection is open.
    #[track_caller]
    pub fn is_left(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.connections() > 0 {
            assert!(Instant::now() < deadline, "somebody stays connected");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Returns the number of all connections so far.
    pub fn connected(&self) -> usize {
        self.shared.open.lock().unwrap().len()
    }

    /// Returns every command that git requested so far, such as `git-receive-pack '/…/production.git'`.
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

/// Returns the path of `sshd`, which is usually not on PATH.
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

/// Returns the configuration of `sshd`. The user's shell runs the commands; its start files must not be read, so it
/// gets another home.
fn configuration(folder: &Path, home: &Path) -> String {
    let (own, home) = (folder.display(), home.display());
    format!(
        "HostKey {own}/host\nAuthorizedKeysFile {own}/authorized_keys\nPidFile none\nStrictModes no\nUseDNS no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPermitUserRC no\n\
         PermitUserEnvironment no\nPrintMotd no\nX11Forwarding no\n\
         SetEnv HOME={home} ZDOTDIR={home} XDG_CONFIG_HOME={home}/.config\n"
    )
}

/// Returns the configuration of the world's ssh, without the developer's own, and with the fastest key exchange.
fn client(folder: &Path, patience: u64) -> String {
    let own = folder.display();
    format!(
        "Host *\n  IdentityFile {own}/client\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
         UserKnownHostsFile {own}/known_hosts\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  \
         PreferredAuthentications publickey\n  KexAlgorithms curve25519-sha256\n  ConnectTimeout {patience}\n  LogLevel ERROR\n"
    )
}

/// Returns the forced command of the key: only git's own commands, in the world's environment.
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
