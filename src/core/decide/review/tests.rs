use crate::core::decide::policy::{green, reviewed};
use crate::core::decide::review::*;
use crate::core::refusal::RefusalCode;
use crate::core::words::Commit;

fn id(number: usize) -> CommitId {
    CommitId::parse(&format!("{number:040x}")).unwrap()
}

fn commit(number: usize) -> Commit {
    let subject = format!("Change {number}").into_bytes();
    let (short, author) = (format!("{number:07}"), "Ada".to_owned());
    Commit {
        id: id(number),
        short,
        subject,
        printed: None,
        author,
        authored: (0, 0),
        committed: 0,
    }
}

fn pull(number: u64) -> PullRequest {
    PullRequest {
        number,
        author: Some("ada".into()),
        into_main: true,
        merged: true,
        approved_by: vec!["ben".into()],
        changes_requested: false,
    }
}

fn counts(pulls: Vec<PullRequest>) -> u64 {
    match Origin::of(pulls) {
        Origin::PullRequest(pull) => pull.number,
        other => panic!("{other:?}"),
    }
}

fn known(reviews: &[(usize, Origin, Checks)], coverage: Coverage) -> Reviews {
    let review = |(number, origin, checks): &(usize, Origin, Checks)| {
        (
            id(*number),
            Review {
                origin: origin.clone(),
                checks: *checks,
            },
        )
    };
    Reviews {
        known: reviews.iter().map(review).collect(),
        ..Reviews::unknown(coverage)
    }
}

#[test]
fn what_was_merged_into_the_main_branch_counts_before_what_was_merged_elsewhere_and_that_before_what_is_open()
 {
    let unapproved = |number| PullRequest {
        approved_by: vec![],
        ..pull(number)
    };
    let elsewhere = |number| PullRequest {
        into_main: false,
        ..pull(number)
    };
    let open = |number| PullRequest {
        merged: false,
        ..pull(number)
    };
    assert_eq!(counts(vec![elsewhere(1), unapproved(2), open(3)]), 2);
    assert_eq!(counts(vec![open(1), elsewhere(2)]), 2);
    assert_eq!(counts(vec![unapproved(1), pull(2), pull(3)]), 2);
    assert_eq!(counts(vec![open(1), open(2)]), 1);
    assert_eq!(Origin::of(vec![]), Origin::Direct);
}

#[test]
fn what_was_approved_for_another_branch_is_shown_and_does_not_count() {
    let elsewhere = PullRequest {
        into_main: false,
        ..pull(7)
    };
    let Origin::PullRequest(shown) = Origin::of(vec![elsewhere]) else {
        panic!()
    };
    assert_eq!((shown.number, shown.is_approved()), (7, false));
    assert_eq!(
        shown.fault('#').as_deref(),
        Some("is part of #7, which was not merged into the main branch")
    );
}

#[test]
fn approved_is_what_was_merged_with_somebodys_approval_and_nobodys_wish_for_changes() {
    assert!(pull(1).is_approved());
    assert!(
        !PullRequest {
            merged: false,
            ..pull(1)
        }
        .is_approved()
    );
    assert!(
        !PullRequest {
            into_main: false,
            ..pull(1)
        }
        .is_approved()
    );
    assert!(
        !PullRequest {
            changes_requested: true,
            ..pull(1)
        }
        .is_approved()
    );
    assert!(
        !PullRequest {
            approved_by: vec![],
            ..pull(1)
        }
        .is_approved()
    );
}

#[test]
fn a_policy_refuses_what_is_not_approved_and_what_nobody_can_tell_of() {
    let commits = [commit(1), commit(2), commit(3)];
    let ships: Vec<&Commit> = commits.iter().collect();
    let approved = |number| (number, Origin::PullRequest(pull(9)), Checks::None);
    let all = known(&[approved(1), approved(2), approved(3)], Coverage::Whole);
    assert_eq!(reviewed(&ships, &all), None);
    let refusal = reviewed(
        &ships,
        &known(
            &[approved(1), (2, Origin::Direct, Checks::None)],
            Coverage::Whole,
        ),
    )
    .unwrap();
    assert_eq!(refusal.code, RefusalCode::NotReviewed);
    assert_eq!(
        refusal.report.error,
        "1 commit that would ship was not reviewed"
    );
    assert_eq!(
        refusal.report.because[0],
        "0000002 \"Change 2\" has no pull request"
    );
    let partly = Coverage::Partly(Report::new("GitHub answers 502"));
    let refusal = reviewed(&ships, &known(&[approved(1), approved(2)], partly)).unwrap();
    assert_eq!(
        refusal.report.error,
        "it is unknown whether every commit that would ship was reviewed"
    );
    assert_eq!(
        refusal.report.because[..2],
        [
            "it is unknown for 0000003 \"Change 3\"",
            "GitHub answers 502"
        ]
    );
    let refusal = reviewed(
        &ships,
        &Reviews::unknown(Coverage::Not(
            Report::new("there is no token").hint("set it"),
        )),
    )
    .unwrap();
    assert_eq!(refusal.report.because[0], "there is no token");
    assert_eq!(
        refusal.report.hint_text().as_deref(),
        Some("set it, then: git smp promote")
    );
    assert_eq!(reviewed(&[], &all), None);
}

