//! Stories of a team, event by event.

use crate::core::record::tests::*;

/// Returns the state after these events; the first has id 1.
fn after(whats: &[What]) -> State {
    whats
        .iter()
        .zip(1..)
        .fold(State::default(), |state, (what, id)| {
            state.after(&event(id, what.clone())).unwrap()
        })
}

fn proposed(digit: char, goals: &[&str]) -> What {
    What::Proposed(Proposed {
        commit: commit(digit),
        environment: "staging".into(),
        targets: goals
            .iter()
            .map(|goal| ((*goal).to_owned(), None))
            .collect(),
        note: None,
        date: "2022-03-02".into(),
        channels: vec!["technical".into()],
        login: None,
        over: None,
    })
}

fn judged(digit: char, of: &str, verdict: Verdict) -> What {
    What::Judged(Judged {
        commit: commit(digit),
        of: of.into(),
        verdict,
        note: None,
        channels: Vec::new(),
        comment: None,
    })
}

fn began(kind: Kind, environment: &str, digit: char, base: Option<char>) -> What {
    What::Deploying(Intent {
        overrides: None,
        kind,
        environment: environment.into(),
        from: None,
        also: Vec::new(),
        to: commit(digit),
        base: base.map(commit),
        unsigned: false,
        over: None,
        tells: None,
    })
}

fn deployed(intent: Option<u64>, kind: Kind, environment: &str, digit: char) -> What {
    What::Deployed(Deployed {
        overrides: None,
        intent: intent.map(EventId::of),
        kind,
        environment: environment.into(),
        from: None,
        to: commit(digit),
        commits: 1,
        signed_off_by: Vec::new(),
        unsigned: false,
        announced_by: None,
        tells: None,
        holds: Vec::new(),
    })
}

const YES: Verdict = Verdict::Pass;
const NO: Verdict = Verdict::Block;

#[test]
fn a_candidate_is_proposed_signed_off_and_promoted() {
    let story = [
        proposed('1', &["production"]),
        What::Posted {
            about: EventId::of(1),
            channel: "technical".into(),
            attempt: None,
            how: How::Printed,
            placed: Placed::default(),
        },
        judged('1', "Rosi", YES),
        began(Kind::Promote, "production", '1', None),
        deployed(Some(4), Kind::Promote, "production", '1'),
    ];
    let state = after(&story[..3]);
    assert_eq!(
        state.candidate.as_ref().map(Candidate::standing),
        Some(Standing::SignedOff)
    );
    assert!(
        state.pending.is_empty()
            && state.frozen("staging").is_some()
            && state.frozen("production").is_none()
    );
    let end = after(&story);
    assert_eq!((end.candidate, end.deploying, end.events), (None, None, 5));
    assert_eq!(end.deploys["production"].commit, commit('1'));
}

#[test]
fn somebody_s_last_word_counts_and_one_block_outweighs_every_yes() {
    let judge = |words: &[(&str, Verdict)]| {
        let words = words
            .iter()
            .map(|(who, verdict)| judged('1', who, *verdict));
        after(
            &std::iter::once(proposed('1', &["production"]))
                .chain(words)
                .collect::<Vec<_>>(),
        )
    };
    let standing = |words| judge(words).candidate.unwrap().standing();
    assert_eq!(standing(&[("Rosi", YES), ("Ben", NO)]), Standing::Blocked);
    assert_eq!(
        standing(&[("Rosi", NO), ("Rosi", YES)]),
        Standing::SignedOff
    );
    assert_eq!(standing(&[("Rosi", YES), ("Rosi", NO)]), Standing::Blocked);
    let blocked = judge(&[("Rosi", YES), ("Ben", NO)]);
    let promote = event(9, began(Kind::Promote, "production", '1', None));
    assert_eq!(blocked.after(&promote), Err(Unlawful::NotSignedOff));
}

#[test]
fn a_fix_becomes_the_candidate_and_needs_a_new_yes() {
    let state = after(&[
        proposed('1', &["production"]),
        judged('1', "Rosi", YES),
        began(Kind::Fix, "staging", '2', Some('1')),
        deployed(Some(3), Kind::Fix, "staging", '2'),
    ]);
    let candidate = state.candidate.as_ref().unwrap();
    assert_eq!(
        (candidate.standing(), &candidate.commit),
        (Standing::Waiting, &commit('2'))
    );
    assert_eq!(
        state.after(&event(9, judged('1', "Rosi", YES))),
        Err(Unlawful::OtherCandidate)
    );
    let promote = event(9, began(Kind::Promote, "production", '2', None));
    assert_eq!(state.after(&promote), Err(Unlawful::NotSignedOff));
}

