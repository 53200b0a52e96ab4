//! A host that is a bare repository with a hook: git accepts the push with exit code 0 even if the hook fails.

use std::os::unix::fs::PermissionsExt as _;

use crate::posts::{PRODUCT, chatting_like, posts, sent};
use crate::promote::{begin, promote, ready, refusal, scripted};
use crate::sample::sample;
use crate::support::{Deploy, Gate, Page, Topology, World};

const NOT_DEPLOYED: &str = "error: pushed, but not deployed: a hook on the host of production did not run, or did not finish";
const NOT_CONFIRMED: &str =
    "error: pushed, but not confirmed: it is unknown whether production runs";
const WITHOUT_A_WORD: &str = "warning: the host of production accepted the push without any output";

/// Hooks that deploy nothing: the text, its mode, the program's message, and the words of git or the hook.
pub const HOOKS: [(&str, &str, &str, &str); 9] = [
    (
        "#!/bin/sh\necho deployed\n",
        "644",
        NOT_DEPLOYED,
        "hint: The 'hooks/post-receive' hook was ignored",
    ),
    (
        "#!/bin/sh\r\necho deployed\r\n",
        "755",
        NOT_DEPLOYED,
        "fatal: cannot exec 'hooks/post-receive': ",
    ),
    (
        "#!/opt/none/sh\necho deployed\n",
        "755",
        NOT_DEPLOYED,
        "fatal: cannot exec 'hooks/post-receive': ",
    ),
    (
        "#!/bin/sh\necho 'Deploying'\nkill -9 $$\n",
        "755",
        NOT_DEPLOYED,
        "error: hooks/post-receive died of signal 9",
    ),
    (
        "#!/bin/sh\ngit checkout -f\n",
        "755",
        NOT_CONFIRMED,
        "fatal: this operation must be run in a work tree",
    ),
    (
        "#!/bin/sh\nset -e\ngit --work-tree=. checkout -f main\necho deployed\n",
        "755",
        NOT_CONFIRMED,
        "error: pathspec 'main' did not match any file(s) known to git",
    ),
    (
        "#!/bin/sh\nset -e\nno-such-npm ci\n",
        "755",
        NOT_CONFIRMED,
        "no-such-npm: not found",
    ),
    (
        "#!/bin/sh\nset -e\necho 'npm error code EUSAGE' >&2; exit 1\n",
        "755",
        NOT_CONFIRMED,
        "npm error code EUSAGE",
    ),
    (
        "#!/usr/bin/env no-such-pwsh\necho deployed\n",
        "755",
        NOT_CONFIRMED,
        "No such file or directory",
    ),
];

/// Writes a hook of production, byte for byte.
#[track_caller]
pub fn hook(deploy: &Deploy, name: &str, text: &str, mode: &str) {
    let file = deploy.production.join("hooks").join(name);
    let write = "cat >\"$1.new\" && chmod \"$2\" \"$1.new\" && mv \"$1.new\" \"$1\"";
    deploy
        .runner()
        .stdin(text)
        .program("sh", &["-c", write, "sh", file.to_str().unwrap(), mode])
        .ok();
}

/// Asserts that the branch moved without `done:`, and that the next run does not trust the branch either.
#[track_caller]
pub fn is_not_done(deploy: &Deploy, error: &str, words: &str) {
    let run = promote(deploy, &[]);
    run.exits(4).says(error).says("hint: ").never_shows("done:");
    let because = run
        .stderr
        .lines()
        .any(|line| line.starts_with("because: its host says: ") && line.contains(words));
    assert!(because, "{words} is no reason in {run}");
    assert_eq!(
        deploy.master(&deploy.production),
        deploy.nth(5),
        "it was pushed"
    );
    assert_eq!(refusal(deploy), "not-confirmed", "{words}");
}

#[test]
fn a_hook_that_did_not_run_or_failed_after_the_branch_moved_is_no_deploy_that_is_done() {
    for (text, mode, error, words) in sample(2, HOOKS) {
        let deploy = ready(World::deploy_like().without_pages());
        hook(&deploy, "post-receive", text, mode);
        is_not_done(&deploy, error, words);
    }
}

#[test]
fn other_hooks_of_the_host_are_heard_too() {
    for name in sample(1, ["post-update", "update", "pre-receive"]) {
        let deploy = ready(World::deploy_like().without_pages());
        deploy.hook(&deploy.production, "post-receive", "cat >/dev/null");
        hook(&deploy, name, "#!/bin/sh\necho deployed\n", "644");
        is_not_done(
            &deploy,
            NOT_DEPLOYED,
            &format!("The 'hooks/{name}' hook was ignored"),
        );
    }
}

#[test]
fn nobody_is_told_of_a_release_whose_hook_never_ran() {
    let deploy = chatting_like(World::deploy_like().without_pages(), "teams");
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    hook(&deploy, "post-receive", HOOKS[0].0, "644");
    let promotion = scripted(&deploy, &["--summary", "- Flags on painpoints"]);
    posts(&deploy, &promotion)
        .exits(4)
        .says(NOT_DEPLOYED)
        .never_shows("done: production");
    posts(&deploy, &promotion)
        .exits(1)
        .says("is not confirmed")
        .never_shows("done:");
    assert!(sent(&deploy, PRODUCT).is_empty());
    assert_eq!(deploy.chain().count("promoted"), 0);
}

