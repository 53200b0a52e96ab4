//! What the team shares: the record as a ref of the main repository, and the posts in its channels.

pub mod posts;
pub mod recorder;
pub mod release;
pub mod sending;
pub mod summary;
pub mod watched;
pub mod webhook;
