//! The kept settings are used only as long as git would give the same answers.

use std::time::{Duration, SystemTime};

use crate::core::words::KnownConfig;
use crate::git::tests::*;

/// Returns what is kept if files that were just written count as old enough.
fn kept(repo: &Repo) -> Option<KnownConfig> {
    repo.keep(SystemTime::now() + Duration::from_secs(60))
}

/// Returns a clone with an abbreviation of its own, the path of its global configuration, and what a run kept.
fn world() -> (World, String, KnownConfig) {
    let world = World::new();
    world.commit("One");
    world.git(&["config", "core.abbrev", "9"]);
    world.git(&["config", "http.extraHeader", "Authorization: secret"]);
    let global = world.path().join("global").to_str().unwrap().to_owned();
    let known = kept(&world.repo_in("", &[("GIT_CONFIG_GLOBAL", &global)])).unwrap();
    (world, global, known)
}

/// Returns whether the kept settings are used, after a comparison with git's.
fn is_believed(mut repo: Repo, known: &KnownConfig) -> bool {
    repo.recall(Some(known.clone()));
    for key in ["core.abbrev", "color.ui"] {
        let answer = repo.shown_config().unwrap().get(key);
        assert_eq!(answer, repo.config().unwrap().get(key), "{key}");
    }
    repo.known.is_some()
}

#[test]
fn an_answer_is_kept_without_what_is_none_of_our_business() {
    let (world, global, known) = world();
    assert_eq!(known.entries, [("core.abbrev".into(), "9".into())]);
    let repo = || world.repo_in("", &[("GIT_CONFIG_GLOBAL", &global)]);
    assert!(is_believed(repo(), &known));
    world.commit("Two");
    assert!(is_believed(repo(), &known));
}

#[test]
fn every_file_that_git_reads_is_looked_at() {
    let changes: [fn(&World); 6] = [
        |world| drop(world.git(&["config", "core.abbrev", "8"])),
        |world| drop(world.git(&["config", "includeIf.onbranch:main.path", "more"])),
        |world| drop(world.git(&["config", "--unset", "core.abbrev"])),
        |world| fs::write(world.path().join("global"), "[color]\nui = always\n").unwrap(),
        |world| fs::write(world.path().join("global"), "").unwrap(),
        |world| fs::write(world.path().join(".git/config.worktree"), "").unwrap(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let (world, global, known) = world();
        change(&world);
        let repo = world.repo_in("", &[("GIT_CONFIG_GLOBAL", &global)]);
        assert!(!is_believed(repo, &known), "change {at}");
    }
}

#[test]
fn variables_that_say_what_git_reads_are_looked_at() {
    let (world, global, known) = world();
    let other = world.path().join("other");
    fs::write(&other, "[core]\nabbrev = 12\n").unwrap();
    let other = other.to_str().unwrap();
    let count = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.abbrev"),
        ("GIT_CONFIG_VALUE_0", "11"),
    ];
    let cases: [&[(&str, &str)]; 7] = [
        &count,
        &[("GIT_CONFIG_PARAMETERS", "'core.abbrev'='10'")],
        &[("GIT_CONFIG_GLOBAL", other)],
        &[("GIT_CONFIG_SYSTEM", other), ("GIT_CONFIG_NOSYSTEM", "0")],
        &[("GIT_CONFIG", other)],
        &[("HOME", "/elsewhere")],
        &[("XDG_CONFIG_HOME", "/elsewhere")],
    ];
    for case in cases {
        let variables = [&[("GIT_CONFIG_GLOBAL", &global[..])], case].concat();
        let repo = world.repo_in("", &variables);
        assert!(!is_believed(repo, &known), "{case:?}");
        let is_given =
            ["GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"].contains(&case[0].0);
        let kept = kept(&world.repo_in("", &variables));
        assert!(!is_given || kept.is_none(), "{case:?}");
    }
}

#[test]
fn a_work_tree_has_a_configuration_of_its_own() {
    let (world, global, _) = world();
    world.git(&["config", "extensions.worktreeConfig", "true"]);
    world.git(&["worktree", "add", "-q", "tree"]);
    let variables = [("GIT_CONFIG_GLOBAL", &global[..])];
    let known = kept(&world.repo_in("tree", &variables)).unwrap();
    assert!(is_believed(world.repo_in("tree", &variables), &known));
    assert!(!is_believed(world.repo_in("", &variables), &known));
    world.git(&["-C", "tree", "config", "--worktree", "core.abbrev", "8"]);
    assert!(!is_believed(world.repo_in("tree", &variables), &known));
}

#[test]
fn git_is_asked_where_files_may_change_unseen() {
    let (world, ..) = world();
    assert_eq!(world.repo().to_keep(), None);
    for key in ["include.path", "includeIf.gitdir:/elsewhere.path"] {
        world.git(&["config", key, "more"]);
        assert_eq!(kept(&world.repo()), None, "{key}");
        world.git(&["config", "--unset", key]);
    }
    assert!(kept(&world.repo()).is_some());
}
