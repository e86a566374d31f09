//! `cache sync`, `status`, `compact`, `verify` and `clear`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cli::lab::{Lab, NO_GH, assert_same, files_below, is_named, text};
use crate::cli::manifests::{SMALL_RELEASES, manifest, many, many_listed, open, small, small_at};

fn lab() -> Lab {
    Lab::synced(&small())
}

fn sync(lab: &Lab) -> String {
    lab.run(&["cache", "sync"]).ok()
}

#[test]
fn sync_says_what_changed_or_that_nothing_did() {
    let lab = Lab::new();
    lab.write_manifest(small());
    assert_eq!(sync(&lab), "octo-org/atlas synced: 5 added (events 1 to 5)\n");
    assert_eq!(sync(&lab), "octo-org/atlas is up to date: the manifest has not changed\n");
    lab.write_manifest(small_at(11));
    assert_eq!(sync(&lab), "octo-org/atlas is up to date: nothing but the manifest's time has changed\n");
    lab.write_manifest(small_at(12).replace("v0.9.0", "v0.9.1"));
    assert_eq!(sync(&lab), "octo-org/atlas synced: 1 retitled (event 6)\n");
    let closed = "\"closedAt\":\"2025-06-12T12:30:00Z\",\"createdAt\":\"2024-12-20T08:00:00Z\",\"number\":430,\"state\":\"CLOSED\"";
    let as_open = "\"closedAt\":null,\"createdAt\":\"2024-12-20T08:00:00Z\",\"number\":430,\"state\":\"OPEN\"";
    lab.write_manifest(small_at(13).replace(as_open, closed));
    assert_eq!(sync(&lab), "octo-org/atlas synced: 1 closed, 1 retitled (events 7 to 8)\n");
    let events = lab.json(&["cache", "history", "--since", "@5", "--json", "event,before,after"]);
    assert_eq!(
        events,
        json!([
            {"event": "retitled", "before": {"title": "Release: v0.9.1"}, "after": {"title": "Release: v0.9.0"}},
            {"event": "closed", "before": {"state": "OPEN", "closedAt": null},
             "after": {"state": "CLOSED", "closedAt": "2025-06-12T12:30:00Z"}},
            {"event": "retitled", "before": {"title": "Release: v0.9.0"}, "after": {"title": "Release: v0.9.1"}},
        ])
    );
    lab.write_manifest(manifest(14, &json!([open(1, "Release: v2.0.0")]), &json!([])));
    let said = sync(&lab);
    assert!(said.contains("1 added") && said.contains("5 removed") && said.contains("(events 9 to 14)"), "{said}");
    let empty = Lab::new();
    empty.write_manifest(manifest(10, &json!([]), &json!([])));
    assert_eq!(sync(&empty), "octo-org/atlas synced: it has no trackers\n");
}

#[test]
fn an_older_manifest_changes_nothing_unless_it_is_forced() {
    let lab = Lab::synced(&small_at(12));
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.8.9"));
    let older = "octo-org/atlas is unchanged: the manifest is of 2025-06-12T11:00:00Z, older than the cache, of \
                 2025-06-12T12:00:00Z (`gh pmu cache sync --force` applies it)\n";
    let log = || {
        ["seq", "stateHash", "logBytes", "manifestHash", "manifestUpdatedAt"].map(|field| lab.status()[field].clone())
    };
    let before = log();
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    std::thread::sleep(std::time::Duration::from_millis(50));
    lab.run(&["release", "list"]).ok();
    assert_eq!(sync(&lab), older);
    assert_eq!(sync(&lab), older, "and says so every time");
    let shown = lab.run_with(&[("GH_FORCE_TTY", "80"), ("NO_COLOR", "1")], &["cache", "sync"]).ok();
    assert_eq!(
        shown.replace(char::is_whitespace, " "),
        older.replace(char::is_whitespace, " "),
        "no tick, and no ages"
    );
    assert_eq!(log(), before);
    assert_eq!(lab.run(&["cache", "sync", "--force"]).ok(), "octo-org/atlas synced: 1 retitled (event 6)\n");
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v0.8.9"));
    let event = lab.json(&["cache", "history", "-L", "1", "--json", "changedAt,syncedAt"]);
    assert_eq!(event[0]["changedAt"], event[0]["syncedAt"], "dated by the moment it was forced");
    assert!(event[0]["changedAt"].as_str().unwrap() > "2025-06-12T12:00:00Z");
    // What comes later is compared with the forced manifest's own time.
    lab.write_manifest(small_at(13));
    assert!(sync(&lab).contains("synced: 1 retitled"));
}

