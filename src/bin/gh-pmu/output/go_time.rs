//! Times in Go's layouts, such as `Mon Jan 2, 2006`. Owns that notation; times are UTC, as all that this program knows.
//!
//! The notation is that of <https://pkg.go.dev/time#pkg-constants>: what the layout shows is how Monday, 2 January 2006,
//! 15:04:05 would be written.

use gh_pmu::model::UnixMillis;
use jiff::fmt::strtime;
use jiff::{SignedDuration, civil};

/// What stands in a layout, and the conversion specification of `strftime` for it. Of two that begin alike, the longer
/// one comes first.
const ELEMENTS: [(&str, &str); 35] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "UTC"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("1", "%-m"),
    ("2006", "%Y"),
    ("2", "%-d"),
    ("__2", "%_j"),
    ("_2006", "_%Y"),
    ("_2", "%e"),
    ("3", "%-I"),
    ("4", "%-M"),
    ("5", "%-S"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("-070000", "+000000"),
    ("-07:00:00", "+00:00:00"),
    ("-0700", "+0000"),
    ("-07:00", "+00:00"),
    ("-07", "+00"),
    ("Z070000", "Z"),
    ("Z07:00:00", "Z"),
    ("Z0700", "Z"),
    ("Z07:00", "Z"),
    ("Z07", "Z"),
    ("%", "%%"),
];

/// The time as the layout shows it; `None` where the time cannot be written so.
pub fn format(layout: &str, time: UnixMillis) -> Option<String> {
    let since_epoch = SignedDuration::from_millis(time.get());
    let utc = civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since_epoch).ok()?;
    let mut format = String::with_capacity(layout.len() * 2);
    let mut rest = layout;
    while let Some(next) = rest.chars().next() {
        if let Some((text, after)) = fraction(rest, time) {
            format.push_str(&text);
            rest = after;
        } else if let Some((element, specification)) = ELEMENTS.iter().find(|(element, _)| begins_with(rest, element)) {
            format.push_str(specification);
            rest = &rest[element.len()..];
        } else {
            format.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    strtime::format(&format, utc).ok()
}

/// A short name is one only where no small letter goes on: `Month` has no `Mon` in it.
fn begins_with(layout: &str, element: &str) -> bool {
    let Some(after) = layout.strip_prefix(element) else { return false };
    !matches!(element, "Jan" | "Mon") || !after.starts_with(|c: char| c.is_ascii_lowercase())
}

/// `.000` or `,000` shows as many digits of the second's fraction; with nines, zeros at the end are left out.
fn fraction(layout: &str, time: UnixMillis) -> Option<(String, &str)> {
    const MAX_DIGITS: usize = 9;
    let after = layout.strip_prefix(['.', ','])?;
    let digit = after.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let rest = after.trim_start_matches(digit);
    let count = after.len() - rest.len();
    if count > MAX_DIGITS || rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{:03}000000", time.get().rem_euclid(1000));
    let digits = &digits[..count];
    let shown = if digit == '9' { digits.trim_end_matches('0') } else { digits };
    let text = if shown.is_empty() { String::new() } else { format!("{}{shown}", &layout[..1]) };
    Some((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What gh 2.23 prints for these layouts.
    #[test]
    fn layouts_are_those_of_go() {
        let time = UnixMillis::parse_rfc3339("2024-02-05T20:08:03.120Z").unwrap();
        for (layout, expected) in [
            ("Mon Jan 2, 2006", "Mon Feb 5, 2024"),
            ("Monday, 02 January 06", "Monday, 05 February 24"),
            ("2006-01-02T15:04:05Z07:00", "2024-02-05T20:08:03Z"),
            ("Mon, 02 Jan 2006 15:04:05 MST -0700 -07:00 -07", "Mon, 05 Feb 2024 20:08:03 UTC +0000 +00:00 +00"),
            ("3:04PM 03:4:5pm", "8:08PM 08:8:3pm"),
            ("1/_2/2006 002 __2 _2006", "2/ 5/2024 036  36 _2024"),
            (".000 .999 .99 ,0 .0001", ".120 .12 .12 ,1 .0002"),
            ("Month Janus 100% é", "Month Janus 200% é"),
        ] {
            assert_eq!(format(layout, time).as_deref(), Some(expected), "{layout}");
        }
        assert_eq!(format(".999", UnixMillis::parse_rfc3339("2024-02-05T20:08:03Z").unwrap()).as_deref(), Some(""));
    }
}
