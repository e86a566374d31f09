//! What repairs know of a damaged log, and what they make of it.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::format::{HistoryHash, Source, SyncRecord};
use crate::model::{Event, Seq, Tracker, UnixMillis};

/// A state that git still holds: the sync that would have brought it, and its trackers in list order.
pub type PastState = (SyncRecord, Vec<Tracker<'static>>);

/// All trackers of a moment, with their last events.
pub(super) type Whole = Vec<(Tracker<'static>, Seq)>;

/// The state that an index holds.
pub(super) struct Indexed {
    pub(super) seq: Seq,
    pub(super) changed_at: UnixMillis,
    /// The history hash, if all of it is published.
    pub(super) published: Option<HistoryHash>,
    pub(super) trackers: Whole,
}

/// Everything that verifies, of live history.
#[derive(Default)]
pub(super) struct Known {
    pub(super) first_seq: Seq,
    /// The last number of a published event.
    pub(super) published_seq: Seq,
    /// The first event after a base, its sync, and its trackers with their last events.
    pub(super) base: Option<(Seq, SyncRecord, Whole)>,
    /// The syncs of published events have a history hash.
    pub(super) events: BTreeMap<Seq, (Rc<SyncRecord>, Event<'static>)>,
    /// Of each of them, the event of the same tracker before it.
    pub(super) before: BTreeMap<Seq, Seq>,
    pub(super) index: Option<Indexed>,
    /// Whether commits may be missing at the end.
    pub(super) tail_in_doubt: bool,
}

impl Known {
    /// The record of changes before `until` whose own record is lost.
    pub(super) fn recovered(&self, until: Seq, changed_at: UnixMillis) -> SyncRecord {
        let published = until.0 <= self.published_seq.0 + 1 && self.published_seq > Seq(0);
        recovered(published.then(HistoryHash::default), changed_at)
    }
}

/// The record of changes whose own record is lost.
pub(super) fn recovered(history: Option<HistoryHash>, changed_at: UnixMillis) -> SyncRecord {
    SyncRecord { history, ..SyncRecord::new(Source::Manifest, changed_at, changed_at) }
}

/// A state from which a log starts.
pub(super) struct Base {
    pub(super) after: Seq,
    /// Has the history hash if the state is published.
    pub(super) sync: SyncRecord,
    pub(super) trackers: Whole,
}

/// Events of one sync, or of a part of one.
pub(super) struct Step {
    pub(super) first_seq: Seq,
    pub(super) sync: Rc<SyncRecord>,
    pub(super) events: Vec<Event<'static>>,
}

/// A log without gaps except for those that it tells of.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) base: Option<Base>,
    /// Whether the history hash of a published base is not known, and none behind it is everybody's.
    pub(super) lacks_hash: bool,
    pub(super) steps: Vec<Step>,
    pub(super) kept: u64,
    pub(super) recovered: u64,
    pub(super) lost: u64,
    /// Numbers below this were given to events, lost ones included.
    pub(super) next_seq: Seq,
    pub(super) tail_in_doubt: bool,
}

impl Filled {
    pub(super) fn push(&mut self, seq: Seq, sync: &Rc<SyncRecord>, event: Event<'static>) {
        match self.steps.last_mut() {
            Some(step) if Rc::ptr_eq(&step.sync, sync) && step.first_seq.0 + step.events.len() as u64 == seq.0 => {
                step.events.push(event);
            }
            _ => self.steps.push(Step { first_seq: seq, sync: Rc::clone(sync), events: vec![event] }),
        }
    }
}
