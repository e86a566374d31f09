//! Reading events back: by place, by `seq`, by time. Costs grow with what is read, not with the log.

use std::cell::OnceCell;
use std::rc::Rc;

use super::Store;
use super::error::{Damage, StoreError};
use super::view::View;
use crate::format::{
    Chunk, ChunkKind, Current, EventRecord, FRAME_HEADER_LEN, FormatError, FrameHeader, SegmentName, SyncRecord,
    Waypoint, Wrong, decode_events, decode_sync,
};
use crate::fs::Bytes;
use crate::log::Segment;
use crate::model::{Event, Seq, UnixMillis};

/// The log behind one view.
pub struct History<'v> {
    store: Store<'v>,
    view: &'v View,
    segments: Vec<(SegmentName, OnceCell<Bytes>)>,
}

/// An event as it was logged, and the sync that brought it.
#[derive(Clone, Debug)]
pub struct Logged<'h> {
    /// Its number.
    pub seq: Seq,
    /// The same tracker's event before it; 0 where there is none.
    pub prev: Seq,
    /// What happened.
    pub event: Event<'h>,
    /// The sync.
    pub sync: Rc<SyncRecord>,
}

/// The commit that a chunk stands in.
struct Commit {
    frame_offset: u64,
    end: u64,
    sync: Rc<SyncRecord>,
}

impl<'s> Store<'s> {
    /// The log behind a view of this store.
    pub fn history<'v>(&self, view: &'v View) -> History<'v>
    where
        's: 'v,
    {
        let segments = view.current.segments.iter().map(|name| (*name, OnceCell::new())).collect();
        History { store: self.clone(), view, segments }
    }
}

impl<'v> History<'v> {
    /// The view.
    pub fn view(&self) -> &'v View {
        self.view
    }

    /// How many spans there are: stretches of the log from one waypoint to the next, of about 64 events.
    pub fn span_count(&self) -> u64 {
        self.index_waypoints() + self.view.tail.waypoints.len() as u64
    }

    fn index_waypoints(&self) -> u64 {
        self.view.index.as_ref().map_or(0, |index| index.header().waypoint_count)
    }

    fn waypoint(&self, span: u64) -> Result<Waypoint, StoreError> {
        let in_index = self.index_waypoints();
        match &self.view.index {
            Some(index) if span < in_index => index.waypoint(span).map_err(|error| self.view.index_error(&error)),
            _ => Ok(self.view.tail.waypoints[(span - in_index) as usize]),
        }
    }

    /// The last span whose first event satisfies `before`, which holds for a prefix of all events.
    ///
    /// # Errors
    /// Damage to the index.
    fn last_span(&self, before: impl Fn(&Waypoint) -> bool) -> Result<Option<u64>, StoreError> {
        let tail = &self.view.tail.waypoints;
        let in_tail = tail.partition_point(&before) as u64;
        if in_tail > 0 {
            return Ok(Some(self.index_waypoints() + in_tail - 1));
        }
        let Some(index) = &self.view.index else { return Ok(None) };
        index.last_waypoint(before).map_err(|error| self.view.index_error(&error))
    }

    /// The span that holds an event; `None` before the first.
    ///
    /// # Errors
    /// Damage to the index.
    pub fn span_of(&self, seq: Seq) -> Result<Option<u64>, StoreError> {
        self.last_span(|waypoint| waypoint.first_seq <= seq)
    }

    /// The last span that holds events published at `time` or before; `None` where there is none.
    ///
    /// # Errors
    /// Damage to the index.
    pub fn span_at(&self, time: UnixMillis) -> Result<Option<u64>, StoreError> {
        self.last_span(|waypoint| waypoint.changed_at <= time)
    }

    /// The events of a span, oldest first.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn span(&self, span: u64) -> Result<Vec<Logged<'_>>, StoreError> {
        let from = self.waypoint(span)?.address;
        let next = (span + 1 < self.span_count()).then(|| self.waypoint(span + 1)).transpose()?;
        self.read(from, next.map_or(self.view.tail.address, |next| next.address))
    }

    /// One event.
    ///
    /// # Errors
    /// Damage, and the system's. `None` where the log does not hold it.
    pub fn event(&self, seq: Seq) -> Result<Option<Logged<'_>>, StoreError> {
        let Some(span) = self.span_of(seq)? else { return Ok(None) };
        Ok(self.span(span)?.into_iter().find(|logged| logged.seq == seq))
    }

    /// When the first event that the log holds was published; where all were pruned, the state that they led to.
    ///
    /// # Errors
    /// Damage, and the system's. `None` where the log is empty.
    pub fn starts_at(&self) -> Result<Option<UnixMillis>, StoreError> {
        if self.span_count() > 0 {
            return Ok(Some(self.waypoint(0)?.changed_at));
        }
        let published = self.view.tail.changed_at;
        Ok((published > UnixMillis::MIN).then_some(published))
    }

    /// The events of the chunks from log address `from` up to `to`.
    fn read(&self, from: u64, to: u64) -> Result<Vec<Logged<'_>>, StoreError> {
        let mut events = Vec::new();
        for (at, (name, _)) in self.segments.iter().enumerate() {
            let next = self.segments.get(at + 1).map_or(u64::MAX, |(next, _)| next.base);
            if next <= from || name.base >= to {
                continue;
            }
            let bytes = self.bytes(at)?;
            let damage = |error: FormatError| StoreError::format(self.path(name), &error);
            let start = from.saturating_sub(name.base).max(crate::format::SEGMENT_HEADER_LEN);
            let end = (to - name.base).min(bytes.len() as u64);
            read_chunks(bytes, name, start..end, &mut events).map_err(damage)?;
        }
        Ok(events)
    }

    fn path(&self, name: &SegmentName) -> std::path::PathBuf {
        self.view.dir.join(name.file_name())
    }

    /// Opens all of the log, which no other process can then take away.
    ///
    /// # Errors
    /// `Unstable` where one did so since the view was opened: another view is needed. Damage, and the system's.
    pub fn hold(&self) -> Result<(), StoreError> {
        (0..self.segments.len()).try_for_each(|at| self.bytes(at).map(drop))
    }

    /// Whether `CURRENT` still is what the view was opened from.
    fn is_current(&self) -> bool {
        let bytes = self.store.current_bytes();
        let generation = bytes.ok().flatten().map(|bytes| Current::decode(&bytes).map(|current| current.generation));
        self.view.current_recovered || generation == Some(Ok(self.view.current.generation))
    }

    /// The bytes of a segment up to the end of the view.
    fn bytes(&self, at: usize) -> Result<&[u8], StoreError> {
        let (name, cell) = &self.segments[at];
        if let Some(bytes) = cell.get() {
            return Ok(bytes);
        }
        let path = self.path(name);
        let segment = Segment::open(self.store.storage, &self.view.dir, *name);
        let segment = segment.map_err(|error| match StoreError::segment(path.clone(), error) {
            StoreError::Unstable { path } if self.is_current() => {
                let what = "is missing or not the file that CURRENT names".to_owned();
                StoreError::Damaged(Damage { path, offset: 0, what })
            }
            error => error,
        })?;
        let bytes = segment.bytes().map_err(StoreError::io("read", &path))?;
        Ok(cell.get_or_init(|| bytes))
    }
}

