//! The parsed file and its error messages: file, line, column and key, and never a value. A value may be a secret, and
//! the messages of the parser and of serde quote it; so they are translated and never shown.

use std::borrow::Cow;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use crate::core::config::shown::{cut_end, file_name, shown_key, unseen};
use crate::core::config::{LARGEST, running, secret};
use crate::core::nearest::nearest;
use crate::core::refusal::Report;
use crate::core::tell::KINDS;
use crate::core::typed::Typed;

/// The prefix of a rule's own error, to distinguish it from serde's, and the separator between reason and advice.
pub(super) const OURS: &str = "\u{1}";
const STRAYED: &str = "secrets do not belong in this file";
const ELSEWHERE: &str = "setup asks for a webhook; keep a token in HEROKU_API_KEY, a password in a credential helper; revoke it if it was ever committed";
/// The parser's errors, by the beginning of the message.
const SYNTAX: [(&str, &str); 10] = [
    ("duplicate key", "this key or table is defined twice"),
    (
        "string values",
        "not valid TOML: a string must be in quotes",
    ),
    ("unclosed", "not valid TOML: a bracket is not closed"),
    ("invalid basic", QUOTES),
    ("invalid literal", QUOTES),
    ("key with no", "not valid TOML: a key has no value"),
    ("missing value", "not valid TOML: a key has no value"),
    ("cannot recurse", "not valid TOML: nested too deeply"),
    ("recursion", "not valid TOML: nested too deeply"),
    (
        "cannot extend",
        "not valid TOML: this table is already defined",
    ),
];
const QUOTES: &str = "not valid TOML: a quoted string is not closed, or has an invalid escape";
pub(super) const ENVIRONMENTS: &str = "add [environments.staging] and [environments.production], each with a `url` or with a `branch` of the main repository";
const COMMANDS: &str = "command cmd exec run script shell hook hooks";

type Key<'t> = Spanned<Cow<'t, str>>;
type Item<'t> = Spanned<DeValue<'t>>;

pub(super) struct Document<'t> {
    name: String,
    text: &'t str,
    root: Item<'t>,
}

/// The place of a serde error; the whole file if it is not at a key.
#[derive(Default)]
struct Spot {
    path: String,
    key: String,
    at: usize,
    given: &'static str,
}

impl<'t> Document<'t> {
    pub(super) fn parse(path: &Path, bytes: &'t [u8]) -> Result<Self, Report> {
        if bytes.len() > LARGEST {
            return Err(whole_file(path, "is larger than 64 KiB", "make it smaller"));
        }
        let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let mut document = Self {
            name: file_name(path),
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            root: Spanned::new(0..0, DeValue::Table(DeTable::new())),
        };
        let is_whole = text.len() == bytes.len();
        let text = document.text;
        if !is_whole {
            return Err(document.problem(text.len(), "is not UTF-8 text", "save it as UTF-8"));
        }
        if text.trim().is_empty() {
            let advice = "add [repository] and [environments], as config.example.toml shows";
            return Err(whole_file(path, "is empty", advice));
        }
        if let Some(at) = text.find('\0') {
            return Err(document.problem(at, "contains a NUL character", "save it as UTF-8 text"));
        }
        let table = DeTable::parse(text).map_err(|error| {
            let mut known = SYNTAX.iter();
            let known = known.find(|(theirs, _)| error.message().starts_with(theirs));
            let what = known.map_or("not valid TOML", |(_, ours)| ours);
            document.problem(error.span().map_or(0, |span| span.start), what, "")
        })?;
        document.root = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
        Ok(document)
    }

    /// Refuses secrets and control characters anywhere in the file, before any other check: no later message can
    /// contain such a value.
    pub(super) fn sweep(&self) -> Result<(), Report> {
        walk("", self.root.get_ref(), &mut |path, key, value| {
            let key = key.map(|key| (key.span().start, &**key.get_ref()));
            let text = (value.get_ref().as_str()).map(|text| (value.span().start, text));
            for (at, text) in key.into_iter().chain(text) {
                let (why, advice) = match text {
                    _ if secret::looks_like_one(text) => (STRAYED, ELSEWHERE),
                    _ if text.contains(acts) => ("contains control or invisible characters", ""),
                    _ => continue,
                };
                return Err(self.wrong_at(at, path, why, advice));
            }
            Ok(())
        })
    }

