//! What a user gets: the project's scripts, the real `gh`, and a GitHub of our own on a socket, without any network. The
//! program is not built again: where the scripts call cargo, a stand-in hands them the one under test.

mod checkout;
mod fake;
#[path = "../github/lab.rs"]
#[allow(dead_code, clippy::duplicate_mod, reason = "the same lab around another GitHub; not all of it is asked for")]
mod lab;
mod local;
mod releases;
