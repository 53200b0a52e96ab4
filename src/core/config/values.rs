//! The values of the file: a type each, which serde makes of what is written, by the rule that it holds.

use std::fmt;
use std::marker::PhantomData;

use regex::{Regex, RegexBuilder};
use serde::de::value::{self, MapAccessDeserializer};
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::core::address::{check_page, check_url};
use crate::core::config::Mention;
use crate::core::config::document::OURS;
use crate::core::config::names::{
    check_branch, check_glob, check_header, check_heroku_app, check_pointer, check_record_ref,
    check_remote_name, check_short,
};

/// The most memory that a compiled pattern may take: `(.{999}){999}` is short, too.
const COMPILED: usize = 1 << 20;

/// Texts, each type with its rule.
macro_rules! texts {
    ($($name:ident: $rule:ident,)*) => {$(
        #[derive(Deserialize)]
        #[serde(try_from = "String")]
        pub(in crate::core::config) struct $name(pub String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                $rule(&text).map_err(|why| ours(why))?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}
texts! {
    RemoteName: check_remote_name,
    RemoteUrl: check_url,
    BranchName: check_branch,
    PageUrl: check_page,
    RecordRef: check_record_ref,
    HerokuApp: check_heroku_app,
    HeaderName: check_header,
    JsonPointer: check_pointer,
    Glob: check_glob,
    ShortText: check_short,
}

/// A pattern that cannot grow beyond its limits, with the one group that holds the commit.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct PagePattern(pub Regex);

/// A whole number within bounds.
#[derive(Deserialize)]
#[serde(try_from = "i128")]
pub(super) struct Number<const LEAST: u32, const MOST: u32>(pub u32);

/// A list of so few that they fit a post: more is a slip.
#[derive(Deserialize)]
#[serde(try_from = "Vec<Element<T>>", bound = "T: Deserialize<'de>")]
pub(super) struct List<T>(pub Vec<T>);

/// An element of a list: by this wrapper its own place is told.
#[derive(Deserialize)]
struct Element<T>(T);

/// One of the words of an enum, which serde would take as a table as well.
#[derive(Deserialize)]
#[serde(try_from = "String", bound = "T: DeserializeOwned")]
pub(super) struct Word<T>(pub T);

/// A table, for which serde would take a list as well.
pub(super) struct Table<T>(pub T);

struct TableVisitor<T>(PhantomData<T>);

struct MentionVisitor;

impl TryFrom<String> for PagePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > 200 {
            return Err(ours("must have at most 200 characters"));
        }
        let mut builder = RegexBuilder::new(&text);
        let limited = builder.size_limit(COMPILED).dfa_size_limit(COMPILED);
        // The error's own text quotes the pattern.
        Err(ours(match limited.build() {
            Ok(regex) if regex.captures_len() == 2 => return Ok(Self(regex)),
            Ok(_) => "must have exactly one group in ( ), around the commit; (?: ) only groups",
            Err(regex::Error::CompiledTooBig(_)) => {
                "is a pattern that grows too large; use smaller counts"
            }
            Err(_) => "is not a regular expression; see https://docs.rs/regex/#syntax",
        }))
    }
}

impl<const LEAST: u32, const MOST: u32> TryFrom<i128> for Number<LEAST, MOST> {
    type Error = String;

    fn try_from(number: i128) -> Result<Self, String> {
        match u32::try_from(number) {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ => Err(ours(&format!("must be a number from {LEAST} to {MOST}"))),
        }
    }
}

impl<T> TryFrom<Vec<Element<T>>> for List<T> {
    type Error = String;

    fn try_from(list: Vec<Element<T>>) -> Result<Self, String> {
        if list.len() > 100 {
            return Err(ours("must have at most 100 elements"));
        }
        Ok(Self(list.into_iter().map(|Element(one)| one).collect()))
    }
}

impl<T: DeserializeOwned> TryFrom<String> for Word<T> {
    type Error = value::Error;

    fn try_from(word: String) -> Result<Self, value::Error> {
        T::deserialize(word.into_deserializer()).map(Self)
    }
}

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
        let text = ShortText::try_from(text.to_owned()).map_err(E::custom)?;
        Ok(Mention::Plain(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mention, A::Error> {
        let RawPerson { name, id, .. } = RawPerson::deserialize(MapAccessDeserializer::new(map))?;
        let (name, id) = (name.into(), id.into());
        Ok(Mention::Person { name, id })
    }
}

/// An error of a rule: a fixed text that never holds the value.
fn ours(why: &str) -> String {
    format!("{OURS}{why}")
}

/// Reads patterns of files.
pub(super) fn globs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let List(globs) = List::deserialize(from)?;
    Ok(globs.into_iter().map(|Glob(text)| text).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPerson {
    name: ShortText,
    id: ShortText,
    #[serde(rename = "kind")]
    _kind: Option<Word<PersonKind>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum PersonKind {
    Person,
}
