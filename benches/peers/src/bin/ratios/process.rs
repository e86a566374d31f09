//! One process, started as cheaply as the system can and timed from before its start to after its end.
//!
//! `posix_spawn` (on Linux a vfork) is called directly: the harness's own share of every measured time stays the same
//! few microseconds for all. The kernel counts the memory of the process that spawned towards `ru_maxrss` of the child,
//! so the harness itself must stay small: it never reads a manifest or keeps an output.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::{Duration, Instant};

use peers::Result;

const NULL: &CStr = c"/dev/null";
const PIPE_LEN: usize = 64 << 10;

/// Where standard output goes while time is taken. Standard error goes to `/dev/null`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Null,
    /// A pipe, which the harness drains.
    Pipe,
}

/// A command line ready to be run again and again.
pub struct Command {
    argv: Vec<CString>,
    envp: Vec<CString>,
    cwd: PathBuf,
    output: Output,
}

pub struct Outcome {
    pub elapsed: Duration,
    /// The exit code, or 128 and the signal.
    pub code: i32,
    pub max_rss_kib: i64,
}

/// What a command says, rather than how long it takes.
pub struct Answer {
    pub code: i32,
    pub stdout: blake3::Hash,
    pub lines: usize,
    /// The first line of standard error.
    pub complaint: String,
}

/// Memory, seen while a command was held up by a full pipe.
pub struct Memory {
    pub max_rss_kib: i64,
    /// The greatest `RssAnon`: what is not mapped from a file.
    pub anonymous_kib: i64,
    pub code: i32,
}

impl Command {
    pub fn new(program: &Path, cwd: &Path) -> Self {
        Self { argv: vec![c_string(program.as_os_str())], envp: Vec::new(), cwd: cwd.to_owned(), output: Output::Null }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.argv.push(c_string(arg.as_ref()));
        self
    }

