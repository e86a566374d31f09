//! Every call of the system fails, or is the last before a kill: one after the other, in every command that writes. A
//! sample of the calls, or all of them with `GH_PMU_FAULTS=all`.

use std::collections::BTreeMap;
use std::process::Command;

use super::machine::skip;
use crate::cli::lab::{Lab, Ran, program, text};
use crate::cli::manifests::{SMALL_RELEASES, small, small_at};

/// The calls by which a program gets at files.
const CALLS: &str = "openat,read,pread64,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,\
                     mkdirat,rmdir,flock,ftruncate,fstat,newfstatat,statx,getdents64,mmap,close,link,linkat";
/// One call in this many is tried.
const STEP: usize = 25;

struct Scenario {
    name: &'static str,
    make: fn() -> Lab,
    args: &'static [&'static str],
    /// How many events there may be in the end.
    events: &'static [usize],
}

const SCENARIOS: [Scenario; 9] = [
    Scenario { name: "a first sync", make: unsynced, args: &["cache", "sync"], events: &[5] },
    Scenario { name: "a small sync", make: changed, args: &["cache", "sync"], events: &[7] },
    Scenario { name: "a compaction", make: with_tail, args: &["cache", "compact"], events: &[7] },
    Scenario {
        name: "a pruning",
        make: with_tail,
        args: &["cache", "compact", "--prune-before", "2025-06-12T10:30:00Z"],
        events: &[7, 2],
    },
    Scenario { name: "a rebuild", make: committed, args: &["cache", "rebuild", "--yes"], events: &[7] },
    Scenario { name: "a repair", make: damaged, args: &["cache", "repair"], events: &[7] },
    Scenario { name: "a clear", make: with_tail, args: &["cache", "clear", "--yes"], events: &[7, 5] },
    Scenario { name: "what is new", make: with_tail, args: &["cache", "history", "--since", "last"], events: &[7] },
    Scenario { name: "a list that cannot record", make: nowhere, args: &["release", "list"], events: &[] },
];

fn unsynced() -> Lab {
    let lab = Lab::new();
    lab.write_manifest(small());
    lab
}

/// What the manifest of 11 o'clock says: one closed, one retitled.
fn later() -> String {
    small_at(11).replace("v0.9.0", "v0.9.1").replace("v0.2.0", "v0.2.1")
}

fn changed() -> Lab {
    let lab = Lab::synced(&small());
    lab.write_manifest(later());
    lab
}

fn with_tail() -> Lab {
    let lab = changed();
    lab.run(&["cache", "sync"]).ok();
    lab
}

fn committed() -> Lab {
    let lab = Lab::with_git();
    for manifest in [small(), later()] {
        lab.write_manifest(manifest);
        lab.commit("m");
    }
    lab.run(&["cache", "sync"]).ok();
    lab
}

fn damaged() -> Lab {
    let lab = committed();
    let log = lab.cache.join("github.com/octo-org/atlas/log-1");
    let mut bytes = std::fs::read(&log).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    std::fs::write(log, bytes).unwrap();
    lab
}

fn nowhere() -> Lab {
    let lab = unsynced();
    std::fs::write(&lab.cache, "").unwrap();
    lab
}

/// The program under strace; `None` where a kill is injected and ends it.
fn traced(lab: &Lab, args: &[&str], inject: Option<&str>) -> (Ran, String) {
    let trace = lab.root().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o", text(&trace), "-e", &format!("trace={CALLS}")]);
    strace.args(inject.map(|inject| ["-e", inject]).into_iter().flatten());
    strace.arg(program()).args(args).current_dir(&lab.checkout).stdin(std::process::Stdio::null());
    lab.enclose(&mut strace);
    (strace.output().unwrap().into(), std::fs::read_to_string(trace).unwrap_or_default())
}

/// How often each call is made.
fn calls(trace: &str) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for name in trace.lines().filter_map(|line| Some(line.split_once('(')?.0.to_owned())) {
        *calls.entry(name).or_default() += 1;
    }
    calls
}

fn rows(lab: &Lab) -> String {
    match std::fs::read_to_string(lab.manifest_path()).unwrap() == small() {
        true => SMALL_RELEASES.to_owned(),
        false => SMALL_RELEASES.replace("v0.9.0", "v0.9.1").replace("v0.2.0", "v0.2.1"),
    }
}

/// Whatever befell the command: the next list is right, all verifies, and nothing of the past is lost.
fn judge(scenario: &Scenario, lab: &Lab, fault: &str, ran: &Ran) {
    let case = format!("{}, {fault}: {ran:?}", scenario.name);
    // The standard library's own is where a child's pipe cannot be read.
    assert!(!ran.err.contains("panicked") || ran.err.contains("/library/std/src/sys/"), "{case}");
    let state = |ran: Ran| (ran.code, ran.out);
    if ran.code == Some(0) && scenario.args[0] == "release" {
        assert_eq!(ran.out, rows(lab), "{case}");
    }
    if ran.code == Some(0) && scenario.args == ["cache", "sync"] {
        let cached = lab.run_in(&lab.root(), &["release", "list", "-R", "octo-org/atlas"]);
        assert_eq!(state(cached), (Some(0), rows(lab)), "{case}");
    }
    if scenario.name == "what is new" && !(ran.code == Some(0) && ran.out.lines().count() == 7) {
        let again = lab.run(&["cache", "history", "--since", "last"]);
        let shown = ran.out.lines().count() == 7;
        assert!(again.out.lines().count() == 7 || (shown && again.out.is_empty()), "{case}: then {again:?}");
    }
    assert_eq!(state(lab.run(&["release", "list"])), (Some(0), rows(lab)), "{case}");
    if scenario.events.is_empty() {
        return;
    }
    if scenario.name == "a repair" {
        assert_eq!(lab.run(&["cache", "repair"]).code, Some(0), "{case}");
    }
    let verified = lab.run(&["cache", "verify"]);
    assert_eq!((verified.code, &*verified.err), (Some(0), ""), "{case}: {}", verified.out);
    let events = lab.run(&["cache", "history"]);
    assert_eq!(events.code, Some(0), "{case}: {}", events.err);
    assert!(scenario.events.contains(&events.out.lines().count()), "{case}: {}", events.out);
}

#[test]
fn a_call_that_fails_or_is_the_last_one_costs_no_answer() {
    let all = std::env::var_os("GH_PMU_FAULTS").is_some_and(|wish| wish == "all");
    let can_trace = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !can_trace.is_ok_and(|status| status.success()) {
        return skip("strace, or the right to trace");
    }
    let (mut tried, mut at) = (0, 0);
    for scenario in &SCENARIOS {
        let (_, trace) = traced(&(scenario.make)(), scenario.args, None);
        let calls = calls(&trace);
        assert!(calls.values().sum::<usize>() > 20, "{}: {trace}", scenario.name);
        for (name, count) in calls {
            for when in 1..=count {
                for fault in ["error=EIO", "error=ENOSPC", "signal=KILL"] {
                    // A call that is made to fail is not made, and a file that stays open is no fault that there is.
                    if name == "close" && fault != "signal=KILL" {
                        continue;
                    }
                    at += 1;
                    if !all && at % STEP != 0 {
                        continue;
                    }
                    let lab = (scenario.make)();
                    let (ran, _) = traced(&lab, scenario.args, Some(&format!("inject={name}:{fault}:when={when}")));
                    judge(scenario, &lab, &format!("{fault} at {name} {when}"), &ran);
                    tried += 1;
                }
            }
        }
    }
    println!("{tried} faults of {at}");
}
