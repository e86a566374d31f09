//! What happens on machines that fail: disks that take nothing, processes that die, crowds at one cache.

mod crowds;
mod disks;
mod faults;
mod kills;
mod machine;
mod organisation;
mod races;

use crate::cli::lab::{Lab, files_below};

/// Nothing is left in a store but its live files.
#[track_caller]
fn assert_tidy(lab: &Lab) {
    let dir = lab.cache.join("github.com/octo-org/atlas");
    let files = files_below(&dir);
    let names: Vec<_> = files.keys().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    let count = |prefix: &str| names.iter().filter(|name| name.starts_with(prefix)).count();
    let known = ["CURRENT", "marks", "lock"].iter().filter(|name| names.contains(name)).count();
    assert_eq!((known, count("index-")), (3, 1), "{names:?}");
    // What a torn commit left is kept aside, and what the last rebuild replaced.
    let aside = count("damaged-log-") + count("replaced-log-").min(1);
    assert_eq!(known + count("index-") + count("log-") + aside, names.len(), "{names:?}");
}

/// Every byte verifies, and there are so many events.
#[track_caller]
fn assert_verifies(lab: &Lab, events: u64) {
    let said = lab.run(&["cache", "verify"]).ok();
    assert!(said.contains(&format!("and {events} events verify")), "{said}");
}
