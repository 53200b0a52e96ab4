//! The push: every failure (safety, 4.4), the user's settings, and signals (4.5).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::diff::fetching::CLOSED_PORT;
use crate::promote::{begin, comes_to, deployed_once, person, promote, ready, refusal, scripted};
use crate::sample::{one_of, sample};
use crate::support::{
    Deploy, DeployBuilder, Fault, Gate, GitHttp, PATIENCE, Page, Rule, Run, TOPOLOGIES, Terminal,
    Topology, World,
};

const RECEIVE: &str = "production.git/git-receive-pack";
const ASKS_TO_LOOK: &str = "production.git/info/refs?service=git-upload-pack";
const ASKS_TO_PUSH: &str = "production.git/info/refs?service=git-receive-pack";

/// Returns a world whose host can fail, where the ref is the running commit.
fn host() -> Deploy {
    ready(World::deploy_like().over_open_http().without_pages())
}

/// Returns a builder of worlds with remotes, for tests about these.
fn remotes() -> DeployBuilder {
    World::deploy_like().on(Topology::Remotes)
}

// --- the host accepted it, whatever this side sees

/// Asserts that a push whose ref moved once is a success, whether or not git understands the answer.
#[track_caller]
fn arrives_although(fault: Fault, times: usize) -> Deploy {
    let deploy = host();
    let before = deploy.snapshot();
    let rule = Rule::post(&deploy.asked(RECEIVE), fault);
    deploy.http().fault(rule.times(times));
    promote(&deploy, &[]).ok().says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    let faults = deploy
        .http()
        .seen()
        .iter()
        .filter(|seen| seen.fault.is_some())
        .count();
    assert!(faults > 0, "the fault never happened");
    deploy
}

// F-PUSH-2; 4.4, "accepted, cut before the answer, once": git says "remote rejected"
#[test]
fn a_push_whose_answer_is_cut_once_arrives() {
    arrives_although(Fault::DropResponse, 1);
}

// F-PUSH-2; 4.4, "accepted, cut, twice"
#[test]
fn a_push_whose_answer_is_cut_twice_arrives() {
    let deploy = arrives_although(Fault::DropResponse, 2);
    promote(&deploy, &[]).ok().says("nothing to promote");
}

// F-PUSH-2; 4.4, "accepted, no report"
#[test]
fn a_push_without_a_report_arrives() {
    let deploy = arrives_although(Fault::NoReport, 1);
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
}

// F-PUSH-2; 4.4, "cut inside the report"
#[test]
fn a_push_whose_report_breaks_off_arrives() {
    let deploy = arrives_although(Fault::TruncateResponse(30), 1);
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
}

// F-PUSH-2; 4.4, "cut in the request body, once": the transport sends it again
#[test]
fn a_push_that_is_cut_on_its_way_and_sent_again_arrives_once() {
    let deploy = arrives_although(Fault::DropRequest(10), 1);
    deploy.ran([2, 5]);
}

// F-PUSH-2: the push arrived, and then nothing can be checked.
#[test]
fn a_push_that_cannot_be_looked_at_afterwards_is_not_called_done() {
    let deploy = host();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let run = begin(&deploy, &["--timeout", "2"]);
    gate.reached();
    deploy
        .http()
        .fault(Rule::get(&deploy.asked(ASKS_TO_LOOK), Fault::Status(500)).times(1000));
    gate.open();
    run.finish()
        .exits(4)
        .says("it is unknown whether")
        .says("because: ")
        .says("hint: to continue: ");
    let looks = deploy
        .http()
        .seen()
        .iter()
        .filter(|seen| seen.fault.is_some())
        .count();
    assert!(looks > 1, "it is looked at once more within the timeout");
    deploy.http().heal();
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
}