#[test]
fn nobody_is_told_to_have_approved_what_nobody_can_approve() {
    let commits = [commit(1), commit(2)];
    let ships: Vec<&Commit> = commits.iter().collect();
    let unapproved = || {
        Origin::PullRequest(PullRequest {
            approved_by: vec![],
            ..pull(1)
        })
    };
    let elsewhere = || {
        Origin::PullRequest(PullRequest {
            into_main: false,
            ..pull(1)
        })
    };
    let hint = |one: Origin, two: Origin| {
        let known = known(
            &[(1, one, Checks::None), (2, two, Checks::None)],
            Coverage::Whole,
        );
        reviewed(&ships, &known)
            .unwrap()
            .report
            .hint_text()
            .unwrap()
    };
    let give_up = "; or remove policy.reviewed from smp.toml, then: git smp setup";
    let approve =
        |which| format!("ask for an approval of {which} on GitHub, then: git smp promote{give_up}");
    assert_eq!(
        hint(unapproved(), unapproved()),
        approve("each pull request")
    );
    let one = hint(unapproved(), Origin::PullRequest(pull(2)));
    assert_eq!(one, approve("the pull request"));
    let take_out = "remove each commit from the branch's history (a revert is not enough), then bring it back with a pull request";
    assert_eq!(
        hint(Origin::Direct, elsewhere()),
        format!("{take_out}{give_up}")
    );
    let both = "ask for an approval of each pull request that was merged into the main branch on GitHub, then: git smp promote; \
                remove each of the other commits from the branch's history (a revert is not enough), then bring it back with a pull request";
    assert_eq!(
        hint(Origin::Direct, unapproved()),
        format!("{both}{give_up}")
    );
}

#[test]
fn a_merge_that_nobody_could_name_is_unknown() {
    let commits = [commit(1)];
    let ships: Vec<&Commit> = commits.iter().collect();
    let all = || {
        known(
            &[(1, Origin::PullRequest(pull(9)), Checks::Succeeded)],
            Coverage::Whole,
        )
    };
    let lacking = |unnamed| Reviews { unnamed, ..all() };
    assert_eq!(
        (reviewed(&ships, &all()), unknown(&ships, &all())),
        (None, None)
    );
    let refusal = reviewed(&ships, &lacking(1)).unwrap();
    assert_eq!(
        refusal.report.error,
        "it is unknown whether every commit that would ship was reviewed"
    );
    assert_eq!(
        refusal.report.because[0],
        "not every merge that would ship is known"
    );
    assert!(reviewed(&[], &lacking(2)).is_some());
    // Asking again would not help.
    let next = "for so many commits, remove policy.reviewed from smp.toml, then: git smp setup; then: git smp promote";
    let most = unanswered(Report::new("git smp asks GitLab about at most 500 commits"));
    let long = reviewed(&ships, &Reviews::unknown(Coverage::Partly(most))).unwrap();
    for refusal in [refusal, long] {
        assert_eq!(refusal.report.hint_text().as_deref(), Some(next));
    }
    let line = "it is unknown whether 1 of 2 commits was reviewed: not every merge that would ship is known";
    assert_eq!(unknown(&ships, &lacking(1)).as_deref(), Some(line));
}

#[test]
fn only_checks_that_succeeded_are_green() {
    for checks in [
        Checks::Unknown,
        Checks::None,
        Checks::Pending,
        Checks::Failed,
    ] {
        let refusal = green(
            &id(1),
            &known(&[(1, Origin::Direct, checks)], Coverage::Whole),
        )
        .unwrap();
        assert_eq!(
            (refusal.code, refusal.report.hint.is_some()),
            (RefusalCode::NotGreen, true)
        );
    }
    assert_eq!(
        green(
            &id(1),
            &known(&[(1, Origin::Direct, Checks::Succeeded)], Coverage::Whole)
        ),
        None
    );
    assert!(
        green(
            &id(2),
            &known(&[(1, Origin::Direct, Checks::Succeeded)], Coverage::Whole)
        )
        .is_some()
    );
}

#[test]
fn long_lists_end_in_a_number() {
    let commits: Vec<Commit> = (1..=12).map(commit).collect();
    let ships: Vec<&Commit> = commits.iter().collect();
    let direct: Vec<_> = (1..=11)
        .map(|number| (number, Origin::Direct, Checks::None))
        .collect();
    let lines = warnings(&ships, &id(1), &known(&direct, Coverage::Whole));
    assert_eq!(lines.len(), 12);
    assert_eq!(
        lines[10],
        "1 more commit was not reviewed; list all: git smp diff --json"
    );
    assert_eq!(
        lines[11],
        "it is unknown whether 1 of 12 commits was reviewed: GitHub does not report it for every commit"
    );
    let refusal = reviewed(&ships, &known(&direct, Coverage::Whole)).unwrap();
    assert_eq!(refusal.report.because[10], "and 1 more");
}

#[test]
fn where_nobody_was_asked_nothing_is_said() {
    let commits = [commit(1)];
    let ships: Vec<&Commit> = commits.iter().collect();
    assert!(
        warnings(
            &ships,
            &id(1),
            &Reviews::unknown(Coverage::Not(Report::new("there is no token")))
        )
        .is_empty()
    );
}
