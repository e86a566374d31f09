//! With the real git and the real disk: what everybody must have in common, and what each machine may know for itself.

mod machines;
mod many;
mod orders;
mod rebuilds;
mod schedules;
mod strange;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::*;
use crate::format::{EventId, Fork};
use crate::fs::Disk;
use crate::git::{Checkout, Limits};
use crate::github::Answer;
use crate::model::{Repo, Tracker, UnixMillis};
use crate::store::{Store, View};

const PATH: &str = ".github/pmu-cache.json";
const HOSTING: Hosting<'static> = Hosting { named: None, hosts_file: None, read_hosts: |_| Vec::new() };
/// 2026-11-26.
const NOW: Now = Now { nanos: 1_795_600_000_000_000_000 };

/// A list's.
const OPTIONS: Options<'static> = Options::new(History::AtHand, Duration::from_secs(5));

/// One machine: a clone, and a cache of its own.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn empty() -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(machine.root()).unwrap();
        machine
    }

    /// With an empty repository.
    fn new() -> Self {
        let machine = Self::empty();
        machine.git(&["init", "-q"]);
        machine
    }

    fn clone_of(url: &str, more: &[&str]) -> Self {
        let machine = Self::empty();
        machine.git(&[&["clone", "-q"], more, &[url, "."]].concat());
        machine
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    fn url(&self) -> String {
        format!("file://{}", self.root().display())
    }

    fn git(&self, args: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.root()).env("HOME", self.dir.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        // Whatever clock runs the tests: commits are made before NOW.
        git.env("GIT_COMMITTER_DATE", "2025-01-01T00:00:00Z").env("GIT_AUTHOR_DATE", "2025-01-01T00:00:00Z");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]);
        let done = git.args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    /// Takes the object that `what` names out of git's store.
    fn lose(&self, what: &str) {
        let id = self.git(&["rev-parse", what]);
        fs::remove_file(self.root().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    }

    fn write(&self, manifest: &str) {
        let path = self.root().join(PATH);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, manifest).unwrap();
    }

    fn commit(&self, manifest: &str) {
        self.write(manifest);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "m"]);
    }

    fn located(&self) -> Located {
        self.located_for(&self.cache())
    }

    fn located_for(&self, cache: &Path) -> Located {
        let checkout = Checkout::find(&self.root(), Path::new(PATH));
        locate(&Disk, cache, checkout, self.root().join(PATH), HOSTING)
    }

    /// A sync of this clone into the cache of another one.
    fn sync_into(&self, other: &Machine) -> Synced {
        let (cache, options) = (other.cache(), Options { explain: true, ..OPTIONS });
        sync(&Disk, &cache, &self.located_for(&cache), HOSTING, options, NOW).unwrap()
    }

    fn try_sync<'a>(&self, change: impl FnOnce(&mut Options<'a>)) -> Result<Synced, SyncError> {
        let mut options = OPTIONS;
        change(&mut options);
        sync(&Disk, &self.cache(), &self.located(), HOSTING, options, NOW)
    }

    fn sync(&self) -> Synced {
        self.try_sync(|_| ()).unwrap()
    }

    fn store(&self, repo: &str) -> Store<'static> {
        Store::of(&Disk, &self.cache(), &Repo::parse(repo, Repo::DEFAULT_HOST).unwrap())
    }

    fn view(&self, repo: &str) -> View {
        self.store(repo).view().unwrap().unwrap()
    }

    /// GitHub's answer, asked for and recorded.
    fn refresh(&self, repo: &str, trackers: &[Tracker<'static>], answered_at: UnixMillis) -> Synced {
        let repo = Repo::parse(repo, Repo::DEFAULT_HOST).unwrap();
        let said = Said::Issues(Answer { trackers: trackers.to_vec(), answered_at });
        let recording = Recording { force: false, patience: Duration::from_secs(5), past: None, now: NOW };
        record(&Disk, &self.cache(), &repo, &said, recording).unwrap()
    }

    /// What git has now, as the marks of a view have it of when it was looked through.
    fn key_now(&self, view: &View) -> Option<[u8; 16]> {
        let seen = view.marks()?.signatures.first()?.seen.clone()?;
        super::checkout::seen_key(self.located().git()?, &seen.reference)
    }

    /// Every live event: its number, its name, and whether it is for good.
    fn events(&self, repo: &str) -> Vec<(u64, EventId, bool)> {
        let store = self.store(repo);
        let history = store.history(&self.view(repo)).unwrap();
        let spans = (0..history.span_count()).map(|span| history.span(span).unwrap());
        spans.flat_map(|span| span.iter().map(|of| (of.seq.0, of.id(), of.published)).collect::<Vec<_>>()).collect()
    }

    fn titles(&self, repo: &str) -> Vec<String> {
        titles(&self.view(repo))
    }
}

fn titles(view: &View) -> Vec<String> {
    view.trackers().map(|item| item.unwrap().tracker.title.into_owned()).collect()
}

fn time(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

/// The only one of a manifest.
fn tracker(title: &str) -> Tracker<'static> {
    let text = manifest(1, &[title]);
    let manifest = crate::manifest::parse(text.as_bytes()).unwrap();
    manifest.trackers.into_iter().next().unwrap().into_owned()
}

/// A manifest of `repo` of this hour, with these release titles, the oldest first.
fn manifest_of(repo: &str, hour: u32, titles: &[&str]) -> String {
    let tracker = |(at, title): (usize, &&str)| {
        let number = at + 1;
        format!(
            r#"{{"number": {number}, "title": "{title}", "state": "OPEN", "createdAt": "2024-12-0{number}T00:00:00Z"}}"#
        )
    };
    let trackers: Vec<String> = titles.iter().enumerate().map(tracker).collect();
    format!(
        r#"{{"version": 1, "updated_at": "2024-12-24T{hour:02}:00:00Z", "repo": "{repo}", "releases": [{}]}}"#,
        trackers.join(", ")
    )
}

/// The same of o/r.
fn manifest(hour: u32, titles: &[&str]) -> String {
    manifest_of("o/r", hour, titles)
}

/// What is committed, at the time that it says.
fn publish(theirs: &Machine, hour: u32, titles: &[&str]) {
    theirs.commit(&manifest(hour, titles));
}
