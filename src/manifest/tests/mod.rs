//! What is accepted, what is refused and in which words, and that no bytes do worse than be refused.

mod accepted;
mod any_bytes;
mod refused;

use super::{Manifest, ManifestError, parse};
use crate::model::{Kind, TrackerNumber};

/// A manifest of one release list.
fn releases(list: &str) -> String {
    format!(r#"{{"version":1,"updated_at":"2024-12-24T10:00:00Z","repo":"octo-org/atlas","releases":{list}}}"#)
}

/// The keys of the trackers, in the manifest's order.
fn keys(manifest: &Manifest<'_>) -> Vec<(Kind, u64)> {
    manifest.trackers.iter().map(|tracker| (tracker.kind, tracker.number.get())).collect()
}

fn number(number: u64) -> TrackerNumber {
    TrackerNumber::new(number).unwrap()
}

/// How a refusal reads.
fn refusal(text: impl AsRef<[u8]>) -> String {
    let refused: Result<_, ManifestError> = parse(text.as_ref());
    match refused {
        Ok(manifest) => panic!("accepted: {manifest:?}"),
        Err(error) => error.to_string(),
    }
}
