//! Files of the user that are never seen half written.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Writes a file whole, by renaming one that is written beside it, or leaves the one that is there as it is. Its mode is
/// kept.
///
/// # Errors
/// The system's.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{}.{}.tmp", name.trim_start_matches('.'), std::process::id()));
    let done = write(&temporary, path, bytes).and_then(|()| fs::rename(&temporary, path));
    done.inspect_err(|_| {
        // It may not be there, and there is nothing more to do about it.
        let _ = fs::remove_file(&temporary);
    })
}

fn write(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    match fs::metadata(path) {
        Ok(metadata) => file.set_permissions(metadata.permissions())?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    file.write_all(bytes)?;
    file.sync_all()
}
