//! Support for tests: a world in a folder that cannot see the developer's machine, and doubles for everything outside.
//!
//! ```ignore
//! let deploy = World::deploy();
//! deploy.trust();
//! let before = deploy.snapshot();
//! deploy.smp(&["promote", "--dry-run"]).ok().says("push");
//! assert_eq!(before, deploy.snapshot());
//! ```
#![allow(
    dead_code,
    unused_imports,
    reason = "a house has rooms that not every test enters"
)]

mod capture;
mod chain;
mod committed;
mod deploy;
mod dokku;
mod forge;
mod gate;
mod githttp;
mod github;
mod heroku;
mod hosts;
mod issues;
mod pipelines;
mod platform;
mod pushed;
mod refs;
mod rounds;
mod run;
mod sandbox;
mod schemas;
#[path = "../../../src/git/tests/scratch.rs"]
mod scratch;
mod signals;
mod ssh;
mod template;
mod terminal;
mod tls;
mod web;
mod wire;
mod worlds;

pub use capture::{Capture, PATIENCE};
pub use chain::{Chain, Told};
pub use deploy::{Deploy, DeployBuilder};
pub use dokku::Dokku;
pub use forge::RestApi;
pub use gate::Gate;
pub use githttp::{Fault, GitHttp, Rule, Seen};
pub use github::GitHubApi;
pub use heroku::{HerokuApi, Outcome};
pub use hosts::Transcript;
pub use issues::{Fate, IssuesApi, Posted, Speaks};
pub use platform::{Behaviour, NOT_COMPLETE, RELEASE_COMMAND, SKIPS};
pub use rounds::Rounds;
pub use run::{Run, Runner, Running};
pub use sandbox::{PROGRAMS, Snapshot, World};
pub use ssh::SshHost;
pub use terminal::Terminal;
pub use tls::{Socks, TlsSite};
pub use web::{Asked, BOMB_MEMBERS, Page, Web};
pub use worlds::{TOPOLOGIES, Topology, topologies};
