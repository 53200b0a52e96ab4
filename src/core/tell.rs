//! A post in the form that a channel takes. Pure: nothing here knows an address or a secret.
//!
//! Subjects, names and notes are foreign, and a chat acts on text: it links, calls people and computes dates. So foreign
//! text goes only where a chat takes no markup, and nobody is called but those whom the configuration names.

pub mod draft;
pub mod markdown;
pub mod post;
pub mod slack;
pub mod teams;

mod block;
mod fit;

#[cfg(test)]
mod tests;
