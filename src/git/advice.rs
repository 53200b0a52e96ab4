//! What to do if a remote refuses access, or accepts no push.

use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::{shell_word, visible};
use crate::core::typed::{Hint, Typed};
use crate::core::words::SMP_TOML;
use crate::git::address::{Account, Purpose, Transport};
use crate::git::network::Errand;
use crate::git::push::{NOBODYS, dry_run};
use crate::git::remote::question;
use crate::git::response::{
    LineKind, denies, first_words, lines, look_status, means, wants_password,
};
use crate::git::{Repo, moved};

/// What a host's HTTP answer to a push means, and what helps.
const ANSWERS: [(&[u16], &str, &str); 6] = [
    (
        &[302, 303],
        SENT_ON,
        "log in at the address that it redirects to, or ask the host's administrators",
    ),
    (&[401], "its host does not know who you are", "log in there"),
    (
        &[403],
        "its host does not allow you to push",
        "ask for permission to push there",
    ),
    (
        &[404, 410],
        "its host has no such repository, or does not show it to you",
        "see whether the host allows you to push",
    ),
    (&[409, 423, 429], "its host is busy", "wait a little"),
    (
        &[413],
        "its host accepts no push of that size",
        "ask for a higher limit there, or push over ssh",
    ),
];
const SENT_ON: &str = "its host redirects pushes to another address";

/// Why a remote refuses access, and what helps.
pub struct Shut {
    /// One cause per line.
    pub because: Vec<String>,
    /// What to do. The last command is the one to go on with.
    pub hint: Hint,
}

/// Returns who must log in where, or which key to check, by the words of git and ssh; `None` if neither is the problem.
fn advice(errand: &Errand<'_>, words: &str, next: &Typed) -> Option<Shut> {
    let mut because = Vec::new();
    let (first, command) = match &errand.place {
        Transport::Http(site) if wants_password(words) => {
            let name = site.user.as_ref().map(|name| format!(" as {name}"));
            let first = format!("log in to {}{}", site.origin, name.unwrap_or_default());
            return Some(Shut {
                because,
                hint: then(&first, next),
            });
        }
        Transport::Ssh(account) if means(words, LineKind::ChangedHost) => {
            because.push(format!(
                "the ssh host key of {} is not the one that you confirmed: it was changed, or another machine answers",
                account.destination
            ));
            let first =
                "ask the host's administrators whether they changed its key; only if they did";
            (first.to_owned(), forget_key(words) + &ssh_line(account))
        }
        Transport::Ssh(account) if means(words, LineKind::UnknownHost) => (
            "look at its key and confirm it".to_owned(),
            ssh_line(account),
        ),
        Transport::Ssh(account) if means(words, LineKind::LockedOut) => (
            format!("log in as {}; load the key for it", account.destination),
            errand.ssh_add(account),
        ),
        _ => return None,
    };
    let first = Hint::run(first, Typed::other(command));
    Some(Shut {
        because,
        hint: first.and(Hint::run("then", next.clone())),
    })
}

fn then(first: &str, next: &Typed) -> Hint {
    Hint::run(format!("{first}, then"), next.clone())
}

/// Returns the refusal of a look or a fetch. `words` is all that git and ssh printed.
pub(super) fn unreachable(errand: &Errand<'_>, words: &str) -> Refusal {
    let remote = errand.remote;
    if let Some(status) = look_status(words).filter(|status| moved::is_redirect(*status)) {
        let traced = errand.run_traced(&question(remote, &["HEAD"]));
        let to = traced.and_then(|(_, to)| to);
        // Unlike a plain `ls-remote`, this one follows no redirect.
        let look = Typed::other("git -c http.followRedirects=false ls-remote").arg(remote);
        return moved::refusal(remote, status, (to.as_deref(), &errand.address()), &look);
    }
    let look = Typed::other("git ls-remote").arg(remote);
    let (what, hint) = match errand.purpose {
        // The remote may answer, and this clone may be unable to store what it sends.
        Purpose::Fetch => (
            format!("the missing commits could not be fetched from {remote}"),
            Hint::run("see what git says", Typed::other("git fetch").arg(remote)),
        ),
        Purpose::Look | Purpose::Push | Purpose::Ask => (
            format!("the remote {remote} does not answer"),
            Hint::run("see whether it answers", look.clone()),
        ),
    };
    let because = Vec::new();
    let shut = advice(errand, words, &look).unwrap_or(Shut { because, hint });
    let because = shut.because.into_iter().chain(first_words(words));
    let report = because.fold(Report::new(what), Report::because);
    report.hint(shut.hint).refused(RefusalCode::Unreachable)
}

/// Adds the same command again to a failure of git whose cause is in this clone: a full disk, or a file that is locked.
pub fn once_corrected(stop: Stop) -> Stop {
    stop.retold(|report| report.run("correct the problem, then", Typed::once_more()))
}

