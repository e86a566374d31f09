//! The worked example in `format.md` is what the program writes, byte for byte, and what it reads.
//!
//! With `WRITE_GOLDEN=1` in the environment, the example is written anew: for a new format version only.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gh_pmu::format::{Mark, Signature, SignatureMark, Source, SyncRecord};
use gh_pmu::fs::{Disk, Lock, ReadFile, Storage, WriteFile};
use gh_pmu::manifest;
use gh_pmu::model::{Repo, UnixMillis};
use gh_pmu::store::{PATIENCE, Store};

const FORMAT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/format.md");
const HEADING: &str = "## Worked example";
const FILES: [&str; 4] = ["CURRENT", "log-1", "index-2-2", "marks"];

/// The disk, with the random ids of the example.
struct ExampleDisk;

impl Storage for ExampleDisk {
    fn read(&self, path: &Path, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
        Disk.read(path, limit)
    }
    fn open(&self, path: &Path) -> std::io::Result<Option<Box<dyn ReadFile>>> {
        Disk.open(path)
    }
    fn create(&self, path: &Path) -> std::io::Result<Box<dyn WriteFile>> {
        Disk.create(path)
    }
    fn open_write(&self, path: &Path) -> std::io::Result<Box<dyn WriteFile>> {
        Disk.open_write(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        Disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> std::io::Result<bool> {
        Disk.remove(path)
    }
    fn remove_dir(&self, path: &Path) -> std::io::Result<bool> {
        Disk.remove_dir(path)
    }
    fn create_dir(&self, path: &Path) -> std::io::Result<()> {
        Disk.create_dir(path)
    }
    fn list(&self, dir: &Path) -> std::io::Result<Vec<String>> {
        Disk.list(dir)
    }
    fn sync_dir(&self, dir: &Path) -> std::io::Result<()> {
        Disk.sync_dir(dir)
    }
    fn try_lock(&self, path: &Path) -> std::io::Result<Option<Box<dyn Lock>>> {
        // What another test starts holds the lock too, from its fork to its exec.
        for _ in 0..1000 {
            if let Some(lock) = Disk.try_lock(path)? {
                return Ok(Some(lock));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(None)
    }
    fn signature(&self, path: &Path) -> std::io::Result<Option<Signature>> {
        Disk.signature(path)
    }
    fn wait(&self, time: Duration) {
        Disk.wait(time);
    }
    fn nonce(&self) -> [u8; 16] {
        *b"id of an example"
    }
}

const FIRST: &str = r#"{"version": 1, "updated_at": "2024-12-20T10:00:00Z", "repo": "Octo-Org/atlas",
 "releases": [
  {"number": 430, "title": "Release: v0.9.0", "state": "OPEN", "createdAt": "2024-12-20T08:00:00Z", "closedAt": null},
  {"number": 7, "title": "Release: v0.1.0 (Été)", "state": "CLOSED", "createdAt": "2024-01-02T03:04:05Z", "closedAt": "2024-02-03T04:05:06.789Z"}],
 "microsprints": [{"number": 430, "title": "Microsprint: cache", "state": "OPEN"}]}"#;

const SECOND: &str = r#"{"version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "Octo-Org/atlas",
 "releases": [
  {"number": 430, "title": "Release: v0.9.1", "state": "CLOSED", "createdAt": "2024-12-20T08:00:00Z", "closedAt": "2024-12-24T09:59:00Z"},
  {"number": 7, "title": "Release: v0.1.0 (Été)", "state": "CLOSED", "createdAt": "2024-01-02T03:04:05Z", "closedAt": "2024-02-03T04:05:06.789Z"}],
 "microsprints": []}"#;

/// Records a manifest: published if it has a commit, else observed.
fn sync(store: &Store<'_>, text: &str, synced_at: &str, commit: Option<Vec<u8>>) {
    let manifest = manifest::parse(text.as_bytes()).unwrap();
    let repo = manifest.repo.as_ref().unwrap().on(Repo::DEFAULT_HOST).unwrap();
    let mut writer = store.writer(&repo, PATIENCE).unwrap();
    let updated_at = manifest.updated_at;
    let record = SyncRecord {
        manifest: Some(*blake3::hash(text.as_bytes()).as_bytes()),
        ..SyncRecord::new(Source::Manifest, updated_at, UnixMillis::parse_rfc3339(synced_at).unwrap())
    };
    let mut batch = writer.batch().unwrap();
    match commit {
        None => batch.observed(&record, &manifest.trackers).unwrap(),
        commit => {
            let record = SyncRecord { source: Source::Git, commit, ..record };
            batch.published(&record, &manifest.trackers).unwrap()
        }
    };
    batch.commit().unwrap();
}

fn mark(store: &Store<'_>) {
    let time = |text| UnixMillis::parse_rfc3339(text).unwrap();
    let mut writer = store.writer(&Repo::parse("Octo-Org/atlas", Repo::DEFAULT_HOST).unwrap(), PATIENCE).unwrap();
    writer.settle().unwrap();
    let signature = Signature { device: 1, inode: 2, len: 3, modified: 4, changed: 5 };
    let manifest = *blake3::hash(SECOND.as_bytes()).as_bytes();
    let signature = SignatureMark { path_key: *b"key of a path 16", signature, recorded: 6, manifest, seen: None };
    writer.record_checked(Some(signature), time("2024-12-25T10:00:01Z"));
    let view = writer.into_view().0.unwrap();
    let history = store.history(&view).unwrap();
    let (last, asked_at) = (history.event(view.seq()).unwrap().unwrap(), time("2024-12-25T10:00:02Z"));
    let (published, published_id) = (last.seq, Some(last.id()));
    store
        .record_mark(&view, Mark { name: "report".into(), published, published_id, observed_id: None, asked_at })
        .unwrap();
    store.record_tag(&view, "HEAD:.github/pmu-cache.json", "\"an entity tag\"");
}

/// The files that the program writes for the example, in a directory that the caller keeps.
fn write_example(cache: &Path) -> PathBuf {
    let repo = Repo::parse("Octo-Org/atlas", Repo::DEFAULT_HOST).unwrap();
    let store = Store::of(&ExampleDisk, cache, &repo);
    sync(&store, FIRST, "2024-12-20T10:00:07.250Z", None);
    sync(&store, SECOND, "2024-12-24T10:00:09Z", None);
    sync(&store, SECOND, "2024-12-25T10:00:00Z", Some((1..=20).collect()));
    mark(&store);
    store.dir().to_owned()
}

fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    let rows = bytes.len().div_ceil(16);
    for (row, line) in bytes.chunks(16).enumerate() {
        // A row of zeros that is left out.
        if row + 1 < rows && line.iter().all(|byte| *byte == 0) {
            continue;
        }
        write!(text, "{:04x} ", row * 16).unwrap();
        line.iter().for_each(|byte| write!(text, " {byte:02x}").unwrap());
        text.push('\n');
    }
    text
}

/// The hex dumps of the example, by the file name that stands in bold before each.
fn read_dumps() -> BTreeMap<String, Vec<u8>> {
    let format = std::fs::read_to_string(FORMAT).unwrap();
    let (_, example) = format.split_once(HEADING).unwrap();
    let mut dumps = BTreeMap::new();
    let mut parts = example.split("```");
    while let (Some(before), Some(block)) = (parts.next(), parts.next()) {
        let name = before.rsplit("**`").next().unwrap().split('`').next().unwrap();
        let mut bytes = Vec::new();
        for line in block.lines().skip(1) {
            let mut words = line.split_whitespace();
            bytes.resize(usize::from_str_radix(words.next().unwrap(), 16).unwrap(), 0);
            bytes.extend(words.map(|byte| u8::from_str_radix(byte, 16).unwrap()));
        }
        dumps.insert(name.to_owned(), bytes);
    }
    dumps
}

#[test]
fn the_program_writes_the_example_byte_for_byte() {
    let cache = tempfile::tempdir().unwrap();
    let dir = write_example(cache.path());
    if std::env::var_os("WRITE_GOLDEN").is_some() {
        let format = std::fs::read_to_string(FORMAT).unwrap();
        for name in FILES {
            println!("**`{name}`**\n\n```text\n{}```\n", dump(&std::fs::read(dir.join(name)).unwrap()));
        }
        assert!(format.contains(HEADING));
        return;
    }
    let dumps = read_dumps();
    assert_eq!(dumps.keys().collect::<Vec<_>>(), ["CURRENT", "index-2-2", "log-1", "marks"]);
    for (name, expected) in dumps {
        assert_eq!(dump(&std::fs::read(dir.join(&name)).unwrap()), dump(&expected), "{name}");
    }
}

#[test]
fn the_program_reads_the_example() {
    let cache = tempfile::tempdir().unwrap();
    let dir = cache.path().join("github.com/octo-org/atlas");
    std::fs::create_dir_all(&dir).unwrap();
    for (name, bytes) in read_dumps() {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
    let store = Store::at(&Disk, dir);
    let expected = manifest::parse(SECOND.as_bytes()).unwrap();
    for view in [store.view(), store.view_without_index()] {
        let view = view.unwrap().unwrap();
        assert!(view.damage().is_empty());
        assert_eq!(view.repo(), "github.com/Octo-Org/atlas");
        assert_eq!((view.seq().0, view.published_seq().0, view.history_start().0), (2, 2, 1));
        let trackers: Vec<_> = view.trackers().map(|item| item.unwrap().tracker.into_owned()).collect();
        assert_eq!(trackers, expected.trackers);
    }
}
