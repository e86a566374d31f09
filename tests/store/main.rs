//! Tests that try to break the store: by power cuts, failing disks, damaged bytes and random histories.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "tests say how much they explored")]

mod bytes;
mod crash;
mod crash_disk;
mod fixture;
mod model;
