//! Rebuilding, and what it must not lose.

use super::*;
use crate::format::Mark;

fn rebuild_of(machine: &Machine, yes: bool) -> Result<Rebuilt, SyncError> {
    let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
    let rebuilding = Rebuilding { yes, import: None, limits: Limits::NONE, now: NOW };
    rebuild(&Disk, &machine.cache(), &machine.located(), (&repo, None, HOSTING), rebuilding)
}

fn refusal(machine: &Machine) -> String {
    let before = machine.events("o/r");
    let error = rebuild_of(machine, false).unwrap_err();
    assert!(matches!(error, SyncError::WouldLose(_)), "{error}");
    assert_eq!(machine.events("o/r"), before);
    error.to_string()
}

fn two_versions() -> Machine {
    let machine = Machine::new();
    publish(&machine, 1, &["Release: a"]);
    publish(&machine, 2, &["Release: b"]);
    machine
}

#[test]
fn a_rebuild_gives_the_history_that_a_first_sync_gives() {
    let machine = two_versions();
    machine.sync();
    let (events, hash) = (machine.events("o/r"), machine.view("o/r").history_hash());
    let rebuilt = rebuild_of(&machine, false).unwrap();
    assert_eq!((rebuilt.tally.taken, rebuilt.after.events, rebuilt.before), (2, 2, Some(rebuilt.after)));
    assert_eq!((machine.events("o/r"), machine.view("o/r").history_hash()), (events, hash));
}

#[test]
fn what_was_shown_stays_shown_after_a_rebuild() {
    let machine = two_versions();
    machine.sync();
    let (store, view) = (machine.store("o/r"), machine.view("o/r"));
    let id = machine.events("o/r")[1].1;
    let mark = Mark {
        name: "x".into(),
        published: view.seq(),
        published_id: Some(id),
        observed_id: None,
        asked_at: time("2025-01-02T00:00:00Z"),
    };
    store.record_mark(&view, mark.clone()).unwrap();
    rebuild_of(&machine, false).unwrap();
    assert_eq!(store.mark(&machine.view("o/r"), "x"), Some(mark));
    assert_eq!(machine.events("o/r")[1].1, id);
}

#[test]
fn a_shallow_clone_does_not_take_a_longer_history_away() {
    let machine = two_versions();
    assert_eq!(rebuild_of(&machine, false).unwrap().before, None);
    let head = machine.git(&["rev-parse", "HEAD"]);
    fs::write(machine.root().join(".git/shallow"), head + "\n").unwrap();
    let refusal = refusal(&machine);
    assert!(refusal.contains("the cache holds 2 events from 2024-12-24T01:00:00Z"), "{refusal}");
    assert!(refusal.contains("git gives 1 event") && refusal.contains("git fetch --unshallow"), "{refusal}");
    let rebuilt = rebuild_of(&machine, true).unwrap();
    assert_eq!((rebuilt.note, rebuilt.after.events), (Some(Note::Shallow), 1));
}

#[test]
fn observed_events_are_named_before_they_go() {
    let machine = two_versions();
    machine.sync();
    machine.write(&manifest(3, &["Release: c", "Release: d"]));
    machine.sync();
    let refusal = refusal(&machine);
    assert!(refusal.contains("2 observed events, which no committed version holds"), "{refusal}");
    assert_eq!(rebuild_of(&machine, true).unwrap().after.events, 2);
    // What a committed version brings again is not lost.
    machine.write(&manifest(4, &["Release: e"]));
    machine.sync();
    machine.git(&["add", "-A"]);
    machine.git(&["commit", "-q", "-m", "m"]);
    assert_eq!(rebuild_of(&machine, false).unwrap().after.events, 3);
}

#[test]
fn a_branch_that_lost_commits_does_not_take_their_events_away() {
    let machine = two_versions();
    machine.sync();
    machine.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let refusal = refusal(&machine);
    assert!(refusal.contains("what was published after 2024-12-24T01:00:00Z"), "{refusal}");
    assert!(refusal.contains("the published events from @2 on"), "{refusal}");
}

#[test]
fn versions_that_count_for_nothing_are_counted() {
    let machine = Machine::new();
    for text in [
        manifest(1, &["Release: a"]),
        "<<<<<<< ours\n".to_owned(),
        manifest(3, &["Release: b"]),
        manifest(2, &["Release: old"]),
        manifest_of("some/one", 4, &["Release: b"]),
        manifest(5, &["Release: c"]),
    ] {
        machine.commit(&text);
    }
    // No version is skipped where there is none.
    machine.git(&["rm", "-q", ".github/pmu-cache.json"]);
    machine.git(&["commit", "-q", "-m", "removed"]);
    machine.commit(&manifest(6, &["Release: d"]));
    let rebuilt = rebuild_of(&machine, false).unwrap();
    assert_eq!(rebuilt.tally, Tally { taken: 4, skipped: 2, older: 1 });
}
