//! A proposal with an issue: the notifications there, and whose comments count.

use crate::core::record::tests::*;

fn proposed(digit: char) -> What {
    What::Proposed(Proposed {
        commit: commit(digit),
        environment: "staging".into(),
        targets: vec![("production".into(), Some(commit('9')))],
        note: None,
        date: "2022-03-02".into(),
        channels: vec![ISSUE.into()],
        login: None,
        over: None,
    })
}

fn opened(about: u64) -> What {
    What::Posted {
        about: EventId::of(about),
        channel: ISSUE.into(),
        attempt: None,
        how: How::Accepted,
        placed: Placed {
            issue: Some(42),
            comment: None,
            address: Some("https://h/42".into()),
            login: Some("ada-e".into()),
        },
    }
}

fn said(digit: char, verdict: Verdict, login: &str, id: Option<u64>) -> What {
    What::Judged(Judged {
        commit: commit(digit),
        of: login.into(),
        verdict,
        note: None,
        channels: Vec::new(),
        comment: id.map(|id| Comment {
            login: login.into(),
            id,
            address: format!("https://h/42#{id}"),
        }),
    })
}

fn voided(id: u64) -> What {
    What::Voided(Voided {
        commit: commit('1'),
        comment: id,
        of: "rosi".into(),
        why: "the comment was edited".into(),
    })
}

fn deploy(kind: Kind, digit: char, from: Option<char>) -> What {
    What::Deployed(Deployed {
        overrides: None,
        intent: None,
        kind,
        environment: "production".into(),
        from: from.map(commit),
        to: commit(digit),
        commits: 1,
        signed_off_by: Vec::new(),
        unsigned: true,
        announced_by: None,
        tells: None,
        holds: Vec::new(),
    })
}

fn all(story: Vec<What>) -> State {
    (1..)
        .zip(story)
        .fold(State::default(), |state, (id, what)| {
            state.after(&event(id, what)).unwrap()
        })
}

/// Returns the pending notifications of the issue: the news, the issue, and whether it is closed.
fn owed(state: &State) -> Vec<(News, Option<u64>, bool)> {
    let owed = state.pending.iter().filter(|one| one.channel == ISSUE);
    owed.map(|one| {
        let number = one.issue.as_ref().map(|issue| issue.number);
        (one.news.clone(), number, one.closes)
    })
    .collect()
}

#[test]
fn what_the_forge_says_of_the_issue_is_known_from_then_on() {
    let state = all(vec![proposed('1'), opened(1)]);
    let candidate = state.candidate.unwrap();
    assert_eq!(candidate.issue().unwrap().number, 42);
    assert_eq!(candidate.login.as_deref(), Some("ada-e"));
    assert!(state.pending.is_empty());
}

#[test]
fn a_typed_name_takes_nothing_back_of_a_comment() {
    let story = vec![
        proposed('1'),
        opened(1),
        said('1', Verdict::Block, "rosi", Some(7)),
        said('1', Verdict::Pass, "rosi", None),
    ];
    let candidate = all(story.clone()).candidate.unwrap();
    assert_eq!(candidate.standing(), Standing::Blocked);
    assert_eq!(candidate.verdicts.len(), 2);
    let own = said('1', Verdict::Pass, "rosi", Some(8));
    let candidate = all([story, vec![own]].concat()).candidate.unwrap();
    assert_eq!(candidate.standing(), Standing::SignedOff);
    assert_eq!(candidate.inquiry.unwrap().heard, [7, 8]);
}

#[test]
fn an_edited_yes_counts_no_more_and_an_edited_block_stays() {
    let yes = vec![
        proposed('1'),
        opened(1),
        said('1', Verdict::Pass, "rosi", Some(7)),
        voided(7),
    ];
    let candidate = all(yes).candidate.unwrap();
    assert_eq!(candidate.standing(), Standing::Waiting);
    assert!(candidate.inquiry.unwrap().heard.is_empty());
    let no = all(vec![
        proposed('1'),
        opened(1),
        said('1', Verdict::Block, "rosi", Some(7)),
    ]);
    assert_eq!(no.after(&event(9, voided(7))), Err(Unlawful::NothingNew));
}

#[test]
fn a_promotion_and_the_rollback_of_it_are_told_in_the_issue_and_close_it() {
    let by = event(0, What::Begun {}).by.name;
    let story = vec![
        proposed('1'),
        opened(1),
        deploy(Kind::Promote, '1', Some('9')),
    ];
    let told = News::Promoted { by: by.clone() };
    let first = (told, Some(42), true);
    assert_eq!(owed(&all(story.clone())), vec![first.clone()]);
    let back = deploy(Kind::Rollback, '9', Some('1'));
    let back = all([story, vec![back]].concat());
    let news = News::RolledBack {
        from: Some(commit('1')),
        by,
        reason: None,
    };
    assert_eq!(owed(&back), [first, (news, Some(42), true)]);
}