/// Walks chunks, skipping frame headers and sync chunks. `range` starts at a chunk of events or at a frame.
fn read_chunks<'h>(
    bytes: &'h [u8],
    name: &SegmentName,
    range: std::ops::Range<u64>,
    events: &mut Vec<Logged<'h>>,
) -> Result<(), FormatError> {
    let mut at = range.start;
    let mut commit: Option<Commit> = None;
    while at < range.end {
        if commit.as_ref().is_some_and(|commit| at == commit.end) || (commit.is_none() && starts_frame(bytes, at)) {
            commit = Some(open_commit(bytes, name, at)?);
            at += FRAME_HEADER_LEN;
            continue;
        }
        let chunk = Chunk::decode(tail_of(bytes, at)?, name.id, at)?;
        let commit = match &mut commit {
            Some(commit) if commit.frame_offset == chunk.frame_offset => commit,
            _ => commit.insert(open_commit(bytes, name, chunk.frame_offset)?),
        };
        if chunk.kind == ChunkKind::Events {
            push_events(&chunk, at, &commit.sync, events)?;
        }
        at += chunk.chunk_len();
    }
    Ok(())
}

fn push_events<'h>(
    chunk: &Chunk<'h>,
    at: u64,
    sync: &Rc<SyncRecord>,
    events: &mut Vec<Logged<'h>>,
) -> Result<(), FormatError> {
    for (seq, EventRecord { prev, event }) in (chunk.first_seq.0..).zip(decode_events(chunk, at)?) {
        events.push(Logged { seq: Seq(seq), prev, event, sync: Rc::clone(sync) });
    }
    Ok(())
}

fn starts_frame(bytes: &[u8], at: u64) -> bool {
    bytes.get(at as usize..).is_some_and(|bytes| bytes.starts_with(b"pmuF"))
}

fn tail_of(bytes: &[u8], at: u64) -> Result<&[u8], FormatError> {
    let wrong = FormatError::new(at, Wrong::Truncated("the log"));
    usize::try_from(at).ok().and_then(|at| bytes.get(at..)).ok_or(wrong)
}

fn open_commit(bytes: &[u8], name: &SegmentName, at: u64) -> Result<Commit, FormatError> {
    let header = FrameHeader::decode(tail_of(bytes, at)?, name.id, at)?;
    let sync_at = at + FRAME_HEADER_LEN;
    let chunk = Chunk::decode(tail_of(bytes, sync_at)?, name.id, sync_at)?;
    if chunk.kind != ChunkKind::Sync || chunk.frame_offset != at {
        return Err(FormatError::new(sync_at, Wrong::Value("a frame's first chunk")));
    }
    let sync = Rc::new(decode_sync(chunk.payload, sync_at)?);
    Ok(Commit { frame_offset: at, end: at + header.frame_len(), sync })
}
