//! Questions about the past of a damaged log: what verifies is shown, newest first, and the exit status says that it is
//! not all.

use std::path::PathBuf;

use serde_json::json;

use crate::cli::lab::{Lab, Ran};
use crate::cli::manifests::{REPO, manifest, open};

/// One release more each hour; the first three were shown to `last:x`.
fn lab() -> Lab {
    let lab = Lab::new();
    for hour in 1..=8 {
        let releases: Vec<_> = (1..=hour).map(|number| open(number, &format!("Release: v0.{number}.0"))).collect();
        lab.write_manifest(manifest(hour as u32, &json!(releases), &json!([])));
        lab.run(&["cache", "sync"]).ok();
        if hour == 3 {
            lab.run(&["cache", "history", "--since", "last:x"]).ok();
        }
    }
    lab
}

fn store(lab: &Lab, name: &str) -> PathBuf {
    lab.store().join(name)
}

/// Turns a byte of the event in the commit of this number.
fn harm(lab: &Lab, number: usize) {
    let path = store(lab, "log-1");
    let mut bytes = std::fs::read(&path).unwrap();
    let frames: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"pmuF")).collect();
    let end = frames.get(number).copied().unwrap_or(bytes.len());
    bytes[end - 4] ^= 0x40;
    std::fs::write(path, bytes).unwrap();
}

/// What it shows, of a run that fails over damage.
#[track_caller]
fn shown(ran: Ran) -> String {
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    let last = ran.err.lines().last().unwrap();
    assert!(last.starts_with("the cache is damaged: ") && last.ends_with("; run `gh pmu cache repair`"), "{last}");
    ran.out
}

/// The numbers that are left of those from one down to another.
fn numbers(from: usize, to: usize, lost: usize) -> Vec<usize> {
    (to..=from).rev().filter(|number| *number != lost).collect()
}

#[test]
fn history_shows_what_verifies_newest_first_and_fails() {
    for lost in 1..=8 {
        for compacted in [false, true] {
            let lab = lab();
            if compacted {
                lab.run(&["cache", "compact"]).ok();
            }
            harm(&lab, lost);
            let seqs = |args: &[&str]| -> Vec<usize> {
                let out = shown(lab.run(&[&["cache", "history"], args].concat()));
                out.lines().map(|line| line.split('\t').next().unwrap().parse().unwrap()).collect()
            };
            let case = format!("event {lost} lost, compacted: {compacted}");
            assert_eq!(seqs(&[]), numbers(8, 1, lost), "{case}");
            assert_eq!(seqs(&["--observed"]), numbers(8, 1, lost), "{case}");
            assert_eq!(seqs(&["--exit-code", "-L", "2"]), numbers(8, 1, lost)[..2], "{case}");
            let oldest: Vec<usize> = numbers(8, 1, lost).into_iter().rev().take(3).collect();
            assert_eq!(seqs(&["--order", "asc", "-L", "3"]), oldest, "{case}");
            let json = shown(lab.run(&["cache", "history", "--json", "seq"]));
            let json: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
            assert_eq!(json, numbers(8, 1, lost).iter().map(|seq| json!({"seq": seq})).collect::<Vec<_>>(), "{case}");
            assert_eq!(shown(lab.run(&["cache", "history", "--stat"])), "2025-06-09\tadded\t7\n", "{case}");
        }
    }
}

#[test]
fn what_was_not_shown_for_damage_is_new_the_next_time() {
    for (lost, limit) in [(2, ""), (5, ""), (8, ""), (5, "1"), (8, "1")] {
        let lab = lab();
        let whole = std::fs::read(store(&lab, "log-1")).unwrap();
        harm(&lab, lost);
        let mut args = vec!["cache", "history", "--since", "last:x"];
        args.extend(["-L", limit].into_iter().filter(|_| !limit.is_empty()));
        let out = shown(lab.run(&args));
        let expected = if limit.is_empty() { numbers(8, 4, lost) } else { vec![4] };
        let seqs: Vec<usize> = out.lines().map(|line| line.split('\t').next().unwrap().parse().unwrap()).collect();
        assert_eq!(seqs, expected, "{lost}");
        // The disk gives the bytes again: nothing was skipped.
        std::fs::write(store(&lab, "log-1"), whole).unwrap();
        let out = lab.run(&["cache", "history", "--since", "last:x"]).ok();
        assert_eq!(out.lines().count(), 5, "{lost}: {out}");
    }
}

#[test]
fn the_present_is_the_manifest_s_and_the_past_is_not_told() {
    for lost in [2, 4, 8] {
        let lab = lab();
        let listed = lab.run(&["release", "list"]).ok();
        harm(&lab, lost);
        let (out, warning) = lab.run(&["release", "list"]).warns();
        assert_eq!(out, listed, "{lost}");
        assert!(warning.contains("; run `gh pmu cache repair`; what is shown was not recorded\n"), "{warning}");
        assert_eq!(lab.run(&["timeline"]).warns().0.lines().count(), 8, "{lost}");
        let viewed = shown(lab.run(&["release", "view", "4"]));
        assert!(viewed.starts_with("title:\tRelease: v0.4.0\n"), "{viewed}");
        assert_eq!(viewed.contains("added"), lost != 4, "{lost}: {viewed}");
        let status = shown(lab.run(&["status"]));
        assert!(status.contains("Release: v0.8.0"), "{lost}: {status}");
        for args in [
            &["release", "list", "--as-of", "@7"][..],
            &["release", "list", "--as-of", "2025-06-12T05:30:00Z"],
            &["cache", "export", "--format", "csv", "--events"],
            &["timeline", "--output", "page.html"],
        ] {
            assert_eq!(shown(lab.run(args)), "", "{lost}: {args:?}");
        }
        assert!(!lab.checkout.join("page.html").exists());
    }
}

#[test]
fn where_nothing_else_tells_the_present_a_list_that_lacks_its_end_fails() {
    let lab = lab();
    harm(&lab, 5);
    let elsewhere = |args: &[&str]| lab.run_in(&lab.root(), &[args, &["-R", REPO]].concat());
    let of_all = lab.run_in(&lab.root(), &["release", "list", "--all-repos"]);
    for ran in [elsewhere(&["release", "list"]), elsewhere(&["timeline"]), of_all] {
        assert_eq!((ran.code, ran.out.lines().count(), ran.err.lines().count()), (Some(1), 4, 1), "{ran:?}");
        assert!(
            ran.err.starts_with("! ") && ran.err.ends_with("run `gh pmu cache repair -R octo-org/atlas`\n"),
            "{ran:?}"
        );
    }
    for args in [&["release", "view", "8"][..], &["cache", "export", "--format", "csv"]] {
        assert_eq!(shown(elsewhere(args)), "", "{args:?}");
    }
}
