//! The lists of trackers that the other gh-pmu kept in its own file (`cache: {releases: […]}`, versions 0.9 and 0.10).

use gh_pmu::model::UnixMillis;
use serde_json::{Value as Json, json};

use super::yaml::{self, Node, Value};

/// The manifest that such a file stood for; `None` where it has no lists, or none that can be read.
pub fn manifest_of_lists(file: &[u8], dated: UnixMillis) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(file).ok()?;
    let Value::Mapping(section) = yaml::top_level(text, "cache").ok()??.value else { return None };
    let mut manifest = json!({"version": 1, "updated_at": dated.to_string()});
    let mut has_lists = false;
    for list in ["releases", "microsprints"] {
        if let Some((.., node)) = section.iter().find(|(key, ..)| key == list) {
            (manifest[list], has_lists) = (trackers(node)?, true);
        }
    }
    has_lists.then(|| manifest.to_string().into_bytes())
}

fn trackers(list: &Node) -> Option<Json> {
    let Value::Sequence(entries) = &list.value else { return None };
    let tracker = |entry: &Node| {
        let Value::Mapping(entry) = &entry.value else { return None };
        let text = |wanted: &str| match &entry.iter().find(|(key, ..)| key == wanted)?.2.value {
            Value::Scalar { text, .. } => Some(text.as_str()),
            _ => None,
        };
        let number: u64 = text("number")?.parse().ok()?;
        Some(json!({"number": number, "title": text("title")?, "state": text("state")?}))
    };
    entries.iter().map(tracker).collect()
}
