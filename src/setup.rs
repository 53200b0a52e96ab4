//! What `git smp setup` does: agreement, checks, the first `smp.toml`, webhooks, the guard, the manual, completions.

pub mod check;
pub mod checks;
pub mod completions;
pub mod elsewhere;
pub mod guard;
pub mod issues;
pub mod manual;
pub mod webhooks;
pub mod wizard;
