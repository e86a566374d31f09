//! Processes that are ended in the middle of their work: by a signal that cannot be caught, or by Ctrl-C.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{assert_tidy, assert_verifies};
use crate::cli::lab::{Lab, nothing_cached, program};
use crate::cli::manifests::{many, many_listed, small};

const COUNT: u64 = 20_000;
const KILLS: u32 = 40;

/// Delays spread over a run's time and a bit more, in an order that is none.
fn delays(of_one_run: Duration) -> impl Iterator<Item = Duration> {
    (0..KILLS).map(move |at| of_one_run * (at * 17 % KILLS * 5 + at % 5) / (KILLS * 4))
}

fn kill_after(mut child: Child, delay: Duration) {
    std::thread::sleep(delay);
    // One that has ended already cannot be killed.
    let _ = child.kill();
    child.wait_with_output().unwrap();
}

fn timed(mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn cached(lab: &Lab) -> Option<String> {
    let ran = lab.run_in(&lab.root(), &["release", "list", "-R", "octo-org/atlas"]);
    match ran.code {
        Some(0) => Some(ran.ok()),
        _ => {
            assert_eq!(ran.fails(), nothing_cached("octo-org/atlas"));
            None
        }
    }
}

#[test]
fn a_first_sync_that_is_killed_leaves_nothing_or_everything() {
    let lab = Lab::new();
    lab.write_manifest(many(COUNT, 1));
    let (first, second) = (many_listed(COUNT, 1), many_listed(COUNT, 2));
    let time = timed(|| drop(lab.run(&["cache", "sync"]).ok()));
    for delay in delays(time) {
        std::fs::remove_dir_all(&lab.cache).unwrap();
        kill_after(lab.spawn(&["cache", "sync"]), delay);
        assert!(cached(&lab).is_none_or(|rows| rows == first), "after {delay:?}");
        assert!(lab.run(&["release", "list"]).ok() == first, "after {delay:?}");
        assert_verifies(&lab, COUNT);
    }
    lab.write_manifest(many(COUNT, 2));
    assert!(lab.run(&["release", "list"]).ok() == second);
    assert_tidy(&lab);
}

#[test]
fn a_later_sync_that_is_killed_leaves_the_state_before_or_behind_it() {
    let lab = Lab::synced(&many(COUNT, 1));
    let time = timed(|| {
        lab.write_manifest(many(COUNT, 2));
        lab.run(&["cache", "sync"]).ok();
    });
    // One log takes it all, kill after kill.
    let mut minute = 2;
    let mut events = 2 * COUNT;
    for delay in delays(time).step_by(2) {
        let before = many_listed(COUNT, minute);
        minute += 1;
        let after = many_listed(COUNT, minute);
        lab.write_manifest(many(COUNT, minute));
        kill_after(lab.spawn(&["cache", "sync"]), delay);
        let rows = cached(&lab).unwrap();
        assert!(rows == before || rows == after, "after {delay:?}");
        assert!(lab.run(&["release", "list"]).ok() == after, "after {delay:?}");
        events += COUNT;
        assert_eq!(lab.status()["seq"], events, "after {delay:?}");
    }
    assert_verifies(&lab, events);
    assert_eq!(lab.run(&["cache", "history", "--json", "seq", "-q", "length"]).ok(), format!("{events}\n"));
    lab.write_manifest(many(COUNT, minute + 1));
    lab.run(&["cache", "sync"]).ok();
    assert_tidy(&lab);
}

#[test]
fn a_compaction_that_is_killed_changes_no_answer() {
    let lab = Lab::synced(&many(COUNT, 1));
    let mut version = 1;
    let mut some_tail = || {
        version += 1;
        // Few changes: they stay in the tail until they are compacted.
        let text = many(COUNT, 1).replace("T00:01:00Z", &format!("T00:{version:02}:00Z"));
        let title = |version: u32| format!("v1.77.0 ({version})");
        lab.write_manifest(text.replace("v1.77.0", &title(version)));
        lab.run(&["cache", "sync"]).ok();
        many_listed(COUNT, 1).replace("v1.77.0", &title(version))
    };
    some_tail();
    let time = timed(|| drop(lab.run(&["cache", "compact"]).ok()));
    for delay in delays(time).step_by(2) {
        let rows = some_tail();
        kill_after(lab.spawn(&["cache", "compact"]), delay);
        assert!(cached(&lab).unwrap() == rows, "after {delay:?}");
    }
    lab.run(&["cache", "compact"]).ok();
    some_tail();
    assert_verifies(&lab, COUNT + u64::from(version) - 1);
    assert_tidy(&lab);
}

#[test]
fn a_question_is_cancelled_by_ctrl_c_and_by_anything_but_yes() {
    let lab = Lab::synced(&small());
    let clear = format!("exec {} cache clear", program().display());
    for (typed, code) in [("\u{3}", 2), ("n\n", 2), ("yes\n", 0)] {
        // A terminal of its own, as Debian's `script` makes one.
        let mut script = Command::new("script");
        lab.enclose(script.current_dir(&lab.checkout));
        script.args(["-qefc", &clear, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut asked = script.spawn().unwrap();
        let (mut out, mut said) = (asked.stdout.take().unwrap(), Vec::new());
        while !said.ends_with(b"(y/N) ") {
            let mut byte = [0];
            assert_eq!(out.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&said));
            said.push(byte[0]);
        }
        asked.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        out.read_to_end(&mut said).unwrap();
        assert_eq!(asked.wait().unwrap().code(), Some(code), "{typed:?}: {}", String::from_utf8_lossy(&said));
        assert_eq!(lab.store().exists(), code != 0, "{typed:?}");
    }
}
