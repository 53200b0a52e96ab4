//! One person adds events and reads them again.

use crate::team::recorder::tests::*;

#[test]
fn the_first_event_makes_the_ref_and_the_next_one_follows_on_it() {
    let world = World::new();
    let clone = world.clone("one");
    let before = clone.read().unwrap();
    assert_eq!((before.state, before.tip), (State::default(), None));
    let first = clone.append(proposed("stable")).unwrap();
    assert_eq!(clone.seen(), world.at(RECORD));
    let second = clone.append(judged("Rosi", "fine")).unwrap();
    assert_eq!(world.states(RECORD), [first, second.clone()]);
    let reading = clone.read().unwrap();
    assert_eq!(reading.tip.map(|tip| tip.to_string()), world.at(RECORD));
    assert_eq!((reading.state, clone.seen()), (second, world.at(RECORD)));
    assert!(reading.copy.is_none());
    assert_eq!(world.refs().lines().count(), 1);
}

#[test]
fn another_clone_reads_the_same_state_and_the_same_events() {
    let world = World::new();
    let (one, other) = (world.clone("one"), world.clone("other"));
    other.git(&["config", "user.name", "Rosi"]);
    one.append(proposed("a\n\n.\nb")).unwrap();
    other.append(judged("Rosi", "fine")).unwrap();
    let state = one.append(judged("Ben", " so\r\nso ")).unwrap();
    let repo = other.repo();
    let reading = recorder(&world, &repo).read_now().unwrap().unwrap();
    assert_eq!(reading.state, state);
    let (events, unread) = recorder(&world, &repo).events(&reading).unwrap();
    let folded = events
        .iter()
        .fold(State::default(), |state, event| state.after(event).unwrap());
    assert_eq!(
        (folded, unread),
        (state.clone(), 0),
        "the events add up to the state that was written"
    );
    assert_eq!(
        events
            .iter()
            .map(|event| event.by.name.as_str())
            .collect::<Vec<_>>(),
        ["Ada Example", "Rosi", "Ada Example"]
    );
    assert_eq!(
        state.candidate.unwrap().verdicts[1].note.as_deref(),
        Some("so\nso"),
        "as it is read"
    );
}

#[test]
fn what_cannot_be_read_in_history_is_counted() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    let state = world.git("main.git", &["show", "refs/smp/record:state.json"]);
    let odd = world.commit(&state, "Ben tried something", world.at(RECORD).as_deref());
    world.git("main.git", &["update-ref", RECORD, &odd]);
    let repo = clone.repo();
    let reading = recorder(&world, &repo).read_now().unwrap().unwrap();
    let (events, unread) = recorder(&world, &repo).events(&reading).unwrap();
    assert_eq!((events.len(), unread), (1, 1));
}

#[test]
fn people_can_read_it_in_git_log() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    clone.append(What::Deploying(promotion())).unwrap_err();
    clone.append(judged("Rosi", "fine")).unwrap();
    clone.append(What::Deploying(promotion())).unwrap();
    let log = world.git("main.git", &["log", "--format=%an: %s", RECORD]);
    assert_eq!(
        log,
        "Ada Example: Ada Example began to promote 11111111 to production\n\
         Ada Example: Rosi signed off 11111111 (recorded by Ada Example): fine\n\
         Ada Example: Ada Example proposed 11111111 for production"
    );
    let events = world.git(
        "main.git",
        &[
            "log",
            "--format=%(trailers:key=Smp-Event,valueonly,separator=%x2C)",
            RECORD,
        ],
    );
    assert_eq!(events, "promoting\nsigned-off\nproposed");
}

fn promotion() -> Intent {
    Intent {
        overrides: None,
        kind: Kind::Promote,
        environment: "production".to_owned(),
        from: None,
        also: Vec::new(),
        to: some_commit(),
        base: None,
        unsigned: false,
        over: None,
        tells: None,
    }
}

