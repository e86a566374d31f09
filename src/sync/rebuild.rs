//! A fresh log out of git: every committed version of the manifest, in first-parent order.

use std::path::{Path, PathBuf};

use super::{Located, Now, SyncError};
use crate::format::{Source, SyncRecord};
use crate::fs::Storage;
use crate::git::{Checkout, Version};
use crate::manifest::{self, Manifest};
use crate::model::{Repo, Seq, Tracker, UnixMillis};
use crate::store::{PATIENCE, PastState, Replaced, Rewrite, Store, StoreError};

/// What a rebuild found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Versions whose state was taken in.
    pub versions: u64,
    /// Versions that cannot be read, or are of another repository.
    pub skipped: u64,
    /// Versions older than one before them.
    pub older: u64,
    /// Events written.
    pub events: u64,
}

/// Replaces the log of `repo` by one out of the history of a remote branch, such as `origin/pmu-cache`, or of what is
/// checked out.
///
/// # Errors
/// No git, no version in its history, another writer, the store's. The old log is then as it was.
pub fn rebuild(
    storage: &dyn Storage,
    cache: &Path,
    located: &Located,
    (repo, branch): (&Repo, Option<&str>),
    now: Now,
) -> Result<Rebuilt, SyncError> {
    let (checkout, path) = located.in_git()?;
    let git_error = |error| SyncError::Git { path: located.manifest.clone(), error };
    let revision = branch.map_or_else(|| checkout.mainline(&path), str::to_owned);
    let commits = checkout.commits_of(&revision, None, &path).map_err(git_error)?;
    let no_versions =
        || SyncError::NoVersions { path: located.manifest.clone(), revision: branch.unwrap_or("HEAD").to_owned() };
    if commits.is_empty() {
        return Err(no_versions());
    }
    let store = Store::of(storage, cache, repo);
    let mut writer = store.writer(repo, PATIENCE)?;
    let mut replay = Replay { rewrite: writer.rewrite(Seq(1)), last: None, failed: None, rebuilt: Rebuilt::default() };
    let read = checkout.read_versions(&commits, &path, manifest::MAX_LEN, |version| {
        replay.version(&version, repo, now);
        Ok::<(), crate::git::GitError>(())
    });
    read.map_err(git_error)?;
    replay.failed.map_or(Ok(()), Err)?;
    replay.last.ok_or_else(no_versions)?;
    writer.replace_log(replay.rewrite, Replaced::Renumbered)?;
    Ok(replay.rebuilt)
}

/// The states that git holds of a manifest, oldest first, for repairs. Best effort: none where git cannot tell.
pub fn past_states(located: &Located, repo: &Repo, now: Now) -> Vec<PastState> {
    let mut states = Vec::new();
    let Ok((checkout, path)) = located.in_git() else { return states };
    let Ok(commits) = checkout.commits_of(&checkout.mainline(&path), None, &path) else { return states };
    let read = checkout.read_versions(&commits, &path, manifest::MAX_LEN, |version| {
        if let Some((bytes, manifest)) = readable(&version)
            && manifest.repo.as_ref().is_none_or(|name| name.on(repo.host()).ok().as_ref() == Some(repo))
        {
            let sync = git_record(&version.commit, bytes, manifest.updated_at, now);
            states.push((sync, manifest.trackers.into_iter().map(Tracker::into_owned).collect()));
        }
        Ok::<(), crate::git::GitError>(())
    });
    // What was read before git failed is still true.
    drop(read);
    states
}

struct Replay {
    rewrite: Rewrite,
    /// The newest version's time.
    last: Option<UnixMillis>,
    failed: Option<StoreError>,
    rebuilt: Rebuilt,
}

impl Replay {
    fn version(&mut self, version: &Version, repo: &Repo, now: Now) {
        let Some((bytes, manifest)) = readable(version) else {
            self.rebuilt.skipped += 1;
            return;
        };
        // A manifest of another name is another repository's, from before a fork or a copy.
        let name = manifest.repo.as_ref();
        if name.is_some_and(|name| name.on(repo.host()).ok().as_ref() != Some(repo)) {
            self.rebuilt.skipped += 1;
            return;
        }
        if self.last.is_some_and(|last| manifest.updated_at < last) {
            self.rebuilt.older += 1;
            return;
        }
        self.take(&version.commit, bytes, manifest, now);
    }

    fn take(&mut self, commit: &[u8], bytes: &[u8], manifest: Manifest<'_>, now: Now) {
        let sync = git_record(commit, bytes, manifest.updated_at, now);
        self.rebuilt.versions += 1;
        match self.rewrite.published(&sync, &manifest.trackers) {
            Ok(taken) => self.rebuilt.events += taken.count(),
            Err(error) => drop(self.failed.get_or_insert(error)),
        }
        self.last = Some(sync.updated_at);
    }
}

/// A version's bytes and manifest, if it has one that is accepted.
pub(super) fn readable(version: &Version) -> Option<(&[u8], Manifest<'_>)> {
    let bytes = version.bytes.as_deref()?;
    let manifest = manifest::parse(bytes).ok()?;
    Some((bytes, manifest))
}

/// The sync record of a committed version.
pub(super) fn git_record(commit: &[u8], bytes: &[u8], changed_at: UnixMillis, now: Now) -> SyncRecord {
    SyncRecord {
        manifest: Some(*blake3::hash(bytes).as_bytes()),
        commit: Some(commit.to_vec()),
        ..SyncRecord::new(Source::Git, changed_at, now.millis())
    }
}

impl Located {
    /// The commit that is checked out.
    pub(super) fn head(&self) -> Option<crate::git::CommitId> {
        self.checkout.as_ref().filter(|checkout| checkout.is_git())?.head()
    }

    /// The checkout, and the manifest's path in it.
    pub(super) fn in_git(&self) -> Result<(&Checkout, PathBuf), SyncError> {
        let no_git = || SyncError::Git { path: self.manifest.clone(), error: crate::git::GitError::NotARepository };
        let checkout = self.checkout.as_ref().filter(|checkout| checkout.is_git()).ok_or_else(no_git)?;
        let path = self.manifest.strip_prefix(checkout.root()).map_err(|_| no_git())?;
        Ok((checkout, path.to_owned()))
    }
}
