//! Hosts that decline a push: their words are the reason, nothing was changed, and the next push may follow at once.

use std::time::Duration;

use crate::promote::{begin, deployed_once, person, promote, ready, refusal, scripted};
use crate::record::{bens_clone, promotes};
use crate::sample::sample;
use crate::support::{Deploy, Fault, GitHttp, Rule, Run, Transcript, World};

const RECEIVE: &str = "production.git/git-receive-pack";
const RECORD: &str = "[record]\nsignoff = false\n";
/// The time limit for the report, however long the wait for a host may be.
const AT_ONCE: Duration = Duration::from_secs(20);

/// Returns a world whose host can fail, where the branch is the running commit.
fn host() -> Deploy {
    ready(World::deploy_like().over_open_http().without_pages())
}

/// Promotes with a long timeout, and asserts that it ends at once.
#[track_caller]
fn told_at_once(deploy: &Deploy) -> Run {
    deploy
        .runner()
        .limit(AT_ONCE)
        .smp(&scripted(deploy, &["--timeout", "300"]))
}

/// Asserts that the clone has no note that would delay the next push.
#[track_caller]
fn leaves_no_note(deploy: &Deploy) {
    assert!(!deploy.work.join(".git/smp/in-flight-production").exists());
}

// --- the answer to the push itself (gitea#32839)

const ANSWERS: [(u16, &str); 11] = [
    (302, "redirects pushes to another address"),
    (303, "redirects pushes to another address"),
    (401, "does not know who you are"),
    (403, "does not allow you to push"),
    (404, "no such repository"),
    (409, "its host is busy"),
    (413, "accepts no push of that size"),
    (422, "declined the push"),
    (429, "its host is busy"),
    (307, "redirects pushes to another address"),
    (308, "redirects pushes to another address"),
];

#[test]
fn a_push_that_is_turned_away_changed_nothing_and_is_told_so_at_once() {
    let deploy = host();
    let before = deploy.snapshot();
    for (status, words) in sample(4, ANSWERS) {
        deploy
            .http()
            .fault(Rule::post(RECEIVE, Fault::Status(status)).times(1000));
        let run = told_at_once(&deploy);
        run.exits(1)
            .says("error: production did not accept")
            .says(words)
            .says(&format!("HTTP {status}"));
        run.says("nothing was changed")
            .says(" git smp promote production --timeout 300\n")
            .never_shows("cannot tell");
        assert_eq!(deploy.snapshot(), before);
        leaves_no_note(&deploy);
        deploy.http().heal();
    }
    promote(&deploy, &[]).ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn a_push_that_is_turned_away_leaves_no_announcement_and_a_colleague_goes_on() {
    let deploy = ready(World::deploy_like().over_open_http().toml(RECORD));
    deploy
        .http()
        .fault(Rule::post(RECEIVE, Fault::Status(413)).times(1000));
    told_at_once(&deploy)
        .exits(1)
        .says("accepts no push of that size");
    let chain = deploy.chain();
    assert_eq!(
        (
            chain.count("promoting"),
            chain.count("ended"),
            chain.count("promoted")
        ),
        (1, 1, 0)
    );
    assert!(chain.state["deploying"].is_null());
    deploy.http().heal();
    let ben = bens_clone(&deploy);
    deploy
        .runner()
        .cwd(&ben)
        .smp(&scripted(&deploy, &[]))
        .ok()
        .says("done: on record");
}

#[test]
fn an_event_that_the_main_repository_turns_away_is_told_so_at_once_and_nothing_is_pushed() {
    let deploy = ready(
        World::deploy_like()
            .over_open_http()
            .main_over_http()
            .toml(RECORD),
    );
    let before = deploy.snapshot();
    deploy
        .http()
        .fault(Rule::post("main.git/git-receive-pack", Fault::Status(403)).times(1000));
    let run = told_at_once(&deploy);
    run.exits(1)
        .says("error: the record cannot be written to")
        .says("HTTP 403");
    assert_eq!(deploy.snapshot(), before);
    deploy.http().heal();
    promotes(&deploy, &[]).ok().says("done: on record");
}

#[test]
fn a_push_too_large_for_its_host_is_told_so_whether_it_goes_in_one_piece_or_in_many() {
    let deploy = host();
    // This push exceeds one request, so git sends an empty one first.
    deploy.configure("http.postBuffer", "65536");
    let mut noise = 1_u64;
    let mut letter = || {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from(noise >> 60).unwrap())
    };
    let large: String = (0..400_000).map(|_| letter()).collect();
    let commit = deploy.commit_files(&deploy.team, "Add a map", &[("map", &large)]);
    deploy.colleague_pushes(&deploy.main, &commit);
    deploy.colleague_pushes(&deploy.staging, &commit);
    for fault in sample(
        1,
        [
            Rule::post(RECEIVE, Fault::Status(413)),
            Rule::post(RECEIVE, Fault::Status(413)).times(1000),
        ],
    ) {
        deploy.http().fault(fault);
        let run = deploy.runner().limit(AT_ONCE).smp(&[
            "promote",
            "--yes",
            "--commit",
            &commit,
            "--timeout",
            "300",
        ]);
        run.exits(1)
            .says("accepts no push of that size")
            .never_shows("cannot tell");
        leaves_no_note(&deploy);
    }
    deploy.http().heal();
    deploy
        .smp(&["promote", "--yes", "--commit", &commit, "--timeout", "20"])
        .ok();
}

