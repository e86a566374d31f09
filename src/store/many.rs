//! Opening many stores: thousands are no burden.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::files::{Store, Whose, dirs};
use super::view::View;
use crate::fs::Storage;

/// A store's directory, and what it holds now, or why that cannot be told.
pub type Opened = (PathBuf, Result<View, StoreError>);

/// Returns what the stores below the cache's directory hold, in the order of their names.
///
/// # Errors
/// A directory that cannot be listed.
pub fn open_all(storage: &dyn Storage, cache: &Path, whose: Whose<'_>) -> Result<Vec<Opened>, StoreError> {
    take_from_all(storage, cache, whose, |store, view| (store.dir().to_owned(), view))
}

/// Returns what `take` keeps of each store below the cache's directory, in the order of their names. Each is closed before
/// the next one is opened: memory that is used again costs less than the page faults of thousands of views. One after the
/// other: two threads, which take turns at the allocator, need more time, not less.
///
/// # Errors
/// A directory that cannot be listed.
pub fn take_from_all<T>(
    storage: &dyn Storage,
    cache: &Path,
    whose: Whose<'_>,
    mut take: impl FnMut(&Store<'_>, Result<View, StoreError>) -> T,
) -> Result<Vec<T>, StoreError> {
    let stores = dirs(storage, cache, whose)?.into_iter().map(|dir| Store::named(storage, dir));
    Ok(stores.filter_map(|store| Some(take(&store, store.view().transpose()?))).collect())
}
