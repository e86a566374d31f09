//! A frame is one commit, or a part of one: a header, and chunks that each verify alone.

use super::fields::{FieldReader, FieldWriter};
use super::{FileId, FormatError, Wrong, align8, checksum};
use crate::model::{Seq, UnixMillis};

/// What a frame begins with.
pub const FRAME_MAGIC: [u8; 4] = *b"pmuF";
const FRAME: &str = "a frame's header";
const CHUNK: &str = "a chunk";
/// The part of the header that the frame's own hash covers.
const HASHED_LEN: usize = 4 + 1 + 1 + 2 + 8 + 8 + 4 + 4 + 8 + 32;
const FRAME_CHECKSUM_AT: usize = HASHED_LEN + 32 + 4;
const CHUNK_CHECKSUM_AT: usize = 1 + 3 + 4 + 4;
/// Kinds from here on are skipped by programs that do not know them.
const IGNORABLE: u8 = 0x80;
const PUBLISHED: u8 = 1;
const MORE: u8 = 2;
const CONTINUES: u8 = 4;

/// Bytes of a frame's header.
pub const FRAME_HEADER_LEN: u64 = 112;
/// Bytes of a chunk's header.
pub const CHUNK_HEADER_LEN: u64 = 32;
const _: () = assert!(FRAME_CHECKSUM_AT + 4 == FRAME_HEADER_LEN as usize);
const _: () = assert!(CHUNK_CHECKSUM_AT + 4 + 8 + 8 == CHUNK_HEADER_LEN as usize);

/// The hash of a frame. Each frame carries its own and that of the frame before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Chain(pub [u8; 32]);

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Returns the hash that a frame carries as its own, from all of its bytes.
pub fn own_hash(frame: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&frame[..frame.len().min(HASHED_LEN)]);
    hasher.update(frame.get(FRAME_HEADER_LEN as usize..).unwrap_or_default());
    Chain(*hasher.finalize().as_bytes())
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A sync and its events.
    Commit,
    /// A whole state, from which a log starts.
    Base,
    /// A repair, without events.
    Note,
    /// What this program does not know and may skip.
    Ignored(u8),
}

