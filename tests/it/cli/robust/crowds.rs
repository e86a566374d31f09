//! Many processes at one cache: a lock that is held, syncs at once, readers beside writers.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{assert_tidy, assert_verifies};
use crate::cli::lab::{Lab, NO_GH, Ran, nothing_cached, text};
use crate::cli::manifests::{SMALL_RELEASES, many, many_listed, small, small_at};

pub fn lock_of(lab: &Lab) -> File {
    let dir = lab.cache.join("github.com/octo-org/atlas");
    std::fs::create_dir_all(&dir).unwrap();
    let lock = File::options().create(true).append(true).open(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn while_another_process_holds_the_lock_lists_answer_and_syncs_say_that_it_is_busy() {
    let lab = Lab::synced(&small());
    let lock = lock_of(&lab);
    lab.write_manifest(small_at(11).replace("v0.9.0", "v1.0.0"));
    let newest = SMALL_RELEASES.replace("v0.9.0", "v1.0.0");
    assert_eq!(lab.run(&["release", "list"]).ok(), newest, "the manifest is at hand");
    assert_eq!(lab.run(&["cache", "status", "--check"]).code, Some(1));
    let busy = format!("another gh-pmu is writing to {}\n", text(&lab.cache.join("github.com/octo-org/atlas")));
    let shown = lab.run_with(&[("GH_FORCE_TTY", "400")], &["release", "list"]);
    assert_eq!(shown.err, busy.replace('\n', "; what is shown was not recorded\n"));
    // The past is what is recorded: there may be more of it.
    let past = lab.run(&["cache", "history"]);
    let told = format!("! {}", busy.replace('\n', "; this is what was cached before\n"));
    assert_eq!((past.code, past.out.lines().count(), past.err), (Some(1), 5, told));
    let syncs: Vec<_> = [&["cache", "sync"][..], &["cache", "compact"], &["cache", "clear", "--yes"]]
        .map(|args| lab.spawn(args))
        .into_iter()
        .map(|child| Ran::from(child.wait_with_output().unwrap()).fails())
        .collect();
    assert_eq!(syncs, [busy.clone(), busy.clone(), busy]);
    drop(lock);
    assert_eq!(lab.run(&["release", "list"]).ok(), newest);
    assert_verifies(&lab, 6);
}

#[test]
fn where_nothing_is_cached_history_waits_for_the_first_sync() {
    let lab = Lab::new();
    lab.write_manifest(small());
    let lock = lock_of(&lab);
    let history = lab.spawn(&["cache", "history"]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    drop(lock);
    assert_eq!(Ran::from(history.wait_with_output().unwrap()).ok().lines().count(), 5);
}

#[test]
fn where_nothing_is_cached_and_the_lock_stays_held_a_list_is_the_manifest_s_and_history_says_who_is_busy() {
    let lab = Lab::new();
    lab.write_manifest(small());
    let lock = lock_of(&lab);
    let busy = format!(
        "another gh-pmu is writing to {}\nGitHub cannot stand in: {NO_GH}\n",
        text(&lab.cache.join("github.com/octo-org/atlas"))
    );
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(lab.run(&["cache", "history"]).fails(), busy);
    drop(lock);
}

/// Starts so many processes at once and waits for them all.
pub fn at_once(lab: &Lab, count: usize, args: &[&str]) -> Vec<Ran> {
    // Each child's output is waited for in a thread of its own, so that no full pipe holds another up.
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| lab.run(args))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn syncs_at_once_record_one_set_of_events() {
    const COUNT: u64 = 5000;
    let lab = Lab::new();
    for minute in 1..=4 {
        lab.write_manifest(many(COUNT, minute));
        let said: Vec<_> = at_once(&lab, 8, &["cache", "sync"]).into_iter().map(Ran::ok).collect();
        let recorded = said.iter().filter(|line| line.contains(" synced: 5000 ")).count();
        assert_eq!(recorded, 1, "{said:?}");
        assert!(said.iter().all(|line| line.contains(" synced: ") || line.contains(" is up to date: ")), "{said:?}");
        assert_eq!(lab.status()["seq"], u64::from(minute) * COUNT);
        assert!(lab.run(&["release", "list"]).ok() == many_listed(COUNT, minute));
    }
    assert_verifies(&lab, 4 * COUNT);
    assert_tidy(&lab);
}

#[test]
fn lists_at_once_before_the_first_sync_all_get_the_list() {
    const COUNT: u64 = 20_000;
    let lab = Lab::new();
    lab.write_manifest(many(COUNT, 1));
    let expected = many_listed(COUNT, 1);
    for ran in at_once(&lab, 8, &["release", "list"]) {
        assert!(ran.err.is_empty(), "{}", ran.err);
        assert!(ran.ok() == expected);
    }
    assert_verifies(&lab, COUNT);
}

#[test]
fn syncs_of_two_repositories_do_not_wait_for_each_other() {
    let lab = Lab::synced(&small());
    let lock = lock_of(&lab);
    let other = lab.other(&small().replace("octo-org/atlas", "octo-org/rocket"));
    assert_eq!(lab.run_in(&other, &["cache", "sync"]).ok(), "octo-org/rocket synced: 5 added (events 1 to 5)\n");
    drop(lock);
}

const ROUNDS: u32 = 40;
const TRACKERS: u64 = 300;

/// Says that the writer is done when it goes out of scope, also by a panic: its readers would wait for ever.
pub struct Writing<'a>(pub &'a AtomicBool);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs `read` until the writer is done, at least once behind its end.
pub fn while_writing(done: &AtomicBool, mut read: impl FnMut()) {
    loop {
        let is_last = done.load(Ordering::Acquire);
        read();
        if is_last {
            return;
        }
    }
}

#[test]
fn readers_beside_syncs_and_compactions_always_see_one_of_the_manifests() {
    let lab = Lab::synced(&many(TRACKERS, 1));
    let lists: HashMap<String, u32> = (1..=ROUNDS).map(|minute| (many_listed(TRACKERS, minute), minute)).collect();
    let (done, outside) = (AtomicBool::new(false), lab.root());
    std::thread::scope(|scope| {
        for args in [
            &["release", "list", "-R", "octo-org/atlas"][..],
            &["release", "list", "--all-repos"],
            &["release", "list"],
        ] {
            let (lab, lists, done, outside) = (&lab, &lists, &done, &outside);
            scope.spawn(move || {
                let mut newest = 1;
                while_writing(done, || {
                    // The last of the three syncs itself, from inside of the checkout.
                    let out = if args.len() == 2 { lab.run(args) } else { lab.run_in(outside, args) }.ok();
                    let minute = lists.get(&out.replace("octo-org/atlas\t", "")).copied();
                    let minute = minute.unwrap_or_else(|| panic!("{args:?} gave none of the manifests:\n{out}"));
                    assert!(minute >= newest, "{args:?} went back from {newest} to {minute}");
                    newest = minute;
                });
                assert_eq!(newest, ROUNDS, "{args:?}");
            });
        }
        let (lab, done) = (&lab, &done);
        scope.spawn(move || {
            while_writing(done, || {
                let seqs = lab
                    .run_in(
                        &lab.root(),
                        &["cache", "history", "-R", "octo-org/atlas", "--json", "seq", "-q", ".[].seq"],
                    )
                    .ok();
                let count = seqs.lines().count() as u64;
                assert!(count > 0 && count.is_multiple_of(TRACKERS), "{count} events");
                assert!(seqs.lines().map(|line| line.parse::<u64>().unwrap()).eq((1..=count).rev()));
                lab.run_in(&lab.root(), &["cache", "verify", "-R", "octo-org/atlas"]).ok();
            });
        });
        scope.spawn(move || {
            let _writing = Writing(done);
            for minute in 2..=ROUNDS {
                lab.write_manifest(many(TRACKERS, minute));
                lab.run(&["cache", "sync"]).ok();
                if minute % 2 == 0 {
                    lab.run(&["cache", "compact"]).ok();
                }
            }
        });
    });
    assert_verifies(&lab, u64::from(ROUNDS) * TRACKERS);
    assert_tidy(&lab);
}

#[test]
fn readers_beside_clears_see_everything_or_nothing() {
    let lab = Lab::synced(&many(TRACKERS, 1));
    let expected = many_listed(TRACKERS, 1);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (lab, done, expected) = (&lab, &done, &expected);
        for _ in 0..2 {
            scope.spawn(move || {
                while_writing(done, || {
                    let ran = lab.run_in(&lab.root(), &["release", "list", "-R", "octo-org/atlas"]);
                    match ran.code {
                        Some(0) => assert!(ran.ok() == *expected),
                        _ => assert_eq!(ran.fails(), nothing_cached("octo-org/atlas")),
                    }
                });
            });
        }
        scope.spawn(move || {
            let _writing = Writing(done);
            for _ in 0..25 {
                lab.run(&["cache", "clear", "--yes"]).ok();
                lab.run(&["cache", "sync"]).ok();
            }
        });
    });
}
