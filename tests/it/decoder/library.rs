//! Random steps of a store, each of its states decoded.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gh_pmu::format::{Mark, Source, SyncRecord};
use gh_pmu::fs::Disk;
use gh_pmu::model::{Kind, Repo, Seq, State, Tracker, TrackerNumber, UnixMillis};
use gh_pmu::store::{Logged, Moment, PATIENCE, Store, Writer};
use serde_json::{Value, json};

use super::decoders;
use crate::cli::lab::is_named;

const SEEDS: [u64; 2] = [1, 7];
const STEPS: usize = 40;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

type Trackers = BTreeMap<(Kind, u64), Tracker<'static>>;

struct Rig {
    cache: tempfile::TempDir,
    stages: tempfile::TempDir,
    dice: Dice,
    clock: i64,
    trackers: Trackers,
    expected: BTreeMap<String, Value>,
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn event(logged: &Logged) -> Value {
    json!({"id": logged.id().to_string(), "seq": logged.seq.0, "prev": logged.prev.0, "published": logged.published,
           "baseline": logged.baseline, "event": logged.event.change.as_str(), "number": logged.event.number.get(), "title": logged.event.change.title()})
}

/// What the library says of a store.
fn summary(store: &Store<'_>) -> Value {
    let view = store.view().unwrap().unwrap();
    assert!(view.damage().is_empty(), "{:?}", view.damage());
    let trackers = view.trackers().map(|item| {
        let item = item.unwrap();
        json!({"kind": item.tracker.kind.as_str(), "number": item.tracker.number.get(), "title": item.tracker.title,
               "lastSeq": item.last_seq.0})
    });
    let mut found = json!({"seq": view.seq().0, "publishedSeq": view.published_seq().0,
        "historyStart": view.history_start().0, "stateHash": text(&view.state_hash()),
        "historyHash": text(&view.history_hash().0), "trackers": trackers.collect::<Vec<_>>()});
    let history = store.history(&view).unwrap();
    let events =
        (0..history.span_count()).flat_map(|span| history.span(span).unwrap().iter().map(event).collect::<Vec<_>>());
    found["events"] = events.collect();
    found["superseded"] = history.superseded().unwrap().iter().map(event).collect();
    found
}

/// The same of what was decoded.
fn summary_of(decoded: &Value) -> Value {
    let pick = |value: &Value, fields: &[&str]| -> Value {
        let fields = fields.iter().map(|field| ((*field).to_owned(), value[field].clone()));
        Value::Object(fields.collect())
    };
    let all = |list: &str, fields: &[&str]| -> Value {
        decoded[list].as_array().unwrap().iter().map(|item| pick(item, fields)).collect()
    };
    let mut found = pick(decoded, &["seq", "publishedSeq", "historyStart", "stateHash", "historyHash"]);
    found["trackers"] = all("trackers", &["kind", "number", "title", "lastSeq"]);
    for list in ["events", "superseded"] {
        found[list] = all(list, &["id", "seq", "prev", "published", "baseline", "event", "number", "title"]);
    }
    found
}

impl Rig {
    fn new(seed: u64) -> Self {
        let (cache, stages) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (trackers, expected) = (Trackers::new(), BTreeMap::new());
        Self { cache, stages, dice: Dice(seed), clock: 1_700_000_000_000, trackers, expected }
    }

    fn repo() -> Repo {
        Repo::new("github.com", "Owner", "repo").unwrap()
    }

    fn store(&self) -> Store<'static> {
        Store::of(&Disk, self.cache.path(), &Self::repo())
    }

