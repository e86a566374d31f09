//! Directories as people write them where a shell would have read them first. Owns `~/` and the refusal of `$`.

use std::path::{Path, PathBuf};

const PLAIN: &str = "a directory as it is, without $, `, or %NAME%; only ~/ at its beginning is the home directory";

/// Whether some shell would put something else in place of a part of the text: `$NAME`, a command, `%NAME%`.
pub fn is_for_a_shell(text: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    let parts: Vec<&str> = text.split('%').collect();
    // What stands before the first sign, and after the last one, is no name.
    let between = parts.get(1..parts.len() - 1).unwrap_or_default();
    text.contains(['$', '`']) || between.iter().any(|part| is_name(part))
}

/// The directory that the text names, seen from `base`.
///
/// # Errors
/// What it may be instead: text for a shell is never taken for a name.
pub fn dir(text: &str, base: &Path, home: Option<&Path>) -> Result<PathBuf, &'static str> {
    if text.is_empty() || text.contains('\0') {
        return Err("the path of a directory");
    }
    if is_for_a_shell(text) {
        return Err(PLAIN);
    }
    match text.strip_prefix('~') {
        None => Ok(base.join(text)),
        Some(rest) if rest.is_empty() || rest.starts_with(std::path::is_separator) => {
            let home = home.ok_or("a path without ~, as there is no home directory")?;
            Ok(home.join(rest.trim_start_matches(std::path::is_separator)))
        }
        Some(_) => Err(PLAIN),
    }
}
