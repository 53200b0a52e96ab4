//! A promotion to two environments reads the comments before each push, and owes what it has not told.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::support::PATIENCE;

/// Returns a world that promotes to eu and then to us, with a signed-off candidate, and the comment that signed it off.
fn regions(more: &str) -> (Deploy, IssuesApi, PathBuf, u64) {
    let (deploy, api) = asking_with(Speaks::GitHub, "");
    let (us, reached) = deploy.another("us");
    let text = deploy.toml();
    deploy.write_toml(&text.replace("[environments.production]", "[environments.eu]"));
    deploy.add_toml(&format!(
        "\n[environments.us]\n{reached}\npromotes = \"staging\"\n{more}"
    ));
    deploy.agree();
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    let yes = format!("signoff {}", eight(&deploy, 5));
    let yes = api.comments("rosi-qa", "MEMBER", &yes);
    (deploy, api, us, yes)
}

/// Promotes, and lets somebody act while the host of eu builds.
fn promotes_while(deploy: &Deploy, api: &IssuesApi, acts: impl FnOnce()) -> Run {
    let (built, goes_on) = (deploy.path("eu-builds"), deploy.path("eu-goes-on"));
    deploy.hook(
        &deploy.production,
        "post-receive",
        &format!(
            "cat >/dev/null; touch '{}'; until test -e '{}'; do sleep 0.05; done",
            built.display(),
            goes_on.display()
        ),
    );
    thread::scope(|scope| {
        let run = scope.spawn(|| promotes(deploy, api));
        let deadline = Instant::now() + PATIENCE;
        while !built.exists() && Instant::now() < deadline && !run.is_finished() {
            thread::sleep(Duration::from_millis(20));
        }
        acts();
        fs::write(&goes_on, "").unwrap();
        run.join().unwrap()
    })
}

#[test]
fn a_no_while_the_first_target_builds_stops_the_second() {
    for is_block in one_of([true, false]) {
        let (deploy, api, us, yes) = regions("");
        let before = deploy.master(&us);
        let run = promotes_while(&deploy, &api, || match is_block {
            true => drop(api.comments(
                "cem-qa",
                "MEMBER",
                &format!("block {} eu is broken", eight(&deploy, 5)),
            )),
            false => api.edits(yes, "no, wait"),
        });
        let run = run.exits(4).says("done before that: eu");
        match is_block {
            true => run.says("eu is broken"),
            false => run.says("the yes of rosi-qa"),
        };
        assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
        assert_eq!(deploy.master(&us), before);
    }
}

#[test]
fn where_the_comments_cannot_be_read_before_the_second_push_no_comment_counts() {
    let (deploy, api, us, _) = regions("[policy]\nfour_eyes = true\n");
    let before = deploy.master(&us);
    let run = promotes_while(&deploy, &api, || {
        api.only_says(Some((503, "{}")));
    });
    run.exits(4)
        .says("until they are read, no sign-off in a comment counts")
        .says("done before that: eu");
    assert_eq!(deploy.master(&us), before);
    api.only_says(None);
    promotes(&deploy, &api).ok();
}

#[test]
fn what_the_first_target_owes_is_pending_and_not_begun_if_the_second_declines() {
    let (deploy, api, us, _) = regions("\n[channels.product]\nkind = \"print\"\n");
    deploy.hook(&us, "pre-receive", "cat >/dev/null; exit 1");
    let begun = || {
        let all = of_the_issue(&deploy).into_iter();
        all.filter(|word| word == "posting").count()
    };
    let before = begun();
    let commit = deploy.nth(5);
    let promote = ["promote", "--yes", "--commit", commit, "--summary", "News"];
    smp(&deploy, &api, &promote)
        .exits(4)
        .says("done before that: eu")
        .says("hint: correct the problem, then: git smp promote eu us ");
    let pending = deploy.chain().state["owed"].clone();
    assert_eq!(pending.as_array().unwrap().len(), 1);
    assert_eq!(pending[0]["environment"], "eu");
    assert_eq!(
        (pending[0]["sending"].clone(), begun()),
        (Value::Null, before)
    );

    fs::remove_file(us.join("hooks/pre-receive")).unwrap();
    let run = with_token(&deploy, &api).smp(&["promote", "eu", "us", "--yes", "--commit", commit]);
    run.ok().says("News");
    assert!(run.out().contains("eu and us"), "{run}");
    assert_eq!(deploy.chain().state["owed"], serde_json::json!([]));
    let comments = api.issues()[0].comments.clone();
    let told = comments.iter().filter(|one| one.by == "ada-e");
    assert_eq!(told.count(), 2);
}
