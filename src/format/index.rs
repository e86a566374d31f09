//! The compacted index: a header, then records, titles and waypoints in blocks that each verify alone.

use super::fields::{FieldReader, FieldWriter};
use super::{Chain, FileId, FormatError, MAJOR, MINOR, Wrong, checksum};
use crate::model::{Kind, Seq, State, TrackerNumber, UnixMillis};

const MAGIC: [u8; 8] = *b"pmu-idx\n";
const HEADER: &str = "an index's header";
const CHECKSUM_AT: usize = 8 + 2 + 2 + 4 + 32 + 8 * 6 + 8 * GROUPS + 8 + 8 + 32 + RESERVED;
const RESERVED: usize = 60;

/// Bytes of the header.
pub const INDEX_HEADER_LEN: u64 = 256;
/// Bytes of a full block; the last four are its checksum.
pub const BLOCK_LEN: u64 = 4096;
/// Bytes of a record.
pub const RECORD_LEN: u64 = 8 + 8 + 8 + 8 + 4 + 4 + 8;
/// Bytes of a waypoint.
pub const WAYPOINT_LEN: u64 = 8 + 8 + 8;
/// Records in a full block.
pub const RECORDS_PER_BLOCK: u64 = (BLOCK_LEN - 4) / RECORD_LEN;
/// Waypoints in a full block.
pub const WAYPOINTS_PER_BLOCK: u64 = (BLOCK_LEN - 4) / WAYPOINT_LEN;
/// Bytes of titles in a full block.
pub const HEAP_PER_BLOCK: u64 = BLOCK_LEN - 4;
/// Runs of records: two kinds times open, closed, removed.
pub const GROUPS: usize = 6;
/// "No time" in a record.
pub const NO_TIME: i64 = i64::MIN;
const _: () = assert!(CHECKSUM_AT + 4 == INDEX_HEADER_LEN as usize);
const _: () = assert!(RECORDS_PER_BLOCK == 85 && WAYPOINTS_PER_BLOCK == 170);

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

/// Items of one length in blocks: where each item and each block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Offset of the first block in the file.
    pub at: u64,
    /// Items.
    pub count: u64,
    /// Bytes of an item.
    pub item_len: u64,
    /// Items of a full block.
    pub per_block: u64,
}

impl Section {
    /// Blocks in the section.
    pub const fn block_count(&self) -> u64 {
        self.count.div_ceil(self.per_block)
    }

    /// Offset and length of one block; the last may be short, a multiple of eight.
    pub const fn block(&self, block: u64) -> (u64, u64) {
        let left = self.count - block * self.per_block;
        let len = if left >= self.per_block { BLOCK_LEN } else { (left * self.item_len + 4).next_multiple_of(8) };
        (self.at + block * BLOCK_LEN, len)
    }

    /// Offset behind the last block.
    pub const fn end(&self) -> u64 {
        match self.block_count() {
            0 => self.at,
            blocks => {
                let (at, len) = self.block(blocks - 1);
                at + len
            }
        }
    }
}

/// The header of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexHeader {
    /// The hash of the last commit folded: the identity of the index.
    pub chain: Chain,
    /// The last event folded.
    pub seq: Seq,
    /// The log address behind the last commit folded, where the tail begins.
    pub address: u64,
    /// The log address of the last commit folded.
    pub last_frame: u64,
    /// When the last commit's changes were published.
    pub changed_at: UnixMillis,
    /// The first event that the log held when the index was built.
    pub history_start: Seq,
    /// Records of each group, in the order of [`Group::ALL`].
    pub counts: [u64; GROUPS],
    /// Bytes of titles, gaps included.
    pub heap_len: u64,
    /// Waypoints.
    pub waypoint_count: u64,
    /// The state hash.
    pub state_hash: [u8; 32],
}

impl IndexHeader {
    /// What binds the blocks of an index to it.
    pub fn id(&self) -> FileId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.chain.0[..16]);
        FileId(id)
    }

    /// The records.
    pub fn records(&self) -> Section {
        let count = self.counts.iter().sum();
        Section { at: INDEX_HEADER_LEN, count, item_len: RECORD_LEN, per_block: RECORDS_PER_BLOCK }
    }

    /// The titles, an item a byte.
    pub fn heap(&self) -> Section {
        Section { at: self.records().end(), count: self.heap_len, item_len: 1, per_block: HEAP_PER_BLOCK }
    }

    /// The waypoints.
    pub fn waypoints(&self) -> Section {
        let (at, count) = (self.heap().end(), self.waypoint_count);
        Section { at, count, item_len: WAYPOINT_LEN, per_block: WAYPOINTS_PER_BLOCK }
    }

    /// Bytes of the whole file.
    pub fn file_len(&self) -> u64 {
        self.waypoints().end()
    }

    /// The header's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(INDEX_HEADER_LEN as usize);
        out.extend_from_slice(&MAGIC);
        out.put_u16(MAJOR);
        out.put_u16(MINOR);
        out.put_u32(BLOCK_LEN as u32);
        out.extend_from_slice(&self.chain.0);
        out.put_u64(self.seq.0);
        out.put_u64(self.address);
        out.put_u64(self.last_frame);
        out.put_i64(self.changed_at.get());
        out.put_u64(self.history_start.0);
        out.put_u64(self.file_len());
        self.counts.iter().for_each(|count| out.put_u64(*count));
        out.put_u64(self.heap_len);
        out.put_u64(self.waypoint_count);
        out.extend_from_slice(&self.state_hash);
        out.put_zeros(RESERVED);
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
        let chain = Chain(fields.array());
        let (seq, address, last_frame) = (Seq(fields.u64()), fields.u64(), fields.u64());
        let (changed_at, history_start) = (fields.i64(), Seq(fields.u64()));
        let stored_len = fields.u64();
        let mut counts = [0; GROUPS];
        counts.fill_with(|| fields.u64());
        let (heap_len, waypoint_count) = (fields.u64(), fields.u64());
        let state_hash = fields.array();
        let [.., a, b, c, d] = *bytes else { return Err(FormatError::new(0, Wrong::Truncated(HEADER))) };
        let changed_at = UnixMillis::new(changed_at).ok_or(FormatError::new(0, Wrong::Value("an index's time")));
        let header = Self {
            chain,
            seq,
            address,
            last_frame,
            changed_at: changed_at.unwrap_or(UnixMillis::MIN),
            history_start,
            counts,
            heap_len,
            waypoint_count,
            state_hash,
        };
        if checksum(header.id(), 0, &[&bytes[..CHECKSUM_AT]]) != u32::from_le_bytes([a, b, c, d]) {
            return Err(FormatError::new(0, Wrong::Checksum(HEADER)));
        }
        if major > MAJOR {
            return Err(FormatError::new(8, Wrong::Newer(major)));
        }
        changed_at?;
        // Far above any real file, and low enough that sums cannot overflow.
        let bounded = counts.iter().chain([&heap_len, &waypoint_count]).all(|&count| count < 1 << 40);
        if u64::from(block_len) != BLOCK_LEN || !bounded || address > 1 << 62 || seq.0 > 1 << 62 {
            return Err(FormatError::new(0, Wrong::Value(HEADER)));
        }
        if header.file_len() != stored_len || stored_len != file_len {
            return Err(FormatError::new(file_len, Wrong::Truncated("an index")));
        }
        Ok(header)
    }
}

