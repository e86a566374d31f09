//! `CURRENT`: which files are live.

use super::fields::{FieldWriter, check_version, put_preamble, small_file};
use super::{Chain, Features, FileId, FormatError, LOG_HEADER_LEN, Wrong};
use crate::format::checksum::sealed;
use crate::model::Seq;

const MAGIC: [u8; 8] = *b"pmu-cur\n";
const WHAT: &str = "CURRENT";
const FIXED_LEN: usize = 8 + 2 + 2 + 4 + 24 + 16 + 8 + 8 + 16 + 8 + 8 + 8 + 32 + 8 + 4 + 4;
const _: () = assert!(FIXED_LEN == 160);

/// The names of the live files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// What a program must know of the store.
    pub features: Features,
    /// Chosen when the store was made; `marks` is bound to it.
    pub store: FileId,
    /// Counts replacements of `CURRENT`; new files carry it in their names.
    pub generation: u64,
    /// The log.
    pub log: LogName,
    /// Where in the log its last commit ended when this was written.
    pub acknowledged: u64,
    /// The index, if there is one.
    pub index: Option<IndexName>,
    /// The first event that the log holds.
    pub history_start: Seq,
    /// `HOST/OWNER/REPO`, as first written.
    pub repo: String,
}

/// Names a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogName {
    /// The generation that first named it.
    pub generation: u64,
    /// Its identity.
    pub id: FileId,
}

impl LogName {
    /// Returns `log-<generation>`.
    pub fn file_name(&self) -> String {
        format!("log-{}", self.generation)
    }
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
    /// Returns `index-<seq>-<generation>`.
    pub fn file_name(&self) -> String {
        format!("index-{}-{}", self.seq, self.generation)
    }
}

impl Current {
    /// Returns the file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let len = FIXED_LEN + self.repo.len() + 4;
        let mut out = Vec::with_capacity(len);
        put_preamble(&mut out, MAGIC);
        // OK because a repository's name has at most a few hundred bytes.
        out.put_u32(u32::try_from(len).expect("CURRENT is below 4 GiB"));
        self.features.put(&mut out);
        out.extend_from_slice(&self.store.0);
        out.put_u64(self.generation);
        out.put_u64(self.log.generation);
        out.extend_from_slice(&self.log.id.0);
        out.put_u64(self.acknowledged);
        let index = self.index.unwrap_or(IndexName { seq: Seq(0), generation: 0, chain: Chain([0; 32]) });
        out.put_u64(index.seq.0);
        out.put_u64(index.generation);
        out.extend_from_slice(&index.chain.0);
        out.put_u64(self.history_start.0);
        out.put_u32(self.repo.len() as u32);
        out.put_u32(0);
        out.extend_from_slice(self.repo.as_bytes());
        sealed(out)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// Too short, no `CURRENT`, newer, damaged, or values that no writer writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let value = FormatError::new(0, Wrong::Value(WHAT));
        let (mut fields, major) = small_file(bytes, MAGIC, WHAT, FIXED_LEN)?;
        let len = fields.u32();
        let features = Features::read(&mut fields);
        check_version(major, features)?;
        if bytes.len() != len as usize {
            return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(WHAT)));
        }
        let (store, generation) = (FileId(fields.array()), fields.u64());
        let log = LogName { generation: fields.u64(), id: FileId(fields.array()) };
        let acknowledged = fields.u64();
        let index = IndexName { seq: Seq(fields.u64()), generation: fields.u64(), chain: Chain(fields.array()) };
        let history_start = Seq(fields.u64());
        let (repo_len, _reserved) = (fields.u32() as usize, fields.u32());
        if fields.left() != repo_len || generation == 0 || log.generation == 0 {
            return Err(value);
        }
        if !(LOG_HEADER_LEN..1 << 62).contains(&acknowledged) {
            return Err(FormatError::new(88, Wrong::Value(WHAT)));
        }
        let repo = std::str::from_utf8(fields.take(repo_len)).map_err(|_| value)?.to_owned();
        let index = (index.generation > 0).then_some(index);
        Ok(Self { features, store, generation, log, acknowledged, index, history_start, repo })
    }
}
