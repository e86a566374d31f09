//! The library from the outside: real and made-up histories through sync, store and query.
mod histories;
