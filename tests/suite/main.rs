//! The real binary against real repositories and real servers on loopback.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests may stop loudly, and drive programs themselves"
)]

mod any_repository;
mod ask;
mod branches;
mod ci;
mod completions;
mod connections;
mod declined;
mod diff;
mod emptied;
mod ends;
mod first_push;
mod forges;
mod gates;
mod git_lfs;
mod heroku;
mod history;
mod hook;
mod host_hooks;
mod hostile_answers;
mod hostile_config;
mod hostile_history;
mod hostile_notes;
mod instances;
mod interrupted;
mod logins;
#[cfg(feature = "machine")]
mod machine;
mod manual;
mod moved;
mod observed;
mod on_its_way;
mod pages;
mod person;
mod platform;
mod postpone;
mod posts;
mod promote;
mod propose;
mod push;
mod question;
mod readme;
mod record;
mod replicas;
mod reviews;
mod rollback;
mod sample;
mod seen_in_the_wild;
mod setup;
mod several;
mod shallow;
mod signoff;
mod stage;
mod status;
mod summary;
mod support;
mod support_holds;
mod terminal_talk;
mod together;
mod trips;
mod trust;
mod turned_down;
mod walks;
mod watch;
mod webhook;
mod week;
mod r#where;
