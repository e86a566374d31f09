//! One sync from what GitHub said: its issues, or the manifest that a repository holds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Now, SyncError};
use super::line::{Line, RemoteLine};
use super::manifest::accepted;
use super::outcome::Synced;
use super::take::{History, Reading, Way, take};
use super::versions::full_name;
use crate::format::{Source, SyncRecord};
use crate::fs::Storage;
use crate::git::CommitId;
use crate::github::{Answer, Gh, ManifestPlace, RemoteHistory, RemoteManifest};
use crate::manifest::Manifest;
use crate::model::{Repo, Tracker};
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

/// The versions of a manifest, as GitHub tells them.
#[derive(Clone, Debug)]
pub struct Past {
    history: RemoteHistory,
    /// The commit after which it begins.
    known: Option<CommitId>,
}

/// How it is done.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// Takes in also what is older than the cache.
    pub force: bool,
    /// How long to wait for another writer.
    pub patience: Duration,
    /// The versions of the manifest, if they were asked for.
    pub past: Option<&'a Past>,
    /// The present.
    pub now: Now,
}

/// Asks GitHub for the versions of the manifest of `repo` that its store does not have; `None` if there are none.
/// `progress` gets the versions that were read, and their count.
///
/// # Errors
/// GitHub's, and the store's.
pub fn past_on_github(
    storage: &dyn Storage,
    cache: &Path,
    repo: &Repo,
    (gh, place): (&Gh, &ManifestPlace),
    (now, progress): (Now, &dyn Fn(u64, u64)),
) -> Result<Option<Past>, SyncError> {
    let store = Store::of(storage, cache, repo);
    let published = match store.view()? {
        Some(view) if view.has_published() => store.published_record(&view)?,
        _ => None,
    };
    let mut known = published.and_then(|record| record.commit);
    let ask = |known: Option<&CommitId>| {
        let known: Option<String> = known.map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect());
        gh.history(repo, (place, known.as_deref()), now.millis(), progress)
    };
    let mut history = ask(known.as_ref())?;
    if known.is_some() && history.as_ref().is_some_and(|history| !history.is_whole) {
        // The branch has another past now.
        known = None;
        history = ask(None)?;
    }
    Ok(history.map(|history| Past { history, known }))
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
    recording: Recording<'_>,
) -> Result<Synced, SyncError> {
    let Recording { force, patience, past, now } = recording;
    let store = Store::of(storage, cache, repo);
    let history = if past.is_some() { History::Needed } else { History::None };
    let way = Way { force, patience, history, now };
    match said {
        Said::Issues(answer) => {
            let record = SyncRecord::new(Source::Api, answer.answered_at, now.millis());
            take(&store, Reading { repo, record, trackers: &answer.trackers, file: None, line: None }, way)
        }
        Said::Manifest(remote, place) => {
            let (manifest, repo) = of_repo(remote, (repo, place), now)?;
            let mut line = past.and_then(|past| RemoteLine::of(place, &past.history, past.known.clone()));
            let line = line.as_mut().map(|line| line as &mut dyn Line);
            let record = manifest_record(remote, &manifest, now);
            let reading = Reading { repo: &repo, record, trackers: &manifest.trackers, file: None, line };
            let synced = take(&store, reading, way)?;
            // What was set aside as older is not what the store holds.
            let holds = synced.view.freshness().is_some_and(|fresh| fresh.updated_at <= manifest.updated_at);
            if let (Some(tag), true) = (&remote.tag, holds) {
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
            Ok(Synced { mended, ..Synced::unchanged(repo, view) })
        }
    }
}

/// Returns the view of what GitHub said, recorded nowhere.
///
/// # Errors
/// A manifest that is refused, or another repository's.
pub fn unrecorded(repo: &Repo, said: &Said, now: Now) -> Result<View, SyncError> {
    let view = |record: SyncRecord, trackers: &[Tracker<'_>]| {
        let trackers = trackers.iter().map(|tracker| tracker.clone().into_owned());
        View::of_trackers(&full_name(repo), record, trackers)
    };
    match said {
        Said::Issues(Answer { trackers, answered_at }) => {
            Ok(view(SyncRecord::new(Source::Api, *answered_at, now.millis()), trackers))
        }
        Said::Manifest(remote, place) => {
            let (manifest, _) = of_repo(remote, (repo, place), now)?;
            Ok(view(manifest_record(remote, &manifest, now), &manifest.trackers))
        }
        Said::Same(place) => Err(SyncError::Changing { path: named(repo, place) }),
    }
}

fn manifest_record(remote: &RemoteManifest, manifest: &Manifest<'_>, now: Now) -> SyncRecord {
    let hash = *blake3::hash(&remote.bytes).as_bytes();
    SyncRecord { manifest: Some(hash), ..SyncRecord::new(Source::Manifest, manifest.updated_at, now.millis()) }
}

/// How a place is called in errors.
fn named(repo: &Repo, place: &ManifestPlace) -> PathBuf {
    PathBuf::from(format!("{repo}, {place}"))
}

/// A manifest that may be taken in, and its repository as it writes it. A fork holds that of the repository it comes from.
fn of_repo<'m>(
    remote: &'m RemoteManifest,
    (asked, place): (&Repo, &ManifestPlace),
    now: Now,
) -> Result<(Manifest<'m>, Repo), SyncError> {
    let path = named(asked, place);
    let manifest = accepted(&remote.bytes, &path, now, false)?;
    let Some(name) = &manifest.repo else { return Ok((manifest, asked.clone())) };
    let host = asked.host();
    let found = name.on(host).map_err(|error| SyncError::Host { host: host.to_owned(), error })?;
    if found == *asked {
        return Ok((manifest, found));
    }
    let (found, asked) = (Box::new(found), Box::new(asked.clone()));
    Err(SyncError::OtherRepo { path, found, asked })
}
