//! The file as it is written: what serde reads it into, the rule of each value, and how [`Config`] is made of it.
//!
//! A new key is a line in a struct here, of the type that holds its rule, and a line where [`Config`] is made.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::core::config::document::{Document, ENVIRONMENTS};
use crate::core::config::names::check_remote_name;
use crate::core::config::values::{
    BranchName, HeaderName, HerokuApp, JsonPointer, List, Number, PagePattern, PageUrl, RecordRef,
    RemoteName, RemoteUrl, Table, Word,
};
use crate::core::config::{
    Channel, Config, Environment, Find, MainRepository, Mention, Page, PlatformApp, Policy, Record,
    Running, rules,
};
use crate::core::refusal::Report;
use crate::core::words::ChannelKind;

/// For how many seconds answers can be asked to agree.
type Seconds = Number<0, 3600>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    repository: Table<RawRepository>,
    environments: BTreeMap<String, Table<RawEnvironment>>,
    record: Option<Table<RawRecord>>,
    policy: Option<Table<Policy>>,
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
    pattern: Option<PagePattern>,
    json: Option<JsonPointer>,
    header: Option<HeaderName>,
    heroku: Option<HerokuApp>,
    confirm_seconds: Option<Seconds>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecord {
    r#ref: Option<RecordRef>,
    signoff: Option<bool>,
    cadence_days: Option<Number<1, 3650>>,
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
            .map_or_else(Policy::default, |Table(policy)| policy),
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
    let read = raw
        .running
        .map_or(Ok((Running::Ref, None)), |Table(raw)| running(raw));
    let (running, seconds) = read.map_err(|(why, advice)| document.wrong(&key, &why, advice))?;
    // Behind a load balancer old and new instances answer a page in turn; an API and a branch have one answer at a time.
    let usual = if running.page().is_some() { 10 } else { 0 };
    Ok(Environment {
        url: raw.url.into(),
        remote: or(raw.remote, &name),
        branch: or(raw.branch, &main.branch),
        site: raw.site.map(String::from),
        promotes: raw.promotes,
        confirm_seconds: seconds.map_or(usual, |Number(seconds)| seconds),
        running,
        name,
    })
}

/// How to find out what runs, and for how long; or what is wrong with that, and what else to write.
fn running(raw: RawRunning) -> Result<(Running, Option<Seconds>), (String, &'static str)> {
    let ways = [
        ("pattern", raw.pattern.map(|one| Find::Pattern(one.0))),
        ("json", raw.json.map(|one| Find::Json(one.0))),
        ("header", raw.header.map(|one| Find::Header(one.0))),
    ];
    let mut ways = (ways.into_iter()).filter_map(|(key, find)| Some((key, find?)));
    let (way, second) = (ways.next(), ways.next());
    let key = way.as_ref().map(|(key, _)| *key);
    let find = way.map_or(Find::Body, |(_, find)| find);
    let page = raw.page.map(|url| Page { url: url.0, find });
    let (why, advice) = match (raw.heroku, page, key) {
        (None, None, _) => {
            let why = "has no `page`".to_owned();
            (why, "write page or heroku, or remove the table")
        }
        (Some(_), None, Some(key)) => {
            let why = format!("`{key}` is for a page, and there is none");
            (why, "write `page`, or remove it")
        }
        _ if second.is_some() => {
            let why = "has more than one of `pattern`, `json` and `header`";
            (why.to_owned(), "keep the one that fits the page")
        }
        (None, Some(page), _) => return Ok((Running::Page(page), raw.confirm_seconds)),
        (Some(app), page, _) => {
            let app = PlatformApp::Heroku(app.into());
            return Ok((Running::Platform { app, page }, raw.confirm_seconds));
        }
    };
    Err((why, advice))
}
