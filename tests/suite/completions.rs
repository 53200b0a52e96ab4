//! The completions: from this clone's data, fast, and without error messages. `machine::completions` tests the shells
//! themselves.

use crate::support::{Deploy, Run, World};

/// Returns the open candidate.
#[track_caller]
pub fn candidate(deploy: &Deploy) -> String {
    let status = deploy.smp(&["status", "--json"]).ok().json();
    status["candidate"]["commit"].as_str().unwrap().to_owned()
}

/// Returns what is offered for these words; the last one is being typed.
fn offered(deploy: &Deploy, words: &[&str]) -> Run {
    let run = deploy.smp(&[&["complete", "fish", "--"], words].concat());
    assert_eq!(run.ok().stderr, "");
    run
}

#[test]
fn what_is_offered_is_known_here_and_asked_of_nobody() {
    let deploy = World::deploy_like()
        .toml("[record]\nsignoff = false\n")
        .build();
    deploy.trust();
    deploy.smp(&["stage", "--yes"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
    let candidate = candidate(&deploy);
    let asked = deploy.web.asked().len();
    std::fs::rename(deploy.path("main.git"), deploy.path("away.git")).unwrap();
    offered(&deploy, &["promote", ""]).prints("production\tgets its commits from staging\n");
    offered(&deploy, &["promote", "production", ""]).never_shows("promoted from");
    for words in [
        &["signoff", "--commit", ""][..],
        &["promote", "--commit", &candidate[..5]],
        &["rollback", "--to", ""],
        &["stage", ""],
    ] {
        let first = format!("{}\tthe candidate\n", &candidate[..12]);
        let run = offered(&deploy, words);
        assert!(run.out().starts_with(&first), "{run}");
    }
    let held = offered(&deploy, &["rollback", "--to", ""]);
    held.prints_among(&deploy.nth(2)[..12]);
    offered(&deploy, &["rollback", "--take-over", ""]).prints("");
    assert_eq!(deploy.web.asked().len(), asked);
    // The shell completes a file itself.
    let file = deploy.smp(&["complete", "zsh", "--", "--config", ""]);
    file.exits(1).prints("");
    assert_eq!(file.stderr, "");
}

#[test]
fn without_a_home_setup_says_once_that_there_is_no_folder() {
    let deploy = World::deploy_like().build();
    let runner = deploy.runner().env("HOME", "").env("XDG_DATA_HOME", "");
    let run = runner.smp(&["setup", "--yes"]);
    run.ok()
        .prints_among("completion  could not be installed (there is no folder for it)\n");
}

#[test]
fn a_hostile_or_missing_file_offers_nothing_and_says_nothing() {
    let deploy = World::deploy();
    let good = deploy.toml();
    for name in ["$(touch x)", "a;touch x", "\\u001b[31m", "-n", "`touch x`"] {
        let hostile = good.replace(
            "[environments.production",
            &format!("[environments.\"{name}\""),
        );
        deploy.write_toml(&hostile);
        offered(&deploy, &["promote", ""])
            .never_shows("touch")
            .never_shows("\u{1b}");
        offered(&deploy, &["stage", "--pick", ""]).never_shows("touch");
    }
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    offered(&deploy, &["diff", ""]).never_shows("promoted from");
    // A named file counts, and can be read without agreement.
    std::fs::write(deploy.work.join("other.toml"), &good).unwrap();
    offered(&deploy, &["--config", "other.toml", "diff", ""]).prints_among("production\t");
    let outside = World::new();
    outside
        .smp(&["complete", "bash", "--", "promote", "--"])
        .ok()
        .prints_among("--commit \n");
    outside.smp(&["complete", "bash", "--", "promote", ""]).ok();
    outside.smp(&["complete", "bash", "--", "stauts", ""]).ok();
    outside
        .smp(&["complete", "bash", "--"])
        .ok()
        .prints_among("promote \n");
}

#[test]
fn setup_prints_the_file_of_a_shell_anywhere_and_changes_nothing() {
    let world = World::new();
    for (shell, part) in [
        ("bash", "_git_smp()"),
        ("zsh", "#compdef git-smp"),
        ("fish", "complete -c git-smp"),
    ] {
        world
            .smp(&["setup", "--completions", shell])
            .ok()
            .prints_among(part);
    }
    world
        .smp(&["setup", "--completions", "tcsh"])
        .exits(2)
        .says("bash, zsh, fish");
    world
        .smp(&["setup", "--completions", "zsh", "--yes"])
        .exits(2);
    assert!(!world.path("home/.local").exists());
}

#[test]
fn files_of_another_version_are_noticed_by_status_and_replaced_by_setup() {
    let deploy = World::deploy();
    // These are on every machine that runs the tests.
    deploy.executable("bin/bash", "exit 0");
    let path = std::env::join_paths(
        std::iter::once(deploy.path("bin")).chain(std::env::split_paths(
            &deploy
                .env()
                .into_iter()
                .find(|(name, _)| name == "PATH")
                .unwrap()
                .1,
        )),
    );
    let runner = deploy.runner().env("PATH", path.unwrap());
    let file = deploy.path("home/.local/share/bash-completion/completions/git-smp");
    runner
        .smp(&["setup", "--yes"])
        .ok()
        .prints_among("installed for bash");
    let ours = std::fs::read(&file).unwrap();
    runner.smp(&["status"]).ok().never_shows("another version");
    std::fs::write(&file, "# of old\n").unwrap();
    runner
        .smp(&["status"])
        .ok()
        .says("are from another version")
        .says(": git smp setup\n");
    runner
        .smp(&["status", "-q"])
        .ok()
        .never_shows("another version");
    runner
        .smp(&["status", "--json"])
        .ok()
        .never_shows("another version");
    runner
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("is not installed for bash");
    runner.smp(&["setup"]).ok();
    assert_eq!(std::fs::read(&file).unwrap(), ours);
    let pages = deploy.path("home/.local/share/man/man1");
    std::fs::create_dir_all(&pages).unwrap();
    std::fs::write(pages.join("git-smp.1"), ".TH OLD 1\n").unwrap();
    runner
        .smp(&["status"])
        .ok()
        .says("are from another version");
}
