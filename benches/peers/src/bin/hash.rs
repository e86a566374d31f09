//! Baseline: reads a manifest and hashes it. No store can know that a touched manifest is unchanged in less.

use peers::Result;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or("usage: hash MANIFEST")?;
    println!("{}", blake3::hash(&std::fs::read(path)?));
    Ok(())
}
