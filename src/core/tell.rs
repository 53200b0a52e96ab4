//! A post in the form that a channel takes. Pure: nothing here knows an address or a secret.
//!
//! Subjects, names and notes are foreign, and a chat acts on text: it links, calls people and computes dates. So foreign
//! text goes only where a chat takes no markup, and nobody is called but those whom the configuration names.

pub mod draft;
pub mod post;

mod fit;
pub mod markdown;
pub mod slack;
pub mod teams;
mod watched;

use crate::core::config::Mention;
use crate::core::tell::post::Post;
use fit::clipped;

/// The most weight of those who are notified: more are called by plain text, and nobody is left out in silence.
const CALLED: usize = 4000;

/// How a post begins.
struct Opening<'a> {
    /// Those whom the chat notifies.
    called: Vec<Called<'a>>,
    /// Everybody else, in plain text.
    names: String,
    /// The sentence that goes on after them.
    lead: String,
}

impl Opening<'_> {
    /// What is said, in plain text.
    fn words(&self) -> String {
        if self.names.is_empty() {
            self.lead.clone()
        } else {
            format!("{} {}", self.names, self.lead)
        }
    }
}

/// Somebody whom the chat notifies.
struct Called<'a> {
    name: &'a str,
    id: &'a str,
}

/// The beginning of a post: "@devs looking at deploying …", with at most `room` for the names in plain text. `knows`
/// says which ids the chat could mean.
fn opening(
    post: &Post,
    room: usize,
    weigh: fn(char) -> usize,
    knows: fn(&str) -> bool,
) -> Opening<'_> {
    let weight = |text: &str| text.chars().map(weigh).sum::<usize>();
    let (mut called, mut plain, mut sum) = (Vec::new(), Vec::new(), 0);
    for mention in &post.mentions {
        let (name, one) = match mention {
            Mention::Plain(name) => (name, None),
            Mention::Person { name, id } => (name, Some(Called { name, id })),
        };
        let one = one.filter(|one| knows(one.id));
        let cost = one
            .as_ref()
            .map_or(0, |one| 200 + weight(one.id) + 3 * weight(one.name));
        match one.filter(|_| sum + cost <= CALLED) {
            Some(one) => {
                sum += cost;
                called.push(one);
            }
            None => plain.push(format!("@{name}")),
        }
    }
    Opening {
        called,
        names: clipped(&plain.join(" "), room, weigh),
        lead: post.lead.clone(),
    }
}

/// Whether no chat could take any of this text for markup, a link or an emoji: letters, digits, and the marks of a
/// plain sentence. Only such a text may share a line with a real mention, for those need a place with markup.
fn harmless(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '@');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let followed = chars.peek().is_some_and(|next| *next != ' ');
        let good = match c {
            '.' | ':' | ',' | ';' => !followed,
            ' ' | '@' | '-' => true,
            _ => c.is_alphanumeric(),
        };
        if !good {
            return false;
        }
    }
    begins
}

#[cfg(test)]
mod tests;
