//! The tail: what the log says beyond the index, folded at opening.

use crate::format::{
    Chain, ChunkKind, FormatError, FrameKind, Standing, SyncRecord, Waypoint, Wrong, chain_of, decode_trackers,
};
use crate::format::{EventRecord, needs_waypoint, title_is_plain};
use crate::index::{Index, Item};
use crate::log::Frame;
use crate::model::{Kind, Seq, Tracker, TrackerNumber, UnixMillis};
use std::borrow::Cow;
use std::cmp::Reverse;

/// A tracker that the tail touched.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    pub(super) kind: Kind,
    pub(super) number: TrackerNumber,
    /// Its state in the index, if it stands there.
    pub(super) was: Option<Standing>,
    /// The tracker now; `None` once removed.
    pub(super) now: Option<Tracker<'static>>,
    pub(super) last_seq: Seq,
}

impl Touched {
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
    pub(super) fn from_index(kind: Kind, number: TrackerNumber, index: Option<&Index>) -> Result<Self, FormatError> {
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

/// What the commits behind the index amount to, and where the log stands after them.
#[derive(Clone)]
pub(super) struct Tail {
    /// In list order.
    pub(super) touched: Vec<Touched>,
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

impl Tail {
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

    /// Bytes of the tail.
    pub(super) fn byte_len(&self) -> u64 {
        self.address - self.start
    }

    /// Where a tracker stands in [`Self::touched`], or would.
    pub(super) fn find(&self, kind: Kind, number: TrackerNumber) -> Result<usize, usize> {
        self.touched.binary_search_by_key(&(kind, Reverse(number)), Touched::key)
    }

    /// Folds one frame that continues the log; `base` is the log address of its segment.
    pub(super) fn fold(&mut self, frame: &Frame<'_>, base: u64, index: Option<&Index>) -> Result<(), FoldError> {
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
            FrameKind::Commit => self.fold_events(frame, index)?,
            FrameKind::Base => self.fold_base(frame)?,
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

    /// Events of one commit come in list order, and so merge with the sorted tail in one pass; any other order is
    /// sorted first, which keeps the order of one tracker's events.
    fn fold_events(&mut self, frame: &Frame<'_>, index: Option<&Index>) -> Result<(), FoldError> {
        let mut events: Vec<(Seq, EventRecord<'_>)> =
            Vec::with_capacity(frame.header.event_count.min(1 << 20) as usize);
        frame.events::<FoldError>(|seq, record| {
            events.push((seq, record));
            Ok(())
        })?;
        let last_seq = Seq(self.seq.0 + events.len() as u64);
        let key = |record: &EventRecord<'_>| (record.event.kind, Reverse(record.event.number));
        if !events.is_sorted_by_key(|(_, record)| key(record)) {
            events.sort_by_key(|(_, record)| key(record));
        }
        if events.len() == 1 {
            // The common small commit: no need to rebuild the whole tail.
            for (seq, record) in events {
                let at = match self.find(record.event.kind, record.event.number) {
                    Ok(at) => at,
                    Err(at) => {
                        self.touched.insert(at, from_index(&record, index)?);
                        at
                    }
                };
                apply(&mut self.touched[at], &record, seq, frame.offset)?;
            }
        } else {
            self.merge_events(&events, frame.offset, index)?;
        }
        self.event_count += last_seq.0 - self.seq.0;
        self.seq = last_seq;
        Ok(())
    }

    fn merge_events(
        &mut self,
        events: &[(Seq, EventRecord<'_>)],
        offset: u64,
        index: Option<&Index>,
    ) -> Result<(), FoldError> {
        let mut merged: Vec<Touched> = Vec::with_capacity(self.touched.len() + events.len());
        let mut old = std::mem::take(&mut self.touched).into_iter().peekable();
        for (seq, record) in events {
            let key = (record.event.kind, Reverse(record.event.number));
            while let Some(touched) = old.next_if(|touched| touched.key() <= key) {
                merged.push(touched);
            }
            if merged.last().is_none_or(|touched| touched.key() != key) {
                merged.push(from_index(record, index)?);
            }
            if let Some(touched) = merged.last_mut() {
                apply(touched, record, *seq, offset)?;
            }
        }
        merged.extend(old);
        self.touched = merged;
        Ok(())
    }

    fn fold_base(&mut self, frame: &Frame<'_>) -> Result<(), FoldError> {
        self.touched.clear();
        for (offset, chunk) in &frame.chunks {
            for (tracker, last_seq) in decode_trackers(chunk, *offset)? {
                let (kind, number) = (tracker.kind, tracker.number);
                let now = Some(tracker.into_owned());
                self.touched.push(Touched { kind, number, was: None, now, last_seq });
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

/// The tracker as the index has it.
fn from_index(record: &EventRecord<'_>, index: Option<&Index>) -> Result<Touched, FoldError> {
    Touched::from_index(record.event.kind, record.event.number, index).map_err(FoldError::Index)
}

fn apply(touched: &mut Touched, record: &EventRecord<'_>, seq: Seq, offset: u64) -> Result<(), FoldError> {
    let now = record.event.apply(touched.now.take());
    let now = now.map_err(|_| FormatError::new(offset, Wrong::Value("an event, given the state before it,")))?;
    touched.now = now.map(Tracker::into_owned);
    touched.last_seq = seq;
    Ok(())
}
