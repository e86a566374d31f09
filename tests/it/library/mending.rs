use std::path::{Path, PathBuf};

use gh_pmu::fs::Disk;
use gh_pmu::model::{Event, Repo, Seq, UnixMillis};
use gh_pmu::query::{HistoryFilter, Order, changes};
use gh_pmu::store::{Moment, PATIENCE, PastState, Store, StoreError, View};

use crate::cli::lab::is_named;
use crate::library::replay::{Replay, diffs};

const HASH: &str = "hash-to-curve.bundle";
const MOQ: &str = "moq-transport.bundle";

fn trackers(view: &View) -> Vec<gh_pmu::model::Tracker<'static>> {
    view.trackers().map(|item| item.unwrap().tracker.into_owned()).collect()
}

fn events(store: &Store<'_>, view: &View) -> Vec<(Seq, Event<'static>)> {
    let history = store.history(view).unwrap();
    let filter = HistoryFilter { order: Order::Ascending, ..HistoryFilter::default() };
    changes(&history, &filter).unwrap().into_iter().map(|change| (change.seq, change.event)).collect()
}

fn assert_verifies(store: &Store<'_>) {
    let verified = store.verify().unwrap().unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

/// A copy of a store, to be damaged.
struct Copy {
    _dir: tempfile::TempDir,
    dir: PathBuf,
}

impl Copy {
    fn of(store: &Store<'_>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("github.com/o/r");
        std::fs::create_dir_all(&dir).unwrap();
        for entry in std::fs::read_dir(store.dir()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), dir.join(entry.file_name())).unwrap();
        }
        Self { _dir: root, dir }
    }

    fn store(&self) -> Store<'static> {
        Store::at(&Disk, self.dir.clone())
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(&self.dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.metadata().unwrap().len() > 0);
        files.sort();
        files
    }
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[offset] ^= 0x20;
    std::fs::write(path, bytes).unwrap();
}

fn no_past() -> Vec<PastState> {
    Vec::new()
}

fn now() -> UnixMillis {
    UnixMillis::parse_rfc3339("2026-01-01T00:00:00Z").unwrap()
}

#[test]
fn pruning_keeps_the_state_the_numbers_and_all_that_is_younger() {
    let replay = Replay::of(MOQ, |_, _, _| {});
    let store = replay.store();
    let before = store.view().unwrap().unwrap();
    let (state, hash, all) = (trackers(&before), before.state_hash(), events(&store, &before));
    drop(before);
    let middle = replay.versions.len() / 2;
    let moment = Moment::Time(replay.versions[middle].updated_at);
    let mut writer = store.writer(&replay.repo, PATIENCE).unwrap();
    let dry = writer.prune_before(moment, true).unwrap().unwrap();
    assert_eq!(writer.view().unwrap().history_start(), Seq(1));
    let pruning = writer.prune_before(moment, false).unwrap().unwrap();
    assert_eq!((dry.dropped, dry.kept, dry.history_start), (pruning.dropped, pruning.kept, pruning.history_start));
    assert!(pruning.dropped > 0 && pruning.kept > 0 && pruning.log_bytes.1 < pruning.log_bytes.0 * 2);
    drop(writer);
    assert_verifies(&store);
    for view in [store.view().unwrap().unwrap(), store.view_without_index().unwrap().unwrap()] {
        assert_eq!((trackers(&view), view.state_hash()), (state.clone(), hash));
        assert_eq!(view.history_start(), pruning.history_start);
        assert_eq!(events(&store, &view), all[pruning.dropped as usize..]);
        let history = store.history(&view).unwrap();
        for (at, version) in replay.versions.iter().enumerate().skip(middle) {
            let seq = history.last_event_at(Moment::Time(version.updated_at)).unwrap().unwrap();
            assert_eq!(trackers(&history.state_after(seq).unwrap()), version.trackers, "version {at}");
        }
        assert_eq!(history.last_event_at(Moment::Seq(Seq(pruning.history_start.0 - 2))).unwrap(), None);
    }
    let expected = diffs(&replay.versions[middle - 1..]);
    assert_eq!(all[all.len() - expected.len()..].iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), expected);
}

#[test]
fn any_flipped_byte_is_named_and_no_answer_is_wrong() {
    let replay = Replay::of(HASH, |_, _, _| {});
    let store = replay.store();
    assert_verifies(&store);
    let view = store.view().unwrap().unwrap();
    let (state, seq) = (trackers(&view), view.seq());
    let copy = Copy::of(&store);
    let mut flips = 0;
    for file in copy.files() {
        let original = std::fs::read(&file).unwrap();
        for offset in (0..original.len()).step_by(if original.len() > 1000 { 61 } else { 1 }) {
            flip(&file, offset);
            let verified = copy.store().verify();
            let named = verified.is_err()
                || verified
                    .unwrap()
                    .is_some_and(|verified| !verified.findings.is_empty() || !verified.notes.is_empty());
            assert!(named, "{} byte {offset}", file.display());
            match copy.store().view() {
                Ok(Some(view)) => {
                    let rows: Result<Vec<_>, StoreError> =
                        view.trackers().map(|item| item.map(|item| item.tracker.into_owned())).collect();
                    if let Ok(rows) = rows {
                        assert!(
                            (rows == state && view.seq() == seq) || !view.damage().is_empty(),
                            "{} byte {offset}",
                            file.display()
                        );
                    }
                }
                Ok(None) => panic!("{} byte {offset}: the store is gone", file.display()),
                Err(_) => {}
            }
            std::fs::write(&file, &original).unwrap();
            flips += 1;
        }
    }
    println!("{flips} flips");
}

