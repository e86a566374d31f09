use std::borrow::Cow;

use super::{keys, number, parse, releases};
use crate::model::{Kind, State, Tracker, UnixMillis};

fn time(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

const FULL: &str = r#"{"version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "Octo-Org/atlas",
 "releases": [
  {"number": 430, "title": "Release: v0.9.0", "state": "OPEN", "createdAt": "2024-12-20T08:00:00Z", "closedAt": null},
  {"number": 7, "title": "Release: v0.1.0", "state": "CLOSED", "createdAt": "2024-01-20T08:00:00Z", "closedAt": "2024-02-01T09:30:00+01:00"}],
 "microsprints": [
  {"number": 425, "title": "Microsprint: caché", "state": "CLOSED", "createdAt": "2024-12-19T08:00:00Z", "closedAt": "2024-12-21T08:00:00Z"}]}"#;

#[test]
fn a_manifest_gives_its_repository_its_time_and_every_field_of_its_trackers() {
    let manifest = parse(FULL.as_bytes()).unwrap();
    let repo = manifest.repo.unwrap();
    assert_eq!((repo.owner(), repo.name()), ("Octo-Org", "atlas"));
    assert_eq!(repo.on("ghe.example.com").unwrap().to_string(), "ghe.example.com/Octo-Org/atlas");
    assert_eq!(manifest.updated_at, time("2024-12-24T10:00:00Z"));
    let expected = Tracker {
        kind: Kind::Release,
        number: number(7),
        state: State::Closed,
        title: "Release: v0.1.0".into(),
        created_at: Some(time("2024-01-20T08:00:00Z")),
        closed_at: Some(time("2024-02-01T08:30:00Z")),
    };
    assert_eq!(manifest.trackers.len(), 3);
    assert_eq!(manifest.trackers[0].closed_at, None);
    assert_eq!(manifest.trackers[1], expected);
    assert_eq!(manifest.trackers[2].title, "Microsprint: caché");
}

#[test]
fn fields_come_in_any_order_and_unknown_ones_are_passed_over() {
    let text = r#"{"microsprints": [{"closedAt": null, "labels": ["a", {"b": [1, -2, 3.5, 1e9, true, null]}],
        "state": "OPEN", "title": "m", "createdAt": null, "number": 2}],
        "x": {"version": 9, "": "\n"}, "releases": [{"state": "OPEN", "title": "r", "number": 1}],
        "repo": "o/r", "updated_at": "2024-12-24T10:00:00Z", "x": 1, "version": 1}"#;
    let manifest = parse(text.as_bytes()).unwrap();
    assert_eq!(keys(&manifest), [(Kind::Release, 1), (Kind::Microsprint, 2)]);
}

#[test]
fn what_is_passed_over_needs_to_be_json_and_no_more() {
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for value in ["1e400", "-1e-400", r#""\ud800""#, "123456789012345678901234567890", &nested] {
        let text = format!(
            r#"{{"x":{value},"updated_at":"2024-12-24T10:00:00Z","releases":[{{"number":1,"x":{value},"title":"t","state":"OPEN"}}]}}"#
        );
        assert_eq!(keys(&parse(text.as_bytes()).unwrap()), [(Kind::Release, 1)], "{value}");
    }
}

#[test]
fn a_missing_list_is_empty() {
    for lists in ["", r#","releases":[]"#] {
        let text = format!(r#"{{"version":1,"updated_at":"2024-12-24T10:00:00Z","repo":"o/r"{lists}}}"#);
        assert_eq!(parse(text.as_bytes()).unwrap().trackers, [], "{lists}");
    }
    let only = r#"{"updated_at":"2024-12-24T10:00:00Z","microsprints":[{"number":1,"title":"","state":"OPEN"}]}"#;
    assert_eq!(keys(&parse(only.as_bytes()).unwrap()), [(Kind::Microsprint, 1)]);
}

#[test]
fn the_last_second_of_9999_and_any_digits_of_a_second_are_times() {
    let text = r#"{"updated_at": "2024-12-24T10:00:00.12345678901234567890+23:59", "releases": [
        {"number": 1, "title": "t", "state": "OPEN", "createdAt": "9999-12-31T23:59:59Z"}]}"#;
    let manifest = parse(text.as_bytes()).unwrap();
    assert_eq!(manifest.updated_at, time("2024-12-23T10:01:00.123Z"));
    assert_eq!(manifest.trackers[0].created_at, Some(time("9999-12-31T23:59:59Z")));
}

