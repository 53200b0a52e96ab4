//! What a person agrees to when they trust a configuration: where code goes, who is asked, who is told, and what must be so
//! before a deploy; and how a later file differs from it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::core::config::{
    Channel, Config, Environment, Find, MainRepository, Mention, Page, Policy, Record, Running,
};
use crate::core::words::ChannelKind;

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

/// What is agreed to so far, by dotted key.
type Values = BTreeMap<String, String>;

impl Config {
    /// All that a person agrees to, by dotted key, sorted; defaults are filled in, so that writing one out changes
    /// nothing. It is what `setup` shows, and what is digested.
    ///
    /// Every struct is taken apart to its last field, so that a new one cannot be forgotten here.
    pub fn trust(&self) -> Vec<(String, String)> {
        let Self {
            path: _,
            repository,
            environments,
            record,
            policy,
            channels,
        } = self;
        let mut values = Values::new();
        let MainRepository {
            remote,
            url,
            branch,
            web,
        } = repository;
        for (name, value) in [("remote", remote), ("url", url), ("branch", branch)] {
            values.insert(format!("repository.{name}"), value.clone());
        }
        optional(&mut values, "repository.web", web.as_ref());
        // Several that promote the same one are promoted in their order, and the first that promotes none is staged to.
        let names: Vec<&str> = environments
            .iter()
            .map(|environment| environment.name.as_str())
            .collect();
        values.insert("environments".to_owned(), names.join(", "));
        environments
            .iter()
            .for_each(|environment| trust_environment(environment, &mut values));
        record
            .iter()
            .for_each(|record| trust_record(record, &mut values));
        trust_policy(policy, &mut values);
        channels
            .iter()
            .for_each(|channel| trust_channel(channel, &mut values));
        values.into_iter().collect()
    }
}

fn optional(values: &mut Values, key: &str, value: Option<&String>) {
    values.extend(value.map(|value| (key.to_owned(), value.clone())));
}

fn trust_environment(environment: &Environment, values: &mut Values) {
    let Environment {
        name,
        url,
        remote,
        branch,
        site,
        promotes,
        running,
        confirm_seconds,
    } = environment;
    let key = |key: &str| format!("environments.{name}.{key}");
    for (name, value) in [("url", url), ("remote", remote), ("branch", branch)] {
        values.insert(key(name), value.clone());
    }
    optional(values, &key("site"), site.as_ref());
    optional(values, &key("promotes"), promotes.as_ref());
    match running {
        Running::Ref => {}
        Running::Platform { kind, app, page } => {
            values.insert(key(&format!("running.{}", kind.key())), app.clone());
            page.iter().for_each(|page| trust_page(page, &key, values));
        }
        Running::Page(page) => trust_page(page, &key, values),
    }
    if !matches!(running, Running::Ref) {
        values.insert(key("running.confirm_seconds"), confirm_seconds.to_string());
    }
}

fn trust_page(page: &Page, key: &impl Fn(&str) -> String, values: &mut Values) {
    let Page { url, find } = page;
    values.insert(key("running.page"), url.clone());
    let (name, value) = match find {
        Find::Pattern(regex) => ("running.pattern", regex.as_str()),
        Find::Json(pointer) => ("running.json", pointer.as_str()),
        Find::Header(name) => ("running.header", name.as_str()),
        Find::Body => return,
    };
    values.insert(key(name), value.to_owned());
}

fn trust_record(record: &Record, values: &mut Values) {
    let Record {
        reference,
        signoff,
        cadence_days,
    } = record;
    values.insert("record.ref".to_owned(), reference.clone());
    values.insert("record.signoff".to_owned(), signoff.to_string());
    values.insert("record.cadence_days".to_owned(), cadence_days.to_string());
}

fn trust_policy(policy: &Policy, values: &mut Values) {
    let Policy {
        watch,
        reviewed,
        green,
    } = policy;
    values.insert("policy.reviewed".to_owned(), reviewed.to_string());
    values.insert("policy.green".to_owned(), green.to_string());
    if !watch.is_empty() {
        values.insert("policy.watch".to_owned(), json!(watch).to_string());
    }
}

