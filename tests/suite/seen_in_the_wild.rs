//! Every failure seen in practice (facts, 11): one test per row, with the row's name and its users' needs.
//!
//! Rows with tests elsewhere: production has a hotfix that staging lacks,
//! `promote::a_hotfix_on_production_is_not_lost`; staging is behind production, `promote::production_does_not_go_back`;
//! two people promote at once with a record,
//! `together::of_many_at_once_over_http_one_proposes_and_one_deploys_and_no_verdict_is_lost`; Ctrl-C or a cut
//! connection, `push::the_second_ctrl_c_leaves_the_push_to_the_host_and_the_next_run_goes_on` and
//! `push::a_push_that_is_cut_on_its_way_every_time_may_have_arrived`; push accepted, release phase failed,
//! `platform::a_release_phase_that_never_succeeds_is_not_live` and
//! `platform::a_build_that_fails_after_the_push_is_not_live_and_nobody_is_told_of_a_release`.
//!
//! Failures of hosts, networks and people on first contact (facts, 12) have tests in: `platform`, `declined`,
//! `instances`, `on_its_way`, `rollback::reverts`, `pages::twice`, `pages::cached`, `posts::answers`, `posts::doubts`,
//! `observed`, `setup::doors`, `hostile_config::apart`, `trust`.
//!
//! Further public reports were tried as well. The failures were fixed, with these tests:
//!
//! - gogs/gogs#5195, a hook without the executable bit; gogs/gogs#2428, one that cannot start;
//!   combell/autogit-reference#4, a missing command; go-gitea/gitea#4513, missing permissions; ezyang/git-ftp#40, a
//!   failed checkout: all were "done" with exit code 0.
//!   `host_hooks::a_hook_that_did_not_run_or_failed_after_the_branch_moved_is_no_deploy_that_is_done`
//! - The same over smart HTTP, where git does not report it: a warning.
//!   `host_hooks::a_host_that_says_nothing_at_all_is_warned_of_once`
//! - mako-ai/mako#894, iterate/iterate#1751, a read that lags behind the push: was reported as a discarded push.
//!   `replicas::a_branch_that_reads_as_before_for_a_while_is_no_push_that_was_put_aside`
//! - A lagging read of the lease: a stale plan was reported as a failed build.
//!   `replicas::a_plan_that_was_made_from_an_old_answer_pushes_nothing_and_blames_no_build`
//! - A lagging read of the record: was reported as other writers, or as a lost record.
//!   `replicas::a_record_whose_copy_lags_is_asked_again_and_nobody_else_is_said_to_write`
//! - A host that adds its own commit on top: was reported as somebody else's move.
//!   `replicas::a_host_that_adds_a_commit_on_top_is_nobody_who_took_ours_away`
//! - GitTools/GitVersion#2304, a short hash as a JSON number: was not accepted as a hash.
//!   `pages::numbers::a_short_hash_that_became_a_number_is_read_and_resolved`
//! - cobyism/ghost-on-heroku#67, a repository that was emptied under a running app: was reported as a rollback.
//!   `emptied::an_app_whose_repository_was_emptied_was_not_rolled_back_and_the_next_promotion_fills_it`
//! - A log of a host's words with config vars, which everybody on the machine could read.
//!   `host_hooks::what_a_host_says_is_its_owners_alone_to_read`
//! - PrimeIntellect-ai/prime-agent#2446, `git push --mirror` that deletes the record: the guard stops it.
//!   `hook::a_mirror_push_that_would_delete_the_record_is_stopped`
//! - moxystudio/node-proper-lockfile#109, a note from the future by a clock that jumped: it blocked until that time.
//!   `in_flight::tests::a_note_by_a_clock_that_jumped_bars_the_way_no_longer_than_another`
//!
//! No failure: libgit2/libgit2#5564, blobless and treeless clones; cashapp/hermit#608, tokens in `insteadOf` or in a
//! remote's address; gptme-contrib#1380, the guard with other spellings of an address.
//!
//! Known and not changed: aks129/HealthClawGuardrails#592, a promotion is refused if production's page is down or has
//! no hash; mislav/git-deploy#39, a push that never ends because its hook started the app (`--timeout` does not end it,
//! Ctrl-C twice leaves); holman/ama#440, with a record a rollback is refused while the main repository is down;
//! koajs/compress#107, a page that sends unrequested gzip is refused; piku/piku#27, a page that reads the commit from
//! the disk instead of the running process.

