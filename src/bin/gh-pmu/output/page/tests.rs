use super::*;
use gh_pmu::model::{Event, Seq, TrackerNumber};

fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

fn number(number: u64) -> TrackerNumber {
    TrackerNumber::new(number).unwrap()
}

fn page_of(title: &str, change: Change<'static>) -> String {
    let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
    let tracker = Tracker {
        kind: Kind::Release,
        number: number(430),
        state: State::Open,
        title: title.into(),
        created_at: Some(at("1970-01-01T00:00:01Z")),
        closed_at: None,
    };
    let row = EventRow {
        repo: &repo,
        seq: Seq(1),
        event: Event { kind: Kind::Microsprint, number: number(9), change },
        changed_at: at("1970-01-01T00:00:05Z"),
        synced_at: at("1970-01-01T00:00:06Z"),
        source: "manifest",
        manifest: None,
        commit: None,
        id: String::new(),
        baseline: false,
        published: true,
        is_provisional: false,
    };
    let page = Page {
        repo: &repo,
        source: Some(("Manifest", at("1970-01-01T00:00:05Z"))),
        generated_at: at("1970-01-01T00:00:09Z"),
        from: None,
        to: None,
        kind: None,
        trackers: &[tracker],
        events: &[row],
        is_cut: false,
    };
    String::from_utf8(page.html()).unwrap()
}

fn removed() -> Change<'static> {
    let times = Times { created_at: None, closed_at: Some(at("1970-01-01T00:00:04Z")) };
    Change::Removed { state: State::Closed, title: "Microsprint: x".into(), times }
}

#[test]
fn the_data_are_rows_of_the_present_and_of_what_events_changed() {
    let page = page_of("Release: v1.0.0 (Phoenix)", removed());
    let expected = concat!(
        "{\"url\":\"https://github.com/o/r\",\"source\":\"Manifest\",\"kind\":null,\"sourceAt\":5000,",
        "\"generated\":9000,\"from\":null,\"to\":null,\"cut\":false,\"prefixes\":[\"Release: \",\"Microsprint: \"],\"trackers\":[\n",
        "[0,430,1,0,\"v1.0.0 (Phoenix)\",1000,null]],\"events\":[\n",
        "[5000,1,9,\"removed\",[0,1,\"x\",null,4000]]]}</script>"
    );
    assert!(page.contains(expected), "{page}");
    let retitled = Change::Retitled {
        state: State::Open,
        before: "Other: y".into(),
        after: "Microsprint: y".into(),
        times: Times { created_at: None, closed_at: None },
    };
    assert!(page_of("x", retitled).contains("[5000,1,9,\"retitled\",[0,\"Other: y\"]]"));
}

#[test]
fn every_place_of_the_template_is_filled() {
    let page = page_of("x", removed());
    let names: Vec<&str> = TEMPLATE.split("{{").skip(1).map(|part| part.split_once("}}").unwrap().0).collect();
    assert!(names.len() > 8 && names.iter().all(|name| !page.contains(&format!("{{{{{name}}}}}"))), "{names:?}");
}

#[test]
fn a_title_cannot_end_the_element_that_its_data_stand_in() {
    let page = page_of("Release: </script><!-- {{style}} \u{202e}", removed());
    assert!(page.contains("\"\\u003c/script>\\u003c!-- {{style}} \\\\u{202e}\""), "{page}");
    assert_eq!(page.matches("</script").count(), 3);
}

#[test]
fn parts_of_the_page_cannot_end_their_own_elements() {
    for script in SCRIPT.into_iter().chain([include_str!("uplot/uPlot.iife.min.js")]) {
        assert!(!script.contains("</script") && !script.contains("<!--"));
    }
    assert!(!include_str!("uplot/LICENSE").contains("--"));
}
