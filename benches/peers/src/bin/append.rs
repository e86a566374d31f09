//! Baseline: appends 300 bytes to a file and syncs it. No store can keep one change durably in less.

use std::fs::File;
use std::io::Write;

use peers::Result;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or("usage: append FILE")?;
    let mut file = File::options().append(true).create(true).open(path)?;
    file.write_all(&[b'x'; 300])?;
    Ok(file.sync_data()?)
}
