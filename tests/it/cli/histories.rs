//! Two real histories, version by version through the program, as `git checkout` brings them into the working tree.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::lab::{Lab, text};
use crate::decoder::decoders;

const FIELDS: &str = "number,title,state,createdAt,closedAt";
const KINDS: [(&str, &str); 2] = [("release", "releases"), ("microsprint", "microsprints")];

/// A clone of a bundle, and its commits, oldest first.
struct History {
    lab: Lab,
    commits: Vec<String>,
}

impl History {
    fn of(bundle: &str) -> Self {
        let lab = Lab::without_git();
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(bundle);
        lab.git(&["clone", "-q", text(&bundle), "."]);
        let commits = lab.git(&["log", "--first-parent", "--reverse", "--format=%H"]);
        Self { commits: commits.lines().map(str::to_owned).collect(), lab }
    }

    /// Brings one version into the working tree, and reads it.
    fn checkout(&self, commit: &str) -> Value {
        self.lab.git(&["checkout", "-q", commit]);
        serde_json::from_slice(&std::fs::read(self.lab.manifest_path()).unwrap()).unwrap()
    }

    /// Both lists, which must be those of a manifest.
    #[track_caller]
    fn assert_lists(&self, manifest: &Value, what: &str) {
        for (kind, list) in KINDS {
            let listed = self.lab.json(&[kind, "list", "--json", FIELDS]);
            assert_eq!(listed, newest_first(&manifest[list]), "{kind} list {what}");
        }
    }

    fn events(&self) -> Vec<Value> {
        let fields = "seq,event,kind,number,title,changedAt,before,after";
        let events = self.lab.json(&["cache", "history", "--order", "asc", "--json", fields]);
        events.as_array().unwrap().clone()
    }
}

fn newest_first(list: &Value) -> Value {
    let mut trackers = list.as_array().unwrap().clone();
    trackers.sort_by_key(|tracker| std::cmp::Reverse(tracker["number"].as_u64()));
    Value::Array(trackers)
}

/// One change as words: `closed release 12`.
type Changes = Vec<String>;

/// What changed between two manifests, compared tracker by tracker.
fn changes(before: &Value, after: &Value) -> Changes {
    let mut changes = Changes::new();
    for (kind, list) in KINDS {
        let by_number = |manifest: &Value| -> BTreeMap<u64, Value> {
            let trackers = manifest[list].as_array().into_iter().flatten();
            trackers.map(|tracker| (tracker["number"].as_u64().unwrap(), tracker.clone())).collect()
        };
        let (before, after) = (by_number(before), by_number(after));
        for (number, old) in &before {
            match after.get(number) {
                None => changes.push(format!("removed {kind} {number}")),
                Some(new) => changes.extend(words(old, new).map(|word| format!("{word} {kind} {number}"))),
            }
        }
        let added = after.keys().filter(|number| !before.contains_key(number));
        changes.extend(added.map(|number| format!("added {kind} {number}")));
    }
    changes.sort();
    changes
}

fn words(old: &Value, new: &Value) -> impl Iterator<Item = &'static str> {
    let differs = |field: &str| old[field] != new[field];
    let state = match (differs("state"), new["state"] == "CLOSED") {
        (true, true) => Some("closed"),
        (true, false) => Some("reopened"),
        (false, _) if differs("createdAt") || differs("closedAt") => Some("redated"),
        (false, _) => None,
    };
    state.into_iter().chain(differs("title").then_some("retitled"))
}

