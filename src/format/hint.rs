//! Which repository a checkout belongs to.

use super::checksum::sealed;
use super::fields::{FieldWriter, check_version, put_preamble, small_file};
use super::marks::{SIGNATURE_LEN, put_signature, signature};
use super::{Features, FormatError, Signature, Wrong};

const MAGIC: [u8; 8] = *b"pmu-hnt\n";
const WHAT: &str = "a checkout hint";
const FIXED_LEN: usize = 8 + 2 + 2 + 4 + SIGNATURE_LEN;
const _: () = assert!(FIXED_LEN == 56);

/// Which repository a checkout belongs to, so that neither its manifest nor git need be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The checkout's git configuration as it was; all zero if there is none.
    pub git_config: Signature,
    /// `HOST/OWNER/REPO`.
    pub repo: String,
}

impl Hint {
    /// Returns the file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_LEN + self.repo.len() + 4);
        put_preamble(&mut out, MAGIC);
        // OK because a repository's name has at most a few hundred bytes.
        out.put_u32(self.repo.len() as u32);
        put_signature(&mut out, &self.git_config);
        out.extend_from_slice(self.repo.as_bytes());
        sealed(out)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// Anything that does not verify; the caller goes on without.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (mut fields, major) = small_file(bytes, MAGIC, WHAT, FIXED_LEN)?;
        check_version(major, Features::default())?;
        let len = fields.u32() as usize;
        let value = FormatError::new(0, Wrong::Value(WHAT));
        let git_config = signature(&mut fields);
        if fields.left() != len {
            return Err(value);
        }
        let repo = std::str::from_utf8(fields.take(len)).map_err(|_| value)?.to_owned();
        Ok(Self { git_config, repo })
    }
}
