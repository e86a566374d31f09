//! The tail: what the log says beyond the index, folded at opening.

use crate::format::{
    Chain, ChunkKind, FormatError, FrameKind, Standing, SyncRecord, Waypoint, Wrong, chain_of, decode_trackers,
};
use crate::format::{EventRecord, needs_waypoint, title_is_plain};
use crate::index::{Index, Item};
use crate::log::Frame;
use crate::model::{Kind, Seq, State, Tracker, TrackerNumber, UnixMillis};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::iter::Peekable;
use std::vec::IntoIter;

/// A tracker that the tail touched.
#[derive(Clone, Debug)]
pub(super) struct Touched<'t> {
    pub(super) kind: Kind,
    pub(super) number: TrackerNumber,
    /// Its state in the index, if it stands there.
    pub(super) was: Option<Standing>,
    /// The tracker now; `None` once removed.
    pub(super) now: Option<Tracker<'t>>,
    pub(super) last_seq: Seq,
}

impl Touched<'_> {
    pub(super) fn key(&self) -> (Kind, Reverse<TrackerNumber>) {
        (self.kind, Reverse(self.number))
    }

    /// The tracker, unless it was removed.
    pub(super) fn item(&self) -> Option<Item<'_>> {
        let now = self.now.as_ref()?;
        let title = Cow::Borrowed(&*now.title);
        let plain = title_is_plain(&title);
        Some(Item { tracker: Tracker { title, ..*now }, last_seq: self.last_seq, plain })
    }

    /// A tracker that no event touched yet, as the index has it.
    pub(super) fn from_index(
        kind: Kind,
        number: TrackerNumber,
        index: Option<&Index>,
    ) -> Result<Touched<'static>, FormatError> {
        let mut touched = Touched { kind, number, was: None, now: None, last_seq: Seq(0) };
        let Some(index) = index else { return Ok(touched) };
        if let Some((standing, position)) = index.find(kind, number)? {
            touched.was = Some(standing);
            touched.last_seq = index.record(position)?.last_seq();
            if let Some(state) = standing.state() {
                touched.now = Some(index.item(kind, state, position)?.tracker.into_owned());
            }
        }
        Ok(touched)
    }
}

impl<'t> Touched<'t> {
    /// Does an event of the frame at `offset`.
    fn apply<'f>(
        &mut self,
        seq: Seq,
        record: &EventRecord<'f>,
        offset: u64,
        keep: &impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError>
    where
        't: 'f,
    {
        let now = record.event.apply(self.now.take());
        let now = now.map_err(|_| FormatError::new(offset, Wrong::Value("an event, given the state before it,")))?;
        self.now = now.map(keep);
        self.last_seq = seq;
        Ok(())
    }
}

/// What the commits behind the index amount to, and where the log stands after them.
#[derive(Clone)]
pub(super) struct Tail<'t> {
    /// In list order.
    pub(super) touched: Vec<Touched<'t>>,
    /// Waypoints of the tail's chunks.
    pub(super) waypoints: Vec<Waypoint>,
    last_waypoint: Option<Waypoint>,
    pub(super) seq: Seq,
    chain: LastChain,
    /// The log address behind the last commit.
    pub(super) address: u64,
    /// The log address of the last commit; 0 where there is none.
    pub(super) last_frame: u64,
    pub(super) changed_at: UnixMillis,
    pub(super) history_start: Seq,
    /// The last commit's sync, where it lies in the tail.
    pub(super) last_sync: Option<SyncRecord>,
    pub(super) frame_count: u64,
    pub(super) event_count: u64,
    /// Where the tail begins.
    pub(super) start: u64,
}

/// The hash of the last frame, or the frame: only writers ask, and hashing first asks the processor what it can do, which
/// costs a virtual machine more than all else that a short tail takes.
#[derive(Clone)]
enum LastChain {
    Known(Chain),
    Of(Vec<u8>),
}

/// Frames up to this many bytes are kept to be hashed when asked.
const KEPT_FRAME_BYTES: usize = 4096;

impl LastChain {
    fn of(frame: &[u8]) -> Self {
        if frame.len() <= KEPT_FRAME_BYTES { Self::Of(frame.to_vec()) } else { Self::Known(chain_of(frame)) }
    }
}

/// A commit that does not fit the state it is folded over, or bytes that do not verify.
pub(super) enum FoldError {
    /// In the index.
    Index(FormatError),
    /// In the log.
    Log(FormatError),
}

impl From<FormatError> for FoldError {
    fn from(error: FormatError) -> Self {
        FoldError::Log(error)
    }
}

