//! Every form that a repository can have.

use crate::any_repository::{cloned, deploy, settle, works, works_with};
use crate::diff::{commit_on, log, range};
use crate::sample::one_of;
use crate::support::World;

#[test]
fn a_linked_work_tree() {
    let deploy = deploy();
    deploy.git(
        &deploy.work,
        &[
            "worktree",
            "add",
            "-q",
            "--detach",
            "../linked",
            deploy.nth(1),
        ],
    );
    std::fs::copy(deploy.work.join("smp.toml"), deploy.path("linked/smp.toml")).unwrap();
    std::fs::create_dir(deploy.path("linked/deep")).unwrap();
    works(&deploy, &deploy.runner().cwd("linked/deep"));
}

#[test]
fn a_work_tree_with_a_configuration_of_its_own() {
    let deploy = deploy();
    deploy.in_clone("config extensions.worktreeConfig true");
    deploy.git(&deploy.work, &["worktree", "add", "-q", "../linked"]);
    std::fs::copy(deploy.work.join("smp.toml"), deploy.path("linked/smp.toml")).unwrap();
    works(&deploy, &deploy.runner().cwd("linked"));
    // An address of this work tree counts only here.
    deploy.git(
        "linked",
        &[
            "config",
            "--worktree",
            "remote.production.url",
            "/elsewhere",
        ],
    );
    deploy
        .runner()
        .cwd("linked")
        .smp(&["diff"])
        .exits(2)
        .says("production");
    works(&deploy, &deploy.runner());
}

#[test]
fn a_git_folder_that_lies_elsewhere() {
    let deploy = deploy();
    cloned(
        &deploy,
        "apart",
        &[
            "--separate-git-dir",
            deploy.path("apart.gitdir").to_str().unwrap(),
        ],
    );
    works(&deploy, &deploy.runner().cwd("apart"));
}

#[test]
fn a_subfolder_and_one_behind_a_symbolic_link() {
    let deploy = deploy();
    std::fs::create_dir_all(deploy.work.join("a/b")).unwrap();
    works(&deploy, &deploy.runner().cwd("work/a/b"));
    std::os::unix::fs::symlink(deploy.work.join("a/b"), deploy.path("short-cut")).unwrap();
    works(&deploy, &deploy.runner().cwd("short-cut"));
}

#[test]
fn a_bare_repository_with_a_named_configuration() {
    let deploy = deploy();
    let bare = cloned(&deploy, "bare.git", &["--bare"]);
    let runner = deploy.runner().cwd(&bare);
    runner
        .smp(&["diff"])
        .exits(2)
        .prints("")
        .says("a bare repository has no work tree")
        .says("hint: replace the dots with the path of the configuration: git smp --config '...' setup\n");
    std::fs::copy(deploy.work.join("smp.toml"), deploy.path("team.toml")).unwrap();
    works_with(&deploy, &runner, &["--config", "../team.toml"]);
    works(
        &deploy,
        &runner
            .clone()
            .env("GIT_SMP_CONFIG", deploy.work.join("smp.toml")),
    );
    runner.smp(&["--config", "../team.toml", "status"]).ok();
}

#[test]
fn a_bare_repository_with_work_trees_around_it() {
    let deploy = deploy();
    let bare = cloned(&deploy, "around/.bare", &["--bare"]);
    std::fs::write(deploy.path("around/.git"), "gitdir: ./.bare\n").unwrap();
    deploy.git(
        &bare,
        &[
            "worktree",
            "add",
            "-q",
            "--detach",
            "../tree",
            deploy.nth(3),
        ],
    );
    std::fs::copy(
        deploy.work.join("smp.toml"),
        deploy.path("around/tree/smp.toml"),
    )
    .unwrap();
    works(&deploy, &deploy.runner().cwd("around/tree"));
    works_with(
        &deploy,
        &deploy.runner().cwd("around"),
        &["--config", "tree/smp.toml"],
    );
}

#[test]
fn a_head_that_is_detached_or_unborn_and_a_dirty_work_tree() {
    let deploy = deploy();
    let work = &deploy.work;
    deploy.git(work, &["checkout", "-q", "--detach", deploy.nth(1)]);
    works(&deploy, &deploy.runner());
    std::fs::write(work.join("LOG"), "changed\n").unwrap();
    std::fs::write(work.join("new"), "new\n").unwrap();
    deploy.git(work, &["add", "new"]);
    works(&deploy, &deploy.runner());
    deploy.git(work, &["symbolic-ref", "HEAD", "refs/heads/unborn"]);
    works(&deploy, &deploy.runner());
    assert_eq!(
        std::fs::read_to_string(work.join("LOG")).unwrap(),
        "changed\n"
    );

    // Nothing was ever fetched here.
    let empty = deploy.repository("empty");
    settle(&deploy, &empty);
    std::fs::copy(work.join("smp.toml"), empty.join("smp.toml")).unwrap();
    works(&deploy, &deploy.runner().cwd(&empty));
}

