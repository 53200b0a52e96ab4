//! The sections of the file, each from its table to its part of [`Config`].

use std::path::Path;

use regex::{Regex, RegexBuilder};

use crate::core::config::reader::{Element, Table, Text};
use crate::core::config::rules::{self, Places};
use crate::core::config::{
    Channel, Config, Environment, Find, MainRepository, Mention, Page, PlatformKind, Policy,
    Record, Running, check_branch, check_page, check_remote_name, check_url, names,
};
use crate::core::refusal::Report;
use crate::core::words::ChannelKind;

/// The most elements of a list: more is a slip, and would not fit a post.
const LIST: usize = 100;
/// The most bytes of a pattern, and of a text that is shown in a post.
const SHORT: usize = 200;
/// The most memory that a compiled pattern may take: `(.{999}){999}` is short, too.
const COMPILED: usize = 1 << 20;
/// For how many seconds answers can be asked to agree.
const CONFIRM: std::ops::RangeInclusive<u32> = 0..=3600;

/// The whole file.
///
/// # Errors
///
/// The first thing that is wrong.
pub(super) fn config(path: &Path, root: &Table<'_>) -> Result<Config, Report> {
    root.knows_only(&["repository", "environments", "record", "policy", "channels"])?;
    let repository = repository(root)?;
    let (environments, places) = environments(root, &repository)?;
    rules::environments(&repository, &environments, &places)?;
    let record = root
        .table("record")?
        .map(|table| record(&table, &repository, &environments))
        .transpose()?;
    let policy = root
        .table("policy")?
        .map(|table| policy(&table))
        .transpose()?
        .unwrap_or_default();
    let channels = root
        .table("channels")?
        .map(|table| channels(&table))
        .transpose()?
        .unwrap_or_default();
    Ok(Config {
        path: path.to_owned(),
        repository,
        environments,
        record,
        policy,
        channels,
    })
}

fn repository(root: &Table<'_>) -> Result<MainRepository, Report> {
    let advice = "write [repository] with the url of the team's own repository";
    let table = root
        .table("repository")?
        .ok_or_else(|| root.wrong_with("has no [repository]", advice))?;
    table.knows_only(&["remote", "url", "branch", "web"])?;
    Ok(MainRepository {
        remote: table
            .checked("remote", check_remote_name)?
            .unwrap_or_else(|| "origin".to_owned()),
        url: table
            .required("url", "write the address of the team's own repository")?
            .checked(check_url)?,
        branch: table
            .checked("branch", check_branch)?
            .unwrap_or_else(|| "main".to_owned()),
        web: table.checked("web", check_page)?,
    })
}

fn environments<'a>(
    root: &Table<'a>,
    main: &MainRepository,
) -> Result<(Vec<Environment>, Vec<Places<'a>>), Report> {
    let advice = "write [environments.staging] and [environments.production], each with its url";
    let table = root
        .table("environments")?
        .ok_or_else(|| root.wrong_with("has no [environments]", advice))?;
    let tables = table.tables()?;
    if tables.is_empty() {
        return Err(table.wrong_with("names no environment", advice));
    }
    let read = |(name, table): (String, Table<'a>)| {
        let environment = environment(name, &table, main)?;
        let promotes = table.text("promotes")?;
        Ok((environment, Places { table, promotes }))
    };
    let read: Result<Vec<_>, Report> = tables.into_iter().map(read).collect();
    Ok(read?.into_iter().unzip())
}

fn environment(
    name: String,
    table: &Table<'_>,
    main: &MainRepository,
) -> Result<Environment, Report> {
    table.knows_only(&["url", "remote", "branch", "site", "promotes", "running"])?;
    let url = table
        .required("url", "write the address whose push deploys it")?
        .checked(check_url)?;
    let how = table.table("running")?;
    let running = how.as_ref().map_or(Ok(Running::Ref), running)?;
    let confirm_seconds = how
        .map(|how| how.number("confirm_seconds", CONFIRM))
        .transpose()?
        .flatten();
    Ok(Environment {
        url,
        remote: table
            .checked("remote", check_remote_name)?
            .unwrap_or_else(|| name.clone()),
        branch: table
            .checked("branch", check_branch)?
            .unwrap_or_else(|| main.branch.clone()),
        site: table.checked("site", check_page)?,
        promotes: table.text("promotes")?.map(|text| text.value.to_owned()),
        confirm_seconds: confirm_seconds.unwrap_or_else(|| running.usual_confirm_seconds()),
        running,
        name,
    })
}

fn running(table: &Table<'_>) -> Result<Running, Report> {
    table.knows_only(&[
        "page",
        "pattern",
        "json",
        "header",
        "heroku",
        "confirm_seconds",
    ])?;
    let heroku = table.checked("heroku", names::check_heroku_app)?;
    let page = table.checked("page", check_page)?;
    match (heroku, page) {
        (Some(app), Some(url)) => Ok(Running::Platform {
            kind: PlatformKind::Heroku,
            app,
            page: Some(Page {
                url,
                find: find(table)?,
            }),
        }),
        (Some(app), None) => {
            match ["pattern", "json", "header"]
                .iter()
                .find(|key| table.has(key))
            {
                Some(key) => Err(table.wrong_with(
                    &format!("`{key}` is for a page, and there is none"),
                    "write `page`, or remove it",
                )),
                None => Ok(Running::Platform {
                    kind: PlatformKind::Heroku,
                    app,
                    page: None,
                }),
            }
        }
        (None, Some(url)) => Ok(Running::Page(Page {
            url,
            find: find(table)?,
        })),
        (None, None) => {
            Err(table.wrong_with("has no `page`", "write page or heroku, or remove the table"))
        }
    }
}

