//! One log segment: its frames walked in order, torn tail told from damage.
//!
//! Knows one file at a time; which segments are live, and what their events mean, is the store's.

mod salvage;
mod segment;
mod walk;

pub use salvage::{Salvage, salvage};
pub use segment::{Segment, SegmentError};
pub use walk::{Frame, Stop, walk};
