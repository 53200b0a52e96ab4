//! The given options that the same command needs again: hints are commands to paste.

use std::mem::ManuallyDrop;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::core::typed::Given;

/// The options that a hint repeats. `--yes` is not among them: nobody should confirm by pasting a hint.
const KEPT: &[&str] = &[
    "--summary",
    "-F",
    "--reason",
    "--note",
    "--by",
    "--block",
    "--take-over",
    "--again",
    "--first",
    "--override",
    "--hook",
    "--deepen",
    "--timeout",
];

impl Cli {
    pub fn read() -> Result<(Self, Given), clap::Error> {
        // Never dropped: the process ends sooner than its parts are freed one by one.
        let mut command = ManuallyDrop::new(Self::command());
        let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
        let given = given(&matches);
        let cli = Self::from_arg_matches_mut(&mut matches);
        let cli = cli.map_err(|error| error.format(&mut command))?;
        let line = typed();
        Ok((cli, Given { line, ..given }))
    }
}

/// The words of the command line after the program's name.
pub fn typed() -> Vec<String> {
    let args = std::env::args_os().skip(1);
    args.map(|arg| arg.to_string_lossy().into_owned()).collect()
}

fn given(matches: &ArgMatches) -> Given {
    let mut given = Given {
        // A value from the environment needs no repeating: the variable still applies to the next command.
        config: value(matches, "config"),
        ..Given::default()
    };
    let Some((name, args)) = matches.subcommand() else {
        return given;
    };
    name.clone_into(&mut given.command);
    for id in ["environments", "environment"] {
        let names = args.try_get_many::<String>(id).ok().flatten();
        given.names.extend(names.into_iter().flatten().cloned());
    }
    // A verdict is about one commit, so its hints repeat `--commit`. The hints of a deploy name their own commit.
    let commit = (name == "signoff").then_some("--commit");
    for option in KEPT.iter().copied().chain(commit) {
        let id = match option {
            "-F" => "file".to_owned(),
            long => long.trim_start_matches('-').replace('-', "_"),
        };
        let is_flag = args.try_get_one::<bool>(&id).is_ok();
        match value(args, &id) {
            Some(_) if is_flag => given.options.push((option, None)),
            Some(text) => given.options.push((option, Some(text))),
            None => {}
        }
    }
    given
}

fn value(matches: &ArgMatches, id: &str) -> Option<String> {
    let mut values = matches.try_get_raw(id).ok().flatten()?;
    let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
    Some(
        values
            .next()
            .filter(|_| is_given)?
            .to_string_lossy()
            .into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_an_option_of_a_command() {
        let commands = crate::cli::commands();
        let all: Vec<&clap::Arg> = (commands.iter())
            .flat_map(clap::Command::get_arguments)
            .collect();
        for option in KEPT {
            let is_known = all.iter().any(|arg| {
                arg.get_long().map(|long| format!("--{long}")).as_deref() == Some(option)
                    || arg.get_short().map(|short| format!("-{short}")).as_deref() == Some(option)
            });
            assert!(is_known, "{option}");
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
                command: "promote".into(),
                names: vec!["eu".into()],
                options: vec![
                    ("-F", Some("text".into())),
                    ("--again", None),
                    ("--timeout", Some("5".into())),
                ],
                line: Vec::new(),
            }
        );
        // What was typed there has to be typed again, or nobody is told.
        let file = ("-F", Some("-".into()));
        assert_eq!(read("git-smp promote -F -").options, [file]);
        assert_eq!(read("git-smp status --json").options, []);
    }
}
