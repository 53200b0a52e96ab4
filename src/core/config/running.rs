//! The source of an environment's running commit, and the checks after a deploy. What a platform needs of `smp.toml` is
//! all here.

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::core::address::{AddressCheck, is_made_of};
use crate::core::config::document::OURS;
use crate::core::config::names::is_small;
#[cfg(test)]
use crate::core::config::tests::schema;
use crate::core::config::values::{self, header, number, ours, page, pointer, table, text, texts};

/// How to find the running commit: from the platform, from a page, or from both, which must agree. Without either, the
/// commit of the branch counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Running {
    #[serde(flatten)]
    pub app: Option<PlatformApp>,
    #[serde(flatten)]
    pub page: Option<Page>,
    /// The seconds for which the answers must agree before a deploy is called live; 0 if one answer is enough.
    pub confirm_seconds: u32,
}

impl Running {
    pub fn is_ref(&self) -> bool {
        self.app.is_none() && self.page.is_none()
    }
}

/// An app on a platform with an API, by the key in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlatformApp {
    Heroku(String),
    Dokku(String),
}

impl PlatformApp {
    pub fn key(&self) -> &'static [&'static str; 2] {
        match self {
            Self::Heroku(_) => &["running", "heroku"],
            Self::Dokku(_) => &["running", "dokku"],
        }
    }

    /// Returns whether its name belongs to the server in the environment's `url`.
    pub fn is_of_server(&self) -> bool {
        match self {
            Self::Heroku(_) => false,
            Self::Dokku(_) => true,
        }
    }
}

/// The prefixes of the platforms' tokens.
pub(super) const TOKENS: &str = "HRKU-";

texts! {
    heroku_app: check_heroku_app,
    dokku_app: check_dokku_app,
}

fn check_heroku_app(name: &str) -> AddressCheck {
    match name.chars().next() {
        Some('a'..='z') if (3..=30).contains(&name.len()) && is_small(name) => Ok(()),
        _ => Err("must be 3 to 30 characters of a-z, 0-9 and `-`, and begin with a letter"),
    }
}

/// Checks the name of an app on Dokku, which becomes a word of a command. Older versions of Dokku allow `_`.
fn check_dokku_app(name: &str) -> AddressCheck {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_small = !name.contains(|c: char| c.is_ascii_uppercase());
    match begins && name.len() <= 100 && is_small && is_made_of(name, "._-") {
        true => Ok(()),
        false => Err(
            "must be 1 to 100 characters of a-z, 0-9, `.`, `_` and `-`, and begin with a letter or a digit",
        ),
    }
}

/// A page that names the running commit.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    #[serde(rename = "page")]
    pub url: String,
    #[serde(flatten)]
    pub find: Find,
}

/// The place of the commit in a page.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Find {
    /// The one group of a regular expression.
    #[serde(serialize_with = "as_text")]
    Pattern(Regex),
    Json(String),
    Header(String),
    /// The whole body is the commit.
    Body,
}

/// The memory limit for a compiled pattern, because `(.{999}){999}` is short too.
const COMPILED: usize = 1 << 18;

/// Compiles the pattern of a page. It works on bytes and only knows ASCII letters: Unicode's tables would take as long
/// to load as the rest of the program at each start.
pub fn page_pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .unicode(false)
        .size_limit(COMPILED)
        .dfa_size_limit(COMPILED)
        .build()
}

fn as_text<S: Serializer>(pattern: &Regex, into: S) -> Result<S::Ok, S::Error> {
    into.serialize_str(pattern.as_str())
}

pub(super) const KEYS: &str = "page pattern json header heroku dokku confirm_seconds";

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
    let apps = [
        raw.heroku.map(PlatformApp::Heroku),
        raw.dokku.map(PlatformApp::Dokku),
    ];
    let apps: Vec<PlatformApp> = apps.into_iter().flatten().collect();
    let keys = apps.iter().map(|app| format!("`{}`", app.key()[1]));
    let both = format!("has both {}", keys.collect::<Vec<_>>().join(" and "));
    let is_both = apps.len() > 1;
    let (why, advice) = match (apps.into_iter().next(), raw.page) {
        _ if is_both => (&*both, "keep the platform that runs it"),
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

/// A page to check after a deploy, once the environment reports the commit. It must give `times` good answers in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PageCheck {
    /// Its address, without a login: git's credential helpers or `.netrc` keep that.
    #[serde(deserialize_with = "values::page")]
    #[cfg_attr(test, schemars(length(max = 2048), regex(pattern = schema::PAGE)))]
    pub page: String,
    /// The HTTP status of a good answer, not of a redirect. Default: any of 200 to 299.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "values::status"
    )]
    #[cfg_attr(test, schemars(with = "u16", range(min = 200, max = 599), extend("not" = {"minimum": 300, "maximum": 399})))]
    pub status: Option<u32>,
    /// A text that the answer must contain. Case matters.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "values::short"
    )]
    #[cfg_attr(test, schemars(length(max = 200), regex(pattern = schema::TEXT)))]
    pub contains: Option<String>,
    /// How many good answers in a row are needed, a second apart. The same number of bad answers in a row is a failure.
    #[serde(default = "three", deserialize_with = "values::number::<1, 60, _, _>")]
    #[cfg_attr(test, schemars(range(min = 1, max = 60)))]
    pub times: u32,
}

fn three() -> u32 {
    3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_known_to_belong_here() {
        let schema = schemars::schema_for!(RawRunning);
        let known: Vec<&String> = schema
            .get("properties")
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .collect();
        let mut keys: Vec<&str> = KEYS.split(' ').collect();
        keys.sort_unstable();
        assert_eq!(known, keys);
    }

    #[test]
    fn names_of_apps_are_checked() {
        for good in ["shared-meaning", "abc", "a12"] {
            assert_eq!(check_heroku_app(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "ab",
            "1abc",
            "-abc",
            "Abc",
            "a/../b",
            "a b c",
            "abc\n",
            &"a".repeat(31),
        ] {
            assert!(check_heroku_app(bad).is_err(), "{bad:?}");
        }
        for good in ["shop", "1shop", "shop.example.com", "my_shop-2"] {
            assert_eq!(check_dokku_app(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "-shop",
            "Shop",
            "a b",
            "a;b",
            "a$b",
            "a/b",
            "a\n",
            "--all",
            &"a".repeat(101),
        ] {
            let why = check_dokku_app(bad).unwrap_err();
            assert!(why.contains("1 to 100 characters"), "{bad:?}");
        }
    }
}
