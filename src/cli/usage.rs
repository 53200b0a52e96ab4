//! What is wrong with a command line, or the help that was asked for.
#![expect(
    clippy::disallowed_methods,
    reason = "a command line is wrong before the terminal is opened"
)]

use std::io::{self, Write};

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::{Cli, given};
use crate::core::text::visible;
use crate::core::typed::{Given, Hint, Typed};

/// Says it; gives the exit code.
pub fn usage(mut error: clap::Error) -> u8 {
    // When even stderr is gone there is nobody left to tell.
    let is_missing = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_missing || !error.use_stderr() {
        let _ = error.print();
        return if is_missing { 2 } else { 0 };
    }
    // What only git calls is nothing that somebody meant to type.
    if let Some(ContextValue::Strings(near)) = error.get(ContextKind::SuggestedSubcommand)
        && near.iter().any(|one| one == "pre-push")
    {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::None);
    }
    let args = given::typed();
    // git opens the manual for `--help`; the hint says what shows the options here.
    let text = error.render().to_string();
    let (text, _) = (text.split_once("\nFor more information, try")).unwrap_or((&text, ""));
    let lines = text.trim_end().lines();
    let text: String = lines.map(|line| visible(line) + "\n").collect();
    let text = format!("{text}\n{}", hints(&error, &args));
    let _ = io::stderr().lock().write_all(text.as_bytes());
    2
}

/// What to type in the place of it: a line each.
fn hints(error: &clap::Error, args: &[String]) -> String {
    let wrong = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    let wrong = match wrong.into_iter().find_map(|kind| error.get(kind)) {
        Some(ContextValue::String(wrong)) => wrong.as_str(),
        _ => "",
    };
    let meant = match error.kind() {
        ErrorKind::UnknownArgument => quoted(args, wrong),
        // A shell takes what follows a bare # for a comment.
        ErrorKind::InvalidValue if wrong.starts_with("--pick") => {
            let pick = match args.iter().any(|arg| arg == "--pick") {
                true => Typed::instead_of("--pick", "--pick '#N'"),
                false => Typed::smp("stage --fix").option("--pick", "#N"),
            };
            Some(Hint::run("a # wants quotes", pick))
        }
        ErrorKind::InvalidSubcommand => synonym(wrong),
        _ => None,
    };
    let help = Hint::run("", help_of(args));
    let lines = meant.into_iter().chain([help]);
    let given = Given {
        line: args.to_vec(),
        ..Given::default()
    };
    let lines = lines.flat_map(|hint| given.complete(&hint));
    lines.map(|line| format!("hint: {line}\n")).collect()
}

/// The command with a text of several words in quotes, where the second of them is what is wrong.
fn quoted(args: &[String], wrong: &str) -> Option<Hint> {
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
    let typed = typed.fold(Typed::smp(""), |typed, word| typed.arg(word));
    Some(Hint::run("a text of several words wants quotes", typed))
}

/// The command that does what other programs have another word for.
fn synonym(word: &str) -> Option<Hint> {
    let command = match word {
        "deploy" | "push" | "ship" | "release" | "publish" => {
            let [stage, promote] = ["stage", "promote"].map(|one| Typed::instead_of(word, one));
            return Some(Hint::run("to staging", stage).and(Hint::run("to production", promote)));
        }
        "log" | "deploys" | "releases" | "stats" => "history",
        // What follows is rather the reason.
        "block" | "reject" => {
            return Some(Hint::run("", Typed::smp("signoff --block REASON")));
        }
        "approve" | "accept" | "pass" | "ok" | "sign-off" => "signoff",
        "undo" | "revert" | "back" => "rollback",
        "freeze" | "candidate" => "propose",
        "unfreeze" | "thaw" | "withdraw" | "cancel" | "abort" => "postpone",
        "init" | "install" | "check" | "doctor" => "setup",
        "fix" | "hotfix" => "stage --fix",
        "list" | "changes" | "compare" => "diff",
        "info" => "status",
        _ => return None,
    };
    Some(Hint::run("", Typed::instead_of(word, command)))
}

/// The command that tells the options of the command that was meant.
fn help_of(args: &[String]) -> Typed {
    let cli = Cli::command();
    let commands: Vec<&str> = (cli.get_subcommands())
        .filter(|one| !one.is_hide_set())
        .map(|one| one.get_name())
        .collect();
    let mut before = "";
    for arg in args {
        // The value of an option before the command may be called like one.
        if commands.contains(&arg.as_str()) && !["--config", "--color"].contains(&before) {
            return Typed::smp(arg).plain("-h");
        }
        before = arg;
    }
    Typed::smp("-h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_that_of_the_command_that_was_typed() {
        let help = |line: &str| {
            help_of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).to_string()
        };
        assert_eq!(help("signoff --bloc no"), "git smp signoff -h");
        assert_eq!(help("--config stage promote --json"), "git smp promote -h");
        assert_eq!(help("deploy"), "git smp -h");
        assert_eq!(help("pre-push"), "git smp -h");
    }
}
