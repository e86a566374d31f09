//! The tail: what the log says beyond the index, folded at opening. The rules are those of `format.md`, folding.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::iter::Peekable;
use std::vec::IntoIter;

use crate::format::{
    Chain, ChunkKind, EventRecord, FileId, FormatError, FrameKind, HistoryHash, Standing, StateSum, SyncRecord,
    Waypoint, Wrong, decode_sync, decode_trackers, needs_waypoint,
};
use crate::index::{Index, Item};
use crate::model::{Kind, Seq, State, Tracker, TrackerNumber, UnixMillis};
use crate::segment::Frame;

/// A tracker that the tail touched.
#[derive(Clone, Debug)]
pub(super) struct Touched<'t> {
    pub(super) kind: Kind,
    pub(super) number: TrackerNumber,
    /// Its state in the index, if it stands there.
    pub(super) was: Option<Standing>,
    /// The tracker now; `None` once removed.
    pub(super) now: Option<Tracker<'t>>,
    /// Its last live event; 0 if it has none.
    pub(super) last_seq: Seq,
}

impl Touched<'_> {
    pub(super) fn key(&self) -> (Kind, Reverse<TrackerNumber>) {
        (self.kind, Reverse(self.number))
    }

    /// The tracker, unless it was removed.
    pub(super) fn item(&self) -> Option<Item<'_>> {
        let now = self.now.as_ref()?;
        Some(Item { tracker: Tracker { title: Cow::Borrowed(&*now.title), ..*now }, last_seq: self.last_seq })
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
    ) -> Result<(), FoldError> {
        let wrong = |what| FoldError::Log(FormatError::new(offset, Wrong::Value(what)));
        if record.prev != self.last_seq {
            return Err(wrong("the number of an event's predecessor"));
        }
        let now = record.event.apply(self.now.as_ref());
        self.now = now.map_err(|_| wrong("an event, given the state before it,"))?.map(keep);
        self.last_seq = seq;
        Ok(())
    }
}

/// Where a log stands after a frame.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) seq: Seq,
    pub(super) published_seq: Seq,
    /// Own hash of the last frame.
    pub(super) chain: Chain,
    /// The offset after the last frame.
    pub(super) offset: u64,
    /// The offset of the last frame; 0 if there is none.
    pub(super) last_frame: u64,
    pub(super) first_frame: u64,
    pub(super) published_frame: u64,
    pub(super) observed_from: u64,
    pub(super) changed_at: UnixMillis,
    pub(super) published_changed_at: UnixMillis,
    pub(super) history_start: Seq,
    pub(super) state: StateSum,
    /// The state sum after the last published frame.
    pub(super) published_state: StateSum,
    pub(super) history: HistoryHash,
    /// The last frame's record, unless that is a note.
    pub(super) fresh: Option<SyncRecord>,
}

impl Position {
    /// Before the first frame.
    pub(super) fn start(offset: u64, first_seq: Seq, chain: Chain) -> Self {
        Self {
            seq: Seq(first_seq.0.saturating_sub(1)),
            published_seq: Seq(first_seq.0.saturating_sub(1)),
            chain,
            offset,
            last_frame: 0,
            first_frame: 0,
            published_frame: 0,
            observed_from: 0,
            changed_at: UnixMillis::MIN,
            published_changed_at: UnixMillis::MIN,
            history_start: first_seq,
            state: StateSum::default(),
            published_state: StateSum::default(),
            history: HistoryHash::default(),
            fresh: None,
        }
    }

    fn of_index(index: &Index) -> Self {
        let header = index.header();
        Self {
            seq: header.seq,
            published_seq: header.published_seq,
            chain: header.chain,
            offset: header.address,
            last_frame: header.last_frame,
            first_frame: header.first_frame,
            published_frame: header.published_frame,
            observed_from: header.observed_from,
            changed_at: header.changed_at,
            published_changed_at: header.published_changed_at,
            history_start: header.history_start,
            state: header.state,
            // Needed only to undo what is observed, which an index does not give.
            published_state: header.state,
            history: header.history,
            fresh: decode_sync(&header.record, 0).ok(),
        }
    }

    /// Whether any frame is live that is no note.
    fn has_live_frame(&self) -> bool {
        self.published_frame > 0 || self.observed_from > 0
    }
}

/// The bytes of a log from some offset on, in which superseded events are found again.
#[derive(Clone, Copy)]
pub(super) struct Region<'f> {
    pub(super) bytes: &'f [u8],
    pub(super) offset: u64,
    pub(super) file: FileId,
}

