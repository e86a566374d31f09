//! Bytes to nouns and back, exactly as `format.md` says: sizes, checksums, headers, records.
//!
//! Owns every byte of every file of a store. Takes `&[u8]`, gives `Vec<u8>`; knows no file system, no clock, and has no
//! unsafe code. Nothing is decoded before its checksum was compared, and no length read from a file sizes an allocation.

mod builder;
mod checksum;
mod current;
mod error;
mod fields;
mod frame;
mod hashes;
mod hint;
mod index;
mod log;
mod marks;
mod payload;
mod record;
mod state;

pub use builder::{FrameBuilder, reseal};
pub use checksum::{FileId, checksum};
pub use current::{Current, IndexName, LogName};
pub use error::{FormatError, Wrong};
pub use fields::Features;
pub use frame::{
    CHUNK_HEADER_LEN, Chain, Chunk, ChunkKind, FRAME_HEADER_LEN, FRAME_MAGIC, FrameHeader, FrameKind, own_hash,
};
pub use hashes::{EventId, event_id, history_hash};
pub use hint::Hint;
pub use index::{
    BLOCK_LEN, GROUPS, Group, INDEX_HEADER_LEN, IndexHeader, MAX_RECORD_BYTES, RECORD_LEN, Record, Standing,
    WAYPOINT_LEN, Waypoint, needs_waypoint,
};
pub use log::{LOG_HEADER_LEN, LogHeader};
pub use marks::{Acknowledged, Fork, Mark, Marks, Seen, Signature, SignatureMark, Tag};
pub use payload::{EventRecord, canonical, decode_events, decode_sync, decode_trackers, encode_sync};
pub use record::{Source, SyncRecord};
pub use state::{HistoryHash, StateSum};

/// Files of this major version are read; newer ones are refused and left alone.
pub const MAJOR: u16 = 1;
/// Raised by additions that older programs may ignore.
pub const MINOR: u16 = 0;
/// "No time" in fixed fields.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// The next multiple of eight.
pub const fn align8(len: u64) -> u64 {
    len.next_multiple_of(8)
}
