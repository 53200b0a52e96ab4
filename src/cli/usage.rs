//! What the program prints for a wrong command line, and for `--help` and `--version`.
#![expect(
    clippy::disallowed_methods,
    reason = "a command line is wrong before the terminal is opened"
)]

use std::io::{self, Write};

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::{Cli, begin, given};
use crate::core::nearest::nearest;
use crate::core::text::visible;
use crate::core::typed::{DOTS, Given, Hint, Typed};
use crate::git::program;

/// The purpose of a command with the number of a pull request.
const QUOTE: &str = "quote the #, and replace the dots with the number";
const PICK: &str = "--pick '#...'";

pub fn usage(error: &clap::Error) -> u8 {
    let args = given::typed();
    match error.kind() {
        ErrorKind::DisplayHelp if opens_manual(&args) => return 0,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            match begin::lines() {
                Some(lines) => write(&lines),
                None => print(error),
            }
            return 2;
        }
        ErrorKind::DisplayVersion => {
            // Each command prints the version of git-smp.
            let _ = io::stdout()
                .lock()
                .write_all(Cli::command().render_version().as_bytes());
            return 0;
        }
        _ if !error.use_stderr() => {
            print(error);
            return 0;
        }
        _ => {}
    }
    write(&format!("{}\n{}", wrong(error), hints(error, &args)));
    2
}

/// Prints clap's message. A failure is ignored: if stderr is gone, nobody is left to tell.
fn print(error: &clap::Error) {
    let _ = error.print();
}

fn write(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Opens the manual page, as git does for `--help`. Returns `false` if there is none; clap's help is printed then.
fn opens_manual(args: &[String]) -> bool {
    if !args.iter().any(|arg| arg == "--help") {
        return false;
    }
    let page = match command_of(args) {
        Some(command) => format!("git-smp-{command}"),
        None => "git-smp".to_owned(),
    };
    program::ask("man", &["-w", &page]).is_some() && program::show("man", &[&page])
}

/// Returns what is wrong. For an unknown command this is one line, because the hints name the likely command.
fn wrong(error: &clap::Error) -> String {
    if let (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) =
        (error.kind(), error.get(ContextKind::InvalidSubcommand))
    {
        return format!("error: git smp has no command '{}'\n", visible(word));
    }
    if error.kind() == ErrorKind::MissingSubcommand {
        return "error: which command?\n".to_owned();
    }
    // Remove clap's pointer to `--help`, which opens the manual here. The hint names `-h`.
    let text = error.render().to_string();
    let (text, _) = (text.split_once("\nFor more information, try")).unwrap_or((&text, ""));
    let text = match error.kind() {
        ErrorKind::UnknownArgument => text.split("\n\n").next().unwrap_or_default(),
        _ => text,
    };
    let lines = text.trim_end().lines();
    lines.map(|line| visible(line) + "\n").collect()
}

/// Returns the hints: what to type instead, one line each.
fn hints(error: &clap::Error, args: &[String]) -> String {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(said)) => said.as_str(),
        _ => "",
    };
    let kinds = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    let wrong = kinds.into_iter().map(said).find(|said| !said.is_empty());
    let wrong = wrong.unwrap_or_default();
    let meant = match error.kind() {
        ErrorKind::UnknownArgument => {
            quoted(args, wrong).or_else(|| slip(args, wrong, said(ContextKind::SuggestedArg)))
        }
        // A shell reads everything after a bare # as a comment.
        ErrorKind::InvalidValue if wrong.starts_with("--pick") => {
            let pick = match args.iter().any(|arg| arg == "--pick") {
                true => Typed::instead_of("--pick", PICK),
                false => Typed::smp("stage --fix").plain(PICK),
            };
            Some(Hint::run(QUOTE, pick))
        }
        ErrorKind::MissingRequiredArgument if command_of(args) == Some("where") => {
            let typed = args
                .iter()
                .fold(Typed::smp(""), |typed, word| typed.arg(word));
            Some(Hint::run(QUOTE, typed.plain("'#...'")))
        }
        // Only --pick requires another option.
        ErrorKind::MissingRequiredArgument if command_of(args) == Some("stage") => {
            Some(Hint::run("", Typed::instead_of("stage", "stage --fix")))
        }
        ErrorKind::InvalidSubcommand => synonym(wrong).or_else(|| {
            let cli = Cli::command();
            slip(args, wrong, nearest(wrong, &commands(&cli))?)
        }),
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

/// Returns the command line with the wrong word replaced by the likely one.
fn slip(args: &[String], wrong: &str, meant: &str) -> Option<Hint> {
    let is_typed = args.iter().any(|arg| arg == wrong);
    (is_typed && !meant.is_empty() && nearest(wrong, &[meant]).is_some())
        .then(|| Hint::run("did you mean", Typed::instead_of(wrong, meant)))
}

/// Returns the command line with quotes around a text of several words, if `wrong` is the second of these words.
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
    Some(Hint::run("quote a text of several words", typed))
}

/// Returns our command for a word that other programs use.
fn synonym(word: &str) -> Option<Hint> {
    let command = match word {
        "deploy" | "push" | "ship" | "release" | "publish" => {
            // The words that follow fit at most one of the two, so the hints leave them out.
            let [stage, promote] = ["stage", "promote"].map(Typed::smp);
            return Some(Hint::run("to staging", stage).and(Hint::run("to production", promote)));
        }
        "log" | "deploys" | "releases" | "stats" => "history",
        // The words that follow are probably the reason, so the hint leaves them out.
        "block" | "reject" => {
            return Some(Hint::run(DOTS, Typed::smp("signoff").dotted("--block")));
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

/// Returns the names of the commands that are not hidden.
fn commands(cli: &clap::Command) -> Vec<&str> {
    let all = cli.get_subcommands().filter(|one| !one.is_hide_set());
    all.map(clap::Command::get_name).collect()
}

fn command_of(args: &[String]) -> Option<&str> {
    let cli = Cli::command();
    let commands = commands(&cli);
    let mut before = "";
    for arg in args {
        // The value of an option before the command may equal a command's name.
        if commands.contains(&arg.as_str()) && !["--config", "--color"].contains(&before) {
            return Some(arg);
        }
        before = arg;
    }
    None
}

/// Returns the command that prints the help of the typed command.
fn help_of(args: &[String]) -> Typed {
    match command_of(args) {
        Some(command) => Typed::smp(command).plain("-h"),
        None => Typed::smp("-h"),
    }
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

    #[test]
    fn the_help_of_a_command_begins_as_the_list_of_commands_does() {
        let cli = Cli::command();
        for command in crate::cli::commands() {
            let name = command.get_name();
            let listed = cli.find_subcommand(name).and_then(clap::Command::get_about);
            assert!(listed.is_some(), "{name}");
            assert_eq!(command.get_about(), listed, "{name}");
        }
    }

    #[test]
    fn each_command_has_one_example_that_is_one() {
        for command in crate::cli::commands() {
            let name = command.get_name();
            let text = command.get_after_help().unwrap().to_string();
            let line = text.strip_prefix("Example: git ").unwrap();
            // A text in quotes is one word.
            let words = line
                .split('\'')
                .enumerate()
                .flat_map(|(at, part)| match at % 2 {
                    0 => part.split_whitespace().collect(),
                    _ => vec![part],
                });
            let words: Vec<&str> = words.collect();
            assert_eq!(words.get(..2), Some(&["smp", name][..]), "{text}");
            Cli::command().try_get_matches_from(words).unwrap();
        }
    }
}
