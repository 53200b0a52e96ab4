//! A main repository whose servers answer in turn, some of them late: an old answer proves nothing at first.

use crate::team::recorder::tests::*;

/// A clone that saw two events; the newer one, and the one before.
fn seen_twice(world: &World) -> (Checkout<'_>, String, String) {
    let one = world.clone("one");
    one.append(proposed("stable")).unwrap();
    one.append(judged("Rosi", "fine")).unwrap();
    let last = world.at(RECORD).unwrap();
    let before = world.git("main.git", &["rev-parse", &format!("{RECORD}~1")]);
    (one, last, before)
}

/// Gives these answers to reads, then the real ones; `-` is a repository without the record.
fn answers(world: &World, answers: &[&str]) {
    let (answers, count) = (answers.join(" "), world.path("count"));
    let main = world.at("refs/heads/main").unwrap();
    let count = count.display();
    let text = |none: &str, one: &str| {
        format!(
            "n=$(cat '{count}' 2>/dev/null || echo 0)\ni=0\nfor answer in {answers}; do\n  if [ $i = $n ]; then\n    \
             [ $answer != - ] || {none}\n    echo $((n + 1)) >'{count}'; printf '{one}\\n' $answer; exit 0\n  fi\n  \
             i=$((i + 1))\ndone\nreal \"$@\"\n"
        )
    };
    let branch = format!("{main}\\trefs/heads/main");
    let none = format!("{{ echo $((n + 1)) >'{count}'; printf '{branch}\\n'; exit 0; }}");
    let lists = text(&none, &format!("{branch}\\n%s\\t{RECORD}"));
    world.fault("ls-remote", &lists);
    // git then fetches nothing, and the refs are listed instead.
    let [one, three] = [0, 2].map(|nth| format!("* 0 {main} refs/smp/looked-at/{nth}"));
    let brings = text(
        "exit 128",
        &format!("{one}\\n* 0 %s refs/smp/looked-at/1\\n{three}"),
    );
    world.fault("look", &brings);
}

/// Returns how often the tip of the record was requested.
fn looks(world: &World) -> usize {
    world.calls("look") + world.calls("ls-remote")
}

fn read_now(world: &World, repo: &Repo) -> Result<Reading, Refusal> {
    let patient = Patience {
        lags: Duration::from_secs(60),
        ..PATIENCE
    };
    Recorder {
        patience: patient,
        ..recorder(world, repo)
    }
    .read_now()
    .unwrap()
}

#[test]
fn a_copy_that_lags_behind_is_asked_again_until_it_has_what_was_seen() {
    for old in [&["before"][..], &["none"], &["before", "none", "before"]] {
        let world = World::new();
        let (one, last, before) = seen_twice(&world);
        let old: Vec<&str> = old
            .iter()
            .map(|word| {
                if *word == "none" {
                    "-"
                } else {
                    before.as_str()
                }
            })
            .collect();
        answers(&world, &old);
        let reading = read_now(&world, &one.faulty()).unwrap();
        assert_eq!(reading.tip.map(|tip| tip.to_string()), Some(last.clone()));
        assert_eq!((reading.state.events, one.seen()), (2, Some(last)));
        let listed_as_well = usize::from(old[0] == "-");
        assert_eq!(looks(&world), old.len() + 1 + listed_as_well);
        assert_eq!(
            world.calls("fetch"),
            0,
            "what this clone has is not asked for"
        );
    }
}

#[test]
fn copies_that_answer_in_turn_are_no_others_who_write() {
    let world = World::new();
    let (one, last, before) = seen_twice(&world);
    let turns = [before.as_str(), &last].repeat(40);
    answers(&world, &turns);
    for _ in 0..5 {
        assert_eq!(
            read_now(&world, &one.faulty())
                .unwrap()
                .tip
                .map(|tip| tip.to_string()),
            Some(last.clone())
        );
    }
}

