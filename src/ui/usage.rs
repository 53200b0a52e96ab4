//! What is wrong with a command line, or the help that was asked for.

use std::io::{self, Write};

use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::cli::Cli;
use crate::text::visible;

/// Says it; gives the exit code.
pub fn usage(error: &clap::Error) -> u8 {
    // When even stderr is gone there is nobody left to tell.
    if !error.use_stderr() {
        let _ = error.print();
        return 0;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return 2;
    }
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    // git opens the manual for `--help`; the hint says what shows the options here.
    let text = error.render().to_string();
    let text = text
        .split("\nFor more information, try")
        .next()
        .unwrap_or(&text)
        .trim_end();
    let text: String = text.lines().map(|line| visible(line) + "\n").collect();
    let _ = io::stderr()
        .lock()
        .write_all(format!("{text}\nhint: {}\n", help_of(&args)).as_bytes());
    2
}

/// The command that tells the options of the command that was meant.
fn help_of(args: &[String]) -> String {
    let cli = Cli::command();
    let visible = |name: &&String| {
        cli.get_subcommands()
            .any(|one| one.get_name() == *name && !one.is_hide_set())
    };
    let value = |at: usize| {
        at.checked_sub(1)
            .and_then(|at| args.get(at))
            .map(String::as_str)
    };
    // The value of an option before the command may be called like one.
    let meant = args
        .iter()
        .enumerate()
        .find(|(at, arg)| visible(arg) && !matches!(value(*at), Some("--config" | "--color")));
    meant.map_or_else(
        || "git smp -h".to_owned(),
        |(_, name)| format!("git smp {name} -h"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_that_of_the_command_that_was_typed() {
        let help = |line: &str| help_of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(help("signoff --bloc no"), "git smp signoff -h");
        assert_eq!(help("--config stage promote --json"), "git smp promote -h");
        assert_eq!(help("deploy"), "git smp -h");
        assert_eq!(help("pre-push"), "git smp -h");
    }
}