#[test]
fn a_push_that_is_sent_on_goes_nowhere_else() {
    for status in sample(2, [301, 307, 308]) {
        let deploy = host();
        let elsewhere = GitHttp::open_to_all(&deploy);
        let to = elsewhere.url(&deploy.path(RECEIVE));
        let before = deploy.snapshot();
        deploy
            .http()
            .fault(Rule::post(RECEIVE, Fault::Moved(status, to)).times(1000));
        told_at_once(&deploy)
            .exits(1)
            .says("redirects pushes")
            .says("environments.production.url")
            .says("then: git smp setup\nhint: then: git smp promote");
        assert!(elsewhere.seen().is_empty(), "{:#?}", elsewhere.seen());
        assert_eq!(deploy.snapshot(), before);
        leaves_no_note(&deploy);
    }
}

// A proxy's timeout says nothing about the host behind it.
#[test]
fn a_push_that_took_too_long_for_a_proxy_may_have_arrived() {
    let deploy = host();
    let waited = Rule::post(RECEIVE, Fault::Status(408));
    deploy.http().fault(waited.times(1000));
    promote(&deploy, &["--timeout", "1"])
        .exits(4)
        .says("the result of the push");
    assert_eq!(refusal(&deploy), "push-in-flight");
}

/// The main repository's answers that decline an event: to which of git's two requests, the status, and the messages.
const RECORD_ANSWERS: [(bool, u16, &[&str]); 9] = [
    (
        true,
        401,
        &[
            "does not know who you are",
            "hint: log in to http://127.0.0.1:",
        ],
    ),
    (
        true,
        403,
        &["HTTP 403", "hint: ask for permission to push there"],
    ),
    (
        true,
        413,
        &[
            "accepts no push of that size",
            "hint: ask for a higher limit there",
        ],
    ),
    (true, 429, &["its host is busy", "hint: wait a little"]),
    (
        true,
        307,
        &[
            "it leads to https://git.example.com/new.git",
            "hint: set repository.url in smp.toml",
        ],
    ),
    (
        true,
        302,
        &[
            "it leads to https://git.example.com/new.git",
            "hint: log in at the address that it redirects to",
        ],
    ),
    (
        false,
        403,
        &["error: 403", "hint: ask for permission to push to upstream"],
    ),
    (
        false,
        307,
        &[
            "has moved to https://git.example.com/new.git",
            "its address is in repository.url in smp.toml",
        ],
    ),
    (
        false,
        404,
        &[
            "not found",
            "git push --dry-run --no-verify upstream HEAD:refs/smp/test\nhint: then: git smp setup",
        ],
    ),
];

