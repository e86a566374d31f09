//! What several suites stand on.

pub mod http;
pub mod network;
