//! Joins sources and store: every source makes a reading (a repository, its trackers, and where their versions are), and
//! one function takes it in.
//!
//! Knows manifests, git, GitHub and the store, and neither arguments nor the terminal. Clock readings are passed in.

mod api;
mod branch;
mod checkout;
mod collect;
mod collection;
mod error;
mod fetched;
mod import;
mod line;
mod manifest;
mod outcome;
mod owner;
mod pull;
mod rebuild;
mod renamed;
mod standing;
mod take;
#[cfg(test)]
mod tests;
mod versions;

pub use api::{Past, Recording, Said, past_on_github, record, unrecorded};
pub use branch::sync_branch;
pub use checkout::{Hosting, Located, locate};
pub use collect::{Collected, sync_collection};
pub use collection::Collection;
pub use error::{Held, Loss, Now, SyncError};
pub use import::{AsManifest, Import};
pub use manifest::{Options, is_set_aside, sync, unchanged, was_read};
pub use outcome::{Note, Outcome, Synced, rewritten};
pub use owner::{Asking, OwnedSync, Walked, sync_owner};
pub use pull::pull_if_due;
pub use rebuild::{Rebuilding, Rebuilt, past_states, rebuild};
pub use renamed::{current_name, forget_checkouts};
pub use standing::{Standing, standing};
pub use take::History;
pub use versions::Tally;
