//! Building an index: the same trackers and waypoints give the same bytes.

use crate::format::{BLOCK_LEN, GROUPS, Group, INDEX_HEADER_LEN, IndexHeader, Record, Standing, Waypoint, checksum};
use crate::fs::Buffer;
use crate::model::{Kind, Seq, Tracker, TrackerNumber};

/// Takes trackers group by group in the order of [`Group::ALL`], numbers descending, and waypoints in log order.
#[derive(Default)]
pub struct IndexBuilder {
    counts: [u64; GROUPS],
    records: Vec<u8>,
    titles: Vec<u8>,
    waypoints: Vec<u8>,
    waypoint_count: u64,
}

impl IndexBuilder {
    /// Returns a builder with room for so many trackers.
    pub fn with_capacity(trackers: usize) -> Self {
        Self {
            records: Vec::with_capacity(trackers * 40),
            titles: Vec::with_capacity(trackers * 48),
            ..Self::default()
        }
    }

    /// Takes the next tracker of its group.
    pub fn add(&mut self, tracker: &Tracker<'_>, last_seq: Seq) {
        self.counts[Group(tracker.kind, tracker.state.into()).position()] += 1;
        self.titles.extend_from_slice(tracker.title.as_bytes());
        let end = self.titles.len() as u64;
        Record::encode(tracker.number, tracker.created_at, tracker.closed_at, end, last_seq, &mut self.records);
    }

    /// Takes the next removed tracker of its group.
    pub fn add_removed(&mut self, kind: Kind, number: TrackerNumber, last_seq: Seq) {
        self.counts[Group(kind, Standing::Removed).position()] += 1;
        Record::encode(number, None, None, self.titles.len() as u64, last_seq, &mut self.records);
    }

    /// Takes the next waypoint.
    pub fn waypoint(&mut self, waypoint: &Waypoint) {
        waypoint.encode(&mut self.waypoints);
        self.waypoint_count += 1;
    }

    /// Returns the file's bytes. What the builder counted replaces what `header` says of it.
    pub fn finish(self, header: IndexHeader) -> Buffer {
        let header = IndexHeader {
            counts: self.counts,
            titles_len: self.titles.len() as u64,
            waypoint_count: self.waypoint_count,
            ..header
        };
        let mut out = Buffer::zeroed(header.file_len() as usize);
        let mut at = 0;
        for part in [&header.encode(), &self.records, &self.titles, &self.waypoints] {
            out[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        let (body, sums) = out.split_at_mut(header.sums_at() as usize);
        let blocks = body[INDEX_HEADER_LEN as usize..].chunks(BLOCK_LEN as usize);
        for ((offset, block), sum) in
            (INDEX_HEADER_LEN..).step_by(BLOCK_LEN as usize).zip(blocks).zip(sums.chunks_mut(4))
        {
            sum.copy_from_slice(&checksum(header.id(), offset, &[block]).to_le_bytes());
        }
        out
    }
}
