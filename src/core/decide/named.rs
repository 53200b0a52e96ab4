//! Finds the environment that the command line names, and refuses impossible values.

use crate::core::config::{Config, Environment};
use crate::core::refusal::{Report, Stop};
use crate::core::text::{acts, unfit};
use crate::core::typed::Typed;
use crate::core::words::is_hash;

/// The maximum length of a note in characters, because it is posted.
const LONGEST_NOTE: usize = 2000;
const LONGEST_NAME: usize = 100;

/// Returns the named environment, or the only one that promotes. `command` takes an environment by its name.
pub fn the_target<'c>(
    config: &'c Config,
    name: Option<&str>,
    command: &str,
) -> Result<&'c Environment, Stop> {
    if let Some(name) = name {
        return config.meant(name);
    }
    match config.targets().as_slice() {
        [only] => Ok(only),
        [] => Err(Stop::Misused(no_target(config))),
        several @ [first, ..] => {
            let report = Report::new("several environments are possible")
                .because(format!("{} are possible", names(several, ", ")));
            let named = Typed::instead_of(command, &format!("{command} {}", first.name));
            Err(Stop::Misused(report.run("name one", named)))
        }
    }
}

fn names(environments: &[&Environment], between: &str) -> String {
    let names = environments.iter().map(|one| one.name.as_str());
    names.collect::<Vec<_>>().join(between)
}

/// Returns the configuration error if no environment has `promotes`.
pub fn no_target(config: &Config) -> Report {
    let file = config.file();
    let report = Report::new(format!("no environment in {file} has the key promotes"));
    let mut usual = ["staging", "production"].into_iter();
    let is_usual = usual.all(|name| config.find(name).is_some());
    let add = match config.environments.as_slice() {
        _ if is_usual => {
            &format!("add promotes = \"staging\" under environments.production in {file}")
        }
        [only] => &format!(
            "add an environment with promotes = \"{}\" to {file}",
            only.name
        ),
        _ => "add promotes = \"NAME\" to the environment that gets its commits from NAME",
    };
    report.run(format!("{add}, then"), Typed::smp("setup"))
}

/// Returns the environment that a target promotes. `command` takes the target by its name.
pub fn source_of<'c>(
    config: &'c Config,
    target: &Environment,
    command: &str,
) -> Result<&'c Environment, Stop> {
    config.source_of(target).ok_or_else(|| {
        let error = format!(
            "{} does not get its commits from another environment",
            target.name
        );
        let others = config.targets();
        let mut others = others
            .iter()
            .filter_map(|one| Some((&one.name, one.promotes.as_ref()?)));
        let Some((other, source)) = others.next() else {
            return Stop::Misused(no_target(config));
        };
        let report = Report::new(error).because(format!("{other} gets its commits from {source}"));
        Stop::Misused(report.run("", Typed::smp(command).arg(other)))
    })
}

/// Returns the one environment that others promote and that promotes none: the start of every chain.
pub fn beginning(config: &Config) -> Result<&Environment, Stop> {
    let targets = config.targets();
    let sources = targets.iter().filter_map(|one| one.promotes.as_ref());
    let all = (config.environments.iter()).filter(|one| one.promotes.is_none());
    let beginnings = all.filter(|one| sources.clone().any(|source| *source == one.name));
    match beginnings.collect::<Vec<_>>().as_slice() {
        [one] => Ok(one),
        [] => Err(Stop::Misused(no_target(config))),
        several => {
            let error = "it is unclear where the candidate is tested";
            let names = names(several, " and from ");
            let report = Report::new(error)
                .because(format!("environments get their commits from {names}"))
                .because("only one candidate can be open, and it comes from one environment");
            let keep = "write one configuration file for each, and choose it with --config";
            Err(Stop::Misused(report.hint(keep)))
        }
    }
}

/// Refuses a value that is not a hash of at least `least` digits. `source` is the command that shows the right one.
pub fn check_hash(
    option: &str,
    hash: Option<&str>,
    least: usize,
    source: Typed,
) -> Result<(), Stop> {
    if hash.is_none_or(|hash| is_hash(hash, least)) {
        return Ok(());
    }
    let report = Report::new(format!("{option} takes a hash of {least} to 64 hex digits"));
    Err(Stop::Misused(report.run("copy it from", source)))
}

/// Refuses a text that no post can hold.
pub fn check_text(option: &str, text: Option<&str>) -> Result<(), Stop> {
    let wrong = match text {
        Some(text) if text.trim().is_empty() => Some("is empty".to_owned()),
        Some(text) if looks_like_an_option(text) => Some("looks like an option".to_owned()),
        text => text.and_then(|text| unfit(text, LONGEST_NOTE)),
    };
    let Some(wrong) = wrong else { return Ok(()) };
    let report = Report::new(format!("the text of {option} {wrong}"));
    let again = format!("run the command again with another text after {option}");
    Err(Stop::Misused(report.hint(again)))
}

/// Returns whether a text is probably a mistyped option. A list item also begins with `-`, but contains a space.
pub fn looks_like_an_option(text: &str) -> bool {
    text.starts_with('-') && !text.contains(char::is_whitespace)
}

/// Refuses a name that is not a single line of text.
pub fn check_name(name: Option<&str>) -> Result<(), Stop> {
    if name.is_none_or(|name| {
        !name.trim().is_empty()
            && name.chars().count() <= LONGEST_NAME
            && !name.chars().any(|c| acts(c) || c == '\t')
    }) {
        return Ok(());
    }
    let error =
        "--by takes a name on one line, with at most 100 characters and no control characters";
    let again = "run the command again with another name after --by";
    Err(Stop::Misused(Report::new(error).hint(again)))
}

#[cfg(test)]
mod tests;
