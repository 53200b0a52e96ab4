//! The values that must be agreed to, and their changes.

use proptest::prelude::*;

use super::*;
use crate::core::config::parse;
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

// Each clone keeps a digest of these: another form of a value would ask everybody again.
#[test]
fn every_form_of_a_value_is_listed_as_it_always_was() {
    let text = SMALL
        .replace(
            "[environments.production]",
            "running = { heroku = 'an-app', page = 'https://h/', header = 'x-c' }\n[environments.production]",
        )
        + "running = { page = 'https://p/', json = '/c', confirm_seconds = 3 }\n[record]\n[policy]\n\
           watch = ['a', 'b']\n[channels.product]\nkind = 'slack'\n\
           mentions = ['x', { name = 'A', id = 'a@b' }]\n[channels.technical]\nkind = 'print'\n";
    let before = parsed(SMALL).trust();
    let added: Vec<_> = (parsed(&text).trust().into_iter())
        .filter(|pair| !before.contains(pair))
        .collect();
    assert_eq!(
        added,
        pairs(&[
            ("channels.product.kind", "slack"),
            (
                "channels.product.mentions",
                r#"["x",{"id":"a@b","kind":"person","name":"A"}]"#
            ),
            ("channels.technical.kind", "print"),
            ("environments.production.running.confirm_seconds", "3"),
            ("environments.production.running.json", "/c"),
            ("environments.production.running.page", "https://p/"),
            ("environments.staging.running.confirm_seconds", "10"),
            ("environments.staging.running.header", "x-c"),
            ("environments.staging.running.heroku", "an-app"),
            ("environments.staging.running.page", "https://h/"),
            ("policy.watch", r#"["a","b"]"#),
            ("record.cadence_days", "7"),
            ("record.ref", "refs/smp/record"),
            ("record.signoff", "true"),
        ])
    );
}

#[test]
fn comments_and_written_defaults_change_nothing_and_the_order_of_environments_does() {
    let digest_of = |text: &str| digest(&parsed(text).trust());
    let (head, staging) = SMALL.split_once("[environments.staging]").unwrap();
    let (staging, production) = staging.split_once("[environments.production]").unwrap();
    let written = format!("# x\n{SMALL}branch = \"main\"\n[policy]\nwatch = []\ngreen = false\n");
    assert_eq!(digest_of(SMALL), digest_of(&written));
    // The first environment may decide what ships first.
    let turned =
        format!("{head}[environments.production]{production}[environments.staging]{staging}");
    assert_ne!(digest_of(SMALL), digest_of(&turned));
}

/// A change of each key: the text in [`CONTRACT`], its replacement, and the key as it is agreed to.
const KEYS: [(&str, &str, &str); 40] = [
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
    ("# forge = ", "forge = ", "repository.forge"),
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
        "# heroku = ",
        "dokku = ",
        "environments.staging.running.dokku",
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
    ("cadence_days = 7", "ask = \"github\"", "record.ask"),
    ("16:00 Europe/London", "24:00 Europe/London", "policy.open"),
    ("open = ", "# open = ", "policy.open"),
    ("\"2026-12-24\", ", "", "policy.closed"),
    ("soak = \"24h\"", "soak = \"1h\"", "policy.soak"),
    (
        "guide/health\"",
        "evil/health\"",
        "environments.production.check",
    ),
    (
        "status = 200",
        "status = 500",
        "environments.production.check",
    ),
    ("times = 3 ", "times = 1 ", "environments.production.check"),
    ("\"**/migrations/**\", ", "", "policy.watch"),
    ("watch = [", "# watch = [", "policy.watch"),
    ("reviewed = false", "reviewed = true", "policy.reviewed"),
    ("green = false", "green = true", "policy.green"),
    ("cadence_days = 7", "signed = true", "record.signed"),
    ("cadence_days = 7", "signers = \"a/b\"", "record.signers"),
    (
        "cadence_days = 7                         # production should not be older than this behind staging\n\n[policy]",
        "signed = true\n[policy]\nfour_eyes = true",
        "policy.four_eyes",
    ),
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

#[test]
fn a_promotion_in_the_pipeline_is_agreed_to_and_a_push_as_before() {
    let apps = SMALL.replace(
        "[environments.production]\n",
        "[environments.production]\ndeploy = \"DEPLOY\"\n",
    );
    let apps = format!(
        "{apps}[environments.staging.running]\nheroku = \"a-b-c\"\n[environments.production.running]\nheroku = \"d-e-f\"\n"
    );
    let (push, pipeline) = (
        apps.replace("DEPLOY", "push"),
        apps.replace("DEPLOY", "pipeline"),
    );
    let unsaid = apps.replace("deploy = \"DEPLOY\"\n", "");
    let [push, pipeline, unsaid] = [push, pipeline, unsaid].map(|text| parsed(&text).trust());
    assert_eq!(push, unsaid);
    let changed = changes(&push, &pipeline);
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].key, "environments.production.deploy");
}

