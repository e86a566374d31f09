//! Real histories, replayed version by version into a store of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gh_pmu::format::{Source, SyncRecord};
use gh_pmu::fs::Disk;
use gh_pmu::manifest;
use gh_pmu::model::{Event, Repo, Tracker, UnixMillis, diff};
use gh_pmu::store::{PastState, Store};
use gh_pmu::sync::{History, Hosting, Now, Options, Outcome, locate, sync};

pub const HOSTING: Hosting<'static> =
    Hosting { named: Some("github.com"), hosts_file: None, read_hosts: |_| Vec::new() };

/// One version of a manifest.
pub struct Version {
    pub bytes: Vec<u8>,
    pub updated_at: UnixMillis,
    pub trackers: Vec<Tracker<'static>>,
}

/// A history, and a store that saw all of it.
pub struct Replay {
    _dir: tempfile::TempDir,
    pub cache: PathBuf,
    pub manifest: PathBuf,
    pub versions: Vec<Version>,
    /// What each version's sync came to.
    pub outcomes: Vec<Outcome>,
    pub repo: Repo,
}

fn git(args: &[&str]) -> Vec<u8> {
    let output = Command::new("git").args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The versions of a bundle of `tests/data`, oldest first.
pub fn versions(dir: &Path, bundle: &str) -> Vec<Version> {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(bundle);
    let clone = dir.join("clone");
    let at = clone.to_str().unwrap();
    git(&["clone", "-q", bundle.to_str().unwrap(), at]);
    let log = String::from_utf8(git(&["-C", at, "log", "--first-parent", "--reverse", "--format=%H"])).unwrap();
    let version = |commit: &str| {
        let bytes = git(&["-C", at, "cat-file", "blob", &format!("{commit}:.github/pmu-cache.json")]);
        let manifest = manifest::parse(&bytes).unwrap();
        let trackers = manifest.trackers.into_iter().map(Tracker::into_owned).collect();
        Version { updated_at: manifest.updated_at, trackers, bytes }
    };
    log.lines().map(version).collect()
}

impl Replay {
    /// Syncs every version of a bundle, calling `after` behind each.
    pub fn of(bundle: &str, mut after: impl FnMut(&Version, &Store<'_>, &Outcome)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (cache, manifest) = (dir.path().join("cache"), dir.path().join("manifest.json"));
        let versions = versions(dir.path(), bundle);
        let mut outcomes = Vec::new();
        let mut repo = None;
        for version in &versions {
            std::fs::write(&manifest, &version.bytes).unwrap();
            let synced = sync_now(&cache, &manifest, false);
            after(version, &Store::of(&Disk, &cache, &synced.0), &synced.1);
            outcomes.push(synced.1);
            repo = Some(synced.0);
        }
        Self { _dir: dir, cache, manifest, versions, outcomes, repo: repo.unwrap() }
    }

    /// What git holds, as a repair asks for it.
    pub fn past(&self) -> Vec<PastState> {
        let state = |version: &Version| {
            let sync = SyncRecord::new(Source::Git, version.updated_at, version.updated_at);
            (sync, version.trackers.clone())
        };
        self.versions.iter().map(state).collect()
    }

    pub fn store(&self) -> Store<'static> {
        Store::of(&Disk, &self.cache, &self.repo)
    }
}

/// Syncs a manifest file as a list would.
pub fn sync_now(cache: &Path, manifest: &Path, force: bool) -> (Repo, Outcome) {
    let located = locate(&Disk, cache, None, manifest.to_owned(), HOSTING);
    let options = Options { force, ..Options::new(History::AtHand, Duration::from_secs(5)) };
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Now { nanos: i64::try_from(since_epoch.as_nanos()).unwrap() };
    let synced = sync(&Disk, cache, &located, HOSTING, options, now).unwrap();
    (synced.repo, synced.outcome)
}

/// The events that lead from one version to the next ones, in order.
pub fn diffs(versions: &[Version]) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    for pair in versions.windows(2) {
        diff(pair[0].trackers.iter().cloned(), &pair[1].trackers, &mut events);
    }
    events
}
