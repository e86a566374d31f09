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
#[path = "../shared/http.rs"]
#[allow(dead_code, reason = "the method is not asked for here")]
mod http;
mod lab;
mod manifests;
#[path = "../shared/network.rs"]
mod network;
mod surroundings;
mod templates;