#[test]
fn what_is_decided_against_is_not_recorded() {
    let world = World::new();
    let clone = world.clone("one");
    let repo = clone.repo();
    let recorder = recorder(&world, &repo);
    assert_eq!(
        recorder.append(&new_id(), &mut |_| Ok(None)),
        Ok(State::default())
    );
    let no = Stop::Declined("no".to_owned());
    assert_eq!(
        recorder.append(&new_id(), &mut |_| Err(no.clone())),
        Err(no.clone())
    );
    let unlawful = refusal(clone.append(judged("Rosi", "fine")).unwrap_err());
    assert_eq!(unlawful.code, RefusalCode::CandidateMoved);
    assert_eq!((world.refs(), clone.seen()), (String::new(), None));
}

#[test]
fn nobody_is_asked_anything_before_git_knows_who_writes() {
    let world = World::new();
    let clone = world
        .clone("one")
        .and("EMAIL", "")
        .and("GIT_CONFIG_GLOBAL", "/dev/null");
    clone.git(&["config", "user.useConfigOnly", "true"]);
    let repo = clone.faulty();
    let stop = append(&world, &repo, proposed("stable")).unwrap_err();
    let Stop::Failed(report) = stop else {
        panic!("{stop:?}")
    };
    assert_eq!(
        report.error,
        "git does not know your name and email address; every event and every copied commit needs them"
    );
    let hint = report.hint_text().unwrap();
    assert!(
        hint.contains("git config --global user.name '...'"),
        "{hint}"
    );
    assert_eq!(
        (world.calls("ls-remote"), world.calls("push"), world.refs()),
        (0, 0, String::new())
    );
}

#[test]
fn an_event_is_one_push_onto_what_this_clone_saw_last() {
    let world = World::new();
    world.clone("one").append(proposed("stable")).unwrap();
    let clone = world.named("one").and("GIT_COMMITTER_NAME", "Ada");
    let repo = clone.faulty();
    for events in 2..=3 {
        let state = append(&world, &repo, judged("Rosi", "fine")).unwrap();
        assert_eq!(state.events, events);
    }
    let asked = ["push", "look", "ls-remote", "fetch"].map(|word| world.calls(word));
    assert_eq!((asked, world.states(RECORD).len()), ([2, 0, 0, 0], 3));
    assert_eq!(world.calls("var"), 1, "a name in a variable is read once");
}

#[test]
fn where_something_came_since_one_look_is_enough() {
    let world = World::new();
    world.clone("one").append(proposed("stable")).unwrap();
    world.clone("other").append(judged("Ben", "fine")).unwrap();
    let repo = world.named("one").faulty();
    let state = append(&world, &repo, judged("Rosi", "fine")).unwrap();
    assert_eq!(state.candidate.unwrap().verdicts.len(), 2);
    let asked = ["push", "look", "ls-remote", "fetch"].map(|word| world.calls(word));
    assert_eq!((asked, world.states(RECORD).len()), ([2, 1, 0, 0], 3));
}

#[test]
fn a_no_and_that_nothing_is_to_be_done_are_never_said_from_memory() {
    let world = World::new();
    world.clone("one").append(proposed("stable")).unwrap();
    world.clone("other").append(judged("Ben", "fine")).unwrap();
    let repo = world.named("one").faulty();
    let no: Stop = Refusal::new(RefusalCode::Blocked, "nobody has signed it").into();
    for answer in [Ok(None), Err(no)] {
        let mut known = Vec::new();
        let state = recorder(&world, &repo).append(&new_id(), &mut |state| {
            let verdicts = state.candidate.as_ref().unwrap().verdicts.len();
            known.push(verdicts);
            match verdicts {
                0 => answer.clone(),
                _ => Ok(Some(judged("Rosi", "fine"))),
            }
        });
        assert_eq!(known, [0, 1]);
        assert_eq!(state.unwrap().candidate.unwrap().verdicts.len(), 2);
        let last = world.at(RECORD).unwrap();
        world.git("main.git", &["update-ref", RECORD, &format!("{last}~1")]);
        world.git(
            "one",
            &["update-ref", "refs/smp/seen", &format!("{last}~2")],
        );
    }
}

