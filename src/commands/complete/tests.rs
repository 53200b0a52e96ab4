use clap::CommandFactory;

use super::*;
use crate::cli::Cli;

fn words(line: &[&str]) -> Vec<String> {
    let words = line.iter().map(OsString::from).collect();
    let shell = Shell::Bash;
    let all = offered(&Complete { shell, words }, Cli::command());
    let all = all.iter().map(|one| one.get_value().to_string_lossy());
    all.map(Into::into).collect()
}

#[test]
fn commands_options_and_values_are_offered_and_what_only_programs_call_is_not() {
    assert_eq!(words(&["pro"]), ["propose", "promote"]);
    assert_eq!(words(&["pre"]), [""; 0]);
    let all = words(&[""]);
    assert!(all.contains(&"setup".to_owned()), "{all:?}");
    assert!(!all.iter().any(|one| one.starts_with('-')), "{all:?}");
    assert!(!all.contains(&"complete".to_owned()), "{all:?}");
    assert_eq!(words(&["stage", "--pi"]), ["--pick"]);
    assert!(words(&["propose", ""]).contains(&"--note".to_owned()));
    assert_eq!(words(&["propose", "--note", ""]), [""; 0]);
    assert_eq!(words(&["status", "--color=n"]), ["--color=never"]);
    assert_eq!(words(&["setup", "--completions", "z"]), ["zsh"]);
    assert_eq!(words(&["--config", "smp.t"]), [A_FILE]);
    assert_eq!(words(&["--config=smp.t"]), ["--config=FILE"]);
    assert_eq!(words(&["promote", "-F", ""]), [A_FILE]);
}

#[test]
fn a_word_comes_as_the_shell_reads_it() {
    let one = || CompletionCandidate::new("a:b").help(Some("c: d\nsecond".into()));
    for (shell, expected) in [
        (Shell::Bash, "a:b \n"),
        (Shell::Zsh, "a\\:b:c: d\n"),
        (Shell::Fish, "a:b\tc: d\n"),
    ] {
        assert_eq!(line(shell, &one()).unwrap(), expected);
    }
}
