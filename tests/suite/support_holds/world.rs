//! The world is closed, and the standard world is as described.

use std::time::Duration;

use crate::support::{Gate, World};

#[test]
fn a_program_in_the_world_sees_none_of_the_machines_variables() {
    let world = World::new();
    let names = world.runner().program("env", &[]).ok().out();
    let mut names: Vec<&str> = names
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    names.retain(|name| !["PWD", "SHLVL", "_"].contains(name));
    let mut expected: Vec<String> = world
        .env()
        .iter()
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn home_and_temporary_files_are_inside_the_world() {
    let world = World::new();
    let out = world
        .runner()
        .program("sh", &["-c", "cd && pwd && cd \"$TMPDIR\" && pwd"])
        .ok()
        .out();
    let folders: Vec<&str> = out.lines().collect();
    assert_eq!(
        folders,
        [
            world.path("home").to_str().unwrap(),
            world.path("tmp").to_str().unwrap()
        ]
    );
}

#[test]
fn git_reads_no_configuration_from_outside_the_world() {
    let world = World::new();
    let origins = world.git("", &["config", "--list", "--show-origin", "--name-only"]);
    assert!(!origins.is_empty());
    let ours = format!("file:{}", world.git_config().display());
    for line in origins.lines() {
        assert!(line.starts_with(&ours), "{line}");
    }
}

#[test]
fn git_finds_no_repository_around_the_world() {
    World::new()
        .try_git("", &["rev-parse", "--git-dir"])
        .exits(128)
        .says("not a git repository");
}

#[test]
fn git_smp_in_the_world_is_the_binary_under_test() {
    let world = World::new();
    let found = world
        .runner()
        .program("sh", &["-c", "command -v git-smp"])
        .ok()
        .out();
    assert_eq!(found.trim_end(), env!("CARGO_BIN_EXE_git-smp"));
}

#[test]
fn a_program_can_stand_in_front_of_another() {
    let world = World::new();
    world.executable("front/git", "echo git version 1.8.0");
    let run = world
        .runner()
        .path_first("front")
        .program("git", &["--version"]);
    run.ok().prints("git version 1.8.0\n");
    let other = world.git("", &["--version"]);
    assert_ne!(other, "git version 1.8.0", "only that run is led astray");
}

#[test]
fn commits_have_the_same_hashes_in_every_world() {
    let [one, other] = [World::deploy(), World::deploy()];
    assert_eq!(one.commits, other.commits);
}

#[test]
fn commits_grow_older_by_a_minute_each() {
    let deploy = World::deploy();
    let dates = deploy.git(&deploy.work, &["log", "--reverse", "--format=%ct"]);
    let dates: Vec<u64> = dates.lines().map(|date| date.parse().unwrap()).collect();
    assert_eq!(dates.len(), 6);
    assert!(
        dates.windows(2).all(|pair| pair[1] == pair[0] + 60),
        "{dates:?}"
    );
}

#[test]
fn the_standard_world_has_production_behind_staging_behind_main() {
    let deploy = World::deploy();
    assert_eq!(deploy.master(&deploy.main), deploy.nth(6));
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(5));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    deploy.ran([2]);
    deploy.git(
        &deploy.work,
        &["merge-base", "--is-ancestor", deploy.nth(2), deploy.nth(5)],
    );
    assert_eq!(deploy.git(&deploy.work, &["remote"]), "upstream");
}

#[test]
fn the_standard_configuration_is_toml_that_names_the_pages() {
    let deploy = World::deploy();
    let config: toml::Table = deploy.toml().parse().unwrap();
    let page = &config["environments"]["production"]["running"]["page"];
    assert_eq!(page.as_str(), Some(deploy.web.url("/production").as_str()));
    assert_eq!(
        config["environments"]["production"]["promotes"].as_str(),
        Some("staging")
    );
}

#[test]
fn without_pages_the_configuration_names_none() {
    let deploy = World::deploy_like()
        .without_pages()
        .toml("[record]\n")
        .build();
    let config: toml::Table = deploy.toml().parse().unwrap();
    assert!(
        config["environments"]["production"]
            .get("running")
            .is_none()
    );
    assert!(config.contains_key("record"));
}

#[test]
fn a_world_of_sha256_has_long_names() {
    let deploy = World::deploy_like().sha256().build();
    assert_eq!(deploy.nth(5).len(), 64);
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(5));
}