#[test]
fn a_hook_that_was_mended_deploys_the_next_commit() {
    let deploy = ready(World::deploy_like().without_pages());
    hook(&deploy, "post-receive", HOOKS[0].0, "644");
    promote(&deploy, &[]).exits(4).says(NOT_DEPLOYED);
    hook(&deploy, "post-receive", "#!/bin/sh\necho deployed\n", "755");
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let run = deploy.smp(&["promote", "--yes", "--commit", deploy.nth(6)]);
    run.ok()
        .says("done: production runs")
        .never_shows(WITHOUT_A_WORD);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
}

#[test]
fn a_hook_of_this_clones_own_says_nothing_of_the_host() {
    for (text, mode) in sample(1, [("#!/bin/sh\n", "644"), ("#!/opt/none/sh\n", "755")]) {
        let deploy = ready(World::deploy_like().without_pages());
        let file = deploy.work.join(".git/hooks/reference-transaction");
        let write = "mkdir -p \"$(dirname \"$1\")\" && cat >\"$1\" && chmod \"$2\" \"$1\"";
        deploy
            .runner()
            .stdin(text)
            .program("sh", &["-c", write, "sh", file.to_str().unwrap(), mode])
            .ok();
        promote(&deploy, &[]).ok().says("done: production runs");
    }
}

#[test]
fn a_page_decides_whatever_was_said_of_a_hook() {
    for (text, mode, _, words) in sample(1, [HOOKS[0], HOOKS[3], HOOKS[4]]) {
        let deploy = ready(World::deploy_like());
        hook(&deploy, "post-receive", text, mode);
        let run = promote(&deploy, &["--timeout", "1"]);
        run.exits(4)
            .says("error: pushed, but not live: production does not report")
            .says("because: its host says: ");
        run.says(words).never_shows("done:");
        deploy.web.set("/production", Page::commit(deploy.nth(5)));
        promote(&deploy, &[]).ok().says("nothing to promote");
    }
    let deploy = ready(World::deploy_like());
    hook(&deploy, "post-receive", HOOKS[3].0, "755");
    let mut run = begin(&deploy, &["--timeout", "60"]);
    crate::promote::comes_to(&deploy, &deploy.production, deploy.nth(5));
    let asked = deploy.web.asked_for("/production").len();
    deploy.web.is_asked_for("/production", asked + 3);
    assert!(run.is_running(), "it is waited for as ever");
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    run.finish().ok().says("done: production runs");
}

// Over smart HTTP git does not report a hook that it does not run.
#[test]
fn a_host_that_says_nothing_at_all_is_warned_of_once() {
    let deploy = ready(World::deploy_like().over_open_http().without_pages());
    hook(&deploy, "post-receive", HOOKS[0].0, "644");
    let run = promote(&deploy, &[]);
    run.ok()
        .says(WITHOUT_A_WORD)
        .says("it would look the same if a hook there did not run")
        .says("done: production runs");
    assert_eq!(run.stderr.matches(WITHOUT_A_WORD).count(), 1);
    promote(&deploy, &[])
        .ok()
        .says("nothing to promote")
        .never_shows(WITHOUT_A_WORD);
}

// The host of a branch is not a platform, so it reports no build.
#[test]
fn of_a_branch_it_is_said_that_only_a_page_shows_a_build() {
    let world = World::deploy_like().on(Topology::Branches);
    let deploy = ready(world.over_open_http().without_pages());
    hook(&deploy, "post-receive", HOOKS[0].0, "644");
    promote(&deploy, &[])
        .ok()
        .says("its platform builds after the push, and only a page can show whether the build succeeded")
        .never_shows("a hook did not run");
}

#[test]
fn a_host_that_speaks_and_one_with_a_page_are_not_warned_of() {
    for builder in sample(
        1,
        [
            World::deploy_like().over_open_http(),
            World::deploy_like().over_open_http().without_pages(),
        ],
    ) {
        let deploy = ready(builder);
        promote(&deploy, &[])
            .ok()
            .says("done: production runs")
            .never_shows(WITHOUT_A_WORD);
    }
    let deploy = ready(World::deploy_like());
    deploy.hook(
        &deploy.production,
        "post-receive",
        "read -r old new ref; echo $new >deployed",
    );
    promote(&deploy, &[])
        .ok()
        .says("done: production runs")
        .never_shows(WITHOUT_A_WORD);
}

// A build may print its config vars.
#[test]
fn what_a_host_says_is_its_owners_alone_to_read() {
    let deploy = ready(World::deploy_like());
    let gate = Gate::new(&deploy, "build");
    deploy.hook(
        &deploy.production,
        "pre-receive",
        &format!("echo DATABASE_URL=postgres://shop; {}", gate.line()),
    );
    let notes = deploy.work.join(".git/smp");
    let run = begin(&deploy, &[]);
    gate.reached();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let logs: Vec<_> = std::fs::read_dir(&notes)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let logs: Vec<_> = logs
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .collect();
    assert_eq!((logs.len(), mode(logs[0]), mode(&notes)), (1, 0o600, 0o700));
    gate.open();
    run.finish().ok();
}
