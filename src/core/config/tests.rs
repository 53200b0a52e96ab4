mod apart;
mod branches;
mod pipeline;
pub mod schema;

use proptest::prelude::*;

use crate::core::config::*;

/// The least that a team writes.
pub(super) const SMALL: &str = r#"[repository]
url = "https://github.com/o/r.git"

[environments.staging]
url = "https://git.example/staging.git"

[environments.production]
url = "https://git.example/production.git"
promotes = "staging"
"#;

/// The contract's own example, whole.
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

[record]                                 # its presence turns the shared record on
ref = "refs/smp/record"                  # on the main repository
signoff = true                           # promote needs a sign-off of the candidate
cadence_days = 7                         # production should not be older than this behind staging

[policy]                                 # all optional
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

/// The error of `SMALL` with a line added below a line that begins with `below`, or at the end.
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

/// Asserts each error by its beginning; each has a hint that ends in the next command.
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
fn the_example_file_is_read_as_it_is() {
    let config = parsed(EXAMPLE);
    assert_eq!(config.environments.len(), 2);
    assert_eq!(
        (config.record, config.channels.len()),
        (None, 0),
        "what comes later is commented out"
    );
}

#[test]
fn the_examples_of_hosts_are_read_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hosts");
    let mut hosts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let config = parsed(&text);
        let names: Vec<&str> = config
            .environments
            .iter()
            .map(|e| e.name.as_str())
            .collect();
        assert_eq!(names, ["staging", "production"], "{}", path.display());
        assert_eq!(
            config.environments[1].promotes.as_deref(),
            Some("staging"),
            "{}",
            path.display()
        );
        let told = |environment: &Environment| !environment.running.is_ref();
        assert!(
            config.environments.iter().all(told),
            "{}: a branch is no proof",
            path.display()
        );
        assert!(
            text.lines()
                .all(|line| line.len() <= 120 || line.starts_with("url = ")),
            "{}",
            path.display()
        );
        hosts.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    hosts.sort();
    assert_eq!(
        hosts,
        [
            "clever-cloud",
            "dokku",
            "gigalixir",
            "heroku",
            "netlify",
            "piku",
            "railway",
            "render",
            "scalingo",
            "vercel"
        ]
    );
}

// Piku stops what matches NAME*.ini.
#[test]
fn the_example_of_piku_has_names_of_which_neither_begins_with_the_other() {
    let example = include_str!("../../../examples/hosts/piku.toml");
    let config = parsed(example);
    let apps: Vec<&str> = config
        .environments
        .iter()
        .map(|one| one.url.rsplit(':').next().unwrap())
        .collect();
    let [one, other] = apps.as_slice() else {
        unreachable!("{apps:?}")
    };
    assert!(
        !one.starts_with(other) && !other.starts_with(one),
        "{apps:?}"
    );
}

