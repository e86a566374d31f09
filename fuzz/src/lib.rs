//! What the fuzz targets share: nouns out of arbitrary bytes, and valid files made of them to be damaged.

use arbitrary::Arbitrary;
use gh_pmu::format::{
    Chain, CommitBuilder, EventRecord, FileId, FrameKind, Group, SEGMENT_HEADER_LEN, Source, SyncRecord, Waypoint,
    chain_of,
};
use gh_pmu::index::{IndexBuilder, Summary};
use gh_pmu::model::{Kind, Seq, State, Tracker, TrackerNumber, UnixMillis, diff};

/// The file that all frames are bound to.
pub const FILE: FileId = FileId([7; 16]);

/// A tracker whose numbers often meet those of others.
#[derive(Arbitrary, Clone, Debug)]
pub struct AnyTracker {
    is_release: bool,
    is_open: bool,
    number: u64,
    title: String,
    created_at: Option<i64>,
    closed_at: Option<i64>,
}

impl AnyTracker {
    fn tracker(&self) -> Tracker<'static> {
        let number = if self.number.is_multiple_of(4) { self.number >> 11 } else { self.number % 32 };
        let title: String = self.title.chars().take(16).collect();
        Tracker {
            kind: if self.is_release { Kind::Release } else { Kind::Microsprint },
            number: TrackerNumber::new(number.max(1)).expect("OK because 53 bits are left of a number"),
            state: if self.is_open { State::Open } else { State::Closed },
            title: title.into(),
            created_at: self.created_at.map(UnixMillis::saturating),
            closed_at: self.closed_at.map(UnixMillis::saturating),
        }
    }
}

/// A state as everything below takes it: in list order, each key once.
pub fn state_of(trackers: &[AnyTracker]) -> Vec<Tracker<'static>> {
    let mut state: Vec<_> = trackers.iter().take(160).map(AnyTracker::tracker).collect();
    state.sort_by(Tracker::list_order);
    state.dedup_by_key(|tracker| tracker.list_key());
    state
}

/// A frame that was written.
pub struct Written {
    /// Where it begins in [`Log::bytes`].
    pub start: usize,
    /// Where it ends there.
    pub end: usize,
    /// Its events.
    pub events: Vec<(Seq, EventRecord<'static>)>,
}

/// Valid frames, one behind the other, as they stand behind a segment's header.
#[derive(Default)]
pub struct Log {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What stands in them.
    pub frames: Vec<Written>,
}

/// The sync behind a commit.
pub fn sync_record(changed_at: i64) -> SyncRecord {
    let changed_at = UnixMillis::saturating(changed_at);
    SyncRecord {
        source: Source::Git,
        changed_at,
        synced_at: changed_at,
        manifest: Some([3; 32]),
        commit: Some(vec![4; 20]),
        note: String::new(),
    }
}

/// One commit for each state, from the state before it; the first from nothing.
pub fn log_of(states: &[Vec<AnyTracker>]) -> Log {
    let mut log = Log::default();
    let (mut seq, mut prev, mut before) = (Seq(1), Chain::START, Vec::new());
    for (changed_at, trackers) in (1_700_000_000_000..).zip(states) {
        let after = state_of(trackers);
        let mut changes = Vec::new();
        diff(before, &after, &mut changes);
        let sync = sync_record(changed_at);
        let start = log.bytes.len();
        let mut commit =
            CommitBuilder::new(FrameKind::Commit, FILE, SEGMENT_HEADER_LEN + start as u64, seq, prev, &sync);
        let mut events = Vec::new();
        for event in changes {
            let record = EventRecord { prev: Seq(seq.0 / 2), event: event.into_owned() };
            commit.event(record.prev, &record.event);
            events.push((seq, record));
            seq = seq.next();
        }
        let frame = commit.finish();
        prev = chain_of(&frame);
        log.bytes.extend_from_slice(&frame);
        log.frames.push(Written { start, end: log.bytes.len(), events });
        before = after;
    }
    log
}

/// The index of a state, some of its trackers as removed ones, with waypoints.
pub fn index_of(state: &[Tracker<'_>], waypoints: u8) -> Vec<u8> {
    let mut builder = IndexBuilder::with_capacity(state.len());
    for Group(kind, standing) in Group::ALL {
        for tracker in state.iter().filter(|tracker| tracker.kind == kind) {
            let is_removed = tracker.title.len() % 5 == 4;
            let last_seq = Seq(tracker.number.get());
            match standing {
                gh_pmu::format::Standing::Removed if is_removed => builder.add_removed(kind, tracker.number, last_seq),
                _ if !is_removed && standing == tracker.state.into() => builder.add(tracker, last_seq),
                _ => {}
            }
        }
    }
    for place in 1..=u64::from(waypoints) {
        let changed_at = UnixMillis::saturating(place as i64);
        builder.waypoint(&Waypoint { first_seq: Seq(place * 64), changed_at, address: place * 4096 });
    }
    let summary = Summary {
        chain: Chain([9; 32]),
        seq: Seq(u64::from(waypoints) * 64 + 63),
        address: 1 << 21,
        last_frame: 1 << 20,
        changed_at: UnixMillis::saturating(1_700_000_000_000),
        history_start: Seq(1),
    };
    builder.finish(&summary, [5; 32]).to_vec()
}

/// Flips at most three bits. A CRC-32 over no more than 11 KB finds every such damage, so laws need no "nearly".
pub fn flip_bits(bytes: &mut [u8], places: &[u32]) {
    for &place in places.iter().take(3) {
        if !bytes.is_empty() {
            let at = (place / 8) as usize % bytes.len();
            bytes[at] ^= 1 << (place % 8);
        }
    }
}

/// Overwrites bytes: what a faulty writer would do, once the checksums are made to match.
pub fn overwrite(bytes: &mut [u8], patches: &[(u32, u64)]) {
    for &(at, value) in patches.iter().take(8) {
        if let Some(at) = (at as usize).checked_rem(bytes.len()) {
            let len = (bytes.len() - at).min(8);
            bytes[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]);
        }
    }
}