#[test]
fn sync_without_anything_to_sync_from_is_told() {
    let lab = Lab::without_git();
    let said = lab.run(&["cache", "sync"]).fails();
    assert!(said.starts_with("no repository is named, and this is no checkout with a manifest\n"), "{said}");
    let lab = Lab::with_git();
    let nameless = format!(
        "there is no manifest at {}, and the checkout names no repository: no git remotes found\n\
         Use `--repo OWNER/REPO`, or set GH_REPO.\n",
        lab.manifest_path().display()
    );
    for args in [["cache", "sync"], ["release", "list"], ["cache", "history"], ["cache", "compact"]] {
        assert_eq!(lab.run(&args).fails(), nameless, "{args:?}");
    }
    let missing = format!("there is no manifest at {}\nGitHub cannot stand in: ", lab.manifest_path().display());
    lab.git(&["remote", "add", "origin", "https://github.com/o/r"]);
    assert_eq!(lab.run(&["cache", "sync"]).fails(), format!("{missing}{NO_GH}\n"));
    assert_eq!(lab.run(&["cache", "sync", "-R", "o/r"]).fails(), format!("{NO_GH}\n"));
    assert!(!lab.cache.exists());
}

#[test]
fn status_gives_the_fields_that_are_promised_and_no_others() {
    let lab = lab();
    let status = lab.json(&["cache", "status", "--json"]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(&status), names(&["path", "backend", "repos"]));
    assert_eq!((&status["path"], &status["backend"]), (&json!(text(&lab.cache)), &json!("log")));
    let repo = &status["repos"][0];
    let fields = [
        "repo",
        "trackers",
        "seq",
        "historyStart",
        "manifestHash",
        "manifestUpdatedAt",
        "syncedAt",
        "checkedAt",
        "source",
        "stale",
        "staleReason",
        "stateHash",
        "historyHash",
        "published",
        "observed",
        "logBytes",
        "indexBytes",
        "tailEvents",
    ];
    assert_eq!(keys(repo), names(&fields));
    assert_eq!(repo["repo"], "octo-org/atlas");
    assert_eq!(repo["trackers"], json!({"release": {"open": 1, "closed": 2}, "microsprint": {"open": 1, "closed": 1}}));
    assert_eq!((&repo["seq"], &repo["historyStart"]), (&json!(5), &json!(1)));
    assert_eq!(repo["manifestHash"], json!(blake3::hash(small().as_bytes()).to_hex().as_str()));
    assert_eq!(repo["manifestUpdatedAt"], "2025-06-12T10:00:00Z");
    assert_eq!((&repo["source"], &repo["stale"]), (&json!("manifest"), &json!(false)));
    assert!(repo["syncedAt"].as_str() <= repo["checkedAt"].as_str());
    let bytes = |prefix: &str| -> u64 {
        let of = files_below(&lab.cache).into_iter().filter(|(path, _)| is_named(path, prefix));
        of.map(|(_, (_, content))| content.unwrap().len() as u64).sum()
    };
    assert_eq!((&repo["logBytes"], &repo["indexBytes"]), (&json!(bytes("log-")), &json!(bytes("index-"))));
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    sync(&lab);
    let after = lab.status();
    assert_eq!((&after["seq"], &after["tailEvents"]), (&json!(6), &json!(1)));
    assert_ne!(after["stateHash"], repo["stateHash"]);
    lab.write_manifest(small_at(12));
    sync(&lab);
    assert_eq!(lab.status()["stateHash"], repo["stateHash"], "the same trackers again");
}

