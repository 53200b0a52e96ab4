//! What the team shares: the record as a ref of the main repository, and the posts in its channels.

pub mod agreed;
pub mod channel;
pub mod delivery;
pub mod hearing;
pub mod posting;
pub mod product;
pub mod recorder;
pub mod summary;
pub mod watched;
pub mod webhook;

mod compose;
mod send;