#[test]
fn a_record_that_stays_at_an_older_state_is_told_as_a_copy_that_lags_or_a_record_that_was_rewound()
{
    let world = World::new();
    let (one, last, before) = seen_twice(&world);
    answers(&world, &[before.as_str()].repeat(40));
    let why = recorder(&world, &one.faulty())
        .read_now()
        .unwrap()
        .unwrap_err();
    assert_eq!(why.code, RefusalCode::RecordRewound);
    assert_eq!(
        why.report.error,
        "upstream answers with older states of the record: a server has older data, or the record was rewound"
    );
    assert!(
        why.report
            .because
            .iter()
            .any(|line| line == &format!("this clone saw it at {}", &last[..8]))
    );
    assert!(looks(&world) >= 2, "it is asked for again");
    // The hint does no harm if a server lagged: the record is newer than its lease.
    let hint = why.report.hint_text().unwrap();
    let (done, words) = world.run("one", hint.split_once(": ").unwrap().1, &[]);
    assert!(done && words.contains("up-to-date"), "{words}");
    assert_eq!(world.at(RECORD), Some(last));
}

#[test]
fn a_state_that_one_copy_names_and_another_does_not_know_is_asked_for_again() {
    let world = World::new();
    let (one, ..) = seen_twice(&world);
    let other = world.clone("other");
    other.append(found("staging", 1)).unwrap();
    let newest = world.at(RECORD).unwrap();
    let unknown = "echo 'fatal: remote error: upload-pack: not our ref' >&2; exit 128\n";
    for asks in ["look", "fetch"] {
        world.fault(asks, &format!("once\n{unknown}"));
    }
    let reading = read_now(&world, &one.faulty()).unwrap();
    assert_eq!(reading.tip.map(|tip| tip.to_string()), Some(newest));

    other.append(found("staging", 2)).unwrap();
    for asks in ["look", "fetch"] {
        world.fault(asks, unknown);
    }
    let why = recorder(&world, &one.faulty())
        .read_now()
        .unwrap()
        .unwrap_err();
    assert_eq!(
        why.code,
        RefusalCode::Unreachable,
        "what was seen last is still of use"
    );
    assert!(
        why.report
            .error
            .starts_with("upstream answers with older states of the record"),
        "{why:?}"
    );
    assert!(
        why.report
            .because
            .iter()
            .any(|line| line.contains("not our ref")),
        "{why:?}"
    );
}

#[test]
fn an_event_that_was_taken_is_waited_for_where_a_copy_lags_and_is_not_pushed_again() {
    let world = World::new();
    let (one, last, _) = seen_twice(&world);
    // The first read is before the push; the next three come from a server that does not have it yet.
    answers(&world, &[last.as_str()].repeat(4));
    let repo = one.faulty();
    let patient = Patience {
        lags: Duration::from_secs(60),
        ..PATIENCE
    };
    let recorder = Recorder {
        patience: patient,
        ..recorder(&world, &repo)
    };
    let state = recorder
        .append(&new_id(), &mut |_| Ok(Some(found("staging", 1))))
        .unwrap();
    assert_eq!((state.events, world.states(RECORD).len()), (3, 3));
    assert_eq!(world.calls("push"), 1);
}

#[test]
fn nobody_is_said_to_write_where_the_record_reads_as_before_each_time() {
    let world = World::new();
    let (one, last, _) = seen_twice(&world);
    world.clone("other").append(found("staging", 1)).unwrap();
    answers(&world, &[last.as_str()].repeat(200));
    let repo = one.faulty();
    let hasty = Patience {
        busy: Duration::from_millis(800),
        lags: LAGS,
        ..PATIENCE
    };
    let recorder = Recorder {
        patience: hasty,
        ..recorder(&world, &repo)
    };
    let stop = recorder
        .append(&new_id(), &mut |_| Ok(Some(found("staging", 2))))
        .unwrap_err();
    let why = refusal(stop);
    assert_eq!(why.code, RefusalCode::Busy);
    assert!(
        why.report
            .error
            .starts_with("upstream answers with older states of the record"),
        "{why:?}"
    );
    assert_eq!(world.states(RECORD).len(), 3);
}
