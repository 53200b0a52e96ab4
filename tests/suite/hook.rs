//! The guard of `setup --hook`: real plain pushes are stopped or pass, and no existing hook is lost.

mod agreed;

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::sample::sample;
use crate::support::{Deploy, Run, Runner, World};

/// The time of the proposal in these tests: 2022-03-02, 10:00 UTC.
const PROPOSED: i64 = 1_646_215_200;

/// Returns a world whose clone has the guard.
fn guarded() -> Deploy {
    let deploy = World::deploy();
    deploy
        .smp(&["setup", "--yes", "--hook"])
        .ok()
        .prints_among("ok    hook        installed: ");
    deploy
}

/// Returns a world with an empty record whose clone has the guard.
fn recorded() -> Deploy {
    let deploy = World::deploy_like().toml("[record]\n").build();
    deploy.smp(&["setup", "--yes", "--hook"]).ok();
    deploy
}

/// Writes an event to the record whose state has this candidate.
fn record(deploy: &Deploy, sentence: &str, candidate: &serde_json::Value) {
    let state = json!({
        "format": 1, "events": 1, "candidate": candidate, "deploying": null, "deploys": {}, "owed": [],
    });
    let main = deploy.runner().cwd(&deploy.main);
    let write = |input: String, args: &[&str]| {
        main.clone()
            .stdin(input)
            .program("git", args)
            .ok()
            .out()
            .trim_end()
            .to_owned()
    };
    let blob = write(format!("{state:#}\n"), &["hash-object", "-w", "--stdin"]);
    let tree = write(format!("100644 blob {blob}\tstate.json\n"), &["mktree"]);
    let parent = deploy.refs(&deploy.main).get("refs/smp/record").cloned();
    let parents = parent.iter().flat_map(|parent| ["-p", parent.as_str()]);
    let args: Vec<&str> = ["commit-tree", &tree, "-F", "-"]
        .into_iter()
        .chain(parents)
        .collect();
    let message = format!(
        "{sentence}\n\nSmp-Event: proposed\nSmp-Id: 00000000000000a7\nSmp-Program: git-smp 0.1.0\n"
    );
    let event = write(message, &args);
    deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &event]);
}

/// Records a colleague's proposal of staging's commit, which freezes staging.
fn freeze(deploy: &Deploy) {
    let candidate = json!({
        "id": "00000000000000a7", "commit": deploy.nth(5), "environment": "staging",
        "targets": [{ "environment": "production", "from": deploy.nth(2), "reached": false }],
        "by": { "name": "Rosi Example", "email": "rosi@example.com" },
        "at": PROPOSED, "note": null, "fixed_at": null, "verdicts": [],
    });
    record(
        deploy,
        "Rosi Example proposed it for production",
        &candidate,
    );
}

/// Records that a colleague postponed the candidate.
fn thaw(deploy: &Deploy) {
    record(deploy, "Rosi Example postponed it", &json!(null));
}

/// Runs a plain `git push` in the clone.
#[track_caller]
fn push(deploy: &Deploy, args: &[&str]) -> Run {
    deploy.try_git(&deploy.work, &[&["push"], args].concat())
}

fn hooks(deploy: &Deploy) -> PathBuf {
    deploy.work.join(".git/hooks")
}

/// Returns the files of a folder: names, modes, targets of links, and bytes.
fn contents(folder: &Path) -> BTreeMap<String, (u32, PathBuf, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let look = |entry: std::fs::DirEntry| {
        let path = entry.path();
        let mode = path.symlink_metadata().unwrap().mode();
        let target = std::fs::read_link(&path).unwrap_or_default();
        (
            entry.file_name().into_string().unwrap(),
            (mode, target, std::fs::read(&path).unwrap_or_default()),
        )
    };
    entries.map(|entry| look(entry.unwrap())).collect()
}

/// Installs a user's own hook, which logs its arguments and exits with the code in the file `code`.
fn somebodys_hook(deploy: &Deploy) {
    let top = deploy.path("");
    let top = top.display();
    let script = format!(
        "echo \"$#:$1:$2\" >>{top}/called\ncat >>{top}/called\necho 'said by a hook'\nexit $(cat {top}/code 2>/dev/null || echo 0)"
    );
    deploy.hook(&deploy.work, "pre-push", &script);
}

fn called(deploy: &Deploy) -> String {
    std::fs::read_to_string(deploy.path("called")).unwrap_or_default()
}

/// Returns a runner without `git-smp` on PATH.
fn without_smp(deploy: &Deploy) -> Runner<'_> {
    let path = deploy
        .env()
        .into_iter()
        .find(|(name, _)| name == "PATH")
        .unwrap()
        .1;
    let folders = std::env::split_paths(&path).filter(|folder| !folder.join("git-smp").exists());
    deploy
        .runner()
        .env("PATH", std::env::join_paths(folders).unwrap())
}

// --- production

