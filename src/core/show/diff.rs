//! What `git smp diff` says: the list as git writes it, what stands around it, and Markdown.

use crate::core::config::Config;
use crate::core::decide::commits;
use crate::core::decide::review::{self, Reviews};
use crate::core::show::{LISTED, named, rest};
use crate::core::text::{Line, Tone, in_markdown, visible_bytes};
use crate::core::words::{Changes, Commit, CommitId, Relation};

/// How many commits that were not reviewed are named.
const MARKED: usize = 20;

/// The list as `git log --oneline` writes it, but for characters that would act on a terminal.
pub fn oneline(commits: &[Commit]) -> Vec<u8> {
    let mut out = Vec::new();
    for commit in commits {
        out.extend_from_slice(commit.short.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&visible_bytes(&commit.subject));
        out.push(b'\n');
    }
    out
}

/// One end of a comparison, in words: `production (7587cca7)`.
pub fn end(environment: Option<&str>, commit: Option<&CommitId>) -> String {
    match (environment, commit) {
        (Some(name), Some(id)) => format!("{name} ({})", id.short()),
        (Some(name), None) => format!("{name} (nothing deployed yet)"),
        (None, Some(id)) => id.short().to_owned(),
        (None, None) => "nothing".to_owned(),
    }
}

/// What stands around the list of `git smp diff`: before it, how the two ends relate; after it, the link and what
/// would be lost.
pub fn diff(from: &str, to: &str, changes: &Changes, link: Option<&str>) -> (Vec<Line>, Vec<Line>) {
    let ships = changes.ships.len();
    let merges = match changes.ships_merges {
        0 => String::new(),
        1 => ", and 1 merge".to_owned(),
        count => format!(", and {count} merges"),
    };
    let heading = match changes.relation {
        Relation::Identical => format!("{to} and {from} are the same commit"),
        Relation::Ahead => format!("{to} is {} ahead of {from}{merges}", commits(ships)),
        Relation::Behind => format!("{to} is behind {from}: nothing would ship"),
        Relation::Diverged => format!(
            "{to} and {from} have diverged: {} would ship{merges}",
            commits(ships)
        ),
    };
    let mut after = Vec::new();
    if let Some(link) = link {
        let swapped = if changes.relation == Relation::Behind {
            "  (what would be taken back)"
        } else {
            ""
        };
        after.push(Line::plain(link).and(Tone::Faint, swapped));
    }
    after.extend(disappears(from, to, changes));
    (vec![Line::default().and(Tone::Strong, heading)], after)
}

fn disappears(from: &str, to: &str, changes: &Changes) -> Vec<Line> {
    let lost = changes.disappears.len() + changes.disappears_merges;
    if lost == 0 {
        return Vec::new();
    }
    let heading = format!(
        "would disappear, for {from} has {} that {to} lacks:",
        commits(lost)
    );
    let mut lines = vec![Line::default(), Line::default().and(Tone::Bad, heading)];
    // Whoever wrote them is the one to ask.
    let lost = |commit: &Commit| {
        named(Line::plain("  "), commit).and(Tone::Plain, format!(", by {}", commit.author))
    };
    lines.extend(changes.disappears.iter().take(LISTED).map(lost));
    lines.extend(rest(&changes.disappears, "git smp diff --json"));
    if changes.disappears_merges > 0 {
        lines.push(Line::plain(format!(
            "  and merges: {}",
            changes.disappears_merges
        )));
    }
    lines
}

/// What is known of the reviews and checks of what would ship, and what is not.
pub fn marks(ships: &[&Commit], candidate: &CommitId, reviews: &Reviews) -> Vec<Line> {
    let faults = review::faults(ships, reviews);
    let mark = |(commit, fault): &(&Commit, String)| {
        let line = Line::default()
            .and(Tone::Bad, "not reviewed: ")
            .and(Tone::Hash, &commit.short);
        line.and(Tone::Plain, format!(" {fault}"))
    };
    let mut lines: Vec<Line> = faults.iter().take(MARKED).map(mark).collect();
    let more = faults.len().saturating_sub(MARKED);
    let all = || {
        Line::default().and(
            Tone::Faint,
            format!("and {more} more; all of them: git smp diff --json"),
        )
    };
    lines.extend((more > 0).then(all));
    lines.extend(review::unknown(ships, reviews).map(Line::plain));
    lines.extend(
        review::checked(candidate, reviews).map(|text| Line::default().and(Tone::Bad, text)),
    );
    lines
}

/// `git smp diff --markdown`: the heading, the list and the link, for pasting.
pub fn markdown(
    config: Option<&Config>,
    from: &str,
    to: &str,
    changes: &Changes,
    link: Option<&str>,
) -> String {
    let mut out = format!("**{} → {}**\n", in_markdown(from), in_markdown(to));
    out.push_str(&markdown_list(config, &changes.ships));
    out.push_str(&markdown_merges(changes.ships_merges));
    if changes.ships.is_empty() && changes.ships_merges == 0 {
        out.push_str("\nNothing would ship.\n");
    }
    if !changes.disappears.is_empty() || changes.disappears_merges > 0 {
        out.push_str("\nWould disappear:\n");
        out.push_str(&markdown_list(config, &changes.disappears));
        out.push_str(&markdown_merges(changes.disappears_merges));
    }
    if let Some(link) = link {
        out.push_str(&format!("\n<{link}>\n"));
    }
    out
}

fn markdown_merges(count: usize) -> String {
    if count == 0 {
        String::new()
    } else {
        format!("\nMerges, not listed: {count}\n")
    }
}

fn markdown_list(config: Option<&Config>, commits: &[Commit]) -> String {
    let mut out = if commits.is_empty() {
        String::new()
    } else {
        "\n".to_owned()
    };
    for commit in commits {
        let hash = match config.and_then(|config| config.commit_url(&commit.id)) {
            Some(url) => format!("[`{}`]({url})", commit.short),
            None => format!("`{}`", commit.short),
        };
        out.push_str(&format!(
            "- {hash} {}\n",
            in_markdown(&commit.subject_text())
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_in_a_subject_stays_text() {
        let hostile = "**b** [x](http://evil) <at>devs</at> `c` @channel {{DATE(1)}}";
        let escaped = in_markdown(hostile);
        assert!(
            escaped.starts_with("\\*\\*b\\*\\* \\[x\\](http://evil) \\<at\\>"),
            "{escaped}"
        );
        assert!(!escaped.contains("@channel"));
    }
}
