//! The library from the outside: real histories through sync, store and query.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod histories;
mod mending;
mod replay;
