//! `CURRENT`: which files are live, and how fresh the cached state is.

use super::fields::{FieldReader, FieldWriter};
use super::{Chain, FileId, FormatError, MAJOR, MINOR, Source, Wrong, checksum, sealed};
use crate::model::{Seq, UnixMillis};

const MAGIC: [u8; 8] = *b"pmu-cur\n";
const WHAT: &str = "CURRENT";
const FIXED_LEN: usize = 8 + 2 + 2 + 4 + 16 + 8 + 8 + 8 + 32 + 8 + FRESHNESS_LEN + 4 + 4;
const FRESHNESS_LEN: usize = 8 + 8 + 8 + 1 + 1 + 1 + 5 + 32 + 32;
const SEGMENT_LEN: usize = 8 + 8 + 8 + 8 + 16;
const MAX_COMMIT_LEN: usize = 32;
const _: () = assert!(FIXED_LEN == 200 && SEGMENT_LEN == 48);

/// The end of a segment that is still appended to.
pub const OPEN_END: u64 = u64::MAX;

/// The names and states of the live files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Chosen when the store was made; `checked` is bound to it.
    pub store: FileId,
    /// Counts replacements of `CURRENT`; new files carry it in their names.
    pub generation: u64,
    /// The index, if there is one.
    pub index: Option<IndexName>,
    /// The first event that the log holds.
    pub history_start: Seq,
    /// How fresh the state is, unless the log goes on behind [`Freshness::address`].
    pub freshness: Option<Freshness>,
    /// Live segments, oldest first; never empty, and only the last is open.
    pub segments: Vec<SegmentName>,
    /// `HOST/OWNER/REPO`, as first written.
    pub repo: String,
}

/// Names an index file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexName {
    /// The last event folded.
    pub seq: Seq,
    /// The generation that first named it.
    pub generation: u64,
    /// Its identity.
    pub chain: Chain,
}

impl IndexName {
    /// `index-<seq>-<generation>`.
    pub fn file_name(&self) -> String {
        format!("index-{}-{}", self.seq, self.generation)
    }
}

/// Names a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentName {
    /// The `seq` of the first event that it can hold.
    pub first_seq: Seq,
    /// The generation that first named it.
    pub generation: u64,
    /// The log address of its first byte.
    pub base: u64,
    /// Where its last commit ends in the file; [`OPEN_END`] while it is appended to.
    pub end: u64,
    /// Its identity.
    pub id: FileId,
}

impl SegmentName {
    /// `log-<first seq>-<generation>`.
    pub fn file_name(&self) -> String {
        format!("log-{}-{}", self.first_seq, self.generation)
    }
}

/// How fresh the cached state is: the last manifest or answer that was taken in, whether or not it changed anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The log address behind the last commit when this was noted.
    pub address: u64,
    /// The manifest's `updated_at`, or the time of GitHub's answer.
    pub changed_at: UnixMillis,
    /// When this machine took it in.
    pub synced_at: UnixMillis,
    /// Where it came from.
    pub source: Source,
    /// BLAKE3 of the manifest's bytes.
    pub manifest: Option<[u8; 32]>,
    /// The git commit it stood in, 1 to 32 bytes.
    pub commit: Option<Vec<u8>>,
}

