//! Writes the seeds that are real files: `cargo run --manifest-path fuzz/Cargo.toml --example write_seeds`. Needed again
//! when a format changes. The other seeds, of structured inputs, were picked out of a fuzzer's corpus.

use std::path::Path;
use std::{fs, io};

use gh_pmu::format::{
    Chain, Checked, CheckedEntry, Current, Cursor, FileId, Freshness, Hint, IndexName, OPEN_END, SegmentHeader,
    SegmentName, Signature, Source,
};
use gh_pmu::manifest;
use gh_pmu::model::{Seq, UnixMillis};
use gh_pmu_fuzz::FILE;

const TIME: UnixMillis = UnixMillis::MIN;

fn current() -> Current {
    let segment = SegmentName { first_seq: Seq(1), generation: 1, base: 1, end: 4096, id: FILE };
    Current {
        store: FileId([1; 16]),
        generation: 3,
        index: Some(IndexName { seq: Seq(64), generation: 2, chain: Chain([2; 32]) }),
        history_start: Seq(1),
        freshness: Some(Freshness {
            address: 4096,
            changed_at: TIME,
            synced_at: TIME,
            source: Source::Git,
            manifest: Some([3; 32]),
            commit: Some(vec![4; 20]),
        }),
        segments: vec![segment, SegmentName { first_seq: Seq(65), base: 4097, end: OPEN_END, ..segment }],
        repo: "github.com/octo-org/atlas".to_owned(),
    }
}

fn checked() -> Checked {
    let signature = Signature { device: 1, inode: 2, len: 3, modified: 4, changed: 5 };
    let entry = CheckedEntry { path_key: [6; 16], signature, recorded: 7, manifest: [8; 32] };
    Checked { store: FileId([1; 16]), acknowledged: 4096, checked_at: TIME, entries: vec![entry; 2] }
}

fn main() -> io::Result<()> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = package.join("seeds");
    let sample = fs::read(package.join("../examples/atlas/.github/pmu-cache.json"))?;
    manifest::parse(&sample).map_err(io::Error::other)?;
    let header = SegmentHeader { id: FILE, base: 1, first_seq: Seq(1), prev: Chain::START, generation: 1 };
    let hint = Hint { git_config: Signature::default(), repo: current().repo };
    let small_files = seeds.join("small_files");
    for (name, bytes) in [
        ("current", current().encode()),
        ("checked", checked().encode()),
        ("hint", hint.encode()),
        ("cursor", Cursor { store: FileId([1; 16]), seq: Seq(64), asked_at: TIME }.encode()),
        ("segment_header", header.encode()),
    ] {
        fs::create_dir_all(&small_files)?;
        // Once whole, and once without the checksum that the target adds.
        fs::write(small_files.join(name), &bytes)?;
        fs::write(small_files.join(format!("{name}_unsealed")), &bytes[..bytes.len() - 4])?;
    }
    fs::create_dir_all(seeds.join("manifest"))?;
    fs::write(seeds.join("manifest/atlas.json"), sample)
}
