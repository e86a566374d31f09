//! What references name: read from git's files, so that no process is needed for a look; git is asked if they are of a
//! form of its own.

use std::io;
use std::path::Path;

use super::checkout::{Checkout, plain_text};

/// A commit's id: 20 or 32 bytes.
pub type CommitId = Vec<u8>;

/// Where git keeps references that are not files of their own.
const REFTABLE: &str = "reftable";
/// Git follows a symbolic reference to another one at most so often.
const MAX_DEPTH: usize = 5;
/// More than any reference's name or commit's id has.
const MAX_LEN: usize = 4096;

enum Found {
    Commit(CommitId),
    Missing,
    /// The files do not say.
    Elsewhere,
}

impl Checkout {
    /// The commit that is checked out; `None` while there is none.
    pub fn head(&self) -> Option<CommitId> {
        self.reference("HEAD")
    }

    /// The commit that a full reference such as `refs/heads/main` names. Starts git only if its references are not in
    /// files.
    pub fn reference(&self, name: &str) -> Option<CommitId> {
        match self.in_files(name) {
            Found::Commit(commit) => Some(commit),
            Found::Missing => None,
            Found::Elsewhere => {
                let commit = format!("{name}^{{commit}}");
                let said = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).ok()?;
                unhex(said.trim_end().as_bytes())
            }
        }
    }

    /// What a symbolic reference names, such as `refs/remotes/origin/main` for `refs/remotes/origin/HEAD`.
    pub(super) fn symbolic(&self, name: &str) -> Option<String> {
        let directory = self.common_dir().ok()?;
        if directory.join(REFTABLE).is_dir() {
            let said = self.ask(&["symbolic-ref", "--quiet", name]).ok()?;
            return Some(said.trim_end().to_owned());
        }
        // A worktree has a HEAD of its own.
        let own = self.git_dir().ok()?.join(name);
        let text = small(&own).or_else(|| small(&directory.join(name)))?;
        text.trim_end().strip_prefix("ref: ").filter(|target| is_reference(target)).map(str::to_owned)
    }

    fn in_files(&self, name: &str) -> Found {
        // Where `.git` is a directory and the reference a file, nothing else has to be looked at.
        let dot_git = self.root().join(".git");
        if let found @ Found::Commit(_) = follow(name, &dot_git, |name| small(&dot_git.join(name))) {
            return found;
        }
        // A worktree has a HEAD of its own; everything else is common.
        let (Ok(common), Ok(own)) = (self.common_dir(), self.git_dir()) else { return Found::Missing };
        if common.join(REFTABLE).is_dir() {
            return Found::Elsewhere;
        }
        follow(name, &common, |name| small(&own.join(name)).or_else(|| small(&common.join(name))))
    }
}

/// The commit that a reference leads to; `common` is the directory of the packed ones.
fn follow(name: &str, common: &Path, read: impl Fn(&str) -> Option<String>) -> Found {
    let mut name = name.to_owned();
    for _level in 0..MAX_DEPTH {
        let Some(text) = read(&name) else { return packed(common, &name) };
        if text.is_empty() {
            // No file of git's: git itself would wait for a pipe.
            return Found::Missing;
        }
        match text.trim_end().strip_prefix("ref: ") {
            Some(target) if is_reference(target) => name = target.to_owned(),
            Some(_) => return Found::Elsewhere,
            None => return unhex(text.trim_end().as_bytes()).map_or(Found::Elsewhere, Found::Commit),
        }
    }
    Found::Elsewhere
}

/// The content of a reference's file, in one read.
fn small(path: &Path) -> Option<String> {
    let mut text = [0; MAX_LEN];
    let len = read_once(path, &mut text).ok()?;
    String::from_utf8(text[..len].to_vec()).ok()
}

/// Does not wait, whatever has the file's name.
#[cfg(unix)]
fn read_once(path: &Path, text: &mut [u8]) -> io::Result<usize> {
    use rustix::fs::{Mode, OFlags, open};
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?;
    Ok(rustix::io::read(&file, text)?)
}

#[cfg(not(unix))]
fn read_once(path: &Path, text: &mut [u8]) -> io::Result<usize> {
    std::io::Read::read(&mut std::fs::File::open(path)?, text)
}

/// Nothing that leaves git's directory.
fn is_reference(name: &str) -> bool {
    name.starts_with("refs/") && !name.split('/').any(|part| part.is_empty() || part == "..")
}

fn packed(common: &Path, name: &str) -> Found {
    let Some(text) = plain_text(&common.join("packed-refs")) else { return Found::Missing };
    let line = text.lines().find(|line| line.split_once(' ').is_some_and(|(_, packed)| packed == name));
    let commit = line.and_then(|line| line.split_once(' ')).and_then(|(id, _)| unhex(id.as_bytes()));
    commit.map_or(Found::Missing, Found::Commit)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn unhex(digits: &[u8]) -> Option<CommitId> {
    if !matches!(digits.len(), 40 | 64) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let value = |digit: u8| if digit.is_ascii_digit() { digit - b'0' } else { (digit | 32) - b'a' + 10 };
    Some(digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect())
}
