//! Stores that a program in another language wrote, from the text alone: they are the program's as its own are.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::compare::{agree, array};
use super::decoders;
use super::machine::Machine;

const OWNER_REPO: &str = "Owner/repo";

/// The stores that the writer has of one kind, each in a directory of its name.
fn written(kind: &str) -> (tempfile::TempDir, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    decoders::writer(&[kind, directory.path().to_str().unwrap()]);
    let names = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() > 5, "{kind}: {names:?}");
    (directory, names)
}

/// A machine whose cache holds a store that was written elsewhere.
fn machine_with(store: &Path) -> Machine {
    let repository = decoders::decode(store)["repo"].as_str().unwrap_or_default().to_lowercase();
    let machine = Machine::without_git(match repository.as_str() {
        "github.com/con/nul." => "github.com/~con/~nul.~",
        "github.com/octo-org/atlas" => "github.com/octo-org/atlas",
        _ => "github.com/owner/repo",
    });
    copy(store, &machine);
    machine
}

fn copy(store: &Path, machine: &Machine) {
    fs::create_dir_all(machine.store()).unwrap();
    for entry in fs::read_dir(store).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), machine.store().join(entry.file_name())).unwrap();
    }
}

#[test]
fn the_program_reads_what_another_program_wrote() {
    if !decoders::are_there() {
        return;
    }
    let (directory, names) = written("--examples");
    for name in names {
        let machine = machine_with(&directory.path().join(&name));
        agree(&machine, &name);
    }
}

#[test]
fn the_program_goes_on_with_what_another_program_wrote() {
    if !decoders::are_there() {
        return;
    }
    let (directory, names) = written("--examples");
    // Those two are of other repositories.
    for name in names.iter().filter(|name| !["limits", "worked"].contains(&name.as_str())) {
        let machine = machine_with(&directory.path().join(name));
        let before = decoders::decode(&machine.store());
        let new =
            json!({"number": 77, "title": "Release: v7.7.7", "state": "OPEN", "createdAt": null, "closedAt": null});
        let manifest =
            json!({"version": 1, "updated_at": "2026-06-01T00:00:00Z", "repo": OWNER_REPO, "releases": [new]});
        machine.write_manifest(&manifest);
        machine.run(&["cache", "sync", "--force"]);
        let after = agree(&machine, name);
        assert_eq!(after["stateHash"], machine.state_hash_of_manifest(), "{name}");
        let (before, after) = (array(&before["events"]), array(&after["events"]));
        assert_eq!(after[..before.len()], before[..], "{name}");
        assert!(after.len() > before.len(), "{name}");
        machine.run(&["cache", "compact"]);
        agree(&machine, name);
    }
}

#[test]
fn the_program_refuses_what_the_decoders_refuse() {
    if !decoders::are_there() {
        return;
    }
    for kind in ["--faulty", "--turned"] {
        let (directory, names) = written(kind);
        let decoded = decoders::decode_each(directory.path());
        let machine = Machine::without_git("github.com/owner/repo");
        let mut accepted = 0;
        for name in names {
            if machine.store().exists() {
                fs::remove_dir_all(machine.store()).unwrap();
            }
            copy(&directory.path().join(&name), &machine);
            let is_accepted = machine.code(&["cache", "verify", "-R", OWNER_REPO]) == Some(0);
            assert!(!is_accepted || decoded[&name] != Value::Null, "{kind} {name}: the program accepts it");
            accepted += usize::from(is_accepted);
        }
        assert_eq!(accepted > 0, kind == "--turned", "{kind}: {accepted} accepted");
    }
}

#[test]
fn a_store_made_of_manifests_is_the_one_that_the_program_makes() {
    if !decoders::are_there() {
        return;
    }
    let machine = Machine::without_git("github.com/owner/repo");
    let versions: Vec<Value> = (1..=3)
        .map(|day| {
            let tracker =
                |number| json!({"number": number, "title": format!("Release: v{number}.{day}.0"), "state": "OPEN"});
            json!({"version": 1, "updated_at": format!("2026-01-0{day}T00:00:00Z"), "repo": OWNER_REPO,
                   "releases": (1..=day).map(tracker).collect::<Vec<_>>()})
        })
        .collect();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut words = vec![elsewhere.path().to_str().unwrap().to_owned(), format!("github.com/{OWNER_REPO}")];
    for (number, version) in versions.iter().enumerate() {
        machine.write_manifest(version);
        machine.run(&["cache", "sync"]);
        let copy = elsewhere.path().join(format!("{number}.json"));
        fs::copy(machine.manifest(), &copy).unwrap();
        words.push(copy.to_str().unwrap().to_owned());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let store = decoders::writer(&words);
    let (mine, theirs) = (agree(&machine, "the program's"), decoders::decode(Path::new(store.trim())));
    assert_eq!(mine["stateHash"], theirs["stateHash"]);
    let changes = |decoded: &Value| -> Vec<Value> {
        let fields = ["seq", "event", "kind", "number", "before", "after", "prev", "changedAt", "manifest"];
        let events = array(&decoded["events"]);
        events.iter().map(|event| fields.iter().map(|field| event[field].clone()).collect()).collect()
    };
    assert_eq!(changes(&mine), changes(&theirs));
}
