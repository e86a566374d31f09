//! The one storage trait, and the disk behind it.
//!
//! Everything that a store reads, writes, syncs, renames or locks goes through [`Storage`]: crash tests are its second
//! implementation. Knows no formats but the stat signature. The only unsafe code of the library is in `map`,
//! in `signals`, and in `windows` what the standard library does not give there.

mod disk;
mod map;
mod signals;
#[cfg(windows)]
mod windows;

use std::io;
use std::path::Path;
use std::time::Duration;

pub use disk::Disk;
pub use map::{Buffer, Bytes};
pub use signals::{exit_at_interrupt, wait_for};

use crate::format::Signature;

/// A file opened for reading. Its bytes up to the length found at opening never change: see `format.md`, lifetimes.
pub trait ReadFile {
    /// Bytes of the file now.
    ///
    /// # Errors
    /// The system's.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes now.
    ///
    /// # Errors
    /// The system's.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// `len` bytes from `offset`; fewer only where the file ends.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, offset: u64, len: u64) -> io::Result<Vec<u8>>;

    /// Fills `buffer` from `offset`; gives how many bytes there were, fewer only where the file ends.
    ///
    /// # Errors
    /// The system's.
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.read_at(offset, buffer.len() as u64)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    /// The first `len` bytes, mapped where that is faster than reading. The caller knows that the file is that long and
    /// never shortened.
    ///
    /// # Errors
    /// The system's.
    fn bytes(&self, len: u64) -> io::Result<Bytes>;
}

/// A file opened for writing.
pub trait WriteFile {
    /// Writes all of `bytes` at `offset`, in one call where the system allows.
    ///
    /// # Errors
    /// The system's; how much was written is then unknown.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file at `len` bytes: only bytes that were never acknowledged.
    ///
    /// # Errors
    /// The system's.
    fn cut(&mut self, len: u64) -> io::Result<()>;

    /// Returns when content and length would survive a power cut.
    ///
    /// # Errors
    /// The system's; what was written is then in doubt, and must not be synced again through this file.
    fn sync(&mut self) -> io::Result<()>;
}

/// A held lock; dropping it lets go.
pub trait Lock {}

/// What a store needs of a file system.
pub trait Storage {
    /// A whole small file; `None` where there is no regular file.
    ///
    /// # Errors
    /// The system's, and `FileTooLarge` above `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>>;

    /// Opens for reading; `None` where there is no regular file.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, path: &Path) -> io::Result<Option<Box<dyn ReadFile>>>;

    /// Makes a new empty file, removing any that has the name; mode 0600.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;

    /// Opens an existing file for writing.
    ///
    /// # Errors
    /// The system's.
    fn open_write(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;

    /// Gives a file another name, replacing any that has it, atomically.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; false where there is none.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<bool>;

    /// Removes an empty directory; false where there is none or it is not empty.
    ///
    /// # Errors
    /// The system's.
    fn remove_dir(&self, path: &Path) -> io::Result<bool>;

    /// Makes a directory and its parents, mode 0700, each durable before this returns.
    ///
    /// # Errors
    /// The system's.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Names in a directory, sorted; empty where there is none.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Returns when names made, renamed and removed in a directory would survive a power cut, or at once if the file
    /// system has no way to sync a directory.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes an exclusive lock on a file, made if missing, without following links; `None` while another process holds it.
    ///
    /// # Errors
    /// The system's.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;

    /// What `stat` says; `None` where there is no such file.
    ///
    /// # Errors
    /// The system's.
    fn signature(&self, path: &Path) -> io::Result<Option<Signature>>;

    /// Whether the name is a symbolic link; not where there are none.
    ///
    /// # Errors
    /// The system's.
    fn is_link(&self, _path: &Path) -> io::Result<bool> {
        Ok(false)
    }

    /// Waits.
    fn wait(&self, time: Duration);

    /// Sixteen bytes that no other call gives, on any machine.
    fn nonce(&self) -> [u8; 16];
}

/// Writes a file of these parts under a temporary name, syncs it and gives it its name. The caller syncs the directory.
///
/// # Errors
/// The system's; `path` is then as it was.
pub fn publish(storage: &dyn Storage, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let temporary = temporary_name(path);
    let written = write_parts(storage, &temporary, parts).and_then(|()| storage.rename(&temporary, path));
    if written.is_err() {
        // A disk that is full should not be filled by what came to nothing. Best effort: the next writer tries again.
        let _ = storage.remove(&temporary);
    }
    written
}

fn write_parts(storage: &dyn Storage, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = storage.create(path)?;
    let mut at = 0;
    for part in parts {
        file.write_at(at, part)?;
        at += part.len() as u64;
    }
    file.sync()
}

/// As [`publish`], for files that may vanish: after a power cut the file may be old, empty or gone.
///
/// # Errors
/// The system's; `path` is then as it was.
pub fn publish_unsynced(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| refuse_link(storage, dir))?;
    // Writers of such files hold no lock: two must not share one temporary name.
    let nonce = storage.nonce();
    let unique = u32::from_le_bytes([nonce[0], nonce[1], nonce[2], nonce[3]]);
    let temporary = path.with_extension(format!("{unique:08x}{TEMPORARY}"));
    let mut file = storage.create(&temporary)?;
    let written = file.write_at(0, bytes).and_then(|()| storage.rename(&temporary, path));
    if written.is_err() {
        // Best effort: a left-over temporary file is removed by the next writer.
        let _ = storage.remove(&temporary);
    }
    written
}

/// Fails where the directory is a symbolic link: whoever writes follows none to a place elsewhere.
fn refuse_link(storage: &dyn Storage, dir: &Path) -> io::Result<()> {
    if storage.is_link(dir)? {
        return Err(io::Error::other(format!("{} is a symbolic link", dir.display())));
    }
    Ok(())
}

/// How the names of temporary files end; no live file's name does.
pub const TEMPORARY: &str = ".tmp";

fn temporary_name(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    name.into()
}
