//! A record that was rewritten, or that is not a record: an error, never an empty record, and the copy stays.

use crate::team::recorder::tests::*;

/// A world with two events on the record, both seen by the clone `one`.
fn begun() -> World {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    clone.append(judged("Rosi", "fine")).unwrap();
    world
}

/// Reads and tries to write; both must refuse for the same reason and change nothing.
fn refused(world: &World, name: &str) -> Refusal {
    let clone = world.named(name);
    let before = (world.refs(), clone.seen());
    let why = clone.read().unwrap_err();
    assert_eq!(refusal(clone.append(found("staging", 1)).unwrap_err()), why);
    assert_eq!((world.refs(), clone.seen()), before);
    why
}

fn put(world: &World, reference: &str, id: &str) {
    // git refuses an object that is not a commit for a branch, but accepts it for other refs.
    world.git("main.git", &["update-ref", reference, id]);
}

/// Returns the command at the end of a hint.
fn command(refusal: &Refusal) -> String {
    let hint = refusal.report.hint_text().unwrap();
    hint.split_once(": ")
        .map_or(hint.as_str(), |(_, command)| command)
        .to_owned()
}

#[test]
fn a_record_that_is_gone_is_put_back_by_the_hint() {
    let world = begun();
    let last = world.at(RECORD).unwrap();
    world.git("main.git", &["update-ref", "-d", RECORD]);
    let why = refused(&world, "one");
    assert_eq!(
        (why.code, why.report.error.as_str()),
        (RefusalCode::RecordRewound, "the record is gone")
    );
    let (done, words) = world.run("one", &command(&why), &[]);
    assert!(done, "{words}");
    assert_eq!(world.at(RECORD), Some(last));
    assert_eq!(
        world
            .named("one")
            .append(found("staging", 1))
            .unwrap()
            .events,
        3
    );
}

#[test]
fn a_record_that_was_rewound_is_put_back_by_the_hint() {
    for rewound_to in [
        "HEAD~1",
        "other history",
        "a merge that leaves out the last",
    ] {
        let world = begun();
        let last = world.at(RECORD).unwrap();
        let before = format!("{RECORD}~1");
        let to = match rewound_to {
            "HEAD~1" => world.git("main.git", &["rev-parse", &before]),
            "other history" => {
                let empty = record::write_state(&State::default());
                world.commit(&empty, "x", None)
            }
            _ => {
                let tree = format!("{before}^{{tree}}");
                let args = ["commit-tree", &tree, "-p", &before, "-p", RECORD, "-m", "x"];
                world.git("main.git", &args)
            }
        };
        put(&world, RECORD, &to);
        let why = refused(&world, "one");
        let error = match rewound_to {
            "HEAD~1" => {
                "upstream answers with older states of the record: a server has older data, or the record was rewound"
            }
            _ => "the record was rewritten",
        };
        assert_eq!(
            (why.code, why.report.error.as_str()),
            (RefusalCode::RecordRewound, error)
        );
        let (done, words) = world.run("one", &command(&why), &[]);
        assert!(done, "{words}");
        assert_eq!(world.at(RECORD), Some(last), "{rewound_to}");
        assert_eq!(
            world
                .named("one")
                .append(found("staging", 1))
                .unwrap()
                .events,
            3
        );
    }
}

#[test]
fn what_was_seen_can_be_forgotten_if_the_team_began_anew() {
    let world = begun();
    let anew = world.commit(&record::write_state(&State::default()), "x", None);
    put(&world, RECORD, &anew);
    let why = refused(&world, "one");
    let forget =
        why.report.because.iter().find_map(|line| {
            line.strip_prefix("if that was intended, discard this clone's copy: ")
        });
    let (done, words) = world.run("one", forget.unwrap(), &[]);
    assert!(done, "{words}");
    assert_eq!(world.named("one").read().unwrap().state, State::default());
}

