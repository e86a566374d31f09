//! Power cuts at every operation of a repair: what verified before stays readable, the damaged bytes stay on the disk, and
//! another repair finishes.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use gh_pmu::fs::Storage;
use gh_pmu::model::{Event, Seq, UnixMillis};
use gh_pmu::store::{Moment, StoreError, View};

use crate::store::crash_disk::{CrashDisk, Fault};
use crate::store::crash_run::{SEED, Step, append, moment, next_of, numbered, run, second_images, seed};
use crate::store::fixture::{Seen, file, repo, seen, shown, store, writer};

/// What a reader gets of a store, damaged or not: its trackers and events, or nothing, or an error.
#[derive(Clone, Debug, PartialEq)]
enum Read {
    Nothing,
    Refused,
    State { seen: Seen, events: BTreeMap<Seq, Event<'static>>, is_damaged: bool },
}

struct Damaged {
    name: &'static str,
    base: CrashDisk,
    /// Contents that no repair may lose.
    bytes: Vec<Vec<u8>>,
    before: Read,
    after: Read,
}

fn read(disk: &CrashDisk) -> Read {
    let view = match store(disk).view() {
        Ok(Some(view)) => view,
        Ok(None) => return Read::Nothing,
        Err(_) => return Read::Refused,
    };
    let (Ok(mut seen), Ok(events)) = (shown(Some(&view)), events(disk, &view)) else { return Read::Refused };
    // How fresh it is, a damaged CURRENT took with it: then a manifest is taken in again.
    seen.iter_mut().for_each(|(_, fresh, _)| *fresh = 0);
    Read::State { seen, events, is_damaged: !view.damage().is_empty() }
}

/// The events that can be read; those in what is damaged cannot.
fn events(disk: &CrashDisk, view: &View) -> Result<BTreeMap<Seq, Event<'static>>, StoreError> {
    let store = store(disk);
    let history = store.history(view)?;
    let mut events = BTreeMap::new();
    for span in 0..history.span_count() {
        for logged in history.span(span).iter().flat_map(|events| events.iter()) {
            events.insert(logged.seq, logged.event.clone());
        }
    }
    Ok(events)
}

/// Whether there was anything to repair.
fn repair(disk: &CrashDisk) -> Result<bool, StoreError> {
    let now = UnixMillis::new(moment(500)).unwrap();
    store(disk).repair(&repo(), Duration::ZERO, &mut Vec::new, now).map(|repaired| repaired.is_some())
}

/// Two segments, commits in the index and behind it, and all the small files.
fn whole() -> CrashDisk {
    let empty = CrashDisk::default();
    let first = [Step::Remembered(numbered(5, "a")), Step::Remembered(numbered(6, "b"))];
    run(&empty, 0, &first).1.unwrap();
    let mut log = empty.open_write(&file("log-1")).unwrap();
    log.write_at(empty.content(&file("log-1")).len() as u64, b"pmuF, and no more").unwrap();
    let then = [
        Step::Remembered(numbered(6, "c")),
        Step::Compact,
        Step::Remembered(numbered(4, "d")),
        Step::Tagged(numbered(5, "e")),
        Step::Remembered(numbered(5, "f")),
    ];
    run(&empty, 2, &then).1.unwrap();
    empty.all_kept()
}

fn name_of(disk: &CrashDisk, start: &str) -> String {
    disk.names().into_iter().find(|name| name.starts_with(start)).unwrap()
}

impl Damaged {
    /// A store in which bytes of these files are turned over, each at a part of its length.
    fn new(name: &'static str, turned: &[(String, f64)], removed: &[&str]) -> Self {
        let base = whole();
        let mut bytes = Vec::new();
        for (name, part) in turned {
            let mut content = base.content(&file(name));
            let at = (content.len() as f64 * part) as usize;
            content[at] ^= 0x20;
            base.set_content(&file(name), content.clone());
            bytes.push(content);
        }
        for name in removed {
            base.remove(&file(name)).unwrap();
        }
        let base = base.all_kept();
        let repaired = base.fork();
        repair(&repaired).unwrap();
        Self { name, before: read(&base), after: read(&repaired), base, bytes }
    }

    /// What a reader finds at some moment of a repair.
    fn check(&self, image: &CrashDisk, is_acknowledged: bool) -> Result<(), String> {
        let found = read(image);
        // Where the newest state is known, a reader need not come by what is damaged.
        let same = found == self.before
            || (without_damage(&found) == without_damage(&self.before) && seen_of(&found) == seen_of(&self.after));
        let as_before = !is_acknowledged && same;
        let as_after = without_damage(&found) == without_damage(&self.after);
        let is_told = !matches!(found, Read::State { is_damaged: true, .. }) || !is_acknowledged;
        if !(as_before || as_after && is_told) {
            return Err(format!("found {}", brief(&found)));
        }
        for bytes in &self.bytes {
            if !image.names().iter().any(|name| image.content(&file(name)) == *bytes) {
                return Err(format!("damaged bytes are gone; there are {:?}", image.names()));
            }
        }
        Ok(())
    }

