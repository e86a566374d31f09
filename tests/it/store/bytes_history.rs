//! Bytes of stores whose log went on over a torn commit, with superseded events, pruned and repaired logs, turned over, cut, zeroed and grown: no event that is
//! read is a wrong one, no state of the past, and no repair loses what verifies.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gh_pmu::format::Mark;
use gh_pmu::fs::Storage;
use gh_pmu::model::{Event, Seq, Tracker, UnixMillis};
use gh_pmu::store::{Moment, StoreError, View};

use crate::store::crash_disk::CrashDisk;
use crate::store::crash_run::{Step, moment, next_of, numbered, run};
use crate::store::fixture::{Trackers, file, repo, shown, store, sync_to, writer};

/// All places of a file are one in this many, and every remainder of 8.
const STEP: usize = 7;

/// What is true of a store: every event that it holds, the state behind some of them, and the last number.
struct Truth {
    events: BTreeMap<Seq, Event<'static>>,
    past: BTreeMap<Seq, Vec<Tracker<'static>>>,
    list: Vec<Tracker<'static>>,
    last: Seq,
}

fn tear(disk: &CrashDisk, log: &str) {
    let len = disk.content(&file(log)).len() as u64;
    disk.open_write(&file(log)).unwrap().write_at(len, b"pmuF, and no more").unwrap();
}

/// A log that went on over a torn commit; published versions over what was observed; commits in the index and after it;
/// every small file.
fn whole() -> CrashDisk {
    let disk = CrashDisk::default();
    run(&disk, 0, &[Step::Remembered(numbered(3, "a")), Step::Remembered(numbered(4, "b"))]).1.unwrap();
    tear(&disk, "log-1");
    let then =
        [Step::Publish(vec![numbered(4, "c"), numbered(5, "c")]), Step::Compact, Step::Remembered(numbered(2, "d"))];
    run(&disk, 2, &then).1.unwrap();
    run(&disk, 5, &[Step::Tagged(numbered(3, "e")), Step::Remembered(numbered(3, "f"))]).1.unwrap();
    let view = store(&disk).view().unwrap().unwrap();
    store(&disk).record_mark(&view, mark(view.seq())).unwrap();
    disk.all_kept()
}

/// The same with its older half pruned, and commits behind that.
fn pruned() -> CrashDisk {
    let disk = whole();
    run(&disk, 7, &[Step::Prune, Step::Remembered(numbered(4, "g")), Step::Remembered(numbered(2, "h"))]).1.unwrap();
    disk.all_kept()
}

/// The first after its index was lost and mended.
fn repaired() -> CrashDisk {
    let disk = whole();
    let mut log = disk.content(&file("log-1"));
    let at = log.len() / 3;
    log[at] ^= 1;
    disk.set_content(&file("log-1"), log);
    store(&disk).repair(&repo(), Duration::ZERO, &mut Vec::new, UnixMillis::new(moment(400)).unwrap()).unwrap();
    run(&disk, 500, &[Step::Remembered(numbered(4, "g"))]).1.unwrap();
    disk.all_kept()
}

/// A mark of `--since last`.
fn mark(published: Seq) -> Mark {
    let asked_at = UnixMillis::new(1).unwrap();
    Mark { name: String::new(), published, published_id: None, observed_id: None, asked_at }
}

fn truth(disk: &CrashDisk) -> Truth {
    let view = store(disk).view().unwrap().unwrap();
    let events = events(disk, &view).unwrap();
    let past = past(disk, &view, &events).unwrap();
    Truth { list: shown(Some(&view)).unwrap().unwrap().2, last: view.seq(), past, events }
}

fn events(disk: &CrashDisk, view: &View) -> Result<BTreeMap<Seq, Event<'static>>, StoreError> {
    let store = store(disk);
    let history = store.history(view)?;
    let mut events = BTreeMap::new();
    for span in 0..history.span_count() {
        events.extend(history.span(span)?.iter().map(|logged| (logged.seq, logged.event.clone())));
    }
    Ok(events)
}

fn past(
    disk: &CrashDisk,
    view: &View,
    events: &BTreeMap<Seq, Event<'static>>,
) -> Result<BTreeMap<Seq, Vec<Tracker<'static>>>, StoreError> {
    let store = store(disk);
    let history = store.history(view)?;
    let mut past = BTreeMap::new();
    for seq in events.keys().step_by(3) {
        if let Some(seq) = history.last_event_at(Moment::Seq(*seq))? {
            past.insert(seq, shown(Some(&history.state_after(seq)?))?.unwrap_or_default().2);
        }
    }
    Ok(past)
}

