//! Moments in time: any RFC 3339 in, UTC milliseconds inside, RFC 3339 UTC out.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroI64;

/// Milliseconds since 1970-01-01T00:00:00Z, from the start of the year 0000 to the end of 9999: what RFC 3339 can write.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnixMillis(
    /// With the sign bit turned over, which makes no moment zero: a time that may be missing takes eight bytes, and long
    /// lists of trackers two thirds of the memory.
    NonZeroI64,
);

const _: () = assert!(size_of::<Option<UnixMillis>>() == 8);

/// The text is not an RFC 3339 date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time such as 2024-12-24T10:00:00Z")]
pub struct NotRfc3339;

const SECONDS_PER_DAY: i64 = 86_400;
const MILLIS_PER_DAY: i64 = SECONDS_PER_DAY * 1000;

impl UnixMillis {
    /// 0000-01-01T00:00:00Z.
    pub const MIN: UnixMillis = UnixMillis::of(-62_167_219_200_000);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: UnixMillis = UnixMillis::of(253_402_300_799_999);

    /// `None` outside [`Self::MIN`]..=[`Self::MAX`].
    pub const fn new(millis: i64) -> Option<Self> {
        if millis < Self::MIN.get() || millis > Self::MAX.get() { None } else { Some(Self::of(millis)) }
    }

    const fn of(millis: i64) -> Self {
        // OK because the one value that gives zero is far outside the range.
        Self(NonZeroI64::new(millis ^ i64::MIN).expect("a moment in the range"))
    }