    /// Another repair makes of it what the first one would have, for good.
    fn finish(&self, image: &CrashDisk) -> Result<(), String> {
        let disk = image.fork();
        let repaired = repair(&disk).map_err(|error| format!("the next repair: {error}"))?;
        // One that finds nothing to do acknowledges nothing.
        let cut = repaired.then(|| disk.only_synced());
        for disk in [Some(disk.clone()), cut].into_iter().flatten() {
            self.check(&disk, true).map_err(|what| format!("behind the next repair: {what}"))?;
        }
        let findings = store(&disk).verify().unwrap().map_or(Vec::new(), |verified| verified.findings);
        if !findings.is_empty() {
            return Err(format!("behind the next repair: {findings:?}"));
        }
        let mut after = append(&disk, &next_of(&seen(&disk)?)).map_err(|error| format!("the next append: {error}"))?;
        after.iter_mut().for_each(|(_, fresh, _)| *fresh = 0);
        // Where the next repair had nothing to do, a power cut can bring back the damage, but nothing older.
        match read(&disk.only_synced()) {
            Read::State { seen, is_damaged, .. } if seen == after && !(is_damaged && repaired) => Ok(()),
            found => Err(format!("a power cut behind the next append leaves {}", brief(&found))),
        }
    }

    fn explore(&self, skip_sync: Option<usize>) -> Result<(usize, usize), String> {
        let (mut first, mut second, mut counts) = (HashSet::new(), HashSet::new(), (0, 0));
        let whole = self.base.fork();
        whole.arm(Fault::None, skip_sync);
        repair(&whole).unwrap();
        for stop in 0..=whole.operations() {
            let disk = self.base.fork();
            disk.arm(Fault::Stop(stop), skip_sync);
            let is_acknowledged = repair(&disk).is_ok_and(|repaired| repaired);
            for (label, image) in disk.images(seed() ^ stop as u64) {
                if !first.insert((image.fingerprint(), is_acknowledged)) {
                    continue;
                }
                counts.0 += 1;
                let checked = self.check(&image, is_acknowledged).and_then(|()| self.finish(&image));
                let checked = checked.and_then(|()| self.again(&image, &mut second).map(|count| counts.1 += count));
                checked.map_err(|what| format!("{}, stopped at operation {stop}, {label}: {what}", self.name))?;
            }
        }
        Ok(counts)
    }

    /// The power is cut in the second repair too.
    fn again(&self, image: &CrashDisk, known: &mut HashSet<(u64, bool)>) -> Result<usize, String> {
        let whole = image.fork();
        whole.arm(Fault::None, None);
        repair(&whole).map_err(|error| error.to_string())?;
        let mut count = 0;
        for stop in 0..=whole.operations() {
            let disk = image.fork();
            disk.arm(Fault::Stop(stop), None);
            let is_acknowledged = repair(&disk).is_ok_and(|repaired| repaired);
            for (label, second) in second_images(&disk, SEED ^ stop as u64) {
                if !known.insert((second.fingerprint(), is_acknowledged)) {
                    continue;
                }
                count += 1;
                let checked = self.check(&second, is_acknowledged).and_then(|()| self.finish(&second));
                checked
                    .map_err(|what| format!("then stopped at operation {stop} of the next repair, {label}: {what}"))?;
            }
        }
        Ok(count)
    }
}

fn without_damage(read: &Read) -> Read {
    let mut read = read.clone();
    if let Read::State { is_damaged, .. } = &mut read {
        *is_damaged = false;
    }
    read
}

fn seen_of(read: &Read) -> Option<&Seen> {
    if let Read::State { seen, .. } = read { Some(seen) } else { None }
}

fn brief(read: &Read) -> String {
    match read {
        Read::State { seen, events, is_damaged } => {
            let (seq, trackers) = seen.as_ref().map_or((0, 0), |(seq, _, list)| (*seq, list.len()));
            format!("seq {seq}, {trackers} trackers, {} events, damaged: {is_damaged}", events.len())
        }
        other => format!("{other:?}"),
    }
}

fn damaged() -> Vec<Damaged> {
    let disk = whole();
    let log = name_of(&disk, "log-");
    let index = name_of(&disk, "index-");
    let current = || ("CURRENT".to_owned(), 0.5);
    vec![
        Damaged::new("an old frame", &[(log.clone(), 0.2)], &[]),
        Damaged::new("a frame after the index", &[(log.clone(), 0.7)], &[]),
        Damaged::new("the last frame", &[(log.clone(), 0.98)], &[]),
        Damaged::new("the log's header", &[(log.clone(), 0.005)], &[]),
        Damaged::new("a block of the index", &[(index.clone(), 0.97)], &[]),
        Damaged::new("the header of the index", &[(index.clone(), 0.01)], &[]),
        Damaged::new("CURRENT", &[current()], &[]),
        Damaged::new("no CURRENT", &[], &["CURRENT"]),
        Damaged::new("no index", &[], &[&index]),
        Damaged::new("marks", &[("marks".to_owned(), 0.5)], &[]),
        Damaged::new("an old frame and the index", &[(log.clone(), 0.2), (index.clone(), 0.97)], &[]),
        Damaged::new("an old frame and CURRENT", &[(log.clone(), 0.2), current()], &[]),
        Damaged::new("a late frame and no CURRENT", &[(log.clone(), 0.7)], &["CURRENT"]),
        Damaged::new("the log gone", &[], &[&log]),
        Damaged::new("all headers", &[(log, 0.005), (index, 0.01), current()], &[]),
    ]
}

