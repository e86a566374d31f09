//! Walking one group: records and titles in the order they stand, each block looked up once.

use std::borrow::Cow;
use std::ops::Range;

use super::{Index, Item};
use crate::format::{FormatError, Group, RECORD_LEN, Record, Wrong};
use crate::model::{Kind, State, Tracker, TrackerNumber};

/// A walk over the records of one group.
pub struct Scan<'i> {
    index: &'i Index,
    positions: Range<u64>,
    /// What is left of the current block of records.
    records: &'i [u8],
    /// The current block of titles, and where its bytes stand among the titles.
    titles: &'i [u8],
    titles_at: u64,
}

impl Index {
    /// Starts at the group's largest number.
    pub fn scan(&self, group: Group) -> Scan<'_> {
        Scan { index: self, positions: self.group(group), records: &[], titles: &[], titles_at: 0 }
    }
}

impl<'i> Scan<'i> {
    /// The position behind the record that was given last.
    pub fn position(&self) -> u64 {
        self.positions.start
    }

    /// The next record, and its tracker's number.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn next_record(&mut self) -> Result<Option<(TrackerNumber, Record<'i>)>, FormatError> {
        if self.positions.is_empty() {
            return Ok(None);
        }
        if self.records.len() < RECORD_LEN as usize {
            self.load_records()?;
        }
        let wrong = FormatError::new(self.index.records.at, Wrong::Value("a record's number"));
        let (record, rest) = self.records.split_first_chunk().ok_or(wrong)?;
        let record = Record::new(record);
        self.records = rest;
        self.positions.start += 1;
        Ok(Some((record.number().ok_or(wrong)?, record)))
    }

    #[cold]
    fn load_records(&mut self) -> Result<(), FormatError> {
        let section = &self.index.records;
        let (block, item) = (self.positions.start / section.per_block, self.positions.start % section.per_block);
        let bytes = self.index.block(section, 0, block)?;
        let items = section.per_block.min(section.count - block * section.per_block);
        self.records = &bytes[(item * RECORD_LEN) as usize..(items * RECORD_LEN) as usize];
        Ok(())
    }

    /// The tracker of a record that this walk gave.
    ///
    /// # Errors
    /// A block that does not verify.
    pub fn item(&mut self, kind: Kind, state: State, record: Record<'i>) -> Result<Item<'i>, FormatError> {
        let number =
            record.number().ok_or(FormatError::new(self.index.records.at, Wrong::Value("a record's number")))?;
        let title = match self.title_here(record) {
            Some(title) => title,
            None => self.title_elsewhere(record)?,
        };
        let (created_at, closed_at) = (record.created_at(), record.closed_at());
        let tracker = Tracker { kind, number, state, title, created_at, closed_at };
        Ok(Item { tracker, last_seq: record.last_seq(), plain: record.title_is_plain() })
    }

    /// The title, if all of it stands in the current block.
    fn title_here(&self, record: Record<'_>) -> Option<Cow<'i, str>> {
        let from = usize::try_from(record.title_at().checked_sub(self.titles_at)?).ok()?;
        let bytes = self.titles.get(from..from.checked_add(record.title_len() as usize)?)?;
        std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
    }

    fn title_elsewhere(&mut self, record: Record<'_>) -> Result<Cow<'i, str>, FormatError> {
        let section = &self.index.heap;
        let block = record.title_at() / section.per_block;
        if record.title_len() > 0 && block < section.block_count() {
            let bytes = self.index.block(section, self.index.records.block_count(), block)?;
            let len = section.per_block.min(section.count - block * section.per_block);
            (self.titles, self.titles_at) = (&bytes[..len as usize], block * section.per_block);
        }
        self.index.title(record)
    }
}
