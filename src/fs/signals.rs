//! Signals by which the system answers about files, or a user ends a wait: they become errors, a sentence, an exit code.
#![allow(unsafe_code, reason = "only libc sets what a signal does, and nothing else here needs it")]

use std::io;
use std::process::{Child, ExitStatus};
#[cfg(unix)]
use std::sync::Once;
#[cfg(unix)]
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

/// Has a file that would grow beyond the limit of the process (`ulimit -f`) fail with an error. The signal ends the process
/// in the middle of an answer that needs no file.
#[cfg(unix)]
pub(super) fn fail_at_limits() {
    static SET: Once = Once::new();
    // SAFETY: to ignore a signal runs no code of ours.
    SET.call_once(|| unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    });
}

/// Has a page that vanishes under a mapping (a file that somebody cut, a disk that gave up) end the process with a sentence
/// and exit code 1: what was printed is not the whole answer.
#[cfg(unix)]
pub(super) fn tell_of_vanished_pages() {
    const SENTENCE: &[u8] =
        b"a file of the cache was cut, or cannot be read, while it was in use: run the command again\n";
    extern "C" fn tell(_signal: libc::c_int) {
        // SAFETY: both are safe in a signal handler (POSIX.1-2017, 2.4.3), and the bytes are the program's own.
        unsafe {
            libc::write(libc::STDERR_FILENO, SENTENCE.as_ptr().cast(), SENTENCE.len());
            libc::_exit(1);
        }
    }
    static SET: Once = Once::new();
    let tell: extern "C" fn(libc::c_int) = tell;
    // SAFETY: the handler calls nothing that is unsafe in one.
    SET.call_once(|| unsafe {
        libc::signal(libc::SIGBUS, tell as libc::sighandler_t);
    });
}

/// Has a signal call `handler`, unless whoever started the process wants it to be ignored. Returns what it did before.
#[cfg(unix)]
fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) -> libc::sighandler_t {
    // SAFETY: the handlers of this file call nothing that is unsafe in one; what was set before is put back as it was.
    unsafe {
        let before = libc::signal(signal, handler as libc::sighandler_t);
        if before == libc::SIG_IGN {
            libc::signal(signal, before);
        }
        before
    }
}

/// Has Ctrl-C end the process with this exit code from now on, unless whoever started it wants it to be ignored. What is
/// committed stays, as after every other end.
#[cfg(unix)]
pub fn exit_at_interrupt(code: u8) {
    static CODE: AtomicU8 = AtomicU8::new(0);
    extern "C" fn end(_signal: libc::c_int) {
        // SAFETY: it is safe in a signal handler (POSIX.1-2017, 2.4.3).
        unsafe { libc::_exit(CODE.load(Ordering::Relaxed).into()) }
    }
    CODE.store(code, Ordering::Relaxed);
    // Each time: a question that was asked in between had the signal end itself.
    handle(libc::SIGINT, end);
}

/// Waits for a program that does the work in place of this one. What ends a command ends that: Ctrl-C, which it gets from
/// the terminal too, and SIGTERM and SIGHUP, which are passed on. How it ends is for the caller to tell.
///
/// # Errors
/// The system's.
#[cfg(unix)]
pub fn wait_for(child: &mut Child) -> io::Result<ExitStatus> {
    static CHILD: AtomicI32 = AtomicI32::new(0);
    extern "C" fn stay(_signal: libc::c_int) {}
    extern "C" fn pass_on(signal: libc::c_int) {
        let child = CHILD.load(Ordering::Relaxed);
        if child > 0 {
            // SAFETY: it is safe in a signal handler (POSIX.1-2017, 2.4.3).
            unsafe { libc::kill(child, signal) };
        }
    }
    let (stay, pass_on): (extern "C" fn(libc::c_int), extern "C" fn(libc::c_int)) = (stay, pass_on);
    let handlers = [(libc::SIGINT, stay), (libc::SIGQUIT, stay), (libc::SIGTERM, pass_on), (libc::SIGHUP, pass_on)];
    // OK because the system's numbers of processes are of this type.
    CHILD.store(child.id().cast_signed(), Ordering::Relaxed);
    let before = handlers.map(|(signal, handler)| (signal, handle(signal, handler)));
    let ended = child.wait();
    CHILD.store(0, Ordering::Relaxed);
    for (signal, before) in before {
        // SAFETY: as it was.
        unsafe { libc::signal(signal, before) };
    }
    ended
}

/// The console gives Ctrl-C to both; the system's own way to end them stays.
///
/// # Errors
/// The system's.
#[cfg(not(unix))]
pub fn wait_for(child: &mut Child) -> io::Result<ExitStatus> {
    child.wait()
}

/// The system's own way to end it stays.
#[cfg(not(unix))]
pub fn exit_at_interrupt(_code: u8) {}

#[cfg(not(unix))]
pub(super) fn fail_at_limits() {}

#[cfg(not(unix))]
pub(super) fn tell_of_vanished_pages() {}
