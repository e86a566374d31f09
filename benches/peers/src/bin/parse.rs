//! Baseline: reads a manifest, parses it into borrowed fields and counts them. No store can sync a changed manifest in less.

use peers::Result;
use peers::manifest::Manifest;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or("usage: parse MANIFEST")?;
    let text = std::fs::read_to_string(path)?;
    let manifest = Manifest::parse(&text)?;
    println!("{}", manifest.releases.len() + manifest.microsprints.len());
    Ok(())
}
