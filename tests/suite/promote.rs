//! Promotions from plan to end: what ships, what is refused, and the name of each end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Deploy, DeployBuilder, Fault, Gate, PATIENCE, Page, Rule, Run, Runner, Running, Snapshot,
    Topology, World, topologies,
};

/// Builds the world, with setup and agreement.
#[track_caller]
pub fn ready(builder: DeployBuilder) -> Deploy {
    builder.ready()
}

/// Returns a script's command line: it confirms exactly staging's commit, and waits briefly.
pub fn scripted<'a>(deploy: &'a Deploy, more: &[&'a str]) -> Vec<&'a str> {
    let patience: &[&str] = if more.contains(&"--timeout") {
        &[]
    } else {
        &["--timeout", "20"]
    };
    [
        &["promote", "--yes", "--commit", deploy.nth(5)],
        patience,
        more,
    ]
    .concat()
}

/// Returns a runner for a person at a terminal, with plain text.
pub fn person(deploy: &Deploy) -> Runner<'_> {
    deploy.runner().directly().env("NO_COLOR", "1")
}

/// Promotes like a script, to the end.
#[track_caller]
pub fn promote(deploy: &Deploy, more: &[&str]) -> Run {
    deploy.smp(&scripted(deploy, more))
}

/// Begins a promotion like a script.
#[track_caller]
pub fn begin(deploy: &Deploy, more: &[&str]) -> Running {
    deploy.runner().directly().start(&scripted(deploy, more))
}

/// Returns the snapshot after exactly one deploy of staging's commit to production, and no other change.
pub fn deployed_once(deploy: &Deploy, before: &Snapshot) -> Snapshot {
    let mut after = before.clone();
    *deploy.branch_in(&mut after, &deploy.production) = deploy.nth(5).into();
    let production = after.get_mut("production.git").unwrap();
    production
        .get_mut("deploys")
        .unwrap()
        .push_str(&format!("{}\n", deploy.nth(5)));
    after
}

/// Waits until a repository's master is at this commit.
#[track_caller]
pub fn comes_to(deploy: &Deploy, bare: &Path, hash: &str) {
    let deadline = Instant::now() + PATIENCE;
    while deploy.master(bare) != hash {
        assert!(
            Instant::now() < deadline,
            "{} never comes to {hash}",
            bare.display()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the refusal code of a dry run with `--json`.
#[track_caller]
pub fn refusal(deploy: &Deploy) -> Value {
    let run = deploy.smp(&["promote", "-n", "--json"]);
    run.exits(1).json()["refusal"]["code"].clone()
}

/// Returns every file of a clone but its objects and git smp's notes, byte for byte.
fn state(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with(".git/objects") && !path.ends_with(".git/smp") {
                folders.push(path);
            } else if path.is_file() {
                let content = std::fs::read(&path).unwrap();
                files.insert(path, content);
            }
        }
    }
    files
}

// --- what ships

#[test]
fn the_commit_that_staging_runs_comes_to_production_and_is_seen_to_run() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology));
        let before = deploy.snapshot();
        let run = promote(&deploy, &[]);
        run.ok()
            .says("This will")
            .says("-----> Building")
            .says("done: production runs")
            .prints("");
        assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
        assert_eq!(
            deploy.web.asked_for("/production").len(),
            3,
            "for the plan, before the push, and after it"
        );
    }
}

#[test]
fn over_http_one_push_with_the_users_credentials_deploys() {
    let deploy = ready(World::deploy_like().over_http());
    let before = deploy.snapshot();
    promote(&deploy, &[]).ok().never_shows("open-sesame");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
    assert_eq!(deploy.deploys(&deploy.staging), [deploy.nth(5)]);
}

#[test]
fn over_http_without_pages_one_push_deploys() {
    let deploy = ready(World::deploy_like().main_over_http().without_pages());
    let before = deploy.snapshot();
    promote(&deploy, &[]).ok().says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(
        deploy
            .http()
            .seen()
            .iter()
            .filter(|seen| seen.is_push())
            .count(),
        1
    );
}

