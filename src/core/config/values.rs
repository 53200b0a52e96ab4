//! Readers for the values of the file, each with its rule. A rule's error is a fixed text, never the value.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use regex::bytes::Regex;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::core::address::{AddressCheck, check_page, check_url};
use crate::core::config::document::OURS;
use crate::core::config::names::{
    check_branch, check_dokku_app, check_glob, check_header, check_heroku_app, check_person,
    check_pointer, check_record_ref, check_remote_name, check_short, check_signers,
};
#[cfg(test)]
use crate::core::config::tests::schema;
use crate::core::config::{
    Channel, Environment, Find, Mention, Page, PageCheck, PlatformApp, Running, page_pattern,
};
use crate::core::window::{Hours, Soak, check_day};

/// Readers of texts, each with its rule; an optional text is an `Option`.
macro_rules! texts {
    ($($name:ident: $rule:ident,)*) => {$(
        pub fn $name<'de, D, T>(from: D) -> Result<T, D::Error>
        where
            D: Deserializer<'de>,
            T: From<String>,
        {
            text(from, $rule).map(T::from)
        }
    )*};
}
texts! {
    remote: check_remote_name,
    url: check_url,
    branch: check_branch,
    page: check_page,
    record_ref: check_record_ref,
    signers: check_signers,
    heroku_app: check_heroku_app,
    dokku_app: check_dokku_app,
    header: check_header,
    pointer: check_pointer,
    glob: check_glob,
    short: check_short,
    person: check_person,
    day: check_day,
}

fn text<'de, D: Deserializer<'de>>(
    from: D,
    rule: fn(&str) -> AddressCheck,
) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    rule(&text).map_err(ours)?;
    Ok(text)
}

fn ours<E: Error>(why: &str) -> E {
    E::custom(format!("{OURS}{why}"))
}

/// Reads a pattern with a limited size and exactly one group around the commit.
fn pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(from)?;
    if text.len() > 200 {
        return Err(ours("must have at most 200 characters"));
    }
    // The error's own text quotes the pattern.
    Err(ours(match page_pattern(&text) {
        Ok(regex) if regex.captures_len() == 2 => return Ok(Some(regex)),
        Ok(_) => {
            "must have exactly one capturing group ( ), around the commit; use (?: ) for other groups"
        }
        Err(regex::Error::CompiledTooBig(_)) => {
            "is a regular expression that grows too large; use smaller counts"
        }
        Err(_) => {
            "is not a regular expression; \\p{ } and letters outside of ASCII in [ ] do not work; see https://docs.rs/regex/#syntax"
        }
    }))
}

/// Reads a whole number within bounds.
pub fn number<'de, const LEAST: u32, const MOST: u32, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<u32>,
{
    match u32::try_from(i128::deserialize(from)?) {
        Ok(number) if (LEAST..=MOST).contains(&number) => Ok(number.into()),
        _ => Err(ours(&format!("must be a number from {LEAST} to {MOST}"))),
    }
}

/// Does the same for an optional number.
pub fn some_number<'de, const LEAST: u32, const MOST: u32, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<u32>, D::Error> {
    number::<LEAST, MOST, D, u32>(from).map(Some)
}

fn parsed<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: fn(&str) -> Result<T, &'static str>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(from)?).map_err(ours)
}

pub fn hours<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Hours>, D::Error> {
    parsed(from, Hours::parse).map(Some)
}

pub fn soak<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Soak>, D::Error> {
    parsed(from, Soak::parse).map(Some)
}

/// Reads a word of an enum, for which serde would also accept a table.
pub fn word<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(from)?.into_deserializer())
}

pub fn some_word<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    word(from).map(Some)
}

/// Reads a list of at most 100 elements, which fit a post.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Element<T>>::deserialize(from)?;
    if list.len() > 100 {
        return Err(ours("must have at most 100 elements"));
    }
    Ok(list.into_iter().map(|Element(one)| one).collect())
}

/// An element of a list, wrapped so that an error gives its own place.
#[derive(Deserialize)]
struct Element<T>(T);

pub fn globs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Glob(#[serde(deserialize_with = "glob")] String);
    Ok(list(from)?.into_iter().map(|Glob(text)| text).collect())
}

/// Reads days without a time.
pub fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Day(#[serde(deserialize_with = "day")] String);
    Ok(list(from)?.into_iter().map(|Day(text)| text).collect())
}

/// Reads at most 20 page checks, which are asked at the same time.
pub fn page_checks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PageCheck>, D::Error> {
    let all: Vec<Table<PageCheck>> = list(from)?;
    if all.len() > 20 {
        return Err(ours("must have at most 20 elements"));
    }
    Ok(all.into_iter().map(|Table(one)| one).collect())
}

/// Reads a table, for which serde would also accept a list.
pub fn table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_map(TableVisitor(PhantomData))
}

pub fn some_table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    table(from).map(Some)
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Table<T>(#[serde(deserialize_with = "table")] T);

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

pub fn environments<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Environment>, D::Error> {
    let all = BTreeMap::<String, Table<Environment>>::deserialize(from)?.into_iter();
    let all = all.map(|(name, Table(one))| Environment { name, ..one });
    Ok(all.collect())
}

/// The channels. Another name is a mistake, because nothing is posted to it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Channels {
    /// The channel of the people who deploy: proposals, fixes, blocks, postponements and rollbacks.
    #[cfg_attr(test, schemars(with = "Option<Channel>"))]
    technical: Option<Table<Channel>>,
    /// The channel that everyone reads: what is new on production. With this table `git smp promote` asks for a text before
    /// it deploys.
    #[cfg_attr(test, schemars(with = "Option<Channel>"))]
    product: Option<Table<Channel>>,
}

