//! The file with the `cache:` section: which it is, and whether it may be read. Owns the search for it; must not know
//! what it says.
//!
//! It comes with a clone: what is no regular file, large, or another user's is not read.

use std::io;
use std::path::{Path, PathBuf};

use gh_pmu::git::{Checkout, is_foreign, plain_content};

use crate::exit::Error;

/// The usual file.
pub const FILE_NAME: &str = ".gh-pmu.yml";
/// Goes before [`FILE_NAME`]: another program removes that one.
pub const OTHER_NAME: &str = ".github/pmu.yml";
/// Both, in the order in which they are read.
pub const NAMES: [&str; 2] = [OTHER_NAME, FILE_NAME];
/// A configuration is a page; more was written to exhaust memory.
pub const MAX_LEN: u64 = 1 << 20;

/// The files of a directory that may hold the section, as they are read: those that are there.
///
/// # Errors
/// One of them is no regular file, is too large, or cannot be read.
pub fn in_dir(dir: &Path, root: Option<&Path>, warnings: &mut Vec<String>) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
    let mut found = Vec::new();
    for name in NAMES {
        let path = dir.join(name);
        match read(&path, root, warnings) {
            Ok(Some(bytes)) => found.push((path, bytes)),
            Ok(None) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            // Outside a checkout nothing asked for it.
            Err(error) if root.is_none() && error.kind() == io::ErrorKind::PermissionDenied => {
                warnings.push(format!("cannot read {}: {error}", path.display()));
            }
            Err(error) => return Err(Error::new(format!("cannot read {}: {error}", path.display()))),
        }
    }
    Ok(found)
}

/// `None` for a file that is not to be trusted.
fn read(path: &Path, root: Option<&Path>, warnings: &mut Vec<String>) -> io::Result<Option<Vec<u8>>> {
    let of = std::fs::metadata(path)?;
    if is_foreign(&of) && !root.is_some_and(is_trusted) {
        warnings.push(format!("{} belongs to another user and is not used", path.display()));
        return Ok(None);
    }
    content(path, &of).map(Some)
}

/// The content of a file that somebody could have replaced by a pipe, a device, or very much.
pub fn read_plain(path: &Path) -> io::Result<Vec<u8>> {
    content(path, &std::fs::metadata(path)?)
}

fn content(path: &Path, of: &std::fs::Metadata) -> io::Result<Vec<u8>> {
    let bytes = plain_content(path, of, MAX_LEN + 1)?;
    match bytes.len() as u64 > MAX_LEN {
        true => Err(io::Error::other("it is larger than 1 MiB")),
        false => Ok(bytes),
    }
}

/// Whether git takes the checkout for safe: `safe.directory` names it.
fn is_trusted(root: &Path) -> bool {
    let owner = std::fs::metadata(root.join(".git"));
    owner.is_ok_and(|of| is_foreign(&of)) && Checkout::of_git(root.to_owned()).check_owner().is_ok()
}
