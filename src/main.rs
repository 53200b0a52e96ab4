//! git-smp: promote the commit running on staging to production with `git push`, and verify that it is live.

mod cli;
mod commands;
mod core;
mod deploy;
mod forge;
mod git;
mod http;
mod look;
mod notes;
mod options;
mod session;
mod setup;
mod sources;
mod team;
mod terminal;

use std::mem::ManuallyDrop;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::commands::Command;
use crate::core::refusal::Stop;
use crate::core::words::SMP_TOML;
use crate::session::Session;
use crate::terminal::{Talk, Ui};

fn main() -> ExitCode {
    let (cli, given) = match Cli::read() {
        Ok(read) => read,
        Err(error) => return ExitCode::from(cli::usage::usage(&error)),
    };
    if let Some(named) = cli.common.config() {
        SMP_TOML.name(named.to_string_lossy().into_owned());
    }
    let talk = match (cli.common.quiet, cli.common.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let ui = Ui::new(talk, cli.common.color, given);
    match run(&cli, &ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Stop::Declined(what) = &stop {
                ui.note(what);
            }
            stop.report()
                .into_iter()
                .for_each(|report| ui.report(report));
            ExitCode::from(stop.exit_code())
        }
    }
}

fn run(cli: &Cli, ui: &Ui) -> Result<(), Stop> {
    if let Some(done) = cli.command.run_anywhere(ui, Cli::command) {
        return done;
    }
    let session = match (Session::open(&cli.common, ui), &cli.command) {
        (Err(stop), Command::PrePush(_)) => {
            commands::pre_push::pass(ui, &stop);
            return Ok(());
        }
        // The process ends next, and the kernel frees mapped packs faster than we could one by one.
        (session, _) => ManuallyDrop::new(session?),
    };
    let done = cli.command.run(&session);
    session.repo.hang_up();
    done
}
