//! The output of `git smp diff`: the list as git writes it, the text around it, and Markdown.

use crate::core::config::Config;
use crate::core::decide::review::{self, Reviews};
use crate::core::show::{LISTED, NAMED, named, rest};
use crate::core::text::Tone::{Bad, Faint, Hash, Plain, Strong};
use crate::core::text::{Line, counted, in_markdown, visible_bytes};
use crate::core::words::{Changes, Commit, CommitId, Relation};

/// Writes the list like `git log --oneline`, except for characters that act on a terminal.
pub fn oneline(commits: &[Commit]) -> Vec<u8> {
    let mut out = Vec::new();
    for commit in commits {
        out.extend_from_slice(commit.short.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&visible_bytes(commit.printed()));
        out.push(b'\n');
    }
    out
}

/// Describes one end of a comparison: `production (7587cca7)`.
pub fn end(environment: Option<&str>, commit: Option<&CommitId>) -> String {
    match (environment, commit) {
        (Some(name), Some(id)) => format!("{name} ({})", id.short()),
        (Some(name), None) => format!("{name} (nothing deployed yet)"),
        (None, Some(id)) => id.short().to_owned(),
        (None, None) => "nothing".to_owned(),
    }
}

/// Returns the lines around the list of `git smp diff`: the relation of both ends before it; the link and the lost
/// commits after it.
pub fn diff(from: &str, to: &str, changes: &Changes, link: Option<&str>) -> (Line, Vec<Line>) {
    let ships = counted(changes.ships.len(), "commit");
    let merges = match changes.ships_merges {
        0 => String::new(),
        count => format!(", and {}", counted(count, "merge")),
    };
    let heading = match changes.relation {
        Relation::Identical => format!("{to} and {from} are the same commit"),
        Relation::Ahead => format!("{to} is {ships} ahead of {from}{merges}"),
        Relation::Behind => format!("{to} is behind {from}: nothing would ship"),
        Relation::Diverged => {
            format!("{to} and {from} have diverged: {ships} would ship{merges}")
        }
    };
    let swapped = match changes.relation {
        Relation::Behind => "  (what would be taken back)",
        _ => "",
    };
    let link = link.map(|link| Line::plain(link).and(Faint, swapped));
    let after = link.into_iter().chain(disappears(from, to, changes));
    (Line::of(Strong, heading), after.collect())
}

fn disappears(from: &str, to: &str, changes: &Changes) -> Vec<Line> {
    let (lost, merges) = (&changes.disappears, changes.disappears_merges);
    if lost.len() + merges == 0 {
        return Vec::new();
    }
    let count = counted(lost.len() + merges, "commit");
    let are = if lost.len() + merges == 1 {
        "is"
    } else {
        "are"
    };
    let heading = format!("{count} of {from} {are} not in {to} and would disappear:");
    let mut lines = vec![Line::default(), Line::of(Bad, heading)];
    // Their authors are the people to ask.
    lines.extend(lost.iter().take(LISTED).map(|commit| {
        named(Line::plain("  "), commit).and(Plain, format!(", by {}", commit.author))
    }));
    let more = lost.len().saturating_sub(LISTED);
    lines.extend(rest(more, "git smp diff --json"));
    lines.extend((merges > 0).then(|| Line::plain(format!("  and merges: {merges}"))));
    lines
}

pub fn marks(ships: &[&Commit], candidate: &CommitId, reviews: &Reviews) -> Vec<Line> {
    let faults = review::faults(ships, reviews);
    let marks = faults.iter().take(NAMED).map(|(commit, fault)| {
        Line::of(Bad, "not reviewed: ")
            .and(Hash, &commit.short)
            .and(Plain, format!(" {fault}"))
    });
    let more = faults.len().saturating_sub(NAMED);
    let checked = review::checked(candidate, reviews);
    marks
        .chain(rest(more, "git smp diff --json"))
        .chain(review::unknown(ships, reviews).map(Line::plain))
        .chain(checked.map(|text| Line::of(Bad, text)))
        .collect()
}

/// Writes `git smp diff --markdown`: the heading, the list and the link, for pasting.
pub fn markdown(
    config: Option<&Config>,
    from: &str,
    to: &str,
    changes: &Changes,
    link: Option<&str>,
) -> String {
    let heading = format!("**{} → {}**", in_markdown(from), in_markdown(to));
    let mut parts = vec![heading];
    parts.extend(markdown_list(config, &changes.ships, changes.ships_merges));
    if parts.len() == 1 {
        parts.push("Nothing would ship.".to_owned());
    }
    let lost = markdown_list(config, &changes.disappears, changes.disappears_merges);
    if !lost.is_empty() {
        parts.push("Would disappear:".to_owned());
        parts.extend(lost);
    }
    parts.extend(link.map(|link| format!("<{link}>")));
    parts.join("\n\n") + "\n"
}

fn markdown_list(config: Option<&Config>, commits: &[Commit], merges: usize) -> Vec<String> {
    let lines = commits.iter().map(|commit| {
        let subject = in_markdown(&commit.subject_text());
        match config.and_then(|config| config.commit_url(&commit.id)) {
            Some(url) => format!("- [`{}`]({url}) {subject}", commit.short),
            None => format!("- `{}` {subject}", commit.short),
        }
    });
    let list = lines.collect::<Vec<_>>().join("\n");
    let merges = (merges > 0).then(|| format!("Merges, not listed: {merges}"));
    let list = Some(list).filter(|list| !list.is_empty());
    list.into_iter().chain(merges).collect()
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
