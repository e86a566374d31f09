//! One sync from the manifest on a remote branch, as it was fetched last.

use std::path::{Path, PathBuf};

use super::checkout::{Hosting, Located};
use super::error::{Now, SyncError};
use super::line::{GitLine, Line};
use super::manifest::{Options, accepted, check_repo, is_answerable};
use super::outcome::Synced;
use super::take::{History, Reading, at_hand, take, take_versions};
use crate::format::{Source, SyncRecord};
use crate::fs::Storage;
use crate::git::{Blob, Checkout, GitError, Publisher};
use crate::manifest::{self, ManifestError};
use crate::store::{Store, View};

/// Syncs from the manifest on the remote branch `branch`. An unchanged branch starts no process but the one that reads
/// the remotes.
///
/// # Errors
/// No such branch, no manifest on it that can be read, another writer, the store's.
pub fn sync_branch(
    storage: &dyn Storage,
    cache: &Path,
    (located, branch): (&Located, &str),
    hosting: Hosting<'_>,
    options: Options<'_>,
    now: Now,
) -> Result<Synced, SyncError> {
    located.check_owner()?;
    let (checkout, path) = located.in_git()?;
    let signed_in = hosting.signed_in();
    let git_error = |error| SyncError::Git { path: located.manifest.clone(), error };
    let publisher = checkout.publisher_on(branch, &hosting.hosts(&signed_in)).map_err(git_error)?;
    if let Some(repo) = &located.known
        && let Some(view) = Store::of(storage, cache, repo).view()?
        && is_taken(&view, &publisher, options)
    {
        check_repo(options, located, repo)?;
        return Ok(Synced::unchanged(repo, view));
    }
    (options.on_work)();
    let (at, bytes) = newest(checkout, &publisher, &path).map_err(|unread| unread.told(located, &publisher))?;
    let hash = *blake3::hash(&bytes).as_bytes();
    let (manifest, refused) = match accepted(&bytes, &at, now, options.force) {
        Ok(manifest) => (manifest, None),
        // Of another time: what it was committed for may count.
        Err(refused) => match manifest::parse(&bytes) {
            Ok(manifest) => (manifest, Some(refused)),
            Err(_) => return Err(refused),
        },
    };
    let repo = match (&manifest.repo, &publisher.repo) {
        // Without a name of its own it is the remote's, and not that of another one that goes before it.
        (None, Some(repo)) => repo.clone(),
        (name, _) => located.repo(name.as_ref(), hosting)?,
    };
    check_repo(options, located, &repo)?;
    let tip = publisher.tip.clone();
    let mut line = GitLine::of((located, checkout, path), publisher, options.limits);
    let reading = |line| Reading {
        repo: &repo,
        record: SyncRecord {
            manifest: Some(hash),
            commit: Some(tip.clone()),
            ..SyncRecord::new(Source::Git, manifest.updated_at, now.millis())
        },
        trackers: &manifest.trackers,
        file: None,
        line,
    };
    let store = Store::of(storage, cache, &repo);
    let way = options.way(now);
    let taken = match refused {
        None => take(&store, reading(Some(&mut line as &mut dyn Line)), way),
        Some(refused) => {
            let synced = take_versions(&store, &repo, &mut line, way).ok().flatten();
            let is_it = |synced: &Synced| synced.view.freshness().is_some_and(|fresh| fresh.manifest == Some(hash));
            synced.filter(is_it).ok_or(refused)
        }
    };
    match taken {
        Err(SyncError::Store(error)) if !options.explain && is_answerable(&error) => {
            let lacks = |view: &View| options.history == History::Needed && !view.has_published();
            Ok(at_hand(&store, &reading(None), error, lacks))
        }
        taken => taken.inspect(|_| located.remember(storage, &repo)),
    }
}

/// Whether what is cached is what the branch holds.
fn is_taken(view: &View, publisher: &Publisher, options: Options<'_>) -> bool {
    let last = view.freshness().and_then(|fresh| fresh.commit.as_deref());
    let has_past = options.history != History::Needed || view.has_published();
    last == Some(&publisher.tip) && view.damage().is_empty() && !options.force && has_past
}

pub(super) enum Unread {
    Git(GitError),
    None,
    Refused(PathBuf, ManifestError),
}

impl Unread {
    fn told(self, located: &Located, publisher: &Publisher) -> SyncError {
        let path = located.manifest.clone();
        match self {
            Self::Git(error) => SyncError::Git { path, error },
            Self::None => SyncError::NoVersions { path, revision: publisher.name.clone() },
            Self::Refused(path, error) => SyncError::Refused { path, error },
        }
    }
}

/// The manifest at the tip of a branch, and how it is called.
pub(super) fn newest(checkout: &Checkout, publisher: &Publisher, path: &str) -> Result<(PathBuf, Vec<u8>), Unread> {
    let at = PathBuf::from(format!("{}:{path}", publisher.name));
    let revision = format!("refs/remotes/{}", publisher.name);
    match checkout.committed(&revision, path, manifest::MAX_LEN).map_err(Unread::Git)? {
        Blob::Bytes(bytes) => Ok((at, bytes)),
        Blob::TooLong { len } => Err(Unread::Refused(at, ManifestError::TooLong { len })),
        Blob::Missing => Err(Unread::None),
    }
}
