//! Two commits in one answer: neither the first nor the last counts.

use super::*;

/// Returns a trusted world whose staging shows its commit in this way.
#[track_caller]
fn telling(how: &str) -> Deploy {
    let deploy = World::deploy();
    deploy.write_toml(
        &deploy
            .toml()
            .replacen(&format!("pattern = {USUAL}"), how, 1),
    );
    deploy.web.set(
        "/staging",
        Page::body(format!(
            "{{\"build\":{{\"commit\":\"{0}\"}}}}",
            deploy.nth(5)
        ))
        .header("X-Commit", deploy.nth(5)),
    );
    deploy.trust();
    deploy
}

#[test]
fn a_proxy_that_adds_a_second_header_does_not_hide_the_apps_own() {
    // nginx-proxy-manager#2896, cloudpanel-ce#388
    let deploy = telling("header = \"x-commit\"");
    let (new, old) = (deploy.nth(5), deploy.nth(4));
    for (first, second) in [(new, old), (old, new)] {
        deploy.web.set(
            "/staging",
            Page::body("")
                .header("X-Commit", first)
                .one_more("x-commit", second),
        );
        is_refused(&deploy, "its page contains 2 different hashes")
            .says("looked for the header x-commit");
        assert_eq!(staging_runs(&deploy), Err("page-unclear".into()));
    }
    deploy.web.set(
        "/staging",
        Page::body("").header("X-Commit", &format!("{new}, {old}")),
    );
    is_refused(&deploy, "its page contains 2 different hashes");
    deploy.web.set(
        "/staging",
        Page::body("")
            .header("X-Commit", new)
            .one_more("X-Commit", "unknown"),
    );
    is_refused(&deploy, "its page contains something that is not a hash").never_shows("unknown");
    for page in [
        Page::body("")
            .header("X-Commit", new)
            .one_more("X-Commit", new),
        Page::body("").header("X-Commit", &format!("{new}, {}", new.to_uppercase())),
        Page::body("")
            .header("X-Commit", &new[..9])
            .one_more("X-Commit", new),
        Page::body("")
            .header("X-Commit", "")
            .one_more("X-Commit", new),
        Page::body("")
            .header("X-Commit", new)
            .one_more("X-Commit", " "),
    ] {
        deploy.web.set("/staging", page);
        assert_eq!(staging_runs(&deploy), Ok(new.to_owned()));
    }
    deploy
        .web
        .set("/staging", Page::body("").header("X-Commit", ""));
    is_refused(&deploy, "its page contains no hash");
}

#[test]
fn the_header_of_a_redirect_is_not_the_pages() {
    let deploy = telling("header = \"x-commit\"");
    deploy
        .web
        .set("/there", Page::body("").header("X-Commit", deploy.nth(5)));
    deploy.web.set(
        "/staging",
        Page::redirect("/there").header("X-Commit", deploy.nth(4)),
    );
    assert_eq!(staging_runs(&deploy), Ok(deploy.nth(5).into()));
}

#[test]
fn a_json_key_that_stands_twice_is_neither_the_first_nor_the_last() {
    let deploy = telling("json = \"/build/commit\"");
    let (new, old) = (deploy.nth(5), deploy.nth(4));
    for two in sample(
        2,
        [
            format!(r#"{{"build": {{"commit": "{new}", "commit": "{old}"}}}}"#),
            format!(r#"{{"build": {{"commit": "{old}", "commit": "{new}"}}}}"#),
            format!(r#"{{"build": {{"commit": "{new}", "\u0063ommit": "{old}"}}}}"#),
            format!(r#"{{"build": {{"commit": "{old}"}}, "build": {{"commit": "{new}"}}}}"#),
        ],
    ) {
        deploy.web.set("/staging", Page::body(&two));
        is_refused(&deploy, "its page contains 2 different hashes")
            .says("looked for /build/commit");
        assert_eq!(staging_runs(&deploy), Err("page-unclear".into()), "{two}");
    }
    for one in sample(
        3,
        [
            format!(
                r#"{{"build": {{"commit": "{new}", "commit": "{}"}}}}"#,
                &new[..8]
            ),
            format!(r#"{{"build": {{"commit": "{new}"}}, "build": {{}}, "build": null}}"#),
            format!(r#"{{"build": {{"commit": "{new}", "commit": "", "commit": null}}}}"#),
            format!(
                r#"{{"commit": "{old}", "a": 1, "a": 2, "build": {{"commit": "{new}", "by": 1, "by": 2}}}}"#
            ),
            format!("\u{feff}{{\"build\": {{\"commit\": \"{new}\"}}}}"),
        ],
    ) {
        deploy.web.set("/staging", Page::body(&one));
        assert_eq!(staging_runs(&deploy), Ok(new.to_owned()), "{one}");
    }
    deploy.web.set(
        "/staging",
        Page::body(format!(
            r#"{{"build": {{"commit": "{new}", "commit": 7}}}}"#
        )),
    );
    is_refused(&deploy, "its page contains something that is not a hash")
        .says("/build/commit is a number");
    deploy.web.set(
        "/staging",
        Page::body(format!(
            r#"{{"build": {{"commit": "{new}", "commit": []}}}}"#
        )),
    );
    is_refused(&deploy, "its page contains something that is not a hash")
        .says("/build/commit is not a string");
}

#[test]
fn a_promotion_is_not_done_while_two_answers_come_in_one() {
    let deploy = World::deploy();
    let header = deploy
        .toml()
        .replace(&format!("pattern = {USUAL}"), "header = \"x-commit\"");
    deploy.write_toml(&header);
    deploy
        .web
        .set("/staging", Page::body("").header("X-Commit", deploy.nth(5)));
    let old = Page::body("").header("X-Commit", deploy.nth(2));
    deploy.web.set("/production", old.clone());
    deploy.trust();
    let both = old.clone().one_more("X-Commit", deploy.nth(5));
    deploy.web.set_first("/production", 2, old, both);
    let run = crate::promote::promote(&deploy, &["--timeout", "1"]);
    run.exits(4)
        .says("its page contains 2 different hashes")
        .never_shows("done:");
}
