//! The compacted index: a header, then records, titles and waypoints, and the checksums of its blocks.

use super::fields::{FieldReader, FieldWriter, check_version, put_preamble};
use super::{Chain, Features, FileId, FormatError, HistoryHash, NO_TIME, StateSum, Wrong, align8, checksum};
use crate::model::{Kind, Seq, State, TrackerNumber, UnixMillis};

const MAGIC: [u8; 8] = *b"pmu-idx\n";
const HEADER: &str = "an index's header";
const FIXED_LEN: usize = 8 + 2 + 2 + 4 + 24 + 32 + 16 + 8 * 11 + 8 * GROUPS + 8 + 8 + 32 + 32 + 4;
const CHECKSUM_AT: usize = INDEX_HEADER_LEN as usize - 4;

/// Bytes of the header.
pub const INDEX_HEADER_LEN: u64 = 4096;
/// Bytes of a block; the last may be shorter.
pub const BLOCK_LEN: u64 = 4096;
/// Bytes of a record.
pub const RECORD_LEN: u64 = 8 + 8 + 8 + 8 + 8;
/// Bytes of a waypoint.
pub const WAYPOINT_LEN: u64 = 8 + 8 + 8;
/// Runs of records: two kinds times open, closed, removed.
pub const GROUPS: usize = 6;
/// A sync record up to this long fits into the header.
pub const MAX_RECORD_BYTES: usize = CHECKSUM_AT - FIXED_LEN;
const _: () = assert!(FIXED_LEN == 308 && RECORD_LEN == 40);

/// A tracker's standing: one run of records for each, per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// Gone; kept so that a history can be followed back from its last event.
    Removed,
}

impl Standing {
    /// The state of a live tracker's standing.
    pub const fn state(self) -> Option<State> {
        match self {
            Standing::Open => Some(State::Open),
            Standing::Closed => Some(State::Closed),
            Standing::Removed => None,
        }
    }
}

impl From<State> for Standing {
    fn from(state: State) -> Self {
        match state {
            State::Open => Standing::Open,
            State::Closed => Standing::Closed,
        }
    }
}

/// One run of records: of one kind and standing, numbers descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(pub Kind, pub Standing);

impl Group {
    /// All groups in file order.
    pub const ALL: [Group; GROUPS] = [
        Group(Kind::Release, Standing::Open),
        Group(Kind::Release, Standing::Closed),
        Group(Kind::Release, Standing::Removed),
        Group(Kind::Microsprint, Standing::Open),
        Group(Kind::Microsprint, Standing::Closed),
        Group(Kind::Microsprint, Standing::Removed),
    ];

    /// The group's place in [`Self::ALL`].
    pub const fn position(self) -> usize {
        let standing = match self.1 {
            Standing::Open => 0,
            Standing::Closed => 1,
            Standing::Removed => 2,
        };
        match self.0 {
            Kind::Release => standing,
            Kind::Microsprint => 3 + standing,
        }
    }
}

/// The header of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexHeader {
    /// The hash of the last frame folded: the identity of the index.
    pub chain: Chain,
    /// The log it was folded from.
    pub log: FileId,
    /// The offset in the log after the last frame folded, where the tail begins.
    pub address: u64,
    /// The offset of the last frame folded.
    pub last_frame: u64,
    /// The offset of the first live frame, if that is a commit; else 0.
    pub first_frame: u64,
    /// The offset of the last published frame; 0 if there is none.
    pub published_frame: u64,
    /// The offset of the first live frame that is not published; 0 if there is none.
    pub observed_from: u64,
    /// The last live event folded.
    pub seq: Seq,
    /// The last published event.
    pub published_seq: Seq,
    /// The first event that the log held when the index was built.
    pub history_start: Seq,
    /// When the last live frame's changes were published.
    pub changed_at: UnixMillis,
    /// The same of the last published frame.
    pub published_changed_at: UnixMillis,
    /// Records of each group, in the order of [`Group::ALL`].
    pub counts: [u64; GROUPS],
    /// Bytes of titles.
    pub titles_len: u64,
    /// Waypoints.
    pub waypoint_count: u64,
    /// The state sum.
    pub state: StateSum,
    /// The history hash.
    pub history: HistoryHash,
    /// The sync record of the last frame folded, encoded; empty if that is a note, or if it does not fit.
    pub record: Vec<u8>,
}

