//! How what is cached stands to the manifest that it came from. Changes nothing, and asks nobody.

use super::{Hosting, Located, Now};
use crate::fs::Storage;
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
    if let Some(branch) = branch {
        return of_branch(located, branch, repo, view);
    }
    let bytes = match storage.read(&located.manifest, manifest::MAX_LEN) {
        Ok(Some(bytes)) => bytes,
        Ok(None) if located.known.as_ref() == Some(repo) => return Standing::Missing,
        Ok(None) => return Standing::Current,
        Err(error) => return Standing::Unreadable { reason: error.kind().to_string() },
    };
    let hash = *blake3::hash(&bytes).as_bytes();
    let fresh = view.freshness();
    if fresh.as_ref().and_then(|fresh| fresh.manifest) == Some(hash) {
        return Standing::Current;
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

fn of_branch(located: &Located, branch: &str, repo: &Repo, view: &View) -> Standing {
    if located.known.as_ref() != Some(repo) {
        return Standing::Current;
    }
    let Ok((checkout, _)) = located.in_git() else { return Standing::NoBranch };
    match checkout.reference(&format!("refs/remotes/origin/{branch}")) {
        None => Standing::NoBranch,
        Some(tip) => match view.freshness().and_then(|fresh| fresh.commit.clone()) == Some(tip) {
            true => Standing::Current,
            false => Standing::Behind,
        },
    }
}
