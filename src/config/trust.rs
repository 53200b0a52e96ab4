//! What a person agrees to when they trust a configuration: the values that decide where code goes, who is asked and
//! who is told; and how a later file differs from them.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Channel, ChannelKind, Config, Environment, Find, Mention, Page, Running};

/// A value that is no longer the trusted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its dotted key.
    pub key: String,
    /// What was trusted, if anything.
    pub old: Option<String>,
    /// What the file says now, if anything.
    pub new: Option<String>,
}

impl Config {
    /// The values that matter to safety, by dotted key, sorted; defaults are filled in, so that writing one out
    /// changes nothing.
    pub fn trust(&self) -> Vec<(String, String)> {
        let mut values = BTreeMap::new();
        let mut put = |key: String, value: &str| {
            values.insert(key, value.to_owned());
        };
        put("repository.remote".into(), &self.repository.remote);
        put("repository.url".into(), &self.repository.url);
        put("repository.branch".into(), &self.repository.branch);
        if let Some(web) = &self.repository.web {
            put("repository.web".into(), web);
        }
        if let Some(record) = &self.record {
            put("record.ref".into(), &record.reference);
            put("record.signoff".into(), word(record.signoff));
        }
        put("policy.reviewed".into(), word(self.policy.reviewed));
        put("policy.green".into(), word(self.policy.green));
        self.environments.iter().for_each(|environment| trust_environment(environment, &mut put));
        self.channels.iter().for_each(|channel| trust_channel(channel, &mut put));
        values.into_iter().collect()
    }
}

fn trust_environment(environment: &Environment, put: &mut impl FnMut(String, &str)) {
    let key = |name: &str| format!("environments.{}.{name}", environment.name);
    put(key("url"), &environment.url);
    put(key("remote"), &environment.remote);
    put(key("branch"), &environment.branch);
    if let Some(site) = &environment.site {
        put(key("site"), site);
    }
    if let Some(promotes) = &environment.promotes {
        put(key("promotes"), promotes);
    }
    match &environment.running {
        Running::Ref => {}
        Running::Heroku { app, page } => {
            put(key("running.heroku"), app);
            page.iter().for_each(|page| trust_page(page, &key, put));
        }
        Running::Page(page) => trust_page(page, &key, put),
    }
    if !matches!(environment.running, Running::Ref) {
        put(key("running.confirm_seconds"), &environment.confirm_seconds.to_string());
    }
}

fn trust_page(page: &Page, key: &impl Fn(&str) -> String, put: &mut impl FnMut(String, &str)) {
    put(key("running.page"), &page.url);
    match &page.find {
        Find::Pattern(regex) => put(key("running.pattern"), regex.as_str()),
        Find::Json(pointer) => put(key("running.json"), pointer),
        Find::Header(name) => put(key("running.header"), name),
        Find::Body => {}
    }
}

fn trust_channel(channel: &Channel, put: &mut impl FnMut(String, &str)) {
    let kind = match channel.kind {
        ChannelKind::Teams => "teams",
        ChannelKind::Slack => "slack",
        ChannelKind::Print => "print",
    };
    put(format!("channels.{}.kind", channel.name), kind);
    if !channel.mentions.is_empty() {
        let mentions: Value = channel.mentions.iter().map(mention).collect();
        put(format!("channels.{}.mentions", channel.name), &mentions.to_string());
    }
}

fn mention(mention: &Mention) -> Value {
    match mention {
        Mention::Plain(text) => json!(text),
        Mention::Person { name, id } => json!({ "id": id, "kind": "person", "name": name }),
        Mention::Tag { name, id } => json!({ "id": id, "kind": "tag", "name": name }),
    }
}

fn word(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// A digest of trusted values: `sha256:` and hex digits. Lengths stand before the texts, so that no two lists of values
/// are written alike.
pub fn digest(values: &[(String, String)]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"git-smp trust 1\n");
    for (key, value) in values {
        hasher.update(format!("{} {key} {} {value}\n", key.len(), value.len()));
    }
    let mut out = "sha256:".to_owned();
    for byte in hasher.finalize() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Trusted values as a text to be kept, one a line, so that a later change can be shown value by value.
pub fn write_trusted(values: &[(String, String)]) -> String {
    let lines: Vec<String> = values.iter().map(|pair| format!("    {}", json!(pair))).collect();
    format!("{{\n  \"schema\": 1,\n  \"values\": [\n{}\n  ]\n}}\n", lines.join(",\n"))
}

/// Reads what [`write_trusted`] wrote. Empty for anything else: then every value counts as new.
pub fn read_trusted(text: &str) -> Vec<(String, String)> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Kept {
        schema: u32,
        values: Vec<(String, String)>,
    }
    match serde_json::from_str::<Kept>(text) {
        Ok(kept) if kept.schema == 1 => kept.values,
        _ => Vec::new(),
    }
}

