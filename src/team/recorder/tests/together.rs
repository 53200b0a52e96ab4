//! Several people write at the same time.

use std::collections::BTreeSet;

use crate::team::recorder::tests::*;

/// Lets writers write events at the same time, each through a freshly opened repository, and compares the record with
/// the states they were given.
fn all_write(world: &World, (writers, each): (u64, u64), open: impl Fn(u64) -> Repo + Sync) {
    let write = |writer: u64| {
        let (repo, place) = (open(writer), format!("place-{writer}"));
        // A machine busy with other tests must not make anybody give up.
        let patience = Patience {
            busy: Duration::from_secs(600),
            ..PATIENCE
        };
        let recorder = Recorder {
            patience,
            ..recorder(world, &repo)
        };
        let append = |nth| {
            recorder
                .append(&new_id(), &mut |_| Ok(Some(found(&place, nth))))
                .unwrap()
        };
        (1..=each).map(append).collect::<Vec<_>>()
    };
    let told: Vec<State> = thread::scope(|scope| {
        let running: Vec<_> = (0..writers)
            .map(|writer| {
                scope.spawn({
                    let write = &write;
                    move || write(writer)
                })
            })
            .collect();
        running
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect()
    });
    let states = world.states(RECORD);
    assert_eq!(
        states.len() as u64,
        writers * each,
        "none lost, none double"
    );
    assert!(
        told.iter().all(|state| states.contains(state)),
        "everybody was told a state of the record"
    );
    let repo = open(0);
    let reading = recorder(world, &repo).read_now().unwrap().unwrap();
    let (events, unread) = recorder(world, &repo).events(&reading).unwrap();
    let ids: BTreeSet<_> = events.iter().map(|event| event.id.clone()).collect();
    assert_eq!((ids.len(), unread), (states.len(), 0));
    let own = |writer: u64| -> Vec<u64> {
        let commits = |event: &Event| match &event.what {
            What::Deployed(Deployed {
                environment,
                commits,
                ..
            }) if *environment == format!("place-{writer}") => Some(*commits),
            _ => None,
        };
        events.iter().filter_map(commits).collect()
    };
    assert!(
        (0..writers).all(|writer| own(writer).iter().copied().eq(1..=each)),
        "each one's events in their order"
    );
    let folded = events
        .iter()
        .fold(State::default(), |state, event| state.after(event).unwrap());
    assert_eq!(folded, reading.state);
}

#[test]
fn five_clones_write_two_events_each() {
    let world = World::new();
    let clones: Vec<_> = (0..5)
        .map(|writer| world.clone(&format!("clone-{writer}")))
        .collect();
    all_write(&world, (5, 2), |writer| {
        clones[usize::try_from(writer).unwrap()].repo()
    });
}

#[test]
fn five_programs_in_one_clone_write_two_events_each() {
    let world = World::new();
    let clone = world.clone("one");
    all_write(&world, (5, 2), |_| clone.repo());
    assert_eq!(clone.seen(), world.at(RECORD));
}

#[test]
fn four_programs_in_two_clones_write_over_a_protocol_that_hands_out_tips_only() {
    let world = World::new();
    let clones: Vec<_> = (0..2)
        .map(|writer| world.clone(&format!("clone-{writer}")))
        .collect();
    for clone in &clones {
        clone.git(&["config", "protocol.version", "0"]);
    }
    all_write(&world, (4, 3), |writer| {
        clones[usize::try_from(writer / 2).unwrap()].repo()
    });
}

#[test]
fn a_tip_that_is_here_before_what_lies_behind_it_is_fetched() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    one.append(found("staging", 1)).unwrap();
    other.append(found("staging", 2)).unwrap();
    other.append(found("staging", 3)).unwrap();
    // The same happens while another program of the clone fetches.
    let line = "git -C ../main.git cat-file commit \"$1\" | git hash-object -w -t commit --stdin";
    let tip = world.at(RECORD).unwrap();
    let (ended_well, words) = world.run("one", line, &[&tip]);
    assert!(ended_well && words.trim() == tip, "{words}");
    let read = recorder(&world, &one.repo()).read_now().unwrap().unwrap();
    assert_eq!(read.state.events, 3);
}

