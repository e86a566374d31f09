//! Joins sources and store: take a manifest or GitHub's answer, diff it against the cached state, append what changed.
//!
//! Knows manifests, git, GitHub and the store, and neither arguments nor the terminal. Clock readings are passed in.

mod api;
mod apply;
mod checkout;
mod fetched;
mod manifest;
mod pulled;
mod rebuild;

pub use api::{Recording, Said, record, unrecorded};
pub use apply::Outcome;
pub use checkout::{Hosting, Located, forget_checkouts, locate};
pub use manifest::{Options, Synced, is_pending, sync};
pub use pulled::{pull_if_due, sync_branch};
pub use rebuild::{Rebuilt, past_states, rebuild};

use std::path::PathBuf;

use crate::git::GitError;
use crate::github::GithubError;
use crate::manifest::ManifestError;
use crate::model::{Repo, RepoError, UnixMillis};
use crate::store::StoreError;

/// One reading of the clock.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Nanoseconds since the Unix epoch.
    pub nanos: i64,
}

impl Now {
    /// The same, in milliseconds.
    pub fn millis(self) -> UnixMillis {
        UnixMillis::saturating(self.nanos.div_euclid(1_000_000))
    }
}

/// Why a sync did not happen. The cached state is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// There is no manifest.
    #[error("there is no manifest at {}", path.display())]
    NoManifest {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The manifest cannot be read.
    #[error("could not read {}: {source}", path.display())]
    Read {
        /// The manifest.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// The manifest is refused.
    #[error("{}: {error}", path.display())]
    Refused {
        /// The manifest.
        path: PathBuf,
        /// What is wrong, where, and what to do.
        error: ManifestError,
    },
    /// The manifest changed while it was read, several times.
    #[error("{} kept changing while it was read: try again", path.display())]
    Changing {
        /// The manifest.
        path: PathBuf,
    },
    /// The manifest names no repository, and the checkout's remotes do not either.
    #[error("{} does not say of which repository it is, and the checkout does not either: {error}", path.display())]
    Unnamed {
        /// The manifest.
        path: PathBuf,
        /// Git's answer.
        error: GitError,
    },
    /// There is no manifest, and the checkout's remotes name no repository.
    #[error("there is no manifest at {}, and the checkout names no repository: {error}", path.display())]
    Nameless {
        /// Where the manifest was looked for.
        path: PathBuf,
        /// Git's answer.
        error: GitError,
    },
    /// Git could not tell.
    #[error("could not read the history of {}: {error}", path.display())]
    Git {
        /// The manifest.
        path: PathBuf,
        /// Git's answer.
        error: GitError,
    },
    /// Git knows no version of the manifest that can be read.
    #[error("{revision} has no version of {} that can be read", path.display())]
    NoVersions {
        /// The manifest.
        path: PathBuf,
        /// The branch or `HEAD`.
        revision: String,
    },
    /// The host does not fit.
    #[error("{host:?} is no host: {error}")]
    Host {
        /// As it was given.
        host: String,
        /// What is wrong.
        error: RepoError,
    },
    /// The manifest is another repository's.
    #[error("{} is the manifest of {found}, not of {asked}", path.display())]
    OtherRepo {
        /// The manifest.
        path: PathBuf,
        /// Whose it is.
        found: Box<Repo>,
        /// Whose was wanted.
        asked: Box<Repo>,
    },
    /// GitHub was asked, and gave no answer.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
