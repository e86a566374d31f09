//! What a store means to the decoders, compared with what it means to the program.

use serde_json::{Value, json};

use super::machine::Machine;
use super::{decoders, library};

const EVENT_FIELDS: &str = "seq,event,kind,number,title,before,after,changedAt,syncedAt,source,manifest,commit";
const TRACKER_FIELDS: &str = "kind,number,title,state,createdAt,closedAt";

/// The program's word for a state.
fn upper(state: &mut Value) {
    *state = json!(state.as_str().unwrap().to_uppercase());
}

/// An event of the decoders, as the program prints it: with capital states, trackers that say which they are, and only
/// those commits that the manifest came from.
fn as_printed(mut event: Value) -> Value {
    let (kind, number) = (event["kind"].clone(), event["number"].clone());
    let is_whole = matches!(event["event"].as_str().unwrap(), "added" | "removed");
    let fields = event.as_object_mut().unwrap();
    // Compared with what the library says.
    for only_decoded in ["id", "prev", "published", "baseline", "repository"] {
        fields.remove(only_decoded).unwrap();
    }
    // The commit of a working tree only says where its checkout stood.
    if event["source"] == "manifest" {
        event["commit"] = Value::Null;
    }
    for side in ["before", "after"] {
        let Some(fields) = event[side].as_object_mut() else { continue };
        if let Some(state) = fields.get_mut("state") {
            upper(state);
        }
        if is_whole {
            fields.insert("kind".to_owned(), kind.clone());
            fields.insert("number".to_owned(), number.clone());
        }
    }
    event
}

/// A tracker of the decoders, as the program prints it.
fn as_listed(mut tracker: Value) -> Value {
    tracker.as_object_mut().unwrap().remove("lastSeq").unwrap();
    upper(&mut tracker["state"]);
    tracker
}

pub fn array(value: &Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

/// The numbers of the events that were decoded.
pub fn seqs(decoded: &Value) -> Vec<u64> {
    array(&decoded["events"]).iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

fn equal(what: &str, stage: &str, decoded: &[Value], printed: &[Value]) {
    for (decoded, printed) in decoded.iter().zip(printed) {
        assert_eq!(decoded, printed, "{stage}: {what}, decoded left, the program's right");
    }
    assert_eq!(decoded.len(), printed.len(), "{stage}: number of {what}");
}

/// Lists both kinds, with further words on the command line.
fn lists(machine: &Machine, repository: &str, more: &[&str]) -> Vec<Value> {
    let list = |kind| {
        let words = [kind, "list", "-R", repository, "--json", TRACKER_FIELDS];
        array(&machine.json(&[&words[..], more].concat()))
    };
    ["release", "microsprint"].map(list).concat()
}

/// Every third state of the past that can be asked for, ten at most, and the number of the first and the last.
fn agree_about_the_past(machine: &Machine, repository: &str, stage: &str, decoded: &Value) {
    let seqs = seqs(decoded);
    let step = (seqs.len() / 5).max(1);
    for seq in seqs.iter().copied().step_by(step).chain(seqs.last().copied()) {
        let then = decoders::decode_at(&machine.store(), seq);
        let trackers: Vec<Value> = array(&then["trackers"]).into_iter().map(as_listed).collect();
        let printed = lists(machine, repository, &["--as-of", &format!("@{seq}")]);
        equal(&format!("trackers as of {seq}"), stage, &trackers, &printed);
    }
}

/// Asks the program, and decodes the store: every event, every tracker and each hash must be the same. Gives what was
/// decoded.
pub fn agree(machine: &Machine, stage: &str) -> Value {
    let decoded = decoders::decode(&machine.store());
    let name = decoded["repo"].as_str().unwrap().strip_prefix("github.com/").unwrap();
    let history = ["cache", "history", "-R", name, "--order", "asc", "--json", EVENT_FIELDS];
    let events = array(&machine.json(&history));
    let trackers = lists(machine, name, &[]);
    assert_eq!(machine.code(&["cache", "verify", "-R", name]), Some(0), "{stage}");
    let status = machine.json(&["cache", "status", "-R", name, "--json"])["repos"][0].clone();
    // The program may have written what it found while it answered.
    let decoded_now = decoders::decode(&machine.store());
    let decoded_events: Vec<Value> = array(&decoded_now["events"]).into_iter().map(as_printed).collect();
    let decoded_trackers: Vec<Value> = array(&decoded_now["trackers"]).into_iter().map(as_listed).collect();
    equal("events", stage, &decoded_events, &events);
    equal("trackers", stage, &decoded_trackers, &trackers);
    assert_eq!(status["repo"], name, "{stage}");
    for field in ["seq", "stateHash", "historyStart"] {
        assert_eq!(decoded_now[field], status[field], "{stage}: {field}");
    }
    library::agree(&machine.store(), &decoded_now, stage);
    agree_about_the_past(machine, name, stage, &decoded_now);
    let superseded = array(&decoded_now["superseded"]).len();
    println!("{stage}: {} events, {superseded} superseded, {} trackers", events.len(), trackers.len());
    decoded_now
}
