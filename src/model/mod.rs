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
