//! One checksum for every structure, bound to the file and the place it stands at.

/// Tells one file from every other, so that stale bytes of an older file never validate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// For files that carry their own identity nowhere: `CURRENT`, `checked` and the like.
    pub const NONE: FileId = FileId([0; 16]);
}

impl std::fmt::Debug for FileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// CRC-32 of nothing is zero: without the mask, a region of zeros could validate.
const MASK: u32 = 0xA5C3_5A3C;

/// CRC-32 (IEEE 802.3) of the file's id, the offset in the file and the bytes, XORed with a mask.
pub fn checksum(file: FileId, offset: u64, parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let mut place = [0; 24];
    place[..16].copy_from_slice(&file.0);
    place[16..].copy_from_slice(&offset.to_le_bytes());
    hasher.update(&place);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize() ^ MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_do_not_validate_and_place_matters() {
        assert_ne!(checksum(FileId::NONE, 0, &[]), 0);
        assert_ne!(checksum(FileId::NONE, 0, &[&[0; 76]]), 0);
        assert_ne!(checksum(FileId::NONE, 0, &[b"x"]), checksum(FileId::NONE, 8, &[b"x"]));
        assert_ne!(checksum(FileId::NONE, 0, &[b"x"]), checksum(FileId([1; 16]), 0, &[b"x"]));
    }
}
