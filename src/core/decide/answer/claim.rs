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

/// Returns whether a sign-off also blocks in some spelling: nobody can know which of them its author meant.
pub fn takes_back(said: &Claim<'_>, commit: &CommitId) -> bool {
    said.verdict == Verdict::Pass && tries(said.rest, commit).any(|it| it == Verdict::Block)
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

/// Returns whether a text without a valid claim was meant as a verdict. It is shown and does not count: only its author
/// knows the meaning.
pub fn is_meant(text: &str, commit: &CommitId) -> bool {
    !is_ours(text) && tries(text, commit).next().is_some()
}

/// Returns the verdicts that the lines of a text give in some spelling. Quoted lines are somebody else's.
fn tries(text: &str, commit: &CommitId) -> impl Iterator<Item = Verdict> {
    let lines = text.split(['\n', '\r', '\u{2028}', '\u{2029}']);
    let own = lines.filter(|line| !line.trim_start().starts_with('>'));
    own.filter_map(|line| match claim(line) {
        Some(claim) => Some(claim.verdict),
        None => {
            let line: String = line.chars().map(narrow).collect::<String>().to_lowercase();
            tried(&line, commit).or_else(|| tried(&untagged(&line), commit))
        }
    })
}

/// Returns the verdict of a lower-case line, if it has one of two forms. It begins with the word, perhaps after marks of
/// Markdown, and a hash, a mark as in `block: slow`, or nothing follows. Or the word is before the digits of the
/// candidate.
fn tried(line: &str, commit: &CommitId) -> Option<Verdict> {
    let line = line.trim_start_matches(|c: char| !c.is_alphabetic());
    let text = letters(line);
    let begun = NEAR.iter().find(|word| text.starts_with(*word));
    if let Some((word, rest)) = begun.and_then(|word| Some((*word, text.strip_prefix(word)?))) {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        let head = line.split([':', ',', ';', '!', '.', '\u{2013}', '\u{2014}']);
        let is_alone = head.take(1).any(|head| letters(head) == word);
        return (is_alone || is_hash(rest) || words.any(is_hash)).then(|| meaning(word));
    }
    // Within a sentence, backticks show an example.
    let digits = commit.as_str().get(..DIGITS);
    let digits = digits.filter(|_| !line.contains('`'))?;
    let mut befores = text
        .match_indices(digits)
        .filter_map(|(at, _)| text.get(..at));
    befores.find_map(|before| {
        let word = NEAR.iter().find(|word| before.ends_with(*word))?;
        Some(meaning(word))
    })
}

fn meaning(word: &str) -> Verdict {
    match word.starts_with("block") {
        true => Verdict::Block,
        false => Verdict::Pass,
    }
}

/// Returns a line without its HTML tags.
fn untagged(line: &str) -> String {
    let parts = line.split('<');
    parts
        .map(|part| part.split_once('>').map_or(part, |(_, rest)| rest))
        .collect()
}

fn letters(line: &str) -> String {
    line.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Returns the ASCII form of a full-width character.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Returns whether a text begins with enough hex digits to name a commit.
fn is_hash(text: &str) -> bool {
    text.bytes().take_while(u8::is_ascii_hexdigit).count() >= DIGITS
}
