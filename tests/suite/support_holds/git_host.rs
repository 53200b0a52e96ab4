//! The git host serves, authenticates, streams, and fails on demand.

use std::io::Read;
use std::time::Duration;

use crate::support::{Deploy, Fault, Gate, Rule, Run, Running, World};

/// Starts a plain push of the third commit to production.
fn start_push(deploy: &Deploy) -> Running {
    let refspec = format!("{}:refs/heads/master", deploy.nth(3));
    deploy
        .runner()
        .start_program("git", &["push", "--porcelain", deploy.urls()[2], &refspec])
}

fn push(deploy: &Deploy) -> Run {
    start_push(deploy).finish()
}

fn production_with(rule: Rule) -> Deploy {
    let deploy = World::deploy_like().over_open_http().build();
    deploy.http().fault(rule);
    deploy
}

fn moved(deploy: &Deploy) -> bool {
    deploy.master(&deploy.production) == deploy.nth(3)
}

#[test]
fn it_serves_clones_and_pushes_to_an_account() {
    let deploy = World::deploy_like().over_http().build();
    push(&deploy).ok();
    assert!(moved(&deploy));
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
    assert_eq!(deploy.http().pushes(&deploy.staging), 0);
    let copy = deploy.clone_of(deploy.http().url(&deploy.production), "copy", "origin");
    assert_eq!(deploy.git(copy, &["rev-parse", "HEAD"]), deploy.nth(3));
    assert!(
        deploy.http().seen().iter().any(|seen| seen.status == 401),
        "git was never asked who it is"
    );
}

#[test]
fn it_lets_nobody_in_with_a_wrong_password() {
    let deploy = World::deploy_like().over_http().build();
    deploy.configure(
        "credential.helper",
        "!f() { echo username=ada; echo password=wrong; }; f",
    );
    push(&deploy).exits(128).says("Authentication failed");
    assert!(!moved(&deploy));
    assert_eq!(deploy.http().pushes(&deploy.production), 0);
}

#[test]
fn what_a_hook_says_arrives_while_the_hook_runs() {
    let deploy = World::deploy_like().over_http().build();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(
        &deploy.production,
        "pre-receive",
        &format!("echo '-----> Building'\n{}", gate.line()),
    );
    let mut push = start_push(&deploy);
    gate.reached();
    push.says("remote: -----> Building");
    assert!(push.is_running());
    gate.open();
    push.finish().ok().says("Released");
    assert!(moved(&deploy));
}

#[test]
fn a_client_that_goes_does_not_stop_the_deploy() {
    let deploy = World::deploy_like().over_open_http().build();
    let [building, released] = ["building", "released"].map(|name| Gate::new(&deploy, name));
    deploy.hook(
        &deploy.production,
        "pre-receive",
        &format!("echo starts\n{}\nseq 1 20000", building.line()),
    );
    deploy.hook(&deploy.production, "post-receive", &released.line());
    let mut push = start_push(&deploy);
    building.reached();
    push.signal_group(rustix::process::Signal::KILL);
    push.finish().exits(137);
    assert!(!moved(&deploy));
    building.open();
    released.reached();
    assert!(moved(&deploy));
}

#[test]
fn a_build_that_fails_is_counted_as_declined() {
    let deploy = World::deploy_like().over_open_http().build();
    deploy.hook(
        &deploy.production,
        "pre-receive",
        "echo 'no such module' >&2; exit 1",
    );
    push(&deploy)
        .exits(1)
        .says("no such module")
        .prints_among("pre-receive hook declined");
    assert_eq!(
        (
            deploy.http().pushes(&deploy.production),
            deploy.http().declined(&deploy.production)
        ),
        (1, 1)
    );
}

#[test]
fn a_large_push_in_chunks_arrives() {
    let deploy = World::deploy_like().over_http().build();
    deploy.configure("http.postBuffer", "65536");
    let mut noise = vec![0; 300_000];
    std::fs::File::open("/dev/urandom")
        .unwrap()
        .read_exact(&mut noise)
        .unwrap();
    std::fs::write(deploy.team.join("noise"), noise).unwrap();
    let hash = deploy.commit(&deploy.team, "Add noise");
    let refspec = format!("{hash}:refs/heads/noise");
    deploy.git(&deploy.team, &["push", "-q", deploy.urls()[2], &refspec]);
    assert_eq!(deploy.refs(&deploy.production)["refs/heads/noise"], hash);
    assert!(
        deploy
            .http()
            .seen()
            .iter()
            .any(|seen| seen.is_push() && seen.has("Transfer-Encoding", "chunked"))
    );
}

