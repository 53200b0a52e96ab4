//! The sources of the running commit.

use super::*;

#[test]
fn cfg_17_a_pattern_is_small_and_has_one_group() {
    let page = |rest: &str| format!("running = {{ page = 'https://h/', {rest} }}");
    for (rest, error) in [
        (
            "pattern = 'abc'",
            "running.pattern: must have exactly one capturing group",
        ),
        (
            "pattern = '(a)(b)'",
            "running.pattern: must have exactly one capturing group",
        ),
        (
            "pattern = '(?:a)'",
            "running.pattern: must have exactly one capturing group",
        ),
        (
            "pattern = '(hunter2'",
            "running.pattern: is not a regular expression",
        ),
        (
            r"pattern = '\p{L}([0-9a-f]+)'",
            r"running.pattern: is not a regular expression; \p{ } and letters outside",
        ),
        (
            "pattern = '((a{99}){99}){99}'",
            "running.pattern: is a regular expression that grows too large",
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
    // A long pattern, and a common one.
    for fits in ["(a{900})", "data-commit=\"([0-9a-f]{7,64})\""] {
        let text = SMALL.replacen(
            STAGING,
            &format!("{STAGING}\n{}", page(&format!("pattern = '{fits}'"))),
            1,
        );
        assert!(parse(Path::new("smp.toml"), &text).is_ok(), "{fits}");
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
            "`json` needs a page",
        ),
        (
            STAGING,
            "running = { heroku = '../x' }",
            "running.heroku: must be 3 to 30",
        ),
    ]);
}

/// Returns the source of staging for this table.
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
fn of_more_environments_than_anybody_has_none_is_read() {
    let many = |count: usize| {
        let one = |n: usize| format!("[environments.e{n}]\nurl = \"https://git.example/{n}\"\n");
        let all: String = (0..count).map(one).collect();
        let main = "[repository]\nurl = \"https://git.example/o/r.git\"\n[environments]\n";
        parse(Path::new("smp.toml"), format!("{main}{all}"))
    };
    assert!(many(50).is_ok());
    let error = many(51).unwrap_err().error;
    assert_eq!(
        error,
        "smp.toml:3:2: environments: has 51 tables, and may have 50"
    );
}
