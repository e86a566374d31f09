//! Opening many stores: thousands are no burden.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use super::error::StoreError;
use super::files::{Store, dirs};
use super::view::View;
use crate::fs::Storage;

/// A thread pays off from about so many stores on: it starts in the time that two take.
const STORES_A_THREAD: usize = 50;

/// A store's directory, and what it holds now, or why that cannot be told.
pub type Opened = (PathBuf, Result<View, StoreError>);

/// Returns what every store below the cache's directory holds, in the order of their names; only an owner's, if one is
/// given. Several threads open them: that is mostly waiting for the system.
///
/// # Errors
/// A directory that cannot be listed.
pub fn open_all(storage: &(dyn Storage + Sync), cache: &Path, owner: Option<&str>) -> Result<Vec<Opened>, StoreError> {
    let dirs = dirs(storage, cache, owner)?;
    let open = |dirs: &[PathBuf]| -> Vec<Opened> {
        let opened = dirs.iter().filter_map(|dir| {
            let view = Store::named(storage, dir.clone()).view().transpose()?;
            Some((dir.clone(), view))
        });
        opened.collect()
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(dirs.len() / STORES_A_THREAD).max(1);
    let mut parts = dirs.chunks(dirs.len().div_ceil(threads).max(1));
    let own = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let spawn = |part| thread::Builder::new().spawn_scoped(scope, move || open(part)).map_err(|_| part);
        let others: Vec<_> = parts.map(spawn).collect();
        let mut all = open(own);
        for other in others {
            all.extend(match other {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // No thread can be had.
                Err(part) => open(part),
            });
        }
        Ok(all)
    })
}