#[test]
fn a_compressed_request_arrives() {
    let deploy = World::deploy_like().over_open_http().build();
    // A fetch sends the client's commits, in a body that git compresses above 1 KiB.
    let own = deploy.repository("other");
    let stream = (1..=60).map(|number| {
        format!(
            "commit refs/heads/main\ncommitter A <a@example.com> {number} +0000\ndata 1\n{}\n",
            number % 10
        )
    });
    deploy
        .runner()
        .cwd(&own)
        .stdin(stream.collect::<String>())
        .program("git", &["fast-import", "--quiet"])
        .ok();
    deploy.git(&own, &["fetch", "-q", deploy.urls()[1], "master"]);
    assert_eq!(
        deploy.git(&own, &["rev-parse", "FETCH_HEAD"]),
        deploy.nth(5)
    );
    assert!(
        deploy
            .http()
            .seen()
            .iter()
            .any(|seen| seen.method == "POST" && seen.has("Content-Encoding", "gzip"))
    );
}

#[test]
fn a_dropped_response_leaves_the_ref_moved_although_git_failed() {
    let deploy = production_with(Rule::post("git-receive-pack", Fault::DropResponse).times(2));
    let run = push(&deploy);
    assert_ne!(run.code, 0, "{run}");
    assert!(moved(&deploy));
}

#[test]
fn a_dropped_request_never_reaches_git() {
    let deploy = production_with(Rule::post("git-receive-pack", Fault::DropRequest(10)).times(9));
    let run = push(&deploy);
    assert_ne!(run.code, 0, "{run}");
    assert!(!moved(&deploy));
    assert!(deploy.http().pushes(&deploy.production) >= 1);
}

#[test]
fn a_push_without_a_report_fails_and_yet_moves_the_ref() {
    let deploy = production_with(Rule::post("git-receive-pack", Fault::NoReport));
    push(&deploy)
        .exits(1)
        .says("the remote end hung up unexpectedly");
    assert!(moved(&deploy));
}

#[test]
fn a_truncated_report_fails_and_yet_the_ref_moves() {
    let deploy = production_with(Rule::post("git-receive-pack", Fault::TruncateResponse(8)));
    let run = push(&deploy);
    assert_ne!(run.code, 0, "{run}");
    assert!(moved(&deploy));
    assert_eq!(deploy.http().pushes(&deploy.production), 1);
}

#[test]
fn a_status_is_what_git_names_and_only_as_often_as_asked() {
    let deploy = production_with(Rule::get("service=git-receive-pack", Fault::Status(503)));
    push(&deploy).exits(128).says("503");
    assert!(!moved(&deploy));
    push(&deploy).ok();
    assert!(moved(&deploy));
}

#[test]
fn a_fault_for_another_repository_hits_nobody_here() {
    let deploy = production_with(Rule::any("/staging.git/", Fault::Status(503)));
    push(&deploy).ok();
    assert!(deploy.http().seen().iter().all(|seen| seen.fault.is_none()));
}

#[test]
fn a_redirect_leads_to_another_host() {
    let deploy = World::deploy_like().over_open_http().build();
    deploy.http().fault(Rule::get(
        "/production.git/info/refs",
        Fault::Redirect(deploy.web.other_host("")),
    ));
    push(&deploy).exits(128);
    assert_eq!(deploy.web.asked_for("/production.git/info/refs").len(), 1);
}

#[test]
fn a_delay_passes_and_the_push_arrives() {
    let delay = Duration::from_millis(300);
    let deploy = production_with(Rule::post("git-receive-pack", Fault::Delay(delay)));
    let start = std::time::Instant::now();
    push(&deploy).ok();
    assert!(start.elapsed() >= delay);
    assert!(moved(&deploy));
}

#[test]
fn a_hanging_host_hangs_until_the_client_gives_up() {
    let deploy = production_with(Rule::post("git-receive-pack", Fault::Hang));
    let mut push = start_push(&deploy);
    deploy.http().sees(|seen| seen.fault == Some(Fault::Hang));
    assert!(push.is_running());
    push.signal_group(rustix::process::Signal::KILL);
    push.finish().exits(137);
    assert!(!moved(&deploy));
}
