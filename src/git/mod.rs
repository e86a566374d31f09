//! The checkout: where its root is, and which repository of GitHub it belongs to.
//!
//! Owns what this program knows of git: the look of a checkout on disk, the one call of `git` that reads its remotes,
//! the forms of their URLs and the aliases of ssh in them, all as `gh` takes them, and the committed versions of a file.
//! Finding the root and the configuration's path only looks at files; only a pull writes. Knows nothing of the store,
//! the manifest's content, the environment or the network.
//!
//! Left out of what `gh` does: asking the user which remote is meant.

mod checkout;
mod config;
mod history;
mod mainline;
mod remotes;
mod ssh;
#[cfg(test)]
mod tests;
mod url;
mod wait;

pub use checkout::Checkout;
pub use history::{CommitId, Version};
pub use remotes::{HostSource, Hosts};
pub use url::repo as repo_of_url;

/// Why a checkout names no repository; in the words of `gh`, where it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is a manifest and no `.git`.
    #[error("not a git repository (or any of the parent directories): name the repository with -R OWNER/REPO")]
    NotARepository,
    /// There is no program `git`.
    #[error("unable to find git executable in PATH; please install Git before retrying")]
    NotInstalled,
    /// It could not be started, or it failed.
    #[error("failed to run git: {0}")]
    Failed(String),
    /// No remote has a URL.
    #[error("no git remotes found")]
    NoRemotes,
    /// No remote is on a host that is known.
    #[error(
        "none of the git remotes configured for this repository point to a known GitHub host. To tell gh about a new \
         GitHub host, please use `gh auth login`"
    )]
    NoKnownHost,
    /// No remote is on the host that the environment names.
    #[error(
        "none of the git remotes configured for this repository correspond to the GH_HOST environment variable. Try \
         adding a matching remote or unsetting the variable"
    )]
    NotOnHost,
    /// `remote.<name>.gh-resolved` holds neither `base` nor a repository.
    #[error("expected the \"[HOST/]OWNER/REPO\" format, got \"{}\"", .0.escape_debug())]
    Resolved(String),
}
