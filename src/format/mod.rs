//! Bytes to nouns and back, exactly as `format.md` says: sizes, checksums, headers, records.
//!
//! Owns every byte of every file of a store. Takes `&[u8]`, gives `Vec<u8>`; knows no file system, no clock, and has no
//! unsafe code. Nothing is decoded before its checksum was compared, and no length read from a file sizes an allocation.

mod checked;
mod checksum;
mod commit;
mod current;
mod cursor;
mod fields;
mod frame;
mod index;
mod segment;
mod state_hash;

pub use checked::{Checked, CheckedEntry, Hint, Signature, Tag};
use checksum::sealed;
pub use checksum::{FileId, checksum};
pub use commit::{
    CommitBuilder, EventRecord, Source, SyncRecord, decode_events, decode_sync, decode_trackers, event_chunk_is_full,
};
pub use current::{Current, Freshness, IndexName, OPEN_END, SegmentName};
pub use cursor::Cursor;
pub use frame::{CHUNK_HEADER_LEN, Chain, Chunk, ChunkKind, FRAME_HEADER_LEN, FrameHeader, FrameKind, chain_of};
pub use index::{
    BLOCK_LEN, GROUPS, Group, HEAP_PER_BLOCK, INDEX_HEADER_LEN, IndexHeader, NO_TIME, RECORD_LEN, RECORDS_PER_BLOCK,
    Record, Section, Standing, WAYPOINT_LEN, WAYPOINTS_PER_BLOCK, Waypoint, needs_waypoint, title_is_plain,
};
pub use segment::{SEGMENT_HEADER_LEN, SegmentHeader};
pub use state_hash::StateHasher;

/// Files of this major version are read; newer ones are refused and left alone.
pub const MAJOR: u16 = 1;
/// Raised by additions that older programs may ignore.
pub const MINOR: u16 = 0;

/// What is wrong with some bytes, and where in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {wrong}")]
pub struct FormatError {
    /// From the start of the file (or of the bytes given, where there is no file).
    pub offset: u64,
    /// What is wrong there.
    pub wrong: Wrong,
}

/// The ways in which bytes can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The bytes end too early.
    #[error("ends in the middle of {0}")]
    Truncated(&'static str),
    /// Not a file or structure of this kind.
    #[error("does not begin as {0} does")]
    Magic(&'static str),
    /// The bytes are not those that were written.
    #[error("the checksum of {0} does not match")]
    Checksum(&'static str),
    /// The checksum is right and the content is not: a foreign or faulty writer.
    #[error("{0} has a value that is not allowed")]
    Value(&'static str),
    /// A newer program wrote it.
    #[error("written in format {0}, and this program reads up to format {MAJOR}: upgrade gh-pmu")]
    Newer(u16),
}

impl FormatError {
    /// An error at `offset`.
    pub const fn new(offset: u64, wrong: Wrong) -> Self {
        Self { offset, wrong }
    }
}

/// The next multiple of eight.
pub const fn align8(len: u64) -> u64 {
    len.next_multiple_of(8)
}
