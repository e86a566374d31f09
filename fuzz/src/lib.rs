//! What the fuzz targets share: nouns out of arbitrary bytes.

use arbitrary::Arbitrary;
use gh_pmu::format::FileId;
use gh_pmu::model::{Kind, State, Tracker, TrackerNumber, UnixMillis};

/// The file that all frames are bound to.
pub const FILE: FileId = FileId([7; 16]);

/// A tracker whose numbers often meet those of others.
#[derive(Arbitrary, Clone, Debug)]
pub struct AnyTracker {
    is_release: bool,
    is_open: bool,
    number: u64,
    title: String,
    created_at: Option<i64>,
    closed_at: Option<i64>,
}

impl AnyTracker {
    fn tracker(&self) -> Tracker<'static> {
        let number = if self.number.is_multiple_of(4) { self.number >> 11 } else { self.number % 32 };
        let title: String = self.title.chars().take(16).collect();
        Tracker {
            kind: if self.is_release { Kind::Release } else { Kind::Microsprint },
            number: TrackerNumber::new(number.max(1)).expect("OK because 53 bits are left of a number"),
            state: if self.is_open { State::Open } else { State::Closed },
            title: title.into(),
            created_at: self.created_at.map(UnixMillis::saturating),
            closed_at: self.closed_at.map(UnixMillis::saturating),
        }
    }
}

/// A state as everything below takes it: in list order, each key once.
pub fn state_of(trackers: &[AnyTracker]) -> Vec<Tracker<'static>> {
    let mut state: Vec<_> = trackers.iter().take(160).map(AnyTracker::tracker).collect();
    state.sort_by(Tracker::list_order);
    state.dedup_by_key(|tracker| tracker.list_key());
    state
}
