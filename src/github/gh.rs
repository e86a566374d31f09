//! The one way of starting `gh`: quiet, without prompts, within a time, its output bounded.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::error::{BROKEN_OFF, GithubError, first_line};
use super::response::Response;

use crate::program;

/// What would colour, lay out or page the answer, or log unasked: many programs read `DEBUG`.
const DROPPED: [&str; 3] = ["GH_FORCE_TTY", "CLICOLOR_FORCE", "DEBUG"];
/// Has gh log its requests to standard error, unless it says not to.
const DEBUG: &str = "GH_DEBUG";
const SET: [(&str, &str); 6] = [
    ("NO_COLOR", "1"),
    ("GH_PAGER", "cat"),
    ("GH_PROMPT_DISABLED", "1"),
    ("GH_NO_UPDATE_NOTIFIER", "1"),
    ("GH_SPINNER_DISABLED", "1"),
    // Halves the time that gh takes to start: it looks at the terminal's database otherwise.
    ("TCELL_MINIMIZE", "1"),
];
/// Blobs of GitHub have at most 100 MiB.
const MAX_OUTPUT: u64 = 128 << 20;
/// A process that has closed its output ends soon; it is not waited for longer than this.
const GRACE: Duration = Duration::from_secs(1);
const GRACE_POLL: Duration = Duration::from_millis(5);
/// Gh's own code for "no token".
const NOT_SIGNED_IN: i32 = 4;

/// The program `gh`, and how it is to run.
#[derive(Clone, Debug)]
pub struct Gh {
    /// A path, or a name to look for.
    pub program: PathBuf,
    /// The whole environment it would inherit.
    pub environment: Vec<(OsString, OsString)>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// What a process left behind.
struct Ended {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

enum Stopped {
    Silent,
    TooLong,
    Failed(io::Error),
}

impl Gh {
    /// One question in GraphQL.
    pub(super) fn graphql(&self, host: &str, query: &str, variables: Value) -> Result<Response, GithubError> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.call(host, &["graphql", "--input", "-"], body.as_bytes())
    }

    /// One request by `gh api`; any answer with an HTTP status is one.
    pub(super) fn call(&self, host: &str, arguments: &[&str], input: &[u8]) -> Result<Response, GithubError> {
        let mut gh = program::command(&self.program);
        gh.args(["api", "--include", "--hostname", host]).args(arguments);
        gh.env_clear().envs(self.environment.iter().filter(|(name, _)| !is_dropped(name)).cloned()).envs(SET);
        gh.envs(program::search_path());
        // The log is the user's; without it what gh says is what went wrong.
        gh.stderr(if self.logs() { Stdio::inherit() } else { Stdio::piped() });
        let ended = run(gh, input, self.timeout).map_err(|stopped| self.not_ended(host, stopped))?;
        match Response::parse(ended.stdout, ended.status.success()) {
            Some(response) => Ok(response),
            None => Err(unanswered(host, ended.status, &ended.stderr)),
        }
    }

    fn logs(&self) -> bool {
        let debug = self.environment.iter().find(|(name, _)| name.eq_ignore_ascii_case(DEBUG));
        debug.is_some_and(|(_, value)| !["", "0", "false", "no"].iter().any(|off| value == off))
    }

    fn not_ended(&self, host: &str, stopped: Stopped) -> GithubError {
        match stopped {
            Stopped::Silent => GithubError::TimedOut { host: host.to_owned(), after: self.timeout },
            Stopped::TooLong => {
                GithubError::Malformed { host: host.to_owned(), what: format!("it has more than {MAX_OUTPUT} bytes") }
            }
            Stopped::Failed(error) if error.kind() == io::ErrorKind::NotFound => GithubError::NotInstalled,
            Stopped::Failed(error) => GithubError::NotStarted(error.to_string()),
        }
    }
}

fn is_dropped(name: &OsStr) -> bool {
    // Windows does not tell cases apart.
    DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
}

/// It ended, and no HTTP status was there.
fn unanswered(host: &str, status: ExitStatus, stderr: &[u8]) -> GithubError {
    let text = String::from_utf8_lossy(stderr);
    let line = first_line(&text);
    let unknown = ["unknown flag", "unknown shorthand flag", "unknown command"];
    if status.code() == Some(NOT_SIGNED_IN) {
        GithubError::NotSignedIn { host: host.to_owned() }
    } else if unknown.iter().any(|words| line.starts_with(words)) {
        GithubError::TooOld(line.to_owned())
    } else if status.success() {
        GithubError::Malformed { host: host.to_owned(), what: "there is no HTTP status".to_owned() }
    } else if line.contains("read configuration") {
        GithubError::NotStarted(line.to_owned())
    } else {
        let reason = if line.is_empty() { format!("gh ended with {status}") } else { plainly(line) };
        GithubError::NotReached { host: host.to_owned(), reason }
    }
}

/// What Go's `net/http` says without its own words: `Get "https://…": dial tcp 127.0.0.1:443: connect: connection refused`.
fn plainly(line: &str) -> String {
    let is_of_http = ["Get \"", "Post \""].iter().any(|verb| line.starts_with(verb));
    let Some((before, last)) = line.rsplit_once(": ").filter(|_| is_of_http) else { return line.to_owned() };
    let last = match last {
        "EOF" | "unexpected EOF" => BROKEN_OFF,
        last if last.starts_with("context deadline exceeded") => "no answer in time",
        last => last,
    };
    if before.contains("proxyconnect") { format!("the proxy: {last}") } else { last.to_owned() }
}

fn run(mut command: Command, input: &[u8], timeout: Duration) -> Result<Ended, Stopped> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(Stopped::Failed)?;
    // The questions are smaller than any pipe. A child that does not read them says why on its standard error.
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input);
    }
    let stdout = child.stdout.take().map(all_of);
    let stderr = child.stderr.take().map(all_of);
    let ended = collect(&mut child, stdout, stderr, timeout);
    if ended.is_err() {
        // It may have ended by itself; then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
    }
    ended
}

fn collect(
    child: &mut Child,
    stdout: Option<Receiver<Vec<u8>>>,
    stderr: Option<Receiver<Vec<u8>>>,
    timeout: Duration,
) -> Result<Ended, Stopped> {
    let stdout = received(stdout, timeout)?;
    if stdout.len() as u64 > MAX_OUTPUT {
        return Err(Stopped::TooLong);
    }
    let stderr = received(stderr, GRACE)?;
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait().map_err(Stopped::Failed)? {
            return Ok(Ended { status, stdout, stderr });
        }
        if waited >= GRACE {
            return Err(Stopped::Silent);
        }
        std::thread::sleep(GRACE_POLL);
        waited += GRACE_POLL;
    }
}

/// Reads to the end in a thread of its own. It is not joined: where a child of the child keeps the pipe, it stays.
fn all_of(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    // Where no thread can be had, nothing comes: as from a program that is silent.
    let _ = std::thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is what there is.
        let _ = pipe.by_ref().take(MAX_OUTPUT + 1).read_to_end(&mut bytes);
        // Nobody listens any more after a time-out.
        let _ = sender.send(bytes);
    });
    receiver
}

fn received(receiver: Option<Receiver<Vec<u8>>>, timeout: Duration) -> Result<Vec<u8>, Stopped> {
    let Some(receiver) = receiver else { return Ok(Vec::new()) };
    match receiver.recv_timeout(timeout) {
        Ok(bytes) => Ok(bytes),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Stopped::Silent),
    }
}
