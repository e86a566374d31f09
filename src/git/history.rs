//! Versions of one file out of git's history: one `git log`, one `git cat-file --batch`.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::checkout::Checkout;
use super::error::GitError;
use super::refs::{CommitId, hex, unhex};

/// One committed version of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The commit that brought it.
    pub commit: CommitId,
    /// The file's content; `None` where the commit removed it, or it is larger than the limit.
    pub bytes: Option<Vec<u8>>,
}

impl Checkout {
    /// The commits that changed `path` (relative to the root) in the first-parent history of `revision`, oldest first.
    /// With `known`, only those that this commit does not contain.
    ///
    /// # Errors
    /// No git, no such revision or commit, or git's own.
    pub fn commits_of(&self, revision: &str, known: Option<&[u8]>, path: &Path) -> Result<Vec<CommitId>, GitError> {
        let range = known.map_or(revision.to_owned(), |known| format!("{}..{revision}", hex(known)));
        let mut git = self.git();
        git.args(["log", "--first-parent", "--reverse", "--format=%H", &range, "--"]).arg(path);
        let output = git.output().map_err(GitError::starting)?;
        if !output.status.success() {
            return Err(GitError::said(&output.stderr, &output.status.to_string()));
        }
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let commits: Option<Vec<CommitId>> = lines.map(unhex).collect();
        commits.ok_or_else(|| GitError::Failed("its log has no commit ids".to_owned()))
    }

    /// The content of `path` in each of `commits`, in their order, handed to `each` one at a time; files above `limit`
    /// bytes are handed on without content.
    ///
    /// # Errors
    /// No git, or git's own; the error of `each`.
    pub fn read_versions<E: From<GitError>>(
        &self,
        commits: &[CommitId],
        path: &Path,
        limit: u64,
        mut each: impl FnMut(Version) -> Result<(), E>,
    ) -> Result<(), E> {
        if commits.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::start(self.git()).map_err(E::from)?;
        for commit in commits {
            let bytes = batch.read(&hex(commit), path, limit).map_err(E::from)?;
            each(Version { commit: commit.clone(), bytes })?;
        }
        Ok(())
    }
}

struct Batch {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Batch {
    fn start(mut git: Command) -> Result<Self, GitError> {
        git.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = git.spawn().map_err(GitError::starting)?;
        let Some(stdout) = child.stdout.take() else { return Err(GitError::Failed("it gave no output".to_owned())) };
        Ok(Self { child, answers: BufReader::with_capacity(256 * 1024, stdout) })
    }

    /// One request, one answer: neither pipe can fill up.
    fn read(&mut self, commit: &str, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, GitError> {
        let failed = |error: std::io::Error| GitError::Failed(format!("cat-file: {error}"));
        let mut request = format!("{commit}:").into_bytes();
        request.extend_from_slice(path.as_os_str().as_encoded_bytes());
        request.push(b'\n');
        let stdin = self.child.stdin.as_mut().ok_or_else(|| GitError::Failed("it takes no input".to_owned()))?;
        stdin.write_all(&request).and_then(|()| stdin.flush()).map_err(failed)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(failed)?;
        let mut words = line.trim_end().rsplit(' ');
        let (size, kind) = (words.next().and_then(|size| size.parse::<u64>().ok()), words.next());
        let Some(size) = size.filter(|_| kind == Some("blob")) else {
            // `missing`: the commit has no such file. Anything else would leave its content in the pipe.
            let missing = line.trim_end().ends_with(" missing");
            return if missing { Ok(None) } else { Err(GitError::Failed(format!("cat-file: {}", line.trim_end()))) };
        };
        let mut content = Vec::new();
        if size > limit {
            std::io::copy(&mut (&mut self.answers).take(size + 1), &mut std::io::sink()).map_err(failed)?;
            return Ok(None);
        }
        (&mut self.answers).take(size + 1).read_to_end(&mut content).map_err(failed)?;
        if content.len() as u64 != size + 1 {
            return Err(GitError::Failed("cat-file: ended in the middle of a file".to_owned()));
        }
        content.truncate(content.len() - 1);
        Ok(Some(content))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // Closing its input ends it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