/// The values that differ, sorted by key.
pub fn changes(old: &[(String, String)], new: &[(String, String)]) -> Vec<Change> {
    let mut found: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for (key, value) in old {
        found.entry(key).or_default().0 = Some(value);
    }
    for (key, value) in new {
        found.entry(key).or_default().1 = Some(value);
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let differing = found.into_iter().filter(|(_, (old, new))| old != new);
    differing.map(|(key, (old, new))| Change { key: key.to_owned(), old: owned(old), new: owned(new) }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{CONTRACT, SMALL, parsed};
    use super::*;

    fn pairs(values: &[(&str, &str)]) -> Vec<(String, String)> {
        values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_matters_to_safety_is_listed_with_its_defaults() {
        assert_eq!(
            parsed(SMALL).trust(),
            pairs(&[
                ("environments.production.branch", "main"),
                ("environments.production.promotes", "staging"),
                ("environments.production.remote", "production"),
                ("environments.production.url", "https://git.example/production.git"),
                ("environments.staging.branch", "main"),
                ("environments.staging.remote", "staging"),
                ("environments.staging.url", "https://git.example/staging.git"),
                ("policy.green", "false"),
                ("policy.reviewed", "false"),
                ("repository.branch", "main"),
                ("repository.remote", "origin"),
                ("repository.url", "https://github.com/o/r.git"),
            ])
        );
    }

    #[test]
    fn every_value_that_matters_is_in_the_list() {
        let values = parsed(CONTRACT).trust();
        let value = |key: &str| values.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
        assert_eq!(value("environments.staging.running.pattern"), Some(r#"data-commit="([0-9a-f]{7,64})""#));
        assert_eq!(
            value("environments.production.running.page"),
            Some("https://eom.ecosystem.guide/maps/bucks-strategy/introduction")
        );
        assert_eq!(value("environments.production.running.confirm_seconds"), Some("10"));
        assert_eq!(value("environments.production.site"), Some("https://eom.ecosystem.guide"));
        assert_eq!((value("record.ref"), value("record.signoff")), (Some("refs/smp/record"), Some("true")));
        assert_eq!((value("channels.technical.kind"), value("channels.product.kind")), (Some("teams"), Some("teams")));
        assert_eq!(value("channels.technical.mentions"), Some(r#"["devs"]"#));
    }

    #[test]
    fn comments_order_and_written_defaults_change_nothing() {
        let digest_of = |text: &str| digest(&parsed(text).trust());
        let (head, staging) = SMALL.split_once("[environments.staging]").unwrap();
        let (staging, production) = staging.split_once("[environments.production]").unwrap();
        let turned = format!(
            "# x\n{head}branch = \"main\"\n[environments.production]{production}[environments.staging]{staging}\
             [policy]\ngreen = false\nwatch = [\"Procfile\"]\n"
        );
        assert_eq!(digest_of(SMALL), digest_of(&turned));
    }

    #[test]
    fn cfg_16_each_change_of_a_value_that_matters_changes_the_digest_and_is_named() {
        let trusted = parsed(CONTRACT).trust();
        for (old, new, key) in [
            ("shared-meaning.git", "evil.git", "environments.production.url"),
            ("branch = \"master\"", "branch = \"main\"", "environments.production.branch"),
            ("https://eom.ecosystem.guide/maps", "https://evil.example/maps", "environments.production.running.page"),
            ("data-commit=", "data-other=", "environments.production.running.pattern"),
            (
                "production.running]",
                "production.running]\nconfirm_seconds = 0",
                "environments.production.running.confirm_seconds",
            ),
            ("remote = \"upstream\"", "remote = \"other\"", "repository.remote"),
            ("signoff = true", "signoff = false", "record.signoff"),
            ("refs/smp/record", "refs/smp/other", "record.ref"),
            ("green = false", "green = true", "policy.green"),
            ("mentions = [\"devs\"]", "mentions = []", "channels.technical.mentions"),
            ("promotes = \"staging\"\n", "\n", "environments.production.promotes"),
        ] {
            let now = parsed(&CONTRACT.replace(old, new)).trust();
            assert_ne!(digest(&now), digest(&trusted), "{key}");
            assert!(changes(&trusted, &now).iter().any(|change| change.key == key), "{key}");
        }
    }

    #[test]
    fn changes_are_told_as_added_removed_and_replaced() {
        let old = pairs(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let new = pairs(&[("b", "2"), ("c", "4"), ("d", "5")]);
        let told: Vec<_> = changes(&old, &new).into_iter().map(|c| (c.key, c.old, c.new)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [("a".into(), some("1"), None), ("c".into(), some("3"), some("4")), ("d".into(), None, some("5"))]
        );
        assert_eq!(changes(&old, &old), []);
    }

    #[test]
    fn what_was_kept_in_another_form_is_no_trust() {
        let other = r#"{"schema": 2, "values": [["a", "1"]]}"#;
        for text in ["", "x", "[]", "{}", other, r#"{"schema": 1, "values": [["a"]]}"#] {
            assert_eq!(read_trusted(text), [], "{text}");
        }
    }

    #[test]
    fn the_digest_is_the_same_on_every_machine_and_in_every_version() {
        let expected = "sha256:fb295040eb45a32b5caf813e41eb2d82dde890f663804c3cfe463ea51855ab4b";
        assert_eq!(digest(&pairs(&[("a", "1"), ("ü", "b c")])), expected);
        assert_ne!(digest(&pairs(&[("a", "b c")])), digest(&pairs(&[("a b", "c")])));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_again(values in proptest::collection::vec((".*", ".*"), 0..8)) {
            prop_assert_eq!(read_trusted(&write_trusted(&values)), values);
        }

        #[test]
        fn different_values_have_different_digests(
            a in proptest::collection::vec(("[ab1 \\n]{0,4}", "[ab1 \\n]{0,4}"), 0..4),
            b in proptest::collection::vec(("[ab1 \\n]{0,4}", "[ab1 \\n]{0,4}"), 0..4),
        ) {
            prop_assert_eq!(a == b, digest(&a) == digest(&b));
        }
    }
}
