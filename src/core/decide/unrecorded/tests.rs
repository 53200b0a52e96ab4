use crate::core::decide::unrecorded::*;
use crate::core::record::{Deployed, Event, Intent, Kind, Person, Proposed, Sighting, What};
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::Typed;
use crate::core::words::EventId;
use crate::core::words::{Branch, Relation, Release, ReleaseStatus};

fn id(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// Production, with the commit of its page and of its branch.
fn seen(running: char, branch: char) -> Observed {
    Observed {
        environment: "production".into(),
        source: Source::Page,
        running: Ok(Some(id(running))),
        branch: Some(Ok(Branch::At(id(branch)))),
        drift: (running != branch).then_some(Relation::Ahead),
        page: None,
        cached: None,
        releases: None,
        doubt: None,
        last: None,
        platform: None,
        by_pipeline: false,
        by_merge: false,
        begun: false,
        confirm: Typed::smp("promote"),
    }
}

/// Returns such an environment with the platform as its source, whose newest release has this status.
fn released(running: char, branch: char, newest: ReleaseStatus) -> Observed {
    let release = Release {
        id: "id".into(),
        version: 7,
        called: "v7".into(),
        status: newest,
        current: true,
        eligible: true,
        slug: None,
        commit: Some(id(running)),
        created: None,
        output: crate::core::typed::Typed::other(""),
    };
    Observed {
        source: Source::Api,
        releases: Some(Ok(vec![release])),
        ..seen(running, branch)
    }
}

/// Returns the record after these events, one minute apart.
fn after(whats: &[What]) -> State {
    let by = Person {
        name: "Ada Example".into(),
        email: String::new(),
        principal: None,
    };
    whats
        .iter()
        .zip(1_u32..)
        .fold(State::default(), |state, (what, nth)| {
            let (id, by, what) = (EventId::of(nth.into()), by.clone(), what.clone());
            state
                .after(&Event {
                    id,
                    by,
                    at: i64::from(nth) * 60,
                    program: String::new(),
                    what,
                })
                .unwrap()
        })
}

fn deployed(intent: Option<u64>, kind: Kind, environment: &str, to: char) -> What {
    What::Deployed(Deployed {
        overrides: None,
        intent: intent.map(EventId::of),
        kind,
        environment: environment.into(),
        from: None,
        to: id(to),
        commits: 1,
        signed_off_by: Vec::new(),
        unsigned: true,
        announced_by: None,
        tells: None,
        holds: Vec::new(),
    })
}

fn began(kind: Kind, environment: &str, to: char, over: Option<u64>) -> What {
    let (environment, over) = (environment.into(), over.map(EventId::of));
    What::Deploying(Intent {
        overrides: None,
        kind,
        environment,
        from: None,
        also: Vec::new(),
        to: id(to),
        base: None,
        unsigned: true,
        over,
        tells: None,
    })
}

fn proposed(commit: char, production: char, over: Option<u64>) -> What {
    What::Proposed(Proposed {
        commit: id(commit),
        environment: "staging".into(),
        targets: vec![("production".into(), Some(id(production)))],
        note: None,
        date: "2022-03-02".into(),
        channels: Vec::new(),
        login: None,
        over: over.map(EventId::of),
    })
}

/// Returns the commit before, the commit after, and since when.
fn told(seen: &Observed, whats: &[What]) -> Option<(CommitId, CommitId, i64)> {
    unrecorded(seen, &after(whats)).map(|found| (found.from, found.to, found.since))
}

fn promoted(to: char) -> What {
    deployed(None, Kind::Promote, "production", to)
}

#[test]
fn what_runs_and_is_not_what_was_deployed_last_went_past_the_tool() {
    let found = Some((id('1'), id('2'), 60));
    assert_eq!(told(&seen('2', '2'), &[promoted('1')]), found);
    assert_eq!(
        told(
            &Observed {
                source: Source::Ref,
                ..seen('2', '2')
            },
            &[promoted('1')]
        ),
        found
    );
    // The branch does not show what the platform released.
    assert_eq!(
        told(
            &released('2', '1', ReleaseStatus::Succeeded),
            &[promoted('1')]
        ),
        found
    );
    assert_eq!(told(&seen('1', '1'), &[promoted('1')]), None);
    assert_eq!(told(&seen('2', '2'), &[promoted('1'), promoted('2')]), None);
    assert_eq!(
        told(
            &seen('2', '2'),
            &[deployed(None, Kind::Stage, "staging", '1')]
        ),
        None,
        "another environment"
    );
}

#[test]
fn unknown_or_unclear_is_never_a_deploy() {
    let refusal = || Refusal::new(RefusalCode::Unreachable, "no answer");
    let agreed = seen('2', '2');
    for unclear in [
        seen('2', '1'),
        seen('2', '3'),
        Observed {
            running: Err(refusal()),
            ..agreed.clone()
        },
        Observed {
            running: Ok(None),
            ..agreed.clone()
        },
        Observed {
            branch: Some(Err(refusal())),
            ..agreed.clone()
        },
        Observed {
            branch: None,
            ..agreed.clone()
        },
        Observed {
            branch: Some(Ok(Branch::Missing(vec!["main".into()]))),
            ..agreed.clone()
        },
        Observed {
            source: Source::Ref,
            doubt: Some("skipping build".into()),
            ..agreed.clone()
        },
        Observed {
            page: Some(Ok(id('1'))),
            ..released('2', '2', ReleaseStatus::Succeeded)
        },
        Observed {
            branch: Some(Err(refusal())),
            ..released('2', '2', ReleaseStatus::Succeeded)
        },
        released('2', '2', ReleaseStatus::Pending),
    ] {
        assert_eq!(told(&unclear, &[promoted('1')]), None, "{unclear:?}");
    }
    let newer = State {
        format: FORMAT + 1,
        ..after(&[promoted('1')])
    };
    assert_eq!(unrecorded(&agreed, &newer), None);
}

#[test]
fn where_nothing_is_on_record_there_is_nothing_to_compare_with() {
    assert_eq!(told(&seen('2', '2'), &[]), None);
    // A proposal has seen the earlier commit.
    assert_eq!(
        told(&seen('3', '3'), &[proposed('2', '1', None)]),
        Some((id('1'), id('3'), 60))
    );
    assert_eq!(told(&seen('1', '1'), &[proposed('2', '1', None)]), None);
    let staging = Observed {
        environment: "staging".into(),
        ..seen('3', '3')
    };
    assert_eq!(
        told(&staging, &[proposed('2', '1', None)]),
        Some((id('2'), id('3'), 60))
    );
}

#[test]
fn a_proposal_that_saw_the_last_deploy_still_there_narrows_the_time() {
    assert_eq!(
        told(&seen('3', '3'), &[promoted('1'), proposed('2', '1', None)]),
        Some((id('1'), id('3'), 120))
    );
    // The other commit that it saw came from outside git-smp itself.
    assert_eq!(
        told(&seen('3', '3'), &[promoted('1'), proposed('2', '4', None)]),
        Some((id('1'), id('3'), 60))
    );
}

#[test]
fn the_candidate_that_somebody_pushed_came_past_the_tool_like_any_commit() {
    let story = [promoted('1'), proposed('2', '1', None)];
    assert_eq!(told(&seen('2', '2'), &story), Some((id('1'), id('2'), 120)));
}

#[test]
fn what_was_announced_is_no_deploy_past_the_tool_even_when_nobody_saw_its_end() {
    let going = [promoted('1'), began(Kind::Promote, "production", '2', None)];
    assert_eq!(told(&seen('2', '2'), &going), None);
    assert_eq!(
        told(&seen('3', '3'), &going),
        None,
        "until it has come to its end"
    );
    let taken_over = [&going[..], &[began(Kind::Stage, "staging", '9', Some(2))]].concat();
    assert_eq!(told(&seen('2', '2'), &taken_over), None);
    assert_eq!(
        told(&seen('3', '3'), &taken_over),
        Some((id('1'), id('3'), 60))
    );
    let proposed = [&going[..], &[proposed('5', '2', Some(2))]].concat();
    assert_eq!(told(&seen('2', '2'), &proposed), None);
    // The deploy failed, so a person who deployed it later did so by hand.
    let ended = What::Ended {
        intent: EventId::of(2),
        why: "declined".into(),
    };
    assert_eq!(
        told(&seen('2', '2'), &[&going[..], &[ended]].concat()),
        Some((id('1'), id('2'), 60))
    );
    let staging = [promoted('1'), began(Kind::Stage, "staging", '9', None)];
    assert_eq!(
        told(&seen('2', '2'), &staging),
        Some((id('1'), id('2'), 60)),
        "elsewhere"
    );
}

#[test]
fn what_was_seen_once_is_not_seen_again() {
    let saw = |from: char, to: char| {
        let (environment, from, to) = ("production".to_owned(), id(from), id(to));
        What::Observed(Sighting {
            environment,
            from,
            to,
            since: 60,
            commits: Some(1),
            back: false,
        })
    };
    assert_eq!(told(&seen('2', '2'), &[promoted('1'), saw('1', '2')]), None);
    assert_eq!(
        told(&seen('3', '3'), &[promoted('1'), saw('1', '2')]),
        Some((id('2'), id('3'), 120))
    );
}
