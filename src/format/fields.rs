//! Fixed fields, little-endian, one after the other, and what every file begins with.

use super::{FileId, FormatError, MAJOR, MINOR, Wrong, checksum};

/// Reads fields in order. Callers check the length first, so a short slice is a fault of ours and reads as zero.
pub(super) struct FieldReader<'a> {
    bytes: &'a [u8],
}

impl<'a> FieldReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let Some((head, rest)) = self.bytes.split_first_chunk::<N>() else {
            self.bytes = &[];
            return [0; N];
        };
        self.bytes = rest;
        *head
    }

    pub(super) fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub(super) fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }

    /// The next `len` bytes; all that is left if there are fewer.
    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.bytes.split_at(len.min(self.bytes.len()));
        self.bytes = rest;
        head
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes fields in order.
pub(super) trait FieldWriter {
    fn put_u16(&mut self, value: u16);
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);
    fn put_i64(&mut self, value: i64);
    fn put_zeros(&mut self, count: usize);
}

impl FieldWriter for Vec<u8> {
    fn put_u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_i64(&mut self, value: i64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_zeros(&mut self, count: usize) {
        self.resize(self.len() + count, 0);
    }
}

/// Three words of bits that tell what a program must know of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Any program may ignore these.
    pub compatible: u64,
    /// A program must know these to write.
    pub read_only: u64,
    /// A program must know these to read.
    pub incompatible: u64,
}

impl Features {
    pub(super) fn read(fields: &mut FieldReader<'_>) -> Self {
        Self { compatible: fields.u64(), read_only: fields.u64(), incompatible: fields.u64() }
    }

    pub(super) fn put(self, out: &mut Vec<u8>) {
        [self.compatible, self.read_only, self.incompatible].into_iter().for_each(|word| out.put_u64(word));
    }

    /// Whether this program may write to the store. It knows no feature yet.
    pub const fn may_write(self) -> bool {
        self.read_only == 0 && self.incompatible == 0
    }
}

/// Refuses what a newer program wrote. Only for bytes that verify: otherwise damage would pass for a version.
pub(super) fn check_version(major: u16, features: Features) -> Result<(), FormatError> {
    if major > MAJOR {
        return Err(FormatError::new(8, Wrong::Newer(major)));
    }
    if features.incompatible != 0 {
        return Err(FormatError::new(16, Wrong::Unknown("a feature")));
    }
    Ok(())
}

pub(super) fn put_preamble(out: &mut Vec<u8>, magic: [u8; 8]) {
    out.extend_from_slice(&magic);
    out.put_u16(MAJOR);
    out.put_u16(MINOR);
}

/// The fields after the version of a small file, and all bytes before its checksum, once magic, length and checksum hold.
pub(super) fn small_file<'a>(
    bytes: &'a [u8],
    magic: [u8; 8],
    what: &'static str,
    fixed_len: usize,
) -> Result<(FieldReader<'a>, u16), FormatError> {
    if bytes.len() < fixed_len + 4 {
        return Err(FormatError::new(bytes.len() as u64, Wrong::Truncated(what)));
    }
    let (body, stored) = bytes.split_at(bytes.len() - 4);
    let mut fields = FieldReader::new(body);
    if fields.array() != magic {
        return Err(FormatError::new(0, Wrong::Magic(what)));
    }
    if checksum(FileId::NONE, 0, &[body]).to_le_bytes() != stored {
        return Err(FormatError::new(0, Wrong::Checksum(what)));
    }
    let (major, _minor) = (fields.u16(), fields.u16());
    Ok((fields, major))
}
