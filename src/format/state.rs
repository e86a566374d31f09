//! The state hash: equal on two machines exactly when they hold the same trackers. A sum, so that a commit costs what it
//! changes.

use super::NO_TIME;
use super::fields::FieldWriter;
use crate::model::{Kind, State, Tracker, UnixMillis};

const PREFIX: &[u8] = b"gh-pmu state 1\n";

/// The hash of all published events in order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct HistoryHash(pub [u8; 32]);

impl std::fmt::Debug for HistoryHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How many trackers there are, and the sum of their hashes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StateSum {
    /// How many trackers there are.
    pub count: u64,
    /// The sum modulo 2^256, little-endian, in words.
    words: [u64; 4],
}

impl std::fmt::Debug for StateSum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StateSum({}, ", self.count)?;
        self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

impl StateSum {
    /// Returns the sum of these bytes over `count` trackers.
    pub fn from_bytes(count: u64, bytes: [u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self { count, words }
    }

    /// Returns the sum's bytes.
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.words) {
            *bytes = word.to_le_bytes();
        }
        bytes
    }

    /// Adds a tracker. `buffer` is used for its bytes.
    pub fn add(&mut self, tracker: &Tracker<'_>, buffer: &mut Vec<u8>) {
        self.count = self.count.wrapping_add(1);
        self.plus(hash_of(tracker, buffer), false);
    }

    /// Takes a tracker away that was added.
    pub fn remove(&mut self, tracker: &Tracker<'_>, buffer: &mut Vec<u8>) {
        self.count = self.count.wrapping_sub(1);
        // Subtracting is adding the two's complement.
        let hash = hash_of(tracker, buffer);
        self.plus(hash.map(|word| !word), true);
    }

    /// Adds the sum over other trackers.
    pub fn join(&mut self, other: &StateSum) {
        self.count = self.count.wrapping_add(other.count);
        self.plus(other.words, false);
    }

    fn plus(&mut self, words: [u64; 4], mut carry: bool) {
        for (sum, word) in self.words.iter_mut().zip(words) {
            let (with_word, over) = sum.overflowing_add(word);
            let (with_carry, over_again) = with_word.overflowing_add(u64::from(carry));
            (*sum, carry) = (with_carry, over | over_again);
        }
    }

    /// Returns the state hash.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(PREFIX).update(&self.count.to_le_bytes()).update(&self.bytes());
        *hasher.finalize().as_bytes()
    }
}

fn hash_of(tracker: &Tracker<'_>, out: &mut Vec<u8>) -> [u64; 4] {
    out.clear();
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
    StateSum::from_bytes(0, *blake3::hash(out).as_bytes()).words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TrackerNumber;

    fn tracker(number: u64) -> Tracker<'static> {
        let number = TrackerNumber::new(number).unwrap();
        Tracker {
            kind: Kind::Release,
            number,
            state: State::Open,
            title: "a".into(),
            created_at: None,
            closed_at: None,
        }
    }

    #[test]
    fn what_was_added_can_be_taken_away_in_any_order() {
        let mut buffer = Vec::new();
        let mut sum = StateSum::default();
        (1..50).for_each(|number| sum.add(&tracker(number), &mut buffer));
        let all = sum;
        (1..49).for_each(|number| sum.remove(&tracker(number), &mut buffer));
        let mut last = StateSum::default();
        last.add(&tracker(49), &mut buffer);
        assert_eq!(sum, last);
        (1..49).rev().for_each(|number| sum.add(&tracker(number), &mut buffer));
        assert_eq!((sum, sum.hash()), (all, all.hash()));
        sum.remove(&tracker(1), &mut buffer);
        assert_ne!(sum.hash(), all.hash());
        assert_eq!(StateSum::from_bytes(sum.count, sum.bytes()), sum);
    }
}
