mod apart;
mod branches;
mod examples;
mod forms;
mod gates;
mod named;
mod pipeline;
pub mod schema;
mod witnesses;

use proptest::prelude::*;

use crate::core::config::*;

/// The smallest valid configuration.
pub(super) const SMALL: &str = r#"[repository]
url = "https://github.com/o/r.git"

[environments.staging]
url = "https://git.example/staging.git"

[environments.production]
url = "https://git.example/production.git"
promotes = "staging"
"#;

/// The full example.
pub(super) const CONTRACT: &str = r#"
[repository]
remote = "upstream"                      # default "origin"
url = "https://github.com/VisualMeaning/sm_platform.git"
branch = "master"                        # default "main"
# web = "https://github.com/VisualMeaning/sm_platform"   # for links; default: derived from url
# forge = "gitlab"                       # default: by the name of the host

[environments.staging]
url = "https://git.heroku.com/shared-meaning-staging.git"
# remote = "staging"                     # default: the table's name
# branch = "master"                      # default: repository.branch
site = "https://staging.ecosystem.guide" # shown to people

[environments.staging.running]           # default without this table: the branch on the remote
page = "https://staging.ecosystem.guide/maps/bucks-strategy/introduction"
pattern = 'data-commit="([0-9a-f]{7,64})"'   # or  json = "/build/commit"  or  header = "x-commit"  or none: the whole body
# heroku = "shared-meaning-staging"      # ask the platform's API in place of a page

[environments.production]
url = "https://git.heroku.com/shared-meaning.git"
promotes = "staging"
site = "https://eom.ecosystem.guide"

[environments.production.running]
page = "https://eom.ecosystem.guide/maps/bucks-strategy/introduction"
pattern = 'data-commit="([0-9a-f]{7,64})"'

[[environments.production.check]]        # after the deploy, before anybody is told: all must pass
page = "https://eom.ecosystem.guide/health"
status = 200                             # default: any 2xx
contains = "ok"                          # optional
times = 3                                # in a row, a second apart; default 3

[record]                                 # its presence turns the shared record on
ref = "refs/smp/record"                  # on the main repository
signoff = true                           # promote needs a sign-off of the candidate
cadence_days = 7                         # production should not be older than this behind staging

[policy]                                 # all optional
open = "Mon-Thu 09:00-16:00 Europe/London"   # promote only then
closed = ["2026-12-24", "2026-12-25"]
soak = "24h"                             # so long the candidate must have run on staging
watch = ["**/migrations/**", "Procfile"] # files to name in plans and posts
reviewed = false                         # every commit needs a pull request approved by someone else (needs a GitHub token)
green = false                            # every check of the candidate has succeeded (needs a GitHub token)

[channels.technical]                     # proposals, verdicts, rollbacks
kind = "teams"                           # teams | slack | print
mentions = ["devs"]                      # plain text, or { name = "Adele Vance", id = "adele@example.com" } for a person (kind = "person" may stand beside it)
[channels.product]                       # what is new on production, for everyone
kind = "teams"
"#;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

pub(super) fn parsed(text: &str) -> Config {
    let read = parse(Path::new("smp.toml"), text);
    assert_eq!(schema::disagreement(text, &read), None);
    read.unwrap()
}

pub(super) fn stopped<T: std::fmt::Debug>(result: Result<T, Stop>) -> Report {
    match result.unwrap_err() {
        Stop::Misused(report) => report,
        other => panic!("{other:?}"),
    }
}

/// Returns the error of `SMALL` with a line added after the line that begins with `below`, or at the end.
fn error_of(below: &str, added: &str) -> Report {
    let mut text = SMALL.to_owned();
    if below.is_empty() {
        text.push_str(added);
    } else {
        text = text.replacen(below, &format!("{below}\n{added}"), 1);
    }
    let read = parse(Path::new("/team/smp.toml"), &text);
    assert_eq!(schema::disagreement(&text, &read), None);
    read.expect_err(added)
}

const STAGING: &str = "[environments.staging]";
const PRODUCTION: &str = "[environments.production]";
const REPOSITORY: &str = "[repository]";

