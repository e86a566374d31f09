//! Any bytes as frames of a log, with and without checksums that match: walked, salvaged and decoded without a panic.
#![no_main]

use gh_pmu::format::{Chain, FRAME_HEADER_LEN, checksum};
use gh_pmu::segment::{Frame, salvage, walk};
use gh_pmu_fuzz::FILE;
use libfuzzer_sys::fuzz_target;

/// Where the first frame of a log stands.
const OFFSET: u64 = 128;

fuzz_target!(|bytes: &[u8]| {
    read_all(bytes);
    // Everything above could be stopped by the checksums alone: a faulty writer's would match.
    let header = FRAME_HEADER_LEN as usize;
    if bytes.len() >= header + 32 {
        let mut sealed = bytes.to_vec();
        sealed[..4].copy_from_slice(b"pmuF");
        let len = (bytes.len() - header) as u64 / 8 * 8;
        sealed[8..16].copy_from_slice(&len.to_le_bytes());
        sealed[header + 24..header + 32].copy_from_slice(&OFFSET.to_le_bytes());
        let (head, chunk) = sealed.split_at_mut(header);
        let sum = checksum(FILE, OFFSET, &[&head[..header - 4]]);
        head[header - 4..].copy_from_slice(&sum.to_le_bytes());
        let end = (len as usize).min(chunk.len());
        let sum = checksum(FILE, OFFSET + FRAME_HEADER_LEN, &[&chunk[..12], &chunk[16..end]]);
        chunk[12..16].copy_from_slice(&sum.to_le_bytes());
        read_all(&sealed);
    }
});

fn read_all(bytes: &[u8]) {
    let mut chain = [0; 32];
    if let Some(stored) = bytes.get(40..72) {
        chain.copy_from_slice(stored);
    }
    let walked = walk(bytes, FILE, OFFSET, Chain(chain), |frame: &Frame<'_>| frame.events().map(drop));
    if let Ok((end, _)) = walked {
        assert!(end <= OFFSET + bytes.len() as u64);
    }
    salvage(bytes, FILE);
}
