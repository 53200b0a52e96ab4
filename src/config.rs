//! `smp.toml`: what a team says about its environments. TOML text in, a configuration out, or one sentence that names file,
//! line, column and key, and never a value.
//!
//! The file is committed, and whoever can open a pull request can write to it; so nothing in it can name a command or
//! hold a secret, and what it says counts only after `git smp setup` has shown it.

mod address;
mod names;
mod secret;
mod sentence;

#[allow(unused_imports, reason = "the rooms that use these are being built")]
pub use address::{check_page, check_url, display_url, same_place};
#[allow(unused_imports, reason = "the rooms that use these are being built")]
pub use names::{check_branch, check_remote_name};