/// Pushes, holds the host in its build, applies `fault` to the later checks, and returns the finished run.
#[track_caller]
fn looked_at_after(deploy: &Deploy, fault: Rule, more: &[&str]) -> Run {
    let gate = Gate::new(deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let run = begin(deploy, more);
    gate.reached();
    deploy.http().fault(fault);
    gate.open();
    run.finish()
}

// A busy host, or one that limits connections (ssh MaxStartups, `ufw limit`), accepts the next one.
#[test]
fn a_look_after_the_push_that_fails_is_repeated() {
    for (fault, times) in sample(
        2,
        [
            (Fault::Status(503), 1),
            (Fault::Status(429), 2),
            (Fault::DropRequest(0), 1),
            (Fault::DropResponse, 1),
            (Fault::TruncateResponse(30), 2),
        ],
    ) {
        let deploy = host();
        let before = deploy.snapshot();
        let run = looked_at_after(
            &deploy,
            Rule::get(&deploy.asked(ASKS_TO_LOOK), fault.clone()).times(times),
            &[],
        );
        run.ok()
            .says("done: production runs")
            .never_shows("cannot be read");
        assert_eq!(
            deploy.snapshot(),
            deployed_once(&deploy, &before),
            "{fault:?}"
        );
        assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
    }
}

#[test]
fn a_branch_that_cannot_be_read_after_the_push_leaves_it_to_the_page() {
    let deploy = ready(World::deploy_like().over_open_http().confirming(1));
    let before = deploy.snapshot();
    let run = looked_at_after(
        &deploy,
        Rule::get(&deploy.asked(ASKS_TO_LOOK), Fault::Status(503)).times(1000),
        &[],
    );
    run.ok()
        .says("warning: the branch of production cannot be read now")
        .says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    deploy.http().heal();
    promote(&deploy, &[]).ok().says("nothing to promote");
}

#[test]
fn a_page_that_never_names_the_commit_makes_no_success_of_a_branch_that_cannot_be_read() {
    let deploy = ready(World::deploy_like().over_open_http());
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let never = Rule::get(&deploy.asked(ASKS_TO_LOOK), Fault::Status(503)).times(1000);
    let run = looked_at_after(&deploy, never, &["--timeout", "2"]);
    run.exits(4)
        .says("it is unknown whether")
        .says("hint: to continue")
        .never_shows("done:");
    deploy.http().heal();
    promote(&deploy, &["--timeout", "1"])
        .exits(4)
        .never_shows("nothing to promote")
        .never_shows("done:");
    assert_eq!(
        deploy.pushed_over_http(&deploy.production),
        1,
        "it is not pushed twice"
    );
}

#[test]
fn ctrl_c_while_the_branch_cannot_be_read_leaves_at_once() {
    let deploy = host();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &["--timeout", "600"]));
    gate.reached();
    deploy
        .http()
        .fault(Rule::get(&deploy.asked(ASKS_TO_LOOK), Fault::Status(503)).times(1000));
    gate.open();
    terminal.sees("its branch cannot be read").ctrl_c();
    terminal
        .ends()
        .exits(4)
        .says("interrupted while")
        .says("hint: see the result");
    deploy.http().heal();
    promote(&deploy, &[]).ok().says("nothing to promote");
}

// The check directly before the push: nothing was pushed yet, so it waits only briefly.
#[test]
fn a_look_directly_before_the_push_that_fails_once_is_repeated() {
    for fails in one_of(["host", "page"]) {
        let deploy = ready(World::deploy_like().over_open_http());
        let before = deploy.snapshot();
        let mut terminal = person(&deploy).terminal(&["promote"]);
        terminal.sees("Type production to deploy: ");
        match fails {
            "host" => deploy
                .http()
                .fault(Rule::get(&deploy.asked(ASKS_TO_LOOK), Fault::Status(503))),
            _ => deploy.web.set_first(
                "/production",
                1,
                Page::body("").status(503),
                Page::deployed(&deploy.production),
            ),
        }
        terminal.enters("production");
        terminal.ends().ok().says("done: production runs");
        assert_eq!(
            deploy.snapshot(),
            deployed_once(&deploy, &before),
            "{fails}"
        );
    }
}

#[test]
fn a_host_that_stays_away_before_the_push_is_sent_nothing() {
    let deploy = host();
    let before = deploy.snapshot();
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal.sees("Type production to deploy: ");
    deploy
        .http()
        .fault(Rule::get(&deploy.asked(ASKS_TO_LOOK), Fault::Status(503)).times(1000));
    terminal.enters("production");
    terminal
        .ends()
        .exits(1)
        .says("does not answer")
        .never_shows("done:");
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(deploy.pushed_over_http(&deploy.production), 0);
}

// --- its result is unknown