/// The example with one commented key in place, or with all that go together.
fn uncomment(text: &str, choose: impl Fn(&str) -> bool) -> String {
    let is_key = |line: &str| {
        line.starts_with('[')
            || line
                .split_once(" = ")
                .is_some_and(|(key, _)| !key.contains(' '))
    };
    let line = |line: &str| match line
        .strip_prefix("# ")
        .filter(|inner| is_key(inner) && choose(inner))
    {
        Some(inner) => format!("{inner}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn every_commented_key_of_the_example_file_is_valid_when_it_is_uncommented() {
    let alternatives = ["json", "header", "heroku", "dokku"];
    let plain = |line: &str| !alternatives.iter().any(|key| line.starts_with(key));
    let all = uncomment(EXAMPLE, plain);
    let config = parsed(&all);
    assert!(
        config.record.is_some() && config.channels.len() == 2 && config.policy.watch.len() == 2
    );
    assert_eq!(config.repository.web, config.web_base());
    assert_eq!(config.channels[0].mentions.len(), 2);
    let without = |text: &str, keys: &[&str]| -> String {
        text.lines()
            .filter(|line| !keys.iter().any(|key| line.starts_with(key)))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    for key in alternatives {
        let others: &[&str] = if ["heroku", "dokku"].contains(&key) {
            &["pattern", "page"]
        } else {
            &["pattern"]
        };
        let text = uncomment(&without(EXAMPLE, others), |line| line.starts_with(key));
        // Production's page is not what is looked at here.
        let (head, tail) = text
            .split_once("[environments.production.running]")
            .unwrap();
        let tail = tail
            .split_once("# The tables below")
            .map_or("", |(_, tail)| tail);
        let config = parsed(&format!("{head}# {tail}"));
        assert!(!config.environments[0].running.is_ref(), "{key}");
    }
    let both = parsed(&uncomment(EXAMPLE, |line| line.starts_with("heroku")));
    let both = &both.environments[0].running;
    assert!(
        both.app.is_some() && both.page.is_some(),
        "as the comment says"
    );
}

#[test]
fn the_example_file_names_every_key() {
    let keys = "remote url branch web site promotes running page pattern json header heroku dokku ref signoff cadence_days ask \
                signed signers watch reviewed green four_eyes kind mentions";
    for key in keys.split_whitespace() {
        assert!(
            EXAMPLE.contains(&format!("{key} = ")) || EXAMPLE.contains(&format!(".{key}]")),
            "{key}"
        );
    }
}

#[test]
fn cfg_11_unknown_keys_are_refused_with_their_place_and_the_one_that_was_meant() {
    let report = error_of(PRODUCTION, "promote = \"staging\"");
    assert_eq!(
        report.error,
        "smp.toml:8:1: unknown key `promote` in environments.production"
    );
    assert_eq!(
        report.hint_text().as_deref(),
        Some("did you mean `promotes`? edit smp.toml, then: git smp setup")
    );
    refuses(&[
        (
            "",
            "[environment.x]",
            "smp.toml:10:2: unknown key `environment`",
        ),
        (
            REPOSITORY,
            "name = 1",
            "smp.toml:2:1: unknown key `name` in repository",
        ),
        (STAGING, "command = 'x'", "unknown key `command`"),
        (STAGING, "page = 'x'", "unknown key `page`"),
        (
            STAGING,
            "running = { pages = 'x' }",
            "smp.toml:5:13: unknown key `pages` in environments.staging.running",
        ),
        ("", "[record]\nrefs = 1", "unknown key `refs` in record"),
        (
            "",
            "[policy]\nreview = true",
            "unknown key `review` in policy",
        ),
        (
            "",
            "[channels.tecnical]\nkind = 'print'",
            "unknown key `tecnical` in channels",
        ),
        (
            "",
            "[channels.product]\nkinds = 'print'",
            "unknown key `kinds` in channels.product",
        ),
        (
            "",
            "[channels.product]\nkind = 'print'\nmentions = ['x', { name = 'a', id = 'b', kind = 'person', x = 1 }]",
            "unknown key `x` in channels.product.mentions[1]",
        ),
    ]);
    assert!(
        error_of(STAGING, "command = 'x'")
            .hint_text()
            .unwrap()
            .starts_with("no key of this file can name a command")
    );
    assert!(
        error_of(STAGING, "page = 'x'")
            .hint_text()
            .unwrap()
            .contains("[environments.staging.running]")
    );
}

#[test]
fn cfg_11_wrong_types_are_refused() {
    refuses(&[
        (
            "",
            "[record]\nref = 1",
            "smp.toml:11:7: record.ref: must be text in quotes, not a number",
        ),
        (
            "",
            "[record]\nsignoff = 'yes'",
            "record.signoff: must be true or false, not text",
        ),
        (
            "",
            "[record]\ncadence_days = '7'",
            "record.cadence_days: must be a whole number, not text",
        ),
        (
            "",
            "[record]\ncadence_days = 7.5",
            "record.cadence_days: must be a whole number, not a number",
        ),
        (
            "",
            "[record]\ncadence_days = 0",
            "record.cadence_days: must be a number from 1 to 3650",
        ),
        (
            "",
            "[record]\ncadence_days = 3651",
            "must be a number from 1 to 3650",
        ),
        (
            "",
            "[record]\ncadence_days = -1",
            "must be a number from 1 to 3650",
        ),
        (
            "",
            "[record]\ncadence_days = 99999999999999999999",
            "must be a number from 1 to 3650",
        ),
        (
            REPOSITORY,
            "branch = []",
            "repository.branch: must be text in quotes, not a list",
        ),
        (
            STAGING,
            "running = 'x'",
            "environments.staging.running: must be a table, not text",
        ),
        (
            STAGING,
            "running = 2022-03-02",
            "must be a table, not a date",
        ),
        ("", "[[record]]", "record: must be a table, not a list"),
        (
            "",
            "[policy]\nwatch = 'x'",
            "policy.watch: must be a list in [ ], not text",
        ),
        (
            "",
            "[policy]\nwatch = [1]",
            "policy.watch[0]: must be text in quotes, not a number",
        ),
        (
            "",
            "[policy]\nwatch = [{}]",
            "policy.watch[0]: must be text in quotes",
        ),
        (
            "",
            "[policy]\ngreen = 1",
            "policy.green: must be true or false, not a number",
        ),
        (
            "",
            "[channels]\nproduct = true",
            "channels.product: must be a table, not true or false",
        ),
    ]);
}

#[test]
fn cfg_11_other_forms_that_serde_would_take_are_refused() {
    refuses(&[
        (
            "",
            "record = ['refs/smp/x', true, 7]",
            "unknown key `record` in environments.production",
        ),
        (
            "",
            "[policy]\nwatch = {}",
            "policy.watch: must be a list in [ ], not a table",
        ),
        (
            STAGING,
            "running = ['https://h/']",
            "environments.staging.running: must be a table, not a list",
        ),
        (
            "",
            "[channels.product]\nkind.teams = {}",
            "channels.product.kind: must be text in quotes, not a table",
        ),
        (
            "",
            "[channels.product]\nkind = 'print'\nmentions = [2022-03-02]",
            "channels.product.mentions[0]: must be a table, not a date",
        ),
        (
            "",
            "[channels.product]\nkind = 'print'\n[[channels.product.mentions]]\nname = 'a'",
            "has no `id`",
        ),
        (
            "",
            "[record]\ncadence_days = 9999999999999999999999999999999999999999999999",
            "record.cadence_days: must be a",
        ),
    ]);
    // What a key says is not taken for what is known.
    let report = error_of(STAGING, "\"x`, expected one of `y` or `z`\" = 1");
    let hint = report.hint_text().unwrap();
    assert!(hint.starts_with("known keys are url, remote,"), "{hint}");
}

#[test]
fn cfg_11_missing_parts_are_named() {
    for (text, error) in [
        (
            "[environments.a]\nurl = '/a'",
            "smp.toml:1:1: has no [repository]",
        ),
        ("[repository]\n", "smp.toml:1:2: repository: has no `url`"),
        (
            "[repository]\nurl = '/r'",
            "smp.toml:1:1: has no [environments]",
        ),
        (
            "[repository]\nurl = '/r'\n[environments]",
            "smp.toml:3:2: environments: names no environment",
        ),
        (
            "[repository]\nurl = '/r'\n[environments.a]",
            "smp.toml:3:15: environments.a: has no `branch`",
        ),
        ("# nothing\n", "smp.toml:1:1: has no [repository]"),
        (
            "repository = 1",
            "smp.toml:1:14: repository: must be a table, not a number",
        ),
    ] {
        let read = parse(Path::new("smp.toml"), text);
        assert_eq!(schema::disagreement(text, &read), None);
        assert_eq!(read.unwrap_err().error, error);
    }
    refuses(&[("", "[channels.product]", "channels.product: has no `kind`")]);
}

#[test]
fn cfg_01_to_09_names_and_addresses_are_checked_wherever_they_stand() {
    refuses(&[
        (
            REPOSITORY,
            "remote = '--mirror=push'",
            "smp.toml:2:10: repository.remote: must begin with a letter",
        ),
        (
            REPOSITORY,
            "branch = '-x'",
            "repository.branch: must not begin with `-`",
        ),
        (
            REPOSITORY,
            "web = 'http://host/x'",
            "repository.web: must use https",
        ),
        (
            STAGING,
            "remote = 'a b'",
            "environments.staging.remote: must be made of",
        ),
        (
            STAGING,
            "branch = 'refs/heads/x'",
            "environments.staging.branch: must be the short name",
        ),
        (
            STAGING,
            "site = 'javascript:x'",
            "environments.staging.site: must begin with https://",
        ),
        (
            STAGING,
            "running.page = 'http://host/'",
            "environments.staging.running.page: must use https",
        ),
        (
            "",
            "[environments.'-x']\nurl = '/x'",
            "environments.-x: the name must begin with a letter",
        ),
        (
            "",
            "[environments.'']\nurl = '/x'",
            "the name must have 1 to 64 characters",
        ),
        (
            "",
            "[environments.x]\nurl = 'ext::sh'",
            "environments.x.url: must be https://",
        ),
        (
            "",
            "[environments.x]\nurl = 'https://u:hunter2@h/x'",
            "environments.x.url: must hold no user, password or token",
        ),
        (
            "",
            "[environments.x]\nurl = \"https://h/a\\nb\"",
            "environments.x.url: holds control or invisible characters",
        ),
        (
            "",
            "[environments.x]\nurl = ''",
            "environments.x.url: must have 1 to 2048 characters",
        ),
    ]);
    let text = SMALL.replace("https://github.com/o/r.git", "fd::17");
    let report = parse(Path::new("smp.toml"), &text).unwrap_err();
    assert!(
        report
            .error
            .starts_with("smp.toml:2:7: repository.url: must be"),
        "{}",
        report.error
    );
}

#[test]
fn cfg_10_the_record_is_never_kept_on_a_branch_that_is_deployed() {
    refuses(&[
        (
            "",
            "[record]\nref = 'refs/heads/main'",
            "record.ref: must be refs/smp/",
        ),
        (
            "",
            "[record]\nref = 'refs/smp/../x'",
            "record.ref: must be refs/smp/",
        ),
        (
            "",
            "branch = 'smp-record'\n[record]\nref = 'refs/heads/smp-record'",
            "record: `ref` is a branch that is deployed",
        ),
    ]);
    assert!(
        parse(
            Path::new("x"),
            format!("{SMALL}[record]\nref = 'refs/heads/smp-record'")
        )
        .is_ok()
    );
}

#[test]
fn cfg_12_keys_that_act_on_a_terminal_are_shown_as_escapes() {
    let report = error_of("", "\"\\u001b]0;x\\u0007\" = 1");
    assert_eq!(
        report.error,
        "smp.toml:10:1: environments.production.\\u{1b}]0;x\\u{7}: holds control or invisible characters"
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
        "policy.watch[0]: holds control or invisible characters",
    )]);
}

#[test]
fn cfg_16_environments_cannot_be_mistaken_for_each_other_or_for_the_main_repository() {
    refuses(&[
        (
            STAGING,
            "remote = 'production'",
            "environments.production: has the same remote as staging",
        ),
        (
            STAGING,
            "remote = 'Production'",
            "environments.production: has the same remote as staging",
        ),
        (
            STAGING,
            "remote = 'origin'",
            "environments.staging: has the same remote as [repository]",
        ),
        (
            "",
            "[environments.origin]\nurl = '/x'",
            "environments.origin: has the same remote as [repository]",
        ),
        (
            "",
            "[environments.x]\nurl = 'git@github.com:o/r.git'\nbranch = 'x'",
            "environments.x: has the same url as [repository]",
        ),
        (
            "",
            "[environments.x]\nurl = 'https://git.example/staging.git'",
            "environments.x: has the same url and branch as staging",
        ),
        (
            "",
            "[environments.x]\nurl = 'https://git.example/staging'",
            "environments.x: has the same url and branch as staging",
        ),
    ]);
    let other_branch = format!(
        "{SMALL}[environments.x]\nurl = 'https://git.example/staging.git'\nbranch = 'other'\n"
    );
    assert_eq!(parsed(&other_branch).environments.len(), 3);
}

#[test]
fn promotions_lead_from_one_environment_to_another_and_never_in_a_circle() {
    refuses(&[
        (
            STAGING,
            "promotes = 'staging'",
            "smp.toml:5:12: environments.staging.promotes: an environment cannot promote itself",
        ),
        (
            STAGING,
            "promotes = 'production'",
            "environments.staging.promotes: the environments promote each other in a circle",
        ),
        (
            STAGING,
            "promotes = 'stagin'",
            "environments.staging.promotes: there is no such environment",
        ),
        (
            STAGING,
            "promotes = ''",
            "environments.staging.promotes: there is no such environment",
        ),
        (
            "",
            "[environments.x]\nurl = '/x'\npromotes = 'y'\n[environments.y]\nurl = '/y'\npromotes = 'x'",
            "in a circle",
        ),
    ]);
    assert!(
        error_of(STAGING, "promotes = 'prodction'")
            .hint_text()
            .unwrap()
            .starts_with("did you mean `production`?")
    );
    let chain = format!("{SMALL}[environments.demo]\nurl = '/demo'\npromotes = 'production'\n");
    let config = parsed(&chain);
    let names: Vec<&str> = config
        .targets()
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!(names, ["production", "demo"]);
}

#[test]
fn cfg_17_a_pattern_is_small_and_has_one_group() {
    let page = |rest: &str| format!("running = {{ page = 'https://h/', {rest} }}");
    for (rest, error) in [
        (
            "pattern = 'abc'",
            "running.pattern: must have exactly one group",
        ),
        (
            "pattern = '(a)(b)'",
            "running.pattern: must have exactly one group",
        ),
        (
            "pattern = '(?:a)'",
            "running.pattern: must have exactly one group",
        ),
        (
            "pattern = '(hunter2'",
            "running.pattern: is not a regular expression",
        ),
        (
            "pattern = '((a{99}){99}){99}'",
            "running.pattern: is a pattern that grows too large",
        ),
        ("pattern = 'a(b)', json = ''", "has more than one of"),
        ("json = '/a', header = 'x'", "has more than one of"),
        ("json = 'a'", "running.json: must be a JSON pointer"),
        (
            "header = 'a: b'",
            "running.header: must be the name of a header",
        ),
    ] {
        let report = error_of(STAGING, &page(rest));
        assert!(report.error.contains(error), "{rest}: {}", report.error);
        assert!(!format!("{report:?}").contains("hunter2"));
    }
    let long = page(&format!("pattern = '({})'", "a".repeat(199)));
    assert!(
        error_of(STAGING, &long)
            .error
            .contains("must have at most 200 characters")
    );
    refuses(&[
        (
            STAGING,
            "running = {}",
            "environments.staging.running: has no `page`",
        ),
        (
            STAGING,
            "running = { pattern = '(a)' }",
            "environments.staging.running: has no `page`",
        ),
        (
            STAGING,
            "running = { heroku = 'app', json = '' }",
            "`json` is for a page",
        ),
        (
            STAGING,
            "running = { heroku = '../x' }",
            "running.heroku: must be 3 to 30",
        ),
    ]);
}

/// How staging is asked, by this table.
fn running(table: &str) -> Running {
    let text = SMALL.replacen(STAGING, &format!("{STAGING}\nrunning = {{ {table} }}"), 1);
    parsed(&text).environments.swap_remove(0).running
}

#[test]
fn pages_tell_the_commit_in_four_ways_and_heroku_in_its_own() {
    let find = |rest: &str| {
        let running = running(&format!("page = 'https://h/x'{rest}"));
        assert_eq!(running.app, None);
        running.page.unwrap().find
    };
    assert!(matches!(find(""), Find::Body));
    assert!(matches!(
        find(", pattern = 'x([0-9a-f]+)'"),
        Find::Pattern(_)
    ));
    assert!(matches!(find(", json = ''"), Find::Json(pointer) if pointer.is_empty()));
    assert!(matches!(find(", json = '/a/0'"), Find::Json(pointer) if pointer == "/a/0"));
    assert!(matches!(find(", header = 'x-commit'"), Find::Header(name) if name == "x-commit"));
    let app = Some(PlatformApp::Heroku("an-app".into()));
    let alone = running("heroku = 'an-app'");
    assert!(alone.app == app && alone.page.is_none());
    let both = running("heroku = 'an-app', page = 'https://h/x', header = 'x-commit'");
    assert!(both.app == app && matches!(both.page.unwrap().find, Find::Header(_)));
}

#[test]
fn answers_must_agree_for_ten_seconds_where_a_page_tells_and_for_as_long_as_the_file_says() {
    let seconds = |table: &str| running(table).confirm_seconds;
    assert_eq!(seconds("page = 'https://h/x'"), 10);
    assert_eq!(seconds("heroku = 'an-app', page = 'https://h/x'"), 10);
    assert_eq!(
        seconds("heroku = 'an-app'"),
        0,
        "a platform has one answer at a time"
    );
    assert_eq!(
        parsed(SMALL).environments[0].running.confirm_seconds,
        0,
        "and so has a branch"
    );
    assert_eq!(seconds("heroku = 'an-app', confirm_seconds = 30"), 30);
    assert_eq!(seconds("page = 'https://h/x', confirm_seconds = 0"), 0);
    assert_eq!(
        seconds("page = 'https://h/x', confirm_seconds = 3600"),
        3600
    );
    refuses(&[
        (
            STAGING,
            "running = { page = 'https://h/x', confirm_seconds = -1 }",
            "confirm_seconds: must be a number from 0",
        ),
        (
            STAGING,
            "running = { page = 'https://h/x', confirm_seconds = 3601 }",
            "must be a number from 0 to 3600",
        ),
        (
            STAGING,
            "running = { page = 'https://h/x', confirm_seconds = 1.5 }",
            "confirm_seconds: must be a whole number",
        ),
        (
            STAGING,
            "running = { page = 'https://h/x', confirm_seconds = '10' }",
            "confirm_seconds: must be a whole number",
        ),
        (
            STAGING,
            "running = { confirm_seconds = 10 }",
            "environments.staging.running: has no `page`",
        ),
        (
            STAGING,
            "confirm_seconds = 10",
            "unknown key `confirm_seconds`",
        ),
    ]);
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
        assert!(report.hint_text().unwrap().contains("_WEBHOOK"), "{added}");
    }
    let hint = error_of("", "[channels.technical]\nwebhook = 'x'")
        .hint_text()
        .unwrap();
    assert!(
        hint.starts_with("keep it in SMP_TECHNICAL_WEBHOOK, or let setup ask for it; edit ")
            && hint.ends_with(", then: git smp setup"),
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
            "policy.watch[0]: must be a pattern of files inside the repository",
        ),
        (
            "",
            "[policy]\nwatch = ['a', '/etc/passwd']",
            "policy.watch[1]: must be a pattern of files inside",
        ),
        (
            "",
            "[policy]\nwatch = [':(top)x']",
            "policy.watch[0]: must be a pattern of files inside",
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
    assert_eq!(stranger.as_deref(), Some("type one of them"));
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
fn cfg_11_what_the_parser_finds_is_told_in_our_words_and_without_the_line() {
    let path = Path::new("smp.toml");
    for (text, error) in [
        (
            "a = 1\na = \"hunter2\"",
            "smp.toml:2:1: this key or table is here twice",
        ),
        (
            "[a]\n[b]\n[a]\nx = \"hunter2\"",
            "smp.toml:3:2: this key or table is here twice",
        ),
        (
            "a = hunter2",
            "smp.toml:1:5: not valid TOML: text must stand in quotes",
        ),
        ("a =", "smp.toml:1:4: not valid TOML"),
        ("a = \"hunter2", "smp.toml:1:"),
        ("a = [\"hunter2\"", "smp.toml:1:"),
        ("hunter2", "smp.toml:1:"),
        ("a = 2022-99-99hunter2", "smp.toml:1:"),
        ("a = 1\n\u{1b}]0;hunter2\u{7}", "smp.toml:2:"),
    ] {
        let report = parse(path, text).unwrap_err();
        assert!(report.error.starts_with(error), "{}", report.error);
        assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
    }
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

/// Pieces that a hostile or careless file may be made of.
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