// A new key is agreed to above, or is listed here with the reason why not.
#[test]
fn no_key_of_the_file_is_forgotten() {
    // The keys of a mention are agreed to with the whole list.
    let tables = "repository environments record policy channels running technical product";
    let of_mentions = "name id kind";
    // It needs an app on both sides, so it has its own test.
    let of_pipelines = "deploy";
    // The keys of a check are agreed to with the whole list.
    let of_checks = "page status contains times";
    let mention = "mentions = [{ name = \"A\", id = \"a\" }]";
    let text = CONTRACT.replace("mentions = [\"devs\"]", mention);
    let mut count = 0;
    // An unknown key in each table: the hint lists all keys that are known there.
    for (table, unknown) in [
        ("[repository]", "zzzzzz = 1\n[repository]"),
        ("[repository]", "[repository]\nzzzzzz = 1"),
        (
            "[environments.staging]",
            "[environments.staging]\nzzzzzz = 1",
        ),
        (
            "[environments.staging.running]",
            "[environments.staging.running]\nzzzzzz = 1",
        ),
        (
            "[[environments.production.check]]",
            "[[environments.production.check]]\nzzzzzz = 1",
        ),
        ("[record]", "[record]\nzzzzzz = 1"),
        ("[policy]", "[policy]\nzzzzzz = 1"),
        (
            "[channels.technical]",
            "[channels.zzzzzz]\n[channels.technical]",
        ),
        ("[channels.technical]", "[channels.technical]\nzzzzzz = 1"),
        ("{ name", "{ zzzzzz = 1, name"),
    ] {
        let text = text.replacen(table, unknown, 1);
        let hint = parse(Path::new("smp.toml"), &text)
            .unwrap_err()
            .hint_text()
            .unwrap();
        let known = hint
            .strip_prefix("the known keys are ")
            .unwrap_or_else(|| panic!("{hint}"));
        for key in known.split(';').next().unwrap().split(", ") {
            let is_agreed = |(.., dotted): &(_, _, &str)| dotted.rsplit('.').next() == Some(key);
            let is_listed = |list: &str| list.split(' ').any(|one| one == key);
            assert!(
                KEYS.iter().any(is_agreed)
                    || is_listed(tables)
                    || is_listed(of_mentions)
                    || is_listed(of_pipelines)
                    || is_listed(of_checks),
                "nobody agrees to {key}"
            );
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
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

#[test]
fn what_tells_which_pushes_are_stopped_is_all_there() {
    let file = parsed(CONTRACT);
    let kept = agreed(&file.path, &file.trust()).unwrap();
    assert_eq!(kept.repository.url, file.repository.url);
    assert_eq!(
        kept.record.as_ref().unwrap().reference,
        file.record.as_ref().unwrap().reference
    );
    let told = |config: &Config| {
        let mut all: Vec<_> = config
            .environments
            .iter()
            .map(|one| {
                (
                    one.name.clone(),
                    one.remote.clone(),
                    one.url.clone(),
                    one.promotes.clone(),
                )
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(told(&kept), told(&file));
    assert!(agreed(&file.path, &[]).is_none());
}
