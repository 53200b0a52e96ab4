//! Times for people, in the reader's zone.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use serde::{Serialize, Serializer};

use crate::core::text::ago;

/// The present time and the reader's time zone.
#[derive(Clone, Debug)]
pub struct When {
    pub now: i64,
    pub zone: TimeZone,
}

impl When {
    /// Returns a time in the reader's zone, if the calendar has it.
    fn zoned(&self, seconds: i64) -> Option<Zoned> {
        let time = Timestamp::from_second(seconds).ok()?;
        Some(time.to_zoned(self.zone.clone()))
    }

    /// Returns the reader's date at a time: `2022-03-02`.
    pub fn date(&self, seconds: i64) -> String {
        let time = self.zoned(seconds);
        time.map_or_else(
            || "an impossible date".to_owned(),
            |time| time.strftime("%Y-%m-%d").to_string(),
        )
    }

    /// Returns the date, unless it is today, and the time of day.
    fn parts(&self, seconds: i64) -> [Option<String>; 2] {
        let (date, time) = (self.date(seconds), self.zoned(seconds));
        let clock = time.map(|time| time.strftime("%H:%M").to_string());
        let is_today = clock.is_some() && date == self.date(self.now);
        [(!is_today).then_some(date), clock]
    }

    /// Returns a time for a sentence: "at 10:14" today, "on 2022-03-01 at 10:14" on any other day.
    pub fn moment(&self, seconds: i64) -> String {
        let parts = self.parts(seconds).into_iter().zip(["on", "at"]);
        let parts = parts.filter_map(|(part, word)| Some(format!("{word} {}", part?)));
        parts.collect::<Vec<_>>().join(" ")
    }

    /// Returns a time in short: "10:14" today, "2022-03-01 10:14" on any other day.
    pub fn clock(&self, seconds: i64) -> String {
        let parts = self.parts(seconds).into_iter().flatten();
        parts.collect::<Vec<_>>().join(" ")
    }

    /// Returns the interval of an event: "between 10:14 and 10:20" today. If the clocks put the first time after the
    /// second, only the second counts.
    pub fn between(&self, after: i64, before: i64) -> String {
        let (from, mut until) = (self.clock(after), self.clock(before));
        if from == until {
            return format!("at {until}");
        }
        if after > before {
            return format!("before {until}");
        }
        let date = format!("{} ", self.date(after));
        if let Some(clock) = until.strip_prefix(&date) {
            until = clock.to_owned();
        }
        format!("between {from} and {until}")
    }

    /// Returns the date and the time of day with the same width for every time.
    pub fn in_column(&self, seconds: i64) -> String {
        self.zoned(seconds).map_or_else(
            || format!("{:16}", "impossible date"),
            |time| time.strftime("%Y-%m-%d %H:%M").to_string(),
        )
    }

    pub fn dated(&self, seconds: i64) -> String {
        format!("{} ({})", self.date(seconds), ago(self.now, seconds))
    }
}

/// A time as RFC 3339 writes it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline, extend("format" = "date-time")))]
pub struct Rfc3339(pub String);

/// Formats a time in seconds with an offset in minutes; `None` if it is outside the calendar or RFC 3339 cannot express
/// it.
pub fn rfc3339(seconds: i64, minutes_east: i32) -> Option<Rfc3339> {
    let time = Timestamp::from_second(seconds).ok()?;
    let offset = Offset::from_seconds(minutes_east.checked_mul(60)?).ok()?;
    let zoned = time.to_zoned(TimeZone::fixed(offset));
    let can_be_written = zoned.year() >= 0 && minutes_east.abs() < 24 * 60;
    let text = zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    can_be_written.then_some(Rfc3339(text))
}

/// Formats a time of the record, which has no offset.
pub fn time(seconds: i64) -> Option<Rfc3339> {
    rfc3339(seconds, 0)
}

/// Writes a time of the record, or `null`.
pub fn write_time<S: Serializer>(seconds: &Option<i64>, into: S) -> Result<S::Ok, S::Error> {
    seconds.and_then(time).serialize(into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_no_calendar_has_is_no_panic() {
        let when = When {
            now: 0,
            zone: TimeZone::UTC,
        };
        assert_eq!(when.date(1_646_226_000), "2022-03-02");
        assert_eq!(when.date(i64::MAX), "an impossible date");
        assert_eq!(
            (when.moment(i64::MAX), when.clock(i64::MAX)),
            ("on an impossible date".into(), when.date(i64::MAX))
        );
    }

    #[test]
    fn a_moment_is_told_by_the_readers_own_clock() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let when = When {
            now: 1_646_226_000 + 7_300,
            zone,
        };
        assert_eq!(
            (when.moment(1_646_226_000), when.clock(1_646_226_000)),
            ("at 15:00".into(), "15:00".into())
        );
        let day_before = 1_646_226_000 - 86_400;
        assert_eq!(
            when.between(1_646_226_000 - 60, 1_646_226_000),
            "between 14:59 and 15:00"
        );
        assert_eq!(
            when.between(day_before - 60, day_before),
            "between 2022-03-01 14:59 and 15:00"
        );
        assert_eq!(
            when.between(day_before, 1_646_226_000),
            "between 2022-03-01 15:00 and 15:00"
        );
        assert_eq!(
            when.between(i64::MIN, 1_646_226_000),
            "between an impossible date and 15:00"
        );
        assert_eq!(when.between(i64::MAX, 1_646_226_000), "before 15:00");
        assert_eq!(when.between(1_646_226_000, 1_646_226_000), "at 15:00");
        assert_eq!(when.moment(day_before), "on 2022-03-01 at 15:00");
        assert_eq!(when.clock(day_before), "2022-03-01 15:00");
    }
}
