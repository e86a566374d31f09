//! Many repositories at once: `cache sync --from`, and lists of all that an owner has.

use serde_json::Value;

use crate::cli::lab::{Lab, text, words};
use crate::cli::manifests;

fn manifest(repo: &str, day: u32, titles: &[&str]) -> String {
    let releases: Vec<_> = (1..)
        .zip(titles)
        .map(|(number, title)| serde_json::json!({"number": number, "title": title, "state": "OPEN"}))
        .collect();
    let updated_at = format!("2024-12-{day:02}T10:00:00Z");
    serde_json::json!({"version": 1, "updated_at": updated_at, "repo": repo, "releases": releases}).to_string()
}

/// A clone of a repository that collects: four repositories of two owners, in two versions.
fn lab() -> Lab {
    let lab = Lab::with_git();
    for repo in ["acme/a", "acme/b", "octo/a", "octo/b"] {
        lab.write(&format!("{repo}.json"), manifest(repo, 1, &["Release: v1.0.0"]));
    }
    lab.commit("Manifests");
    lab.write("acme/a.json", manifest("acme/a", 2, &["Release: v1.0.0 (Ant)"]));
    lab.commit("Manifests");
    lab
}

#[test]
fn a_repository_is_no_owner() {
    for line in ["release list --owner o/r", "cache sync --owner o/r"] {
        let said = Lab::new().run(&words(line)).fails();
        assert!(
            said.starts_with("invalid argument \"o/r\" for \"--owner\" flag: expected the \"[HOST/]OWNER\""),
            "{said}"
        );
    }
}

#[test]
fn every_manifest_below_a_directory_is_synced_with_its_history() {
    let lab = lab();
    let said = lab.run(&["cache", "sync", "--from", "."]).ok();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "acme/a synced: 1 added, 1 retitled (events 1 to 2)");
    assert_eq!((lines.len(), lines[4]), (5, "4 manifests: 4 changed"));
    // Other JSON is no manifest.
    lab.write("package.json", r#"{"name": "x", "version": "1.0.0"}"#);
    assert_eq!(lab.run(&["cache", "sync", "--from", "."]).ok(), "4 manifests: 4 unchanged\n");
    assert_eq!(lab.run(&["cache", "history", "-R", "acme/a", "-L", "9"]).ok().lines().count(), 2);
    lab.write("octo/b.json", manifest("octo/b", 3, &["Release: v1.0.0", "Release: v1.1.0"]));
    let said = lab.run(&["cache", "sync", "--from", "octo"]).ok();
    assert_eq!(said, "octo/b synced: 1 added (event 2)\n2 manifests: 1 changed, 1 unchanged\n");
}

#[test]
fn what_a_clone_lacks_of_the_past_is_said_once() {
    let lab = lab();
    let (shallow, cache) = (lab.root().join("shallow"), lab.root().join("elsewhere"));
    lab.git(&["clone", "-q", "--depth", "1", &format!("file://{}", text(&lab.checkout)), text(&shallow)]);
    let ran = lab.run_with(&[("GH_PMU_CACHE_DIR", text(&cache))], &["cache", "sync", "--from", text(&shallow)]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(0), 1), "{}", ran.err);
    assert!(ran.err.starts_with("! this is a shallow clone"), "{}", ran.err);
    assert!(ran.out.ends_with("4 manifests: 4 changed\n"), "{}", ran.out);
    // The way out that it names is one.
    lab.git(&["-C", text(&shallow), "fetch", "-q", "--unshallow"]);
    lab.run_with(&[("GH_PMU_CACHE_DIR", text(&cache))], &["cache", "sync", "--from", text(&shallow)]).ok();
    let history = ["cache", "history", "-R", "acme/a", "--json", "published", "--jq", "length"];
    assert_eq!(lab.run_with(&[("GH_PMU_CACHE_DIR", text(&cache))], &history).ok(), "2\n");
}

#[test]
fn what_is_refused_below_a_directory_is_named_and_the_others_go_on() {
    let lab = lab();
    lab.write("octo/b.json", "<<<<<<< ours\n");
    lab.write("octo/c.json", manifest("acme/b", 1, &["Release: v1.0.0"]));
    lab.write("octo/\u{1b}[31m.json", manifest("octo/d", 1, &["Release: v1.0.0"]).replace("\"repo\":\"octo/d\",", ""));
    let ran = lab.run(&["cache", "sync", "--from", "."]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.ends_with("6 manifests: 2 changed, 4 refused\n"), "{}", ran.out);
    for (said, count) in [("conflict marker", 1), ("acme/b", 2), ("names no repository", 1), ("\u{1b}", 0)] {
        let found = ran.err.lines().filter(|line| line.contains(said)).count();
        assert_eq!(found, count, "{said}: {}", ran.err);
    }
    let missing = lab.run(&["cache", "sync", "--from", "nowhere"]).fails();
    assert!(missing.contains("nowhere"), "{missing}");
    std::fs::create_dir(lab.checkout.join("empty")).unwrap();
    let empty = lab.run(&["cache", "sync", "--from", "empty"]).fails();
    assert!(empty.starts_with("there are no manifests below empty\n"), "{empty}");
}

