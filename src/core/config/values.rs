//! Readers for the values of the file, each with its rule. A rule's error is a fixed text, never the value.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::core::address::{AddressCheck, check_page, check_url};
use crate::core::config::document::OURS;
use crate::core::config::names::{
    check_branch, check_glob, check_header, check_person, check_pointer, check_record_ref,
    check_remote_name, check_short, check_signers,
};
#[cfg(test)]
use crate::core::config::tests::schema;
use crate::core::config::{Channel, Environment, Mention, PageCheck};
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
    header: check_header,
    pointer: check_pointer,
    glob: check_glob,
    short: check_short,
    person: check_person,
    day: check_day,
}

pub(super) use texts;

pub(super) fn text<'de, D: Deserializer<'de>>(
    from: D,
    rule: fn(&str) -> AddressCheck,
) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    rule(&text).map_err(ours)?;
    Ok(text)
}

pub(super) fn ours<E: Error>(why: &str) -> E {
    E::custom(format!("{OURS}{why}"))
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

/// Reads the status of a page's answer. A redirect is followed, so it is never the answer.
pub fn status<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match number::<200, 599, D, u32>(from)? {
        300..400 => Err(ours("must not be 300 to 399: redirects are followed")),
        status => Ok(Some(status)),
    }
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

/// A person whom the chat notifies.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawPerson {
    /// The name that is shown.
    #[serde(deserialize_with = "short")]
    #[cfg_attr(test, schemars(length(max = 200), regex(pattern = schema::TEXT)))]
    name: String,
    /// The chat's own ID: in Teams the address that the person signs in with, or an object ID; in Slack `U012345`.
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
