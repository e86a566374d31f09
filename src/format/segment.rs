//! The header of a log segment.

use super::fields::{FieldReader, FieldWriter};
use super::{Chain, FileId, FormatError, MAJOR, MINOR, Wrong, checksum};
use crate::model::Seq;

const MAGIC: [u8; 8] = *b"pmu-log\n";
const WHAT: &str = "a log segment's header";
const CHECKSUM_AT: usize = 8 + 2 + 2 + 4 + 16 + 8 + 8 + 32 + 8 + 4;

/// Bytes of a segment's header; the first frame follows.
pub const SEGMENT_HEADER_LEN: u64 = 96;
const _: () = assert!(CHECKSUM_AT + 4 == SEGMENT_HEADER_LEN as usize);

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Binds everything in the segment to it.
    pub id: FileId,
    /// The log address of the header's first byte.
    pub base: u64,
    /// The `seq` of the first event that the segment can hold.
    pub first_seq: Seq,
    /// The hash of the last commit before this segment.
    pub prev: Chain,
    /// The generation of `CURRENT` that first named the segment.
    pub generation: u64,
}

impl SegmentHeader {
    /// The header's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEGMENT_HEADER_LEN as usize);
        out.extend_from_slice(&MAGIC);
        out.put_u16(MAJOR);
        out.put_u16(MINOR);
        out.put_u32(0);
        out.extend_from_slice(&self.id.0);
        out.put_u64(self.base);
        out.put_u64(self.first_seq.0);
        out.extend_from_slice(&self.prev.0);
        out.put_u64(self.generation);
        out.put_u32(0);
        let sum = checksum(self.id, 0, &[&out]);
        out.put_u32(sum);
        out
    }

    /// Reads the header at the start of `bytes`.
    ///
    /// # Errors
    /// Too short, not a segment, newer, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let Some(bytes) = bytes.get(..SEGMENT_HEADER_LEN as usize) else {
            return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(WHAT)));
        };
        let mut fields = FieldReader::new(bytes);
        if fields.array() != MAGIC {
            return Err(FormatError::new(0, Wrong::Magic("a log segment")));
        }
        let (major, _minor, _reserved) = (fields.u16(), fields.u16(), fields.u32());
        let header = Self {
            id: FileId(fields.array()),
            base: fields.u64(),
            first_seq: Seq(fields.u64()),
            prev: Chain(fields.array()),
            generation: fields.u64(),
        };
        let (_reserved, stored) = (fields.u32(), fields.u32());
        if checksum(header.id, 0, &[&bytes[..CHECKSUM_AT]]) != stored {
            return Err(FormatError::new(0, Wrong::Checksum(WHAT)));
        }
        // Only a header that verifies can say that it is newer: otherwise damage would pass for a version.
        if major > MAJOR {
            return Err(FormatError::new(8, Wrong::Newer(major)));
        }
        Ok(header)
    }
}
