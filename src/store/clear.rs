//! Removing a store: only files of its own names.

use super::recover::numbers;
use super::{CHECKED, CURRENT, LAST, LOCK, Store, StoreError, TAG};
use crate::fs::TEMPORARY;

impl Store<'_> {
    /// Removes the store's files, and its directories where they are then empty. True if there was anything.
    ///
    /// # Errors
    /// Another writer, and the system's.
    pub fn clear(&self) -> Result<bool, StoreError> {
        if self.storage.list(&self.dir).map_err(StoreError::io("list", &self.dir))?.is_empty() {
            return Ok(false);
        }
        let _lock = self.lock(super::write::PATIENCE)?;
        let names = self.storage.list(&self.dir).map_err(StoreError::io("list", &self.dir))?;
        // CURRENT first: a crash half-way leaves what repair can bring back, or the next clear can remove.
        let mut own: Vec<&String> = names.iter().filter(|name| is_own(name)).collect();
        own.sort_by_key(|name| (*name == LOCK, *name != CURRENT));
        for name in &own {
            let path = self.file(name);
            self.storage.remove(&path).map_err(StoreError::io("remove", &path))?;
        }
        let _ = self.storage.sync_dir(&self.dir);
        let mut dir = Some(self.dir.as_path());
        for _level in ["name", "owner", "host"] {
            let Some(here) = dir else { break };
            if !self.storage.remove_dir(here).map_err(StoreError::io("remove", here))? {
                break;
            }
            dir = here.parent();
        }
        // The lock is this call's own.
        Ok(own.iter().any(|name| *name != LOCK))
    }
}

/// Whether this program makes files of that name in a store's directory.
pub(super) fn is_own(name: &str) -> bool {
    let stem = name.strip_suffix(TEMPORARY).unwrap_or(name);
    let fixed = [CURRENT, CHECKED, LOCK, LAST, TAG];
    let checked_temporary =
        stem.len() < name.len() && stem.split_once('.').is_some_and(|(stem, _)| fixed.contains(&stem));
    fixed.contains(&stem)
        || checked_temporary
        || stem.starts_with("damaged-")
        || numbers(stem, "log-").or(numbers(stem, "index-")).is_some()
}