#[test]
fn a_merge_that_is_not_finished() {
    let deploy = deploy();
    let work = &deploy.work;
    deploy.git(work, &["checkout", "-q", "-b", "other", deploy.nth(1)]);
    deploy.commit(work, "Change the same lines");
    deploy.try_git(work, &["merge", "master"]).exits(1);
    works(&deploy, &deploy.runner());
}

#[test]
fn indexes_that_are_sparse_split_untracked_or_broken() {
    let deploy = deploy();
    let work = &deploy.work;
    let files = [
        ("one/file", "1\n"),
        ("two/file", "2\n"),
        ("two/deep/file", "3\n"),
    ];
    deploy.commit_files(work, "Add folders", &files);
    deploy.git(
        work,
        &["sparse-checkout", "set", "--cone", "--sparse-index", "one"],
    );
    assert!(!work.join("two").exists());
    works(&deploy, &deploy.runner());
    works(&deploy, &deploy.runner().cwd(work.join("one")));
    deploy.git(work, &["sparse-checkout", "disable"]);
    deploy.git(
        work,
        &["update-index", "--split-index", "--untracked-cache"],
    );
    works(&deploy, &deploy.runner());
    std::fs::write(work.join(".git/index"), "no index\n").unwrap();
    works(&deploy, &deploy.runner());
}

#[test]
fn clones_without_blobs_or_trees_which_are_not_fetched_either() {
    let deploy = deploy();
    deploy.git(&deploy.main, &["config", "uploadpack.allowFilter", "true"]);
    for (name, filter) in one_of([
        ("blobless", "--filter=blob:none"),
        ("treeless", "--filter=tree:0"),
    ]) {
        let partial = cloned(&deploy, name, &[filter, "--no-checkout"]);
        let count = || {
            deploy
                .git(
                    &partial,
                    &["rev-list", "--objects", "--all", "--missing=print"],
                )
                .matches('?')
                .count()
        };
        let missing = count();
        assert!(missing > 0);
        works(&deploy, &deploy.runner().cwd(&partial));
        assert_eq!(count(), missing, "nothing is fetched by the way");
        // The form of older versions of git.
        deploy.git(&partial, &["config", "core.repositoryFormatVersion", "1"]);
        deploy.git(&partial, &["config", "extensions.partialClone", "upstream"]);
        works(&deploy, &deploy.runner().cwd(&partial));
    }
}

#[test]
#[cfg_attr(not(feature = "machine"), ignore = "needs git 2.45")]
fn refs_in_a_reftable() {
    let deploy = World::deploy_like().without_pages().reftable().build();
    deploy.trust();
    assert_eq!(
        deploy.git(&deploy.work, &["rev-parse", "--show-ref-format"]),
        "reftable"
    );
    works(&deploy, &deploy.runner());
    // A missing commit is fetched, and a promotion succeeds.
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    deploy.smp(&["promote", "--yes", "--commit", &seventh]).ok();
    assert_eq!(deploy.master(&deploy.production), seventh);
}

#[test]
fn names_of_sixty_four_digits() {
    let deploy = World::deploy_like().sha256().build();
    deploy.trust();
    assert_eq!(deploy.nth(1).len(), 64);
    works(&deploy, &deploy.runner());
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    let json = deploy.smp(&["diff", "--json"]).ok().json();
    assert_eq!(json["to"]["commit"], seventh);
    deploy.smp(&["promote", "--yes", "--commit", &seventh]).ok();
    assert_eq!(deploy.deploys(&deploy.production).last(), Some(&seventh));
    let json = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(json["environments"][1]["running"], seventh);
}

#[test]
fn objects_that_are_borrowed_packed_or_listed_in_a_graph() {
    let deploy = deploy();
    let borrowing = cloned(
        &deploy,
        "borrowing",
        &["--reference", deploy.team.to_str().unwrap()],
    );
    assert!(borrowing.join(".git/objects/info/alternates").exists());
    works(&deploy, &deploy.runner().cwd(&borrowing));
    let work = &deploy.work;
    deploy.git(
        work,
        &["commit-graph", "write", "--reachable", "--changed-paths"],
    );
    works(&deploy, &deploy.runner());
    deploy.git(work, &["repack", "-q", "-a", "-d", "--write-bitmap-index"]);
    deploy.git(work, &["pack-refs", "--all"]);
    works(&deploy, &deploy.runner());
    deploy.git(work, &["multi-pack-index", "write"]);
    works(&deploy, &deploy.runner());
    // A commit in another repository's quarantine is not part of this one.
    let theirs = commit_on(
        &deploy,
        &deploy.team,
        &[deploy.nth(6)],
        "Ben",
        "Try something",
    );
    let runner = deploy.runner().env(
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        deploy.team.join(".git/objects"),
    );
    runner
        .smp(&["diff", "--from", "HEAD", "--to", &theirs])
        .exits(2)
        .says("names no commit in this clone");
}