#[test]
fn a_plain_push_to_production_is_stopped_however_it_is_spelled() {
    let deploy = guarded();
    let [_, _, production] = deploy.urls();
    let before = deploy.snapshot();
    deploy.git(&deploy.work, &["tag", "v1"]);
    deploy.git(&deploy.work, &["remote", "add", "another-name", production]);
    deploy.configure(&format!("url.{production}.insteadOf"), "prod:");
    let slash = format!("{production}/");
    let file = format!("file://{production}");
    for args in sample(
        6,
        [
            &["production", "HEAD:master"][..],
            &["production", "HEAD:some-branch"],
            &["--force", "production", "HEAD:master"],
            &["--quiet", "production", "HEAD:master"],
            &["--dry-run", "production", "HEAD:master"],
            &["production", "v1"],
            &["production", "--delete", "master"],
            &["--mirror", "production"],
            &["--all", "production"],
            &[production, "HEAD:master"],
            &[&slash, "HEAD:master"],
            &[&file, "HEAD:master"],
            &["another-name", "HEAD:master"],
            &["prod:", "HEAD:master"],
        ],
    ) {
        let run = push(&deploy, args);
        run.exits(1)
            .says("error: a plain git push to production is stopped\n")
            .says("hint: git smp promote\n");
        run.says("because: git smp promote pushes the commit that staging runs")
            .says("git push --no-verify");
        assert_eq!(deploy.snapshot(), before, "{args:?}");
    }
    // The hint repeats the push: alone, `git push --no-verify` would go to another remote.
    let bypass = "git push --no-verify production HEAD:refs/heads/master";
    push(&deploy, &["production", "HEAD:master"])
        .says(&format!("hint: to bypass the check once: {bypass}\n"));
    push(&deploy, &["--no-verify", "production", "HEAD:master"])
        .ok()
        .never_shows("error: a plain git push");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
}

