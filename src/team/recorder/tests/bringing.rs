//! One request tells the tip of the record and fetches it, and writes no refs of the user.

use crate::team::recorder::tests::*;

/// A clone that saw one event, in a world with two newer ones.
fn moved(world: &World) -> Checkout<'_> {
    let one = world.clone("one");
    one.append(proposed("stable")).unwrap();
    let other = world.clone("other");
    other.append(judged("Rosi", "fine")).unwrap();
    other.append(judged("Ben", "fine")).unwrap();
    one
}

fn asked(world: &World) -> [usize; 3] {
    ["look", "ls-remote", "fetch"].map(|word| world.calls(word))
}

#[test]
fn what_came_since_is_read_with_one_question() {
    let world = World::new();
    let one = moved(&world);
    let refs = one.git(&["for-each-ref", "--format=%(refname)"]);
    for _ in 0..2 {
        let reading = recorder(&world, &one.faulty()).read_now().unwrap().unwrap();
        assert_eq!(reading.state.events, 3);
    }
    assert_eq!(asked(&world), [2, 0, 0]);
    assert_eq!(one.git(&["for-each-ref", "--format=%(refname)"]), refs);
    assert!(!world.path("one/.git/FETCH_HEAD").exists());
}

#[test]
fn where_git_cannot_do_both_the_record_is_listed_and_fetched() {
    // An old git, a host that lists and sends nothing, a git that fetches nothing in a dry run, and one that hangs up.
    let here = "for ref in main:0 smp/record:1 main:2; do \
        id=$(git -C ../main.git for-each-ref --format='%(objectname)' refs/heads/${ref%:*} refs/${ref%:*}); \
        echo \"* 0 $id refs/smp/looked-at/${ref#*:}\"; done";
    for fault in [
        "echo \"error: unknown option \\`porcelain'\" >&2; exit 129\n",
        "echo 'fatal: the remote end hung up unexpectedly' >&2; exit 128\n",
        &format!("{here}\n"),
        &format!("{here} | sed 's/refs.*//'\n"),
    ] {
        let world = World::new();
        let one = moved(&world);
        world.fault("look", fault);
        let reading = recorder(&world, &one.faulty()).read_now().unwrap().unwrap();
        assert_eq!(reading.state.events, 3, "{fault}");
        assert_eq!(asked(&world), [1, 1, 1], "{fault}");
    }
}

#[test]
fn who_does_not_answer_is_not_asked_twice() {
    let world = World::new();
    let one = moved(&world);
    std::fs::rename(world.path("main.git"), world.path("away.git")).unwrap();
    let why = recorder(&world, &one.faulty())
        .read_now()
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (why.code, why.report.error.as_str()),
        (
            RefusalCode::Unreachable,
            "the remote upstream does not answer"
        )
    );
    assert_eq!(asked(&world), [1, 0, 0]);
}

#[test]
fn a_ref_that_is_called_as_the_record_does_not_stand_in_for_it() {
    for kind in ["heads", "tags", "remotes", "refs"] {
        let world = World::new();
        let one = moved(&world);
        let last = world.at(RECORD).unwrap();
        world.git("main.git", &["update-ref", "-d", RECORD]);
        let namesake = match kind {
            "refs" => format!("refs/{RECORD}"),
            kind => format!("refs/{kind}/{RECORD}"),
        };
        world.git("main.git", &["update-ref", &namesake, &last]);
        let why = one.read().unwrap_err();
        assert_eq!(why.report.error, "the record is gone", "{kind}");
    }
}

#[test]
fn what_the_main_branch_was_at_is_kept_and_its_commits_are_here() {
    let world = World::new();
    let commit = world.commit("one", "One", None);
    world.git("main.git", &["update-ref", "refs/heads/main", &commit]);
    let one = moved(&world);
    let next = world.commit("two", "Two", Some(&commit));
    world.git("main.git", &["update-ref", "refs/heads/main", &next]);
    let repo = one.faulty();
    let (branch, tip) =
        fetch::branch_and_tip(&repo, "upstream", ("main", Some(RECORD)), false).unwrap();
    assert_eq!(branch.commit().map(CommitId::as_str), Some(next.as_str()));
    assert_eq!(tip.at.map(|at| at.to_string()), world.at(RECORD));
    assert!(tip.is_here);
    assert_eq!(one.git(&["rev-parse", "refs/smp/main"]), next);
    assert_eq!(
        one.git(&["log", "--format=%s", "refs/smp/main"]),
        "Two\nOne"
    );
    assert_eq!(
        one.git(&["rev-parse", "refs/remotes/upstream/main"]),
        commit
    );
    // It is stored if possible, and not required.
    std::fs::write(world.path("one/.git/refs/smp/main.lock"), "").unwrap();
    let third = world.commit("three", "Three", Some(&next));
    world.git("main.git", &["update-ref", "refs/heads/main", &third]);
    let (branch, _) =
        fetch::branch_and_tip(&repo, "upstream", ("main", Some(RECORD)), false).unwrap();
    assert_eq!(branch.commit().map(CommitId::as_str), Some(third.as_str()));
    assert_eq!(asked(&world), [2, 0, 0]);
}
