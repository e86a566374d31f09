//! Clears, repairs and rebuilds beside other processes.

use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use super::crowds::{Writing, at_once, lock_of, while_writing};
use super::{assert_tidy, assert_verifies};
use crate::cli::lab::{Lab, Ran, nothing_cached};
use crate::cli::manifests::{many, many_listed};

const TRACKERS: u64 = 300;

#[test]
fn a_sync_that_waited_for_a_clear_makes_the_directories_anew() {
    let lab = Lab::synced(&many(TRACKERS, 1));
    let lock = lock_of(&lab);
    lab.write_manifest(many(TRACKERS, 2));
    let syncs: Vec<_> = (0..4).map(|_| lab.spawn(&["cache", "sync"])).collect();
    std::thread::sleep(std::time::Duration::from_millis(300));
    // At once, as no waiting sync can make the lock anew in between.
    std::fs::rename(lab.cache.join("github.com"), lab.root().join("away")).unwrap();
    drop(lock);
    for sync in syncs {
        let said = Ran::from(sync.wait_with_output().unwrap()).ok();
        assert!(said.contains(" synced: 300 added") || said.contains(" is up to date"), "{said}");
    }
    assert_verifies(&lab, TRACKERS);
}

#[test]
fn clears_and_syncs_at_once_all_succeed() {
    let lab = Lab::synced(&many(TRACKERS, 1));
    let expected = many_listed(TRACKERS, 1);
    std::thread::scope(|scope| {
        for args in [&["cache", "clear", "--yes"][..], &["cache", "clear", "--all", "--yes"]] {
            let lab = &lab;
            scope.spawn(move || (0..30).for_each(|_| drop(lab.run(args).ok())));
        }
        for _ in 0..2 {
            scope.spawn(|| (0..30).for_each(|_| drop(lab.run(&["cache", "sync"]).ok())));
        }
        scope.spawn(|| (0..30).for_each(|_| assert!(lab.run(&["release", "list"]).ok() == expected)));
    });
    lab.run(&["cache", "sync"]).ok();
    assert_verifies(&lab, TRACKERS);
    assert_tidy(&lab);
}

/// Flips a byte in the middle of the first commit.
fn damage(lab: &Lab) {
    let log = lab.cache.join("github.com/octo-org/atlas/log-1");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[2000] ^= 0x20;
    std::fs::write(&log, bytes).unwrap();
}

#[test]
fn repairs_beside_syncs_and_lists_mend_once_and_lose_nothing() {
    for round in 0..4 {
        let lab = Lab::synced(&many(TRACKERS, 1));
        lab.write_manifest(many(TRACKERS, 2));
        lab.run(&["cache", "sync"]).ok();
        damage(&lab);
        lab.write_manifest(many(TRACKERS, 3));
        let expected = many_listed(TRACKERS, 3);
        let repaired: Vec<String> = std::thread::scope(|scope| {
            let syncs: Vec<_> = (0..2).map(|_| scope.spawn(|| lab.run(&["cache", "sync"]).ok())).collect();
            let list = scope.spawn(|| lab.run(&["release", "list"]).ok());
            let repaired = at_once(&lab, 3, &["cache", "repair"]).into_iter().map(Ran::ok).collect();
            syncs.into_iter().for_each(|sync| drop(sync.join().unwrap()));
            let rows = list.join().unwrap();
            assert!(rows == expected || rows == many_listed(TRACKERS, 2), "round {round}");
            repaired
        });
        assert_eq!(repaired.iter().filter(|said| said.contains(" repaired: ")).count(), 1, "{repaired:?}");
        assert!(lab.run(&["release", "list"]).ok() == expected, "round {round}");
        assert_verifies(&lab, 3 * TRACKERS);
    }
}

