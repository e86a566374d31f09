//! One repository's store: a log, its index, and what joins them. One verb, one file.
//!
//! Knows files and events; nothing of manifests, git, GitHub or the terminal.

mod as_of;
mod aside;
mod clear;
mod compact;
mod cursor;
mod error;
mod gap;
mod history;
mod merge;
mod open;
mod prune;
mod recover;
mod repair;
mod rewrite;
mod tag;
mod tail;
mod verify;
mod view;
mod write;

use std::path::{Path, PathBuf};

pub use as_of::Moment;
pub use compact::Compaction;
pub use error::{Damage, StoreError};
pub use history::{History, Logged};
pub use merge::Place;
pub use prune::Pruning;
pub use repair::{PastState, Repaired};
pub use rewrite::{Replaced, Rewrite};
pub use verify::{Finding, Verified};
pub use view::{Counts, View};
pub use write::{Append, PATIENCE, Writer};

use crate::format::SegmentName;
use crate::fs::Storage;
use crate::model::Repo;

const CURRENT: &str = "CURRENT";
const CHECKED: &str = "checked";
const LOCK: &str = "lock";
const LAST: &str = "last";
const TAG: &str = "tag";
/// Stands where `CURRENT` stood while the store is being removed.
const CLEARED: &str = "cleared";
/// `CURRENT` and its like are a few hundred bytes; segments are few.
const SMALL_FILE_LIMIT: u64 = 1 << 20;

/// The place of one repository's store, whether or not anything is there yet.
#[derive(Clone)]
pub struct Store<'s> {
    storage: &'s dyn Storage,
    dir: PathBuf,
}

impl<'s> Store<'s> {
    /// The store of `repo` below the cache's directory.
    pub fn of(storage: &'s dyn Storage, cache: &Path, repo: &Repo) -> Self {
        let mut dir = cache.to_owned();
        dir.extend(repo.dir_names());
        Self { storage, dir }
    }

    /// The store in a directory.
    pub fn at(storage: &'s dyn Storage, dir: PathBuf) -> Self {
        Self { storage, dir }
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Every directory below the cache's with files of a store, or of one that was begun or is being removed, in order
    /// of their names.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn all(storage: &'s dyn Storage, cache: &Path) -> Result<Vec<Self>, StoreError> {
        let mut dirs = vec![cache.to_owned()];
        for _level in ["host", "owner", "name"] {
            let mut below = Vec::new();
            for dir in &dirs {
                let names = storage.list(dir).map_err(StoreError::io("list", dir))?;
                below.extend(names.iter().filter(|name| !name.starts_with('.')).map(|name| dir.join(name)));
            }
            dirs = below;
        }
        let stores = dirs.into_iter().map(|dir| Self::at(storage, dir));
        Ok(stores.filter(|store| store.own_names().is_ok_and(|names| names.iter().any(|name| name != LOCK))).collect())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}