/// What the frames after the index amount to, and where the log stands after them.
#[derive(Clone)]
pub(super) struct Tail<'t> {
    /// In list order.
    pub(super) touched: Vec<Touched<'t>>,
    /// Waypoints of the tail's live chunks.
    pub(super) waypoints: Vec<Waypoint>,
    /// The last one before the tail.
    waypoint_before: Option<Waypoint>,
    pub(super) at: Position,
    /// Where the live observed frames with events begin, of those in the tail.
    observed: Vec<u64>,
    pub(super) frame_count: u64,
    /// Events in the tail's frames, superseded ones too.
    pub(super) event_count: u64,
    /// Where the tail begins.
    pub(super) start: u64,
}

/// A commit that does not fit the state it is folded over, or bytes that do not verify.
pub(super) enum FoldError {
    /// In the index.
    Index(FormatError),
    /// In the log.
    Log(FormatError),
    /// The index holds events that are superseded: the log must be folded from its start.
    Stale,
}

impl From<FormatError> for FoldError {
    fn from(error: FormatError) -> Self {
        FoldError::Log(error)
    }
}

impl<'t> Tail<'t> {
    /// The empty tail after an index.
    pub(super) fn after(index: &Index) -> Result<Self, FormatError> {
        let waypoint_before = match index.header().waypoint_count {
            0 => None,
            count => Some(index.waypoint(count - 1)?),
        };
        Ok(Self { waypoint_before, ..Self::start(Position::of_index(index)) })
    }

    /// The empty tail at a place where the log begins.
    pub(super) fn start(at: Position) -> Self {
        Self {
            touched: Vec::new(),
            waypoints: Vec::new(),
            waypoint_before: None,
            start: at.offset,
            at,
            observed: Vec::new(),
            frame_count: 0,
            event_count: 0,
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
        self.at.offset - self.start
    }

    /// Where a tracker stands in [`Self::touched`], or would.
    pub(super) fn find(&self, kind: Kind, number: TrackerNumber) -> Result<usize, usize> {
        self.touched.binary_search_by_key(&(kind, Reverse(number)), Touched::key)
    }

    /// Where the log stands, and nothing of what it amounts to.
    pub(super) fn without_trackers(self) -> Tail<'static> {
        let Self { waypoints, waypoint_before, at, observed, frame_count, event_count, start, .. } = self;
        Tail { touched: Vec::new(), waypoints, waypoint_before, at, observed, frame_count, event_count, start }
    }

    /// Makes this, the state that was published last, go on where `other` ends, as if `other`'s observed frames had been
    /// undone.
    pub(super) fn supersede(&mut self, other: &Tail<'_>) {
        let (chain, offset, last_frame) = (other.at.chain, other.at.offset, other.at.last_frame);
        self.at = Position { chain, offset, last_frame, ..self.at.clone() };
        self.frame_count += other.frame_count.max(1);
        self.event_count += other.event_count;
    }

    /// Folds one frame that continues the log; `keep` owns of the frame's trackers what is to outlive it.
    pub(super) fn fold<'f>(
        &mut self,
        frame: &Frame<'f>,
        region: Region<'f>,
        index: Option<&Index>,
        keep: impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError> {
        let header = &frame.header;
        if let Some(sync) = &frame.sync {
            match header.kind {
                FrameKind::Commit if header.published => self.publish(frame, region, index, &keep)?,
                FrameKind::Commit => self.observe(frame)?,
                FrameKind::Base => self.fold_base(frame, &keep)?,
                FrameKind::Note | FrameKind::Ignored(_) => self.fold_note(frame)?,
            }
            if header.kind == FrameKind::Commit {
                self.fold_events(frame, index, &keep)?;
            }
            self.at.state = sync.state;
            if header.published {
                self.at.published_state = sync.state;
            }
            self.at.fresh = Some(sync.clone()).filter(|_| header.kind != FrameKind::Note);
        }
        self.at.chain = header.own;
        self.at.offset = frame.end();
        self.at.last_frame = frame.offset;
        self.frame_count += 1;
        Ok(())
    }