#[test]
fn a_fix_has_to_reach_those_that_run_what_it_mends() {
    let mut story = vec![
        proposed('1', &["eu", "production"]),
        judged('1', "Rosi", YES),
        began(Kind::Promote, "eu", '1', None),
        deployed(Some(3), Kind::Promote, "eu", '1'),
        began(Kind::Fix, "staging", '2', Some('1')),
        deployed(Some(5), Kind::Fix, "staging", '2'),
        judged('2', "Rosi", YES),
        began(Kind::Promote, "production", '2', None),
        deployed(Some(8), Kind::Promote, "production", '2'),
    ];
    assert!(!after(&story).candidate.unwrap().goal("eu").unwrap().reached);
    story.extend([
        began(Kind::Promote, "eu", '2', None),
        deployed(Some(10), Kind::Promote, "eu", '2'),
    ]);
    assert_eq!(after(&story).candidate, None);
}

#[test]
fn an_environment_that_was_rolled_back_does_not_run_the_candidate() {
    let state = after(&[
        proposed('1', &["eu", "production"]),
        judged('1', "Rosi", YES),
        began(Kind::Promote, "eu", '1', None),
        deployed(Some(3), Kind::Promote, "eu", '1'),
        began(Kind::Rollback, "eu", '0', None),
        deployed(Some(5), Kind::Rollback, "eu", '0'),
    ]);
    assert!(
        !state
            .candidate
            .as_ref()
            .unwrap()
            .goal("eu")
            .unwrap()
            .reached
    );
    assert!(
        state
            .after(&event(9, began(Kind::Promote, "eu", '1', None)))
            .is_ok()
    );
}

/// The announcement to roll production back from one commit to another.
fn goes_back(from: char, to: char, over: Option<u64>) -> What {
    let What::Deploying(intent) = began(Kind::Rollback, "production", to, None) else {
        unreachable!()
    };
    let targets = vec![("production".into(), Some(commit(from)))];
    let tells = Telling {
        targets,
        text: Some("Maps are empty.".into()),
        ..telling(None)
    };
    What::Deploying(Intent {
        over: over.map(EventId::of),
        tells: Some(tells),
        ..intent
    })
}

#[test]
fn a_rollback_holds_from_its_announcement_until_it_comes_to_nothing() {
    let held = |whats: &[What]| {
        let held = after(whats).held("production");
        held.into_iter()
            .map(|one| (one.commit, one.reason))
            .collect::<Vec<_>>()
    };
    let why = |digit| (commit(digit), Some("Maps are empty.".to_owned()));
    assert_eq!(held(&[goes_back('2', '1', None)]), [why('2')]);
    assert!(after(&[goes_back('2', '1', None)]).held("eu").is_empty());
    let nothing = What::Ended {
        intent: EventId::of(1),
        why: "declined".into(),
    };
    assert!(held(&[goes_back('2', '1', None), nothing]).is_empty());
    // A deploy that replaces it does not know whether it arrived.
    let over = What::Deploying(Intent {
        over: Some(EventId::of(1)),
        ..match began(Kind::Stage, "staging", '3', None) {
            What::Deploying(intent) => intent,
            _ => unreachable!(),
        }
    });
    assert_eq!(held(&[goes_back('2', '1', None), over]), [why('2')]);
    assert_eq!(
        held(&[goes_back('2', '1', None), goes_back('1', '0', Some(1))]),
        [why('2'), why('1')]
    );
    // A promotion releases all held commits.
    let promotion = What::Deploying(Intent {
        over: Some(EventId::of(1)),
        unsigned: true,
        ..match began(Kind::Promote, "production", '3', None) {
            What::Deploying(intent) => intent,
            _ => unreachable!(),
        }
    });
    let promoted = deployed(Some(2), Kind::Promote, "production", '3');
    assert!(held(&[goes_back('2', '1', None), promotion, promoted]).is_empty());
}