impl<'t> Tail<'t> {
    /// The empty tail behind an index.
    pub(super) fn behind(index: &Index) -> Result<Self, FormatError> {
        let header = index.header();
        let last_waypoint = match header.waypoint_count {
            0 => None,
            count => Some(index.waypoint(count - 1)?),
        };
        Ok(Self {
            last_waypoint,
            seq: header.seq,
            chain: LastChain::Known(header.chain),
            last_frame: header.last_frame,
            changed_at: header.changed_at,
            history_start: header.history_start,
            ..Self::start(header.address, header.seq.next(), header.chain)
        })
    }

    /// The empty tail at a place where the log begins.
    pub(super) fn start(address: u64, first_seq: Seq, chain: Chain) -> Self {
        Self {
            touched: Vec::new(),
            waypoints: Vec::new(),
            last_waypoint: None,
            seq: Seq(first_seq.0.saturating_sub(1)),
            chain: LastChain::Known(chain),
            address,
            last_frame: 0,
            changed_at: UnixMillis::MIN,
            history_start: first_seq,
            last_sync: None,
            frame_count: 0,
            event_count: 0,
            start: address,
        }
    }

    /// The hash of the last frame.
    pub(super) fn chain(&self) -> Chain {
        match &self.chain {
            LastChain::Known(chain) => *chain,
            LastChain::Of(frame) => chain_of(frame),
        }
    }

    /// The live trackers that it touched, numbers descending, with their last events.
    pub(super) fn trackers(&self, kind: Kind, state: Option<State>) -> impl Iterator<Item = (Tracker<'_>, Seq)> {
        let from = self.touched.partition_point(|touched| touched.kind < kind);
        let of_kind = self.touched[from..].iter().take_while(move |touched| touched.kind == kind);
        of_kind.filter_map(move |touched| {
            let now = touched.now.as_ref().filter(|now| state.is_none_or(|only| only == now.state))?;
            Some((Tracker { title: Cow::Borrowed(&now.title), ..*now }, touched.last_seq))
        })
    }

    /// Bytes of the tail.
    pub(super) fn byte_len(&self) -> u64 {
        self.address - self.start
    }

    /// Where a tracker stands in [`Self::touched`], or would.
    pub(super) fn find(&self, kind: Kind, number: TrackerNumber) -> Result<usize, usize> {
        self.touched.binary_search_by_key(&(kind, Reverse(number)), Touched::key)
    }

