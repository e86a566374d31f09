//! Damaged bytes as users meet them: what is said of them is true, said once, and says what to do.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::lab::{Files, Lab, assert_same, columns, files_below, is_named, text};
use crate::cli::manifests::{REPO, SMALL_RELEASES, manifest, many, open, small, small_at};

/// A real history from git, compacted, with `marks` beside the log.
fn lab() -> Lab {
    let lab = Lab::without_git();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hash-to-curve.bundle");
    lab.git(&["clone", "-q", text(&bundle), "."]);
    lab.run(&["cache", "rebuild"]).ok();
    lab.run(&["cache", "history", "--since", "last"]).ok();
    lab
}

/// The cached file whose name begins so.
fn file(lab: &Lab, prefix: &str) -> PathBuf {
    let named = |path: &PathBuf| is_named(path, prefix);
    lab.cached_files().into_keys().find(named).unwrap()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x40;
    std::fs::write(path, bytes).unwrap();
}

fn cut(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() - 3000]).unwrap();
}

/// The event, kind and number of every line, sorted: what was brought back may have moved.
fn trackers(history: &str) -> Vec<Vec<&str>> {
    let mut trackers: Vec<_> = columns(history).into_iter().map(|line| line[2..5].to_vec()).collect();
    trackers.sort_unstable();
    trackers
}

type Harm = (&'static str, fn(&Path));

const HARMS: [Harm; 9] = [
    ("index-", |path| flip(path, 12)),
    ("index-", |path| flip(path, 3000)),
    ("index-", |path| std::fs::remove_file(path).unwrap()),
    ("CURRENT", |path| flip(path, 20)),
    ("CURRENT", |path| std::fs::remove_file(path).unwrap()),
    ("marks", |path| flip(path, 20)),
    ("log-", |path| flip(path, 9000)),
    ("log-", cut),
    ("log-", |path| std::fs::remove_file(path).unwrap()),
];

/// A frame that a crash left behind what was acknowledged may verify but for its chain: another commit stood before it.
#[test]
fn a_frame_that_continues_another_commit_is_a_torn_tail() {
    let lab = Lab::new();
    let publish = |hour, title| {
        lab.write_manifest(manifest(hour, &json!([open(1, title)]), &json!([])));
        lab.run(&["cache", "sync"]).ok();
    };
    let log = lab.store().join("log-1");
    publish(8, "a");
    let first = files_below(&lab.store());
    publish(9, "b");
    publish(10, "c");
    let left = std::fs::read(&log).unwrap();
    let restore = || {
        for (path, (_, content)) in &first {
            std::fs::write(path, content.as_ref().unwrap()).unwrap();
        }
    };
    restore();
    publish(9, "d");
    let end = std::fs::metadata(&log).unwrap().len() as usize;
    let whole = std::fs::read(&log).unwrap();
    assert!(left[end..].starts_with(b"pmuF"), "a frame of its own");
    std::fs::write(&log, [&whole, &left[end..]].concat()).unwrap();
    lab.run(&["cache", "verify"]).ok();
    assert!(lab.run(&["release", "list"]).ok().contains("\td\t"));
    publish(11, "e");
    let titles = lab.run(&["cache", "history", "--json", "title", "-q", "map(.title) | join(\" \")"]).ok();
    assert_eq!(titles, "e d a\n");
}

#[test]
fn every_damage_is_one_line_and_what_it_says_mends_it_does() {
    for (at, (prefix, harm)) in HARMS.into_iter().enumerate() {
        let lab = lab();
        let history = lab.run(&["cache", "history"]).ok();
        let path = file(&lab, prefix);
        harm(&path);
        let ran = lab.run(&["cache", "verify"]);
        assert_eq!((ran.code, ran.out.lines().count(), &*ran.err), (Some(1), 1, ""), "{at}: {}", ran.out);
        assert!(ran.out.starts_with(text(&path)), "{at}: {}", ran.out);
        let mends: &[&str] = match ran.out.trim_end().rsplit("; ").next().unwrap() {
            "run `gh pmu cache repair`" => &["cache", "repair"],
            "the next sync writes it" => &["cache", "sync"],
            other => panic!("{at}: {other}"),
        };
        assert_eq!(lab.run(mends).code, Some(0), "{at}");
        assert!(lab.run(&["cache", "verify"]).ok().ends_with("353 events verify\n"), "{at}");
        let mended = lab.run(&["cache", "history"]).ok();
        assert_eq!(trackers(&mended), trackers(&history), "{at}: every change is there again");
    }
}

#[test]
fn a_log_that_ends_too_early_is_one_warning_with_what_to_do() {
    let lab = lab();
    let listed = lab.run(&["release", "list"]).ok();
    cut(&file(&lab, "log-"));
    let (out, warning) = lab.run(&["release", "list"]).warns();
    assert_eq!(out, listed);
    assert!(warning.contains("; run `gh pmu cache repair`; what is shown was not recorded\n"), "{warning}");
}

#[test]
fn an_older_manifest_in_place_of_what_is_damaged_is_not_the_whole_answer() {
    let lab = Lab::synced(&small());
    lab.write_manifest(small_at(12).replace("v0.9.0", "v0.9.1"));
    lab.run(&["cache", "sync"]).ok();
    std::fs::remove_file(file(&lab, "index-")).unwrap();
    // In the first commit: the second one still says of when it is.
    flip(&file(&lab, "log-"), 700);
    for (manifest, code, said) in [
        (small_at(11), 1, "is older than what was cached, of 2025-06-12T12:00:00Z\n"),
        (small_at(12), 0, "was not recorded\n"),
    ] {
        lab.write_manifest(manifest);
        let ran = lab.run(&["release", "list"]);
        assert_eq!((ran.code, ran.out), (Some(code), SMALL_RELEASES.to_owned()));
        assert!(ran.err.ends_with(&format!("; run `gh pmu cache repair`; what is shown {said}")), "{}", ran.err);
    }
}

#[test]
fn whoever_says_yes_gets_git_s_history_over_any_damage() {
    for (prefix, harm) in HARMS {
        let lab = lab();
        let history = lab.run(&["cache", "history"]).ok();
        harm(&file(&lab, prefix));
        lab.run(&["cache", "rebuild", "--yes"]);
        assert_eq!(lab.run(&["cache", "history"]).ok(), history, "{prefix}");
        assert_eq!(lab.run(&["cache", "verify"]).code, Some(0), "{prefix}");
    }
}

#[test]
fn without_current_a_log_that_was_rewritten_still_tells_that_its_end_is_lost() {
    let lab = lab();
    let repo = "cfrg/draft-irtf-cfrg-hash-to-curve";
    lab.run(&["cache", "rebuild", "--yes"]).ok();
    lab.run(&["cache", "compact"]).ok();
    cut(&file(&lab, "log-"));
    std::fs::remove_file(file(&lab, "CURRENT")).unwrap();
    let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), &[args, &["-R", repo]].concat());
    for args in [&["cache", "history"][..], &["cache", "export", "--events", "--format", "csv"], &["cache", "verify"]] {
        assert_eq!(elsewhere(args).code, Some(1), "{args:?}");
    }
    // What verifies is a part: never the answer.
    assert_eq!(elsewhere(&["release", "list"]).code, Some(1));
}

