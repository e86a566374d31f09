//! The program and the real `gh` against a GitHub of our own, on a socket, without any network.

mod answers;
mod beside_gh;
mod failures;
pub mod fake;
mod jq;
pub mod lab;
mod manifests;
mod owners;
mod surroundings;
mod templates;
