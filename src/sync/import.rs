//! Versions from before the manifest: what another program kept in a file of its own.

use super::error::SyncError;
use super::line::{GitLine, Line};
use super::versions::Committed;
use crate::git::CommitId;
use crate::manifest;
use crate::model::UnixMillis;

/// Makes the manifest that a content stood for, dated as is said; `None` of one that says nothing of trackers.
pub type AsManifest<'a> = dyn Fn(&[u8], UnixMillis) -> Option<Vec<u8>> + 'a;

/// Where older versions are.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// The file's path in the checkout.
    pub file: &'a str,
    /// What its contents stood for.
    pub manifest: &'a AsManifest<'a>,
}

/// What was found there, oldest first.
#[derive(Default)]
pub(super) struct Imported {
    versions: Vec<(CommitId, UnixMillis, Vec<u8>)>,
    /// Whether some are not here.
    pub(super) lacks: bool,
}

impl Imported {
    /// Reads those that were committed before the manifest was, on a line that was looked through.
    ///
    /// # Errors
    /// Git's own.
    pub(super) fn of(line: &mut GitLine<'_>, import: Import<'_>) -> Result<Self, SyncError> {
        let mut first = None;
        line.read(false, &mut |version| {
            let dated = version.bytes.and_then(|bytes| manifest::parse(bytes).ok()).map(|manifest| manifest.updated_at);
            first = dated.map(|dated| (version.commit.to_vec(), dated));
            Ok(first.is_none())
        })?;
        let Some((commit, begins)) = first else { return Ok(Self::default()) };
        let mut versions = Vec::new();
        let are_here = line.read_before(&commit, import.file, &mut |version| {
            // A commit can be younger than the manifest that it is followed by says.
            let dated = version.committed_at.min(begins);
            let bytes = version.bytes.and_then(|bytes| (import.manifest)(bytes, dated));
            versions.extend(bytes.map(|bytes| (version.commit.to_vec(), dated, bytes)));
            Ok(true)
        })?;
        Ok(Self { versions, lacks: !are_here })
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.versions.len() as u64
    }

    /// Them, as if they had been committed so.
    pub(super) fn iter(&self) -> impl Iterator<Item = Committed<'_>> {
        self.versions.iter().map(|(commit, committed_at, bytes)| Committed {
            commit,
            committed_at: *committed_at,
            bytes: Some(bytes),
        })
    }
}
