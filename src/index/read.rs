//! Searching an index in place.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use crate::format::{
    FormatError, GROUPS, Group, INDEX_HEADER_LEN, IndexHeader, RECORD_LEN, Record, Section, Standing, WAYPOINT_LEN,
    Waypoint, Wrong, checksum,
};
use crate::fs::Bytes;
use crate::model::{Kind, Seq, State, Tracker, TrackerNumber};

/// An index whose header verified. Blocks are verified when first touched, once.
pub struct Index {
    bytes: Bytes,
    header: IndexHeader,
    starts: [u64; GROUPS],
    pub(super) records: Section,
    pub(super) heap: Section,
    waypoints: Section,
    /// One bit a block of the file, set once it verified.
    verified: Vec<Cell<u64>>,
}

/// A tracker of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The tracker.
    pub tracker: Tracker<'a>,
    /// Its last event.
    pub last_seq: Seq,
    /// Whether its title is printable ASCII throughout.
    pub plain: bool,
}

impl Index {
    /// Takes the bytes of an index file; only the header is verified now.
    ///
    /// # Errors
    /// A header that does not verify or does not fit the file.
    pub fn open(bytes: Bytes) -> Result<Self, FormatError> {
        let header = IndexHeader::decode(&bytes, bytes.len() as u64)?;
        let mut starts = [0; GROUPS];
        let mut start = 0;
        for (group, count) in header.counts.iter().enumerate() {
            starts[group] = start;
            start += count;
        }
        let (records, heap, waypoints) = (header.records(), header.heap(), header.waypoints());
        let blocks = records.block_count() + heap.block_count() + waypoints.block_count();
        // OK because decode found that all blocks lie within the file.
        let verified = vec![Cell::new(0); blocks.div_ceil(64) as usize];
        Ok(Self { bytes, header, starts, records, heap, waypoints, verified })
    }

    /// The header.
    pub fn header(&self) -> &IndexHeader {
        &self.header
    }

    /// Bytes of the file.
    pub fn byte_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Positions of a group's records, numbers descending.
    pub fn group(&self, group: Group) -> Range<u64> {
        let start = self.starts[group.position()];
        start..start + self.header.counts[group.position()]
    }

    pub(super) fn block(&self, section: &Section, first_block: u64, block: u64) -> Result<&[u8], FormatError> {
        let (at, len) = section.block(block);
        let bytes = &self.bytes[at as usize..(at + len) as usize];
        let bit = first_block + block;
        let word = &self.verified[(bit / 64) as usize];
        if word.get() & (1 << (bit % 64)) == 0 {
            let (body, stored) = bytes.split_at(bytes.len() - 4);
            if checksum(self.header.id(), at, &[body]).to_le_bytes() != stored {
                return Err(FormatError::new(at, Wrong::Checksum("a block of an index")));
            }
            word.set(word.get() | 1 << (bit % 64));
        }
        Ok(bytes)
    }

