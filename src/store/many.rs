//! Opening many stores: thousands are no burden.

use std::path::Path;

use super::error::StoreError;
use super::files::{Store, Whose, dirs};
use super::view::View;
use crate::fs::Storage;

/// Returns what the stores below the cache's directory hold, in the order of their names.
///
/// # Errors
/// A directory that cannot be listed.
pub fn open_all(
    storage: &dyn Storage,
    cache: &Path,
    whose: Whose<'_>,
) -> Result<Vec<Result<View, StoreError>>, StoreError> {
    take_from_all(storage, cache, whose, |view| view)
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
    take: impl FnMut(Result<View, StoreError>) -> T,
) -> Result<Vec<T>, StoreError> {
    let views =
        dirs(storage, cache, whose)?.into_iter().filter_map(|dir| Store::named(storage, dir).view().transpose());
    Ok(views.map(take).collect())
}
