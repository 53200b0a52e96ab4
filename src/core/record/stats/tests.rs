use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::core::record::stats::*;
use crate::core::show::{self, json};
use crate::core::words::CommitId;

mod oracle;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Monday, 7 February 2022, 09:00.
const MONDAY: i64 = 1_644_224_400;

fn when(now: i64) -> When {
    When {
        now,
        zone: TimeZone::UTC,
    }
}

fn past(kind: DeployKind, environment: &str, at: i64) -> PastDeploy {
    PastDeploy {
        failed: None,
        overrides: None,
        environment: environment.into(),
        from: None,
        to: CommitId::parse(&"1f13dc69".repeat(5)).unwrap(),
        at,
        by: "Ada Example".into(),
        kind,
        commits: Some(1),
        signed_off_by: Vec::new(),
        candidate: None,
        fixes: Vec::new(),
    }
}

/// Builds a promotion whose commits waited this many seconds each.
fn promoted(at: i64, waited: &[i64]) -> (PastDeploy, Shipped) {
    let committed = waited.iter().map(|waited| at - waited).collect();
    (
        past(DeployKind::Promote, "production", at),
        Shipped {
            committed,
            ..nothing()
        },
    )
}

/// The shipped commits of a rollback: none.
fn nothing() -> Shipped {
    Shipped {
        unknown: Some(0),
        ..Shipped::default()
    }
}

/// Returns the time of each failure, and the seconds until its repair.
fn failed(figures: &Figures) -> Vec<(i64, Option<i64>)> {
    let all = figures.change_failure.all.iter();
    all.map(|one| (one.at, one.seconds)).collect()
}

fn rolled_back(at: i64) -> (PastDeploy, Shipped) {
    (past(DeployKind::Rollback, "production", at), nothing())
}

fn of_production(deploys: Vec<(PastDeploy, Shipped)>, now: i64) -> Figures {
    let (deploys, shipped): (Vec<_>, Vec<_>) = deploys.into_iter().unzip();
    figures(&["production"], &deploys, &shipped, None, &when(now)).remove(0)
}

#[test]
fn figures_are_what_a_hand_would_compute() {
    let figures = of_production(
        vec![
            promoted(MONDAY, &[HOUR, 3 * HOUR]),
            promoted(MONDAY + 7 * DAY, &[2 * HOUR, 5 * HOUR, 40 * HOUR]),
            rolled_back(MONDAY + 7 * DAY + 600),
            rolled_back(MONDAY + 7 * DAY + 900),
            promoted(MONDAY + 8 * DAY, &[]),
            rolled_back(MONDAY + 8 * DAY + 1200),
        ],
        MONDAY + 22 * DAY,
    );
    assert_eq!(
        (figures.promotions, figures.rollbacks, figures.since),
        (3, 3, Some(MONDAY))
    );
    // Four weeks: the week of the first promotion, two between, and this one.
    assert_eq!(figures.promotions_per_week, Some(0.75));
    assert_eq!(
        (figures.lead.median, figures.lead.p90),
        (Some(3 * HOUR), Some(40 * HOUR))
    );
    assert_eq!(
        failed(&figures),
        [
            (MONDAY + 7 * DAY, Some(600)),
            (MONDAY + 8 * DAY, Some(1200))
        ]
    );
    assert_eq!(figures.rolled_back_share, Some(2.0 / 3.0));
    assert_eq!(figures.restore.median, Some(900));
    let told: Vec<_> = figures
        .weeks
        .iter()
        .map(|week| (week.promotions, week.rollbacks))
        .collect();
    assert_eq!(told[8..], [(1, 0), (2, 3), (0, 0), (0, 0)]);
}

/// Builds a deploy outside git-smp.
fn seen(at: i64, back: bool) -> (PastDeploy, Shipped) {
    (
        past(
            DeployKind::Observed {
                since: at - HOUR,
                back,
            },
            "production",
            at,
        ),
        nothing(),
    )
}

#[test]
fn what_went_past_the_tool_counts_where_it_is_known_and_nowhere_else() {
    let figures = of_production(
        vec![
            promoted(MONDAY, &[HOUR]),
            seen(MONDAY + DAY, false),
            promoted(MONDAY + 2 * DAY, &[HOUR]),
            seen(MONDAY + 3 * DAY, true),
            rolled_back(MONDAY + 4 * DAY),
        ],
        MONDAY + 5 * DAY,
    );
    assert_eq!(
        (
            figures.promotions,
            figures.rollbacks,
            figures.observed,
            figures.rework.deploys
        ),
        (2, 1, 2, 5)
    );
    assert_eq!(
        (figures.promotions_per_week, figures.deploys_per_week),
        (Some(2.0), Some(3.0))
    );
    assert_eq!(share(figures.observed, figures.rework.deploys), Some(0.4));
    // It was rolled back at an unknown time.
    assert_eq!(
        (figures.rolled_back_share, figures.restore.median),
        (Some(0.5), None)
    );
    assert_eq!(failed(&figures), [(MONDAY + 2 * DAY, None)]);
    assert_eq!(figures.change_failure.rate, Some(1.0 / 3.0));
    assert_eq!((figures.rework.rework, figures.rework.rate), (2, Some(0.4)));
    assert_eq!(figures.lead.seconds, [HOUR, HOUR]);
    let this = figures.weeks.last().unwrap();
    assert_eq!((this.promotions, this.rollbacks, this.observed), (2, 1, 2));
    let only = of_production(vec![seen(MONDAY, false)], MONDAY);
    assert_eq!(
        (only.promotions_per_week, only.deploys_per_week, only.since),
        (None, Some(1.0), None)
    );
}