#[test]
fn whoever_is_second_decides_anew() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    for quicker in [&other, &one] {
        let repo = one.repo();
        let mut looked = Vec::new();
        let state = recorder(&world, &repo).append(&new_id(), &mut |state| {
            looked.push(state.events);
            if looked.len() == 1 {
                quicker.append(found("staging", 1)).unwrap();
            }
            Ok(Some(found("staging", 2)))
        });
        assert_eq!(
            looked[1],
            looked[0] + 1,
            "the second look sees what the quicker one did"
        );
        assert_eq!((looked.len(), state.unwrap().events), (2, looked[0] + 2));
    }
    assert_eq!(world.states(RECORD).len(), 4);
}

#[test]
fn whoever_is_second_may_have_nothing_left_to_do() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    let repo = one.repo();
    let state = recorder(&world, &repo).append(&new_id(), &mut |state| {
        if state.candidate.is_some() {
            return Ok(None);
        }
        other.append(proposed("stable")).unwrap();
        Ok(Some(proposed("stable too")))
    });
    assert_eq!(
        state.unwrap().candidate.unwrap().note.as_deref(),
        Some("stable")
    );
    let repo = one.repo();
    let stop = recorder(&world, &repo).append(&new_id(), &mut |state| {
        if state
            .candidate
            .as_ref()
            .is_some_and(|open| open.verdicts.is_empty())
        {
            other.append(judged("Rosi", "fine")).unwrap();
            return Ok(Some(found("staging", 1)));
        }
        Ok(Some(proposed("stable again")))
    });
    assert_eq!(refusal(stop.unwrap_err()).code, RefusalCode::CandidateOpen);
    assert_eq!(world.states(RECORD).len(), 2);
}

#[test]
fn whoever_is_always_second_gives_up_and_has_recorded_nothing() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    let repo = one.repo();
    let hasty = Patience {
        busy: Duration::from_millis(500),
        ..PATIENCE
    };
    let recorder = Recorder {
        patience: hasty,
        ..recorder(&world, &repo)
    };
    let mut looked = 0;
    let stop = recorder.append(&new_id(), &mut |_| {
        looked += 1;
        other.append(found("other", looked)).unwrap();
        Ok(Some(found("one", looked)))
    });
    assert_eq!(refusal(stop.unwrap_err()).code, RefusalCode::Busy);
    let states = world.states(RECORD);
    assert!(
        states
            .iter()
            .all(|state| !state.deploys.contains_key("one"))
    );
    assert_eq!(states.len() as u64, looked);
}

/// Lets another program of the same clone do this between a read of the main repository and the next step.
fn meanwhile(world: &World, look: &str, folder: &str, text: &str) {
    world.fault(
        look,
        &format!("once\nreal \"$@\" >answer; code=$?\n(cd '{folder}' && {text}) >&2\ncat answer\nexit $code\n"),
    );
}

#[test]
fn a_record_that_began_between_two_looks_is_not_gone() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    other.append(proposed("stable")).unwrap();
    let first = world.at(RECORD).unwrap();
    one.git(&["fetch", "-q", "upstream", RECORD]);
    world.git("main.git", &["update-ref", "-d", RECORD]);
    let back =
        format!("git push -q upstream {first}:{RECORD} && git update-ref refs/smp/seen {first}");
    meanwhile(&world, "ls-remote", "../one", &back);
    let reading = recorder(&world, &one.faulty()).read_now().unwrap().unwrap();
    assert_eq!(reading.tip.map(|tip| tip.to_string()), Some(first));
}

#[test]
fn an_event_that_came_between_two_looks_is_read_and_nothing_was_rewound() {
    for version in ["0", "2"] {
        let world = World::new();
        let (one, other) = (world.clone("one"), world.clone("other"));
        one.git(&["config", "protocol.version", version]);
        other.append(proposed("stable")).unwrap();
        one.read().unwrap();
        other.append(judged("Rosi", "fine")).unwrap();
        other.append(judged("Ben", "fine")).unwrap();
        let last = world.at(RECORD).unwrap();
        world.git("main.git", &["update-ref", RECORD, &format!("{last}~1")]);
        // This clone's answer is outdated at once: another program of the same clone saw the newest event.
        let quicker = format!(
            "git push -q ../main.git {last}:{RECORD} && cd ../one && git fetch -q upstream {RECORD} && git update-ref refs/smp/seen {last}"
        );
        meanwhile(&world, "look", "../other", &quicker);
        let reading = recorder(&world, &one.faulty()).read_now().unwrap().unwrap();
        assert_eq!(
            reading.tip.map(|tip| tip.to_string()),
            Some(last),
            "protocol {version}"
        );
    }
}
