//! The weeks of the ISO calendar, from Monday to Sunday in the reader's time zone. Pure.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};

use serde::Serialize;

use crate::core::when::When;

/// The number of weeks that are listed one by one.
const TOLD: i64 = 12;
const MONDAY: Date = date(1970, 1, 5);

/// The deploys of one week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Week {
    /// Its name in the ISO calendar: `2022-W09`.
    #[serde(rename = "week")]
    #[cfg_attr(test, schemars(regex(pattern = r"^[0-9]{4}-W[0-9]{2}$")))]
    pub name: String,
    pub promotions: usize,
    pub rollbacks: usize,
    /// The number of deploys outside `git smp`.
    pub observed: usize,
}

/// Returns the week of a time, counted from the week of [`MONDAY`]; `None` for a time outside the calendar.
fn number(seconds: i64, when: &When) -> Option<i64> {
    let time = Timestamp::from_second(seconds).ok()?;
    let day = time.to_zoned(when.zone.clone()).date();
    let days = day.duration_since(MONDAY).as_hours() / 24;
    Some(days.div_euclid(7))
}

/// Returns the name of a week; empty for a week outside the calendar.
fn name(number: i64) -> String {
    let weeks = Span::new().try_weeks(number);
    let monday = weeks.and_then(|weeks| MONDAY.checked_add(weeks));
    let week = monday.map(|monday| monday.iso_week_date());
    week.map(|week| format!("{:04}-W{:02}", week.year(), week.week()))
        .unwrap_or_default()
}

/// Returns the promotions per week, from the week of the first up to this one, both counted whole: a team that deploys
/// every Monday has one a week, whatever day it is today. `None` if unknown.
pub fn rate(promotions: &[i64], when: &When) -> Option<f64> {
    let first = promotions.iter().filter_map(|at| number(*at, when)).min()?;
    // A time in the future comes from a wrong clock: it counts as this week.
    let weeks = (number(when.now, when)? - first + 1).max(1);
    Some(promotions.len() as f64 / weeks as f64)
}

/// Returns the last weeks up to this one with their deploys, oldest first. A week before the record begins is left out:
/// a missing record does not mean that nothing happened.
pub fn last(
    promotions: &[i64],
    rollbacks: &[i64],
    observed: &[i64],
    begun: Option<i64>,
    when: &When,
) -> Vec<Week> {
    let Some(this) = number(when.now, when) else {
        return Vec::new();
    };
    let all = [promotions, rollbacks, observed].map(|times| {
        let numbers = times.iter().filter_map(|at| number(*at, when));
        numbers.collect::<Vec<i64>>()
    });
    let known = all.iter().flatten().copied();
    let oldest = known.chain(begun.and_then(|at| number(at, when))).min();
    let begun = begun.and(oldest).unwrap_or(i64::MIN);
    let first = (this - TOLD + 1).max(begun.min(this));
    let weeks = (first..=this).map(|week| {
        let of_week = all
            .each_ref()
            .map(|one| one.iter().filter(|at| **at == week));
        let [promotions, rollbacks, observed] = of_week.map(Iterator::count);
        Week {
            name: name(week),
            promotions,
            rollbacks,
            observed,
        }
    });
    weeks.collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    fn when(now: &str) -> When {
        When {
            now: at(now),
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn weeks_are_those_of_the_iso_calendar_where_the_reader_is() {
        let utc = when("2022-03-02T12:00:00Z");
        let named = |text: &str, when: &When| name(number(at(text), when).unwrap());
        assert_eq!(named("2022-01-02T23:59:59Z", &utc), "2021-W52");
        assert_eq!(named("2022-01-03T00:00:00Z", &utc), "2022-W01");
        assert_eq!(named("2021-01-01T00:00:00Z", &utc), "2020-W53");
        assert_eq!(named("1969-12-28T23:59:59Z", &utc), "1969-W52");
        let east = When {
            zone: TimeZone::fixed(jiff::tz::offset(2)),
            ..utc
        };
        assert_eq!(named("2022-01-02T23:59:59Z", &east), "2022-W01");
    }

    #[test]
    fn one_on_every_monday_is_one_a_week_on_any_day() {
        let mondays: Vec<i64> = (0..4)
            .map(|week| at("2022-02-07T09:00:00Z") + week * 7 * 86_400)
            .collect();
        for now in [
            "2022-02-28T09:00:00Z",
            "2022-03-02T12:00:00Z",
            "2022-03-06T23:59:59Z",
        ] {
            assert_eq!(rate(&mondays, &when(now)), Some(1.0));
        }
        assert_eq!(rate(&mondays, &when("2022-03-07T00:00:00Z")), Some(0.8));
        assert_eq!(rate(&[], &when("2022-03-07T00:00:00Z")), None);
        assert_eq!(rate(&[i64::MAX], &when("2022-03-07T00:00:00Z")), None);
    }

    #[test]
    fn weeks_begin_where_the_record_begins() {
        let now = when("2022-03-02T12:00:00Z");
        let names = |begun: Option<&str>, promotions: &[i64]| {
            let weeks = last(promotions, &[], &[], begun.map(at), &now);
            (weeks.len(), weeks[0].name.clone())
        };
        assert_eq!(
            names(Some("2022-02-14T00:00:00Z"), &[]),
            (3, "2022-W07".into())
        );
        assert_eq!(
            names(Some("2020-02-14T00:00:00Z"), &[]),
            (12, "2021-W50".into())
        );
        assert_eq!(names(None, &[]).0, 12);
        // Wrong clocks hide no deploy, and this week is always listed.
        assert_eq!(
            names(Some("2022-02-14T00:00:00Z"), &[at("2022-02-07T00:00:00Z")]),
            (4, "2022-W06".into())
        );
        assert_eq!(
            names(Some("2030-01-01T00:00:00Z"), &[]),
            (1, "2022-W09".into())
        );
    }

    #[test]
    fn there_are_twelve_weeks_however_far_apart_the_deploys_are() {
        let now = when("2022-03-02T12:00:00Z");
        let promotions = [
            i64::MIN,
            0,
            at("2021-12-12T23:59:59Z"),
            at("2021-12-13T00:00:00Z"),
            now.now,
            i64::MAX,
        ];
        let weeks = last(&promotions, &[now.now], &[now.now, now.now], None, &now);
        assert_eq!(weeks.len(), 12);
        assert_eq!(
            weeks[0],
            Week {
                name: "2021-W50".into(),
                promotions: 1,
                rollbacks: 0,
                observed: 0
            }
        );
        assert_eq!(
            weeks[11],
            Week {
                name: "2022-W09".into(),
                promotions: 1,
                rollbacks: 1,
                observed: 2
            }
        );
        assert!(weeks[1..11].iter().all(|week| week.promotions == 0));
        assert!(
            last(
                &promotions,
                &[],
                &[],
                None,
                &When {
                    now: i64::MAX,
                    ..now
                }
            )
            .is_empty()
        );
    }
}
