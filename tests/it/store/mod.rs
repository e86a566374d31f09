//! Tests that try to break the store: by power cuts, failing disks, damaged bytes and random histories.

mod bytes;
mod bytes_history;
mod crash;
mod crash_disk;
mod crash_repair;
mod crash_run;
mod fixture;
mod model;
