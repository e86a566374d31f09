//! `cache export`, read back by programs that know nothing of it: `sqlite3`, and Python's `csv` and `json`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cli::lab::{Lab, text, words};
use crate::cli::manifests::{REPO, manifest, small, tracker};

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
pub fn piped(program: &str, args: &[&str], input: &str) -> String {
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
        "repo,kind,number,title,state,createdAt,closedAt,url,version,codename,name,status,track,branch",
    ]);
    assert_eq!(Value::from(trackers[..2].to_vec()), listed);
    let mut events = lines(&lab.run(&["cache", "export", "--events", "--format", "ndjson"]).ok());
    let checkpoint = events.pop().unwrap();
    let status = lab.status();
    assert_eq!(checkpoint["checkpoint"]["repo"], REPO);
    assert_eq!(checkpoint["checkpoint"]["seq"], 4);
    assert_eq!(checkpoint["checkpoint"]["id"], events[3]["id"]);
    assert_eq!(checkpoint["checkpoint"]["stateHash"], status["stateHash"]);
    let trackers = events.iter_mut().map(|event| {
        let own = ["id", "baseline", "published"].map(|field| event.as_object_mut().unwrap().remove(field).unwrap());
        assert_eq!((own[0].as_str().unwrap().len(), &own[1..]), (32, &[json!(event["seq"] != 4), json!(false)][..]));
        event.as_object_mut().unwrap().remove("tracker").unwrap()
    });
    let trackers: Vec<Value> = trackers.collect();
    let fields = "seq,event,repo,kind,number,title,before,after,changedAt,syncedAt,source,manifest,commit";
    let history = lab.json(&["cache", "history", "--order", "asc", "--json", fields]);
    // Shown, a control character is in caret notation; in an export it is what it is.
    let shown: Value = serde_json::from_str(&Value::from(events.clone()).to_string().replace("\\u0000", "^@")).unwrap();
    assert_eq!((shown, events.len()), (history, 4));
    let whole = json!({"title": ODD, "state": "CLOSED", "createdAt": "2025-06-01T00:00:00Z",
        "closedAt": "2025-06-12T01:30:00Z"});
    assert_eq!(trackers[3], whole, "the whole tracker after the event, and not only what changed");
}

#[test]
fn an_export_goes_on_after_an_id_a_number_or_under_a_name() {
    let lab = lab();
    let export = |place: &str| {
        let out = lab.run(&["cache", "export", "--events", "--format", "ndjson", "--since", place]).ok();
        let seqs: Vec<Value> = lines(&out).iter().map(|line| line["seq"].clone()).collect();
        (seqs, lines(&out).pop().unwrap()["checkpoint"].clone())
    };
    let (all, checkpoint) = export("@0");
    assert_eq!(all, [json!(1), json!(2), json!(3), json!(4), Value::Null]);
    assert_eq!(export(checkpoint["id"].as_str().unwrap()).0, [Value::Null]);
    assert_eq!(export("@3").0, [json!(4), Value::Null]);
    assert_eq!(export("last:lake").0, all, "everything is new the first time");
    lab.write_manifest(manifest(3, &json!([]), &json!([])));
    let news = [json!(5), json!(6), json!(7), Value::Null];
    assert_eq!(export("last:lake").0, news);
    assert_eq!(export("last:lake").0, [Value::Null]);
    assert_eq!(export(checkpoint["id"].as_str().unwrap()).0, news);
    assert_eq!(export("last:other").0.len(), 8, "each name keeps its own place");
}

#[test]
fn a_place_that_this_history_does_not_have_is_refused() {
    let lab = lab();
    let export = |place: &str| lab.run(&["cache", "export", "--events", "--format", "sql", "--since", place]).fails();
    let unknown = "0123456789abcdef0123456789abcdef";
    let said = export(unknown);
    assert!(said.starts_with(&format!("{REPO} has no event {unknown}: this is another history")), "{said}");
    assert!(said.contains("without `--since`"), "{said}");
    assert!(export("@5").starts_with(&format!("the last event of {REPO} is 4, not 5")));
    lab.run(&["cache", "compact", "--prune-before", "@3"]);
    let said = export("@1");
    assert!(said.starts_with(&format!("history of {REPO} starts with event ")), "{said}");
    for place in ["yesterday", "last", "ab"] {
        assert!(export(place).contains("expected the id of an event"), "{place}");
    }
    for args in [
        "cache export --format csv --since @1",
        "cache export --format csv --observed",
        "cache export --format csv --dialect duckdb",
        "cache export --events --format csv --all-repos --since @1",
    ] {
        assert!(lab.run(&words(args)).err.contains("--"), "{args}");
        assert_eq!(lab.run(&words(args)).code, Some(1), "{args}");
    }
}