/// Asserts the text of each error; each has a hint that ends in the next command.
fn refuses(cases: &[(&str, &str, &str)]) {
    for (below, added, error) in cases {
        let report = error_of(below, added);
        assert!(
            report.error.contains(error),
            "{added}\n  gave   {}\n  wanted {error}",
            report.error
        );
        assert!(
            report.error.starts_with("smp.toml:") && report.error.chars().count() <= 200,
            "{}",
            report.error
        );
        assert!(
            report
                .hint_text()
                .unwrap_or_default()
                .ends_with("then: git smp setup"),
            "{added}"
        );
    }
}

#[test]
fn the_example_of_the_contract_is_read() {
    let config = parsed(CONTRACT);
    assert_eq!(
        (
            config.repository.remote.as_str(),
            config.repository.branch.as_str()
        ),
        ("upstream", "master")
    );
    let names: Vec<&str> = config
        .environments
        .iter()
        .map(|e| e.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["staging", "production"],
        "the order of the file, not of the alphabet"
    );
    let [staging, production] = &config.environments[..] else {
        panic!()
    };
    assert_eq!(
        (staging.remote.as_str(), staging.branch.as_str()),
        ("staging", "master")
    );
    assert_eq!(
        staging.site.as_deref(),
        Some("https://staging.ecosystem.guide")
    );
    let Some(Page {
        url,
        find: Find::Pattern(regex),
    }) = &production.running.page
    else {
        panic!()
    };
    assert_eq!(
        url,
        "https://eom.ecosystem.guide/maps/bucks-strategy/introduction"
    );
    assert_eq!(regex.captures_len(), 2);
    let record = Record {
        reference: "refs/smp/record".into(),
        ..Record::default()
    };
    assert_eq!(config.record, Some(record));
    assert_eq!(config.policy.watch, ["**/migrations/**", "Procfile"]);
    assert_eq!(
        config.policy.soak.as_ref().map(|soak| soak.seconds),
        Some(86_400)
    );
    let check = PageCheck {
        page: "https://eom.ecosystem.guide/health".into(),
        status: Some(200),
        contains: Some("ok".into()),
        times: 3,
    };
    assert_eq!((&staging.check, &production.check), (&vec![], &vec![check]));
    assert_eq!(config.channels.len(), 2);
    assert_eq!(config.channels[0].mentions, [Mention::Plain("devs".into())]);
    assert_eq!(
        config.source_of(production).map(|e| e.name.as_str()),
        Some("staging")
    );
    assert_eq!(config.targets().len(), 1);
    assert_eq!(
        config.web_base().as_deref(),
        Some("https://github.com/VisualMeaning/sm_platform")
    );
}

#[test]
fn defaults_are_those_of_the_contract() {
    let config = parsed(SMALL);
    assert_eq!(
        (
            config.repository.remote.as_str(),
            config.repository.branch.as_str()
        ),
        ("origin", "main")
    );
    assert!(
        config
            .environments
            .iter()
            .all(|e| e.branch == "main" && e.remote == e.name)
    );
    assert!(config.environments.iter().all(|e| e.running.is_ref()));
    assert_eq!(
        (config.record.clone(), config.policy.clone()),
        (None, Policy::default())
    );
    let record = parsed(&format!("{SMALL}[record]\n")).record;
    assert_eq!(
        record,
        Some(Record {
            reference: "refs/smp/record".into(),
            signed: false,
            signers: ".smp/signers".into(),
            signoff: true,
            cadence_days: 7,
            ask: None,
        })
    );
}

#[test]
fn cfg_12_keys_that_act_on_a_terminal_are_shown_as_escapes() {
    let report = error_of("", "\"\\u001b]0;x\\u0007\" = 1");
    assert_eq!(
        report.error,
        "smp.toml:10:1: environments.production.\\u{1b}]0;x\\u{7}: contains control or invisible characters"
    );
    let long = error_of(
        "",
        &format!(
            "[environments.{}.running]\n{} = 1",
            "e".repeat(64),
            "k".repeat(5000)
        ),
    );
    assert!(
        long.error.chars().count() <= 200 && long.error.ends_with(".running"),
        "{}",
        long.error
    );
    let long = error_of(STAGING, &format!("{} = 1", "k".repeat(5000)));
    assert!(
        long.error.chars().count() <= 200 && long.error.ends_with(" in environments.staging"),
        "{}",
        long.error
    );
    refuses(&[(
        "",
        "[policy]\nwatch = [\"a\\u202eb\"]",
        "policy.watch[0]: contains control or invisible characters",
    )]);
}

