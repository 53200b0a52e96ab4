//! Shortens texts to the limits of a channel, always with a visible mark.

use serde_json::Value;

use crate::core::tell::post::Post;

/// The maximum number of commits in any channel; it keeps the search for the right number short.
const MOST: usize = 400;
const AROUND: usize = 200;

/// The limits of a channel, by the weight of its characters.
pub(super) struct Limits {
    pub(super) whole: usize,
    /// The space that is reserved for the list, however long the texts are.
    pub(super) list: usize,
    pub(super) text: usize,
    pub(super) heading: usize,
    pub(super) lead: usize,
    /// The people named in plain text.
    pub(super) names: usize,
    pub(super) subject: usize,
    pub(super) file: usize,
    /// All files together; at least the limit of one.
    pub(super) files: usize,
    pub(super) weigh: fn(char) -> usize,
    /// Returns whether the channel could notify the person with this id.
    pub(super) knows: fn(&str) -> bool,
}

impl Limits {
    pub(super) fn weight(&self, text: &str) -> usize {
        text.chars().map(self.weigh).sum()
    }
}

/// Builds the message that fits: each text is shortened to its share, and finally the list by whole commits. `message`
/// builds one with a number of commits; `size` measures it as the channel does.
pub(super) fn fitted(
    post: &Post,
    limits: &Limits,
    message: fn(&Post, usize) -> Value,
    size: fn(&Value) -> usize,
) -> Value {
    let mut post = post.visible();
    post.heading = clipped(&post.heading, limits.heading, limits.weigh);
    post.lead = clipped(&post.lead, limits.lead, limits.weigh);
    for commit in &mut post.commits {
        commit.subject = clipped(&commit.subject, limits.subject, limits.weigh);
    }
    let (summary, note) = (post.summary.take(), post.note.take());
    let texts = usize::from(summary.is_some()) + usize::from(note.is_some());
    let has_list = !post.commits.is_empty();
    let taken = size(&message(&post, 0)) + limits.list * usize::from(has_list);
    let room = limits.whole.saturating_sub(taken) / texts.max(1);
    let room = room.saturating_sub(AROUND).min(limits.text);
    post.summary = summary.map(|text| clipped(&text, room, limits.weigh));
    post.note = note.map(|text| clipped(&text, room, limits.weigh));
    let count = most(post.commits.len(), |count| {
        size(&message(&post, count)) <= limits.whole
    });
    message(&post, count)
}

/// Shortens a text to a weight, with an ellipsis at the cut.
pub(super) fn clipped(text: &str, budget: usize, weigh: fn(char) -> usize) -> String {
    let (mut sum, mut end) = (0, 0);
    // The ellipsis must still fit.
    let room = budget.saturating_sub(weigh('…'));
    for (at, c) in text.char_indices() {
        sum += weigh(c);
        if sum <= room {
            end = at + c.len_utf8();
        }
        if sum > budget {
            return format!("{}…", text.get(..end).unwrap_or_default().trim_end());
        }
    }
    text.to_owned()
}

/// Returns the largest number of commits that fits. A shorter list is never larger.
fn most(total: usize, fits: impl Fn(usize) -> bool) -> usize {
    if total <= MOST && fits(total) {
        return total;
    }
    let (mut fitting, mut beyond) = (0, total.min(MOST));
    while beyond - fitting > 1 {
        let middle = fitting.midpoint(beyond);
        if fits(middle) {
            fitting = middle
        } else {
            beyond = middle
        }
    }
    fitting
}

/// Returns "and 140 more" if some are left out.
pub(super) fn more(total: usize, shown: usize) -> Option<String> {
    let left = total.saturating_sub(shown);
    (left > 0).then(|| format!("and {left} more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_its_weight_says_and_shows_it() {
        let one: fn(char) -> usize = |_| 1;
        assert_eq!(clipped("abcdef", 6, one), "abcdef");
        assert_eq!(clipped("abcdef", 5, one), "abcd…");
        assert_eq!(clipped("abc def", 5, one), "abc…");
        assert_eq!(clipped("grüße", 3, |c| c.len_utf8()), "…");
        assert_eq!(clipped("grüße", 7, |c| c.len_utf8()), "grüße");
        assert_eq!(clipped("", 0, one), "");
    }

    #[test]
    fn the_most_that_fits_is_found_at_every_size() {
        for total in 0..50 {
            for limit in 0..60 {
                assert_eq!(
                    most(total, |count| count <= limit),
                    total.min(limit),
                    "{total} {limit}"
                );
            }
        }
        assert_eq!(most(2000, |count| count <= 70), 70);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(more(148, 8).as_deref(), Some("and 140 more"));
        assert_eq!(more(8, 8), None);
    }
}