fn find(table: &Table<'_>) -> Result<Find, Report> {
    let pattern = table.text("pattern")?;
    let json = table.checked("json", names::check_pointer)?;
    let header = table.checked("header", names::check_header)?;
    match (pattern, json, header) {
        (None, None, None) => Ok(Find::Body),
        (Some(text), None, None) => compiled(&text).map(Find::Pattern),
        (None, Some(pointer), None) => Ok(Find::Json(pointer)),
        (None, None, Some(name)) => Ok(Find::Header(name)),
        _ => Err(table.wrong_with(
            "has more than one of `pattern`, `json` and `header`",
            "keep the one that fits the page",
        )),
    }
}

/// A pattern that cannot grow beyond its limits, with the one group that holds the commit.
fn compiled(text: &Text<'_>) -> Result<Regex, Report> {
    if text.value.len() > SHORT {
        return Err(text.wrong("must have at most 200 characters"));
    }
    let built = RegexBuilder::new(text.value)
        .size_limit(COMPILED)
        .dfa_size_limit(COMPILED)
        .build();
    // The error's own text quotes the pattern.
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            text.wrong("is a pattern that grows too large; use smaller counts")
        }
        _ => text.wrong_with(
            "is not a regular expression",
            "see https://docs.rs/regex/#syntax",
        ),
    })?;
    match regex.captures_len() {
        2 => Ok(regex),
        _ => Err(text.wrong_with(
            "must have exactly one group in ( ), around the commit",
            "a group that only groups is written (?: )",
        )),
    }
}

fn record(
    table: &Table<'_>,
    main: &MainRepository,
    environments: &[Environment],
) -> Result<Record, Report> {
    table.knows_only(&["ref", "signoff", "cadence_days"])?;
    let reference = table
        .checked("ref", names::check_record_ref)?
        .unwrap_or_else(|| "refs/smp/record".to_owned());
    let deployed = environments
        .iter()
        .map(|environment| &environment.branch)
        .chain([&main.branch]);
    if deployed
        .into_iter()
        .any(|branch| reference == format!("refs/heads/{branch}"))
    {
        return Err(table.wrong_with("`ref` is a branch that is deployed", "take refs/smp/record"));
    }
    Ok(Record {
        reference,
        signoff: table.flag("signoff")?.unwrap_or(true),
        cadence_days: table.number("cadence_days", 1..=3650)?.unwrap_or(7),
    })
}

fn policy(table: &Table<'_>) -> Result<Policy, Report> {
    table.knows_only(&["watch", "reviewed", "green"])?;
    let watch = table
        .list("watch", LIST)?
        .into_iter()
        .map(|element| match element {
            Element::Text(text) => text.checked(check_glob),
            Element::Table(table) => {
                Err(table.wrong_with("must be text in quotes", "write a pattern of files"))
            }
        });
    Ok(Policy {
        watch: watch.collect::<Result<_, _>>()?,
        reviewed: table.flag("reviewed")?.unwrap_or(false),
        green: table.flag("green")?.unwrap_or(false),
    })
}

/// Whether a text may be a pattern of files: those of the repository, and no other.
fn check_glob(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > SHORT {
        return Err("must have 1 to 200 characters");
    }
    // A leading `:` is git's own magic, which could turn the meaning around; a leading `-` could be an option.
    if text.starts_with(['/', '-', ':', '!', '~'])
        || text.split(['/', '\\']).any(|part| part == "..")
    {
        return Err("must be a pattern of files inside the repository");
    }
    Ok(())
}

fn channels(table: &Table<'_>) -> Result<Vec<Channel>, Report> {
    // Nothing is ever posted to a channel of another name; so another name is a slip.
    table.knows_only(&["technical", "product"])?;
    table
        .tables()?
        .into_iter()
        .map(|(name, table)| channel(name, &table))
        .collect()
}

fn channel(name: String, table: &Table<'_>) -> Result<Channel, Report> {
    table.holds_no_secret(&name, &["webhook", "url", "token"])?;
    table.knows_only(&["kind", "mentions"])?;
    let kind = table.required("kind", "write kind = \"teams\", \"slack\" or \"print\"")?;
    let kind = match kind.value {
        "teams" => ChannelKind::Teams,
        "slack" => ChannelKind::Slack,
        "print" => ChannelKind::Print,
        _ => return Err(kind.wrong("must be \"teams\", \"slack\" or \"print\"")),
    };
    let mentions = table
        .list("mentions", LIST)?
        .into_iter()
        .map(mention)
        .collect::<Result<_, _>>()?;
    Ok(Channel {
        name,
        kind,
        mentions,
    })
}

fn mention(element: Element<'_>) -> Result<Mention, Report> {
    let table = match element {
        Element::Text(text) => return text.checked(check_short).map(Mention::Plain),
        Element::Table(table) => table,
    };
    table.knows_only(&["name", "id", "kind"])?;
    let name = table
        .required("name", "write the name that is shown")?
        .checked(check_short)?;
    let id = table
        .required("id", "write the chat's own id, as adele@example.com")?
        .checked(check_short)?;
    match table.text("kind")? {
        Some(kind) if kind.value != "person" => Err(kind.wrong("must be \"person\"")),
        _ => Ok(Mention::Person { name, id }),
    }
}

fn check_short(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() || text.len() > SHORT {
        Err("must have 1 to 200 characters")
    } else {
        Ok(())
    }
}
