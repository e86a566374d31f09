//! Damage as it shows in answers about many repositories, and files that came from another one.

use std::path::PathBuf;

use crate::cli::lab::Lab;
use crate::cli::manifests::{REPO, SMALL_RELEASES, small, small_at};

const OTHER: &str = "acme/rocket";

/// Two repositories of five events.
fn lab() -> Lab {
    let lab = Lab::synced(&small());
    let other = lab.other(&small().replace(REPO, OTHER));
    lab.run_in(&other, &["cache", "sync"]).ok();
    lab
}

fn store(lab: &Lab, repo: &str) -> PathBuf {
    lab.cache.join("github.com").join(repo)
}

fn remove(dir: &std::path::Path, names: &[&str]) {
    names.iter().for_each(|name| std::fs::remove_file(dir.join(name)).unwrap());
}

#[test]
fn a_repository_that_cannot_be_read_fails_an_answer_about_many_which_shows_the_others() {
    let lab = lab();
    remove(&store(&lab, OTHER), &["log-1", "index-5-1"]);
    for (args, lines) in [
        (&["release", "list", "--all-repos"][..], 3),
        (&["cache", "history", "--all-repos"], 5),
        (&["cache", "history", "--all-repos", "--exit-code", "--since", "now"], 0),
        (&["cache", "export", "--all-repos", "--format", "ndjson"], 5),
    ] {
        let ran = lab.run_in(&lab.root(), args);
        assert_eq!((ran.code, ran.out.lines().count()), (Some(1), lines), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(OTHER), "{args:?}: {}", ran.err);
    }
}

#[test]
fn a_log_that_is_gone_takes_its_own_past_away_and_nobody_else_s() {
    let lab = lab();
    remove(&store(&lab, OTHER), &["log-1"]);
    for (args, lines) in [
        (&["release", "list", "--all-repos", "--as-of", "2025-07-01"][..], 3),
        (&["cache", "history", "--all-repos"], 5),
        (&["cache", "export", "--all-repos", "--events", "--format", "ndjson"], 6),
        (&["cache", "export", "--all-repos", "--format", "ndjson"], 10),
    ] {
        let ran = lab.run_in(&lab.root(), args);
        let is_whole = lines == 10;
        assert_eq!((ran.code, ran.out.lines().count()), (Some(i32::from(!is_whole)), lines), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(OTHER), "{args:?}: {}", ran.err);
    }
}

#[test]
fn status_of_an_earlier_moment_is_no_whole_answer_and_a_damaged_event_is_not_shown_under_another_id() {
    let lab = Lab::synced(&small());
    let ids = |lab: &Lab| lab.run(&["cache", "history", "--json", "id", "--jq", ".[].id"]);
    for hour in [11, 12] {
        lab.write_manifest(small_at(hour).replace("v0.9.0", &format!("v0.9.{hour}")));
        lab.run(&["cache", "sync"]).ok();
    }
    let whole = ids(&lab).ok();
    let log = store(&lab, REPO).join("log-1");
    let bytes = std::fs::read(&log).unwrap();
    for at in (bytes.len() / 2..bytes.len()).step_by(7) {
        let mut harmed = bytes.clone();
        harmed[at] ^= 0x10;
        std::fs::write(&log, &harmed).unwrap();
        let (found, shown) = (ids(&lab), lab.run_in(&lab.root(), &["cache", "status", "--all-repos", "--json"]));
        assert!(found.out.lines().all(|id| whole.contains(id)), "{at}: {}", found.out);
        assert!(shown.code == Some(1) || shown.out.contains("\"seq\":7"), "{at}: {}", shown.out);
    }
}

#[test]
fn a_log_that_came_from_another_repository_is_refused_without_current_too() {
    let lab = lab();
    let (own, other) = (store(&lab, REPO), store(&lab, OTHER));
    remove(&other, &["CURRENT", "index-5-1"]);
    std::fs::copy(own.join("log-1"), other.join("log-1")).unwrap();
    let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), &[args, &["-R", OTHER]].concat());
    for args in [&["release", "list"][..], &["cache", "history"], &["cache", "verify"]] {
        let ran = elsewhere(args);
        assert_eq!(ran.code, Some(1), "{args:?}: {}", ran.err);
        assert!(!ran.out.contains("v0.9.0"), "{args:?}: {}", ran.out);
    }
    assert!(elsewhere(&["cache", "repair"]).ok().contains("its cache begins anew"));
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn a_repository_that_began_later_does_not_take_the_others_past_away() {
    let lab = lab();
    let other = lab.other(&small().replace(REPO, "acme/later").replace("2025-06-12", "2025-07-24"));
    lab.run_in(&other, &["cache", "sync"]).ok();
    let ran = lab.run_in(&lab.root(), &["release", "list", "--all-repos", "--as-of", "2025-07-01"]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 6), "{}", ran.err);
    assert!(ran.err.starts_with("! history of acme/later starts on 2025-07-24T"), "{}", ran.err);
}

#[test]
fn what_is_in_the_way_of_a_store_s_files_is_set_aside_or_emptied() {
    let lab = lab();
    let dir = store(&lab, REPO);
    std::fs::write(dir.join("lock"), "x").unwrap();
    std::fs::remove_file(dir.join("CURRENT")).unwrap();
    std::fs::create_dir(dir.join("CURRENT")).unwrap();
    let found = lab.run(&["cache", "verify"]);
    assert_eq!((found.code, found.out.lines().count()), (Some(1), 2), "{}", found.out);
    assert!(lab.run(&["cache", "repair"]).ok().contains("kept aside as damaged-CURRENT\n"));
    lab.run(&["cache", "verify"]).ok();
    std::fs::remove_file(dir.join("lock")).unwrap();
    std::fs::create_dir(dir.join("lock")).unwrap();
    assert!(lab.run(&["cache", "verify"]).out.contains("lock: byte 0: the whole file: is no regular file"));
    assert!(lab.run(&["cache", "repair"]).ok().contains("kept aside as damaged-lock\n"));
    lab.run(&["cache", "verify"]).ok();
    assert!(dir.join("damaged-CURRENT").is_dir() && dir.join("CURRENT").is_file());
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}