// F-PUSH-7, the first deploy.
#[test]
fn the_first_deploy_makes_the_branch() {
    let deploy = ready(World::deploy_like().on(Topology::Remotes));
    deploy.git(
        &deploy.production,
        &["update-ref", "-d", "refs/heads/master"],
    );
    for file in ["deployed", "deploys"] {
        std::fs::remove_file(deploy.production.join(file)).unwrap();
    }
    promote(&deploy, &[])
        .ok()
        .says("nothing deployed yet")
        .says("(master must not exist yet)");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    deploy.ran([5]);
}

#[test]
fn the_clone_is_left_as_it_is_and_has_no_say() {
    let deploy = ready(World::deploy_like());
    let work = &deploy.work;
    let git = |args: &[&str]| deploy.git(work, args);
    git(&["tag", "-a", "v1", "-m", "a tag", deploy.nth(5)]);
    git(&["notes", "add", "-m", "a note", deploy.nth(5)]);
    git(&[
        "update-ref",
        "refs/remotes/production/master",
        deploy.nth(6),
    ]);
    git(&["update-ref", "refs/remotes/staging/master", deploy.nth(1)]);
    git(&["checkout", "-q", "-b", "other", deploy.nth(2)]);
    deploy.commit_files(work, "Local work", &[("deep/er/file", "one\n")]);
    git(&["branch", "-f", "master", deploy.nth(1)]);
    git(&["checkout", "-q", "--detach"]);
    std::fs::write(work.join("deep/er/file"), "staged\n").unwrap();
    git(&["add", "."]);
    std::fs::write(work.join("deep/er/file"), "and changed\n").unwrap();
    std::fs::write(work.join("untracked"), "new\n").unwrap();

    let (before, clone) = (deploy.snapshot(), state(work));
    deploy
        .runner()
        .cwd(work.join("deep/er"))
        .smp(&scripted(&deploy, &[]))
        .ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    let now = state(work);
    // Every push updates this ref, and git smp does not read it.
    let noted = |path: &Path| path.ends_with("refs/remotes/production/master");
    let differs = |path: &&PathBuf| clone.get(*path) != now.get(*path) && !noted(path);
    assert_eq!(
        clone
            .keys()
            .chain(now.keys())
            .filter(differs)
            .collect::<Vec<_>>(),
        Vec::<&PathBuf>::new()
    );
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let deploy = ready(World::deploy_like().over_open_http());
    promote(&deploy, &[]).ok();
    let before = deploy.snapshot();
    promote(&deploy, &[]).ok().says("nothing to promote");
    // Without anything to do there is no question, so no `--yes` is needed.
    deploy.smp(&["promote"]).ok().says("nothing to promote");
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
}

#[test]
fn a_dry_run_shows_the_plan_and_pushes_nothing() {
    let deploy = ready(World::deploy_like().over_open_http());
    let (before, asked) = (deploy.snapshot(), deploy.http().seen().len());
    let run = deploy.smp(&["promote", "-n"]);
    run.ok()
        .says("3 commits ahead")
        .says("Fix malformed view variable in MapItems (#425)")
        .prints("");
    run.says(&format!(
        "1. push {} to {} (",
        &deploy.nth(5)[..8],
        deploy.goes_to("production")
    ));
    run.says("2. wait until production reports ");
    deploy
        .smp(&["promote", "-n", "--yes", "--commit", deploy.nth(5)])
        .ok();
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(deploy.pushed_over_http(&deploy.production), 0);
    let asked_to_push = |path: &str| path.contains("receive-pack");
    assert!(
        deploy.http().seen()[asked..]
            .iter()
            .all(|seen| !asked_to_push(&seen.query) && !asked_to_push(&seen.path))
    );
}