use std::path::Path;

use serde_json::{Value, json};

use crate::diff::{log, production_has_a_hotfix, range, short};
use crate::posts::{PRODUCT, accepted, chatting, posts, sent, words};
use crate::promote::{begin, deployed_once, person, promote, ready, refusal, scripted};
use crate::record::{
    bens_clone, events, next, promotes, proposed_just_now, recorded, recorded_like, sentences,
    signed_off, trailer,
};
use crate::sample::sample;
use crate::support::{Deploy, Fault, Gate, Page, Rule, Run, World};

/// Returns the text of an environment's line in `status`.
#[track_caller]
fn line(deploy: &Deploy, environment: &str) -> String {
    let out = deploy.smp(&["status"]).ok().out();
    let found = out
        .lines()
        .find_map(|line| line.strip_prefix(&format!("  {environment}  ")));
    found
        .unwrap_or_else(|| panic!("no line of {environment} in:\n{out}"))
        .trim_start()
        .to_owned()
}

/// Returns production's entry in `status --json`.
#[track_caller]
fn production(deploy: &Deploy) -> Value {
    let mut all = deploy.smp(&["status", "--json"]).ok().json();
    all["environments"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|one| one["name"] == "production")
        .unwrap()
        .take()
}

/// Proposes staging's commit and signs it off.
#[track_caller]
fn goes_through_the_record(deploy: &Deploy) {
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
}

/// Returns a world whose platform rolled back to the second commit; production's branch is at the fourth.
#[track_caller]
fn rolled_back() -> Deploy {
    let deploy = ready(World::deploy_like().over_open_http());
    deploy.colleague_pushes(&deploy.production, deploy.nth(4));
    std::fs::write(deploy.production.join("deployed"), deploy.nth(2)).unwrap();
    deploy
}

/// Asserts that the run does not claim to be done or up to date.
#[track_caller]
fn claims_nothing(run: &Run) {
    for claim in [
        "nothing to promote",
        "the same as",
        "are the same",
        "up to date",
        "done:",
    ] {
        run.never_shows(claim);
    }
}

// | production rolled back on the platform, the ref still at the bad commit: pushing it again says "Everything
// up-to-date", exit 0 | "rolled back from C4 to C2"; the list starts at the running commit, else C3 and C4 are hidden; if
// the candidate equals the ref, do not push: say how to release it again |
#[test]
fn production_rolled_back_on_the_platform_the_ref_still_at_the_bad_commit() {
    let deploy = rolled_back();
    let told = deploy.smp(&["status"]).ok().out();
    let [running, bad] = [2, 4].map(|nth| short(deploy.nth(nth)));
    assert!(
        told.contains("rolled back") && told.contains(running) && told.contains(bad),
        "{told}"
    );
    assert_eq!(production(&deploy)["finding"], "rolled-back");
    deploy
        .smp(&["diff"])
        .ok()
        .prints(log(&deploy, &deploy.team, &range(&deploy, 2, 5)));

    let before = deploy.snapshot();
    promote(&deploy, &[])
        .exits(1)
        .says("rolled back from")
        .says("because: ")
        .says("hint: run it in a terminal");
    assert_eq!(refusal(&deploy), "rolled-back");
    assert_eq!(deploy.snapshot(), before);
    promote(&deploy, &["--again"])
        .ok()
        .says("warning: production runs")
        .says("done: production runs");
    assert_eq!(
        deploy.deploys(&deploy.production),
        [2, 4, 5].map(|nth| deploy.nth(nth))
    );
}

