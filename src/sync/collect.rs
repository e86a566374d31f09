//! One sync of every manifest of a collection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::checkout::{Hosting, locate};
use super::collection::Collection;
use super::error::{Now, SyncError};
use super::manifest::{Options, sync};
use super::outcome::Synced;
use crate::fs::Storage;
use crate::manifest;
use crate::model::Repo;

/// What became of one file.
pub struct Collected {
    /// The file, or a directory that cannot be read.
    pub path: PathBuf,
    /// The repository that it names, or named when it was last read.
    pub repo: Option<Repo>,
    /// The sync, or why there was none.
    pub synced: Result<Synced, SyncError>,
}

/// Syncs every manifest below the directory of `collection`, each into the store of the repository that it names, and
/// hands on what became of each, with its place among them and their count. One that names none, or one that another
/// file names too, is refused; the others go on.
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
    let (files, refused) = collection.files()?;
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
    let mut names = Names::of(names);
    // Files can have changed places since.
    let read_again =
        |names: &mut Names, at: usize| names.set(at, named(storage, &located[at].manifest, &host).flatten());
    let mut is_read = vec![false; located.len()];
    let mut settle = |names: &mut Names| {
        let mut has_news = true;
        while std::mem::take(&mut has_news) {
            for (at, is_read) in is_read.iter_mut().enumerate() {
                if !*is_read && names.is_double(at) {
                    (*is_read, has_news) = (true, true);
                    read_again(names, at);
                }
            }
        }
    };
    settle(&mut names);
    let total = (located.len() + refused.len()) as u64;
    for (at, located) in located.iter().enumerate() {
        let name = names.of[at].clone();
        let options = Options { only: name.as_ref(), collection: Some(collection), ..options };
        let double = |repo| Err(SyncError::Double { path: located.manifest.clone(), repo: Box::new(repo) });
        let synced = match &name {
            Some(repo) if names.is_double(at) => double(repo.clone()),
            _ => match sync(storage, cache, located, hosting, options, now) {
                // It names another repository than it did: that one may have its file already.
                Err(SyncError::OtherRepo { found, .. }) => {
                    names.set(at, Some((*found).clone()));
                    settle(&mut names);
                    match names.is_double(at) {
                        true => double(*found),
                        false => sync(storage, cache, located, hosting, Options { only: None, ..options }, now),
                    }
                }
                synced => synced,
            },
        };
        let repo = name.or_else(|| located.known.clone());
        each(Collected { path: located.manifest.clone(), repo, synced }, at as u64 + 1, total);
    }
    for (done, (path, error)) in (located.len() as u64 + 1..).zip(refused) {
        each(Collected { path, repo: None, synced: Err(error) }, done, total);
    }
    Ok(())
}

/// Which file names which repository.
struct Names {
    of: Vec<Option<Repo>>,
    counts: BTreeMap<[String; 3], usize>,
}

impl Names {
    fn of(names: Vec<Option<Repo>>) -> Self {
        let mut counts = BTreeMap::new();
        names.iter().flatten().for_each(|repo| *counts.entry(repo.dir_names()).or_default() += 1);
        Self { of: names, counts }
    }

    fn set(&mut self, at: usize, name: Option<Repo>) {
        if let Some(count) = self.of[at].as_ref().and_then(|repo| self.counts.get_mut(&repo.dir_names())) {
            *count -= 1;
        }
        if let Some(repo) = &name {
            *self.counts.entry(repo.dir_names()).or_default() += 1;
        }
        self.of[at] = name;
    }

    /// Whether another file names the same repository.
    fn is_double(&self, at: usize) -> bool {
        self.of[at].as_ref().is_some_and(|repo| self.counts.get(&repo.dir_names()).is_some_and(|count| *count > 1))
    }
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