#[test]
fn missing_times_are_null() {
    let text = releases(r#"[{"number":1,"title":"t","state":"CLOSED"}]"#);
    let manifest = parse(text.as_bytes()).unwrap();
    assert_eq!((manifest.trackers[0].created_at, manifest.trackers[0].closed_at), (None, None));
}

#[test]
fn the_older_spelling_is_read_and_names_no_repository() {
    let text = r#"{"updated_at": "2024-12-24T10:00:00Z", "releases": [{"number": 1, "title": "t", "state": "closed",
        "created_at": "2024-12-20T08:00:00Z", "closed_at": "2024-12-21T08:00:00Z"}], "microsprints": []}"#;
    let manifest = parse(text.as_bytes()).unwrap();
    assert_eq!(manifest.repo, None);
    assert_eq!(manifest.trackers[0].state, State::Closed);
    assert_eq!(manifest.trackers[0].created_at, Some(time("2024-12-20T08:00:00Z")));
    assert_eq!(manifest.trackers[0].closed_at, Some(time("2024-12-21T08:00:00Z")));
}

#[test]
fn states_are_read_in_any_case() {
    for (word, state) in [("open", State::Open), ("Open", State::Open), ("closed", State::Closed)] {
        let text = releases(&format!(r#"[{{"number":1,"title":"t","state":"{word}"}}]"#));
        assert_eq!(parse(text.as_bytes()).unwrap().trackers[0].state, state, "{word}");
    }
}

#[test]
fn a_byte_order_mark_and_crlf_change_nothing() {
    let plain = parse(FULL.as_bytes()).unwrap();
    let dressed = format!("\u{feff}{}\r\n", FULL.replace('\n', "\r\n"));
    assert_eq!(parse(dressed.as_bytes()).unwrap(), plain);
}

#[test]
fn titles_are_borrowed_unless_they_have_escapes() {
    let text = releases(
        r#"[{"number":2,"title":"plän","state":"OPEN"},{"number":1,"title":"\ud83d\ude80\u0000\n","state":"OPEN"}]"#,
    );
    let manifest = parse(text.as_bytes()).unwrap();
    assert!(matches!(manifest.trackers[0].title, Cow::Borrowed("plän")));
    assert_eq!(manifest.trackers[1].title, "🚀\0\n");
}

#[test]
fn lists_in_any_order_come_out_newest_number_first() {
    for numbers in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 1, 2]] {
        let list: Vec<_> = numbers.map(|n| format!(r#"{{"number":{n},"title":"t","state":"OPEN"}}"#)).into();
        let list = list.join(",");
        for order in [["releases", "microsprints"], ["microsprints", "releases"]] {
            let text =
                format!(r#"{{"updated_at":"2024-12-24T10:00:00Z","{}":[{list}],"{}":[{list}]}}"#, order[0], order[1]);
            let manifest = parse(text.as_bytes()).unwrap();
            assert_eq!(
                keys(&manifest),
                [3, 2, 1]
                    .map(|n| (Kind::Release, n))
                    .into_iter()
                    .chain([3, 2, 1].map(|n| (Kind::Microsprint, n)))
                    .collect::<Vec<_>>()
            );
            assert!(manifest.trackers.is_sorted_by(|a, b| a.list_order(b).is_lt()));
        }
    }
}

#[test]
fn an_issue_may_be_a_release_and_a_microsprint() {
    let tracker = r#"{"number":9007199254740991,"title":"t","state":"OPEN"}"#;
    let text = format!(r#"{{"updated_at":"2024-12-24T10:00:00Z","microsprints":[{tracker}],"releases":[{tracker}]}}"#);
    let largest = (1 << 53) - 1;
    assert_eq!(keys(&parse(text.as_bytes()).unwrap()), [(Kind::Release, largest), (Kind::Microsprint, largest)]);
}

#[test]
fn the_example_checkout_has_a_manifest() {
    let manifest = parse(include_bytes!("../../../examples/atlas/.github/pmu-cache.json")).unwrap();
    assert_eq!(manifest.repo.unwrap().to_string(), "octo-org/atlas");
    let count =
        |kind, state| manifest.trackers.iter().filter(|tracker| tracker.kind == kind && tracker.state == state).count();
    assert_eq!([State::Open, State::Closed].map(|state| count(Kind::Release, state)), [3, 9]);
    assert_eq!([State::Open, State::Closed].map(|state| count(Kind::Microsprint, state)), [2, 8]);
}
