//! Opening many stores: thousands are no burden.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::files::{Store, dirs};
use super::view::View;
use crate::fs::Storage;

/// A store's directory, and what it holds now, or why that cannot be told.
pub type Opened = (PathBuf, Result<View, StoreError>);

/// Returns what every store below the cache's directory holds, in the order of their names; only an owner's, if one is
/// given. One after the other: two threads, which take turns at the allocator, are no faster, and cost twice as much.
///
/// # Errors
/// A directory that cannot be listed.
pub fn open_all(storage: &dyn Storage, cache: &Path, owner: Option<&str>) -> Result<Vec<Opened>, StoreError> {
    let opened = dirs(storage, cache, owner)?.into_iter().filter_map(|dir| {
        let view = Store::named(storage, dir.clone()).view().transpose()?;
        Some((dir, view))
    });
    Ok(opened.collect())
}
