use proptest::prelude::*;

use super::*;

/// Zones with changes of an hour or half an hour, in the southern half of the year, at midnight, or no longer.
const ZONES: [&str; 10] = [
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Tehran",
    "Africa/Cairo",
];
/// 2008 to 2027: two skipped days, half hours, and rules that ended in between.
const YEARS: (i64, i64) = (1_199_145_600, 1_830_297_600);
const MINUTE: i64 = 60;

fn hours(text: &str) -> Hours {
    Hours::parse(text).unwrap()
}

fn seconds(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

/// The slow oracle: it compares the local time as text.
struct Wall {
    zone: TimeZone,
    days: Vec<&'static str>,
    from: String,
    until: String,
    closed: Vec<String>,
}

/// Formats the local time.
fn shown(zone: &TimeZone, seconds: i64) -> String {
    let clock = Timestamp::from_second(seconds).unwrap();
    let clock = clock.to_zoned(zone.clone());
    clock.strftime("%a %Y-%m-%d %H:%M").to_string()
}

impl Wall {
    fn is_open(&self, seconds: i64) -> bool {
        self.has(&shown(&self.zone, seconds))
    }

    fn has(&self, shown: &str) -> bool {
        let mut shown = shown.split(' ');
        let [day, date, time] = [(); 3].map(|()| shown.next().unwrap());
        self.days.contains(&day)
            && self.from.as_str() <= time
            && time < self.until.as_str()
            && !self.closed.iter().any(|closed| closed == date)
    }
}

/// Checks a time span minute by minute against the oracle: each moment and each change.
fn hold(wall: &Wall, window: &Window<'_>, (begin, end): (i64, i64)) {
    let minutes: Vec<(i64, bool)> = (begin..end)
        .step_by(60)
        .map(|minute| (minute, wall.is_open(minute)))
        .collect();
    let mut next = [None, None];
    for (minute, open) in minutes.iter().rev() {
        assert_eq!(
            window.is_open(*minute),
            *open,
            "{} {minute}",
            window.hours.text
        );
        next[usize::from(*open)] = Some(*minute);
        // Asking at each minute would take too long: it asks at each change, and occasionally.
        let is_turn = wall.is_open(minute - MINUTE) != *open;
        if !is_turn && minute % (977 * MINUTE) != 0 {
            continue;
        }
        for asked in [*minute, minute - 1] {
            let (shuts, opens) = (window.shuts(asked), window.opens(asked));
            let known = |turn: Option<i64>| turn.filter(|turn| *turn < end);
            let [shut, opened] = next;
            if asked == *minute {
                assert_eq!(
                    (known(shuts), known(opens)),
                    (shut, opened),
                    "{} at {asked}",
                    window.hours.text
                );
            } else if is_turn {
                let turn = if *open { opens } else { shuts };
                assert_eq!(turn, Some(*minute), "{} at {asked}", window.hours.text);
            }
        }
    }
}

/// Builds the oracle for hours in a zone with these closed days.
fn wall_of(text: &str, hours: &Hours, closed: &[String]) -> Wall {
    let (days, clock) = text.split_once(' ').unwrap();
    let (from, until) = clock.split_once('-').unwrap();
    let is_open = days_of(days).unwrap();
    Wall {
        zone: hours.zone.clone(),
        days: (0..7)
            .filter(|day| is_open[*day])
            .map(|day| DAYS[day])
            .collect(),
        from: from.to_owned(),
        until: until.to_owned(),
        closed: closed.to_vec(),
    }
}

/// Checks these hours against the oracle, minute by minute.
fn hold_hours(text: &str, zone: &str, closed: &[String], spans: &[(i64, i64)]) {
    let hours = hours(&format!("{text} {zone}"));
    let wall = wall_of(text, &hours, closed);
    let window = Window::of(Some(&hours), closed);
    spans.iter().for_each(|span| hold(&wall, &window, *span));
}

/// Returns a day around each clock change of a zone.
fn around_changes(zone: &str) -> Vec<(i64, i64)> {
    let zone = zone_of(zone).unwrap();
    let first = Timestamp::from_second(YEARS.0).unwrap();
    let all = zone.following(first).map(|one| one.timestamp().as_second());
    let all = all.take_while(|at| *at < YEARS.1);
    all.map(|at| (at - 700 * MINUTE, at + 700 * MINUTE))
        .collect()
}

/// Hours that begin, end or lie in skipped or repeated hours.
const AT_NIGHT: [&str; 6] = [
    "Mon-Sun 00:00-24:00",
    "Mon-Sun 01:30-02:30",
    "Sat-Mon 00:30-01:30",
    "Mon-Thu 09:00-16:00",
    "Sun 02:10-02:20",
    "Mon-Fri,Sun 23:45-24:00",
];

#[test]
fn hours_hold_around_every_change_of_every_clock() {
    for (nth, zone) in ZONES.into_iter().enumerate() {
        let changes = around_changes(zone);
        // Some of them each time; the nightly test below takes all.
        let some: Vec<_> = changes.into_iter().skip(nth).step_by(13).collect();
        for hours in AT_NIGHT {
            hold_hours(hours, zone, &[], &some);
        }
    }
}

/// Returns the moments of twenty years to check: each quarter of an hour around clock changes and closed days, and one
/// in 29 elsewhere. Between two changes only the quarter of the week matters, because every zone and every change is a
/// multiple of a quarter. 29 and the 672 quarters of a week have no common factor, so each quarter occurs about twice a
/// year.
fn moments(zone: &str, closed: &[String]) -> Vec<i64> {
    let days = closed
        .iter()
        .map(|day| seconds(&format!("{day}T12:00:00Z")));
    let days = days.map(|noon| (noon - 1440 * MINUTE, noon + 1440 * MINUTE));
    let spans = around_changes(zone).into_iter().chain(days);
    let near = spans.flat_map(|(begin, end)| {
        let begin = begin - begin.rem_euclid(QUARTER);
        (begin..end).step_by(15 * 60)
    });
    let all = (YEARS.0..YEARS.1).step_by(29 * 15 * 60);
    all.chain(near).collect()
}

const QUARTER: i64 = 15 * MINUTE;

#[test]
fn hours_hold_over_twenty_years_in_ten_zones() {
    let closed: Vec<String> = (2008..2028).map(|year| format!("{year}-12-24")).collect();
    for (nth, zone) in ZONES.into_iter().enumerate() {
        let half = AT_NIGHT.into_iter().skip(nth % 2).step_by(2);
        let half: Vec<_> = half
            .map(|text| {
                let hours = hours(&format!("{text} {zone}"));
                let wall = wall_of(text, &hours, &closed);
                (wall, Window::of(Some(&hours), &closed))
            })
            .collect();
        for (nth, moment) in moments(zone, &closed).into_iter().enumerate() {
            let clock = shown(&half[0].0.zone, moment);
            for (wall, window) in &half {
                let open = wall.has(&clock);
                assert_eq!(window.is_open(moment), open, "{} {clock}", window.hours);
                // Some hours change within a quarter, and some only on closed days.
                if nth % 997 == 0 && !["02:10", "00:00"].contains(&wall.from.as_str()) {
                    let mut later = (1..).map(|quarter| moment + quarter * QUARTER);
                    let turn = later.find(|later| wall.is_open(*later) != open);
                    let told = match open {
                        true => window.shuts(moment),
                        false => window.opens(moment),
                    };
                    assert_eq!(told, turn, "{} {clock}", window.hours);
                }
            }
        }
    }
}

#[test]
#[ignore = "takes minutes: cargo test --release --bin git-smp twenty_years -- --ignored"]
fn hours_hold_in_every_minute_of_twenty_years_in_ten_zones() {
    let closed: Vec<String> = (2008..2028).map(|year| format!("{year}-12-24")).collect();
    for (nth, zone) in ZONES.into_iter().enumerate() {
        for hours in [AT_NIGHT[nth % 3], AT_NIGHT[3 + nth % 3]] {
            hold_hours(hours, zone, &closed, &[YEARS]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hours_hold_in_any_week(
        zone in 0..ZONES.len(),
        first in 0..7usize,
        last in 0..7usize,
        from in 0..96u16,
        length in 1..96u16,
        begin in YEARS.0..YEARS.1,
        closed in 0..4i64,
    ) {
        let until = (from + length).min(96);
        let clock = |quarter: u16| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
        let hours = format!("{}-{} {}-{}", DAYS[first], DAYS[last], clock(from), clock(until));
        let begin = begin - begin % MINUTE;
        let day = Timestamp::from_second(begin + closed * 86_400).unwrap();
        let day = day.to_zoned(TimeZone::UTC).date().to_string();
        hold_hours(&hours, ZONES[zone], &[day], &[(begin, begin + 4 * 1440 * MINUTE)]);
    }

    #[test]
    fn no_text_is_a_panic(text in "\\PC{0,40}", days in "[MonTueWdhFriSaS,-]{0,9}", zone in "[A-Za-z/_]{0,12}") {
        let _ = (Hours::parse(&text), Soak::parse(&text), check_day(&text));
        let _ = Hours::parse(&format!("{days} 09:00-16:00 {zone}"));
    }
}

#[test]
fn a_change_of_clocks_is_decided_by_what_they_show() {
    // 2026-03-29 01:00 in London becomes 02:00; 2026-10-25 02:00 becomes 01:00 again.
    let window = |text: &str| hours(&format!("{text} Europe/London"));
    let of = |hours: &Hours, from: &str| {
        let window = Window::of(Some(hours), &[]);
        let opens = window.opens(seconds(from)).unwrap();
        [opens, window.shuts(opens).unwrap()]
            .map(|at| Timestamp::from_second(at).unwrap().to_string())
    };
    let skipped = window("Sun 01:10-01:50");
    assert_eq!(
        of(&skipped, "2026-03-28T12:00:00Z"),
        ["2026-04-05T00:10:00Z", "2026-04-05T00:50:00Z"],
        "no clock shows these hours on that Sunday"
    );
    let begins_in_it = window("Sun 01:30-03:00");
    assert_eq!(
        of(&begins_in_it, "2026-03-28T12:00:00Z"),
        ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"],
        "it opens when clocks show 02:00"
    );
    let twice = window("Sun 01:10-01:50");
    assert_eq!(
        of(&twice, "2026-10-24T12:00:00Z"),
        ["2026-10-25T00:10:00Z", "2026-10-25T00:50:00Z"]
    );
    assert_eq!(
        of(&twice, "2026-10-25T00:50:00Z"),
        ["2026-10-25T01:10:00Z", "2026-10-25T01:50:00Z"],
        "what clocks show twice is open twice"
    );
}

#[test]
fn closed_days_are_those_of_the_zone_of_the_hours_and_else_of_utc() {
    let closed = ["2026-12-24".to_owned(), "2026-12-25".to_owned()];
    let hours = hours("Mon-Fri 09:00-16:00 Pacific/Auckland");
    let window = Window::of(Some(&hours), &closed);
    // In Auckland it is already the 24th.
    let morning = seconds("2026-12-23T20:30:00Z");
    assert_eq!(window.closed_day(morning), Some("2026-12-24"));
    assert_eq!(
        window.told(window.opens(morning).unwrap()),
        "Monday 2026-12-28 09:00 Pacific/Auckland"
    );
    let window = Window::of(None, &closed);
    assert!(window.is_open(morning));
    let at = seconds("2026-12-24T00:00:00Z");
    assert_eq!(
        (window.shuts(morning), window.opens(at)),
        (Some(at), Some(at + 2 * 86_400))
    );
    assert_eq!(
        window.told(at + 2 * 86_400),
        "Saturday 2026-12-26 00:00 UTC"
    );
}

#[test]
fn a_moment_is_told_when_a_clock_shows_it() {
    let window = Window::of(None, &[]);
    assert_eq!(
        window.told(seconds("2026-11-30T08:59:01Z")),
        "Monday 2026-11-30 09:00 UTC"
    );
    assert_eq!(window.told(i64::MAX), "an impossible date");
    assert_eq!(
        (window.is_open(i64::MAX), window.opens(i64::MAX)),
        (false, None)
    );
}

#[test]
fn a_window_that_never_opens_is_told_from_one_that_will() {
    let hours = hours("Thu 09:00-16:00 UTC");
    let first = seconds("2026-12-03T09:00:00Z");
    // A hundred Thursdays, and the next one.
    let thursdays = (0..101).map(|week| Timestamp::from_second(first + week * 7 * 86_400).unwrap());
    let thursdays: Vec<String> = thursdays
        .map(|at| at.strftime("%Y-%m-%d").to_string())
        .collect();
    let at = first - 86_400;
    assert_eq!(
        Window::of(Some(&hours), &thursdays[..100]).opens(at),
        Some(first + 100 * 7 * 86_400)
    );
    // A window that is always open never shuts.
    assert_eq!(Window::of(None, &[]).shuts(at), None);
}

#[test]
fn hours_are_days_clocks_and_a_zone() {
    for text in [
        "Mon-Thu 09:00-16:00 Europe/London",
        "Mon 00:00-24:00 UTC",
        "Sat-Mon,Wed 23:59-24:00 America/Argentina/Buenos_Aires",
    ] {
        assert_eq!(hours(text).text, text);
    }
    let days = |text: &str| {
        let days = days_of(text)?;
        Some(
            (0..7)
                .filter(|day| days[*day])
                .map(|day| DAYS[day])
                .collect::<String>(),
        )
    };
    assert_eq!(days("Sat-Mon,Wed").unwrap(), "MonWedSatSun");
    assert_eq!(days("Mon-Sun").unwrap(), days("Tue-Mon").unwrap());
    assert_eq!(days("Fri-Fri").unwrap(), "Fri");
    for (text, why) in [
        ("", SHAPE),
        ("09:00-16:00 Europe/London", SHAPE),
        ("Mon-Thu 09:00-16:00", SHAPE),
        ("Mon-Thu  09:00-16:00 UTC", SHAPE),
        ("Mon-Thu 09:00-16:00 UTC ", SHAPE),
        ("mon-thu 09:00-16:00 UTC", SHAPE),
        ("Monday 09:00-16:00 UTC", SHAPE),
        ("Mon- 09:00-16:00 UTC", SHAPE),
        ("Mon, 09:00-16:00 UTC", SHAPE),
        ("Mon 9:00-16:00 UTC", SHAPE),
        ("Mon 09:00-24:01 UTC", SHAPE),
        ("Mon 09:60-16:00 UTC", SHAPE),
        ("Mon +9:00-16:00 UTC", SHAPE),
        ("Mon 16:00-16:00 UTC", ORDER),
        ("Mon 22:00-02:00 UTC", ORDER),
        ("Mon 09:00-16:00 London", ZONE),
        ("Mon 09:00-16:00 Etc/Unknown", ZONE),
        ("Mon 09:00-16:00 ../../etc/localtime", ZONE),
        ("Mon 09:00-16:00 +02:00", ZONE),
    ] {
        assert_eq!(Hours::parse(text).unwrap_err(), why, "{text}");
    }
}

#[test]
fn the_zones_are_those_of_the_program() {
    // A folder of the machine, or one that a variable names, could have other rules.
    let database = TimeZoneDatabase::bundled();
    assert!(database.available().count() > 500);
    for zone in ZONES {
        assert_eq!(zone_of(zone).unwrap().iana_name(), Some(zone));
    }
}

#[test]
fn a_soak_is_a_number_with_a_unit_and_a_day_is_a_date() {
    for (text, seconds) in [
        ("24h", 86_400),
        ("90s", 90),
        ("30m", 1800),
        ("2d", 172_800),
        ("365d", 31_536_000),
    ] {
        assert_eq!(
            Soak::parse(text).map(|soak| soak.seconds),
            Ok(seconds),
            "{text}"
        );
    }
    for text in [
        "",
        "h",
        "24",
        "24H",
        "24 h",
        "-1h",
        "+1h",
        "0h",
        "366d",
        "1d12h",
        "1.5h",
        "9999999999999999999d",
        "\u{663}h",
    ] {
        assert!(Soak::parse(text).is_err(), "{text}");
    }
    for day in ["2026-12-24", "2028-02-29"] {
        assert_eq!(check_day(day), Ok(()));
    }
    for text in [
        "",
        "2026-12-32",
        "2026-02-29",
        "24.12.2026",
        "2026-12-24T00:00",
        "20261224",
        "2026-1-1",
        "-002026-12-24",
    ] {
        assert!(check_day(text).is_err(), "{text}");
    }
}
