//! The place of a store, and what every verb does with its files.

use std::path::{Path, PathBuf};

use super::error::{Damage, Part, StoreError};
use super::names::{CLEARED, CURRENT, LOCK, SMALL_FILE_LIMIT, is_own};
use crate::fs::Storage;
use crate::model::Repo;

/// The place of one repository's store, whether or not anything is there yet.
#[derive(Clone)]
pub struct Store<'s> {
    pub(super) storage: &'s dyn Storage,
    pub(super) dir: PathBuf,
    /// Whether the directory is named after the repository that it holds.
    is_named: bool,
}

impl<'s> Store<'s> {
    /// Returns the store of `repo` below the cache's directory.
    pub fn of(storage: &'s dyn Storage, cache: &Path, repo: &Repo) -> Self {
        let mut dir = cache.to_owned();
        dir.extend(repo.dir_names());
        Self { storage, dir, is_named: true }
    }

    /// Returns the store in a directory that is named after its repository.
    pub(super) fn named(storage: &'s dyn Storage, dir: PathBuf) -> Self {
        Self { storage, dir, is_named: true }
    }

    /// Returns the store in a directory of any name.
    pub fn at(storage: &'s dyn Storage, dir: PathBuf) -> Self {
        Self { storage, dir, is_named: false }
    }

    /// Returns its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns every directory below the cache's with files of a store, or of one that was begun or is being removed, in
    /// order of their names.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn all(storage: &'s dyn Storage, cache: &Path) -> Result<Vec<Self>, StoreError> {
        let stores = dirs(storage, cache, Whose::default())?.into_iter().map(|dir| Self::named(storage, dir));
        Ok(stores.filter(|store| store.own_names().is_ok_and(|names| names.iter().any(|name| name != LOCK))).collect())
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Names of this program's files that are there.
    pub(super) fn own_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.storage.list(&self.dir).map_err(StoreError::io("list", &self.dir))?;
        names.retain(|name| is_own(name));
        Ok(names)
    }

    pub(super) fn read_small(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.file(name);
        self.storage.read(&path, SMALL_FILE_LIMIT).map_err(StoreError::io("read", &path))
    }

    pub(super) fn current_bytes(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_small(CURRENT)
    }

    /// The damage of a file that is of `repo`, if that is another repository than the directory's: nothing of a foreign
    /// file is used.
    pub(super) fn foreign(&self, repo: &str, path: PathBuf) -> Option<Damage> {
        if !self.is_named || Repo::is_dir_of(&self.dir, repo) {
            return None;
        }
        let repo = Repo::parse(repo, Repo::DEFAULT_HOST).ok()?;
        let own = self.dir.ends_with(repo.dir_names().iter().collect::<PathBuf>());
        let what = format!("is the cache of {repo}");
        (!own).then_some(Damage { path, offset: 0, part: Part::Foreign, what })
    }

    pub(super) fn is_file(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.file(name);
        Ok(self.storage.signature(&path).map_err(StoreError::io("read", &path))?.is_some())
    }

    /// Whether something that is no regular file has the name, such as a directory or a link.
    pub(super) fn is_blocked(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.file(name);
        if self.storage.is_link(&path).map_err(StoreError::io("read", &path))? {
            return Ok(true);
        }
        Ok(!self.is_file(name)? && self.own_names()?.iter().any(|own| own == name))
    }

    /// Whether the store is being removed: then nothing in the directory counts.
    pub(super) fn is_cleared(&self) -> Result<bool, StoreError> {
        self.is_file(CLEARED)
    }

    pub(super) fn sync_dir(&self) -> Result<(), StoreError> {
        self.storage.sync_dir(&self.dir).map_err(StoreError::unrecorded("sync", &self.dir))
    }

    pub(super) fn publish(&self, name: &str, parts: &[&[u8]]) -> Result<(), StoreError> {
        let path = self.file(name);
        crate::fs::publish(self.storage, &path, parts).map_err(StoreError::unrecorded("write", &path))
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.file(name);
        self.storage.remove(&path).map(drop).map_err(StoreError::unrecorded("remove", &path))
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let path = self.file(from);
        self.storage.rename(&path, &self.file(to)).map_err(StoreError::unrecorded("rename", &path))
    }
}

/// Which of the stores below the cache's directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whose<'w> {
    /// Those of repositories on this host only.
    pub host: Option<&'w str>,
    /// Those of this owner's repositories only.
    pub owner: Option<&'w str>,
}

impl Whose<'_> {
    /// Whether a repository's is one of them.
    pub fn has(self, repo: &Repo) -> bool {
        let is = |only: Option<&str>, part: &str| only.is_none_or(|only| Repo::dir_name(only) == Repo::dir_name(part));
        is(self.host, repo.host()) && is(self.owner, repo.owner())
    }
}

/// The directories below the cache's that are named after repositories, in order.
pub(super) fn dirs(storage: &dyn Storage, cache: &Path, whose: Whose<'_>) -> Result<Vec<PathBuf>, StoreError> {
    let mut dirs = vec![cache.to_owned()];
    // No host or owner begins with a dot: what does is another program's, or a hint. Repositories may (`.github`).
    for (only, may_be_hidden) in [(whose.host, false), (whose.owner, false), (None, true)] {
        let only = only.map(Repo::dir_name);
        let is_meant = |name: &&String| {
            (may_be_hidden || !name.starts_with('.')) && only.as_ref().is_none_or(|only| *name == only)
        };
        let mut below = Vec::new();
        for dir in &dirs {
            let names = storage.list(dir).map_err(StoreError::io("list", dir))?;
            below.extend(names.iter().filter(is_meant).map(|name| dir.join(name)));
        }
        dirs = below;
    }
    Ok(dirs)
}