#[test]
fn nobody_begins_while_somebody_deploys_but_by_name() {
    let state = after(&[began(Kind::Stage, "staging", '1', None)]);
    let next = |over: Option<u64>| {
        let What::Deploying(intent) = began(Kind::Stage, "staging", '2', None) else {
            unreachable!()
        };
        event(
            9,
            What::Deploying(Intent {
                over: over.map(EventId::of),
                ..intent
            }),
        )
    };
    assert_eq!(state.after(&next(None)), Err(Unlawful::OtherDeploy));
    assert_eq!(state.after(&next(Some(7))), Err(Unlawful::OtherDeploy));
    let taken_over = state.after(&next(Some(1))).unwrap();
    assert_eq!(
        taken_over.deploying.as_ref().map(|open| &open.id),
        Some(&EventId::of(9))
    );
    let late = event(10, deployed(Some(1), Kind::Stage, "staging", '1'));
    assert_eq!(
        taken_over.after(&late),
        Err(Unlawful::OtherDeploy),
        "the first one is over"
    );
}

/// The announcement of a build that is promoted to production and two more in one call.
fn began_three(over: Option<u64>) -> What {
    let What::Deploying(intent) = began(Kind::Promote, "production", '1', None) else {
        unreachable!()
    };
    What::Deploying(Intent {
        also: vec![("us".into(), Some(commit('2'))), ("eu".into(), None)],
        over: over.map(EventId::of),
        ..intent
    })
}

#[test]
fn an_announcement_of_several_targets_is_open_until_each_has_arrived() {
    let all = ["production", "us", "eu"];
    let ready = [proposed('1', &all), judged('1', "Rosi", YES)];
    let story = |more: &[What]| after(&[&ready[..], &[began_three(None)], more].concat());
    let arrived = |name| deployed(Some(3), Kind::Promote, name, '1');
    let left = |state: &State| state.deploying.as_ref().map(Deploying::names);
    for (order, open) in [
        (&all[..0], Some("production, us and eu")),
        (&all[..1], Some("us and eu")),
        (&["us"], Some("production and eu")),
        (&["eu", "production"], Some("us")),
        (&all, None),
    ] {
        let state = story(&order.iter().map(|name| arrived(*name)).collect::<Vec<_>>());
        assert_eq!(left(&state).as_deref(), open, "{order:?}");
        assert_eq!(state.candidate.is_none(), open.is_none(), "{order:?}");
        let again = order.first().map(|name| event(9, arrived(*name)));
        let again = again.map(|again| state.after(&again));
        assert_eq!(
            again.unwrap_or(Err(Unlawful::OtherDeploy)),
            Err(Unlawful::OtherDeploy)
        );
    }
    // The earlier commit of the branch stays with its environment.
    let open = story(&[arrived("production")]).deploying.unwrap();
    assert_eq!(
        (open.from("us"), open.from("eu")),
        (Some(&commit('2')), None)
    );
    assert_eq!(open.command().unwrap().to_string(), "git smp promote us eu");
    // A failed or replaced deploy ends for all remaining targets.
    let nothing = What::Ended {
        intent: EventId::of(3),
        why: "declined".into(),
    };
    assert_eq!(left(&story(&[arrived("us"), nothing])), None);
    let over = story(&[arrived("us"), goes_back('1', '2', Some(3))]);
    let late = over.superseded.iter().map(Deploying::names);
    assert_eq!(late.collect::<Vec<_>>(), ["production and eu"]);
    // None of them may be outside the candidate's targets.
    let fewer = after(&[proposed('1', &all[..2]), judged('1', "Rosi", YES)]);
    let more = fewer.after(&event(9, began_three(None)));
    assert_eq!(more, Err(Unlawful::OtherCandidate));
}

#[test]
fn what_a_check_says_is_of_the_environment_that_it_asked() {
    let failed = |name: &str| {
        What::CheckFailed(CheckFailed {
            intent: Some(EventId::of(3)),
            kind: Kind::Promote,
            environment: name.into(),
            from: None,
            to: commit('1'),
            commits: 1,
            why: "503".into(),
            tells: None,
            overrides: None,
        })
    };
    let ready = [
        proposed('1', &["production", "us", "eu"]),
        judged('1', "Rosi", YES),
    ];
    let why = |more: &[What]| {
        let state = after(&[&ready[..], &[began_three(None)], more].concat());
        state.deploying.unwrap().failed
    };
    let arrived = |name| deployed(Some(3), Kind::Promote, name, '1');
    assert_eq!(why(&[failed("production")]).as_deref(), Some("503"));
    assert_eq!(
        why(&[failed("production"), arrived("us")]).as_deref(),
        Some("503")
    );
    assert_eq!(why(&[failed("production"), arrived("production")]), None);
    assert_eq!(why(&[failed("us")]), None);
}

