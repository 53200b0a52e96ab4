//! The list as JSON and as Markdown.

use serde_json::{Value, json};

use crate::diff::production_has_a_hotfix;
use crate::support::{Deploy, World};

fn entry(deploy: &Deploy, nth: usize, pull_request: u64) -> Value {
    let subject = deploy.git(&deploy.team, &["log", "-1", "--format=%s", deploy.nth(nth)]);
    json!({
        "commit": deploy.nth(nth),
        "short": &deploy.nth(nth)[..7],
        "subject": subject,
        "author": "Ada Example",
        "date": format!("2022-02-01T12:0{}:00+00:00", nth - 1),
        "pull_request": pull_request,
    })
}

#[test]
fn json_has_exactly_these_keys() {
    let deploy = World::deploy_like().ready();
    let run = deploy.smp(&["diff", "--json"]);
    let expected = json!({
        "schema": 1,
        "from": {"environment": "production", "commit": deploy.nth(2)},
        "to": {"environment": "staging", "commit": deploy.nth(5)},
        "relation": "ahead",
        "ships": [entry(&deploy, 5, 425), entry(&deploy, 4, 424), entry(&deploy, 3, 422)],
        "merges": 0,
        "disappears": [],
        "compare_url": null,
    });
    assert_eq!(run.ok().json(), expected);
    assert_eq!(run.stderr, "");
}

#[test]
fn json_tells_what_would_disappear_in_the_same_form() {
    let deploy = World::deploy_like().ready();
    let hotfix = production_has_a_hotfix(&deploy, "Ben", "Fix login loop (no request)");
    let json = deploy.smp(&["diff", "--json"]).ok().json();
    assert_eq!(json["relation"], "diverged");
    assert_eq!(json["ships"].as_array().unwrap().len(), 3);
    let lost = json["disappears"].as_array().unwrap();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0]["commit"], hotfix);
    assert_eq!(lost[0]["author"], "Ben");
    assert_eq!(lost[0]["pull_request"], Value::Null);
}

#[test]
fn json_keeps_the_authors_own_time_zone() {
    let deploy = World::deploy();
    let runner = deploy
        .runner()
        .cwd(&deploy.work)
        .env("GIT_AUTHOR_DATE", "1646226180 -0330");
    runner
        .program("git", &["commit", "-q", "--allow-empty", "-m", "From afar"])
        .ok();
    let json = deploy
        .smp(&["diff", "--from", "HEAD~1", "--to", "HEAD", "--json"])
        .ok()
        .json();
    assert_eq!(json["ships"][0]["date"], "2022-03-02T09:33:00-03:30");
}

#[test]
fn json_and_markdown_together_are_a_wrong_command_line() {
    World::deploy()
        .smp(&["diff", "--json", "--markdown"])
        .exits(2)
        .prints("")
        .says("--markdown");
}

// LOG-05.
#[test]
fn markdown_shows_hostile_subjects_as_text() {
    let deploy = World::deploy();
    let hostile =
        "**b** [x](http://evil) <at>devs</at> `c` @channel <!here> ~s~ | # {{DATE(1)}} &lt; \\";
    deploy.commit(&deploy.work, hostile);
    let url = "url = \"git@github.com:o/r.git\"";
    deploy.write_toml(
        &deploy
            .toml()
            .replacen(&format!("url = \"{}\"", deploy.urls()[0]), url, 1),
    );
    let run = deploy.smp(&["diff", "--from", "HEAD~2", "--to", "HEAD", "--markdown"]);
    let [head, before, base] =
        ["HEAD", "HEAD~1", "HEAD~2"].map(|rev| deploy.git(&deploy.work, &["rev-parse", rev]));
    let escaped = "\\*\\*b\\*\\* \\[x\\](http://evil) \\<at\\>devs\\</at\\> \\`c\\` @\u{2060}channel \\<\\!here\\> \
                   \\~s\\~ \\| \\# \\{\\{DATE(1)\\}\\} \\&lt; \\\\";
    let link = |id: &str| {
        format!(
            "[`{}`](https://github.com/o/r/commit/{})",
            &id[..7],
            &id[..12]
        )
    };
    run.ok().prints(format!(
        "**{} → {}**\n\n- {} {escaped}\n- {} Sort layers by name (\\#427)\n\n\
         <https://github.com/o/r/compare/{}...{}>\n",
        &base[..8],
        &head[..8],
        link(&head),
        link(&before),
        &base[..12],
        &head[..12],
    ));
}

#[test]
fn markdown_says_what_would_disappear_and_when_nothing_would_ship() {
    let deploy = World::deploy();
    let args = |from, to| ["diff", "--from", from, "--to", to, "--markdown"].map(str::to_owned);
    let run = |args: [String; 6]| deploy.smp(&args.each_ref().map(String::as_str));
    let back = run(args("HEAD", "HEAD~1"));
    back.ok()
        .prints_among("\nNothing would ship.\n")
        .prints_among("\nWould disappear:\n\n- `");
    run(args("HEAD", "HEAD"))
        .ok()
        .prints_among("\nNothing would ship.\n")
        .never_shows("disappear");
}
