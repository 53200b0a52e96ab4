//! What people are told to do where a remote lets nobody in.

use crate::core::refusal::Refusal;
use crate::core::text::{shell_word, visible};
use crate::git::Repo;
use crate::git::address::{Login, Place, Way};
use crate::git::person::words::{asks_for_a_password, is_locked_out, is_unknown_host};
use crate::git::person::{At, Errand};

/// What ssh says of a host that has another key than it had.
const CHANGED: &str = "REMOTE HOST IDENTIFICATION HAS CHANGED";

/// What is to be done first.
pub struct Advice {
    /// Why, where that is not said in so many words.
    pub because: Option<String>,
    first: String,
    /// The command that does it, where there is one.
    command: Option<String>,
}

impl Advice {
    fn of(first: String, command: Option<String>) -> Self {
        Self {
            because: None,
            first,
            command,
        }
    }

    /// The hint that ends in the command which comes after it.
    pub fn then(&self, next: &str) -> String {
        match &self.command {
            Some(command) => format!("{}: {command}\nthen: {next}", self.first),
            None => format!("{}, then: {next}", self.first),
        }
    }
}

/// Who is to log in where, or whose key is to be looked at, by what git and ssh said; `None` where it is not about that.
pub fn advice(repo: &Repo, remote: &str, way: Way, words: &str) -> Option<Advice> {
    let at = At::of(repo, remote, way)?;
    let own: Vec<&str> = words
        .lines()
        .filter(|line| !line.starts_with("remote:"))
        .collect();
    let own = own.join("\n");
    match &at.place {
        Place::Http(site) if asks_for_a_password(&own) => {
            let name = site
                .user
                .as_ref()
                .map(|name| format!(" as {name}"))
                .unwrap_or_default();
            Some(Advice::of(format!("log in to {}{name}", site.origin), None))
        }
        Place::Ssh(login) if own.contains(CHANGED) => Some(changed(login, &own)),
        Place::Ssh(login) if is_unknown_host(&own) => Some(Advice::of(
            "look at its key and confirm it".to_owned(),
            Some(ssh_line(login)),
        )),
        Place::Ssh(login) if is_locked_out(&own) => Some(Advice::of(
            format!("log in as {}; load the key for it", login.destination),
            Some(at.ssh_add(login)),
        )),
        _ => None,
    }
}

/// Adds to a refusal to look who is to do what. `words`: all that git and ssh said.
pub fn advised(errand: &Errand<'_>, words: &str, mut refusal: Refusal) -> Refusal {
    let Some(advice) = advice(errand.repo, errand.remote, errand.way, words) else {
        return refusal;
    };
    if let Some(because) = advice.because {
        refusal.report.because.insert(0, because);
    }
    let hint = match advice.command {
        Some(command) => format!("{}: {command}", advice.first),
        None => format!(
            "{}, then try: git ls-remote {}",
            advice.first,
            shell_word(errand.remote)
        ),
    };
    refusal.report.hint = Some(hint.into());
    refusal
}

/// A host's key that changed: either its people did that, or somebody else answers in its place.
fn changed(login: &Login, words: &str) -> Advice {
    // ssh names the host and the file as it knows them.
    let between = |start: &str, end: &str| {
        let line = words
            .lines()
            .find_map(|line| line.trim().strip_prefix(start))?;
        line.split(end).next().map(str::to_owned)
    };
    let host = between("Host key for ", " has changed").unwrap_or_else(|| known_as(login));
    let file = words.lines().find_map(|line| {
        let (_, place) = line
            .trim()
            .strip_prefix("Offending ")?
            .split_once(" key in ")?;
        place.rsplit_once(':').map(|(file, _)| file)
    });
    let file = file
        .map(|file| format!("-f {} ", shell_word(&visible(file))))
        .unwrap_or_default();
    let forget = format!("ssh-keygen {file}-R {}", shell_word(&visible(&host)));
    Advice {
        because: Some(format!(
            "the ssh key of {} is not the one that was confirmed here: it was changed, or somebody else answers",
            login.destination
        )),
        first: "ask those who run the host whether they changed its key; only if they did"
            .to_owned(),
        command: Some(format!("{forget} && {}", ssh_line(login))),
    }
}

/// How a list of known hosts names it.
fn known_as(login: &Login) -> String {
    let host = login
        .destination
        .rsplit_once('@')
        .map_or(login.destination.as_str(), |(_, host)| host);
    match login.port.as_deref() {
        None | Some("22") => host.to_owned(),
        Some(port) => format!("[{host}]:{port}"),
    }
}

fn ssh_line(login: &Login) -> String {
    let port = login
        .port
        .as_ref()
        .map(|port| format!(" -p {port}"))
        .unwrap_or_default();
    format!("ssh -T{port} {}", shell_word(&login.destination))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_changed_is_forgotten_where_ssh_found_it() {
        let login = |port: Option<&str>| Login {
            destination: "git@h.example".to_owned(),
            port: port.map(str::to_owned),
        };
        let words = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n\
                     Offending ED25519 key in /home/ada b/.ssh/known_hosts:12\n\
                     Host key for [h.example]:2222 has changed and you have requested strict checking.";
        let told = |port, words: &str| changed(&login(port), words).command.unwrap();
        assert_eq!(
            told(Some("2222"), words),
            "ssh-keygen -f '/home/ada b/.ssh/known_hosts' -R '[h.example]:2222' && ssh -T -p 2222 git@h.example"
        );
        assert_eq!(
            told(None, CHANGED),
            "ssh-keygen -R h.example && ssh -T git@h.example"
        );
        assert!(told(Some("2222"), CHANGED).starts_with("ssh-keygen -R '[h.example]:2222' "));
    }
}
