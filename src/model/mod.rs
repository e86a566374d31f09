//! Pure nouns: trackers, events, times, names. No I/O, no clock, no bytes on disk.

mod diff;
mod event;
mod repo;
mod time;
mod title;
mod tracker;

pub use diff::diff;
pub use event::{Change, Event, Mismatch, Seq, Times};
pub use repo::{Repo, RepoError};
pub use time::{NotRfc3339, UnixMillis};
pub use title::{TitleParts, VersionKey};
pub use tracker::{Kind, State, Tracker, TrackerNumber};

/// Returns a number with its noun, of which there is one or many: `1 event`, `2 events`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
