//! The sync that a frame records.

use super::{HistoryHash, StateSum};
use crate::model::UnixMillis;

/// Where a sync's state came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The manifest in a working tree.
    Manifest,
    /// GitHub's API.
    Api,
    /// A manifest committed to git.
    Git,
}

impl Source {
    /// Returns the word users see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Manifest => "manifest",
            Source::Api => "api",
            Source::Git => "git",
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Source::Manifest => 0,
            Source::Api => 1,
            Source::Git => 2,
        }
    }

    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Source::Manifest),
            1 => Some(Source::Api),
            2 => Some(Source::Git),
            _ => None,
        }
    }
}

/// The sync that a frame records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRecord {
    /// Where the state came from.
    pub source: Source,
    /// The manifest's `updated_at`, or the time of GitHub's answer.
    pub updated_at: UnixMillis,
    /// When the changes count as published: another time if they were forced, or dated by their commit.
    pub changed_at: UnixMillis,
    /// When this machine recorded it.
    pub synced_at: UnixMillis,
    /// BLAKE3 of the manifest's bytes.
    pub manifest: Option<[u8; 32]>,
    /// The git commit that held the manifest, 20 or 32 bytes.
    pub commit: Option<Vec<u8>>,
    /// `HOST/OWNER/REPO` as this version named it. Empty in what is given to a writer: as the store is named.
    pub repo: String,
    /// The state after the frame. Whoever gives a record to a writer leaves it to the writer.
    pub state: StateSum,
    /// The history hash after the frame, if it is published. Whoever gives a record to a writer leaves it to the writer.
    pub history: Option<HistoryHash>,
    /// What was repaired, in words; empty but in notes.
    pub note: String,
}

impl SyncRecord {
    /// Returns the record of a sync whose changes are dated by `updated_at`; the other fields are empty.
    pub fn new(source: Source, updated_at: UnixMillis, synced_at: UnixMillis) -> Self {
        Self {
            source,
            updated_at,
            changed_at: updated_at,
            synced_at,
            manifest: None,
            commit: None,
            repo: String::new(),
            state: StateSum::default(),
            history: None,
            note: String::new(),
        }
    }
}
