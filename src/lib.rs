//! The cache behind `gh pmu`: release and microsprint trackers as an event log with a compacted index.
//!
//! Layers, lowest first; imports go strictly downward (`tests/it/layering` holds it):
//! [`model`], [`program`] · [`mod@format`], [`manifest`], [`git`], [`github`] · [`fs`] · [`segment`], [`index`] · [`store`]
//! · [`query`] · [`sync`].
//! Nothing here prints, asks the clock, or reads the environment but for `PATH`: the program above does, and passes it down.
//!
//! # Example
//!
//! A sync is a manifest, compared with the state before it. What differs is appended as events.
//!
//! ```
//! use gh_pmu::manifest::{self, ManifestError};
//! use gh_pmu::model::{Event, diff};
//!
//! fn manifest(title: &str, state: &str) -> String {
//!     format!(
//!         r#"{{"version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "octo-org/atlas",
//!             "releases": [{{"number": 430, "title": "{title}", "state": "{state}"}}]}}"#
//!     )
//! }
//!
//! # fn main() -> Result<(), ManifestError> {
//! let before = manifest("Release: v0.9.0", "OPEN");
//! let after = manifest("Release: v0.9.0 (Osprey)", "CLOSED");
//! let before = manifest::parse(before.as_bytes())?;
//! let after = manifest::parse(after.as_bytes())?;
//!
//! let mut events: Vec<Event> = Vec::new();
//! diff(before.trackers, &after.trackers, &mut events);
//!
//! let words: Vec<&str> = events.iter().map(|event| event.change.as_str()).collect();
//! assert_eq!(words, ["closed", "retitled"]);
//! assert_eq!(after.trackers[0].title, "Release: v0.9.0 (Osprey)");
//! # Ok(())
//! # }
//! ```
#![warn(unreachable_pub)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_macros,
        clippy::disallowed_methods,
        reason = "tests have surroundings and a clock of their own"
    )
)]

pub mod format;
pub mod fs;
pub mod git;
pub mod github;
pub mod index;
pub mod manifest;
pub mod model;
pub mod program;
pub mod query;
pub mod segment;
pub mod store;
pub mod sync;