#[test]
fn cfg_18_secrets_are_refused_wherever_they_stand_and_never_shown() {
    let why = "secrets do not belong in this file";
    for (below, added, key) in [
        (
            "",
            "[channels.technical]\nwebhook = 'https://hunter2.example'",
            "channels.technical.webhook",
        ),
        (
            "",
            "[channels.technical]\nurl = 'hunter2'",
            "channels.technical.url",
        ),
        (
            "",
            "[channels.product]\ntoken = ['hunter2']",
            "channels.product.token",
        ),
        (
            "",
            "[channels.product]\nkind = 'https://hooks.slack.com/services/hunter2'",
            "channels.product.kind",
        ),
        (
            "",
            "[channels.product]\nmentions = ['a', { x = 'xoxb-hunter2' }]",
            "channels.product.mentions[1].x",
        ),
        (
            STAGING,
            "site = 'https://x.webhook.office.com/hunter2'",
            "environments.staging.site",
        ),
        (
            STAGING,
            "unknown = 'HRKU-hunter2'",
            "environments.staging.unknown",
        ),
        (
            STAGING,
            "branch = 'ghp_hunter2'",
            "environments.staging.branch",
        ),
        (
            STAGING,
            "running.page = 'https://h/?sig=hunter2'",
            "environments.staging.running.page",
        ),
        ("", "ghp_hunter2 = 1", "(hidden)"),
        ("", "[channels.ghp_hunter2]", "(hidden)"),
    ] {
        let report = error_of(below, added);
        assert!(
            report.error.ends_with(&format!("{key}: {why}")),
            "{}",
            report.error
        );
        assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
        assert!(report.hint_text().unwrap().contains("webhook"), "{added}");
    }
    let hint = error_of("", "[channels.technical]\nwebhook = 'x'")
        .hint_text()
        .unwrap();
    assert!(
        hint.starts_with(
            "remove it; setup asks for the webhook, or reads SMP_TECHNICAL_WEBHOOK; edit "
        ) && hint.ends_with(", then: git smp setup"),
        "{hint}"
    );
    let text = SMALL.replace(
        "https://github.com/o/r.git",
        "https://ghp_hunter2@github.com/o/r.git",
    );
    assert!(
        parse(Path::new("smp.toml"), &text)
            .unwrap_err()
            .error
            .ends_with(why)
    );
}

#[test]
fn channels_and_policy_are_checked() {
    refuses(&[
        (
            "",
            "[channels.product]\nkind = 'irc'",
            "channels.product.kind: must be \"teams\", \"slack\" or \"print\"",
        ),
        (
            "",
            "[channels.product]\nkind = 'print'\nmentions = ['']",
            "mentions[0]: must have 1 to 200 characters",
        ),
        (
            "",
            "[channels.product]\nkind = 'print'\nmentions = [{ name = 'a', id = 'b', kind = 'tag' }]",
            "mentions[0].kind: must be \"person\"",
        ),
        (
            "",
            "[policy]\nwatch = ['../x']",
            "policy.watch[0]: must be a glob of files inside the repository",
        ),
        (
            "",
            "[policy]\nwatch = ['a', '/etc/passwd']",
            "policy.watch[1]: must be a glob of files inside",
        ),
        (
            "",
            "[policy]\nwatch = [':(top)x']",
            "policy.watch[0]: must be a glob of files inside",
        ),
        (
            "",
            "[policy]\nwatch = ['']",
            "policy.watch[0]: must have 1 to 200 characters",
        ),
    ]);
    let list = format!("[policy]\nwatch = [{}]", "'a',".repeat(101));
    refuses(&[("", &list, "policy.watch: must have at most 100 elements")]);
    let text = "[channels.product]\nkind = 'slack'\nmentions = [{ name = 'A', id = 'U1', kind = 'person' }, { name = 'B', id = 'U2' }]";
    let config = parsed(&format!("{SMALL}{text}"));
    assert_eq!(config.channels[0].kind, ChannelKind::Slack);
    let (a, b) = (
        ("A".to_owned(), "U1".to_owned()),
        ("B".to_owned(), "U2".to_owned()),
    );
    assert_eq!(
        config.channels[0].mentions,
        [
            Mention::Person { name: a.0, id: a.1 },
            Mention::Person { name: b.0, id: b.1 }
        ]
    );
}

