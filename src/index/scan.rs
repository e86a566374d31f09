//! Walking one group: records and titles in the order they stand.

use std::ops::Range;
use std::str::Utf8Error;

use super::read::wrong;
use super::{Index, Item};
use crate::format::{BLOCK_LEN, FormatError, Group, INDEX_HEADER_LEN, RECORD_LEN, Record};
use crate::model::{Kind, State, TrackerNumber};

/// A walk over the records of one group.
pub struct Scan<'i> {
    index: &'i Index,
    positions: Range<u64>,
    /// What is left of the verified records.
    records: &'i [u8],
    /// Verified text of the titles, and where it stands among them.
    titles: &'i str,
    titles_from: u64,
}

/// A record, and where its title begins.
#[derive(Clone, Copy)]
pub struct Met<'i> {
    /// The tracker's number.
    pub number: TrackerNumber,
    /// Its place in the index.
    pub position: u64,
    record: Record<'i>,
    title_start: u64,
}

impl Index {
    /// Starts at the group's largest number.
    pub fn scan(&self, group: Group) -> Scan<'_> {
        Scan { index: self, positions: self.group(group), records: &[], titles: "", titles_from: 0 }
    }
}

impl<'i> Scan<'i> {
    /// Returns the next record; `title_start` of the first is looked up.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn next_record(&mut self, before: Option<&Met<'i>>) -> Result<Option<Met<'i>>, FormatError> {
        if self.positions.is_empty() {
            return Ok(None);
        }
        let position = self.positions.start;
        if self.records.len() < RECORD_LEN as usize {
            self.load_records()?;
        }
        let wrong = wrong(INDEX_HEADER_LEN + position * RECORD_LEN, "a record's number");
        let (record, rest) = self.records.split_first_chunk().ok_or(wrong)?;
        let record = Record::new(record);
        self.records = rest;
        self.positions.start += 1;
        let title_start = match before {
            Some(before) => before.record.title_end(),
            None => self.index.title_start(position)?,
        };
        Ok(Some(Met { number: record.number().ok_or(wrong)?, position, record, title_start }))
    }

    /// Takes the records that end in the block in which the next one ends.
    #[cold]
    fn load_records(&mut self) -> Result<(), FormatError> {
        let from = INDEX_HEADER_LEN + self.positions.start * RECORD_LEN;
        let group_end = INDEX_HEADER_LEN + self.positions.end * RECORD_LEN;
        let block_end = (from + RECORD_LEN).next_multiple_of(BLOCK_LEN);
        let whole = from + (block_end - from) / RECORD_LEN * RECORD_LEN;
        self.records = self.index.range(from, whole.min(group_end))?;
        Ok(())
    }

    /// Returns the tracker of a record that this walk gave.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn item(&mut self, kind: Kind, state: State, met: Met<'i>) -> Result<Item<'i>, FormatError> {
        let (start, end) = (met.title_start, met.record.title_end());
        if start < self.titles_from || end > self.titles_from + self.titles.len() as u64 {
            self.load_titles(start, end)?;
        }
        let from = start.wrapping_sub(self.titles_from) as usize;
        let title = from.checked_add(end.wrapping_sub(start) as usize).and_then(|to| self.titles.get(from..to));
        let title = title.ok_or(wrong(self.index.titles_at, "a title's place"))?;
        let tracker = crate::model::Tracker {
            kind,
            number: met.number,
            state,
            title: title.into(),
            created_at: met.record.created_at(),
            closed_at: met.record.closed_at(),
        };
        Ok(Item { tracker, last_seq: met.record.last_seq() })
    }

    /// Takes the titles up to the end of the block in which this one ends, or to what is no text: checked at once, they cost
    /// a tenth of what they do one by one.
    #[cold]
    fn load_titles(&mut self, start: u64, end: u64) -> Result<(), FormatError> {
        let (at, len) = (self.index.titles_at, self.index.header().titles_len);
        if start > end || end > len {
            return Err(wrong(at, "a title's place"));
        }
        let to = (at + end).next_multiple_of(BLOCK_LEN).min(at + len);
        let bytes = self.index.range(at + start, to)?;
        let valid = |error: Utf8Error| std::str::from_utf8(&bytes[..error.valid_up_to()]);
        self.titles = std::str::from_utf8(bytes).or_else(valid).unwrap_or_default();
        self.titles_from = start;
        Ok(())
    }
}
