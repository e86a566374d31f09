//! The real disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use fs2::FileExt;

use super::signals::fail_at_limits;
use super::{Bytes, Lock, ReadFile, Storage, WriteFile, refuse_link};
use crate::format::Signature;

/// How many directories below the cache a store is.
const STORE_DEPTH: usize = 3;

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// A file to read, and how long it was when it was opened.
struct Opened {
    file: File,
    len: u64,
}

/// A file to write.
struct Written(File);

/// `fs2` is quiet since 2018 and used here only; `File::try_lock` of the standard library is the way out.
struct DiskLock {
    _file: File,
}

impl Lock for DiskLock {}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens for reading; `None` for a socket. A pipe is opened without waiting for whoever writes to it.
#[cfg(unix)]
fn open_any(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags, open};
    // Not through the C library: musl's sets the flag for closing by a call of its own.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::io::retry_on_intr(|| open(path, flags, Mode::empty()));
    match found(opened.map(File::from).map_err(io::Error::from)) {
        // A socket cannot be opened.
        Err(_) if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) => Ok(None),
        found => found,
    }
}

/// Opens for reading; `None` for what is no regular file.
#[cfg(not(unix))]
fn open_any(path: &Path) -> io::Result<Option<File>> {
    match found(fs::metadata(path))? {
        Some(metadata) if metadata.is_file() => found(File::open(path)),
        _ => Ok(None),
    }
}

/// What was opened, if it is a regular file: another one may have got the name meanwhile.
fn regular(file: File) -> io::Result<Option<Opened>> {
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then(|| Opened { file, len: metadata.len() }))
}

/// Opens for reading. Only regular files count.
fn open_file(path: &Path) -> io::Result<Option<Opened>> {
    open_any(path)?.map_or(Ok(None), regular)
}

/// The whole of a file of a few hundred bytes, without asking how long it is: thousands of stores have two of them.
#[cfg(unix)]
fn read_small(file: &File) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut buffer = [0; 1024];
    // Regular files alone can be read at a place and end before the buffer does.
    let len = file.read_at(&mut buffer, 0).ok().filter(|len| (1..buffer.len()).contains(len))?;
    Some(buffer[..len].to_vec())
}

#[cfg(not(unix))]
fn read_small(_file: &File) -> Option<Vec<u8>> {
    None
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn make_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}

#[cfg(unix)]
fn signature_of(metadata: &fs::Metadata) -> Signature {
    use std::os::unix::fs::MetadataExt;
    let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Signature {
        device: metadata.dev(),
        inode: metadata.ino(),
        len: metadata.size(),
        modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
    }
}

#[cfg(unix)]
fn signature_of_file(file: &File) -> io::Result<Signature> {
    Ok(signature_of(&file.metadata()?))
}

#[cfg(unix)]
fn signature_at(path: &Path) -> io::Result<Option<Signature>> {
    let metadata = found(fs::metadata(path))?;
    Ok(metadata.filter(fs::Metadata::is_file).map(|metadata| signature_of(&metadata)))
}

#[cfg(unix)]
use fs::rename;

#[cfg(windows)]
use super::windows::{rename, signature as signature_of_file};

#[cfg(windows)]
fn signature_at(path: &Path) -> io::Result<Option<Signature>> {
    open_file(path)?.map(|opened| signature_of_file(&opened.file)).transpose()
}

#[cfg(not(target_vendor = "apple"))]
fn sync_data(file: &File) -> io::Result<()> {
    file.sync_data()
}

/// On a Mac the standard library has the drive write its cache out, too. File systems that cannot ask for that, such as
/// those of a network, get the weaker `fsync`, as SQLite does.
#[cfg(target_vendor = "apple")]
fn sync_data(file: &File) -> io::Result<()> {
    /// "Not a typewriter" and "operation not supported": whatever else is wrong stays an error.
    const NOT_SUPPORTED: [i32; 2] = [25, 45];
    match file.sync_data() {
        Err(error) if error.raw_os_error().is_some_and(|code| NOT_SUPPORTED.contains(&code)) => {
            Ok(rustix::fs::fsync(file)?)
        }
        result => result,
    }
}