#[test]
fn what_was_announced_is_on_record_even_if_somebody_blocks_it_meanwhile() {
    let state = after(&[
        proposed('1', &["production"]),
        judged('1', "Rosi", YES),
        began(Kind::Promote, "production", '1', None),
        judged('1', "Ben", NO),
        deployed(Some(3), Kind::Promote, "production", '1'),
    ]);
    assert_eq!(
        (state.candidate, state.deploys["production"].commit.clone()),
        (None, commit('1'))
    );
}

#[test]
fn a_deploy_ends_as_it_was_announced_or_not_at_all() {
    let state = after(&[began(Kind::Stage, "staging", '1', None)]);
    for (kind, environment, digit) in [
        (Kind::Stage, "eu", '1'),
        (Kind::Stage, "staging", '2'),
        (Kind::Rollback, "staging", '1'),
    ] {
        let end = event(9, deployed(Some(1), kind, environment, digit));
        assert_eq!(state.after(&end), Err(Unlawful::OtherDeploy));
    }
    let unannounced = event(9, deployed(None, Kind::Stage, "staging", '1'));
    assert_eq!(state.after(&unannounced), Err(Unlawful::OtherDeploy));
}

#[test]
fn a_frozen_environment_takes_nothing_but_a_fix_of_what_is_tested() {
    let state = after(&[proposed('1', &["production"])]);
    let begin = |kind, environment, base| {
        state
            .after(&event(9, began(kind, environment, '2', base)))
            .map(drop)
    };
    assert_eq!(begin(Kind::Stage, "staging", None), Err(Unlawful::Frozen));
    assert_eq!(begin(Kind::Stage, "other", None), Ok(()));
    assert_eq!(begin(Kind::Fix, "staging", Some('1')), Ok(()));
    assert_eq!(
        begin(Kind::Fix, "staging", Some('3')),
        Err(Unlawful::OtherCandidate)
    );
    assert_eq!(
        begin(Kind::Fix, "staging", None),
        Err(Unlawful::OtherCandidate)
    );
    assert_eq!(
        begin(Kind::Fix, "other", Some('1')),
        Err(Unlawful::OtherCandidate)
    );
}

/// Returns the pending notifications: the channel, the event, and whether an attempt is open.
fn owed(whats: &[What]) -> Vec<(String, EventId, bool)> {
    let told = |owed: Notice| (owed.channel, owed.about, owed.attempt.is_some());
    after(whats).pending.into_iter().map(told).collect()
}

fn telling(text: Option<&str>) -> Telling {
    Telling {
        channels: vec!["product".into()],
        date: "2022-03-02".into(),
        targets: vec![("production".into(), Some(commit('0')))],
        text: text.map(str::to_owned),
    }
}

#[test]
fn a_post_is_owed_until_somebody_saw_its_end() {
    let posting = |over: Option<u64>| What::Posting {
        about: EventId::of(1),
        channel: "technical".into(),
        over: over.map(EventId::of),
    };
    let unposted = |attempt| What::Unposted {
        attempt: EventId::of(attempt),
        channel: "technical".into(),
        why: "404".into(),
    };
    let posted = |attempt: Option<u64>, how| What::Posted {
        about: EventId::of(1),
        channel: "technical".into(),
        attempt: attempt.map(EventId::of),
        how,
        placed: Placed::default(),
    };
    let owes = |open| vec![("technical".to_owned(), EventId::of(1), open)];
    let mut story = vec![proposed('1', &["production"])];
    assert_eq!(owed(&story), owes(false));
    story.push(posting(None));
    assert_eq!(owed(&story), owes(true));
    let begun = after(&story);
    for other in [
        posting(None),
        posting(Some(9)),
        unposted(9),
        posted(None, How::Printed),
        posted(Some(9), How::Found),
    ] {
        assert_eq!(
            begun.after(&event(9, other.clone())),
            Err(Unlawful::NotPending),
            "{other:?}"
        );
        assert!(!begun.is_pending(&other));
    }
    story.extend([unposted(2), posting(None)]);
    assert_eq!(owed(&story), owes(true));
    story.extend([posting(Some(4)), posted(Some(5), How::Accepted)]);
    assert_eq!(owed(&story), []);
}