#[test]
fn the_repositories_of_an_owner_answer_together() {
    let lab = lab();
    lab.run(&["cache", "sync", "--from", "."]).ok();
    for (owner, repos) in
        [("acme", ["acme/a", "acme/b"]), ("OCTO", ["octo/a", "octo/b"]), ("github.com/octo", ["octo/a", "octo/b"])]
    {
        let listed = lab.json(&["release", "list", "--owner", owner, "--json", "repo"]);
        assert_eq!(listed, serde_json::json!(repos.map(|repo| serde_json::json!({"repo": repo}))));
        assert_eq!(lab.run(&["cache", "status", "--owner", owner]).ok().lines().count(), 2);
        let events = if owner == "acme" { 3 } else { 2 };
        assert_eq!(lab.run(&["cache", "history", "--owner", owner]).ok().lines().count(), events);
        let exported = lab.run(&["cache", "export", "--format", "ndjson", "--owner", owner]).ok();
        assert_eq!(exported.lines().count(), 2);
    }
    for command in
        [&["release", "list"][..], &["cache", "history"], &["cache", "status"], &["cache", "export", "--format", "csv"]]
    {
        let run = |flags: &[&str]| lab.run(&[command, flags].concat()).fails();
        assert!(run(&["--owner", "nobody"]).starts_with("no repository of nobody is cached\n"));
        assert!(run(&["--owner", "acme", "--all-repos"]).starts_with("cannot use `--all-repos` with `--owner`\n"));
        assert!(run(&["--owner", "acme", "-R", "o/r"]).starts_with("cannot use `--owner` with `--repo`\n"));
        assert!(
            run(&["--owner", "a b"]).starts_with("invalid argument \"a b\" for \"--owner\" flag: an owner has only")
        );
    }
    let shown = lab.run_with(&[("GH_FORCE_TTY", "80")], &["release", "list", "--owner", "acme"]).ok();
    assert!(shown.contains("Showing 2 of 2 releases in all cached repositories of acme"), "{shown}");
}

#[test]
fn a_name_that_another_repository_took_over_is_that_one_s() {
    let lab = Lab::with_git();
    let put = |name: &str, hour: u32, numbers: &[u64]| {
        let releases: Vec<_> =
            numbers.iter().map(|number| manifests::open(*number, &format!("Release: v{number}"))).collect();
        let text = manifests::manifest(hour, &releases.into(), &Vec::<Value>::new().into())
            .replace("octo-org/atlas", &format!("o/{name}"));
        lab.write(&format!("o/{name}.json"), text);
        lab.commit("change");
    };
    std::fs::create_dir(lab.checkout.join("o")).unwrap();
    put("old", 1, &[1, 2, 3, 4]);
    lab.git(&["mv", "o/old.json", "o/new.json"]);
    put("new", 2, &[1, 2, 3, 4]);
    put("old", 3, &[77]);
    put("new", 4, &[1, 2, 3, 4, 5]);
    for again in ["first", "again"] {
        lab.run(&["cache", "sync", "--from", "."]).ok();
        let listed =
            |repo: &str| lab.run(&["release", "list", "-R", repo, "--json", "number", "-q", "map(.number)"]).ok();
        assert_eq!((&*listed("o/old"), &*listed("o/new")), ("[77]\n", "[5,4,3,2,1]\n"), "{again}");
    }
}

#[test]
fn what_the_last_look_at_a_collection_could_not_use_is_no_longer_known_to_be_fresh() {
    let lab = lab();
    let sync = || lab.run(&["cache", "sync", "--from", "."]);
    let check = |repo: &str| lab.run(&["cache", "status", "--check", "-R", repo]);
    sync().ok();
    check("octo/b").ok();
    for (manifest, reason) in [
        ("{\"version\": 1, \"updated".to_owned(), "its manifest cannot be used: "),
        (
            manifest("octo/b", 1, &["Release: v0.9.0"]).replace("2024-12-01", "2024-11-01"),
            "is older than what is cached",
        ),
    ] {
        lab.write("octo/b.json", manifest);
        sync();
        let checked = check("octo/b");
        assert!(checked.code == Some(1) && checked.out.contains(reason), "{checked:?}");
        check("octo/a").ok();
        let all = lab.run(&["cache", "status", "--all-repos", "--check"]);
        assert_eq!(all.code, Some(1), "{}", all.out);
    }
    lab.write("octo/b.json", manifest("octo/b", 1, &["Release: v1.0.0"]));
    sync().ok();
    check("octo/b").ok();
}
