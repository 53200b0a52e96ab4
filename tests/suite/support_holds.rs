//! Tests of the test support: its world is closed, its servers obey, and its terminal is real.

mod form;
mod git_host;
mod heroku;
mod pages;
mod pipelines;
mod terminal;
mod world;
