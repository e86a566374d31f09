//! The checkout on disk.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A working tree: the directory that holds `.git`, or, outside of git, the one that holds the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    root: PathBuf,
    is_git: bool,
}

/// What git itself reads of a `.git` file is a line; this is more than any path has.
const MAX_LINK_LEN: u64 = 64 << 10;

impl Checkout {
    /// The checkout that holds `cwd`, an absolute path: its first ancestor, itself included, with a `.git` (directory
    /// or file); where none has one, the first with a file `manifest`, relative to that ancestor.
    ///
    /// Looks at one path per ancestor (two where there is no `.git`), starts no process and reads no file.
    pub fn find(cwd: &Path, manifest: &Path) -> Option<Checkout> {
        let holds_git = |dir: &&Path| dir.join(".git").metadata().is_ok();
        if let Some(root) = cwd.ancestors().find(holds_git) {
            return Some(Checkout { root: root.to_owned(), is_git: true });
        }
        let root = cwd.ancestors().find(|dir| dir.join(manifest).is_file())?;
        Some(Checkout { root: root.to_owned(), is_git: false })
    }

    /// The checkout whose `.git` is in `root`, for callers that found it.
    pub fn of_git(root: PathBuf) -> Checkout {
        Checkout { root, is_git: true }
    }

    /// The root of the working tree, spelt as `cwd` was.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is a `.git`, so that there may be remotes and history.
    pub fn is_git(&self) -> bool {
        self.is_git
    }

    /// The file of git's configuration for this repository, so that its stat signature can tell whether remotes that
    /// were read before still stand. (Files that it includes, and those of the user and the system, may name remotes
    /// too: a change there goes unnoticed.)
    ///
    /// In a linked worktree or a submodule this follows the `.git` file, and git's `commondir` behind it.
    ///
    /// # Errors
    /// There is no `.git`, or it cannot be read, or it is a file without `gitdir: `.
    pub fn config_path(&self) -> io::Result<PathBuf> {
        let dot_git = self.root.join(".git");
        if dot_git.metadata()?.is_dir() {
            return Ok(dot_git.join("config"));
        }
        let git_dir = self.git_dir()?;
        let common = match line(&git_dir.join("commondir")) {
            Ok(common) => git_dir.join(path(&common)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => git_dir,
            Err(error) => return Err(error),
        };
        Ok(common.join("config"))
    }
}

impl Checkout {
    /// The directory that holds this working tree's `HEAD`.
    pub(super) fn git_dir(&self) -> io::Result<PathBuf> {
        let dot_git = self.root.join(".git");
        if dot_git.metadata()?.is_dir() {
            return Ok(dot_git);
        }
        let link = line(&dot_git)?;
        let target = link.strip_prefix(b"gitdir: ").ok_or(io::ErrorKind::InvalidData)?;
        Ok(self.root.join(path(target)?))
    }
}

/// The content of a short file, without the line break at its end.
fn line(path: &Path) -> io::Result<Vec<u8>> {
    // Anything but a file could make the reader wait.
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut content = Vec::new();
    File::open(path)?.take(MAX_LINK_LEN).read_to_end(&mut content)?;
    content.truncate(content.trim_ascii_end().len());
    Ok(content)
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> io::Result<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

/// Git writes paths in UTF-8 where they are not bytes.
#[cfg(not(unix))]
fn path(bytes: &[u8]) -> io::Result<&Path> {
    let text = std::str::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Path::new(OsStr::new(text)))
}
