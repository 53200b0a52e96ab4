//! git-smp: promote the exact commit that staging runs to production, by `git push`, and know that it arrived.
#![allow(dead_code, reason = "the house is being built")]

mod config;
mod error;
mod git;
mod model;

fn main() {}
