//! The schema of `smp.toml` for editors. It accepts what the program accepts, and it refuses unknown keys, wrong types,
//! wrong words and missing keys. The program alone checks rules about the whole file.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::core::config::tests::*;
use crate::core::config::values::RawPerson;
use crate::core::schema_tests::{Judge, hold, kept};

// The rules of `names` and `address`, as far as a pattern without look-around can express them.
pub const REMOTE: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
pub const BRANCH: &str = "^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$";
pub const URL: &str = "^[!-,.-~][!-~]*$";
pub const PAGE: &str = "^https?://[!-~]+$";
pub const RECORD_REF: &str = "^(refs/smp/[a-z0-9-]{1,64}|refs/heads/smp-record)$";
pub const SIGNERS: &str = "^[A-Za-z0-9._][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*$";
pub const HEROKU_APP: &str = "^[a-z][a-z0-9-]{2,29}$";
pub const DOKKU_APP: &str = "^[a-z0-9][a-z0-9._-]{0,99}$";
pub const HEADER: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
pub const POINTER: &str = "^(/|$)";
pub const ONE_GROUP: &str = r"\(";
pub const GLOB: &str = "^[^/:!~-]";
pub const TEXT: &str = r"[^\s]";
pub const HOURS: &str = "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)([,-](Mon|Tue|Wed|Thu|Fri|Sat|Sun))* [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9] [A-Za-z][A-Za-z0-9_+/-]*$";
pub const DAY: &str = "^[0-9]{4}-[01][0-9]-[0-3][0-9]$";
pub const SOAK: &str = "^[0-9]+[smhd]$";

thread_local! {
    static JUDGE: Judge = Judge::of("smp");
}

/// The beginnings of messages for faults that the schema reports too.
const TOLD_BY_TYPE: &[&str] = &[
    "unknown key `",
    "has no `",
    "has no [",
    "names no environment",
    "must be text in quotes, not",
    "must be true or false, not",
    "must be a whole number, not",
    "must be a number from",
    "must be a list in [ ], not",
    "must be a table, not",
    "must be \"",
    "has more than one of",
    "has both `heroku` and `dokku`",
    "needs a page, but there is none",
];

/// Returns the schema's error for a text; `Err` if it is not TOML, which no editor could check.
fn refused_by_schema(text: &str) -> Result<Option<String>, toml::de::Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = toml::Value::Table(text.parse()?);
    Ok(JUDGE.with(|judge| judge.wrong(&as_editors_do(value))))
}

/// Converts dates to text, as editors do: JSON has no dates.
fn as_editors_do(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(list) => list.into_iter().map(as_editors_do).collect(),
        toml::Value::Table(table) => {
            let all = table.into_iter();
            Value::Object(
                all.map(|(key, value)| (key, as_editors_do(value)))
                    .collect(),
            )
        }
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
    }
}

/// Returns how program and schema disagree about a file, if they do.
pub fn disagreement<T>(text: &str, read: &Result<T, Report>) -> Option<String> {
    let by_schema = refused_by_schema(text).ok()?;
    match (read, by_schema) {
        (Ok(_), Some(wrong)) => Some(format!(
            "the program takes what the schema refuses: {wrong}\n{text}"
        )),
        (Err(report), None) => {
            let by_type = TOLD_BY_TYPE.iter().any(|told| report.error.contains(told));
            let is_date = report.error.ends_with("not a date");
            let error = &report.error;
            (by_type && !is_date)
                .then(|| format!("the schema takes what the program refuses: {error}\n{text}"))
        }
        _ => None,
    }
}

impl JsonSchema for Mention {
    fn schema_name() -> Cow<'static, str> {
        "Mention".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let person = generator.subschema_for::<RawPerson>();
        json_schema!({
            "anyOf": [
                { "type": "string", "maxLength": 200, "pattern": TEXT, "description": "A text that is shown and notifies nobody." },
                person,
            ]
        })
    }
}

/// The schema of a table for each name.
pub fn environments(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": REMOTE },
        "additionalProperties": generator.subschema_for::<Environment>(),
    })
}

/// Requires an address, or a branch of the main repository.
pub fn url_or_branch(schema: &mut Schema) {
    let places = json!([{ "required": ["url"] }, { "required": ["branch"] }]);
    schema.insert("anyOf".to_owned(), places);
}

/// Requires a page or an app, or both; at most one way to find the commit on the page, and at most one platform.
pub fn one_way_to_find(schema: &mut Schema) {
    let asked = ["page", "heroku", "dokku"].map(|key| json!({ "required": [key] }));
    schema.insert("anyOf".to_owned(), asked.as_slice().into());
    let rules = json!({
        "pattern": { "required": ["page"], "properties": { "json": false, "header": false } },
        "json": { "required": ["page"], "properties": { "pattern": false, "header": false } },
        "header": { "required": ["page"], "properties": { "pattern": false, "json": false } },
        "heroku": { "properties": { "dokku": false } },
    });
    schema.insert("dependencies".to_owned(), rules);
}

/// Removes nulls, which TOML does not have. An internal default for a missing key is not a default in the file.
fn without_nulls(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    let default = schema.get("default");
    if default.is_some_and(|value| value.is_null() || value.is_object() || value == "") {
        schema.remove("default");
    }
}

#[test]
fn the_schema_of_the_file_is_that_of_its_types() {
    let mut settings = SchemaSettings::draft07();
    // Editors show the comment of a key best if it is inline.
    settings.inline_subschemas = true;
    let settings = settings.with_transform(RecursiveTransform(without_nulls));
    hold(
        "smp",
        settings.into_generator().into_root_schema_for::<Config>(),
    );
}

/// Visits each key of a schema with its path.
fn keys(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        visit(&path, value);
        keys(&path, value, visit);
    }
    for below in ["additionalProperties", "items"] {
        if schema[below].is_object() {
            keys(&format!("{path}.*"), &schema[below], visit);
        }
    }
    for one in schema["anyOf"].as_array().into_iter().flatten() {
        keys(path, one, visit);
    }
}

#[test]
fn an_editor_has_something_to_say_of_every_key() {
    let (mut seen, mut silent) = (0, Vec::new());
    keys("", &kept("smp"), &mut |path, value| {
        seen += 1;
        if value["description"].as_str().is_none() {
            silent.push(path.to_owned());
        }
    });
    assert_eq!(silent, Vec::<String>::new());
    assert!(seen >= 35, "only {seen} keys were seen");
}
