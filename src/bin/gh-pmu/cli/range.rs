//! Ranges of time in GitHub's search syntax. Owns that syntax; the words for times are those of [`super::moment`].

use gh_pmu::model::UnixMillis;
use gh_pmu::query::TimeRange;

use super::moment::{Named, day_of, named};
use super::value::{Clock, Value, Wrong};

const SAMPLES: &str = "expected a date or a range of dates such as 2024-12-24, >=2024-12-01 or 2024-12-01..2024-12-31";

/// `A..B`, `*..B`, `A..*`, `>=A`, `>A`, `<=A`, `<A` or `A`, where `A` and `B` are times in any words. A date is the whole
/// of its local day.
impl Value for TimeRange {
    fn read(text: &str, clock: Clock<'_>) -> Result<Self, Wrong> {
        range(text.trim(), clock).map_err(Wrong::Invalid)
    }
}

fn range(text: &str, clock: Clock<'_>) -> Result<TimeRange, String> {
    if let Some((from, to)) = text.split_once("..") {
        if from.is_empty() != to.is_empty() {
            return Err(format!("{SAMPLES}; an open end is written *, as in 2024-12-01..*"));
        }
        let side = |text: &str| match text.trim() {
            "*" => Ok(None),
            side => span(side, clock).map(Some),
        };
        let (from, to) = (side(from)?, side(to)?);
        if let (Some((from, _)), Some((_, to))) = (from, to)
            && from > to
        {
            return Err("the range ends before it starts".to_owned());
        }
        return Ok(TimeRange { min: from.map(|(first, _)| first), max: to.map(|(_, last)| last) });
    }
    let bound = |rest: &str| span(rest, clock);
    if let Some(rest) = text.strip_prefix(">=") {
        return Ok(TimeRange { min: Some(bound(rest)?.0), max: None });
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Ok(TimeRange { min: None, max: Some(bound(rest)?.1) });
    }
    if let Some(rest) = text.strip_prefix('>') {
        return Ok(TimeRange { min: Some(shifted(bound(rest)?.1, 1)), max: None });
    }
    if let Some(rest) = text.strip_prefix('<') {
        return Ok(TimeRange { min: None, max: Some(shifted(bound(rest)?.0, -1)) });
    }
    let (first, last) = match words(text, clock)? {
        // "3 days ago" alone is that day, "90m" that minute.
        Named::Age { at, in_days: true } => ends(day_of(at, clock).ok_or(SAMPLES)?),
        Named::Age { at, in_days: false } => (at, shifted(at, 59_999)),
        span => ends(span),
    };
    Ok(TimeRange { min: Some(first), max: Some(last) })
}

/// The first and the last millisecond of what is named.
fn span(text: &str, clock: Clock<'_>) -> Result<(UnixMillis, UnixMillis), String> {
    words(text, clock).map(ends)
}

fn ends(named: Named) -> (UnixMillis, UnixMillis) {
    match named {
        Named::Age { at, .. } => (at, at),
        Named::Span { first, last } => (first, last),
    }
}

fn words(text: &str, clock: Clock<'_>) -> Result<Named, String> {
    named(text, clock)?.ok_or_else(|| SAMPLES.to_owned())
}

