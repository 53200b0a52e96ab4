//! Every way in which the program can be called.

use crate::any_repository::{deploy, works};
use crate::diff::{log, range};
use crate::support::World;

#[test]
fn from_elsewhere_with_git_dash_c() {
    let deploy = deploy();
    let work = deploy.work.to_str().unwrap();
    works(&deploy, &deploy.runner().cwd("").git_options(&["-C", work]));
    works(
        &deploy,
        &deploy
            .runner()
            .cwd("home")
            .git_options(&["-C", "..", "-C", "work"]),
    );
}

#[test]
fn with_places_that_are_named() {
    let deploy = deploy();
    let above = deploy.runner().cwd("");
    works(
        &deploy,
        &above
            .clone()
            .git_options(&["--git-dir=work/.git", "--work-tree=work"]),
    );
    works(
        &deploy,
        &above
            .clone()
            .env("GIT_DIR", "work/.git")
            .env("GIT_WORK_TREE", "work"),
    );
    works(
        &deploy,
        &above
            .env("GIT_DIR", "work/.git")
            .env("GIT_WORK_TREE", "work")
            .directly(),
    );
    let inside = deploy.work.join("deep");
    std::fs::create_dir(&inside).unwrap();
    works(
        &deploy,
        &deploy
            .runner()
            .cwd(&inside)
            .env("GIT_DIR", "../.git")
            .env("GIT_WORK_TREE", ".."),
    );
    // Without a named work tree the current folder is its top.
    works(
        &deploy,
        &deploy.runner().env("GIT_DIR", deploy.work.join(".git")),
    );
}

#[test]
fn by_an_alias() {
    let deploy = deploy();
    deploy.configure("alias.ship", "smp diff");
    deploy.configure("alias.list", "!git-smp diff");
    let expected = log(&deploy, &deploy.team, &range(&deploy, 2, 5));
    std::fs::create_dir(deploy.work.join("deep")).unwrap();
    let runner = deploy.runner().cwd("work/deep");
    runner.program("git", &["ship"]).ok().prints(&expected);
    runner.program("git", &["list"]).ok().prints(&expected);
}

#[test]
fn with_configuration_on_the_command_line_and_in_the_environment() {
    let deploy = deploy();
    let long = deploy.try_git(
        &deploy.team,
        &[
            "-c",
            "core.abbrev=12",
            "log",
            "--oneline",
            "--no-merges",
            "--no-decorate",
            &range(&deploy, 2, 5),
        ],
    );
    let long = long.ok().out();
    assert!(long.starts_with(&format!("{} ", &deploy.nth(5)[..12])));
    deploy
        .runner()
        .git_options(&["-c", "core.abbrev=12"])
        .smp(&["diff"])
        .ok()
        .prints(&long);
    let counted = deploy
        .runner()
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.abbrev");
    counted
        .clone()
        .env("GIT_CONFIG_VALUE_0", "12")
        .smp(&["diff"])
        .ok()
        .prints(&long);
    let run = deploy
        .runner()
        .git_options(&["-c", "core.abbrev=12"])
        .smp(&["diff", "--json"]);
    assert_eq!(run.ok().json()["ships"][0]["short"], deploy.nth(5)[..12]);
    // One command can ignore the agreement, and the address of a remote is the one that git reports.
    deploy
        .runner()
        .git_options(&["-c", "smp.trusted=other"])
        .smp(&["diff"])
        .exits(2)
        .says("changed since");
    let elsewhere = deploy
        .runner()
        .git_options(&["-c", "remote.production.pushurl=/elsewhere"]);
    elsewhere
        .smp(&["diff"])
        .exits(2)
        .says("the remote production is not the one in smp.toml");
}

// ENV-01.
#[test]
fn with_the_variables_of_somebody_elses_operation() {
    let deploy = deploy();
    let mut runner = deploy.runner();
    for name in [
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_QUARANTINE_PATH",
        "GIT_PREFIX",
        "GIT_GRAFT_FILE",
        "GIT_SHALLOW_FILE",
        "GIT_NAMESPACE",
        "GIT_REPLACE_REF_BASE",
        "GIT_REFLOG_ACTION",
    ] {
        runner = runner.env(name, "/nonsense");
    }
    works(&deploy, &runner.clone().directly());
    let odd = runner
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("GIT_TRACE", "/dev/stderr")
        .env("GIT_TRACE_CURL", "1");
    works(
        &deploy,
        &odd.env("GIT_EXTERNAL_DIFF", "false")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .directly(),
    );
}

