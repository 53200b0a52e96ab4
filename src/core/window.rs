//! When deploys may begin: opening hours, closed days and the soak time. Pure.
//!
//! The local time in the zone of the hours decides. When clocks are set forward, skipped hours never come; when they
//! are set back, repeated hours are open twice.

use std::{fmt, iter};

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp, Zoned};
use serde::{Serialize, Serializer};

/// The number of days to look ahead. The list of closed days cannot fill them.
const AHEAD: usize = 800;
const DAY: u16 = 24 * 60;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const SHAPE: &str =
    "must be days, hours and a time zone, such as \"Mon-Thu 09:00-16:00 Europe/London\"";
const ORDER: &str = "the first time must be earlier than the second; midnight at the end is 24:00";
const ZONE: &str = "must name a time zone of the IANA database, such as Europe/London";

/// Days, hours and the time zone that counts: `Mon-Thu 09:00-16:00 Europe/London`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    text: String,
    days: [bool; 7],
    /// Minutes since midnight, in local time; the second is exclusive.
    from: u16,
    until: u16,
    zone: TimeZone,
}

impl Hours {
    /// Parses the hours. The error is a fixed text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split(' ');
        let (Some(days), Some(hours), Some(zone), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(SHAPE);
        };
        let days = days_of(days).ok_or(SHAPE)?;
        let (from, until) = hours.split_once('-').ok_or(SHAPE)?;
        let (from, until) = (minutes(from).ok_or(SHAPE)?, minutes(until).ok_or(SHAPE)?);
        if from >= until {
            return Err(ORDER);
        }
        let zone = zone_of(zone).ok_or(ZONE)?;
        let text = text.to_owned();
        Ok(Self {
            text,
            days,
            from,
            until,
            zone,
        })
    }

    /// Returns all hours of all days in UTC, for a team without hours.
    fn all() -> Self {
        Self {
            text: String::new(),
            days: [true; 7],
            from: 0,
            until: DAY,
            zone: TimeZone::UTC,
        }
    }

    fn is_open_on(&self, day: Weekday) -> bool {
        let place = usize::try_from(day.to_monday_zero_offset()).ok();
        place.and_then(|place| self.days.get(place)) == Some(&true)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(&self.text)
    }
}

/// Returns a zone by the bundled rules: those of the machine may be missing, and a variable could name others.
fn zone_of(name: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (!zone.is_unknown()).then_some(zone)
}

/// Parses `Mon-Thu`, `Sat-Mon`, `Tue`, or several of these separated by commas.
fn days_of(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place_of(first)?, place_of(last)?);
        for day in 0..=(last + 7 - first) % 7 {
            days[(first + day) % 7] = true;
        }
    }
    Some(days)
}

fn place_of(name: &str) -> Option<usize> {
    DAYS.iter().position(|day| *day == name)
}

/// Parses two digits.
fn number(text: &str) -> Option<u16> {
    let is_one = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_one)
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, rest) = text.split_once(':')?;
    let (hours, rest) = (number(hours)?, number(rest)?);
    let minutes = hours * 60 + rest;
    (rest < 60 && minutes <= DAY).then_some(minutes)
}

/// Checks a day such as `2026-12-24`. The error is a fixed text.
pub fn check_day(text: &str) -> Result<(), &'static str> {
    let is_one = text.len() == 10
        && text
            .parse::<Date>()
            .is_ok_and(|day| day.to_string() == text);
    is_one
        .then_some(())
        .ok_or("must be a day, such as \"2026-12-24\"")
}

/// The time that a commit must have run: `24h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Soak {
    text: String,
    pub seconds: i64,
}

impl Soak {
    /// Parses the time. The error is a fixed text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const LONGEST: i64 = 365 * 86_400;
        const UNITS: [(&str, i64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
        let mut units = UNITS.iter();
        let (number, factor) = units
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
            .unwrap_or_default();
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse::<i64>().ok().filter(|_| is_number);
        let seconds = number.and_then(|number| number.checked_mul(factor));
        let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
        let seconds = seconds
            .ok_or("must be a number with s, m, h or d, such as \"24h\", and at most 365 days")?;
        let text = text.to_owned();
        Ok(Self { text, seconds })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Serialize for Soak {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(&self.text)
    }
}

/// The times when deploys may begin: hours without the closed days.
pub struct Window<'p> {
    hours: Hours,
    closed: &'p [String],
}

impl<'p> Window<'p> {
    /// Builds a window; without hours, all of every day in UTC.
    pub fn of(hours: Option<&Hours>, closed: &'p [String]) -> Self {
        let hours = hours.cloned().unwrap_or_else(Hours::all);
        Self { hours, closed }
    }

