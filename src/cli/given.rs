//! What was given that the same command needs again: hints are commands to paste.

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::core::typed::Given;

/// The options that belong to every command to go on with. How a command is asked, and how long it waits, does not: nobody
/// is to say `--yes` by pasting.
const KEPT: &[(&str, &[&str])] = &[
    ("stage", &["--take-over", "--first"]),
    ("propose", &["--note"]),
    ("signoff", &["--by", "--block", "--note", "--commit"]),
    ("postpone", &["--reason"]),
    (
        "promote",
        &["--summary", "-F", "--take-over", "--again", "--first"],
    ),
    ("rollback", &["--reason", "--take-over"]),
    ("diff", &[]),
];

impl Cli {
    /// Reads the command line.
    pub fn read() -> Result<(Self, Given), clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        let cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        Ok((cli, given(&matches)))
    }
}

fn given(matches: &ArgMatches) -> Given {
    let mut given = Given {
        // One that a variable names is named still.
        config: value(matches, "config"),
        ..Given::default()
    };
    let Some((name, args)) = matches.subcommand() else {
        return given;
    };
    let Some((command, kept)) = KEPT.iter().find(|(command, _)| *command == name) else {
        return given;
    };
    given.command = command;
    for id in ["environments", "environment"] {
        let names = args.try_get_many::<String>(id).ok().flatten();
        given.names.extend(names.into_iter().flatten().cloned());
    }
    for option in *kept {
        let id = match *option {
            "-F" => "file".to_owned(),
            long => long.trim_start_matches('-').replace('-', "_"),
        };
        let is_flag = args.try_get_one::<bool>(&id).is_ok();
        match value(args, &id) {
            Some(_) if is_flag => given.options.push((option, None)),
            // What came on standard input is not there a second time.
            Some(file) if *option == "-F" && file == "-" => {}
            Some(text) => given.options.push((option, Some(text))),
            None => {}
        }
    }
    given
}

/// What stands on the command line for an argument.
fn value(matches: &ArgMatches, id: &str) -> Option<String> {
    let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut values = matches.get_raw(id).filter(|_| is_given)?;
    Some(values.next()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_an_option_of_its_command() {
        let cli = Cli::command();
        for (command, kept) in KEPT {
            let command = cli.find_subcommand(command).unwrap();
            for option in *kept {
                let is_this = |arg: &&clap::Arg| {
                    arg.get_long().map(|long| format!("--{long}")).as_deref() == Some(option)
                        || arg.get_short().map(|short| format!("-{short}")).as_deref()
                            == Some(option)
                };
                assert!(command.get_arguments().any(|arg| is_this(&arg)), "{option}");
            }
        }
    }

    #[test]
    fn hints_repeat_what_says_what_is_done() {
        let read = |line: &str| {
            let args = line.split(' ').collect::<Vec<_>>();
            given(&Cli::command().try_get_matches_from(args).unwrap())
        };
        assert_eq!(
            read("git-smp promote eu --again --yes -F text --timeout 5 --config c"),
            Given {
                config: Some("c".into()),
                command: "promote",
                names: vec!["eu".into()],
                options: vec![("-F", Some("text".into())), ("--again", None)],
            }
        );
        assert_eq!(read("git-smp promote -F -").options, []);
        assert_eq!(read("git-smp status --json"), Given::default());
    }
}
