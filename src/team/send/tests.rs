use std::sync::Mutex;

use crate::core::secret::Secret;
use crate::http;
use crate::team::send::*;

const AT_ONCE: Pauses = Pauses {
    busy: [0; 3],
    unreached: [0; 3],
};

/// Sends through a webhook with these answers; returns the result and the number of attempts.
fn sending(answers: Vec<Sent>, wish: Control) -> (Delivered, usize) {
    let (count, left) = (answers.len(), Arc::new(Mutex::new(answers.into_iter())));
    let ours = Arc::clone(&left);
    let post: Arc<SendOnce> =
        Arc::new(move || (ours.lock().unwrap().next().unwrap(), Placed::default()));
    let outcome = attempts(&AT_ONCE, &post, &mut |why| match why {
        Some(_) => wish,
        None => Control::GoOn,
    });
    (outcome.0, count - left.lock().unwrap().len())
}

fn report() -> Report {
    Report::new("why")
}

fn later(seconds: u64) -> Sent {
    Sent::Later(Some(Duration::from_secs(seconds)), report())
}

fn busy() -> Sent {
    Sent::Later(None, report())
}

fn not_sent() -> Sent {
    Sent::NotSent(report())
}

#[test]
fn what_is_taken_is_sent_once() {
    assert!(matches!(
        sending(vec![Sent::Accepted], Control::GoOn),
        (Delivered::Yes, 1)
    ));
}

#[test]
fn f_chat_3_what_may_have_arrived_is_never_sent_again() {
    for before in [0, 1, 2, 3] {
        let mut answers: Vec<Sent> = (0..before).map(|_| busy()).collect();
        answers.push(Sent::Unclear(report()));
        let (outcome, asked) = sending(answers, Control::GoOn);
        assert!(matches!(outcome, Delivered::Unclear(why) if why == report()));
        assert_eq!(asked, before + 1);
    }
}

#[test]
fn what_is_declined_is_not_sent_again() {
    assert!(matches!(
        sending(vec![Sent::Declined(report())], Control::GoOn),
        (Delivered::No(_), 1)
    ));
}

#[test]
fn f_chat_1_and_2_three_further_tries_are_made_and_no_more() {
    for same in [busy, not_sent] {
        assert!(matches!(
            sending((0..4).map(|_| same()).collect(), Control::GoOn),
            (Delivered::No(_), 4)
        ));
        let then_taken = (0..3).map(|_| same()).chain([Sent::Accepted]).collect();
        assert!(matches!(
            sending(then_taken, Control::GoOn),
            (Delivered::Yes, 4)
        ));
    }
    let mixed = [
        later(0),
        not_sent(),
        busy(),
        not_sent(),
        busy(),
        not_sent(),
        Sent::Accepted,
    ];
    assert!(matches!(
        sending(mixed.into(), Control::GoOn),
        (Delivered::Yes, 7)
    ));
}

#[test]
fn a_long_wait_is_not_waited_for() {
    for (seconds, words) in [
        (61, "61 s"),
        (86_400, "86400 s"),
        (86_401, "more than a day"),
        (u64::MAX, "more than a day"),
    ] {
        match sending(vec![later(seconds)], Control::GoOn) {
            (Delivered::No(report), 1) => {
                assert_eq!(report.because, [format!("it asked for a pause of {words}")]);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn whoever_watches_may_leave() {
    for answer in [busy(), later(60), not_sent()] {
        match sending(vec![answer], Control::Leave) {
            (Delivered::No(report), 1) => {
                assert_eq!(report.because, ["interrupted before the next try"])
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_wait_is_told_again_and_again_and_lasts_as_long_as_it_was_told() {
    let mut told = Vec::new();
    let begun = Instant::now();
    let answers = Mutex::new([later(1), Sent::Accepted].into_iter());
    let post: Arc<SendOnce> =
        Arc::new(move || (answers.lock().unwrap().next().unwrap(), Placed::default()));
    let outcome = attempts(&AT_ONCE, &post, &mut |why| {
        told.extend(why.map(|(report, left)| (report.error.clone(), left)));
        Control::GoOn
    });
    assert!(matches!(outcome.0, Delivered::Yes));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert!(
        told.len() >= 3 && told.is_sorted_by(|a, b| a.1 > b.1),
        "{told:?}"
    );
    assert!(
        told.iter()
            .all(|(why, left)| why == "why" && *left <= Duration::from_secs(1)),
        "{told:?}"
    );
}

#[test]
fn a_webhook_of_nobody_is_given_up_after_a_glance() {
    // A free port may be taken by another test meanwhile; nobody listens on port 1.
    let address = Secret::new("http://127.0.0.1:1/s3cr3t".to_owned());
    let post = move || {
        (
            http::post((false, [""; 2]), &address, &"renew it".into(), "{}"),
            Placed::default(),
        )
    };
    let outcome = send(Arc::new(post), &mut |why| match why {
        Some(_) => Control::Leave,
        None => Control::GoOn,
    });
    match outcome.0 {
        Delivered::No(report) => {
            assert!(!format!("{report:?}").contains("s3cr3t"), "{report:?}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_leaves_while_the_other_side_is_silent_waits_no_longer_and_knows_nothing() {
    let (answers, never) = mpsc::channel::<()>();
    let never = Mutex::new(never);
    let post = move || {
        let _ = never.lock().unwrap().recv();
        (Sent::Accepted, Placed::default())
    };
    let outcome = attempts(&AT_ONCE, &(Arc::new(post) as Arc<SendOnce>), &mut |_| {
        Control::Leave
    });
    assert!(
        matches!(&outcome.0, Delivered::Unclear(why) if why.error == "interrupted before the answer came"),
        "{outcome:?}"
    );
    drop(answers);
}