pub fn channels<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Channel>, D::Error> {
    let Channels { technical, product } = table(from)?;
    let all = [("technical", technical), ("product", product)].into_iter();
    let all = all.filter_map(|(name, channel)| Some((name.to_owned(), channel?)));
    let all = all.map(|(name, Table(channel))| Channel { name, ..channel });
    Ok(all.collect())
}

/// How to find out which commit really runs. Without this table the branch on the remote is believed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transform = schema::one_way_to_find))]
#[serde(deny_unknown_fields)]
pub(super) struct RawRunning {
    /// A page that names the running commit, as 7 to 64 hex digits. The address has no login: git's credential helpers or
    /// `.netrc` keep that.
    #[serde(default, deserialize_with = "page")]
    #[cfg_attr(test, schemars(length(max = 2048), regex(pattern = schema::PAGE)))]
    page: Option<String>,
    /// Where on the page: a regular expression with exactly one group, around the commit.
    #[serde(default, deserialize_with = "pattern")]
    #[cfg_attr(
        test,
        schemars(with = "Option<String>", length(max = 200), regex(pattern = schema::ONE_GROUP))
    )]
    pattern: Option<Regex>,
    /// Where on the page: a JSON pointer, such as `/build/commit`.
    #[serde(default, deserialize_with = "pointer")]
    #[cfg_attr(test, schemars(length(max = 200), regex(pattern = schema::POINTER)))]
    json: Option<String>,
    /// Where in the answer: the name of a header, such as `x-commit`.
    #[serde(default, deserialize_with = "header")]
    #[cfg_attr(test, schemars(length(max = 100), regex(pattern = schema::HEADER)))]
    header: Option<String>,
    /// The name of the app on Heroku, to ask Heroku's API. It is believed, and a `page` must agree with it. The token never
    /// belongs in this file.
    #[serde(default, deserialize_with = "heroku_app")]
    #[cfg_attr(test, schemars(regex(pattern = schema::HEROKU_APP)))]
    heroku: Option<String>,
    /// The name of the app on Dokku, to ask Dokku over the ssh address in `url`. It is believed, and a `page` must agree
    /// with it.
    #[serde(default, deserialize_with = "dokku_app")]
    #[cfg_attr(test, schemars(regex(pattern = schema::DOKKU_APP)))]
    dokku: Option<String>,
    /// For how many seconds all answers must name the new commit before a deploy is called live. Default: 10 if there is a
    /// `page`, otherwise 0.
    #[serde(default, deserialize_with = "number::<0, 3600, _, _>")]
    #[cfg_attr(test, schemars(range(min = 0, max = 3600)))]
    confirm_seconds: Option<u32>,
}

pub fn running<'de, D: Deserializer<'de>>(from: D) -> Result<Running, D::Error> {
    let raw: RawRunning = table(from)?;
    let ways = [
        ("pattern", raw.pattern.map(Find::Pattern)),
        ("json", raw.json.map(Find::Json)),
        ("header", raw.header.map(Find::Header)),
    ];
    let mut ways = (ways.into_iter()).filter_map(|(key, find)| Some((key, find?)));
    let (key, find) = ways.next().unwrap_or(("", Find::Body));
    let only_for_pages = format!("`{key}` needs a page, but there is none");
    let heroku = raw.heroku.map(PlatformApp::Heroku);
    let apps = (heroku, raw.dokku.map(PlatformApp::Dokku));
    let is_both = matches!(apps, (Some(_), Some(_)));
    let (why, advice) = match (apps.0.or(apps.1), raw.page) {
        _ if is_both => (
            "has both `heroku` and `dokku`",
            "keep the platform that runs it",
        ),
        (None, None) => (
            "has no `page`",
            "add `page`, `heroku` or `dokku`, or remove the table",
        ),
        (Some(_), None) if !key.is_empty() => (&*only_for_pages, "add `page`, or remove it"),
        _ if ways.next().is_some() => (
            "has more than one of `pattern`, `json` and `header`",
            "keep the one that fits the page",
        ),
        (app, page) => {
            // Behind a load balancer old and new instances answer in turn; an API and a branch have one answer.
            let usual = if page.is_some() { 10 } else { 0 };
            return Ok(Running {
                app,
                page: page.map(|url| Page { url, find }),
                confirm_seconds: raw.confirm_seconds.unwrap_or(usual),
            });
        }
    };
    Err(ours(&format!("{why}{OURS}{advice}")))
}

/// A person whom the chat notifies.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawPerson {
    /// The name that is shown.
    #[serde(deserialize_with = "short")]
    #[cfg_attr(test, schemars(length(max = 200), regex(pattern = schema::TEXT)))]
    name: String,
    /// The chat's own id: in Teams the address that the person signs in with, or an object id; in Slack `U012345`.
    #[serde(deserialize_with = "short")]
    #[cfg_attr(test, schemars(length(max = 200), regex(pattern = schema::TEXT)))]
    id: String,
    /// Optional: `person` is the only kind.
    #[serde(rename = "kind", default, deserialize_with = "person")]
    #[cfg_attr(test, schemars(extend("const" = "person")))]
    _kind: String,
}

struct MentionVisitor;

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
        short(text.into_deserializer()).map(Mention::Plain)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mention, A::Error> {
        let RawPerson { name, id, .. } = RawPerson::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Mention::Person { name, id })
    }
}
