//! The hint for a key that is configured well, but that only an agent or its passphrase opens.

use crate::core::typed::{Hint, Typed};
use crate::git::Repo;

/// Returns how to load a key into the agent, if `ssh-keygen` says that only this is missing.
pub(super) fn cure(repo: &Repo, words: &[String]) -> Option<Hint> {
    let known = [
        "incorrect passphrase supplied",
        "Couldn't get agent socket",
        "Couldn't find key in agent",
        "No private key found",
    ];
    let mut lines = words.iter();
    let line = lines.find(|line| known.iter().any(|known| line.contains(known)))?;
    let file = line.split_once("Load key \"");
    let file = file.and_then(|(_, rest)| Some(rest.split_once('"')?.0));
    let add = Typed::other("ssh-add");
    let load = match file {
        Some(file) => Hint::run("load your key into the ssh agent", add.arg(file)),
        None => Hint::run(
            "load your key into the ssh agent, with the file of the private key in place of the dots",
            add.dots(),
        ),
    };
    if repo.program().variable("SSH_AUTH_SOCK").is_some() {
        return Some(load);
    }
    let start = Typed::other("eval \"$(ssh-agent -s)\"");
    Some(Hint::run("start an ssh agent", start).and(load))
}
