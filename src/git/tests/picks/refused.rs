//! Commits that are not copied, and what people are told then.

use crate::git::tests::picks::*;

/// Checks that only objects were created, and that git accepts them.
fn untouched(world: &World, before: &[(PathBuf, Vec<u8>)]) {
    assert!(world.outside_of_objects() == before);
    world.git(&["fsck", "--strict", "--no-dangling"]);
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_conflict_names_the_files_and_leaves_everything_as_it_was() {
    let world = World::new();
    let names: Vec<String> = (0..12).map(|n| format!("file {n:02}")).collect();
    let all = |text: &str| {
        names
            .iter()
            .map(|name| (name.clone(), lines(5, text)))
            .collect::<Vec<_>>()
    };
    let commit = |parent: Option<&CommitId>, text: &str| {
        let files = all(text);
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .collect();
        world.with_files(parent, &files, text)
    };
    let base = commit(None, "base");
    let (candidate, fix) = (commit(Some(&base), "candidate"), commit(Some(&base), "fix"));
    let before = world.outside_of_objects();

    let refusal = refusal(world.repo().pick(&candidate, slice::from_ref(&fix)));
    untouched(&world, &before);
    assert_eq!(refusal.code, RefusalCode::PickConflict);
    let (report, short) = (refusal.report, (fix.short(), candidate.short()));
    assert_eq!(
        report.error,
        format!("{} (fix) conflicts with {}", short.0, short.1)
    );
    assert_eq!(report.because.len(), 11);
    assert_eq!(report.because[0], "conflict in file 00");
    assert_eq!(report.because[10], "and 2 more");
    let hint = report.hint_text().unwrap();
    let by_hand = format!(
        "git switch -c fix-{} {} && git cherry-pick -x {}",
        candidate.short(),
        candidate.for_link(),
        fix.for_link()
    );
    assert!(
        hint.contains(&by_hand)
            && hint.ends_with(&format!("git smp stage --fix fix-{}", candidate.short())),
        "{hint}"
    );
}

#[test]
fn a_file_that_one_side_deleted_or_added_otherwise_is_a_conflict() {
    let world = World::new();
    let (_, fix) = candidate_and_fix(&world);
    world.git(&["switch", "-q", "--detach", &format!("{fix}^")]);
    world.git(&["rm", "-q", "app.rb"]);
    let without = world.with_files(None, &[("folder/other.rb", b"1\n")], "Delete");
    let other = refusal(world.repo().pick(&without, slice::from_ref(&fix)));
    assert_eq!(other.report.because, ["conflict in app.rb"]);
    let added = world.with_files(
        Some(&fix),
        &[("folder/other.rb", b"2\n")],
        "Add it otherwise",
    );
    // As in `git status`, names are relative to the current folder.
    fs::create_dir_all(world.path().join("sub")).unwrap();
    let other = refusal(
        world
            .repo_in("sub", &[])
            .pick(&without, slice::from_ref(&added)),
    );
    assert_eq!(other.report.because, ["conflict in ../folder/other.rb"]);
}

#[test]
fn what_is_contained_already_is_not_copied_again() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    let copy = world
        .repo()
        .pick(&candidate, slice::from_ref(&fix))
        .unwrap();
    let empty = world.commit("Empty");
    let before = world.outside_of_objects();
    for (onto, picks) in [
        (&copy, vec![fix.clone()]),
        (&fix, vec![fix.clone()]),
        (&candidate, vec![fix.clone(), fix.clone()]),
        (&candidate, vec![fix.clone(), empty.clone()]),
    ] {
        let refusal = refusal(world.repo().pick(onto, &picks));
        assert_eq!(refusal.code, RefusalCode::NothingToPick);
        let pick = picks.last().unwrap();
        assert!(
            refusal
                .report
                .error
                .starts_with(&format!("{} (", pick.short())),
            "{refusal:?}"
        );
    }
    untouched(&world, &before);
}