#[test]
fn a_commit_that_was_pushed_by_hand_and_recorded_later_arrived_once() {
    use DeployKind::{Promote, Rollback};
    let (by_hand, back_by_hand) = (seen(MONDAY, false).0.kind, seen(MONDAY, true).0.kind);
    let deploy = |kind, environment: &str, digit: &str| PastDeploy {
        to: CommitId::parse(&digit.repeat(40)).unwrap(),
        fixes: vec![digit.repeat(7)],
        ..past(kind, environment, MONDAY)
    };
    for (told, expected) in [
        (vec![(by_hand, "eu", "a"), (Promote, "eu", "a")], vec![0]),
        (
            vec![
                (by_hand, "eu", "a"),
                (Promote, "us", "a"),
                (Promote, "eu", "a"),
            ],
            vec![0, 1],
        ),
        (
            vec![(back_by_hand, "eu", "a"), (Rollback, "eu", "a")],
            vec![0],
        ),
        (
            vec![
                (by_hand, "eu", "a"),
                (Promote, "eu", "b"),
                (Promote, "eu", "a"),
            ],
            vec![0, 1, 2],
        ),
        (vec![(Promote, "eu", "a"), (by_hand, "eu", "a")], vec![0, 1]),
        (vec![(Promote, "eu", "a"), (Promote, "eu", "a")], vec![0, 1]),
    ] {
        let told = told
            .into_iter()
            .map(|(kind, environment, digit)| deploy(kind, environment, digit));
        let told: Vec<PastDeploy> = told.collect();
        let expected: Vec<PastDeploy> = expected
            .into_iter()
            .map(|at: usize| told[at].clone())
            .collect();
        let mut all = arrived(told.clone());
        let fixes: usize = all.iter().map(|one| one.fixes.len()).sum();
        assert_eq!(fixes, told.len(), "what each says it fixes is kept");
        all.iter_mut().for_each(|one| one.fixes.truncate(1));
        assert_eq!(all, expected);
    }
}

#[test]
fn what_nobody_knows_is_none_and_not_zero() {
    let nothing = of_production(Vec::new(), MONDAY);
    assert_eq!((nothing.since, nothing.promotions_per_week), (None, None));
    assert_eq!((nothing.lead.median, nothing.lead.p90), (None, None));
    assert_eq!(
        (nothing.rolled_back_share, nothing.restore.median),
        (None, None)
    );
    // A known absence of rollbacks is 0.
    let one = of_production(vec![promoted(MONDAY, &[])], MONDAY);
    assert_eq!(
        (one.rolled_back_share, one.restore.median),
        (Some(0.0), None)
    );
    assert_eq!(
        of_production(vec![rolled_back(MONDAY)], MONDAY).rolled_back_share,
        None
    );
}

#[test]
fn ranks_are_those_of_the_sorted_list() {
    let lead = |seconds: &[i64]| Lead::of(seconds.to_vec(), 0, Some(0));
    let ten: Vec<i64> = (1..=10).collect();
    assert_eq!((lead(&ten).median, lead(&ten).p90), (Some(5), Some(9)));
    assert_eq!(
        (lead(&ten[..9]).median, lead(&ten[..9]).p90),
        (Some(5), Some(9))
    );
    assert_eq!((lead(&[7]).median, lead(&[7]).p90), (Some(7), Some(7)));
    assert_eq!(lead(&[i64::MAX - 1, i64::MAX]).median, Some(i64::MAX - 1));
}

#[test]
fn clocks_that_run_backwards_count_as_no_time_and_unknown_commits_are_counted() {
    let (deploy, shipped) = promoted(MONDAY, &[-HOUR]);
    let shipped = Shipped {
        unknown: Some(u64::MAX),
        ..shipped
    };
    let figures = of_production(
        vec![
            (deploy, shipped),
            rolled_back(MONDAY - 5),
            (
                past(DeployKind::Promote, "production", MONDAY),
                Shipped {
                    unknown: Some(3),
                    ..nothing()
                },
            ),
        ],
        MONDAY,
    );
    assert_eq!(figures.lead, Lead::of(vec![0], 0, Some(u64::MAX)));
    assert_eq!(failed(&figures), [(MONDAY, Some(0))]);
    // For two of three deploys it is unknown whether they repaired another.
    assert_eq!(
        (figures.rework.unknown, figures.change_failure.rate),
        (2, None)
    );
    assert_eq!(figures.rework.rate, None);
}

