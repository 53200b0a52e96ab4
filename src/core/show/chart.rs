//! Bar charts for terminals.

use crate::core::text::{Line, Tone};

const INDENT: usize = 15;
/// The maximum width of a bar, in cells.
const WIDEST: usize = 40;
/// The minimum width of a useful bar.
const NARROWEST: usize = 8;
const WORDS: usize = 16;

/// A bar with its name, its length and the text after it.
pub struct Bar {
    pub name: String,
    /// The length, in any unit.
    pub length: i64,
    pub words: (Tone, String),
}

impl Bar {
    pub fn plain(name: impl Into<String>, length: usize, words: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            length: i64::try_from(length).unwrap_or(i64::MAX),
            words: (Tone::Plain, words.into()),
        }
    }
}

/// Returns the maximum bar width on a terminal of this width; `None` if charts do not fit.
pub fn room(width: usize) -> Option<usize> {
    Some(width.saturating_sub(INDENT + WORDS).min(WIDEST)).filter(|room| *room >= NARROWEST)
}

/// Draws bars below each other. With `whole` they are parts of it, and the rest is drawn too. Returns nothing if all
/// bars are empty, except for parts of a whole: an empty part says something.
pub fn chart(bars: &[Bar], room: usize, whole: Option<i64>) -> Vec<Line> {
    let longest = whole.or_else(|| bars.iter().map(|bar| bar.length).max());
    let Some(longest) = longest.filter(|longest| *longest > 0) else {
        return Vec::new();
    };
    let lines = bars.iter().map(|bar| {
        let drawn = blocks(bar.length, longest, room);
        let cells = drawn.chars().count();
        let rest = whole.map_or(0, |_| room.saturating_sub(cells));
        let (tone, words) = &bar.words;
        let gap = if cells == 0 || words.is_empty() {
            ""
        } else {
            " "
        };
        let label = format!("    {:1$}", bar.name, INDENT - 4);
        Line::faint(label)
            .and(Tone::Good, drawn)
            .and(Tone::Faint, "░".repeat(rest))
            .and(*tone, format!("{gap}{words}"))
    });
    lines.collect()
}

/// Draws a bar in eighths of a cell; anything above zero is visible.
fn blocks(length: i64, longest: i64, room: usize) -> String {
    // Numbers of any size may come; a bar needs only three digits of them.
    let share = (length.max(0) as f64 / longest as f64).min(1.0);
    let eighths = (share * room as f64 * 8.0).round() as usize;
    let eighths = eighths.max(usize::from(length > 0));
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    "█".repeat(eighths / 8) + part.get(eighths % 8).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share_and_never_vanish() {
        assert_eq!(blocks(1, 2, 8), "████");
        assert_eq!(blocks(i64::MAX, i64::MAX, 8), "████████");
        assert_eq!(blocks(1, i64::MAX, 8), "▏");
        assert_eq!(blocks(3, 64, 8), "▍");
        assert_eq!(blocks(0, 5, 8), "");
        assert_eq!(blocks(-5, 5, 8), "");
    }

    #[test]
    fn what_does_not_fit_or_says_nothing_is_not_drawn() {
        assert_eq!(
            (room(38), room(39), room(80), room(500)),
            (None, Some(8), Some(40), Some(40))
        );
        let nothing = [Bar::plain("2022-W09", 0, "0")];
        assert!(chart(&nothing, 8, None).is_empty());
        assert!(chart(&nothing, 8, Some(0)).is_empty());
        let text = chart(&nothing, 8, Some(3))[0].text();
        assert_eq!(text, "    2022-W09   ░░░░░░░░0");
    }
}
