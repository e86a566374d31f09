//! What makes an issue a tracker for the workflow: labels and titles, by default and by configuration.

use super::fake::Issue;
use super::runner::{World, parsed};

fn issue(number: u64, title: &str, labels: &[&'static str]) -> Issue {
    Issue { number, title: title.to_owned(), labels: labels.to_vec(), closed: false }
}

/// Numbers and titles of a kind, in the file's order.
fn listed(manifest: &str, kind: &str) -> Vec<String> {
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    let line = |tracker: &serde_json::Value| format!("{} {}", tracker["number"], tracker["title"].as_str().unwrap());
    manifest[kind].as_array().unwrap().iter().map(line).collect()
}

/// The configuration goes into the checkout's file, and is pushed.
fn configure(world: &World, file: &str, text: &str) {
    world.git("team", &["pull", "-q", "--ff-only", "origin", "main"]);
    std::fs::write(world.path("team").join(file), text).unwrap();
    world.git("team", &["add", "."]);
    world.git("team", &["commit", "-qm", "Configure"]);
    world.git("team", &["push", "-q", "origin", "main"]);
}

#[test]
fn an_issue_with_several_labels_is_one_row() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| {
        issues.extend([
            issue(1, "Release: v1.0.0", &["release", "branch", "patch"]),
            issue(2, "Branch: release/v1.1.0", &["branch"]),
            issue(3, "Patch: v1.0.1", &["patch", "release"]),
            issue(4, "Microsprint: week 1", &["microsprint", "release"]),
            issue(5, "release: v9", &["release"]),
        ]);
    });
    assert!(world.run("runner").ok);
    let text = world.manifest("main");
    assert_eq!(listed(&text, "releases"), ["1 Release: v1.0.0", "2 Branch: release/v1.1.0", "3 Patch: v1.0.1"]);
    assert_eq!(listed(&text, "microsprints"), ["4 Microsprint: week 1"]);
    assert_eq!(parsed(&text).trackers.len(), 4);
}

#[test]
fn labels_and_titles_are_those_of_the_checkout_s_configuration() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| {
        issues.extend([
            issue(1, "Release: v1.0.0", &["release"]),
            issue(2, "Version 2", &["kind:rel"]),
            issue(3, "It's 3", &["it's out"]),
            issue(4, "Sprint: one", &["sprint"]),
            issue(5, "Microsprint: two", &["sprint", "microsprint"]),
        ]);
    });
    let lists = "cache:\n  release_labels: [kind:rel, 'it''s out', \"\\u0072elease\"]  # of old\n  \
                 release_titles: [\"Version \", 'It''s ']\n  microsprint_labels:\n  - sprint # more\n\n  - other\n";
    configure(&world, ".gh-pmu.yml", lists);
    let run = world.run("flow-and-block");
    assert!(run.ok, "{}", run.log);
    let known =
        "::warning title=pmu-cache::Only the schedule looks at issues labelled kind:rel, it's out, sprint, other:";
    assert!(run.log.contains(known), "{}", run.log);
    let text = world.manifest("main");
    assert_eq!(listed(&text, "releases"), ["2 Version 2", "3 It's 3"]);
    assert_eq!(listed(&text, "microsprints"), ["5 Microsprint: two"]);

    // The file that goes before the other, with Windows' line endings.
    configure(
        &world,
        ".github/pmu.yml",
        "cache:\r\n  microsprint_titles: [\r\n    \"Sprint: \",\r\n    'Micro'\r\n  ]\r\n",
    );
    let run = world.run("other-file");
    assert!(run.ok && !run.log.contains("::warning"), "{}", run.log);
    let text = world.manifest("main");
    assert_eq!(listed(&text, "releases"), ["1 Release: v1.0.0"]);
    assert_eq!(listed(&text, "microsprints"), ["5 Microsprint: two"]);
    // One without the section does not count.
    configure(&world, ".github/pmu.yml", "repositories: [octo-org/atlas]\n");
    assert!(world.run("no-section").ok);
    assert_eq!(listed(&world.manifest("main"), "releases"), ["2 Version 2", "3 It's 3"]);
}

#[test]
fn a_configuration_that_the_workflow_cannot_read_stops_it() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.push(issue(1, "Release: v1.0.0", &["release"])));
    assert!(world.run("first").ok);
    let before = world.manifest("main");
    for (name, line, reason) in [
        ("alias", "release_labels: *labels", "release_labels cannot be read here: write it as [\"a\", \"b\"]."),
        ("merge", "<<: *labels", "release_labels cannot be read here"),
        ("text", "microsprint_titles: >\n    x", "microsprint_titles cannot be read here"),
        ("mapping", "release_titles: [Release: , x]", "release_titles cannot be read here"),
        ("none", "release_labels: []\n  microsprint_labels: []", "names no label that makes an issue a tracker."),
    ] {
        configure(&world, ".gh-pmu.yml", &format!("labels: &labels [a]\ncache:\n  {line}\n"));
        let run = world.run(name);
        assert!(!run.ok && run.log.contains("::error title=pmu-cache::The configuration"), "{}", run.log);
        assert!(run.log.contains(reason), "{}", run.log);
    }
    assert_eq!(world.manifest("main"), before);
    // Quotes around a key are none of its name.
    configure(&world, ".gh-pmu.yml", "\"cache\":\n  'release_labels': [other]\n");
    assert!(world.run("quoted").ok);
    assert!(listed(&world.manifest("main"), "releases").is_empty());
    // A list that is empty leaves its kind without trackers.
    configure(&world, ".gh-pmu.yml", "cache:\n  release_labels: []\n  microsprint_labels: null\n");
    assert!(world.run("empty").ok);
    assert!(parsed(&world.manifest("main")).trackers.is_empty());
}

#[test]
fn a_repository_whose_label_was_renamed_has_the_same_trackers() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.extend((1..=3).map(|n| issue(n, &format!("Release: v{n}"), &["release"]))));
    assert!(world.run("before").ok);
    let before = world.manifest("main");
    world.fake.change(|issues| issues.iter_mut().for_each(|issue| issue.labels = vec!["branch"]));
    let run = world.run("renamed");
    assert!(run.ok && run.log.contains("up to date"), "{}", run.log);
    assert_eq!(world.manifest("main"), before);
    world.fake.change(|issues| issues.push(issue(4, "Branch: release/v4", &["branch"])));
    assert!(world.run("after").ok);
    let after = world.manifest("main");
    let kept = |line: &&str| !line.contains("updated_at") && !line.ends_with(']') && before.contains(*line);
    assert_eq!(after.lines().filter(kept).filter(|line| line.contains("\"number\"")).count(), 2, "{after}");
    assert_eq!(listed(&after, "releases"), ["1 Release: v1", "2 Release: v2", "3 Release: v3", "4 Branch: release/v4"]);
}