    pub fn args<'a>(self, args: impl IntoIterator<Item = &'a str>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut pair = std::ffi::OsString::from(name);
        pair.push("=");
        pair.push(value);
        self.envp.push(c_string(&pair));
        self
    }

    /// The same with standard output in a pipe.
    pub fn piped(self) -> Self {
        Self { output: Output::Pipe, ..self }
    }

    /// Runs to the end and takes the time.
    pub fn run(&self) -> Result<Outcome> {
        std::env::set_current_dir(&self.cwd)?;
        let null = null()?;
        if self.output == Output::Null {
            let start = Instant::now();
            return wait(self.spawn(null.as_fd(), null.as_fd())?, start);
        }
        let (mut reader, writer) = io::pipe()?;
        let mut buffer = [0; PIPE_LEN];
        let start = Instant::now();
        let pid = self.spawn(writer.as_fd(), null.as_fd())?;
        drop(writer);
        while reader.read(&mut buffer)? > 0 {}
        wait(pid, start)
    }

    /// Runs to the end and hashes the output. `scratch` takes standard error.
    pub fn ask(&self, scratch: &Path) -> Result<Answer> {
        std::env::set_current_dir(&self.cwd)?;
        let (mut reader, writer) = io::pipe()?;
        let stderr = File::create(scratch)?;
        let pid = self.spawn(writer.as_fd(), stderr.as_fd())?;
        drop(writer);
        let mut hasher = blake3::Hasher::new();
        let mut lines = 0;
        let mut buffer = [0; PIPE_LEN];
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            lines += buffer[..count].iter().filter(|byte| **byte == b'\n').count();
        }
        let code = wait(pid, Instant::now())?.code;
        let mut complaint = String::new();
        File::open(scratch)?.take(4096).read_to_string(&mut complaint)?;
        let complaint = complaint.lines().next().unwrap_or_default().to_owned();
        Ok(Answer { code, stdout: hasher.finalize(), lines, complaint })
    }

    /// Runs to the end under callgrind: how many instructions it took, without the kernel's.
    pub fn count_instructions(&self, scratch: &Path) -> Result<u64> {
        const VALGRIND: [&CStr; 4] =
            [c"/usr/bin/valgrind", c"--tool=callgrind", c"--callgrind-out-file=/dev/null", c"--"];
        let argv = VALGRIND.map(CStr::to_owned).into_iter().chain(self.argv.iter().cloned()).collect();
        let counted = Self { argv, envp: self.envp.clone(), cwd: self.cwd.clone(), output: self.output };
        counted.ask(scratch)?;
        let said = std::fs::read_to_string(scratch)?;
        let count = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
        count.ok_or_else(|| format!("callgrind counted nothing: {}", said.lines().last().unwrap_or_default()).into())
    }

    /// Runs to the end with standard output in a file.
    pub fn write_to(&self, path: &Path) -> Result<()> {
        std::env::set_current_dir(&self.cwd)?;
        let file = File::create(path)?;
        let outcome = wait(self.spawn(file.as_fd(), io::stderr().as_fd())?, Instant::now())?;
        if outcome.code == 0 {
            Ok(())
        } else {
            Err(format!("exit code {} for {}", outcome.code, path.display()).into())
        }
    }

    /// Runs to the end, draining the output slowly and looking at the memory each time the pipe is full.
    pub fn watch(&self) -> Result<Memory> {
        std::env::set_current_dir(&self.cwd)?;
        let (mut reader, writer) = io::pipe()?;
        let pid = self.spawn(writer.as_fd(), null()?.as_fd())?;
        drop(writer);
        let mut buffer = [0; PIPE_LEN];
        let mut anonymous_kib = 0;
        loop {
            // Long enough to fill the pipe; what is not blocked by then has ended or is still at work.
            std::thread::sleep(Duration::from_millis(2));
            anonymous_kib = anonymous_kib.max(rss_anon_kib(pid).unwrap_or(0));
            if reader.read(&mut buffer)? == 0 {
                break;
            }
        }
        let Outcome { code, max_rss_kib, .. } = wait(pid, Instant::now())?;
        Ok(Memory { max_rss_kib, anonymous_kib, code })
    }

    fn spawn(&self, stdout: BorrowedFd<'_>, stderr: BorrowedFd<'_>) -> io::Result<libc::pid_t> {
        let pointers = |strings: &[CString]| -> Vec<*mut libc::c_char> {
            strings.iter().map(|s| s.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
        };
        let (argv, envp) = (pointers(&self.argv), pointers(&self.envp));
        let mut actions = MaybeUninit::<libc::posix_spawn_file_actions_t>::uninit();
        let mut pid = 0;
        // SAFETY: `actions` is initialised before it is used and destroyed after; both arrays end with a null pointer
        // and point into strings that outlive the call, which does not write to them.
        let error = unsafe {
            libc::posix_spawn_file_actions_init(actions.as_mut_ptr());
            libc::posix_spawn_file_actions_addopen(actions.as_mut_ptr(), 0, NULL.as_ptr(), libc::O_RDONLY, 0);
            libc::posix_spawn_file_actions_adddup2(actions.as_mut_ptr(), stdout.as_raw_fd(), 1);
            libc::posix_spawn_file_actions_adddup2(actions.as_mut_ptr(), stderr.as_raw_fd(), 2);
            let error =
                libc::posix_spawn(&mut pid, argv[0], actions.as_ptr(), ptr::null(), argv.as_ptr(), envp.as_ptr());
            libc::posix_spawn_file_actions_destroy(actions.as_mut_ptr());
            error
        };
        if error == 0 { Ok(pid) } else { Err(io::Error::from_raw_os_error(error)) }
    }
}

fn null() -> io::Result<File> {
    File::options().write(true).open("/dev/null")
}

/// Nothing that the harness passes on contains a NUL; a text that does is cut there.
fn c_string(text: &OsStr) -> CString {
    let bytes = text.as_bytes().split(|&byte| byte == 0).next().unwrap_or_default();
    CString::new(bytes).unwrap_or_default()
}

fn wait(pid: libc::pid_t, start: Instant) -> Result<Outcome> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are valid for the call; the zeroed structure is valid even where the call fails.
    let (found, usage) = unsafe { (libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()), usage.assume_init()) };
    let elapsed = start.elapsed();
    if found != pid {
        return Err(io::Error::last_os_error().into());
    }
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) };
    Ok(Outcome { elapsed, code, max_rss_kib: usage.ru_maxrss })
}

fn rss_anon_kib(pid: libc::pid_t) -> Option<i64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Writes back what earlier processes left dirty, so that the next one's sync pays only for itself.
pub fn settle_disk() {
    // SAFETY: takes no arguments and cannot fail.
    unsafe { libc::sync() };
}
