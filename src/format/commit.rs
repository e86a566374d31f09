//! The payloads of chunks, in bincode 1.3 with its variable-length integers.
//!
//! The only user of the `bincode` crate, which is complete and no longer maintained: every byte it writes here is
//! spelled out in `format.md`, so that it can be replaced without changing one byte on disk.

use std::borrow::Cow;

use bincode::Options;
use serde::{Deserialize, Serialize};

use super::{Chain, Chunk, ChunkKind, FRAME_HEADER_LEN, FileId, FormatError, FrameHeader, FrameKind, Wrong};
use crate::model::{Change, Event, Kind, Seq, State, Times, Tracker, TrackerNumber, UnixMillis};

/// A chunk is closed at this many events …
const CHUNK_EVENTS: usize = 64;
/// … or this many bytes.
const CHUNK_BYTES: usize = 16 * 1024;

/// Whether a chunk of `count` events and `bytes` bytes takes no more.
pub fn event_chunk_is_full(count: usize, bytes: usize) -> bool {
    count >= CHUNK_EVENTS || bytes >= CHUNK_BYTES
}

/// Where a sync's state came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The manifest in a working tree.
    Manifest,
    /// GitHub's API.
    Api,
    /// A manifest committed to git.
    Git,
}

impl Source {
    /// The word users see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Manifest => "manifest",
            Source::Api => "api",
            Source::Git => "git",
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Source::Manifest => 0,
            Source::Api => 1,
            Source::Git => 2,
        }
    }

    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Source::Manifest),
            1 => Some(Source::Api),
            2 => Some(Source::Git),
            _ => None,
        }
    }
}

/// The sync that a commit records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRecord {
    /// Where the state came from.
    pub source: Source,
    /// When the change was published: the manifest's `updated_at`, or the time of GitHub's answer.
    pub changed_at: UnixMillis,
    /// When this machine recorded it.
    pub synced_at: UnixMillis,
    /// BLAKE3 of the manifest's bytes.
    pub manifest: Option<[u8; 32]>,
    /// The git commit that held the manifest, 20 or 32 bytes.
    pub commit: Option<Vec<u8>>,
    /// What was repaired, in words; empty but in notes.
    pub note: String,
}

/// An event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord<'a> {
    /// The `seq` of the same tracker's event before this one; 0 where there is none.
    pub prev: Seq,
    /// The event.
    pub event: Event<'a>,
}

#[derive(Serialize, Deserialize)]
struct SyncWire<'a> {
    source: u8,
    changed_at: i64,
    synced_at: i64,
    manifest: Option<[u8; 32]>,
    #[serde(borrow)]
    commit: Option<&'a [u8]>,
    #[serde(borrow)]
    note: &'a str,
}

#[derive(Serialize, Deserialize)]
struct EventWire<'a> {
    kind: u8,
    number: u64,
    prev: u64,
    #[serde(borrow)]
    change: ChangeWire<'a>,
}

type TimesWire = (Option<i64>, Option<i64>);

