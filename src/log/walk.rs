//! Frames one after the other, and what ends them.

use crate::format::{
    Chain, Chunk, ChunkKind, EventRecord, FRAME_HEADER_LEN, FileId, FormatError, FrameHeader, FrameKind, SyncRecord,
    Wrong, chain_of, decode_events, decode_sync,
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
    /// The sync it records.
    pub sync: SyncRecord,
    /// Its chunks behind the sync record, and where each begins in the file.
    pub chunks: Vec<(u64, Chunk<'a>)>,
}

impl<'a> Frame<'a> {
    /// Reads the frame at the start of `bytes`, which stand at `offset` of `file`; every byte of it is verified.
    ///
    /// # Errors
    /// Too short, or damaged.
    pub fn decode(bytes: &'a [u8], file: FileId, offset: u64) -> Result<Self, FormatError> {
        let header = FrameHeader::decode(bytes, file, offset)?;
        let truncated = FormatError::new(offset, Wrong::Truncated("a frame"));
        let frame_len = usize::try_from(header.frame_len()).map_err(|_| truncated)?;
        let bytes = bytes.get(..frame_len).ok_or(truncated)?;
        let value = |offset, what| FormatError::new(offset, Wrong::Value(what));
        let mut chunks = Vec::new();
        let mut at = FRAME_HEADER_LEN as usize;
        while at < bytes.len() {
            let chunk_offset = offset + at as u64;
            let chunk = Chunk::decode(&bytes[at..], file, chunk_offset)?;
            if chunk.frame_offset != offset {
                return Err(value(chunk_offset, "a chunk's frame"));
            }
            at += chunk.chunk_len() as usize;
            chunks.push((chunk_offset, chunk));
        }
        if chunks.len() != header.chunk_count as usize || chunks.is_empty() {
            return Err(value(offset, "a frame's number of chunks"));
        }
        let (sync_offset, sync) = chunks.remove(0);
        if sync.kind != ChunkKind::Sync {
            return Err(value(sync_offset, "a frame's first chunk"));
        }
        let sync = decode_sync(sync.payload, sync_offset)?;
        let frame = Self { offset, header, bytes, sync, chunks };
        frame.check_items()?;
        Ok(frame)
    }

    fn check_items(&self) -> Result<(), FormatError> {
        let expected = match self.header.kind {
            FrameKind::Commit => Some(ChunkKind::Events),
            FrameKind::Base => Some(ChunkKind::Trackers),
            FrameKind::Note => None,
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
        let counted = items == u64::from(self.header.event_count);
        if counted && self.header.changed_at == self.sync.changed_at {
            return Ok(());
        }
        Err(FormatError::new(self.offset, Wrong::Value("a frame's number of events or time")))
    }

    /// Its hash, which the next frame carries; not looked at by readers of a last frame.
    pub fn chain(&self) -> Chain {
        chain_of(self.bytes)
    }

    /// Where the next frame begins in the file.
    pub fn end(&self) -> u64 {
        self.offset + self.header.frame_len()
    }

    /// Calls `each` for every event, with its `seq`.
    ///
    /// # Errors
    /// Bytes that no writer writes; the error of `each`.
    pub fn events<E: From<FormatError>>(
        &self,
        mut each: impl FnMut(Seq, EventRecord<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.header.kind != FrameKind::Commit {
            return Ok(());
        }
        for (offset, chunk) in &self.chunks {
            for (seq, record) in (chunk.first_seq.0..).zip(decode_events(chunk, *offset)?) {
                each(Seq(seq), record)?;
            }
        }
        Ok(())
    }
}

/// What ended a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The bytes end behind a whole frame.
    End,
    /// The last commit is incomplete and nothing valid follows: a crash. Offset of its first byte in the file.
    Torn(u64),
    /// Bytes that do not verify, with a frame behind them that does; or a frame that does not continue the chain.
    Damaged {
        /// What is wrong, and where.
        error: FormatError,
        /// Where the next frame that verifies begins, if one does.
        resumes_at: Option<u64>,
    },
}

/// Walks the frames in `bytes`, which stand at `offset` of `file` and continue the chain `prev`. Gives the offset
/// behind the last frame handed to `each`, and what ended the walk.
///
/// # Errors
/// The error of `each`.
pub fn walk<'a, E>(
    bytes: &'a [u8],
    file: FileId,
    offset: u64,
    prev: Chain,
    mut each: impl FnMut(Frame<'a>) -> Result<(), E>,
) -> Result<(u64, Stop), E> {
    let mut at = 0;
    let mut last: Option<&[u8]> = None;
    while at < bytes.len() {
        let here = offset + at as u64;
        let frame = match Frame::decode(&bytes[at..], file, here) {
            Ok(frame) => frame,
            Err(error) => return Ok((here, stop_at(bytes, at, file, offset, error))),
        };
        if frame.header.prev != last.map_or(prev, chain_of) {
            let error = FormatError::new(here, Wrong::Value("the hash of the commit before"));
            return Ok((here, Stop::Damaged { error, resumes_at: None }));
        }
        last = Some(frame.bytes);
        at = (frame.end() - offset) as usize;
        each(frame)?;
    }
    Ok((offset + bytes.len() as u64, Stop::End))
}

/// A torn tail, unless a frame that verifies follows: its header is enough to tell, being bound to file and place.
fn stop_at(bytes: &[u8], at: usize, file: FileId, offset: u64, error: FormatError) -> Stop {
    // Frames stand at multiples of eight, as the segment's header does.
    let next = (at + 8..bytes.len()).step_by(8).find(|&next| {
        bytes[next..].starts_with(b"pmuF") && FrameHeader::decode(&bytes[next..], file, offset + next as u64).is_ok()
    });
    match next {
        Some(next) => Stop::Damaged { error, resumes_at: Some(offset + next as u64) },
        None => Stop::Torn(offset + at as u64),
    }
}