#[test]
fn each_damage_has_its_line_and_what_follows_the_last_one_is_kept_without_git() {
    let lab = lab();
    let events = |lab: &Lab| lab.run(&["cache", "history", "--order", "asc", "--json", "seq,event,number,title"]);
    let whole: Vec<Value> = serde_json::from_str(&events(&lab).ok()).unwrap();
    let repo = "cfrg/draft-irtf-cfrg-hash-to-curve";
    for at in [3000, 12_000] {
        flip(&file(&lab, "log-"), at);
    }
    let verified = lab.run(&["cache", "verify"]);
    assert_eq!((verified.code, verified.out.lines().count()), (Some(1), 2), "{}", verified.out);
    lab.run_in(&lab.root(), &["cache", "repair", "-R", repo]).ok();
    let kept: Vec<Value> = serde_json::from_str(&events(&lab).out).unwrap();
    assert!(kept.len() * 3 > whole.len() && whole.ends_with(&kept), "{} of {}", kept.len(), whole.len());
}

#[test]
fn what_a_repair_recovers_without_git_is_not_taken_for_everybody_s_history() {
    let lab = lab();
    let ids = |lab: &Lab| lab.json(&["cache", "history", "--json", "seq,id,published"]);
    let whole = ids(&lab);
    let repo = "cfrg/draft-irtf-cfrg-hash-to-curve";
    // The record of a version that says by which commit it came.
    flip(&file(&lab, "log-"), 9000);
    let said = lab.run_in(&lab.root(), &["cache", "repair", "-R", repo]).ok();
    assert!(said.contains(" on were mended without git, and may not be those that others have"), "{said}");
    for _again in 0..2 {
        let (_, warning) = lab.run(&["cache", "sync"]).warns();
        assert!(warning.contains("was mended without git") && warning.contains("cache rebuild"), "{warning}");
    }
    assert!(lab.run(&["cache", "history", "-L", "1"]).warns().1.contains("was mended without git"));
    assert_eq!(lab.run(&["cache", "status", "--check"]).code, Some(1));
    assert_ne!(ids_of(&lab), whole);
    lab.run(&["cache", "rebuild"]).ok();
    assert_eq!(lab.run(&["cache", "status", "--check"]).code, Some(0));
    assert_eq!(ids(&lab), whole);
}

