//! Folding the tail into a new index.

use std::cmp::Reverse;
use std::rc::Rc;

use super::error::{Damage, StoreError};
use super::merge::Merged;
use super::tail::Tail;
use super::view::View;
use super::write::{Writer, segment_name};
use crate::format::{FormatError, Group, IndexName, SEGMENT_HEADER_LEN, Standing, StateHasher};
use crate::fs::{Buffer, Bytes, publish};
use crate::index::{Index, IndexBuilder, Summary};
use crate::model::{Kind, Seq, State, Tracker, TrackerNumber};

/// Readers fold at most this many events …
const MAX_TAIL_EVENTS: u64 = 512;
/// … and this many bytes, beyond the index.
const MAX_TAIL_BYTES: u64 = 128 * 1024;
/// Below this a tail costs less than the rewriting of even a small index.
const MIN_TAIL_BYTES: u64 = 16 * 1024;
/// A segment of at least this many bytes is sealed at the next compaction.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// What a compaction gained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// Events that readers had to fold before.
    pub tail_events: u64,
    /// Bytes of the index before and after.
    pub index_bytes: (u64, u64),
    /// Bytes of the log.
    pub log_bytes: u64,
}

/// A compaction that is durable and not yet live.
struct Compacted {
    index: Index,
    tail: Tail<'static>,
    current: crate::format::Current,
    rotated: bool,
}

impl Writer<'_> {
    /// Compacts when the tail has grown to half of the index, so that the work for each event is constant; and in any
    /// case before readers would feel it: a sync that appends has read a whole manifest, of the order of an index.
    pub(super) fn compact_if_due(&mut self) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        let (bytes, events) = (view.tail.byte_len(), view.tail.event_count);
        let geometric =
            view.index.as_ref().is_none_or(|index| bytes >= MIN_TAIL_BYTES && bytes * 2 >= index.byte_len());
        if geometric || events >= MAX_TAIL_EVENTS || bytes >= MAX_TAIL_BYTES {
            self.compact()?;
        }
        Ok(())
    }

    /// Folds the tail into a new index and retires the old one. Readers that have it open go on undisturbed.
    ///
    /// # Errors
    /// The system's; damage. The store is then as before.
    pub fn compact(&mut self) -> Result<Option<Compaction>, StoreError> {
        self.check()?;
        self.settle()?;
        let Some(view) = self.view.take() else { return Ok(None) };
        let before = (view.tail.event_count, view.byte_lens());
        let old = view.current.index;
        let nothing_new = view.tail.frame_count == 0 && view.index.is_some();
        let compacted = if nothing_new {
            self.view = Some(view);
            Ok(())
        } else {
            match view.index_bytes() {
                Ok(bytes) => self.write_compacted(view, bytes),
                Err(error) => {
                    self.view = Some(view);
                    Err(error)
                }
            }
        };
        self.poisoned |= compacted.is_err();
        compacted?;
        let Some(view) = &self.view else { return Ok(None) };
        if let Some(old) = old.filter(|old| Some(*old) != view.current.index) {
            // Best effort: what stays is removed by the next writer.
            let _ = self.store.retire(&old.file_name());
        }
        let (tail_events, (_, index_before)) = before;
        let (log_bytes, index_after) = view.byte_lens();
        Ok(Some(Compaction { tail_events, index_bytes: (index_before, index_after), log_bytes }))
    }

    /// Writes the index anew from the log alone, whatever the one that is there says.
    ///
    /// # Errors
    /// As [`Self::compact`]; damage of the log included, for then the index may be all that is left.
    pub fn renew_index(&mut self) -> Result<(), StoreError> {
        self.check()?;
        self.settle()?;
        let Some(view) = &self.view else { return Ok(()) };
        let mut folded = self.store.fold_log(view.current.clone())?;
        if let Some(damage) = folded.damage.first() {
            return Err(StoreError::Damaged(damage.clone()));
        }
        folded.checked.clone_from(&view.checked);
        let errors = view.index.iter().flat_map(|index| index.verify());
        let found: Vec<Damage> = errors.map(|error| view.index_damage(&error)).collect();
        self.view = Some(folded);
        self.compact()?;
        self.mended.extend(found);
        Ok(())
    }

    /// Writes `bytes`, the index of `view`, and a `CURRENT` that names it; `self.view` is then the view behind that index,
    /// and after a failure `view`.
    pub(super) fn write_compacted(&mut self, view: View, bytes: Buffer) -> Result<(), StoreError> {
        let published = self.publish_index(&view, bytes);
        self.view = Some(view);
        let Compacted { index, tail, current, rotated } = published?;
        self.replace_current(current)?;
        if let Some(view) = &mut self.view {
            (view.index, view.tail) = (Some(Rc::new(index)), tail);
            if rotated {
                view.end = super::view::LogEnd { offset: SEGMENT_HEADER_LEN, file_len: SEGMENT_HEADER_LEN };
            }
        }
        Ok(())
    }

    /// Everything of a compaction but the `CURRENT` that makes it live.
    fn publish_index(&mut self, view: &View, bytes: Buffer) -> Result<Compacted, StoreError> {
        let name = IndexName { seq: view.seq(), generation: view.current.generation + 1, chain: view.tail.chain() };
        let path = self.store.file(&name.file_name());
        publish(self.store.storage, &path, &[&bytes]).map_err(StoreError::io("write", &path))?;
        let mut current = view.current.clone();
        current.index = Some(name);
        current.history_start = view.history_start();
        current.freshness =
            view.freshness().map(|fresh| crate::format::Freshness { address: view.tail.address, ..fresh });
        let rotated = self.rotate(view, &mut current)?;
        self.store.sync_dir()?;
        let index = Index::open(Bytes::made(bytes)).map_err(|error| StoreError::format(path.clone(), &error))?;
        let tail = Tail::behind(&index).map_err(|error| StoreError::format(path, &error))?;
        Ok(Compacted { index, tail, current, rotated })
    }

    /// Seals a segment that has grown large, and begins another.
    fn rotate(&mut self, view: &View, current: &mut crate::format::Current) -> Result<bool, StoreError> {
        if view.end.offset < SEGMENT_BYTES {
            return Ok(false);
        }
        let header = self.next_segment(view);
        let path = self.store.file(&segment_name(&header).file_name());
        publish(self.store.storage, &path, &[&header.encode()]).map_err(StoreError::io("write", &path))?;
        let sealed = current.segments.len() - 1;
        current.segments[sealed].end = view.end.offset;
        current.segments.push(segment_name(&header));
        self.file = None;
        Ok(true)
    }
}

