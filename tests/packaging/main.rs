//! What a user gets: the project's scripts, the real `gh`, and a GitHub of our own on a socket, without any network. The
//! program is not built again: where the scripts call cargo, a stand-in hands them the one under test.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests say where they cannot go on, and what they leave out"
)]

mod checkout;
mod fake;
#[path = "../shared/http.rs"]
mod http;
#[path = "../github/lab.rs"]
#[allow(dead_code, reason = "not all of it is asked for here")]
mod lab;
mod local;
#[path = "../shared/network.rs"]
mod network;
mod releases;
