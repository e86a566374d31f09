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

/// `10 months`; `None` below a minute, and in the future.
fn age(now: UnixMillis, time: UnixMillis) -> Option<String> {
    let minutes = (now.get() - time.get()) / 60_000;
    let (count, unit) = match minutes {
        ..1 => return None,
        1..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        1440..43_200 => (minutes / 1440, "day"),
        43_200..525_600 => (minutes / 43_200, "month"),
        _ => (minutes / 525_600, "year"),
    };
    Some(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
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
}