#[test]
fn status_for_people_names_what_json_has() {
    let lab = lab();
    let out = lab.run(&["cache", "status", "--verbose"]).ok();
    let dir = lab.store();
    for line in [
        "octo-org/atlas",
        &format!("  path:           {}", dir.display()),
        "  releases:       1 open, 2 closed",
        "  microsprints:   1 open, 1 closed",
        "  last event:     @5",
        "  manifest:       2025-06-12T10:00:00Z",
        "  stale:          no",
        "  tail:           0 events",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
    let summary = lab.run(&["cache", "status"]).ok();
    let lines: Vec<_> = summary.lines().collect();
    assert_eq!(lines.len(), 5, "{summary}");
    assert_eq!(lines[0], "octo-org/atlas: up to date");
    assert_eq!(lines[1], "  trackers  1 open and 2 closed releases, 1 open and 1 closed microsprint");
    assert!(lines[2].starts_with("  source    manifest of 2025-06-12T10:00:00Z, synced "), "{summary}");
    assert_eq!(lines[3], "  history   5 events");
    assert!(lines[4].ends_with(&format!(" KiB in {}", dir.display())), "{summary}");
    assert_eq!(Lab::new().run(&["cache", "status"]).ok(), "");
    let nothing = Lab::new().json(&["cache", "status", "--json"]);
    assert_eq!(nothing["repos"], json!([]));
}

#[test]
fn status_of_many_has_a_line_for_each_the_stale_ones_first_and_a_sum() {
    let lab = lab();
    let other = lab.other(&small().replace("octo-org/atlas", "octo-org/rocket"));
    lab.run_in(&other, &["cache", "sync"]).ok();
    let all = ["cache", "status", "--all-repos"];
    let fresh = |name: &str| format!("octo-org/{name}\t2\t3\t5\t2025-06-12T10:00:00Z\tfresh\t\n");
    assert_eq!(lab.run(&all).ok(), fresh("atlas") + &fresh("rocket"));
    assert_eq!(lab.run_in(&lab.root(), &["cache", "status"]).ok(), fresh("atlas") + &fresh("rocket"), "outside");
    assert!(lab.run(&["cache", "status"]).ok().starts_with("octo-org/atlas: up to date\n"), "the one here");
    assert_eq!(lab.json(&["cache", "status", "--json"])["repos"].as_array().unwrap().len(), 1, "the one here");
    std::fs::write(other.join(".github/pmu-cache.json"), "{").unwrap();
    let check = |args: &[&str]| lab.run_in(&other, &[args, &["--check"]].concat());
    let said = check(&all);
    let stale = "octo-org/rocket\t2\t3\t5\t2025-06-12T10:00:00Z\tstale\tthe manifest cannot be used: ";
    assert!(said.code == Some(1) && said.out.starts_with(stale) && said.out.ends_with(&fresh("atlas")), "{said:?}");
    assert_eq!(check(&["cache", "status", "-R", "octo-org/atlas"]).code, Some(0));
    let shown = lab.run_with(&[("GH_FORCE_TTY", "100"), ("NO_COLOR", "1")], &all).ok();
    let sum = "\n2 cached repositories, none stale: 4 open and 6 closed trackers, ";
    assert!(shown.starts_with(sum) && shown.contains("\nREPO "), "{shown}");
    let both = lab.run(&[&all[..], &["-R", "o/r"]].concat());
    assert_eq!((both.code, both.err.lines().next()), (Some(1), Some("cannot use `--all-repos` with `--repo`")));
}

#[test]
fn check_exits_with_0_when_fresh_and_1_when_stale_or_missing() {
    let check = |lab: &Lab| lab.run(&["cache", "status", "--check"]).code;
    let lab = Lab::new();
    lab.write_manifest(small());
    assert_eq!(check(&lab), Some(1), "missing");
    sync(&lab);
    assert_eq!(check(&lab), Some(0), "fresh");
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    assert_eq!(check(&lab), Some(1), "stale");
    assert_eq!(lab.status()["stale"], true);
    assert_eq!(lab.status()["seq"], 5, "looking does not sync");
    lab.run(&["release", "list"]).ok();
    assert_eq!(check(&lab), Some(0), "fresh again");
    lab.write_manifest(small());
    let reason = || lab.status()["staleReason"].as_str().unwrap().to_owned();
    assert_eq!(check(&lab), Some(1), "set aside as older");
    assert!(reason().contains("is older than what is cached"), "{}", reason());
    lab.write_manifest("{");
    assert_eq!(check(&lab), Some(1), "cannot be used");
    assert!(reason().starts_with("the manifest cannot be used: "), "{}", reason());
    lab.write_manifest(small().replace("2025-06-12", "2999-06-12"));
    assert_eq!(check(&lab), Some(1), "of the future");
    assert!(reason().contains("ahead of this machine's clock"), "{}", reason());
    std::fs::remove_file(lab.manifest_path()).unwrap();
    assert_eq!((check(&lab), &*reason()), (Some(1), "the manifest is missing"));
    std::fs::create_dir(lab.manifest_path()).unwrap();
    assert_eq!(check(&lab), Some(1), "a directory");
    assert!(reason().contains("pmu-cache.json is not a regular file"), "{}", reason());
    std::fs::remove_dir(lab.manifest_path()).unwrap();
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), args).code;
    assert_eq!(elsewhere(&["cache", "status", "--check"]), Some(0));
    assert_eq!(elsewhere(&["cache", "status", "--check", "-R", "octo-org/atlas"]), Some(0));
    assert_eq!(elsewhere(&["cache", "status", "--check", "-R", "o/r"]), Some(1));
    lab.run(&["cache", "clear", "--yes"]).ok();
    assert_eq!((check(&lab), elsewhere(&["cache", "status", "--check"])), (Some(1), Some(1)), "cleared");
}

