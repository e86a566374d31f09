//! The content of committed files: one `git cat-file --batch` for any number of them.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::changes::FILE_MODES;
use super::checkout::Checkout;
use super::error::GitError;
use super::program::{SAID_LIMIT, broken};
use super::refs::hex;

const BUFFER_LEN: usize = 256 * 1024;

/// What git has of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob {
    /// Its content.
    Bytes(Vec<u8>),
    /// More bytes than the limit.
    TooLong {
        /// How many.
        len: u64,
    },
    /// No such file, or one that a partial clone has left on the server.
    Missing,
}

/// A running `git cat-file`.
pub struct Blobs {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Checkout {
    /// Starts to read.
    ///
    /// # Errors
    /// No git.
    pub fn blobs(&self) -> Result<Blobs, GitError> {
        let mut git = self.git();
        git.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = git.spawn().map_err(GitError::starting)?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or_else(|| GitError::Failed("it gave no output".to_owned()))?;
        Ok(Blobs { child, requests, answers: BufReader::with_capacity(BUFFER_LEN, answers) })
    }

    /// The file that a commit or branch has at `path`, for one file alone.
    ///
    /// # Errors
    /// No git, or git's own.
    pub fn committed(&self, revision: &str, path: &str, limit: u64) -> Result<Blob, GitError> {
        // A line break would be two requests.
        if path.contains('\n') {
            return Ok(Blob::Missing);
        }
        self.blob(&mut None, &format!("{revision}:{path}"), limit)
    }

    /// One file, by a git that is started when it is first needed.
    ///
    /// # Errors
    /// No git, or git's own.
    pub fn blob(&self, running: &mut Option<Blobs>, object: &str, limit: u64) -> Result<Blob, GitError> {
        let blobs = match running {
            Some(blobs) => blobs,
            none => none.insert(self.blobs()?),
        };
        blobs.request(object)?;
        blobs.answer(limit)
    }

    /// The regular files that a commit has at these paths: git's names of their contents.
    pub(super) fn entries(&self, commit: &[u8], paths: &[&str]) -> Result<BTreeMap<String, String>, GitError> {
        let said = self.ask(&[&["ls-tree", "-z", "--full-tree", &hex(commit), "--"], paths].concat())?;
        let entry = |line: &str| {
            let (about, path) = line.split_once('\t')?;
            let [mode, _, blob] = about.split(' ').collect::<Vec<_>>()[..] else { return None };
            FILE_MODES.contains(&mode).then(|| (path.to_owned(), blob.to_owned()))
        };
        Ok(said.split('\0').filter_map(entry).collect())
    }

    /// Whether what is checked out has a file at `path`, be its content here or not.
    pub fn has_committed(&self, path: &str) -> bool {
        self.head().is_some_and(|head| self.entries(&head, &[path]).is_ok_and(|found| !found.is_empty()))
    }

    /// Whether a committed file is missing from the working tree by design: in a sparse checkout, or in a clone without
    /// files. (A file that was deleted is not.)
    pub fn leaves_out(&self, path: &str) -> bool {
        match self.ask(&["ls-files", "-t", "-z", "--", path]) {
            Ok(said) if said.is_empty() => self.git_dir().is_ok_and(|dir| !dir.join("index").exists()),
            Ok(said) => said.starts_with("S "),
            Err(_) => false,
        }
    }
}

impl Blobs {
    /// Asks for an object. Two requests may be open at a time, so that git works on one while the other is used.
    ///
    /// # Errors
    /// Git has ended.
    pub fn request(&mut self, object: &str) -> Result<(), GitError> {
        let Some(requests) = &mut self.requests else { return Ok(()) };
        match requests.write_all(format!("{object}\n").as_bytes()).and_then(|()| requests.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.ended(),
            written => written.map_err(broken),
        }
    }

    /// The answer to the oldest open request.
    ///
    /// # Errors
    /// Git's own, or what is no file.
    pub fn answer(&mut self, limit: u64) -> Result<Blob, GitError> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(broken)?;
        let line = line.trim_end();
        let mut words = line.rsplit(' ');
        let (size, kind) = (words.next().and_then(|size| size.parse::<u64>().ok()), words.next());
        let Some(len) = size.filter(|_| kind == Some("blob")) else {
            // Of anything but a file the content would be left in the pipe.
            return match line.ends_with(" missing") {
                true => Ok(Blob::Missing),
                false if line.is_empty() => self.ended(),
                false => Err(GitError::Failed(format!("it gave {line:?} instead of a file"))),
            };
        };
        if len > limit {
            io::copy(&mut (&mut self.answers).take(len + 1), &mut io::sink()).map_err(broken)?;
            return Ok(Blob::TooLong { len });
        }
        let mut content = Vec::new();
        (&mut self.answers).take(len + 1).read_to_end(&mut content).map_err(broken)?;
        if content.len() as u64 != len + 1 {
            return self.ended();
        }
        content.truncate(content.len() - 1);
        Ok(Blob::Bytes(content))
    }

    /// Git has closed its output: why stands on the other one.
    fn ended<T>(&mut self) -> Result<T, GitError> {
        let mut said = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            stderr.take(SAID_LIMIT).read_to_end(&mut said).map_err(broken)?;
        }
        Err(GitError::said(&said, "it ended in the middle of an answer"))
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // Closing its input ends it; an answer that nobody reads would keep it waiting.
        drop(self.requests.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
