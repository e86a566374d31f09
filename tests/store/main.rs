//! Tests that try to break the store: by power cuts, failing disks, damaged bytes and random histories.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "tests say how much they explored")]

mod bytes;
mod bytes_history;
mod crash;
mod crash_disk;
mod crash_repair;
mod crash_run;
mod fixture;
mod model;