#[test]
fn an_export_of_a_pruned_log_begins_with_what_was_pruned() {
    let lab = lab();
    let sql = || lab.run(&["cache", "export", "--format", "sql"]);
    let whole = sql().ok();
    lab.run(&["cache", "compact", "--prune-before", "@3"]).ok();
    let (pruned, warning) = sql().warns();
    assert!(warning.contains("starts with event 4") && warning.contains("as a baseline"), "{warning}");
    let table = |name: &str, loads: &[&str]| {
        let db = lab.root().join(name);
        loads.iter().for_each(|load| drop(piped("sqlite3", &["-bail", text(&db)], load)));
        let columns = "repo, type, number, hex(title), state, created_at, closed_at";
        piped("sqlite3", &[text(&db)], &format!("SELECT {columns} FROM trackers ORDER BY 2, 3;"))
    };
    let expected = table("whole", &[&whole]);
    assert_eq!(expected.lines().count(), 3);
    // Alone, before and after the whole: it is one history.
    for (name, loads) in
        [("pruned", &[&*pruned, &pruned][..]), ("first", &[&pruned, &whole]), ("last", &[&whole, &pruned])]
    {
        assert_eq!(table(name, loads), expected, "{name}");
    }
    let (events, _) = lab.run(&["cache", "export", "--events", "--format", "ndjson"]).warns();
    let events = lines(&events);
    let baseline: Vec<bool> = events.iter().filter_map(|event| event["baseline"].as_bool()).collect();
    assert_eq!(baseline, [true, true, true, false]);
}

