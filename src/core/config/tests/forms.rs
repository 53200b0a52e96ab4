//! Keys and values of a wrong form are refused with a helpful message.

use super::*;

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
            .starts_with("this file cannot run commands")
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
            "record.cadence_days: must be a whole number, not a decimal number",
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
    // The text of a key is not read as the list of known keys.
    let report = error_of(STAGING, "\"x`, expected one of `y` or `z`\" = 1");
    let hint = report.hint_text().unwrap();
    assert!(
        hint.starts_with("the known keys are url, remote,"),
        "{hint}"
    );
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
fn cfg_11_what_the_parser_finds_is_told_in_our_words_and_without_the_line() {
    let path = Path::new("smp.toml");
    for (text, error) in [
        (
            "a = 1\na = \"hunter2\"",
            "smp.toml:2:1: this key or table is defined twice",
        ),
        (
            "[a]\n[b]\n[a]\nx = \"hunter2\"",
            "smp.toml:3:2: this key or table is defined twice",
        ),
        (
            "a = hunter2",
            "smp.toml:1:5: not valid TOML: a string must be in quotes",
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