#[test]
fn status_of_what_is_not_cached_says_so_and_not_that_nothing_is() {
    let lab = lab();
    let tty = |args: &[&str]| lab.run_with(&[("GH_FORCE_TTY", "80")], &[&["cache", "status"], args].concat());
    let of_other = tty(&["-R", "o/r"]);
    assert_eq!((of_other.code, &*of_other.err), (Some(0), "nothing is cached of o/r\n"));
    let missing = "nothing is cached of o/r\nRun `gh pmu cache sync --repo o/r`.\n";
    assert_eq!(tty(&["--check", "-R", "o/r"]).fails(), missing);
    assert_eq!(lab.run(&["cache", "status", "--check", "-R", "o/r"]).fails(), missing, "scripts are told why, too");
    let json = lab.run(&["cache", "status", "--check", "--json", "-R", "o/r"]);
    assert!(json.code == Some(1) && json.out.ends_with("\"repos\":[]}\n") && json.err == missing, "{json:?}");
    for path in lab.cached_files().into_keys().filter(|path| is_named(path, "log-") || is_named(path, "index-")) {
        std::fs::remove_file(path).unwrap();
    }
    let damaged = lab.run(&["cache", "status", "--check"]);
    assert_eq!(damaged.code, Some(1));
    assert!(damaged.err.starts_with("! the cache is damaged: ") && !damaged.err.contains("nothing"), "{damaged:?}");
}

