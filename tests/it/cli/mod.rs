//! The program as its users run it: real processes in real checkouts, with an environment and a home of their own.

mod accepted;
mod cache;
mod completion;
mod config;
mod damage;
mod damage_many;
mod damage_past;
mod delegate;
pub mod export;
pub mod export_sql;
mod foreign;
mod git;
mod histories;
mod history;
pub mod lab;
mod lists;
mod lists_json;
pub mod manifests;
mod many;
mod moving;
mod readme;
mod refused;
#[cfg(target_os = "linux")]
mod robust;
mod strange;
mod terminal;
mod views;
