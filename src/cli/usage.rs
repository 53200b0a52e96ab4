//! What is wrong with a command line, or the help that was asked for.
#![expect(
    clippy::disallowed_methods,
    reason = "a command line is wrong before the terminal is opened"
)]

use std::io::{self, Write};

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Cli;
use crate::core::text::{shell_word, visible};
use crate::core::typed;

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
        .write_all(format!("{text}\n{}", hints(error, &args)).as_bytes());
    2
}

/// What to type in the place of it: a line each.
fn hints(error: &clap::Error, args: &[String]) -> String {
    let wrong = error
        .get(ContextKind::InvalidArg)
        .or_else(|| error.get(ContextKind::InvalidSubcommand));
    let wrong = match wrong {
        Some(ContextValue::String(wrong)) => wrong.as_str(),
        _ => "",
    };
    let meant = match error.kind() {
        ErrorKind::UnknownArgument => quoted(args, wrong),
        // A shell takes what follows a bare # for a comment.
        ErrorKind::InvalidValue if wrong.starts_with("--pick") => {
            Some("a # wants quotes: git smp stage --fix --pick '#N'".to_owned())
        }
        ErrorKind::InvalidSubcommand => synonym(wrong).map(str::to_owned),
        _ => None,
    };
    let help = help_of(args);
    let lines = typed::lines(&meant.map_or(help.clone(), |meant| format!("{meant}\n{help}")));
    lines.iter().map(|line| format!("hint: {line}\n")).collect()
}

/// The command with a text of several words in quotes, where the second of them is what is wrong.
fn quoted(args: &[String], wrong: &str) -> Option<String> {
    let second = args.iter().position(|arg| arg == wrong)?;
    let (option, first) = (second.checked_sub(2)?, second - 1);
    let is_word = |at: usize| args.get(at).is_some_and(|arg| !arg.starts_with('-'));
    let is_text = ["--block", "--note", "--by", "--reason", "--summary"]
        .contains(&args.get(option)?.as_str());
    if !is_text || !is_word(first) || !is_word(second) {
        return None;
    }
    let end = (second..args.len())
        .find(|at| !is_word(*at))
        .unwrap_or(args.len());
    let text = args.get(first..end)?.join(" ");
    let words = args
        .iter()
        .take(first)
        .chain([&text])
        .chain(args.iter().skip(end));
    let words: Vec<String> = words.map(|word| shell_word(word)).collect();
    Some(format!(
        "a text of several words wants quotes: git smp {}",
        words.join(" ")
    ))
}

/// The command that does what other programs have another word for.
fn synonym(word: &str) -> Option<&'static str> {
    Some(match word {
        "deploy" | "push" | "ship" | "release" | "publish" => {
            "to staging: git smp stage\nto production: git smp promote"
        }
        "log" | "deploys" | "releases" | "stats" => "git smp history",
        "block" | "reject" => "git smp signoff --block REASON",
        "approve" | "accept" | "pass" | "ok" | "sign-off" => "git smp signoff",
        "undo" | "revert" | "back" => "git smp rollback",
        "freeze" | "candidate" => "git smp propose",
        "unfreeze" | "thaw" | "withdraw" | "cancel" | "abort" => "git smp postpone",
        "init" | "install" | "check" | "doctor" => "git smp setup",
        "fix" | "hotfix" => "git smp stage --fix",
        "list" | "changes" | "compare" => "git smp diff",
        "info" => "git smp status",
        _ => return None,
    })
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
