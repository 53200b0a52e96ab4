//! `git smp complete`: the words that may be typed next. The completions that setup installs run it at each TAB.

mod known;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::{Arg, Args, Command};
use clap_complete::engine::{self, ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::core::refusal::Stop;
use crate::core::text::{shell_word, visible};
use crate::options::COMMON;
use crate::setup::completions::Shell;
use crate::terminal::Ui;
use known::{Kinds, Known};

// `git smp complete`, as the shells call it.
#[derive(Debug, Args)]
pub struct Complete {
    /// The shell that asks
    pub shell: Shell,
    /// The words after `git smp` up to the one to complete, which may be empty
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

/// Stands for any file: the shells themselves complete file names.
const A_FILE: &str = "FILE";

/// Prints what may follow on the command line `cli`, one word per line. Returns [`Stop::Answer`] if a file name is
/// wanted. Errors print nothing: nobody reads them at a TAB.
pub fn run(ui: &Ui, args: &Complete, cli: Command) -> Result<(), Stop> {
    let offered = offered(args, cli);
    let is_file = |one: &CompletionCandidate| {
        let word = one.get_value().to_string_lossy();
        word == A_FILE || word.ends_with("=FILE")
    };
    if offered.iter().any(is_file) {
        return Err(Stop::Answer);
    }
    let lines = offered.iter().filter_map(|one| line(args.shell, one));
    ui.data(lines.collect::<String>().as_bytes())
}

fn offered(args: &Complete, cli: Command) -> Vec<CompletionCandidate> {
    let mut words = args.words.clone();
    let current = words.pop().unwrap_or_default();
    let known = Arc::new(Known::of(&words));
    let mut cli = offering(&known, cli);
    let hidden = cli.get_subcommands().filter(|one| one.is_hide_set());
    let hidden: Vec<String> = hidden.map(|one| one.get_name().to_owned()).collect();
    let line = std::iter::once("git-smp".into()).chain(words);
    let line: Vec<OsString> = line.chain([current.clone()]).collect();
    let index = line.len() - 1;
    let mut all = engine::complete(&mut cli, line, index, None).unwrap_or_default();
    all.retain(|one| !hidden.iter().any(|name| one.get_value() == name.as_str()));
    // The options of the command come before those of every command.
    all.sort_by_key(|one| one.get_tag().is_some_and(|tag| tag.to_string() == COMMON));
    // Options are offered only if one was begun, or if nothing else may follow.
    let is_option = |one: &CompletionCandidate| one.get_value().to_string_lossy().starts_with('-');
    if current.is_empty() && !all.iter().all(is_option) {
        all.retain(|one| !is_option(one));
    }
    all
}

/// Returns the command line, in which each argument knows its possible values.
fn offering(known: &Arc<Known>, mut cli: Command) -> Command {
    let fill = |arg: Arg| {
        let name = arg.get_value_names().and_then(|names| names.first());
        let offer = match name.map(|name| name.as_str()) {
            Some("ENVIRONMENT") => Kinds::Targets,
            Some("HASH" | "REV" | "COMMIT") => Kinds::Commits,
            Some("ID") => Kinds::Announcement,
            Some("FILE") => {
                let file = |_: &OsStr| vec![CompletionCandidate::new(A_FILE)];
                return arg.add(ArgValueCompleter::new(file));
            }
            _ => return arg,
        };
        let known = Arc::clone(known);
        arg.add(ArgValueCandidates::new(move || {
            let words = known.offer(offer).into_iter();
            // A word that a shell would read differently is left out.
            let words = words.filter(|(word, _)| shell_word(word) == *word);
            let named = words.map(|(word, about)| {
                CompletionCandidate::new(word).help(Some(visible(&about).into()))
            });
            named.collect()
        }))
    };
    // Without this, the arguments of the commands do not exist yet.
    cli.build();
    cli.mut_args(fill)
        .mut_subcommands(|command| command.mut_args(fill))
}

/// Returns a word in the form that the shell's own file reads.
fn line(shell: Shell, offered: &CompletionCandidate) -> Option<String> {
    let word = offered.get_value().to_str()?;
    let about = offered.get_help().map(ToString::to_string);
    let about = visible(about.unwrap_or_default().lines().next().unwrap_or_default());
    Some(match shell {
        Shell::Bash => format!("{word} \n"),
        Shell::Fish if about.is_empty() => format!("{word}\n"),
        Shell::Fish => format!("{word}\t{}\n", about.replace('\t', " ")),
        Shell::Zsh => {
            let [word, about] = [word, &about].map(|text| text.replace('\\', "\\\\"));
            let word = word.replace(':', "\\:");
            match about.as_str() {
                "" => format!("{word}\n"),
                about => format!("{word}:{about}\n"),
            }
        }
    })
}

#[cfg(test)]
mod tests;
