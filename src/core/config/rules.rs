//! The rules between different parts of the file.

use reqwest::Url;

use crate::core::address::same_place;
use crate::core::config::document::{Document, ENVIRONMENTS};
use crate::core::config::names::check_remote_name;
use crate::core::config::shown::shown_key;
use crate::core::config::{
    AskedForge, Config, DeployBy, Environment, Find, ForgeKind, MainRepository, Page, PlatformApp,
};
use crate::core::nearest::nearest;
use crate::core::refusal::Report;

/// A fault of an environment: the key in its table, the reason and the remedy.
type Wrong = (&'static [&'static str], String, String);

/// Refuses environments that cannot be distinguished from each other or from the main repository, chains without a
/// beginning or in a circle, a record on a deploy branch, and issues on another host.
pub(super) fn check(config: &Config, document: &Document<'_>) -> Result<(), Report> {
    let (main, all) = (&config.repository, config.environments.as_slice());
    if all.is_empty() {
        return Err(document.wrong(&["environments"], "names no environment", ENVIRONMENTS));
    }
    for (index, one) in all.iter().enumerate() {
        let others = all.get(..index).unwrap_or_default();
        let wrong = name(one)
            .or_else(|| match one.is_branch {
                true => branch_of_main(main, one),
                false => apart_from_main(main, one),
            })
            .or_else(|| others.iter().find_map(|other| apart(one, other)))
            .or_else(|| promotion(one, config))
            .or_else(|| pipeline(one, config));
        if let Some((key, why, advice)) = wrong {
            let key = [&["environments", one.name.as_str()], key].concat();
            return Err(document.wrong(&key, &why, &advice));
        }
    }
    if config.policy.soak.is_some() && config.record.is_none() {
        let why = "needs [record], which says how long a commit has run";
        let advice = "add [record], or remove `soak`";
        return Err(document.wrong(&["policy", "soak"], why, advice));
    }
    if let Some((why, advice)) = four_eyes(config) {
        return Err(document.wrong(&["policy", "four_eyes"], why, advice));
    }
    if let Some((why, advice)) = asked_elsewhere(config) {
        return Err(document.wrong(&["record", "ask"], why, advice));
    }
    let deployed = all.iter().map(|one| &one.branch).chain([&main.branch]);
    let mut deployed = deployed.map(|branch| format!("refs/heads/{branch}"));
    match &config.record {
        Some(record) if deployed.any(|branch| branch == record.reference) => {
            let why = "is a branch that holds code";
            Err(document.wrong(&["record", "ref"], why, "use refs/smp/record"))
        }
        _ => Ok(()),
    }
}

/// Refuses `ask` for another forge than that of the main repository.
fn asked_elsewhere(config: &Config) -> Option<(&'static str, &'static str)> {
    let asked = match config.record.as_ref()?.ask? {
        AskedForge::GitHub => ForgeKind::GitHub,
        AskedForge::GitLab => ForgeKind::GitLab,
    };
    let (why, advice) = match config.forge()? {
        forge if forge == asked => return None,
        ForgeKind::GitHub => (
            "names GitLab, but the main repository is on GitHub",
            "use `ask = \"github\"`, or set repository.forge if that host runs other software",
        ),
        ForgeKind::GitLab => (
            "names GitHub, but the main repository is on GitLab",
            "use `ask = \"gitlab\"`, or set repository.forge if that host runs other software",
        ),
        ForgeKind::Forgejo | ForgeKind::Gitea => (
            "needs GitHub or GitLab, but the main repository is on neither",
            "remove `ask`, or set repository.forge if that host runs other software",
        ),
    };
    Some((why, advice))
}

/// Refuses `four_eyes` without `signed` or `ask`: typed names cannot prove two different people.
fn four_eyes(config: &Config) -> Option<(&'static str, &'static str)> {
    let record = config.record.as_ref();
    match record.filter(|_| config.policy.four_eyes) {
        _ if !config.policy.four_eyes => None,
        Some(record) if !record.signoff => Some((
            "needs sign-offs, but record.signoff is false",
            "remove `signoff = false` from [record], or remove four_eyes",
        )),
        Some(record) if record.signed || record.ask.is_some() => None,
        _ => Some((
            "needs proof of who signs off, and a typed name proves nothing",
            "add `signed = true` or `ask` to [record], or remove four_eyes",
        )),
    }
}

/// Checks the name of an environment, which is shown, typed and used as the name of a remote.
fn name(one: &Environment) -> Option<Wrong> {
    let why = check_remote_name(&one.name).err()?;
    Some((&[], format!("the name {why}"), String::new()))
}

/// Refuses an environment that shares its remote or address with the main repository: a push must never land there.
fn apart_from_main(main: &MainRepository, one: &Environment) -> Option<Wrong> {
    let what = match one {
        _ if same_remote(&main.remote, &one.remote) => "remote",
        _ if same_place(&main.url, &one.url) => "url",
        _ => return None,
    };
    let why = format!("has the same {what} as [repository]");
    let advice =
        "give the environment its own address and remote, or remove both and set its `branch`";
    Some((&[], why, advice.to_owned()))
}

