//! Manifests that GitHub holds, and those of a checkout that cannot be used.

use serde_json::json;

use crate::github::fake::{Mode, releases};
use crate::github::lab::Lab;

fn manifest(repo: &str, updated_at: &str) -> String {
    let trackers = r#"[{"number": 7, "title": "Release: v7", "state": "OPEN", "createdAt": null, "closedAt": null}]"#;
    format!(r#"{{"version": 1, "updated_at": "{updated_at}", "repo": "{repo}", "releases": {trackers}}}"#)
}

#[test]
fn without_a_checkout_the_manifest_on_github_is_one_request_and_costs_nothing_until_it_changes() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T08:00:00Z"));
    lab.github.state().releases = releases(101);
    assert_eq!(lab.list("release list -R o/r").len(), 1);
    let requests = lab.github.requests();
    let asked: Vec<_> = requests.iter().map(|asked| (asked.path.as_str(), asked.if_none_match.as_deref())).collect();
    assert_eq!(asked, [("/repos/o/r/contents/.github/pmu-cache.json", None)]);
    assert_eq!(requests[0].accept, "application/vnd.github.v3.raw");
    let status = lab.status();
    assert_eq!((&status["source"], &status["manifestUpdatedAt"]), (&json!("manifest"), &json!("2024-12-24T08:00:00Z")));
    // Whoever syncs is asked for the history too, which this GitHub does not have.
    let conditions = |lab: &Lab| -> Vec<bool> {
        let requests = lab.github.requests();
        let contents = requests.iter().filter(|asked| asked.path.contains("/contents/"));
        contents.map(|asked| asked.if_none_match.is_some()).collect()
    };
    // GitHub says 304, which is not counted.
    assert_eq!(lab.list("cache sync -R o/r"), ["o/r is up to date: the manifest has not changed"]);
    assert_eq!(conditions(&lab), [true]);
    assert_eq!(lab.status()["stateHash"], status["stateHash"]);
    assert!(lab.status()["checkedAt"].as_str() >= status["checkedAt"].as_str());
    // Forced, it is given again; changed, too.
    assert_eq!(
        lab.list("cache sync -R o/r --force"),
        ["o/r is up to date: nothing but the manifest's time has changed"]
    );
    assert_eq!(conditions(&lab), [false]);
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T09:00:00.5Z").replace("v7", "v7.0"));
    assert_eq!(lab.list("cache sync -R o/r"), ["o/r synced: 1 retitled (event 2)"]);
    assert_eq!(conditions(&lab), [true]);
    // A tag of another store, or none that can be read, is no tag.
    for damage in ["cache clear --yes -R o/r", ""] {
        match damage {
            "" => std::fs::write(lab.cache().join("github.com/o/r/marks"), "pmu-mrk").unwrap(),
            line => assert_eq!(lab.run(line).code, Some(0)),
        }
        assert_eq!(lab.run("cache sync -R o/r").code, Some(0));
        assert_eq!(conditions(&lab), [false], "{damage}");
    }
}

#[test]
fn whoever_asks_about_the_past_after_a_list_has_github_asked_for_it() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T08:00:00Z"));
    assert_eq!(lab.list("release list -R o/r").len(), 1);
    lab.github.requests();
    let run = lab.run("cache history -R o/r");
    let paths: Vec<String> = lab.github.requests().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/repos/o/r/contents/.github/pmu-cache.json", "/graphql"]);
    // This GitHub does not have it: what is known is shown.
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 1), "{}", run.stderr);
    // A list is not asked about the past.
    assert_eq!(lab.list("release list -R o/r").len(), 1);
    assert_eq!(lab.github.requests().len(), 0);
    // It is asked for until it comes, whatever is known of the content, and till then an answer about a moment is not whole.
    lab.github.state().without_tags = true;
    lab.github.state().mode = Mode::BadGateway { above: 0, times: usize::MAX };
    for line in ["cache clear --yes -R o/r", "release list -R o/r"] {
        assert_eq!(lab.run(line).code, Some(0), "{line}");
    }
    for (code, line) in [(0, "cache history -R o/r"), (1, "cache history -R o/r --since 2024-11-01 --until 2024-12-01")]
    {
        lab.github.requests();
        let run = lab.run(line);
        assert!(lab.github.requests().len() > 1, "{line}");
        let is_told = run.stderr.contains("; until then history begins with the manifest");
        assert!(run.code == Some(code) && is_told, "{run:?}");
    }
}

