//! The payloads of chunks, in bincode 1.3 with its variable-length integers.
//!
//! The only user of the `bincode` crate, which is complete and no longer maintained: every byte it writes here is
//! spelled out in `format.md`, so that it can be replaced without changing one byte on disk.

use std::borrow::Cow;

use bincode::Options;
use serde::{Deserialize, Serialize};

use super::{Chunk, FormatError, HistoryHash, Source, StateSum, SyncRecord, Wrong};
use crate::model::{Change, Event, Kind, Seq, State, Times, Tracker, TrackerNumber, UnixMillis};

/// An event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord<'a> {
    /// The `seq` of the same tracker's event before this one; 0 if there is none.
    pub prev: Seq,
    /// The event.
    pub event: Event<'a>,
}

/// Fields of later versions: a tag and bytes each. This version knows none.
#[derive(Serialize, Deserialize, Default)]
struct Further<'a>(#[serde(borrow)] Vec<(u8, &'a [u8])>);

#[derive(Serialize, Deserialize)]
struct SyncWire<'a> {
    source: u8,
    updated_at: i64,
    changed_at: i64,
    synced_at: i64,
    manifest: Option<[u8; 32]>,
    #[serde(borrow)]
    commit: Option<&'a [u8]>,
    repo: &'a str,
    trackers: u64,
    sum: [u8; 32],
    history: Option<[u8; 32]>,
    note: &'a str,
    further: Further<'a>,
}

/// What an event is, whatever came before it.
#[derive(Serialize, Deserialize)]
struct EventWire<'a> {
    kind: u8,
    number: u64,
    #[serde(borrow)]
    change: ChangeWire<'a>,
}

#[derive(Serialize, Deserialize)]
struct EventItem<'a> {
    #[serde(borrow)]
    event: EventWire<'a>,
    prev: u64,
    further: Further<'a>,
}

type TimesWire = (Option<i64>, Option<i64>);

#[derive(Serialize, Deserialize)]
enum ChangeWire<'a> {
    Added(u8, &'a str, TimesWire),
    Closed(&'a str, TimesWire, TimesWire),
    Reopened(&'a str, TimesWire, TimesWire),
    Retitled(u8, &'a str, &'a str, TimesWire),
    Redated(u8, &'a str, TimesWire, TimesWire),
    Removed(u8, &'a str, TimesWire),
}

#[derive(Serialize, Deserialize)]
struct TrackerItem<'a> {
    kind: u8,
    number: u64,
    last_seq: u64,
    state: u8,
    title: &'a str,
    times: TimesWire,
    #[serde(borrow)]
    further: Further<'a>,
}

/// Variable-length integers, little-endian, at most `limit` bytes in all, nothing after the value.
fn options(limit: usize) -> impl Options {
    bincode::DefaultOptions::new().with_limit(limit as u64)
}

fn put(wire: &impl Serialize, out: &mut Vec<u8>) {
    // Under a limit, bincode would go over the value twice: first to see how long it will be.
    let options = bincode::DefaultOptions::new().with_no_limit();
    options.serialize_into(out, wire).expect("OK because serialising into memory cannot fail");
}

/// Appends a byte string. bincode would take its bytes one by one.
fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put(&(bytes.len() as u64), out);
    out.extend_from_slice(bytes);
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
    fn of(event: &'a Event<'_>) -> Self {
        let at = |times: &Times| times_wire(*times);
        let change = match &event.change {
            Change::Added { state, title, times } => ChangeWire::Added(state_code(*state), title, at(times)),
            Change::Closed { title, before, after } => ChangeWire::Closed(title, at(before), at(after)),
            Change::Reopened { title, before, after } => ChangeWire::Reopened(title, at(before), at(after)),
            Change::Retitled { state, before, after, times } => {
                ChangeWire::Retitled(state_code(*state), before, after, at(times))
            }
            Change::Redated { state, title, before, after } => {
                ChangeWire::Redated(state_code(*state), title, at(before), at(after))
            }
            Change::Removed { state, title, times } => ChangeWire::Removed(state_code(*state), title, at(times)),
        };
        Self { kind: kind_code(event.kind), number: event.number.get(), change }
    }

    fn event(self) -> Option<Event<'a>> {
        let title = Cow::Borrowed;
        let change = match self.change {
            ChangeWire::Added(s, t, at) => Change::Added { state: state(s)?, title: title(t), times: times(at)? },
            ChangeWire::Closed(t, b, a) => Change::Closed { title: title(t), before: times(b)?, after: times(a)? },
            ChangeWire::Reopened(t, b, a) => Change::Reopened { title: title(t), before: times(b)?, after: times(a)? },
            ChangeWire::Retitled(s, b, a, at) => {
                Change::Retitled { state: state(s)?, before: title(b), after: title(a), times: times(at)? }
            }
            ChangeWire::Redated(s, t, b, a) => {
                Change::Redated { state: state(s)?, title: title(t), before: times(b)?, after: times(a)? }
            }
            ChangeWire::Removed(s, t, at) => Change::Removed { state: state(s)?, title: title(t), times: times(at)? },
        };
        Some(Event { kind: kind(self.kind)?, number: TrackerNumber::new(self.number)?, change })
    }
}

/// Appends the payload of a sync chunk.
pub fn encode_sync(record: &SyncRecord, out: &mut Vec<u8>) {
    let wire = SyncWire {
        source: record.source.code(),
        updated_at: record.updated_at.get(),
        changed_at: record.changed_at.get(),
        synced_at: record.synced_at.get(),
        manifest: record.manifest,
        commit: record.commit.as_deref(),
        repo: &record.repo,
        trackers: record.state.count,
        sum: record.state.bytes(),
        history: record.history.map(|hash| hash.0),
        note: &record.note,
        further: Further::default(),
    };
    put(&wire, out);
}

/// Reads the payload of a sync chunk. `offset` is the chunk's place in its file, for errors.
///
/// # Errors
/// Bytes that no writer writes.
pub fn decode_sync(payload: &[u8], offset: u64) -> Result<SyncRecord, FormatError> {
    let wrong = FormatError::new(offset, Wrong::Value("a sync record"));
    let wire: SyncWire<'_> = options(payload.len()).deserialize(payload).map_err(|_| wrong)?;
    let time = |millis| UnixMillis::new(millis).ok_or(wrong);
    if wire.commit.is_some_and(|commit| !matches!(commit.len(), 20 | 32)) {
        return Err(FormatError::new(offset, Wrong::Value("the length of a commit's id")));
    }
    Ok(SyncRecord {
        source: Source::from_code(wire.source).ok_or(wrong)?,
        updated_at: time(wire.updated_at)?,
        changed_at: time(wire.changed_at)?,
        synced_at: time(wire.synced_at)?,
        manifest: wire.manifest,
        commit: wire.commit.map(<[u8]>::to_vec),
        repo: wire.repo.to_owned(),
        state: StateSum::from_bytes(wire.trackers, wire.sum),
        history: wire.history.map(HistoryHash),
        note: wire.note.to_owned(),
    })
}

/// Appends the canonical bytes of an event.
pub fn canonical(event: &Event<'_>, out: &mut Vec<u8>) {
    put(&EventWire::of(event), out);
}

/// Appends an event's item; `scratch` is used on the way. The event's canonical bytes are then what `scratch` begins with,
/// as long as is returned.
pub(super) fn put_event(prev: Seq, event: &Event<'_>, scratch: &mut Vec<u8>, out: &mut Vec<u8>) -> usize {
    scratch.clear();
    canonical(event, scratch);
    let canonical_len = scratch.len();
    put(&(prev.0, Further::default()), scratch);
    put_bytes(scratch, out);
    canonical_len
}

/// Appends a tracker's item; `scratch` is used on the way.
pub(super) fn put_tracker(tracker: &Tracker<'_>, last_seq: Seq, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    let wire = TrackerItem {
        kind: kind_code(tracker.kind),
        number: tracker.number.get(),
        last_seq: last_seq.0,
        state: state_code(tracker.state),
        title: &tracker.title,
        times: times_wire(tracker.times()),
        further: Further::default(),
    };
    scratch.clear();
    put(&wire, scratch);
    put_bytes(scratch, out);
}