#[test]
fn a_dry_run_for_scripts_says_it_all_in_json() {
    let deploy = ready(World::deploy_like());
    let before = deploy.snapshot();
    let ship = |number: usize, subject: &str, minute: &str, pull_request: u64| {
        json!({
            "commit": deploy.nth(number),
            "short": deploy.git(&deploy.work, &["rev-parse", "--short", deploy.nth(number)]),
            "subject": subject,
            "author": "Ada Example",
            "date": format!("2022-02-01T{minute}:00+00:00"),
            "pull_request": pull_request,
        })
    };
    let (new, old) = (&deploy.nth(5)[..8], &deploy.nth(2)[..8]);
    let goes_to = deploy.goes_to("production");
    let branch = goes_to.split(' ').next().unwrap();
    let run = deploy.smp(&["promote", "-n", "--json"]);
    let expected = json!({
        "schema": 1,
        "commit": deploy.nth(5),
        "targets": [{ "environment": "production", "from": deploy.nth(2), "relation": "ahead" }],
        "ships": [
            ship(5, "Fix malformed view variable in MapItems (#425)", "12:04", 425),
            ship(4, "Add translations to the floating UI (#424)", "12:03", 424),
            ship(3, "Keep the sidebar open on reload (#422)", "12:02", 422),
        ],
        "merges": 0,
        "steps": [
            { "step": "push", "detail": format!("push {new} to {goes_to} ({branch} must still be at {old})") },
            { "step": "wait", "detail": format!("wait until production reports {new}") },
        ],
        "refusal": null,
    });
    assert_eq!(run.ok().json(), expected);
    assert_eq!(deploy.snapshot(), before);
    deploy.smp(&["promote", "--json"]).exits(2);
}

// --- refusals, and their codes for scripts

#[track_caller]
fn refuses(code: &str, words: &str, prepare: impl FnOnce(&Deploy)) {
    refuses_in(World::deploy_like(), code, words, prepare);
}

#[track_caller]
fn refuses_in(world: DeployBuilder, code: &str, words: &str, prepare: impl FnOnce(&Deploy)) {
    let deploy = ready(world);
    prepare(&deploy);
    let before = deploy.snapshot();
    let plan = deploy.smp(&["promote", "-n", "--json"]);
    let told = plan
        .exits(1)
        .says("error: ")
        .says("because: ")
        .says("hint: ")
        .says(words)
        .json();
    assert_eq!(told["refusal"]["code"], code, "{told:#}");
    for text in ["message", "hint"] {
        assert!(
            told["refusal"][text]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{told:#}"
        );
    }
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "commit", "merges", "refusal", "schema", "ships", "steps", "targets"
        ]
    );
    assert_eq!((&told["schema"], &told["steps"]), (&json!(1), &json!([])));
    assert_eq!(told["targets"][0]["environment"], "production", "{told:#}");
    assert_eq!(deploy.snapshot(), before);
}

/// Deploys a colleague's hotfix to production, on top of its running commit.
fn hotfix(deploy: &Deploy) {
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(2)]);
    let fix = deploy.commit(&deploy.team, "Hotfix: stop the bleeding");
    deploy.colleague_pushes(&deploy.production, &fix);
}

// F-PUSH-7
#[test]
fn a_hotfix_on_production_is_not_lost() {
    let words = "Hotfix: stop the bleeding";
    refuses("diverged", words, |deploy| {
        hotfix(deploy);
        // The promotion itself is refused like its dry run.
        let before = deploy.snapshot();
        let run = promote(deploy, &[]);
        run.exits(1).says("would disappear").says(words);
        run.says("because: ").says("hint: ");
        assert_eq!(deploy.snapshot(), before);
    });
}

// F-PUSH-7
#[test]
fn production_does_not_go_back() {
    refuses("behind", "move production back by 1 commit", |deploy| {
        deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    });
}

#[test]
fn a_branch_that_would_lose_commits_is_refused_though_the_page_knows_nothing_of_them() {
    refuses("diverged", "has commits that would be lost", |deploy| {
        hotfix(deploy);
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
    });
}

#[test]
fn staging_that_does_not_run_what_was_pushed_to_it_is_no_source() {
    refuses(
        "staging-stale",
        "staging does not run what was last pushed to it",
        |deploy| {
            deploy.web.set("/staging", Page::commit(deploy.nth(4)));
        },
    );
}

#[test]
fn staging_without_a_deploy_has_nothing_to_promote() {
    refuses_in(
        World::deploy_like().on(Topology::Remotes),
        "nothing-deployed",
        "nothing is deployed on staging yet",
        |deploy| {
            deploy.git(&deploy.staging, &["update-ref", "-d", "refs/heads/master"]);
            deploy.web.set("/staging", Page::body("").status(503));
        },
    );
}

#[test]
fn a_branch_that_is_not_there_is_not_made() {
    refuses("wrong-branch", "has main", |deploy| {
        deploy.renames(&deploy.production, "main");
    });
}