#[test]
fn an_event_that_is_turned_away_is_told_with_its_own_reason_and_a_hint_that_fits_it() {
    let deploy = ready(
        World::deploy_like()
            .over_open_http()
            .main_over_http()
            .toml(RECORD),
    );
    let before = deploy.snapshot();
    for (is_post, status, words) in sample(3, RECORD_ANSWERS) {
        let fault = match status {
            302 | 307 => {
                let new = "https://git.example.com/new.git/info/refs?service=git-receive-pack";
                Fault::Moved(status, new.to_owned())
            }
            _ => Fault::Status(status),
        };
        let rule = if is_post {
            Rule::post("main.git/git-receive-pack", fault)
        } else {
            Rule::get("main.git/info/refs?service=git-receive-pack", fault)
        };
        deploy.http().fault(rule.times(1000));
        let run = told_at_once(&deploy);
        run.exits(1)
            .says("error: the record cannot be written to")
            .never_shows("smp-record");
        for words in words {
            run.says(words);
        }
        deploy.http().heal();
    }
    assert_eq!(deploy.snapshot(), before);
}

// --- the host's answer before anything is sent, where reading is allowed

#[test]
fn a_host_that_shuts_its_door_to_pushes_is_told_with_what_opens_it_and_the_same_command() {
    let door = "production.git/info/refs?service=git-receive-pack";
    let dry = "git push --dry-run --no-verify production HEAD:refs/smp/test";
    let again = "git smp promote production";
    for (status, words) in sample(
        2,
        [
            (401, "log in to http://127.0.0.1:"),
            (403, "ask for permission to push to production"),
            (404, dry),
        ],
    ) {
        let deploy = host();
        let before = deploy.snapshot();
        deploy
            .http()
            .fault(Rule::get(door, Fault::Status(status)).times(1000));
        let run = promote(&deploy, &["--summary", "a b"]);
        assert_eq!(deploy.snapshot(), before);
        assert_eq!(deploy.http().pushes(&deploy.production), 0);
        run.exits(1)
            .says("error: nothing was sent to production")
            .says(words)
            .never_shows("ls-remote");
        let hint = run.stderr.rsplit("hint: ").next().unwrap();
        assert!(
            hint.contains(again) && hint.contains("--summary 'a b'"),
            "{hint}"
        );
        if words == dry {
            // It makes the same request as a push, so it fails like the push.
            let tried = deploy.runner().program("sh", &["-c", dry]);
            assert_eq!(tried.code, 128, "{tried}");
            deploy.http().heal();
            deploy.runner().program("sh", &["-c", dry]).ok();
            assert_eq!(deploy.http().pushes(&deploy.production), 0);
            promote(&deploy, &[]).ok();
            assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
        }
        leaves_no_note(&deploy);
    }
}

#[test]
fn a_host_that_sends_those_on_who_push_is_told_with_the_new_address() {
    let door = "production.git/info/refs?service=git-receive-pack";
    for status in sample(2, [301, 302, 307, 308]) {
        let deploy = host();
        let elsewhere = GitHttp::open_to_all(&deploy);
        let address = elsewhere.url(&deploy.path("new.git"));
        let to = format!("{address}/info/refs?service=git-receive-pack");
        deploy
            .http()
            .fault(Rule::get(door, Fault::Moved(status, to)).times(1000));
        let run = promote(&deploy, &["--summary", "a b"]);
        run.exits(1)
            .says("error: nothing was sent to production")
            .says(&format!("the remote production has moved to {address}"))
            .says(&format!("its host answers {status}"))
            .says("its address is in environments.production.url in smp.toml");
        let mend = format!(
            "git remote set-url production {address}\nhint: then: git smp setup\nhint: then: git smp promote"
        );
        run.says(&mend).says("--summary 'a b'");
        assert!(elsewhere.seen().is_empty(), "{:#?}", elsewhere.seen());
        leaves_no_note(&deploy);
    }
}

