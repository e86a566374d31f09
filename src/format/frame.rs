//! A frame is one commit: a header, and chunks that each verify alone.

use super::fields::{FieldReader, FieldWriter};
use super::{FileId, FormatError, Wrong, align8, checksum};
use crate::model::{Seq, UnixMillis};

const MAGIC: [u8; 4] = *b"pmuF";
const FRAME: &str = "a frame's header";
const CHUNK: &str = "a chunk";
const FRAME_CHECKSUM_AT: usize = 4 + 1 + 3 + 8 + 8 + 4 + 4 + 8 + 32 + 4;
const CHUNK_CHECKSUM_AT: usize = 1 + 3 + 4 + 4;

/// Bytes of a frame's header.
pub const FRAME_HEADER_LEN: u64 = 80;
/// Bytes of a chunk's header.
pub const CHUNK_HEADER_LEN: u64 = 32;
const _: () = assert!(FRAME_CHECKSUM_AT + 4 == FRAME_HEADER_LEN as usize);
const _: () = assert!(CHUNK_CHECKSUM_AT + 4 + 8 + 8 == CHUNK_HEADER_LEN as usize);

/// The BLAKE3 hash of a commit's frame as it stands on disk. Each frame carries the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// Before the first commit.
    pub const START: Chain = Chain([0; 32]);
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The hash that the next frame carries.
pub fn chain_of(frame: &[u8]) -> Chain {
    Chain(*blake3::hash(frame).as_bytes())
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A sync and its events.
    Commit,
    /// A whole state, from which a pruned log starts.
    Base,
    /// A repair, without events.
    Note,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// What it holds.
    pub kind: FrameKind,
    /// Bytes behind the header, a multiple of 8.
    pub payload_len: u64,
    /// The `seq` of its first event; of the next event to come where it has none.
    pub first_seq: Seq,
    /// Events in it (trackers, in a base).
    pub event_count: u32,
    /// Chunks in it.
    pub chunk_count: u32,
    /// When its changes were published.
    pub changed_at: UnixMillis,
    /// The hash of the frame before.
    pub prev: Chain,
}

impl FrameHeader {
    /// Header and payload.
    pub fn frame_len(&self) -> u64 {
        FRAME_HEADER_LEN + self.payload_len
    }

    /// The `seq` of the first event behind this frame.
    pub fn next_seq(&self) -> Seq {
        match self.kind {
            FrameKind::Commit => Seq(self.first_seq.0 + u64::from(self.event_count)),
            FrameKind::Base | FrameKind::Note => self.first_seq,
        }
    }

    /// The header's bytes, for a place in a file.
    pub fn encode(&self, file: FileId, offset: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(FRAME_HEADER_LEN as usize);
        out.extend_from_slice(&MAGIC);
        out.push(match self.kind {
            FrameKind::Commit => 1,
            FrameKind::Base => 2,
            FrameKind::Note => 3,
        });
        out.put_zeros(3);
        out.put_u64(self.payload_len);
        out.put_u64(self.first_seq.0);
        out.put_u32(self.event_count);
        out.put_u32(self.chunk_count);
        out.put_i64(self.changed_at.get());
        out.extend_from_slice(&self.prev.0);
        out.put_u32(0);
        let sum = checksum(file, offset, &[&out]);
        out.put_u32(sum);
        out
    }

    /// Reads the header at the start of `bytes`, which stand at `offset` of `file`.
    ///
    /// # Errors
    /// Too short, no frame, damaged, or values that no writer writes.
    pub fn decode(bytes: &[u8], file: FileId, offset: u64) -> Result<Self, FormatError> {
        let Some(bytes) = bytes.get(..FRAME_HEADER_LEN as usize) else {
            return Err(FormatError::new(offset, Wrong::Truncated(FRAME)));
        };
        let mut fields = FieldReader::new(bytes);
        if fields.array() != MAGIC {
            return Err(FormatError::new(offset, Wrong::Magic("a frame")));
        }
        let stored = u32::from_le_bytes([bytes[76], bytes[77], bytes[78], bytes[79]]);
        if checksum(file, offset, &[&bytes[..FRAME_CHECKSUM_AT]]) != stored {
            return Err(FormatError::new(offset, Wrong::Checksum(FRAME)));
        }
        let value = |what| FormatError::new(offset, Wrong::Value(what));
        let kind = match fields.u8() {
            1 => FrameKind::Commit,
            2 => FrameKind::Base,
            3 => FrameKind::Note,
            _ => return Err(value("a frame's kind")),
        };
        let _reserved: [u8; 3] = fields.array();
        let header = Self {
            kind,
            payload_len: fields.u64(),
            first_seq: Seq(fields.u64()),
            event_count: fields.u32(),
            chunk_count: fields.u32(),
            changed_at: UnixMillis::new(fields.i64()).ok_or(value("a frame's time"))?,
            prev: Chain(fields.array()),
        };
        // Sums of offsets stay far from overflow below these limits.
        if !header.payload_len.is_multiple_of(8) || header.payload_len > 1 << 40 || header.first_seq.0 > 1 << 62 {
            return Err(value("a frame's length or sequence number"));
        }
        Ok(header)
    }
}

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkKind {
    /// The sync record; the first chunk of every frame.
    Sync,
    /// Events.
    Events,
    /// Trackers, in a base.
    Trackers,
}

