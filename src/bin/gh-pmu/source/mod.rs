//! From where commands answer. Owns the order of what is tried: the cache, synced from the manifest; then GitHub.

mod age;
mod asked;
mod cached;
mod context;
mod many;

pub use context::{Context, DISK, Failed, Keep, Source, no_such_event, nothing_cached, switched_off};
pub use many::ManyListed;
