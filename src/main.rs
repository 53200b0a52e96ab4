//! git-smp: promote the exact commit that staging runs to production, by `git push`, and know that it arrived.

mod cli;
mod commands;
mod config;
mod error;
mod execute;
mod git;
mod in_flight;
mod json;
mod manual;
mod model;
mod observe;
mod page;
mod plan;
mod render;
mod text;
mod ui;
mod web;

use std::mem::ManuallyDrop;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::commands::Session;
use crate::error::Stop;
use crate::ui::{Talk, Ui};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let talk = match (cli.common.quiet, cli.common.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let ui = Ui::new(talk, cli.common.color);
    match run(&cli, &ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Stop::Declined(what) = &stop {
                ui.note(what);
            }
            stop.report().into_iter().for_each(|report| ui.report(report));
            ExitCode::from(stop.exit_code())
        }
    }
}

fn run(cli: &Cli, ui: &Ui) -> Result<(), Stop> {
    // The process ends after this, and the kernel lets go of mapped packs faster than we could one by one.
    let session = ManuallyDrop::new(Session::open(&cli.common, ui)?);
    match &cli.command {
        Command::Setup(args) => commands::setup::run(&session, args),
        Command::Status(args) => commands::status::run(&session, args),
        Command::Diff(args) => commands::diff::run(&session, args),
        Command::Promote(args) => commands::promote::run(&session, args),
    }
}
