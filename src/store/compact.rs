//! Folding the tail into a new index.

use std::cmp::Reverse;
use std::rc::Rc;

use super::error::{Damage, Part, StoreError};
use super::merge::Merged;
use super::tail::Tail;
use super::view::View;
use super::write::Writer;
use crate::format::{
    Current, FileId, FormatError, GROUPS, Group, IndexHeader, IndexName, MAX_RECORD_BYTES, Standing, encode_sync,
};
use crate::fs::{Buffer, Bytes};
use crate::index::{Index, IndexBuilder};
use crate::model::{Kind, Seq, State, Tracker, TrackerNumber};

/// Readers fold at most this many events …
const MAX_TAIL_EVENTS: u64 = 512;
/// … and this many bytes, beyond the index.
const MAX_TAIL_BYTES: u64 = 128 * 1024;
/// Below this a tail costs less than rewriting even a small index.
const MIN_TAIL_BYTES: u64 = 16 * 1024;

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

impl Writer<'_> {
    /// Compacts when the tail has grown to half of the index, so that the work for each event is constant; in any case
    /// before readers would feel it: a sync that appends has read a whole manifest, of the order of an index; and when
    /// the live index holds what a published version superseded.
    pub(super) fn compact_if_due(&mut self) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        let (bytes, events) = (view.tail().byte_len(), view.tail().event_count);
        let geometric = view.index().is_none_or(|index| bytes >= MIN_TAIL_BYTES && bytes * 2 >= index.byte_len());
        let live = view.current().index.map(|live| live.chain);
        let is_stale = view.index().is_some_and(|index| Some(index.header().chain) != live);
        if geometric || is_stale || events >= MAX_TAIL_EVENTS || bytes >= MAX_TAIL_BYTES {
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
        let (tail_events, (_, index_before)) = (view.tail().event_count, view.byte_lens());
        let old = view.current().index;
        if view.tail().frame_count == 0 && view.index().is_some() {
            self.view = Some(view);
        } else {
            let bytes = index_bytes(view.index(), view.tail(), view.current().log.id);
            match bytes.map_err(|error| view.index_error(&error)) {
                Ok(bytes) => {
                    let written = self.write_compacted(view, bytes);
                    self.poisoned |= written.is_err();
                    written?;
                }
                Err(error) => {
                    self.view = Some(view);
                    return Err(error);
                }
            }
        }
        let Some(view) = &self.view else { return Ok(None) };
        if let Some(old) = old.filter(|old| Some(*old) != view.current().index) {
            // Best effort: what stays is removed by the next writer.
            let _ = self.store.retire(&old.file_name());
        }
        let (log_bytes, index_after) = view.byte_lens();
        Ok(Some(Compaction { tail_events, index_bytes: (index_before, index_after), log_bytes }))
    }

    /// Writes the index again from the log alone, whatever the one that is there says.
    ///
    /// # Errors
    /// As [`Self::compact`]; damage of the log included, for then the index may be all that is left.
    pub fn renew_index(&mut self) -> Result<(), StoreError> {
        self.check()?;
        self.settle()?;
        let Some(view) = &self.view else { return Ok(()) };
        let folded = self.store.fold_log(view.current(), view.marks())?.with_marks(view.marks().cloned());
        if let Some(damage) = folded.damage().first() {
            return Err(StoreError::Damaged(damage.clone()));
        }
        let errors = view.index().into_iter().flat_map(Index::verify);
        let found: Vec<Damage> = errors.map(|error| Damage::new(Part::Block, view.index_path(), &error)).collect();
        self.view = Some(folded);
        self.compact()?;
        self.mended.extend(found);
        Ok(())
    }

    /// Writes `bytes`, the index of `view`, and a `CURRENT` that names it; `self.view` is then the view over that index,
    /// and after a failure `view`.
    pub(super) fn write_compacted(&mut self, view: View, bytes: Buffer) -> Result<(), StoreError> {
        let published = self.publish_index(&view, bytes);
        let (marks, log_len) = (view.marks().cloned(), view.log_len());
        self.view = Some(view);
        let (index, tail, current) = published?;
        self.replace_current(current)?;
        if let Some(view) = &self.view {
            let current = view.current().clone();
            self.view = Some(View::new(&self.store.dir, current, Some(index), tail, log_len).with_marks(marks));
        }
        Ok(())
    }

    /// Everything of a compaction but the `CURRENT` that makes it live.
    fn publish_index(&self, view: &View, bytes: Buffer) -> Result<(Rc<Index>, Tail<'static>, Current), StoreError> {
        let (at, current) = (view.at(), view.current());
        let name = IndexName { seq: at.seq, generation: current.generation + 1, chain: at.chain };
        let path = self.store.file(&name.file_name());
        self.store.publish(&name.file_name(), &[&bytes])?;
        let current = Current {
            index: Some(name),
            acknowledged: at.offset,
            history_start: view.history_start(),
            ..current.clone()
        };
        self.store.sync_dir()?;
        let damaged = |error: &FormatError| StoreError::format(Part::Index, path.clone(), error);
        let index = Index::open(Bytes::made(bytes)).map_err(|error| damaged(&error))?;
        let tail = Tail::after(&index).map_err(|error| damaged(&error))?;
        Ok((Rc::new(index), tail, current))
    }
}