#[test]
fn events_that_are_known_together_are_one_push_and_stay_one_event_each() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    let (repo, names) = (clone.faulty(), ["Rosi", "Ben", "Cem"]);
    let next = |nth: usize| names.get(nth).map(|name| (new_id(), judged(name, "fine")));
    let state = recorder(&world, &repo).append_all(&mut |state, nth| {
        let verdicts = &state.candidate.as_ref().unwrap().verdicts;
        assert_eq!(verdicts.len(), nth, "each is decided after those before");
        Ok(next(nth))
    });
    let state = state.unwrap();
    assert_eq!((state.events, world.calls("push")), (4, 1));
    assert_eq!(world.states(RECORD).last(), Some(&state));
    // One event that cannot follow stops all of them.
    let before = world.refs();
    let stop = recorder(&world, &repo).append_all(&mut |_, nth| {
        let both = [judged("Rosi", "fast"), proposed("once more")];
        Ok(both.get(nth).map(|what| (new_id(), what.clone())))
    });
    assert_eq!(refusal(stop.unwrap_err()).code, RefusalCode::CandidateOpen);
    assert_eq!(world.refs(), before);
}

#[test]
fn an_event_that_nobody_could_read_again_is_not_written() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    let stop = clone
        .append(judged("Rosi", &"long ".repeat(14_000)))
        .unwrap_err();
    let Stop::Failed(report) = stop else {
        panic!("{stop:?}")
    };
    assert_eq!(
        report.error,
        "the event is too long for the record, so nothing was recorded"
    );
    clone
        .append(judged("Rosi", &"long ".repeat(5_000)))
        .unwrap();
    assert_eq!(world.clone("other").read().unwrap().state.events, 2);
}

#[test]
fn a_state_that_nobody_could_read_again_is_not_written() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    let long = "long ".repeat(5_000);
    let people = (0..20).map(|nth| format!("Rosi {nth}"));
    let stop = people
        .map(|who| clone.append(judged(&who, &long)))
        .find_map(Result::err)
        .unwrap();
    assert_eq!(stop.to_string(), "the record would be too large to read");
    assert_eq!(world.clone("other").read().unwrap().state.events, 11);
}

#[test]
fn git_s_own_trailers_are_those_that_we_read() {
    let texts = [
        "stable",
        "",
        " a \r\n\r\n\t\n b\rc ",
        ".\n.\n..\n",
        "x\n\nSmp-Event: promoted\nSmp-Id: 0000000000000000\n",
        "---\n# not a comment\n---\nx",
        "a\0b \u{fffe}\u{fdd0}\u{1ffff} \u{feff}\u{202e}\u{1b}[31m ä 日本 👩‍💻",
        "\u{2028}\u{85}x\u{2028}\u{85}",
        "(cherry picked from commit 1111)\n\nSigned-off-by: Rosi <rosi@example.com>",
        ": : :",
    ];
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    let repo = clone.repo();
    for text in texts {
        let state = clone.append(judged("Rosi", text)).unwrap();
        let reading = recorder(&world, &repo).read_now().unwrap().unwrap();
        let (events, unread) = recorder(&world, &repo).events(&reading).unwrap();
        assert_eq!((reading.state, unread), (state.clone(), 0));
        let What::Judged(Judged { note, .. }) = &events.last().unwrap().what else {
            panic!()
        };
        assert_eq!(*note, state.candidate.unwrap().verdicts[0].note, "{text:?}");
        assert_eq!(by_git(&clone), by_us(events.last().unwrap()), "{text:?}");
    }
}

/// Returns the trailers of the last event as git parses them: their keys, and their texts on one line.
fn by_git(clone: &Checkout<'_>) -> Vec<String> {
    let (_, text) = clone.world.run(
        &clone.name,
        "git log -1 --format=%B refs/smp/seen | git interpret-trailers --parse",
        &[],
    );
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Returns the trailers as this program writes them: folded lines become one line, even those of dots.
fn by_us(event: &Event) -> Vec<String> {
    let text = record::message(event).replace("\n ", " ");
    let trailers = text
        .lines()
        .skip(2)
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    trailers.collect()
}
