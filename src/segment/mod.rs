//! The log file: its frames walked in order, torn tail told from damage.
//!
//! Knows one file; which log is live, and what its events mean, is the store's.

mod frame;
mod log;
mod salvage;
mod walk;

pub use frame::Frame;
pub use log::{Log, LogError};
pub use salvage::{Salvage, salvage, unverified};
pub use walk::{Stop, walk};
