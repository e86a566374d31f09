use proptest::prelude::*;

use super::{parse, releases};
use crate::model::{Kind, State, Tracker, TrackerNumber, UnixMillis};

fn tracker(kind: Kind) -> impl Strategy<Value = Tracker<'static>> {
    let time =
        || proptest::option::of((UnixMillis::MIN.get()..=UnixMillis::MAX.get()).prop_map(UnixMillis::saturating));
    let number = prop_oneof![1u64..50, 1..=TrackerNumber::MAX];
    (number, any::<bool>(), any::<String>(), time(), time()).prop_map(
        move |(number, is_open, title, created_at, closed_at)| Tracker {
            kind,
            number: TrackerNumber::new(number).unwrap(),
            state: if is_open { State::Open } else { State::Closed },
            title: title.into(),
            created_at,
            closed_at,
        },
    )
}

fn list(kind: Kind) -> impl Strategy<Value = Vec<Tracker<'static>>> {
    proptest::collection::vec(tracker(kind), 0..12).prop_map(|mut list| {
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|tracker| seen.insert(tracker.number));
        list
    })
}

fn rendered(list: &[Tracker<'_>]) -> serde_json::Value {
    let render = |tracker: &Tracker<'_>| {
        serde_json::json!({
            "number": tracker.number.get(),
            "title": tracker.title,
            "state": tracker.state.as_str(),
            "createdAt": tracker.created_at.map(|time| time.to_string()),
            "closedAt": tracker.closed_at.map(|time| time.to_string()),
        })
    };
    list.iter().map(render).collect()
}

proptest! {
    #[test]
    fn a_rendered_manifest_reads_back(
        releases in list(Kind::Release),
        microsprints in list(Kind::Microsprint),
        pretty in any::<bool>(),
    ) {
        let json = serde_json::json!({
            "version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "octo-org/atlas",
            "releases": rendered(&releases), "microsprints": rendered(&microsprints),
        });
        let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) }.unwrap();
        let mut expected = [releases, microsprints].concat();
        expected.sort_by(Tracker::list_order);
        prop_assert_eq!(parse(text.as_bytes()).unwrap().trackers, expected);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_text_of_json_signs_panics(text in "[\\[\\]{}\",:a1e.\\-\\\\u\n \u{e9}<=>]{0,60}") {
        if let Err(error) = parse(text.as_bytes()) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_damage_to_a_manifest_panics(at in 0usize..250, len in 0usize..4, patch in proptest::collection::vec(any::<u8>(), 0..4)) {
        let text = releases(r#"[{"number":430,"title":"Release: v0.9.0 \u00e9","state":"OPEN","createdAt":"2024-12-20T08:00:00Z","closedAt":null}]"#);
        let mut bytes = text.into_bytes();
        let start = at.min(bytes.len());
        let end = (start + len).min(bytes.len());
        bytes.splice(start..end, patch);
        if let Err(error) = parse(&bytes) {
            let sentence = error.to_string();
            prop_assert!(!sentence.contains('\n'), "{}", sentence);
        }
    }
}