#[derive(Serialize, Deserialize)]
enum ChangeWire<'a> {
    Added(u8, &'a str, TimesWire),
    Closed(&'a str, TimesWire, TimesWire),
    Reopened(&'a str, TimesWire, TimesWire),
    Retitled(&'a str, &'a str),
    Redated(&'a str, TimesWire, TimesWire),
    Removed(u8, &'a str, TimesWire),
}

#[derive(Serialize, Deserialize)]
struct TrackerWire<'a> {
    kind: u8,
    number: u64,
    last_seq: u64,
    state: u8,
    title: &'a str,
    times: TimesWire,
}

/// Variable-length integers, little-endian, at most `limit` bytes in all, nothing behind the value.
fn options(limit: usize) -> impl Options {
    bincode::DefaultOptions::new().with_limit(limit as u64)
}

fn times_wire(times: Times) -> TimesWire {
    (times.created_at.map(UnixMillis::get), times.closed_at.map(UnixMillis::get))
}

fn times(wire: TimesWire) -> Option<Times> {
    let time = |millis: Option<i64>| millis.map_or(Some(None), |millis| UnixMillis::new(millis).map(Some));
    Some(Times { created_at: time(wire.0)?, closed_at: time(wire.1)? })
}

const fn kind_code(kind: Kind) -> u8 {
    match kind {
        Kind::Release => 0,
        Kind::Microsprint => 1,
    }
}

fn kind(code: u8) -> Option<Kind> {
    Kind::ALL.get(usize::from(code)).copied()
}

const fn state_code(state: State) -> u8 {
    match state {
        State::Open => 0,
        State::Closed => 1,
    }
}

fn state(code: u8) -> Option<State> {
    State::ALL.get(usize::from(code)).copied()
}

impl<'a> EventWire<'a> {
    fn of(prev: Seq, event: &'a Event<'_>) -> Self {
        let change = match &event.change {
            Change::Added { state, title, times } => ChangeWire::Added(state_code(*state), title, times_wire(*times)),
            Change::Closed { title, before, after } => {
                ChangeWire::Closed(title, times_wire(*before), times_wire(*after))
            }
            Change::Reopened { title, before, after } => {
                ChangeWire::Reopened(title, times_wire(*before), times_wire(*after))
            }
            Change::Retitled { before, after } => ChangeWire::Retitled(before, after),
            Change::Redated { title, before, after } => {
                ChangeWire::Redated(title, times_wire(*before), times_wire(*after))
            }
            Change::Removed { state, title, times } => {
                ChangeWire::Removed(state_code(*state), title, times_wire(*times))
            }
        };
        Self { kind: kind_code(event.kind), number: event.number.get(), prev: prev.0, change }
    }

    fn record(self) -> Option<EventRecord<'a>> {
        let title = Cow::Borrowed;
        let change = match self.change {
            ChangeWire::Added(s, t, at) => Change::Added { state: state(s)?, title: title(t), times: times(at)? },
            ChangeWire::Closed(t, b, a) => Change::Closed { title: title(t), before: times(b)?, after: times(a)? },
            ChangeWire::Reopened(t, b, a) => Change::Reopened { title: title(t), before: times(b)?, after: times(a)? },
            ChangeWire::Retitled(b, a) => Change::Retitled { before: title(b), after: title(a) },
            ChangeWire::Redated(t, b, a) => Change::Redated { title: title(t), before: times(b)?, after: times(a)? },
            ChangeWire::Removed(s, t, at) => Change::Removed { state: state(s)?, title: title(t), times: times(at)? },
        };
        let event = Event { kind: kind(self.kind)?, number: TrackerNumber::new(self.number)?, change };
        Some(EventRecord { prev: Seq(self.prev), event })
    }
}

/// Reads the payload of a sync chunk. `offset` is the chunk's place in its file, for errors.
///
/// # Errors
/// Bytes that no writer writes.
pub fn decode_sync(payload: &[u8], offset: u64) -> Result<SyncRecord, FormatError> {
    let wrong = FormatError::new(offset, Wrong::Value("a sync record"));
    let wire: SyncWire<'_> = options(payload.len()).deserialize(payload).map_err(|_| wrong)?;
    let time = |millis| UnixMillis::new(millis).ok_or(wrong);
    Ok(SyncRecord {
        source: Source::from_code(wire.source).ok_or(wrong)?,
        changed_at: time(wire.changed_at)?,
        synced_at: time(wire.synced_at)?,
        manifest: wire.manifest,
        commit: wire.commit.map(<[u8]>::to_vec),
        note: wire.note.to_owned(),
    })
}

/// Reads the payload of an events chunk; titles are borrowed from it.
///
/// # Errors
/// Bytes that no writer writes.
pub fn decode_events<'a>(chunk: &Chunk<'a>, offset: u64) -> Result<Vec<EventRecord<'a>>, FormatError> {
    let wrong = FormatError::new(offset, Wrong::Value("an events chunk"));
    let wires: Vec<EventWire<'a>> = options(chunk.payload.len()).deserialize(chunk.payload).map_err(|_| wrong)?;
    if wires.len() != chunk.count as usize {
        return Err(wrong);
    }
    wires.into_iter().map(|wire| wire.record().ok_or(wrong)).collect()
}

/// Reads the payload of a trackers chunk: each tracker with the `seq` of its last event.
///
/// # Errors
/// Bytes that no writer writes.
pub fn decode_trackers<'a>(chunk: &Chunk<'a>, offset: u64) -> Result<Vec<(Tracker<'a>, Seq)>, FormatError> {
    let wrong = FormatError::new(offset, Wrong::Value("a trackers chunk"));
    let wires: Vec<TrackerWire<'a>> = options(chunk.payload.len()).deserialize(chunk.payload).map_err(|_| wrong)?;
    if wires.len() != chunk.count as usize {
        return Err(wrong);
    }
    let tracker = |wire: TrackerWire<'a>| {
        let Times { created_at, closed_at } = times(wire.times)?;
        let (kind, number, state) = (kind(wire.kind)?, TrackerNumber::new(wire.number)?, state(wire.state)?);
        Some((Tracker { kind, number, state, title: wire.title.into(), created_at, closed_at }, Seq(wire.last_seq)))
    };
    wires.into_iter().map(|wire| tracker(wire).ok_or(wrong)).collect()
}