#[test]
fn garbage_on_the_ref_is_no_record_in_a_clone_that_knows_it_and_in_a_new_one() {
    let world = begun();
    world.clone("new");
    let state = world.git("main.git", &["show", "refs/smp/record:state.json"]);
    let last = world.at(RECORD).unwrap();
    let blob = world.object("blob", b"hello\n");
    let tag = world.object(
        "tag",
        format!("object {last}\ntype commit\ntag x\ntagger Ben <b@e> 1 +0000\n\nx\n").as_bytes(),
    );
    let tree = world.git("main.git", &["rev-parse", &format!("{last}^{{tree}}")]);
    let empty = world.object("tree", b"");
    let person = "Ben <ben@example.com> 1646222400 +0000";
    let head =
        |tree: &str| format!("tree {tree}\nparent {last}\nauthor {person}\ncommitter {person}\n\n");
    let no_state = world.object("commit", (head(&empty) + "x\n").as_bytes());
    let long_message = world.object(
        "commit",
        (head(&tree) + &"long ".repeat(200 << 10)).as_bytes(),
    );
    let huge = world.commit(&(state.clone() + &" ".repeat(300 << 10)), "x", Some(&last));
    let bad_json = world.commit("{\"format\": 1, oops", "x", Some(&last));
    let no_json = world.commit("", "x", Some(&last));
    let cases = [
        (blob, "is a blob, not a commit"),
        (tag, "is a tag, not a commit"),
        (tree, "is a tree, not a commit"),
        (no_state, "has no state.json"),
        (long_message, "is larger than any event"),
        (huge, "is larger than any state"),
        (bad_json, "line 1, column 15 is invalid"),
        (no_json, "line 1, column 0 is invalid"),
    ];
    for (id, words) in cases {
        put(&world, RECORD, &id);
        for name in ["one", "new"] {
            let why = refused(&world, name);
            assert_eq!(why.code, RefusalCode::RecordUnreadable, "{words}");
            let told = why.report.because.join("\n");
            assert!(
                told.contains(words) && told.contains(RECORD) && told.contains(&id[..8]),
                "{told}"
            );
            let (done, shown) = world.run(name, &command(&why), &[]);
            assert!(done && !shown.is_empty(), "{words}: {shown}");
        }
    }
    put(&world, RECORD, &last);
    assert_eq!(
        world
            .named("new")
            .append(found("staging", 1))
            .unwrap()
            .events,
        3
    );
}

#[test]
fn a_newer_record_is_read_where_it_can_be_and_not_written_to() {
    let world = begun();
    let last = world.at(RECORD).unwrap();
    let state = world.git("main.git", &["show", "refs/smp/record:state.json"]);
    let newer = state.replacen("\"format\": 1", "\"format\": 2, \"mood\": \"good\"", 1);
    put(&world, RECORD, &world.commit(&newer, "x", Some(&last)));
    let clone = world.named("one");
    let reading = clone.read().unwrap();
    assert_eq!((reading.state.format, reading.state.events), (2, 2));
    let why = refusal(clone.append(found("staging", 1)).unwrap_err());
    assert_eq!(why.code, RefusalCode::RecordNewer);
    assert!(why.report.because[0].contains("has format 2"), "{why:?}");
    let strange = newer.replacen("\"events\"", "\"happenings\"", 1);
    let before = clone.seen();
    put(
        &world,
        RECORD,
        &world.commit(&strange, "x", before.as_deref()),
    );
    assert_eq!(refused(&world, "one").code, RefusalCode::RecordNewer);
}

#[test]
fn what_was_seen_and_cannot_be_read_any_more_is_not_taken_for_never_seen() {
    for junk in ["junk", "1234567890123456789012345678901234567890", ""] {
        let world = begun();
        world.git("main.git", &["update-ref", "-d", RECORD]);
        std::fs::write(world.path("one/.git/refs/smp/seen"), junk).unwrap();
        let repo = world.named("one").repo();
        let stop = recorder(&world, &repo).read().unwrap_err();
        let Stop::Failed(report) = &stop else {
            panic!("{stop:?}")
        };
        assert_eq!(
            report.error,
            "this clone's copy of the record cannot be read"
        );
        let (done, words) = world.run(
            "one",
            report.hint_text().unwrap().split_once(": ").unwrap().1,
            &[],
        );
        assert!(done, "{junk:?} {words}");
        assert_eq!(
            recorder(&world, &repo).read().unwrap().unwrap().state,
            State::default()
        );
    }
}

#[test]
fn a_record_that_is_rewound_or_deleted_while_somebody_decides_is_not_written_over() {
    for harm in [
        "update-ref refs/smp/record refs/smp/record~1",
        "update-ref -d refs/smp/record",
    ] {
        let world = begun();
        let repo = world.named("one").repo();
        let mut looked = 0;
        let stop = recorder(&world, &repo).append(&new_id(), &mut |_| {
            looked += 1;
            world.git("main.git", &harm.split(' ').collect::<Vec<_>>());
            Ok(Some(found("staging", 1)))
        });
        assert_eq!(
            refusal(stop.unwrap_err()).code,
            RefusalCode::RecordRewound,
            "{harm}"
        );
        assert_eq!(
            (looked, world.refs().lines().count()),
            (1, usize::from(!harm.contains("-d")))
        );
        assert!(
            world
                .at(RECORD)
                .is_none_or(|_| world.states(RECORD).len() == 1)
        );
    }
}