fn shifted(time: UnixMillis, millis: i64) -> UnixMillis {
    UnixMillis::saturating(time.get() + millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::{TimeZone, offset};

    fn at(text: &str) -> Option<UnixMillis> {
        Some(UnixMillis::parse_rfc3339(text).unwrap())
    }

    fn read_in(text: &str, zone: TimeZone) -> Result<TimeRange, Wrong> {
        let now = at("2024-12-24T10:30:00Z").unwrap();
        TimeRange::read(text, Clock { now, zone: &|| zone.clone() })
    }

    fn parsed(text: &str) -> (Option<UnixMillis>, Option<UnixMillis>) {
        let TimeRange { min, max } = read_in(text, TimeZone::UTC).unwrap();
        (min, max)
    }

    #[test]
    fn a_date_is_its_whole_local_day() {
        let whole_day = (at("2024-12-24T00:00:00Z"), at("2024-12-24T23:59:59.999Z"));
        assert_eq!(parsed("2024-12-24"), whole_day);
        assert_eq!(parsed("2024-12-24..2024-12-24"), whole_day);
        assert_eq!(parsed("today"), whole_day);
        let east = read_in("2024-12-24", offset(9).to_time_zone()).unwrap();
        assert_eq!((east.min, east.max), (at("2024-12-23T15:00:00Z"), at("2024-12-24T14:59:59.999Z")));
    }

    #[test]
    fn every_word_for_a_time_is_a_bound_too() {
        assert_eq!(parsed("yesterday"), (at("2024-12-23T00:00:00Z"), at("2024-12-23T23:59:59.999Z")));
        assert_eq!(parsed("2024-11"), (at("2024-11-01T00:00:00Z"), at("2024-11-30T23:59:59.999Z")));
        assert_eq!(parsed(">=3d"), (at("2024-12-21T10:30:00Z"), None));
        assert_eq!(parsed("2 weeks ago..now"), (at("2024-12-10T10:30:00Z"), at("2024-12-24T10:30:00Z")));
        assert_eq!(parsed("3 days ago"), parsed("2024-12-21"));
        assert_eq!(parsed("90m"), (at("2024-12-24T09:00:00Z"), at("2024-12-24T09:00:59.999Z")));
    }

    #[test]
    fn ranges_include_both_ends_and_may_be_open() {
        let december = (at("2024-12-01T00:00:00Z"), at("2024-12-31T23:59:59.999Z"));
        assert_eq!(parsed("2024-12-01..2024-12-31"), december);
        assert_eq!(parsed("2024-12..2024-12"), december);
        assert_eq!(parsed("*..2024-12-31"), (None, december.1));
        assert_eq!(parsed("2024-12-01..*"), (december.0, None));
        assert_eq!(parsed("*..*"), (None, None));
    }

    #[test]
    fn comparisons_leave_the_day_out_or_take_it_in() {
        assert_eq!(parsed(">=2024-12-01"), (at("2024-12-01T00:00:00Z"), None));
        assert_eq!(parsed(">2024-12-01"), (at("2024-12-02T00:00:00Z"), None));
        assert_eq!(parsed("<=2024-12-01"), (None, at("2024-12-01T23:59:59.999Z")));
        assert_eq!(parsed("<2024-12-01"), (None, at("2024-11-30T23:59:59.999Z")));
        assert_eq!(parsed("> 2024-12-01"), parsed(">2024-12-01"));
    }

    #[test]
    fn times_are_exact_and_have_offsets() {
        assert_eq!(parsed(">=2024-12-24T10:00:00+01:00").0, at("2024-12-24T09:00:00Z"));
        assert_eq!(parsed("2024-12-24T10:00:00Z"), (at("2024-12-24T10:00:00Z"), at("2024-12-24T10:00:00.999Z")));
        assert_eq!(parsed(">2024-12-24T10:00:00Z").0, at("2024-12-24T10:00:01Z"));
        assert_eq!(parsed("<2024-12-24T10:00:00.500Z").1, at("2024-12-24T10:00:00.499Z"));
    }

    #[test]
    fn what_is_no_range_shows_three_samples() {
        for text in ["", "*", ">", "..", "2024", "2024-13-01", "2023-02-29", "=2024-12-01", "@412", "é"] {
            let error = read_in(text, TimeZone::UTC).unwrap_err();
            assert_eq!(error, Wrong::Invalid(SAMPLES.to_owned()), "{text}");
        }
        for text in ["2024-12-01..", "..yesterday"] {
            assert!(
                matches!(read_in(text, TimeZone::UTC), Err(Wrong::Invalid(reason)) if reason.ends_with("2024-12-01..*")),
                "{text}"
            );
        }
        let backwards = read_in("2024-12-31..2024-12-01", TimeZone::UTC);
        assert_eq!(backwards, Err(Wrong::Invalid("the range ends before it starts".to_owned())));
        assert!(matches!(read_in(">1M", TimeZone::UTC), Err(Wrong::Invalid(asked)) if asked.contains("1mo")));
    }

    #[test]
    fn a_time_that_is_not_known_is_in_no_range() {
        let range = read_in("2024-12-24", TimeZone::UTC).unwrap();
        assert!(range.contains(at("2024-12-24T12:00:00Z")));
        assert!(!range.contains(at("2024-12-25T00:00:00Z")));
        assert!(!range.contains(None));
        assert!(!read_in("*..*", TimeZone::UTC).unwrap().contains(None));
    }
}
