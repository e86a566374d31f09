//! Manifests to put into checkouts, and what lists must make of them.

use std::fmt::Write;

use serde_json::{Value, json};

pub const REPO: &str = "octo-org/atlas";

/// A manifest of these lists, `hour` hours into a day.
pub fn manifest(hour: u32, releases: &Value, microsprints: &Value) -> String {
    let updated_at = format!("2025-06-12T{hour:02}:00:00Z");
    json!({"version": 1, "updated_at": updated_at, "repo": REPO, "releases": releases, "microsprints": microsprints})
        .to_string()
}

/// One tracker as a manifest has it; closed where a time of closing is given.
pub fn tracker(number: u64, title: &str, created_at: Option<&str>, closed_at: Option<&str>) -> Value {
    let state = if closed_at.is_some() { "CLOSED" } else { "OPEN" };
    json!({"number": number, "title": title, "state": state, "createdAt": created_at, "closedAt": closed_at})
}

/// An open tracker without times.
pub fn open(number: u64, title: &str) -> Value {
    tracker(number, title, None, None)
}

/// Three releases and two microsprints.
pub fn small() -> String {
    small_at(10)
}

/// The same, published at another hour of the day.
pub fn small_at(hour: u32) -> String {
    let releases = json!([
        tracker(7, "Release: v0.1.0 (Falcon)", Some("2024-01-02T03:04:05Z"), Some("2024-02-03T04:05:06Z")),
        tracker(430, "Release: v0.9.0", Some("2024-12-20T08:00:00Z"), None),
        tracker(12, "Release: v0.2.0", Some("2024-03-01T00:00:00Z"), Some("2024-03-31T23:59:59Z")),
    ]);
    let microsprints = json!([
        tracker(425, "Microsprint: cache-impl", Some("2024-12-01T10:00:00Z"), Some("2024-12-05T10:00:00Z")),
        tracker(431, "Microsprint: lists", Some("2024-12-21T10:00:00Z"), None),
    ]);
    manifest(hour, &releases, &microsprints)
}

/// What `release list` prints of [`small`] into a pipe.
pub const SMALL_RELEASES: &str = "430\tOPEN\tRelease: v0.9.0\t2024-12-20T08:00:00Z\t\n\
     12\tCLOSED\tRelease: v0.2.0\t2024-03-01T00:00:00Z\t2024-03-31T23:59:59Z\n\
     7\tCLOSED\tRelease: v0.1.0 (Falcon)\t2024-01-02T03:04:05Z\t2024-02-03T04:05:06Z\n";

/// What `microsprint list` prints of it.
pub const SMALL_MICROSPRINTS: &str = "431\tOPEN\tMicrosprint: lists\t2024-12-21T10:00:00Z\t\n\
     425\tCLOSED\tMicrosprint: cache-impl\t2024-12-01T10:00:00Z\t2024-12-05T10:00:00Z\n";

/// A manifest of `count` releases, every third closed, published in that minute; titles tell minutes apart.
pub fn many(count: u64, minute: u32) -> String {
    let mut text = format!(
        "{{\"version\":1,\"updated_at\":\"2025-06-12T{:02}:{:02}:00Z\",\"repo\":\"{REPO}\",\"releases\":[",
        minute / 60,
        minute % 60
    );
    for number in 1..=count {
        let (state, closed_at) = match number % 3 {
            0 => ("CLOSED", "\"2025-02-01T00:00:00Z\""),
            _ => ("OPEN", "null"),
        };
        let comma = if number == 1 { "" } else { "," };
        write!(
            text,
            "{comma}{{\"number\":{number},\"title\":\"Release: v{minute}.{number}.0\",\"state\":\"{state}\",\
             \"createdAt\":\"2025-01-01T00:00:00Z\",\"closedAt\":{closed_at}}}"
        )
        .unwrap();
    }
    text.push_str("],\"microsprints\":[]}");
    text
}

/// What `release list` prints of [`many`].
pub fn many_listed(count: u64, minute: u32) -> String {
    let mut text = String::new();
    for number in (1..=count).rev() {
        let (state, closed_at) = if number % 3 == 0 { ("CLOSED", "2025-02-01T00:00:00Z") } else { ("OPEN", "") };
        writeln!(text, "{number}\t{state}\tRelease: v{minute}.{number}.0\t2025-01-01T00:00:00Z\t{closed_at}").unwrap();
    }
    text
}
