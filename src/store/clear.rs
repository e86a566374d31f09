//! Removing a store: only files of its own names.

use std::io::ErrorKind;

use super::recover::numbers;
use super::{CHECKED, CLEARED, CURRENT, LAST, LOCK, Store, StoreError, TAG};
use crate::fs::TEMPORARY;

impl Store<'_> {
    /// Removes the store's files, and its directories where they are then empty. True if there was anything.
    ///
    /// # Errors
    /// Another writer, and the system's. If it got so far that readers find nothing, the next writer goes on with it.
    pub fn clear(&self) -> Result<bool, StoreError> {
        if self.own_names()?.is_empty() {
            return Ok(false);
        }
        let _lock = match self.lock(super::write::PATIENCE) {
            // Another clear was faster, and took the directory with it.
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(false),
            lock => lock?,
        };
        let found = self.remove_files()?;
        self.remove(LOCK)?;
        let mut dir = Some(self.dir.as_path());
        for _level in ["name", "owner", "host"] {
            let Some(here) = dir else { break };
            if !self.storage.remove_dir(here).map_err(StoreError::io("remove", here))? {
                break;
            }
            dir = here.parent();
        }
        Ok(found)
    }

    /// Removes what an interrupted clear left; the caller holds the lock.
    pub(super) fn finish_clear(&self) -> Result<(), StoreError> {
        if self.is_cleared()? { self.remove_files().map(drop) } else { Ok(()) }
    }

    /// Whether the store is being removed: then nothing in the directory counts.
    pub(super) fn is_cleared(&self) -> Result<bool, StoreError> {
        self.is_file(CLEARED)
    }

    /// All but the lock; false where there was nothing. One rename decides, so that no part of a store is ever taken for
    /// the whole.
    fn remove_files(&self) -> Result<bool, StoreError> {
        let mut own = self.own_names()?;
        own.retain(|name| name != LOCK);
        if own.is_empty() {
            return Ok(false);
        }
        let counts = |name: &&String| *name == CURRENT || is_numbered(name);
        if !self.is_cleared()?
            && let Some(first) = own.iter().filter(counts).find(|name| self.is_file(name).is_ok_and(|is_file| is_file))
        {
            let (from, to) = (self.file(first), self.file(CLEARED));
            self.storage.rename(&from, &to).map_err(StoreError::io("rename", &from))?;
        }
        self.sync_dir()?;
        for name in own.iter().filter(|name| *name != CLEARED) {
            self.remove(name)?;
        }
        // It goes last: a power cut must not bring back what it keeps from counting.
        self.sync_dir()?;
        self.remove(CLEARED)?;
        Ok(true)
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.file(name);
        self.storage.remove(&path).map(drop).map_err(StoreError::io("remove", &path))
    }

    /// Names of this program's files that are there.
    pub(super) fn own_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.storage.list(&self.dir).map_err(StoreError::io("list", &self.dir))?;
        names.retain(|name| is_own(name));
        Ok(names)
    }

    pub(super) fn sync_dir(&self) -> Result<(), StoreError> {
        self.storage.sync_dir(&self.dir).map_err(StoreError::io("sync", &self.dir))
    }
}

/// Whether this program makes files of that name in a store's directory.
pub(super) fn is_own(name: &str) -> bool {
    let stem = name.strip_suffix(TEMPORARY).unwrap_or(name);
    let fixed = [CURRENT, CHECKED, LOCK, LAST, TAG, CLEARED];
    let checked_temporary =
        stem.len() < name.len() && stem.split_once('.').is_some_and(|(stem, _)| fixed.contains(&stem));
    fixed.contains(&stem) || checked_temporary || stem.starts_with("damaged-") || is_numbered(stem)
}

/// Whether that is the name of a segment or of an index.
pub(super) fn is_numbered(name: &str) -> bool {
    numbers(name, "log-").or(numbers(name, "index-")).is_some()
}