#[test]
fn max_age_makes_a_cache_stale_that_was_not_looked_at() {
    let lab = lab();
    lab.write(".gh-pmu.yml", "cache: {max_age: 3600}\n");
    assert_eq!(lab.status()["stale"], false);
    lab.write(".gh-pmu.yml", "cache: {max_age: 0}\n");
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(lab.status()["stale"], true);
    assert_eq!(lab.run(&["cache", "status", "--check"]).code, Some(1));
    // Lists answer all the same.
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn compact_folds_the_tail_and_keeps_everything() {
    let lab = lab();
    for minor in 1..=3 {
        lab.write_manifest(small_at(10 + minor).replace("v0.9.0", &format!("v0.9.{minor}")));
        sync(&lab);
    }
    let (before, history) = (lab.status(), lab.run(&["cache", "history"]).ok());
    assert_eq!(before["tailEvents"], 3);
    let files = lab.cached_files();
    let dry = lab.run(&["cache", "compact", "--dry-run"]).ok();
    assert!(dry.starts_with("octo-org/atlas: would fold 3 events into the snapshot"), "{dry}");
    assert_same(&files, &lab.cached_files(), "a dry run");
    assert!(lab.run(&["cache", "compact"]).ok().starts_with("octo-org/atlas: folded 3 events into the snapshot: "));
    let after = lab.status();
    assert_eq!((&after["tailEvents"], &after["seq"]), (&json!(0), &before["seq"]));
    assert_eq!(after["stateHash"], before["stateHash"]);
    assert_eq!(lab.run(&["cache", "history"]).ok(), history);
    for args in [&["cache", "compact"][..], &["cache", "compact", "--dry-run"]] {
        assert_eq!(lab.run(args).ok(), "octo-org/atlas is compact: the snapshot holds every event\n");
    }
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v0.9.3"));
    assert!(lab.run(&["cache", "compact", "-R", "o/r"]).fails().starts_with("nothing is cached of o/r\n"));
}

#[test]
fn pruning_forgets_what_was_before_and_says_where_history_starts() {
    let lab = lab();
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    sync(&lab);
    let rows = lab.run(&["release", "list"]).ok();
    let (state, files) = (lab.status()["stateHash"].clone(), lab.cached_files());
    let dry = lab.run(&["cache", "compact", "--prune-before", "@5", "--dry-run"]).ok();
    assert!(
        dry.starts_with("octo-org/atlas: would drop 5 events and keep 1; history would start with event 6\n"),
        "{dry}"
    );
    assert_same(&files, &lab.cached_files(), "a dry run");
    let said = lab.run(&["cache", "compact", "--prune-before", "@5"]).ok();
    assert!(said.starts_with("octo-org/atlas: dropped 5 events, kept 1; history starts with event 6; log "), "{said}");
    let status = lab.status();
    assert_eq!((&status["historyStart"], &status["seq"], &status["stateHash"]), (&json!(6), &json!(6), &state));
    assert_eq!(lab.run(&["release", "list"]).ok(), rows);
    assert_eq!(lab.run(&["release", "list", "--as-of", "@6"]).ok(), rows);
    let said = lab.run(&["release", "list", "--as-of", "@4"]).fails();
    let again = "In a checkout `gh pmu cache rebuild` takes all of it from git again.";
    assert_eq!(said, format!("history of octo-org/atlas starts on 2025-06-12T11:00:00Z, with event 6\n{again}\n"));
    let ran = lab.run(&["cache", "history", "--since", "@2", "--json", "seq"]);
    assert_eq!((ran.code, &*ran.out), (Some(1), "[{\"seq\":6}]\n"), "the answer is not whole");
    assert!(ran.err.contains("starts with event 6"), "{}", ran.err);
    let shown = lab.run_with(&[("GH_FORCE_TTY", "80")], &["cache", "history", "--since", "@2", "-L", "1"]);
    assert_eq!(shown.err.matches("starts with event 6").count(), 1, "{}", shown.err);
    assert!(lab.run(&["cache", "verify"]).ok().ends_with(" and 1 event verify\n"));
    lab.write_manifest(small_at(12));
    assert_eq!(sync(&lab), "octo-org/atlas synced: 1 retitled (event 7)\n");
}

#[test]
fn pruning_everything_leaves_the_state_and_what_was_asked_for_before_it_is_told() {
    let lab = lab();
    let rows = lab.run(&["release", "list"]).ok();
    let files = lab.cached_files();
    let beyond = lab.run(&["cache", "compact", "--prune-before", "@50"]).fails();
    assert_eq!(beyond, "the last event of octo-org/atlas is 5, not 50\n", "a slip of the finger costs no history");
    assert_same(&files, &lab.cached_files(), "refused");
    let dry = lab.run(&["cache", "compact", "--prune-before", "@5", "--dry-run"]).ok();
    assert_eq!(dry, "octo-org/atlas: would drop 5 events and keep 0; history would start with event 6\n");
    let said = lab.run(&["cache", "compact", "--prune-before", "@5"]).ok();
    assert!(said.lines().nth(1).unwrap().starts_with("octo-org/atlas: snapshot "), "{said}");
    // Nothing but the manifest's time changes: the state is known since 10:00.
    lab.write_manifest(small_at(12));
    sync(&lab);
    for (when, is_known) in [("2025-06-12T11:00:00Z", true), ("2025-06-12T10:00:00Z", true), ("2025-06-12", false)] {
        let ran = lab.run(&["release", "list", "--as-of", when]);
        match is_known {
            true => assert_eq!(ran.ok(), rows, "{when}"),
            false => {
                let said = "history of octo-org/atlas starts on 2025-06-12T10:00:00Z, with event 6\n";
                assert!(ran.fails().starts_with(said));
            }
        }
    }
    let since = |when: &str| lab.run(&["cache", "history", "--since", when]);
    let cut = since("2025-06-12");
    assert_eq!(cut.code, Some(1));
    assert!(cut.err.contains("starts with event 6, 2025-06-12T10:00:00Z: older events were "), "{}", cut.err);
    assert_eq!(since("2025-06-12T11:00:00Z").ok(), "");
}

#[test]
fn many_syncs_compact_by_themselves_and_lists_stay_right() {
    let lab = Lab::new();
    for minute in 1..=40 {
        lab.write_manifest(many(200, minute));
        assert_eq!(lab.run(&["release", "list"]).ok(), many_listed(200, minute), "{minute}");
    }
    let status = lab.status();
    assert_eq!(status["seq"], 40 * 200);
    assert!(status["tailEvents"].as_u64().unwrap() < 40 * 200);
    for minute in [1, 7, 39, 40] {
        let when = format!("2025-06-12T00:{minute:02}:00Z");
        assert_eq!(lab.run(&["release", "list", "--as-of", &when]).ok(), many_listed(200, minute));
    }
    assert!(lab.run(&["cache", "verify"]).ok().contains("8000 events verify"));
}

#[test]
fn verify_reads_every_byte_and_tells_where_one_is_wrong() {
    let lab = lab();
    assert_eq!(
        lab.json(&["cache", "verify", "--json"]).as_object().unwrap().keys().collect::<Vec<_>>(),
        ["bytes", "damage", "events", "files", "ok", "repo"]
    );
    let dir = lab.store();
    for name in ["CURRENT", "log-1", "index-5-1"] {
        let path = dir.join(name);
        let good = std::fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(97) {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            std::fs::write(&path, bad).unwrap();
            let before = lab.cached_files();
            let ran = lab.run(&["cache", "verify"]);
            assert_eq!((ran.code, &*ran.err), (Some(1), ""), "{name} at {at}");
            let line = ran
                .out
                .lines()
                .find(|line| line.starts_with(text(&path)))
                .unwrap_or_else(|| panic!("{name} at {at}: {}", ran.out));
            assert!(line.contains(": byte ") && line.contains("; costs "), "{line}");
            assert_same(&before, &lab.cached_files(), "verify changes nothing");
            let json = lab.run(&["cache", "verify", "--json"]);
            let json: Value = serde_json::from_str(&json.out).unwrap();
            assert_eq!((&json["ok"], json["damage"][0]["file"].is_string()), (&json!(false), true));
        }
        std::fs::write(&path, good).unwrap();
    }
    assert!(lab.run(&["cache", "verify"]).ok().contains("5 events verify"));
    assert!(lab.run(&["cache", "verify", "-R", "o/r"]).fails().starts_with("nothing is cached of o/r\n"));
}

#[test]
fn a_torn_commit_that_was_not_acknowledged_is_no_damage_and_one_that_was_is() {
    let lab = lab();
    let dir = lab.store();
    let (log, checked) = (dir.join("log-1"), dir.join("marks"));
    let (whole, before) = (std::fs::read(&log).unwrap(), std::fs::read(&checked).unwrap());
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    sync(&lab);
    let mut torn = std::fs::read(&log).unwrap();
    torn.truncate((whole.len() + torn.len()) / 2);
    std::fs::write(&log, &torn).unwrap();
    let damaged = lab.run(&["cache", "verify"]);
    assert_eq!((damaged.code, damaged.out.lines().count()), (Some(1), 1), "{}", damaged.out);
    assert!(damaged.out.ends_with("; costs changes that only this file holds; run `gh pmu cache repair`\n"));
    std::fs::write(&checked, before).unwrap();
    let said = lab.run(&["cache", "verify"]).ok();
    let (first, note) = said.split_once('\n').unwrap();
    assert!(first.ends_with("and 5 events verify"), "{first}");
    let place = format!("no damage: {}: byte {}: the last commit: a commit is incomplete", text(&log), whole.len());
    assert!(note.starts_with(&place) && note.lines().count() == 1, "{note}");
    let json = lab.json(&["cache", "verify", "--json"]);
    assert_eq!(
        (&json["ok"], &json["damage"], &json["notes"][0]["file"]),
        (&json!(true), &json!([]), &json!(text(&log)))
    );
    assert!(lab.run(&["cache", "repair"]).ok().starts_with("nothing of octo-org/atlas is damaged\n"));
    assert_eq!(lab.run(&["cache", "verify"]).ok().lines().count(), 1, "its sync wrote past it");
}

#[test]
fn a_first_sync_that_left_nothing_but_a_temporary_file_is_no_store_and_is_cleared_all_the_same() {
    for name in ["log-1.tmp", "CURRENT.tmp", "marks.0123abcd.tmp"] {
        let lab = Lab::new();
        let dir = lab.store();
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(name), "half").unwrap();
        std::fs::write(dir.join("lock"), "").unwrap();
        let nothing = format!("nothing is cached of octo-org/atlas, and {NO_GH}\n");
        let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), args);
        assert_eq!(elsewhere(&["release", "list", "-R", "octo-org/atlas"]).fails(), nothing);
        assert!(elsewhere(&["cache", "verify", "-R", "octo-org/atlas"]).fails().starts_with("nothing is cached of"));
        assert_eq!(lab.json(&["cache", "status", "--json"])["repos"], json!([]));
        elsewhere(&["cache", "clear", "--all", "--yes"]).ok();
        assert!(!lab.cache.join("github.com").exists(), "{name}");
    }
}

