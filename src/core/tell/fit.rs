//! Cuts what a channel would not take, and never in silence.

/// No channel takes more commits than this, whatever they are called; it keeps the search for the right number short.
const MOST: usize = 400;

/// A text of at most this weight. A cut shows as an ellipsis.
pub(super) fn clipped(text: &str, budget: usize, weigh: fn(char) -> usize) -> String {
    let (mut sum, mut end, mut whole) = (0, 0, true);
    // The end may still hold the ellipsis.
    let room = budget.saturating_sub(weigh('…'));
    for (at, c) in text.char_indices() {
        sum += weigh(c);
        if sum <= room {
            end = at + c.len_utf8();
        }
        if sum > budget {
            whole = false;
            break;
        }
    }
    let kept = text.get(..end).unwrap_or_default().trim_end();
    if whole {
        text.to_owned()
    } else {
        format!("{kept}…")
    }
}

/// The largest number of commits that fits, all of them if they do. A list that is cut by one more never grows.
pub(super) fn most(total: usize, fits: impl Fn(usize) -> bool) -> usize {
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

/// "and 140 more", where some are left out.
pub(super) fn more(total: usize, shown: usize) -> Option<String> {
    let left = total.checked_sub(shown).filter(|left| *left > 0)?;
    Some(format!("and {left} more"))
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