/// What history says although it warns.
fn ids_of(lab: &Lab) -> serde_json::Value {
    serde_json::from_str(&lab.run(&["cache", "history", "--json", "seq,id,published"]).out).unwrap()
}

#[test]
fn an_answer_that_damage_prevents_says_what_to_do() {
    let lab = lab();
    flip(&file(&lab, "log-"), 9000);
    let said = lab.run(&["cache", "export", "--events", "--format", "csv"]).fails();
    assert!(said.starts_with("the cache is damaged: ") && said.ends_with("; run `gh pmu cache repair`\n"), "{said}");
}

#[test]
fn where_the_log_is_gone_and_the_snapshot_damaged_there_is_no_answer() {
    // The blocks that the list meets; then all, and the snapshot cannot even be opened.
    for end in [8000, usize::MAX] {
        let lab = lab();
        std::fs::remove_file(file(&lab, "log-")).unwrap();
        let index = file(&lab, "index-");
        let len = std::fs::metadata(&index).unwrap().len() as usize;
        (1000..len.min(end)).step_by(64).for_each(|at| flip(&index, at));
        let ran = lab.run_in(&lab.root(), &["release", "list", "-R", "cfrg/draft-irtf-cfrg-hash-to-curve"]);
        assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{}", ran.err);
        let error = ran.err.lines().find(|line| line.starts_with("the cache is damaged: ")).unwrap();
        assert!(
            error.contains(&format!("{MAIN_SEPARATOR}log-1, byte 0: is missing"))
                && error.ends_with("; run `gh pmu cache repair`")
        );
    }
}

#[test]
fn where_the_log_is_gone_the_snapshot_answers_and_repair_keeps_it() {
    let lab = lab();
    let repo = "cfrg/draft-irtf-cfrg-hash-to-curve";
    let listed = lab.run(&["release", "list"]).ok();
    let log = file(&lab, "log-");
    std::fs::remove_file(&log).unwrap();
    let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), &[args, &["-R", repo]].concat());
    let (out, warning) = elsewhere(&["release", "list"]).warns();
    assert!(out == listed && warning.starts_with(&format!("! {}, byte 0: is missing", log.display())), "{warning}");
    let asked = elsewhere(&["cache", "history"]);
    assert_eq!((asked.code, asked.err.lines().count()), (Some(1), 2), "a warning and the error: {}", asked.err);
    let said = elsewhere(&["cache", "repair"]).ok();
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("found: ")).collect();
    assert_eq!(lines[0], format!("{repo} repaired: 0 events kept, 352 recovered, 1 event is lost"));
    assert!(!said.contains("kept aside as damaged-log"), "there is nothing to keep: {said}");
    assert_eq!(elsewhere(&["release", "list"]).ok(), listed);
    // What is damaged twice begins anew, in a checkout from git.
    std::fs::remove_file(file(&lab, "log-")).unwrap();
    std::fs::remove_file(file(&lab, "index-")).unwrap();
    let said = lab.run(&["cache", "repair"]).ok();
    let lines: Vec<&str> = said.lines().skip_while(|line| !line.contains("begins anew")).collect();
    assert_eq!(lines[0], format!("nothing of {repo} verified: its cache begins anew"));
    assert_eq!(lines[1], format!("{repo} rebuilt from git: 70 versions, 353 events"));
    assert_eq!(lines[2], format!("{repo} is up to date: the manifest has not changed"));
    // What is left of a log may be nothing too.
    let log = std::fs::OpenOptions::new().write(true).open(file(&lab, "log-")).unwrap();
    log.set_len(300).unwrap();
    std::fs::remove_file(file(&lab, "index-")).unwrap();
    let said = lab.run(&["cache", "repair"]).ok();
    assert!(said.contains(&format!("{repo} rebuilt from git: 70 versions, 353 events\n")), "{said}");
    assert!(lab.run(&["cache", "verify"]).ok().ends_with("353 events verify\n"));
}

fn other() -> String {
    small().replace(REPO, "octo-org/other").replace("v0.9.0", "v7.7.7")
}