#[test]
fn a_candidate_that_is_over_leaves_its_own_posts_behind_and_no_others() {
    let blocked = What::Judged(Judged {
        commit: commit('1'),
        of: "Rosi".into(),
        verdict: NO,
        note: None,
        channels: vec!["technical".into()],
        comment: None,
    });
    let story = [
        proposed('1', &["production"]),
        blocked,
        judged('1', "Rosi", YES),
    ];
    assert_eq!(owed(&story[..2]).len(), 2);
    assert_eq!(
        owed(&story).len(),
        1,
        "a yes is nothing to post, and takes back that it was a no"
    );
    let promoted = What::Deployed(Deployed {
        overrides: None,
        intent: Some(EventId::of(4)),
        kind: Kind::Promote,
        environment: "production".into(),
        from: Some(commit('0')),
        to: commit('1'),
        commits: 1,
        signed_off_by: vec!["Rosi".into()],
        unsigned: false,
        announced_by: None,
        tells: Some(telling(Some("- Flags"))),
        holds: Vec::new(),
    });
    let began = began(Kind::Promote, "production", '1', None);
    let promoted: Vec<What> = story.iter().cloned().chain([began, promoted]).collect();
    let left = after(&promoted).pending;
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].news.clone(), left[0].date.as_str()),
        (
            News::Released {
                overridden: None,
                summary: Some("- Flags".into())
            },
            "2022-03-02"
        )
    );
    let postponed = What::Postponed(Postponed {
        candidate: EventId::of(1),
        commit: commit('1'),
        intent: None,
        reason: "not today".into(),
        channels: vec!["technical".into()],
    });
    let postponed: Vec<What> = story.iter().cloned().chain([postponed]).collect();
    assert_eq!(
        owed(&postponed),
        [("technical".to_owned(), EventId::of(4), false)]
    );
}

#[test]
fn a_fix_is_told_with_what_it_takes_the_place_of() {
    let mut fixed = deployed(Some(2), Kind::Fix, "staging", '2');
    if let What::Deployed(Deployed { tells, .. }) = &mut fixed {
        *tells = Some(Telling {
            channels: vec!["technical".into()],
            ..telling(None)
        });
    }
    let state = after(&[
        proposed('1', &["production"]),
        began(Kind::Fix, "staging", '2', Some('1')),
        fixed,
    ]);
    let told = &state.pending[1];
    assert_eq!(
        (&told.news, &told.commit, told.environment.as_str()),
        (
            &News::Fixed {
                before: commit('1')
            },
            &commit('2'),
            "staging"
        )
    );
}

fn over(what: What, over: u64) -> What {
    match what {
        What::Deploying(intent) => What::Deploying(Intent {
            over: Some(EventId::of(over)),
            unsigned: true,
            ..intent
        }),
        other => other,
    }
}

#[test]
fn what_another_deploy_replaced_is_recorded_once_it_runs_but_not_after_a_later_deploy_there() {
    let promoting = over(began(Kind::Promote, "production", '1', None), 0);
    let What::Deploying(intent) = promoting else {
        unreachable!()
    };
    let promoting = What::Deploying(Intent {
        over: None,
        ..intent
    });
    let staging = |digit| over(began(Kind::Stage, "staging", digit, None), 1);
    let staged = deployed(Some(2), Kind::Stage, "staging", '2');
    let promoted = |digit| deployed(Some(1), Kind::Promote, "production", digit);
    let story = [promoting.clone(), staging('2'), staged];
    let ends = |story: &[What], end| after(story).after(&event(9, end));
    // Also while the other deploy is open.
    for count in [2, 3] {
        let state = ends(&story[..count], promoted('1')).unwrap();
        assert_eq!(state.deploys["production"].commit, commit('1'));
        assert!(state.superseded.is_empty());
        let open = after(&story[..count]).deploying;
        assert_eq!(state.deploying, open);
        let again = state.after(&event(10, promoted('1')));
        assert_eq!(again, Err(Unlawful::OtherDeploy));
    }
    assert_eq!(ends(&story, promoted('2')), Err(Unlawful::OtherDeploy));
    let later = deployed(None, Kind::Rollback, "production", '3');
    let gone = [&story[..], &[later]].concat();
    assert_eq!(ends(&gone, promoted('1')), Err(Unlawful::OtherDeploy));
    // A fix would replace a candidate that somebody proposed since.
    let fix = [
        proposed('1', &["production"]),
        began(Kind::Fix, "staging", '2', Some('1')),
        over(began(Kind::Rollback, "production", '3', None), 2),
    ];
    let fixed = deployed(Some(2), Kind::Fix, "staging", '2');
    assert_eq!(ends(&fix, fixed), Err(Unlawful::OtherDeploy));
}

