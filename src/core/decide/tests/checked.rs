//! Checks of pages after a deploy.

use super::*;

/// Builds an environment with a page that is checked after a deploy.
fn checked(name: &str) -> Environment {
    Environment {
        check: vec![PageCheck {
            page: format!("https://{name}.example.com/health"),
            status: None,
            contains: None,
            times: 3,
        }],
        ..environment(name)
    }
}

#[test]
fn checks_come_before_anything_is_recorded_and_are_gone_on_with() {
    let (staging, production) = (environment("staging"), checked("production"));
    let to = |state: &State, running: char| {
        let (relation, observed) = match running {
            'b' => (Relation::Identical, seen("production", 'b', 'b')),
            _ => (Relation::Ahead, seen("production", running, running)),
        };
        let targets = [target(&production, observed.clone(), relation)];
        let asked = Asked {
            recorded: Some(Recorded {
                announced: slice::from_ref(&observed),
                ..recorded(state)
            }),
            ..nobody()
        };
        told(promotion(
            &staging,
            &seen("staging", 'b', 'b'),
            &targets,
            &asked,
        ))
    };
    let mut state = proposed(&[Verdict::Pass]);
    assert_eq!(to(&state, 'a'), "push onto a, await, check 1, record, lift");
    // A run was killed during its checks, or one of them failed: the next run continues with them, and pushes nothing.
    state.deploying = announced(Kind::Promote).deploying;
    assert_eq!(to(&state, 'b'), "check 1, record, lift");
    state.deploying.as_mut().unwrap().failed = Some("it answers 503".into());
    assert_eq!(to(&state, 'b'), "check 1, record, lift");
    // A newer commit may replace the failed one.
    state.deploying.as_mut().unwrap().to = id('a');
    assert_eq!(to(&state, 'a'), "push onto a, await, check 1, record, lift");

    let target = target(&production, seen("production", 'a', 'a'), Relation::Ahead);
    let source = &seen("staging", 'b', 'b');
    let without = promotion(&staging, source, &[target], &nobody());
    assert_eq!(
        told(without),
        "push onto a, await, check 1",
        "no record is kept"
    );
}

#[test]
fn what_did_not_pass_its_checks_where_it_is_tested_is_not_put_forward() {
    let (staging, production) = (checked("staging"), environment("production"));
    let mut state = State::default();
    let decide = |state: &State| {
        let source = seen("staging", 'b', 'b');
        let target = || target(&production, seen("production", 'a', 'a'), Relation::Ahead);
        let recorded = Recorded {
            signoff: false,
            announced: slice::from_ref(&source),
            ..recorded(state)
        };
        let asked = Asked {
            recorded: Some(recorded),
            ..nobody()
        };
        let promoted = told(promotion(&staging, &source, &[target()], &asked));
        let proposed = proposal(&staging, &source, &[target()], &recorded);
        let proposed = proposed.map_or_else(|refusal| refusal.code.as_str(), |_| "put forward");
        (promoted, proposed)
    };
    assert_eq!(
        decide(&state),
        ("push onto a, await, record".into(), "put forward")
    );
    state.deploying = announced(Kind::Stage).deploying;
    let open = state.deploying.as_mut().unwrap();
    open.environment = "staging".into();
    assert_eq!(decide(&state), ("check-failed".into(), "check-failed"));
    state.deploying.as_mut().unwrap().failed = Some("it answers 503".into());
    assert_eq!(decide(&state), ("check-failed".into(), "check-failed"));
    state.deploying.as_mut().unwrap().to = id('c');
    assert_eq!(decide(&state).1, "put forward");
}
