//! How long ago, in gh's words. Owns the words; "now" comes from the caller.

use gh_pmu::model::UnixMillis;

/// `about 10 months ago`: whole units, months of 30 and years of 365 days.
pub fn ago(now: UnixMillis, time: UnixMillis) -> String {
    age(now, time).map_or_else(|| "less than a minute ago".to_owned(), |age| format!("about {age} ago"))
}

/// `10 months ago`, as gh's templates say it.
pub fn timeago(now: UnixMillis, time: UnixMillis) -> String {
    age(now, time).map_or_else(|| "just now".to_owned(), |age| format!("{age} ago"))
}

/// `10mo`, for where there is no room for words.
pub fn short(now: UnixMillis, time: UnixMillis) -> String {
    counted(now, time).map_or_else(|| "now".to_owned(), |(count, unit)| format!("{count}{}", unit.short()))
}

/// `10 months`, of the time between two moments.
pub fn span(from: UnixMillis, to: UnixMillis) -> String {
    age(to, from).unwrap_or_else(|| "less than a minute".to_owned())
}

/// The moment of which something is: `10 months ago`, also below a minute.
pub fn of(now: UnixMillis, time: UnixMillis) -> String {
    span(time, now) + " ago"
}

#[derive(Clone, Copy)]
enum Unit {
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl Unit {
    const fn word(self) -> &'static str {
        match self {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Month => "month",
            Unit::Year => "year",
        }
    }

    const fn short(self) -> &'static str {
        match self {
            Unit::Minute => "m",
            Unit::Hour => "h",
            Unit::Day => "d",
            Unit::Month => "mo",
            Unit::Year => "y",
        }
    }
}

/// `10 months`; `None` below a minute, and in the future.
fn age(now: UnixMillis, time: UnixMillis) -> Option<String> {
    let (count, unit) = counted(now, time)?;
    Some(format!("{count} {}{}", unit.word(), if count == 1 { "" } else { "s" }))
}

fn counted(now: UnixMillis, time: UnixMillis) -> Option<(i64, Unit)> {
    let minutes = (now.get() - time.get()) / 60_000;
    Some(match minutes {
        ..1 => return None,
        1..60 => (minutes, Unit::Minute),
        60..1440 => (minutes / 60, Unit::Hour),
        1440..43_200 => (minutes / 1440, Unit::Day),
        43_200..525_600 => (minutes / 43_200, Unit::Month),
        _ => (minutes / 525_600, Unit::Year),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_as_gh_tells_them() {
        let now = UnixMillis::parse_rfc3339("2024-12-24T10:00:00Z").unwrap();
        for (time, expected) in [
            ("2024-12-24T09:59:01Z", "less than a minute ago"),
            ("2024-12-25T09:59:01Z", "less than a minute ago"),
            ("2024-12-24T09:59:00Z", "about 1 minute ago"),
            ("2024-12-24T09:00:01Z", "about 59 minutes ago"),
            ("2024-12-24T09:00:00Z", "about 1 hour ago"),
            ("2024-12-23T10:00:00Z", "about 1 day ago"),
            ("2024-11-25T10:00:00Z", "about 29 days ago"),
            ("2024-11-24T10:00:00Z", "about 1 month ago"),
            ("2024-02-20T10:00:00Z", "about 10 months ago"),
            ("2022-12-24T10:00:00Z", "about 2 years ago"),
        ] {
            assert_eq!(ago(now, UnixMillis::parse_rfc3339(time).unwrap()), expected, "{time}");
        }
    }

    #[test]
    fn short_ages_have_a_letter_or_two() {
        let now = UnixMillis::parse_rfc3339("2024-12-24T10:00:00Z").unwrap();
        for (time, expected, span) in [
            ("2024-12-24T09:59:01Z", "now", "less than a minute ago"),
            ("2024-12-24T09:10:00Z", "50m", "50 minutes ago"),
            ("2024-12-24T05:00:00Z", "5h", "5 hours ago"),
            ("2024-12-21T10:00:00Z", "3d", "3 days ago"),
            ("2024-10-20T10:00:00Z", "2mo", "2 months ago"),
            ("2023-12-20T10:00:00Z", "1y", "1 year ago"),
        ] {
            let time = UnixMillis::parse_rfc3339(time).unwrap();
            assert_eq!((&*short(now, time), &*of(now, time)), (expected, span));
        }
    }
}
