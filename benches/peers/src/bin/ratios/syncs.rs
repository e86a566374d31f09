//! Rows that write: syncs, compaction, rebuilding.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use peers::Result;

use crate::lab::{Build, Checkout, Lab, PROGRAM, STORES, Turns, remove};
use crate::measure::{Contestant, Row};
use crate::process::Command;

const SYNC: [&str; 2] = ["cache", "sync"];
const LIST: [&str; 2] = ["release", "list"];

fn nocache(lab: &Lab, checkout: &Checkout) -> Command {
    lab.peer("nocache", &["list-all"]).arg(&checkout.manifest)
}

/// A build's sync, and the list that it should give after the last round.
fn sync(lab: &Lab, build: &Build, checkout: &Checkout) -> Contestant {
    Contestant::of(lab.program(build, checkout, &SYNC)).afterwards(lab.program(build, checkout, &LIST))
}

fn list_of(lab: &Lab, store: &str, db: &Path) -> Command {
    lab.peer(store, &["list-all"]).arg(db)
}

/// A sync that finds the manifest untouched.
pub fn sync_same(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.checkout(100_000)?;
    let mut row = Row::new("cache sync, nothing changed, 100 k", rounds)
        .with(Contestant::new("floor", lab.peer("floor", &[])))
        .expecting(nocache(lab, &checkout))
        .with_program(lab, "", |build| sync(lab, build, &checkout))
        .budget(PROGRAM, 2.0, "floor");
    for store in STORES {
        let sync = lab.store_sync(store, &checkout, &lab.store(store, 100_000)?, true);
        row = row.with(Contestant::new(store, sync).every(5));
    }
    Ok(row)
}

/// A sync that finds the manifest's time stamp changed and its bytes the same.
pub fn sync_touched(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.fresh_checkout("touched", 100_000)?;
    lab.sync(&checkout);
    let hash = lab.peer("hash", &[]).arg(&checkout.manifest);
    Ok(Row::new("cache sync, manifest touched only, 100 k", rounds)
        .with(Contestant::new("read and hash", hash))
        .expecting(nocache(lab, &checkout))
        .with_program(lab, "", |build| sync(lab, build, &checkout))
        .budget(PROGRAM, 1.1, "read and hash")
        .before_round(move || {
            Ok(File::options().append(true).open(&checkout.manifest)?.set_modified(SystemTime::now())?)
        }))
}

/// A sync of one change. Two manifests take turns, each turn a second newer, so no store has to be restored.
fn sync_one_of<'l>(lab: &'l Lab, rounds: usize, count: u64, baseline: Contestant, limit: f64) -> Result<Row<'l>> {
    let name = format!("change-{count}");
    let checkout = lab.fresh_checkout(&name, count)?;
    let mut turns = Turns::new(lab, &checkout, count)?;
    let reference = baseline.name.clone();
    lab.sync(&checkout);
    let mut row = Row::new(format!("cache sync, 1 change in {count}"), rounds)
        .expecting(nocache(lab, &checkout))
        .writes()
        .with(Contestant::new("floor", lab.peer("floor", &[])))
        .with(baseline)
        .with_program(lab, "", |build| sync(lab, build, &checkout))
        .budget(PROGRAM, limit, &reference);
    for store in STORES {
        for (with_diff, every, suffix) in [(true, 1, ""), (false, 5, " (no diff)")] {
            let db = lab.store_dir(store, &format!("{name}{}", if with_diff { "" } else { "-no-diff" }));
            lab.store_sync(store, &checkout, &db, with_diff).run()?;
            let sync = Contestant::new(format!("{store}{suffix}"), lab.store_sync(store, &checkout, &db, with_diff));
            row = row.with(sync.every(every));
            if with_diff && let Some(last) = row.contestants.last_mut() {
                last.afterwards = Some(list_of(lab, store, &db));
            }
        }
    }
    Ok(row.before_round(move || turns.next()))
}

pub fn sync_one_of_100(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let append = lab.peer("append", &[]).arg(lab.path("appended"));
    sync_one_of(lab, rounds, 100, Contestant::new("append", append), 1.3)
}

pub fn sync_one_of_100k(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let parse = lab.peer("parse", &[]).arg(lab.path("change-100000/.github/pmu-cache.json"));
    sync_one_of(lab, rounds, 100_000, Contestant::new("parse", parse), 1.2)
}

/// The first sync of all, into an empty cache.
pub fn first_sync(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.fresh_checkout("first", 100_000)?;
    let mut row = Row::new("first cache sync of 100 k", rounds)
        .expecting(nocache(lab, &checkout))
        .writes()
        .with(Contestant::new("parse", lab.peer("parse", &[]).arg(&checkout.manifest)))
        .with_program(lab, "", |build| sync(lab, build, &checkout))
        .budget(PROGRAM, 1.2, "lmdb");
    let mut made: Vec<PathBuf> = lab.builds().iter().map(|build| checkout.cache(build)).collect();
    for store in STORES {
        let db = lab.store_dir(store, "first");
        let sync = lab.store_sync(store, &checkout, &db, true);
        row = row.with(Contestant::new(store, sync).afterwards(list_of(lab, store, &db)));
        made.push(db);
    }
    Ok(row.before_round(move || made.iter().try_for_each(|dir| remove(dir))))
}

/// Folding one new event into the snapshot of 100 k trackers, beside copying the whole cache.
pub fn compact(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.fresh_checkout("compact", 100_000)?;
    let mut turns = Turns::new(lab, &checkout, 100_000)?;
    let (cache, copied) = (checkout.cache(&lab.builds()[0]), lab.path("compact.copy"));
    let copy = lab.peer("copy", &[]).arg(&cache).arg(&copied);
    lab.sync(&checkout);
    fs::create_dir_all(&cache)?;
    let compact = |build: &Build| lab.program(build, &checkout, &["cache", "compact"]);
    Ok(Row::new("cache compact, 100 k and one new event", rounds)
        .expecting(nocache(lab, &checkout))
        .writes()
        .with(Contestant::new("copy", copy))
        .with_program(lab, "", |build| Contestant::of(compact(build)).afterwards(lab.program(build, &checkout, &LIST)))
        .budget(PROGRAM, 2.0, "copy")
        .before_round(move || {
            remove(&copied)?;
            turns.next()?;
            lab.sync(&checkout);
            Ok(())
        }))
}