    fn writer(&self) -> Writer<'static> {
        self.store().writer(&Self::repo(), PATIENCE).unwrap()
    }

    /// Some trackers come, go and change.
    fn change(&mut self) -> Vec<Tracker<'static>> {
        for _ in 0..self.dice.below(6) {
            let (kind, number) = (Kind::ALL[self.dice.below(2) as usize], 1 + self.dice.below(20));
            let title = format!("{} {}", "ü".repeat(self.dice.below(40) as usize), self.dice.below(3));
            let time = |millis| UnixMillis::new(millis);
            let tracker = Tracker {
                kind,
                number: TrackerNumber::new(number).unwrap(),
                state: State::ALL[self.dice.below(2) as usize],
                title: title.into(),
                created_at: time(self.dice.below(3) as i64 - 1),
                closed_at: time(self.dice.below(3) as i64).filter(|_| self.dice.0 & 64 != 0),
            };
            match self.dice.below(4) {
                0 => drop(self.trackers.remove(&(kind, number))),
                _ => drop(self.trackers.insert((kind, number), tracker)),
            }
        }
        let mut trackers: Vec<_> = self.trackers.values().cloned().collect();
        trackers.sort_by(Tracker::list_order);
        trackers
    }

    fn record(&mut self, source: Source) -> SyncRecord {
        self.clock += 1000 * self.dice.below(5) as i64;
        let (now, some) = (UnixMillis::new(self.clock).unwrap(), self.dice.below(4) as u8);
        let manifest = (some != 0).then_some([some; 32]);
        let commit = (source == Source::Git).then(|| vec![some; 20]);
        SyncRecord { manifest, commit, ..SyncRecord::new(source, now, now) }
    }

    /// A random step; gives its name.
    fn step(&mut self) -> &'static str {
        match self.dice.below(12) {
            0..3 => self.commit(&[Source::Git]),
            3..5 => self.commit(&[Source::Api]),
            5 => self.commit(&[Source::Git, Source::Manifest, Source::Git]),
            6 => self.commit(&[Source::Git, Source::Git, Source::Api]),
            7 => drop(self.writer().compact().unwrap()),
            8 => {
                let view = self.store().view().unwrap();
                let span = view.map_or((0, 0), |view| (view.history_start().0, view.seq().0));
                let seq = Seq(span.0 + self.dice.below(1 + span.1.saturating_sub(span.0)) / 3);
                self.writer().prune_before(Moment::Seq(seq), false).unwrap();
                return "prune";
            }
            9 => {
                let log = self.log();
                let mut bytes = fs::read(&log).unwrap_or_default();
                bytes.extend(b"pmuF and what a crash leaves");
                fs::write(log, bytes).unwrap();
                return "torn";
            }
            10 => self.damage(),
            _ => self.mark(),
        }
        "step"
    }

    /// A commit of versions and answers, published if they are git's or a manifest's.
    fn commit(&mut self, sources: &[Source]) {
        let taken: Vec<_> = sources.iter().map(|source| (self.record(*source), self.change())).collect();
        let mut writer = self.writer();
        let mut batch = writer.batch().unwrap();
        for (record, trackers) in &taken {
            match record.source {
                Source::Api => batch.observed(record, trackers).unwrap(),
                Source::Git | Source::Manifest => batch.published(record, trackers).unwrap(),
            };
        }
        batch.commit().unwrap();
    }

    fn log(&self) -> PathBuf {
        let names = fs::read_dir(self.store().dir()).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| is_named(path, "log-")).max().unwrap()
    }

    /// Some of the log is damaged, and repaired from the present.
    fn damage(&mut self) {
        let log = self.log();
        let mut bytes = fs::read(&log).unwrap();
        let at = self.dice.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1;
        fs::write(log, bytes).unwrap();
        let (sync, now) = (self.record(Source::Git), UnixMillis::new(self.clock).unwrap());
        let trackers: Vec<_> = self.trackers.values().cloned().collect();
        let mut past = || vec![(sync.clone(), trackers.clone())];
        self.store().repair(&Self::repo(), PATIENCE, &mut past, now).unwrap();
    }

    fn mark(&mut self) {
        let store = self.store();
        let Some(view) = store.view().unwrap() else { return };
        let now = UnixMillis::new(self.clock).unwrap();
        let (published, name) = (view.published_seq(), "weekly".to_owned());
        let mark = Mark { name, published, published_id: None, observed_id: None, asked_at: now };
        store.record_mark(&view, mark).unwrap();
        store.record_tag(&view, "origin/main:.github/pmu-cache.json", "W/\"tag\"");
    }

    /// Keeps a copy of the store as it is, and what the library says of it.
    fn keep(&mut self, name: &str) {
        let store = self.store();
        let copy = self.stages.path().join(name);
        fs::create_dir_all(&copy).unwrap();
        for entry in fs::read_dir(store.dir()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        let verified = store.verify().unwrap().unwrap();
        assert!(verified.findings.is_empty(), "{name}: {:?}", verified.findings);
        self.expected.insert(name.to_owned(), summary(&store));
    }

    fn compare(&self) {
        let decoded = decoders::decode_each(self.stages.path());
        for (name, expected) in &self.expected {
            assert_ne!(decoded[name], Value::Null, "{name} is refused");
            equal(expected, &decoded[name], name);
        }
    }
}

/// Compares what the library says with what was decoded.
fn equal(expected: &Value, decoded: &Value, stage: &str) {
    let found = summary_of(decoded);
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&found[field], value, "{stage}: {field}, decoded left");
    }
}

/// Compares what the library says of a store with what was decoded.
pub fn agree(store: &Path, decoded: &Value, stage: &str) {
    equal(&summary(&Store::at(&Disk, store.to_owned())), decoded, stage);
}

#[test]
fn whatever_happens_to_a_store_the_decoders_see_the_same() {
    if !decoders::are_there() {
        return;
    }
    for seed in SEEDS {
        let mut rig = Rig::new(seed);
        // A log is never empty, so that a repair of it has something to keep.
        while rig.trackers.is_empty() {
            rig.commit(&[Source::Git]);
        }
        for number in 0..STEPS {
            let step = rig.step();
            rig.keep(&format!("{seed}-{number:03}-{step}"));
        }
        rig.compare();
    }
}