#[test]
fn a_manifest_that_is_gone_is_told_before_the_issues_take_its_place() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T08:00:00Z"));
    lab.list("release list -R o/r");
    lab.github.state().manifest = None;
    lab.github.state().releases = releases(2);
    let run = lab.run("cache sync -R o/r");
    let said = "! o/r has no manifest any more at HEAD:.github/pmu-cache.json: its issues were asked for instead\n";
    assert_eq!((run.code, &*run.stderr), (Some(0), said), "{run:?}");
    assert_eq!(lab.run("cache sync -R o/r").stderr, "");
}

#[test]
fn damaged_marks_are_named_and_the_manifest_is_given_again() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T08:00:00Z"));
    lab.list("release list -R o/r");
    let marks = lab.cache().join("github.com/o/r/marks");
    let mut bytes = std::fs::read(&marks).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&marks, &bytes).unwrap();
    assert!(lab.run("cache verify -R o/r").stdout.contains("/o/r/marks: "));
    lab.github.requests();
    assert_eq!(lab.run("cache sync -R o/r").code, Some(0));
    assert_eq!(lab.github.requests()[0].if_none_match, None);
}

#[test]
fn the_manifest_on_github_is_taken_byte_for_byte_or_not_at_all() {
    let Some(lab) = Lab::new() else { return };
    // gh makes control characters visible in what calls itself JSON.
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T08:00:00Z").replace("v7", "v7\\u001b[31m"));
    assert_eq!(lab.list("release list -R o/r --json title"), [r#"[{"title":"Release: v7^[[31m"}]"#]);
    let exported = lab.list("cache export -R o/r --format ndjson");
    assert!(exported[0].contains(r#""title":"Release: v7\u001b[31m""#), "{exported:?}");
    lab.github.state().breaks_off = true;
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T09:00:00Z") + "    ");
    let run = lab.run("cache sync -R o/r");
    let sentence = "could not reach github.com (the answer broke off): try again once you are connected\n";
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(1), "", sentence));
}

#[test]
fn a_manifest_that_is_another_s_or_broken_leaves_the_issues() {
    for (content, warning) in
        [(manifest("upstream/r", "2024-12-24T08:00:00Z"), ""), ("{".to_owned(), "! o/r, HEAD:.github/pmu-cache.json: ")]
    {
        let Some(lab) = Lab::new() else { return };
        lab.github.state().manifest = Some(content);
        lab.github.state().releases = releases(3);
        let run = lab.run("release list -R o/r");
        assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
        assert!(run.stderr.starts_with(warning) && run.stderr.is_empty() == warning.is_empty(), "{}", run.stderr);
        assert_eq!(lab.status()["source"], "api");
    }
}

#[test]
fn an_older_manifest_on_github_is_applied_when_forced() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-24T08:00:00Z"));
    lab.list("release list -R o/r");
    lab.github.state().manifest = Some(manifest("o/r", "2024-12-23T08:00:00Z").replace("v7", "v6.9"));
    let said = lab.list("cache sync -R o/r");
    assert!(said[0].starts_with("o/r is unchanged: the manifest is of 2024-12-23T08:00:00Z, older than"), "{said:?}");
    // It was not taken in, so it is not known either.
    assert_eq!(lab.list("cache sync -R o/r"), said);
    assert_eq!(lab.list("cache sync -R o/r --force"), ["o/r synced: 1 retitled (event 2)"]);
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
