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