    /// Returns whether it is open at a time in seconds since 1970; false for a time outside the calendar.
    pub fn is_open(&self, seconds: i64) -> bool {
        moment(seconds).is_some_and(|moment| self.has(moment))
    }

    /// Returns the closed day that a time is in.
    pub fn closed_day(&self, seconds: i64) -> Option<&'p str> {
        let day = self.clock(moment(seconds)?).date().to_string();
        self.closed
            .iter()
            .find(|closed| **closed == day)
            .map(String::as_str)
    }

    /// Returns the first open time from this one on; `None` if there is none within [`AHEAD`] days.
    pub fn opens(&self, seconds: i64) -> Option<i64> {
        self.turns(seconds, true)
    }

    /// Returns the first closed time from this one on.
    pub fn shuts(&self, seconds: i64) -> Option<i64> {
        self.turns(seconds, false)
    }

    /// Formats a time in the zone of the hours: `Monday 2026-11-30 09:00 Europe/London`. It rounds up to a full minute,
    /// so the time has come when a clock shows it.
    pub fn told(&self, seconds: i64) -> String {
        let full = seconds.saturating_add(59).div_euclid(60).saturating_mul(60);
        let Some(moment) = moment(full) else {
            return "an impossible date".to_owned();
        };
        let clock = self.clock(moment).strftime("%A %Y-%m-%d %H:%M").to_string();
        format!("{clock} {}", self.zone())
    }

    /// Formats a past time in the same way, rounded down to the minute that a clock showed.
    pub fn shown(&self, seconds: i64) -> String {
        self.told(seconds.div_euclid(60).saturating_mul(60))
    }

    pub fn zone(&self) -> &str {
        self.hours.zone.iana_name().unwrap_or("UTC")
    }

    fn clock(&self, moment: Timestamp) -> Zoned {
        moment.to_zoned(self.hours.zone.clone())
    }

    fn has(&self, moment: Timestamp) -> bool {
        let clock = self.clock(moment);
        let minute = i32::from(clock.hour()) * 60 + i32::from(clock.minute());
        let hours = i32::from(self.hours.from)..i32::from(self.hours.until);
        hours.contains(&minute)
            && self.hours.is_open_on(clock.weekday())
            && !self.closed.contains(&clock.date().to_string())
    }

    /// Finds the next change: at the beginning or the end of the hours, at midnight, or when clocks are set.
    fn turns(&self, seconds: i64, open: bool) -> Option<i64> {
        let from = moment(seconds)?;
        if self.has(from) == open {
            return Some(seconds);
        }
        let yesterday = self.clock(from).date().yesterday().ok()?;
        let days = yesterday.series(Span::new().days(1)).take(AHEAD);
        // If clocks are set back over midnight, a time of one day may come after one of the next.
        let of_days = days.map(|day| {
            self.edges(day)
                .filter(|turn| self.is_turn(*turn, from, open))
                .min()
        });
        let by_clock = of_days.skip_while(Option::is_none).take(2).flatten().min();
        let end = from
            .checked_add(jiff::SignedDuration::from_hours(24 * 800))
            .ok()?;
        let set = self.hours.zone.following(from).map(|one| one.timestamp());
        let when_set = set
            .take_while(|turn| *turn < end)
            .find(|turn| self.is_turn(*turn, from, open));
        let turns = by_clock.into_iter().chain(when_set);
        turns.min().map(|turn| turn.as_second())
    }

    fn is_turn(&self, turn: Timestamp, from: Timestamp, open: bool) -> bool {
        turn > from && self.has(turn) == open
    }

    /// Returns the times of a day when clocks show midnight, or the beginning or the end of the hours.
    fn edges(&self, day: Date) -> impl Iterator<Item = Timestamp> {
        let minutes = [0, self.hours.from, self.hours.until % DAY];
        let zone = self.hours.zone.clone();
        minutes.into_iter().flat_map(move |minutes| {
            let minutes = i64::from(minutes);
            let clock = day.at(0, 0, 0, 0).checked_add(Span::new().minutes(minutes));
            let ambiguous = clock.map(|clock| zone.to_ambiguous_timestamp(clock)).ok();
            // A repeated local time gives both moments; a skipped one is covered by the clock change itself.
            let twice = ambiguous
                .into_iter()
                .flat_map(|one| iter::once(one.earlier()).chain(iter::once(one.later())));
            twice.filter_map(Result::ok)
        })
    }
}

fn moment(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests;
