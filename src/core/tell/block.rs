//! The blocks of a post, in the order of every format.

use crate::core::config::Mention;
use crate::core::tell::fit::{Limits, clipped, more};
use crate::core::tell::post::{Listed, Post};

/// The maximum number of named files; nobody reads the names of a hundred migrations.
const NAMED: usize = 10;
/// The weight limit of notified people: further ones are named in plain text, and none is dropped.
const CALLED: usize = 4000;

/// A part of a post. Its text is the program's own unless the variant says that it is foreign.
pub(super) enum Block<'a> {
    Heading(&'a str),
    /// The mentions and the first sentence.
    Opening(Opening<'a>),
    /// The commits, and the number of omitted ones: "and 140 more".
    Commits(&'a [Listed], Option<String>),
    Sentence(Vec<Piece<'a>>),
    /// A text by people for people; foreign, with list items (see [`said`]).
    Summary(&'a str),
    /// A text by one person for the team, whose lines stay as they are.
    Note(&'a str),
}

pub(super) enum Piece<'a> {
    Words(String),
    /// A file name, formatted as code; foreign.
    Name(String),
    Link(&'a str),
}

/// Builds the blocks of a post that lists `count` of its commits.
pub(super) fn blocks<'a>(post: &'a Post, count: usize, limits: &Limits) -> Vec<Block<'a>> {
    let mut blocks = vec![
        Block::Heading(&post.heading),
        Block::Opening(opening(post, limits)),
    ];
    if !post.commits.is_empty() {
        let shown = post.commits.get(..count).unwrap_or(&post.commits);
        blocks.push(Block::Commits(shown, more(post.commits.len(), count)));
    }
    if !post.watched.is_empty() {
        blocks.push(Block::Sentence(watched(&post.watched, limits)));
    }
    blocks.extend(post.summary.as_deref().map(Block::Summary));
    blocks.extend(post.link.as_ref().map(|link| {
        let (before, after) = ("See ".to_owned(), link.after.to_owned());
        let url = Piece::Link(&link.url);
        Block::Sentence(vec![Piece::Words(before), url, Piece::Words(after)])
    }));
    blocks.extend(post.note.as_deref().map(Block::Note));
    blocks
}

/// Returns "Changed files that the team watches: `Procfile`, `db/7.sql` and 3 more".
fn watched<'a>(files: &[String], limits: &Limits) -> Vec<Piece<'a>> {
    let mut pieces = vec![Piece::Words(
        "Changed files that the team watches: ".to_owned(),
    )];
    let (mut named, mut sum) = (0, 0);
    for file in files.iter().take(NAMED) {
        let name = clipped(file, limits.file, limits.weigh);
        sum += limits.weight(&name);
        if sum > limits.files {
            break;
        }
        if named > 0 {
            pieces.push(Piece::Words(", ".to_owned()));
        }
        pieces.push(Piece::Name(name));
        named += 1;
    }
    pieces.extend(more(files.len(), named).map(|more| Piece::Words(format!(" {more}"))));
    pieces
}

/// The beginning of a post: "@devs looking at deploying …".
pub(super) struct Opening<'a> {
    /// The people whom the chat notifies, by name and id.
    pub(super) called: Vec<(&'a str, &'a str)>,
    /// Everybody else, in plain text.
    pub(super) names: String,
    /// The sentence that follows them.
    pub(super) lead: &'a str,
}

impl Opening<'_> {
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.names, self.lead)
            .trim_start()
            .to_owned()
    }

    /// Returns a text with markup, which mentions need, and a literal one for words that are not harmless.
    pub(super) fn parts(
        &self,
        mention: fn(&(&str, &str)) -> String,
    ) -> (Option<String>, Option<String>) {
        let mentions: Vec<String> = self.called.iter().map(mention).collect();
        let (called, words) = (mentions.join(" "), self.words());
        match (called.is_empty(), harmless(&words)) {
            (true, _) => (None, Some(words)),
            (false, true) => (Some(format!("{called} {words}")), None),
            (false, false) => (Some(called), Some(words)),
        }
    }
}

pub(super) fn opening<'a>(post: &'a Post, limits: &Limits) -> Opening<'a> {
    let (mut called, mut plain, mut sum) = (Vec::new(), Vec::new(), 0);
    for mention in &post.mentions {
        let (name, id) = match mention {
            Mention::Plain(name) => (name, None),
            Mention::Person { name, id } => (name, Some(id).filter(|id| (limits.knows)(id))),
        };
        let cost = id.map_or(0, |id| 200 + limits.weight(id) + 3 * limits.weight(name));
        match id.filter(|_| sum + cost <= CALLED) {
            Some(id) => {
                sum += cost;
                called.push((name.as_str(), id.as_str()));
            }
            None => plain.push(format!("@{name}")),
        }
    }
    Opening {
        called,
        names: clipped(&plain.join(" "), limits.names, limits.weigh),
        lead: &post.lead,
    }
}

/// Returns whether no chat could read the text as markup, a link or an emoji: only letters, digits and sentence marks.
/// Only such a text may share a line with a real mention, which needs markup.
pub(super) fn harmless(text: &str) -> bool {
    let mut next = text.chars().skip(1);
    let plain = text.chars().all(|c| {
        let ends = matches!(next.next(), None | Some(' '));
        match c {
            '.' | ':' | ',' | ';' => ends,
            ' ' | '@' | '-' => true,
            _ => c.is_alphanumeric(),
        }
    });
    plain && text.starts_with(|c: char| c.is_alphabetic() || c == '@')
}

/// Returns the lines of a text by people without their list marks, and whether each is a list item.
pub(super) fn said(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.lines().map(|line| {
        let line = line.trim();
        let point = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        (point.is_some(), point.unwrap_or(line).trim())
    })
}
