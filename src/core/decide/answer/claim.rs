//! The word and the digits at the beginning of a comment.

use crate::core::record::Verdict;
use crate::core::tell::issue::is_ours;
use crate::core::words::CommitId;

/// The number of digits that name a commit.
pub const DIGITS: usize = 7;

/// What a comment claims to be.
pub struct Claim<'t> {
    pub verdict: Verdict,
    pub digits: &'t str,
    pub rest: &'t str,
}

/// Returns whether a sign-off has a line that blocks: nobody can know which of them its author meant.
pub fn takes_back(text: &str, said: &Claim<'_>) -> bool {
    let mut claims = lines(text).filter_map(claim);
    said.verdict == Verdict::Pass && claims.any(|one| one.verdict == Verdict::Block)
}

/// Parses the verdict word and the digits at the beginning of a text. A quoted text begins with `>` and has none, and
/// Markdown shows a line with an indent of four spaces or a tab as an example.
pub fn claim(text: &str) -> Option<Claim<'_>> {
    let indented = text.trim_start_matches(['\r', '\n']);
    let text = indented.trim_start();
    if indented.starts_with('\t') || indented.len() - text.len() > 3 {
        return None;
    }
    let (word, rest) = text.split_once(|c: char| c.is_whitespace())?;
    let verdict = verdict(word)?;
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_hexdigit())
        .unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let ends = rest.starts_with(|c: char| c.is_whitespace() || ".,:;".contains(c));
    let is_hash = (1..=64).contains(&digits.len()) && (ends || rest.is_empty());
    is_hash.then(|| Claim {
        verdict,
        digits,
        rest: rest.trim_start_matches(['.', ',', ':', ';']),
    })
}

fn verdict(word: &str) -> Option<Verdict> {
    match word.to_ascii_lowercase().as_str() {
        "signoff" => Some(Verdict::Pass),
        "block" => Some(Verdict::Block),
        _ => None,
    }
}

/// The words that begin a verdict, in letters only; the longer of two with the same beginning comes first.
pub const NEAR: [&str; 4] = ["signedoff", "signoff", "blocked", "block"];

/// Returns whether a text without a valid claim was meant as a verdict: a line begins with the word in some spelling,
/// followed by nothing or by a hash, or has it before the digits of the candidate. Quoted lines are somebody else's. The
/// text is shown and does not count: only its author knows the meaning.
pub fn is_meant(text: &str, commit: &CommitId) -> bool {
    let mut lines = lines(text).filter(|line| !line.trim_start().starts_with('>'));
    !is_ours(text) && lines.any(|line| is_tried(&line.to_lowercase(), commit.as_str()))
}

fn is_tried(line: &str, commit: &str) -> bool {
    let letters: String = line.chars().filter(|c| c.is_alphanumeric()).collect();
    if let Some(rest) = NEAR.iter().find_map(|word| letters.strip_prefix(word)) {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        return rest.is_empty() || is_hash(rest) || words.any(is_hash);
    }
    // Within a sentence, backticks show an example.
    let digits = commit.get(..DIGITS).filter(|_| !line.contains('`'));
    let told = digits.and_then(|digits| letters.split_once(digits));
    told.is_some_and(|(before, _)| NEAR.iter().any(|word| before.ends_with(word)))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r', '\u{2028}', '\u{2029}'])
}

/// Returns whether a text begins with enough hex digits to name a commit.
fn is_hash(text: &str) -> bool {
    text.bytes().take_while(u8::is_ascii_hexdigit).count() >= DIGITS
}
