//! Times as people write them: `2024-12-24`, `3d`, `yesterday`, `about 2 months ago`. Owns these words; must not know
//! what they are used for ([`super::when`], [`super::range`]).

use gh_pmu::model::UnixMillis;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, Timestamp};

use super::value::Clock;

/// What the words name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// So long ago; `in_days` if the smallest unit is a day or more.
    Age { at: UnixMillis, in_days: bool },
    /// A year, a month, a day …, from its first to its last millisecond.
    Span { first: UnixMillis, last: UnixMillis },
}

/// Reads the words; `None` if they name no time.
///
/// # Errors
/// A question back, if they can mean two things.
pub fn named(text: &str, clock: Clock<'_>) -> Result<Option<Named>, String> {
    let text = text.trim();
    if let Some(count) = text.strip_suffix('M').filter(|count| age(&format!("{count}m"), clock).is_some()) {
        return Err(format!("is that {count}m (minutes) or {count}mo (months)?"));
    }
    let text = text.to_ascii_lowercase();
    let found = exact(&text).or_else(|| calendar(&text, clock)).or_else(|| word(&text, clock));
    Ok(found.or_else(|| age(&text, clock)))
}

/// The local day of a moment.
pub fn day_of(time: UnixMillis, clock: Clock<'_>) -> Option<Named> {
    day(date_of(time, clock)?, clock)
}

/// RFC 3339; a time without a fraction is that whole second.
fn exact(text: &str) -> Option<Named> {
    let first = UnixMillis::parse_rfc3339(text).ok()?;
    Some(Named::Span { first, last: if text.contains('.') { first } else { shifted(first, 999) } })
}

/// A date, a month, or a time of a day, all local.
fn calendar(text: &str, clock: Clock<'_>) -> Option<Named> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (shape, fraction) = shape.split_once('.').unwrap_or((&shape, ""));
    if !fraction.bytes().all(|c| c == b'0') || text.ends_with('.') {
        return None;
    }
    match shape {
        "0000-00" => months(format!("{text}-01").parse().ok()?, 1, clock),
        "0000-00-00" => day(text.parse().ok()?, clock),
        "0000-00-00t00:00" | "0000-00-00 00:00" if fraction.is_empty() => minute(text, 59_999, clock),
        "0000-00-00t00:00:00" | "0000-00-00 00:00:00" => minute(text, if fraction.is_empty() { 999 } else { 0 }, clock),
        _ => None,
    }
}

fn minute(text: &str, length: i64, clock: Clock<'_>) -> Option<Named> {
    let first = at(text.parse().ok()?, clock)?;
    Some(Named::Span { first, last: shifted(first, length) })
}

fn day(date: Date, clock: Clock<'_>) -> Option<Named> {
    span(date, date.tomorrow().ok(), clock)
}

fn months(first: Date, count: i64, clock: Clock<'_>) -> Option<Named> {
    span(first, first.checked_add(Span::new().try_months(count).ok()?).ok(), clock)
}

/// From the start of a day to the start of another; the calendar ends where there is none.
fn span(first: Date, end: Option<Date>, clock: Clock<'_>) -> Option<Named> {
    let start = |date: Date| at(date.to_datetime(Time::midnight()), clock);
    let last = end.map_or(Some(UnixMillis::MAX), |end| start(end).map(|end| shifted(end, -1)))?;
    Some(Named::Span { first: start(first)?, last })
}

/// The moment at which local clocks show this: if they jump over it, when they land.
fn at(time: DateTime, clock: Clock<'_>) -> Option<UnixMillis> {
    match time.to_zoned((clock.zone)()) {
        Ok(zoned) => UnixMillis::new(zoned.timestamp().as_millisecond()),
        // The last hours of the year 9999, which no zone of the library reaches.
        Err(_) => UnixMillis::parse_rfc3339(&format!("{time}Z")).ok(),
    }
}

fn date_of(time: UnixMillis, clock: Clock<'_>) -> Option<Date> {
    let time = Timestamp::from_millisecond(time.get()).ok()?;
    Some((clock.zone)().to_datetime(time).date())
}

