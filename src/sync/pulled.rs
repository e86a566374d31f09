//! Versions that came with a pull, or stand on a remote branch: each is recorded with its commit and its own time, so that
//! the history of those who pull rarely is no coarser.

use std::path::Path;
use std::time::Duration;

use super::apply::{Outcome, apply};
use super::manifest::{Options, Synced, check_repo};
use super::rebuild::{git_record, readable};
use super::{Hosting, Located, Now, SyncError};
use crate::format::SyncRecord;
use crate::fs::{Storage, publish_unsynced};
use crate::git::{CommitId, GitError};
use crate::manifest;
use crate::model::{Repo, Tracker};
use crate::store::{Store, StoreError, Writer};

/// More versions than this are not recorded one by one: a rebuild does that.
const MANY: usize = 1000;
const PULL_LIMIT: Duration = Duration::from_secs(20);

/// Records the versions between the commit that was recorded last and `head`. Best effort: where git cannot tell, the
/// working tree's manifest is all there is.
pub(super) fn take_pulled(
    writer: &mut Writer<'_>,
    located: &Located,
    repo: &Repo,
    head: Option<&CommitId>,
    now: Now,
) -> Result<Option<Outcome>, StoreError> {
    let last = writer.view().and_then(|view| view.freshness()).and_then(|fresh| fresh.commit.clone());
    let (Some(last), Some(head), Ok((checkout, path))) = (last, head, located.in_git()) else { return Ok(None) };
    if last == *head {
        return Ok(None);
    }
    match checkout.commits_of(&checkout.mainline(&path), Some(&last), &path) {
        Ok(commits) if commits.len() <= MANY => {
            take(writer, located, repo, &commits, now).or_else(|error| match error {
                SyncError::Store(error) => Err(error),
                _ => Ok(None),
            })
        }
        _ => Ok(None),
    }
}

/// Records the readable versions of `commits`, oldest first; what they came to together.
fn take(
    writer: &mut Writer<'_>,
    located: &Located,
    repo: &Repo,
    commits: &[CommitId],
    now: Now,
) -> Result<Option<Outcome>, SyncError> {
    let (checkout, path) = located.in_git()?;
    let mut taken = None;
    checkout
        .read_versions(commits, &path, manifest::MAX_LEN, |version| {
            if let Some((bytes, manifest)) = readable(&version)
                && manifest.repo.as_ref().is_none_or(|name| name.on(repo.host()).is_ok_and(|of| of == *repo))
            {
                let sync = git_record(&version.commit, bytes, manifest.updated_at, now);
                let outcome = apply(writer, sync, &manifest.trackers, false)?;
                taken = Some(match taken.take() {
                    Some(before) => Outcome::after(before, outcome),
                    None => outcome,
                });
            }
            Ok::<(), PulledError>(())
        })
        .map_err(|error| match error {
            PulledError::Git(error) => SyncError::Git { path: located.manifest.clone(), error },
            PulledError::Store(error) => SyncError::Store(error),
        })?;
    Ok(taken)
}

enum PulledError {
    Git(GitError),
    Store(StoreError),
}

impl From<GitError> for PulledError {
    fn from(error: GitError) -> Self {
        PulledError::Git(error)
    }
}

impl From<StoreError> for PulledError {
    fn from(error: StoreError) -> Self {
        PulledError::Store(error)
    }
}

/// Pulls if the last time was longer ago than `interval` seconds, successful or not; `None` where it was not.
///
/// # Errors
/// Git's: what is cached is then all there is.
pub fn pull_if_due(
    storage: &dyn Storage,
    located: &Located,
    branch: Option<&str>,
    interval: u64,
    now: Now,
) -> Option<Result<(), GitError>> {
    let (checkout, _) = located.in_git().ok()?;
    let stamp = located.pull_stamp();
    let last = storage.signature(&stamp).ok().flatten().map(|signature| signature.modified);
    let interval = i64::try_from(interval).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
    if last.is_some_and(|last| now.nanos.saturating_sub(last) < interval) {
        return None;
    }
    // Before, so that a pull that fails is not tried again by every list.
    let written = stamp.parent().map_or(Ok(()), |dir| storage.create_dir(dir));
    let _ = written.and_then(|()| publish_unsynced(storage, &stamp, b""));
    Some(checkout.pull(branch.map(|branch| ("origin", branch)), PULL_LIMIT))
}

/// Syncs from the manifest on the remote branch `origin/<branch>`, as it was fetched last. An unchanged branch starts no
/// process.
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
    let (checkout, path) = located.in_git()?;
    let revision = format!("origin/{branch}");
    let missing = || SyncError::NoVersions { path: located.manifest.clone(), revision: revision.clone() };
    let tip = checkout.reference(&format!("refs/remotes/{revision}")).ok_or_else(missing)?;
    let mut last = None;
    if let Some(repo) = &located.known
        && let Some(view) = Store::of(storage, cache, repo).view()?
    {
        last = view.freshness().and_then(|fresh| fresh.commit.clone());
        if last.as_ref() == Some(&tip) && view.damage().is_empty() && !options.force {
            check_repo(options, located, repo)?;
            return Ok(Synced { repo: repo.clone(), view, outcome: Outcome::Unchanged, mended: Vec::new() });
        }
    }
    (options.on_work)();
    let git_error = |error| SyncError::Git { path: located.manifest.clone(), error };
    let mut newest = None;
    let read = checkout.read_versions(std::slice::from_ref(&tip), &path, manifest::MAX_LEN, |version| {
        newest = Some(version);
        Ok::<(), GitError>(())
    });
    read.map_err(git_error)?;
    let newest = newest.ok_or_else(missing)?;
    let bytes = newest.bytes.as_deref().ok_or_else(missing)?;
    let at = Path::new(&revision).join(&path);
    let manifest = manifest::parse(bytes).map_err(|error| SyncError::Refused { path: at, error })?;
    let repo = located.repo(manifest.repo.as_ref(), hosting)?;
    check_repo(options, located, &repo)?;
    let mut writer = Store::of(storage, cache, &repo).writer(&repo, options.patience)?;
    let mut taken = None;
    // The last commit may be gone: of a branch that was pushed by force, and cleaned up.
    if let Some(last) = last.filter(|_| !options.force)
        && let Ok(commits) = checkout.commits_of(&revision, Some(&last), &path)
        && commits.len() <= MANY
    {
        taken = take(&mut writer, located, &repo, &commits, now)?;
    }
    let sync = git_record(&tip, bytes, manifest.updated_at, now);
    let outcome = apply(&mut writer, sync.clone(), &manifest.trackers, options.force)?;
    let outcome = match taken {
        Some(taken) => Outcome::after(taken, outcome),
        None => outcome,
    };
    remember_tip(&mut writer, &sync, &manifest.trackers)?;
    writer.record_checked(None, now.millis());
    located.remember(storage, &repo);
    let (view, mended) = writer.into_view();
    // OK because apply() has or makes a store.
    let view = view.expect("a store behind a sync");
    Ok(Synced { repo, view, outcome, mended })
}

/// The branch may have moved on without touching the manifest: its tip is what the next look compares.
fn remember_tip(writer: &mut Writer<'_>, sync: &SyncRecord, trackers: &[Tracker<'_>]) -> Result<(), StoreError> {
    let fresh = writer.view().and_then(|view| view.freshness());
    if fresh.is_some_and(|fresh| fresh.commit != sync.commit && fresh.manifest == sync.manifest) {
        let mut batch = writer.batch()?;
        batch.observed(sync, trackers)?;
        batch.commit()?;
    }
    Ok(())
}