/// Explains a push that ended before anything was sent. `key`: its address in `smp.toml`; `next`: the command after it.
pub fn shut(repo: &Repo, (remote, key): (&str, &str), words: &str, next: &Typed) -> Shut {
    let errand = Errand::new(repo, remote, Purpose::Push, false);
    if let Some(shut) = look_status(words).and_then(|status| sent_on(&errand, key, status, next)) {
        return shut;
    }
    let because = first_words(words);
    if let Some(mut shut) = advice(&errand, words, next) {
        shut.because.extend(because);
        return shut;
    }
    let hint = if denies(words) {
        let remote = shell_word(remote);
        then(&format!("ask for permission to push to {remote}"), next)
    } else if words.contains("matches more than one") {
        let list = Typed::other("git ls-remote").arg(remote);
        let say = "list the branches and tags whose names contain refs/heads/, and rename them";
        Hint::run(say, list.plain("'refs/*/refs/heads/*'")).and(Hint::run("then", next.clone()))
    } else {
        let dry = Typed::other("git push --dry-run --no-verify").arg(remote);
        let dry = Hint::run(
            "see whether the host allows you to push",
            dry.plain("HEAD:refs/smp/test"),
        );
        dry.and(Hint::run("then", next.clone()))
    };
    Shut { because, hint }
}

/// Explains a push that the host refused with this HTTP status, before any work.
pub fn turned_away(repo: &Repo, (remote, key): (&str, &str), status: u16, next: &Typed) -> Shut {
    let errand = Errand::new(repo, remote, Purpose::Push, false);
    if let Some(shut) = sent_on(&errand, key, status, next) {
        return shut;
    }
    let known = ANSWERS.iter().find(|(all, ..)| all.contains(&status));
    let (meaning, hint) = match known {
        Some((_, meaning, first)) => (*meaning, then(first, next)),
        None if moved::is_redirect(status) => {
            let say = format!("set {key} in {SMP_TOML} to the address that it redirects to, then");
            (SENT_ON, moved::setup_then(say, next))
        }
        None => (
            "its host declined the push",
            then("ask the host's administrators", next),
        ),
    };
    let login = advice(&errand, "fatal: Authentication failed", next).filter(|_| status == 401);
    Shut {
        because: vec![meaning.to_owned()],
        hint: login.map_or(hint, |login| login.hint),
    }
}

/// Returns where the host redirects a push, as `git push --dry-run` shows it; `None` if it does not say.
fn sent_on(errand: &Errand<'_>, key: &str, status: u16, next: &Typed) -> Option<Shut> {
    if !moved::is_redirect(status) {
        return None;
    }
    let (_, to) = errand.run_traced(&dry_run(errand, NOBODYS, None))?;
    let leads = (Some(to.as_deref()?), errand.address());
    let refusal = moved::refusal(errand.remote, status, (leads.0, &leads.1), next);
    let report = moved::with_key(refusal, key).report;
    let because = std::iter::once(report.error).chain(report.because);
    Some(Shut {
        because: because.collect(),
        hint: report.hint.unwrap_or_default(),
    })
}

/// Returns the command that removes a host's key, as ssh names both, up to the command after it. The key changed:
/// either the host's administrators changed it, or another machine answers.
fn forget_key(words: &str) -> String {
    let all: Vec<&str> = lines(words).map(str::trim).collect();
    let host = all.iter().find_map(|line| {
        let host = line.strip_prefix("Host key for ")?;
        host.split(" has changed").next()
    });
    let file = all.iter().find_map(|line| {
        let (_, place) = line.strip_prefix("Offending ")?.split_once(" key in ")?;
        place.rsplit_once(':')
    });
    match (host, file) {
        (Some(host), Some((file, _))) => {
            let [file, host] = [file, host].map(|name| shell_word(&visible(name)));
            format!("ssh-keygen -f {file} -R {host} && ")
        }
        _ => String::new(),
    }
}

pub(super) fn ssh_line(account: &Account) -> String {
    let port = account.port.as_ref().map(|port| format!(" -p {port}"));
    let destination = shell_word(&account.destination);
    format!("ssh -T{} {destination}", port.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_changed_is_forgotten_where_ssh_found_it() {
        let words = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n\
                     Offending ED25519 key in /home/ada b/.ssh/known_hosts:12\n\
                     Host key for [h.example]:2222 has changed and you have requested strict checking.";
        let forget = "ssh-keygen -f '/home/ada b/.ssh/known_hosts' -R '[h.example]:2222' && ";
        assert_eq!(forget_key(words), forget);
        assert_eq!(forget_key("REMOTE HOST IDENTIFICATION HAS CHANGED"), "");
    }
}