#[test]
fn where_the_user_sends_pushes_elsewhere_that_place_is_production_too() {
    let deploy = guarded();
    let other = deploy.bare("elsewhere");
    let [_, _, production] = deploy.urls();
    let before = deploy.snapshot();
    deploy.configure(
        &format!("url.{}.pushInsteadOf", other.display()),
        production,
    );
    push(&deploy, &["production", "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production is stopped");
    push(&deploy, &[other.to_str().unwrap(), "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn of_several_productions_the_one_that_is_meant_is_named() {
    let deploy = World::deploy();
    let eu = deploy.bare("eu");
    deploy.add_toml(&format!(
        "\n[environments.eu]\nurl = \"{}\"\npromotes = \"staging\"\n",
        eu.display()
    ));
    deploy.smp(&["setup", "--yes", "--hook"]);
    push(&deploy, &["eu", "HEAD:master"])
        .exits(1)
        .says("a plain git push to eu is")
        .says("hint: git smp promote eu\n");
    push(&deploy, &["production", "HEAD:master"])
        .exits(1)
        .says("hint: git smp promote production\n");
}

#[test]
fn a_push_that_has_nothing_to_push_passes() {
    let deploy = guarded();
    let there = format!("{}:refs/heads/master", deploy.nth(2));
    push(&deploy, &["production", &there])
        .ok()
        .says("Everything up-to-date")
        .never_shows("error:");
    // Hooks that saved their input with `$(cat)` pass it on in this form.
    deploy
        .runner()
        .stdin("\n")
        .smp(&["pre-push", "production", deploy.urls()[2]])
        .ok()
        .prints("");
    deploy
        .runner()
        .stdin("x")
        .smp(&["pre-push", "production", deploy.urls()[2]])
        .exits(1)
        .prints("");
}

#[test]
fn promote_and_what_comes_after_it_go_through() {
    let deploy = guarded();
    deploy
        .smp(&["promote", "--yes", "--commit", deploy.nth(5)])
        .ok()
        .says("done: production runs");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    deploy.smp(&["status"]).ok();
}

// --- a freeze

#[test]
fn staging_is_free_until_it_is_frozen_and_again_afterwards() {
    let deploy = recorded();
    push(&deploy, &["--quiet", "staging", "HEAD:first"])
        .ok()
        .says("")
        .never_shows("warning:");
    freeze(&deploy);
    let before = deploy.snapshot();
    let [_, staging, _] = deploy.urls();
    for place in ["staging", staging] {
        let run = push(&deploy, &[place, "HEAD:master"]);
        run.exits(1)
            .says("error: staging is frozen: Rosi Example proposed ")
            .says(&deploy.nth(5)[..8]);
        run.says("on 2022-03-02 at 10:00")
            .says("because: ")
            .says("git push --no-verify");
        run.says("hint: ")
            .says("git smp status")
            .says("git smp stage --fix")
            .never_shows("does not answer");
    }
    let elsewhere = deploy.runner().env("TZ", "XYZ-3");
    elsewhere
        .program("git", &["push", "staging", "HEAD:master"])
        .exits(1)
        .says("on 2022-03-02 at 13:00");
    assert_eq!(deploy.snapshot(), before);
    push(&deploy, &["production", "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production is stopped");
    push(&deploy, &["--no-verify", "staging", "HEAD:second"]).ok();
    thaw(&deploy);
    push(&deploy, &["--quiet", "staging", "HEAD:master"])
        .ok()
        .never_shows("warning:");
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(6));
}

#[test]
fn names_of_the_record_cannot_act_on_the_terminal() {
    let deploy = recorded();
    let candidate = json!({
        "id": "00000000000000a7", "commit": deploy.nth(5), "environment": "staging", "targets": [],
        "by": { "name": "Rosi\u{1b}[31m\nhint: rm -rf", "email": "rosi@example.com" },
        "at": i64::MAX, "note": null, "fixed_at": null, "verdicts": [],
    });
    record(&deploy, "Something", &candidate);
    let run = push(&deploy, &["staging", "HEAD:master"]);
    run.exits(1)
        .says("Rosi\\x1b[31m\\x0ahint: rm -rf proposed")
        .says("an impossible date");
}

#[test]
fn a_mirror_push_that_would_delete_the_record_is_stopped() {
    let deploy = recorded();
    freeze(&deploy);
    deploy.smp(&["status"]).ok();
    let before = deploy.refs(&deploy.main);
    let record = before["refs/smp/record"].clone();
    for args in [
        &["--mirror", "upstream"][..],
        &["upstream", ":refs/smp/record"],
        &[deploy.urls()[0], ":refs/smp/record"],
    ] {
        let mut same = vec!["--no-verify"];
        same.extend(args);
        push(&deploy, args)
            .exits(1)
            .says("deletes the team's record")
            .says("hint: name the branches to push, for example: git push ")
            .says(&format!(
                "hint: to bypass the check once: git push {}\n",
                same.join(" ")
            ));
        assert_eq!(deploy.refs(&deploy.main), before);
    }
    let over = format!("+{}:refs/smp/record", deploy.nth(2));
    push(&deploy, &["upstream", &over])
        .exits(1)
        .says("overwrites the team's record");
    assert_eq!(deploy.refs(&deploy.main), before);
    // Other refs are free, and the clone's copy of the record may be restored after somebody deleted the record.
    push(
        &deploy,
        &["upstream", &format!("{}:refs/heads/topic", deploy.nth(2))],
    )
    .ok();
    deploy.git(&deploy.main, &["update-ref", "-d", "refs/smp/record"]);
    push(&deploy, &["upstream", "refs/smp/seen:refs/smp/record"]).ok();
    assert_eq!(deploy.refs(&deploy.main)["refs/smp/record"], record);
    push(&deploy, &["--no-verify", "upstream", ":refs/smp/record"]).ok();
}

#[test]
fn without_a_record_staging_is_nobodys_to_guard() {
    let deploy = guarded();
    freeze(&deploy);
    push(&deploy, &["--quiet", "staging", "HEAD:master"])
        .ok()
        .never_shows("warning:");
}

#[test]
fn other_remotes_are_not_looked_at_and_nobody_is_asked() {
    let deploy = World::deploy_like()
        .over_open_http()
        .main_over_http()
        .toml("[record]\n")
        .build();
    deploy.smp(&["setup", "--yes", "--hook"]).ok();
    freeze(&deploy);
    let fork = deploy.bare("fork");
    deploy.git(
        &deploy.work,
        &["remote", "add", "fork", fork.to_str().unwrap()],
    );
    let asked = deploy.http().seen().len();
    let run = push(&deploy, &["--quiet", "fork", "HEAD:topic"]);
    assert_eq!(run.ok().stderr, "");
    assert_eq!(deploy.http().seen().len(), asked);
    // A freeze does not concern a push to the main repository.
    push(&deploy, &["--quiet", "upstream", "HEAD:topic"])
        .ok()
        .never_shows("warning:");
    let records = |seen: &crate::support::Seen| {
        seen.path.contains("main.git") && seen.query.contains("upload-pack")
    };
    assert!(!deploy.http().seen()[asked..].iter().any(records));
    push(&deploy, &["staging", "HEAD:master"])
        .exits(1)
        .says("error: staging is frozen");
}

#[test]
fn what_the_clone_saw_last_counts_while_the_main_repository_does_not_answer() {
    let deploy = recorded();
    freeze(&deploy);
    push(&deploy, &["staging", "HEAD:master"])
        .exits(1)
        .says("error: staging is frozen");
    let (main, away) = (deploy.main.clone(), deploy.path("away.git"));
    std::fs::rename(&main, &away).unwrap();
    let offline = push(&deploy, &["staging", "HEAD:master"]);
    offline
        .exits(1)
        .says("error: staging is frozen: Rosi Example");
    offline.says(
        "because: the remote upstream does not answer; this clone last read the record just now\n",
    );
    let heard = deploy.work.join(".git/smp/record-heard");
    deploy
        .runner()
        .program("touch", &["-d", "3 hours ago", heard.to_str().unwrap()])
        .ok();
    push(&deploy, &["staging", "HEAD:master"])
        .exits(1)
        .says("last read the record 3 hours ago\n");
    std::fs::remove_file(&heard).unwrap();
    push(&deploy, &["staging", "HEAD:master"])
        .exits(1)
        .says("it is unknown when this clone last read the record");

    std::fs::rename(&away, &main).unwrap();
    thaw(&deploy);
    push(&deploy, &["staging", "HEAD:one"])
        .ok()
        .never_shows("warning:");
    std::fs::rename(&main, &away).unwrap();
    let offline = push(&deploy, &["staging", "HEAD:two"]);
    offline.ok().says(
        "warning: the remote upstream does not answer; this clone last read the record just now",
    );
    offline.says("staging was not frozen then; the push continues");
}

#[test]
fn what_nobody_can_know_is_said_and_stops_nothing() {
    let deploy = recorded();
    deploy.forget_record();
    std::fs::rename(&deploy.main, deploy.path("away.git")).unwrap();
    let run = push(&deploy, &["staging", "HEAD:one"]);
    run.ok().says(
        "warning: the remote upstream does not answer: it is unknown whether staging is frozen",
    );
    push(&deploy, &["production", "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production is stopped");
}

#[test]
fn a_record_that_is_gone_or_broken_is_not_taken_for_a_thaw() {
    let deploy = recorded();
    freeze(&deploy);
    push(&deploy, &["staging", "HEAD:one"])
        .exits(1)
        .says("error: staging is frozen");
    deploy.git(&deploy.main, &["update-ref", "-d", "refs/smp/record"]);
    let gone = push(&deploy, &["staging", "HEAD:one"]);
    gone.exits(1)
        .says("error: staging is frozen")
        .says("because: the record is gone; this clone has an earlier copy\n");
    // A clone that never saw the record gets the message that it is unreadable.
    let other = recorded();
    other.forget_record();
    other.git(
        &other.main,
        &["update-ref", "refs/smp/record", other.nth(3)],
    );
    push(&other, &["staging", "HEAD:one"])
        .ok()
        .says("warning: the record cannot be read: it is unknown whether");
}

// --- a missing or broken configuration

#[test]
fn a_file_that_is_missing_or_broken_where_none_was_agreed_to_locks_nobody_out() {
    let deploy = recorded();
    freeze(&deploy);
    deploy.git(&deploy.work, &["config", "--unset", "smp.trusted"]);
    let run = push(&deploy, &["staging", "HEAD:one"]);
    run.ok()
        .says("warning: smp.toml was not agreed to")
        .says("it continues")
        .says("git smp setup");
    // The guard stops a push to production without an agreed configuration, too.
    push(&deploy, &["production", "HEAD:one"])
        .exits(1)
        .says("error: a plain git push to production is stopped");
    deploy.write_toml("nonsense = [");
    for place in ["staging", "production", "upstream"] {
        push(&deploy, &[place, "HEAD:two"])
            .ok()
            .says("warning: smp.toml:1:")
            .says("so this push was not checked; it continues\n");
    }
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    push(&deploy, &["staging", "HEAD:three"])
        .ok()
        .says("warning: there is no ")
        .says("smp.toml");
    // A list other than the agreed one proves nothing.
    deploy.git(&deploy.work, &["config", "smp.trusted", "sha256:00"]);
    push(&deploy, &["production", "HEAD:four"])
        .ok()
        .says("warning: there is no ");
}

#[test]
fn a_tool_that_is_gone_or_fails_locks_nobody_out() {
    let deploy = guarded();
    let run = without_smp(&deploy).program("git", &["push", "production", "HEAD:one"]);
    run.ok()
        .says("warning: git-smp is not on PATH, so this push was not checked")
        .says("hint: install git-smp again, or remove its hook: rm '")
        .says(".git/hooks/pre-push'\n");
    deploy.executable("bad/git-smp", "echo 'thread panicked'; exit 101");
    let run = deploy
        .runner()
        .path_first("bad")
        .program("git", &["push", "production", "HEAD:two"]);
    run.ok()
        .says("warning: git-smp could not check this push")
        .prints("");
}

// --- a user's own hook

#[test]
fn a_hook_that_is_there_runs_after_the_guard_and_comes_back() {
    let deploy = World::deploy_like().ready();
    somebodys_hook(&deploy);
    let theirs = hooks(&deploy).join("pre-push");
    std::fs::set_permissions(&theirs, std::fs::Permissions::from_mode(0o750)).unwrap();
    let before = contents(&hooks(&deploy));
    deploy
        .smp(&["setup", "--hook"])
        .ok()
        .prints_among("ok    hook        installed: ")
        .prints_among("runs after it");
    let now = contents(&hooks(&deploy));
    assert_eq!(
        now.keys().collect::<Vec<_>>(),
        ["pre-push", "pre-push.before-smp"]
    );
    assert_eq!(now["pre-push.before-smp"], before["pre-push"]);
    assert_eq!(now["pre-push"].0 & 0o700, 0o700);

    // The guard runs first: if it stops a push, the user's own hook does not run.
    push(&deploy, &["production", "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production");
    assert_eq!(called(&deploy), "");
    let [main, staging, _] = deploy.urls();
    push(
        &deploy,
        &[
            "staging",
            "HEAD:one",
            &format!("{}:refs/heads/two", deploy.nth(1)),
        ],
    )
    .ok();
    let (none, first, sixth) = ("0".repeat(40), deploy.nth(1), deploy.nth(6));
    let lines =
        format!("HEAD {sixth} refs/heads/one {none}\n{first} {first} refs/heads/two {none}\n");
    assert_eq!(called(&deploy), format!("2:staging:{staging}\n{lines}"));
    std::fs::write(deploy.path("code"), "3").unwrap();
    push(&deploy, &["staging", "HEAD:three"])
        .exits(1)
        .says("failed to push");
    assert!(
        !deploy
            .refs(&deploy.staging)
            .contains_key("refs/heads/three")
    );
    std::fs::write(deploy.path("called"), "").unwrap();
    without_smp(&deploy)
        .program("git", &["push", "staging", "HEAD:three"])
        .exits(1);
    assert!(
        called(&deploy).starts_with("2:staging:"),
        "without the tool it is not called"
    );
    std::fs::write(deploy.path("code"), "0").unwrap();
    std::fs::write(deploy.path("called"), "").unwrap();
    push(
        &deploy,
        &["upstream", &format!("{}:refs/heads/master", deploy.nth(6))],
    )
    .ok();
    assert_eq!(
        called(&deploy),
        format!("2:upstream:{main}\n"),
        "nothing to push"
    );

    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints("  ok    hook  is removed, and the earlier hook is restored\n");
    assert_eq!(contents(&hooks(&deploy)), before);
    push(&deploy, &["production", "HEAD:one"]).ok();
}

#[test]
fn thousands_of_refs_reach_the_former_hook_whole() {
    let deploy = World::deploy_like().ready();
    deploy.hook(
        &deploy.work,
        "pre-push",
        &format!("wc -l >{}", deploy.path("count").display()),
    );
    deploy.smp(&["setup", "--hook"]).ok();
    let refs: String = (0..3000)
        .map(|n| format!("create refs/heads/{n:0100} {}\n", deploy.nth(1)))
        .collect();
    deploy
        .runner()
        .stdin(refs)
        .program("git", &["update-ref", "--stdin"])
        .ok();
    let fork = deploy.bare("fork");
    push(
        &deploy,
        &[
            "--quiet",
            fork.to_str().unwrap(),
            "refs/heads/*:refs/heads/*",
        ],
    )
    .ok();
    assert_eq!(
        std::fs::read_to_string(deploy.path("count"))
            .unwrap()
            .trim(),
        "3001"
    );
    // A hook that does not read its input causes no failure.
    deploy.executable(hooks(&deploy).join("pre-push.before-smp"), "exit 0");
    deploy.git(&fork, &["update-ref", "-d", "refs/heads/master"]);
    let refspec = "refs/heads/*:refs/heads/again/*";
    assert_eq!(
        push(&deploy, &["--quiet", fork.to_str().unwrap(), refspec])
            .ok()
            .stderr,
        ""
    );
}

#[test]
fn a_hook_that_git_would_not_run_or_that_is_a_link_comes_back_as_it_was() {
    let deploy = World::deploy_like().ready();
    std::fs::create_dir_all(hooks(&deploy)).unwrap();
    std::fs::write(hooks(&deploy).join("pre-push"), "#!/bin/sh\nexit 1\n").unwrap();
    let before = contents(&hooks(&deploy));
    deploy.smp(&["setup", "--hook"]).ok();
    push(&deploy, &["staging", "HEAD:one"]).ok();
    deploy.smp(&["setup", "--no-hook"]).ok();
    assert_eq!(contents(&hooks(&deploy)), before);

    std::fs::remove_file(hooks(&deploy).join("pre-push")).unwrap();
    deploy.executable(
        deploy.work.join("scripts/push-check"),
        "echo 'checked by the team' >&2",
    );
    symlink("../../scripts/push-check", hooks(&deploy).join("pre-push")).unwrap();
    let before = contents(&hooks(&deploy));
    deploy.smp(&["setup", "--hook"]).ok();
    push(&deploy, &["staging", "HEAD:two"])
        .ok()
        .says("checked by the team");
    push(&deploy, &["production", "HEAD:two"])
        .exits(1)
        .never_shows("checked by the team");
    deploy.smp(&["setup", "--no-hook"]).ok();
    assert_eq!(contents(&hooks(&deploy)), before);
    push(&deploy, &["staging", "HEAD:three"])
        .ok()
        .says("checked by the team");
}

#[test]
fn twice_is_the_same_as_once() {
    let deploy = guarded();
    let before = contents(&hooks(&deploy));
    deploy
        .smp(&["setup", "--hook"])
        .ok()
        .prints_among("ok    hook        is installed: ");
    deploy.smp(&["setup", "--yes", "--hook"]).ok();
    assert_eq!(contents(&hooks(&deploy)), before);
    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints("  ok    hook  is removed\n");
    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints("  ok    hook  is not installed\n");
    assert_eq!(contents(&hooks(&deploy)), BTreeMap::new());
    somebodys_hook(&deploy);
    let theirs = contents(&hooks(&deploy));
    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints_among("is not from git smp, so it stays");
    assert_eq!(contents(&hooks(&deploy)), theirs);
}

#[test]
fn a_hook_is_taken_away_without_a_file_and_without_the_network() {
    let deploy = guarded();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    std::fs::rename(&deploy.main, deploy.path("away.git")).unwrap();
    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints("  ok    hook  is removed\n");
    assert_eq!(contents(&hooks(&deploy)), BTreeMap::new());
}

#[test]
fn where_somebodys_hook_would_be_lost_nothing_is_touched() {
    let deploy = World::deploy_like().ready();
    somebodys_hook(&deploy);
    deploy.executable(
        hooks(&deploy).join("pre-push.before-smp"),
        "echo 'another one'",
    );
    let before = contents(&hooks(&deploy));
    let run = deploy.smp(&["setup", "--hook"]);
    run.exits(1)
        .prints_among("FAIL  hook")
        .prints_among("there is a pre-push hook and a saved earlier one");
    run.says("error: one check failed")
        .says("hint: look at it, then: mv ")
        .says("pre-push.before-smp.kept");
    assert_eq!(contents(&hooks(&deploy)), before);
    deploy.smp(&["setup", "--no-hook"]).ok();
    assert_eq!(contents(&hooks(&deploy)), before);

    // The command in the hint works.
    let hint = run
        .stderr
        .lines()
        .find_map(|line| line.split_once("then: "))
        .unwrap()
        .1
        .to_owned();
    deploy
        .runner()
        .program("sh", &["-c", &hint])
        .ok()
        .prints_among("runs after it");

    // An edited guard belongs to the user.
    let ours = hooks(&deploy).join("pre-push");
    let text = std::fs::read_to_string(&ours)
        .unwrap()
        .replace("exit 1", "exit 0");
    std::fs::write(&ours, text).unwrap();
    let before = contents(&hooks(&deploy));
    deploy
        .smp(&["setup", "--hook"])
        .exits(1)
        .prints_among("FAIL  hook")
        .prints_among("is left unchanged")
        .says(".kept && ");
    deploy
        .smp(&["setup", "--no-hook"])
        .exits(1)
        .says("error: the hook is left unchanged")
        .says("hint: mv ");
    assert_eq!(contents(&hooks(&deploy)), before);
}

#[test]
fn a_former_hook_whose_guard_was_deleted_by_hand_comes_back() {
    let deploy = World::deploy_like().ready();
    somebodys_hook(&deploy);
    let before = contents(&hooks(&deploy));
    deploy.smp(&["setup", "--hook"]).ok();
    std::fs::remove_file(hooks(&deploy).join("pre-push")).unwrap();
    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints_among("is restored");
    assert_eq!(contents(&hooks(&deploy)), before);
    deploy.smp(&["setup", "--hook"]).ok();
    std::fs::remove_file(hooks(&deploy).join("pre-push")).unwrap();
    deploy
        .smp(&["setup", "--hook"])
        .ok()
        .prints_among("the existing hook runs after it");
    push(&deploy, &["staging", "HEAD:one"])
        .ok()
        .prints_among("said by a hook");
}

#[test]
fn a_tool_that_puts_itself_in_front_and_is_then_put_behind_runs_in_no_circle() {
    let deploy = guarded();
    let folder = hooks(&deploy);
    std::fs::rename(folder.join("pre-push"), folder.join("pre-push.legacy")).unwrap();
    let script = r#"echo 'in front' >&2; exec "${0%/*}/pre-push.legacy" "$@""#;
    deploy.executable(folder.join("pre-push"), script);
    deploy
        .smp(&["setup", "--hook"])
        .ok()
        .prints_among("runs after it");
    let run = push(&deploy, &["staging", "HEAD:one"]);
    assert_eq!(run.ok().stderr.matches("in front").count(), 1);
    push(&deploy, &["production", "HEAD:one"])
        .exits(1)
        .says("error: a plain git push to production");
}

// --- hooks managed by other tools

#[test]
fn where_others_look_after_the_hooks_nothing_is_written_and_the_line_is_named() {
    let deploy = World::deploy_like().ready();
    let line = "git smp pre-push \"$@\"";
    let global = deploy.path("home/hooks");
    for (path, file) in [
        ("ci/hooks", "ci/hooks/pre-push"),
        (".husky/_", ".husky/pre-push"),
        ("~/hooks", global.join("pre-push").to_str().unwrap()),
    ] {
        deploy.git(&deploy.work, &["config", "core.hooksPath", path]);
        let at = if path.starts_with('~') {
            global.clone()
        } else {
            deploy.work.join(path)
        };
        std::fs::create_dir_all(&at).unwrap();
        let before = contents(&hooks(&deploy));
        let run = deploy.smp(&["setup", "--hook"]);
        run.exits(1)
            .prints_among("FAIL  hook")
            .prints_among(&format!("core.hooksPath is {path}"));
        run.says(&format!("hint: add this line to {file}: "))
            .says(line);
        // `setup --check` promises nothing that would fail.
        let check = deploy.smp(&["setup", "--check", "--hook"]);
        check.exits(1).says(&format!("to {file}: "));
        assert_eq!(
            (contents(&hooks(&deploy)), contents(&at)),
            (before, BTreeMap::new())
        );
    }
    for none in ["/dev/null", ""] {
        deploy.git(&deploy.work, &["config", "core.hooksPath", none]);
        deploy
            .smp(&["setup", "--hook"])
            .exits(1)
            .says("git config --show-origin core.hooksPath");
    }
}

#[test]
fn the_line_in_a_hook_of_others_guards_and_counts_as_installed() {
    let deploy = World::deploy_like().ready();
    deploy.git(&deploy.work, &["config", "core.hooksPath", "ci"]);
    let hint = deploy.smp(&["setup", "--hook"]).exits(1).stderr.clone();
    let line = hint
        .lines()
        .find_map(|line| line.strip_prefix("hint: add this line to ci/pre-push: "))
        .unwrap();
    assert!(
        include_str!("../../man/git-smp-setup.1")
            .replace("\\-", "-")
            .contains(line),
        "the manual has another line"
    );
    deploy.executable(
        deploy.work.join("ci/pre-push"),
        &format!("{line}\necho 'the rest' >&2"),
    );
    deploy
        .smp(&["setup", "--hook"])
        .ok()
        .prints_among("ok    hook        is called by ci/pre-push");
    push(&deploy, &["production", "HEAD:one"])
        .exits(1)
        .says("error: a plain git push")
        .never_shows("the rest");
    push(&deploy, &["staging", "HEAD:one"])
        .ok()
        .says("the rest");
    // Colleagues without git-smp push as before.
    without_smp(&deploy)
        .program("git", &["push", "production", "HEAD:one"])
        .ok()
        .says("the rest");
    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints_among("is still called by ci/pre-push; remove that line");
}

#[test]
fn the_manuals_words_for_a_hook_that_reads_its_input_twice_hold() {
    let deploy = World::deploy_like().ready();
    let page = include_str!("../../man/git-smp-setup.1").replace("\\-", "-");
    let start = page.find("pushed=$(cat)").unwrap();
    let script = page[start..].split("\n.EE").next().unwrap();
    assert!(script.contains("git lfs pre-push \"$@\""));
    let other = format!("cat >{}", deploy.path("second").display());
    deploy.executable(
        deploy.work.join("ci/pre-push"),
        &script.replace("git lfs pre-push \"$@\"", &other),
    );
    deploy.git(&deploy.work, &["config", "core.hooksPath", "ci"]);
    deploy
        .smp(&["setup", "--hook"])
        .ok()
        .prints_among("is called by ci/pre-push");
    push(&deploy, &["production", "HEAD:one"])
        .exits(1)
        .says("error: a plain git push to production");
    push(
        &deploy,
        &[
            "production",
            &format!("{}:refs/heads/master", deploy.nth(2)),
        ],
    )
    .ok();
    push(&deploy, &["staging", "HEAD:one"]).ok();
    assert!(
        std::fs::read_to_string(deploy.path("second"))
            .unwrap()
            .starts_with("HEAD ")
    );
}

#[test]
fn a_folder_of_hooks_that_is_a_link_is_somebody_elses() {
    let deploy = World::deploy_like().ready();
    std::fs::create_dir_all(deploy.work.join("ci")).unwrap();
    let _ = std::fs::remove_dir(hooks(&deploy));
    symlink("../ci", hooks(&deploy)).unwrap();
    let run = deploy.smp(&["setup", "--hook"]);
    run.exits(1)
        .prints_among("is a link to ../ci")
        .says("hint: add this line to .git/hooks/pre-push: ");
    let theirs = deploy.work.join("ci");
    assert_eq!(contents(&theirs), BTreeMap::new());
    std::fs::write(
        theirs.join("pre-push"),
        include_str!("../../src/setup/guard/pre-push.sh"),
    )
    .unwrap();
    let before = contents(&theirs);
    deploy
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints_among("is not from git smp, so it stays");
    assert_eq!(contents(&theirs), before);
}

#[test]
fn a_hook_path_that_is_the_clones_own_folder_is_no_hindrance() {
    let deploy = World::deploy();
    deploy.git(&deploy.work, &["config", "core.hooksPath", ".git/hooks"]);
    deploy
        .smp(&["setup", "--yes", "--hook"])
        .ok()
        .prints_among("ok    hook        installed");
    push(&deploy, &["production", "HEAD:one"])
        .exits(1)
        .says("error: a plain git push to production");
}

// --- the guard's place, and setup's messages about it

#[test]
fn setup_speaks_of_the_guard_only_where_there_is_one_or_it_is_asked_for() {
    let deploy = World::deploy();
    deploy.trust().never_shows("hook");
    deploy.smp(&["setup", "--check"]).ok().never_shows("hook");
    deploy
        .smp(&["setup", "--check", "--hook"])
        .ok()
        .prints_among("note  hook        is not installed; git smp setup --hook");
    assert_eq!(contents(&hooks(&deploy)), BTreeMap::new());
    deploy.smp(&["setup", "--hook"]).ok();
    deploy
        .smp(&["setup"])
        .ok()
        .prints_among("ok    hook        is installed");
    deploy
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("ok    hook        is installed");
    let hook = hooks(&deploy).join("pre-push");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o644)).unwrap();
    deploy.smp(&["setup", "--check"]).ok().prints_among(
        "note  hook        is installed, but does nothing: its file is not executable",
    );
    deploy
        .smp(&["setup", "--hook"])
        .ok()
        .prints_among("ok    hook        installed");
    assert_ne!(hook.metadata().unwrap().mode() & 0o100, 0);
    deploy.git(&deploy.work, &["config", "core.hooksPath", "ci"]);
    deploy
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("does nothing: git does not look there: core.hooksPath is ci");
    deploy.smp(&["setup", "--hook", "--no-hook"]).exits(2);
    deploy.smp(&["setup", "--check", "--no-hook"]).exits(2);
    deploy.smp(&["help"]).ok().never_shows("pre-push");
}

#[test]
fn what_is_not_trusted_gets_no_hook() {
    let deploy = World::deploy();
    deploy
        .smp(&["setup", "--hook"])
        .exits(1)
        .says("this needs a confirmation, and there is no terminal");
    let mut terminal = deploy.runner().terminal(&["setup", "--hook"]);
    terminal
        .sees("Trust this and add 2 remotes? [y/N] ")
        .enters("n");
    terminal.ends().exits(3);
    assert_eq!(contents(&hooks(&deploy)), BTreeMap::new());
}

#[test]
fn linked_work_trees_share_the_guard() {
    let deploy = World::deploy_like().ready();
    let linked = deploy.linked_with_toml("linked");
    std::fs::create_dir_all(linked.join("src/deep")).unwrap();
    deploy
        .runner()
        .cwd("linked/src")
        .smp(&["setup", "--hook"])
        .ok();
    for folder in [&deploy.work, &linked, &linked.join("src/deep")] {
        let run = deploy.try_git(folder, &["push", "production", "HEAD:refs/heads/one"]);
        run.exits(1).says("error: a plain git push to production");
    }
    assert!(hooks(&deploy).join("pre-push").exists());
    deploy
        .runner()
        .cwd("linked")
        .smp(&["setup", "--no-hook"])
        .ok()
        .prints("  ok    hook  is removed\n");
    push(&deploy, &["production", "HEAD:one"]).ok();
}

#[test]
fn spaces_in_paths_and_a_file_of_another_name_are_no_hindrance() {
    let deploy = World::deploy();
    let clone = deploy.clone_of(&deploy.main, "a clone's folder", "upstream");
    std::fs::create_dir_all(deploy.path("my files")).unwrap();
    std::fs::rename(
        deploy.work.join("smp.toml"),
        deploy.path("my files/it's smp.toml"),
    )
    .unwrap();
    let here = deploy.runner().cwd(&clone);
    here.smp(&[
        "--config",
        "../my files/it's smp.toml",
        "setup",
        "--yes",
        "--hook",
    ])
    .ok();
    deploy.hook(&clone, "pre-push.before-smp", "echo 'the former one' >&2");
    let run = here.program("git", &["push", "production", "HEAD:one"]);
    run.exits(1)
        .says("error: a plain git push to production")
        .says("hint: git smp --config ")
        .says(" promote\n");
    here.program("git", &["push", "staging", "HEAD:one"])
        .ok()
        .says("the former one");
    here.smp(&["setup", "--no-hook"])
        .ok()
        .prints_among("is removed");
}

#[test]
fn a_bare_repository_has_a_guard_too() {
    let deploy = World::deploy();
    deploy.git(
        "",
        &[
            "clone",
            "-q",
            "--bare",
            "--template=",
            "main.git",
            "bare.git",
        ],
    );
    deploy.git("bare.git", &["remote", "rename", "origin", "upstream"]);
    deploy.git(
        "bare.git",
        &["remote", "set-url", "upstream", deploy.urls()[0]],
    );
    let bare = deploy.runner().cwd("bare.git");
    std::fs::copy(deploy.work.join("smp.toml"), deploy.path("team.toml")).unwrap();
    bare.smp(&["--config", "../team.toml", "setup", "--yes", "--hook"])
        .ok();
    bare.program("git", &["push", "production", "master:one"])
        .exits(1)
        .says("error: a plain git push to production");
    bare.program("git", &["push", "staging", "master:one"]).ok();
}