/// The index of what `index` and `tail` amount to: the same log gives the same bytes.
///
/// # Errors
/// A block of `index` that does not verify.
pub(super) fn index_bytes(index: Option<&Index>, tail: &Tail<'_>) -> Result<Buffer, FormatError> {
    let in_index: u64 = index.map_or(0, |index| index.header().counts.iter().sum());
    let mut builder = IndexBuilder::with_capacity(in_index as usize + tail.touched.len());
    for kind in Kind::ALL {
        for state in State::ALL {
            for tracker in trackers(index, tail, kind, Some(state)) {
                let (tracker, last_seq) = tracker?;
                builder.add(&tracker, last_seq);
            }
        }
        for (number, last_seq) in removed(index, tail, kind)? {
            builder.add_removed(kind, number, last_seq);
        }
    }
    let mut hasher = StateHasher::default();
    for tracker in Kind::ALL.into_iter().flat_map(|kind| trackers(index, tail, kind, None)) {
        hasher.add(&tracker?.0);
    }
    if let Some(index) = index {
        for position in 0..index.header().waypoint_count {
            builder.waypoint(&index.waypoint(position)?);
        }
    }
    tail.waypoints.iter().for_each(|waypoint| builder.waypoint(waypoint));
    let summary = Summary {
        chain: tail.chain(),
        seq: tail.seq,
        address: tail.address,
        last_frame: tail.last_frame,
        changed_at: tail.changed_at,
        history_start: tail.history_start,
    };
    Ok(builder.finish(&summary, hasher.finish()))
}

/// Live trackers, numbers descending, with their last events. In a first sync the tail is all there is, and long.
fn trackers<'v>(
    index: Option<&'v Index>,
    tail: &'v Tail<'_>,
    kind: Kind,
    state: Option<State>,
) -> Box<dyn Iterator<Item = Result<(Tracker<'v>, Seq), FormatError>> + 'v> {
    if index.is_none() {
        return Box::new(tail.trackers(kind, state).map(Ok));
    }
    let items = Merged::new(index, tail, kind, state).items();
    Box::new(items.map(|item| item.map(|item| (item.tracker, item.last_seq))))
}

/// Removed trackers of a kind, numbers descending, with their last events.
fn removed(index: Option<&Index>, tail: &Tail<'_>, kind: Kind) -> Result<Vec<(TrackerNumber, Seq)>, FormatError> {
    let gone = tail.touched.iter().filter(|touched| touched.kind == kind && touched.now.is_none());
    let mut removed: Vec<(TrackerNumber, Seq)> = gone.map(|touched| (touched.number, touched.last_seq)).collect();
    if let Some(index) = index {
        for position in index.group(Group(kind, Standing::Removed)) {
            let (record, number) = (index.record(position)?, index.number(position)?);
            if tail.find(kind, number).is_err() {
                removed.push((number, record.last_seq()));
            }
        }
    }
    removed.sort_unstable_by_key(|(number, _)| Reverse(*number));
    Ok(removed)
}
