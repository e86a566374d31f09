//! Standard output without a buffer of its own: whoever writes long answers does it in portions, and a line's end in them
//! means nothing.
#![allow(clippy::disallowed_methods, reason = "the one place that opens standard output")]

use std::io::{self, Write};

/// Standard output.
pub enum Stream {
    /// Straight to the descriptor.
    Open,
    /// There is none: whatever is written to it fails.
    Closed,
}

impl Stream {
    /// That of this process.
    pub fn stdout() -> Self {
        if was_closed() { Self::Closed } else { Self::Open }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open => write(bytes),
            Self::Closed => Err(io::Error::other("standard output is closed")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if cfg!(unix) { Ok(()) } else { io::stdout().flush() }
    }
}

#[cfg(unix)]
fn write(bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
}

/// Through the standard library's buffer, which knows consoles.
#[cfg(not(unix))]
fn write(bytes: &[u8]) -> io::Result<usize> {
    io::stdout().write(bytes)
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

/// Whether the program was started without a standard output. Before `main` Rust puts `/dev/null` in its place, which takes
/// everything, and from then on nobody could tell.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the linker's list of what runs before that")]
fn was_closed() -> bool {
    use std::sync::atomic::{AtomicBool, Ordering};
    static WAS_CLOSED: AtomicBool = AtomicBool::new(false);
    extern "C" fn look() {
        WAS_CLOSED.store(rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err(), Ordering::Relaxed);
    }
    // SAFETY: what is called needs nothing that is set up in between, and cannot panic.
    #[used]
    #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static LOOK: extern "C" fn() = look;
    WAS_CLOSED.load(Ordering::Relaxed)
}

#[cfg(not(unix))]
fn was_closed() -> bool {
    false
}
