//! What git's configuration says of remotes.

use std::process::Command;

use super::checkout::Checkout;
use super::error::GitError;

/// Every key that decides where a remote points, and what `gh` noted about it.
const KEYS: &str = r"^(remote\..*\.(url|pushurl|gh-resolved)|url\..*\.insteadof)$";

/// Keys and values in the order of git: the system's, the user's, the repository's. A key is lower-cased except for the
/// name in its middle.
pub(super) fn read(checkout: &Checkout, git: Command) -> Result<Vec<(String, String)>, GitError> {
    let mut git = checkout.asking(git);
    git.args(["config", "-z", "--get-regexp", KEYS]);
    let output = git.output().map_err(GitError::starting)?;
    match output.status.code() {
        Some(0) => Ok(entries(&output.stdout)),
        // Nothing matches.
        Some(1) if output.stderr.is_empty() => Ok(Vec::new()),
        _ => Err(GitError::said(&output.stderr, &output.status.to_string())),
    }
}

/// `key LF value NUL` each; a key without a value has no LF.
fn entries(bytes: &[u8]) -> Vec<(String, String)> {
    // What is not UTF-8 becomes a character that no host, owner or name has.
    let text = String::from_utf8_lossy(bytes);
    let entries = text.split_terminator('\0').map(|entry| entry.split_once('\n').unwrap_or((entry, "")));
    entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
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