/// A chunk that verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// What it holds.
    pub kind: ChunkKind,
    /// Items in it.
    pub count: u32,
    /// The `seq` of its first event.
    pub first_seq: Seq,
    /// Where in the file its frame begins.
    pub frame_offset: u64,
    /// bincode.
    pub payload: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Header, payload and padding.
    pub fn chunk_len(&self) -> u64 {
        CHUNK_HEADER_LEN + align8(self.payload.len() as u64)
    }

    /// Appends the chunk, which will stand at `offset` of `file`.
    pub fn encode(&self, file: FileId, offset: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(match self.kind {
            ChunkKind::Sync => 1,
            ChunkKind::Events => 2,
            ChunkKind::Trackers => 3,
        });
        out.put_zeros(3);
        // OK because a chunk is closed at 16 KiB, and one record is far below 4 GiB: a manifest is at most 1 GiB.
        out.put_u32(u32::try_from(self.payload.len()).expect("a chunk's payload is below 4 GiB"));
        out.put_u32(self.count);
        out.put_u32(0);
        out.put_u64(self.first_seq.0);
        out.put_u64(self.frame_offset);
        out.extend_from_slice(self.payload);
        out.put_zeros((align8(self.payload.len() as u64) - self.payload.len() as u64) as usize);
        let (head, tail) = out[start..].split_at(CHUNK_CHECKSUM_AT);
        let sum = checksum(file, offset, &[head, &tail[4..]]);
        out[start + CHUNK_CHECKSUM_AT..][..4].copy_from_slice(&sum.to_le_bytes());
    }

    /// Reads and verifies the chunk at the start of `bytes`, which stand at `offset` of `file`.
    ///
    /// # Errors
    /// Too short, damaged, or values that no writer writes.
    pub fn decode(bytes: &'a [u8], file: FileId, offset: u64) -> Result<Self, FormatError> {
        let truncated = FormatError::new(offset, Wrong::Truncated(CHUNK));
        let header = bytes.get(..CHUNK_HEADER_LEN as usize).ok_or(truncated)?;
        let mut fields = FieldReader::new(header);
        let (kind, _reserved) = (fields.u8(), fields.array::<3>());
        let (payload_len, count, stored) = (fields.u32(), fields.u32(), fields.u32());
        let (first_seq, frame_offset) = (Seq(fields.u64()), fields.u64());
        let body_len = align8(u64::from(payload_len)) as usize;
        let body = bytes[CHUNK_HEADER_LEN as usize..].get(..body_len).ok_or(truncated)?;
        let sum = checksum(file, offset, &[&header[..CHUNK_CHECKSUM_AT], &header[CHUNK_CHECKSUM_AT + 4..], body]);
        if sum != stored {
            return Err(FormatError::new(offset, Wrong::Checksum(CHUNK)));
        }
        let kind = match kind {
            1 => ChunkKind::Sync,
            2 => ChunkKind::Events,
            3 => ChunkKind::Trackers,
            _ => return Err(FormatError::new(offset, Wrong::Value("a chunk's kind"))),
        };
        if frame_offset >= offset || first_seq.0 > 1 << 62 {
            return Err(FormatError::new(offset, Wrong::Value("a chunk's frame or sequence number")));
        }
        Ok(Self { kind, count, first_seq, frame_offset, payload: &body[..payload_len as usize] })
    }
}
