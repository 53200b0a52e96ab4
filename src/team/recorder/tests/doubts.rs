//! A push's own report is never trusted: the event arrived or not, whatever the words and the exit code.

use crate::team::recorder::tests::*;

/// A world with one event on the record, and Ada's clone in it.
fn begun() -> World {
    let world = World::new();
    world.clone("one").append(proposed("stable")).unwrap();
    world
}

/// Waits for a process in the background.
#[track_caller]
fn until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !what() {
        assert!(Instant::now() < deadline, "it never happens");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Appends through the failing git. On a busy machine nobody may give up while others write.
fn try_it(world: &World) -> Result<State, Stop> {
    try_for(world, Duration::from_secs(600))
}

/// Does the same with a time limit.
fn try_for(world: &World, busy: Duration) -> Result<State, Stop> {
    let repo = world.named("one").faulty();
    let hasty = Patience {
        busy,
        unknown: Duration::from_secs(1),
        unshown: Duration::from_millis(50),
        lags: LAGS,
    };
    let recorder = Recorder {
        patience: hasty,
        ..recorder(world, &repo)
    };
    recorder.append(&new_id(), &mut |_| Ok(Some(judged("Rosi", "fine"))))
}

#[test]
fn a_push_that_landed_is_not_made_again_whatever_it_says() {
    let lies = [
        "exit 1",
        "exit 128",
        "kill -9 $$",
        "echo 'remote: HTTP 500' >&2; exit 1",
        "printf '!\\tX:refs/smp/record\\t[remote rejected] (failed to update ref)\\nDone\\n'; exit 1",
        "printf '!\\tX:refs/smp/record\\t[rejected] (stale info)\\nDone\\n'; exit 1",
        "printf '=\\tX:refs/smp/record\\t[up to date]\\nDone\\n'; exit 0",
    ];
    for lie in lies {
        let world = begun();
        world.fault("push", &format!("real \"$@\" >/dev/null 2>&1\n{lie}\n"));
        assert_eq!(try_it(&world).map(|state| state.events), Ok(2), "{lie}");
        assert_eq!(
            (world.states(RECORD).len(), world.calls("push")),
            (2, 1),
            "{lie}"
        );
        assert_eq!(world.named("one").seen(), world.at(RECORD));
    }
}

#[test]
fn a_push_that_did_not_land_is_made_again_whatever_it_says() {
    let lies = [
        "printf ' \\tX:refs/smp/record\\t1..2\\nDone\\n'; exit 0",
        "printf '=\\tX:refs/smp/record\\t[up to date]\\nDone\\n'; exit 0",
        "printf '!\\tX:refs/smp/record\\t[rejected] (stale info)\\nDone\\n'; exit 1",
        "printf '!\\tX:refs/smp/record\\t[remote rejected] (failed to update ref)\\nDone\\n'; exit 1",
        "printf 'Done\\n'; exit 1",
        "printf 'Writing objects: 100%% (3/3), done.\\nfatal: the remote end hung up unexpectedly\\n' >&2; exit 128",
        "kill -9 $$",
    ];
    for lie in lies {
        let world = begun();
        world.fault("push", &format!("once\n{lie}\n"));
        assert_eq!(try_it(&world).map(|state| state.events), Ok(2), "{lie}");
        assert_eq!(
            (world.states(RECORD).len(), world.calls("push")),
            (2, 2),
            "{lie}"
        );
    }
}

#[test]
fn a_push_that_somebody_built_on_before_we_looked_is_found() {
    let world = begun();
    let other = world.clone("other");
    world.fault("push", "once\nreal \"$@\"; touch \"$(dirname \"$0\")/../landed\"\nwhile [ ! -e \"$(dirname \"$0\")/../go\" ]; do sleep 0.01; done\nexit 1\n");
    let state = thread::scope(|scope| {
        let ours = scope.spawn(|| try_it(&world));
        until(|| world.path("landed").exists());
        other.append(judged("Ben", "fine")).unwrap();
        std::fs::write(world.path("go"), "").unwrap();
        ours.join().unwrap()
    });
    assert_eq!(state.unwrap().events, 3, "the state that holds now");
    assert_eq!((world.states(RECORD).len(), world.calls("push")), (3, 1));
}

#[test]
fn a_push_that_lands_late_is_found() {
    let world = begun();
    // The server is still working when git gives up, and finishes before the second attempt reaches it.
    world.fault(
        "push",
        "once\n(sleep 0.2; real \"$@\" >/dev/null 2>&1; : >\"$(dirname \"$0\")/../late\") &\nexit 1\n",
    );
    assert_eq!(try_it(&world).map(|state| state.events), Ok(2));
    until(|| world.path("late").exists());
    assert_eq!(world.states(RECORD).len(), 2);
}

/// Accepts everything, hangs up before its answer, and continues to work.
const HANGS_UP: &str = "length=$(git-receive-pack --http-backend-info-refs \"$1\" | wc -c)
rm -f pipe; mkfifo pipe
exec 4<&0
echo >>begun
{ git-receive-pack \"$1\" <&4 4<&-; echo >>ended; } >pipe &
exec 4<&-
[ ! -e cut ] || exec cat pipe
: >cut
exec head -c \"$length\" pipe
";

#[test]
fn a_connection_that_breaks_after_all_was_sent_leaves_no_doubt() {
    for builds in ["sleep 0.5", ":"] {
        let world = begun();
        write_program(&world.path("hangs-up"), HANGS_UP);
        world.hook("pre-receive", builds);
        world.git(
            "one",
            &["config", "remote.upstream.receivepack", "exec ../hangs-up"],
        );
        assert_eq!(try_it(&world).map(|state| state.events), Ok(2), "{builds}");
        assert!(world.path("one/cut").exists());
        let all = |name: &str| std::fs::read(world.path("one").join(name)).unwrap_or_default();
        until(|| all("begun") == all("ended"));
        assert_eq!(world.states(RECORD).len(), 2, "{builds}");
    }
}

#[test]
fn an_answer_that_fails_once_is_asked_for_again() {
    let world = begun();
    world.fault(
        "push",
        "mv \"$(dirname \"$0\")\"/ls-remote.next \"$(dirname \"$0\")\"/ls-remote\nreal \"$@\" >/dev/null 2>&1\nexit 1\n",
    );
    world.fault("ls-remote", "once\nexit 128\n");
    let faults = world.path("faults");
    std::fs::rename(faults.join("ls-remote"), faults.join("ls-remote.next")).unwrap();
    assert_eq!(try_it(&world).map(|state| state.events), Ok(2));
    assert_eq!(world.states(RECORD).len(), 2);
}

#[test]
fn who_cannot_be_told_whether_it_landed_is_told_so() {
    for lands in ["real \"$@\" >/dev/null 2>&1; exit 1", "exit 1"] {
        let world = begun();
        world.fault("push", &format!("(echo '#!/bin/sh'; echo 'echo gone away >&2; exit 128') >\"$(dirname \"$0\")\"/ls-remote\nchmod +x \"$(dirname \"$0\")\"/ls-remote\n{lands}\n"));
        let stop = try_it(&world).unwrap_err();
        let Stop::Incomplete(report) = &stop else {
            panic!("{stop:?}")
        };
        assert_eq!(
            report.error,
            "it is unknown whether the record accepted the event"
        );
        assert!(
            report.because.iter().any(|line| line.contains("gone away")),
            "{report:?}"
        );
        assert!(
            report
                .hint_text()
                .as_ref()
                .unwrap()
                .starts_with("when the main repository answers again, to continue: ")
        );
    }
}

#[test]
fn a_push_that_may_still_land_is_no_clean_failure() {
    let world = begun();
    // Unclear; afterwards only the read directly after the push is answered.
    world.fault("push", "(echo '#!/bin/sh'; echo 'mv \"$0\" \"$0.was\"; mv \"$0.next\" \"$0\"; exec git \"$@\"') >\"$(dirname \"$0\")\"/ls-remote\n(echo '#!/bin/sh'; echo 'exit 128') >\"$(dirname \"$0\")\"/ls-remote.next\nchmod +x \"$(dirname \"$0\")\"/ls-remote*\nexit 1\n");
    let stop = try_for(&world, Duration::from_secs(3)).unwrap_err();
    assert_eq!(stop.exit_code(), 4, "{stop:?}");
    // Always unclear, until the time limit.
    let world = begun();
    world.fault("push", "echo 'error: RPC failed; HTTP 500' >&2\nexit 1\n");
    let stop = try_for(&world, Duration::from_secs(3)).unwrap_err();
    assert_eq!(stop.exit_code(), 4, "{stop:?}");
    let because = &stop.report().unwrap().because;
    assert!(
        because.iter().any(|line| line.contains("HTTP 500"))
            && !because.iter().any(|line| line.contains("busy"))
    );
}

#[test]
fn what_is_decided_after_others_were_quicker_is_a_clean_refusal() {
    let world = begun();
    let other = world.clone("other");
    let repo = world.named("one").repo();
    let mut looks = 0;
    let stop = recorder(&world, &repo).append(&new_id(), &mut |_| {
        looks += 1;
        if looks == 2 {
            return Err(Refusal::new(RefusalCode::Blocked, "somebody blocked it").into());
        }
        other.append(judged("Ben", "fine")).unwrap();
        Ok(Some(judged("Rosi", "fine")))
    });
    assert_eq!(refusal(stop.unwrap_err()).code, RefusalCode::Blocked);
}
