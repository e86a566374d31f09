//! The cache behind `gh pmu`: release and microsprint trackers as an event log with a compacted index.
//!
//! Layers, lowest first; imports go strictly downward (`tests/layering.rs` holds it):
//! [`model`] · [`mod@format`], [`fs`] · [`log`], [`index`] · [`store`] · [`query`] · [`manifest`], [`git`], [`github`]
//! · [`sync`].
//! Nothing here prints, reads the environment or asks the clock: the program above does, and passes it down.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests have surroundings and a clock of their own"))]

pub mod format;
pub mod fs;
pub mod git;
pub mod github;
pub mod index;
pub mod log;
pub mod manifest;
pub mod model;
pub mod query;
pub mod store;
pub mod sync;
