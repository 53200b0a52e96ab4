//! Runs commands of a host, over the ssh that reaches its repositories.

use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::shell_word;
use crate::core::typed::Typed;
use crate::git::Repo;
use crate::git::address::{Purpose, Transport};
use crate::git::advice::{ssh_line, unreachable};
use crate::git::network::{Errand, NoAnswer};

/// ssh's exit code if it did not reach the host.
const NOT_REACHED: i32 = 255;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostAnswer {
    pub succeeded: bool,
    pub out: String,
    pub said: String,
}

/// Runs a command on the host of a remote: `ssh ACCOUNT WORDS`. A shell there reads the words.
///
/// # Errors
/// `unreachable`, with ssh's words, if the host does not answer or the remote is not reached over OpenSSH.
pub fn ask(repo: &Repo, remote: &str, words: &str, may_ask: bool) -> Result<HostAnswer, Refusal> {
    let errand = Errand::new(repo, remote, Purpose::Ask, may_ask);
    if !errand.reaches_a_host() {
        let what = format!("{remote} is not reached over ssh, so its host cannot be asked");
        return Err(Refusal::new(RefusalCode::Unreachable, what)
            .because(
                "the address is not an ssh address, or GIT_SSH names a program other than OpenSSH",
            )
            .run(
                "see the address",
                Typed::other("git remote get-url").arg(remote),
            ));
    }
    let reached = match errand.run(&[words.to_owned()]) {
        Ok(output) if output.status.code() == Some(NOT_REACHED) => {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
        other => other.map_err(NoAnswer::words),
    };
    let output = reached.map_err(|words| unreachable(&errand, &words))?;
    Ok(HostAnswer {
        succeeded: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Returns the command that a person types to run this on the host.
pub fn typed(repo: &Repo, remote: &str, words: &str) -> Typed {
    let place = Errand::new(repo, remote, Purpose::Ask, false).place;
    Typed::other(match place {
        Transport::Ssh(account) => format!(
            "{} {words}",
            ssh_line(&account).replacen("ssh -T", "ssh", 1)
        ),
        _ => format!("ssh {} {words}", shell_word(remote)),
    })
}