#[test]
fn a_push_that_is_turned_away_by_a_host_that_cannot_be_read_any_more_is_told_so_at_once() {
    let deploy = host();
    // The checks before the push are finished when git asks for the branch.
    let late = Fault::Delay(Duration::from_secs(2));
    deploy.http().fault(Rule::get(
        "production.git/info/refs?service=git-receive-pack",
        late.clone(),
    ));
    let run = begin(&deploy, &["--timeout", "300"]);
    deploy
        .http()
        .sees(|seen| seen.fault.as_ref() == Some(&late));
    deploy.http().fault(
        Rule::any(
            "production.git/info/refs?service=git-upload-pack",
            Fault::Status(403),
        )
        .times(1000),
    );
    deploy
        .http()
        .fault(Rule::post(RECEIVE, Fault::Status(403)).times(1000));
    let run = run.finish();
    run.exits(1)
        .says("does not allow you to push")
        .says("its branch cannot be read now")
        .never_shows("branch of production is still at");
    leaves_no_note(&deploy);
}

#[test]
fn a_push_that_arrived_before_it_was_turned_away_arrived() {
    let deploy = host();
    let before = deploy.snapshot();
    // The transport repeats the request, and the second one is declined.
    deploy
        .http()
        .fault(Rule::post(RECEIVE, Fault::DropResponse));
    deploy
        .http()
        .fault(Rule::post(RECEIVE, Fault::Status(403)).times(1000));
    promote(&deploy, &[]).ok().says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

// --- the reason in parentheses (RSBot-API#1113)

#[test]
fn a_work_tree_on_the_host_with_changes_in_it_is_the_reason_and_no_build_failed() {
    let deploy = ready(World::deploy_like());
    let tree = deploy.path("htdocs");
    std::fs::create_dir(&tree).unwrap();
    let production = &deploy.production;
    deploy.git(production, &["config", "core.bare", "false"]);
    deploy.git(
        production,
        &["config", "core.worktree", tree.to_str().unwrap()],
    );
    deploy.git(
        production,
        &["config", "receive.denyCurrentBranch", "updateInstead"],
    );
    deploy.git(production, &["reset", "-q", "--hard"]);
    let file = std::fs::read_dir(&tree)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_file())
        .unwrap();
    std::fs::write(file, "changed on the host\n").unwrap();
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("error: production declined")
        .never_shows("the build failed");
    run.says("because: its host says: Working directory has unstaged changes");
    run.says("hint: correct that on the host, then: git smp promote production");
}

#[test]
fn a_limit_of_the_host_is_the_reason() {
    let deploy = ready(World::deploy_like());
    deploy.git(
        &deploy.production,
        &["config", "receive.maxInputSize", "20"],
    );
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("error: production declined")
        .never_shows("the build failed");
    run.says("its host says: unpacker error")
        .says("exceeds maximum allowed size");
}

#[test]
fn a_ref_that_the_host_hides_is_the_reason() {
    let deploy = ready(World::deploy_like());
    deploy.git(
        &deploy.production,
        &["config", "receive.hideRefs", "refs/heads/master"],
    );
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("production")
        .never_shows("the build failed")
        .says("git says: stale info");
}

#[test]
fn a_lock_that_was_left_on_the_host_is_the_reason() {
    let deploy = ready(World::deploy_like());
    std::fs::write(deploy.production.join("refs/heads/master.lock"), "").unwrap();
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("its host says: failed to update ref")
        .says("because: its host says: cannot lock ref")
        .says("master.lock': File exists")
        .never_shows("its host says: are terminated then try again")
        .never_shows("the build failed");
}

#[test]
fn a_hook_that_says_nothing_is_not_said_to_have_spoken() {
    for hook in sample(1, ["pre-receive", "update"]) {
        let deploy = ready(World::deploy_like());
        deploy.hook(&deploy.production, hook, "cat >/dev/null; exit 1");
        promote(&deploy, &[])
            .exits(1)
            .says("its host said nothing else")
            .never_shows("the host's output is above");
    }
}

