//! One frame, all of it verified.

use crate::format::{
    Chunk, ChunkKind, EventRecord, FRAME_HEADER_LEN, FileId, FormatError, FrameHeader, FrameKind, SyncRecord, Wrong,
    decode_events, decode_sync, own_hash,
};
use crate::model::Seq;

/// A frame whose header and chunks all verified.
pub struct Frame<'a> {
    /// Where it begins in its file.
    pub offset: u64,
    /// Its header.
    pub header: FrameHeader,
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// The sync it records; `None` in a frame that is skipped.
    pub sync: Option<SyncRecord>,
    /// Its chunks of events or trackers, and where each begins in the file.
    pub chunks: Vec<(u64, Chunk<'a>)>,
}

impl<'a> Frame<'a> {
    /// Reads the frame at the start of `bytes`, which stand at `offset` of `file`; every byte of it is verified.
    ///
    /// # Errors
    /// Too short, or damaged; or it verifies, and a newer or faulty program wrote it.
    pub fn decode(bytes: &'a [u8], file: FileId, offset: u64) -> Result<Self, FormatError> {
        let header = FrameHeader::decode(bytes, file, offset)?;
        let truncated = FormatError::new(offset, Wrong::Truncated("a frame"));
        let frame_len = usize::try_from(header.frame_len()).map_err(|_| truncated)?;
        let bytes = bytes.get(..frame_len).ok_or(truncated)?;
        let mut frame = Self { offset, header, bytes, sync: None, chunks: Vec::new() };
        if matches!(header.kind, FrameKind::Ignored(_)) {
            return Ok(frame);
        }
        let mut count = 0;
        let mut at = FRAME_HEADER_LEN as usize;
        // All are verified before any is understood: what does not verify may be torn, what is not understood is not.
        let mut refused = None;
        while at < bytes.len() {
            let chunk_offset = offset + at as u64;
            let chunk_len = match Chunk::decode(&bytes[at..], file, chunk_offset) {
                Ok(chunk) => {
                    frame.chunks.push((chunk_offset, chunk));
                    chunk.chunk_len()
                }
                Err(error) if error.is_unverified() => return Err(error),
                Err(error) => {
                    refused = refused.or(Some(error));
                    Chunk::len_of(&bytes[at..]).ok_or(error)?
                }
            };
            count += 1;
            at += chunk_len as usize;
        }
        refused.map_or(Ok(()), Err)?;
        frame.understand(count)?;
        Ok(frame)
    }

    fn wrong(&self, what: &'static str) -> FormatError {
        FormatError::new(self.offset, Wrong::Value(what))
    }

    fn understand(&mut self, chunk_count: u32) -> Result<(), FormatError> {
        if chunk_count != self.header.chunk_count || self.chunks.is_empty() {
            return Err(self.wrong("a frame's number of chunks"));
        }
        if let Some((at, _)) = self.chunks.iter().find(|(_, chunk)| chunk.frame_offset != self.offset) {
            return Err(FormatError::new(*at, Wrong::Value("a chunk's frame")));
        }
        let (sync_at, sync) = self.chunks.remove(0);
        if sync.kind != ChunkKind::Sync || sync.count != 1 || sync.first_seq != self.header.first_seq {
            return Err(FormatError::new(sync_at, Wrong::Value("a frame's first chunk")));
        }
        let sync = decode_sync(sync.payload, sync_at)?;
        self.chunks.retain(|(_, chunk)| !matches!(chunk.kind, ChunkKind::Ignored(_)));
        if sync.history.is_some() != self.header.published {
            return Err(self.wrong("the history hash of a frame"));
        }
        if sync.changed_at != self.header.changed_at {
            return Err(self.wrong("a frame's time"));
        }
        self.sync = Some(sync);
        self.check_items()
    }

    fn check_items(&self) -> Result<(), FormatError> {
        let expected = match self.header.kind {
            FrameKind::Commit => Some(ChunkKind::Events),
            FrameKind::Base => Some(ChunkKind::Trackers),
            FrameKind::Note | FrameKind::Ignored(_) => None,
        };
        let mut seq = self.header.first_seq;
        let mut items = 0;
        for (offset, chunk) in &self.chunks {
            if Some(chunk.kind) != expected || chunk.first_seq != seq {
                return Err(FormatError::new(*offset, Wrong::Value("a chunk's kind or sequence number")));
            }
            items += u64::from(chunk.count);
            if chunk.kind == ChunkKind::Events {
                seq = Seq(seq.0 + u64::from(chunk.count));
            }
        }
        let counted = items == u64::from(self.header.item_count);
        if counted { Ok(()) } else { Err(self.wrong("a frame's number of items")) }
    }

    /// Whether it is not skipped.
    pub fn counts(&self) -> bool {
        self.sync.is_some()
    }

    /// Compares the frame with its own hash, which readers need not do.
    ///
    /// # Errors
    /// They differ.
    pub fn check_own(&self) -> Result<(), FormatError> {
        let is_own = own_hash(self.bytes) == self.header.own;
        if is_own { Ok(()) } else { Err(FormatError::new(self.offset, Wrong::Checksum("a frame"))) }
    }

    /// Returns where the next frame begins in the file.
    pub fn end(&self) -> u64 {
        self.offset + self.header.frame_len()
    }

    /// Returns its events, with their numbers.
    ///
    /// # Errors
    /// Bytes that no writer writes.
    pub fn events(&self) -> Result<Vec<(Seq, EventRecord<'a>)>, FormatError> {
        let mut events = Vec::with_capacity((self.header.item_count as usize).min(self.bytes.len()));
        for (offset, chunk) in self.chunks.iter().filter(|(_, chunk)| chunk.kind == ChunkKind::Events) {
            events.extend((chunk.first_seq.0..).map(Seq).zip(decode_events(chunk, *offset)?));
        }
        Ok(events)
    }
}