// F-GIT-2; facts 11: shallow clone.
#[test]
fn a_shallow_clone_compares_nothing_and_says_how_to_mend_it() {
    let deploy = deploy();
    let shallow = cloned(&deploy, "shallow", &["--depth", "3"]);
    let runner = deploy.runner().cwd(&shallow);
    for args in [
        &["diff"][..],
        &["diff", "--from", "HEAD~1", "--to", "HEAD"],
        &["promote", "-n"],
        &["promote", "-y"],
    ] {
        let run = runner.smp(args);
        run.exits(1)
            .prints("")
            .says("this clone is shallow")
            .says("git fetch --unshallow");
    }
    let run = runner.smp(&["status", "--exit-code"]);
    run.ok()
        .says("git fetch --unshallow")
        .never_shows("behind staging")
        .never_shows("the same as");
    run.prints_among(&format!("runs {}", &deploy.nth(2)[..8]))
        .prints_among("next: git fetch --unshallow\n");
    let json = runner.smp(&["status", "--json"]).ok().json();
    assert_eq!(json["production_behind"], serde_json::Value::Null);
    assert_eq!(json["environments"][0]["running"], deploy.nth(5));
    deploy.ran([2]);

    deploy.git(&shallow, &["fetch", "-q", "--unshallow"]);
    works(&deploy, &runner);
}

#[test]
fn no_repository_at_all() {
    let deploy = deploy();
    for args in [
        &["diff"][..],
        &["status"],
        &["promote", "-n"],
        &["diff", "--from", "HEAD~1", "--to", "HEAD"],
    ] {
        let run = deploy.runner().cwd("").smp(args);
        run.exits(1)
            .prints("")
            .says("error: this is not a git repository")
            .says("not a git repository");
        run.says("hint: cd into a clone");
    }
}

// ENV-02: git's own message is passed on.
#[test]
fn a_repository_that_git_refuses() {
    let deploy = deploy();
    let config = deploy.work.join(".git/config");
    let sound = std::fs::read_to_string(&config).unwrap();
    for (broken, words) in [
        (
            "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tmadeUp = true\n",
            "madeup",
        ),
        ("[core]\n\trepositoryformatversion = 99\n", "99"),
        ("[core\n", "config"),
    ] {
        std::fs::write(&config, broken).unwrap();
        deploy
            .runner()
            .directly()
            .smp(&["diff"])
            .exits(1)
            .prints("")
            .never_shows("this is not a git repository")
            .says("because: ")
            .says(words);
    }
    std::fs::write(&config, sound).unwrap();
    works(&deploy, &deploy.runner());
}

#[test]
fn a_bare_repository_inside_a_work_tree_is_refused_and_runs_nothing() {
    let deploy = deploy();
    let hidden = deploy.work.join("vendor/hidden");
    deploy.git(
        "",
        &[
            "clone",
            "-q",
            "--bare",
            deploy.main.to_str().unwrap(),
            hidden.to_str().unwrap(),
        ],
    );
    deploy.executable(
        "trap",
        &format!("touch {}", deploy.path("sprung").display()),
    );
    let trap = deploy.path("trap");
    let trap = trap.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "diff.external",
        "core.askPass",
        "credential.helper",
    ] {
        deploy.git(&hidden, &["config", key, trap]);
    }
    for folder in [hidden.clone(), hidden.join("refs")] {
        let runner = deploy.runner().cwd(folder);
        let own = deploy.work.join("smp.toml");
        let named = ["--config", own.to_str().unwrap()];
        for args in [
            &["diff"][..],
            &["status"],
            &["promote", "-n"],
            &["diff", "--from", "HEAD~1", "--to", "HEAD"],
        ] {
            let run = runner.smp(&[&named, args].concat());
            run.exits(1)
                .prints("")
                .says("lies inside the work tree")
                .says("hint: if you trust it: git --git-dir=. smp");
        }
    }
    assert!(!deploy.path("sprung").exists());
    // A named repository is meant.
    let runner = deploy.runner().cwd(&hidden).git_options(&["--git-dir=."]);
    let run = runner.smp(&["diff", "--from", deploy.nth(2), "--to", deploy.nth(5)]);
    run.ok()
        .prints(log(&deploy, &deploy.team, &range(&deploy, 2, 5)));
}
