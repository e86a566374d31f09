//! Standard output without a buffer of its own: whoever writes long answers does it in portions, and a line's end in them
//! means nothing.
#![allow(clippy::disallowed_methods, reason = "the one place that opens standard output")]

use std::fs::File;
use std::io::{self, StdoutLock, Write};

/// Standard output.
pub enum Stream {
    /// Straight to the descriptor.
    File(File),
    /// Through the standard library's buffer, where there is no descriptor.
    Locked(StdoutLock<'static>),
}

impl Stream {
    /// That of this process.
    pub fn stdout() -> Self {
        descriptor().map_or_else(|| Self::Locked(io::stdout().lock()), Self::File)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Locked(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Locked(stdout) => stdout.flush(),
        }
    }
}

/// Whether standard output has a reader: without news nothing is written, which would tell.
#[cfg(unix)]
pub fn is_read() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = io::stdout();
    let mut polled = [PollFd::new(&out, PollFlags::empty())];
    let is_told = poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok();
    !is_told || !polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

#[cfg(not(unix))]
pub fn is_read() -> bool {
    true
}

#[cfg(unix)]
fn descriptor() -> Option<File> {
    use std::os::fd::AsFd;
    io::stdout().as_fd().try_clone_to_owned().ok().map(File::from)
}

#[cfg(not(unix))]
fn descriptor() -> Option<File> {
    None
}
