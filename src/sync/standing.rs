//! How what is cached stands to the manifest that it came from. Changes nothing, and asks nobody.

use super::branch::newest;
use super::checkout::seen_key;
use super::line::{GitLine, has_news};
use super::manifest::{entry_of, unchanged_entry};
use super::{Hosting, Located, Now, SyncError};
use crate::fs::Storage;
use crate::git::Limits;
use crate::manifest;
use crate::model::{Repo, UnixMillis};
use crate::store::View;

/// How a cached state stands to the manifest at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the manifest's, or there is none here to compare it with.
    Current,
    /// The next sync would change it.
    Behind,
    /// Git has other versions of the manifest than were looked through, although the newest is the same.
    Unseen,
    /// The manifest is older, and was set aside.
    Ahead {
        /// Of when the manifest is.
        manifest: UnixMillis,
    },
    /// There is no manifest where one was.
    Missing,
    /// The manifest cannot be used.
    Unreadable {
        /// Why.
        reason: String,
    },
    /// The branch that the manifest is read from was never fetched, or is gone.
    NoBranch,
}

/// Compares the state of `repo` with the manifest at `located`; with `branch` set, with what was fetched of that branch.
pub fn standing(
    storage: &dyn Storage,
    (located, branch): (&Located, Option<&str>),
    hosting: Hosting<'_>,
    (repo, view): (&Repo, &View),
    now: Now,
) -> Standing {
    match branch {
        Some(branch) => of_branch((located, branch), hosting, view),
        None => of_file(storage, located, hosting, (repo, view), now),
    }
}

fn of_file(
    storage: &dyn Storage,
    located: &Located,
    hosting: Hosting<'_>,
    (repo, view): (&Repo, &View),
    now: Now,
) -> Standing {
    let told = |is_new| if is_new { Standing::Unseen } else { Standing::Current };
    let last = view.freshness().and_then(|fresh| fresh.manifest);
    if unchanged_entry(storage, located, view).is_some_and(|entry| Some(entry.manifest) == last) {
        return told(has_new_versions(located, hosting, (repo, view)));
    }
    let path = &located.manifest;
    let unreadable = |error: SyncError| Standing::Unreadable { reason: error.to_string() };
    let bytes = match storage.read(path, manifest::MAX_LEN) {
        Ok(Some(bytes)) => bytes,
        Ok(None) if path.symlink_metadata().is_ok() => return unreadable(SyncError::NotAFile { path: path.clone() }),
        Ok(None) if located.known.as_ref() == Some(repo) => match located.left_out() {
            Ok(bytes) => bytes,
            Err(_) => return Standing::Missing,
        },
        Ok(None) => return Standing::Current,
        Err(source) => return unreadable(SyncError::Read { path: path.clone(), source }),
    };
    if last == Some(*blake3::hash(&bytes).as_bytes()) {
        return told(has_new_versions(located, hosting, (repo, view)));
    }
    match manifest::parse(&bytes).and_then(|manifest| manifest.not_ahead_of(now.millis())) {
        Err(error) => Standing::Unreadable { reason: error.to_string() },
        Ok(manifest) => match located.repo(manifest.repo.as_ref(), hosting) {
            Ok(of) if of == *repo && manifest.updated_at < view.changed_at() => {
                Standing::Ahead { manifest: manifest.updated_at }
            }
            Ok(of) if of == *repo => Standing::Behind,
            _ => Standing::Current,
        },
    }
}

/// Whether git has versions that were not looked through: the manifest can be the same again.
fn has_new_versions(located: &Located, hosting: Hosting<'_>, (repo, view): (&Repo, &View)) -> bool {
    let seen = match (entry_of(view, located), located.git()) {
        (_, None) => return false,
        (Some(entry), Some(checkout)) => match entry.seen {
            Some(seen) => seen_key(checkout, &seen.reference) == Some(seen.key),
            // It takes long: whoever asks about the past looks.
            None => true,
        },
        (None, Some(_)) => false,
    };
    if seen {
        return false;
    }
    let line = GitLine::found(located, (repo, None, hosting), Limits::NONE);
    line.is_ok_and(|mut line| has_news(&mut line, view))
}

fn of_branch((located, branch): (&Located, &str), hosting: Hosting<'_>, view: &View) -> Standing {
    let signed_in = hosting.signed_in();
    let Ok((checkout, path)) = located.in_git() else { return Standing::NoBranch };
    let Ok(publisher) = checkout.publisher_on(branch, &hosting.hosts(&signed_in)) else { return Standing::NoBranch };
    if view.freshness().and_then(|fresh| fresh.commit.as_ref()) == Some(&publisher.tip) {
        return Standing::Current;
    }
    match newest(checkout, &publisher, &path).map(|(_, bytes)| manifest::parse(&bytes).map(|found| found.updated_at)) {
        Ok(Ok(manifest)) if manifest < view.changed_at() => Standing::Ahead { manifest },
        _ => Standing::Behind,
    }
}
