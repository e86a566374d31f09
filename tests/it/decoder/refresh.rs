//! What GitHub answers is observed, and numbers nothing for good.

use super::{compare::array, decoders, library};
use crate::github::fake::{issue, releases};
use crate::github::lab::Lab;

#[test]
fn the_decoders_see_what_a_refresh_observed() {
    if !decoders::are_there() {
        return;
    }
    let Some(lab) = Lab::new() else { return };
    lab.github.state().releases = releases(5);
    lab.list("release list -R o/r");
    {
        let mut state = lab.github.state();
        state.releases[0] = issue(1, "Release: v0.1.0", true);
        state.date = "Tue, 24 Dec 2024 11:00:00 GMT".to_owned();
    }
    lab.list("release list -R o/r --refresh");
    let store = lab.cache().join("github.com/o/r");
    let decoded = decoders::decode(&store);
    library::agree(&store, &decoded, "refreshed");
    let all = array(&decoded["events"]);
    assert!(!all.is_empty() && all.iter().all(|event| event["published"] == false && event["source"] == "api"));
    assert_eq!(decoded["freshness"]["updatedAt"], "2024-12-24T11:00:00Z");
}
