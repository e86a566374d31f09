//! Starting other programs. Owns where they are looked up; must not know which they are.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

/// Returns what starts a program: by its path, or by its name in the absolute directories of `PATH` alone. Another one would
/// be whatever lies in the working directory, which is a repository's; gh refuses it, too.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.envs(search_path());
    command
}

/// Returns `PATH` and its absolute directories; `None` if there are no others. (An empty name is the working directory.)
#[allow(clippy::disallowed_methods, reason = "the system looks there, whoever asks")]
pub fn search_path() -> Option<(&'static str, OsString)> {
    let path = std::env::var_os("PATH")?;
    let is_absolute = |dir: &Path| dir.is_absolute();
    if std::env::split_paths(&path).all(|dir| is_absolute(&dir)) {
        return None;
    }
    let mut absolute: Vec<_> = std::env::split_paths(&path).filter(|dir| is_absolute(dir)).collect();
    if absolute.is_empty() {
        // None at all would be the working directory; in this one nothing is found.
        absolute.push("/nonexistent".into());
    }
    // OK because they were apart before.
    Some(("PATH", std::env::join_paths(absolute).unwrap_or_default()))
}