/// Asserts that an unmoved ref with a possible build is neither a failure nor pushed again.
#[track_caller]
fn nobody_can_tell_after(fault: Fault, times: usize) -> Deploy {
    let deploy = host();
    let before = deploy.snapshot();
    let rule = Rule::post(&deploy.asked(RECEIVE), fault);
    deploy.http().fault(rule.times(times));
    let run = promote(&deploy, &["--timeout", "1"]);
    run.exits(4)
        .says("the result of the push")
        .says("because: ")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
    let pushes = deploy.pushed_over_http(&deploy.production);
    deploy.http().heal();

    // F-PUSH-3: a second push could start a second build, so a script does not get one.
    promote(&deploy, &["--timeout", "1"])
        .exits(4)
        .says("its result is unknown")
        .says("because: ")
        .says("hint: ");
    assert_eq!(refusal(&deploy), "push-in-flight");
    assert_eq!(deploy.pushed_over_http(&deploy.production), pushes);

    deploy
}

// F-PUSH-2; 4.4, "POST answered 500/429/302"
#[test]
fn a_push_that_is_answered_500_may_have_arrived() {
    let deploy = nobody_can_tell_after(Fault::Status(500), 1);
    let before = deploy.snapshot();
    // A person may decide.
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("a second push would start a second build")
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

// F-PUSH-2; 4.4, "cut in the request body, twice"
#[test]
fn a_push_that_is_cut_on_its_way_every_time_may_have_arrived() {
    nobody_can_tell_after(Fault::DropRequest(10), 2);
}

// F-PUSH-2: the connection is gone, the host still builds, and the ref moves later
#[test]
fn a_build_that_outlives_its_connection_is_waited_for() {
    let deploy = host();
    let before = deploy.snapshot();
    deploy
        .http()
        .fault(Rule::post(&deploy.asked(RECEIVE), Fault::Status(502)));
    let run = begin(&deploy, &[]);
    deploy.http().sees(|seen| seen.status == 502);
    let looks = || {
        deploy
            .http()
            .seen()
            .iter()
            .filter(|seen| seen.query.contains("upload-pack"))
            .count()
    };
    let (so_far, deadline) = (looks(), Instant::now() + PATIENCE);
    while looks() < so_far + 2 {
        assert!(Instant::now() < deadline, "the branch is not looked at");
        std::thread::sleep(Duration::from_millis(20));
    }
    // The end of the host's build.
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    run.finish().ok().says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

// --- nothing was sent

// F-PUSH-1; 4.4, "refused": only the address for pushes is closed
#[test]
fn a_closed_port_is_sent_nothing() {
    let deploy = host();
    let before = deploy.snapshot();
    let rewrite = format!("url.http://127.0.0.1:{CLOSED_PORT}/.pushInsteadOf");
    let address = deploy.urls()[2].replace("production.git", "");
    deploy.configure(&rewrite, &address);
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("nothing was sent to production")
        .says("because: ")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
    deploy.git("", &["config", "--global", "--unset-all", &rewrite]);
    promote(&deploy, &[]).ok();
}

// F-PUSH-6 and 4.4, "lease stale": the move comes after our last check and before git reads the branch.
#[test]
fn a_move_after_the_last_look_is_held_off_by_the_lease() {
    let deploy = host();
    let late = Fault::Delay(Duration::from_secs(2));
    deploy
        .http()
        .fault(Rule::get(&deploy.asked(ASKS_TO_PUSH), late.clone()));
    let run = begin(&deploy, &[]);
    deploy
        .http()
        .sees(|seen| seen.fault.as_ref() == Some(&late));
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    run.finish()
        .exits(1)
        .says("production was moved to")
        .says("the host accepted no part of this push")
        .says("hint: ");
    deploy.ran([2, 3]);
    assert_eq!(deploy.pushed_over_http(&deploy.production), 0);
    // The new state needs a new plan.
    promote(&deploy, &[]).ok().says("2 commits ahead");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

// Safety 4.4, "redirect of info/refs": plain git would follow it and push there.
#[test]
fn a_redirect_of_the_push_is_not_followed() {
    let deploy = host();
    let elsewhere = GitHttp::open_to_all(&deploy);
    let to = elsewhere
        .url(&deploy.path(""))
        .trim_end_matches('/')
        .to_owned();
    let before = deploy.snapshot();
    deploy
        .http()
        .fault(Rule::get(&deploy.asked(ASKS_TO_PUSH), Fault::Redirect(to.clone())).times(1000));
    promote(&deploy, &[])
        .exits(1)
        .says("nothing was sent to production");
    deploy.http().heal();
    deploy
        .http()
        .fault(Rule::get("service=git-upload-pack", Fault::Redirect(to)).times(1000));
    promote(&deploy, &[]).exits(1).says("has moved to");
    assert_eq!(deploy.snapshot(), before);
    assert!(elsewhere.seen().is_empty(), "{:#?}", elsewhere.seen());
}

// --- the user's settings (safety, 0.4 and 4.3)

#[test]
fn no_setting_of_the_user_and_no_name_in_the_clone_changes_what_is_pushed() {
    let deploy = ready(remotes().over_open_http().without_pages());
    let (candidate, trap) = (deploy.nth(5).to_owned(), deploy.nth(6).to_owned());
    let settings = [
        ("push.followTags", "true"),
        ("push.gpgSign", "true"),
        ("push.pushOption", "force-rebuild"),
        ("push.default", "matching"),
        ("push.recurseSubmodules", "on-demand"),
        ("push.useForceIfIncludes", "true"),
        ("push.autoSetupRemote", "true"),
        ("remote.pushDefault", "staging"),
        ("remote.production.mirror", "true"),
        ("remote.production.push", "+refs/*:refs/*"),
        ("remote.production.prune", "true"),
        ("fetch.prune", "true"),
        ("fetch.pruneTags", "true"),
        ("color.ui", "always"),
        ("color.push", "always"),
        ("submodule.recurse", "true"),
        ("core.abbrev", "4"),
        ("log.showSignature", "true"),
        ("core.hooksPath", deploy.path("hooks").to_str().unwrap()),
        (
            "core.fsmonitor",
            deploy.path("hooks/fsmonitor").to_str().unwrap(),
        ),
        ("alias.push", "!false"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()));
    for (key, value) in &settings {
        deploy.git(&deploy.work, &["config", key, value]);
    }
    let marks = [
        "pre-push",
        "reference-transaction",
        "post-checkout",
        "fsmonitor",
    ];
    for hook in marks {
        let ran = deploy.path(format!("{hook}.ran"));
        deploy.executable(
            format!("hooks/{hook}"),
            &format!("touch '{}'; exit 1", ran.display()),
        );
    }
    let ours = [
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
    ];
    let git = |args: &[&str]| deploy.git(&deploy.work, &[&ours[..], args].concat());
    git(&["tag", "-a", "v2", "-m", "a tag that follows", &candidate]);
    git(&["update-ref", &format!("refs/replace/{candidate}"), &trap]);
    for name in [candidate.as_str(), &candidate[..7], &candidate[..8]] {
        for place in ["tags", "heads", "remotes"] {
            git(&["update-ref", &format!("refs/{place}/{name}"), &trap]);
        }
    }
    git(&["update-ref", "refs/tags/production", &trap]);
    git(&["update-ref", "refs/heads/production", &trap]);

    let before = deploy.snapshot();
    // By its abbreviation, which here is also the name of a branch and a tag of another commit.
    let run = deploy.smp(&[
        "promote",
        "--yes",
        "--commit",
        &candidate[..7],
        "--timeout",
        "20",
    ]);
    run.ok().says("production runs ");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
    assert_eq!(deploy.http().pushes(&deploy.staging), 0);
    for hook in marks {
        assert!(!deploy.path(format!("{hook}.ran")).exists(), "{hook} ran");
    }
}

// Safety 0.6: misleading branch names on the remote do not redirect the push.
#[test]
fn branches_of_the_host_with_misleading_names_stay_where_they_are() {
    let deploy = host();
    let (repository, branch) = deploy.deployed_by(&deploy.production);
    let short = branch.trim_start_matches("refs/heads/");
    for start in ["tags", "heads/x", "heads/heads", "tags/heads"] {
        let name = format!("refs/{start}/{short}");
        deploy.git(&repository, &["update-ref", &name, deploy.nth(1)]);
    }
    let before = deploy.snapshot();
    promote(&deploy, &[]).ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

// Safety 0.6, "a denial of service": git then certainly pushes nothing.
#[test]
fn a_host_whose_branch_cannot_be_named_is_sent_nothing() {
    let deploy = host();
    let (repository, branch) = deploy.deployed_by(&deploy.production);
    // A branch or a tag whose own name is the full name of the branch.
    for kind in ["heads", "tags"] {
        let trap = format!("refs/{kind}/{branch}");
        deploy.git(&repository, &["update-ref", &trap, deploy.nth(1)]);
        let before = deploy.snapshot();
        let run = promote(&deploy, &[]);
        run.exits(1)
            .says("nothing was sent to production")
            .says("matches more than one")
            .says("list the branches and tags whose names contain refs/heads/, and rename them: git ls-remote ");
        assert_eq!(deploy.snapshot(), before);
        let list = ["ls-remote", ".", "refs/*/refs/heads/*"];
        let found = deploy.git(&repository, &list);
        assert!(found.ends_with(&trap), "{found}");
        deploy.git(&repository, &["update-ref", "-d", &trap]);
    }
    promote(&deploy, &[]).ok();
}

/// Returns a copy of production that is no deploy target.
fn elsewhere(deploy: &Deploy) -> PathBuf {
    let other = deploy.bare("elsewhere");
    deploy.git(
        &deploy.production,
        &["push", "-q", other.to_str().unwrap(), "master"],
    );
    other
}

// Safety 4.4, "two pushurls"
#[test]
fn a_remote_with_two_addresses_to_push_to_is_refused() {
    let deploy = ready(remotes());
    let other = elsewhere(&deploy);
    let before = deploy.snapshot();
    for url in [deploy.urls()[2], other.to_str().unwrap()] {
        deploy.in_clone(&format!("config --add remote.production.pushurl {url}"));
    }
    promote(&deploy, &[])
        .exits(2)
        .says("error: ")
        .says("because: ")
        .says("hint: ");
    deploy.in_clone("config --unset-all remote.production.pushurl");
    deploy.git(
        &deploy.work,
        &[
            "config",
            "--add",
            "remote.production.url",
            other.to_str().unwrap(),
        ],
    );
    promote(&deploy, &[])
        .exits(2)
        .says("error: ")
        .says("because: ")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_remote_whose_pushes_go_elsewhere_is_refused() {
    let deploy = ready(remotes());
    let other = elsewhere(&deploy);
    let before = deploy.snapshot();
    deploy.git(
        &deploy.work,
        &[
            "config",
            "remote.production.pushurl",
            other.to_str().unwrap(),
        ],
    );
    promote(&deploy, &[])
        .exits(2)
        .says("the remote production is not the one in smp.toml")
        .says("hint: ");
    deploy.in_clone("config --unset remote.production.pushurl");
    deploy.git(
        &deploy.work,
        &["config", "remote.production.url", other.to_str().unwrap()],
    );
    promote(&deploy, &[])
        .exits(2)
        .says("the remote production is not the one in smp.toml")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn an_address_that_the_user_rewrites_is_shown_in_the_plan() {
    for key in sample(1, ["insteadOf", "pushInsteadOf"]) {
        let deploy = ready(remotes());
        let other = elsewhere(&deploy);
        deploy.configure(&format!("url.{}.{key}", other.display()), deploy.urls()[2]);
        let told = format!(
            "warning: pushes to production go to {}, because of your own url.insteadOf",
            other.display()
        );
        deploy.smp(&["promote", "-n"]).ok().says(&told);
    }
}

// --- signals (safety, 4.5)

/// Returns a world over HTTP whose host holds a push in its build.
fn building() -> (Deploy, Gate) {
    let deploy = host();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    (deploy, gate)
}

const CANNOT_BE_CALLED_BACK: &str =
    "the push cannot be stopped; waiting for it. Press Ctrl-C again to leave it running";

/// Presses Ctrl-C until the program ends.
#[track_caller]
pub fn insists(terminal: &mut Terminal) {
    let deadline = Instant::now() + PATIENCE;
    while terminal.is_running() {
        assert!(
            Instant::now() < deadline,
            "it does not leave: {}",
            terminal.screen()
        );
        terminal.ctrl_c();
        // A terminal discards unread input at Ctrl-C, so the last words need time to be read.
        let again = Instant::now() + Duration::from_secs(3);
        while terminal.is_running() && Instant::now() < again {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn the_first_ctrl_c_waits_for_the_push_which_cannot_be_called_back() {
    let (deploy, gate) = building();
    let before = deploy.snapshot();
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    gate.reached();
    terminal.ctrl_c().sees(CANNOT_BE_CALLED_BACK);
    assert!(terminal.is_running());
    gate.open();
    terminal.ends().ok().says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn one_ctrl_c_is_one_though_git_passes_it_on_as_well() {
    let (deploy, gate) = building();
    let before = deploy.snapshot();
    let mut terminal = deploy
        .runner()
        .env("NO_COLOR", "1")
        .terminal(&scripted(&deploy, &[]));
    gate.reached();
    terminal.ctrl_c().sees(CANNOT_BE_CALLED_BACK);
    gate.open();
    // git itself dies of the signal after its child; the child's result counts.
    terminal
        .ends()
        .says("done: production runs")
        .never_shows("interrupted while");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn ctrl_c_during_the_push_still_takes_a_page_that_is_live_for_live() {
    let deploy = ready(World::deploy_like().over_open_http());
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    gate.reached();
    terminal.ctrl_c().sees(CANNOT_BE_CALLED_BACK);
    gate.open();
    terminal.ends().ok().says("done: production runs");
}

// F-KILL-2
#[test]
fn the_second_ctrl_c_leaves_the_push_to_the_host_and_the_next_run_goes_on() {
    let (deploy, gate) = building();
    let before = deploy.snapshot();
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    gate.reached();
    terminal.ctrl_c().sees(CANNOT_BE_CALLED_BACK);
    insists(&mut terminal);
    terminal
        .ends()
        .exits(4)
        .says("error: interrupted while")
        .says("because: ")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
    // During the build a second push would start a second build.
    promote(&deploy, &["--timeout", "1"])
        .exits(4)
        .says("its result is unknown");
    gate.open();
    comes_to(&deploy, &deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn ctrl_c_while_waiting_for_the_page_leaves_and_says_how_to_go_on() {
    let deploy = ready(World::deploy_like());
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    terminal.sees("waiting for production").ctrl_c();
    terminal
        .ends()
        .exits(4)
        .says("interrupted before production reported")
        .says("hint: to continue");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

// F-KILL-3
#[test]
fn a_push_whose_program_was_killed_is_not_doubled() {
    let (deploy, gate) = building();
    let mut run = begin(&deploy, &[]);
    gate.reached();
    run.signal(Signal::KILL);
    run.finish().exits(128 + 9);
    let again = promote(&deploy, &["--timeout", "1"]);
    again
        .exits(4)
        .says("its result is unknown")
        .says("a second push would start a second build")
        .says("hint: ");
    assert_eq!(refusal(&deploy), "push-in-flight");
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
    let patient = begin(&deploy, &[]);
    patient.says("has no known result; waiting for it");
    gate.open();
    patient.finish().ok();
    comes_to(&deploy, &deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
    // The release hook runs after the ref moved.
    let deadline = Instant::now() + PATIENCE;
    while deploy.deploys(&deploy.production).len() < 2 {
        assert!(Instant::now() < deadline, "it is never released");
        std::thread::sleep(Duration::from_millis(20));
    }
    deploy.ran([2, 5]);
}

/// On each topology, with and without a record.
#[test]
fn a_push_whose_program_was_killed_starts_one_build_on_either_topology() {
    let variants = TOPOLOGIES.map(|topology| ["", "[record]\n"].map(|more| (topology, more)));
    for (topology, more) in sample(2, variants.into_iter().flatten()) {
        let world = World::deploy_like().on(topology).without_pages();
        let deploy = ready(world.toml(more));
        if !more.is_empty() {
            deploy.smp(&["propose", "--yes"]).ok();
            deploy.smp(&["signoff"]).ok();
        }
        let (repository, branch) = deploy.deployed_by(&deploy.production);
        let (gate, builds) = (Gate::new(&deploy, "build"), deploy.path("builds"));
        let script = format!(
            "while read -r old new ref; do [ \"$ref\" != {branch} ] || {{ echo built >>'{}'; {}; }}; done",
            builds.display(),
            gate.line()
        );
        deploy.hook(&repository, "pre-receive", &script);
        let mut run = begin(&deploy, &[]);
        gate.reached();
        run.signal(Signal::KILL);
        run.finish().exits(128 + 9);
        promote(&deploy, &["--timeout", "1"])
            .exits(4)
            .says("its result is unknown")
            .says("a second push would start a second build");
        assert_eq!(refusal(&deploy), "push-in-flight", "{topology:?} {more}");
        let patient = begin(&deploy, &[]);
        patient.says("has no known result; waiting for it");
        gate.open();
        patient.finish().ok();
        comes_to(&deploy, &deploy.production, deploy.nth(5));
        let built = std::fs::read_to_string(&builds).unwrap();
        assert_eq!(built, "built\n", "{topology:?} {more}");
    }
}

// F-KILL-1, "terminal closed"
#[test]
fn a_push_whose_terminal_was_closed_goes_on_and_is_not_doubled() {
    let (deploy, gate) = building();
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    gate.reached();
    terminal.closes();
    assert_ne!(terminal.ends().code, 0);
    assert_eq!(refusal(&deploy), "push-in-flight");
    gate.open();
    comes_to(&deploy, &deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
}
