//! The files that may vanish at any time: `checked` (manifests known by their stat signature), `tag` (the one that GitHub
//! gave) and checkout hints.

use super::fields::{FieldReader, FieldWriter};
use super::{FileId, FormatError, MAJOR, MINOR, Wrong, checksum, sealed};
use crate::model::UnixMillis;

const CHECKED_MAGIC: [u8; 8] = *b"pmu-chk\n";
const CHECKED: &str = "checked";
const CHECKED_FIXED_LEN: usize = 8 + 2 + 2 + 4 + 16 + 8 + 8;
const ENTRY_LEN: usize = 16 + SIGNATURE_LEN + 8 + 32;
const SIGNATURE_LEN: usize = 8 + 8 + 8 + 8 + 8;
const TAG_MAGIC: [u8; 8] = *b"pmu-tag\n";
const TAG: &str = "tag";
const TAG_FIXED_LEN: usize = 8 + 2 + 2 + 4 + 16;
const HINT_MAGIC: [u8; 8] = *b"pmu-hnt\n";
const HINT: &str = "a checkout hint";
const HINT_FIXED_LEN: usize = 8 + 2 + 2 + 4 + SIGNATURE_LEN;
const _: () = assert!(CHECKED_FIXED_LEN == 48 && ENTRY_LEN == 96 && HINT_FIXED_LEN == 56);

/// What `stat` says of a file: equal signatures mean equal content, but for files changed within the clock's grain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Length in bytes.
    pub len: u64,
    /// Nanoseconds since the Unix epoch when the content was last modified.
    pub modified: i64,
    /// Nanoseconds since the Unix epoch when content or metadata last changed; `modified` where the system has none.
    pub changed: i64,
}

/// `checked`: what was last compared with the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The store it belongs to.
    pub store: FileId,
    /// The log address behind the last acknowledged commit: a log that ends before it has lost one.
    pub acknowledged: u64,
    /// When the cache was last found to hold what its source holds.
    pub checked_at: UnixMillis,
    /// One entry a manifest path, newest first.
    pub entries: Vec<CheckedEntry>,
}

/// A manifest whose content was taken in, or found to be older than the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedEntry {
    /// FNV-1a, 128 bits, of the manifest's absolute path.
    pub path_key: [u8; 16],
    /// The file as it was.
    pub signature: Signature,
    /// Nanoseconds since the Unix epoch when the signature was taken.
    pub recorded: i64,
    /// BLAKE3 of the content.
    pub manifest: [u8; 32],
}

impl Checked {
    /// Entries kept: checkouts of one repository on one machine are few.
    pub const MAX_ENTRIES: usize = 16;

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CHECKED_FIXED_LEN + self.entries.len() * ENTRY_LEN + 4);
        out.extend_from_slice(&CHECKED_MAGIC);
        out.put_u16(MAJOR);
        out.put_u16(MINOR);
        // OK because the count is at most MAX_ENTRIES.
        out.put_u32(self.entries.len().min(Self::MAX_ENTRIES) as u32);
        out.extend_from_slice(&self.store.0);
        out.put_u64(self.acknowledged);
        out.put_i64(self.checked_at.get());
        for entry in self.entries.iter().take(Self::MAX_ENTRIES) {
            out.extend_from_slice(&entry.path_key);
            put_signature(&mut out, &entry.signature);
            out.put_i64(entry.recorded);
            out.extend_from_slice(&entry.manifest);
        }
        sealed(out)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// Anything that does not verify; the caller goes on without.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut fields = verified(bytes, CHECKED_MAGIC, CHECKED, CHECKED_FIXED_LEN)?;
        let value = FormatError::new(0, Wrong::Value(CHECKED));
        let count = fields.u32() as usize;
        if count > Self::MAX_ENTRIES || bytes.len() != CHECKED_FIXED_LEN + count * ENTRY_LEN + 4 {
            return Err(value);
        }
        let store = FileId(fields.array());
        let acknowledged = fields.u64();
        let checked_at = UnixMillis::new(fields.i64()).ok_or(value)?;
        let entries = (0..count)
            .map(|_| CheckedEntry {
                path_key: fields.array(),
                signature: signature(&mut fields),
                recorded: fields.i64(),
                manifest: fields.array(),
            })
            .collect();
        Ok(Self { store, acknowledged, checked_at, entries })
    }
}