#[test]
fn repairs_survive_every_crash() {
    for damaged in damaged() {
        println!("{}: before {}, after {}", damaged.name, brief(&damaged.before), brief(&damaged.after));
        let (images, second) = damaged.explore(None).unwrap_or_else(|what| panic!("{what}"));
        println!("{}: {images} crash images, {second} more of crashes in the second repair", damaged.name);
    }
}

/// Overwrites all of a commit but its header, and the whole index.
fn lose_commit_and_index(disk: &CrashDisk, commit: usize) {
    let mut log = disk.content(&file("log-1"));
    let starts: Vec<usize> = (128..log.len()).filter(|at| log[*at..].starts_with(b"pmuF")).collect();
    log[starts[commit] + 200..starts[commit + 1]].fill(0xEE);
    disk.set_content(&file("log-1"), log);
    disk.set_content(&file(&name_of(disk, "index-")), b"no index".to_vec());
}

#[test]
fn what_stood_in_a_gap_is_found_in_what_follows() {
    // The next commit retitles what the lost one added: each event holds the whole tracker before it.
    for lost in [1, 0] {
        let disk = CrashDisk::default();
        let steps = [numbered(2, "a"), numbered(4, "a"), numbered(4, "b"), numbered(5, "b")].map(Step::Remembered);
        run(&disk, 0, &steps).1.unwrap();
        lose_commit_and_index(&disk, lost);
        assert!(repair(&disk).unwrap());
        let view = store(&disk).view().unwrap().unwrap();
        assert_eq!((view.seq(), events(&disk, &view).unwrap().len()), (Seq(9), 9), "commit {lost}");
        let shown = shown(Some(&view)).unwrap().unwrap().2;
        assert!(shown.iter().eq(numbered(5, "b").values()), "commit {lost}");
        let names = disk.names();
        assert!(names.iter().any(|name| name == "damaged-log-1"), "{names:?}");
        let after = append(&disk, &next_of(&seen(&disk).unwrap())).unwrap();
        assert!(after.unwrap().0 > 9);
    }
}

#[test]
fn pruning_behind_a_lossy_repair_counts_events_and_not_numbers() {
    // Of a frame of which nothing but the header is left, and no index: its numbers are lost, and so are those behind.
    let disk = CrashDisk::default();
    let steps = [1, 2, 3, 4].map(|count| Step::Remembered(numbered(count, "a")));
    run(&disk, 0, &steps).1.unwrap();
    lose_commit_and_index(&disk, 2);
    assert!(repair(&disk).unwrap());
    let view = store(&disk).view().unwrap().unwrap();
    let events: Vec<u64> = events(&disk, &view).unwrap().keys().map(|seq| seq.0).collect();
    assert_eq!((view.seq(), &events[..]), (Seq(4), &[1, 2, 4][..]));
    let mut writer = writer(&disk).unwrap();
    for (before, dropped, kept) in [(2, 1, 2), (3, 2, 1), (4, 2, 1)] {
        let dry = writer.prune_before(Moment::Seq(Seq(before)), true).unwrap().unwrap();
        assert_eq!((dry.dropped, dry.kept), (dropped, kept), "before {before}");
    }
    let pruning = writer.prune_before(Moment::Seq(Seq(3)), false).unwrap().unwrap();
    assert_eq!((pruning.dropped, pruning.kept), (2, 1));
    let view = store(&disk).view().unwrap().unwrap();
    assert_eq!((view.seq(), view.history_start()), (Seq(4), Seq(3)));
}

/// Which syncs of a repair could be left out without any image showing it.
fn redundant_syncs(damaged: &Damaged) -> Vec<usize> {
    let disk = damaged.base.fork();
    disk.arm(Fault::None, None);
    repair(&disk).unwrap();
    let survives = |skip: &usize| {
        let found = damaged.explore(Some(*skip));
        println!("{}: sync {skip} left out: {}", damaged.name, found.as_ref().err().map_or("not found", |what| what));
        found.is_ok()
    };
    (0..disk.syncs().len()).filter(survives).collect()
}

#[test]
fn every_sync_of_a_repair_that_is_left_out_is_found() {
    let all = damaged();
    let of = |name: &str| redundant_syncs(all.iter().find(|damaged| damaged.name == name).unwrap());
    // The log was synced when it was written; names are recovered from what the directory holds; the last is the note's,
    // which holds no event.
    assert_eq!(of("CURRENT"), [2, 3, 5, 8]);
    // The directory is synced behind the marks, the new log, its index, CURRENT, and the old log: the names before CURRENT's
    // are kept by its own sync too, and a power cut between leaves what another repair mends.
    assert_eq!(of("a frame after the index"), [0, 2, 4, 7]);
}
