//! One sync from what GitHub said: its issues, or the manifest that a repository holds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::apply::{Outcome, apply};
use super::{Now, SyncError, Synced};
use crate::format::{Source, SyncRecord};
use crate::fs::Storage;
use crate::github::{Answer, ManifestPlace, RemoteManifest};
use crate::manifest;
use crate::model::{Repo, Tracker, UnixMillis};
use crate::store::{Store, View};

/// What GitHub said of a repository.
#[derive(Clone, Debug)]
pub enum Said {
    /// Its issues with a tracker's label and title.
    Issues(Answer),
    /// The manifest at a place.
    Manifest(RemoteManifest, ManifestPlace),
    /// That the manifest there is the one whose tag the store holds.
    Same(ManifestPlace),
}

/// How it is done.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// Takes in also what is older than the cache.
    pub force: bool,
    /// How long to wait for another writer.
    pub patience: Duration,
    /// The present.
    pub now: Now,
}

/// Records what GitHub said of `repo`. Issues are dated by the time of the answer, a manifest as one in a checkout.
///
/// # Errors
/// A manifest that is refused, or another repository's; what the store cannot take. The cached state is then as it
/// was.
pub fn record(
    storage: &dyn Storage,
    cache: &Path,
    repo: &Repo,
    said: &Said,
    recording: Recording,
) -> Result<Synced, SyncError> {
    let Recording { force, patience, now } = recording;
    let store = Store::of(storage, cache, repo);
    let write = |source, changed_at: UnixMillis, manifest, trackers: &[Tracker<'_>]| {
        let mut writer = store.writer(repo, patience)?;
        let synced_at = now.millis();
        let sync = SyncRecord { manifest, ..SyncRecord::new(source, changed_at, synced_at) };
        let outcome = apply(&mut writer, sync, trackers, force)?;
        if !matches!(outcome, Outcome::Older { .. }) {
            writer.record_checked(None, synced_at);
        }
        let (view, mended) = writer.into_view();
        // OK because every outcome of apply() has or makes a store.
        let view = view.expect("a store behind a sync");
        Ok(Synced { repo: repo.clone(), view, outcome, mended })
    };
    match said {
        Said::Issues(Answer { trackers, answered_at }) => write(Source::Api, *answered_at, None, trackers),
        Said::Manifest(RemoteManifest { bytes, tag }, place) => {
            let path = named(repo, place);
            let manifest = manifest::parse(bytes);
            let manifest = manifest.map_err(|error| SyncError::Refused { path: path.clone(), error })?;
            check_repo(&manifest, repo, &path)?;
            let hash = *blake3::hash(bytes).as_bytes();
            let synced = write(Source::Manifest, manifest.updated_at, Some(hash), &manifest.trackers)?;
            if let (Some(tag), false) = (tag, matches!(synced.outcome, Outcome::Older { .. })) {
                store.record_tag(&synced.view, &place.to_string(), tag);
            }
            Ok(synced)
        }
        Said::Same(place) => {
            let writer = store.writer(repo, patience)?;
            writer.record_checked(None, now.millis());
            let (view, mended) = writer.into_view();
            // It was there when GitHub was asked.
            let view = view.ok_or_else(|| SyncError::Changing { path: named(repo, place) })?;
            Ok(Synced { repo: repo.clone(), view, outcome: Outcome::Unchanged, mended })
        }
    }
}

/// Returns the view of what GitHub said, recorded nowhere.
///
/// # Errors
/// A manifest that is refused, or another repository's.
pub fn unrecorded(repo: &Repo, said: &Said, now: Now) -> Result<View, SyncError> {
    let name = format!("{}/{}/{}", repo.host(), repo.owner(), repo.name());
    let view = |source, time, trackers: &[Tracker<'_>]| {
        let mut trackers: Vec<_> = trackers.iter().map(|tracker| tracker.clone().into_owned()).collect();
        trackers.sort_by(Tracker::list_order);
        View::of_trackers(&name, SyncRecord::new(source, time, now.millis()), trackers)
    };
    match said {
        Said::Issues(Answer { trackers, answered_at }) => Ok(view(Source::Api, *answered_at, trackers)),
        Said::Manifest(RemoteManifest { bytes, .. }, place) => {
            let path = named(repo, place);
            let manifest = manifest::parse(bytes);
            let manifest = manifest.map_err(|error| SyncError::Refused { path: path.clone(), error })?;
            check_repo(&manifest, repo, &path)?;
            Ok(view(Source::Manifest, manifest.updated_at, &manifest.trackers))
        }
        Said::Same(place) => Err(SyncError::Changing { path: named(repo, place) }),
    }
}

/// How a place is called in errors.
fn named(repo: &Repo, place: &ManifestPlace) -> PathBuf {
    PathBuf::from(format!("{repo}, {place}"))
}

/// A fork holds the manifest of the repository it comes from.
fn check_repo(manifest: &manifest::Manifest<'_>, asked: &Repo, path: &Path) -> Result<(), SyncError> {
    let Some(name) = &manifest.repo else { return Ok(()) };
    let host = asked.host();
    let found = name.on(host).map_err(|error| SyncError::Host { host: host.to_owned(), error })?;
    if found == *asked {
        return Ok(());
    }
    let (found, asked) = (Box::new(found), Box::new(asked.clone()));
    Err(SyncError::OtherRepo { path: path.to_owned(), found, asked })
}
