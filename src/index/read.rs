//! Searching an index in place.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use crate::format::{
    BLOCK_LEN, FormatError, GROUPS, Group, INDEX_HEADER_LEN, IndexHeader, RECORD_LEN, Record, Standing, WAYPOINT_LEN,
    Waypoint, Wrong, checksum,
};
use crate::fs::Bytes;
use crate::model::{Kind, Seq, State, Tracker, TrackerNumber};

const BLOCK: &str = "a block of an index";

/// An index whose header verified. Blocks are verified when first touched, once.
pub struct Index {
    bytes: Bytes,
    header: IndexHeader,
    starts: [u64; GROUPS],
    pub(super) titles_at: u64,
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
}

pub(super) fn wrong(offset: u64, what: &'static str) -> FormatError {
    FormatError::new(offset, Wrong::Value(what))
}

impl Index {
    /// Takes the bytes of an index file; only the header is verified now.
    ///
    /// # Errors
    /// A header that does not verify or does not fit the file.
    pub fn open(bytes: Bytes) -> Result<Self, FormatError> {
        fetch(&bytes, 0..INDEX_HEADER_LEN)?;
        let header = IndexHeader::decode(&bytes, bytes.len() as u64)?;
        let mut starts = [0; GROUPS];
        let mut start = 0;
        for (group, count) in header.counts.iter().enumerate() {
            starts[group] = start;
            start += count;
        }
        // OK because decode found that all blocks lie within the file.
        let verified = (0..header.block_count().div_ceil(64)).map(|_| Cell::new(0)).collect();
        Ok(Self { titles_at: header.titles_at(), bytes, header, starts, verified })
    }

    /// Returns the header.
    pub fn header(&self) -> &IndexHeader {
        &self.header
    }

    /// Returns the bytes of the file.
    pub fn byte_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Returns the positions of a group's records, numbers descending.
    pub fn group(&self, group: Group) -> Range<u64> {
        let start = self.starts[group.position()];
        start..start + self.header.counts[group.position()]
    }

    /// Returns verified bytes of the file; they lie before the block checksums.
    pub(super) fn range(&self, from: u64, to: u64) -> Result<&[u8], FormatError> {
        self.verify_blocks(from, to)?;
        self.bytes.get(from as usize..to as usize).ok_or(wrong(from, BLOCK))
    }

    fn verify_blocks(&self, from: u64, to: u64) -> Result<(), FormatError> {
        if from >= to {
            return Ok(());
        }
        let (first, last) = ((from - INDEX_HEADER_LEN) / BLOCK_LEN, (to - 1 - INDEX_HEADER_LEN) / BLOCK_LEN);
        if first == last {
            return if self.is_verified(first) { Ok(()) } else { self.verify_unknown(first, last) };
        }
        if (first..=last).all(|block| self.is_verified(block)) {
            return Ok(());
        }
        self.verify_unknown(first, last)
    }

    fn is_verified(&self, block: u64) -> bool {
        self.verified.get((block / 64) as usize).is_some_and(|word| word.get() & (1 << (block % 64)) != 0)
    }

    #[cold]
    fn verify_unknown(&self, first: u64, last: u64) -> Result<(), FormatError> {
        let sums_at = self.header.sums_at();
        let end = (INDEX_HEADER_LEN + (last + 1) * BLOCK_LEN).min(sums_at);
        fetch(&self.bytes, INDEX_HEADER_LEN + first * BLOCK_LEN..end)?;
        fetch(&self.bytes, sums_at + first * 4..(sums_at + (last + 1) * 4).min(self.byte_len()))?;
        (first..=last).filter(|block| !self.is_verified(*block)).try_for_each(|block| self.verify_block(block))
    }

    fn verify_block(&self, block: u64) -> Result<(), FormatError> {
        let sums_at = self.header.sums_at();
        let at = INDEX_HEADER_LEN + block * BLOCK_LEN;
        let bytes = self.bytes.get(at as usize..(at + BLOCK_LEN).min(sums_at) as usize);
        let stored = self.bytes.get((sums_at + block * 4) as usize..(sums_at + block * 4 + 4) as usize);
        let (Some(bytes), Some(stored)) = (bytes, stored) else { return Err(wrong(at, BLOCK)) };
        if checksum(self.header.id(), at, &[bytes]).to_le_bytes() != stored {
            return Err(FormatError::new(at, Wrong::Checksum(BLOCK)));
        }
        let word = &self.verified[(block / 64) as usize];
        word.set(word.get() | 1 << (block % 64));
        Ok(())
    }

