//! The rules between environments: what each one alone cannot tell.

use reqwest::Url;

use crate::core::address::same_place;
use crate::core::config::reader::{Table, Text};
use crate::core::config::sentence::{nearest, shown_key};
use crate::core::config::{Environment, Find, MainRepository, Page};
use crate::core::refusal::Report;

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
pub(super) fn environments(
    main: &MainRepository,
    all: &[Environment],
    places: &[Places<'_>],
) -> Result<(), Report> {
    for (index, (one, place)) in all.iter().zip(places).enumerate() {
        apart_from_main(main, one, &place.table)?;
        for other in all.iter().take(index) {
            apart(one, other, &place.table)?;
            looks_elsewhere(one, other, &place.table)?;
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
fn apart_from_main(
    main: &MainRepository,
    one: &Environment,
    table: &Table<'_>,
) -> Result<(), Report> {
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

/// Two environments that are asked in the same place give the same answer: a copied line would make a promotion say that
/// production runs the candidate already. One page may still tell of several, each by a pattern of its own.
fn looks_elsewhere(
    one: &Environment,
    other: &Environment,
    table: &Table<'_>,
) -> Result<(), Report> {
    let same = |key: &str, advice: &str| {
        let key_of_other = shown_key(&format!("environments.{}.running.{key}", other.name));
        let running = table.table("running")?;
        let text = running
            .map(|running| running.text(key))
            .transpose()?
            .flatten();
        let why = format!("asks the same as {key_of_other}");
        Err(text.map_or_else(
            || table.wrong_with(&why, advice),
            |text| text.wrong_with(&why, advice),
        ))
    };
    if let Some((kind, _)) = one.running.platform()
        && one.running.platform() == other.running.platform()
    {
        return same(kind.key(), "name the app of each environment");
    }
    match (one.running.page(), other.running.page()) {
        (Some(page), Some(others)) if same_page(page, others) => same(
            "page",
            "give each environment a page of its own, or a pattern, json or header that finds its own commit",
        ),
        _ => Ok(()),
    }
}

/// Whether both are the same address, searched in the same way.
fn same_page(one: &Page, other: &Page) -> bool {
    let way = match (&one.find, &other.find) {
        (Find::Pattern(one), Find::Pattern(other)) => one.as_str() == other.as_str(),
        (Find::Json(one), Find::Json(other)) => one == other,
        (Find::Header(one), Find::Header(other)) => one.eq_ignore_ascii_case(other),
        (Find::Body, Find::Body) => true,
        _ => false,
    };
    way && (one.url == other.url
        || asked(&one.url).is_some_and(|url| Some(url) == asked(&other.url)))
}

/// What a server is asked for by this address: spelled as the client spells it, without what is never sent.
fn asked(address: &str) -> Option<Url> {
    let mut url = Url::parse(address).ok()?;
    url.set_fragment(None);
    if url.query() == Some("") {
        url.set_query(None);
    }
    if let Some(host) = url
        .host_str()
        .and_then(|host| host.strip_suffix('.'))
        .map(str::to_owned)
    {
        url.set_host(Some(&host)).ok()?;
    }
    Some(url)
}

/// Remotes keep their refs in folders, and some file systems take either case for the same folder.
fn same_remote(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// An environment is given the commit of another one, and in the end of one that is given nobody's.
fn promotion(one: &Environment, all: &[Environment], promotes: &Text<'_>) -> Result<(), Report> {
    let find = |name: &str| all.iter().find(|environment| environment.name == name);
    if promotes.value == one.name {
        return Err(promotes.wrong_with(
            "an environment cannot promote itself",
            "name the environment before it",
        ));
    }
    if find(promotes.value).is_none() {
        let names: Vec<&str> = all
            .iter()
            .map(|environment| environment.name.as_str())
            .collect();
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
        Some(_) => Err(promotes.wrong_with(
            "the environments promote each other in a circle",
            "let the first promote none",
        )),
        None => Ok(()),
    }
}