// The same row: the candidate equals the ref.
#[test]
fn production_rolled_back_on_the_platform_the_ref_still_at_the_candidate() {
    let deploy = rolled_back();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(4));
    let before = deploy.snapshot();
    // A page alone cannot distinguish a rollback from an interrupted deploy in progress, so the command waits.
    let run = deploy.smp(&[
        "promote",
        "--yes",
        "--commit",
        deploy.nth(4),
        "--timeout",
        "1",
    ]);
    run.exits(4)
        .says("rolled back")
        .says("release it again")
        .never_shows("nothing to promote")
        .never_shows("done:");
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(deploy.http().pushes(&deploy.production), 0);
}

// | build failed: `[remote rejected] (pre-receive hook declined)` | told apart from non-fast-forward and from
// authentication; the remote's own log shown |
#[test]
fn build_failed() {
    let deploy = ready(World::deploy_like().over_http().without_pages());
    let before = deploy.snapshot();
    let hook = "cat >/dev/null; echo ' !     Push rejected, failed to compile Python app.'; exit 1";
    deploy.hook(&deploy.production, "pre-receive", hook);
    let build = promote(&deploy, &[]);
    build
        .exits(1)
        .says("failed to compile Python app")
        .says("error: production declined")
        .says("build failed");
    build
        .never_shows("Authentication")
        .never_shows("would be lost")
        .never_shows("fast-forward");

    deploy
        .http()
        .fault(Rule::get("service=git-receive-pack", Fault::Status(401)).times(1000));
    let password = promote(&deploy, &[]);
    password
        .exits(1)
        .says("Authentication failed")
        .says("nothing was sent")
        .never_shows("build failed");
    assert_eq!(deploy.snapshot(), before);

    deploy.http().heal();
    std::fs::remove_file(deploy.production.join("hooks/pre-receive")).unwrap();
    production_has_a_hotfix(&deploy, "Ben Hotfix", "Fix login loop");
    promote(&deploy, &[])
        .exits(1)
        .says("Fix login loop")
        .never_shows("build failed")
        .never_shows("Authentication");
}

// | staging moved between announcement and promotion | look again right before the push; refuse; show `announced..now` |
#[test]
fn staging_moved_between_announcement_and_promotion() {
    let deploy = signed_off();
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal.sees("Type production to deploy: ");
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let before = deploy.snapshot();
    terminal.enters("production");
    terminal
        .ends()
        .exits(1)
        .says("staging changed after the plan was shown")
        .never_shows("done:");
    assert_eq!(
        deploy.snapshot()["production.git"],
        before["production.git"]
    );

    let run = promotes(&deploy, &[]);
    run.exits(1)
        .says(&format!("the candidate is {}", short(deploy.nth(5))));
    run.says(&format!("staging runs {}", short(deploy.nth(6))))
        .says("git smp stage")
        .says("git smp postpone")
        .says("Sort layers by name (#427)")
        .never_shows("MapItems (#425)");
    assert_eq!(refusal(&deploy), "candidate-moved");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}

// | staging serves old code (its last deploy failed) | propose refuses while staging's page and ref disagree |
#[test]
fn staging_serves_old_code() {
    let deploy = recorded_like(World::deploy_like());
    deploy.web.set("/staging", Page::commit(deploy.nth(4)));
    let before = deploy.snapshot();
    let told = format!(
        "it runs {}, but its branch is at {}",
        short(deploy.nth(4)),
        short(deploy.nth(5))
    );
    deploy
        .smp(&["propose", "--yes"])
        .exits(1)
        .says("staging does not run what was last pushed to it")
        .says(&told);
    assert_eq!(refusal(&deploy), "staging-stale");
    assert_eq!(deploy.snapshot(), before);
}

