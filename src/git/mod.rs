//! The checkout: where its root is, which repository of GitHub it belongs to, and what its history says of a file.
//!
//! Owns what this program knows of git: the look of a checkout on disk, the one way of starting `git`, its remotes, the
//! forms of their URLs and the aliases of ssh in them, all as `gh` takes them, the branch that publishes a file and the
//! versions of that file. Finding the root and the configuration's path only looks at files; only a pull writes, and
//! only a pull uses the network. Knows nothing of the store, the manifest's content or the environment.
//!
//! Left out of what `gh` does: asking the user which remote is meant.

mod blobs;
mod changes;
mod checkout;
mod config;
mod error;
mod fetched;
mod naming;
mod program;
mod publisher;
mod pull;
mod refs;
mod remotes;
mod ssh;
#[cfg(test)]
mod tests;
mod url;
mod wait;
mod walk;

pub use blobs::{Blob, Blobs};
pub use changes::FileVersion;
pub use checkout::{Checkout, git_path, is_foreign, plain_content};
pub use error::{GitError, shell_word};
pub use naming::{Naming, Place};
pub use publisher::Publisher;
pub use refs::CommitId;
pub use remotes::{HostSource, Hosts};
pub use url::repo as repo_of_url;
pub use walk::{Beginning, Limits, Log};