    /// The nearest moment that can be held; for clocks.
    pub fn saturating(millis: i64) -> Self {
        Self::of(millis.clamp(Self::MIN.get(), Self::MAX.get()))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn get(self) -> i64 {
        self.0.get() ^ i64::MIN
    }

    /// Reads RFC 3339 `date-time`, with `T` and `Z` in either case and any offset below a day. Digits beyond the
    /// millisecond are cut off; a leap second reads as the second before it.
    ///
    /// # Errors
    /// Everything else, ISO 8601 forms that RFC 3339 does not have included.
    pub fn parse_rfc3339(text: &str) -> Result<Self, NotRfc3339> {
        match parse_canonical(text.as_bytes()) {
            Some(millis) => Ok(millis),
            None => parse_general(text.as_bytes()).ok_or(NotRfc3339),
        }
    }

    /// Whether the moment lies more than a day after `now`. A time from elsewhere (a manifest, GitHub, a commit, a mark
    /// in the cache) passes here before anything rests on it: a clock that runs ahead must not rule what comes later.
    pub fn is_ahead_of(self, now: UnixMillis) -> bool {
        self.get() > now.get().saturating_add(MILLIS_PER_DAY)
    }

    /// Appends RFC 3339 UTC, with three decimals only where there are milliseconds.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        let days = self.get().div_euclid(MILLIS_PER_DAY);
        let of_day = self.get().rem_euclid(MILLIS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let (seconds, millis) = (of_day / 1000, of_day % 1000);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put2(&mut text, 0, year / 100);
        put2(&mut text, 2, year % 100);
        put2(&mut text, 5, month);
        put2(&mut text, 8, day);
        put2(&mut text, 11, seconds / 3600);
        put2(&mut text, 14, seconds / 60 % 60);
        put2(&mut text, 17, seconds % 60);
        if millis == 0 {
            text[19] = b'Z';
            out.extend_from_slice(&text[..20]);
        } else {
            text[20] = b'0' + (millis / 100) as u8;
            put2(&mut text, 21, millis % 100);
            out.extend_from_slice(&text);
        }
    }
}

impl Ord for UnixMillis {
    fn cmp(&self, other: &Self) -> Ordering {
        self.get().cmp(&other.get())
    }
}

impl PartialOrd for UnixMillis {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnixMillis({})", self.get())
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(24);
        self.write_rfc3339(&mut text);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

fn put2(text: &mut [u8; 24], at: usize, value: i64) {
    // Casts keep the value: callers pass 0..=99.
    text[at] = b'0' + (value / 10) as u8;
    text[at + 1] = b'0' + (value % 10) as u8;
}

/// The form that GitHub writes, `2024-12-24T10:00:00Z`; `None` sends everything else to the general reader.
fn parse_canonical(text: &[u8]) -> Option<UnixMillis> {
    let text: &[u8; 20] = text.try_into().ok()?;
    if text[10] != b'T' || text[19] != b'Z' {
        return None;
    }
    let (date_time, _) = text.split_first_chunk()?;
    UnixMillis::new(utc_seconds(date_time, 0)? * 1000)
}

/// RFC 3339 section 5.6 to the letter.
fn parse_general(text: &[u8]) -> Option<UnixMillis> {
    let (date_time, rest) = text.split_first_chunk()?;
    let (millis, offset) = match rest.strip_prefix(b".") {
        None => (0, rest),
        Some(fraction) => {
            let count = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
            let (digits, offset) = fraction.split_at(count);
            let first = digits.first()?;
            let digit = |at: usize| i64::from(digits.get(at).unwrap_or(&b'0') - b'0');
            (i64::from(first - b'0') * 100 + digit(1) * 10 + digit(2), offset)
        }
    };
    UnixMillis::new(utc_seconds(date_time, offset_seconds(offset)?)? * 1000 + millis)
}

/// Seconds since the epoch of `2024-12-24T10:00:00` at an offset. A leap second is the last one of a month (appendix D).
fn utc_seconds(date_time: &[u8; 19], offset: i64) -> Option<i64> {
    let seconds = seconds_of(date_time)? - offset;
    let next = seconds + 1;
    let ends_a_month =
        || next.rem_euclid(SECONDS_PER_DAY) == 0 && civil_from_days(next.div_euclid(SECONDS_PER_DAY)).2 == 1;
    (date_time[17] != b'6' || ends_a_month()).then_some(seconds)
}

/// Seconds since the epoch of `2024-12-24T10:00:00`, as if in UTC.
fn seconds_of(text: &[u8; 19]) -> Option<i64> {
    let punctuation = (text[4], text[7], text[10].to_ascii_uppercase(), text[13], text[16]);
    if punctuation != (b'-', b'-', b'T', b':', b':') {
        return None;
    }
    let two = |at: usize| two_digits([text[at], text[at + 1]]);
    let (year, month, day) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last_day = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last_day).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let of_day = (hour * 60 + minute) * 60 + second.min(59);
    Some(days_from_civil(year, month, day) * SECONDS_PER_DAY + of_day)
}

/// Seconds east of Greenwich of `Z` or `+01:30`.
fn offset_seconds(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two_digits([h1, h2])?, two_digits([m1, m2])?);
            let seconds = (hours * 60 + minutes) * 60;
            (hours < 24 && minutes < 60).then_some(if sign == b'+' { seconds } else { -seconds })
        }
        _ => None,
    }
}