#[test]
fn environments_do_not_mix_and_those_that_are_configured_come_first() {
    let deploys = [
        past(DeployKind::Promote, "us", MONDAY),
        past(DeployKind::Promote, "old", MONDAY),
        past(DeployKind::Rollback, "eu", MONDAY + 1),
        past(DeployKind::Rollback, "us", MONDAY + 60),
    ];
    let all = figures(
        &["us", "new"],
        &deploys,
        &[nothing(), nothing(), nothing(), nothing()],
        None,
        &when(0),
    );
    let told: Vec<_> = all
        .iter()
        .map(|one| {
            (
                one.environment.as_str(),
                one.promotions,
                one.rollbacks,
                one.change_failure.all.len(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("us", 1, 1, 1),
            ("new", 0, 0, 0),
            ("eu", 0, 1, 0),
            ("old", 1, 0, 0)
        ]
    );
}

/// Realistic times, and impossible ones.
fn times() -> impl Strategy<Value = i64> {
    prop_oneof![
        MONDAY - 400 * DAY..MONDAY + 400 * DAY,
        any::<i64>(),
        Just(i64::MIN),
        Just(i64::MAX),
        Just(0)
    ]
}

fn any_deploy() -> impl Strategy<Value = (PastDeploy, Shipped)> {
    let mends = proptest::collection::vec(0_usize..40, 0..3);
    let shipped = (
        proptest::collection::vec(times(), 0..5),
        any::<Option<u64>>(),
        mends,
    );
    let observed =
        (times(), any::<bool>()).prop_map(|(since, back)| DeployKind::Observed { since, back });
    let kinds = prop_oneof![
        Just(DeployKind::Promote),
        Just(DeployKind::Rollback),
        observed
    ];
    (kinds, "[ab\u{202e}]", times(), shipped).prop_map(
        |(kind, environment, at, (committed, unknown, mends))| {
            let shipped = Shipped {
                committed,
                unknown,
                mends,
            };
            (past(kind, &environment, at), shipped)
        },
    )
}

proptest! {
    #[test]
    fn whatever_the_clocks_say_figures_keep_their_bounds(
        deploys in proptest::collection::vec(any_deploy(), 0..40), now in times(), width in 0_usize..200,
    ) {
        let (deploys, shipped): (Vec<_>, Vec<_>) = deploys.into_iter().unzip();
        let when = when(now);
        let all = figures(&["a"], &deploys, &shipped, None, &when);
        for one in &all {
            prop_assert!(one.rolled_back_share.is_none_or(|share| (0.0..=1.0).contains(&share)));
            prop_assert_eq!(one.rolled_back_share.is_none(), one.promotions == 0);
            prop_assert!(one.promotions_per_week.is_none_or(|rate| rate > 0.0 && rate <= one.promotions as f64));
            for rate in [one.change_failure.rate, one.rework.rate] {
                prop_assert!(rate.is_none_or(|rate| (0.0..=1.0).contains(&rate)));
            }
            prop_assert!(one.change_failure.all.len() <= one.change_failure.deploys && one.rework.rework <= one.rework.deploys);
            prop_assert_eq!(one.change_failure.rolled_back + one.change_failure.fixed_forward, one.change_failure.all.len());
            prop_assert!(one.weeks.len() <= 12);
            let (first, last) = (one.lead.seconds.first(), one.lead.seconds.last());
            let (median, ninetieth) = (one.lead.median, one.lead.p90);
            prop_assert!(first.copied() <= median && median <= ninetieth && ninetieth <= last.copied());
            prop_assert!(median.is_none_or(|seconds| seconds >= 0));
            let took = || one.change_failure.all.iter().filter_map(|one| one.seconds);
            prop_assert!(took().min() <= one.restore.median && one.restore.median <= took().max());
        }
        prop_assert_eq!(all.iter().map(|one| one.rework.deploys).sum::<usize>(), deploys.len());
        let shown: Vec<&PastDeploy> = deploys.iter().collect();
        let lines = [
            show::history(&shown, &when, Some(width), None),
            all.iter().flat_map(|one| show::figures(one, &when, Some(width))).collect(),
        ];
        prop_assert!(lines.concat().iter().all(|line| !line.0.is_empty()));
        let json: serde_json::Value = serde_json::from_str(&json::history(&shown, &all)).unwrap();
        prop_assert_eq!(json["deploys"].as_array().map(Vec::len), Some(deploys.len()));
    }
}
