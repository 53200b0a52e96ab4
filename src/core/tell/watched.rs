//! The sentence about the watched files of a post, in pieces: their names look like code, and only they are foreign.

use crate::core::tell::fit::clipped;
use crate::core::tell::post::Post;

/// How many files are named; of a hundred migrations nobody reads the names.
const NAMED: usize = 10;

/// A piece of the sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Our own words.
    Words(String),
    /// A file's name.
    Name(String),
}

/// "Watched files in it: `Procfile`, `db/7.sql` and 3 more", where there are some. No name weighs more than `longest`,
/// nor all together more than `room`, which is no less.
pub(super) fn sentence(
    post: &Post,
    longest: usize,
    room: usize,
    weigh: fn(char) -> usize,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut named, mut sum) = (0, 0);
    for file in post.watched.iter().take(NAMED) {
        let name = clipped(file, longest, weigh);
        sum += name.chars().map(weigh).sum::<usize>();
        if sum > room {
            break;
        }
        let before = if named == 0 {
            "Watched files in it: "
        } else {
            ", "
        };
        pieces.extend([Piece::Words(before.to_owned()), Piece::Name(name)]);
        named += 1;
    }
    let more = post.watched.len() - named;
    pieces.extend((more > 0).then(|| Piece::Words(format!(" and {more} more"))));
    pieces
}
