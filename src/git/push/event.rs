//! Pushes that are over in a moment: an event of the record, and finding out whether one would be taken.

use std::process::{Command, Output};
use std::time::Duration;

use super::{Ended, exact_push, is_progress, is_sending, is_unnameable, judge, neutral_push};
use crate::error::Stop;
use crate::git::Repo;
use crate::git::address::Way;
use crate::git::person::{self, Errand};
use crate::git::remote::without_userinfo;
use crate::model::CommitId;
use crate::prompt::somebody_is_there;

/// How long it may take.
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
    let make = || exact_push(repo, remote, reference, commit, expected);
    let Ok(output) = run(repo, remote, may_ask, &make) else { return Ok((Ended::Unclear, String::new())) };
    let (said, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines = || words.split(['\n', '\r']);
    let sent = lines().any(is_sending);
    let never_began = !sent && said.is_empty() && lines().any(is_unnameable);
    let ended = if never_began { Ended::NothingSent } else { judge(&said, output.status.code(), sent) };
    // Why the server said no stands on the other stream than all else.
    let reason = said.lines().find_map(|line| line.strip_prefix("!\t")?.split('\t').nth(1));
    let words = reason.into_iter().chain(lines().filter(|line| !is_progress(line)));
    Ok((ended, words.map(without_userinfo).collect::<Vec<_>>().join("\n")))
}

/// Whether a remote would take a push from here, as far as it says so before one: `git push --dry-run` of a ref's
/// deletion, which is sent no further than to the list of what it has. The inner error has git's words.
///
/// # Errors
/// When git cannot be started.
pub fn may_push(repo: &Repo, remote: &str, may_ask: bool) -> Result<Result<(), Vec<String>>, Stop> {
    let output = match dry_run(repo, remote, may_ask) {
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
    if matches!(ended, Ended::Declined | Ended::Stale | Ended::NothingSent) {
        return Ok(Err(first_words(&words)));
    }
    // What broke off may have arrived all the same, so it is taken back, too.
    let make = || {
        let mut command = neutral_push(repo, remote);
        command.args([&format!("--force-with-lease={reference}:{commit}"), "--", remote, &format!(":{reference}")]);
        command
    };
    let gone = run(repo, remote, may_ask, &make).is_ok_and(|output| output.status.success());
    Ok(match (ended, gone) {
        (Ended::Accepted, true) => Ok(()),
        (Ended::Accepted, false) => {
            Err(vec![format!("{reference} was made there to try, and could not be taken back")])
        }
        _ => Err(first_words(&words)),
    })
}

/// Lets a person log in where a push needs that, and says whether the remote would let us push now.
///
/// # Errors
/// When git cannot be started.
pub(super) fn logs_in(repo: &Repo, remote: &str) -> Result<bool, Stop> {
    Ok(somebody_is_there() && may_push(repo, remote, true)?.is_ok())
}

/// To delete what nobody has asks nothing of this clone, and even a dry run that went wrong could harm nothing.
fn dry_run(repo: &Repo, remote: &str, may_ask: bool) -> Result<Output, String> {
    let make = || {
        let mut command = neutral_push(repo, remote);
        command.args(["--dry-run", "--", remote, ":refs/smp/nobody-has-this"]);
        command
    };
    run(repo, remote, may_ask, &make)
}

fn run(repo: &Repo, remote: &str, may_ask: bool, make: &dyn Fn() -> Command) -> Result<Output, String> {
    person::run(&Errand { repo, remote, way: Way::Push, may_ask, limit: LIMIT }, make)
}

/// The beginning of what git said, without the address and without who logs in there.
fn first_words(words: &str) -> Vec<String> {
    let lines = words.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("To ")).take(4);
    lines.map(|line| without_userinfo(line.trim_start_matches("fatal: "))).collect()
}
