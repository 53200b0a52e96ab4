use serde::{Deserialize, Serialize};

use crate::core::config::{ChannelKind, values};

/// The channel for candidates, verdicts and rollbacks.
pub const TECHNICAL: &str = "technical";

/// A chat channel that is notified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Channel {
    // `technical` or `product`.
    #[serde(skip)]
    pub name: String,
    /// `teams` and `slack` are posted to. `print` writes the post to standard output, for any other chat.
    #[serde(deserialize_with = "values::word")]
    pub kind: ChannelKind,
    /// Who is mentioned at the beginning of each post. A text is shown and notifies nobody; a table with `name` and `id`
    /// notifies a person.
    #[serde(default, deserialize_with = "values::list")]
    #[cfg_attr(test, schemars(length(max = 100)))]
    pub mentions: Vec<Mention>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// Plain text after an `@`.
    Plain(String),
    /// A person whom the chat notifies, by its own id for them.
    Person { name: String, id: String },
}