impl Current {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let len = FIXED_LEN + self.segments.len() * SEGMENT_LEN + self.repo.len() + 4;
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&MAGIC);
        out.put_u16(MAJOR);
        out.put_u16(MINOR);
        // OK because segments and names are a few hundred bytes.
        out.put_u32(u32::try_from(len).expect("CURRENT is below 4 GiB"));
        out.extend_from_slice(&self.store.0);
        out.put_u64(self.generation);
        let index = self.index.unwrap_or(IndexName { seq: Seq(0), generation: 0, chain: Chain::START });
        out.put_u64(index.seq.0);
        out.put_u64(index.generation);
        out.extend_from_slice(&index.chain.0);
        out.put_u64(self.history_start.0);
        self.encode_freshness(&mut out);
        out.put_u32(self.segments.len() as u32);
        out.put_u32(self.repo.len() as u32);
        for segment in &self.segments {
            out.put_u64(segment.first_seq.0);
            out.put_u64(segment.generation);
            out.put_u64(segment.base);
            out.put_u64(segment.end);
            out.extend_from_slice(&segment.id.0);
        }
        out.extend_from_slice(self.repo.as_bytes());
        sealed(out)
    }

    fn encode_freshness(&self, out: &mut Vec<u8>) {
        let Some(fresh) = &self.freshness else {
            out.put_zeros(FRESHNESS_LEN);
            return;
        };
        let commit = fresh.commit.as_deref().unwrap_or_default();
        let commit = &commit[..commit.len().min(MAX_COMMIT_LEN)];
        out.put_u64(fresh.address);
        out.put_i64(fresh.changed_at.get());
        out.put_i64(fresh.synced_at.get());
        out.push(fresh.source.code());
        out.push(u8::from(fresh.manifest.is_some()));
        out.push(commit.len() as u8);
        out.put_zeros(5);
        out.extend_from_slice(&fresh.manifest.unwrap_or_default());
        out.extend_from_slice(commit);
        out.put_zeros(MAX_COMMIT_LEN - commit.len());
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// Too short, no `CURRENT`, newer, damaged, or values that no writer writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let truncated = FormatError::new(bytes.len() as u64, Wrong::Truncated(WHAT));
        let value = FormatError::new(0, Wrong::Value(WHAT));
        if bytes.len() < FIXED_LEN + 4 {
            return Err(truncated);
        }
        let mut fields = FieldReader::new(bytes);
        if fields.array() != MAGIC {
            return Err(FormatError::new(0, Wrong::Magic(WHAT)));
        }
        let (major, _minor, len) = (fields.u16(), fields.u16(), fields.u32());
        if bytes.len() != len as usize {
            return Err(truncated);
        }
        let (body, stored) = bytes.split_at(bytes.len() - 4);
        if checksum(FileId::NONE, 0, &[body]).to_le_bytes() != stored {
            return Err(FormatError::new(0, Wrong::Checksum(WHAT)));
        }
        if major > MAJOR {
            return Err(FormatError::new(8, Wrong::Newer(major)));
        }
        let (store, generation) = (FileId(fields.array()), fields.u64());
        let index = IndexName { seq: Seq(fields.u64()), generation: fields.u64(), chain: Chain(fields.array()) };
        let history_start = Seq(fields.u64());
        let freshness = decode_freshness(&mut fields).ok_or(value)?;
        let (segment_count, repo_len) = (fields.u32() as usize, fields.u32() as usize);
        if Some(body.len() - FIXED_LEN) != segment_count.checked_mul(SEGMENT_LEN).and_then(|n| n.checked_add(repo_len))
        {
            return Err(value);
        }
        let segments: Vec<SegmentName> = (0..segment_count)
            .map(|_| SegmentName {
                first_seq: Seq(fields.u64()),
                generation: fields.u64(),
                base: fields.u64(),
                end: fields.u64(),
                id: FileId(fields.array()),
            })
            .collect();
        let repo = std::str::from_utf8(&fields.rest()[..repo_len]).map_err(|_| value)?.to_owned();
        let open = segments.last().is_some_and(|last| last.end == OPEN_END);
        let sealed = segments.iter().rev().skip(1).all(|segment| segment.end < 1 << 62);
        if !open || !sealed || segments.iter().any(|segment| segment.base > 1 << 62) {
            return Err(value);
        }
        let index = (index.generation > 0).then_some(index);
        Ok(Self { store, generation, index, history_start, freshness, segments, repo })
    }
}

/// The outer `None` is a value that no writer writes.
fn decode_freshness(fields: &mut FieldReader<'_>) -> Option<Option<Freshness>> {
    let address = fields.u64();
    let (changed_at, synced_at) = (UnixMillis::new(fields.i64())?, UnixMillis::new(fields.i64())?);
    let (source, has_manifest, commit_len) = (Source::from_code(fields.u8())?, fields.u8(), fields.u8());
    let _reserved: [u8; 5] = fields.array();
    let (manifest, commit): ([u8; 32], [u8; MAX_COMMIT_LEN]) = (fields.array(), fields.array());
    let commit = commit.get(..usize::from(commit_len))?;
    if address == 0 {
        return Some(None);
    }
    Some(Some(Freshness {
        address,
        changed_at,
        synced_at,
        source,
        manifest: (has_manifest == 1).then_some(manifest),
        commit: (!commit.is_empty()).then(|| commit.to_vec()),
    }))
}
