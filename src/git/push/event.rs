//! Pushes that are over in a moment: an event of the record, and finding out whether one would be taken.

use std::process::Command;
use std::time::Duration;

use super::{Ended, Signs, exact_push, neutral_push, reason};
use crate::error::Stop;
use crate::git::Repo;
use crate::git::remote::{run_within, without_userinfo};
use crate::model::CommitId;

/// How long it may take, a person who types a password included.
const LIMIT: Duration = Duration::from_secs(300);

/// Pushes one event to the record, if that is still where it was: `git push` with an explicit lease. It is over in a
/// moment; with `may_ask` git may ask for a password meanwhile. Gives git's own words, too, which decide nothing.
///
/// # Errors
/// When git cannot be started; then nothing was pushed.
pub fn push_event(
    repo: &Repo,
    to: (&str, &str),
    commit: &CommitId,
    expected: Option<&CommitId>,
    may_ask: bool,
) -> Result<(Ended, String), Stop> {
    let (remote, reference) = to;
    let command = asking(exact_push(repo, remote, reference, commit, expected), may_ask);
    let Ok(output) = run_within(command, LIMIT) else { return Ok((Ended::Unclear, String::new())) };
    let (said, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut signs = Signs::default();
    let told: Vec<&str> = words.split(['\n', '\r']).filter(|line| signs.line(line)).collect();
    let ended = signs.judge(&said, output.status.code());
    // Why the server said no stands on the other stream than all else.
    let reason = reason(&said);
    let words = reason.as_deref().into_iter().chain(told);
    Ok((ended, words.map(without_userinfo).collect::<Vec<_>>().join("\n")))
}

/// Whether a remote would take a push from here, as far as it says so before one: `git push --dry-run` of a ref's
/// deletion, which is sent no further than to the list of what it has. The inner error has git's words.
///
/// # Errors
/// When git cannot be started.
pub fn may_push(repo: &Repo, remote: &str, may_ask: bool) -> Result<Result<(), Vec<String>>, Stop> {
    // To delete what nobody has asks nothing of this clone, and even a dry run that went wrong could harm nothing.
    let mut command = neutral_push(repo, remote);
    command.args(["--dry-run", "--", remote, ":refs/smp/nobody-has-this"]);
    let output = match run_within(asking(command, may_ask), LIMIT) {
        Ok(output) if output.status.success() => return Ok(Ok(())),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(why) => why,
    };
    Ok(Err(first_words(&output)))
}

/// Whether a remote takes refs such as this one, which nobody has: it is pushed and taken back, `git push` twice, each
/// with an exact lease. A dry run would not come as far as the host's own rules. The inner error has git's words.
///
/// # Errors
/// When git cannot be started.
pub fn probe(repo: &Repo, to: (&str, &str), commit: &CommitId, may_ask: bool) -> Result<Result<(), Vec<String>>, Stop> {
    let (remote, reference) = to;
    let (ended, words) = push_event(repo, to, commit, None, may_ask)?;
    if matches!(ended, Ended::Declined | Ended::Stale | Ended::NothingSent | Ended::Refused(_)) {
        return Ok(Err(first_words(&words)));
    }
    // What broke off may have arrived all the same, so it is taken back, too.
    let mut command = neutral_push(repo, remote);
    command.args([&format!("--force-with-lease={reference}:{commit}"), "--", remote, &format!(":{reference}")]);
    let gone = run_within(asking(command, may_ask), LIMIT).is_ok_and(|output| output.status.success());
    Ok(match (ended, gone) {
        (Ended::Accepted, true) => Ok(()),
        (Ended::Accepted, false) => {
            Err(vec![format!("{reference} was made there to try, and could not be taken back")])
        }
        _ => Err(first_words(&words)),
    })
}

/// Lets git ask for a password on the terminal.
fn asking(mut command: Command, may_ask: bool) -> Command {
    if may_ask {
        command.env_remove("GIT_TERMINAL_PROMPT");
    }
    command
}

/// The beginning of what git said, without the address and without who logs in there.
fn first_words(words: &str) -> Vec<String> {
    let lines = words.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("To ")).take(4);
    lines.map(|line| without_userinfo(line.trim_start_matches("fatal: "))).collect()
}