#[test]
fn a_merge_and_a_first_commit_have_no_change_to_copy() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    world.git(&["merge", "-q", "--no-edit", candidate.as_str()]);
    let (merge, first) = (world.id("HEAD"), world.id(&format!("{fix}^")));
    let before = world.outside_of_objects();
    let refused = refusal(world.repo().pick(&candidate, &[fix.clone(), merge.clone()]));
    assert_eq!(refused.code, RefusalCode::NothingToPick);
    assert!(refused.report.error.contains("is a merge"), "{refused:?}");
    let range = format!("git log --oneline {}..{}", fix.for_link(), merge.for_link());
    assert!(refused.report.hint_text().unwrap().ends_with(&range));
    let refused = refusal(world.repo().pick(&candidate, &[first]));
    assert_eq!(refused.code, RefusalCode::NothingToPick);
    assert!(
        refused.report.error.contains("has no parent"),
        "{}",
        refused.report.error
    );
    untouched(&world, &before);
}

#[test]
fn the_edge_of_a_shallow_clone_is_not_taken_for_a_first_commit() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    world.git(&["branch", "candidate", candidate.as_str()]);
    world.git(&["branch", "fix", fix.as_str()]);
    world.git(&["branch", "-D", "main"]);
    let from = format!("file://{}", world.path().display());
    world.git(&[
        "clone",
        "-q",
        "--depth=1",
        "--no-single-branch",
        &from,
        "shallow",
    ]);
    let refused = refusal(world.repo_in("shallow", &[]).pick(&candidate, &[fix]));
    assert_eq!(refused.code, RefusalCode::Shallow);
}

#[test]
fn a_commit_that_is_not_here_is_a_failure() {
    let world = World::new();
    let (candidate, _) = candidate_and_fix(&world);
    let missing = CommitId::parse(&"5".repeat(40)).unwrap();
    for (onto, pick) in [(&candidate, &missing), (&missing, &candidate)] {
        let stop = world.repo().pick(onto, slice::from_ref(pick)).unwrap_err();
        let Stop::Failed(report) = stop else {
            panic!("{stop:?}")
        };
        assert_eq!(report.error, "git cannot read the commits to copy");
        assert!(report.because[0].contains(missing.as_str()), "{report:?}");
    }
}

/// Returns a repository whose user git does not know, with another git.
fn strangers(world: &World, git: PathBuf) -> Repo {
    let inherited = std::env::vars_os().map(|(name, _)| name);
    let dropped = inherited.filter(|name| {
        name.to_str()
            .is_some_and(|name| name.starts_with("GIT_") || name == "EMAIL")
    });
    let own = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("HOME", "/nonexistent"),
    ];
    let own = own
        .into_iter()
        .map(|(name, value)| (name.into(), Some(value.into())));
    let variables = dropped.map(|name| (name, None)).chain(own).collect();
    Repo::open_with(Program::elsewhere(git, world.path().to_owned(), variables)).unwrap()
}

#[test]
fn a_user_whom_git_does_not_know_copies_nothing() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    world.git(&["config", "user.useConfigOnly", "true"]);
    let repo = strangers(&world, find_on_path("git").unwrap());
    let stop = repo.pick(&candidate, slice::from_ref(&fix)).unwrap_err();
    let Stop::Failed(report) = stop else {
        panic!("{stop:?}")
    };
    assert!(
        report
            .because
            .iter()
            .any(|line| line.contains("identity unknown")),
        "{report:?}"
    );
    let hint = report.hint_text().unwrap();
    assert!(
        hint.contains("git config --global user.name '...'"),
        "{hint}"
    );
}

#[cfg(unix)]
#[test]
fn a_git_that_is_too_old_is_told_and_the_way_by_hand() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    let real = find_on_path("git").unwrap();
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' merge-tree '*) exit 129;; esac\nexec '{}' \"$@\"\n",
        real.display()
    );
    // git writes the script: a program that this process holds open for writing could not be started.
    let blob = world.feed(&["hash-object", "-w", "--stdin"], script.as_bytes());
    world.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100755,{blob},old-git"),
    ]);
    world.git(&["checkout-index", "old-git"]);
    world.git(&["config", "user.name", "Ben"]);
    world.git(&["config", "user.email", "ben@example.com"]);
    let stop = strangers(&world, world.path().join("old-git"))
        .pick(&candidate, slice::from_ref(&fix))
        .unwrap_err();
    let Stop::Failed(report) = stop else {
        panic!("{stop:?}")
    };
    assert_eq!(report.error, "to copy commits, git 2.40 or later is needed");
    assert!(
        report.because[0].starts_with("this is git version "),
        "{report:?}"
    );
    assert!(report.hint_text().unwrap().contains("git cherry-pick -x"));
}
