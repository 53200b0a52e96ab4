//! The source of an environment's running commit, and the checks after a deploy.

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize, Serializer};

#[cfg(test)]
use crate::core::config::tests::schema;
use crate::core::config::values;

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

/// A page to check after a deploy, once the environment reports the commit. It must answer well `times` times in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PageCheck {
    /// Its address, without a login: git's credential helpers or `.netrc` keep that.
    #[serde(deserialize_with = "values::page")]
    #[cfg_attr(test, schemars(length(max = 2048), regex(pattern = schema::PAGE)))]
    pub page: String,
    /// The status that it must answer with. Default: any of 200 to 299.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "values::some_number::<100, 599, _>"
    )]
    #[cfg_attr(test, schemars(with = "u16", range(min = 100, max = 599)))]
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
