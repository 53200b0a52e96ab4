//! What was named on the command line: which environment is meant, and what cannot be meant at all.

use crate::core::config::{Config, Environment};
use crate::core::refusal::{Report, Stop};
use crate::core::text::unfit;
use crate::core::typed::Typed;

/// The most characters of a note: it stands in a post.
const LONGEST_NOTE: usize = 2000;

/// The environment that was named, or the only one that promotes. `command` takes one by its name.
///
/// # Errors
/// When it does not exist, or several could be meant.
pub fn the_target<'c>(
    config: &'c Config,
    name: Option<&str>,
    command: &str,
) -> Result<&'c Environment, Stop> {
    if let Some(name) = name {
        return config.environment(name);
    }
    match config.targets().as_slice() {
        [only] => Ok(only),
        [] => Err(no_target()),
        several => {
            let names: Vec<&str> = several.iter().map(|target| target.name.as_str()).collect();
            let report = Report::new("which environment is meant?")
                .because(format!("{} are promoted", names.join(", ")));
            let first = names.first().unwrap_or(&"production");
            let named = Typed::smp(command).arg(first);
            Err(Stop::Misused(report.run("name one", named)))
        }
    }
}

/// The mistake of a configuration in which nothing promotes.
pub fn no_target() -> Stop {
    let report = Report::new("no environment is promoted from another");
    Stop::Misused(report.run(
        "write promotes = \"staging\" under environments.production in smp.toml, then",
        Typed::smp("setup"),
    ))
}

/// The environment that a target promotes. `command` takes the target by its name.
///
/// # Errors
/// When it promotes none.
pub fn source_of<'c>(
    config: &'c Config,
    target: &Environment,
    command: &str,
) -> Result<&'c Environment, Stop> {
    config.source_of(target).ok_or_else(|| {
        let name = &target.name;
        let report = Report::new(format!("{name} is not promoted from another environment"));
        let Some((other, source)) = config
            .targets()
            .first()
            .and_then(|other| Some((&other.name, other.promotes.as_ref()?)))
        else {
            return no_target();
        };
        Stop::Misused(
            report
                .because(format!("{other} is promoted, from {source}"))
                .run("", Typed::smp(command).arg(other)),
        )
    })
}

/// The one environment that others promote and that promotes none: what is tested there goes everywhere else.
///
/// # Errors
/// Exit 2 where there is none, or several.
pub fn beginning(config: &Config) -> Result<&Environment, Stop> {
    let feeds = |one: &&Environment| {
        one.promotes.is_none()
            && config
                .targets()
                .iter()
                .any(|target| target.promotes.as_ref() == Some(&one.name))
    };
    let beginnings: Vec<&Environment> = config.environments.iter().filter(feeds).collect();
    match beginnings.as_slice() {
        [one] => Ok(one),
        [] => Err(no_target()),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            let report =
                Report::new("there are several environments where a candidate could be tested")
                    .because(format!(
                        "others are promoted from {}",
                        names.join(" and from ")
                    ))
                    .because("one candidate at a time is put forward, from one of them");
            Err(Stop::Misused(report.run(
                "keep one configuration for each",
                Typed::smp("--config FILE status"),
            )))
        }
    }
}

/// Refuses what cannot be a hash, or has fewer digits than `least`. `source` is the command that tells the right one.
///
/// # Errors
/// Exit 2.
pub fn check_hash(
    option: &str,
    hash: Option<&str>,
    least: usize,
    source: &str,
) -> Result<(), Stop> {
    if let Some(hash) = hash {
        let good =
            (least..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !good {
            let report = Report::new(format!("{option} takes a hash of {least} to 64 hex digits"));
            return Err(Stop::Misused(
                report.run("copy it from", Typed::smp(source)),
            ));
        }
    }
    Ok(())
}

/// Refuses a text that no post could hold.
///
/// # Errors
/// Exit 2.
pub fn check_text(command: &str, option: &str, text: Option<&str>) -> Result<(), Stop> {
    let Some(text) = text else { return Ok(()) };
    let wrong = if text.trim().is_empty() {
        "is empty".to_owned()
    } else if looks_like_an_option(text) {
        "looks like an option".to_owned()
    } else if let Some(wrong) = unfit(text, LONGEST_NOTE) {
        wrong
    } else {
        return Ok(());
    };
    let report = Report::new(format!("the text of {option} {wrong}"));
    Err(Stop::Misused(report.run(
        "say it again in plain words",
        Typed::smp(command).plain(option).plain("TEXT"),
    )))
}

/// Whether a text is rather an option that somebody meant to give: a list begins with such a sign, too, and goes on.
pub fn looks_like_an_option(text: &str) -> bool {
    text.starts_with('-') && !text.contains(char::is_whitespace)
}
