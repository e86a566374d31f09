//! Removing a store: only files of its own names.

use std::io::ErrorKind;

use super::error::StoreError;
use super::files::Store;
use super::names::{CLEARED, CURRENT, LOCK, is_numbered};
use super::write::PATIENCE;

impl Store<'_> {
    /// Removes the store's files, and its directories if they are then empty. True if there was anything.
    ///
    /// # Errors
    /// Another writer, and the system's. If it got so far that readers find nothing, the next writer goes on with it.
    pub fn clear(&self) -> Result<bool, StoreError> {
        if self.own_names()?.is_empty() {
            return Ok(false);
        }
        let lock = match self.lock(PATIENCE) {
            // Another clear was faster, and took the directory with it.
            Err(StoreError::Unrecorded { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(false),
            lock => lock?,
        };
        let found = self.remove_files()?;
        self.remove(LOCK)?;
        // Windows keeps a name as long as its file is open, and a directory as long as there is a name in it.
        drop(lock);
        let mut dir = Some(self.dir.as_path());
        for _level in ["name", "owner", "host"] {
            let Some(here) = dir else { break };
            if !self.storage.remove_dir(here).map_err(StoreError::unrecorded("remove", here))? {
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

    /// All but the lock; false if there was nothing. One rename decides, so that no part of a store is ever taken for the
    /// whole.
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
            self.rename(first, CLEARED)?;
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
}