// | the local branch is not what staging runs | local branches and the work tree never matter |
#[test]
fn the_local_branch_is_not_what_staging_runs() {
    let deploy = ready(World::deploy_like().without_pages());
    deploy.git(
        &deploy.work,
        &["checkout", "-q", "-B", "master", deploy.nth(1)],
    );
    deploy.commit(&deploy.work, "Half-done work of mine");
    std::fs::write(deploy.work.join("LOG"), "not even committed\n").unwrap();
    deploy.in_clone("update-ref refs/remotes/staging/master HEAD");
    let before = deploy.snapshot();
    deploy
        .smp(&["diff"])
        .ok()
        .prints(log(&deploy, &deploy.team, &range(&deploy, 2, 5)));
    promote(&deploy, &[]).ok().never_shows("Half-done work");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

// The same row: the hotfix is on staging as well, as a commit of its own.
#[test]
fn production_has_a_hotfix_that_staging_has_under_another_name() {
    let deploy = ready(World::deploy_like().without_pages());
    let fix = |parent: &str| {
        deploy.git(&deploy.team, &["checkout", "-q", "--detach", parent]);
        deploy.commit_files(&deploy.team, "Fix login loop", &[("login", "fixed\n")])
    };
    let (hotfix, same) = (fix(deploy.nth(2)), fix(deploy.nth(5)));
    deploy.colleague_pushes(&deploy.production, &hotfix);
    deploy.colleague_pushes(&deploy.staging, &same);
    // It is refused, but with the commit that has the same change.
    let run = deploy.smp(&["promote", "--yes", "--commit", &same]);
    run.exits(1)
        .says(short(&hotfix))
        .says("is another commit with the same change")
        .says(short(&same));
}

// | nothing to ship | exit 0, no push, no post |
#[test]
fn nothing_to_ship() {
    let told = chatting("teams");
    told.colleague_pushes(&told.production, told.nth(5));
    posts(&told, &["propose", "--yes"]).prints("");
    let before = told.snapshot();
    let run = posts(&told, &scripted(&told, &["--summary", "- Nothing"]));
    run.ok().prints("").says(&format!(
        "production already runs {}: nothing to promote",
        short(told.nth(5))
    ));
    assert_eq!(told.snapshot(), before);
    assert!(
        told.web
            .asked()
            .iter()
            .all(|asked| asked.head.method != "POST"),
        "nobody is told of nothing"
    );
}

// The same row, where no record is kept: the lease decides.
#[test]
fn two_people_promote_at_once_without_a_record() {
    let deploy = ready(World::deploy_like().without_pages());
    let gate = Gate::new(&deploy, "build");
    deploy.hook(
        &deploy.production,
        "pre-receive",
        &format!("cat >/dev/null; {}", gate.line()),
    );
    let both = [
        begin(&deploy, &[]),
        deploy
            .runner()
            .cwd(&deploy.work)
            .directly()
            .start(&scripted(&deploy, &[])),
    ];
    // Both look before either pushes; otherwise the second finds the first in progress.
    gate.reached();
    gate.is_reached_within(std::time::Duration::from_millis(500));
    gate.open();
    gate.open();
    let runs = both.map(crate::support::Running::finish);
    assert!(
        runs.iter().any(|run| run.code == 0),
        "{}\n{}",
        runs[0],
        runs[1]
    );
    assert_eq!(
        deploy.deploys(&deploy.production),
        [2, 5].map(|nth| deploy.nth(nth)),
        "{}\n{}",
        runs[0],
        runs[1]
    );
}

// | a freeze whose holder went away | age and holder shown everywhere; anyone may lift it, with a reason, on record |
#[test]
fn a_freeze_whose_holder_went_away() {
    let deploy = proposed_just_now();
    let ben = bens_clone(&deploy);
    let ben = deploy.runner().cwd(ben);
    let c = short(deploy.nth(5));
    ben.smp(&["status"])
        .ok()
        .prints_among("; frozen by Ada Example since ");
    ben.smp(&["stage", "--yes"])
        .exits(1)
        .says("staging is frozen by Ada Example")
        .says("just now");
    ben.smp(&["propose", "--yes"])
        .ok()
        .says("proposed by Ada Example");
    ben.smp(&["postpone", "--yes", "--reason", "Ada is on holiday"])
        .ok()
        .says("staging is no longer frozen");
    assert_eq!(
        sentences(&deploy).last(),
        Some(&format!("Ben postponed {c}: Ada is on holiday"))
    );
    assert_eq!(trailer(&deploy, "Smp-Why"), "Ada is on holiday");
    ben.smp(&["stage", "--yes"]).ok();
}

// | history rewritten, the running commit gone from the main repository | take the object from the deploy remote; else
// say what is unknown |
#[test]
fn history_rewritten_the_running_commit_gone_from_the_main_repository() {
    let deploy = World::deploy();
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(1)]);
    let anew = deploy.commit(&deploy.team, "Show flags, as it should have been");
    for bare in [&deploy.main, &deploy.staging] {
        deploy.colleague_pushes(bare, &anew);
    }
    let gone = deploy.nth(2).to_owned();
    deploy.git(&deploy.main, &["reflog", "expire", "--expire=now", "--all"]);
    deploy.git(&deploy.main, &["gc", "-q", "--prune=now"]);
    let fresh = deploy.path("fresh");
    let address = format!("file://{}", deploy.main.display());
    deploy.git(
        "",
        &[
            "clone",
            "-q",
            "-o",
            "upstream",
            &address,
            fresh.to_str().unwrap(),
        ],
    );
    deploy.git(&fresh, &["remote", "set-url", "upstream", deploy.urls()[0]]);
    std::fs::write(fresh.join("smp.toml"), deploy.toml()).unwrap();
    deploy.try_git(&fresh, &["cat-file", "-e", &gone]).exits(1);
    let fresh = deploy.runner().cwd(fresh);
    fresh.smp(&["setup", "--yes"]).ok();

    let run = fresh.smp(&["diff"]);
    run.ok()
        .prints_among("Show flags, as it should have been")
        .says("have diverged");
    run.says("Show flags on painpoints (#421), by Ada Example");
    let told = fresh.smp(&["promote", "-n", "--json"]).exits(1).json();
    assert_eq!(told["refusal"]["code"], "diverged");

    // And if no repository has it.
    deploy
        .web
        .set("/production", Page::commit(&"deadbeef".repeat(5)));
    let run = fresh.smp(&["diff"]);
    run.exits(1)
        .says("deadbeef")
        .says("a commit that cannot be found");
    claims_nothing(&run);
}