fn word(text: &str, clock: Clock<'_>) -> Option<Named> {
    let now = |back: i64| Some(Named::Age { at: shifted(clock.now, -back), in_days: false });
    let today = || date_of(clock.now, clock);
    match text {
        "now" | "just now" => now(0),
        "less than a minute ago" => now(60_000),
        "today" => day(today()?, clock),
        "yesterday" => day(today()?.yesterday().ok()?, clock),
        "last week" => {
            let today = today()?;
            let back = i64::from(today.weekday().since(Weekday::Monday)) + 7;
            let monday = today.checked_sub(Span::new().days(back)).ok()?;
            span(monday, monday.checked_add(Span::new().days(7)).ok(), clock)
        }
        "last month" => months(today()?.first_of_month().checked_sub(Span::new().months(1)).ok()?, 1, clock),
        "last year" => months(today()?.first_of_year().checked_sub(Span::new().years(1)).ok()?, 12, clock),
        _ => None,
    }
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A unit of ages, from the longest to the shortest.
struct Unit {
    short: &'static str,
    long: &'static str,
    /// Of the calendar, if it has a length of its own there.
    months: i64,
    millis: i64,
}

const fn unit(short: &'static str, long: &'static str, months: i64, millis: i64) -> Unit {
    Unit { short, long, months, millis }
}

const UNITS: [Unit; 7] = [
    unit("y", "year", 12, 0),
    unit("mo", "month", 1, 0),
    unit("w", "week", 0, 7 * DAY),
    unit("d", "day", 0, DAY),
    unit("h", "hour", 0, HOUR),
    unit("m", "minute", 0, MINUTE),
    unit("s", "second", 0, 1000),
];
/// The place of the day among the units.
const DAYS: usize = 3;

/// `90m`, `1h30m`, `5mo`, `3 days ago`, `about 1 year ago`.
fn age(text: &str, clock: Clock<'_>) -> Option<Named> {
    let (long, is_long) = match text.strip_suffix(" ago") {
        Some(rest) => (rest.strip_prefix("about ").unwrap_or(rest).trim(), true),
        None => (text, false),
    };
    let mut rest = long;
    let (mut months, mut millis, mut next) = (0_i64, 0_i64, 0);
    while !rest.is_empty() {
        let (count, after) = counted(rest, is_long)?;
        let word_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (word, after) = after.split_at(word_end);
        let is_named =
            |unit: &Unit| unit.short == word || (is_long && word.strip_suffix('s').unwrap_or(word) == unit.long);
        let place = UNITS.iter().position(is_named).filter(|place| *place >= next)?;
        next = place + 1;
        months = months.checked_add(count.checked_mul(UNITS[place].months)?)?;
        millis = millis.checked_add(count.checked_mul(UNITS[place].millis)?)?;
        rest = if is_long { after.trim_start() } else { after };
    }
    // Nothing was read if no unit was.
    let in_days = next.checked_sub(1)? <= DAYS;
    let from = match months {
        0 => clock.now,
        months => {
            let now = Timestamp::from_millisecond(clock.now.get()).ok()?.to_zoned((clock.zone)());
            let then = now.checked_sub(Span::new().try_months(months).ok()?).ok()?;
            UnixMillis::new(then.timestamp().as_millisecond())?
        }
    };
    let at = from.get().checked_sub(millis).and_then(UnixMillis::new)?;
    Some(Named::Age { at, in_days })
}

/// The number that the text begins with, and what follows it; in words, `a` and `an` are one.
fn counted(text: &str, is_long: bool) -> Option<(i64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        let rest = text.strip_prefix("a ").or_else(|| text.strip_prefix("an "))?;
        return Some((1, rest.trim_start()));
    }
    let (count, rest) = text.split_at(digits);
    // Only words stand apart from their number.
    Some((count.parse().ok()?, if is_long { rest.trim_start() } else { rest }))
}