/// Every answer of a damaged store is right, or comes with a word of damage, or not at all.
fn judge(disk: &CrashDisk, truth: &Truth) -> Result<(), String> {
    let Ok(view) = store(disk).view() else { return Ok(()) };
    let Some(view) = view else { return Err("the store is gone without a word".to_owned()) };
    let is_told = !view.damage().is_empty();
    if let Ok(seen) = shown(Some(&view))
        && !is_told
        && (view.seq(), seen.unwrap_or_default().2) != (truth.last, truth.list.clone())
    {
        return Err("a wrong list".to_owned());
    }
    let Ok(events) = events(disk, &view) else { return Ok(()) };
    if events.iter().any(|(seq, event)| truth.events.get(seq) != Some(event)) {
        return Err("a wrong event".to_owned());
    }
    if !is_told && events.len() != truth.events.len() {
        return Err(format!("{} of {} events and no word of damage", events.len(), truth.events.len()));
    }
    let Ok(past) = past(disk, &view, &events) else { return Ok(()) };
    let wrong = past.iter().find(|(seq, list)| truth.past.get(seq).is_some_and(|known| known != *list));
    if wrong.is_some() && !is_told { Err("a wrong state of the past".to_owned()) } else { Ok(()) }
}

/// A sync goes on from the right state or not at all, and loses no event.
fn judge_writer(disk: &CrashDisk, truth: &Truth) -> Result<(), String> {
    let next = next_of(&Some((0, 0, truth.list.clone())));
    let synced = writer(disk).and_then(|mut writer| {
        let before = writer.view().map_or(Seq(0), View::seq);
        sync_to(&mut writer, &next, moment(1000))?;
        writer.record_checked(None, UnixMillis::new(moment(1000)).unwrap());
        Ok(before)
    });
    let Ok(before) = synced else { return Ok(()) };
    if before < truth.last {
        return Err(format!("an event was numbered {} again", truth.last));
    }
    judge_mended(disk, truth, Some(&next), false)
}

/// A repair leaves nothing damaged and no wrong event; what it does not bring back it tells.
fn judge_repair(disk: &CrashDisk, truth: &Truth) -> Result<(), String> {
    let now = UnixMillis::new(moment(900)).unwrap();
    let repaired =
        store(disk).repair(&repo(), Duration::ZERO, &mut Vec::new, now).map_err(|error| error.to_string())?;
    let verified = store(disk).verify().map_err(|error| error.to_string())?;
    if let Some(finding) = verified.iter().flat_map(|verified| &verified.findings).next() {
        return Err(format!("damage behind the repair: {finding:?}"));
    }
    let lossy = repaired.is_some_and(|repaired| repaired.lost > 0 || repaired.begun_anew || repaired.end_in_doubt);
    judge_mended(disk, truth, None, lossy)
}

fn judge_mended(disk: &CrashDisk, truth: &Truth, next: Option<&Trackers>, lossy: bool) -> Result<(), String> {
    let view = store(disk).view().map_err(|error| error.to_string())?;
    let Some(view) = view else { return if lossy { Ok(()) } else { Err("the store is gone".to_owned()) } };
    let list = shown(Some(&view)).map_err(|error| error.to_string())?.unwrap_or_default().2;
    let right = next.map_or(truth.list.clone(), |next| next.values().cloned().collect());
    if list != right && !lossy {
        return Err("a wrong list".to_owned());
    }
    let Ok(events) = events(disk, &view) else { return Ok(()) };
    let known = events.range(..=truth.last);
    let verified = store(disk).verify().map_err(|error| error.to_string())?;
    let verifies = verified.is_some_and(|verified| verified.findings.is_empty());
    if verifies && !lossy && known.clone().count() != truth.events.len() {
        return Err(format!("{} of {} events, and all is well", known.count(), truth.events.len()));
    }
    let wrong = known.clone().find(|(seq, event)| truth.events.get(seq).is_some_and(|known| known != *event));
    if let Some((seq, event)) = wrong.filter(|_| !lossy) {
        return Err(format!("event {seq} is {event:?}"));
    }
    Ok(())
}

/// Ways to spoil a file at a place.
fn spoiled(content: &[u8], at: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut turned = content.to_vec();
    turned[at] ^= 0x11;
    let mut zeroed = content.to_vec();
    zeroed[at..].fill(0);
    let mut hole = content.to_vec();
    let end = content.len().min(at + 64);
    hole[at..end].fill(0xA5);
    let mut twice = content[..at].to_vec();
    twice.extend_from_slice(&content[at / 8 * 8 / 2..]);
    vec![
        ("turned", turned),
        ("cut", content[..at].to_vec()),
        ("zeros from", zeroed),
        ("a hole", hole),
        ("shifted", twice),
    ]
}