#[test]
fn a_remote_that_does_not_answer_is_not_up_to_date() {
    let host = World::deploy_like().on(Topology::Remotes).over_open_http();
    refuses_in(
        host,
        "unreachable",
        "the remote production does not answer",
        |deploy| {
            deploy
                .http()
                .fault(Rule::get("production.git/info/refs", Fault::Status(500)).times(1000));
        },
    );
}

/// Returns a world whose environments run the same commit, with a wrong password from now on, so a wrong "up to date"
/// for an unknown shows.
fn locked_out() -> Deploy {
    let deploy = ready(
        World::deploy_like()
            .on(Topology::Remotes)
            .over_http()
            .without_pages(),
    );
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    promote(&deploy, &[]).ok().says("nothing to promote");
    deploy.configure(
        "credential.helper",
        "!f() { echo username=ada; echo password=wrong-and-secret; }; f",
    );
    deploy
}

// Facts 11, "the wrong cause reported"
#[test]
fn a_wrong_password_is_told_as_authentication_and_never_as_up_to_date() {
    let deploy = locked_out();
    let before = deploy.snapshot();
    for run in [
        promote(&deploy, &[]),
        deploy.smp(&["diff"]),
        deploy.smp(&["stage", "--yes"]),
    ] {
        run.exits(1)
            .says("does not answer")
            .says("because: Authentication failed")
            .says("hint: log in to http://127.0.0.1:");
        run.never_shows("nothing to promote")
            .never_shows("the same")
            .never_shows("wrong-and-secret");
    }
    assert_eq!(refusal(&deploy), "unreachable");
    let status = deploy.smp(&["status"]);
    status
        .ok()
        .prints_among("unknown: the remote production does not answer (Authentication failed");
    status
        .never_shows("the same as")
        .never_shows("wrong-and-secret");
    deploy
        .smp(&["setup", "--check"])
        .exits(1)
        .prints_among("Authentication failed")
        .never_shows("wrong-and-secret");
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(deploy.http().pushes(&deploy.production), 0);
}

/// Facts 3.9: Heroku's message.
const OF_HEROKU: &str = " !\tWARNING:\n !\tDo not authenticate with username and password using git.\n \
    !\tRun `heroku login` to update your credentials, then retry the git command.\n \
    !\tSee documentation for details: https://devcenter.heroku.com/articles/http-git#authentication\n";

#[test]
fn a_hosts_own_words_for_a_wrong_password_are_passed_on() {
    let deploy = locked_out();
    deploy.http().says_to_strangers(OF_HEROKU);
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("Run `heroku login`")
        .says("because: Authentication failed")
        .says("hint: log in to http://127.0.0.1:");
    run.never_shows("nothing to promote");
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("unknown: the remote production does not answer")
        .prints_among("Authentication failed")
        .never_shows("the same");
    // A long message does not hide the cause.
    let long: String = (1..=9)
        .map(|line| format!(" !\tline {line} of a long story\n"))
        .collect();
    deploy.http().says_to_strangers(&long);
    promote(&deploy, &[])
        .exits(1)
        .says("because: Authentication failed")
        .says("hint: log in to http://127.0.0.1:");
}

// Safety 4.4, "wrong credentials", for the push only.
#[test]
fn a_password_that_becomes_wrong_before_the_push_sends_nothing() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology).over_http());
        let before = deploy.snapshot();
        let mut terminal = person(&deploy).terminal(&["promote"]);
        terminal.sees("Type production to deploy: ");
        deploy.configure(
            "credential.helper",
            "!f() { echo username=ada; echo password=wrong-and-secret; }; f",
        );
        terminal.enters("production");
        let run = terminal.ends();
        run.exits(1)
            .says("Authentication failed")
            .never_shows("wrong-and-secret")
            .never_shows("done:");
        assert_eq!(deploy.snapshot(), before);
    }
}

#[test]
fn a_page_that_breaks_off_is_not_up_to_date() {
    refuses("unreachable", "its page is incomplete", |deploy| {
        deploy.web.set("/production", Page::cut(5000, "<html>"));
    });
}

#[test]
fn a_commit_that_nobody_has_is_not_compared() {
    refuses(
        "unknown-commit",
        "a commit that cannot be found",
        |deploy| {
            deploy
                .web
                .set("/production", Page::commit(&"deadbeef".repeat(5)));
        },
    );
}

