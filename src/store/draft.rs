//! Frames in the making: what a batch appends, and what a log is rewritten from. Each frame goes through the reader's own
//! code before it is written: what a reader would refuse must not get into the log.

use std::cell::Cell;
use std::rc::Rc;

use super::merge::Merged;
use super::tail::{FoldError, Position, Region, Tail};
use crate::format::{
    Chain, FileId, FormatError, FrameBuilder, FrameKind, HistoryHash, StateSum, SyncRecord, Wrong, reseal,
};
use crate::index::Index;
use crate::model::{Event, Kind, Seq, Tracker, diff};
use crate::segment::Frame;

/// About what an event takes in a frame, beside its title.
const BYTES_BESIDE_TITLE: usize = 40;
/// From this many events, both processors add up the state.
const PARALLEL_FROM: usize = 4096;

/// Frames that are yet to be written, and the state after them.
pub(super) struct Draft {
    file: FileId,
    /// Where the bytes will stand in the file.
    offset: u64,
    bytes: Vec<u8>,
    /// Where the last frame begins in the bytes.
    last: Option<usize>,
    /// Where the bytes begin that are not folded into the tail yet.
    unfolded: usize,
    index: Option<Rc<Index>>,
    tail: Tail<'static>,
    /// Whether all frames are one commit.
    one_commit: bool,
    /// How things stood before the last frame, if that has no events and another may take its place.
    fresh: Option<Fresh>,
}

/// Before a frame without events.
struct Fresh {
    published: bool,
    at: Position,
    last: Option<usize>,
    len: usize,
}

/// What is wrong with a frame that was drafted.
pub(super) enum DraftError {
    /// In the index.
    Index(FormatError),
    /// It does not continue the log.
    Misfit(Wrong),
}

impl From<FoldError> for DraftError {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Index(error) => DraftError::Index(error),
            FoldError::Log(error) => DraftError::Misfit(error.wrong),
            FoldError::Stale => DraftError::Misfit(Wrong::Value("the index")),
        }
    }
}

