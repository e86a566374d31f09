//! Any bytes as the header of an index, with and without a checksum that matches: what is accepted lies within the file.
#![no_main]

use gh_pmu::format::{FileId, INDEX_HEADER_LEN, IndexHeader, checksum};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, u64)| {
    let (mut bytes, file_len) = input;
    let _ = IndexHeader::decode(&bytes, file_len);
    bytes.resize(INDEX_HEADER_LEN as usize, 0);
    bytes[..8].copy_from_slice(b"pmu-idx\n");
    bytes[168..176].copy_from_slice(&file_len.to_le_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&bytes[40..56]);
    let end = bytes.len() - 4;
    let sum = checksum(FileId(id), 0, &[&bytes[..end]]);
    bytes[end..].copy_from_slice(&sum.to_le_bytes());
    if let Ok(header) = IndexHeader::decode(&bytes, file_len) {
        assert!(header.titles_at() <= file_len && header.block_count() <= file_len);
    }
});