#[test]
fn what_nobody_was_seen_to_open_is_told_of_nothing() {
    let state = all(vec![proposed('1'), deploy(Kind::Promote, '1', None)]);
    assert_eq!(owed(&state), []);
    let postponed = What::Postponed(Postponed {
        candidate: EventId::of(1),
        commit: commit('1'),
        intent: None,
        reason: "slow".into(),
        channels: Vec::new(),
    });
    assert_eq!(owed(&all(vec![proposed('1'), postponed.clone()])), []);
    let told = all(vec![proposed('1'), opened(1), postponed]);
    let (news, number, closes) = owed(&told).remove(0);
    assert!(matches!(news, News::Postponed { .. }));
    assert_eq!((number, closes), (Some(42), true));
}

#[test]
fn a_fix_waits_for_the_issue_that_is_still_to_be_opened() {
    let intent = What::Deploying(Intent {
        overrides: None,
        kind: Kind::Fix,
        environment: "staging".into(),
        from: None,
        also: Vec::new(),
        to: commit('2'),
        base: Some(commit('1')),
        unsigned: false,
        over: None,
        tells: None,
    });
    let What::Deployed(fix) = deploy(Kind::Fix, '2', Some('1')) else {
        unreachable!()
    };
    let fix = What::Deployed(Deployed {
        intent: Some(EventId::of(2)),
        environment: "staging".into(),
        ..fix
    });
    let state = all(vec![proposed('1'), intent, fix]);
    let fixed = News::Fixed {
        before: commit('1'),
    };
    assert_eq!(owed(&state)[1], (fixed.clone(), None, false));
    let state = state.after(&event(4, opened(1))).unwrap();
    assert_eq!(owed(&state), [(fixed, Some(42), false)]);
    let asked = What::Posted {
        about: EventId::of(3),
        channel: ISSUE.into(),
        attempt: None,
        how: How::Accepted,
        placed: Placed {
            comment: Some(6),
            ..Placed::default()
        },
    };
    let state = state.after(&event(5, asked)).unwrap();
    assert_eq!(state.candidate.unwrap().inquiry.unwrap().anew, Some(6));
}

#[test]
fn whose_token_opened_the_issue_proposed_it_only_where_the_proposer_opened_it() {
    let put_forward = event(1, proposed('1'));
    let login = |with: &Event| {
        let state = State::default().after(&put_forward).unwrap();
        state.after(with).unwrap().candidate.unwrap().login
    };
    let key = |event: &Event, principal: &str| {
        let mut event = event.clone();
        event.by.principal = Some(principal.to_owned());
        event
    };
    let own = event(2, opened(1));
    let mut other = own.clone();
    other.by.email = "rosi@example.com".to_owned();
    assert_eq!(login(&own).as_deref(), Some("ada-e"));
    assert_eq!(login(&other), None);
    // A key proves more than a name.
    assert_eq!(login(&key(&own, "rosi@example.com")), None);
    let signed = key(&put_forward, "Ada@example.com");
    let state = State::default().after(&signed).unwrap();
    let state = state.after(&key(&other, "ada@example.com")).unwrap();
    assert_eq!(state.candidate.unwrap().login.as_deref(), Some("ada-e"));
}

#[test]
fn a_rollback_is_told_in_the_issue_of_the_candidate_whose_checks_failed() {
    let back = deploy(Kind::Rollback, '9', Some('1'));
    let state = all(vec![proposed('1'), opened(1), back]);
    assert!(matches!(
        owed(&state)[..],
        [(News::RolledBack { .. }, Some(42), false)]
    ));
    // It is still the candidate, so this closes its issue.
    assert!(state.candidate.is_some());
}

#[test]
fn a_comment_that_is_void_takes_no_block_back() {
    let story = vec![
        proposed('1'),
        opened(1),
        said('1', Verdict::Block, "rosi", Some(7)),
        said('1', Verdict::Pass, "rosi", Some(8)),
        said('1', Verdict::Pass, "rosi", Some(9)),
    ];
    let standing = |state: &State| state.candidate.as_ref().unwrap().standing();
    assert_eq!(standing(&all(story.clone())), Standing::SignedOff);
    let void = all([story, vec![voided(9)]].concat());
    assert_eq!(standing(&void), Standing::Blocked);
    let What::Judged(mut of_another) = said('1', Verdict::Pass, "rosi", Some(10)) else {
        panic!()
    };
    of_another.of = "ben".into();
    let of_another = event(9, What::Judged(of_another));
    assert_eq!(void.after(&of_another), Err(Unlawful::NotTheirs));
}

#[test]
fn no_fix_goes_back_to_what_the_candidate_was() {
    let announced = |base: char, to: char| {
        What::Deploying(Intent {
            kind: Kind::Fix,
            environment: "staging".into(),
            from: Some(commit(base)),
            to: commit(to),
            also: Vec::new(),
            base: Some(commit(base)),
            unsigned: false,
            over: None,
            tells: None,
            overrides: None,
        })
    };
    let What::Deployed(deployed) = deploy(Kind::Fix, '2', Some('1')) else {
        panic!()
    };
    let fixed = What::Deployed(Deployed {
        intent: Some(EventId::of(3)),
        environment: "staging".into(),
        unsigned: false,
        ..deployed
    });
    let state = all(vec![proposed('1'), opened(1), announced('1', '2'), fixed]);
    for (to, is_lawful) in [('1', false), ('2', false), ('3', true)] {
        let next = state.after(&event(9, announced('2', to)));
        assert_eq!(next.is_ok(), is_lawful, "{to}");
    }
}
