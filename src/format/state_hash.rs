//! The state hash: equal on two machines exactly when they hold the same trackers.

use super::fields::FieldWriter;
use crate::format::NO_TIME;
use crate::model::{Kind, State, Tracker, UnixMillis};

const PREFIX: &[u8] = b"gh-pmu state 1\n";

/// Takes trackers in [`Tracker::list_order`] and gives BLAKE3 over their canonical bytes.
pub struct StateHasher {
    hasher: blake3::Hasher,
    pending: Vec<u8>,
}

impl Default for StateHasher {
    fn default() -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(PREFIX);
        Self { hasher, pending: Vec::with_capacity(FLUSH_AT + 1024) }
    }
}

/// Long inputs let BLAKE3 use the processor's vector units.
const FLUSH_AT: usize = 64 * 1024;

impl StateHasher {
    /// The next tracker.
    pub fn add(&mut self, tracker: &Tracker<'_>) {
        let out = &mut self.pending;
        out.push(match tracker.kind {
            Kind::Release => b'R',
            Kind::Microsprint => b'M',
        });
        out.push(match tracker.state {
            State::Open => b'O',
            State::Closed => b'C',
        });
        out.put_u64(tracker.number.get());
        out.put_i64(tracker.created_at.map_or(NO_TIME, UnixMillis::get));
        out.put_i64(tracker.closed_at.map_or(NO_TIME, UnixMillis::get));
        out.put_u64(tracker.title.len() as u64);
        out.extend_from_slice(tracker.title.as_bytes());
        if out.len() >= FLUSH_AT {
            self.hasher.update(out);
            out.clear();
        }
    }

    /// The hash.
    pub fn finish(mut self) -> [u8; 32] {
        self.hasher.update(&self.pending);
        *self.hasher.finalize().as_bytes()
    }
}