/// Each line: the promotions, as the commits from and to, and the texts of the posts after the end of the last one.
#[test]
fn the_post_of_a_promotion_comes_with_the_next_one_that_contains_it() {
    let promoting = |(id, way): (u64, &str), kind: Kind| {
        let mut way = way.chars().map(commit);
        What::Deploying(Intent {
            overrides: None,
            kind,
            environment: "production".into(),
            from: way.next(),
            also: Vec::new(),
            to: way.next().unwrap(),
            base: None,
            unsigned: true,
            over: (id > 1).then(|| EventId::of(id - 1)),
            tells: Some(telling(Some(way.next().unwrap().short()))),
        })
    };
    let end = |id, to, text: char| {
        let What::Deployed(it) = deployed(Some(id), Kind::Promote, "production", to) else {
            unreachable!()
        };
        let tells = Some(telling(Some(commit(text).short())));
        What::Deployed(Deployed { tells, ..it })
    };
    for (kind, ways, expected) in [
        (Kind::Promote, &["12a"][..], "a"),
        (Kind::Promote, &["12a", "23b"], "ab"),
        (Kind::Promote, &["12a", "23b", "34c"], "abc"),
        // The branch was moved in between, or nothing arrived.
        (Kind::Promote, &["12a", "13b"], "b"),
        (Kind::Promote, &["12a", "53b", "34c"], "bc"),
        // The same text is posted once.
        (Kind::Promote, &["12a", "23a"], "a"),
        (Kind::Rollback, &["12a", "23b"], "b"),
    ] {
        let mut story: Vec<What> = Vec::new();
        for (nth, way) in (1..).zip(ways) {
            let is_last = nth == ways.len() as u64;
            let kind = if is_last { Kind::Promote } else { kind };
            story.push(promoting((nth, way), kind));
        }
        let last: Vec<char> = ways.last().unwrap().chars().collect();
        story.push(end(ways.len() as u64, last[1], last[2]));
        let state = after(&story);
        let told = state.pending.iter().map(|one| match &one.news {
            News::Released { summary, .. } => summary.as_deref().unwrap().chars().next().unwrap(),
            _ => '?',
        });
        assert_eq!(told.collect::<String>(), expected, "{ways:?}");
        assert!(state.superseded.is_empty());
        let mut all = state.pending.iter();
        assert!(all.all(|one| one.commit == commit(last[1])));
    }
}

#[test]
fn the_posts_about_releases_that_a_rollback_takes_away_are_not_owed_any_more() {
    let ships = |from: char, to: char, places: &[&str]| {
        let What::Deployed(it) = deployed(None, Kind::Promote, "production", to) else {
            unreachable!()
        };
        let places = places
            .iter()
            .map(|name| ((*name).into(), Some(commit(from))));
        What::Deployed(Deployed {
            unsigned: true,
            from: Some(commit(from)),
            tells: Some(Telling {
                targets: places.collect(),
                ..telling(None)
            }),
            ..it
        })
    };
    let back = |from: char, to: char| {
        let What::Deployed(it) = deployed(None, Kind::Rollback, "production", to) else {
            unreachable!()
        };
        let from = Some(commit(from));
        What::Deployed(Deployed { from, ..it })
    };
    let two = [
        ships('1', '2', &["production"]),
        ships('2', '3', &["production"]),
    ];
    let sends = What::Posting {
        about: EventId::of(2),
        channel: "product".into(),
        over: None,
    };
    let both = ships('1', '2', &["production", "eu"]);
    for (story, left) in [
        ([&two[..], &[back('3', '2')]].concat(), vec!['2']),
        ([&two[..], &[back('3', '1')]].concat(), vec![]),
        ([&two[..], &[back('4', '1')]].concat(), vec!['2', '3']),
        ([&two[..], &[sends, back('3', '1')]].concat(), vec!['3']),
        (vec![both.clone(), back('2', '1')], vec!['2']),
    ] {
        let told = after(&story).pending.into_iter().map(|one| one.commit);
        let left: Vec<CommitId> = left.into_iter().map(commit).collect();
        assert_eq!(told.collect::<Vec<_>>(), left, "{story:?}");
    }
    let told = after(&[both, back('2', '1')]).pending.remove(0).targets;
    assert_eq!(told, [("eu".to_owned(), Some(commit('1')))]);
}