// | the page lies or cannot be read: stale variable after a promotion, short against full hash, login page, no or several
// matches | zero or several distinct matches is an error with an excerpt |
#[test]
fn the_page_lies_or_cannot_be_read() {
    let deploy = ready(World::deploy_like());
    let before = deploy.snapshot();
    let two = format!(
        "data-commit=\"{}\" data-commit=\"{}\"",
        deploy.nth(2),
        deploy.nth(5)
    );
    let login = Page::body("<title>Log in</title>");
    for (page, words) in [
        (login, "its page contains no hash"),
        (Page::body(two), "2 different hashes"),
    ] {
        deploy.web.set("/production", page);
        let run = promote(&deploy, &[]);
        run.exits(1).says(words).says("hint: ");
        claims_nothing(&run);
        assert_eq!(refusal(&deploy), "page-unclear");
        assert!(line(&deploy, "production").starts_with("unknown: "));
    }
    // A short hash, twice, is one commit.
    let short_one = format!(
        "data-commit=\"{0}\" data-commit=\"{0}\"",
        &deploy.nth(2)[..8]
    );
    deploy.web.set("/production", Page::body(short_one));
    assert_eq!(production(&deploy)["running"], deploy.nth(2));
    assert_eq!(deploy.snapshot(), before);
    // A stale page after the deploy is no success.
    promote(&deploy, &["--timeout", "1"])
        .exits(4)
        .says("pushed, but not live")
        .says(short(deploy.nth(2)));
}

// | short hashes: ambiguous, 7 against 8 digits | resolve to the full hash at once; links with 12 digits or more |
#[test]
fn short_hashes_7_against_8_digits() {
    let deploy = World::deploy();
    let web =
        "branch = \"master\"\nweb = \"https://code.example.com/o/r\"\n\n[environments.staging]";
    deploy.write_toml(&deploy.toml().replacen(
        "branch = \"master\"\n\n[environments.staging]",
        web,
        1,
    ));
    deploy.trust();
    // A branch and a tag named like the hash do not mislead.
    for place in ["tags", "heads"] {
        let name = format!("refs/{place}/{}", &deploy.nth(2)[..7]);
        deploy.git(&deploy.work, &["update-ref", &name, deploy.nth(6)]);
    }
    deploy
        .web
        .set("/production", Page::commit(&deploy.nth(2)[..7]));
    deploy
        .web
        .set("/staging", Page::commit(&deploy.nth(5)[..8]));
    let told = production(&deploy);
    assert_eq!(
        (&told["running"], &told["agrees"]),
        (&json!(deploy.nth(2)), &json!(true))
    );
    let link = format!(
        "compare/{}...{}",
        &deploy.nth(2)[..12],
        &deploy.nth(5)[..12]
    );
    deploy.smp(&["diff"]).ok().says(&link).prints(log(
        &deploy,
        &deploy.team,
        &range(&deploy, 2, 5),
    ));
    // Both forms of the hash are the same commit.
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy
        .web
        .set("/production", Page::commit(&deploy.nth(5)[..7]));
    promote(&deploy, &[]).ok().says("nothing to promote");
}

