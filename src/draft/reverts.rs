//! Reverts, and what they took back: where both landed, neither is new.

use super::graph::Graph;
use super::names::{Name, split_number};
use crate::model::Landed;

/// Tells for each commit whether it was taken back or takes something back that landed as well.
///
/// From newest to oldest, so that a revert that was itself taken back takes nothing.
pub fn undone(landed: &[Landed], names: &[Name], graph: &Graph) -> Vec<bool> {
    let mut search = Search {
        landed,
        names,
        gone: vec![false; landed.len()],
    };
    for at in 0..landed.len() {
        if search.gone[at] {
            continue;
        }
        let Some(revert) = Revert::read(&landed[at], &names[at]) else {
            continue;
        };
        let taken = search.taken(&revert, at);
        let whole = taken.whole.then_some(at);
        for one in taken.places.into_iter().chain(whole) {
            search.gone[one] = true;
            graph
                .brought(one)
                .into_iter()
                .for_each(|brought| search.gone[brought] = true);
        }
    }
    search.gone
}

/// The reverts that still stand, each with what it took back: those that no other that stands took back. Only what a
/// message names by hash or number counts, for a subject may be that of many.
pub fn standing(landed: &[Landed], names: &[Name], graph: &Graph) -> Vec<(usize, Vec<usize>)> {
    let search = Search {
        landed,
        names,
        gone: vec![false; landed.len()],
    };
    let taken_by = |at: usize| {
        let revert = Revert::read(&landed[at], &names[at])?;
        let named = search.named(&revert, at).places;
        // With a merge goes what it brought.
        let all = named
            .iter()
            .flat_map(|&one| graph.brought(one).into_iter().chain([one]))
            .collect::<Vec<_>>();
        (!all.is_empty()).then_some((at, all))
    };
    let reverts: Vec<(usize, Vec<usize>)> = (0..landed.len()).filter_map(taken_by).collect();
    let mut stands: Vec<Option<bool>> = vec![None; landed.len()];
    // What takes a revert back came after it, so that this comes to an end; what names each other stands nowhere.
    for _ in 0..=reverts.len() {
        for (at, _) in &reverts {
            let mut takers = reverts
                .iter()
                .filter(|(_, taken)| taken.contains(at))
                .map(|(by, _)| stands[*by]);
            stands[*at] = takers.try_fold(true, |free, taker| Some(free && !taker?));
        }
    }
    reverts
        .into_iter()
        .filter(|(at, _)| stands[*at] == Some(true))
        .collect()
}

/// What a message says that it takes back.
struct Revert<'a> {
    /// The beginnings of hashes.
    hashes: Vec<&'a str>,
    numbers: Vec<u64>,
    quoted: Option<String>,
}

impl<'a> Revert<'a> {
    /// Only where the whole commit is a revert: what lies in the middle of other work is that work's own affair.
    fn read(commit: &'a Landed, name: &'a Name) -> Option<Self> {
        let (title, body) = (name.title.as_deref()?, commit.body.trim_start());
        let word = title
            .split(|c: char| !c.is_alphabetic())
            .next()
            .unwrap_or_default()
            .to_lowercase();
        (matches!(word.as_str(), "revert" | "reverts" | "reapply") || body.starts_with(BY_HASH))
            .then_some(())?;
        let quoted = quoted(title);
        // What is applied again bears the number of the original, and not that of its revert.
        let number = quoted
            .as_deref()
            .filter(|quoted| !quoted.ends_with('"'))
            .and_then(|text| split_number(text).1);
        let mut numbers = numbers(body);
        if numbers.is_empty() {
            numbers.extend(number);
        }
        Some(Self {
            hashes: hashes(body),
            numbers,
            quoted,
        })
    }
}

const BY_HASH: &str = "This reverts commit";
const BY_NUMBER: [&str; 2] = ["Reverts ", "This reverts merge request "];

