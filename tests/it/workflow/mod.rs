//! `gh pmu init` and the workflow it writes, at work: the workflow's scripts are run as GitHub's runner would run them,
//! by bash, with the real gh, jq and git, against a small GitHub of the tests' own and a bare repository.

mod collector;
mod condition;
mod fake;
mod init;
mod organisation;
mod runner;
mod runs;
mod settings;
mod team;
mod trackers;
mod yaml;