#[test]
fn an_engine_is_as_far_as_what_is_published_whatever_else_was_observed() {
    let lab = Lab::with_git();
    let db = lab.root().join("cache.db");
    let write = |hour: u32, numbers: &[u64]| {
        let title = |number: &u64| tracker(*number, &format!("Release: v{number}.0.0"), None, None);
        lab.write_manifest(manifest(hour, &numbers.iter().map(title).collect(), &json!([])));
    };
    let commit = || {
        lab.git(&["add", "."]);
        lab.git(&["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "manifest"]);
    };
    let load = || {
        let args = ["cache", "export", "--format", "sql", "--observed"];
        piped("sqlite3", &["-bail", text(&db)], &lab.run(&args).out);
        piped("sqlite3", &["-separator", " ", text(&db)], "SELECT seq, history_hash FROM sync_metadata;")
    };
    let published = || {
        let status = lab.status();
        format!("{} {}\n", status["published"], status["historyHash"].as_str().unwrap())
    };
    write(1, &[1]);
    commit();
    write(2, &[1, 2, 3]);
    assert_eq!((load(), lab.status()["seq"].clone()), (published(), json!(3)));
    // What is published next is less than what was observed.
    write(3, &[1, 4]);
    commit();
    assert_eq!((load(), lab.status()["seq"].clone()), (published(), json!(2)));
}

#[test]
fn another_history_under_the_same_numbers_is_not_loaded() {
    let (ours, theirs) = (lab(), lab());
    let releases = json!([tracker(9, "Release: v9.9.9", None, None)]);
    theirs.write_manifest(manifest(3, &releases, &json!([])));
    let forked = Lab::synced(&manifest(1, &releases, &json!([])));
    let db = ours.root().join("cache.db");
    let load = |lab: &Lab, bail: &[&str]| {
        let sql = lab.run(&["cache", "export", "--format", "sql"]).ok();
        let args = [bail, &[text(&db)]].concat();
        let shell = Command::new("sqlite3").args(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut shell = shell.unwrap();
        // A shell that stops early reads no more.
        let _ = shell.stdin.take().unwrap().write_all(sql.as_bytes());
        let output = shell.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let dump = || piped("sqlite3", &["-bail", text(&db)], ".dump\n");
    assert_eq!(load(&ours, &["-bail"]), (true, String::new()));
    let before = dump();
    for bail in [&["-bail"][..], &[]] {
        let (loaded, said) = load(&forked, bail);
        assert!(!loaded && said.contains("another history is stored under the same numbers"), "{said}");
        assert_eq!(dump(), before, "{bail:?}");
    }
    // A second machine that knows the same and more.
    assert_eq!(load(&theirs, &["-bail"]), (true, String::new()));
    let titles = piped("sqlite3", &["-bail", text(&db)], "SELECT title, type, number FROM trackers;\n");
    assert_eq!(titles, "Release: v9.9.9|release|9\n", "what was removed is gone");
    assert_eq!(load(&ours, &["-bail"]), (true, String::new()));
    assert_eq!(
        piped("sqlite3", &["-bail", text(&db)], "SELECT count(*) FROM trackers;\n"),
        "1\n",
        "never back in time"
    );
}

#[test]
fn a_stream_that_was_cut_loads_nothing() {
    let lab = lab();
    let sql = lab.run(&["cache", "export", "--format", "sql"]).ok();
    let db = lab.root().join("cut.db");
    let commit = sql.rfind("COMMIT").unwrap();
    for end in (0..commit).step_by(97).chain([commit]) {
        let shell = Command::new("sqlite3").arg(&db).stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut shell = shell.unwrap();
        shell.stdin.take().unwrap().write_all(&sql.as_bytes()[..end]).unwrap();
        shell.wait().unwrap();
        let count = "SELECT count(*) FROM sqlite_master WHERE name = 'events'";
        assert_eq!(piped("sqlite3", &["-bail", text(&db)], count), "0\n", "cut at {end}");
    }
}

#[test]
fn csv_is_read_back_by_an_independent_reader() {
    let lab = lab();
    let out = lab.run(&["cache", "export", "--format", "csv"]).ok();
    let header = "repo,kind,number,title,state,createdAt,closedAt,url,version,codename,name,status,track,branch\r\n";
    assert!(out.starts_with(header), "{out}");
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
    let whole = ["tracker_title", "tracker_state", "tracker_created_at", "tracker_closed_at"].map(|name| &last[name]);
    assert_eq!(whole, [ODD, "CLOSED", "2025-06-01T00:00:00Z", "2025-06-12T01:30:00Z"]);
    assert_eq!(
        (&last["baseline"], &last["published"], &rows[0]["baseline"]),
        (&json!("false"), &json!("false"), &json!("true"))
    );
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
    assert_eq!(indexes, "idx_repo_seq\nidx_repo_synced\nidx_repo_type_state\n");
    assert_eq!(ask("SELECT instr(title, char(13, 10)) > 0 FROM trackers WHERE number = 1 AND type = 'release'"), "1\n");
    let wrong = "INSERT INTO trackers VALUES(99,'o/r','epic',1,'','open',NULL,NULL,'')";
    let refused = Command::new("sqlite3").args([db, wrong]).stderr(Stdio::null()).status().unwrap();
    assert!(!refused.success(), "the type is checked");
}

#[test]
fn what_is_loaded_is_looked_up_and_never_walked_through_for_each_event() {
    let lab = Lab::synced(&small());
    let load = lab.run(&["cache", "export", "--events", "--format", "sql"]).ok();
    let (before, check) = load.split_once("INSERT INTO gh_pmu_whole").unwrap();
    let explained = format!("{before}EXPLAIN QUERY PLAN INSERT INTO gh_pmu_whole{check}");
    let plan = piped("sqlite3", &[":memory:"], &explained);
    assert!(plan.contains("SEARCH s USING") && plan.contains("SEARCH e USING"), "{plan}");
    assert!(!plan.contains("SCAN s\n") && !plan.contains("SCAN e\n"), "{plan}");
}

#[test]
fn an_export_that_keeps_its_place_begins_with_what_was_pruned_too() {
    let lab =
        Lab::synced(&manifest(9, &json!([tracker(1, "one", None, None), tracker(2, "two", None, None)]), &json!([])));
    lab.write_manifest(manifest(
        10,
        &json!([tracker(1, "one", None, None), tracker(2, "three", None, None)]),
        &json!([]),
    ));
    lab.run(&["cache", "sync"]).ok();
    lab.run(&["cache", "compact", "--prune-before", "@2"]).ok();
    let whole = lab.run(&["cache", "export", "--events", "--format", "ndjson"]).warns();
    let first = lab.run(&["cache", "export", "--events", "--format", "ndjson", "--since", "last:x"]).warns();
    assert_eq!(first, whole);
    let rest = lab.run(&["cache", "export", "--events", "--format", "ndjson", "--since", "last:x"]).ok();
    assert_eq!(rest.lines().count(), 1, "the checkpoint: {rest}");
}

#[test]
fn what_was_pruned_meanwhile_is_not_loaded_a_second_time() {
    let lab =
        Lab::synced(&manifest(9, &json!([tracker(1, "one", None, None), tracker(2, "two", None, None)]), &json!([])));
    lab.write_manifest(manifest(
        10,
        &json!([tracker(1, "one", None, None), tracker(2, "three", None, None)]),
        &json!([]),
    ));
    lab.run(&["cache", "sync"]).ok();
    let db = lab.root().join("events.db");
    let load =
        || piped("sqlite3", &["-bail", text(&db)], &lab.run(&["cache", "export", "--events", "--format", "sql"]).out);
    load();
    lab.run(&["cache", "compact", "--prune-before", "@2"]).ok();
    load();
    let counts = "SELECT count(*), count(DISTINCT seq) FROM events; SELECT count(*) FROM trackers;";
    assert_eq!(piped("sqlite3", &[text(&db)], counts), "3|3\n2\n");
}

/// Events exported under a name; the numbers of an increment, and what is said where there is none.
fn under_a_name(lab: &Lab) -> Result<Vec<u64>, String> {
    let ran = lab.run(&["cache", "export", "--events", "--format", "ndjson", "--since", "last:lake"]);
    let seqs = lines(&ran.out).iter().filter_map(|line| line["seq"].as_u64()).collect();
    if ran.code == Some(0) { Ok(seqs) } else { Err(ran.err) }
}

#[test]
fn what_was_pruned_before_it_was_exported_under_a_name_is_not_passed_over() {
    let lab = lab();
    let prune = || lab.run(&["cache", "compact", "--prune-before", "now"]).ok();
    let sync = |hour, title| {
        lab.write_manifest(manifest(hour, &json!([tracker(2, title, None, None)]), &json!([])));
        lab.run(&["cache", "sync"]).ok();
    };
    prune();
    assert_eq!(under_a_name(&lab), Ok(vec![1, 3, 4]), "a baseline");
    sync(3, "Release: v3.0.1");
    let news = under_a_name(&lab).unwrap();
    assert_eq!((news.first(), under_a_name(&lab)), (Some(&5), Ok(vec![])));
    prune();
    assert_eq!(under_a_name(&lab), Ok(vec![]), "all of it was exported");
    sync(4, "Release: v3.0.2");
    prune();
    let said = under_a_name(&lab).unwrap_err();
    assert!(said.contains("history of octo-org/atlas starts with event "), "{said}");
    assert!(said.contains("under another name"), "{said}");
}

#[test]
fn what_was_observed_before_anything_was_published_does_not_go_on_with_what_is() {
    let lab = Lab::with_git();
    lab.write_manifest(manifest(1, &json!([tracker(1, "one", None, None), tracker(2, "two", None, None)]), &json!([])));
    assert_eq!(under_a_name(&lab), Ok(vec![1, 2]));
    let sql = || lab.run(&["cache", "export", "--events", "--format", "sql", "--since", "last:engine"]);
    sql().ok();
    lab.write_manifest(manifest(2, &json!([tracker(1, "one", None, None)]), &json!([])));
    lab.commit("Manifest");
    let said = under_a_name(&lab).unwrap_err();
    assert!(said.contains("was observed only, and published versions have replaced it"), "{said}");
    // An engine tells them apart by what is published.
    assert!(sql().ok().contains("INSERT INTO events"));
}

#[test]
fn an_export_of_many_that_fails_keeps_its_place_of_all() {
    let lab = lab();
    for name in ["first", "second"] {
        let repo = format!("acme/{name}");
        let manifest = json!({"version": 1, "updated_at": "2025-06-12T10:00:00Z", "repo": repo,
            "releases": [tracker(1, "one", None, None)]});
        lab.write(&format!("all/{name}.json"), manifest.to_string());
    }
    lab.run(&["cache", "sync", "--from", "all"]).ok();
    let log = lab.store().parent().unwrap().parent().unwrap().join("acme/first/log-1");
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..128]).unwrap();
    let export = || {
        let ran =
            lab.run(&["cache", "export", "--events", "--format", "ndjson", "--all-repos", "--since", "last:lake"]);
        (ran.code, lines(&ran.out).iter().filter(|line| line["seq"].is_u64()).count())
    };
    assert_eq!((export(), export()), ((Some(1), 5), (Some(1), 5)));
    std::fs::write(&log, &bytes).unwrap();
    assert_eq!((export(), export()), ((Some(0), 6), (Some(0), 0)));
}