/// The hashes after each "This reverts commit", to the end of that sentence; those of the other side of a merge are not
/// taken back.
fn hashes(body: &str) -> Vec<&str> {
    let parts = body.split(BY_HASH).skip(1).filter_map(|part| {
        let sentence = part.split(['.', '(']).next()?.split("\n\n").next()?;
        sentence.split(", reversing").next()
    });
    let words = parts.flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    words
        .filter(|word| {
            (7..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit())
        })
        .collect()
}

/// The numbers of lines such as `Reverts owner/repo#425` and `This reverts merge request !12`.
fn numbers(body: &str) -> Vec<u64> {
    let number = |line: &str| {
        let rest = BY_NUMBER
            .iter()
            .find_map(|words| line.trim().strip_prefix(words))?;
        let (name, number) = rest.trim_end_matches('.').rsplit_once(['#', '!'])?;
        (!name.contains(char::is_whitespace)).then(|| number.parse().ok())?
    };
    body.lines().filter_map(number).collect()
}

/// The subject of what is taken back: `Revert "Title"` takes back `Title`, `Reapply "Title"` takes back its revert.
fn quoted(title: &str) -> Option<String> {
    let (word, rest) = title.split_once('"')?;
    let (inner, _) = rest.rsplit_once('"')?;
    match word.trim() {
        "Revert" => Some(inner.to_owned()),
        "Reapply" => Some(format!("Revert \"{inner}\"")),
        _ => None,
    }
}

/// What a revert took back of what landed.
struct Taken {
    places: Vec<usize>,
    /// Whether that is all that it took back, so that nothing of it is left to tell.
    whole: bool,
}

struct Search<'a> {
    landed: &'a [Landed],
    names: &'a [Name],
    gone: Vec<bool>,
}

impl Search<'_> {
    /// A hash is exact, a number nearly so. A subject may be that of many, so it counts only where nothing better is said.
    fn taken(&self, revert: &Revert<'_>, at: usize) -> Taken {
        let named = self.named(revert, at);
        let vague = revert.hashes.is_empty() && revert.numbers.is_empty();
        if !named.places.is_empty() || !vague {
            return named;
        }
        let by_subject = all(revert
            .quoted
            .iter()
            .map(|subject| self.subject(subject, at)));
        if by_subject.places.is_empty() {
            named
        } else {
            by_subject
        }
    }

    /// What is named by hash or, where none is here, by number.
    fn named(&self, revert: &Revert<'_>, at: usize) -> Taken {
        let by_hash = all(revert.hashes.iter().map(|hash| self.hash(hash, at)));
        if !by_hash.places.is_empty() {
            return by_hash;
        }
        let by_number = all(revert.numbers.iter().map(|number| self.number(*number, at)));
        if by_number.places.is_empty() {
            Taken {
                places: Vec::new(),
                whole: false,
            }
        } else {
            by_number
        }
    }

    /// The only commit whose hash begins so.
    fn hash(&self, hash: &str, at: usize) -> Option<usize> {
        let begins = |one: &usize| *one != at && self.landed[*one].id.as_str().starts_with(hash);
        let mut all = (0..self.landed.len()).filter(begins);
        all.next().filter(|_| all.next().is_none())
    }

    fn number(&self, number: u64, at: usize) -> Option<usize> {
        self.older(at, |one| self.names[one].number == Some(number))
    }

    fn subject(&self, subject: &str, at: usize) -> Option<usize> {
        let title = split_number(subject).0;
        self.older(at, |one| {
            self.landed[one].subject.trim() == subject
                || self.names[one].title.as_deref() == Some(title)
        })
    }

    /// The newest that is older than this one and not yet taken back, or else any.
    fn older(&self, at: usize, is: impl Fn(usize) -> bool) -> Option<usize> {
        let all = || (at + 1..self.landed.len()).filter(|&one| is(one));
        all().find(|&one| !self.gone[one]).or_else(|| all().next())
    }
}

fn all(found: impl Iterator<Item = Option<usize>>) -> Taken {
    let found: Vec<Option<usize>> = found.collect();
    Taken {
        whole: found.iter().all(Option::is_some),
        places: found.into_iter().flatten().collect(),
    }
}