    /// Where the log stands, and nothing of what it amounts to.
    pub(super) fn without_trackers(self) -> Tail<'static> {
        let Self { waypoints, last_waypoint, seq, chain, address, last_frame, changed_at, history_start, .. } = self;
        let Self { last_sync, frame_count, event_count, start, .. } = self;
        Tail {
            touched: Vec::new(),
            waypoints,
            last_waypoint,
            seq,
            chain,
            address,
            last_frame,
            changed_at,
            history_start,
            last_sync,
            frame_count,
            event_count,
            start,
        }
    }

    /// Folds one frame that continues the log; `base` is the log address of its segment, and `keep` owns of the frame's
    /// trackers what is to outlive it.
    pub(super) fn fold<'f>(
        &mut self,
        frame: &Frame<'f>,
        base: u64,
        index: Option<&Index>,
        keep: impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError>
    where
        't: 'f,
    {
        let wrong = |what| FoldError::Log(FormatError::new(frame.offset, Wrong::Value(what)));
        let continues = match frame.header.kind {
            FrameKind::Commit => frame.header.first_seq == self.seq.next(),
            FrameKind::Base => self.frame_count == 0,
            // A note may say that events are lost.
            FrameKind::Note => frame.header.first_seq >= self.seq.next(),
        };
        if !continues {
            return Err(wrong("a frame's sequence number"));
        }
        if frame.header.changed_at < self.changed_at {
            return Err(wrong("a frame's time, before that of the frame before,"));
        }
        match frame.header.kind {
            FrameKind::Commit => self.fold_events(frame, index, keep)?,
            FrameKind::Base => self.fold_base(frame, keep)?,
            FrameKind::Note => self.seq = Seq(frame.header.first_seq.0 - 1),
        }
        for (offset, chunk) in &frame.chunks {
            let address = base + offset;
            if chunk.kind == ChunkKind::Events && needs_waypoint(self.last_waypoint, chunk.first_seq, address) {
                let waypoint = Waypoint { first_seq: chunk.first_seq, changed_at: frame.header.changed_at, address };
                self.waypoints.push(waypoint);
                self.last_waypoint = Some(waypoint);
            }
        }
        self.chain = LastChain::of(frame.bytes);
        self.address = base + frame.end();
        self.last_frame = base + frame.offset;
        self.changed_at = frame.header.changed_at;
        self.frame_count += 1;
        if frame.header.kind != FrameKind::Note {
            self.last_sync = Some(frame.sync.clone());
        }
        Ok(())
    }

    /// Events of one commit come in list order, and so merge with the sorted tail in one pass; what comes in any other
    /// order is sorted first, which keeps the order of one tracker's events.
    fn fold_events<'f>(
        &mut self,
        frame: &Frame<'f>,
        index: Option<&Index>,
        keep: impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError>
    where
        't: 'f,
    {
        if frame.header.event_count == 1 {
            return self.fold_event(frame, index, keep);
        }
        let mut merge = Merge::new(std::mem::take(&mut self.touched), frame, index, &keep);
        let mut disordered: Vec<(Seq, EventRecord<'f>)> = Vec::new();
        let mut last_seq = self.seq;
        frame.events::<FoldError>(|seq, record| {
            last_seq = seq;
            if disordered.is_empty() && merge.is_next(&record) {
                return merge.event(seq, &record);
            }
            disordered.push((seq, record));
            Ok(())
        })?;
        self.touched = merge.finish();
        if !disordered.is_empty() {
            disordered.sort_by_key(|(_, record)| key_of(record));
            let mut merge = Merge::new(std::mem::take(&mut self.touched), frame, index, &keep);
            disordered.iter().try_for_each(|(seq, record)| merge.event(*seq, record))?;
            self.touched = merge.finish();
        }
        self.event_count += last_seq.0 - self.seq.0;
        self.seq = last_seq;
        Ok(())
    }

    /// The common small commit: no need to go over the whole tail.
    fn fold_event<'f>(
        &mut self,
        frame: &Frame<'f>,
        index: Option<&Index>,
        keep: impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError>
    where
        't: 'f,
    {
        frame.events(|seq, record| {
            let (kind, number) = (record.event.kind, record.event.number);
            let at = match self.find(kind, number) {
                Ok(at) => at,
                Err(at) => {
                    let new = Touched::from_index(kind, number, index).map_err(FoldError::Index)?;
                    self.touched.insert(at, new);
                    at
                }
            };
            self.event_count += 1;
            self.seq = seq;
            self.touched[at].apply(seq, &record, frame.offset, &keep)
        })
    }

    fn fold_base<'f>(&mut self, frame: &Frame<'f>, keep: impl Fn(Tracker<'f>) -> Tracker<'t>) -> Result<(), FoldError> {
        self.touched.clear();
        for (offset, chunk) in &frame.chunks {
            for (tracker, last_seq) in decode_trackers(chunk, *offset)? {
                let (kind, number) = (tracker.kind, tracker.number);
                self.touched.push(Touched { kind, number, was: None, now: Some(keep(tracker)), last_seq });
            }
        }
        if !self.touched.is_sorted_by_key(Touched::key) {
            return Err(FormatError::new(frame.offset, Wrong::Value("the order of a base")).into());
        }
        self.seq = Seq(frame.header.first_seq.0.saturating_sub(1));
        self.history_start = frame.header.first_seq;
        Ok(())
    }
}

/// One pass over a sorted tail and events in the same order.
struct Merge<'t, 'i, K> {
    old: Peekable<IntoIter<Touched<'t>>>,
    merged: Vec<Touched<'t>>,
    index: Option<&'i Index>,
    /// Where the frame stands, for errors.
    offset: u64,
    keep: &'i K,
}

impl<'t, 'i, K> Merge<'t, 'i, K> {
    fn new(old: Vec<Touched<'t>>, frame: &Frame<'_>, index: Option<&'i Index>, keep: &'i K) -> Self {
        // The bytes that hold the events bound how many there are.
        let events = (frame.header.event_count as usize).min(frame.bytes.len());
        let merged = Vec::with_capacity(old.len() + events);
        Self { old: old.into_iter().peekable(), merged, index, offset: frame.offset, keep }
    }

    /// Whether the order lets the event come now.
    fn is_next(&self, record: &EventRecord<'_>) -> bool {
        self.merged.last().is_none_or(|last| last.key() <= key_of(record))
    }

    fn event<'f>(&mut self, seq: Seq, record: &EventRecord<'f>) -> Result<(), FoldError>
    where
        't: 'f,
        K: Fn(Tracker<'f>) -> Tracker<'t>,
    {
        let key = key_of(record);
        while let Some(touched) = self.old.next_if(|touched| touched.key() <= key) {
            self.merged.push(touched);
        }
        if self.merged.last().is_none_or(|touched| touched.key() != key) {
            let (kind, number) = (record.event.kind, record.event.number);
            self.merged.push(Touched::from_index(kind, number, self.index).map_err(FoldError::Index)?);
        }
        let touched = self.merged.last_mut();
        touched.map_or(Ok(()), |touched| touched.apply(seq, record, self.offset, self.keep))
    }

    fn finish(mut self) -> Vec<Touched<'t>> {
        self.merged.extend(self.old);
        self.merged
    }
}

fn key_of(record: &EventRecord<'_>) -> (Kind, Reverse<TrackerNumber>) {
    (record.event.kind, Reverse(record.event.number))
}
