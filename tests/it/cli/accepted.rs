//! Manifests in other dress than the workflow's: accepted, and the same in the cache.

use serde_json::{Value, json};

use crate::cli::lab::Lab;
use crate::cli::manifests::{SMALL_MICROSPRINTS, SMALL_RELEASES, small};

/// A first sync of the manifest gives both lists of the small one.
#[track_caller]
fn accepts(content: impl AsRef<[u8]>) {
    let lab = Lab::new();
    lab.write_manifest(content);
    assert_lists(&lab);
}

#[track_caller]
fn assert_lists(lab: &Lab) {
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(lab.run(&["microsprint", "list"]).ok(), SMALL_MICROSPRINTS);
    assert!(lab.run(&["cache", "verify"]).ok().contains("5 events verify"));
}

fn small_value() -> Value {
    serde_json::from_str(&small()).unwrap()
}

fn each_tracker(manifest: &mut Value, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    for list in ["releases", "microsprints"] {
        manifest[list].as_array_mut().unwrap().iter_mut().for_each(|tracker| change(tracker.as_object_mut().unwrap()));
    }
}

#[test]
fn fields_in_any_order() {
    let manifest = small_value();
    let lists = |order: &[&str]| {
        let field = |name: &&str| {
            let mut list = manifest[*name].clone();
            if let Some(trackers) = list.as_array_mut() {
                trackers.reverse();
            }
            format!("\"{name}\": {list}")
        };
        format!("{{{}}}", order.iter().map(field).collect::<Vec<_>>().join(", "))
    };
    accepts(lists(&["microsprints", "repo", "releases", "updated_at", "version"]));
    accepts(lists(&["releases", "version", "updated_at", "microsprints", "repo"]));
    let text = small().replace("\"number\":430,\"state\":\"OPEN\"", "\"state\":\"OPEN\",\"number\":430");
    assert_ne!(text, small());
    accepts(text);
}

#[test]
fn fields_that_are_not_known() {
    let mut manifest = small_value();
    manifest["generator"] = json!({"name": "pmu-cache.yml", "deep": [[[{"releases": [1]}]]]});
    manifest["Releases"] = json!(1);
    each_tracker(&mut manifest, |tracker| {
        tracker.insert("labels".to_owned(), json!(["release", {"number": 0}]));
        tracker.insert("url".to_owned(), json!(null));
    });
    accepts(manifest.to_string());
}

#[test]
fn a_list_that_is_missing_is_empty() {
    for (missing, there, rows) in
        [("releases", "microsprint", SMALL_MICROSPRINTS), ("microsprints", "release", SMALL_RELEASES)]
    {
        let mut manifest = small_value();
        manifest.as_object_mut().unwrap().remove(missing).unwrap();
        let lab = Lab::new();
        lab.write_manifest(manifest.to_string());
        assert_eq!(lab.run(&[there, "list"]).ok(), rows);
        assert_eq!(lab.run(&[missing.trim_end_matches('s'), "list"]).ok(), "");
    }
}

#[test]
fn a_time_that_is_missing_is_null() {
    let mut manifest = small_value();
    each_tracker(&mut manifest, |tracker| tracker.retain(|_, value| !value.is_null()));
    accepts(manifest.to_string());
    let lab = Lab::new();
    let bare = json!({"updated_at": "2025-06-12T10:00:00Z", "repo": "o/r",
        "releases": [{"number": 1, "title": "t", "state": "CLOSED"}]});
    lab.write_manifest(bare.to_string());
    assert_eq!(lab.run(&["release", "list"]).ok(), "1\tCLOSED\tt\t\t\n");
    let listed = lab.json(&["release", "list", "--json", "createdAt,closedAt"]);
    assert_eq!(listed, json!([{"createdAt": null, "closedAt": null}]));
}

/// The older spelling, which names neither version nor repository.
fn older_spelling() -> String {
    let mut manifest = small_value();
    manifest.as_object_mut().unwrap().retain(|name, _| name != "version" && name != "repo");
    each_tracker(&mut manifest, |tracker| {
        for (new, old) in [("createdAt", "created_at"), ("closedAt", "closed_at")] {
            let value = tracker.remove(new).unwrap();
            tracker.insert(old.to_owned(), value);
        }
    });
    manifest.to_string()
}

#[test]
fn the_older_spelling_where_a_remote_names_the_repository() {
    for url in [
        "https://github.com/octo-org/atlas.git",
        "git@github.com:octo-org/atlas.git",
        "ssh://git@github.com/octo-org/atlas",
    ] {
        let lab = Lab::with_git();
        lab.git(&["remote", "add", "origin", url]);
        lab.write_manifest(older_spelling());
        assert_lists(&lab);
        assert_eq!(lab.status()["repo"], "octo-org/atlas");
    }
}

#[test]
fn the_older_spelling_is_refused_where_nothing_names_the_repository() {
    let lab = Lab::with_git();
    lab.write_manifest(older_spelling());
    for args in [&["release", "list"][..], &["cache", "sync"]] {
        let said = lab.run(args).fails();
        let unnamed = "does not say of which repository it is, and the checkout does not either: no git remotes found";
        assert!(said.starts_with(&lab.manifest_path().display().to_string()) && said.contains(unnamed), "{said}");
    }
    assert!(!lab.cache.exists());
}

#[test]
fn a_remote_that_moves_on_names_another_repository() {
    let lab = Lab::with_git();
    lab.git(&["remote", "add", "origin", "https://github.com/octo-org/atlas"]);
    lab.write_manifest(older_spelling());
    lab.run(&["cache", "sync"]).ok();
    lab.git(&["remote", "set-url", "origin", "https://github.com/octo-org/renamed"]);
    assert!(lab.run(&["cache", "sync"]).ok().starts_with("octo-org/renamed synced: 5 added"));
    assert_eq!(lab.json(&["release", "list", "-L", "1", "--json", "repo"]), json!([{"repo": "octo-org/renamed"}]));
}

#[test]
fn states_in_lower_case() {
    accepts(small().replace("OPEN", "open").replace("CLOSED", "closed"));
    accepts(small().replace("OPEN", "Open").replace("CLOSED", "Closed"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends() {
    let pretty = serde_json::to_string_pretty(&small_value()).unwrap();
    accepts(&pretty);
    accepts(format!("\u{feff}{pretty}\r\n"));
    accepts(pretty.replace('\n', "\r\n"));
    accepts(format!("\u{feff}{}", pretty.replace('\n', "\r\n")));
}

#[test]
fn times_with_offsets_and_fractions_are_kept_in_utc() {
    accepts(small().replace("2024-12-20T08:00:00Z", "2024-12-20T09:30:00+01:30"));
    accepts(small().replace("2024-12-20T08:00:00Z", "2024-12-20t08:00:00.000z"));
    let lab = Lab::new();
    lab.write_manifest(small().replace("2024-12-20T08:00:00Z", "2024-12-20T08:00:00.250Z"));
    assert!(lab.run(&["release", "list", "-L", "1"]).ok().ends_with("\t2024-12-20T08:00:00.250Z\t\n"));
}

#[test]
fn another_dress_of_the_same_trackers_is_no_change() {
    let lab = Lab::synced(&small());
    let pretty = serde_json::to_string_pretty(&small_value()).unwrap().replace('\n', "\r\n");
    lab.write_manifest(format!("\u{feff}{pretty}").replace("CLOSED", "closed"));
    let said = lab.run(&["cache", "sync"]).ok();
    assert_eq!(said, "octo-org/atlas is up to date: nothing but the manifest's time has changed\n");
    assert_eq!(lab.status()["seq"], 5);
}
