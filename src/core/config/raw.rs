//! The file as it is written: what serde reads it into, the rule of each value, and how [`Config`] is made of it.
//!
//! A new key is a line in a struct here or in [`Config`], with the reader that holds its rule.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use regex::{Regex, RegexBuilder};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::core::address::{check_page, check_url};
use crate::core::config::document::{Document, ENVIRONMENTS, OURS};
use crate::core::config::names::{
    check_branch, check_glob, check_header, check_heroku_app, check_pointer, check_record_ref,
    check_remote_name, check_short,
};
use crate::core::config::{
    Channel, Config, Environment, Find, MainRepository, Mention, Page, Policy, Record, Running,
    rules,
};
use crate::core::refusal::Report;
use crate::core::words::ChannelKind;

/// The most elements of a list: more is a slip, and would not fit a post.
const LIST: usize = 100;
/// The most bytes of a pattern, and the most memory that it may take: `(.{999}){999}` is short, too.
const PATTERN: usize = 200;
const COMPILED: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    repository: Table<MainRepository>,
    environments: BTreeMap<String, Table<RawEnvironment>>,
    record: Option<Table<Record>>,
    policy: Option<Table<Policy>>,
    channels: Option<Table<RawChannels>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvironment {
    #[serde(deserialize_with = "url")]
    url: String,
    #[serde(default, deserialize_with = "remote")]
    remote: Option<String>,
    #[serde(default, deserialize_with = "branch")]
    branch: Option<String>,
    #[serde(default, deserialize_with = "page")]
    site: Option<String>,
    promotes: Option<String>,
    running: Option<Table<RawRunning>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRunning {
    #[serde(default, deserialize_with = "page")]
    page: Option<String>,
    #[serde(default, deserialize_with = "pattern")]
    pattern: Option<Regex>,
    #[serde(default, deserialize_with = "pointer")]
    json: Option<String>,
    #[serde(default, deserialize_with = "header")]
    header: Option<String>,
    #[serde(default, deserialize_with = "heroku")]
    heroku: Option<String>,
    #[serde(default, deserialize_with = "number::<_, _, 0, 3600>")]
    confirm_seconds: Option<u32>,
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
    #[serde(deserialize_with = "word")]
    kind: ChannelKind,
    #[serde(default, deserialize_with = "list")]
    mentions: Vec<Mention>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPerson {
    #[serde(deserialize_with = "short")]
    name: String,
    #[serde(deserialize_with = "short")]
    id: String,
    #[serde(default, rename = "kind", deserialize_with = "word")]
    _kind: PersonKind,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PersonKind {
    #[default]
    Person,
}

#[derive(Deserialize)]
struct Glob(#[serde(deserialize_with = "glob")] String);

/// A table: what serde derives for a struct would take a list as well.
struct Table<T>(T);

struct TableVisitor<T>(PhantomData<T>);

struct MentionVisitor;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(TableVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
    type Value = Table<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Table)
    }
}

impl<'de> Deserialize<'de> for Mention {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MentionVisitor)
    }
}

impl<'de> Visitor<'de> for MentionVisitor {
    type Value = Mention;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Mention, E> {
        short(StrDeserializer::new(text)).map(Mention::Plain)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mention, A::Error> {
        let RawPerson { name, id, .. } = RawPerson::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Mention::Person { name, id })
    }
}

/// Readers of a text, or of one that may be missing, each with its rule.
macro_rules! texts {
    ($($reader:ident: $rule:ident,)*) => {$(
        pub(super) fn $reader<'de, D: Deserializer<'de>, T: From<String>>(from: D) -> Result<T, D::Error> {
            let text = String::deserialize(from)?;
            $rule(&text).map_err(|why| ours(why, ""))?;
            Ok(text.into())
        }
    )*};
}
texts! {
    remote: check_remote_name,
    url: check_url,
    branch: check_branch,
    page: check_page,
    record_ref: check_record_ref,
    heroku: check_heroku_app,
    header: check_header,
    pointer: check_pointer,
    glob: check_glob,
    short: check_short,
}

/// An error of a rule: a fixed text that never holds the value, and what else to write.
fn ours<E: Error>(why: &str, advice: &str) -> E {
    E::custom(format!("{OURS}{why}\n{advice}"))
}

/// One of the words of an enum.
fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(from)?.into_deserializer())
}

/// A whole number within bounds.
pub(super) fn number<'de, D: Deserializer<'de>, T: From<u32>, const LEAST: u32, const MOST: u32>(
    from: D,
) -> Result<T, D::Error> {
    let number = u32::try_from(i128::deserialize(from)?).ok();
    let number = number.filter(|number| (LEAST..=MOST).contains(number));
    let why = || ours(&format!("must be a number from {LEAST} to {MOST}"), "");
    number.map(T::from).ok_or_else(why)
}

fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(from)?;
    if list.len() > LIST {
        return Err(ours("must have at most 100 elements", ""));
    }
    Ok(list)
}

pub(super) fn globs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(list(from)?.into_iter().map(|Glob(text)| text).collect())
}

/// A pattern that cannot grow beyond its limits, with the one group that holds the commit.
fn pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(from)?;
    if text.len() > PATTERN {
        return Err(ours("must have at most 200 characters", ""));
    }
    let mut builder = RegexBuilder::new(&text);
    // The error's own text quotes the pattern.
    match builder
        .size_limit(COMPILED)
        .dfa_size_limit(COMPILED)
        .build()
    {
        Ok(regex) if regex.captures_len() == 2 => Ok(Some(regex)),
        Ok(_) => Err(ours(
            "must have exactly one group in ( ), around the commit",
            "a group that only groups is written (?: )",
        )),
        Err(regex::Error::CompiledTooBig(_)) => Err(ours(
            "is a pattern that grows too large; use smaller counts",
            "",
        )),
        Err(_) => Err(ours(
            "is not a regular expression",
            "see https://docs.rs/regex/#syntax",
        )),
    }
}

/// Reads the whole file. The first thing that is wrong is the error.
pub(super) fn config(path: &Path, document: &Document<'_>) -> Result<Config, Report> {
    let raw: RawConfig = document.read()?;
    let Table(repository) = raw.repository;
    if raw.environments.is_empty() {
        return Err(document.wrong(&["environments"], "names no environment", ENVIRONMENTS));
    }
    let environments = raw.environments.into_iter();
    let mut environments = environments
        .map(|(name, Table(raw))| environment(document, &repository, name, raw))
        .collect::<Result<Vec<_>, _>>()?;
    environments.sort_by_key(|one| document.place(&["environments", &one.name]));
    let channels = raw.channels.map_or(Vec::new(), |Table(raw)| {
        vec![("technical", raw.technical), ("product", raw.product)]
    });
    let channel = |(name, raw): (&str, Option<Table<RawChannel>>)| {
        let Table(RawChannel { kind, mentions }) = raw?;
        let name = name.to_owned();
        Some(Channel {
            name,
            kind,
            mentions,
        })
    };
    let config = Config {
        path: path.to_owned(),
        repository,
        environments,
        record: raw.record.map(|Table(record)| record),
        policy: raw
            .policy
            .map_or_else(Policy::default, |Table(policy)| policy),
        channels: channels.into_iter().filter_map(channel).collect(),
    };
    rules::check(&config, document)?;
    Ok(config)
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
    let seconds = table.as_ref().and_then(|raw| raw.confirm_seconds);
    let running = table.map_or(Ok(Running::Ref), running);
    let running = running.map_err(|(why, advice)| document.wrong(&key, &why, advice))?;
    Ok(Environment {
        url: raw.url,
        remote: raw.remote.unwrap_or_else(|| name.clone()),
        branch: raw.branch.unwrap_or_else(|| main.branch.clone()),
        site: raw.site,
        promotes: raw.promotes,
        confirm_seconds: seconds.unwrap_or_else(|| running.usual_confirm_seconds()),
        running,
        name,
    })
}

/// How to find out what runs; or what is wrong with that, and what else to write.
fn running(raw: RawRunning) -> Result<Running, (String, &'static str)> {
    let ways = [
        ("pattern", raw.pattern.map(Find::Pattern)),
        ("json", raw.json.map(Find::Json)),
        ("header", raw.header.map(Find::Header)),
    ];
    let mut ways = (ways.into_iter()).filter_map(|(key, find)| Some((key, find?)));
    let (way, second) = (ways.next(), ways.next());
    let page = |url, way: Option<(_, Find)>| Page {
        url,
        find: way.map_or(Find::Body, |(_, find)| find),
    };
    match (raw.heroku, raw.page, way) {
        (None, None, _) => Err((
            "has no `page`".to_owned(),
            "write page or heroku, or remove the table",
        )),
        (Some(_), None, Some((key, _))) => Err((
            format!("`{key}` is for a page, and there is none"),
            "write `page`, or remove it",
        )),
        _ if second.is_some() => Err((
            "has more than one of `pattern`, `json` and `header`".to_owned(),
            "keep the one that fits the page",
        )),
        (None, Some(url), way) => Ok(Running::Page(page(url, way))),
        (Some(app), url, way) => {
            let page = url.map(|url| page(url, way));
            Ok(Running::Heroku { app, page })
        }
    }
}
