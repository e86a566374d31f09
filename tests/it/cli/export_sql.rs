//! `cache export --format sql`, loaded into SQLite one after the other: what an engine holds after pruned histories, loads
//! that failed, and repositories that were renamed.

use serde_json::{Value, json};

use crate::cli::export::piped;
use crate::cli::lab::{Lab, text};
use crate::cli::manifests::{manifest, tracker};

/// A version of the manifest of a repository, committed: its trackers are these numbers, and those are closed.
pub fn publish(lab: &Lab, repo: &str, hour: u32, open: &[u64], closed: &[u64]) {
    let of = |numbers: &[u64], closed_at| -> Vec<Value> {
        numbers.iter().map(|number| tracker(*number, "Release: x", None, closed_at)).collect()
    };
    let releases = [of(closed, Some("2025-01-01T00:00:00Z")), of(open, None)].concat();
    lab.write_manifest(manifest(hour, &json!(releases), &json!([])).replace("octo-org/atlas", repo));
    lab.git(&["add", "."]);
    lab.git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "manifest"]);
}

/// Exports what is new under a name, as SQL.
pub fn news(lab: &Lab, name: &str, dialect: &str) -> String {
    let since = format!("last:{name}");
    lab.run(&["cache", "export", "--events", "--format", "sql", "--dialect", dialect, "--since", &since]).ok()
}

/// What SQLite says to a load: nothing where all went well.
fn load(lab: &Lab, sql: &str) -> String {
    let db = lab.root().join("events.db");
    let script = lab.root().join("load.sql");
    std::fs::write(&script, sql).unwrap();
    piped("sh", &["-c", "sqlite3 -bail \"$0\" <\"$1\" 2>&1 || true", text(&db), text(&script)], "")
}

/// The rows of `trackers`.
fn held(lab: &Lab) -> String {
    let query = "SELECT repo || ' ' || number || ' ' || state FROM trackers ORDER BY 1;";
    piped("sqlite3", &[text(&lab.root().join("events.db"))], query)
}

#[test]
fn a_removal_that_was_pruned_is_one_in_the_engine_too() {
    let numbers = |lab: &Lab, hour: u32, numbers: &[u64]| {
        let releases: Vec<Value> = numbers.iter().map(|number| tracker(*number, "Release: x", None, None)).collect();
        lab.write_manifest(manifest(hour, &json!(releases), &json!([])));
        lab.run(&["cache", "sync"]).ok();
    };
    let lab = Lab::new();
    let db = lab.root().join("events.db");
    let held = || {
        let sql = lab.run(&["cache", "export", "--format", "sql"]).out;
        piped("sqlite3", &["-bail", text(&db)], &sql);
        piped("sqlite3", &[text(&db)], "SELECT group_concat(number) FROM (SELECT number FROM trackers ORDER BY 1);")
    };
    numbers(&lab, 8, &[1, 2, 3]);
    assert_eq!(held(), "1,2,3\n");
    numbers(&lab, 9, &[3]);
    numbers(&lab, 10, &[3, 4]);
    lab.run(&["cache", "compact", "--prune-before", "now"]).ok();
    assert_eq!(held(), "3,4\n");
    numbers(&lab, 11, &[1, 3, 4]);
    assert_eq!(held(), "1,3,4\n", "it came again");
    numbers(&lab, 12, &[]);
    lab.run(&["cache", "compact", "--prune-before", "now"]).ok();
    assert_eq!(held(), "\n", "nothing is left where history begins");
}

#[test]
fn what_is_older_than_a_pruned_history_brings_nothing_back() {
    let lab = Lab::with_git();
    let sql = || lab.run(&["cache", "export", "--format", "sql"]).out;
    publish(&lab, "o/r", 8, &[1, 2], &[]);
    let first = sql();
    publish(&lab, "o/r", 9, &[1], &[]);
    let second = sql();
    publish(&lab, "o/r", 10, &[1, 3], &[]);
    lab.run(&["cache", "compact", "--prune-before", "now"]).ok();
    for older in [&first, &second] {
        assert_eq!(load(&lab, &sql()), "");
        assert_eq!(load(&lab, older), "");
        assert_eq!(held(&lab), "o/r 1 open\no/r 3 open\n");
        std::fs::remove_file(lab.root().join("events.db")).unwrap();
    }
}

#[test]
fn what_follows_something_that_is_not_stored_is_refused() {
    let lab = Lab::with_git();
    publish(&lab, "o/r", 8, &[1], &[]);
    assert_eq!(load(&lab, &news(&lab, "x", "sqlite")), "");
    publish(&lab, "o/r", 9, &[1, 2], &[]);
    // Written out, and never loaded.
    let lost = news(&lab, "x", "sqlite");
    publish(&lab, "o/r", 10, &[2], &[1]);
    let late = news(&lab, "x", "sqlite");
    assert!(load(&lab, &late).contains("what comes before these events is not stored: nothing was loaded"));
    assert_eq!(held(&lab), "o/r 1 open\n");
    for sql in [&lost, &late, &late] {
        assert_eq!(load(&lab, sql), "");
    }
    assert_eq!(held(&lab), "o/r 1 closed\no/r 2 open\n");
    // The numbers of another history do not stand for it.
    lab.git(&["reset", "-q", "--hard", "HEAD~2"]);
    publish(&lab, "o/r", 11, &[1, 5, 6], &[]);
    lab.run(&["cache", "rebuild", "--yes"]).ok();
    assert!(load(&lab, &news(&lab, "y", "sqlite")).contains("another history is stored"));
    publish(&lab, "o/r", 12, &[5, 6], &[1]);
    assert!(load(&lab, &news(&lab, "y", "sqlite")).contains("what comes before these events is not stored"));
    assert_eq!(held(&lab), "o/r 1 closed\no/r 2 open\n");
    // Whoever wants only what is new, of an engine that has nothing, gets it.
    std::fs::remove_file(lab.root().join("events.db")).unwrap();
    let sql = lab.run(&["cache", "export", "--events", "--format", "sql", "--since", "@3"]).ok();
    assert_eq!((load(&lab, &sql), held(&lab)), (String::new(), "o/r 1 closed\n".to_owned()));
}

#[test]
fn a_repository_is_one_whatever_it_is_called() {
    let lab = Lab::with_git();
    publish(&lab, "octo/a", 8, &[1], &[]);
    assert_eq!(load(&lab, &news(&lab, "x", "sqlite")), "");
    // Another machine knows it in other letters only.
    publish(&lab, "Octo/A", 9, &[1, 2], &[]);
    let mut other = lab.command(&["cache", "export", "--format", "sql"]);
    let sql = other.env("GH_PMU_CACHE_DIR", lab.root().join("other")).output().unwrap().stdout;
    assert_eq!(load(&lab, &String::from_utf8(sql).unwrap()), "");
    assert_eq!(held(&lab), "octo/a 1 open\nocto/a 2 open\n");
    // Renamed: it goes on under the new name, and what the old one says later changes nothing.
    let old = lab.run(&["cache", "export", "--format", "sql"]).ok();
    publish(&lab, "octo/b", 10, &[2], &[1]);
    let whole = lab.run(&["cache", "export", "--format", "sql"]).ok();
    for sql in [&whole, &old, &whole] {
        assert_eq!(load(&lab, sql), "");
        assert_eq!(held(&lab), "octo/b 1 closed\nocto/b 2 open\n");
    }
    publish(&lab, "octo/b", 11, &[], &[1, 2]);
    assert_eq!(load(&lab, &news(&lab, "x", "sqlite")), "");
    assert_eq!(held(&lab), "octo/b 1 closed\nocto/b 2 closed\n");
}