impl FrameKind {
    const fn code(self) -> u8 {
        match self {
            FrameKind::Commit => 1,
            FrameKind::Base => 2,
            FrameKind::Note => 3,
            FrameKind::Ignored(code) => code,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(FrameKind::Commit),
            2 => Some(FrameKind::Base),
            3 => Some(FrameKind::Note),
            IGNORABLE.. => Some(FrameKind::Ignored(code)),
            _ => None,
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// What it holds.
    pub kind: FrameKind,
    /// Whether it is of the published history.
    pub published: bool,
    /// Whether the commit goes on with the next frame.
    pub more: bool,
    /// Whether the commit began before this frame.
    pub continues: bool,
    /// Bytes after the header, a multiple of 8.
    pub payload_len: u64,
    /// The `seq` of its first event; of the next event to come if it has none.
    pub first_seq: Seq,
    /// Events in it (trackers, in a base).
    pub item_count: u32,
    /// Chunks in it.
    pub chunk_count: u32,
    /// When its changes were published.
    pub changed_at: UnixMillis,
    /// The hash of the frame before.
    pub chain: Chain,
    /// Its own hash.
    pub own: Chain,
}

impl FrameHeader {
    /// Returns the bytes of header and payload together.
    pub fn frame_len(&self) -> u64 {
        FRAME_HEADER_LEN + self.payload_len
    }

    /// Returns the header's bytes for a place in a file.
    pub fn encode(&self, file: FileId, offset: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(FRAME_HEADER_LEN as usize);
        out.extend_from_slice(&FRAME_MAGIC);
        out.push(self.kind.code());
        let flags = [(self.published, PUBLISHED), (self.more, MORE), (self.continues, CONTINUES)];
        out.push(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).sum());
        out.put_u16(0);
        out.put_u64(self.payload_len);
        out.put_u64(self.first_seq.0);
        out.put_u32(self.item_count);
        out.put_u32(self.chunk_count);
        out.put_i64(self.changed_at.get());
        out.extend_from_slice(&self.chain.0);
        out.extend_from_slice(&self.own.0);
        out.put_u32(0);
        let sum = checksum(file, offset, &[&out]);
        out.put_u32(sum);
        out
    }

    /// Reads the header at the start of `bytes`, which stand at `offset` of `file`.
    ///
    /// # Errors
    /// Too short, no frame, damaged; or it verifies, and a newer or faulty program wrote it.
    pub fn decode(bytes: &[u8], file: FileId, offset: u64) -> Result<Self, FormatError> {
        let Some(bytes) = bytes.get(..FRAME_HEADER_LEN as usize) else {
            return Err(FormatError::new(offset, Wrong::Truncated(FRAME)));
        };
        let mut fields = FieldReader::new(bytes);
        if fields.array() != FRAME_MAGIC {
            return Err(FormatError::new(offset, Wrong::Magic("a frame")));
        }
        let stored = [bytes[108], bytes[109], bytes[110], bytes[111]];
        if checksum(file, offset, &[&bytes[..FRAME_CHECKSUM_AT]]).to_le_bytes() != stored {
            return Err(FormatError::new(offset, Wrong::Checksum(FRAME)));
        }
        let kind = FrameKind::of(fields.u8());
        let kind = kind.ok_or(FormatError::new(offset, Wrong::Unknown("a kind of frame")))?;
        let flags = fields.u8();
        if flags & !(PUBLISHED | MORE | CONTINUES) != 0 {
            return Err(FormatError::new(offset, Wrong::Unknown("a frame's flag")));
        }
        let value = |what| FormatError::new(offset, Wrong::Value(what));
        let _reserved = fields.u16();
        let header = Self {
            kind,
            published: flags & PUBLISHED != 0,
            more: flags & MORE != 0,
            continues: flags & CONTINUES != 0,
            payload_len: fields.u64(),
            first_seq: Seq(fields.u64()),
            item_count: fields.u32(),
            chunk_count: fields.u32(),
            changed_at: UnixMillis::new(fields.i64()).ok_or(value("a frame's time"))?,
            chain: Chain(fields.array()),
            own: Chain(fields.array()),
        };
        // Sums of offsets stay far from overflow below these limits.
        if !header.payload_len.is_multiple_of(8) || header.payload_len > 1 << 40 || header.first_seq.0 > 1 << 62 {
            return Err(value("a frame's length or sequence number"));
        }
        if (header.more || header.continues) && kind != FrameKind::Commit {
            return Err(value("a frame's flag"));
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
    /// What this program does not know and may skip.
    Ignored(u8),
}

impl ChunkKind {
    const fn code(self) -> u8 {
        match self {
            ChunkKind::Sync => 1,
            ChunkKind::Events => 2,
            ChunkKind::Trackers => 3,
            ChunkKind::Ignored(code) => code,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(ChunkKind::Sync),
            2 => Some(ChunkKind::Events),
            3 => Some(ChunkKind::Trackers),
            IGNORABLE.. => Some(ChunkKind::Ignored(code)),
            _ => None,
        }
    }
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
    /// Returns the bytes of header, payload and padding together.
    pub fn chunk_len(&self) -> u64 {
        CHUNK_HEADER_LEN + align8(self.payload.len() as u64)
    }

    /// Appends the chunk, which will stand at `offset` of `file`.
    pub fn encode(&self, file: FileId, offset: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(self.kind.code());
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
    /// Too short, damaged; or it verifies, and a newer or faulty program wrote it.
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
        let kind = ChunkKind::of(kind).ok_or(FormatError::new(offset, Wrong::Unknown("a kind of chunk")))?;
        if frame_offset >= offset || first_seq.0 > 1 << 62 {
            return Err(FormatError::new(offset, Wrong::Value("a chunk's frame or sequence number")));
        }
        Ok(Self { kind, count, first_seq, frame_offset, payload: &body[..payload_len as usize] })
    }

    /// Returns how long the chunk is whose header begins `bytes`; `None` if they are too short. Nothing is verified.
    pub fn len_of(bytes: &[u8]) -> Option<u64> {
        let len = bytes.get(4..8)?;
        Some(CHUNK_HEADER_LEN + align8(u64::from(u32::from_le_bytes([len[0], len[1], len[2], len[3]]))))
    }
}
