//! Copies in every kind of repository, started from any folder.

use crate::git::tests::picks::*;

#[test]
fn sha256_and_reftable_repositories_work() {
    // git before 2.45 does not know reftable.
    for kind in ["--object-format=sha256", "--ref-format=reftable"] {
        let world = World::empty();
        if !world
            .command(&["init", "-q", "-b", "main", kind])
            .output()
            .unwrap()
            .status
            .success()
        {
            continue;
        }
        let (candidate, fix) = candidate_and_fix(&world);
        let copy = world
            .repo()
            .pick(&candidate, slice::from_ref(&fix))
            .unwrap();
        assert_eq!(copy.as_str().len(), fix.as_str().len());
        assert_eq!(copy, world.cherry_pick(&candidate, &[&fix]));
    }
}

#[test]
fn bare_and_partial_clones_and_linked_work_trees_work() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    let copy = world
        .repo()
        .pick(&candidate, slice::from_ref(&fix))
        .unwrap();
    world.git(&["branch", "candidate", candidate.as_str()]);
    world.git(&["branch", "fix", fix.as_str()]);
    world.git(&["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", world.path().display());
    let beside = World::empty();
    beside.git(&["clone", "-q", "--bare", &from, "bare.git"]);
    beside.git(&[
        "clone",
        "-q",
        "--no-checkout",
        "--filter=tree:0",
        &from,
        "partial",
    ]);
    beside.git(&[
        "-C",
        "partial",
        "worktree",
        "add",
        "-q",
        "--no-checkout",
        "--detach",
        "../linked",
        candidate.as_str(),
    ]);
    for folder in ["bare.git", "partial", "linked"] {
        assert_eq!(
            beside
                .repo_in(folder, &[])
                .pick(&candidate, slice::from_ref(&fix))
                .unwrap(),
            copy,
            "{folder}"
        );
    }
}

#[test]
fn what_is_checked_out_and_half_done_has_no_say_and_stays() {
    let world = World::new();
    let (candidate, fix) = candidate_and_fix(&world);
    let copy = world
        .repo()
        .pick(&candidate, slice::from_ref(&fix))
        .unwrap();
    world.git(&["switch", "-q", "--orphan", "elsewhere"]);
    fs::create_dir_all(world.path().join("sub/folder")).unwrap();
    for (name, text) in [
        ("app.rb", "mine"),
        ("staged.rb", "staged"),
        ("sub/.gitattributes", "* merge=binary"),
    ] {
        fs::write(world.path().join(name), text).unwrap();
    }
    world.git(&["add", "staged.rb"]);
    // Another git works here at this moment.
    fs::write(world.path().join(".git/index.lock"), "").unwrap();
    let before = world.outside_of_objects();
    for folder in ["", "sub/folder"] {
        assert_eq!(
            world
                .repo_in(folder, &[])
                .pick(&candidate, slice::from_ref(&fix))
                .unwrap(),
            copy
        );
    }
    assert!(world.outside_of_objects() == before);
}

#[test]
#[cfg_attr(not(feature = "machine"), ignore = "needs git 2.43")]
fn attributes_are_those_of_the_commit_below() {
    let world = World::new();
    let base = world.with_files(None, &[("list", b"one\n")], "Base");
    let fix = world.with_files(Some(&base), &[("list", b"one\nfix\n")], "Fix");
    let plain = world.with_files(Some(&base), &[("list", b"one\nplain\n")], "Plain");
    let union = world.with_files(
        Some(&plain),
        &[(".gitattributes", b"list merge=union\n")],
        "Union",
    );

    // The work tree's attributes now take both sides, and the candidate's do not.
    assert_eq!(
        refusal(world.repo().pick(&plain, slice::from_ref(&fix))).code,
        RefusalCode::PickConflict
    );
    world.git(&["switch", "-q", "--detach", plain.as_str()]);
    let copy = world.repo().pick(&union, slice::from_ref(&fix)).unwrap();
    assert_eq!(world.file(&copy, "list"), b"one\nplain\nfix\n");
    assert_eq!(copy, world.cherry_pick(&union, &[&fix]));
    // A pick that changes attributes changes them for the later picks.
    let (both, by_hand) = (
        [union.clone(), fix.clone()],
        world.cherry_pick(&plain, &[&union, &fix]),
    );
    assert_eq!(world.repo().pick(&plain, &both).unwrap(), by_hand);
}
