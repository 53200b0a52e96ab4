//! A cache in front of the site: the messages name it, and do not suggest another release.

use super::*;
use crate::promote::{person, promote, refusal, scripted};
use crate::rollback::RECORD;
use crate::sample::sample;
use crate::support::Snapshot;

const FORGET: &str = "purge the page from the cache, or exclude it from caching, then: ";

/// Returns the page of a commit from a cache that has kept it for 340 seconds.
fn kept(hash: &str) -> Page {
    Page::commit(hash)
        .header("Age", "340")
        .header("X-Cache", "HIT")
}

/// Returns a world whose production has staging's commit, while a cache still has the earlier page.
#[track_caller]
fn behind_a_cache() -> Deploy {
    let deploy = World::deploy_like().ready();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy.web.set("/production", kept(deploy.nth(2)));
    deploy
}

#[track_caller]
fn untouched(deploy: &Deploy, before: &Snapshot) {
    assert_eq!(
        deploy.snapshot()["production.git"],
        before["production.git"]
    );
}

#[test]
fn an_old_commit_from_a_cache_is_no_rollback_and_status_says_how_old_it_is() {
    // mozilla/addons#15854
    let deploy = behind_a_cache();
    for (page, words) in sample(
        1,
        [
            (
                kept(deploy.nth(2)),
                "its page is a cached answer, 340 s old; next: ",
            ),
            (
                Page::commit(deploy.nth(2)).header("CF-Cache-Status", "HIT"),
                "its page is a cached answer; next: ",
            ),
        ],
    ) {
        deploy.web.set("/production", page);
        let run = deploy.smp(&["status"]);
        let line =
            format!("cached-page: the running commit is unknown: {words}{FORGET}git smp status\n");
        run.ok()
            .prints_among(&line)
            .prints_among(&format!("next: {FORGET}git smp status\n"));
        run.never_shows("rolled back")
            .never_shows("release it again");
        let production = deploy.smp(&["status", "--json"]).ok().json()["environments"][1].clone();
        assert_eq!(
            (&production["finding"], &production["agrees"]),
            (&"cached-page".into(), &false.into())
        );
        deploy
            .smp(&["setup", "--check"])
            .prints_among("cached-page: ");
    }
    // A proxy that forwarded the request is not a cache.
    let proxied = Page::commit(deploy.nth(2))
        .header("Via", "1.1 vegur")
        .header("Age", "0")
        .header("X-Cache", "MISS");
    deploy.web.set("/production", proxied);
    deploy.smp(&["status"]).ok().prints_among("rolled-back: ");
    // A cache is not mentioned while it agrees.
    deploy.web.set("/production", kept(deploy.nth(5)));
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("(matches its branch)")
        .never_shows("cache");
}

#[test]
fn a_promotion_behind_a_cache_waits_and_sends_nobody_to_release_again() {
    let deploy = behind_a_cache();
    let before = deploy.snapshot();
    let run = promote(&deploy, &["--timeout", "1"]);
    run.exits(4)
        .says("its page is a cached answer, 340 s old: nothing is pushed or released");
    run.says("a cache answers for it, so the running commit is unknown");
    run.says(&format!(
        "it reports {} in a cached answer, 340 s old",
        &deploy.nth(2)[..8]
    ));
    run.says(&format!(
        "hint: {FORGET}git smp promote production --timeout 1\n"
    ));
    run.never_shows("release it again")
        .never_shows("rolled back")
        .never_shows("failed")
        .never_shows("done:");
    untouched(&deploy, &before);
    // After the cache expires, the same command succeeds.
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    promote(&deploy, &[]).ok().never_shows("cache");
    untouched(&deploy, &before);
}

