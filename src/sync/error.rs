//! Why a sync did not happen.

use std::fmt;
use std::path::PathBuf;

use super::outcome::Note;
use crate::git::GitError;
use crate::github::GithubError;
use crate::manifest::ManifestError;
use crate::model::{Repo, RepoError, UnixMillis, counted};
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

/// What a rebuilt log would not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Whose log.
    pub repo: Repo,
    /// What it holds.
    pub before: Held,
    /// What git gives.
    pub after: Held,
    /// Each in words.
    pub what: Vec<String>,
}

/// What a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Live events.
    pub events: u64,
    /// When the first and the last of them were published.
    pub span: Option<(UnixMillis, UnixMillis)>,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.events, "event"))?;
        self.span.map_or(Ok(()), |(first, last)| write!(f, " from {first} to {last}"))
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Loss { repo, before, after, what } = self;
        write!(f, "{repo} was not rebuilt: the cache holds {before}, git gives {after}, and this would be gone: ")?;
        write!(f, "{} (`--yes` does it all the same)", what.join("; "))
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
    /// It is committed, and neither in the working tree nor in this partial clone.
    #[error(
        "{path} is committed, and this partial clone lacks it: run `git cat-file blob HEAD:{path}` once, which fetches it"
    )]
    LeftOut {
        /// The manifest's path in git.
        path: String,
    },
    /// A directory, a pipe, a device or a link to nothing is in the manifest's place.
    #[error("{} is not a regular file: put the manifest there, or remove it", path.display())]
    NotAFile {
        /// The manifest's place.
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
    /// The manifest's checkout is of another host than the one that was named.
    #[error("{} belongs to a checkout of another host: {error}", path.display())]
    OtherHost {
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
    /// Git could not tell of the versions of a manifest.
    #[error("could not read the history of the manifest: {0}")]
    History(GitError),
    /// Two files of a collection name one repository.
    #[error("{} names {repo}, as another file does: keep one of them", path.display())]
    Double {
        /// The file.
        path: PathBuf,
        /// What both name.
        repo: Box<Repo>,
    },
    /// A file of a collection names no repository.
    #[error("{} names no repository: it needs a \"repo\" of its own", path.display())]
    NoName {
        /// The file.
        path: PathBuf,
    },
    /// The checkout is another user's.
    #[error(transparent)]
    Untrusted(GitError),
    /// A rebuilt log would hold less than the one there is.
    #[error("{}", .0)]
    WouldLose(Box<Loss>),
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
    /// History is not here, as is said.
    #[error("{0}")]
    Lacking(Note),
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
