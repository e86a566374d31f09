//! Rows that write: syncs, compaction, rebuilding.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use peers::Result;
use peers::time::rfc3339;

use crate::lab::{Checkout, DAY, Lab, STORES, Turns, remove};
use crate::measure::{Contestant, PROGRAM, Row};
use crate::process::Command;

const SYNC: [&str; 2] = ["cache", "sync"];
const LIST: [&str; 2] = ["release", "list"];

fn nocache(lab: &Lab, checkout: &Checkout) -> Command {
    lab.peer("nocache", &["list-all"]).arg(&checkout.manifest)
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
        .with(Contestant::new(PROGRAM, lab.program(&checkout, &SYNC)).afterwards(lab.program(&checkout, &LIST)))
        .budget(PROGRAM, 1.3, "floor");
    for store in STORES {
        let sync = lab.store_sync(store, &checkout, &lab.store(store, 100_000)?, true);
        row = row.with(Contestant::new(store, sync).every(5));
    }
    Ok(row)
}

/// A sync that finds the manifest's time stamp changed and its bytes the same.
pub fn sync_touched(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.fresh_checkout("touched", 100_000)?;
    lab.program(&checkout, &SYNC).run().map(|_| ()).or_else(absent)?;
    let hash = lab.peer("hash", &[]).arg(&checkout.manifest);
    let sync = lab.program(&checkout, &SYNC);
    Ok(Row::new("cache sync, manifest touched only, 100 k", rounds)
        .with(Contestant::new("read and hash", hash))
        .expecting(nocache(lab, &checkout))
        .with(Contestant::new(PROGRAM, sync).afterwards(lab.program(&checkout, &LIST)))
        .budget(PROGRAM, 1.2, "read and hash")
        .before_round(move || {
            Ok(File::options().append(true).open(&checkout.manifest)?.set_modified(SystemTime::now())?)
        }))
}

/// A program that cannot be started is reported by the row's rehearsal.
fn absent(_: Box<dyn std::error::Error>) -> Result<()> {
    Ok(())
}

/// A sync of one change. Two manifests take turns, each turn a second newer, so no store has to be restored.
fn sync_one_of<'l>(lab: &'l Lab, rounds: usize, count: u64, baseline: Contestant, limit: f64) -> Result<Row<'l>> {
    let name = format!("change-{count}");
    let checkout = lab.fresh_checkout(&name, count)?;
    let mut turns = Turns::new(lab, &checkout, count)?;
    let reference = baseline.name.clone();
    let sync = Contestant::new(PROGRAM, lab.program(&checkout, &SYNC)).afterwards(lab.program(&checkout, &LIST));
    lab.program(&checkout, &SYNC).run().map(|_| ()).or_else(absent)?;
    let mut row = Row::new(format!("cache sync, 1 change in {count}"), rounds)
        .expecting(nocache(lab, &checkout))
        .writes()
        .with(Contestant::new("floor", lab.peer("floor", &[])))
        .with(baseline)
        .with(sync)
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
    sync_one_of(lab, rounds, 100, Contestant::new("append", append), 1.2)
}

pub fn sync_one_of_100k(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let parse = lab.peer("parse", &[]).arg(lab.path("change-100000/.github/pmu-cache.json"));
    sync_one_of(lab, rounds, 100_000, Contestant::new("parse", parse), 1.3)
}

/// The first sync of all, into an empty cache.
pub fn first_sync(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.fresh_checkout("first", 100_000)?;
    let mut row = Row::new("first cache sync of 100 k", rounds)
        .expecting(nocache(lab, &checkout))
        .writes()
        .with(Contestant::new("parse", lab.peer("parse", &[]).arg(&checkout.manifest)))
        .with(Contestant::new(PROGRAM, lab.program(&checkout, &SYNC)).afterwards(lab.program(&checkout, &LIST)))
        .budget(PROGRAM, 1.0, "lmdb");
    let mut made = vec![checkout.cache.clone()];
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
    let copied = lab.path("compact.copy");
    let copy = lab.peer("copy", &[]).arg(&checkout.cache).arg(&copied);
    let sync = lab.program(&checkout, &SYNC);
    sync.run().map(|_| ()).or_else(absent)?;
    fs::create_dir_all(&checkout.cache)?;
    Ok(Row::new("cache compact, 100 k and one new event", rounds)
        .expecting(nocache(lab, &checkout))
        .writes()
        .with(Contestant::new("copy", copy))
        .with(
            Contestant::new(PROGRAM, lab.program(&checkout, &["cache", "compact"]))
                .afterwards(lab.program(&checkout, &LIST)),
        )
        .before_round(move || {
            remove(&copied)?;
            turns.next()?;
            sync.run().map(|_| ()).or_else(absent)
        }))
}

/// The whole history out of 20 committed versions of 100 k trackers, beside git printing it.
pub fn rebuild(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    const VERSIONS: u64 = 20;
    let checkout = lab.fresh_checkout("rebuild", 100_000)?;
    fs::remove_dir_all(checkout.dir.join(".git"))?;
    git(lab, &checkout, &["init", "-q", "-b", "main"], lab.now)?;
    git(lab, &checkout, &["remote", "add", "origin", "https://github.com/owner/name.git"], lab.now)?;
    for version in 0..VERSIONS {
        let at = lab.now - (VERSIONS - version) * DAY;
        lab.generate(&checkout.manifest, 100_000, 20 * version, at)?;
        git(lab, &checkout, &["add", ".github"], at)?;
        git(lab, &checkout, &["commit", "-q", "-m", "chore: update the tracker cache"], at)?;
    }
    let log = Command::new(&git_file()?, &checkout.dir);
    let log = lab.with_env(log).args(["log", "-p", "--first-parent", "--reverse", "--", ".github/pmu-cache.json"]);
    Ok(Row::new(format!("cache rebuild, {VERSIONS} versions of 100 k"), rounds)
        .expecting(nocache(lab, &checkout))
        .writes()
        .with(Contestant::new("git log -p", log))
        .with(
            Contestant::new(PROGRAM, lab.program(&checkout, &["cache", "rebuild"]))
                .afterwards(lab.program(&checkout, &LIST)),
        ))
}

fn git_file() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|file| file.is_file());
    found.ok_or_else(|| "no git on this machine".into())
}

fn git(lab: &Lab, checkout: &Checkout, args: &[&str], at: u64) -> Result<()> {
    let date = rfc3339(at);
    let status = process::Command::new(git_file()?)
        .args(["-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0"])
        .args(args)
        .current_dir(&checkout.dir)
        .env("HOME", lab.path("home"))
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("git {} failed", args.join(" ")).into()) }
}