    /// The record at a position below the number of records.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn record(&self, position: u64) -> Result<Record<'_>, FormatError> {
        let (block, item) = (position / self.records.per_block, position % self.records.per_block);
        let bytes = self.block(&self.records, 0, block)?;
        let at = (item * RECORD_LEN) as usize;
        let record = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        record.map(Record::new).ok_or(FormatError::new(self.records.at, Wrong::Value("a record's position")))
    }

    /// The number of the record at a position.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn number(&self, position: u64) -> Result<TrackerNumber, FormatError> {
        let wrong = FormatError::new(self.records.at, Wrong::Value("a record's number"));
        self.record(position)?.number().ok_or(wrong)
    }

    /// A record's title.
    ///
    /// # Errors
    /// A block that does not verify, or a place outside the titles.
    pub fn title(&self, record: Record<'_>) -> Result<Cow<'_, str>, FormatError> {
        let (at, len) = (record.title_at(), u64::from(record.title_len()));
        let wrong = FormatError::new(self.heap.at, Wrong::Value("a title's place"));
        if at.checked_add(len).is_none_or(|end| end > self.heap.count) {
            return Err(wrong);
        }
        let first_block = self.records.block_count();
        let piece = |block: u64, from: u64, len: u64| {
            let bytes = self.block(&self.heap, first_block, block)?;
            bytes.get(from as usize..(from + len) as usize).ok_or(wrong)
        };
        let (block, from) = (at / self.heap.per_block, at % self.heap.per_block);
        if len == 0 {
            return Ok(Cow::Borrowed(""));
        }
        if from + len <= self.heap.per_block {
            return std::str::from_utf8(piece(block, from, len)?).map(Cow::Borrowed).map_err(|_| wrong);
        }
        let mut title = Vec::new();
        let (mut block, mut from, mut left) = (block, from, len);
        while left > 0 {
            let part = left.min(self.heap.per_block - from);
            title.extend_from_slice(piece(block, from, part)?);
            (block, from, left) = (block + 1, 0, left - part);
        }
        String::from_utf8(title).map(Cow::Owned).map_err(|_| wrong)
    }

    /// The tracker at a position of an open or closed group.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn item(&self, kind: Kind, state: State, position: u64) -> Result<Item<'_>, FormatError> {
        let record = self.record(position)?;
        let number = record.number().ok_or(FormatError::new(self.records.at, Wrong::Value("a record's number")))?;
        let (created_at, closed_at) = (record.created_at(), record.closed_at());
        let tracker = Tracker { kind, number, state, title: self.title(record)?, created_at, closed_at };
        Ok(Item { tracker, last_seq: record.last_seq(), plain: record.title_is_plain() })
    }

    /// Verifies every block that a scan of the group will read.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn verify_group(&self, group: Group) -> Result<(), FormatError> {
        let Range { start, end } = self.group(group);
        if start == end {
            return Ok(());
        }
        for block in start / self.records.per_block..=(end - 1) / self.records.per_block {
            self.block(&self.records, 0, block)?;
        }
        // Titles stand in the order of their records.
        let (first, last) = (self.record(start)?.title_at(), self.record(end - 1)?);
        let end = last.title_at().saturating_add(u64::from(last.title_len())).min(self.heap.count);
        for block in first / self.heap.per_block..end.div_ceil(self.heap.per_block) {
            self.block(&self.heap, self.records.block_count(), block)?;
        }
        Ok(())
    }

    /// Where a tracker stands, by binary search in each group of its kind.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn find(&self, kind: Kind, number: TrackerNumber) -> Result<Option<(Standing, u64)>, FormatError> {
        for standing in [Standing::Open, Standing::Closed, Standing::Removed] {
            let Range { mut start, mut end } = self.group(Group(kind, standing));
            while start < end {
                let middle = start + (end - start) / 2;
                let here = self.number(middle)?;
                match number.cmp(&here) {
                    std::cmp::Ordering::Equal => return Ok(Some((standing, middle))),
                    // Numbers descend.
                    std::cmp::Ordering::Greater => end = middle,
                    std::cmp::Ordering::Less => start = middle + 1,
                }
            }
        }
        Ok(None)
    }

    /// The waypoint at a position below their number.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn waypoint(&self, position: u64) -> Result<Waypoint, FormatError> {
        let (block, item) = (position / self.waypoints.per_block, position % self.waypoints.per_block);
        let first_block = self.records.block_count() + self.heap.block_count();
        let bytes = self.block(&self.waypoints, first_block, block)?;
        let at = (item * WAYPOINT_LEN) as usize;
        let wrong = FormatError::new(self.waypoints.at, Wrong::Value("a waypoint"));
        bytes.get(at..).and_then(|bytes| bytes.first_chunk()).and_then(Waypoint::decode).ok_or(wrong)
    }

    /// The position of the last waypoint for which `before` holds; it holds for a prefix of them.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn last_waypoint(&self, before: impl Fn(&Waypoint) -> bool) -> Result<Option<u64>, FormatError> {
        let (mut start, mut end) = (0, self.waypoints.count);
        while start < end {
            let middle = start + (end - start) / 2;
            if before(&self.waypoint(middle)?) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok(start.checked_sub(1))
    }

    /// The first byte in which this file and another index differ.
    pub fn first_difference(&self, other: &[u8]) -> Option<u64> {
        let differs = self.bytes.iter().zip(other).position(|(ours, theirs)| ours != theirs);
        let shorter = (self.bytes.len() != other.len()).then(|| self.bytes.len().min(other.len()));
        differs.or(shorter).map(|offset| offset as u64)
    }

    /// Verifies every block; one error a block that does not.
    pub fn verify(&self) -> Vec<FormatError> {
        let mut errors = Vec::new();
        let mut first_block = 0;
        for section in [&self.records, &self.heap, &self.waypoints] {
            for block in 0..section.block_count() {
                errors.extend(self.block(section, first_block, block).err());
            }
            first_block += section.block_count();
        }
        errors
    }
}

const _: () = assert!(INDEX_HEADER_LEN.is_multiple_of(8));
