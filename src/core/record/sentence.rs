//! An event in one sentence, as `git log --oneline` shows it.

use crate::core::record::trailers::settled;
use crate::core::record::{Event, How, Intent, Kind, Verdict, What};
use crate::core::words::CommitId;

/// The most characters of a note in a sentence.
const BRIEF: usize = 100;

/// The sentence.
pub fn sentence(event: &Event) -> String {
    let by = &event.by.name;
    let text = match &event.what {
        What::Begun => format!("{by} began the record"),
        What::Proposed {
            commit, targets, ..
        } => {
            let names: Vec<&str> = targets.iter().map(|(name, _)| name.as_str()).collect();
            format!(
                "{by} proposed {} for {}",
                commit.short(),
                names.join(" and ")
            )
        }
        What::Judged {
            commit,
            of,
            verdict,
            note,
            ..
        } => {
            let did = if *verdict == Verdict::Pass {
                "signed off"
            } else {
                "blocked"
            };
            let note = note
                .as_ref()
                .map(|note| format!(": {}", brief(note)))
                .unwrap_or_default();
            let recorded = if settled(by) == settled(of) {
                String::new()
            } else {
                format!(" (recorded by {by})")
            };
            format!("{of} {did} {}{recorded}{note}", commit.short())
        }
        What::Deploying(Intent {
            kind,
            environment,
            to,
            ..
        }) => {
            format!(
                "{by} began to {} {} {environment}",
                verb(*kind),
                aim(*kind, to)
            )
        }
        What::Deployed {
            kind,
            environment,
            to,
            ..
        } => {
            format!("{by} {} {} {environment}", past(*kind), aim(*kind, to))
        }
        What::Observed {
            environment, to, ..
        } => {
            format!(
                "{by} saw {} on {environment}, which nobody deployed with git smp",
                to.short()
            )
        }
        What::Doubted { words, .. } => format!("{by} was told by the host: {}", brief(words)),
        What::Ended { why, .. } => format!("{by} deployed nothing: {}", brief(why)),
        What::Postponed { commit, reason, .. } => {
            format!("{by} postponed {}: {}", commit.short(), brief(reason))
        }
        What::Posting { channel, .. } => format!("{by} began to send the post to {channel}"),
        What::Unposted { channel, why, .. } => {
            format!("{by} sent nothing to {channel}: {}", brief(why))
        }
        What::Posted {
            channel,
            how: How::Accepted,
            ..
        } => format!("{by} sent the post to {channel}"),
        What::Posted {
            channel,
            how: How::Printed,
            ..
        } => format!("{by} printed the post for {channel}"),
        What::Posted {
            channel,
            how: How::Found,
            ..
        } => format!("{by} found the post in {channel}"),
        What::Posted {
            channel,
            how: How::Skipped,
            ..
        } => format!("{by} left out the post to {channel}"),
    };
    one_line(&settled(&text))
}

fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Stage => "stage",
        Kind::Fix => "stage the fix",
        Kind::Promote => "promote",
        Kind::Rollback => "roll back to",
    }
}

fn past(kind: Kind) -> &'static str {
    match kind {
        Kind::Stage => "staged",
        Kind::Fix => "staged the fix",
        Kind::Promote => "promoted",
        Kind::Rollback => "rolled back to",
    }
}

fn aim(kind: Kind, to: &CommitId) -> String {
    let preposition = match kind {
        Kind::Stage | Kind::Fix | Kind::Rollback => "on",
        Kind::Promote => "to",
    };
    format!("{} {preposition}", to.short())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As much of a text as a list of sentences can show; the trailers have all of it.
fn brief(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(BRIEF) {
        Some((end, _)) => text.get(..end).unwrap_or_default().trim_end().to_owned() + "\u{2026}",
        None => text,
    }
}
