//! Repositories that have another name now: one store, and the old name answers too.

use std::path::{Path, PathBuf};

use super::checkout::{forget, key, sweep};
use super::error::SyncError;
use super::outcome::Synced;
use super::versions::full_name;
use crate::format::Hint;
use crate::fs::{Storage, publish_unsynced};
use crate::model::Repo;
use crate::store::{Store, StoreError};

/// Former names lie beside the hosts; no host begins with a dot.
const NAMES: &str = ".renamed";
const NAME_LIMIT: u64 = 4096;
/// A repository renamed more often than this is not followed.
const MAX_STEPS: usize = 8;

fn place(cache: &Path, repo: &Repo) -> PathBuf {
    let name = full_name(repo).to_ascii_lowercase();
    let key: String = key(&[name.as_bytes()]).iter().map(|byte| format!("{byte:02x}")).collect();
    cache.join(NAMES).join(key)
}

/// The name under which a repository is cached now: its own, unless only another one is known that it was given later.
pub fn current_name(storage: &dyn Storage, cache: &Path, repo: &Repo) -> Repo {
    let mut current = repo.clone();
    for _step in 0..MAX_STEPS {
        let Some(next) = next_name(storage, cache, &current) else { break };
        if matches!(Store::of(storage, cache, &current).view(), Ok(Some(_)) | Err(_)) {
            break;
        }
        current = next;
    }
    if current == *repo {
        return current;
    }
    // Names that lead nowhere lead back to the one that was asked for.
    match Store::of(storage, cache, &current).view() {
        Ok(Some(_)) => current,
        _ => repo.clone(),
    }
}

fn next_name(storage: &dyn Storage, cache: &Path, repo: &Repo) -> Option<Repo> {
    let bytes = storage.read(&place(cache, repo), NAME_LIMIT).ok()??;
    Repo::parse(&Hint::decode(&bytes).ok()?.repo, Repo::DEFAULT_HOST).ok()
}

/// After a sync that took history under former names: lets them lead to the new one, and removes their stores, of which
/// all that was published is in the new store. Best effort: a store that stays is only one too many.
pub(super) fn remember(storage: &dyn Storage, cache: &Path, synced: &Synced) -> Result<(), SyncError> {
    for former in &synced.formerly {
        let old = Store::of(storage, cache, former);
        match old.view() {
            Ok(Some(view)) if is_contained(&old, &view, storage, cache, synced)? => drop(old.clear()),
            Ok(None) => {}
            _ => continue,
        }
        let path = place(cache, former);
        let hint = Hint { git_config: Default::default(), repo: full_name(&synced.repo) };
        let written = path.parent().map_or(Ok(()), |dir| storage.create_dir(dir));
        let _ = written.and_then(|()| publish_unsynced(storage, &path, &hint.encode()));
    }
    Ok(())
}

/// Whether the last published event of an old store has the same number and name in the new one.
fn is_contained(
    old: &Store<'_>,
    view: &crate::store::View,
    storage: &dyn Storage,
    cache: &Path,
    synced: &Synced,
) -> Result<bool, StoreError> {
    if !view.has_published() || view.observed_count() > 0 {
        return Ok(false);
    }
    let last = old.history(view)?.event(view.published_seq())?;
    let new = Store::of(storage, cache, &synced.repo);
    let same = new.history(&synced.view)?.event(view.published_seq())?;
    Ok(last.zip(same).is_some_and(|(last, same)| last.id() == same.id()))
}

/// Forgets what is known of checkouts, and all former names. Best effort: they are only hints.
pub fn forget_checkouts(storage: &dyn Storage, cache: &Path) {
    forget(storage, cache);
    sweep(storage, &cache.join(NAMES));
}
