//! The core: values in, values out. Nothing here knows files, the network, threads or the clock.

pub mod address;
pub mod arguments;
pub mod config;
pub mod decide;
pub mod nearest;
pub mod record;
pub mod refusal;
pub mod reverts;
pub mod secret;
pub mod show;
pub mod tell;
pub mod text;
pub mod typed;
pub mod when;
pub mod window;
pub mod words;

#[cfg(test)]
pub mod schema_tests;
