//! The token: where it is found, where it is sent, and where it never appears.

use std::path::Path;

use serde_json::{Value, json};

use super::{Platform, TOKEN, told};
use crate::promote::scripted;
use crate::support::Runner;

fn bearers(platform: &Platform) -> Vec<String> {
    let all = platform.api.asked();
    all.iter()
        .map(|asked| {
            asked
                .head
                .header("authorization")
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[track_caller]
fn is_let_in(platform: &Platform, runner: &Runner<'_>) {
    let run = runner.smp(&["status", "--json"]);
    assert_eq!(
        told(&run, "production"),
        (json!(platform.deploy.nth(2)), json!("api"), Value::Null)
    );
}

fn helper(platform: &Platform, password: &str) {
    let script = format!(
        "!f() {{ test \"$1\" = get && echo username=heroku && echo password={password}; }}; f"
    );
    platform
        .deploy
        .configure("credential.https://git.heroku.com.helper", &script);
}

fn netrc(platform: &Platform, password: &str) {
    let text = format!("machine api.heroku.com\n  login ada@example.com\n  password {password}\n");
    std::fs::write(platform.deploy.path("home/.netrc"), text).unwrap();
}

#[test]
fn it_is_looked_up_in_three_places_in_turn() {
    let platform = Platform::alone();
    netrc(&platform, TOKEN);
    is_let_in(&platform, &platform.stranger());
    netrc(&platform, "of-nobody");
    let run = platform.stranger().smp(&["promote", "-n"]);
    run.exits(1)
        .says("Heroku does not know the token")
        .says("the token is from .netrc")
        .never_shows("of-nobody");
    helper(&platform, TOKEN);
    is_let_in(&platform, &platform.stranger());
    helper(&platform, "of-nobody-else");
    let run = platform.stranger().smp(&["promote", "-n"]);
    run.exits(1)
        .says("the token is from git's credential helpers")
        .never_shows("of-nobody-else");
    is_let_in(&platform, &platform.runner());
    // An empty token does not count.
    helper(&platform, TOKEN);
    is_let_in(&platform, &platform.runner().env("HEROKU_API_KEY", ""));
    assert!(
        bearers(&platform)
            .iter()
            .all(|bearer| bearer.starts_with("Bearer "))
    );
}

#[test]
fn it_goes_to_the_api_and_nowhere_else() {
    let platform = Platform::like(
        crate::support::World::deploy_like().toml("[record]\nsignoff = false\n"),
        true,
    );
    let deploy = &platform.deploy;
    // Every argument that git gets.
    let log = deploy.path("arguments");
    let real = deploy
        .runner()
        .program("sh", &["-c", "command -v git"])
        .ok()
        .out()
        .trim()
        .to_owned();
    deploy.executable(
        "front/git",
        &format!(
            "printf '%s\\n' \"$@\" >>'{}'; exec '{real}' \"$@\"",
            log.display()
        ),
    );
    platform.rolled_back();
    let runner = platform.runner().directly().path_first("front");
    let commands: [&[&str]; 4] = [
        &["status", "-v"],
        &["diff", "-v"],
        &["setup", "--check", "-v"],
        &["promote", "-n"],
    ];
    for args in commands {
        runner.smp(args).ok().never_shows(TOKEN);
    }
    runner
        .smp(&scripted(deploy, &["--again", "-v"]))
        .ok()
        .never_shows(TOKEN);
    runner.smp(&["history"]).ok().never_shows(TOKEN);
    assert!(
        bearers(&platform)
            .iter()
            .all(|bearer| *bearer == format!("Bearer {TOKEN}"))
    );
    assert!(!deploy.web.asked().is_empty());
    for asked in deploy.web.asked() {
        assert!(
            asked.head.header("authorization").is_none()
                && !format!("{:?}", asked.head).contains(TOKEN)
        );
    }
    let arguments = std::fs::read_to_string(log).unwrap();
    assert!(arguments.contains("ls-remote") && !arguments.contains(TOKEN));
    let record = deploy.git(&deploy.main, &["log", "--all", "--format=fuller", "-p"]);
    assert!(!record.contains(TOKEN), "{record}");
    stands_nowhere(&deploy.work);
    stands_nowhere(&deploy.path("home"));
    stands_nowhere(&deploy.path("tmp"));
}

/// Asserts that no file below a folder contains the token.
#[track_caller]
fn stands_nowhere(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            stands_nowhere(&path);
        } else if let Ok(bytes) = std::fs::read(&path) {
            assert!(
                !String::from_utf8_lossy(&bytes).contains(TOKEN),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn an_address_that_it_may_not_go_to_is_refused_and_not_repeated() {
    let platform = Platform::alone();
    let port = platform.api.url().rsplit_once(':').unwrap().1.to_owned();
    let asked = platform.api.asked().len();
    let with_user = format!("http://ada:{TOKEN}@127.0.0.1:{port}");
    for (address, why) in [
        ("http://api.example.com/secret-path", "must use https"),
        (&with_user, "HEROKU_API_URL cannot be used: "),
        (
            "ftp://api.example.com/secret-path",
            "must begin with https://",
        ),
    ] {
        let runner = platform.runner().env("HEROKU_API_URL", address);
        let run = runner.smp(&scripted(&platform.deploy, &[]));
        run.exits(1)
            .says("HEROKU_API_URL cannot be used: ")
            .says(why)
            .says("hint: unset HEROKU_API_URL");
        let shown = runner.smp(&["status"]);
        shown
            .ok()
            .prints_among("unknown: HEROKU_API_URL cannot be used");
        for run in [run, shown] {
            run.never_shows("secret-path")
                .never_shows("api.example.com")
                .never_shows(TOKEN)
                .never_shows(&port);
        }
    }
    assert_eq!(platform.api.asked().len(), asked);
    platform.deploy.ran([2]);
}