    /// What a published commit does before its events: it supersedes what was observed.
    fn publish<'f>(
        &mut self,
        frame: &Frame<'f>,
        region: Region<'f>,
        index: Option<&Index>,
        keep: &impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError> {
        self.undo_observed(region, index, keep)?;
        let wrong = |what| FoldError::Log(FormatError::new(frame.offset, Wrong::Value(what)));
        if frame.header.first_seq != self.at.published_seq.next() {
            return Err(wrong("a frame's sequence number"));
        }
        if frame.header.changed_at < self.at.published_changed_at {
            return Err(wrong("a frame's time, before that of the frame before,"));
        }
        if !self.at.has_live_frame() {
            self.at.first_frame = frame.offset;
        }
        self.at.seq = Seq(frame.header.first_seq.0 + u64::from(frame.header.item_count) - 1);
        self.at.published_seq = self.at.seq;
        self.at.published_frame = frame.offset;
        (self.at.changed_at, self.at.published_changed_at) = (frame.header.changed_at, frame.header.changed_at);
        if let Some(history) = frame.sync.as_ref().and_then(|sync| sync.history) {
            self.at.history = history;
        }
        Ok(())
    }

    /// What an observed commit does before its events.
    fn observe(&mut self, frame: &Frame<'_>) -> Result<(), FoldError> {
        let wrong = |what| FoldError::Log(FormatError::new(frame.offset, Wrong::Value(what)));
        if frame.header.first_seq != self.at.seq.next() {
            return Err(wrong("a frame's sequence number"));
        }
        if frame.header.changed_at < self.at.changed_at {
            return Err(wrong("a frame's time, before that of the frame before,"));
        }
        if !self.at.has_live_frame() {
            self.at.first_frame = frame.offset;
        }
        if self.at.observed_from == 0 {
            self.at.observed_from = frame.offset;
        }
        self.observed.extend((frame.header.item_count > 0).then_some(frame.offset));
        self.at.seq = Seq(frame.header.first_seq.0 + u64::from(frame.header.item_count) - 1);
        self.at.changed_at = frame.header.changed_at;
        Ok(())
    }

    /// A note may say that events are lost.
    fn fold_note(&mut self, frame: &Frame<'_>) -> Result<(), FoldError> {
        let header = &frame.header;
        let fits = header.first_seq > self.at.seq && !(header.published && self.at.observed_from > 0);
        let is_of_its_time = !self.at.has_live_frame() || header.changed_at == self.at.changed_at;
        if !fits || !is_of_its_time {
            return Err(FormatError::new(frame.offset, Wrong::Value("a note's sequence number or time")).into());
        }
        self.at.seq = Seq(header.first_seq.0 - 1);
        if header.published {
            self.at.published_seq = self.at.seq;
        }
        Ok(())
    }

    fn fold_base<'f>(
        &mut self,
        frame: &Frame<'f>,
        keep: &impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError> {
        let wrong = |what| FoldError::Log(FormatError::new(frame.offset, Wrong::Value(what)));
        if self.frame_count > 0 || frame.header.first_seq.0 == 0 {
            return Err(wrong("the place or sequence number of a base"));
        }
        for (offset, chunk) in frame.chunks.iter().filter(|(_, chunk)| chunk.kind == ChunkKind::Trackers) {
            for (tracker, last_seq) in decode_trackers(chunk, *offset)? {
                let (kind, number) = (tracker.kind, tracker.number);
                self.touched.push(Touched { kind, number, was: None, now: Some(keep(tracker)), last_seq });
            }
        }
        if !self.touched.is_sorted_by(|a, b| a.key() < b.key()) {
            return Err(wrong("the order of a base"));
        }
        self.at.seq = Seq(frame.header.first_seq.0 - 1);
        self.at.history_start = frame.header.first_seq;
        self.at.changed_at = frame.header.changed_at;
        if let Some(history) = frame.sync.as_ref().and_then(|sync| sync.history) {
            (self.at.published_seq, self.at.published_frame) = (self.at.seq, frame.offset);
            (self.at.published_changed_at, self.at.history) = (frame.header.changed_at, history);
        } else {
            (self.at.published_seq, self.at.observed_from) = (Seq(0), frame.offset);
            self.observed.push(frame.offset);
        }
        Ok(())
    }

