//! Hosts whose reads lag behind their writes, and hosts that add commits to a push.

use crate::promote::{begin, promote, ready};
use crate::record::recorded_like;
use crate::sample::sample;
use crate::support::{Deploy, Fault, Gate, Page, Rule, Running, World};

/// Copies a repository in its present state.
#[track_caller]
fn copied(deploy: &Deploy, bare: &str, copy: &'static str) {
    deploy.git("", &["clone", "-q", "--bare", bare, copy]);
}

/// Serves reads of a repository from its copy from now on.
fn lags(deploy: &Deploy, bare: &str, copy: &'static str) {
    for part in ["info/refs?service=git-upload-pack", "git-upload-pack"] {
        deploy
            .http()
            .fault(Rule::any(&format!("{bare}/{part}"), Fault::From(copy)).times(1000));
    }
}

/// Returns the number of requests that a copy has answered.
fn late(deploy: &Deploy) -> usize {
    deploy
        .http()
        .seen()
        .iter()
        .filter(|seen| matches!(seen.fault, Some(Fault::From(_))))
        .count()
}

/// Waits until a copy has answered this number of requests.
#[track_caller]
fn answered(deploy: &Deploy, requests: usize) {
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while late(deploy) < requests {
        assert!(
            std::time::Instant::now() < deadline,
            "the copy is not asked"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Begins a promotion and holds its push; afterwards production's branch is read from a copy of its old state.
#[track_caller]
fn begun(deploy: &Deploy, more: &[&str]) -> (Running, Gate) {
    copied(deploy, "production.git", "late.git");
    let gate = Gate::new(deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let run = begin(deploy, more);
    gate.reached();
    lags(deploy, "production.git", "late.git");
    gate.open();
    (run, gate)
}

fn on_http() -> Deploy {
    ready(World::deploy_like().over_open_http().without_pages())
}

// mako-ai/mako#894, iterate/iterate#1751
#[test]
fn a_branch_that_reads_as_before_for_a_while_is_no_push_that_was_put_aside() {
    for page in sample(1, [false, true]) {
        let deploy = if page {
            ready(World::deploy_like().over_open_http())
        } else {
            on_http()
        };
        let (run, _gate) = begun(&deploy, &[]);
        answered(&deploy, 6);
        deploy.http().heal();
        run.finish()
            .ok()
            .says("done: production runs")
            .never_shows("ignored the push")
            .never_shows("moved to");
        assert_eq!(deploy.http().pushes(&deploy.production), 1);
        promote(&deploy, &[]).ok().says("nothing to promote");
    }
}

#[test]
fn a_copy_that_is_older_than_what_was_seen_before_is_nobody_who_moved_the_branch() {
    let deploy = on_http();
    deploy.colleague_pushes(&deploy.production, deploy.nth(1));
    copied(&deploy, "production.git", "older.git");
    deploy.colleague_pushes(&deploy.production, deploy.nth(2));
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let run = begin(&deploy, &[]);
    gate.reached();
    lags(&deploy, "production.git", "older.git");
    gate.open();
    answered(&deploy, 6);
    deploy.http().heal();
    run.finish()
        .ok()
        .says("done: production runs")
        .never_shows("by somebody else");
}

#[test]
fn a_branch_that_never_shows_what_was_taken_was_put_aside_or_its_copy_lags() {
    let deploy = on_http();
    let (run, _gate) = begun(&deploy, &["--timeout", "2"]);
    let run = run.finish();
    let (five, two) = (&deploy.nth(5)[..8], &deploy.nth(2)[..8]);
    run.exits(4).says(&format!(
        "error: production accepted {five}, but its branch is still at {two}"
    ));
    run.says("ignored the push")
        .says("a server with older data answered")
        .never_shows("done:");
    assert!(
        late(&deploy) > 2,
        "it is looked at again within the timeout"
    );
    deploy.http().heal();
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
}

#[test]
fn what_runs_there_is_asked_before_a_push_is_called_put_aside() {
    let deploy = ready(World::deploy_like().over_open_http());
    let (run, _gate) = begun(&deploy, &["--timeout", "2"]);
    let run = run.finish();
    let five = &deploy.nth(5)[..8];
    run.exits(4).says(&format!(
        "error: the branch of production does not have {five}, but production runs it"
    ));
}

#[test]
fn a_plan_that_was_made_from_an_old_answer_pushes_nothing_and_blames_no_build() {
    let deploy = on_http();
    copied(&deploy, "production.git", "late.git");
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    lags(&deploy, "production.git", "late.git");
    let before = deploy.snapshot();
    let run = promote(&deploy, &["--timeout", "2"]);
    run.exits(1)
        .says("error: nothing was pushed to production: its branch was not at");
    run.says("a server with older data answered")
        .never_shows("declined")
        .never_shows("the build failed");
    assert_eq!(deploy.snapshot(), before);
    deploy.http().heal();
    promote(&deploy, &[]).ok().says("2 commits ahead");
}

/// Makes the host deploy a push and put its own commit on top.
fn adds(deploy: &Deploy) {
    let hook = "read -r old new ref\necho 'Deploying'\necho $new >deployed\necho $new >>deploys\n\
                own=$(GIT_AUTHOR_NAME=Host GIT_AUTHOR_EMAIL=h@example.com GIT_COMMITTER_NAME=Host \
                GIT_COMMITTER_EMAIL=h@example.com git commit-tree -p $new -m 'Bump the version' $new^{tree})\n\
                git update-ref $ref $own $new";
    deploy.hook(&deploy.production, "post-receive", hook);
}

#[test]
fn a_host_that_adds_a_commit_on_top_is_nobody_who_took_ours_away() {
    let deploy = ready(World::deploy_like());
    adds(&deploy);
    let run = promote(&deploy, &[]);
    let five = &deploy.nth(5)[..8];
    run.ok()
        .says("warning: meanwhile production was moved to ")
        .says(&format!("which contains {five}"));
    run.says("done: production runs")
        .never_shows("its branch does not have");
    assert_ne!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn a_host_that_adds_a_commit_and_does_not_run_it_yet_is_waited_for() {
    let deploy = ready(World::deploy_like());
    adds(&deploy);
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let five = &deploy.nth(5)[..8];
    let run = promote(&deploy, &["--timeout", "1"]);
    run.exits(4)
        .says("error: pushed, but not live: production does not report");
    run.says("because: meanwhile its branch was moved to ")
        .says(&format!("which contains {five}"));
}

#[test]
fn a_host_that_adds_a_commit_where_only_the_branch_tells_is_told_so() {
    let deploy = ready(World::deploy_like().without_pages());
    adds(&deploy);
    let five = &deploy.nth(5)[..8];
    let run = promote(&deploy, &[]);
    run.exits(4)
        .says("error: meanwhile production was moved to ")
        .says(&format!("which contains {five}"));
    run.says("by its host or by somebody else")
        .never_shows("done:");
}

#[test]
fn whoever_pushes_something_else_meanwhile_is_still_named() {
    let deploy = ready(World::deploy_like());
    let hook = "read -r old new ref\necho Deploying\nexport GIT_AUTHOR_NAME=H GIT_AUTHOR_EMAIL=h@example.com \
                GIT_COMMITTER_NAME=H GIT_COMMITTER_EMAIL=h@example.com\n\
                own=$(git commit-tree -m 'Beside ours' $(git mktree </dev/null))\ngit update-ref $ref $own $new";
    deploy.hook(&deploy.production, "post-receive", hook);
    promote(&deploy, &[])
        .exits(4)
        .says("was moved to")
        .says("by somebody else")
        .never_shows("which contains");
}

// --- the record

#[test]
fn a_record_whose_copy_lags_is_asked_again_and_nobody_else_is_said_to_write() {
    let deploy = recorded_like(World::deploy_like().over_open_http().main_over_http());
    deploy.smp(&["propose", "--yes", "--quiet"]).ok();
    copied(&deploy, "main.git", "late-main.git");
    deploy.git(
        deploy.path("late-main.git"),
        &[
            "fetch",
            "-q",
            deploy.main.to_str().unwrap(),
            "refs/smp/*:refs/smp/*",
        ],
    );
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    lags(&deploy, "main.git", "late-main.git");
    let run = deploy.runner().directly().start(&["history"]);
    let asked = late(&deploy);
    answered(&deploy, asked + 4);
    deploy.http().heal();
    run.finish().ok().never_shows("busy").never_shows("rewound");
    // A copy that never catches up may be a rewound record.
    lags(&deploy, "main.git", "late-main.git");
    let run = deploy.smp(&["signoff", "--by", "Ada"]);
    run.exits(1)
        .says("error: upstream answers with older states of the record: a server has older data, or the record was rewound");
    run.says("hint: ").never_shows("others wrote");
    assert_eq!(deploy.chain().words(), ["proposed", "posted", "signed-off"]);
}
