//! What is the same on every machine: the names of events, and the hash of published history.

use super::{HistoryHash, SyncRecord};

/// The name of an event: equal on every machine that has it from the same source.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct EventId(pub [u8; 16]);

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// What published the changes of a frame.
fn origin(record: &SyncRecord, published: bool) -> Vec<u8> {
    let repo = record.repo.to_ascii_lowercase();
    let mut out = Vec::with_capacity(repo.len() + 64);
    // OK because a repository's name has at most a few hundred bytes.
    out.extend_from_slice(&(repo.len() as u16).to_le_bytes());
    out.extend_from_slice(repo.as_bytes());
    out.push(record.source.code());
    match (&record.commit, &record.manifest) {
        (Some(commit), _) if published => {
            out.push(b'c');
            out.push(commit.len() as u8);
            out.extend_from_slice(commit);
        }
        (_, Some(manifest)) => {
            out.push(b'm');
            out.extend_from_slice(manifest);
        }
        _ => {
            out.push(b't');
            out.extend_from_slice(&record.updated_at.get().to_le_bytes());
        }
    }
    out.extend_from_slice(&record.changed_at.get().to_le_bytes());
    out
}

/// Returns the name of an event of a frame, from the event's canonical bytes.
pub fn event_id(record: &SyncRecord, published: bool, canonical: &[u8]) -> EventId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"gh-pmu event 1\n").update(&origin(record, published)).update(canonical);
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    EventId(id)
}

/// Returns the history hash after a published frame with events: `before` is that of the frame before it, and `canonical`
/// the canonical bytes of its events, one after the other.
pub fn history_hash(before: HistoryHash, record: &SyncRecord, count: u64, canonical: &[u8]) -> HistoryHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"gh-pmu history 1\n").update(&before.0).update(&origin(record, true));
    hasher.update(&count.to_le_bytes()).update(canonical);
    HistoryHash(*hasher.finalize().as_bytes())
}
