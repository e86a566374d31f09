//! What still verifies in a damaged log: chunks one by one, each of which verifies alone.

use std::collections::BTreeMap;

use crate::format::{
    CHUNK_HEADER_LEN, Chunk, ChunkKind, EventRecord, FRAME_HEADER_LEN, FRAME_MAGIC, FileId, FormatError, FrameHeader,
    LOG_HEADER_LEN, Source, SyncRecord, decode_events, decode_sync, decode_trackers,
};
use crate::model::{Seq, Tracker};

/// What was found, each frame's parts under the offset of its header.
#[derive(Default)]
pub struct Salvage<'a> {
    /// Headers that verify.
    pub headers: BTreeMap<u64, FrameHeader>,
    /// Sync records that verify.
    pub syncs: BTreeMap<u64, SyncRecord>,
    /// Events that verify, with their numbers and frames, in the order of the file.
    pub events: Vec<(Seq, u64, EventRecord<'a>)>,
    /// Trackers of a base that verify, with their last events.
    pub trackers: Vec<(u64, Tracker<'a>, Seq)>,
}

/// A chunk of ours has at most this many items; anything above is no chunk.
const MAX_ITEMS: u32 = 250;

/// Looks at every place where a structure can stand, after the log's header.
pub fn salvage(bytes: &[u8], file: FileId) -> Salvage<'_> {
    let mut found = Salvage::default();
    let mut at = LOG_HEADER_LEN;
    while let Some(rest) = bytes.get(at as usize..).filter(|rest| !rest.is_empty()) {
        if let Ok(header) = FrameHeader::decode(rest, file, at) {
            found.headers.insert(at, header);
            at += FRAME_HEADER_LEN;
        } else if let Some(chunk) = chunk_at(rest, file, at) {
            found.take(&chunk, at);
            at += chunk.chunk_len();
        } else {
            at += 8;
        }
    }
    found
}

/// Every structure between two places of a log that does not verify, and how many events those have that do.
pub fn unverified(bytes: &[u8], file: FileId, (from, to): (u64, u64)) -> (Vec<FormatError>, u64) {
    let (mut errors, mut events) = (Vec::new(), 0);
    let (mut at, mut is_told) = (from, false);
    while let Some(rest) = bytes.get(at as usize..to as usize).filter(|rest| !rest.is_empty()) {
        let header = FrameHeader::decode(rest, file, at);
        if let Some(chunk) = chunk_at(rest, file, at) {
            events += if chunk.kind == ChunkKind::Events { u64::from(chunk.count) } else { 0 };
            (at, is_told) = (at + chunk.chunk_len(), false);
        } else if header.is_ok() {
            (at, is_told) = (at + FRAME_HEADER_LEN, false);
        } else {
            // Once for a stretch: garbage is not summed from every place in it.
            if !is_told {
                let is_frame = at == from || rest.starts_with(&FRAME_MAGIC);
                errors.extend(if is_frame { header.err() } else { Chunk::decode(rest, file, at).err() });
            }
            (at, is_told) = (at + 8, true);
        }
    }
    (errors, events)
}

/// Refuses cheaply what cannot be a chunk, so that garbage is not summed from every place in it.
fn chunk_at(bytes: &[u8], file: FileId, at: u64) -> Option<Chunk<'_>> {
    let header = bytes.get(..CHUNK_HEADER_LEN as usize)?;
    let count = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    let possible = matches!(header[0], 1..=3) && header[1..4] == [0; 3] && count <= MAX_ITEMS;
    if possible { Chunk::decode(bytes, file, at).ok() } else { None }
}

impl<'a> Salvage<'a> {
    fn take(&mut self, chunk: &Chunk<'a>, at: u64) {
        match chunk.kind {
            ChunkKind::Sync => {
                if let Ok(sync) = decode_sync(chunk.payload, at) {
                    self.syncs.insert(chunk.frame_offset, sync);
                }
            }
            ChunkKind::Events => {
                let records = decode_events(chunk, at).unwrap_or_default();
                for (seq, record) in (chunk.first_seq.0..).zip(records) {
                    self.events.push((Seq(seq), chunk.frame_offset, record));
                }
            }
            ChunkKind::Trackers => {
                let trackers = decode_trackers(chunk, at).unwrap_or_default();
                self.trackers.extend(trackers.into_iter().map(|(tracker, seq)| (chunk.frame_offset, tracker, seq)));
            }
            ChunkKind::Ignored(_) => {}
        }
    }

    /// The sync record of a frame, or what its header still tells of it.
    pub fn sync_of(&self, frame: u64) -> Option<SyncRecord> {
        let from_header = || {
            let header = self.headers.get(&frame)?;
            let record = SyncRecord::new(Source::Manifest, header.changed_at, header.changed_at);
            Some(SyncRecord { history: header.published.then(Default::default), ..record })
        };
        self.syncs.get(&frame).cloned().or_else(from_header)
    }
}