#[test]
fn an_unknown_environment_is_answered_with_those_that_are_known() {
    let config = parsed(SMALL);
    assert_eq!(config.environment("staging").unwrap().name, "staging");
    let typed = |name| stopped(config.meant(name));
    let report = typed("prodution");
    assert_eq!(report.error, "smp.toml has no environment `prodution`");
    assert_eq!(report.because, ["its environments are staging, production"]);
    let meant = "did you mean: git smp production";
    assert_eq!(report.hint_text().as_deref(), Some(meant));
    let stranger = typed("elsewhere").hint_text();
    assert_eq!(
        stranger.as_deref(),
        Some("for production: git smp production")
    );
    assert!(
        stopped(config.environment("\u{1b}[31m"))
            .error
            .contains("\\u{1b}")
    );
}

#[test]
fn cfg_13_deep_nesting_is_an_error_and_no_crash() {
    let path = Path::new("smp.toml");
    for deep in [
        format!("a = {}", "[".repeat(60_000)),
        "a.".repeat(30_000) + "a = 1",
        "a={".repeat(20_000),
    ] {
        let report = parse(path, &deep).unwrap_err();
        assert!(report.error.starts_with("smp.toml:1:"), "{}", report.error);
    }
    let many: String = (0..6000).map(|n| format!("k{n}=1\n")).collect();
    assert!(
        parse(path, &many)
            .unwrap_err()
            .error
            .contains("unknown key `k0`")
    );
}

#[test]
fn places_are_counted_in_lines_and_characters_from_one() {
    for (text, place) in [
        ("x = 'ä\u{200b}'", "smp.toml:1:5: x:"),
        ("'ä' = 1\r\n'öx' = 'ghp_1'\n", "smp.toml:2:8: öx:"),
        ("a = 'ä'\r\nö = {ä='ä', b='ghp_1'}\n", "smp.toml:2:1: not"),
        (
            "a = 'ä'\r\n'ö' = {'ä'='ä', b='ghp_1'}\n",
            "smp.toml:2:19: ö.b:",
        ),
    ] {
        let report = parse(Path::new("/a/b/smp.toml"), text).unwrap_err();
        assert!(report.error.starts_with(place), "{}", report.error);
    }
}

/// Parts of hostile or careless files.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(CONTRACT.lines().map(str::to_owned).collect::<Vec<_>>()),
        proptest::sample::select(vec![
            "hunter2SECRET",
            "\"hunter2SECRET",
            "= \"hunter2SECRET\"",
            "url = \"hunter2SECRET\"",
            "url = 'https://u:hunter2SECRET@h/x'",
            "token = 'hunter2SECRET'",
            "promotes = 'hunter2SECRET'",
            "branch = '-hunter2SECRET'",
            "pattern = '(hunter2SECRET'",
            "kind = 'hunter2SECRET'",
            "signoff = 'hunter2SECRET'",
            "ref = 'hunter2SECRET'",
            "cadence_days = 'hunter2SECRET'",
            "x = [1, 'hunter2SECRET'",
            "watch = ['/hunter2SECRET']",
            "running = 'hunter2SECRET'",
            "heroku = 'hunter2SECRET'",
            "header = 'hunter2SECRET:'",
            "json = 'hunter2SECRET'",
            "[environments]",
            "[channels.product]",
            "[[record]]",
            "[a.b]",
            "\u{feff}",
            "a.b.c = {",
            "'''",
            "\"\"\"",
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_file_makes_it_panic_or_tell_a_secret(pieces in proptest::collection::vec(piece(), 0..30), base in any::<bool>()) {
        let text = format!("{}{}", if base { SMALL } else { "" }, pieces.join("\n"));
        let read = parse(Path::new("smp.toml"), &text);
        prop_assert_eq!(schema::disagreement(&text, &read), None);
        if let Err(report) = read {
            let told = format!("{} {:?} {:?}", report.error, report.because, report.hint_text());
            prop_assert!(!told.contains("hunter2"), "{}", told);
            prop_assert!(report.error.chars().count() <= 200 && report.error.starts_with("smp.toml"));
            prop_assert!(!report.error.chars().any(char::is_control));
            prop_assert!(report.hint_text().is_some_and(|hint| hint.ends_with("git smp setup") && !hint.chars().any(char::is_control)));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(Path::new("smp.toml"), &bytes);
    }
}
