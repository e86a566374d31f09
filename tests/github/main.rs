//! The program and the real `gh` against a GitHub of our own, on a socket, without any network.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests say where they cannot go on, and what they leave out"
)]

mod answers;
mod failures;
mod fake;
mod lab;
mod manifests;
#[path = "../support/network.rs"]
mod network;
mod surroundings;