impl IndexHeader {
    /// Returns what binds the blocks of an index to it.
    pub fn id(&self) -> FileId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.chain.0[..16]);
        FileId(id)
    }

    /// Returns how many records there are.
    pub fn record_count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns where the titles begin.
    pub fn titles_at(&self) -> u64 {
        INDEX_HEADER_LEN + self.record_count() * RECORD_LEN
    }

    /// Returns where the waypoints begin.
    pub fn waypoints_at(&self) -> u64 {
        self.titles_at() + self.titles_len
    }

    /// Returns where the block checksums begin.
    pub fn sums_at(&self) -> u64 {
        align8(self.waypoints_at() + self.waypoint_count * WAYPOINT_LEN)
    }

    /// Returns how many blocks there are.
    pub fn block_count(&self) -> u64 {
        (self.sums_at() - INDEX_HEADER_LEN).div_ceil(BLOCK_LEN)
    }

    /// Returns the bytes of the whole file.
    pub fn file_len(&self) -> u64 {
        self.sums_at() + self.block_count() * 4
    }

    /// Returns the header's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(INDEX_HEADER_LEN as usize);
        put_preamble(&mut out, MAGIC);
        out.put_u32(BLOCK_LEN as u32);
        Features::default().put(&mut out);
        out.extend_from_slice(&self.chain.0);
        out.extend_from_slice(&self.log.0);
        out.put_u64(self.address);
        out.put_u64(self.last_frame);
        out.put_u64(self.first_frame);
        out.put_u64(self.published_frame);
        out.put_u64(self.observed_from);
        out.put_u64(self.seq.0);
        out.put_u64(self.published_seq.0);
        out.put_u64(self.history_start.0);
        out.put_i64(self.changed_at.get());
        out.put_i64(self.published_changed_at.get());
        out.put_u64(self.file_len());
        self.counts.iter().for_each(|count| out.put_u64(*count));
        out.put_u64(self.titles_len);
        out.put_u64(self.waypoint_count);
        out.extend_from_slice(&self.state.bytes());
        out.extend_from_slice(&self.history.0);
        let record = if self.record.len() > MAX_RECORD_BYTES { &[][..] } else { &self.record[..] };
        out.put_u32(record.len() as u32);
        out.extend_from_slice(record);
        out.resize(CHECKSUM_AT, 0);
        let sum = checksum(self.id(), 0, &[&out]);
        out.put_u32(sum);
        out
    }

    /// Reads the header of a file of `file_len` bytes: afterwards every block lies within the file.
    ///
    /// # Errors
    /// Too short, no index, newer, damaged, or a geometry that does not add up to the file.
    pub fn decode(bytes: &[u8], file_len: u64) -> Result<Self, FormatError> {
        let Some(bytes) = bytes.get(..INDEX_HEADER_LEN as usize) else {
            return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(HEADER)));
        };
        let mut fields = FieldReader::new(bytes);
        if fields.array() != MAGIC {
            return Err(FormatError::new(0, Wrong::Magic("an index")));
        }
        let (major, _minor, block_len) = (fields.u16(), fields.u16(), fields.u32());
        let features = Features::read(&mut fields);
        let chain = Chain(fields.array());
        let mut id = [0; 16];
        id.copy_from_slice(&chain.0[..16]);
        let (body, stored) = bytes.split_at(CHECKSUM_AT);
        if checksum(FileId(id), 0, &[body]).to_le_bytes() != stored {
            return Err(FormatError::new(0, Wrong::Checksum(HEADER)));
        }
        check_version(major, features)?;
        let (header, stored_len) = Self::fields(chain, &mut fields).ok_or(FormatError::new(0, Wrong::Value(HEADER)))?;
        // Far above any real file, and low enough that sums cannot overflow.
        let bounded = header.counts.iter().chain([&header.titles_len, &header.waypoint_count]);
        let offsets = [header.address, header.last_frame, header.published_frame, header.observed_from];
        let bounded = bounded.into_iter().all(|&count| count < 1 << 40) && offsets.iter().all(|at| *at < 1 << 62);
        if u64::from(block_len) != BLOCK_LEN || !bounded || header.seq.0 > 1 << 62 {
            return Err(FormatError::new(0, Wrong::Value(HEADER)));
        }
        if header.file_len() != stored_len || stored_len != file_len {
            return Err(FormatError::new(file_len, Wrong::Truncated("an index")));
        }
        Ok(header)
    }

    /// The fields after the chain, and the file's length as it stands there.
    fn fields(chain: Chain, fields: &mut FieldReader<'_>) -> Option<(Self, u64)> {
        let log = FileId(fields.array());
        let (address, last_frame, first_frame) = (fields.u64(), fields.u64(), fields.u64());
        let (published_frame, observed_from) = (fields.u64(), fields.u64());
        let (seq, published_seq, history_start) = (Seq(fields.u64()), Seq(fields.u64()), Seq(fields.u64()));
        let (changed_at, published_changed_at) = (UnixMillis::new(fields.i64())?, UnixMillis::new(fields.i64())?);
        let stored_len = fields.u64();
        let mut counts = [0; GROUPS];
        counts.fill_with(|| fields.u64());
        let (titles_len, waypoint_count) = (fields.u64(), fields.u64());
        let live = [0, 1, 3, 4].iter().fold(0u64, |sum, group| sum.saturating_add(counts[*group]));
        let state = StateSum::from_bytes(live, fields.array());
        let history = HistoryHash(fields.array());
        let record_len = fields.u32() as usize;
        if record_len > MAX_RECORD_BYTES {
            return None;
        }
        let record = fields.take(record_len).to_vec();
        let header = Self {
            chain,
            log,
            address,
            last_frame,
            first_frame,
            published_frame,
            observed_from,
            seq,
            published_seq,
            history_start,
            changed_at,
            published_changed_at,
            counts,
            titles_len,
            waypoint_count,
            state,
            history,
            record,
        };
        Some((header, stored_len))
    }
}