fn shifted(time: UnixMillis, millis: i64) -> UnixMillis {
    UnixMillis::saturating(time.get().saturating_add(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::{TimeZone, offset};

    const NOW: &str = "2024-12-24T10:30:00Z";

    fn time(text: &str) -> UnixMillis {
        UnixMillis::parse_rfc3339(text).unwrap()
    }

    #[track_caller]
    fn read_in(text: &str, zone: TimeZone) -> Option<Named> {
        named(text, Clock { now: time(NOW), zone: &|| zone.clone() }).unwrap()
    }

    fn ago(text: &str) -> Option<UnixMillis> {
        match read_in(text, TimeZone::UTC)? {
            Named::Age { at, .. } => Some(at),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn whole(first: &str, last: &str) -> Option<Named> {
        Some(Named::Span { first: time(first), last: time(last) })
    }

    #[test]
    fn ages_count_back_from_now() {
        for (text, expected) in [
            ("90m", "2024-12-24T09:00:00Z"),
            ("1h30m", "2024-12-24T09:00:00Z"),
            ("36h", "2024-12-22T22:30:00Z"),
            ("3d", "2024-12-21T10:30:00Z"),
            ("2w", "2024-12-10T10:30:00Z"),
            ("5mo", "2024-07-24T10:30:00Z"),
            ("1y", "2023-12-24T10:30:00Z"),
            ("1y2mo3d", "2023-10-21T10:30:00Z"),
            ("0m", NOW),
            ("now", NOW),
            ("3 days ago", "2024-12-21T10:30:00Z"),
            (" 1  Hour ago ", "2024-12-24T09:30:00Z"),
            ("an hour ago", "2024-12-24T09:30:00Z"),
            ("1 hour 30 minutes ago", "2024-12-24T09:00:00Z"),
            ("3d ago", "2024-12-21T10:30:00Z"),
            ("1 year ago", "2023-12-24T10:30:00Z"),
            ("about 2 months ago", "2024-10-24T10:30:00Z"),
            ("about 1 minute ago", "2024-12-24T10:29:00Z"),
            ("less than a minute ago", "2024-12-24T10:29:00Z"),
            ("just now", NOW),
        ] {
            assert_eq!(ago(text), Some(time(expected)), "{text}");
        }
        assert_eq!(read_in("3d", TimeZone::UTC), Some(Named::Age { at: time("2024-12-21T10:30:00Z"), in_days: true }));
        assert!(matches!(read_in("1d2h", TimeZone::UTC), Some(Named::Age { in_days: false, .. })));
    }

    #[test]
    fn dates_months_and_words_are_local_and_whole() {
        let east = || offset(9).to_time_zone();
        let read = |text| read_in(text, TimeZone::UTC);
        assert_eq!(read("2024-12-24"), whole("2024-12-24T00:00:00Z", "2024-12-24T23:59:59.999Z"));
        assert_eq!(read_in("2024-12-24", east()), whole("2024-12-23T15:00:00Z", "2024-12-24T14:59:59.999Z"));
        assert_eq!(read("2024-02"), whole("2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999Z"));
        assert_eq!(read("today"), whole("2024-12-24T00:00:00Z", "2024-12-24T23:59:59.999Z"));
        assert_eq!(read_in("Yesterday", east()), whole("2024-12-22T15:00:00Z", "2024-12-23T14:59:59.999Z"));
        assert_eq!(read("last week"), whole("2024-12-16T00:00:00Z", "2024-12-22T23:59:59.999Z"));
        assert_eq!(read("last month"), whole("2024-11-01T00:00:00Z", "2024-11-30T23:59:59.999Z"));
        assert_eq!(read("last year"), whole("2023-01-01T00:00:00Z", "2023-12-31T23:59:59.999Z"));
        assert_eq!(read_in("2024-12-24T10:00", east()), whole("2024-12-24T01:00:00Z", "2024-12-24T01:00:59.999Z"));
        assert_eq!(read("2024-12-24 10:00:05"), whole("2024-12-24T10:00:05Z", "2024-12-24T10:00:05.999Z"));
        assert_eq!(read("2024-12-24T10:00:05.25"), whole("2024-12-24T10:00:05.250Z", "2024-12-24T10:00:05.250Z"));
        assert_eq!(read("2024-12-24T10:00:00+02:00"), whole("2024-12-24T08:00:00Z", "2024-12-24T08:00:00.999Z"));
    }

    #[test]
    fn a_day_whose_midnight_the_clocks_jump_over_starts_when_they_land() {
        let sao_paulo = TimeZone::posix("<-03>3<-02>,M10.3.0/0,M2.3.0/0").unwrap();
        assert_eq!(read_in("2018-10-21", sao_paulo), whole("2018-10-21T03:00:00Z", "2018-10-22T01:59:59.999Z"));
    }

    #[test]
    fn minutes_and_months_are_asked_about() {
        let asked = |text| named(text, Clock { now: time(NOW), zone: &|| TimeZone::UTC });
        assert_eq!(asked("1M"), Err("is that 1m (minutes) or 1mo (months)?".to_owned()));
        assert_eq!(asked("1h30M"), Err("is that 1h30m (minutes) or 1h30mo (months)?".to_owned()));
        assert_eq!(asked("M"), Ok(None));
        assert!(matches!(asked("3MO"), Ok(Some(Named::Age { .. }))));
    }

    #[test]
    fn the_time_zone_is_asked_for_only_where_it_matters() {
        let clock = Clock { now: time(NOW), zone: &|| panic!("asked") };
        for text in ["3d", "1h30m", "now", NOW, "3 days ago"] {
            assert!(named(text, clock).unwrap().is_some(), "{text}");
        }
    }

    #[test]
    fn everything_else_names_no_time() {
        for text in [
            "",
            "d",
            "3",
            "3x",
            "-3d",
            "+3d",
            "3 days",
            "3 d",
            "3.5d",
            "30m1h",
            "1h 30m",
            "tomorrow",
            "ago",
            " ago",
            "about ago",
            "a ago",
            "2024",
            "2024-13",
            "2024-13-01",
            "2024-02-30",
            "2023-02-29",
            "2024-12-24T10",
            "2024-12-24T10:00:00.",
            "2024-12-24T25:00",
            "24.12.2024",
            "99999999999999999999d",
            "999999999999d",
            "99999999999y",
            "@1",
            "é",
        ] {
            assert_eq!(read_in(text, TimeZone::UTC), None, "{text}");
        }
    }
}
