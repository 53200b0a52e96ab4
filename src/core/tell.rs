//! Posts in the format of each channel kind. Pure: it knows no address and no secret.
//!
//! Subjects, names and notes are foreign, and a chat acts on text: it makes links, mentions people and computes dates.
//! So foreign text only goes where a chat reads no markup, and only configured people are mentioned.

pub mod draft;
pub mod issue;
pub mod markdown;
pub mod post;
pub mod slack;
pub mod teams;

mod block;
mod fit;

use serde::{Deserialize, Serialize};

use crate::core::tell::post::Post;

/// The chat of a channel. A new one is a variant, its word, its row in [`ChannelKind::chat`], and a module for its
/// form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    Teams,
    Slack,
    Print,
}

/// The words for the kinds in `smp.toml`.
pub const KINDS: &[&str] = &["teams", "slack", "print"];

#[derive(Clone, Copy)]
pub struct Chat {
    pub name: &'static str,
    /// The name of the party that accepts a post: a workflow may still fail to deliver it.
    pub receiver: &'static str,
    pub payload: fn(&Post) -> String,
    /// True if only the answer `ok` means that it accepted a post.
    pub says_ok: bool,
    /// Why its webhook answers 401, and what to do about it.
    pub on_401: [&'static str; 2],
}

impl ChannelKind {
    /// Returns the chat that receives posts; `None` if they are printed for pasting.
    pub fn chat(self) -> Option<Chat> {
        Some(match self {
            Self::Teams => Chat {
                name: "Teams",
                receiver: "the Teams workflow",
                payload: teams::payload,
                says_ok: false,
                on_401: [
                    "its flow accepts posts only from certain people, and git smp cannot log in",
                    "in the Workflows app, let \"Anyone\" trigger the flow, then use its new address",
                ],
            },
            Self::Slack => Chat {
                name: "Slack",
                receiver: "Slack",
                payload: slack::payload,
                says_ok: true,
                on_401: [
                    "it wants a login, and git smp cannot log in",
                    "check that the address is the one that Slack shows for the webhook",
                ],
            },
            Self::Print => return None,
        })
    }
}

#[cfg(test)]
mod tests;