#[test]
fn a_first_sync_that_was_interrupted_before_current_is_no_damage() {
    let lab = lab();
    let dir = lab.store();
    std::fs::remove_file(dir.join("CURRENT")).unwrap();
    assert_eq!(lab.run(&["cache", "verify"]).code, Some(1), "it was acknowledged");
    std::fs::remove_file(dir.join("marks")).unwrap();
    for left in ["log and index", "log"] {
        let said = lab.run(&["cache", "verify"]).ok();
        let (first, note) = said.split_once('\n').unwrap();
        assert!(first.ends_with("and 5 events verify"), "{left}: {first}");
        assert!(
            note.starts_with(&format!("no damage: {}: byte 0: the whole file: is missing", text(&dir.join("CURRENT")))),
            "{note}"
        );
        let _ = std::fs::remove_file(dir.join("index-5-1"));
    }
    assert_eq!(lab.run_in(&lab.root(), &["release", "list", "-R", "octo-org/atlas"]).ok(), SMALL_RELEASES);
    sync(&lab);
    assert_eq!(lab.run(&["cache", "verify"]).ok().lines().count(), 1);
}

#[test]
fn what_an_interrupted_clear_left_is_nothing_and_the_next_sync_begins_anew() {
    let lab = lab();
    let dir = lab.store();
    std::fs::rename(dir.join("CURRENT"), dir.join("cleared")).unwrap();
    let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), args);
    assert!(elsewhere(&["release", "list", "-R", "octo-org/atlas"]).fails().starts_with("nothing is cached of"));
    assert!(elsewhere(&["cache", "verify", "-R", "octo-org/atlas"]).fails().starts_with("nothing is cached of"));
    assert_eq!(lab.json(&["cache", "status", "--json"])["repos"], json!([]));
    lab.write_manifest(manifest(1, &json!([open(1, "Release: v2.0.0")]), &json!([])));
    assert_eq!(sync(&lab), "octo-org/atlas synced: 1 added (event 1)\n");
    assert!(!dir.join("cleared").exists() && !dir.join("index-5-1").exists());
    assert!(lab.run(&["cache", "verify"]).ok().contains("and 1 event verify"));
}

