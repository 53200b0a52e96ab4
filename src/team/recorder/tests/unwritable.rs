//! A main repository that rejects events: git's words, a way out, and nothing recorded.

use crate::team::recorder::tests::*;

fn refused(world: &World) -> Refusal {
    let clone = world.named("one");
    let before = (world.refs(), clone.seen());
    let repo = clone.faulty();
    let why = refusal(append(world, &repo, found("staging", 1)).unwrap_err());
    assert_eq!(why.code, RefusalCode::RecordNotWritable);
    assert!(why.report.hint.is_some());
    assert_eq!((world.refs(), clone.seen()), before);
    assert!(world.calls("push") <= 3, "asked for ever");
    why
}

fn told(refusal: &Refusal) -> String {
    refusal.report.because.join("\n")
}

#[test]
fn a_hook_that_says_no_is_quoted() {
    let world = World::new();
    let clone = world.clone("one");
    for begun in [false, true] {
        if begun {
            clone.append(proposed("stable")).unwrap();
        }
        world.hook("pre-receive", "echo \"only branches here\" >&2\nexit 1\n");
        let why = refused(&world);
        assert_eq!(world.calls("push"), 1, "it would say the same again");
        assert!(
            told(&why).contains("remote: only branches here"),
            "{}",
            told(&why)
        );
        assert!(told(&why).contains("refs/smp/record on upstream"));
        assert!(
            why.report
                .hint_text()
                .as_ref()
                .unwrap()
                .contains("refs/heads/smp-record")
        );
        std::fs::remove_file(world.path("main.git/hooks/pre-receive")).unwrap();
        std::fs::remove_file(world.path("calls")).unwrap();
    }
}

#[test]
fn a_host_that_hides_such_refs_is_quoted() {
    for key in ["receive.hideRefs", "transfer.hideRefs"] {
        let world = World::new();
        world.clone("one");
        world.git("main.git", &["config", key, "refs/smp"]);
        let why = refused(&world);
        assert!(
            told(&why).contains("deny updating a hidden ref"),
            "{}",
            told(&why)
        );
    }
}

#[test]
fn a_host_that_takes_what_it_does_not_show_is_not_believed() {
    let world = World::new();
    let clone = world.clone("one");
    world.git("main.git", &["config", "uploadpack.hideRefs", "refs/smp"]);
    let repo = clone.repo();
    let hasty = Patience {
        unshown: Duration::from_millis(300),
        lags: LAGS,
        ..PATIENCE
    };
    let recorder = Recorder {
        patience: hasty,
        ..recorder(&world, &repo)
    };
    let stop = recorder
        .append(&new_id(), &mut |_| Ok(Some(proposed("stable"))))
        .unwrap_err();
    assert_eq!(stop.exit_code(), 4, "{stop:?}");
    let report = stop.report().unwrap();
    assert_eq!(
        report.error,
        "upstream accepted the event and does not show it"
    );
    assert!(
        report
            .hint_text()
            .as_ref()
            .unwrap()
            .contains("refs/heads/smp-record"),
        "{report:?}"
    );
    assert_eq!(
        world.states(RECORD).len(),
        1,
        "it is there once, and nobody here can see it"
    );
    // The next event is rejected because of a hidden record, and changes nothing.
    let stop = recorder
        .append(&new_id(), &mut |_| Ok(Some(proposed("stable"))))
        .unwrap_err();
    let why = refusal(stop);
    assert_eq!(
        (why.code, why.report.error.as_str()),
        (
            RefusalCode::RecordNotWritable,
            "upstream has the record and does not show it"
        )
    );
    assert_eq!(world.states(RECORD).len(), 1);
    world.git("main.git", &["config", "--unset", "uploadpack.hideRefs"]);
    assert_eq!(clone.read().unwrap().state.events, 1);
}

#[test]
fn a_push_that_nobody_lets_in_is_quoted() {
    let world = World::new();
    let clone = world.clone("one");
    clone.git(&[
        "config",
        "remote.upstream.receivepack",
        "echo 'not for you' >&2; exit 1;",
    ]);
    let why = refused(&world);
    assert!(told(&why).contains("not for you"), "{}", told(&why));
}

#[test]
fn a_host_that_speaks_while_it_lets_nobody_in_is_quoted() {
    let world = World::new();
    world.clone("one");
    let words = "remote: Permission to team/main.git denied to Ada.\nfatal: The requested URL returned error: 403\n";
    world.fault("push", &format!("printf '{words}' >&2\nexit 128\n"));
    let why = refused(&world);
    assert!(
        told(&why).contains("remote: Permission to team/main.git denied to Ada."),
        "{}",
        told(&why)
    );
    assert_eq!(
        world.calls("push"),
        1,
        "nothing was sent, and nothing is tried again"
    );
}

#[test]
fn somebody_who_holds_the_ref_for_a_moment_is_waited_for() {
    let world = World::new();
    let clone = world.clone("one");
    clone.append(proposed("stable")).unwrap();
    // Another push holds the lock when this one comes.
    world.fault(
        "push",
        "once\nlock=../main.git/refs/smp/record.lock\n: >\"$lock\"\nreal \"$@\"; code=$?\nrm \"$lock\"\nexit $code\n",
    );
    world.fault("ls-remote", "cd ../one\nexec git \"$@\"\n");
    let repo = clone.faulty();
    assert_eq!(
        append(&world, &repo, judged("Rosi", "fine")).map(|state| state.events),
        Ok(2)
    );
    assert_eq!(world.calls("push"), 2);
}

#[test]
fn a_ref_that_is_called_as_the_record_leads_nobody_astray() {
    for kind in ["heads", "tags"] {
        for begun in [false, true] {
            let world = World::new();
            let clone = world.clone("one");
            let namesake = format!("refs/{kind}/{RECORD}");
            let odd = world.commit(&record::write_state(&State::default()), "x", None);
            if begun {
                clone.append(proposed("stable")).unwrap();
            }
            world.git("main.git", &["update-ref", &namesake, &odd]);
            let reading = clone.read().unwrap();
            assert_eq!(reading.state.events, u64::from(begun));
            let why = refused(&world);
            assert!(told(&why).contains(&namesake), "{}", told(&why));
            let hint = why.report.hint_text().unwrap();
            let (done, words) = world.run("one", hint.split_once(": ").unwrap().1, &[]);
            assert!(done, "{words}");
            assert_eq!(world.at(&namesake), None);
            assert_eq!(
                clone.append(found("staging", 1)).unwrap().events,
                1 + u64::from(begun)
            );
        }
    }
}

#[test]
fn a_branch_for_the_record_has_a_hint_of_its_own() {
    let world = World::with("[record]\nref = 'refs/heads/smp-record'\n", &[]);
    world.clone("one");
    world.hook("pre-receive", "echo \"protected\" >&2\nexit 1\n");
    let why = refused(&world);
    assert!(told(&why).contains("remote: protected"));
    assert!(
        !why.report.hint_text().unwrap().contains("smp.toml"),
        "it is a branch already"
    );
}
