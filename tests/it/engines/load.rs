//! Exports loaded into PostgreSQL and DuckDB by their own clients: the same rows as the cache's, whoever loads them, in
//! whatever order, and however often somebody is killed.

use serde_json::{Value, json};

use super::database::{Database, Engine};
use super::machines::{Machine, Origin, REPO, millis};
use crate::cli::export_sql::{news, publish};
use crate::cli::lab::Lab;
use crate::cli::manifests::{manifest, tracker};
use crate::random::Random;

/// How often somebody is killed, in each of three ways.
fn kills() -> u64 {
    std::env::var("GH_PMU_KILLS").map_or(12, |kills| kills.parse().unwrap())
}

fn both(scenario: impl Fn(&Engine)) {
    for engine in [Engine::postgres(), Engine::duckdb()] {
        scenario(&engine);
    }
}

/// The database holds the machine's events and trackers, and gives the same answers about the past.
#[track_caller]
fn assert_holds(database: &Database<'_>, machine: &Machine) {
    let (events, checkpoint) = machine.events();
    let expected: Vec<String> =
        events.iter().map(|event| format!("{}\t{}", event["seq"], event["id"].as_str().unwrap())).collect();
    assert_eq!(database.ask("SELECT seq, id FROM events ORDER BY seq"), expected);
    let columns = |title: &str, state: &str, created: &str, closed: &str| {
        let times = [created, closed].map(|time| database.millis(time));
        format!("type, number, {}, upper({state}), {}, {}", database.hex(title), times[0], times[1])
    };
    let trackers = columns("title", "state", "created_at", "closed_at");
    let listed = machine.listed(None);
    assert_eq!(database.ask(&format!("SELECT {trackers} FROM trackers ORDER BY type, number DESC")), listed);
    let sync =
        database.ask(&format!("SELECT seq, id, history_hash, state_hash FROM sync_metadata WHERE repo = '{REPO}'"));
    let field = |name: &str| checkpoint[name].as_str().unwrap();
    assert_eq!(
        sync,
        [format!("{}\t{}\t{}\t{}", checkpoint["seq"], field("id"), field("historyHash"), field("stateHash"))]
    );
    assert_eq!(field("stateHash"), machine.lab().status()["stateHash"]);
    let columns = columns("tracker_title", "tracker_state", "tracker_created_at", "tracker_closed_at");
    for event in events.iter().step_by(events.len() / 6) {
        let moment = event["changedAt"].as_str().unwrap();
        let query = format!(
            "SELECT {columns} FROM (SELECT *, row_number() OVER (PARTITION BY repo, type, number ORDER BY seq DESC) AS age
               FROM events WHERE repo = '{REPO}' AND changed_at <= {}) newest
             WHERE age = 1 AND tracker_state IS NOT NULL ORDER BY type, number DESC",
            database.time(moment)
        );
        assert_eq!(database.ask(&query), machine.listed(Some(moment)), "as of {moment}");
    }
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn three_machines_load_one_history_however_late_they_are() {
    both(|engine| {
        let (database, origin) = (engine.database("three"), Origin::new());
        let export = |machine: &Machine, more: &[&str]| machine.sql(database.dialect(), more);
        origin.publish(origin.versions() / 3);
        let first = origin.machine();
        database.take(&export(&first, &["--since", "last:engine"]));
        assert_holds(&database, &first);
        origin.publish(origin.versions() * 2 / 3);
        let second = origin.machine();
        // Later than the first, and all from the beginning.
        database.take(&export(&second, &[]));
        assert_holds(&database, &second);
        let before = database.dump();
        // The first is older than what is stored: nothing goes back.
        database.take(&export(&first, &["--since", "@0"]));
        assert_eq!(without_times(&database.dump()), without_times(&before), "{}", database.dialect());
        assert_holds(&database, &second);
        origin.publish(origin.versions());
        let third = origin.machine();
        let id = &database.ask("SELECT id FROM sync_metadata")[0];
        let news = export(&third, &["--since", id]);
        assert!(news.len() < export(&third, &[]).len() / 2, "only what is new");
        database.take(&news);
        assert_holds(&database, &third);
        for machine in [&first, &second, &third] {
            machine.pull();
            let before = database.dump();
            database.take(&export(machine, &["--since", "last:engine"]));
            database.take(&export(machine, &[]));
            assert_eq!(without_times(&database.dump()), without_times(&before), "{}", database.dialect());
            assert_holds(&database, machine);
        }
    });
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn a_removal_that_was_pruned_is_one_in_the_engine_too() {
    both(|engine| {
        let (database, lab) = (engine.database("pruned"), Lab::new());
        for (hour, numbers) in [(8, &[1, 2, 3][..]), (9, &[3]), (10, &[3, 4])] {
            let releases: Vec<Value> = numbers.iter().map(|number| tracker(*number, "x", None, None)).collect();
            lab.write_manifest(manifest(hour, &json!(releases), &json!([])));
            lab.run(&["cache", "sync"]).ok();
            if hour == 10 {
                lab.run(&["cache", "compact", "--prune-before", "now"]).ok();
            }
            if hour != 9 {
                database.take(&lab.run(&["cache", "export", "--format", "sql", "--dialect", database.dialect()]).out);
            }
        }
        assert_eq!(database.ask("SELECT number FROM trackers ORDER BY 1"), ["3", "4"], "{}", database.dialect());
    });
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn a_repository_that_was_renamed_goes_on_and_what_follows_nothing_is_refused() {
    both(|engine| {
        let (database, lab) = (engine.database("renamed"), Lab::with_git());
        let news = || news(&lab, "x", database.dialect());
        let held = || database.ask("SELECT repo, number, state FROM trackers ORDER BY number");
        publish(&lab, "octo/a", 8, &[1], &[]);
        database.take(&news());
        publish(&lab, "octo/b", 9, &[1, 2], &[]);
        database.take(&news());
        assert_eq!(held(), ["octo/b\t1\topen", "octo/b\t2\topen"], "{}", database.dialect());
        publish(&lab, "Octo/B", 10, &[2, 3], &[1]);
        drop(news());
        publish(&lab, "Octo/B", 11, &[3], &[1, 2]);
        let refused = database.load(&news());
        assert!(!refused.ok && refused.said.contains("what comes before these events is not stored"), "{refused:?}");
        let whole = lab.run(&["cache", "export", "--format", "sql", "--dialect", database.dialect()]).ok();
        for _again in 0..2 {
            database.take(&whole);
            assert_eq!(held(), ["octo/b\t1\tclosed", "octo/b\t2\tclosed", "octo/b\t3\topen"]);
        }
    });
}

/// Rows without the time of the last check, which each machine knows for itself.
fn without_times(rows: &[String]) -> Vec<String> {
    rows.iter().map(|row| if row.starts_with(REPO) { REPO.to_owned() } else { row.clone() }).collect()
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn another_history_is_refused_and_changes_nothing() {
    both(|engine| {
        let (database, origin) = (engine.database("fork"), Origin::new());
        let machine = origin.machine();
        database.take(&machine.sql(database.dialect(), &[]));
        let before = database.dump();
        // A repository of the same name with other versions, in the same number and without the first one.
        for committed in [true, false] {
            let other = Lab::with_git();
            let manifest = json!({"version": 1, "updated_at": "2020-01-01T00:00:00Z", "repo": REPO,
                "releases": [tracker(1, "Release: v1.0.0", None, None)], "microsprints": []});
            other.write_manifest(manifest.to_string());
            if committed {
                other.git(&["add", "."]);
                other.git(&["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "first"]);
            }
            let sql = other.run(&["cache", "export", "--format", "sql", "--dialect", database.dialect()]).ok();
            let loaded = database.load(&sql);
            if committed {
                assert!(
                    !loaded.ok && loaded.said.contains("another history is stored under the same numbers"),
                    "{loaded:?}"
                );
                assert_eq!(database.dump(), before, "{}", database.dialect());
            } else {
                // What only one machine saw has no number for good, and does not count beside published events.
                assert!(loaded.ok, "{loaded:?}");
                assert_eq!(without_times(&before).len() + 1, database.dump().len());
                let trackers = database.ask("SELECT count(*) FROM trackers");
                assert_eq!(trackers, [machine.listed(None).len().to_string()]);
            }
        }
        // The exporter refuses a place of another history by itself.
        let id = &database.ask("SELECT id FROM sync_metadata")[0];
        let other = Lab::with_git();
        other.write_manifest(json!({"version": 1, "updated_at": "2020-01-01T00:00:00Z", "repo": REPO}).to_string());
        let said = other.run(&["cache", "export", "--events", "--format", "sql", "--since", id]).fails();
        assert!(said.contains("this is another history"), "{said}");
    });
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn the_questions_of_teams_are_answered_in_sql() {
    both(|engine| {
        let (database, origin) = (engine.database("questions"), Origin::new());
        let machine = origin.machine();
        database.take(&machine.sql(database.dialect(), &[]));
        let listed = |kind: &str, state: &str| {
            let rows = machine.lab().json(&[kind, "list", "-s", state, "--json", "number"]);
            let numbers = rows.as_array().unwrap().iter().map(|row| row["number"].to_string());
            numbers.collect::<Vec<_>>()
        };
        // The four queries of this program's first proposal.
        let open = "SELECT number FROM trackers WHERE type = 'release' AND state = 'open' ORDER BY number DESC";
        assert_eq!(database.ask(open), listed("release", "open"));
        let month = format!(
            "SELECT count(*) FROM trackers WHERE type = 'release' AND created_at >= date_trunc('month', {})",
            database.now()
        );
        assert_eq!(database.ask(&month), ["0"], "the history ended long ago");
        let by_state = "SELECT state, count(*) FROM trackers WHERE type = 'microsprint' GROUP BY state ORDER BY state";
        let counts = ["closed", "open"].map(|state| format!("{state}\t{}", listed("microsprint", state).len()));
        assert_eq!(database.ask(by_state), counts);
        let stale = |hours: &str| {
            let past = format!("{} - INTERVAL '{hours} hours'", database.now());
            database.ask(&format!("SELECT repo FROM sync_metadata WHERE last_sync < {past}"))
        };
        assert_eq!((stale("1"), stale("-1")), (vec![], vec![REPO.to_owned()]));
        // What closed since Monday, and how long was it open?
        let events = machine.events().0;
        let monday = "2022-08-29T00:00:00Z";
        let closed =
            events.iter().filter(|event| event["event"] == "closed" && event["changedAt"].as_str() > Some(monday));
        let expected: Vec<String> = closed.map(open_for).collect();
        assert!(!expected.is_empty());
        let query = format!(
            "SELECT repo, number, {} - {} FROM events WHERE event = 'closed' AND changed_at > {} ORDER BY seq",
            database.millis("tracker_closed_at"),
            database.millis("tracker_created_at"),
            database.time(monday)
        );
        assert_eq!(database.ask(&query), expected);
    });
}

fn open_for(event: &Value) -> String {
    let time = |field: &str| millis(event["tracker"][field].as_str().unwrap()).parse::<i64>().unwrap();
    format!("{REPO}\t{}\t{}", event["number"], time("closedAt") - time("createdAt"))
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn titles_arrive_byte_for_byte() {
    let titles =
        ["it's \"so\"; -- \\ $gh_pmu$", "line\r\nbreak\ttab\u{1b}[31m", "日本語 🚀 \u{202e}", "'||chr(1)||'", "NULL"];
    let releases: Vec<Value> = (1..).zip(titles).map(|(number, title)| tracker(number, title, None, None)).collect();
    let lab = Lab::synced(
        &json!({"version": 1, "updated_at": "2025-06-12T00:00:00Z", "repo": REPO, "releases": releases}).to_string(),
    );
    both(|engine| {
        let database = engine.database("titles");
        let sql = lab.run(&["cache", "export", "--format", "sql", "--dialect", database.dialect()]).ok();
        database.take(&sql);
        let stored = database.ask(&format!("SELECT {} FROM trackers ORDER BY number", database.hex("title")));
        let expected = titles.map(|title| title.bytes().map(|byte| format!("{byte:02x}")).collect::<String>());
        assert_eq!(stored, expected, "{}", database.dialect());
    });
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn whoever_is_killed_at_whatever_byte_no_row_is_missing_or_twice() {
    both(|engine| {
        let (database, origin) = (engine.database("killed"), Origin::new());
        let (mut random, rounds) = (Random::new(10), kills());
        origin.publish(1);
        let machine = origin.machine();
        for round in 0..rounds {
            // The repository goes on meanwhile, to the end.
            origin.publish(1 + (origin.versions() - 1) * (round as usize + 1) / rounds as usize);
            machine.pull();
            let before = database.dump();
            let last =
                database.ask("SELECT count(*) FROM information_schema.tables WHERE table_name = 'sync_metadata'");
            let id = if last == ["1"] { database.ask("SELECT id FROM sync_metadata") } else { vec![] };
            let since: Vec<&str> = id.iter().flat_map(|id| ["--since", id]).collect();
            let sql = machine.sql(database.dialect(), &since);
            // The exporter is killed: its stream ends at any byte.
            let loaded = database.load(&sql[..floor(&sql, random.below(sql.len()))]);
            let kept = database.dump();
            assert!(kept == before || loaded.ok, "{}, round {round}: {loaded:?}", database.dialect());
            // Client and server are killed after they got so much, and what they had been asked for may have happened.
            for is_server in [false, true] {
                database.killed(&sql.as_bytes()[..random.below(sql.len() + 1)], is_server);
            }
            // The next time the place is asked for again, and nobody is killed.
            let id = if last == ["1"] { database.ask("SELECT id FROM sync_metadata") } else { vec![] };
            let since: Vec<&str> = id.iter().flat_map(|id| ["--since", id]).collect();
            take_patiently(&database, &machine.sql(database.dialect(), &since));
            let counts = database.ask("SELECT count(*), count(DISTINCT id), max(seq) FROM events");
            let count = machine.events().1["seq"].clone();
            assert_eq!(counts, [format!("{count}\t{count}\t{count}")], "{}, round {round}", database.dialect());
        }
        assert_holds(&database, &machine);
    });
}

/// The end of a character at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap()
}

/// Loads as soon as the other is done: DuckDB gives its file to one process at a time.
fn take_patiently(database: &Database<'_>, sql: &str) {
    loop {
        let loaded = database.load(sql);
        if loaded.ok {
            return;
        }
        let is_busy = ["lock", "concurrent", "deadlock"].iter().any(|word| loaded.said.contains(word));
        assert!(is_busy, "{}: {loaded:?}", database.dialect());
    }
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn two_exporters_at_once_load_each_event_once() {
    both(|engine| {
        let (database, origin) = (engine.database("two"), Origin::new());
        origin.publish(origin.versions() / 2);
        let early = origin.machine();
        origin.publish(origin.versions());
        let late = origin.machine();
        let loads = [&early, &late, &late].map(|machine| machine.sql(database.dialect(), &[]));
        // DuckDB takes its lock only after it has made the file: who opens it in between finds no database.
        database.ask("SELECT 1");
        // The first of them make the tables.
        std::thread::scope(|scope| {
            for sql in &loads {
                scope.spawn(|| take_patiently(&database, sql));
            }
        });
        assert_holds(&database, &late);
    });
}