    /// Refuses a table with too many keys before any of them is read.
    pub(super) fn holds_few(&self, path: &[&str], most: usize) -> Result<(), Report> {
        let mut keys = path.iter();
        let found = keys.try_fold(self.root.get_ref(), |value, key| {
            Some(value.as_table()?.get(*key)?.get_ref())
        });
        let count = found.and_then(|value| Some(value.as_table()?.len()));
        match count {
            Some(count) if count > most => {
                let why = format!("has {count} tables, and may have {most}");
                Err(self.wrong(path, &why, ""))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Report> {
        T::deserialize(ValueDeserializer::from(self.root.clone()))
            .map_err(|error| self.told(&error))
    }

    /// Reports what is wrong at an existing key, and how to correct it.
    pub(super) fn wrong(&self, path: &[&str], why: &str, advice: &str) -> Report {
        self.wrong_at(self.place(path), &path.join("."), why, advice)
    }

    /// Returns where a key's table or value begins.
    pub(super) fn place(&self, path: &[&str]) -> usize {
        let mut keys = path.iter();
        let found = keys.try_fold((0, self.root.get_ref()), |(_, value), key| {
            let (key, item) = value.as_table()?.get_key_value(*key)?;
            Some((place_of(Some(key), item), item.get_ref()))
        });
        found.map_or(0, |(at, _)| at)
    }

    fn wrong_at(&self, at: usize, path: &str, why: &str, advice: &str) -> Report {
        self.problem(at, &format!("{}: {why}", shown_key(path)), advice)
    }

    pub(super) fn problem(&self, at: usize, what: &str, advice: &str) -> Report {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        let name = &self.name;
        let hint = match advice {
            "" => format!("correct line {line} of {name}"),
            _ if advice.ends_with('?') => format!("{advice} edit {name}"),
            _ => format!("{advice}; edit {name}"),
        };
        Report::new(cut_end(&format!("{name}:{line}:{column}: {what}")))
            .run(format!("{hint}, then"), Typed::smp("setup"))
    }

    fn told(&self, error: &Error) -> Report {
        let (message, spot) = (error.message(), self.spot(error));
        // Keys and values come before these words, the expected form after them.
        let (_, wanted) = message.rsplit_once(", expected ").unwrap_or_default();
        let words: Vec<&str> = wanted.split('`').skip(1).step_by(2).collect();
        if let Some(text) = message.strip_prefix(OURS) {
            let (why, advice) = text.split_once(OURS).unwrap_or((text, ""));
            self.wrong_at(spot.at, &spot.path, why, advice)
        } else if let Some(key) = message.strip_prefix("missing field `") {
            self.missing(&spot, key.trim_end_matches('`'))
        } else if message.starts_with("unknown variant") {
            let all = words.join("\", \"");
            let why = match all.rsplit_once(", ") {
                Some((all, last)) => format!("must be \"{all} or {last}\""),
                None => format!("must be \"{all}\""),
            };
            self.wrong_at(spot.at, &spot.path, &why, "")
        } else if message.starts_with("unknown field") && spot.given != "a date" {
            self.unknown(&spot, &words)
        } else {
            let wanted = match wanted {
                "a string" => "text in quotes",
                "a boolean" => "true or false",
                "i128" => "a whole number",
                "a sequence" => "a list in [ ]",
                // serde reads a date as a table.
                _ => "a table",
            };
            let why = format!("must be {wanted}, not {}", spot.given);
            self.wrong_at(spot.at, &spot.path, &why, "")
        }
    }

    fn missing(&self, spot: &Spot, key: &str) -> Report {
        let section = spot.path.split('.').next().unwrap_or_default();
        let advice = match (section, key) {
            ("", "repository") => "add [repository] with the `url` of the team's own repository",
            ("", _) => ENVIRONMENTS,
            ("repository", _) => "add the address of the team's own repository",
            (_, "kind") => &format!("add kind = \"{}\"", KINDS.join("\" or \"")),
            (_, "name") => "add the name to show",
            (_, "page") => "add the address to check after a deploy",
            _ => "add the person's ID in the chat, such as adele@example.com",
        };
        match section {
            "" => self.problem(spot.at, &format!("has no [{key}]"), advice),
            _ => self.wrong_at(spot.at, &spot.path, &format!("has no `{key}`"), advice),
        }
    }

    /// Reports an unknown key with the known one that was probably meant.
    fn unknown(&self, spot: &Spot, known: &[&str]) -> Report {
        let (path, key) = (spot.path.as_str(), spot.key.as_str());
        let parent = path
            .strip_suffix(key)
            .and_then(|path| path.strip_suffix('.'))
            .unwrap_or_default();
        if let ("channels.technical" | "channels.product", "webhook" | "url" | "token") =
            (parent, key)
        {
            let name = parent.trim_start_matches("channels.").to_ascii_uppercase();
            let advice =
                format!("remove it; setup asks for the webhook, or reads SMP_{name}_WEBHOOK");
            return self.wrong_at(spot.at, path, STRAYED, &advice);
        }
        let parent = shown_key(parent);
        let advice = if let Some(meant) = nearest(key, known) {
            format!("did you mean `{meant}`?")
        } else if known.contains(&"running") && running::KEYS.split(' ').any(|one| one == key) {
            format!("`{key}` belongs in [{parent}.running]")
        } else if COMMANDS.split(' ').any(|one| one == key) {
            "this file cannot run commands".to_owned()
        } else {
            format!("the known keys are {}", known.join(", "))
        };
        let place = if parent.is_empty() { "" } else { " in " };
        let what = format!("unknown key `{}`{place}{parent}", shown_key(key));
        self.problem(spot.at, &what, &advice)
    }

    /// Finds the place of an error: serde gives the span of a key or of a value.
    fn spot(&self, error: &Error) -> Spot {
        let span = error.span().unwrap_or_default();
        let found = walk("", self.root.get_ref(), &mut |path, key, value| {
            let meant = key.filter(|key| key.span() == span);
            if meant.is_none() && value.span() != span {
                return Ok(());
            }
            Err(Spot {
                path: path.to_owned(),
                key: key.map_or("", |key| key.get_ref()).to_owned(),
                at: meant.map_or_else(|| place_of(key, value), |key| key.span().start),
                given: match value.get_ref() {
                    DeValue::String(_) => "text",
                    DeValue::Integer(_) => "a number",
                    DeValue::Float(_) => "a decimal number",
                    DeValue::Boolean(_) => "true or false",
                    DeValue::Datetime(_) => "a date",
                    DeValue::Array(_) => "a list",
                    DeValue::Table(_) => "a table",
                },
            })
        });
        found.err().unwrap_or_default()
    }
}

/// Returns whether a character hides, reorders or acts. A name may have the two joiners that some scripts need.
fn acts(c: char) -> bool {
    unseen(c) && !matches!(c, '\u{200c}' | '\u{200d}')
}

/// Visits each value inside until the first error: its dotted path, its key unless it is a list element, and itself.
fn walk<E>(
    parent: &str,
    value: &DeValue<'_>,
    visit: &mut impl FnMut(&str, Option<&Key<'_>>, &Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut each = |path: &str, key: Option<&Key<'_>>, value: &Item<'_>| {
        visit(path, key, value)?;
        walk(path, value.get_ref(), visit)
    };
    match value {
        DeValue::Table(table) => table.iter().try_for_each(|(key, value)| match parent {
            "" => each(key.get_ref(), Some(key), value),
            _ => each(&format!("{parent}.{}", key.get_ref()), Some(key), value),
        }),
        DeValue::Array(list) => (list.iter().enumerate())
            .try_for_each(|(n, value)| each(&format!("{parent}[{n}]"), None, value)),
        _ => Ok(()),
    }
}

/// Returns where a value is reported: a table at its key.
fn place_of(key: Option<&Key<'_>>, value: &Item<'_>) -> usize {
    let key = key.filter(|_| value.get_ref().is_table());
    key.map_or(value.span().start, |key| key.span().start)
}

pub fn whole_file(path: &Path, what: &str, advice: &str) -> Report {
    Report::new(cut_end(&format!("{}: {what}", file_name(path))))
        .run(format!("{advice}, then"), Typed::smp("setup"))
}
