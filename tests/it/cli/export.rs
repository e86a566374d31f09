//! `cache export`, read back by programs that know nothing of it: `sqlite3`, and Python's `csv` and `json`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cli::lab::Lab;
use crate::cli::manifests::{manifest, tracker};

const ODD: &str = "Release: v2.0.0 (\"Quoted\", it's)\r\nsecond line\t√ 🚀";

/// Four events: three trackers with odd titles, and one of them closed.
fn lab() -> Lab {
    let releases = |closed: Option<&str>| {
        json!([
            tracker(1, ODD, Some("2025-06-01T00:00:00Z"), closed),
            tracker(2, "Release: v3.0.0", Some("2999-01-01T00:00:00Z"), None),
        ])
    };
    let microsprints = json!([tracker(1, "Microsprint: a\u{0}b", None, Some("2025-06-02T00:00:00Z"))]);
    let lab = Lab::synced(&manifest(1, &releases(None), &microsprints));
    lab.write_manifest(manifest(2, &releases(Some("2025-06-12T01:30:00Z")), &microsprints));
    lab.run(&["cache", "sync"]).ok();
    lab
}

/// What a program prints that reads `input`.
#[track_caller]
fn piped(program: &str, args: &[&str], input: &str) -> String {
    let spawned = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{program} is needed to read exports back: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {args:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const PYTHON_CSV: &str = "import csv, io, json, sys
text = sys.stdin.buffer.read().decode('utf-8')
json.dump(list(csv.DictReader(io.StringIO(text, newline=''), strict=True)), sys.stdout)";

#[test]
fn ndjson_is_one_object_a_line_with_all_fields() {
    let lab = lab();
    let trackers = lines(&lab.run(&["cache", "export", "--format", "ndjson"]).ok());
    assert_eq!(trackers.len(), 3);
    assert_eq!(trackers[1]["title"], ODD);
    assert_eq!(trackers[1]["closedAt"], "2025-06-12T01:30:00Z");
    assert_eq!(trackers[2]["title"], "Microsprint: a\u{0}b");
    let listed = lab.json(&[
        "release",
        "list",
        "--json",
        "repo,kind,number,title,state,createdAt,closedAt,url,version,codename,name,status",
    ]);
    assert_eq!(Value::from(trackers[..2].to_vec()), listed);
    let events = lines(&lab.run(&["cache", "export", "--events", "--format", "ndjson"]).ok());
    let fields = "seq,event,repo,kind,number,title,before,after,changedAt,syncedAt,source,manifest,commit";
    let history = lab.json(&["cache", "history", "--order", "asc", "--json", fields]);
    assert_eq!((Value::from(events.clone()), events.len()), (history, 4));
}

#[test]
fn csv_is_read_back_by_an_independent_reader() {
    let lab = lab();
    let out = lab.run(&["cache", "export", "--format", "csv"]).ok();
    assert!(out.starts_with("repo,kind,number,title,state,createdAt,closedAt,url,version,codename,name,status\r\n"));
    let rows: Value = serde_json::from_str(&piped("python3", &["-c", PYTHON_CSV], &out)).unwrap();
    let titles: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Release: v3.0.0", ODD, "Microsprint: a\u{0}b"]);
    assert_eq!(
        (&rows[1]["state"], &rows[1]["version"], &rows[2]["createdAt"]),
        (&json!("CLOSED"), &json!("v2.0.0"), &json!(""))
    );
    let events = lab.run(&["cache", "export", "--events", "--format", "csv"]).ok();
    let rows: Value = serde_json::from_str(&piped("python3", &["-c", PYTHON_CSV], &events)).unwrap();
    let last = &rows.as_array().unwrap()[3];
    assert_eq!((&last["seq"], &last["event"], &last["title"]), (&json!("4"), &json!("closed"), &json!(ODD)));
    let after: Value = serde_json::from_str(last["after"].as_str().unwrap()).unwrap();
    assert_eq!(after, json!({"closedAt": "2025-06-12T01:30:00Z", "state": "CLOSED"}));
}

#[test]
fn sql_loads_into_sqlite_and_answers_the_queries_of_the_first_proposal() {
    let lab = lab();
    let sql = lab.run(&["cache", "export", "--format", "sql"]).ok();
    let db = lab.root().join("cache.db");
    let db = db.to_str().unwrap();
    // Loading twice is loading once.
    piped("sqlite3", &["-bail", db], &sql);
    piped("sqlite3", &["-bail", db], &sql);
    let ask = |query: &str| piped("sqlite3", &["-bail", db], &format!("{query};\n"));
    assert_eq!(ask("SELECT number FROM trackers WHERE type = 'release' AND state = 'open'"), "2\n");
    let month = "SELECT number FROM trackers WHERE type = 'release' AND created_at >= date('now', 'start of month')";
    assert_eq!(ask(month), "2\n");
    assert_eq!(ask("SELECT state, COUNT(*) FROM trackers WHERE type = 'microsprint' GROUP BY state"), "closed|1\n");
    let stale = "SELECT repo FROM sync_metadata WHERE last_sync < datetime('now', '-1 hour')";
    assert_eq!(ask(stale), "");
    assert_eq!(ask("SELECT repo FROM sync_metadata WHERE last_sync < datetime('now', '+1 hour')"), "octo-org/atlas\n");
    assert_eq!(ask("SELECT length(title), hex(title) FROM trackers WHERE type = 'microsprint'").trim(), {
        let title = "Microsprint: a\u{0}b";
        let hex: String = title.bytes().map(|byte| format!("{byte:02X}")).collect();
        // SQLite's length() stops at a NUL; the bytes are all there.
        format!("{}|{hex}", title.find('\u{0}').unwrap())
    });
    assert_eq!(
        ask("SELECT count(*), max(seq), json_extract(after, '$.state') FROM events WHERE seq = 4"),
        "1|4|CLOSED\n"
    );
    let indexes = ask("SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'idx%' ORDER BY name");
    assert_eq!(indexes, "idx_repo_synced\nidx_repo_type_state\n");
    let wrong = "INSERT INTO trackers VALUES(99,'o/r','epic',1,'','open',NULL,NULL,'')";
    let refused = Command::new("sqlite3").args([db, wrong]).stderr(Stdio::null()).status().unwrap();
    assert!(!refused.success(), "the type is checked");
}