fn trust_channel(channel: &Channel, values: &mut Values) {
    let Channel {
        name,
        kind,
        mentions,
    } = channel;
    let kind = match kind {
        ChannelKind::Teams => "teams",
        ChannelKind::Slack => "slack",
        ChannelKind::Print => "print",
    };
    values.insert(format!("channels.{name}.kind"), kind.to_owned());
    if !mentions.is_empty() {
        let mentions: Value = mentions.iter().map(mention).collect();
        values.insert(format!("channels.{name}.mentions"), mentions.to_string());
    }
}

fn mention(mention: &Mention) -> Value {
    match mention {
        Mention::Plain(text) => json!(text),
        Mention::Person { name, id } => json!({ "id": id, "kind": "person", "name": name }),
    }
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
    differing
        .map(|(key, (old, new))| Change {
            key: key.to_owned(),
            old: owned(old),
            new: owned(new),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::config::tests::{CONTRACT, SMALL, parsed};

    fn pairs(values: &[(&str, &str)]) -> Vec<(String, String)> {
        values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_matters_to_safety_is_listed_with_its_defaults() {
        assert_eq!(
            parsed(SMALL).trust(),
            pairs(&[
                ("environments", "staging, production"),
                ("environments.production.branch", "main"),
                ("environments.production.promotes", "staging"),
                ("environments.production.remote", "production"),
                (
                    "environments.production.url",
                    "https://git.example/production.git"
                ),
                ("environments.staging.branch", "main"),
                ("environments.staging.remote", "staging"),
                (
                    "environments.staging.url",
                    "https://git.example/staging.git"
                ),
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
        let value = |key: &str| {
            values
                .iter()
                .find(|(k, _)| k == key)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(
            value("environments.staging.running.pattern"),
            Some(r#"data-commit="([0-9a-f]{7,64})""#)
        );
        assert_eq!(
            value("environments.production.running.page"),
            Some("https://eom.ecosystem.guide/maps/bucks-strategy/introduction")
        );
        assert_eq!(
            value("environments.production.running.confirm_seconds"),
            Some("10")
        );
        assert_eq!(
            value("environments.production.site"),
            Some("https://eom.ecosystem.guide")
        );
        assert_eq!(
            (value("record.ref"), value("record.signoff")),
            (Some("refs/smp/record"), Some("true"))
        );
        assert_eq!(
            (
                value("channels.technical.kind"),
                value("channels.product.kind")
            ),
            (Some("teams"), Some("teams"))
        );
        assert_eq!(value("channels.technical.mentions"), Some(r#"["devs"]"#));
    }

    #[test]
    fn comments_and_written_defaults_change_nothing_and_the_order_of_environments_does() {
        let digest_of = |text: &str| digest(&parsed(text).trust());
        let (head, staging) = SMALL.split_once("[environments.staging]").unwrap();
        let (staging, production) = staging.split_once("[environments.production]").unwrap();
        let written =
            format!("# x\n{SMALL}branch = \"main\"\n[policy]\nwatch = []\ngreen = false\n");
        assert_eq!(digest_of(SMALL), digest_of(&written));
        // Which environment comes first may decide what ships first.
        let turned =
            format!("{head}[environments.production]{production}[environments.staging]{staging}");
        assert_ne!(digest_of(SMALL), digest_of(&turned));
    }

    /// A change of each key: what stands in [`CONTRACT`], what in its place, and the key as it is agreed to.
    const KEYS: [(&str, &str, &str); 27] = [
        (
            "remote = \"upstream\"",
            "remote = \"other\"",
            "repository.remote",
        ),
        ("sm_platform.git", "evil.git", "repository.url"),
        (
            "branch = \"master\"",
            "branch = \"main\"",
            "repository.branch",
        ),
        ("# web = ", "web = ", "repository.web"),
        (
            "branch = \"master\"",
            "branch = \"main\"",
            "environments.production.branch",
        ),
        (
            "shared-meaning.git",
            "evil.git",
            "environments.production.url",
        ),
        (
            "# remote = ",
            "remote = \"other\" #",
            "environments.staging.remote",
        ),
        (
            "site = \"https://eom",
            "site = \"https://evil",
            "environments.production.site",
        ),
        (
            "promotes = \"staging\"\n",
            "\n",
            "environments.production.promotes",
        ),
        (
            "https://eom.ecosystem.guide/maps",
            "https://evil.example/maps",
            "environments.production.running.page",
        ),
        (
            "data-commit=",
            "data-other=",
            "environments.production.running.pattern",
        ),
        (
            "pattern = 'data-commit=\"([0-9a-f]{7,64})\"'",
            "json = \"/a\"",
            "environments.staging.running.json",
        ),
        (
            "pattern = 'data-commit=\"([0-9a-f]{7,64})\"'",
            "header = \"x-a\"",
            "environments.staging.running.header",
        ),
        (
            "# heroku = ",
            "heroku = ",
            "environments.staging.running.heroku",
        ),
        (
            "production.running]",
            "production.running]\nconfirm_seconds = 0",
            "environments.production.running.confirm_seconds",
        ),
        (
            "[environments.production",
            "[environments.live",
            "environments",
        ),
        ("refs/smp/record", "refs/smp/other", "record.ref"),
        ("signoff = true", "signoff = false", "record.signoff"),
        (
            "cadence_days = 7",
            "cadence_days = 8",
            "record.cadence_days",
        ),
        ("\"**/migrations/**\", ", "", "policy.watch"),
        ("watch = [", "# watch = [", "policy.watch"),
        ("reviewed = false", "reviewed = true", "policy.reviewed"),
        ("green = false", "green = true", "policy.green"),
        (
            "kind = \"teams\"",
            "kind = \"print\"",
            "channels.technical.kind",
        ),
        (
            "mentions = [\"devs\"]",
            "mentions = []",
            "channels.technical.mentions",
        ),
        (
            "[\"devs\"]",
            "[{ name = \"A\", id = \"a\" }]",
            "channels.technical.mentions",
        ),
        (
            "[\"devs\"]",
            "[\"everyone\"]",
            "channels.technical.mentions",
        ),
    ];

    #[test]
    fn cfg_16_each_change_of_a_key_changes_the_digest_and_is_named() {
        let trusted = parsed(CONTRACT).trust();
        for (old, new, key) in KEYS {
            let now = parsed(&CONTRACT.replace(old, new)).trust();
            assert_ne!(digest(&now), digest(&trusted), "{key}");
            assert!(
                changes(&trusted, &now)
                    .iter()
                    .any(|change| change.key == key),
                "{key}"
            );
        }
    }

    // A new key is agreed to above, or stands here with the reason why not.
    #[test]
    fn no_key_of_the_file_is_forgotten() {
        // Those of a mention are agreed to with the whole list.
        let tables = [
            "repository",
            "environments",
            "record",
            "policy",
            "channels",
            "running",
            "technical",
            "product",
        ];
        let of_mentions = ["name", "id"];
        let source = include_str!("sections.rs");
        let known = source
            .split("knows_only(&[")
            .skip(1)
            .filter_map(|rest| rest.split(']').next());
        let known: Vec<&str> = known
            .flat_map(|list| list.split('"').skip(1).step_by(2))
            .collect();
        assert!(known.len() > 20, "{known:?}");
        for key in known {
            let agreed = KEYS
                .iter()
                .any(|(.., dotted)| dotted.rsplit('.').next() == Some(key));
            assert!(
                agreed || tables.contains(&key) || of_mentions.contains(&key),
                "nobody agrees to {key}"
            );
        }
    }

    #[test]
    fn changes_are_told_as_added_removed_and_replaced() {
        let old = pairs(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let new = pairs(&[("b", "2"), ("c", "4"), ("d", "5")]);
        let told: Vec<_> = changes(&old, &new)
            .into_iter()
            .map(|c| (c.key, c.old, c.new))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("a".into(), some("1"), None),
                ("c".into(), some("3"), some("4")),
                ("d".into(), None, some("5"))
            ]
        );
        assert_eq!(changes(&old, &old), []);
    }

    #[test]
    fn the_digest_is_the_same_on_every_machine_and_in_every_version() {
        let expected = "sha256:fb295040eb45a32b5caf813e41eb2d82dde890f663804c3cfe463ea51855ab4b";
        assert_eq!(digest(&pairs(&[("a", "1"), ("ü", "b c")])), expected);
        assert_ne!(
            digest(&pairs(&[("a", "b c")])),
            digest(&pairs(&[("a b", "c")]))
        );
    }

    proptest! {
        #[test]
        fn different_values_have_different_digests(
            a in proptest::collection::vec(("[ab1 \\n]{0,4}", "[ab1 \\n]{0,4}"), 0..4),
            b in proptest::collection::vec(("[ab1 \\n]{0,4}", "[ab1 \\n]{0,4}"), 0..4),
        ) {
            prop_assert_eq!(a == b, digest(&a) == digest(&b));
        }
    }
}