impl ReadFile for Opened {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        // The caller's `len` comes from `stat` or a verified header; a file that ends before it bounds the memory.
        let len = len.min(self.len.saturating_sub(offset));
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?];
        let filled = self.read_into(offset, &mut bytes)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    #[cfg(unix)]
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt;
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn bytes(&self, len: u64) -> io::Result<Bytes> {
        Bytes::of(&self.file, len, || self.read_at(0, len))
    }
}

impl WriteFile for Written {
    #[cfg(unix)]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        self.0.write_all_at(bytes, offset)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek, SeekFrom, Write};
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.write_all(bytes)
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        // fdatasync also makes a grown length durable, since the content could not be read without it.
        sync_data(&self.0)
    }
}

impl Storage for Disk {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        // What is written to the file meanwhile is the caller's to notice.
        let Some(file) = open_any(path)? else { return Ok(None) };
        if let Some(bytes) = read_small(&file).filter(|bytes| bytes.len() as u64 <= limit) {
            return Ok(Some(bytes));
        }
        match regular(file)? {
            Some(opened) if opened.len > limit => Err(io::ErrorKind::FileTooLarge.into()),
            Some(opened) => opened.read_at(0, opened.len).map(Some),
            None => Ok(None),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Option<Box<dyn ReadFile>>> {
        Ok(open_file(path)?.map(|opened| Box::new(opened) as Box<dyn ReadFile>))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        fail_at_limits();
        let create = || private(OpenOptions::new().write(true).create_new(true)).open(path);
        let file = match create() {
            // Left over by a writer that was interrupted.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.remove(path)?;
                create()?
            }
            file => file?,
        };
        Ok(Box::new(Written(file)))
    }

    fn open_write(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        fail_at_limits();
        Ok(Box::new(Written(OpenOptions::new().write(true).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<bool> {
        match found(fs::remove_file(path)) {
            Err(_) if path.is_dir() && !path.is_symlink() => Ok(false),
            removed => Ok(removed?.is_some()),
        }
    }

    fn remove_dir(&self, path: &Path) -> io::Result<bool> {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            result => Ok(found(result)?.is_some()),
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            self.create_dir(parent)?;
        }
        match make_private_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            result => result?,
        }
        self.sync_dir(parent.unwrap_or(Path::new(".")))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let Some(entries) = found(fs::read_dir(dir))? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    #[cfg(unix)]
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        match File::open(dir)?.sync_all() {
            // CIFS, 9p and others do not know it: what they promise of names, they promise without.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            result => result,
        }
    }

    #[cfg(not(unix))]
    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        // Windows has no way to sync a directory, and NTFS journals names.
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        // Who writes follows no link into another store.
        path.ancestors().skip(1).take(STORE_DEPTH).try_for_each(|dir| refuse_link(self, dir))?;
        loop {
            let mut options = OpenOptions::new();
            let options = private(options.write(true));
            let file = match found(fs::symlink_metadata(path))? {
                Some(metadata) if !metadata.is_file() => return Err(io::Error::other("it is no regular file")),
                Some(_) => found(options.open(path))?,
                // Who must make the file follows no link to a place elsewhere.
                None => match options.create_new(true).open(path) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                    made => Some(made?),
                },
            };
            let Some(file) = file else { continue };
            if let Err(error) = FileExt::try_lock_exclusive(&file) {
                let busy = error.raw_os_error() == fs2::lock_contended_error().raw_os_error();
                return if busy { Ok(None) } else { Err(error) };
            }
            // The file may have been removed, and another made, between opening and locking.
            let held = signature_of_file(&file)?;
            let named = signature_at(path)?;
            if named.is_some_and(|named| (named.device, named.inode) == (held.device, held.inode)) {
                return Ok(Some(Box::new(DiskLock { _file: file })));
            }
        }
    }

    fn signature(&self, path: &Path) -> io::Result<Option<Signature>> {
        signature_at(path)
    }

    fn is_link(&self, path: &Path) -> io::Result<bool> {
        Ok(found(fs::symlink_metadata(path))?.is_some_and(|metadata| metadata.is_symlink()))
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn nonce(&self) -> [u8; 16] {
        use std::hash::{BuildHasher, RandomState};
        // Each RandomState is keyed by the system's random numbers, once a thread, and then counted up.
        let half = || RandomState::new().hash_one(std::process::id()).to_le_bytes();
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&half());
        nonce[8..].copy_from_slice(&half());
        nonce
    }
}
