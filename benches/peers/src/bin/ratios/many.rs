//! Rows over many repositories: 5,000 of 70 trackers each.

use std::fs;
use std::path::{Path, PathBuf};

use peers::Result;
use peers::time::rfc3339;

use crate::histories::git;
use crate::lab::{Build, Checkout, DAY, Lab};
use crate::lists::floor;
use crate::measure::{Contestant, Row};

const REPOS: u64 = 5_000;
const TRACKERS: u64 = 70;
const CHANGED: u64 = 20;

/// A directory with a manifest for each repository, as one that collects them has.
fn collected(lab: &Lab, name: &str) -> Result<PathBuf> {
    let dir = lab.path(name);
    let at = rfc3339(lab.now - 30 * DAY);
    let (repos, trackers) = (REPOS.to_string(), TRACKERS.to_string());
    lab.peer("manifest", &[&trackers, "--updated-at", &at, "--repos", &repos, "--dir"]).arg(&dir).run()?;
    Ok(dir)
}

/// A checkout with all repositories in its cache; made once.
fn cached(lab: &Lab) -> Result<(Checkout, PathBuf)> {
    let (dir, collection) = (lab.path("many"), lab.path("collected"));
    if dir.exists() {
        return Ok((Checkout::in_dir(dir), collection));
    }
    let checkout = lab.empty_checkout("many", "")?;
    let collector = Checkout::in_dir(collected(lab, "collected")?);
    git(lab, &collector, &["init", "-q", "-b", "main"], lab.now - 30 * DAY)?;
    commit(lab, &collector, lab.now - 30 * DAY)?;
    for build in lab.builds() {
        let from = collection.to_str().ok_or("the directory's name is no text")?;
        if lab.program(build, &checkout, &["cache", "sync", "--from", from]).ask(&lab.scratch())?.code != 0 {
            one_by_one(lab, build, &checkout, &collection)?;
        }
    }
    Ok((checkout, collection))
}

/// Commits what was collected.
fn commit(lab: &Lab, collector: &Checkout, at: u64) -> Result<()> {
    git(lab, collector, &["add", "--all"], at)?;
    git(lab, collector, &["commit", "-q", "--allow-empty", "-m", "Manifests"], at)
}

/// For a build that cannot sync from a directory: each manifest in turn in a checkout without a remote.
fn one_by_one(lab: &Lab, build: &Build, checkout: &Checkout, collection: &Path) -> Result<()> {
    for owner in fs::read_dir(collection)? {
        for manifest in fs::read_dir(owner?.path())? {
            fs::copy(manifest?.path(), &checkout.manifest)?;
            if lab.program(build, checkout, &["cache", "sync"]).run()?.code != 0 {
                return Err("a manifest of the collection was not synced".into());
            }
        }
    }
    Ok(fs::remove_file(&checkout.manifest)?)
}

/// Lists over all repositories, beside SQLite with all of them in one table.
pub fn all_repos(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let (checkout, collection) = cached(lab)?;
    let db = lab.store_dir("sqlite", "many");
    lab.peer("sqlite", &["sync-dir"]).arg(&collection).arg(&db).run()?;
    let sqlite = |limit: &'static str| lab.peer("sqlite", &["list-many", limit]).arg(&db);
    let list = |build: &Build, args: &[&str]| {
        let args = [&["release", "list", "--all-repos", "-s", "open"], args].concat();
        Contestant::of(lab.program(build, &checkout, &args))
    };
    Ok(Row::new(format!("release list --all-repos -s open, {REPOS} repositories of {TRACKERS} trackers"), rounds)
        .with(floor(lab))
        .with(Contestant::new("sqlite all", sqlite("-1")))
        .with(Contestant::new("sqlite -L 30", sqlite("30")))
        .with_program(lab, "all", |build| list(build, &[]).prints_like(sqlite("-1")))
        .with_program(lab, "-L 30", |build| list(build, &["-L", "30"]).prints_like(sqlite("30")))
        .budget("gh-pmu all", 1.0, "sqlite all")
        .within("gh-pmu -L 30", 60.0))
}

/// Syncing from the directory, none changed.
pub fn collection_same(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let (checkout, collection) = cached(lab)?;
    let from = collection.to_str().ok_or("the directory's name is no text")?;
    Ok(Row::new(format!("cache sync --from, {REPOS} manifests, none changed"), rounds)
        .with(floor(lab))
        .with_program(lab, "", |build| {
            Contestant::of(lab.program(build, &checkout, &["cache", "sync", "--from", from]))
        })
        .within("gh-pmu", 50.0))
}

/// Syncing from the directory, twenty changed.
pub fn collection_changed(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let (checkout, collection) = cached(lab)?;
    let from = collection.to_str().ok_or("the directory's name is no text")?.to_owned();
    let row = Row::new(format!("cache sync --from, {REPOS} manifests, {CHANGED} changed"), rounds)
        .writes()
        .with(floor(lab))
        .with_program(lab, "", |build| {
            Contestant::of(lab.program(build, &checkout, &["cache", "sync", "--from", &from]))
        })
        .within("gh-pmu", 150.0);
    let mut at = lab.now - 20 * DAY;
    Ok(row.before_round(move || {
        at += 1;
        let (changes, trackers, repos) = ((at % 2).to_string(), TRACKERS.to_string(), CHANGED.to_string());
        let args = [&trackers, "--updated-at", &rfc3339(at), "--changes", &changes, "--repos", &repos, "--dir"];
        lab.peer("manifest", &args.map(|arg| arg as &str)).arg(&collection).run()?;
        commit(lab, &Checkout::in_dir(collection.clone()), at)
    }))
}
