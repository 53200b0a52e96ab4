//! The answers of the platform's double have the form of Heroku's Platform API: the properties of `schema.json` in
//! heroku/platform-api, 4f4f592c of 2026-06-05, whose definitions allow no others (`strictProperties`).

use serde_json::Value;

/// A property and its kind: words are those of an enum, `?` before a kind allows null.
type Form = &'static [(&'static str, &'static str)];

pub const COUPLING: Form = &[
    ("app", "{id}"),
    ("created_at", "time"),
    ("id", "uuid"),
    ("pipeline", "{id}"),
    ("stage", "test review development staging production"),
    ("updated_at", "time"),
];
pub const PROMOTION: Form = &[
    ("created_at", "time"),
    ("id", "uuid"),
    ("pipeline", "{id}"),
    ("source", "{app,release}"),
    ("status", "pending completed"),
    ("updated_at", "?time"),
];
pub const TARGET: Form = &[
    ("app", "{id}"),
    ("error_message", "?text"),
    ("id", "uuid"),
    ("pipeline_promotion", "{id}"),
    ("release", "?{id}"),
    ("status", "pending succeeded failed"),
];

pub const RELEASE: Form = &[
    ("addon_plan_names", "list"),
    ("app", "{id,name}"),
    ("artifacts", "[{id,type}]"),
    ("created_at", "time"),
    ("current", "yes-or-no"),
    ("description", "text"),
    ("eligible_for_rollback", "yes-or-no"),
    ("id", "uuid"),
    // Version `3.sdk`, which is requested, adds this to the schema: `@heroku-cli/schema` 2.0.1.
    ("oci_image", "?{id}"),
    ("output_stream_url", "?text"),
    ("slug", "?{id}"),
    ("status", "failed pending succeeded expired"),
    ("updated_at", "time"),
    ("user", "{id,email}"),
    ("version", "number"),
];
pub const SLUG: Form = &[
    ("blob", "{method,url}"),
    ("buildpack_provided_description", "?text"),
    ("checksum", "?text"),
    ("commit", "?text"),
    ("commit_description", "?text"),
    ("created_at", "time"),
    ("deleted_at", "?time"),
    ("id", "uuid"),
    ("process_types", "{web}"),
    ("size", "?number"),
    ("stack", "{id,name}"),
    ("updated_at", "time"),
];
pub const BUILD: Form = &[
    ("app", "{id}"),
    ("buildpacks", "?list"),
    ("created_at", "time"),
    ("generation", "text"),
    ("id", "uuid"),
    ("output_stream_url", "text"),
    ("release", "?{id}"),
    ("slug", "?{id}"),
    ("source_blob", "{checksum,url,version,version_description}"),
    ("stack", "text"),
    ("status", "failed pending succeeded"),
    ("updated_at", "time"),
    ("user", "{id,email}"),
];
/// The form of every error.
pub const ERROR: Form = &[("id", "text"), ("message", "text"), ("url", "text")];

/// Returns whether a value is of this kind.
fn is(value: &Value, kind: &str) -> bool {
    if let Some(kind) = kind.strip_prefix('?') {
        return value.is_null() || is(value, kind);
    }
    let text = value.as_str().unwrap_or_default();
    match kind {
        "text" => value.is_string(),
        "time" => text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T',
        "uuid" => text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]),
        "{id}" => has_the_form(value, &[("id", "uuid")]),
        "number" => value.is_u64(),
        "yes-or-no" => value.is_boolean(),
        "list" => value.is_array(),
        "[{id,type}]" => each(value, &[("id", "uuid"), ("type", "slug oci-image")]),
        "{id,name}" => has_the_form(value, &[("id", "uuid"), ("name", "text")]),
        "{id,email}" => has_the_form(value, &[("id", "uuid"), ("email", "text")]),
        "{method,url}" => has_the_form(value, &[("method", "text"), ("url", "text")]),
        "{web}" => has_the_form(value, &[("web", "text")]),
        "{checksum,url,version,version_description}" => has_the_form(
            value,
            &[
                ("checksum", "?text"),
                ("url", "text"),
                ("version", "?text"),
                ("version_description", "?text"),
            ],
        ),
        "{app,release}" => has_the_form(value, &[("app", "{id}"), ("release", "{id}")]),
        words => words.split(' ').any(|word| word == text),
    }
}

/// Returns whether an object has these properties, each of its kind, and no other.
pub fn has_the_form(value: &Value, form: &[(&str, &str)]) -> bool {
    let Some(object) = value.as_object() else {
        return false;
    };
    object.len() == form.len()
        && form
            .iter()
            .all(|(name, kind)| object.get(*name).is_some_and(|value| is(value, kind)))
}

/// Returns whether all elements of a list have the form.
fn each(value: &Value, form: &[(&str, &str)]) -> bool {
    let all = value.as_array();
    all.is_some_and(|all| all.iter().all(|one| has_the_form(one, form)))
}
