//! `gh pmu`: joins command line, configuration and output. Owns the order of those steps; everything else is below.

mod args;
mod config;
mod exit;

fn main() {}
