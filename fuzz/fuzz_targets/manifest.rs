//! Any bytes as a manifest: read in list order or refused in one sentence.
#![no_main]

use std::cmp::Ordering;

use gh_pmu::manifest::{Manifest, parse};
use gh_pmu::model::{TitleParts, UnixMillis};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match parse(bytes) {
        Ok(manifest) => check(&manifest),
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
});

fn check(manifest: &Manifest<'_>) {
    // Strictly: sorted, and no key twice.
    assert!(manifest.trackers.is_sorted_by(|a, b| a.list_order(b) == Ordering::Less));
    if let Some(repo) = &manifest.repo {
        repo.on("github.com").expect("OK because a repository's name was accepted");
    }
    for tracker in &manifest.trackers {
        let parts = TitleParts::of(tracker.kind, &tracker.title);
        assert!(parts.version_key() == parts.version_key());
    }
    let times = manifest.trackers.iter().flat_map(|tracker| [tracker.created_at, tracker.closed_at]).flatten();
    for time in times.chain([manifest.updated_at]) {
        assert_eq!(UnixMillis::parse_rfc3339(&time.to_string()), Ok(time));
    }
}
