//! Environments that share a source or an address.

use crate::core::config::tests::*;

/// Returns the error if staging and production are asked in these ways.
fn asked(staging: &str, production: &str) -> Option<Report> {
    let text = SMALL.replacen(STAGING, &format!("{STAGING}\nrunning = {{ {staging} }}"), 1);
    let text = text.replacen(
        PRODUCTION,
        &format!("{PRODUCTION}\nrunning = {{ {production} }}"),
        1,
    );
    parse(Path::new("smp.toml"), &text).err()
}

#[test]
fn two_environments_that_are_asked_in_the_same_way_are_one_slip() {
    let page = |url: &str, rest: &str| format!("page = '{url}'{rest}");
    let https = "https://example.com/about";
    for other in [
        https,
        "https://EXAMPLE.com/about",
        "https://example.com:443/about",
        "https://example.com./about",
        "https://example.com/about#commit",
        "https://example.com/about?",
        "https://example.com/./about",
        "https://example.com/x/../about",
    ] {
        let report = asked(&page(https, ""), &page(other, ""))
            .unwrap_or_else(|| panic!("{other} is taken for another"));
        let named = "environments.production.running.page: gets the same answer as environments.staging.running.page";
        assert!(
            report.error.starts_with("smp.toml:9:20: ") && report.error.ends_with(named),
            "{}",
            report.error
        );
        assert!(
            !format!("{report:?}").to_lowercase().contains("example.com"),
            "{report:?}"
        );
        assert!(report.hint_text().unwrap().ends_with("then: git smp setup"));
    }
    for rest in [
        ", pattern = 'x([0-9a-f]+)'",
        ", json = '/build/commit'",
        ", header = 'x-commit'",
    ] {
        assert!(
            asked(&page(https, rest), &page(https, rest)).is_some(),
            "{rest}"
        );
    }
    assert!(
        asked(
            &page(https, ", header = 'x-commit'"),
            &page(https, ", header = 'X-Commit'")
        )
        .is_some()
    );
    let local = "http://127.0.0.1:80/";
    assert!(asked(&page(local, ""), &page("http://127.0.0.1", "")).is_some());
}

#[test]
fn one_page_may_tell_of_several_environments_each_in_its_own_way() {
    let page = |url: &str, rest: &str| format!("page = '{url}'{rest}");
    let https = "https://example.com/about";
    for other in [
        "https://example.com/About",
        "https://example.com/about/",
        "https://example.com/about?env=production",
        "https://example.com:8443/about",
        "https://www.example.com/about",
    ] {
        assert_eq!(asked(&page(https, ""), &page(other, "")), None, "{other}");
    }
    for (one, other) in [
        (", json = '/staging'", ", json = '/production'"),
        (", pattern = 's=([0-9a-f]+)'", ", pattern = 'p=([0-9a-f]+)'"),
        (", header = 'x-staging'", ", header = 'x-production'"),
        ("", ", json = ''"),
    ] {
        assert_eq!(
            asked(&page(https, one), &page(https, other)),
            None,
            "{one} {other}"
        );
    }
}

#[test]
fn two_environments_that_name_the_same_app_are_one_slip() {
    let named = "environments.production.running.heroku: gets the same answer as environments.staging.running.heroku";
    for (staging, production) in [
        ("heroku = 'shop'", "heroku = 'shop'"),
        (
            "heroku = 'shop', page = 'https://s.example/'",
            "heroku = 'shop', page = 'https://p.example/'",
        ),
        (
            "heroku = 'shop'",
            "page = 'https://p.example/', heroku = 'shop'",
        ),
    ] {
        let report = asked(staging, production).expect(production);
        assert!(
            report.error.starts_with("smp.toml:9:") && report.error.ends_with(named),
            "{}",
            report.error
        );
    }
    let same_page = asked(
        "heroku = 'shop', page = 'https://s/'",
        "heroku = 'shop2', page = 'https://s/'",
    )
    .unwrap();
    assert!(
        same_page.error.contains("production.running.page"),
        "{}",
        same_page.error
    );
    let mixed = asked(
        "heroku = 'shop', page = 'https://s/'",
        "page = 'https://s/'",
    )
    .unwrap();
    assert!(
        mixed.error.contains("production.running.page"),
        "{}",
        mixed.error
    );
    assert_eq!(asked("heroku = 'shop'", "heroku = 'shop2'"), None);
}

#[test]
fn names_of_any_length_leave_room_for_both_keys() {
    let names = ["s", "p"].map(|letter| letter.repeat(64));
    let mut text = SMALL.to_owned();
    for name in &names {
        text += &format!(
            "[environments.{name}]\nurl = 'https://git.example/{name}.git'\nrunning.heroku = 'shop'\n"
        );
    }
    let report = parse(Path::new("smp.toml"), &text).unwrap_err();
    assert!(
        report.error.ends_with(".running.heroku") && !report.error.contains("……"),
        "{}",
        report.error
    );
    assert!(report.error.chars().count() <= 200, "{}", report.error);
}

#[test]
fn issues_are_asked_for_where_the_main_repository_is() {
    let on = |host: &str, forge: &str, ask: &str| {
        let text = SMALL.replace("https://github.com/", &format!("https://{host}/"));
        let forge = match forge {
            "" => String::new(),
            forge => format!("[repository]\nforge = \"{forge}\"\n"),
        };
        let text = match forge.as_str() {
            "" => text,
            forge => text.replacen("[repository]\n", forge, 1),
        };
        let text = format!("{text}[record]\nask = \"{ask}\"\n");
        parse(Path::new("smp.toml"), &text).map_err(|report| report.error)
    };
    for (host, forge, ask) in [
        ("github.com", "", "github"),
        ("gitlab.com", "", "gitlab"),
        ("git.example", "", "gitlab"),
        ("git.example", "", "github"),
        ("github.acme.example", "gitlab", "gitlab"),
    ] {
        assert!(on(host, forge, ask).is_ok(), "{host} {forge} {ask}");
    }
    for (host, forge, ask, wrong) in [
        (
            "github.com",
            "",
            "gitlab",
            "names GitLab, but the main repository is on GitHub",
        ),
        (
            "gitlab.acme.example",
            "",
            "github",
            "names GitHub, but the main repository is on GitLab",
        ),
        (
            "git.example",
            "github",
            "gitlab",
            "names GitLab, but the main repository is on GitHub",
        ),
        (
            "codeberg.org",
            "",
            "github",
            "needs GitHub or GitLab, but the main repository is on neither",
        ),
    ] {
        let error = on(host, forge, ask).unwrap_err();
        assert!(error.contains(&format!("record.ask: {wrong}")), "{error}");
    }
}