#[test]
fn another_commit_than_the_one_that_was_named_does_not_ship() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology));
        let before = deploy.snapshot();
        let other = ["--commit", deploy.nth(6)];
        let told = deploy
            .smp(&[&["promote", "-n", "--json"], &other[..]].concat())
            .exits(1)
            .json();
        assert_eq!(told["refusal"]["code"], "candidate-moved");
        assert_eq!(told["commit"], deploy.nth(5));
        let run = deploy.smp(&[&["promote", "--yes"], &other[..]].concat());
        run.exits(1)
            .says("error: staging runs")
            .says("because: ")
            .says("hint: ");
        assert_eq!(deploy.snapshot(), before);
    }
}

// --- no terminal (F-TTY-1)

#[test]
fn without_a_terminal_only_a_yes_to_an_explicit_commit_counts() {
    let deploy = ready(World::deploy_like());
    let before = deploy.snapshot();
    let refused = |run: &Run, words: &str| {
        let hint = format!(
            "hint: if the answer is yes: git smp promote --yes --commit {}",
            deploy.nth(5)
        );
        run.exits(1).says(words).says("because: ").says(&hint);
        assert_eq!(deploy.snapshot(), before);
    };
    refused(
        &deploy.smp(&["promote"]),
        "this needs a confirmation, and there is no terminal",
    );
    refused(
        &deploy.smp(&["promote", "--commit", deploy.nth(5)]),
        "this needs a confirmation, and there is no terminal",
    );
    refused(
        &deploy.smp(&["promote", "--yes"]),
        "--yes also needs --commit",
    );
    let answered = deploy
        .runner()
        .stdin("production\nproduction\ny\n")
        .smp(&["promote"]);
    refused(
        &answered,
        "this needs a confirmation, and there is no terminal",
    );
}

#[test]
fn an_answer_is_not_read_from_a_terminal_whose_question_goes_elsewhere() {
    let deploy = ready(World::deploy_like());
    let before = deploy.snapshot();
    let mut terminal = deploy.runner().terminal_input(&["promote"]);
    terminal.enters("production");
    terminal
        .ends()
        .exits(1)
        .says("this needs a confirmation, and there is no terminal");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_staging_that_promotes_nothing_is_led_to_what_does() {
    let deploy = ready(World::deploy_like().without_pages());
    for command in ["promote", "diff"] {
        deploy
            .smp(&[command, "staging"])
            .exits(2)
            .says(&format!("hint: git smp {command} production\n"));
    }
    deploy
        .smp(&["promote", "--timeout", "0"])
        .exits(2)
        .says("hint: git smp promote -h");
}

#[test]
fn the_commit_may_be_abbreviated_and_in_capitals() {
    let deploy = ready(World::deploy_like().without_pages());
    deploy
        .smp(&[
            "promote",
            "--yes",
            "--commit",
            &deploy.nth(5)[..7].to_uppercase(),
        ])
        .ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn what_is_no_hash_is_a_wrong_command_line_before_anything_is_asked() {
    let deploy = ready(World::deploy_like());
    let (before, asked) = (deploy.snapshot(), deploy.web.asked().len());
    let (long, spaced) = ("a".repeat(65), format!(" {}", deploy.nth(5)));
    for wrong in [
        "", "abc", "HEAD", "master", "staging", "0x123456", &long, &spaced,
    ] {
        deploy
            .smp(&["promote", "--yes", "--commit", wrong])
            .exits(2)
            .says("error: ");
    }
    assert_eq!(deploy.snapshot(), before);
    assert_eq!(deploy.web.asked().len(), asked);
}

// --- endings

// F-PUSH-4; safety 4.4, "pre-receive declines"
#[test]
fn a_failed_build_is_told_in_the_hosts_own_words_and_can_be_tried_again() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology));
        let before = deploy.snapshot();
        deploy.hook(
            &deploy.production,
            "pre-receive",
            "cat >/dev/null; echo 'no such buildpack'; exit 1",
        );
        let run = promote(&deploy, &[]);
        run.exits(1)
            .says("error: production declined")
            .says("no such buildpack")
            .says("because: ")
            .says("hint: ");
        // With `-q` they are shown after a failure too.
        promote(&deploy, &["-q"])
            .exits(1)
            .says("no such buildpack")
            .says("error: production declined");
        assert_eq!(deploy.snapshot(), before);
        // No leftover blocks the next attempt.
        deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null");
        promote(&deploy, &[]).ok();
        assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    }
}