/// One tracker as the index holds it: a view of 40 bytes.
#[derive(Clone, Copy)]
pub struct Record<'a>(&'a [u8; RECORD_LEN as usize]);

impl<'a> Record<'a> {
    /// Returns a view; the bytes are those of verified blocks.
    pub fn new(bytes: &'a [u8; RECORD_LEN as usize]) -> Self {
        Self(bytes)
    }

    fn u64_at(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(bytes)
    }

    /// Returns the number; `None` if no writer wrote it.
    pub fn number(&self) -> Option<TrackerNumber> {
        TrackerNumber::new(self.u64_at(0))
    }

    /// Returns when the issue was created.
    pub fn created_at(&self) -> Option<UnixMillis> {
        UnixMillis::new(self.u64_at(8) as i64)
    }

    /// Returns when it was closed.
    pub fn closed_at(&self) -> Option<UnixMillis> {
        UnixMillis::new(self.u64_at(16) as i64)
    }

    /// Returns where the title ends, counted in the titles' bytes.
    pub fn title_end(&self) -> u64 {
        self.u64_at(24)
    }

    /// Returns the `seq` of the tracker's last event.
    pub fn last_seq(&self) -> Seq {
        Seq(self.u64_at(32))
    }

    /// Appends a record.
    pub fn encode(
        number: TrackerNumber,
        created_at: Option<UnixMillis>,
        closed_at: Option<UnixMillis>,
        title_end: u64,
        last_seq: Seq,
        out: &mut Vec<u8>,
    ) {
        out.put_u64(number.get());
        out.put_i64(created_at.map_or(NO_TIME, UnixMillis::get));
        out.put_i64(closed_at.map_or(NO_TIME, UnixMillis::get));
        out.put_u64(title_end);
        out.put_u64(last_seq.0);
    }
}

/// A place in the log from which a `seq` or a time is found by walking forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waypoint {
    /// The first event of the chunk.
    pub first_seq: Seq,
    /// When the changes of the chunk's frame were published.
    pub changed_at: UnixMillis,
    /// The chunk's offset in the log.
    pub offset: u64,
}

/// Whether a chunk of events gets a waypoint of its own, given the last one.
pub fn needs_waypoint(last: Option<Waypoint>, first_seq: Seq, offset: u64) -> bool {
    last.is_none_or(|last| first_seq.0 >= last.first_seq.0 + 64 || offset >= last.offset + 16_384)
}

impl Waypoint {
    /// Reads a waypoint of a verified block.
    pub fn decode(bytes: &[u8; WAYPOINT_LEN as usize]) -> Option<Self> {
        let mut fields = FieldReader::new(bytes);
        let (first_seq, changed_at, offset) = (Seq(fields.u64()), fields.i64(), fields.u64());
        Some(Self { first_seq, changed_at: UnixMillis::new(changed_at)?, offset })
    }

    /// Appends a waypoint.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.first_seq.0);
        out.put_i64(self.changed_at.get());
        out.put_u64(self.offset);
    }
}
