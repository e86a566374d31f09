//! The checkout on disk.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::error::GitError;

/// A working tree: the directory that holds `.git`, or, outside of git, the one that holds the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    root: PathBuf,
    is_git: bool,
}

/// What git itself reads of a `.git` file is a line; this is more than any path has.
const MAX_LINK_LEN: u64 = 64 << 10;
/// More than what git writes for a million references.
const MAX_TEXT_LEN: u64 = 256 << 20;

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
        let root = cwd.ancestors().find(|dir| {
            let found = dir.join(manifest).metadata();
            // Above the working directory, what somebody else has put there is not obeyed, as git has it.
            found.is_ok_and(|of| of.is_file() && (*dir == cwd || !is_foreign(&of)))
        })?;
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
        Ok(self.common_dir()?.join("config"))
    }

    /// Refuses a repository of another user as git does: whoever owns it could have written any configuration.
    ///
    /// Looks at owners only, and asks git (which knows `safe.directory`) if one is not this user. On Windows git alone
    /// checks this, whenever it is asked anything.
    ///
    /// # Errors
    /// [`GitError::Dubious`], or why git cannot be asked.
    pub fn check_owner(&self) -> Result<(), GitError> {
        if !self.is_git || self.is_own() {
            return Ok(());
        }
        self.ask(&["rev-parse", "--git-dir"]).map(drop)
    }

    #[cfg(unix)]
    fn is_own(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let user = rustix::process::geteuid().as_raw();
        let is_own = |of: &std::fs::Metadata| of.uid() == user;
        let is_own_at = |path: &Path| path.metadata().is_ok_and(|of| is_own(&of));
        // A directory is the place itself, and not a file that names it.
        let entry = self.root.join(".git").metadata();
        let leads_to_own = || self.git_dir().is_ok_and(|dir| is_own_at(&dir));
        is_own_at(&self.root) && entry.is_ok_and(|entry| is_own(&entry) && (entry.is_dir() || leads_to_own()))
    }

    #[cfg(not(unix))]
    fn is_own(&self) -> bool {
        true
    }

    /// The path of a file below the root as git spells it; `None` for a file elsewhere.
    pub fn path_of(&self, file: &Path) -> Option<String> {
        git_path(file.strip_prefix(&self.root).ok()?)
    }

    /// Whether git may have left files on the server: whoever cloned with `--filter` has a remote that promised them.
    pub fn is_partial(&self) -> bool {
        self.ask(&["config", "--get-regexp", r"^remote\..*\.promisor$", "true"]).is_ok()
    }

    /// Whether git has only the newest commits: the boundary's ids.
    pub(super) fn shallow_commits(&self) -> Vec<String> {
        let text = self.common_dir().ok().and_then(|dir| plain_text(&dir.join("shallow")));
        text.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// The directory of what all worktrees share.
    pub(super) fn common_dir(&self) -> io::Result<PathBuf> {
        let git_dir = self.git_dir()?;
        match line(&git_dir.join("commondir")) {
            Ok(common) => Ok(git_dir.join(path(&common)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(git_dir),
            Err(error) => Err(error),
        }
    }

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

/// Whether somebody else owns a file; what the administrator owns is no danger.
#[cfg(unix)]
pub fn is_foreign(of: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    of.uid() != 0 && of.uid() != rustix::process::geteuid().as_raw()
}

/// Whether somebody else owns a file: nobody can tell here.
#[cfg(not(unix))]
pub fn is_foreign(_: &std::fs::Metadata) -> bool {
    false
}

/// A relative path as git spells it on every system, with `/`; `None` for one that is not UTF-8, or leaves its root.
pub fn git_path(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The text of one of git's files that may be long; `None` if it is no file, or longer than any such file is.
pub(super) fn plain_text(path: &Path) -> Option<String> {
    let content = plain(path, MAX_TEXT_LEN + 1).ok().filter(|content| content.len() as u64 <= MAX_TEXT_LEN)?;
    String::from_utf8(content).ok()
}

fn plain(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    plain_content(path, &path.metadata()?, most)
}

/// Returns the first `most` bytes of a file that somebody could have replaced by a pipe, a device, or very much; `of` is what
/// the system says of it.
///
/// # Errors
/// The system's; it is no regular file.
pub fn plain_content(path: &Path, of: &std::fs::Metadata, most: u64) -> io::Result<Vec<u8>> {
    // Anything but a file could make the reader wait.
    if !of.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    // With room to spare, so that one read is enough.
    let mut content = Vec::with_capacity((of.len().min(most) + 64) as usize);
    // It can grow after it was looked at.
    File::open(path)?.take(most).read_to_end(&mut content)?;
    Ok(content)
}

/// The content of a short file, without the line break at its end.
fn line(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = plain(path, MAX_LINK_LEN)?;
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