// Safety 4.4, "update hook declines"
#[test]
fn an_update_hook_that_says_no_is_a_no() {
    let deploy = ready(World::deploy_like().on(Topology::Remotes).without_pages());
    let before = deploy.snapshot();
    deploy.hook(
        &deploy.production,
        "update",
        "echo 'not on a Friday'; exit 1",
    );
    promote(&deploy, &[])
        .exits(1)
        .says("production declined")
        .says("not on a Friday");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn what_a_host_says_never_acts_on_the_terminal() {
    let deploy = ready(World::deploy_like().over_open_http().without_pages());
    let script = r"cat >/dev/null
printf '\033[31mred\033[0m \033]0;owned\007 \302\2331m \342\200\256gnp.exe\n'
printf 'password:\rnever mind\n'
printf '%0.s.' 1 2 3; printf '\t\177end\n'; exit 1";
    deploy.hook(&deploy.production, "pre-receive", script);
    for colour in ["never", "always"] {
        let run = promote(&deploy, &["--color", colour]);
        run.exits(1)
            .says("red")
            .says("gnp.exe")
            .says("password:")
            .says("never mind")
            .says("...\t");
        let ours = run
            .stderr
            .replace("\u{1b}[31m", "")
            .replace("\u{1b}[0m", "");
        let ours = ["1m", "2m", "32m", "33m"].iter().fold(ours, |text, code| {
            text.replace(&format!("\u{1b}[{code}"), "")
        });
        let acting = |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || *c == '\u{202e}';
        assert_eq!(ours.chars().filter(acting).collect::<String>(), "", "{run}");
        let theirs = run
            .stderr
            .lines()
            .find(|line| line.contains("owned"))
            .unwrap();
        assert!(
            theirs.contains("owned") && !theirs.contains("\u{1b}[31mred"),
            "{run}"
        );
    }
}

#[test]
fn a_hook_that_fails_after_the_ref_moved_takes_nothing_back() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology).without_pages());
        deploy.hook(
            &deploy.production,
            "post-receive",
            "cat >/dev/null; echo 'the mail did not go out'; exit 3",
        );
        promote(&deploy, &[]).ok().says("the mail did not go out");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    }
}

// F-PUSH-5
#[test]
fn a_page_that_never_changes_is_pushed_but_not_live_and_a_second_run_waits_without_a_push() {
    let deploy = ready(World::deploy_like().over_open_http());
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let before = deploy.snapshot();
    let first = promote(&deploy, &["--timeout", "1"]);
    first
        .exits(4)
        .says("error: pushed, but not live")
        .says("because: it reports")
        .says("hint: to continue: ");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));

    let second = promote(&deploy, &["--timeout", "1"]);
    second
        .exits(4)
        .says("error: nothing to push, but not running")
        .says("because: ")
        .says("hint: ");
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
    let planned = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    assert_eq!(planned["steps"].as_array().unwrap().len(), 1);
    assert_eq!(planned["steps"][0]["step"], "wait");

    let asked = deploy.web.asked_for("/production").len();
    let third = begin(&deploy, &[]);
    deploy.web.is_asked_for("/production", asked + 3);
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    third.finish().ok().says("done: production runs");
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
}

// F-PUSH-5, "page 500s"
#[test]
fn a_page_that_fails_after_the_push_is_not_live() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology));
        let gate = Gate::new(&deploy, "build");
        deploy.hook(&deploy.production, "pre-receive", &gate.line());
        let run = begin(&deploy, &["--timeout", "1"]);
        gate.reached();
        deploy.web.set("/production", Page::body("").status(500));
        gate.open();
        run.finish()
            .exits(4)
            .says("pushed, but not live")
            .says("500");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    }
}

