//! Moments as people write them: `2024-12-24`, `3d`, `yesterday`, `@412`. Owns those forms; the clock and the time zone
//! come from the caller.

use gh_pmu::model::{Seq, UnixMillis};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::value::{Clock, Value, Wrong};

/// A moment in a repository's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// That time.
    At(UnixMillis),
    /// Right after that event.
    After(Seq),
}

/// Where the answer to "what changed since" begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// At a moment.
    When(When),
    /// Where the last answer ended.
    Last,
}

impl Value for Since {
    fn read(text: &str, clock: Clock<'_>) -> Result<Self, Wrong> {
        if text.trim().eq_ignore_ascii_case("last") {
            return Ok(Self::Last);
        }
        When::read(text, clock).map(Self::When)
    }
}

impl Value for When {
    fn read(text: &str, clock: Clock<'_>) -> Result<Self, Wrong> {
        if text.trim().eq_ignore_ascii_case("last") {
            return Err(Wrong::Invalid("only `--since` knows `last`".to_owned()));
        }
        When::parse(text, clock.now, clock.zone).map_err(Wrong::Invalid)
    }
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

impl When {
    /// Reads an RFC 3339 time, a date (its start in `zone`), an age (`90m`, `36h`, `3d`, `2w`, `3 days ago`),
    /// `yesterday` (its start) or `@412`. `zone` is asked for only where it matters.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str, now: UnixMillis, zone: &dyn Fn() -> TimeZone) -> Result<Self, String> {
        let text = text.trim();
        if let Some(seq) = text.strip_prefix('@') {
            return seq_of(seq).map(Self::After).ok_or_else(|| "expected the number of an event, such as @412".into());
        }
        let time = if text.eq_ignore_ascii_case("yesterday") {
            yesterday(now, &zone())
        } else if let Some(date) = date_of(text) {
            start_of(date, &zone())
        } else if let Some(age) = age_of(text) {
            age.checked_mul(-1).and_then(|back| now.get().checked_add(back)).and_then(UnixMillis::new)
        } else {
            UnixMillis::parse_rfc3339(text).ok()
        };
        time.map(Self::At).ok_or_else(|| {
            "expected a time, a date, an age such as 90m, 36h, 3d or 2w, \"yesterday\", or an event such as @412".into()
        })
    }
}

fn seq_of(digits: &str) -> Option<Seq> {
    if !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(Seq)
}

fn date_of(text: &str) -> Option<Date> {
    let shape = |(at, c): (usize, u8)| if at == 4 || at == 7 { c == b'-' } else { c.is_ascii_digit() };
    if text.len() != 10 || !text.bytes().enumerate().all(shape) {
        return None;
    }
    text.parse().ok()
}

/// The first moment of the day: midnight, or when the clocks have jumped over it.
fn start_of(date: Date, zone: &TimeZone) -> Option<UnixMillis> {
    UnixMillis::new(date.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

fn yesterday(now: UnixMillis, zone: &TimeZone) -> Option<UnixMillis> {
    let now = Timestamp::from_millisecond(now.get()).ok()?;
    start_of(zone.to_datetime(now).date().yesterday().ok()?, zone)
}

/// `90m`, `36h`, `3d`, `2w`, or `3 days ago`, in milliseconds.
fn age_of(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, rest) = text.split_at(digits);
    let unit = match rest.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>()[..] {
        ["m"] | ["minute" | "minutes", "ago"] => MINUTE,
        ["h"] | ["hour" | "hours", "ago"] => HOUR,
        ["d"] | ["day" | "days", "ago"] => DAY,
        ["w"] | ["week" | "weeks", "ago"] => WEEK,
        _ => return None,
    };
    count.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz;

    const NOW: &str = "2024-12-24T10:30:00Z";

    fn moment(text: &str) -> When {
        When::At(UnixMillis::parse_rfc3339(text).unwrap())
    }

    fn parse_in(text: &str, zone: TimeZone) -> Result<When, String> {
        When::parse(text, UnixMillis::parse_rfc3339(NOW).unwrap(), &|| zone.clone())
    }

    fn parse(text: &str) -> Result<When, String> {
        parse_in(text, TimeZone::UTC)
    }

    #[test]
    fn ages_count_back_from_now() {
        assert_eq!(parse("90m"), Ok(moment("2024-12-24T09:00:00Z")));
        assert_eq!(parse("36h"), Ok(moment("2024-12-22T22:30:00Z")));
        assert_eq!(parse("3d"), Ok(moment("2024-12-21T10:30:00Z")));
        assert_eq!(parse("2w"), Ok(moment("2024-12-10T10:30:00Z")));
        assert_eq!(parse("3 days ago"), parse("3d"));
        assert_eq!(parse(" 1  Hour ago "), Ok(moment("2024-12-24T09:30:00Z")));
        assert_eq!(parse("0m"), Ok(moment(NOW)));
    }

    #[test]
    fn dates_and_yesterday_start_at_local_midnight() {
        let east = || tz::offset(9).to_time_zone();
        assert_eq!(parse("2024-12-24"), Ok(moment("2024-12-24T00:00:00Z")));
        assert_eq!(parse_in("2024-12-24", east()), Ok(moment("2024-12-23T15:00:00Z")));
        assert_eq!(parse("yesterday"), Ok(moment("2024-12-23T00:00:00Z")));
        assert_eq!(parse_in("Yesterday", east()), Ok(moment("2024-12-22T15:00:00Z")));
        let west = tz::offset(-11).to_time_zone();
        assert_eq!(parse_in("yesterday", west), Ok(moment("2024-12-22T11:00:00Z")));
    }

    #[test]
    fn a_day_whose_midnight_the_clocks_jump_over_starts_when_they_land() {
        let sao_paulo = TimeZone::posix("<-03>3<-02>,M10.3.0/0,M2.3.0/0").unwrap();
        assert_eq!(parse_in("2018-10-21", sao_paulo), Ok(moment("2018-10-21T03:00:00Z")));
    }

    #[test]
    fn times_events_and_last_are_read() {
        assert_eq!(parse("2024-12-24T10:00:00+02:00"), Ok(moment("2024-12-24T08:00:00Z")));
        assert_eq!(parse("@412"), Ok(When::After(Seq(412))));
        assert_eq!(parse("@0"), Ok(When::After(Seq(0))));
        let now = UnixMillis::parse_rfc3339(NOW).unwrap();
        let clock = Clock { now, zone: &|| TimeZone::UTC };
        assert_eq!(Since::read("last", clock), Ok(Since::Last));
        assert_eq!(Since::read("@412", clock), Ok(Since::When(When::After(Seq(412)))));
        assert!(When::read("last", clock).is_err());
    }

    #[test]
    fn the_time_zone_is_asked_for_only_for_dates() {
        let no_zone: &dyn Fn() -> TimeZone = &|| panic!("asked");
        let now = UnixMillis::parse_rfc3339(NOW).unwrap();
        for text in ["3d", "@1", NOW] {
            assert!(When::parse(text, now, no_zone).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_says_what_was_expected() {
        for text in [
            "",
            "d",
            "3",
            "3x",
            "-3d",
            "+3d",
            "3 days",
            "3.5d",
            "tomorrow",
            "2024-13-01",
            "2024-02-30",
            "99999999999999999999d",
            "999999999999d",
            "2024-12-24 10:00",
        ] {
            assert!(parse(text).unwrap_err().starts_with("expected a time, a date, an age"), "{text}");
        }
        for text in ["@", "@x", "@-1", "@+1", "@99999999999999999999999"] {
            assert_eq!(parse(text), Err("expected the number of an event, such as @412".into()), "{text}");
        }
    }
}