/// Checks an environment that is a branch of the main repository. Merges into a promoted one would bypass promotions.
fn branch_of_main(main: &MainRepository, one: &Environment) -> Option<Wrong> {
    let (key, why, advice): (&[_], _, _) = if one.remote != main.remote {
        let advice = "add the `url` that deploys it, or replace `remote` with its `branch` of the main repository";
        (&[], "has a `remote` but no `url`", advice)
    } else if one.branch.is_empty() {
        let advice = "set `branch = \"...\"` (a branch of the main repository), or `url = \"...\"`";
        (&[], "has no `branch`", advice)
    } else if one.promotes.is_some() && one.branch == main.branch {
        let advice = "use a branch that only deploys this environment";
        (
            &["branch"],
            "is the branch of [repository], so every merge would deploy without a promotion",
            advice,
        )
    } else if let Some(app) = one.running.app.as_ref().filter(|app| app.is_of_server()) {
        let key = app.key();
        let advice = format!(
            "add the `url` that pushes to the app, or remove `{}`",
            key[1]
        );
        let why = "needs the environment's `url`, which names the server to ask, but this one has only a `branch`";
        return Some((key, why.to_owned(), advice));
    } else {
        return None;
    };
    Some((key, why.to_owned(), advice.to_owned()))
}

/// Refuses two environments with the same source of the running commit: a copied line would make a promotion report
/// that production already runs the candidate. One page may serve several environments with different patterns.
fn apart(one: &Environment, other: &Environment) -> Option<Wrong> {
    let pages = one.running.page.as_ref().zip(other.running.page.as_ref());
    let are_branches = one.is_branch && other.is_branch;
    let (key, what, advice): (&[_], _, _) = if are_branches && one.branch == other.branch {
        let advice = "give each environment its own branch";
        (&["branch"], "branch", advice)
    } else if !are_branches && same_remote(&one.remote, &other.remote) {
        (&[], "remote", "give each environment its own remote")
    } else if one.branch == other.branch && same_place(&one.url, &other.url) {
        let advice = "give each environment its own url, or its own branch";
        (&[], "url and branch", advice)
    } else if let Some(key) = same_app(one, other) {
        let advice = "name the app of each environment";
        (key, key[1], advice)
    } else if pages.is_some_and(|(page, others)| same_page(page, others)) {
        let advice =
            "give each environment its own page, or its own pattern, json or header on that page";
        (&["running", "page"], "page", advice)
    } else {
        return None;
    };
    let there = format!("environments.{}.running.{what}", other.name);
    let why = match key.first() {
        Some(&"running") => format!("gets the same answer as {}", shown_key(&there)),
        _ => format!("has the same {what} as {}", other.name),
    };
    Some((key, why, advice.to_owned()))
}

fn same_app(one: &Environment, other: &Environment) -> Option<&'static [&'static str; 2]> {
    let server = |one: &Environment| {
        one.url
            .rsplit_once([':', '/'])
            .map(|(server, _)| server.to_owned())
    };
    let app = one.running.app.as_ref()?;
    let is_same = other.running.app.as_ref() == Some(app);
    (is_same && (!app.is_of_server() || server(one) == server(other))).then(|| app.key())
}

/// Returns whether both are the same address, searched in the same way.
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

/// Returns an address as the client requests it, without parts that are never sent.
fn asked(address: &str) -> Option<Url> {
    let mut url = Url::parse(address).ok()?;
    url.set_fragment(None);
    if url.query() == Some("") {
        url.set_query(None);
    }
    if let Some(host) = url.host_str()?.strip_suffix('.').map(str::to_owned) {
        url.set_host(Some(&host)).ok()?;
    }
    Some(url)
}

/// Compares remotes without case: their refs are in folders, and some file systems ignore the case.
fn same_remote(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Refuses a chain of promotions without a beginning.
fn promotion(one: &Environment, config: &Config) -> Option<Wrong> {
    let promotes = one.promotes.as_deref()?;
    // A chain with more steps than environments is a circle.
    let mut all = config.environments.iter();
    let last = all.try_fold(one, |one, _| config.source_of(one));
    let names = config.names();
    let (why, advice) = if promotes == one.name {
        let why = "an environment cannot promote itself";
        (
            why,
            "name the environment that runs the commit first".to_owned(),
        )
    } else if config.source_of(one).is_none() {
        let advice = match nearest(promotes, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the environments are {}", names.join(", ")),
        };
        ("there is no such environment", advice)
    } else {
        last?;
        let why = "the environments promote each other in a circle";
        (
            why,
            "remove `promotes` from the first environment".to_owned(),
        )
    };
    Some((&["promotes"], why.to_owned(), advice))
}

/// Refuses `deploy = "pipeline"` unless both sides are apps of the platform with pipelines.
fn pipeline(one: &Environment, config: &Config) -> Option<Wrong> {
    if one.deploy == DeployBy::Push {
        return None;
    }
    let lacks = match config.source_of(one) {
        None => {
            let advice = "add the environment that it `promotes`, or remove `deploy`";
            let why =
                "a pipeline promotes what another environment runs, but this one has no `promotes`";
            return Some((&["deploy"], why.to_owned(), advice.to_owned()));
        }
        Some(source) => [source, one]
            .into_iter()
            .find(|one| !matches!(one.running.app, Some(PlatformApp::Heroku(_))))?,
    };
    let table = shown_key(&format!("environments.{}.running", lacks.name));
    let why = format!("a pipeline promotes from app to app, but [{table}] has no `heroku`");
    let advice = format!("name the app in [{table}], or remove `deploy`");
    Some((&["deploy"], why, advice))
}