/// Every choice of one file or more, the lock and what was set aside left out.
fn subsets(names: &[String]) -> impl Iterator<Item = Vec<&String>> {
    let names: Vec<&String> = names.iter().filter(|name| *name != "lock" && !name.starts_with("damaged-")).collect();
    (1_usize..1 << names.len()).map(move |bits| {
        names.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name).collect()
    })
}

/// Readers, writers and repairs make nothing wrong of a disk.
fn judge_all(disk: &CrashDisk, truths: &[Truth], what: &str) {
    for (who, judge) in [
        ("a reader", judge as fn(&CrashDisk, &Truth) -> Result<(), String>),
        ("a writer", judge_writer),
        ("a repair", judge_repair),
    ] {
        let judged = truths.iter().rev().map(|truth| {
            let disk = disk.fork();
            let judged = catch_unwind(AssertUnwindSafe(|| judge(&disk, truth)));
            judged.unwrap_or_else(|_| panic!("{what}, {who}: a panic"))
        });
        let wrong: Vec<String> = judged.map_while(Result::err).collect();
        assert!(wrong.len() < truths.len(), "{what}, {who}: {wrong:?}");
    }
}

fn spoil_all(disk: &CrashDisk, what: &str) {
    let truth = truth(disk);
    let mut tried = 0;
    for name in disk.names().into_iter().filter(|name| name != "lock") {
        let content = disk.content(&file(&name));
        for at in (0..content.len()).step_by(STEP) {
            for (how, bytes) in spoiled(&content, at) {
                tried += 1;
                let damaged = disk.fork();
                damaged.set_content(&file(&name), bytes);
                judge_all(&damaged, std::slice::from_ref(&truth), &format!("{what}, {name} {how} {at}"));
            }
        }
    }
    println!("{what}: {tried} files spoiled");
}

#[test]
fn whatever_is_spoiled_of_a_log_no_answer_is_wrong() {
    spoil_all(&whole(), "whole");
}

#[test]
fn whatever_is_spoiled_of_a_pruned_log_no_answer_is_wrong() {
    spoil_all(&pruned(), "pruned");
}

#[test]
fn whatever_is_spoiled_of_a_repaired_log_no_answer_is_wrong() {
    spoil_all(&repaired(), "repaired");
}

#[test]
fn whatever_files_are_gone_no_answer_is_wrong() {
    for (what, disk) in [("whole", whole()), ("pruned", pruned()), ("repaired", repaired())] {
        let truth = truth(&disk);
        let names = disk.names();
        let last = names.iter().rfind(|name| name.starts_with("log-")).unwrap();
        for gone in subsets(&names) {
            let damaged = disk.fork();
            for name in &gone {
                assert!(damaged.remove(&file(name)).unwrap());
            }
            // Where neither the last segment is left nor what speaks of it, nobody knows.
            let speaks = |name: &&String| *name == last || *name == "CURRENT" || name.starts_with("index-");
            if damaged.names().iter().any(|name| speaks(&name)) {
                judge_all(&damaged.all_kept(), std::slice::from_ref(&truth), &format!("{what} without {gone:?}"));
            }
        }
    }
}

#[test]
fn whatever_files_are_older_than_others_no_answer_is_wrong() {
    let steps = [
        Step::Remembered(numbered(3, "a")),
        Step::Remembered(numbered(4, "b")),
        Step::Compact,
        Step::Remembered(numbered(2, "c")),
        Step::Fresh,
        Step::Tagged(numbered(3, "d")),
        Step::Prune,
        Step::Remembered(numbered(4, "e")),
    ];
    let mut disks = vec![CrashDisk::default()];
    for (at, step) in steps.iter().enumerate() {
        let disk = disks[at].fork();
        run(&disk, at, std::slice::from_ref(step)).1.unwrap();
        disks.push(disk.all_kept());
    }
    let truths: Vec<Truth> = disks.iter().skip(1).map(truth).collect();
    for (at, new) in disks.iter().enumerate().skip(2) {
        for old in &disks[1..at] {
            for back in subsets(&old.names()) {
                let damaged = new.fork();
                for name in &back {
                    let mut written = damaged.create(&file(name)).unwrap();
                    written.write_at(0, &old.content(&file(name))).unwrap();
                }
                // A whole store of before is a backup that was put back: nobody can tell.
                judge_all(&damaged.all_kept(), &truths[..at], &format!("step {at} with {back:?} of before"));
            }
        }
    }
}