// | `main` against `master` on the remote: exit 0, nothing deploys | never create a branch on a deploy remote unless
// asked |
#[test]
fn main_against_master_on_the_remote() {
    let deploy = ready(World::deploy_like());
    for bare in [&deploy.staging, &deploy.production] {
        deploy.git(bare, &["branch", "-m", "master", "main"]);
    }
    let before = deploy.snapshot();
    promote(&deploy, &[])
        .exits(1)
        .says("the remote staging has main")
        .says("hint: ");
    deploy
        .smp(&["stage", "--yes"])
        .exits(1)
        .says("the remote staging has main");
    assert_eq!(refusal(&deploy), "wrong-branch");
    assert_eq!(deploy.snapshot(), before);
}

// | first deploy: the branch does not exist yet | full refname; "nothing runs yet" is a state, not an error |
#[test]
fn first_deploy_the_branch_does_not_exist_yet() {
    let deploy = ready(World::deploy_like().without_pages());
    deploy.git(
        &deploy.production,
        &["update-ref", "-d", "refs/heads/master"],
    );
    std::fs::remove_file(deploy.production.join("deploys")).unwrap();
    assert!(line(&deploy, "production").starts_with("nothing deployed yet"));
    let told = production(&deploy);
    assert_eq!(
        (&told["running"], &told["ref"]),
        (&Value::Null, &Value::Null)
    );
    promote(&deploy, &[])
        .ok()
        .says("(master must not exist yet)");
    assert_eq!(
        deploy
            .refs(&deploy.production)
            .into_keys()
            .collect::<Vec<_>>(),
        ["refs/heads/master"]
    );
    deploy.ran([5]);
}

// | shallow clone | say so, print the one command; do not unshallow unasked |
#[test]
fn shallow_clone() {
    let deploy = ready(World::deploy_like().without_pages());
    let shallow = deploy.path("shallow");
    let address = format!("file://{}", deploy.main.display());
    deploy.git(
        "",
        &[
            "clone",
            "-q",
            "--depth",
            "3",
            "-o",
            "upstream",
            &address,
            shallow.to_str().unwrap(),
        ],
    );
    deploy.git(
        &shallow,
        &["remote", "set-url", "upstream", deploy.urls()[0]],
    );
    std::fs::write(shallow.join("smp.toml"), deploy.toml()).unwrap();
    let runner = deploy.runner().cwd(&shallow);
    runner.smp(&["setup", "--yes"]);
    let before = deploy.snapshot();
    for args in [vec!["diff"], scripted(&deploy, &[])] {
        runner
            .smp(&args)
            .exits(1)
            .prints("")
            .says("this clone is shallow")
            .says("git fetch --unshallow");
    }
    assert_eq!(
        deploy.git(&shallow, &["rev-parse", "--is-shallow-repository"]),
        "true"
    );
    assert_eq!(deploy.snapshot(), before);
}

