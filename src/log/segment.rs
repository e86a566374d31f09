//! A segment opened for reading.

use std::io;
use std::path::Path;

use crate::format::{CHUNK_HEADER_LEN, Chunk, FRAME_HEADER_LEN, FormatError, FrameHeader, OPEN_END, SegmentHeader};
use crate::format::{SEGMENT_HEADER_LEN, SegmentName, Wrong, align8};
use crate::fs::{Bytes, ReadFile, Storage};

/// A live segment whose header verified.
pub struct Segment {
    /// What `CURRENT` says of it.
    pub name: SegmentName,
    /// What it says of itself.
    pub header: SegmentHeader,
    file: Box<dyn ReadFile>,
    /// Where readers stop: fixed at opening, so that a writer's appends do not show half-way through an answer.
    len: u64,
    file_len: u64,
}

/// Why a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// There is no such file.
    #[error("is missing")]
    Missing,
    /// It verifies, and is another store's or another generation's.
    #[error("is not the file that CURRENT names")]
    Foreign,
    /// It is damaged.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The system's word.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Segment {
    /// Opens the segment that `name` names in `dir`.
    ///
    /// # Errors
    /// Missing, another file, damaged, or the system's.
    pub fn open(storage: &dyn Storage, dir: &Path, name: SegmentName) -> Result<Self, SegmentError> {
        let file = storage.open(&dir.join(name.file_name()))?.ok_or(SegmentError::Missing)?;
        let header = SegmentHeader::decode(&file.read_at(0, SEGMENT_HEADER_LEN)?)?;
        if header.id != name.id || header.base != name.base {
            return Err(SegmentError::Foreign);
        }
        let file_len = file.len()?;
        if name.end != OPEN_END && file_len < name.end {
            return Err(FormatError::new(file_len, Wrong::Truncated("a sealed segment")).into());
        }
        Ok(Self { name, header, file, len: file_len.min(name.end), file_len })
    }

    /// Bytes that may hold frames: up to the sealed end, or up to the file's end when it was opened.
    pub fn readable_len(&self) -> u64 {
        self.len
    }

    /// Bytes of the file when it was opened, what lies behind a sealed end included.
    pub fn file_len(&self) -> u64 {
        self.file_len
    }

    /// Bytes from `from` up to [`Self::readable_len`].
    ///
    /// # Errors
    /// The system's.
    pub fn read_from(&self, from: u64) -> io::Result<Vec<u8>> {
        self.file.read_at(from, self.len.saturating_sub(from))
    }

    /// All bytes up to [`Self::readable_len`], mapped where they are many.
    ///
    /// # Errors
    /// The system's.
    pub fn bytes(&self) -> io::Result<Bytes> {
        self.file.bytes(self.len)
    }

    /// The frame header at `offset`.
    ///
    /// # Errors
    /// Damage, or the system's.
    pub fn frame_header(&self, offset: u64) -> Result<FrameHeader, SegmentError> {
        let len = FRAME_HEADER_LEN.min(self.len.saturating_sub(offset));
        Ok(FrameHeader::decode(&self.file.read_at(offset, len)?, self.name.id, offset)?)
    }

    /// The bytes of the chunk at `offset`, not yet verified.
    ///
    /// # Errors
    /// A chunk that does not end within the segment, or the system's.
    pub fn chunk_bytes(&self, offset: u64) -> Result<Vec<u8>, SegmentError> {
        let truncated = FormatError::new(offset, Wrong::Truncated("a chunk"));
        // Most chunks are smaller than this, and need one call.
        let first = self.file.read_at(offset, CHUNKS_READ_AT_ONCE.min(self.len.saturating_sub(offset)))?;
        let payload_len = first.get(4..8).ok_or(truncated)?;
        let payload_len = u32::from_le_bytes([payload_len[0], payload_len[1], payload_len[2], payload_len[3]]);
        let chunk_len = CHUNK_HEADER_LEN + align8(u64::from(payload_len));
        if chunk_len > self.len.saturating_sub(offset) {
            return Err(truncated.into());
        }
        if chunk_len <= first.len() as u64 {
            let mut first = first;
            first.truncate(chunk_len as usize);
            return Ok(first);
        }
        Ok(self.file.read_at(offset, chunk_len)?)
    }

    /// Verifies bytes that [`Self::chunk_bytes`] gave.
    ///
    /// # Errors
    /// Damage.
    pub fn chunk<'a>(&self, bytes: &'a [u8], offset: u64) -> Result<Chunk<'a>, FormatError> {
        Chunk::decode(bytes, self.name.id, offset)
    }
}

const CHUNKS_READ_AT_ONCE: u64 = 8 * 1024;