/// Two repositories in one cache.
fn two() -> (Lab, std::path::PathBuf) {
    let lab = lab();
    let other = lab.other(&small().replace("octo-org/atlas", "octo-org/rocket"));
    lab.run_in(&other, &["cache", "sync"]).ok();
    (lab, other)
}

#[test]
fn clear_removes_one_repository_and_leaves_the_others() {
    let (lab, other) = two();
    assert_eq!(lab.run(&["cache", "clear", "--yes"]).ok(), "removed the cache of octo-org/atlas\n");
    assert!(!lab.store().exists());
    assert_eq!(lab.run_in(&other, &["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(lab.run(&["cache", "clear", "--yes"]).ok(), "nothing is cached of octo-org/atlas\n");
    lab.run_in(&lab.root(), &["cache", "clear", "--yes", "-R", "octo-org/rocket"]).ok();
    assert!(!lab.cache.join("github.com").exists());
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES, "the next list begins anew");
    assert_eq!(lab.status()["seq"], 5);
}

#[test]
fn clear_all_removes_every_repository_and_only_what_is_its_own() {
    let (lab, _) = two();
    let foreign = [
        "github.com/octo-org/atlas/notes.txt",
        "github.com/octo-org/atlas/log-of-mine",
        "github.com/octo-org/atlas/deep/CURRENT",
        "github.com/README",
        "letter.txt",
        ".checkouts/mine",
        "a/b/c/my-file",
    ];
    for name in foreign {
        let path = lab.cache.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "mine").unwrap();
    }
    assert_eq!(
        lab.run(&["cache", "clear", "--all", "--yes"]).ok(),
        format!("removed the cache of all repositories in {}\n", lab.cache.display())
    );
    let left: BTreeSet<_> =
        lab.cached_files().into_iter().filter(|(_, (_, content))| content.is_some()).map(|(path, _)| path).collect();
    assert_eq!(left, foreign.iter().map(|name| lab.cache.join(name)).collect());
    assert!(!lab.cache.join("github.com/octo-org/rocket").exists());
    let nothing = format!("nothing is cached in {}\n", lab.cache.display());
    assert_eq!(lab.run(&["cache", "clear", "--all", "--yes"]).ok(), nothing);
}

#[test]
fn clear_all_of_an_ordinary_cache_leaves_an_empty_directory() {
    let (lab, _) = two();
    lab.run(&["cache", "history", "--since", "last"]).ok();
    lab.run_in(&lab.root(), &["cache", "clear", "--all", "--yes"]).ok();
    assert_eq!(lab.cached_files().keys().collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new());
}

#[test]
fn clear_asks_and_without_anybody_to_ask_it_fails() {
    let (lab, _) = two();
    let before = lab.cached_files();
    for args in [&["cache", "clear"][..], &["cache", "clear", "--all"]] {
        assert_eq!(lab.run(args).fails(), "--yes required when not running interactively\n");
        let forced = lab.run_with(&[("GH_FORCE_TTY", "80")], args);
        assert_eq!(forced.fails(), "--yes required when not running interactively\n");
    }
    assert!(
        lab.run(&["cache", "clear", "--all", "--yes", "-R", "o/r"])
            .fails()
            .starts_with("cannot use `--all` with `--repo`\n")
    );
    assert_same(&before, &lab.cached_files(), "nobody said yes");
}

#[test]
fn the_state_that_a_log_was_pruned_to_is_listed() {
    let lab = Lab::new();
    for (hour, title) in [(9, "one"), (11, "two"), (13, "three")] {
        lab.write_manifest(manifest(hour, &json!([open(1, title)]), &json!([])));
        lab.run(&["cache", "sync"]).ok();
    }
    lab.run(&["cache", "compact", "--prune-before", "2025-06-12T12:00:00Z"]).ok();
    let title = |when: &str| lab.run(&["release", "list", "--as-of", when]);
    for when in ["2025-06-12T11:00:00Z", "2025-06-12T12:00:00Z", "2025-06-12T12:59:59Z", "@2"] {
        assert!(title(when).ok().contains("two"), "{when}");
    }
    assert!(title("2025-06-12T13:00:00Z").ok().contains("three"));
    assert!(title("2025-06-12T10:59:59Z").fails().starts_with("history of octo-org/atlas starts on "));
}
