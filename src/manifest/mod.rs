//! The manifest, `.github/pmu-cache.json`: bytes in, trackers out.
//!
//! Owns what a manifest may look like, and the words in which one is refused. It gets bytes and gives nouns: where the
//! file lies, whether it is newer than the cache, and which host its repository is on are for those above. Knows
//! nothing of files, git, the store or the clock.
//!
//! A manifest is read whole or refused whole. It is read leniently where nothing can be misunderstood: fields in any
//! order, fields it does not know, a list that is missing or `null` (empty), times that are missing or `null`, the
//! older spelling `created_at` and `closed_at` without `version` and `repo`, states in any case, a byte-order mark,
//! either line ending. Everything else is a [`ManifestError`].

mod diagnose;
mod error;
mod json;
mod keys;
mod order;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

pub use error::{ManifestError, Place, Position, Spot};

use crate::model::{Repo, RepoError, Tracker, UnixMillis};

/// The longest manifest that is read, in bytes.
pub const MAX_LEN: u64 = 1 << 30;

/// The only version there is so far; a file without one is of it.
const VERSION: u64 = 1;

/// What a manifest says. Titles are borrowed from its bytes where they have no escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest<'a> {
    /// Whose trackers these are; `None` in the older spelling, where the checkout names the repository.
    pub repo: Option<RepoName>,
    /// When the workflow wrote it.
    pub updated_at: UnixMillis,
    /// In [`Tracker::list_order`], each kind and number once.
    pub trackers: Vec<Tracker<'a>>,
}

/// `owner/name` in GitHub's alphabet. The host is the checkout's.
#[derive(Clone, Debug)]
pub struct RepoName(Repo);

impl RepoName {
    fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        Repo::new(Repo::DEFAULT_HOST, owner, name).ok().map(Self)
    }

    /// The user or organisation.
    pub fn owner(&self) -> &str {
        self.0.owner()
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The repository of this name on a host.
    ///
    /// # Errors
    /// The host is none.
    pub fn on(&self, host: &str) -> Result<Repo, RepoError> {
        Repo::new(host, self.owner(), self.name())
    }
}

/// Without case, as repositories are.
impl PartialEq for RepoName {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for RepoName {}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner(), self.name())
    }
}

/// Reads a manifest.
///
/// # Errors
/// Everything that the module's text does not accept. The same field twice is refused where the field is known; the
/// same number twice within one list only, for an issue may be both a release and a microsprint.
pub fn parse(bytes: &[u8]) -> Result<Manifest<'_>, ManifestError> {
    // OK: usize has at most 64 bits on every platform of Rust.
    let len = bytes.len() as u64;
    if len > MAX_LEN {
        return Err(ManifestError::TooLong { len });
    }
    let text = diagnose::text(bytes)?;
    let mut reader = read::Reader::new();
    if let Err(error) = reader.read(text) {
        return Err(diagnose::explain(text, reader, &error));
    }
    let repo = reader.repo.take();
    // A document without it was refused.
    let Some(updated_at) = reader.updated_at else {
        return Err(ManifestError::Missing { place: Place::Top, field: "updated_at" });
    };
    match order::sorted(reader) {
        Ok(trackers) => Ok(Manifest { repo, updated_at, trackers }),
        Err((kind, number)) => Err(diagnose::number_twice(text, kind, number)),
    }
}
