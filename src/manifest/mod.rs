//! The manifest, `.github/pmu-cache.json`: bytes in, trackers out.
//!
//! Owns what a manifest may look like, and the words in which one is refused. It gets bytes and gives nouns: where the
//! file lies, whether it is newer than the cache, and which host its repository is on are for those above. Knows
//! nothing of files, git or the store; the clock is passed in.
//!
//! A manifest is read whole or refused whole. It is read leniently if nothing can be misunderstood: fields in any
//! order, unknown fields, a missing list (empty), times that are missing or `null`, the older spelling `created_at` and
//! `closed_at` without `version` and `repo`, states in any case, a byte-order mark, either line ending. Everything else
//! is a [`ManifestError`], `null` for a list too: a broken step of a workflow writes it.

mod diagnose;
mod error;
mod json;
mod keys;
mod name;
mod order;
mod read;
#[cfg(test)]
mod tests;

pub use error::{ManifestError, Place, Position, Spot};
pub use keys::{MAX_LEN, USUAL_PATH};
pub use name::RepoName;

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use crate::model::{Tracker, UnixMillis};

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

impl Manifest<'_> {
    /// The manifest, unless it is dated more than a day after `now`: it would make every later one look old.
    ///
    /// # Errors
    /// [`ManifestError::Ahead`].
    pub fn not_ahead_of(self, now: UnixMillis) -> Result<Self, ManifestError> {
        let updated_at = self.updated_at;
        if updated_at.is_ahead_of(now) { Err(ManifestError::Ahead { updated_at, now }) } else { Ok(self) }
    }
}

/// Reads a manifest. Whether its time can be is [`Manifest::not_ahead_of`]'s to say.
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

/// Whether bytes that are no manifest are an object of something else, such as a `package.json`: none of the manifest's own
/// fields stands there.
pub fn is_something_else(bytes: &[u8]) -> bool {
    let fields: Result<BTreeMap<String, IgnoredAny>, _> = serde_json::from_slice(bytes);
    let own = ["updated_at", "repo", "releases", "microsprints"];
    fields.is_ok_and(|fields| !fields.is_empty() && !own.iter().any(|field| fields.contains_key(*field)))
}