#[test]
fn old_and_new_answers_side_by_side_are_not_live_yet() {
    let deploy = ready(World::deploy_like().confirming(1));
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let mut run = begin(&deploy, &[]);
    gate.reached();
    let both = [2, 5]
        .map(|number| Page::commit(deploy.nth(number)))
        .to_vec();
    deploy.web.set_alternating("/production", both);
    let asked = deploy.web.asked_for("/production").len();
    gate.open();
    deploy.web.is_asked_for("/production", asked + 7);
    assert!(run.is_running());
    assert!(
        !run.stderr.text().contains("done:"),
        "{}",
        run.stderr.text()
    );
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    run.finish().ok().says("done: production runs");
}

// F-PUSH-6, between the look and the push; safety 4.4, "lost race on the server"
#[test]
fn a_colleague_who_is_first_wins_and_is_told_from_us() {
    for topology in topologies() {
        let deploy = ready(
            World::deploy_like()
                .on(topology)
                .over_open_http()
                .without_pages(),
        );
        let gate = Gate::new(&deploy, "build");
        let script = format!(
            "while read -r old new ref; do [ $new != {} ] || {}; done",
            deploy.nth(5),
            gate.line()
        );
        deploy.hook(&deploy.production, "pre-receive", &script);
        let run = begin(&deploy, &[]);
        gate.reached();
        deploy.colleague_pushes(&deploy.production, deploy.nth(3));
        gate.open();
        let run = run.finish();
        run.exits(1)
            .says("production was moved to")
            .says(&deploy.nth(3)[..8])
            .says("the host accepted no part of this push");
        deploy.ran([2, 3]);
    }
}

// F-PUSH-6, between our push and the check of its result.
#[test]
fn a_colleague_who_comes_right_after_our_push_is_told_of() {
    for topology in topologies() {
        let deploy = ready(
            World::deploy_like()
                .on(topology)
                .over_open_http()
                .without_pages(),
        );
        let gate = Gate::new(&deploy, "release");
        let script = format!(
            "while read -r old new ref; do [ $new != {} ] || {}; done",
            deploy.nth(5),
            gate.line()
        );
        deploy.hook(&deploy.production, "post-receive", &script);
        let run = begin(&deploy, &[]);
        gate.reached();
        deploy.colleague_pushes(&deploy.production, deploy.nth(6));
        gate.open();
        run.finish()
            .exits(4)
            .says("production was moved to")
            .says("by somebody else")
            .says("hint: find out who");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
    }
}

// F-PUSH-6, while waiting for the page
#[test]
fn a_colleague_who_deploys_while_we_wait_is_told_of() {
    for topology in topologies() {
        let deploy = ready(World::deploy_like().on(topology));
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        let looks = deploy.web.asked_for("/production").len();
        let run = begin(&deploy, &["--timeout", "3"]);
        // One request for the plan, one directly before the push, then more.
        deploy.web.is_asked_for("/production", looks + 3);
        deploy.colleague_pushes(&deploy.production, deploy.nth(6));
        run.finish()
            .exits(4)
            .says("its branch was moved to")
            .says("by somebody else");
    }
}

// --- what a team agreed to

#[test]
fn a_configuration_that_nobody_agreed_to_deploys_nothing() {
    let deploy = World::deploy();
    deploy.add_remotes();
    let before = deploy.snapshot();
    promote(&deploy, &[])
        .exits(2)
        .says("was not agreed to")
        .says("git smp setup");
    deploy.trust();
    let toml = deploy
        .toml()
        .replace("branch = \"master\"", "branch = \"other\"");
    deploy.write_toml(&toml);
    promote(&deploy, &[])
        .exits(2)
        .says("changed since it was agreed to")
        .says("git smp setup");
    assert_eq!(deploy.snapshot(), before);
    assert!(
        deploy.web.asked_for("/production").len() <= 1,
        "only setup looks"
    );
}

// --- several targets

/// Returns two regions, `eu` and `us`, that promote staging; production's repository is the first.
fn regions() -> (Deploy, PathBuf) {
    let deploy = World::deploy_like().without_pages().build();
    let (us, reached) = deploy.another("us");
    deploy.write_toml(
        &deploy
            .toml()
            .replace("[environments.production]", "[environments.eu]"),
    );
    deploy.add_toml(&format!(
        "\n[environments.us]\n{reached}\npromotes = \"staging\"\n"
    ));
    deploy.trust();
    (deploy, us)
}