/// One tracker as the index holds it: a view of 48 bytes.
#[derive(Clone, Copy)]
pub struct Record<'a>(&'a [u8; RECORD_LEN as usize]);

const PLAIN: u32 = 1;

impl<'a> Record<'a> {
    /// A view; the bytes are those of a verified block.
    pub fn new(bytes: &'a [u8; RECORD_LEN as usize]) -> Self {
        Self(bytes)
    }

    fn u64_at(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(bytes)
    }

    fn u32_at(&self, at: usize) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[at..at + 4]);
        u32::from_le_bytes(bytes)
    }

    /// The number; `None` where no writer wrote it.
    pub fn number(&self) -> Option<TrackerNumber> {
        TrackerNumber::new(self.u64_at(0))
    }

    /// When the issue was created.
    pub fn created_at(&self) -> Option<UnixMillis> {
        UnixMillis::new(self.u64_at(8) as i64)
    }

    /// When it was closed.
    pub fn closed_at(&self) -> Option<UnixMillis> {
        UnixMillis::new(self.u64_at(16) as i64)
    }

    /// Where the title begins, counted in the titles' bytes.
    pub fn title_at(&self) -> u64 {
        self.u64_at(24)
    }

    /// Bytes of the title.
    pub fn title_len(&self) -> u32 {
        self.u32_at(32)
    }

    /// Whether the title has nothing that a terminal or a table must be kept from: see [`title_is_plain`].
    pub fn title_is_plain(&self) -> bool {
        self.u32_at(36) & PLAIN != 0
    }

    /// The `seq` of the tracker's last event.
    pub fn last_seq(&self) -> Seq {
        Seq(self.u64_at(40))
    }

    /// Appends a record.
    #[allow(clippy::too_many_arguments, reason = "the fields of the record, in its order")]
    pub fn encode(
        number: TrackerNumber,
        created_at: Option<UnixMillis>,
        closed_at: Option<UnixMillis>,
        title_at: u64,
        title_len: u32,
        plain: bool,
        last_seq: Seq,
        out: &mut Vec<u8>,
    ) {
        out.put_u64(number.get());
        out.put_i64(created_at.map_or(NO_TIME, UnixMillis::get));
        out.put_i64(closed_at.map_or(NO_TIME, UnixMillis::get));
        out.put_u64(title_at);
        out.put_u32(title_len);
        out.put_u32(if plain { PLAIN } else { 0 });
        out.put_u64(last_seq.0);
    }
}

/// Whether a title is printable ASCII throughout: then nothing in it can control a terminal or break a table.
pub fn title_is_plain(title: &str) -> bool {
    // All of them, whatever the first says: that the processor does many at once.
    title.bytes().fold(true, |plain, byte| plain & (0x20..0x7F).contains(&byte))
}

/// A place in the log from which a `seq` or a time is found by walking forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waypoint {
    /// The first event of the chunk.
    pub first_seq: Seq,
    /// When the chunk's commit was published.
    pub changed_at: UnixMillis,
    /// The log address of the chunk.
    pub address: u64,
}

/// Whether a chunk of events gets a waypoint of its own, given the last one.
pub fn needs_waypoint(last: Option<Waypoint>, first_seq: Seq, address: u64) -> bool {
    last.is_none_or(|last| first_seq.0 >= last.first_seq.0 + 64 || address >= last.address + 16_384)
}

impl Waypoint {
    /// Reads a waypoint of a verified block.
    pub fn decode(bytes: &[u8; WAYPOINT_LEN as usize]) -> Option<Self> {
        let mut fields = FieldReader::new(bytes);
        let (first_seq, changed_at, address) = (Seq(fields.u64()), fields.i64(), fields.u64());
        Some(Self { first_seq, changed_at: UnixMillis::new(changed_at)?, address })
    }

    /// Appends a waypoint.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.first_seq.0);
        out.put_i64(self.changed_at.get());
        out.put_u64(self.address);
    }
}
