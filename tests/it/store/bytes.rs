//! Every byte of every file of a store turned over, and every file cut at every length: readers give the right answer,
//! or say what is damaged.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gh_pmu::fs::Storage;
use gh_pmu::model::{Kind, Repo, State, UnixMillis};
use gh_pmu::store::StoreError;

use crate::store::crash_disk::CrashDisk;
use crate::store::fixture::{Seen, Trackers, file, seen, shown, store, sync_to, tracker, trackers, writer};

/// Two commits in the index, two behind it, and `checked`.
fn small_store() -> CrashDisk {
    let disk = CrashDisk::default();
    let of = |number, title: &str| tracker(Kind::ALL[number as usize % 2], number, State::Open, title);
    let mut target: Trackers = trackers([of(1, "Release: v1.0 (Ünï)"), of(2, "Microsprint: a"), of(3, "")]);
    for moment in 1..=4 {
        let mut writer = writer(&disk).unwrap();
        sync_to(&mut writer, &target, moment).unwrap();
        if moment == 2 {
            writer.compact().unwrap();
        }
        writer.record_checked(None, UnixMillis::new(moment).unwrap());
        let tracker = of(moment as u64 + 3, &format!("added {moment}"));
        target.insert(tracker.list_key(), tracker);
        target.pop_last();
    }
    disk.all_kept()
}

fn live_files(disk: &CrashDisk) -> BTreeMap<String, Vec<u8>> {
    disk.names()
        .into_iter()
        .filter(|name| name != "lock")
        .map(|name| (name.clone(), disk.content(&file(&name))))
        .collect()
}

/// What a reader makes of the disk: wrong answers without a word are what is looked for.
fn judge(disk: &CrashDisk, right: &Seen) -> Result<(), String> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let Ok(view) = store(disk).view() else { return Ok(()) };
        let said = view.as_ref().is_some_and(|view| !view.damage().is_empty());
        match shown(view.as_ref()) {
            Err(_) => Ok(()),
            Ok(_) if said => Ok(()),
            Ok(shown) if same_trackers(&shown, right) => Ok(()),
            Ok(_) => Err("a wrong answer, and no word of damage".to_owned()),
        }
    }));
    opened.unwrap_or_else(|_| Err("a panic".to_owned()))
}

/// A writer that opens such a store and appends leaves it right, or with its damage told.
fn judge_writer(disk: &CrashDisk, right: &Seen) -> Result<(), String> {
    let (_, _, list) = right.clone().unwrap();
    let mut target = trackers(list);
    target.pop_first();
    let done = catch_unwind(AssertUnwindSafe(|| {
        let mut writer = writer(disk).ok()?;
        sync_to(&mut writer, &target, 100).ok()
    }));
    if done.map_err(|_| "a panic in the writer")?.is_none() {
        return Ok(());
    }
    // Old history may stay damaged: neither the answer nor the append rests on it.
    let view = store(disk).view().map_err(|error| format!("behind the writer: {error}"))?;
    let shown = shown(view.as_ref()).map_err(|error| format!("behind the writer: {error}"))?;
    let (seq, _, list) = shown.ok_or("the writer left nothing")?;
    let is_right = list == target.values().cloned().collect::<Vec<_>>() && seq > right.as_ref().unwrap().0;
    if is_right { Ok(()) } else { Err("the writer went on from a wrong state".to_owned()) }
}

fn same_trackers(left: &Seen, right: &Seen) -> bool {
    let of = |seen: &Seen| seen.as_ref().map(|(seq, _, trackers)| (*seq, trackers.clone()));
    of(left) == of(right)
}

#[test]
fn every_byte_turned_over_is_harmless_or_found() {
    let disk = small_store();
    let right = seen(&disk).unwrap();
    let mut tried = 0;
    for (name, content) in live_files(&disk) {
        for at in 0..content.len() {
            for turn in [0x01, 0x80, 0xFF] {
                let damaged = disk.fork();
                let mut bytes = content.clone();
                bytes[at] ^= turn;
                damaged.set_content(&file(&name), bytes);
                tried += 1;
                let judged = judge(&damaged, &right).and_then(|()| judge_writer(&damaged, &right));
                judged.unwrap_or_else(|what| panic!("{name}, byte {at} ^ {turn:#x}: {what}"));
            }
        }
    }
    println!("{tried} bytes turned over");
}