/// The index of what `index` and `tail` amount to: the same log gives the same bytes.
///
/// # Errors
/// A block of `index` that does not verify.
pub(super) fn index_bytes(index: Option<&Index>, tail: &Tail<'_>, log: FileId) -> Result<Buffer, FormatError> {
    let in_index = index.map_or(0, |index| index.header().record_count());
    let mut builder = IndexBuilder::with_capacity(in_index as usize + tail.touched.len());
    for kind in Kind::ALL {
        for state in State::ALL {
            for tracker in trackers(index, tail, kind, state) {
                let (tracker, last_seq) = tracker?;
                builder.add(&tracker, last_seq);
            }
        }
        for (number, last_seq) in removed(index, tail, kind)? {
            builder.add_removed(kind, number, last_seq);
        }
    }
    if let Some(index) = index {
        for position in 0..index.header().waypoint_count {
            builder.waypoint(&index.waypoint(position)?);
        }
    }
    tail.waypoints.iter().for_each(|waypoint| builder.waypoint(waypoint));
    let at = &tail.at;
    let mut record = Vec::new();
    at.fresh.iter().for_each(|fresh| encode_sync(fresh, &mut record));
    if record.len() > MAX_RECORD_BYTES {
        record.clear();
    }
    Ok(builder.finish(IndexHeader {
        chain: at.chain,
        log,
        address: at.offset,
        last_frame: at.last_frame,
        first_frame: at.first_frame,
        published_frame: at.published_frame,
        observed_from: at.observed_from,
        seq: at.seq,
        published_seq: at.published_seq,
        history_start: at.history_start,
        changed_at: at.changed_at,
        published_changed_at: at.published_changed_at,
        counts: [0; GROUPS],
        titles_len: 0,
        waypoint_count: 0,
        state: at.state,
        history: at.history,
        record,
    }))
}

/// Live trackers, numbers descending, with their last events. In a first sync the tail is all there is, and long.
fn trackers<'v>(
    index: Option<&'v Index>,
    tail: &'v Tail<'_>,
    kind: Kind,
    state: State,
) -> Box<dyn Iterator<Item = Result<(Tracker<'v>, Seq), FormatError>> + 'v> {
    if index.is_none() {
        return Box::new(tail.trackers(kind, Some(state)).map(Ok));
    }
    let items = Merged::new(index, tail, kind, Some(state)).items();
    Box::new(items.map(|item| item.map(|item| (item.tracker, item.last_seq))))
}

/// Removed trackers of a kind, numbers descending, with their last events.
fn removed(index: Option<&Index>, tail: &Tail<'_>, kind: Kind) -> Result<Vec<(TrackerNumber, Seq)>, FormatError> {
    // One whose only events were undone is not removed: it never was.
    let gone = |touched: &&super::tail::Touched<'_>| {
        touched.kind == kind && touched.now.is_none() && touched.last_seq > Seq(0)
    };
    let gone = tail.touched.iter().filter(gone);
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
