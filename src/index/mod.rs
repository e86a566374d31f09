//! One compacted index: searched in place, built from a sorted sequence.
//!
//! Knows one file and nothing of the log behind it; the store says which index is live.

mod build;
mod read;
mod scan;

pub use build::IndexBuilder;
pub use read::{Index, Item};
pub use scan::{Met, Scan};