#[test]
fn a_push_whose_page_stays_in_the_cache_is_not_done_and_the_cache_is_named() {
    let deploy = World::deploy_like().ready();
    deploy.web.set("/production", kept(deploy.nth(2)));
    let run = promote(&deploy, &["--timeout", "1"]);
    run.exits(4)
        .says("error: pushed, but not live: production does not report ");
    run.says("in a cached answer, 340 s old")
        .says("that answer is older than this deploy");
    run.says(&format!(
        "hint: {FORGET}git smp promote production --timeout 1\n"
    ))
    .never_shows("see the platform's log");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn a_newer_commit_over_a_cached_page_wants_a_person_or_a_fresh_page() {
    let deploy = behind_a_cache();
    deploy.colleague_pushes(&deploy.production, deploy.nth(4));
    let before = deploy.snapshot();
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("the running commit is unknown: its page is a cached answer, 340 s old");
    run.says(&format!(
        "hint: {FORGET}git smp promote production --timeout 20\n"
    ))
    .never_shows("--again");
    assert_eq!(refusal(&deploy), "page-unclear");
    untouched(&deploy, &before);
    let mut terminal = person(&deploy).terminal(&["promote", "--timeout", "1"]);
    terminal
        .sees("a cached answer, 340 s old")
        .sees("Type production to deploy: ")
        .enters("no");
    terminal.ends().exits(3);
    untouched(&deploy, &before);
}

#[test]
fn staging_behind_a_cache_is_not_deployed_again_for_it() {
    let deploy = World::deploy_like().ready();
    deploy.web.set("/staging", kept(deploy.nth(4)));
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("error: it is unknown what staging runs")
        .says("its page is a cached answer, 340 s old");
    run.says(&format!("hint: {FORGET}git smp status\n"))
        .never_shows("git smp stage");
    assert_eq!(refusal(&deploy), "staging-stale");
    deploy.smp(&["status"]).ok().prints_among(
        "\nnote: purge the page from the cache, or exclude it from caching\nnext: git smp status\n",
    );
}

#[test]
fn a_rollback_is_not_over_because_a_cache_still_has_the_page_from_before_the_bad_deploy() {
    let deploy = behind_a_cache();
    // The page shows the good commit; the branch is right.
    let args = ["rollback", "--yes", "--to", deploy.nth(2), "--timeout", "1"];
    let run = deploy.smp(&args);
    run.exits(4)
        .never_shows("nothing to roll back")
        .never_shows("done:")
        .says("that answer is older than this deploy");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    // An answer from after the push counts, even from a cache.
    let deploy = behind_a_cache();
    deploy.web.set(
        "/production",
        Page::commit(deploy.nth(2))
            .header("Age", "1")
            .header("X-Cache", "HIT"),
    );
    deploy.smp(&args).ok().says("done: production runs");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}

#[test]
fn a_cached_candidate_on_a_production_that_was_put_back_is_not_recorded_as_promoted() {
    let deploy = World::deploy_like().toml(RECORD).ready();
    deploy.web.set("/production", kept(deploy.nth(5)));
    let before = deploy.snapshot();
    let run = deploy.smp(&scripted(&deploy, &[]));
    run.exits(1)
        .says("a cached answer, 340 s old")
        .never_shows("nothing to promote")
        .never_shows("done:");
    untouched(&deploy, &before);
    assert!(deploy.chain().words().is_empty());
}

#[test]
fn a_page_that_names_nothing_usable_says_so_when_it_comes_from_a_cache() {
    let deploy = World::deploy_like().ready();
    deploy.web.set(
        "/staging",
        Page::body("<title>Sorry</title>").header("Age", "340"),
    );
    is_refused(&deploy, "its page contains no hash")
        .says("because: it is a cached answer, 340 s old");
    deploy.web.set(
        "/staging",
        Page::body("").status(503).header("X-Cache", "HIT"),
    );
    is_refused(&deploy, "its page answers 503").says("because: it is a cached answer\n");
}

#[test]
fn a_rollback_without_a_name_goes_back_from_the_branch_and_not_from_the_cached_page() {
    let deploy = World::deploy_like().toml(RECORD).ready();
    for number in [4, 5] {
        deploy.colleague_pushes(&deploy.staging, deploy.nth(number));
        crate::record::promotes(&deploy, &["--again", "-q"]).ok();
    }
    // Counted from the cached commit, the rollback would lead to an even older one.
    deploy.web.set("/production", kept(deploy.nth(4)));
    let run = deploy.smp(&["rollback", "-n"]);
    run.ok()
        .says(&format!(
            "push {} to master on production",
            &deploy.nth(4)[..8]
        ))
        .says("a cached answer, 340 s old");
}

#[test]
fn a_second_run_believes_no_page_from_before_the_rollback_that_the_first_one_pushed() {
    for record in sample(1, ["", RECORD]) {
        let deploy = crate::promote::ready(World::deploy_like().toml(record));
        deploy.colleague_pushes(&deploy.production, deploy.nth(5));
        // The host accepts the rollback and releases nothing; a cache still has the good page from before.
        deploy.web.set("/production", Page::commit(deploy.nth(5)));
        deploy.hook(&deploy.production, "post-receive", "exit 0");
        let args = ["rollback", "--yes", "--to", deploy.nth(2), "--timeout", "1"];
        deploy.smp(&args).exits(4).says("not live");
        deploy.web.set("/production", kept(deploy.nth(2)));
        for _ in 0..2 {
            let run = deploy.smp(&args);
            run.exits(4)
                .says("a cached answer, 340 s old")
                .never_shows("done:")
                .never_shows("nothing to roll back");
        }
        assert_eq!(deploy.chain().count("rolled-back"), 0);
        // The cache asks the site again.
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        deploy
            .smp(&["rollback", "--yes", "--to", deploy.nth(2)])
            .ok();
    }
}
