//! Ranges of dates in GitHub's search syntax. Owns that syntax; must not know what is filtered by it.

use gh_pmu::model::UnixMillis;
use gh_pmu::query::TimeRange;

/// Reads `A..B`, `*..B`, `A..*`, `>=A`, `>A`, `<=A`, `<A` or `A`, where `A` and `B` are dates, which are whole days
/// in UTC as on GitHub, or RFC 3339 times.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse(text: &str) -> Result<TimeRange, String> {
    let text = text.trim();
    if let Some((from, to)) = text.split_once("..") {
        let side = |text: &str| match text.trim() {
            "*" => Ok(None),
            side => span(side).map(Some),
        };
        let (from, to) = (side(from)?, side(to)?);
        if let (Some((from, _)), Some((_, to))) = (from, to)
            && from > to
        {
            return Err("the range ends before it starts".to_owned());
        }
        return Ok(TimeRange { min: from.map(|(first, _)| first), max: to.map(|(_, last)| last) });
    }
    let bound = |rest: &str| span(rest.trim());
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
    let (first, last) = bound(text)?;
    Ok(TimeRange { min: Some(first), max: Some(last) })
}

/// The first and the last millisecond of what is named.
fn span(text: &str) -> Result<(UnixMillis, UnixMillis), String> {
    if let Some((first, last)) = day(text) {
        return Ok((first, last));
    }
    let time = UnixMillis::parse_rfc3339(text).map_err(|_| {
        let forms = "a date or a range of dates such as 2024-12-24, >=2024-12-01 or 2024-12-01..2024-12-31";
        format!("expected {forms}")
    })?;
    // A time without a fraction is that whole second.
    let last = if text.contains('.') { time } else { shifted(time, 999) };
    Ok((time, last))
}

fn day(text: &str) -> Option<(UnixMillis, UnixMillis)> {
    if text.len() != 10 {
        return None;
    }
    let first = UnixMillis::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()?;
    Some((first, shifted(first, 86_399_999)))
}

fn shifted(time: UnixMillis, millis: i64) -> UnixMillis {
    UnixMillis::saturating(time.get() + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<UnixMillis> {
        Some(UnixMillis::parse_rfc3339(text).unwrap())
    }

    fn parsed(text: &str) -> (Option<UnixMillis>, Option<UnixMillis>) {
        let TimeRange { min, max } = parse(text).unwrap();
        (min, max)
    }

    #[test]
    fn a_date_is_its_whole_day_in_utc() {
        let whole_day = (at("2024-12-24T00:00:00Z"), at("2024-12-24T23:59:59.999Z"));
        assert_eq!(parsed("2024-12-24"), whole_day);
        assert_eq!(parsed("2024-12-24..2024-12-24"), whole_day);
        assert_eq!(parsed(" 2024-02-29 ").0, at("2024-02-29T00:00:00Z"));
    }

    #[test]
    fn ranges_include_both_ends_and_may_be_open() {
        let december = (at("2024-12-01T00:00:00Z"), at("2024-12-31T23:59:59.999Z"));
        assert_eq!(parsed("2024-12-01..2024-12-31"), december);
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
    fn what_is_no_range_says_what_was_expected() {
        for text in [
            "",
            "*",
            ">",
            "..",
            "2024",
            "2024-12",
            "2024-13-01",
            "2023-02-29",
            "=2024-12-01",
            "2024-12-01..",
            "24.12.2024",
            "2024-12-0é",
            "yesterday",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("expected a date or a range of dates such as 2024-12-24"), "{text}: {error}");
        }
        assert_eq!(parse("2024-12-31..2024-12-01"), Err("the range ends before it starts".to_owned()));
    }

    #[test]
    fn a_time_that_is_not_known_is_in_no_range() {
        let range = parse("2024-12-24").unwrap();
        assert!(range.contains(at("2024-12-24T12:00:00Z")));
        assert!(!range.contains(at("2024-12-25T00:00:00Z")));
        assert!(!range.contains(None));
        assert!(!parse("*..*").unwrap().contains(None));
    }
}
