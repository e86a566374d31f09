//! One repository's store: a log, its index, and what joins them. One verb, one file.
//!
//! Knows files and events; nothing of manifests, git, GitHub or the terminal.

mod as_of;
mod aside;
mod batch;
mod clear;
mod compact;
mod draft;
mod error;
mod files;
mod fold;
mod gap;
mod history;
mod known;
mod many;
mod marks;
mod merge;
mod names;
mod open;
mod prune;
mod recover;
mod repair;
mod rewrite;
mod salvaged;
mod tail;
mod verify;
mod view;
mod write;

pub use as_of::Moment;
pub use batch::{Append, Batch, Taken};
pub use compact::Compaction;
pub use error::{Damage, Part, StoreError};
pub use files::{Store, Whose};
pub use history::{History, Logged};
pub use known::PastState;
pub use many::{open_all, take_from_all};
pub use merge::Place;
pub use prune::Pruning;
pub use repair::Repaired;
pub use rewrite::{Replaced, Rewrite};
pub use verify::Verified;
pub use view::{Counts, View};
pub use write::{PATIENCE, Writer};
