//! The program as its users run it: real processes in real checkouts, with an environment and a home of their own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "tests say what they had to leave out")]

mod accepted;
mod cache;
mod config;
mod damage;
mod export;
mod git;
mod histories;
mod history;
mod lab;
mod lists;
mod lists_json;
mod manifests;
mod readme;
mod refused;
#[cfg(target_os = "linux")]
mod robust;
mod strange;
mod terminal;
