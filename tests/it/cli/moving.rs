//! What teams that come from the other gh-pmu bring along: its configurations, and the lists that it kept in them.

use std::fmt::Write;

use crate::cli::lab::Lab;
use crate::cli::manifests::{REPO, SMALL_RELEASES, small};

/// What its configuration grew by, from its first version on. Each of them was there with and without those before.
const GROWTH: [&str; 16] = [
    "project:\n    owner: octo-org\n    number: 11\n",
    "repositories:\n    - octo-org/atlas\n",
    "defaults:\n    priority: p2\n    status: backlog\n    labels:\n        - pm-tracked\n",
    "fields:\n    priority:\n        field: Priority\n        values:\n            p0: P0\n            p1: P1\n",
    "triage:\n    estimate:\n        query: is:issue is:open -has:estimate\n        apply: {}\n        interactive:\n            estimate: true\n",
    "metadata:\n    project:\n        id: PVT_kwHO\n    fields:\n        - name: Done\n          id: \"98236657\"\n          data_type: TITLE\n",
    "framework: IDPF\n",
    "release:\n    artifacts:\n        directory: Releases\n        release_notes: true\n        changelog: true\n",
    "cache:\n    releases:\n        - number: 410\n          title: 'Release: release/v0.9.0'\n          state: OPEN\n",
    "# the same again, closed\n",
    "version: 1.0.1\n",
    "acceptance:\n    accepted: true\n    user: someone\n    date: \"2026-03-04\"\n    version: 1.1.0\n",
    "validation:\n    require_body: true\n    pattern: '- [ ] cache: x'\n",
    "coverage:\n    enabled: true\n    skip_patterns:\n        - \"*_test.go\"\n",
    "notes: |\n    cache:\n      enabled: false\n",
    "scope: &scope [a, b]\nother: *scope\n",
];

/// Thirty-two of them: as they grew, and as they shrank from the front.
fn likenesses() -> Vec<String> {
    let grown = (1..=GROWTH.len()).map(|end| GROWTH[..end].concat());
    let shrunk = (0..GROWTH.len()).map(|start| GROWTH[start..].concat());
    grown.chain(shrunk).collect()
}

#[test]
fn its_configurations_are_read_and_kept_by_every_command() {
    for text in likenesses() {
        let lab = Lab::new();
        lab.write_manifest(small());
        lab.write(".gh-pmu.yml", &text);
        assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES, "{text}");
        let commands = [
            "microsprint list",
            "release view 430",
            "status",
            "timeline",
            "cache sync",
            "cache status",
            "cache history",
            "cache verify",
            "cache compact",
            "cache repair",
            "cache export --format sql",
            "init --dry-run",
            "cache clear --yes",
        ];
        for command in commands {
            lab.run(&command.split(' ').collect::<Vec<_>>()).ok();
            let kept = std::fs::read_to_string(lab.checkout.join(".gh-pmu.yml")).unwrap();
            assert_eq!(kept, text, "{command}");
        }
        lab.run(&["init"]).ok();
        let after = std::fs::read_to_string(lab.checkout.join(".gh-pmu.yml")).unwrap();
        let mut lines = after.lines();
        assert!(text.lines().all(|line| lines.any(|kept| kept == line)), "{text}\n---\n{after}");
        assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES, "{after}");
    }
}

/// A configuration with such lists.
fn lists(releases: &[(u64, &str)]) -> String {
    let mut text = format!("{}cache:\n    releases:\n", GROWTH[..4].concat());
    for (number, state) in releases {
        write!(text, "        - number: {number}\n          title: 'Release: release/v0.{number}.0'\n").unwrap();
        writeln!(text, "          state: {state}").unwrap();
    }
    text
}

/// A checkout with four versions of lists, one of which cannot be read, then a manifest, then a list that comes too late.
fn moved() -> Lab {
    let mut lab = Lab::with_git();
    let commit = |lab: &mut Lab, day: u32| {
        for variable in ["GIT_COMMITTER_DATE", "GIT_AUTHOR_DATE"] {
            lab.set(variable, format!("2025-03-{day:02}T10:00:00Z"));
        }
        lab.commit("change");
    };
    for (day, text) in [
        (1, GROWTH[..4].concat()),
        (2, lists(&[(7, "OPEN")])),
        (3, lists(&[(7, "CLOSED"), (9, "OPEN")])),
        (4, lists(&[(7, "CLOSED"), (9, "OPEN")]).replace("number: 9", "number: nine")),
        (5, GROWTH[..7].concat()),
    ] {
        lab.write(".gh-pmu.yml", text);
        commit(&mut lab, day);
    }
    lab.write_manifest(small());
    commit(&mut lab, 6);
    lab.write(".gh-pmu.yml", lists(&[(70, "OPEN")]));
    commit(&mut lab, 7);
    lab
}

#[test]
fn history_can_begin_with_the_lists_that_it_kept() {
    let (here, there) = (moved(), moved());
    here.run(&["cache", "sync"]).ok();
    let plain = here.status()["historyHash"].clone();
    let said = here.run(&["cache", "rebuild", "--import"]).ok();
    assert!(said.starts_with("octo-org/atlas rebuilt from git: 3 versions, "), "{said}");
    assert!(said.contains("; 2 lists from .gh-pmu.yml"), "{said}");
    let fields = "number,event,changedAt";
    let events = here.json(&["cache", "history", "--until", "2025-03-05", "--order", "asc", "--json", fields]);
    let short: Vec<String> = events.as_array().unwrap().iter().map(|event| event.to_string()).collect();
    assert_eq!(
        short,
        [
            r#"{"changedAt":"2025-03-02T10:00:00Z","event":"added","number":7}"#,
            r#"{"changedAt":"2025-03-03T10:00:00Z","event":"added","number":9}"#,
            r#"{"changedAt":"2025-03-03T10:00:00Z","event":"closed","number":7}"#,
        ]
    );
    let before = here.json(&["release", "list", "-s", "open", "--as-of", "2025-03-04", "--json", "number"]);
    assert_eq!(before.to_string(), r#"[{"number":9}]"#);
    assert_eq!(here.run(&["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(here.run(&["cache", "verify"]).code, Some(0));
    // Whoever does the same has the same.
    there.run(&["cache", "rebuild", "--import"]).ok();
    assert_eq!(here.status()["historyHash"], there.status()["historyHash"]);
    assert_ne!(here.status()["historyHash"], plain);
    // Without them something is lost, which is asked about.
    let refused = here.run(&["cache", "rebuild"]).fails();
    assert!(refused.contains("what happened before 2025-03-06"), "{refused}");
    here.run(&["cache", "rebuild", "--yes"]).ok();
    assert_eq!(here.status()["historyHash"], plain);
    assert_eq!(here.status()["repo"], REPO);
}
