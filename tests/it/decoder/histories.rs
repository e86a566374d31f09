//! Stores of a real history, through all that the program does with them.

use serde_json::Value;

use super::compare::{agree, array, seqs};
use super::decoders;
use super::machine::Machine;

/// A machine with some versions of the history from the first on, and the versions that follow.
fn with_versions(left: usize) -> (Machine, Vec<String>) {
    let machine = Machine::with_history();
    let versions: Vec<String> = machine.versions().into_iter().step_by(20).collect();
    let (first, rest) = versions.split_at(versions.len() - left);
    machine.sync_each(first);
    (machine, rest.to_vec())
}

#[test]
fn the_decoders_see_what_the_program_sees() {
    if !decoders::are_there() {
        return;
    }
    let (machine, rest) = with_versions(4);
    let (second, third) = rest.split_at(2);
    agree(&machine, "after some versions");
    machine.run(&["cache", "compact"]);
    assert!(agree(&machine, "compacted")["index"].is_string());
    machine.append_to_log(b"what a crash leaves of a commit");
    agree(&machine, "torn");
    machine.sync_each(second);
    agree(&machine, "written past a torn commit");
    machine.run(&["cache", "history", "--since", "last"]);
    let decoded = agree(&machine, "asked with --since last");
    let marks = array(&decoded["marks"]);
    assert!(marks.iter().any(|record| record["mark"]["name"] == ""), "{marks:?}");
    let middle = decoded["seq"].as_u64().unwrap() - 40;
    machine.run(&["cache", "compact", "--prune-before", &format!("@{middle}")]);
    let start = seqs(&agree(&machine, "pruned"))[0];
    assert!(start > 1 && start <= middle + 1, "history starts with {start}");
    machine.sync_each(third);
    agree(&machine, "after a base");
    machine.run(&["cache", "rebuild"]);
    let decoded = agree(&machine, "rebuilt from git");
    assert!(array(&decoded["events"]).iter().any(|event| event["source"] == "git" && event["commit"].is_string()));
}

#[test]
fn the_decoders_see_what_was_observed_and_what_superseded_it() {
    if !decoders::are_there() {
        return;
    }
    let (machine, rest) = with_versions(1);
    let mut manifest = machine.read_manifest();
    let before = seqs(&agree(&machine, "before"));
    manifest["releases"][0]["title"] = "Release: v9.9.9 (of this machine)".into();
    manifest["updated_at"] = "2026-01-01T00:00:00Z".into();
    machine.write_manifest(&manifest);
    machine.run(&["cache", "sync", "--force"]);
    let decoded = agree(&machine, "observed");
    assert_eq!(seqs(&decoded).len(), before.len() + 1);
    assert_eq!(array(&decoded["events"]).last().unwrap()["published"], false);
    machine.run(&["cache", "compact"]);
    agree(&machine, "observed, in the index");
    machine.git(&["checkout", "-q", "-f", &rest[0]]);
    machine.run(&["cache", "sync"]);
    agree(&machine, "after observed");
}

/// A machine with a store, and no git to mend it from.
fn forgetful() -> Machine {
    let (machine, _) = with_versions(0);
    machine.forget_git();
    machine
}

#[test]
fn a_repair_leaves_what_verified_under_its_numbers() {
    if !decoders::are_there() {
        return;
    }
    let machine = forgetful();
    let before = decoders::decode(&machine.store());
    machine.damage_log(10, 80);
    machine.run(&["cache", "repair"]);
    let after = agree(&machine, "repaired");
    let change =
        |event: &Value| ["seq", "event", "kind", "number", "before", "after"].map(|field| event[field].clone());
    let given: Vec<_> = array(&before["events"]).iter().map(change).collect();
    let kept: Vec<_> = array(&after["events"]).iter().map(change).collect();
    // What filled the gap took numbers of the gap; what verified kept its own.
    let first = given.iter().zip(&kept).take_while(|(given, kept)| given == kept).count();
    let last = given.iter().rev().zip(kept.iter().rev()).take_while(|(given, kept)| given == kept).count();
    assert!(first > 10 && last > 10, "{first} events before the gap and {last} after it are as they were");
    assert!(kept.len() < given.len(), "the test is for lost events, and none were");
    assert_eq!(seqs(&after).last(), seqs(&before).last());
}

#[test]
fn the_decoders_see_what_a_repair_left() {
    if !decoders::are_there() {
        return;
    }
    let machine = forgetful();
    machine.damage_log(45, 55);
    machine.run(&["cache", "repair"]);
    let kept = seqs(&agree(&machine, "repaired"));
    assert!(kept.windows(2).any(|pair| pair[1] > pair[0] + 1), "the test is for lost events, and none were");
    let middle = kept[kept.len() - 40];
    machine.run(&["cache", "compact", "--prune-before", &format!("@{middle}")]);
    let pruned = seqs(&agree(&machine, "pruned after a repair"));
    assert!(kept.ends_with(&pruned) && pruned.len() < kept.len() && pruned[0] <= middle + 1, "{pruned:?}");
}

#[test]
fn the_decoders_name_and_read_the_hint_of_a_checkout() {
    if !decoders::are_there() {
        return;
    }
    let machine = Machine::with_history();
    machine.run(&["release", "list"]);
    let manifest = machine.manifest().canonicalize().unwrap();
    let name = decoders::decoder(&["--hint-name", manifest.to_str().unwrap(), ""]);
    let hint = machine.cache().join(".checkouts").join(name.trim());
    let decoded: Value = serde_json::from_str(&decoders::decoder(&["--hint", hint.to_str().unwrap()])).unwrap();
    assert_eq!(decoded["repository"], "github.com/moq-wg/moq-transport");
}
