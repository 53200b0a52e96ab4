//! What `git smp setup` does: agreement, checks, the first `smp.toml`, webhooks, the guard, the manual.

pub mod checks;
pub mod guard;
pub mod hook;
pub mod manual;
pub mod webhooks;
pub mod wizard;
