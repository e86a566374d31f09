//! Standard output without a buffer of its own. Owns how long answers get through a pipe; must not know what they say.

use std::fs::File;
use std::io::{self, StdoutLock, Write};

/// Standard output.
pub struct Stream {
    out: Out,
    /// A long answer is on its way.
    is_long: bool,
}

enum Out {
    /// Straight to the descriptor.
    File(File),
    /// Through the standard library's buffer, where there is no descriptor.
    Locked(StdoutLock<'static>),
}

/// An answer with so much in one piece is a long one.
const LONG: usize = super::PORTION;

impl Stream {
    /// That of this process.
    pub fn stdout() -> Self {
        let out = descriptor().map_or_else(|| Out::Locked(io::stdout().lock()), Out::File);
        Self { out, is_long: false }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() >= LONG && !self.is_long {
            self.is_long = true;
            if let Out::File(file) = &self.out {
                widen(file);
            }
        }
        match &mut self.out {
            Out::File(file) => file.write(bytes),
            Out::Locked(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::File(file) => file.flush(),
            Out::Locked(stdout) => stdout.flush(),
        }
    }
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

/// A pipe holds 64 KiB, and whoever writes more waits for its reader every time. What is no pipe, or not to be widened,
/// stays as it is.
#[cfg(target_os = "linux")]
fn widen(file: &File) {
    const LEN: usize = 1 << 20;
    let _ = rustix::pipe::fcntl_setpipe_size(file, LEN);
}

#[cfg(not(target_os = "linux"))]
fn widen(_file: &File) {}
