//! The rules between environments: what each one alone cannot tell.

use super::reader::{Table, Text};
use super::sentence::nearest;
use super::{Environment, MainRepository, same_place};
use crate::error::Report;

/// Where an environment stands in the file.
pub(super) struct Places<'a> {
    pub(super) table: Table<'a>,
    pub(super) promotes: Option<Text<'a>>,
}

/// Checks every environment against the others and against the main repository.
///
/// # Errors
///
/// The first environment that cannot be told from another, or that is promoted from nowhere or in a circle.
pub(super) fn environments(main: &MainRepository, all: &[Environment], places: &[Places<'_>]) -> Result<(), Report> {
    for (index, (one, place)) in all.iter().zip(places).enumerate() {
        apart_from_main(main, one, &place.table)?;
        for other in all.iter().take(index) {
            apart(one, other, &place.table)?;
        }
    }
    for (one, place) in all.iter().zip(places) {
        if let Some(promotes) = &place.promotes {
            promotion(one, all, promotes)?;
        }
    }
    Ok(())
}

/// A push to an environment must never land in the main repository.
fn apart_from_main(main: &MainRepository, one: &Environment, table: &Table<'_>) -> Result<(), Report> {
    let advice = "give the environment the address that deploys it, and a remote of its own";
    if same_remote(&main.remote, &one.remote) {
        return Err(table.wrong_with("has the same remote as [repository]", advice));
    }
    if same_place(&main.url, &one.url) {
        return Err(table.wrong_with("has the same url as [repository]", advice));
    }
    Ok(())
}

fn apart(one: &Environment, other: &Environment, table: &Table<'_>) -> Result<(), Report> {
    if same_remote(&one.remote, &other.remote) {
        let why = format!("has the same remote as {}", other.name);
        return Err(table.wrong_with(&why, "give each environment a remote of its own"));
    }
    if one.branch == other.branch && same_place(&one.url, &other.url) {
        let why = format!("has the same url and branch as {}", other.name);
        return Err(table.wrong_with(&why, "give each environment its own url, or its own branch"));
    }
    Ok(())
}

/// Remotes keep their refs in folders, and some file systems take either case for the same folder.
fn same_remote(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// An environment is given the commit of another one, and in the end of one that is given nobody's.
fn promotion(one: &Environment, all: &[Environment], promotes: &Text<'_>) -> Result<(), Report> {
    let find = |name: &str| all.iter().find(|environment| environment.name == name);
    if promotes.value == one.name {
        return Err(promotes.wrong_with("an environment cannot promote itself", "name the environment before it"));
    }
    if find(promotes.value).is_none() {
        let names: Vec<&str> = all.iter().map(|environment| environment.name.as_str()).collect();
        let advice = match nearest(promotes.value, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the environments are {}", names.join(", ")),
        };
        return Err(promotes.wrong_with("there is no such environment", &advice));
    }
    let mut next = Some(one);
    for _ in all {
        next = next.and_then(|environment| find(environment.promotes.as_deref()?));
    }
    // Whoever still finds a next one after as many steps as there are environments goes round.
    match next {
        Some(_) => {
            Err(promotes.wrong_with("the environments promote each other in a circle", "let the first promote none"))
        }
        None => Ok(()),
    }
}