// ENV-01.
#[test]
fn nothing_makes_git_write_down_what_it_does() {
    let deploy = deploy();
    let traces = deploy.path("traces");
    std::fs::create_dir(&traces).unwrap();
    let mut runner = deploy.runner().directly();
    for kind in [
        "",
        "_PERFORMANCE",
        "_SHALLOW",
        "_PACK_ACCESS",
        "_REFS",
        "2",
        "2_EVENT",
        "2_PERF",
    ] {
        runner = runner.env(
            &format!("GIT_TRACE{kind}"),
            traces.join(format!("variable{kind}")),
        );
    }
    let config = deploy.path("home/.gitconfig");
    let before = std::fs::read_to_string(&config).unwrap();
    let target = |kind| format!("[trace2]\n{kind}Target = {}/{kind}\n", traces.display());
    let targets = ["normal", "event", "perf"].map(target).concat();
    std::fs::write(&config, format!("{before}{targets}")).unwrap();
    runner.smp(&["status"]).ok();
    std::fs::write(&config, before).unwrap();
    let written: Vec<_> = std::fs::read_dir(&traces).unwrap().collect();
    assert!(written.is_empty(), "{written:?}");
}

// ENV-01.
#[test]
fn from_hooks_of_both_sides() {
    let deploy = deploy();
    let expected = String::from_utf8(log(&deploy, &deploy.team, &range(&deploy, 2, 5))).unwrap();
    let work = &deploy.work;
    let out = deploy.path("out");
    let script = format!(
        "git smp diff >'{0}' 2>'{0}.err' && git smp promote -n --json >'{0}.json'",
        out.display()
    );
    deploy.hook(work, "pre-commit", &script);
    std::fs::create_dir(work.join("deep")).unwrap();
    deploy.git(
        work.join("deep"),
        &["commit", "-q", "--allow-empty", "-a", "-m", "Look before"],
    );
    assert_eq!(std::fs::read_to_string(&out).unwrap(), expected);
    let plan: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.with_extension("json")).unwrap()).unwrap();
    assert_eq!(plan["commit"], deploy.nth(5));

    // A hook of a bare repository that receives a push, with the push in quarantine.
    std::fs::remove_file(&out).unwrap();
    super::settle(&deploy, &deploy.main);
    deploy.git(
        &deploy.main,
        &[
            "config",
            "remote.upstream.fetch",
            "+refs/heads/*:refs/remotes/upstream/*",
        ],
    );
    deploy.hook(
        &deploy.main,
        "pre-receive",
        &format!(
            "git smp --config '{}' diff >'{}'",
            work.join("smp.toml").display(),
            out.display()
        ),
    );
    deploy.colleague_commits("Add a seventh thing");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), expected);
}

// F-GIT-1: the oldest supported git.
#[test]
#[ignore = "needs another git: GIT_SMP_OTHER_GIT names its file"]
fn with_another_git_first_on_the_path() {
    let other = std::env::var_os("GIT_SMP_OTHER_GIT").expect("GIT_SMP_OTHER_GIT");
    let world = World::new();
    assert_ne!(
        world.runner().program(&other, &["--version"]).ok().out(),
        world.runner().program("git", &["--version"]).out(),
    );
    let deploy = World::deploy();
    std::fs::create_dir(deploy.path("other")).unwrap();
    std::os::unix::fs::symlink(other, deploy.path("other/git")).unwrap();
    let runner = deploy.runner().path_first("other");
    runner.smp(&["setup", "--yes"]).ok();
    works(&deploy, &runner);
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    runner.smp(&["promote", "--yes", "--commit", &seventh]).ok();
    assert_eq!(
        deploy.deploys(&deploy.production),
        [deploy.nth(2), &seventh]
    );
    runner
        .smp(&["status"])
        .ok()
        .prints_among("the same as staging");
}

// F-GIT-1, ENV-03.
#[test]
fn without_a_git_that_can_be_trusted() {
    let deploy = deploy();
    let empty = deploy.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let run = deploy
        .runner()
        .directly()
        .env("PATH", &empty)
        .smp(&["diff"]);
    run.exits(1)
        .prints("")
        .says("git is not on PATH")
        .says("hint: ");
    // A git inside the repository is not used, however it gets onto the path.
    deploy.executable(
        deploy.work.join("git"),
        &format!("touch {}", deploy.path("sprung").display()),
    );
    for path in [".", "", "../work"] {
        deploy
            .runner()
            .directly()
            .env("PATH", path)
            .smp(&["diff"])
            .exits(1)
            .says("git is not on PATH");
    }
    assert!(!deploy.path("sprung").exists());
    // A git that fails, or prints impossible output, is reported.
    for script in [
        "exit 3",
        "kill -9 $$",
        "echo garbage",
        "printf '\\033[31m' >&2; exit 1",
    ] {
        deploy.executable("front/git", script);
        let run = deploy
            .runner()
            .directly()
            .path_first("front")
            .smp(&["diff"]);
        assert_ne!(run.code, 0, "{run}");
        run.prints("")
            .says("error: ")
            .never_shows("panicked")
            .never_shows("\u{1b}");
    }
}
