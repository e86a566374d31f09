//! What only Windows has or lacks: the identity and change time of a file, and renames that others hold up.
#![allow(unsafe_code, reason = "the standard library does not give a file's identity and change time yet")]

use std::fs::{self, File};
use std::io;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::time::Duration;

use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_BASIC_INFO, FileBasicInfo, GetFileInformationByHandle,
    GetFileInformationByHandleEx,
};

use crate::format::Signature;

/// How often a rename is tried, and how long it waits in between: about a second in all. Readers, indexers and virus
/// scanners hold a file for moments.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(10);
/// Hundreds of nanoseconds from 1601, where Windows counts from, to 1970.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;

/// Returns the signature of an open file, with its identity and the time of its last change.
///
/// # Errors
/// The system's.
pub(super) fn signature(file: &File) -> io::Result<Signature> {
    let mut by_handle = BY_HANDLE_FILE_INFORMATION::default();
    let mut basic = FILE_BASIC_INFO::default();
    // The cast keeps the value: the structure has 40 bytes.
    let len = size_of::<FILE_BASIC_INFO>() as u32;
    // SAFETY: the handle is open as long as `file` is, and both structures are ours, of the type that each call fills,
    // and as long as is said.
    let done = unsafe {
        GetFileInformationByHandle(file.as_raw_handle(), &raw mut by_handle) != 0
            && GetFileInformationByHandleEx(file.as_raw_handle(), FileBasicInfo, (&raw mut basic).cast(), len) != 0
    };
    if !done {
        return Err(io::Error::last_os_error());
    }
    let wide = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let nanos = |ticks: i64| ticks.saturating_sub(UNIX_EPOCH).saturating_mul(100);
    Ok(Signature {
        device: u64::from(by_handle.dwVolumeSerialNumber),
        inode: wide(by_handle.nFileIndexHigh, by_handle.nFileIndexLow),
        len: wide(by_handle.nFileSizeHigh, by_handle.nFileSizeLow),
        modified: nanos(basic.LastWriteTime),
        // Some file systems, such as FAT, keep no time of change.
        changed: nanos(if basic.ChangeTime == 0 { basic.LastWriteTime } else { basic.ChangeTime }),
    })
}

/// Renames, and tries again for about a second if somebody has one of the files open.
///
/// # Errors
/// The system's.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..TRIES {
        match fs::rename(from, to) {
            Err(error) if is_in_use(&error) => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
    fs::rename(from, to)
}

/// Returns whether the error is "access denied", "sharing violation" or "lock violation".
fn is_in_use(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 32 | 33))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_equal_length_and_time_has_another_signature() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        fs::write(&one, "a").unwrap();
        fs::write(&two, "b").unwrap();
        let signature = |path: &Path| signature(&File::open(path).unwrap()).unwrap();
        let before = signature(&one);
        assert_eq!(before, signature(&one));
        let time = fs::metadata(&one).unwrap().modified().unwrap();
        File::options().write(true).open(&two).unwrap().set_modified(time).unwrap();
        fs::rename(&two, &one).unwrap();
        let after = signature(&one);
        assert_eq!((before.len, before.modified), (after.len, after.modified));
        assert_ne!((before.device, before.inode), (after.device, after.inode));
    }

    #[test]
    fn a_rename_waits_for_who_has_the_file_open() {
        use std::os::windows::fs::OpenOptionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        // Shared for reading and writing, and not for removal.
        let held = File::options().read(true).share_mode(3).open(&to).unwrap();
        let holder = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(held);
        });
        rename(&from, &to).unwrap();
        holder.join().unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
    }
}