/// Replays a bundle, looking at everything after every version. Gives the events by their words.
fn replay(bundle: &str, versions: usize) -> BTreeMap<String, u64> {
    let history = History::of(bundle);
    assert_eq!(history.commits.len(), versions);
    let mut expected: Vec<(Value, Changes)> = Vec::new();
    let (mut before, mut known) = (json!({}), None);
    for (at, commit) in history.commits.iter().enumerate() {
        let manifest = history.checkout(commit);
        history.assert_lists(&manifest, &format!("at version {at}, {commit}"));
        let changes = changes(&before, &manifest);
        let status = history.lab.status();
        assert_eq!(status["manifestUpdatedAt"], manifest["updated_at"], "version {at}");
        assert_eq!(status["stale"], false, "version {at}");
        let now = (status["seq"].as_u64().unwrap(), status["logBytes"].as_u64().unwrap());
        let (seq, log_bytes) = known.unwrap_or((0, 0));
        assert_eq!(now.0, seq + changes.len() as u64, "version {at}");
        match changes.is_empty() {
            // A version that differs in nothing but its time is remembered in few bytes.
            true => assert!(now.1 > log_bytes && now.1 < log_bytes + 1024, "version {at}: {} bytes", now.1 - log_bytes),
            false => assert!(now.1 > log_bytes, "version {at}"),
        }
        expected.push((manifest["updated_at"].clone(), changes));
        (before, known) = (manifest, Some(now));
    }
    let events = history.events();
    assert_events(&events, &expected);
    assert_older_versions_change_nothing(&history, &before, &events);
    let mut counts = BTreeMap::new();
    for event in &events {
        *counts.entry(event["event"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// The log's events are those that comparing the manifests gives, each dated by its manifest.
fn assert_events(events: &[Value], expected: &[(Value, Changes)]) {
    assert!(events.iter().map(|event| event["seq"].as_u64().unwrap()).eq(1..=events.len() as u64));
    let mut rest = events;
    for (updated_at, changes) in expected {
        let (these, later) = rest.split_at(changes.len());
        assert!(these.iter().all(|event| event["changedAt"] == *updated_at), "{updated_at}");
        let mut found: Vec<_> = these
            .iter()
            .map(|event| [&event["event"], &event["kind"]].map(|word| word.as_str().unwrap()).join(" "))
            .zip(these.iter().map(|event| event["number"].as_u64().unwrap()))
            .map(|(words, number)| format!("{words} {number}"))
            .collect();
        found.sort();
        assert_eq!(&found, changes, "{updated_at}");
        rest = later;
    }
    assert!(rest.is_empty());
}

/// Switching branches puts older manifests into the working tree: the cache stays where it was.
fn assert_older_versions_change_nothing(history: &History, newest: &Value, events: &[Value]) {
    let log = |status: &Value| ["seq", "logBytes", "stateHash", "manifestHash"].map(|field| status[field].clone());
    let before = log(&history.lab.status());
    let older = history.commits.iter().rev().skip(1).step_by(13);
    for commit in older {
        let manifest = history.checkout(commit);
        history.assert_lists(newest, &format!("behind version {commit}"));
        assert_eq!(log(&history.lab.status()), before, "{commit}");
        let said = history.lab.run(&["cache", "sync"]).ok();
        let older = format!("unchanged: the manifest is of {}, older than the cache", manifest["updated_at"]);
        // A version can have the content of the newest one but for its time, and then still is older.
        assert!(said.contains(&older.replace('"', "")), "{said}");
        assert_eq!(log(&history.lab.status()), before, "{commit}");
    }
    history.checkout(history.commits.last().unwrap());
    history.assert_lists(newest, "back at the newest version");
    assert_eq!(log(&history.lab.status()), before);
    assert_eq!(history.events(), events);
    assert!(history.lab.run(&["cache", "verify"]).ok().contains("verify"));
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
}

#[test]
fn moq_transport_lists_every_version_and_gives_the_changes_that_it_is_known_for() {
    let expected = [("added", 523), ("closed", 172), ("reopened", 2), ("retitled", 19), ("removed", 5)];
    assert_eq!(replay("moq-transport.bundle", 140), counts(&expected));
}

#[test]
fn hash_to_curve_lists_every_version_and_gives_the_changes_that_it_is_known_for() {
    assert_eq!(replay("hash-to-curve.bundle", 70), counts(&[("added", 352), ("closed", 1)]));
}

#[test]
fn two_machines_that_saw_different_versions_hold_the_same_state_in_the_end() {
    let [all, few] = [1, 11].map(|step| {
        let history = History::of("hash-to-curve.bundle");
        for commit in history.commits.iter().step_by(step).chain(history.commits.last()) {
            history.checkout(commit);
            history.lab.run(&["release", "list"]).ok();
        }
        history.lab.status()["stateHash"].clone()
    });
    assert_eq!(all, few);
}

#[test]
fn a_replay_of_git_s_history_by_another_program_has_the_same_events_ids_and_hashes() {
    if !decoders::are_there() {
        return;
    }
    for (bundle, repo, count) in [
        ("moq-transport.bundle", "moq-wg/moq-transport", 721),
        ("hash-to-curve.bundle", "cfrg/draft-irtf-cfrg-hash-to-curve", 353),
    ] {
        let history = History::of(bundle);
        let lab = &history.lab;
        lab.run(&["cache", "sync"]).ok();
        let replayed = decoders::replay(&lab.checkout, ".github/pmu-cache.json", &format!("github.com/{repo}"));
        let fields = "seq,event,kind,number,title,changedAt,commit,id";
        let events = lab.json(&["cache", "history", "--order", "asc", "--json", fields]);
        assert_eq!(events.as_array().unwrap().len(), count);
        assert!(events == replayed["events"], "{repo}");
        let status = lab.status();
        assert_eq!(
            (&status["historyHash"], &status["stateHash"]),
            (&replayed["historyHash"], &replayed["stateHash"]),
            "{repo}"
        );
    }
}