/// Takes the unsigned integer at the start of `bytes`, below 2^32.
fn take_len(bytes: &mut &[u8]) -> Option<usize> {
    let (first, rest) = bytes.split_first()?;
    let (len, rest) = match *first {
        251 => rest.split_first_chunk().map(|(len, rest)| (usize::from(u16::from_le_bytes(*len)), rest))?,
        252 => rest.split_first_chunk().map(|(len, rest)| (u32::from_le_bytes(*len) as usize, rest))?,
        small @ ..=250 => (usize::from(small), rest),
        _ => return None,
    };
    *bytes = rest;
    Some(len)
}

/// Calls `each` with the items of a chunk: byte strings after their count.
fn items<'a, T>(
    chunk: &Chunk<'a>,
    wrong: FormatError,
    each: impl Fn(&'a [u8]) -> Option<T>,
) -> Result<Vec<T>, FormatError> {
    let mut bytes = chunk.payload;
    let count = take_len(&mut bytes).filter(|count| *count == chunk.count as usize).ok_or(wrong)?;
    let mut items = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        let len = take_len(&mut bytes).ok_or(wrong)?;
        let (item, rest) = bytes.split_at_checked(len).ok_or(wrong)?;
        items.push(each(item).ok_or(wrong)?);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(items) } else { Err(wrong) }
}

/// Reads the payload of an events chunk; titles are borrowed from it.
///
/// # Errors
/// Bytes that no writer writes.
pub fn decode_events<'a>(chunk: &Chunk<'a>, offset: u64) -> Result<Vec<EventRecord<'a>>, FormatError> {
    items(chunk, FormatError::new(offset, Wrong::Value("an events chunk")), |item| {
        let wire: EventItem<'a> = options(item.len()).deserialize(item).ok()?;
        Some(EventRecord { prev: Seq(wire.prev), event: wire.event.event()? })
    })
}

/// Reads the payload of a trackers chunk: each tracker with the `seq` of its last event.
///
/// # Errors
/// Bytes that no writer writes.
pub fn decode_trackers<'a>(chunk: &Chunk<'a>, offset: u64) -> Result<Vec<(Tracker<'a>, Seq)>, FormatError> {
    items(chunk, FormatError::new(offset, Wrong::Value("a trackers chunk")), |item| {
        let wire: TrackerItem<'a> = options(item.len()).deserialize(item).ok()?;
        let Times { created_at, closed_at } = times(wire.times)?;
        let (kind, number, state) = (kind(wire.kind)?, TrackerNumber::new(wire.number)?, state(wire.state)?);
        Some((Tracker { kind, number, state, title: wire.title.into(), created_at, closed_at }, Seq(wire.last_seq)))
    })
}
