//! What was given that the same command needs again: hints are commands to paste.

use crate::cli::{Cli, Command};
use crate::core::typed::Given;

impl Cli {
    /// The options that belong to every command to go on with. How a command is asked, and how long it waits, does not:
    /// nobody is to say `--yes` by pasting.
    pub fn given(&self) -> Given {
        let mut options: Vec<(&'static str, Option<String>)> = Vec::new();
        let mut with = |option, value: Option<&String>| {
            options.extend(value.map(|value| (option, Some(value.clone()))))
        };
        let mut names = Vec::new();
        let command = match &self.command {
            Command::Stage(args) => {
                with("--take-over", args.deploying.take_over.as_ref());
                options.extend(args.first.then_some(("--first", None)));
                "stage"
            }
            Command::Propose(args) => {
                with("--note", args.note.as_ref());
                "propose"
            }
            Command::Signoff(args) => {
                with("--by", args.by.as_ref());
                with("--block", args.block.as_ref());
                with("--note", args.note.as_ref());
                with("--commit", args.commit.as_ref());
                "signoff"
            }
            Command::Postpone(args) => {
                with("--reason", args.reason.as_ref());
                "postpone"
            }
            Command::Promote(args) => {
                names.clone_from(&args.environments);
                let file = args
                    .file
                    .as_ref()
                    .map(|file| file.to_string_lossy().into_owned());
                with("--summary", args.summary.as_ref());
                // What came on standard input is not there a second time.
                with("-F", file.as_ref().filter(|file| *file != "-"));
                with("--take-over", args.deploying.take_over.as_ref());
                options.extend(args.again.then_some(("--again", None)));
                options.extend(args.first.then_some(("--first", None)));
                "promote"
            }
            Command::Rollback(args) => {
                names.extend(args.environment.clone());
                with("--reason", args.reason.as_ref());
                with("--take-over", args.deploying.take_over.as_ref());
                "rollback"
            }
            Command::Diff(args) => {
                names.extend(args.environment.clone());
                "diff"
            }
            Command::Setup(_) | Command::Status(_) | Command::History(_) | Command::PrePush(_) => {
                ""
            }
        };
        Given {
            config: named_configuration(),
            command,
            names,
            options,
        }
    }
}

/// The configuration that was named on the command line; one that a variable names is named still.
fn named_configuration() -> Option<String> {
    let mut args = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .peekable();
    let mut named = None;
    while let Some(arg) = args.next() {
        named = arg
            .strip_prefix("--config=")
            .map(str::to_owned)
            .or_else(|| args.next_if(|_| arg == "--config"))
            .or(named);
    }
    named
}