// | `origin` is the fork | the main repository is configuration, shown in every plan |
#[test]
fn origin_is_the_fork() {
    let deploy = ready(recorded_builder());
    let fork = deploy.bare("fork");
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(3)]);
    let mine = deploy.commit(&deploy.team, "Something that only my fork has");
    deploy.colleague_pushes(&fork, &mine);
    deploy.git(
        &deploy.work,
        &["remote", "add", "origin", fork.to_str().unwrap()],
    );
    deploy.git(&deploy.work, &["fetch", "-q", "origin"]);
    deploy.in_clone("checkout -q -B master --track origin/master");
    deploy.configure("remote.pushDefault", "origin");
    let before = deploy.refs(&fork);
    deploy
        .smp(&["stage", "--yes"])
        .ok()
        .never_shows("only my fork has");
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(6));
    goes_through_the_record(&deploy);
    promotes(&deploy, &[]).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
    assert_eq!(deploy.refs(&fork), before, "the fork was written to");
    assert!(deploy.refs(&deploy.main).contains_key("refs/smp/record"));
}

/// Returns a builder with a record and without pages.
fn recorded_builder() -> crate::support::DeployBuilder {
    World::deploy_like()
        .without_pages()
        .toml(crate::record::RECORD)
}

// The same row: shown in every plan.
#[test]
fn origin_is_the_fork_and_every_plan_shows_the_main_repository() {
    let deploy = ready(World::deploy_like().without_pages());
    let main = deploy.urls()[0].to_owned();
    for args in [&["stage", "-n"][..], &["promote", "-n"]] {
        deploy.smp(args).ok().says(&main);
    }
}

// | the chat post fails, or success is announced for a failed deploy | deploy and post are separate results; the text is
// kept for posting by hand |
#[test]
fn the_chat_post_fails_or_success_is_announced_for_a_failed_deploy() {
    let deploy = chatting("teams");
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    let promotion = scripted(&deploy, &["--summary", "- Flags on painpoints"]);
    // A failed deploy is announced to nobody.
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null; exit 1");
    posts(&deploy, &promotion)
        .exits(1)
        .says("production declined");
    assert!(sent(&deploy, PRODUCT).is_empty());
    // A deploy with a failed post is a deploy.
    std::fs::remove_file(deploy.production.join("hooks/pre-receive")).unwrap();
    deploy.web.set(PRODUCT, Page::body("").status(400));
    let run = posts(&deploy, &promotion);
    run.exits(4)
        .says("done: production runs")
        .says("error: deployed, but the product channel was not notified");
    run.prints_among("- Flags on painpoints");
    deploy.web.set(PRODUCT, accepted("teams"));
    posts(&deploy, &scripted(&deploy, &[]))
        .ok()
        .says("accepted the post to the product channel");
    assert!(
        words(sent(&deploy, PRODUCT).last().unwrap()).contains("Flags on painpoints"),
        "its text was kept"
    );
    assert_eq!(deploy.deploys(&deploy.production).len(), 2);
}

// | tags or locks pushed to a deploy remote | one explicit refspec, nothing else, ever |
#[test]
fn tags_or_locks_pushed_to_a_deploy_remote() {
    let deploy = recorded();
    deploy.git(
        &deploy.work,
        &["tag", "-a", "v1", "-m", "a tag", deploy.nth(5)],
    );
    deploy.git(&deploy.work, &["tag", "plain", deploy.nth(6)]);
    deploy.git(
        &deploy.work,
        &["notes", "add", "-m", "a note", deploy.nth(5)],
    );
    for (key, value) in [
        ("push.followTags", "true"),
        ("remote.production.push", "+refs/*:refs/*"),
    ] {
        deploy.git(&deploy.work, &["config", key, value]);
    }
    let commit = deploy.nth(5).to_owned();
    let commands: [&[&str]; 13] = [
        &["setup", "--yes"],
        &["status"],
        &["diff"],
        &["propose", "--yes"],
        &["signoff", "--block", "not yet"],
        &["postpone", "--yes", "--reason", "later"],
        &["propose", "--yes"],
        &["signoff"],
        &["promote", "-n"],
        &["promote", "--yes", "--commit", &commit],
        &["history"],
        &["stage", "--yes"],
        &["setup", "--check"],
    ];
    for args in commands {
        deploy.smp(args).ok();
        holds_its_branch_alone(&deploy, &deploy.staging, args);
        holds_its_branch_alone(&deploy, &deploy.production, args);
    }
}

