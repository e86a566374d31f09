//! What comes of an answer: the list, the requests it took, and the cache afterwards.

use serde_json::json;

use crate::github::fake::{Mode, issue, releases};
use crate::github::lab::Lab;

#[test]
fn every_number_of_trackers_is_listed_recorded_and_not_asked_for_again() {
    for (count, pages) in [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (250, 3), (1050, 11)] {
        let Some(lab) = Lab::new() else { return };
        lab.github.state().releases = releases(count);
        let lines = lab.list("release list -R o/r");
        assert_eq!(lines.len() as u64, count);
        let requests = lab.github.requests();
        // One for the manifest, which this repository has not.
        assert_eq!(requests.len(), 1 + pages, "{count}");
        assert_eq!(requests[0].path, "/repos/o/r/contents/.github/pmu-cache.json");
        let first = &requests[1];
        assert_eq!((first.path.as_str(), first.host.as_str()), ("/graphql", "api.github.com"));
        assert_eq!(first.authorization, "token dummy");
        assert_eq!(first.variables["owner"], "o");
        let status = lab.status();
        let closed = count / 3;
        assert_eq!(status["trackers"]["release"], json!({"open": count - closed, "closed": closed}));
        assert_eq!((&status["source"], &status["seq"]), (&json!("api"), &json!(count)));
        assert_eq!(status["manifestUpdatedAt"], "2024-12-24T10:00:00Z");
        assert_eq!(lab.list("release list -R o/r"), lines);
        assert_eq!(lab.github.requests().len(), 0);
    }
}

#[test]
fn two_lists_of_different_length_are_each_read_to_their_end() {
    let Some(lab) = Lab::new() else { return };
    {
        let mut state = lab.github.state();
        state.releases = releases(101);
        // The label alone does not make a tracker, and one issue can be both.
        state.releases.push(issue(900, "About the next Release: soon", false));
        state.microsprints = (1..=250).map(|number| issue(number, &format!("Microsprint: s{number}"), true)).collect();
    }
    assert_eq!(lab.list("microsprint list -R o/r").len(), 250);
    assert_eq!(lab.list("release list -R o/r").len(), 101);
    let asked: Vec<_> = lab.github.requests().iter().skip(1).map(|request| request.variables.clone()).collect();
    let labels = |asked: &serde_json::Value| {
        let slots = ["A", "B", "C", "D"].map(|slot| asked[format!("label{slot}")][0].as_str().map(str::to_owned));
        slots.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let asked: Vec<_> = asked.iter().map(|asked| (labels(asked), asked["afterA"].clone())).collect();
    let expected = [
        ("release branch patch microsprint", None),
        ("release microsprint", Some("100")),
        ("microsprint", Some("200")),
    ];
    assert_eq!(asked, expected.map(|(labels, after)| (labels.to_owned(), after.into())));
}

#[test]
fn a_refresh_records_what_changed_dated_by_github_s_clock() {
    let Some(lab) = Lab::new() else { return };
    lab.github.state().releases = releases(2);
    lab.list("release list -R o/r");
    {
        let mut state = lab.github.state();
        state.releases[0] = issue(1, "Release: v0.1.0", true);
        state.date = "Tue, 24 Dec 2024 11:00:00 GMT".to_owned();
    }
    assert_eq!(lab.list("release list -R o/r -s open").len(), 2);
    lab.github.requests();
    assert_eq!(lab.list("release list -R o/r -s open --refresh").len(), 1);
    assert_eq!(lab.github.requests().len(), 1);
    let events = lab.list("cache history -R o/r --event closed --json number,source,changedAt");
    assert_eq!(events, [r#"[{"changedAt":"2024-12-24T11:00:00Z","number":1,"source":"api"}]"#]);
    // The same again moves the freshness and nothing else.
    lab.github.state().date = "Tue, 24 Dec 2024 12:00:00 GMT".to_owned();
    lab.list("release list -R o/r --refresh");
    let status = lab.status();
    assert_eq!((&status["seq"], &status["manifestUpdatedAt"]), (&json!(3), &json!("2024-12-24T12:00:00Z")));
    // An answer from before changes nothing, and says so.
    lab.github.state().date = "Tue, 24 Dec 2024 09:00:00 GMT".to_owned();
    let run = lab.run("release list -R o/r --refresh");
    assert_eq!(
        run.stderr,
        "! the answer for o/r is of 2024-12-24T09:00:00Z, older than what is cached, of 2024-12-24T12:00:00Z, and was \
         not recorded\n"
    );
    assert_eq!(run.stdout.lines().count(), 2);
    assert_eq!(lab.status(), status);
}

#[test]
fn a_gateway_that_gives_up_is_asked_for_smaller_pages() {
    for (above, times, sizes) in [(0, 1, vec![100, 50, 50, 50]), (25, 99, vec![100, 50, 25, 25, 25, 25, 25])] {
        let Some(lab) = Lab::new() else { return };
        lab.github.state().releases = releases(110 + u64::from(above > 0) * 10);
        lab.github.set(Mode::BadGateway { above, times });
        let lines = lab.list("release list -R o/r");
        assert_eq!(lines.len(), lab.github.state().releases.len());
        let asked: Vec<_> =
            lab.github.requests().iter().skip(1).map(|asked| asked.variables["count"].clone()).collect();
        assert_eq!(asked, sizes);
    }
}

#[test]
fn a_cache_that_is_switched_off_is_asked_past_and_not_written() {
    let Some(lab) = Lab::new() else { return };
    lab.checkout("https://github.com/o/r.git");
    lab.write(".gh-pmu.yml", "cache: {enabled: false}\n");
    lab.github.state().releases = releases(101);
    for _ in 0..2 {
        assert_eq!(lab.list("release list").len(), 101);
        assert_eq!(lab.github.requests().len(), 2);
    }
    assert!(!lab.cache().join("github.com").exists());
    let run = lab.run("cache history");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.starts_with("the cache is switched off"), "{}", run.stderr);
}

#[test]
fn an_answer_that_cannot_be_recorded_is_shown_all_the_same() {
    let Some(mut lab) = Lab::new() else { return };
    lab.write("file", "");
    lab.set("GH_PMU_CACHE_DIR", "file");
    lab.github.state().releases = releases(3);
    let run = lab.run("release list -R o/r");
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
    assert!(run.stderr.contains("what is shown is GitHub's answer, which was not recorded"), "{}", run.stderr);
    assert_eq!(lab.run("cache history -R o/r").code, Some(1));
}
