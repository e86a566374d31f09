//! The manifests of everything that an organisation or a user owns, asked of GitHub a hundred at a time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::api::{Recording, Said, record};
use super::error::{Now, SyncError};
use super::outcome::Outcome;
use crate::fs::Storage;
use crate::github::{Gh, GithubError, ManifestPlace, Owned};
use crate::model::Repo;
use crate::store::{Store, Whose, take_from_all};

/// How an owner's repositories are asked for.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The program that asks.
    pub gh: &'a Gh,
    /// The host.
    pub host: &'a str,
    /// The organisation or user.
    pub owner: &'a str,
    /// Where each holds its manifest.
    pub place: &'a ManifestPlace,
    /// Takes in also what is older than the cache.
    pub force: bool,
    /// How long to wait for another writer of a store.
    pub patience: Duration,
    /// The present.
    pub now: Now,
}

/// What became of a repository.
#[derive(Debug)]
pub enum OwnedSync {
    /// Its manifest is the one that is cached.
    Unchanged,
    /// Its manifest was taken in.
    Synced(Outcome),
    /// It has no manifest, and never had one here.
    Without,
    /// It has lost the manifest that is cached: the cache stays as it is.
    Lost,
    /// It is cached, and GitHub shows no repository of that name any more: the cache stays as it is.
    Gone,
    /// Its manifest was not taken in; the cache is as it was.
    Refused(SyncError),
}

/// How far it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Repositories that GitHub showed.
    pub shown: u64,
    /// Those that it withheld, and why the first.
    pub withheld: Option<(usize, String)>,
    /// Whether it is known that others were passed over, or shown twice: the list changed between two pages, or is not of the
    /// length that GitHub says.
    pub is_uneven: bool,
}

/// Syncs every repository of an owner that has a manifest. Pages are recorded as they come: whoever is stopped, by a
/// rate limit or by hand, has what came so far, and the next time unchanged repositories cost no more than their line.
/// `each` gets a repository, what became of it, its place and their count.
///
/// # Errors
/// GitHub's; what was recorded before stays.
pub fn sync_owner(
    storage: &dyn Storage,
    cache: &Path,
    asking: Asking<'_>,
    each: &mut dyn FnMut(&Repo, OwnedSync, u64, u64),
) -> Result<Walked, SyncError> {
    let Asking { gh, host, owner, place, now, .. } = asking;
    let (mut walked, mut after) = (Walked::default(), None);
    let (mut shown, mut before) = (BTreeSet::new(), None);
    loop {
        let page = gh.owned((host, owner), place, after.as_deref(), now.millis())?;
        if let Some((count, reason)) = page.withheld {
            let (all, _) = walked.withheld.get_or_insert((0, reason));
            *all += count;
        }
        let (total, mut wanted) = (page.total, Vec::new());
        walked.is_uneven |= before.replace(total).is_some_and(|before| before != total);
        shown.extend(page.repositories.iter().map(|owned| Store::of(storage, cache, &owned.repo).dir().to_owned()));
        for repository in page.repositories {
            match at_once(storage, cache, &repository, asking) {
                Some(outcome) => {
                    walked.shown += 1;
                    each(&repository.repo, outcome, walked.shown, total);
                }
                None => wanted.push(repository),
            }
        }
        for (repository, text) in gh.texts(host, wanted, place, now.millis())? {
            let outcome = match text {
                Ok(Some(manifest)) => {
                    taken(storage, cache, &repository, Said::Manifest(manifest, place.clone()), asking)
                }
                // The page before named one.
                Ok(None) => {
                    let message = "a manifest was named, and then not shown".to_owned();
                    OwnedSync::Refused(GithubError::Partial { host: host.to_owned(), message }.into())
                }
                Err(error) => OwnedSync::Refused(error.into()),
            };
            walked.shown += 1;
            each(&repository.repo, outcome, walked.shown, total);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => {
                let withheld = walked.withheld.as_ref().map_or(0, |(count, _)| *count);
                walked.is_uneven |= (shown.len() + withheld) as u64 != total;
                break;
            }
        }
    }
    // What was withheld, or of nobody, may be there all the same.
    if walked.withheld.is_none() && !walked.is_uneven && walked.shown > 0 {
        let whose = Whose { host: Some(host), owner: Some(owner) };
        for repo in cached_beside(storage, cache, whose, &shown)? {
            each(&repo, OwnedSync::Gone, walked.shown, walked.shown);
        }
    }
    Ok(walked)
}

/// The repositories of stores in other directories than these.
fn cached_beside(
    storage: &dyn Storage,
    cache: &Path,
    whose: Whose<'_>,
    dirs: &BTreeSet<PathBuf>,
) -> Result<Vec<Repo>, SyncError> {
    let repos = take_from_all(storage, cache, whose, |view| {
        let view = view.ok().filter(|view| !dirs.contains(view.dir()))?;
        Repo::parse(view.repo(), Repo::DEFAULT_HOST).ok()
    });
    Ok(repos?.into_iter().flatten().collect())
}

/// How git's name of a manifest is remembered, beside the tags of GitHub's other answers.
fn tag_place(place: &ManifestPlace) -> String {
    format!("git:{place}")
}

/// What needs no text: `None` for a repository whose manifest is not known.
fn at_once(storage: &dyn Storage, cache: &Path, repository: &Owned, asking: Asking<'_>) -> Option<OwnedSync> {
    let store = Store::of(storage, cache, &repository.repo);
    let view = match store.view() {
        Ok(view) => view,
        Err(error) => return Some(OwnedSync::Refused(error.into())),
    };
    let Some(oid) = &repository.oid else {
        return Some(if view.is_some() { OwnedSync::Lost } else { OwnedSync::Without });
    };
    let view = view.filter(|view| view.damage().is_empty() && !asking.force)?;
    (store.tag(&view, &tag_place(asking.place)).as_ref() == Some(oid)).then(|| {
        store.record_checked(&view, None, asking.now.millis());
        OwnedSync::Unchanged
    })
}

fn taken(storage: &dyn Storage, cache: &Path, repository: &Owned, said: Said, asking: Asking<'_>) -> OwnedSync {
    let Asking { force, patience, now, .. } = asking;
    let recording = Recording { force, patience, past: None, now };
    match record(storage, cache, &repository.repo, &said, recording) {
        Ok(synced) => {
            let is_older = matches!(synced.outcome, Outcome::Older { .. });
            if let Some(oid) = repository.oid.as_ref().filter(|_| !is_older) {
                let store = Store::of(storage, cache, &repository.repo);
                store.record_tag(&synced.view, &tag_place(asking.place), oid);
            }
            OwnedSync::Synced(synced.outcome)
        }
        Err(error) => OwnedSync::Refused(error),
    }
}
