//! The one call of `git`: what its configuration says of remotes.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::GitError;

/// Every key that decides where a remote points, and what `gh` noted about it.
const KEYS: &str = r"^(remote\..*\.(url|pushurl|gh-resolved)|url\..*\.insteadof)$";

/// Keys and values in the order of git: the system's, the user's, the repository's. A key is lower-cased except for the
/// name in its middle.
///
/// `git` is the program with the environment it is to have. It takes no optional lock and gets no input.
pub(super) fn read(mut git: Command, root: &Path) -> Result<Vec<(String, String)>, GitError> {
    git.arg("-C").arg(root).args(["config", "-z", "--get-regexp", KEYS]);
    git.env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
    let output = git.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => GitError::NotInstalled,
        _ => GitError::Failed(error.to_string()),
    })?;
    match output.status.code() {
        Some(0) => Ok(entries(&output.stdout)),
        // Nothing matches.
        Some(1) if output.stderr.is_empty() => Ok(Vec::new()),
        _ => Err(GitError::Failed(reason(&output.stderr, &output.status.to_string()))),
    }
}

/// `key LF value NUL` each; a key without a value has no LF.
fn entries(bytes: &[u8]) -> Vec<(String, String)> {
    // What is not UTF-8 becomes a character that no host, owner or name has.
    let text = String::from_utf8_lossy(bytes);
    let entries = text.split_terminator('\0').map(|entry| entry.split_once('\n').unwrap_or((entry, "")));
    entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The first line that git wrote, or how it ended.
pub(super) fn reason(stderr: &[u8], status: &str) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or(status).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_line_breaks_in_values_and_need_no_value() {
        let expected = [("a.b", "x\ny"), ("c.d", ""), ("e.f", "")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(entries(b"a.b\nx\ny\0c.d\0e.f\n\0"), expected);
        assert_eq!(entries(b""), []);
    }
}
