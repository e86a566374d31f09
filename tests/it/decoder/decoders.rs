//! The decoders and the writer in other languages than ours, as programs.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decoder");

/// Whether the languages are there that the decoders are written in; under CI they must be.
pub fn are_there() -> bool {
    let is_there =
        |program: &&str| Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success());
    let missing: Vec<&str> = ["node", "python3"].into_iter().filter(|program| !is_there(program)).collect();
    assert!(missing.is_empty() || std::env::var_os("CI").is_none_or(|ci| ci != "true"), "missing: {missing:?}");
    if !missing.is_empty() {
        println!("skipped: missing: {missing:?}");
    }
    missing.is_empty()
}

/// Runs a script to its end; gives what it printed.
fn script(interpreter: &[&str], script: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(interpreter[0]);
    command.args(&interpreter[1..]).arg(script).args(arguments).current_dir(DIRECTORY);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What both decoders print, which must be the same.
pub fn decoder(arguments: &[&str]) -> String {
    let from_python = script(&["python3", "-B"], "decode_store.py", arguments);
    let from_javascript = script(&["node"], "decode_store.mjs", arguments);
    for (number, (one, other)) in from_python.lines().zip(from_javascript.lines()).enumerate() {
        assert_eq!(one, other, "{arguments:?}, line {}: Python left, JavaScript right", number + 1);
    }
    assert_eq!(from_python, from_javascript);
    from_python
}

/// What both decoders make of a store.
pub fn decode(store: &Path) -> Value {
    serde_json::from_str(&decoder(&[store.to_str().unwrap()])).unwrap()
}

/// What both decoders make of every store in a directory.
pub fn decode_each(directory: &Path) -> Value {
    serde_json::from_str(&decoder(&["--each", directory.to_str().unwrap()])).unwrap()
}

/// The trackers as of an event, and their state hash.
pub fn decode_at(store: &Path, seq: u64) -> Value {
    serde_json::from_str(&decoder(&[store.to_str().unwrap(), "--at", &seq.to_string()])).unwrap()
}

/// The writer of stores.
pub fn writer(arguments: &[&str]) -> String {
    script(&["node"], "write_store.mjs", arguments)
}

/// The decoder's own tests.
pub fn own_tests() -> String {
    script(&["node", "--test"], "test_store.mjs", &[])
}

/// What a replay of git's history by another program comes to: events, hashes.
pub fn replay(checkout: &Path, manifest: &str, repo: &str) -> Value {
    let arguments = [checkout.to_str().unwrap(), manifest, repo];
    serde_json::from_str(&script(&["python3", "-B"], "replay_git.py", &arguments)).unwrap()
}
