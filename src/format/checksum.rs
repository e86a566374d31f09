//! One checksum for every structure, bound to the file and the place it stands at.

use std::cell::Cell;

/// Tells one file from every other, so that stale bytes of an older file never validate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// For files that carry their own identity nowhere: `CURRENT`, `marks` and hints.
    pub const NONE: FileId = FileId([0; 16]);
}

impl std::fmt::Debug for FileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Asking the processor for its carry-less multiplication costs as much as summing this many bytes without it: a virtual
/// machine traps the question. Short lists never ask.
const PLAIN_BYTES: usize = 32 * 1024;

thread_local! {
    /// Bytes that this thread has summed so far, up to [`PLAIN_BYTES`].
    static SUMMED: Cell<usize> = const { Cell::new(0) };
}

fn hasher(len: usize) -> crc32fast::Hasher {
    let summed = SUMMED.get();
    if summed >= PLAIN_BYTES {
        return crc32fast::Hasher::new();
    }
    SUMMED.set(summed + len);
    // Hidden in the crate's documentation, public for its benches: Cargo.toml pins the version.
    crc32fast::Hasher::internal_new_baseline(0, 0)
}

/// Returns CRC-32 (IEEE 802.3) of the file's id, the offset in the file and the bytes.
pub fn checksum(file: FileId, offset: u64, parts: &[&[u8]]) -> u32 {
    let mut hasher = hasher(parts.iter().map(|part| part.len()).sum());
    let mut place = [0; 24];
    place[..16].copy_from_slice(&file.0);
    place[16..].copy_from_slice(&offset.to_le_bytes());
    hasher.update(&place);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// A small file with its checksum after it.
pub(super) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = checksum(FileId::NONE, 0, &[&bytes]);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_summing_gives_the_same_sum() {
        let bytes = vec![0x5A; PLAIN_BYTES];
        let plain = checksum(FileId::NONE, 8, &[&bytes]);
        SUMMED.set(PLAIN_BYTES);
        assert_eq!(checksum(FileId::NONE, 8, &[&bytes]), plain);
        SUMMED.set(0);
        assert_eq!(checksum(FileId::NONE, 8, &[&bytes[..7], &bytes[7..]]), plain);
    }

    #[test]
    fn zeros_do_not_validate_and_place_matters() {
        assert_ne!(checksum(FileId::NONE, 0, &[]), 0);
        assert_ne!(checksum(FileId::NONE, 0, &[&[0; 76]]), 0);
        assert_ne!(checksum(FileId::NONE, 0, &[b"x"]), checksum(FileId::NONE, 8, &[b"x"]));
        assert_ne!(checksum(FileId::NONE, 0, &[b"x"]), checksum(FileId([1; 16]), 0, &[b"x"]));
    }
}