impl Draft {
    /// Continues what `index` and `tail` amount to, in the log `file`.
    pub(super) fn after(file: FileId, index: Option<Rc<Index>>, tail: Tail<'static>, one_commit: bool) -> Self {
        let offset = tail.at.offset;
        Self { file, offset, bytes: Vec::new(), last: None, unfolded: 0, index, tail, one_commit, fresh: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The state after all frames.
    pub(super) fn state(&mut self) -> Result<(Option<&Index>, &mut Tail<'static>), DraftError> {
        self.fold_pending()?;
        Ok((self.index.as_deref(), &mut self.tail))
    }

    /// The state before the frames that are not folded yet.
    pub(super) fn tail(&self) -> &Tail<'static> {
        &self.tail
    }

    pub(super) fn into_parts(self) -> (Option<Rc<Index>>, Tail<'static>, Vec<u8>) {
        (self.index, self.tail, self.bytes)
    }

    /// Goes on from another state in the same place of the file; nothing was drafted yet.
    pub(super) fn restart(&mut self, index: Option<Rc<Index>>, tail: Tail<'static>) {
        (self.index, self.tail) = (index, tail);
    }

    /// The events that lead from the state to `trackers`, which come in list order.
    pub(super) fn changes<'e>(&mut self, trackers: &'e [Tracker<'_>]) -> Result<Vec<Event<'e>>, DraftError> {
        self.fold_pending()?;
        let mut events = Vec::new();
        let (index, tail) = (self.index.as_deref(), &self.tail);
        if index.is_none() {
            if tail.touched.is_empty() {
                events.reserve_exact(trackers.len());
            }
            let before = Kind::ALL.into_iter().flat_map(|kind| tail.trackers(kind, None));
            diff(before.map(|(tracker, _)| tracker), trackers, &mut events);
            return Ok(events);
        }
        let failed = Cell::new(None);
        let items = Kind::ALL.into_iter().flat_map(|kind| Merged::new(index, tail, kind, None).items());
        let before =
            items.map_while(|item| item.map(|item| item.tracker).map_err(|error| failed.set(Some(error))).ok());
        diff(before, trackers, &mut events);
        failed.into_inner().map_or(Ok(events), |error| Err(DraftError::Index(error)))
    }

    /// Adds a commit. Its `changed_at` is not before that of what it continues.
    pub(super) fn commit(
        &mut self,
        published: bool,
        record: &SyncRecord,
        events: &[Event<'_>],
    ) -> Result<(), DraftError> {
        self.fold_pending()?;
        self.drop_freshness(published);
        if published {
            self.undo_observed()?;
        }
        let at = &self.tail.at;
        let (seq, not_before) =
            if published { (at.published_seq, at.published_changed_at) } else { (at.seq, at.changed_at) };
        let record = SyncRecord {
            changed_at: record.changed_at.max(not_before),
            state: sum_after(at.state, events),
            history: published.then_some(at.history),
            ..record.clone()
        };
        let predecessors = self.predecessors(seq.next(), events)?;
        let continues = self.one_commit && !self.is_empty();
        let (chain, place) = self.next_place()?;
        // The first live frame stays: what it holds was there when the log began.
        let at = &self.tail.at;
        let is_first = at.published_frame == 0 && (published || at.observed_from == 0);
        if events.is_empty() && !is_first {
            let (at, last, len) = (self.tail.at.clone(), self.last, self.bytes.len());
            self.fresh = Some(Fresh { published, at, last, len });
        }
        let mut builder = FrameBuilder::new(FrameKind::Commit, place, seq.next(), chain, &record).continues(continues);
        builder.reserve(events.iter().map(|event| event.change.title().len() + BYTES_BESIDE_TITLE).sum());
        predecessors.iter().zip(events).for_each(|(prev, event)| builder.event(*prev, event));
        self.push(builder.finish());
        Ok(())
    }

    /// Takes a frame away that only says how fresh the state was, for the next frame says so too.
    fn drop_freshness(&mut self, published: bool) {
        let Some(fresh) = self.fresh.take().filter(|fresh| fresh.published == published) else { return };
        self.bytes.truncate(fresh.len);
        (self.unfolded, self.last) = (fresh.len, fresh.last);
        self.tail.at = fresh.at;
        self.tail.frame_count -= 1;
    }

    fn undo_observed(&mut self) -> Result<(), DraftError> {
        let region = Region { bytes: &self.bytes, offset: self.offset, file: self.file };
        Ok(self.tail.undo_observed(region, self.index.as_deref(), &Tracker::into_owned)?)
    }

    /// Adds the state from which a log starts, before anything else. Each tracker comes with its last event.
    pub(super) fn base(
        &mut self,
        published: Option<HistoryHash>,
        first_seq: Seq,
        record: &SyncRecord,
        trackers: &[(Tracker<'_>, Seq)],
    ) -> Result<(), DraftError> {
        let (mut state, mut buffer) = (StateSum::default(), Vec::new());
        trackers.iter().for_each(|(tracker, _)| state.add(tracker, &mut buffer));
        let record = SyncRecord { state, history: published, ..record.clone() };
        let (chain, place) = self.next_place()?;
        let mut builder = FrameBuilder::new(FrameKind::Base, place, first_seq, chain, &record);
        trackers.iter().for_each(|(tracker, last_seq)| builder.tracker(tracker, *last_seq));
        self.push(builder.finish());
        Ok(())
    }

    /// Adds words about a repair. `next_seq` is the number of the event after it: those skipped are lost.
    pub(super) fn note(&mut self, record: &SyncRecord, next_seq: Seq) -> Result<(), DraftError> {
        self.fold_pending()?;
        let at = &self.tail.at;
        let has_live_frame = at.published_frame > 0 || at.observed_from > 0;
        let published = at.observed_from == 0;
        let record = SyncRecord {
            changed_at: if has_live_frame { at.changed_at } else { record.changed_at },
            state: at.state,
            history: published.then_some(at.history),
            ..record.clone()
        };
        let (chain, place) = self.next_place()?;
        self.push(FrameBuilder::new(FrameKind::Note, place, next_seq, chain, &record).finish());
        Ok(())
    }

    /// The hash that the next frame carries, and its place.
    fn next_place(&mut self) -> Result<(Chain, (FileId, u64)), DraftError> {
        if let Some(last) = self.last.filter(|_| self.one_commit) {
            let at = self.offset + last as u64;
            let own = reseal(&mut self.bytes[last..], self.file, at);
            // The frame was folded before: only what it says of its commit has changed.
            self.tail.at.chain = own.map_err(|error| DraftError::Misfit(error.wrong))?;
        }
        Ok((self.tail.at.chain, (self.file, self.offset + self.bytes.len() as u64)))
    }

    fn push(&mut self, frame: Vec<u8>) {
        self.last = Some(self.bytes.len());
        if self.bytes.is_empty() {
            self.bytes = frame;
        } else {
            self.bytes.extend_from_slice(&frame);
        }
    }

    fn fold_pending(&mut self) -> Result<(), DraftError> {
        if self.unfolded < self.bytes.len() {
            let empty = Tail::start(self.tail.at.clone());
            let tail = std::mem::replace(&mut self.tail, empty);
            self.tail = self.folded(tail, Tracker::into_owned)?;
            self.unfolded = self.bytes.len();
        }
        Ok(())
    }

    /// The tail after the frame that is not folded yet; `keep` owns what is to outlive the draft's bytes.
    pub(super) fn folded<'d, 't>(
        &'d self,
        mut tail: Tail<'t>,
        keep: impl Fn(Tracker<'d>) -> Tracker<'t>,
    ) -> Result<Tail<'t>, DraftError> {
        let region = Region { bytes: &self.bytes, offset: self.offset, file: self.file };
        if self.unfolded < self.bytes.len() {
            let at = self.offset + self.unfolded as u64;
            let frame = Frame::decode(&self.bytes[self.unfolded..], self.file, at);
            let frame = frame.map_err(|error| DraftError::Misfit(error.wrong))?;
            tail.fold(&frame, region, self.index.as_deref(), keep)?;
        }
        Ok(tail)
    }

    /// Each event's predecessor of the same tracker.
    fn predecessors(&self, first_seq: Seq, events: &[Event<'_>]) -> Result<Vec<Seq>, DraftError> {
        let key = |event: &Event<'_>| (event.kind, event.number);
        let is_new = self.index.is_none() && self.tail.touched.is_empty();
        let mut last = None;
        let prev = |(seq, event): (u64, &Event<'_>)| {
            if last.replace(key(event)) == Some(key(event)) {
                return Ok(Seq(seq - 1));
            }
            if is_new {
                return Ok(Seq(0));
            }
            if let Ok(at) = self.tail.find(event.kind, event.number) {
                return Ok(self.tail.touched[at].last_seq);
            }
            let Some(index) = &self.index else { return Ok(Seq(0)) };
            let found = index.find(event.kind, event.number).and_then(|found| {
                found.map_or(Ok(Seq(0)), |(_, position)| index.record(position).map(|record| record.last_seq()))
            });
            found.map_err(DraftError::Index)
        };
        (first_seq.0..).zip(events).map(prev).collect()
    }
}

/// The state sum after events.
fn sum_after(before: StateSum, events: &[Event<'_>]) -> StateSum {
    fn sum(mut sum: StateSum, events: &[Event<'_>]) -> StateSum {
        let mut buffer = Vec::new();
        for event in events {
            event.before().iter().for_each(|tracker| sum.remove(tracker, &mut buffer));
            event.after().iter().for_each(|tracker| sum.add(tracker, &mut buffer));
        }
        sum
    }
    if events.len() < PARALLEL_FROM {
        return sum(before, events);
    }
    let (first, second) = events.split_at(events.len() / 2);
    std::thread::scope(|scope| {
        let of_first = || sum(StateSum::default(), first);
        let adding = std::thread::Builder::new().spawn_scoped(scope, of_first);
        let mut all = sum(before, second);
        // OK because adding cannot panic. Where no thread can be had, one does both.
        all.join(&adding.map_or_else(|_| of_first(), |adding| adding.join().expect("the sum over some events")));
        all
    })
}
