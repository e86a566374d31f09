//! The small files: any bytes as each of them, with and without a checksum that matches. What reads, reads back.
#![no_main]

use gh_pmu::format::{Current, FileId, FormatError, Hint, LogHeader, Marks, checksum};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read_all(bytes);
    // Everything above could be stopped by the checksum alone: a faulty writer's would match.
    read_all(&sealed(bytes));
    let mut with_len = bytes.to_vec();
    if let Some(len) = with_len.get_mut(12..16) {
        len.copy_from_slice(&(bytes.len() as u32 + 4).to_le_bytes());
        read_all(&sealed(&with_len));
    }
    if let Some(header) = bytes.first_chunk::<124>() {
        let mut header = header.to_vec();
        let mut id = [0; 16];
        id.copy_from_slice(&header[40..56]);
        header.extend_from_slice(&checksum(FileId(id), 0, &[&header]).to_le_bytes());
        read_all(&header);
    }
});

fn sealed(body: &[u8]) -> Vec<u8> {
    [body, &checksum(FileId::NONE, 0, &[body]).to_le_bytes()].concat()
}

fn read_all(bytes: &[u8]) {
    reads_back(bytes, Current::decode, Current::encode);
    // Of two records of one kind the first counts, so that not every value is written again as it was read.
    let _ = Marks::decode(bytes);
    reads_back(bytes, Hint::decode, Hint::encode);
    reads_back(bytes, LogHeader::decode, LogHeader::encode);
}

/// Not the bytes: a newer minor version may have put something into what is reserved.
fn reads_back<T: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    decode: fn(&[u8]) -> Result<T, FormatError>,
    encode: fn(&T) -> Vec<u8>,
) {
    match decode(bytes) {
        Ok(value) => assert_eq!(decode(&encode(&value)), Ok(value)),
        Err(error) => assert!(error.offset <= bytes.len() as u64, "{error}"),
    }
}
