//! What people are told of a push that its host did not let in, or turned away before any work.

use crate::core::text::shell_word;
use crate::git::address::Way;
use crate::git::push::event;
use crate::git::told::first_words;
use crate::git::{Repo, moved, person};

/// By these words a host says that somebody has no right to push; in small letters.
const DENIES: [&str; 8] = [
    "error: 403",
    "denied",
    "forbidden",
    "not allowed",
    "not authorized",
    "not granted",
    "read-only",
    "may not push",
];

/// Why a push was not let in.
pub struct Shut {
    /// A line a cause.
    pub because: Vec<String>,
    /// What to do, up to the command that comes after it.
    pub hint: String,
}

/// A push that ended before anything was sent, by what git and the host said. `key`: where the address stands in
/// `smp.toml`; `next`: the command that goes on.
pub fn shut(repo: &Repo, (remote, key): (&str, &str), words: &str, next: &str) -> Shut {
    if let Some(shut) =
        moved::status(words).and_then(|status| sent_on(repo, (remote, key), status, next))
    {
        return shut;
    }
    let because = first_words(words);
    if let Some(advice) = person::advice(repo, remote, Way::Push, words) {
        return Shut {
            hint: advice.then(next),
            because: advice.because.into_iter().chain(because).collect(),
        };
    }
    let said = words.to_ascii_lowercase();
    let remote = shell_word(remote);
    let hint = if DENIES.iter().any(|sign| said.contains(sign)) {
        format!("ask for the right to push to {remote}, then: {next}")
    } else {
        format!(
            "see whether you may push there, then: git push --dry-run --no-verify {remote} HEAD:refs/smp/test && {next}"
        )
    };
    Shut { because, hint }
}

/// A push that the host turned away with this HTTP answer: what that means, and what to do.
pub fn turned_away(repo: &Repo, (remote, key): (&str, &str), status: u16, next: &str) -> Shut {
    let of = |meaning: &str, hint: String| Shut {
        because: vec![meaning.to_owned()],
        hint,
    };
    match status {
        301 | 302 | 303 | 307 | 308 => {
            sent_on(repo, (remote, key), status, next).unwrap_or_else(|| {
                let hint = match status {
                    302 | 303 => format!(
                        "log in where it leads, or ask those who run the host, then: {next}"
                    ),
                    _ => format!(
                        "change {key} in smp.toml to where it leads, then: {}",
                        moved::after_setup(next)
                    ),
                };
                of("its host sends pushes on to another address", hint)
            })
        }
        401 => {
            let advice = person::advice(repo, remote, Way::Push, person::REFUSED);
            let hint = advice.map_or_else(
                || format!("log in there, then: {next}"),
                |advice| advice.then(next),
            );
            of("its host does not know who you are", hint)
        }
        403 => of(
            "its host gives you no right to push",
            format!("ask for the right to push there, then: {next}"),
        ),
        404 | 410 => of(
            "its host has no such repository, or not for you",
            format!("see whether you may push there, then: {next}"),
        ),
        409 | 423 | 429 => of("its host is busy", format!("wait a little, then: {next}")),
        413 => of(
            "its host takes no push of that size",
            format!("have the limit there raised, or push over ssh, then: {next}"),
        ),
        _ => of(
            "its host turned it away",
            format!("ask those who run the host, then: {next}"),
        ),
    }
}

/// Where the host sends those on who ask to push; `None` where it does not say.
fn sent_on(repo: &Repo, (remote, key): (&str, &str), status: u16, next: &str) -> Option<Shut> {
    let (to, from) = event::led(repo, remote);
    let refusal = moved::refusal(remote, status, (Some(&to?), &from), next);
    let report = moved::with_key(refusal, key).report;
    let because = std::iter::once(report.error).chain(report.because);
    Some(Shut {
        because: because.collect(),
        hint: report.hint.unwrap_or_default().to_string(),
    })
}
