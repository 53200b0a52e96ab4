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
    let is_missing = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_missing || !error.use_stderr() {
        let _ = error.print();
        return if is_missing { 2 } else { 0 };
    }
    let args = std::env::args_os().skip(1);
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    // git opens the manual for `--help`; the hint says what shows the options here.
    let text = error.render().to_string();
    let text = text
        .split("\nFor more information, try")
        .next()
        .unwrap_or_default();
    let text: String = text
        .trim_end()
        .lines()
        .map(|line| visible(line) + "\n")
        .collect();
    let text = format!("{text}\n{}", hints(error, &args));
    let _ = io::stderr().lock().write_all(text.as_bytes());
    2
}

/// What to type in the place of it: a line each.
fn hints(error: &clap::Error, args: &[String]) -> String {
    let wrong =
        (error.get(ContextKind::InvalidArg)).or_else(|| error.get(ContextKind::InvalidSubcommand));
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
    let lines = meant
        .iter()
        .flat_map(|meant| typed::lines(meant))
        .chain([help_of(args)]);
    lines.map(|line| format!("hint: {line}\n")).collect()
}

/// The command with a text of several words in quotes, where the second of them is what is wrong.
fn quoted(args: &[String], wrong: &str) -> Option<String> {
    let second = args.iter().position(|arg| arg == wrong)?;
    let option = args.get(second.checked_sub(2)?)?.as_str();
    let (before, text) = args.split_at_checked(second - 1)?;
    let count = text.iter().take_while(|arg| !arg.starts_with('-')).count();
    let (words, rest) = text.split_at_checked(count)?;
    let texts = ["--block", "--note", "--by", "--reason", "--summary"];
    if count < 2 || !texts.contains(&option) {
        return None;
    }
    let whole = words.join(" ");
    let typed = before.iter().chain([&whole]).chain(rest);
    let typed: Vec<String> = typed.map(|word| shell_word(word)).collect();
    let typed = typed.join(" ");
    Some(format!(
        "a text of several words wants quotes: git smp {typed}"
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
    let commands: Vec<&str> = (cli.get_subcommands())
        .filter(|one| !one.is_hide_set())
        .map(|one| one.get_name())
        .collect();
    let mut before = "";
    for arg in args {
        // The value of an option before the command may be called like one.
        if commands.contains(&arg.as_str()) && !["--config", "--color"].contains(&before) {
            return format!("git smp {arg} -h");
        }
        before = arg;
    }
    "git smp -h".to_owned()
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
