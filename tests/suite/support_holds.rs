//! The test house itself: its world is closed, its servers do what they are told, and its terminal is one.

mod form;
mod git_host;
mod heroku;
mod pages;
mod pipelines;
mod terminal;
mod world;