#[test]
#[cfg_attr(not(feature = "machine"), ignore = "needs git 2.45")]
fn a_world_of_reftables_has_them_everywhere() {
    let deploy = World::deploy_like().reftable().build();
    for repository in [&deploy.main, &deploy.production, &deploy.work] {
        assert_eq!(
            deploy.git(repository, &["rev-parse", "--show-ref-format"]),
            "reftable"
        );
    }
    assert_eq!(deploy.master(&deploy.staging), deploy.nth(5));
}

#[test]
fn a_snapshot_differs_after_a_push_and_after_a_deploy_that_moves_nothing() {
    let deploy = World::deploy();
    let before = deploy.snapshot();
    assert_eq!(before, deploy.snapshot());
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    assert_ne!(before, deploy.snapshot());
    deploy.colleague_pushes(&deploy.production, deploy.nth(2));
    assert_eq!(
        deploy.refs(&deploy.production),
        before["production.git"]
            .iter()
            .filter(|(name, _)| *name != "deploys")
            .map(|(name, id)| (name.clone(), id.clone()))
            .collect()
    );
    assert_ne!(before, deploy.snapshot(), "two more builds took place");
}

#[test]
fn a_hook_waits_at_the_gate_until_the_test_opens_it() {
    let deploy = World::deploy();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let [_, _, production] = deploy.urls();
    let refspec = format!("{}:refs/heads/master", deploy.nth(3));
    let push = deploy
        .runner()
        .start_program("git", &["push", "-q", production, &refspec]);
    gate.reached();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    gate.open();
    push.finish().ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(3));
}

#[test]
fn whoever_waits_at_a_gate_goes_on_when_the_gate_is_gone() {
    let world = World::new();
    let gate = Gate::new(&world, "lost");
    let waiting = world.runner().start_program("sh", &["-c", &gate.line()]);
    gate.reached();
    assert!(!gate.is_reached_within(Duration::ZERO));
    drop(gate);
    waiting.finish();
}

#[test]
#[should_panic(expected = "has not ended in time")]
fn a_program_that_hangs_is_ended_and_fails_its_test() {
    World::new()
        .runner()
        .limit(Duration::from_millis(50))
        .program("sh", &["-c", "cat /dev/zero >/dev/null"]);
}

#[test]
fn a_program_reads_what_the_test_gives_it_and_ends_as_it_ends() {
    let run = World::new()
        .runner()
        .stdin("a line\n")
        .program("sh", &["-c", "cat; echo oops >&2; kill -9 $$"]);
    run.exits(137).prints("a line\n").says("oops");
}

#[test]
#[should_panic(expected = "exit code of")]
fn a_wrong_exit_code_fails_the_test() {
    World::new().runner().program("false", &[]).ok();
}

#[test]
fn a_signal_that_the_tests_were_started_without_reaches_their_programs() {
    let ours = std::env::current_exe().unwrap();
    let mut ignoring = std::process::Command::new("/bin/sh");
    ignoring.args(["-c", "trap '' HUP INT QUIT TERM; exec \"$@\"", "sh"]);
    ignoring.arg(ours).args(["--exact", "--nocapture"]);
    let run = ignoring
        .arg("support_holds::world::a_program_ends_by_the_signal_that_it_is_sent")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && out.contains("1 passed"), "{out}");
}

#[test]
fn a_program_ends_by_the_signal_that_it_is_sent() {
    for (name, number) in [("HUP", 1), ("INT", 2), ("QUIT", 3), ("TERM", 15)] {
        World::new()
            .runner()
            .program("sh", &["-c", &format!("kill -{name} $$; sleep 5")])
            .exits(128 + number);
    }
}

#[test]
fn a_commit_without_git_is_the_one_that_git_makes() {
    let made = |by_git: bool| {
        let world = World::new();
        let folder = world.repository("one");
        if by_git {
            world.configure("core.excludesFile", "none");
        }
        std::fs::create_dir(folder.join("b")).unwrap();
        for (file, text) in [("a", "first"), ("b/c", "other")] {
            std::fs::write(folder.join(file), text).unwrap();
        }
        world.commit(&folder, "The first");
        std::fs::write(folder.join("a"), "second").unwrap();
        std::fs::remove_file(folder.join("b/c")).unwrap();
        let message = "The second \n\n\n\nand why\n\n";
        let hash = world.commit_files(&folder, message, &[("d", "new")]);
        let state = world.git(&folder, &["status", "--porcelain"]);
        world.git(&folder, &["fsck", "--strict"]);
        let log = world.git(&folder, &["reflog", "--date=raw", "--format=%H %gd %gs"]);
        (hash, state, log, world.refs(&folder))
    };
    assert_eq!(made(false), made(true));
}