#[test]
fn repair_brings_back_what_index_log_and_git_still_hold() {
    let replay = Replay::of(MOQ, |_, _, _| {});
    let store = replay.store();
    let view = store.view().unwrap().unwrap();
    let (state, all) = (trackers(&view), events(&store, &view));
    let past = || -> Vec<PastState> { replay.past() };
    let copy = Copy::of(&store);
    let log = copy.files().into_iter().find(|path| is_named(path, "log-")).unwrap();
    let length = std::fs::metadata(&log).unwrap().len() as usize;
    for offset in (0..length).step_by(length / 23) {
        let copy = Copy::of(&store);
        let log = copy.dir.join(log.file_name().unwrap());
        flip(&log, offset);
        let damaged = std::fs::read(&log).unwrap();
        let repaired = copy.store().repair(&replay.repo, PATIENCE, &mut { past }, now()).unwrap();
        // Syncs remember what they acknowledged: not even the last commit passes for one that was torn.
        let repaired = repaired.unwrap_or_else(|| panic!("byte {offset} is not called damaged"));
        assert!(!repaired.found.is_empty() && !repaired.begun_anew, "{repaired:?}");
        let mended = copy.store().view().unwrap().unwrap();
        assert!(mended.damage().is_empty(), "byte {offset}: {:?}", mended.damage());
        if repaired.end_in_doubt {
            // The last commit does not verify: the manifest, or git, brings it again.
            assert!(events(&copy.store(), &mended)[..] == all[..mended.seq().0 as usize]);
            continue;
        }
        assert!(trackers(&mended) == state, "byte {offset}: {repaired:?}");
        assert_eq!(mended.seq(), Seq(all.len() as u64), "byte {offset}: {repaired:?}");
        assert_verifies(&copy.store());
        let kept = events(&copy.store(), &mended);
        assert_eq!(kept.len() as u64, repaired.kept + repaired.recovered);
        assert!(
            kept.iter().all(|(seq, event)| all[seq.0 as usize - 1].1.number == event.number || repaired.recovered > 0)
        );
        assert_eq!(repaired.lost, 0, "byte {offset}: {repaired:?}");
        assert!(kept == all, "byte {offset}: {repaired:?}");
        // The damaged bytes are still there.
        let aside: Vec<_> = repaired.aside.iter().map(|name| std::fs::read(copy.dir.join(name)).unwrap()).collect();
        assert!(aside.contains(&damaged), "byte {offset}: {:?}", repaired.aside);
        assert!(copy.store().repair(&replay.repo, PATIENCE, &mut no_past, now()).unwrap().is_none());
    }
}

#[test]
fn repair_without_git_keeps_the_state_and_tells_what_is_lost() {
    let replay = Replay::of(MOQ, |_, _, _| {});
    let store = replay.store();
    // The index then knows the whole state.
    store.writer(&replay.repo, PATIENCE).unwrap().compact().unwrap();
    let view = store.view().unwrap().unwrap();
    let state = trackers(&view);
    let template = Copy::of(&store);
    let log = template.files().into_iter().find(|path| is_named(path, "log-")).unwrap();
    let length = std::fs::metadata(&log).unwrap().len() as usize;
    for start in (200..length - 3000).step_by(length / 11) {
        let copy = Copy::of(&store);
        let log = copy.dir.join(log.file_name().unwrap());
        let mut bytes = std::fs::read(&log).unwrap();
        bytes[start..start + 2500].fill(0xEE);
        std::fs::write(&log, bytes).unwrap();
        let repaired = copy.store().repair(&replay.repo, PATIENCE, &mut no_past, now()).unwrap().unwrap();
        let mended = copy.store().view().unwrap().unwrap();
        assert!(mended.damage().is_empty() && repaired.recovered > 0, "{repaired:?}");
        assert!(trackers(&mended) == state, "from byte {start}: {repaired:?}");
        assert_verifies(&copy.store());
        assert_eq!(mended.seq(), view.seq());
    }
}

#[test]
fn repair_begins_anew_where_nothing_verifies() {
    let replay = Replay::of(HASH, |_, _, _| {});
    let copy = Copy::of(&replay.store());
    for file in copy.files() {
        std::fs::write(&file, b"no store of ours").unwrap();
    }
    let repaired = copy.store().repair(&Repo::parse("o/r", "github.com").unwrap(), PATIENCE, &mut no_past, now());
    let repaired = repaired.unwrap().unwrap();
    assert!(repaired.begun_anew && repaired.aside.len() >= 3, "{repaired:?}");
    assert!(copy.store().view().unwrap().is_none());
}