/// Which repository a checkout belongs to, so that neither its manifest nor git need be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The checkout's git configuration as it was; all zero where there is none.
    pub git_config: Signature,
    /// `HOST/OWNER/REPO`.
    pub repo: String,
}

impl Hint {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HINT_FIXED_LEN + self.repo.len() + 4);
        out.extend_from_slice(&HINT_MAGIC);
        out.put_u16(MAJOR);
        out.put_u16(MINOR);
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
        let mut fields = verified(bytes, HINT_MAGIC, HINT, HINT_FIXED_LEN)?;
        let len = fields.u32() as usize;
        let value = FormatError::new(0, Wrong::Value(HINT));
        if bytes.len() != HINT_FIXED_LEN + len + 4 {
            return Err(value);
        }
        let git_config = signature(&mut fields);
        let repo = std::str::from_utf8(&fields.rest()[..len]).map_err(|_| value)?.to_owned();
        Ok(Self { git_config, repo })
    }
}

/// `tag`: what GitHub calls the manifest that it gave last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The store that took it in.
    pub store: FileId,
    /// Where it was: `REVISION:PATH`.
    pub place: String,
    /// The entity tag.
    pub tag: String,
}

impl Tag {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(TAG_FIXED_LEN + self.place.len() + self.tag.len() + 4);
        out.extend_from_slice(&TAG_MAGIC);
        out.put_u16(MAJOR);
        out.put_u16(MINOR);
        // OK because a revision and a path have at most a few thousand bytes.
        out.put_u32(self.place.len() as u32);
        out.extend_from_slice(&self.store.0);
        out.extend_from_slice(self.place.as_bytes());
        out.extend_from_slice(self.tag.as_bytes());
        sealed(out)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// Anything that does not verify; the caller goes on without.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut fields = verified(bytes, TAG_MAGIC, TAG, TAG_FIXED_LEN)?;
        let place_len = fields.u32() as usize;
        let value = FormatError::new(0, Wrong::Value(TAG));
        let store = FileId(fields.array());
        let text = std::str::from_utf8(&bytes[TAG_FIXED_LEN..bytes.len() - 4]).map_err(|_| value)?;
        let (place, tag) = text.split_at_checked(place_len).ok_or(value)?;
        Ok(Self { store, place: place.to_owned(), tag: tag.to_owned() })
    }
}

/// A reader behind the version, once magic, length and checksum hold.
fn verified<'a>(
    bytes: &'a [u8],
    magic: [u8; 8],
    what: &'static str,
    fixed_len: usize,
) -> Result<FieldReader<'a>, FormatError> {
    if bytes.len() < fixed_len + 4 {
        return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(what)));
    }
    let mut fields = FieldReader::new(bytes);
    if fields.array() != magic {
        return Err(FormatError::new(0, Wrong::Magic(what)));
    }
    let (body, stored) = bytes.split_at(bytes.len() - 4);
    if checksum(FileId::NONE, 0, &[body]).to_le_bytes() != stored {
        return Err(FormatError::new(0, Wrong::Checksum(what)));
    }
    let (major, _minor) = (fields.u16(), fields.u16());
    if major > MAJOR {
        return Err(FormatError::new(8, Wrong::Newer(major)));
    }
    Ok(fields)
}

fn put_signature(out: &mut Vec<u8>, signature: &Signature) {
    out.put_u64(signature.device);
    out.put_u64(signature.inode);
    out.put_u64(signature.len);
    out.put_i64(signature.modified);
    out.put_i64(signature.changed);
}

fn signature(fields: &mut FieldReader<'_>) -> Signature {
    Signature {
        device: fields.u64(),
        inode: fields.u64(),
        len: fields.u64(),
        modified: fields.i64(),
        changed: fields.i64(),
    }
}
