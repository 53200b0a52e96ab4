//! The weeks of the ISO calendar, from Monday to Sunday where the reader is. Pure.

use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::core::show::When;

const MONDAY: Date = date(1970, 1, 5);

/// The week of a time, counted from that of [`MONDAY`]; `None` for times that no calendar has.
fn number(seconds: i64, when: &When) -> Option<i64> {
    let time = Timestamp::from_second(seconds).ok()?;
    let day = time.to_zoned(when.zone.clone()).date();
    let days = day.duration_since(MONDAY).as_hours() / 24;
    Some(days.div_euclid(7))
}

/// How many promotions there were a week, from the week of the first up to this one, both counted whole: a team that
/// deploys every Monday has one a week, whatever day it is today. `None` where that is not known.
pub fn rate(promotions: &[i64], when: &When) -> Option<f64> {
    let first = promotions.iter().filter_map(|at| number(*at, when)).min()?;
    // What a wrong clock puts into the future was seen by now all the same.
    let weeks = (number(when.now, when)? - first + 1).max(1);
    Some(promotions.len() as f64 / weeks as f64)
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
    fn weeks_begin_on_monday_where_the_reader_is() {
        let utc = when("2022-03-02T12:00:00Z");
        let east = When {
            zone: TimeZone::fixed(jiff::tz::offset(2)),
            ..utc.clone()
        };
        let [sunday, monday] = ["2022-01-02T23:59:59Z", "2022-01-03T00:00:00Z"].map(at);
        let week = |seconds, when: &When| number(seconds, when).unwrap();
        assert_eq!(week(sunday, &utc) + 1, week(monday, &utc));
        assert_eq!(week(sunday, &east), week(monday, &east));
        assert_eq!(week(at("1970-01-04T23:59:59Z"), &utc), -1);
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
}
