//! The strict walk over TOML: a table that knows where it stands, hands out its values by name and type, and refuses
//! every key that nobody knows.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::core::config::names;
use crate::core::config::sentence::{Source, nearest, shown_key};
use crate::core::refusal::Report;

/// The most bytes of a text that has no smaller limit of its own.
const TEXT: usize = 2048;

/// A table of the file.
pub(super) struct Table<'a> {
    pub(super) source: &'a Source<'a>,
    /// Its dotted key, fit to be shown; empty for the whole file.
    pub(super) path: String,
    pub(super) entries: &'a DeTable<'a>,
    /// Where it is first named.
    pub(super) at: usize,
}

/// A text of the file, and where it stands.
pub(super) struct Text<'a> {
    source: &'a Source<'a>,
    path: String,
    at: usize,
    pub(super) value: &'a str,
}

impl Text<'_> {
    /// What is wrong with this text.
    pub(super) fn wrong(&self, why: &str) -> Report {
        self.source
            .problem(self.at, &format!("{}: {why}", shown_key(&self.path)))
    }

    /// What is wrong with this text, and what else to write.
    pub(super) fn wrong_with(&self, why: &str, advice: &str) -> Report {
        self.source.problem_with(
            self.at,
            &format!("{}: {why}", shown_key(&self.path)),
            advice,
        )
    }

    /// The text itself, if a rule allows it.
    ///
    /// # Errors
    ///
    /// The rule's reason, with the key.
    pub(super) fn checked(
        &self,
        rule: impl FnOnce(&str) -> Result<(), &'static str>,
    ) -> Result<String, Report> {
        rule(self.value).map_err(|why| self.wrong(why))?;
        Ok(self.value.to_owned())
    }
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn root(source: &'a Source<'a>, entries: &'a DeTable<'a>) -> Self {
        Self {
            source,
            path: String::new(),
            entries,
            at: 0,
        }
    }

    /// What is wrong with this table as a whole, and what to write in it.
    pub(super) fn wrong_with(&self, why: &str, advice: &str) -> Report {
        let what = if self.path.is_empty() {
            why.to_owned()
        } else {
            format!("{}: {why}", shown_key(&self.path))
        };
        self.source.problem_with(self.at, &what, advice)
    }

    /// The dotted key of one of this table's keys.
    pub(super) fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Refuses every key that is not `known`.
    ///
    /// # Errors
    ///
    /// The first unknown key, and the known one that was probably meant.
    pub(super) fn knows_only(&self, known: &[&str]) -> Result<(), Report> {
        let unknown = self
            .in_file_order()
            .into_iter()
            .find(|(key, _)| !known.contains(&key.get_ref().as_ref()));
        let Some((key, _)) = unknown else {
            return Ok(());
        };
        let place = if self.path.is_empty() {
            String::new()
        } else {
            format!(" in {}", shown_key(&self.path))
        };
        let what = format!("unknown key `{}`{place}", shown_key(key.get_ref()));
        Err(self.source.problem_with(
            key.span().start,
            &what,
            &self.advice_for(key.get_ref(), known),
        ))
    }

    /// What to do about an unknown key.
    fn advice_for(&self, key: &str, known: &[&str]) -> String {
        const COMMANDS: [&str; 8] = [
            "command", "cmd", "exec", "run", "script", "shell", "hook", "hooks",
        ];
        const RUNNING: [&str; 6] = [
            "page",
            "pattern",
            "json",
            "header",
            "heroku",
            "confirm_seconds",
        ];
        if let Some(meant) = nearest(key, known.iter().copied()) {
            return format!("did you mean `{meant}`?");
        }
        if known.contains(&"running") && RUNNING.contains(&key) {
            return format!("`{key}` belongs in [{}.running]", shown_key(&self.path));
        }
        if COMMANDS.contains(&key) {
            return "no key of this file can name a command".to_owned();
        }
        format!("known keys are {}", known.join(", "))
    }

    /// The keys and values as they stand in the file; the parser sorts them by name.
    pub(super) fn in_file_order(
        &self,
    ) -> Vec<(
        &'a Spanned<std::borrow::Cow<'a, str>>,
        &'a Spanned<DeValue<'a>>,
    )> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    /// A key's own place and its value.
    pub(super) fn find(&self, key: &str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        self.entries
            .get_key_value(key)
            .map(|(key, value)| (key.span().start, value))
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// Another type than text, and one that is longer than anything here needs.
    pub(super) fn text(&self, key: &str) -> Result<Option<Text<'a>>, Report> {
        let Some((_, value)) = self.find(key) else {
            return Ok(None);
        };
        self.as_text(self.dotted(key), value).map(Some)
    }

    /// A text that must be there.
    ///
    /// # Errors
    ///
    /// As for `text`, and a missing key, with `advice` on what to write.
    pub(super) fn required(&self, key: &str, advice: &str) -> Result<Text<'a>, Report> {
        self.text(key)?
            .ok_or_else(|| self.wrong_with(&format!("has no `{key}`"), advice))
    }

    fn as_text(&self, path: String, value: &'a Spanned<DeValue<'a>>) -> Result<Text<'a>, Report> {
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            return Err(self.wrong_type(&path, at, "text in quotes", value));
        };
        let text = Text {
            source: self.source,
            path,
            at,
            value: text,
        };
        if text.value.len() > TEXT {
            return Err(text.wrong("must have at most 2048 characters"));
        }
        Ok(text)
    }

    /// A text that a rule allows.
    ///
    /// # Errors
    ///
    /// As for `text`, and the rule's reason.
    pub(super) fn checked(
        &self,
        key: &str,
        rule: fn(&str) -> Result<(), &'static str>,
    ) -> Result<Option<String>, Report> {
        self.text(key)?.map(|text| text.checked(rule)).transpose()
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// Any other type.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Report> {
        let Some((_, value)) = self.find(key) else {
            return Ok(None);
        };
        let wrong = || {
            self.wrong_type(
                &self.dotted(key),
                value.span().start,
                "true or false",
                value,
            )
        };
        value.get_ref().as_bool().ok_or_else(wrong).map(Some)
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    ///
    /// Any other type, and a number out of bounds.
    pub(super) fn number(
        &self,
        key: &str,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, Report> {
        let Some((_, value)) = self.find(key) else {
            return Ok(None);
        };
        let at = value.span().start;
        let Some(integer) = value.get_ref().as_integer() else {
            return Err(self.wrong_type(&self.dotted(key), at, "a whole number", value));
        };
        let number = u32::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .filter(|number| bounds.contains(number));
        let why = format!(
            "{}: must be a number from {} to {}",
            shown_key(&self.dotted(key)),
            bounds.start(),
            bounds.end()
        );
        number
            .ok_or_else(|| self.source.problem(at, &why))
            .map(Some)
    }

    /// A table.
    ///
    /// # Errors
    ///
    /// Any other type.
    pub(super) fn table(&self, key: &str) -> Result<Option<Table<'a>>, Report> {
        let Some((at, value)) = self.find(key) else {
            return Ok(None);
        };
        self.as_table(self.dotted(key), at, value).map(Some)
    }

    /// All sub-tables by name, as they stand in the file. Names are checked as remotes' names are, for they are shown,
    /// typed, and become remotes.
    ///
    /// # Errors
    ///
    /// A name that does not fit, and a value that is no table.
    pub(super) fn tables(&self) -> Result<Vec<(String, Table<'a>)>, Report> {
        let entries = self.in_file_order().into_iter();
        entries
            .map(|(key, value)| {
                let (name, at) = (key.get_ref(), key.span().start);
                let path = self.dotted(name);
                names::check_remote_name(name).map_err(|why| {
                    self.source
                        .problem(at, &format!("{}: the name {why}", shown_key(&path)))
                })?;
                Ok((name.to_string(), self.as_table(path, at, value)?))
            })
            .collect()
    }

    /// The elements of a list of tables and texts, each with its place in the dotted key.
    ///
    /// # Errors
    ///
    /// Any other type than a list, and more than `most` elements.
    pub(super) fn list(&self, key: &str, most: usize) -> Result<Vec<Element<'a>>, Report> {
        let Some((_, value)) = self.find(key) else {
            return Ok(Vec::new());
        };
        let (path, at) = (self.dotted(key), value.span().start);
        let Some(array) = value.get_ref().as_array() else {
            return Err(self.wrong_type(&path, at, "a list in [ ]", value));
        };
        if array.iter().count() > most {
            return Err(self.source.problem(
                at,
                &format!("{}: must have at most {most} elements", shown_key(&path)),
            ));
        }
        let element = |(index, value): (usize, &'a Spanned<DeValue<'a>>)| {
            let path = format!("{path}[{index}]");
            match value.get_ref() {
                DeValue::Table(_) => self
                    .as_table(path, value.span().start, value)
                    .map(Element::Table),
                _ => self.as_text(path, value).map(Element::Text),
            }
        };
        array.iter().enumerate().map(element).collect()
    }

    fn as_table(
        &self,
        path: String,
        at: usize,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Result<Table<'a>, Report> {
        match value.get_ref().as_table() {
            Some(entries) => Ok(Table {
                source: self.source,
                path,
                entries,
                at,
            }),
            None => Err(self.wrong_type(&path, value.span().start, "a table", value)),
        }
    }

    fn wrong_type(
        &self,
        path: &str,
        at: usize,
        wanted: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Report {
        let given = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.source.problem(
            at,
            &format!("{}: must be {wanted}, not {given}", shown_key(path)),
        )
    }
}

/// An element of a list.
pub(super) enum Element<'a> {
    Text(Text<'a>),
    Table(Table<'a>),
}
