//! Short pushes: an event of the record, and the question whether a push would be accepted.

use std::process::Output;

use crate::core::text::without_userinfo;
use crate::core::words::CommitId;
use crate::git::address::Purpose;
use crate::git::network::{Errand, NoAnswer};
use crate::git::push::judge::{Signs, is_exact, reason};
use crate::git::push::{Ended, RefStep, exact_push, neutral_push};
use crate::git::response::{first_words, lines};
use crate::git::{Repo, moved};

/// A ref that no repository has. Its deletion needs no object of this clone.
pub const NOBODYS: &str = "refs/smp/nobody-has-this";

pub struct EventPush {
    pub ended: Ended,
    /// True if the server took exactly this move of this ref. Then the lease held, and nothing else can be there.
    pub is_taken: bool,
    /// git's own words. They decide nothing.
    pub words: String,
}

/// Pushes to the record with an explicit lease. With `may_ask`, git may ask for a password.
pub fn push_event(
    repo: &Repo,
    (remote, reference): (&str, &str),
    commit: &CommitId,
    expected: Option<&CommitId>,
    may_ask: bool,
) -> EventPush {
    let errand = Errand::new(repo, remote, Purpose::Push, may_ask);
    let step = RefStep {
        reference: reference.to_owned(),
        commit: commit.clone(),
        expected: expected.cloned(),
    };
    let args = exact_push(&errand, remote, std::slice::from_ref(&step));
    let output = match errand.run(&args) {
        Ok(output) => output,
        Err(why) => {
            let ended = match why {
                NoAnswer::Unanswered(_) => Ended::NothingSent,
                NoAnswer::Silent(_) => Ended::Unclear,
            };
            return EventPush {
                ended,
                is_taken: false,
                words: why.words(),
            };
        }
    };
    let first = judged(&output, &step);
    if !matches!(first.ended, Ended::Refused(status) if moved::is_redirect(status)) {
        return first;
    }
    // The server took nothing. git names the new address only in a trace, so it pushes once more.
    let Some((output, to)) = errand.run_traced(&args) else {
        return first;
    };
    let second = judged(&output, &step);
    let leads = to.map(|to| format!("{}\n", moved::leads_to(&to)));
    EventPush {
        words: leads.unwrap_or_default() + &second.words,
        ..second
    }
}

fn judged(output: &Output, step: &RefStep) -> EventPush {
    let said = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    let mut signs = Signs::default();
    let told = lines(&words).filter(|line| !moved::is_trace(line) && signs.line(line));
    let told: Vec<String> = told.map(without_userinfo).collect();
    let ended = signs.judge(&said, output.status.code());
    // The server's reason is on stdout, and everything else on stderr.
    let words: Vec<String> = reason(&said).into_iter().chain(told).collect();
    EventPush {
        ended,
        is_taken: ended == Ended::Accepted && is_exact(&said, step),
        words: words.join("\n"),
    }
}

/// A remote's answer to a push from here, as far as it gives one before the push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayPush {
    /// The remote grants access. Its hooks answer only to a real push.
    Yes,
    /// The remote grants access, but the ref is not where it was seen.
    Moved,
    /// The remote refuses access, in its own words and git's.
    No(Vec<String>),
}

/// Asks whether a remote would accept a push to a ref: `git push --dry-run`, which connects as for a push and stops
/// there. `at` is what the ref points to, as it was seen. That commit must be here.
pub fn may_push(
    repo: &Repo,
    (remote, reference): (&str, &str),
    at: Option<&CommitId>,
    may_ask: bool,
) -> MayPush {
    let errand = Errand::new(repo, remote, Purpose::Push, may_ask);
    let (said, words) = match errand.run(&dry_run(&errand, reference, at)) {
        Ok(output) if output.status.success() => return MayPush::Yes,
        Ok(output) => (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ),
        Err(why) => (String::new(), why.words()),
    };
    // If git itself rejects the ref, the remote has granted access and listed its refs.
    match said.lines().find(|line| line.starts_with("!\t")) {
        Some(line) if line.contains("(stale info)") => MayPush::Moved,
        Some(_) => MayPush::Yes,
        None => MayPush::No(first_words(&words)),
    }
}

/// Returns this question as arguments. By mistake it could only push what is there, or delete what nobody has.
pub(in crate::git) fn dry_run(
    errand: &Errand<'_>,
    reference: &str,
    at: Option<&CommitId>,
) -> Vec<String> {
    let is = at.map_or("", CommitId::as_str);
    let what = at.map(|at| format!("{at}^0")).unwrap_or_default();
    let lease = format!("--force-with-lease={reference}:{is}");
    let refspec = format!("{what}:{reference}");
    neutral_push(
        errand,
        errand.remote,
        &["--dry-run".to_owned(), lease],
        &[refspec],
    )
}
