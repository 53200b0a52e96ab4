//! Finds the known word that a mistyped one probably meant.

use strsim::osa_distance;

/// Longer words are not typos, and comparing them takes long.
const LONGEST: usize = 64;

/// Returns the word of `known` that `word` probably meant.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    // `prod` is not a typo, but its meaning is clear.
    let mut longer = (known.iter()).filter(|known| known.to_ascii_lowercase().starts_with(&word));
    if let (Some(one), None, 3..) = (longer.next(), longer.next(), word.len()) {
        return Some(one);
    }
    let ranked = (known.iter()).map(|one| (osa_distance(&word, &one.to_ascii_lowercase()), *one));
    let near = ranked.filter(|(distance, one)| *distance <= (one.len() / 3).max(1));
    near.min().map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_find_the_word_that_was_meant() {
        let known = ["promotes", "remote", "branch", "url"];
        for (slip, meant) in [
            ("promote", "promotes"),
            ("brnach", "branch"),
            ("URL", "url"),
            ("ulr", "url"),
        ] {
            assert_eq!(nearest(slip, &known), Some(meant), "{slip}");
        }
        for stranger in ["", "command", "x", &"promotes".repeat(100)] {
            assert_eq!(nearest(stranger, &known), None, "{stranger}");
        }
        let commands = ["setup", "status", "stage", "promote", "propose"];
        for (slip, meant) in [
            ("stauts", Some("status")),
            ("stgae", Some("stage")),
            ("promtoe", Some("promote")),
            ("pro", None),
            ("st", None),
        ] {
            assert_eq!(nearest(slip, &commands), meant, "{slip}");
        }
    }
}
