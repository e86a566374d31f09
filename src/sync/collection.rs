//! One sync of every manifest of a collection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::checkout::{Hosting, locate};
use super::collected::Collection;
use super::error::{Now, SyncError};
use super::manifest::{Options, sync};
use super::outcome::Synced;
use crate::fs::Storage;
use crate::manifest;
use crate::model::Repo;

/// What became of one file.
pub struct Collected {
    /// The file.
    pub path: PathBuf,
    /// The sync, or why there was none.
    pub synced: Result<Synced, SyncError>,
}

/// Syncs every manifest below the directory of `collection`, each into the store of the repository that it names, and
/// hands on what became of each, with its place and their count. One that names none, or one that another file names
/// too, is refused; the others go on.
///
/// # Errors
/// The directory cannot be read.
pub fn sync_collection(
    storage: &dyn Storage,
    cache: &Path,
    (collection, hosting): (&Collection<'_>, Hosting<'_>),
    (options, now): (Options<'_>, Now),
    each: &mut dyn FnMut(Collected, u64, u64),
) -> Result<(), SyncError> {
    let files = collection.files()?;
    let host = hosting.default_host();
    // A file that was looked at before names who it named then, unless it has changed: the sync finds that out.
    let found = files.iter().filter_map(|path| {
        let located = locate(storage, cache, None, path.clone(), hosting);
        let name = match located.known.clone() {
            None => named(storage, &located.manifest, &host)?,
            known => known,
        };
        Some((located, name))
    });
    let (located, names): (Vec<_>, Vec<Option<Repo>>) = found.unzip();
    let mut owners: BTreeMap<[String; 3], usize> = BTreeMap::new();
    for repo in names.iter().flatten() {
        *owners.entry(repo.dir_names()).or_default() += 1;
    }
    let total = located.len() as u64;
    for ((done, located), name) in (1..).zip(&located).zip(&names) {
        let path = located.manifest.clone();
        let is_double = name.as_ref().is_some_and(|repo| owners.get(&repo.dir_names()).is_some_and(|count| *count > 1));
        let options = Options { only: name.as_ref(), collection: Some(collection), ..options };
        let synced = match name {
            Some(repo) if is_double => Err(SyncError::Double { path: path.clone(), repo: Box::new(repo.clone()) }),
            _ => match sync(storage, cache, located, hosting, options, now) {
                // It names another repository than it did: that one may have its file already.
                Err(SyncError::OtherRepo { found, .. }) if owners.contains_key(&found.dir_names()) => {
                    Err(SyncError::Double { path: path.clone(), repo: found })
                }
                Err(SyncError::OtherRepo { .. }) => {
                    sync(storage, cache, located, hosting, Options { only: None, ..options }, now)
                }
                synced => synced,
            },
        };
        each(Collected { path, synced }, done, total);
    }
    Ok(())
}

/// The repository that a manifest names, if it can be read, and names one: the sync says so. `None` for other JSON, such as
/// a `package.json`.
fn named(storage: &dyn Storage, path: &Path, host: &str) -> Option<Option<Repo>> {
    let bytes = storage.read(path, manifest::MAX_LEN).ok().flatten();
    let Some(bytes) = bytes else { return Some(None) };
    match manifest::parse(&bytes) {
        Err(_) if manifest::is_something_else(&bytes) => None,
        parsed => Some(parsed.ok().and_then(|manifest| manifest.repo?.on(host).ok())),
    }
}