fn two_digits([tens, ones]: [u8; 2]) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Days since the epoch of a proleptic Gregorian date. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `days_from_civil`.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse, `civil_from_days` of the same source: (year, month, day).
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_rfc_3339_spelling_of_one_moment_is_that_moment() {
        let expected = UnixMillis::of(1_735_034_400_000);
        for text in [
            "2024-12-24T10:00:00Z",
            "2024-12-24t10:00:00z",
            "2024-12-24T10:00:00.000Z",
            "2024-12-24T10:00:00+00:00",
            "2024-12-24T10:00:00-00:00",
            "2024-12-24T11:30:00+01:30",
            "2024-12-23T22:00:00.0000009-12:00",
            "2024-12-24T10:00:00.00000000099999Z",
            "2024-12-25T09:59:00+23:59",
        ] {
            assert_eq!(UnixMillis::parse_rfc3339(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_rfc_3339_is_refused() {
        for text in [
            "",
            "2024-12-24",
            "2024-12-24 10:00:00Z",
            "2024-12-24T10:00:00",
            "2024-12-24T10:00Z",
            "2024-12-24T10:00:00,5Z",
            "2024-12-24T10:00:00.Z",
            "2024-12-24T10:00:00+01",
            "2024-12-24T10:00:00+24:00",
            "2024-12-24T10:00:00+25:00",
            "2024-12-24T10:00:00-01:60",
            "2024-12-24T10:00:00.5",
            "2024-12-24T10:00:00ZZ",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00+00:01",
            "2024-12-24T10:00:00+01:00[Europe/Berlin]",
            "2024-02-30T10:00:00Z",
            "2023-02-29T10:00:00Z",
            "2024-13-01T10:00:00Z",
            "2024-12-24T24:00:00Z",
            "2024-12-24T10:60:00Z",
            "2024-12-24T10:00:61Z",
            "2024-12-24T10:00:60Z",
            "2024-12-24T23:59:60Z",
            "2016-12-31T23:59:60+01:00",
            "+002024-12-24T10:00:00Z",
            "20241224T100000Z",
            "９024-12-24T10:00:00Z",
        ] {
            assert_eq!(UnixMillis::parse_rfc3339(text), Err(NotRfc3339), "{text}");
        }
    }

    #[test]
    fn the_calendar_ends_and_leap_days_are_read_exactly() {
        assert_eq!(UnixMillis::parse_rfc3339("0000-01-01T00:00:00Z"), Ok(UnixMillis::MIN));
        assert_eq!(UnixMillis::parse_rfc3339("9999-12-31T23:59:59.999Z"), Ok(UnixMillis::MAX));
        assert_eq!(UnixMillis::MAX.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(UnixMillis::parse_rfc3339("2024-02-29T00:00:00Z"), Ok(UnixMillis::of(1_709_164_800_000)));
        for leap in ["2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00", "2016-12-31T23:59:60.0-00:00"] {
            assert_eq!(UnixMillis::parse_rfc3339(leap), Ok(UnixMillis::of(1_483_228_799_000)), "{leap}");
        }
    }

    #[test]
    fn a_moment_is_ahead_from_a_day_and_a_millisecond_on() {
        let now = UnixMillis::of(0);
        for (millis, is_ahead) in [(MILLIS_PER_DAY, false), (MILLIS_PER_DAY + 1, true), (-1, false)] {
            assert_eq!(UnixMillis::of(millis).is_ahead_of(now), is_ahead, "{millis}");
        }
        assert!(!UnixMillis::MAX.is_ahead_of(UnixMillis::MAX));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(millis in UnixMillis::MIN.get()..=UnixMillis::MAX.get()) {
            let time = UnixMillis::of(millis);
            prop_assert_eq!(UnixMillis::parse_rfc3339(&time.to_string()), Ok(time));
        }

        #[test]
        fn whole_seconds_are_written_without_decimals_and_agree_with_jiff(seconds in -62_167_219_200i64..=253_402_207_200) {
            let ours = UnixMillis::of(seconds * 1000).to_string();
            prop_assert_eq!(ours.len(), 20);
            let jiff = jiff::Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(ours, jiff.to_string());
        }

        #[test]
        fn fractions_and_offsets_agree_with_jiff(
            seconds in 0i64..=253_402_000_000, fraction in "[0-9]{1,9}", hours in 0i64..24, minutes in 0i64..60, sign in "[+-]"
        ) {
            let local = UnixMillis::of(seconds * 1000).to_string();
            let text = format!("{}.{fraction}{sign}{hours:02}:{minutes:02}", &local[..19]);
            let jiff: jiff::Timestamp = text.parse().unwrap();
            let millis = i64::try_from(jiff.as_nanosecond().div_euclid(1_000_000)).unwrap();
            prop_assert_eq!(UnixMillis::parse_rfc3339(&text), UnixMillis::new(millis).ok_or(NotRfc3339));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = UnixMillis::parse_rfc3339(&text);
        }
    }
}
