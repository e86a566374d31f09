//! `last`: where the user's last `history --since last` stopped.

use super::fields::{FieldReader, FieldWriter};
use super::{FileId, FormatError, MAJOR, MINOR, Wrong, checksum, sealed};
use crate::model::{Seq, UnixMillis};

const MAGIC: [u8; 8] = *b"pmu-lst\n";
const WHAT: &str = "last";
const LEN: usize = 8 + 2 + 2 + 4 + 16 + 8 + 8 + 4;

/// The place kept for `--since last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The store whose events are counted.
    pub store: FileId,
    /// The last event shown.
    pub seq: Seq,
    /// When it was asked.
    pub asked_at: UnixMillis,
}

impl Cursor {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LEN);
        out.extend_from_slice(&MAGIC);
        out.put_u16(MAJOR);
        out.put_u16(MINOR);
        out.put_u32(0);
        out.extend_from_slice(&self.store.0);
        out.put_u64(self.seq.0);
        out.put_i64(self.asked_at.get());
        sealed(out)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// Anything that does not verify.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() != LEN {
            return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(WHAT)));
        }
        let (body, stored) = bytes.split_at(LEN - 4);
        let mut fields = FieldReader::new(body);
        if fields.array() != MAGIC {
            return Err(FormatError::new(0, Wrong::Magic(WHAT)));
        }
        if checksum(FileId::NONE, 0, &[body]).to_le_bytes() != stored {
            return Err(FormatError::new(0, Wrong::Checksum(WHAT)));
        }
        let (major, _minor, _reserved) = (fields.u16(), fields.u16(), fields.u32());
        if major > MAJOR {
            return Err(FormatError::new(8, Wrong::Newer(major)));
        }
        let (store, seq) = (FileId(fields.array()), Seq(fields.u64()));
        let asked_at = UnixMillis::new(fields.i64());
        Ok(Self { store, seq, asked_at: asked_at.ok_or(FormatError::new(0, Wrong::Value(WHAT)))? })
    }
}