#[test]
fn several_targets_are_promoted_in_order_after_one_question_that_names_them_all() {
    let (deploy, us) = regions();
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    let words: Vec<&str> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["step"].as_str())
        .collect();
    assert_eq!(words, ["push", "wait", "push", "wait"]);
    assert_eq!(plan["targets"][0]["environment"], "eu");
    assert_eq!(plan["targets"][1]["environment"], "us");

    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("This will")
        .sees("Type eu us to deploy: ")
        .enters("eu us");
    terminal.sees("done: eu runs").sees("done: us runs");
    terminal.ends().ok();
    for region in [&deploy.production, &us] {
        assert_eq!(deploy.master(region), deploy.nth(5));
    }
}

#[test]
fn the_name_of_one_target_is_no_yes_to_two() {
    let (deploy, _) = regions();
    let before = deploy.snapshot();
    for answer in ["eu", "us", "us eu", "eu us us"] {
        let mut terminal = person(&deploy).terminal(&["promote"]);
        terminal.sees("Type eu us to deploy: ").enters(answer);
        terminal.ends().exits(3);
    }
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn the_first_target_that_fails_stops_the_rest() {
    let (deploy, _) = regions();
    let before = deploy.snapshot();
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null; exit 1");
    promote(&deploy, &[])
        .exits(1)
        .says("eu declined")
        .says("hint: correct the problem, then: git smp promote eu us --timeout ");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_later_target_that_fails_says_which_are_done_and_the_next_run_goes_on_with_the_rest() {
    let (deploy, us) = regions();
    deploy.hook(&us, "pre-receive", "cat >/dev/null; exit 1");
    promote(&deploy, &[])
        .exits(4)
        .says("us declined")
        .says("done before that: eu")
        .says("hint: correct the problem, then: git smp promote eu us --timeout ");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    assert_eq!(deploy.master(&us), deploy.nth(2));

    std::fs::remove_file(us.join("hooks/pre-receive")).unwrap();
    // Only the remaining target is in the JSON and in the hint.
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    assert_eq!(
        (
            plan["ships"].as_array().unwrap().len(),
            plan["steps"].as_array().unwrap().len()
        ),
        (3, 2)
    );
    deploy
        .smp(&["promote", "us"])
        .exits(1)
        .says("git smp promote us --yes --commit ");
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal.sees("Type us to deploy: ").enters("us");
    terminal.ends().ok();
    assert_eq!(deploy.master(&us), deploy.nth(5));
    deploy.ran([2, 5]);
}

#[test]
fn targets_are_promoted_in_the_order_given() {
    let (deploy, us) = regions();
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null; exit 1");
    promote(&deploy, &["us", "eu", "us"])
        .exits(4)
        .says("eu declined")
        .says("done before that: us");
    assert_eq!(deploy.master(&us), deploy.nth(5));
}

#[test]
fn a_target_that_is_refused_stops_all_of_them_before_anything_is_pushed() {
    let (deploy, us) = regions();
    deploy.colleague_pushes(&us, deploy.nth(6));
    let before = deploy.snapshot();
    promote(&deploy, &[]).exits(1).says("staging is behind us");
    assert_eq!(deploy.snapshot(), before);
}

// --- rolled back

/// Returns a production after a rollback on its platform: it runs the second commit, its branch is at the fourth.
fn rolled_back() -> Deploy {
    let deploy = ready(World::deploy_like());
    deploy.colleague_pushes(&deploy.production, deploy.nth(4));
    std::fs::write(deploy.production.join("deployed"), deploy.nth(2)).unwrap();
    deploy
}

#[test]
fn what_was_rolled_back_ships_again_when_a_person_says_so() {
    let deploy = rolled_back();
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("warning: production runs")
        .sees("rolled back from");
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().ok();
    let all = [2, 4, 5].map(|number| deploy.nth(number));
    assert_eq!(deploy.deploys(&deploy.production), all);
}

#[test]
fn a_yes_given_beforehand_on_a_terminal_is_no_look_at_a_rollback() {
    let deploy = rolled_back();
    let before = deploy.snapshot();
    let terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    terminal.ends().exits(1).says("rolled back from");
    assert_eq!(deploy.snapshot(), before);
}
