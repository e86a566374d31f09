//! Baseline: copies every file below a directory into another one and syncs them. What compaction writes, at most.

use std::fs::{self, File};
use std::path::Path;

use peers::Result;

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    let (Some(from), Some(to)) = (args.next(), args.next()) else {
        return Err("usage: copy FROM TO".into());
    };
    copy(from.as_ref(), to.as_ref())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
            File::open(&to)?.sync_all()?;
        }
    }
    Ok(File::open(to)?.sync_all()?)
}
