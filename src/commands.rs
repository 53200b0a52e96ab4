//! The commands, a file each: look, plan, show, ask, do.

pub mod diff;
pub mod history;
pub mod postpone;
pub mod pre_push;
pub mod promote;
pub mod propose;
pub mod rollback;
pub mod setup;
pub mod signoff;
pub mod stage;
pub mod status;
