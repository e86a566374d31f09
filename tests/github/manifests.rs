//! Manifests that GitHub holds, and those of a checkout that cannot be used.

use serde_json::json;

use crate::fake::releases;
use crate::lab::Lab;

fn manifest(repo: &str, updated_at: &str) -> String {
    let trackers = r#"[{"number": 7, "title": "Release: v7", "state": "OPEN", "createdAt": null, "closedAt": null}]"#;
    format!(r#"{{"version": 1, "updated_at": "{updated_at}", "repo": "{repo}", "releases": {trackers}}}"#)
}

#[test]
fn without_a_checkout_the_manifest_on_github_is_one_request() {
    for is_whole in [true, false] {
        let Some(lab) = Lab::new() else { return };
        lab.github.state().manifest = Some((manifest("o/r", "2024-12-24T08:00:00Z"), is_whole));
        lab.github.state().releases = releases(101);
        let lines = lab.list("release list -R o/r");
        assert_eq!(lines.len(), 1);
        let paths: Vec<_> = lab.github.requests().into_iter().map(|request| request.path).collect();
        // Text that does not come whole is asked for raw.
        let expected: &[&str] = if is_whole { &["/graphql"] } else { &["/graphql", "/repos/o/r/git/blobs/5f"] };
        assert_eq!(paths, expected);
        let status = lab.status();
        assert_eq!(
            (&status["source"], &status["manifestUpdatedAt"]),
            (&json!("manifest"), &json!("2024-12-24T08:00:00Z"))
        );
        let said = lab.list("cache sync -R o/r");
        assert_eq!(said, ["o/r is up to date: the manifest has not changed"]);
        assert_eq!(lab.status()["stateHash"], status["stateHash"]);
    }
}

#[test]
fn a_manifest_that_is_another_s_or_broken_leaves_the_issues() {
    for (content, warning) in
        [(manifest("upstream/r", "2024-12-24T08:00:00Z"), ""), ("{".to_owned(), "! o/r, HEAD:.github/pmu-cache.json: ")]
    {
        let Some(lab) = Lab::new() else { return };
        lab.github.state().manifest = Some((content, true));
        lab.github.state().releases = releases(3);
        let run = lab.run("release list -R o/r");
        assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
        assert!(run.stderr.starts_with(warning) && run.stderr.is_empty() == warning.is_empty(), "{}", run.stderr);
        assert_eq!(lab.status()["source"], "api");
    }
}

#[test]
fn in_a_checkout_without_a_manifest_github_answers_for_its_remote() {
    let Some(lab) = Lab::new() else { return };
    lab.checkout("git@github.com:o/r.git");
    lab.github.state().releases = releases(3);
    assert_eq!(lab.list("release list").len(), 3);
    assert_eq!(lab.status()["repo"], "o/r");
    assert_eq!(lab.github.requests().len(), 2);
    assert_eq!(lab.list("release list").len(), 3);
    assert!(lab.github.requests().is_empty());
    assert_eq!(lab.list("cache sync"), ["o/r is up to date: GitHub's issues have not changed"]);
}

#[test]
fn where_the_checkout_s_manifest_is_refused_github_stands_in() {
    let Some(mut lab) = Lab::new() else { return };
    lab.checkout("git@github.com:o/r.git");
    lab.write(".github/pmu-cache.json", "{\"version\": 2}");
    lab.github.state().releases = releases(3);
    let run = lab.run("release list");
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
    assert!(run.stderr.ends_with("; GitHub was asked instead\n"), "{}", run.stderr);
    // Recorded: from now on the cache is what stands in.
    lab.github.requests();
    let run = lab.run("release list");
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
    assert!(lab.github.requests().is_empty());
    assert_eq!(lab.run("cache clear --yes -R o/r").code, Some(0));
    // The manifest is what must be mended, so its sentence comes first.
    lab.unset("GH_TOKEN");
    let run = lab.run("release list");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.contains("pmu-cache.json: "), "{}", run.stderr);
    assert!(run.stderr.contains("\nGitHub cannot stand in: gh is not signed in"), "{}", run.stderr);
}

#[test]
fn a_refresh_in_a_checkout_goes_before_its_manifest_until_a_newer_one_comes() {
    let Some(lab) = Lab::new() else { return };
    lab.checkout("git@github.com:o/r.git");
    lab.write(".github/pmu-cache.json", &manifest("o/r", "2024-12-24T08:00:00Z"));
    lab.github.state().releases = releases(3);
    assert_eq!(lab.list("release list").len(), 1);
    assert!(lab.github.requests().is_empty());
    assert_eq!(lab.list("release list --refresh").len(), 3);
    assert_eq!(lab.list("release list").len(), 3);
    lab.write(".github/pmu-cache.json", &manifest("o/r", "2024-12-24T09:59:00Z"));
    assert_eq!(lab.list("release list").len(), 3);
    lab.write(".github/pmu-cache.json", &manifest("o/r", "2024-12-24T11:00:00Z"));
    assert_eq!(lab.list("release list").len(), 1);
}