#[track_caller]
fn holds_its_branch_alone(deploy: &Deploy, bare: &Path, args: &[&str]) {
    let names: Vec<String> = deploy.refs(bare).into_keys().collect();
    assert_eq!(
        names,
        ["refs/heads/master"],
        "{} after {args:?}",
        bare.display()
    );
}

// | the wrong cause reported: 401, timeout or two-factor read as "up to date" | unknown is never up to date |
#[test]
fn the_wrong_cause_reported() {
    let deploy = ready(World::deploy_like().over_open_http());
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    let before = deploy.snapshot();
    let is_unknown = |words: &str| {
        let run = promote(&deploy, &[]);
        run.exits(1).says(words).says("hint: ");
        claims_nothing(&run);
    };
    // The page's answers: not logged in, forbidden, too many requests, unavailable, a gateway timeout.
    for status in sample(2, [401, 403, 429, 503, 504]) {
        deploy
            .web
            .set("/production", Page::commit(deploy.nth(5)).status(status));
        is_unknown(&format!("its page answers {status}"));
        let told = deploy.smp(&["status", "--json"]).ok().json();
        assert_eq!(
            (
                &told["environments"][1]["running"],
                &told["production_behind"]
            ),
            (&Value::Null, &Value::Null)
        );
    }
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    // Answers to git.
    let refs = "production.git/info/refs?service=git-upload-pack";
    for (fault, words) in sample(
        2,
        [
            (Fault::Status(401), "could not read Username"),
            (Fault::Status(403), "403"),
            (Fault::Status(504), "504"),
            (Fault::DropRequest(0), "does not answer"),
        ],
    ) {
        deploy.http().fault(Rule::get(refs, fault).times(1000));
        is_unknown(words);
        assert_eq!(production(&deploy)["finding"], "unreachable");
        deploy.http().heal();
    }
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(deploy.snapshot(), before);
}

// | the commit that was rolled back is promoted again | needs an explicit yes |
#[test]
fn the_commit_that_was_rolled_back_is_promoted_again() {
    let deploy = recorded_like(World::deploy_like());
    goes_through_the_record(&deploy);
    promote(&deploy, &[]).ok();
    let back = [
        "rollback",
        "production",
        "--to",
        deploy.nth(2),
        "--yes",
        "--reason",
        "login broken",
    ];
    deploy.smp(&[&back[..], &["--timeout", "20"]].concat()).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    assert_eq!(events(&deploy).last().unwrap(), "rolled-back");

    goes_through_the_record(&deploy);
    let before = deploy.snapshot();
    promote(&deploy, &[])
        .exits(1)
        .says("rolled back")
        .says("Ada Example")
        .says("login broken")
        .says("--again");
    assert_eq!(refusal(&deploy), "rolled-back");
    assert_eq!(deploy.snapshot(), before);
    promote(&deploy, &["--again"])
        .ok()
        .says("done: production runs");
    assert_eq!(
        deploy.deploys(&deploy.production),
        [2, 5, 2, 5].map(|nth| deploy.nth(nth))
    );
}

// The team's own example: its two posts about one deploy carry different dates, hashes of 7 and 8 digits are mixed, and a
// policy of weekly deploys had become "it's been a month".
#[test]
fn two_posts_about_one_deploy_and_a_policy_of_weekly_deploys() {
    let deploy = chatting("teams");
    // Production's commit is years old.
    deploy
        .smp(&["status", "--exit-code"])
        .exits(1)
        .prints_among("longer than cadence_days (7 days)");
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    // A day later, by the promoting person's clock.
    let late = crate::posts::with_webhooks(&deploy).env("TZ", "Pacific/Kiritimati");
    late.smp(&scripted(&deploy, &["--summary", "- Flags on painpoints"]))
        .ok();
    let (first, second) = (
        sent(&deploy, crate::posts::TECHNICAL),
        sent(&deploy, PRODUCT),
    );
    assert_eq!(
        crate::posts::heading(&first[0]),
        crate::posts::heading(&second[0])
    );
    assert!(next(&deploy).starts_with("git smp stage"), "all is shipped");
    let listed = words(&first[0]);
    assert!(
        listed.contains(&format!("{} ", &deploy.nth(5)[..7])),
        "{listed}"
    );
}
