//! Laying out a frame: sync record first, then events (or trackers) in chunks.

use super::payload::{put_event, put_tracker};
use super::{
    Chain, Chunk, ChunkKind, FRAME_HEADER_LEN, FileId, FormatError, FrameHeader, FrameKind, SyncRecord, encode_sync,
    history_hash, own_hash,
};
use crate::model::{Event, Seq, Tracker};

/// A chunk is closed at this many items …
const CHUNK_ITEMS: usize = 64;
/// … or this many bytes.
const CHUNK_BYTES: usize = 16 * 1024;
/// A count up to this is one byte.
const _: () = assert!(CHUNK_ITEMS <= 250);

/// A frame in the making.
pub struct FrameBuilder<'r> {
    kind: FrameKind,
    file: FileId,
    offset: u64,
    first_seq: Seq,
    chain: Chain,
    continues: bool,
    record: &'r SyncRecord,
    bytes: Vec<u8>,
    items_at: usize,
    item_count: u32,
    chunk_count: u32,
    pending: Vec<u8>,
    pending_count: usize,
    scratch: Vec<u8>,
    canonical: Vec<u8>,
}

impl<'r> FrameBuilder<'r> {
    /// Starts a frame that will stand at `offset` of `file`. It is published if the record has a history hash: that of
    /// the frame before it.
    pub fn new(
        kind: FrameKind,
        (file, offset): (FileId, u64),
        first_seq: Seq,
        chain: Chain,
        record: &'r SyncRecord,
    ) -> Self {
        let mut bytes = vec![0; FRAME_HEADER_LEN as usize];
        put_sync(record, (file, offset), first_seq, &mut bytes);
        Self {
            kind,
            file,
            offset,
            first_seq,
            chain,
            continues: false,
            record,
            items_at: bytes.len(),
            bytes,
            item_count: 0,
            chunk_count: 1,
            pending: Vec::new(),
            pending_count: 0,
            scratch: Vec::new(),
            canonical: Vec::new(),
        }
    }

    /// Says that the frame goes on with the commit of the frame before it.
    pub fn continues(mut self, continues: bool) -> Self {
        self.continues = continues;
        self
    }

    /// Makes room for events of so many bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Adds an event to a commit; `prev` is the same tracker's event before it, 0 if there is none.
    pub fn event(&mut self, prev: Seq, event: &Event<'_>) {
        let canonical_len = put_event(prev, event, &mut self.scratch, &mut self.pending);
        if self.record.history.is_some() {
            self.canonical.extend_from_slice(&self.scratch[..canonical_len]);
        }
        self.pushed(ChunkKind::Events);
    }

    /// Adds a tracker to a base, with the `seq` of its last event.
    pub fn tracker(&mut self, tracker: &Tracker<'_>, last_seq: Seq) {
        put_tracker(tracker, last_seq, &mut self.scratch, &mut self.pending);
        self.pushed(ChunkKind::Trackers);
    }

    fn pushed(&mut self, kind: ChunkKind) {
        self.pending_count += 1;
        if self.pending_count >= CHUNK_ITEMS || self.pending.len() >= CHUNK_BYTES {
            self.close_chunk(kind);
        }
    }

    fn close_chunk(&mut self, kind: ChunkKind) {
        if self.pending_count == 0 {
            return;
        }
        // A bincode sequence is its count, then its items.
        self.pending.insert(0, self.pending_count as u8);
        let first_seq = match kind {
            ChunkKind::Events => Seq(self.first_seq.0 + u64::from(self.item_count)),
            _ => self.first_seq,
        };
        let count = self.pending_count as u32;
        let chunk = Chunk { kind, count, first_seq, frame_offset: self.offset, payload: &self.pending };
        chunk.encode(self.file, self.offset + self.bytes.len() as u64, &mut self.bytes);
        self.item_count += count;
        self.chunk_count += 1;
        self.pending.clear();
        self.pending_count = 0;
    }

    /// Returns the frame's bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.close_chunk(if self.kind == FrameKind::Base { ChunkKind::Trackers } else { ChunkKind::Events });
        let published = self.record.history.is_some();
        if let Some(before) = self.record.history.filter(|_| self.kind == FrameKind::Commit && self.item_count > 0) {
            let count = u64::from(self.item_count);
            let history = Some(history_hash(before, self.record, count, &self.canonical));
            // As long as the one that holds its place.
            let mut head = vec![0; FRAME_HEADER_LEN as usize];
            let record = SyncRecord { history, ..self.record.clone() };
            put_sync(&record, (self.file, self.offset), self.first_seq, &mut head);
            self.bytes[..self.items_at].copy_from_slice(&head);
        }
        let mut header = FrameHeader {
            kind: self.kind,
            published,
            more: false,
            continues: self.continues,
            payload_len: self.bytes.len() as u64 - FRAME_HEADER_LEN,
            first_seq: self.first_seq,
            item_count: self.item_count,
            chunk_count: self.chunk_count,
            changed_at: self.record.changed_at,
            chain: self.chain,
            own: self.chain,
        };
        seal(&mut header, &mut self.bytes, self.file, self.offset);
        self.bytes
    }
}

fn put_sync(record: &SyncRecord, (file, offset): (FileId, u64), first_seq: Seq, bytes: &mut Vec<u8>) {
    let mut payload = Vec::with_capacity(256);
    encode_sync(record, &mut payload);
    let chunk = Chunk { kind: ChunkKind::Sync, count: 1, first_seq, frame_offset: offset, payload: &payload };
    chunk.encode(file, offset + FRAME_HEADER_LEN, bytes);
}

/// Writes the header with the frame's own hash.
fn seal(header: &mut FrameHeader, frame: &mut [u8], file: FileId, offset: u64) {
    let put = |header: &FrameHeader, frame: &mut [u8]| {
        frame[..FRAME_HEADER_LEN as usize].copy_from_slice(&header.encode(file, offset));
    };
    put(header, frame);
    header.own = own_hash(frame);
    put(header, frame);
}

/// Says of a frame that its commit goes on with the next.
///
/// # Errors
/// No frame.
pub fn reseal(frame: &mut [u8], file: FileId, offset: u64) -> Result<Chain, FormatError> {
    let mut header = FrameHeader::decode(frame, file, offset)?;
    header.more = true;
    seal(&mut header, frame, file, offset);
    Ok(header.own)
}
