//! Bytes of a file, read or mapped, and memory for many of them.
#![allow(unsafe_code, reason = "a mapping needs it, and nothing else does")]

use std::fs::File;
use std::io;
use std::ops::{Deref, DerefMut};

use super::signals::tell_of_vanished_pages;

/// Bytes of a file that nobody changes any more.
pub struct Bytes(Kind);

enum Kind {
    Read(Vec<u8>),
    Mapped(memmap2::Mmap),
    Made(Buffer),
}

/// Memory of a fixed size for bytes that are read or made once, zeros at first. Where it is much, and the system has huge
/// pages, it is made of those: page by page, fresh memory costs more than what is then done with it.
pub struct Buffer(Pages);

enum Pages {
    Common(Vec<u8>),
    Huge(memmap2::MmapMut),
}

/// Below this many bytes huge pages would be mostly empty.
const HUGE_FROM: usize = 4 * 1024 * 1024;

impl Buffer {
    /// Memory for `len` bytes.
    pub fn zeroed(len: usize) -> Self {
        if len >= HUGE_FROM
            && let Ok(map) = memmap2::MmapOptions::new().len(len).map_anon()
        {
            // Without huge pages it is common memory, and as good.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self(Pages::Huge(map));
        }
        Self(Pages::Common(vec![0; len]))
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Pages::Common(bytes) => bytes,
            Pages::Huge(map) => map,
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Pages::Common(bytes) => bytes,
            Pages::Huge(map) => map,
        }
    }
}

/// Below this many bytes, reading is as fast as mapping and needs no trust in other processes.
const MAP_FROM: u64 = 1024 * 1024;

impl Bytes {
    /// Bytes that were read.
    pub fn read(bytes: Vec<u8>) -> Self {
        Self(Kind::Read(bytes))
    }

    /// Bytes that were made here, and written to the file.
    pub fn made(bytes: Buffer) -> Self {
        Self(Kind::Made(bytes))
    }

    /// Returns the first `len` bytes of `file`: mapped if they are many, the file system can, and the system lets a mapped
    /// file be renamed over and removed (Windows does not).
    ///
    /// # Errors
    /// The system's, and `UnexpectedEof` where the file is shorter.
    pub(super) fn of(file: &File, len: u64, read: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Self> {
        if len < MAP_FROM || cfg!(windows) {
            return Ok(Self::read(read()?));
        }
        if file.metadata()?.len() < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        tell_of_vanished_pages();
        // SAFETY: a mapping is unsound if the file's mapped bytes change or the file is shortened while it lives. This
        // program does neither to any file that it maps: logs only grow beyond the bytes mapped, indexes are
        // complete before they have their name, and both are replaced by new files, never rewritten (`format.md`,
        // lifetimes). Files are mode 0600 in directories of mode 0700, so only the same user could, by hand: then
        // this process may see other bytes, which checksums catch, or ends with a sentence, and no file is harmed.
        let map = unsafe { memmap2::MmapOptions::new().len(len).map(file) };
        match map {
            Ok(map) => Ok(Self(Kind::Mapped(map))),
            // Some file systems cannot map (virtiofs).
            Err(_) => Ok(Self::read(read()?)),
        }
    }

    /// Brings bytes into memory that will be read, so that a disk that cannot give them is an error and not a signal.
    /// Where the system has no such call (it is Linux 5.14's), such a disk ends the process with a sentence when the
    /// bytes are read.
    ///
    /// # Errors
    /// The system's.
    pub fn fetch(&self, range: std::ops::Range<usize>) -> io::Result<()> {
        let Kind::Mapped(map) = &self.0 else { return Ok(()) };
        #[cfg(target_os = "linux")]
        if let Err(error) = map.advise_range(memmap2::Advice::PopulateRead, range.start, range.len()) {
            // Older systems do not know the call; then the bytes are just read.
            return if error.kind() == io::ErrorKind::InvalidInput { Ok(()) } else { Err(error) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (map, range);
        Ok(())
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Read(bytes) => bytes,
            Kind::Mapped(map) => map,
            Kind::Made(bytes) => bytes,
        }
    }
}
