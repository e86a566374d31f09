//! Building an index: the same trackers and waypoints give the same bytes.

use crate::format::{
    Chain, GROUPS, Group, HEAP_PER_BLOCK, INDEX_HEADER_LEN, IndexHeader, Record, Section, Standing, Waypoint, checksum,
    title_is_plain,
};
use crate::fs::Buffer;
use crate::model::{Seq, Tracker, TrackerNumber, UnixMillis};

/// What an index says of the log it was folded from.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// The hash of the last commit folded.
    pub chain: Chain,
    /// The last event folded.
    pub seq: Seq,
    /// The log address behind the last commit folded.
    pub address: u64,
    /// The log address of the last commit folded.
    pub last_frame: u64,
    /// When it was published.
    pub changed_at: UnixMillis,
    /// The first event that the log holds.
    pub history_start: Seq,
}

/// Takes trackers group by group in the order of [`Group::ALL`], numbers descending, and waypoints in log order.
#[derive(Default)]
pub struct IndexBuilder {
    counts: [u64; GROUPS],
    records: Vec<u8>,
    heap: Vec<u8>,
    waypoints: Vec<u8>,
    waypoint_count: u64,
}

impl IndexBuilder {
    /// A builder with room for so many trackers.
    pub fn with_capacity(trackers: usize) -> Self {
        Self { records: Vec::with_capacity(trackers * 48), heap: Vec::with_capacity(trackers * 48), ..Self::default() }
    }

    /// The next tracker of its group.
    pub fn add(&mut self, tracker: &Tracker<'_>, last_seq: Seq) {
        self.counts[Group(tracker.kind, tracker.state.into()).position()] += 1;
        let at = self.push_title(tracker.title.as_bytes());
        Record::encode(
            tracker.number,
            tracker.created_at,
            tracker.closed_at,
            at,
            // OK because a manifest has at most 1 GiB.
            u32::try_from(tracker.title.len()).expect("a title is below 4 GiB"),
            title_is_plain(&tracker.title),
            last_seq,
            &mut self.records,
        );
    }

    /// The next removed tracker of its group.
    pub fn add_removed(&mut self, kind: crate::model::Kind, number: TrackerNumber, last_seq: Seq) {
        self.counts[Group(kind, Standing::Removed).position()] += 1;
        Record::encode(number, None, None, 0, 0, true, last_seq, &mut self.records);
    }

    /// Titles that fit in a block do not cross into the next, so that they are read without copying.
    fn push_title(&mut self, title: &[u8]) -> u64 {
        let left = HEAP_PER_BLOCK - self.heap.len() as u64 % HEAP_PER_BLOCK;
        if title.len() as u64 > left {
            self.heap.resize(self.heap.len() + left as usize, 0);
        }
        let at = self.heap.len() as u64;
        self.heap.extend_from_slice(title);
        at
    }

    /// The next waypoint.
    pub fn waypoint(&mut self, waypoint: &Waypoint) {
        waypoint.encode(&mut self.waypoints);
        self.waypoint_count += 1;
    }

    /// The file's bytes.
    pub fn finish(self, summary: &Summary, state_hash: [u8; 32]) -> Buffer {
        let header = IndexHeader {
            chain: summary.chain,
            seq: summary.seq,
            address: summary.address,
            last_frame: summary.last_frame,
            changed_at: summary.changed_at,
            history_start: summary.history_start,
            counts: self.counts,
            heap_len: self.heap.len() as u64,
            waypoint_count: self.waypoint_count,
            state_hash,
        };
        let mut out = Buffer::zeroed(header.file_len() as usize);
        out[..INDEX_HEADER_LEN as usize].copy_from_slice(&header.encode());
        for (section, items) in
            [(header.records(), &self.records), (header.heap(), &self.heap), (header.waypoints(), &self.waypoints)]
        {
            seal_blocks(&header, &section, items, &mut out);
        }
        out
    }
}

fn seal_blocks(header: &IndexHeader, section: &Section, items: &[u8], out: &mut [u8]) {
    let full = (section.per_block * section.item_len) as usize;
    for (block, items) in (0..).zip(items.chunks(full)) {
        let (at, len) = section.block(block);
        let block = &mut out[at as usize..(at + len) as usize];
        let (body, sum) = block.split_at_mut(len as usize - 4);
        body[..items.len()].copy_from_slice(items);
        sum.copy_from_slice(&checksum(header.id(), at, &[body]).to_le_bytes());
    }
}