    /// Returns the record at a position below the number of records.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn record(&self, position: u64) -> Result<Record<'_>, FormatError> {
        let at = INDEX_HEADER_LEN + position * RECORD_LEN;
        let bytes = self.range(at, (at + RECORD_LEN).min(self.titles_at))?;
        bytes.first_chunk().map(Record::new).ok_or(wrong(at, "a record's position"))
    }

    /// Returns the number of the record at a position.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn number(&self, position: u64) -> Result<TrackerNumber, FormatError> {
        self.record(position)?.number().ok_or(wrong(INDEX_HEADER_LEN + position * RECORD_LEN, "a record's number"))
    }

    /// Returns where the title of the record at a position begins.
    pub(super) fn title_start(&self, position: u64) -> Result<u64, FormatError> {
        position.checked_sub(1).map_or(Ok(0), |before| Ok(self.record(before)?.title_end()))
    }

    pub(super) fn title(&self, start: u64, end: u64) -> Result<Cow<'_, str>, FormatError> {
        let wrong = wrong(self.titles_at, "a title's place");
        if start > end || end > self.header.titles_len {
            return Err(wrong);
        }
        let bytes = self.range(self.titles_at + start, self.titles_at + end)?;
        std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| wrong)
    }

    /// Returns the tracker at a position of an open or closed group.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn item(&self, kind: Kind, state: State, position: u64) -> Result<Item<'_>, FormatError> {
        let (start, record) = (self.title_start(position)?, self.record(position)?);
        self.item_of(kind, state, record, start)
    }

    pub(super) fn item_of(
        &self,
        kind: Kind,
        state: State,
        record: Record<'_>,
        start: u64,
    ) -> Result<Item<'_>, FormatError> {
        let number = record.number().ok_or(wrong(INDEX_HEADER_LEN, "a record's number"))?;
        let title = self.title(start, record.title_end())?;
        let (created_at, closed_at) = (record.created_at(), record.closed_at());
        Ok(Item { tracker: Tracker { kind, number, state, title, created_at, closed_at }, last_seq: record.last_seq() })
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
        let record_at = |position: u64| INDEX_HEADER_LEN + position * RECORD_LEN;
        self.verify_blocks(record_at(start.saturating_sub(1)), record_at(end))?;
        let (from, to) = (self.title_start(start)?, self.record(end - 1)?.title_end());
        if from > to || to > self.header.titles_len {
            return Err(wrong(self.titles_at, "a title's place"));
        }
        self.verify_blocks(self.titles_at + from, self.titles_at + to)
    }

    /// Finds where a tracker stands, by binary search in each group of its kind.
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

    /// Returns the waypoint at a position below their number.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn waypoint(&self, position: u64) -> Result<Waypoint, FormatError> {
        let at = self.header.waypoints_at() + position * WAYPOINT_LEN;
        let bytes = self.range(at, (at + WAYPOINT_LEN).min(self.header.sums_at()))?;
        bytes.first_chunk().and_then(Waypoint::decode).ok_or(wrong(at, "a waypoint"))
    }

    /// Finds the position of the last waypoint for which `before` holds; it holds for a prefix of them.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn last_waypoint(&self, before: impl Fn(&Waypoint) -> bool) -> Result<Option<u64>, FormatError> {
        let (mut start, mut end) = (0, self.header.waypoint_count);
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

    /// Returns the first byte in which this file and another index differ.
    pub fn first_difference(&self, other: &[u8]) -> Option<u64> {
        let differs = self.bytes.iter().zip(other).position(|(ours, theirs)| ours != theirs);
        let shorter = (self.bytes.len() != other.len()).then(|| self.bytes.len().min(other.len()));
        differs.or(shorter).map(|offset| offset as u64)
    }

    /// Verifies every block; one error a block that does not.
    pub fn verify(&self) -> Vec<FormatError> {
        let again = |block: &u64| {
            if self.is_verified(*block) { self.verify_block(*block) } else { self.verify_unknown(*block, *block) }
        };
        (0..self.header.block_count()).filter_map(|block| again(&block).err()).collect()
    }
}

fn fetch(bytes: &Bytes, range: Range<u64>) -> Result<(), FormatError> {
    let len = bytes.len() as u64;
    let fetched = bytes.fetch(range.start.min(len) as usize..range.end.min(len) as usize);
    fetched.map_err(|_| FormatError::new(range.start, Wrong::Truncated("an index that the disk cannot read")))
}