#[test]
fn a_hook_that_says_no_is_quoted_with_its_last_words() {
    let deploy = ready(World::deploy_like());
    let hook = "cat >/dev/null; echo 'one'; echo 'two'; echo '-----> Installing'; printf ' !     \\033[31mNo \\033[1mGemfile\\033[0m\\n\\n'; exit 1";
    deploy.hook(&deploy.production, "pre-receive", hook);
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("the build failed, or a hook there declined it");
    run.says("because: its host says: Installing")
        .says("because: its host says: No \\x1b[1mGemfile\n");
    run.never_shows("its host says: one");
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null; exit 1");
    promote(&deploy, &[])
        .exits(1)
        .says("the build failed, or a hook there declined it")
        .never_shows("its host says");
    std::fs::remove_file(deploy.production.join("hooks/pre-receive")).unwrap();
    deploy.hook(
        &deploy.production,
        "update",
        "echo 'Only on weekdays'; exit 1",
    );
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("its host says: Only on weekdays")
        .never_shows("its host says: hook declined")
        .says("hint: correct the problem, then: git smp promote production")
        .says("hint: if the code is to blame, merge a correction, then: git smp stage");
}

#[test]
fn a_first_deploy_that_is_declined_leaves_a_branch_that_is_still_not_there() {
    let deploy = ready(World::deploy_like().without_pages());
    deploy.git(
        &deploy.production,
        &["update-ref", "-d", "refs/heads/master"],
    );
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null; exit 1");
    promote(&deploy, &[])
        .exits(1)
        .says("because: the branch of production is still not there")
        .never_shows("at not there");
}

// --- a busy host: SerenityOS/discord-bot#14, Scalingo/cli#333, dokku/dokku#3167

#[test]
fn a_host_that_does_something_else_is_busy_and_no_build_failed() {
    let busy: Vec<Transcript> = Transcript::all()
        .into_iter()
        .filter(|one| one.busy)
        .collect();
    assert!(busy.len() >= 4);
    let busy = sample(1, busy);
    for Transcript {
        name, says, text, ..
    } in busy
    {
        let deploy = ready(World::deploy_like().toml(RECORD));
        let before = deploy.deploys(&deploy.production);
        let hook = format!("cat >/dev/null\ncat <<'END_OF_WORDS'\n{text}END_OF_WORDS\nexit 1");
        deploy.hook(&deploy.production, "pre-receive", &hook);
        let run = told_at_once(&deploy);
        run.exits(1)
            .says("its host is busy with something else")
            .says(&says)
            .never_shows("failed,");
        run.says("nothing was changed")
            .says("hint: wait until that is done, then: git smp promote production");
        let because = run
            .stderr
            .lines()
            .any(|line| line.starts_with("because: its host says: ") && line.contains(&says));
        assert!(because, "{name}: {run}");
        let chain = deploy.chain();
        assert_eq!(
            (chain.count("promoting"), chain.count("ended")),
            (1, 1),
            "{name}"
        );
        assert_eq!(deploy.deploys(&deploy.production), before);
        leaves_no_note(&deploy);
        std::fs::remove_file(deploy.production.join("hooks/pre-receive")).unwrap();
        promotes(&deploy, &[]).ok().says("done: on record");
    }
}

#[test]
fn a_build_that_failed_after_it_had_waited_for_another_one_failed() {
    let deploy = ready(World::deploy_like());
    let hook = "cat >/dev/null; echo ' !     shop currently has a deploy lock in place. Waiting...'; echo ' !     No Gemfile'; exit 1";
    deploy.hook(&deploy.production, "pre-receive", hook);
    promote(&deploy, &[])
        .exits(1)
        .says("the build failed")
        .says("its host says: No Gemfile")
        .never_shows("is busy");
}

#[test]
fn a_person_at_a_busy_host_types_the_same_command_again() {
    let deploy = ready(World::deploy_like());
    let text = Transcript::named("dokku-busy").text;
    let hook = format!("cat >/dev/null\ncat <<'END_OF_WORDS'\n{text}END_OF_WORDS\nexit 1");
    deploy.hook(&deploy.production, "pre-receive", &hook);
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().exits(1).says("its host is busy");
    std::fs::remove_file(deploy.production.join("hooks/pre-receive")).unwrap();
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    terminal
        .ends()
        .ok()
        .says("done: production runs")
        .never_shows("its result is unknown");
}
