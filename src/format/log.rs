//! The header of a log.

use super::fields::{FieldReader, FieldWriter, check_version, put_preamble};
use super::{Chain, Features, FileId, FormatError, Wrong, checksum};
use crate::model::Seq;

const MAGIC: [u8; 8] = *b"pmu-log\n";
const WHAT: &str = "the log's header";
const RESERVED: usize = 52;
const CHECKSUM_AT: usize = 8 + 2 + 2 + 4 + 24 + 16 + 8 + 8 + RESERVED;

/// Bytes of a log's header; the first frame follows.
pub const LOG_HEADER_LEN: u64 = 128;
const _: () = assert!(CHECKSUM_AT + 4 == LOG_HEADER_LEN as usize);

/// What a log says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHeader {
    /// What a program must know of it.
    pub features: Features,
    /// Binds everything in the log to it.
    pub id: FileId,
    /// In its name.
    pub generation: u64,
    /// The `seq` of the first event that it can hold.
    pub first_seq: Seq,
}

impl LogHeader {
    /// Returns the header's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LOG_HEADER_LEN as usize);
        put_preamble(&mut out, MAGIC);
        out.put_u32(0);
        self.features.put(&mut out);
        out.extend_from_slice(&self.id.0);
        out.put_u64(self.generation);
        out.put_u64(self.first_seq.0);
        out.put_zeros(RESERVED);
        let sum = checksum(self.id, 0, &[&out]);
        out.put_u32(sum);
        out
    }

    /// Returns what the first frame carries as the hash of the frame before it.
    pub fn chain(&self) -> Chain {
        Chain(*blake3::hash(&self.id.0).as_bytes())
    }

    /// Reads the header at the start of `bytes`.
    ///
    /// # Errors
    /// Too short, no log, newer, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let Some(bytes) = bytes.get(..LOG_HEADER_LEN as usize) else {
            return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(WHAT)));
        };
        let mut fields = FieldReader::new(bytes);
        if fields.array() != MAGIC {
            return Err(FormatError::new(0, Wrong::Magic("a log")));
        }
        let (major, _minor, _reserved) = (fields.u16(), fields.u16(), fields.u32());
        let features = Features::read(&mut fields);
        let (id, generation, first_seq) = (FileId(fields.array()), fields.u64(), Seq(fields.u64()));
        let _reserved: [u8; RESERVED] = fields.array();
        if checksum(id, 0, &[&bytes[..CHECKSUM_AT]]) != fields.u32() {
            return Err(FormatError::new(0, Wrong::Checksum(WHAT)));
        }
        check_version(major, features)?;
        if first_seq.0 == 0 || first_seq.0 > 1 << 62 {
            return Err(FormatError::new(64, Wrong::Value(WHAT)));
        }
        Ok(Self { features, id, generation, first_seq })
    }
}
