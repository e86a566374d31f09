//! Baseline: reads a manifest and hashes it. No store can know that a touched manifest is unchanged in less.
//!
//! It reads in pieces that stay in the processor's cache, which takes half the time of reading it whole.

use std::fs::File;
use std::io::Read;

use peers::Result;

const PIECE_LEN: usize = 128 << 10;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or("usage: hash MANIFEST")?;
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE_LEN];
    let mut hasher = blake3::Hasher::new();
    loop {
        match file.read(&mut piece)? {
            0 => break,
            count => hasher.update(&piece[..count]),
        };
    }
    println!("{}", hasher.finalize());
    Ok(())
}