    /// Undoes the events that a published commit supersedes, last one first.
    pub(super) fn undo_observed<'f>(
        &mut self,
        region: Region<'f>,
        index: Option<&Index>,
        keep: &impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError> {
        if self.at.observed_from == 0 {
            return Ok(());
        }
        if self.at.observed_from < self.start {
            return Err(FoldError::Stale);
        }
        for offset in std::mem::take(&mut self.observed).into_iter().rev() {
            let at = usize::try_from(offset - region.offset).unwrap_or(usize::MAX);
            let bytes = region.bytes.get(at..).unwrap_or_default();
            let frame = Frame::decode(bytes, region.file, offset)?;
            if frame.header.kind == FrameKind::Base {
                self.touched.clear();
                self.at.history_start = Seq(1);
                continue;
            }
            for (_, record) in frame.events()?.into_iter().rev() {
                let wrong = FormatError::new(offset, Wrong::Value("an event, given the state after it,"));
                let at = self.touch(record.event.kind, record.event.number, index)?;
                let touched = &mut self.touched[at];
                touched.now = record.event.undo(touched.now.as_ref()).map_err(|_| wrong)?.map(keep);
                touched.last_seq = record.prev;
            }
        }
        let from = self.at.observed_from;
        self.waypoints.retain(|waypoint| waypoint.offset < from);
        self.at.observed_from = 0;
        self.at.state = self.at.published_state;
        self.at.seq = self.at.published_seq;
        self.at.changed_at = self.at.published_changed_at;
        Ok(())
    }

    /// Gives a tracker's place in [`Self::touched`], made if need be.
    fn touch(&mut self, kind: Kind, number: TrackerNumber, index: Option<&Index>) -> Result<usize, FoldError> {
        match self.find(kind, number) {
            Ok(at) => Ok(at),
            Err(at) => {
                let new = Touched::from_index(kind, number, index).map_err(FoldError::Index)?;
                self.touched.insert(at, new);
                Ok(at)
            }
        }
    }

    /// Events of one commit come in list order, and so merge with the sorted tail in one pass; what comes in any other
    /// order, or is little beside the tail, is put in one by one.
    fn fold_events<'f>(
        &mut self,
        frame: &Frame<'f>,
        index: Option<&Index>,
        keep: &impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError> {
        let events = frame.events()?;
        self.event_count += events.len() as u64;
        let in_order = events.is_sorted_by_key(|(_, record)| key_of(record));
        if in_order && events.len() * FEW > self.touched.len() {
            let mut merge = Merge::new(std::mem::take(&mut self.touched), events.len(), frame.offset, index);
            for (seq, record) in &events {
                merge.event(*seq, record, keep)?;
            }
            self.touched = merge.finish();
        } else {
            for (seq, record) in &events {
                let at = self.touch(record.event.kind, record.event.number, index)?;
                self.touched[at].apply(*seq, record, frame.offset, keep)?;
            }
        }
        for (offset, chunk) in frame.chunks.iter().filter(|(_, chunk)| chunk.kind == ChunkKind::Events) {
            let last = self.waypoints.last().copied().or(self.waypoint_before);
            if needs_waypoint(last, chunk.first_seq, *offset) {
                let (first_seq, changed_at) = (chunk.first_seq, frame.header.changed_at);
                self.waypoints.push(Waypoint { first_seq, changed_at, offset: *offset });
            }
        }
        Ok(())
    }
}

/// Below this share of the tail, events are put in one by one.
const FEW: usize = 8;

/// One pass over a sorted tail and events in the same order.
struct Merge<'t, 'i> {
    old: Peekable<IntoIter<Touched<'t>>>,
    merged: Vec<Touched<'t>>,
    index: Option<&'i Index>,
    /// Where the frame stands, for errors.
    offset: u64,
}

impl<'t, 'i> Merge<'t, 'i> {
    fn new(old: Vec<Touched<'t>>, events: usize, offset: u64, index: Option<&'i Index>) -> Self {
        let merged = Vec::with_capacity(old.len() + events);
        Self { old: old.into_iter().peekable(), merged, index, offset }
    }

    fn event<'f>(
        &mut self,
        seq: Seq,
        record: &EventRecord<'f>,
        keep: &impl Fn(Tracker<'f>) -> Tracker<'t>,
    ) -> Result<(), FoldError> {
        let key = key_of(record);
        while let Some(touched) = self.old.next_if(|touched| touched.key() <= key) {
            self.merged.push(touched);
        }
        if self.merged.last().is_none_or(|touched| touched.key() != key) {
            let (kind, number) = (record.event.kind, record.event.number);
            self.merged.push(Touched::from_index(kind, number, self.index).map_err(FoldError::Index)?);
        }
        let touched = self.merged.last_mut();
        touched.map_or(Ok(()), |touched| touched.apply(seq, record, self.offset, keep))
    }

    fn finish(mut self) -> Vec<Touched<'t>> {
        self.merged.extend(self.old);
        self.merged
    }
}

fn key_of(record: &EventRecord<'_>) -> (Kind, Reverse<TrackerNumber>) {
    (record.event.kind, Reverse(record.event.number))
}
