//! The library from the outside: real histories through sync, store and query.

mod histories;
mod mending;
mod replay;