/// The manifests of two repositories came by in one checkout, the other one's last; then the first one's again.
fn lab_of_two() -> (Lab, PathBuf, PathBuf) {
    let lab = Lab::synced(&small());
    lab.write_manifest(other());
    lab.run(&["cache", "sync"]).ok();
    lab.write_manifest(small_at(11));
    let (own, foreign) = (lab.store(), lab.store().with_file_name("other"));
    (lab, own, foreign)
}

#[test]
fn nothing_of_a_store_that_came_from_another_repository_is_used() {
    let (lab, own, foreign) = lab_of_two();
    for name in ["CURRENT", "log-1", "index-5-1", "marks"] {
        std::fs::copy(foreign.join(name), own.join(name)).unwrap();
    }
    let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), &[args, &["-R", REPO]].concat());
    let what = format!("{}, byte 0: is the cache of octo-org/other", own.join("CURRENT").display());
    for args in [&["release", "list"][..], &["cache", "history"], &["cache", "export", "--format", "csv"]] {
        let ran = elsewhere(args);
        assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(&what) && ran.err.contains("cache repair"), "{args:?}: {}", ran.err);
    }
    let ran = elsewhere(&["cache", "verify"]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 1), "{}", ran.out);
}

#[test]
fn what_is_wrong_with_one_store_never_shows_the_rows_of_another() {
    for harm in ["log-1", "CURRENT", "index-5-1"] {
        for len in [0, 300] {
            let (lab, own, _) = lab_of_two();
            for path in [own.join(harm), own.join("log-1")] {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(&path, &bytes[..len.min(bytes.len())]).unwrap();
            }
            for args in [&["release", "list"][..], &["cache", "history"], &["cache", "sync"], &["release", "list"]] {
                let ran = lab.run(args);
                assert!(
                    !ran.out.contains("v7.7.7") && !ran.out.contains("octo-org/other"),
                    "{harm}: {args:?}: {ran:?}"
                );
            }
        }
    }
    // And what is wrong with the other one is nothing to this one.
    let (lab, _, foreign) = lab_of_two();
    std::fs::write(foreign.join("CURRENT"), "rot").unwrap();
    std::fs::write(foreign.join("log-1"), "rot").unwrap();
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn commands_are_about_the_repository_that_the_manifest_names_by_now() {
    let lab = Lab::synced(&small());
    let before = lab.cached_files();
    lab.write_manifest(other());
    for args in [
        &["cache", "clear", "--yes"][..],
        &["cache", "verify"],
        &["cache", "compact"],
        &["cache", "status"],
        &["cache", "status", "--check"],
        &["cache", "repair"],
        &["cache", "status"],
        &["cache", "history"],
        &["cache", "clear", "--yes"],
    ] {
        let ran = lab.run(args);
        assert!(!format!("{}{}", ran.out, ran.err).contains(REPO), "{args:?}: {ran:?}");
    }
    let own = |files: Files| -> Files { files.into_iter().filter(|(path, _)| path.starts_with(lab.store())).collect() };
    assert_same(&own(before), &own(lab.cached_files()), "the other repository's cache");
    assert_eq!(lab.run_in(&lab.root(), &["release", "list", "-R", REPO]).ok(), SMALL_RELEASES);
}

#[test]
fn an_index_that_fails_in_a_list_of_many_costs_a_warning_and_no_row() {
    let lab = Lab::synced(&many(300, 1));
    let other = lab.other(&many(300, 1).replace("octo-org/atlas", "acme/rocket"));
    lab.run_in(&other, &["cache", "sync"]).ok();
    let lists = [
        &["release", "list", "--all-repos"][..],
        &["release", "list", "--all-repos", "--sort", "title", "-L", "5"],
        &["release", "list", "--all-repos", "--as-of", "now"],
        &["release", "list", "--owner", "octo-org", "--search", "v2"],
    ];
    let list = |args: &&[&str]| lab.run_in(&lab.root(), args);
    let before = lists.map(|args| list(&args).ok());
    let mut indexes = lab.cached_files().into_keys().filter(|path| is_named(path, "index-"));
    let index = indexes.find(|path| path.to_string_lossy().contains("octo-org")).unwrap();
    assert!(index.metadata().unwrap().len() > 5000, "more than a header");
    flip(&index, 4500);
    for (args, before) in lists.iter().zip(before) {
        let after = list(args);
        assert_eq!((after.code, after.out), (Some(0), before), "{args:?}");
        assert!(after.err.starts_with("! ") && after.err.lines().count() == 1, "{args:?}: {}", after.err);
    }
}

#[test]
fn what_git_has_of_a_damaged_log_is_everybody_s_again() {
    let lab = lab();
    let (history, log) = (lab.run(&["cache", "history"]).ok(), file(&lab, "log-"));
    let hash = |lab: &Lab| lab.status()["historyHash"].clone();
    let (before, len) = (hash(&lab), std::fs::metadata(&log).unwrap().len() as usize);
    for at in (100..len).step_by(len / 23) {
        // A repair writes another log, which is nearly as long.
        let log = file(&lab, "log-");
        flip(&log, at.min(std::fs::metadata(&log).unwrap().len() as usize - 1));
        lab.run(&["cache", "repair"]).ok();
        assert_eq!(hash(&lab), before, "byte {at}");
        assert_eq!(lab.run(&["cache", "history"]).ok(), history, "byte {at}");
        assert!(
            lab.json(&["cache", "history", "--json", "commit"])
                .as_array()
                .unwrap()
                .iter()
                .all(|change| change["commit"].is_string()),
            "byte {at}"
        );
    }
}

#[test]
fn where_the_log_is_no_better_than_its_index_a_list_fails() {
    let lab = Lab::synced(&many(300, 1));
    flip(&file(&lab, "index-"), 4500);
    flip(&file(&lab, "log-"), 5000);
    for args in [&["release", "list", "-R", REPO][..], &["release", "list", "--all-repos"]] {
        let ran = lab.run_in(&lab.root(), args);
        assert_eq!((ran.code, ran.err.lines().count()), (Some(1), 2), "{args:?}: {}", ran.err);
    }
}

#[test]
fn what_is_no_file_but_has_the_name_of_a_log_is_set_aside() {
    for name in ["log-7", "log-1", "index-1-1"] {
        let lab = Lab::new();
        lab.write_manifest(small());
        let store = lab.cache.join("github.com/octo-org/atlas");
        std::fs::create_dir_all(store.join(name)).unwrap();
        assert_eq!(lab.run(&["cache", "sync"]).code, Some(1), "{name}");
        let said = lab.run(&["cache", "repair"]).ok();
        assert!(said.contains("its cache begins anew") && said.contains("5 added"), "{name}: {said}");
        lab.run(&["cache", "sync"]).ok();
        assert!(lab.run(&["cache", "verify"]).ok().contains("5 events verify"), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn what_stands_in_place_of_the_marks_is_told_and_set_aside() {
    for is_link in [true, false] {
        let lab = lab();
        let marks = file(&lab, "marks");
        std::fs::remove_file(&marks).unwrap();
        match is_link {
            true => std::os::unix::fs::symlink("nowhere", &marks).unwrap(),
            false => std::fs::create_dir(&marks).unwrap(),
        }
        let said = lab.run(&["cache", "verify"]);
        assert!(said.code == Some(1) && said.out.contains("is no regular file"), "{}", said.out);
        lab.run(&["cache", "repair"]).ok();
        assert_eq!(lab.run(&["cache", "verify"]).code, Some(0));
        lab.run(&["cache", "history", "--since", "last"]).ok();
        assert!(marks.symlink_metadata().unwrap().is_file());
    }
}

#[test]
fn verify_names_a_log_that_is_lost_with_current() {
    for (log, what) in [(Some("x"), "does not verify"), (None, "has no log any more")] {
        let lab = Lab::synced(&small());
        let store = lab.cache.join("github.com/octo-org/atlas");
        std::fs::write(store.join("CURRENT"), "x").unwrap();
        match log {
            Some(bytes) => std::fs::write(store.join("log-1"), bytes).unwrap(),
            None => std::fs::remove_file(store.join("log-1")).unwrap(),
        }
        let said = lab.run(&["cache", "verify"]);
        assert_eq!(said.code, Some(1), "{}", said.out);
        assert!(said.out.contains(what) && said.out.contains("changes that only this file holds"), "{}", said.out);
        lab.run(&["cache", "repair"]).ok();
        assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    }
}

#[test]
#[cfg(unix)]
fn a_link_in_place_of_the_lock_is_set_aside() {
    let lab = Lab::synced(&small());
    let (store, elsewhere) = (lab.cache.join("github.com/octo-org/atlas"), lab.root().join("elsewhere"));
    std::fs::write(&elsewhere, "").unwrap();
    std::fs::remove_file(store.join("lock")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, store.join("lock")).unwrap();
    assert!(lab.run(&["cache", "verify"]).out.contains("is no regular file"));
    assert!(lab.run(&["cache", "repair"]).ok().contains("kept aside as damaged-lock"));
    lab.write_manifest(small_at(12).replace("v0.9.0", "v0.9.1"));
    assert!(lab.run(&["cache", "sync"]).ok().contains("1 retitled"));
}
