//! An event as one sentence for `git log --oneline`.

use crate::core::record::trailers::settled;
use crate::core::record::{Deployed, Event, How, ISSUE, Judged, Kind, Verdict, What};
use crate::core::text::and;
use crate::core::words::CommitId;

const BRIEF: usize = 100;

pub fn sentence(event: &Event) -> String {
    let by = &event.by.name;
    let did = match &event.what {
        What::Begun {} => "began the record".to_owned(),
        What::Judged(it) => return one_line(&settled(&judged(it, by))),
        What::Voided(it) => format!(
            "took back the yes of {} for {}: {}",
            it.of,
            it.commit.short(),
            brief(&it.why)
        ),
        What::Proposed(it) => {
            let names: Vec<&str> = it.targets.iter().map(|(name, _)| name.as_str()).collect();
            format!("proposed {} for {}", it.commit.short(), names.join(" and "))
        }
        What::Deploying(it) => {
            let (verb, _, aim) = words(it.kind);
            let names: Vec<&str> = it.names().collect();
            format!("began to {verb} {}", put(&it.to, aim, &and(&names)))
        }
        What::Deployed(it) => return one_line(&settled(&deployed(it, by))),
        What::CheckFailed(it) => {
            let (short, environment) = (it.to.short(), &it.environment);
            format!(
                "saw a check of {short} on {environment} fail: {}",
                brief(&it.why)
            )
        }
        What::Observed(it) => {
            let (short, environment) = (it.to.short(), &it.environment);
            format!("saw {short} on {environment}, which nobody deployed with git smp")
        }
        What::Doubted { words, .. } => format!("was told by the host: {}", brief(words)),
        What::Ended { why, .. } => {
            format!("ended the deploy, which changed nothing: {}", brief(why))
        }
        What::Postponed(it) => format!("postponed {}{}", it.commit.short(), after(&it.reason)),
        What::Posting { channel, .. } => format!("began to send the post to {}", the(channel)),
        What::Unposted { channel, why, .. } => {
            format!(
                "could not send the post to {}: {}",
                the(channel),
                brief(why)
            )
        }
        What::Posted { channel, how, .. } => {
            let did = match how {
                How::Accepted => "sent the post to",
                How::Printed => "printed the post for",
                How::Found => "found the post in",
                How::Skipped => "left out the post to",
            };
            format!("{did} {}", the(channel))
        }
    };
    one_line(&settled(&format!("{by} {did}")))
}

/// Names a channel in a sentence.
fn the(channel: &str) -> String {
    match channel {
        ISSUE => "the issue".to_owned(),
        channel => format!("the {channel} channel"),
    }
}

fn judged(it: &Judged, by: &str) -> String {
    let did = match it.verdict {
        Verdict::Pass => "signed off",
        Verdict::Block => "blocked",
    };
    let recorded = match settled(by) == settled(&it.of) {
        true => String::new(),
        false => format!(" (recorded by {by})"),
    };
    let note = it.note.as_deref().map_or(String::new(), after);
    format!("{} {did} {}{recorded}{note}", it.of, it.commit.short())
}

/// Names the person who began the deploy, and the one who saw its end if that is somebody else.
fn deployed(it: &Deployed, by: &str) -> String {
    let (_, past, aim) = words(it.kind);
    let did = format!("{past} {}", put(&it.to, aim, &it.environment));
    match &it.announced_by {
        Some(other) => format!("{other} {did} (recorded by {by})"),
        None => format!("{by} {did}"),
    }
}

/// Returns the verb, its past form and the preposition of a deploy.
fn words(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Stage => ("stage", "staged", "on"),
        Kind::Fix => ("stage the fix", "staged the fix", "on"),
        Kind::Promote => ("promote", "promoted", "to"),
        Kind::Rollback => ("roll back to", "rolled back to", "on"),
    }
}

fn put(commit: &CommitId, aim: &str, environment: &str) -> String {
    format!("{} {aim} {environment}", commit.short())
}

/// Puts a person's text after a colon, if there is any.
fn after(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!(": {}", brief(text)),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shortens a text for a list of sentences; the trailers have it in full.
fn brief(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(BRIEF) {
        Some((end, _)) => text.get(..end).unwrap_or_default().trim_end().to_owned() + "\u{2026}",
        None => text,
    }
}
