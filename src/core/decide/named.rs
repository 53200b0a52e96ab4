//! Finds the environment that the command line names or that the configuration implies.

use crate::core::config::{Config, Environment};
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::SMP_TOML;

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
    let report = Report::new(format!("no environment in {SMP_TOML} has the key promotes"));
    let mut usual = ["staging", "production"].into_iter();
    let is_usual = usual.all(|name| config.find(name).is_some());
    let add = match config.environments.as_slice() {
        _ if is_usual => {
            &format!("add promotes = \"staging\" under environments.production in {SMP_TOML}")
        }
        [only] => &format!(
            "add an environment with promotes = \"{}\" to {SMP_TOML}",
            only.name
        ),
        [first, second, ..] => &format!(
            "if {second} gets its commits from {first}, add promotes = \"{first}\" under environments.{second} in {SMP_TOML}",
            first = first.name,
            second = second.name
        ),
        [] => &format!("add environments to {SMP_TOML}"),
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
            let keep = "write one configuration file for each, and replace the dots with its path";
            let setup = Typed::smp("").dotted("--config").plain("setup");
            Err(Stop::Misused(report.run(keep, setup)))
        }
    }
}