/// Runs the program, which must not wait for anybody.
fn run_soon(lab: &Lab, args: &[&str]) -> Ran {
    let mut command = lab.command(args);
    // From outside of the checkout nothing is synced, and so nothing mended.
    command.current_dir(lab.root()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    for _ in 0..200 {
        if child.try_wait().unwrap().is_some() {
            return child.wait_with_output().unwrap().into();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("{args:?} waits");
}

#[test]
fn pipes_and_directories_in_place_of_files_hold_nobody_up_and_count_as_missing() {
    let lab = Lab::synced(&many(3, 1));
    let dir = lab.cache.join("github.com/octo-org/atlas");
    let saved: Vec<_> = ["CURRENT", "marks", "index-3-1", "log-1", "lock"].map(|name| dir.join(name)).into();
    for path in &saved {
        for make in ["mkfifo", "mkdir"] {
            let content = std::fs::read(path).unwrap();
            std::fs::remove_file(path).unwrap();
            assert!(Command::new(make).arg(path).status().unwrap().success());
            let list = run_soon(&lab, &["release", "list", "-R", "octo-org/atlas"]);
            assert_eq!(
                (list.code, &*list.out),
                (Some(0), &*many_listed(3, 1)),
                "{make} {}: {}",
                path.display(),
                list.err
            );
            for args in [["cache", "verify"], ["cache", "status"], ["cache", "history"]] {
                let args = [&args[..], &["-R", "octo-org/atlas"]].concat();
                let args = &args[..];
                let ran = run_soon(&lab, args);
                assert!(matches!(ran.code, Some(0 | 1)), "{args:?}: {}", ran.err);
            }
            match make {
                "mkdir" => std::fs::remove_dir(path).unwrap(),
                _ => std::fs::remove_file(path).unwrap(),
            }
            std::fs::write(path, content).unwrap();
        }
    }
    assert_verifies(&lab, 3);
}

#[test]
fn clear_leaves_directories_alone_whatever_their_names() {
    for name in ["CURRENT", "marks", "log-1", "index-3-1", "damaged-mine", "CURRENT.tmp"] {
        let lab = Lab::synced(&many(3, 1));
        let path = lab.cache.join("github.com/octo-org/atlas").join(name);
        let _ = std::fs::remove_file(&path);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("mine"), "mine").unwrap();
        lab.run(&["cache", "clear", "--yes"]).ok();
        let left = lab.cached_files().into_iter().filter(|(_, (_, content))| content.is_some());
        let left: Vec<_> =
            left.map(|(path, _)| path).filter(|path| !path.starts_with(lab.cache.join(".checkouts"))).collect();
        assert_eq!(left, [path.join("mine")]);
    }
}

/// A checkout whose history holds so many versions, the last of them in the working tree.
fn with_versions(count: u32) -> Lab {
    let lab = Lab::with_git();
    for minute in 1..=count {
        lab.write_manifest(many(TRACKERS, minute));
        lab.git(&["add", "."]);
        lab.git(&["-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "-q", "-m", "manifest"]);
    }
    lab.run(&["cache", "sync"]).ok();
    lab
}

#[test]
fn rebuilds_at_once_give_one_log_and_readers_beside_them_the_same_answers() {
    const VERSIONS: u32 = 3;
    const REBUILT: &str = " rebuilt from git: 3 versions, 900 events; before it held 900 events from ";
    let lab = with_versions(VERSIONS);
    let expected = many_listed(TRACKERS, VERSIONS);
    let done = AtomicBool::new(false);
    let outside = lab.root();
    std::thread::scope(|scope| {
        let (lab, done, expected, outside) = (&lab, &done, &expected, &outside);
        scope.spawn(move || {
            while_writing(done, || {
                assert!(lab.run_in(outside, &["release", "list", "-R", "octo-org/atlas"]).ok() == *expected);
            });
        });
        scope.spawn(move || {
            while_writing(done, || {
                let history = ["cache", "history", "-R", "octo-org/atlas", "--json", "seq", "-q", "length"];
                let events = lab.run_in(outside, &history).ok().trim().parse::<u64>().unwrap();
                assert!([1, u64::from(VERSIONS)].map(|versions| versions * TRACKERS).contains(&events), "{events}");
                let past = ["release", "list", "-R", "octo-org/atlas", "--as-of", "@300"];
                assert!(lab.run_in(outside, &past).ok().lines().count() as u64 == TRACKERS);
            });
        });
        let _writing = Writing(done);
        for _ in 0..8 {
            let said: Vec<_> = at_once(lab, 2, &["cache", "rebuild"]).into_iter().map(Ran::ok).collect();
            assert!(said[0] == said[1] && said[0].contains(REBUILT), "{said:?}");
        }
    });
    assert_verifies(&lab, u64::from(VERSIONS) * TRACKERS);
    assert_tidy(&lab);
}

#[test]
fn a_clear_beside_repairs_and_rebuilds_leaves_everything_or_nothing() {
    let lab = with_versions(2);
    let expected = many_listed(TRACKERS, 2);
    std::thread::scope(|scope| {
        for args in [&["cache", "clear", "--yes"][..], &["cache", "rebuild"], &["cache", "repair"]] {
            let lab = &lab;
            scope.spawn(move || (0..15).for_each(|_| drop(lab.run(args).ok())));
        }
        scope.spawn(|| {
            for _ in 0..40 {
                let ran = lab.run_in(&lab.root(), &["release", "list", "-R", "octo-org/atlas"]);
                match ran.code {
                    Some(0) => assert!(ran.ok() == expected),
                    _ => assert_eq!(ran.fails(), nothing_cached("octo-org/atlas")),
                }
            }
        });
    });
    lab.run(&["cache", "rebuild"]).ok();
    assert_verifies(&lab, 2 * TRACKERS);
}
