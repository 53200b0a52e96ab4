//! Pushes that are over in a moment: an event of the record, and finding out whether one would be taken.

use std::process::{Command, Output};
use std::time::Duration;

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::git::address::Way;
use crate::git::person::{self, Errand, NoAnswer};
use crate::git::push::judge::is_exact;
use crate::git::push::{Ended, Signs, exact_push, neutral_push, reason};
use crate::git::remote::{push_urls, without_userinfo};
use crate::git::told::first_words;
use crate::git::{Repo, moved};
use crate::terminal::prompt::somebody_is_there;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(300);
/// A ref that no repository has.
const NOBODYS: &str = "refs/smp/nobody-has-this";

/// How a push to the record ended.
pub struct Told {
    /// How it ended, as far as git says.
    pub ended: Ended,
    /// Whether the server took this very step of this very ref. The lease held then, and nothing else can be there.
    pub is_taken: bool,
    /// Git's own words, which decide nothing.
    pub words: String,
}

impl Told {
    fn of(ended: Ended, words: String) -> Self {
        Self {
            ended,
            is_taken: false,
            words,
        }
    }
}

/// Pushes to the record, if that is still where it was: `git push` with an explicit lease. It is over in a moment; with
/// `may_ask` git may ask for a password meanwhile.
///
/// # Errors
/// When git cannot be started; then nothing was pushed.
pub fn push_event(
    repo: &Repo,
    to: (&str, &str),
    commit: &CommitId,
    expected: Option<&CommitId>,
    may_ask: bool,
) -> Result<Told, Stop> {
    let (remote, reference) = to;
    let make = || exact_push(repo, remote, reference, commit, expected);
    let output = match run(repo, remote, may_ask, &make) {
        Ok(output) => output,
        Err(NoAnswer::Unanswered(words)) => return Ok(Told::of(Ended::NothingSent, words)),
        Err(NoAnswer::Silent(words)) => return Ok(Told::of(Ended::Unclear, words)),
    };
    let step = expected.map(|from| (from, commit));
    let first = judged(&output, step, reference);
    if !matches!(first.ended, Ended::Refused(status) if moved::is_redirect(status)) {
        return Ok(first);
    }
    // Nothing was taken. git says where it is sent on only of its own accord, so it is sent once more.
    let traced = || {
        let mut command = make();
        command.envs(moved::TRACING);
        command
    };
    let Ok(output) = run(repo, remote, false, &traced) else {
        return Ok(first);
    };
    let second = judged(&output, step, reference);
    let to = address(repo, remote)
        .and_then(|from| moved::location(&String::from_utf8_lossy(&output.stderr), &from));
    let leads = to.map(|to| moved::leads_to(&to));
    let words: Vec<String> = leads.into_iter().chain([second.words]).collect();
    Ok(Told {
        words: words.join("\n"),
        ..second
    })
}

/// How a push ended that was waited for. `step`: from what to what the ref was to go.
fn judged(output: &Output, step: Option<(&CommitId, &CommitId)>, reference: &str) -> Told {
    let (said, words) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let mut signs = Signs::default();
    let told: Vec<&str> = words
        .split(['\n', '\r'])
        .filter(|line| !moved::is_trace(line) && signs.line(line))
        .collect();
    let ended = signs.judge(&said, output.status.code());
    // Why the server said no stands on the other stream than all else.
    let reason = reason(&said);
    let words = reason.as_deref().into_iter().chain(told);
    let words: Vec<String> = words.map(without_userinfo).collect();
    Told {
        is_taken: ended == Ended::Accepted
            && step.is_some_and(|step| is_exact(&said, step, reference)),
        ..Told::of(ended, words.join("\n"))
    }
}

/// Where the host sends those on who ask to push, as it says to `git push --dry-run`. Gives the address that was asked,
/// too.
pub(super) fn led(repo: &Repo, remote: &str) -> (Option<String>, String) {
    let traced = || {
        let mut command = dry_run(repo, (remote, NOBODYS), None);
        command.envs(moved::TRACING);
        command
    };
    let from = address(repo, remote).unwrap_or_default();
    let to = run(repo, remote, false, &traced)
        .ok()
        .and_then(|output| moved::location(&String::from_utf8_lossy(&output.stderr), &from));
    (to, from)
}

fn address(repo: &Repo, remote: &str) -> Option<String> {
    push_urls(repo, remote).ok()?.into_iter().next()
}

/// What a remote would say to a push from here, as far as it says so before one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayPush {
    /// It lets us in. Its hooks are heard only by a real push.
    Yes,
    /// It lets us in, and the ref is not where it was seen.
    Moved,
    /// It does not; in its own words, and git's.
    No(Vec<String>),
}

/// Asks whether a remote would take a push to a ref: `git push --dry-run`, which goes to the door for pushes and no
/// further. `at` is what the ref has, as it was seen; its commit must be here. Even a dry run that went wrong would do no
/// harm: it would push what is there already, or delete what nobody has.
pub fn may_push(repo: &Repo, to: (&str, &str), at: Option<&CommitId>, may_ask: bool) -> MayPush {
    let (said, words) = match run(repo, to.0, may_ask, &|| dry_run(repo, to, at)) {
        Ok(output) if output.status.success() => return MayPush::Yes,
        Ok(output) => (
            output.stdout,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ),
        Err(why) => (Vec::new(), why.words()),
    };
    // Where git itself keeps the ref back, the remote had let us in and told what it has.
    let said = String::from_utf8_lossy(&said).into_owned();
    match said.lines().find(|line| line.starts_with("!\t")) {
        Some(line) if line.contains("(stale info)") => MayPush::Moved,
        Some(_) => MayPush::Yes,
        None => MayPush::No(first_words(&words)),
    }
}

fn dry_run(repo: &Repo, (remote, reference): (&str, &str), at: Option<&CommitId>) -> Command {
    let (is, what) = at.map_or(("", String::new()), |at| (at.as_str(), format!("{at}^0")));
    let mut command = neutral_push(repo, remote);
    command.args(["--dry-run", &format!("--force-with-lease={reference}:{is}")]);
    command.args(["--", remote, &format!("{what}:{reference}")]);
    command
}

/// Lets a person log in where a push needs that, and says what the remote would say to a push now; `None` where nobody is
/// there. To delete what nobody has asks nothing of this clone, and even a dry run that went wrong could harm nothing.
pub(super) fn logs_in(repo: &Repo, remote: &str) -> Option<MayPush> {
    somebody_is_there().then(|| may_push(repo, (remote, NOBODYS), None, true))
}

fn run(
    repo: &Repo,
    remote: &str,
    may_ask: bool,
    make: &dyn Fn() -> Command,
) -> Result<Output, NoAnswer> {
    person::run(
        &Errand {
            repo,
            remote,
            way: Way::Push,
            may_ask,
            limit: LIMIT,
        },
        make,
    )
}