#[test]
fn every_file_cut_at_every_length_is_harmless_or_found() {
    let disk = small_store();
    let right = seen(&disk).unwrap();
    let mut tried = 0;
    for (name, content) in live_files(&disk) {
        for len in 0..content.len() {
            for zeros in [false, true] {
                let damaged = disk.fork();
                let mut bytes = content[..len].to_vec();
                if zeros {
                    bytes.resize(content.len(), 0);
                }
                damaged.set_content(&file(&name), bytes);
                tried += 1;
                let judged = judge(&damaged, &right).and_then(|()| judge_writer(&damaged, &right));
                judged.unwrap_or_else(|what| panic!("{name}, cut at {len}, zeros behind: {zeros}: {what}"));
            }
        }
    }
    println!("{tried} cuts");
}

#[test]
fn every_file_may_be_missing_or_foreign() {
    let disk = small_store();
    let right = seen(&disk).unwrap();
    let files = live_files(&disk);
    for name in files.keys() {
        let damaged = disk.fork();
        damaged.remove(&file(name)).unwrap();
        let judged = judge(&damaged, &right).and_then(|()| judge_writer(&damaged, &right));
        judged.unwrap_or_else(|what| panic!("{name} missing: {what}"));
        for other in files.values() {
            let damaged = disk.fork();
            damaged.set_content(&file(name), other.clone());
            let judged = judge(&damaged, &right).and_then(|()| judge_writer(&damaged, &right));
            judged.unwrap_or_else(|what| panic!("{name} with the bytes of another file: {what}"));
        }
    }
}

#[test]
fn an_index_that_is_lost_costs_neither_the_answer_nor_the_next_sync() {
    let disk = small_store();
    let right = seen(&disk).unwrap();
    let index = disk.names().into_iter().find(|name| name.starts_with("index-")).unwrap();
    let content = disk.content(&file(&index));
    let lost = disk.fork();
    lost.remove(&file(&index)).unwrap();
    let damaged = disk.fork();
    damaged.set_content(&file(&index), vec![0; content.len()]);
    for disk in [lost, damaged] {
        let view = store(&disk).view().unwrap().unwrap();
        assert!(!view.damage().is_empty() && !view.state_in_doubt());
        assert_eq!(shown(Some(&view)).unwrap(), right);
        assert_eq!(writer(&disk).unwrap().into_view().1, view.damage());
        assert_eq!(seen(&disk), Ok(right.clone()));
    }
}

#[test]
fn nobody_appends_to_a_log_that_no_reader_accepts() {
    let disk = small_store();
    let mut target = trackers(seen(&disk).unwrap().unwrap().2);
    target.pop_first();
    disk.remove(&file("marks")).unwrap();
    let mut writer_of_all = writer(&disk).unwrap();
    writer_of_all.compact().unwrap();
    drop(writer_of_all);
    let content = disk.content(&file("log-1"));
    // A byte of the log's header, and one of the last frame's: an index stands before both.
    for at in [57, content.len() - 100] {
        let damaged = disk.fork();
        let mut bytes = content.clone();
        bytes[at] ^= 1;
        damaged.set_content(&file("log-1"), bytes.clone());
        let mut writer = writer(&damaged).unwrap();
        let refused = sync_to(&mut writer, &target, 100);
        if at < 128 {
            assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
            assert_eq!(damaged.content(&file("log-1")), bytes);
        }
    }
}

/// What damage costs is the newest commits at most, and that is told.
fn judge_repair(disk: &CrashDisk, right: &Seen) -> Result<(), String> {
    let repo = Repo::new("github.com", "acme", "widgets").unwrap();
    let now = UnixMillis::new(1000).unwrap();
    let repairing = || store(disk).repair(&repo, Duration::ZERO, &mut Vec::new, now).map_err(|error| error.to_string());
    let repaired = catch_unwind(AssertUnwindSafe(repairing)).map_err(|_| "a panic in repair")??;
    let found = seen(&disk.only_synced())?;
    let told = repaired.is_some_and(|repaired| repaired.lost > 0 || repaired.begun_anew || !repaired.aside.is_empty());
    if let Some(finding) = store(disk).verify().unwrap().iter().flat_map(|verified| &verified.findings).next() {
        return Err(format!("damage behind the repair: {finding:?}"));
    }
    if same_trackers(&found, right) || told { Ok(()) } else { Err("a repair that tells of no loss".to_owned()) }
}

#[test]
fn every_byte_turned_over_and_every_cut_is_repaired() {
    let disk = small_store();
    let right = seen(&disk).unwrap();
    let mut tried = 0;
    for (name, content) in live_files(&disk) {
        for at in 0..content.len() {
            let mut turned = content.clone();
            turned[at] ^= 0x10;
            for (how, bytes) in [("turned over at", turned), ("cut at", content[..at].to_vec())] {
                let damaged = disk.fork();
                damaged.set_content(&file(&name), bytes);
                tried += 1;
                judge_repair(&damaged, &right).unwrap_or_else(|what| panic!("{name} {how} {at}: {what}"));
            }
        }
    }
    println!("{tried} repairs");
}
