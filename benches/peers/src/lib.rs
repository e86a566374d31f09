//! What the peers share: the manifest, the lines they print, the bytes they keep, and how they compare the two.
//!
//! Nothing here is used by the program itself.

pub mod kv;
pub mod manifest;
pub mod peer;
pub mod time;
pub mod tsv;

/// Any failure ends a peer: it says why and exits 1.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The allocator of the program where it is linked against musl.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;