/// Lays out one frame: sync record first, then events (or trackers) in chunks.
pub struct CommitBuilder {
    file: FileId,
    offset: u64,
    kind: FrameKind,
    first_seq: Seq,
    changed_at: UnixMillis,
    prev: Chain,
    bytes: Vec<u8>,
    item_count: u32,
    chunk_count: u32,
    pending: Vec<u8>,
    pending_count: usize,
}

impl CommitBuilder {
    /// Starts a frame that will stand at `offset` of `file`.
    pub fn new(kind: FrameKind, file: FileId, offset: u64, first_seq: Seq, prev: Chain, sync: &SyncRecord) -> Self {
        let mut bytes = vec![0; FRAME_HEADER_LEN as usize];
        let wire = SyncWire {
            source: sync.source.code(),
            changed_at: sync.changed_at.get(),
            synced_at: sync.synced_at.get(),
            manifest: sync.manifest,
            commit: sync.commit.as_deref(),
            note: &sync.note,
        };
        let payload = options(usize::MAX).serialize(&wire).expect("OK because serialising into memory cannot fail");
        let chunk = Chunk { kind: ChunkKind::Sync, count: 1, first_seq, frame_offset: offset, payload: &payload };
        chunk.encode(file, offset + FRAME_HEADER_LEN, &mut bytes);
        Self {
            file,
            offset,
            kind,
            first_seq,
            changed_at: sync.changed_at,
            prev,
            bytes,
            item_count: 0,
            chunk_count: 1,
            pending: Vec::new(),
            pending_count: 0,
        }
    }

    /// Makes room for events of so many bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Adds an event to a commit; `prev` is the same tracker's event before it, 0 where there is none.
    pub fn event(&mut self, prev: Seq, event: &Event<'_>) {
        self.item(&EventWire::of(prev, event), ChunkKind::Events);
    }

    /// Adds a tracker to a base, with the `seq` of its last event.
    pub fn tracker(&mut self, tracker: &Tracker<'_>, last_seq: Seq) {
        let wire = TrackerWire {
            kind: kind_code(tracker.kind),
            number: tracker.number.get(),
            last_seq: last_seq.0,
            state: state_code(tracker.state),
            title: &tracker.title,
            times: times_wire(tracker.times()),
        };
        self.item(&wire, ChunkKind::Trackers);
    }

    fn item(&mut self, wire: &impl Serialize, kind: ChunkKind) {
        let into = options(usize::MAX).serialize_into(&mut self.pending, wire);
        into.expect("OK because serialising into memory cannot fail");
        self.pending_count += 1;
        if event_chunk_is_full(self.pending_count, self.pending.len()) {
            self.close_chunk(kind);
        }
    }

    fn close_chunk(&mut self, kind: ChunkKind) {
        if self.pending_count == 0 {
            return;
        }
        // A bincode sequence is its count, then its items. OK because CHUNK_EVENTS is below 251, one byte's largest.
        self.pending.insert(0, self.pending_count as u8);
        let first_seq = match kind {
            ChunkKind::Events => Seq(self.first_seq.0 + u64::from(self.item_count)),
            ChunkKind::Sync | ChunkKind::Trackers => self.first_seq,
        };
        let count = self.pending_count as u32;
        let chunk = Chunk { kind, count, first_seq, frame_offset: self.offset, payload: &self.pending };
        chunk.encode(self.file, self.offset + self.bytes.len() as u64, &mut self.bytes);
        self.item_count += count;
        self.chunk_count += 1;
        self.pending.clear();
        self.pending_count = 0;
    }

    /// The frame's bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.close_chunk(if self.kind == FrameKind::Base { ChunkKind::Trackers } else { ChunkKind::Events });
        let header = FrameHeader {
            kind: self.kind,
            payload_len: self.bytes.len() as u64 - FRAME_HEADER_LEN,
            first_seq: self.first_seq,
            event_count: self.item_count,
            chunk_count: self.chunk_count,
            changed_at: self.changed_at,
            prev: self.prev,
        };
        self.bytes[..FRAME_HEADER_LEN as usize].copy_from_slice(&header.encode(self.file, self.offset));
        self.bytes
    }
}
const _: () = assert!(CHUNK_EVENTS <= 250);
