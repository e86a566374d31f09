//! The program as its users run it: real processes in real checkouts, with an environment and a home of their own.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and one that is left out says so"
)]

mod accepted;
mod cache;
mod config;
mod histories;
mod history;
mod lab;
mod lists;
mod lists_json;
mod manifests;
mod refused;
#[cfg(target_os = "linux")]
mod robust;
mod strange;
mod terminal;
