//! The file as it is written: what serde reads it into, the rule of each value, and how [`Config`] is made of it.
//!
//! A new key is a line in a struct here, of the type that holds its rule, and a line where [`Config`] is made.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::core::config::document::{Document, ENVIRONMENTS};
use crate::core::config::names::check_remote_name;
use crate::core::config::values::{
    BranchName, Glob, HeaderName, HerokuApp, JsonPointer, List, Number, PageUrl, Pattern,
    RecordRef, RemoteName, RemoteUrl, Table, Word,
};
use crate::core::config::{
    Channel, Config, Environment, Find, MainRepository, Mention, Page, PlatformApp, Policy, Record,
    Running, rules,
};
use crate::core::refusal::Report;
use crate::core::words::ChannelKind;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    repository: Table<RawRepository>,
    environments: BTreeMap<String, Table<RawEnvironment>>,
    record: Option<Table<RawRecord>>,
    policy: Option<Table<RawPolicy>>,
    channels: Option<Table<RawChannels>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRepository {
    remote: Option<RemoteName>,
    url: RemoteUrl,
    branch: Option<BranchName>,
    web: Option<PageUrl>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvironment {
    url: RemoteUrl,
    remote: Option<RemoteName>,
    branch: Option<BranchName>,
    site: Option<PageUrl>,
    promotes: Option<String>,
    running: Option<Table<RawRunning>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRunning {
    page: Option<PageUrl>,
    pattern: Option<Pattern>,
    json: Option<JsonPointer>,
    header: Option<HeaderName>,
    heroku: Option<HerokuApp>,
    confirm_seconds: Option<Number<0, 3600>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecord {
    r#ref: Option<RecordRef>,
    signoff: Option<bool>,
    cadence_days: Option<Number<1, 3650>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    watch: Option<List<Glob>>,
    reviewed: Option<bool>,
    green: Option<bool>,
}

/// Nothing is ever posted to a channel of another name; so another name is a slip.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChannels {
    technical: Option<Table<RawChannel>>,
    product: Option<Table<RawChannel>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChannel {
    kind: Word<ChannelKind>,
    mentions: Option<List<Mention>>,
}

/// Reads the whole file. The first thing that is wrong is the error.
pub(super) fn config(path: &Path, document: &Document<'_>) -> Result<Config, Report> {
    let raw: RawConfig = document.read()?;
    let Table(main) = raw.repository;
    let repository = MainRepository {
        remote: or(main.remote, "origin"),
        url: main.url.into(),
        branch: or(main.branch, "main"),
        web: main.web.map(String::from),
    };
    if raw.environments.is_empty() {
        return Err(document.wrong(&["environments"], "names no environment", ENVIRONMENTS));
    }
    let mut environments = (raw.environments.into_iter())
        .map(|(name, Table(raw))| environment(document, &repository, name, raw))
        .collect::<Result<Vec<_>, _>>()?;
    environments.sort_by_key(|one| document.place(&["environments", &one.name]));
    let channels = raw.channels.map_or(Vec::new(), |Table(raw)| {
        vec![("technical", raw.technical), ("product", raw.product)]
    });
    let channels = channels.into_iter().filter_map(|(name, raw)| {
        raw.map(|Table(raw)| Channel {
            name: name.to_owned(),
            kind: raw.kind.0,
            mentions: raw.mentions.map_or(Vec::new(), |list| list.0),
        })
    });
    let config = Config {
        path: path.to_owned(),
        channels: channels.collect(),
        record: raw.record.map(|Table(raw)| Record {
            reference: or(raw.r#ref, "refs/smp/record"),
            signoff: raw.signoff.unwrap_or(true),
            cadence_days: raw.cadence_days.map_or(7, |days| days.0),
        }),
        policy: raw
            .policy
            .map_or_else(Policy::default, |Table(raw)| Policy {
                watch: raw.watch.map_or(Vec::new(), |list| {
                    list.0.into_iter().map(String::from).collect()
                }),
                reviewed: raw.reviewed.unwrap_or(false),
                green: raw.green.unwrap_or(false),
            }),
        repository,
        environments,
    };
    rules::check(&config, document)?;
    Ok(config)
}

/// What is written, or what is meant where nothing is.
fn or(written: Option<impl Into<String>>, other: &str) -> String {
    written.map_or_else(|| other.to_owned(), Into::into)
}

fn environment(
    document: &Document<'_>,
    main: &MainRepository,
    name: String,
    raw: RawEnvironment,
) -> Result<Environment, Report> {
    let key = ["environments", &name, "running"];
    // It is shown, typed, and becomes a remote.
    check_remote_name(&name)
        .map_err(|why| document.wrong(&key[..2], &format!("the name {why}"), ""))?;
    let table = raw.running.map(|Table(raw)| raw);
    let seconds = table
        .as_ref()
        .and_then(|raw| raw.confirm_seconds.as_ref())
        .map(|seconds| seconds.0);
    let running = table.map_or(Ok(Running::Ref), running);
    let running = running.map_err(|(why, advice)| document.wrong(&key, &why, advice))?;
    Ok(Environment {
        url: raw.url.into(),
        remote: or(raw.remote, &name),
        branch: or(raw.branch, &main.branch),
        site: raw.site.map(String::from),
        promotes: raw.promotes,
        confirm_seconds: seconds.unwrap_or_else(|| running.usual_confirm_seconds()),
        running,
        name,
    })
}

/// How to find out what runs; or what is wrong with that, and what else to write.
fn running(raw: RawRunning) -> Result<Running, (String, &'static str)> {
    let ways = [
        ("pattern", raw.pattern.map(|one| Find::Pattern(one.0))),
        ("json", raw.json.map(|one| Find::Json(one.0))),
        ("header", raw.header.map(|one| Find::Header(one.0))),
    ];
    let mut ways = (ways.into_iter()).filter_map(|(key, find)| Some((key, find?)));
    let (way, second) = (ways.next(), ways.next());
    let page = |url: PageUrl, way: Option<(_, Find)>| Page {
        url: url.into(),
        find: way.map_or(Find::Body, |(_, find)| find),
    };
    let (why, advice) = match (raw.heroku, raw.page, way) {
        (None, None, _) => (
            "has no `page`".to_owned(),
            "write page or heroku, or remove the table",
        ),
        (Some(_), None, Some((key, _))) => {
            let why = format!("`{key}` is for a page, and there is none");
            (why, "write `page`, or remove it")
        }
        _ if second.is_some() => {
            let why = "has more than one of `pattern`, `json` and `header`";
            (why.to_owned(), "keep the one that fits the page")
        }
        (None, Some(url), way) => return Ok(Running::Page(page(url, way))),
        (Some(app), url, way) => {
            let app = PlatformApp::Heroku(app.into());
            let page = url.map(|url| page(url, way));
            return Ok(Running::Platform { app, page });
        }
    };
    Err((why, advice))
}
