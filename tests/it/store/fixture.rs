//! States, syncs, and what a reader sees, for all tests of the store.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gh_pmu::format::{Source, SyncRecord};
use gh_pmu::fs::Storage;
use gh_pmu::model::{Kind, Repo, State, Tracker, TrackerNumber, UnixMillis};
use gh_pmu::store::{Append, Store, StoreError, View, Writer};

/// Trackers in list order.
pub type Trackers = BTreeMap<(Kind, Reverse<TrackerNumber>), Tracker<'static>>;

/// What a reader can tell of a store: nothing yet, or its last event, how fresh it is, and its trackers.
pub type Seen = Option<(u64, i64, Vec<Tracker<'static>>)>;

pub const DIR: &str = "/cache/github.com/acme/widgets";

pub fn file(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

pub fn store(storage: &dyn Storage) -> Store<'_> {
    Store::at(storage, PathBuf::from(DIR))
}

pub fn writer(storage: &dyn Storage) -> Result<Writer<'_>, StoreError> {
    store(storage).writer(&repo(), Duration::ZERO)
}

pub fn repo() -> Repo {
    Repo::new("github.com", "acme", "widgets").unwrap()
}

pub fn tracker(kind: Kind, number: u64, state: State, title: &str) -> Tracker<'static> {
    Tracker {
        kind,
        number: TrackerNumber::new(number).unwrap(),
        state,
        title: title.to_owned().into(),
        created_at: UnixMillis::new(1_000 * number as i64),
        closed_at: None,
    }
}

pub fn trackers(list: impl IntoIterator<Item = Tracker<'static>>) -> Trackers {
    list.into_iter().map(|tracker| (tracker.list_key(), tracker)).collect()
}

/// A sync at a moment, which tells it from all others.
pub fn sync(moment: i64) -> SyncRecord {
    let at = UnixMillis::new(moment).unwrap();
    SyncRecord {
        manifest: Some(*blake3::hash(&moment.to_le_bytes()).as_bytes()),
        ..SyncRecord::new(Source::Manifest, at, at)
    }
}

pub fn sync_to(writer: &mut Writer<'_>, target: &Trackers, moment: i64) -> Result<Append, StoreError> {
    observe(writer, target, &sync(moment))
}

/// One commit of what was observed.
pub fn observe(writer: &mut Writer<'_>, target: &Trackers, record: &SyncRecord) -> Result<Append, StoreError> {
    let target: Vec<_> = target.values().cloned().collect();
    let mut batch = writer.batch()?;
    batch.observed(record, &target)?;
    batch.commit()
}

/// What a view shows, whatever it says of damage.
pub fn shown(view: Option<&View>) -> Result<Seen, StoreError> {
    let Some(view) = view else { return Ok(None) };
    let trackers: Result<Vec<_>, _> = view.trackers().map(|item| item.map(|item| item.tracker.into_owned())).collect();
    let fresh = view.freshness().map_or(i64::MIN, |fresh| fresh.synced_at.get());
    Ok(Some((view.seq().0, fresh, trackers?)))
}

/// What a reader sees of a store in which nothing is damaged.
pub fn seen(storage: &dyn Storage) -> Result<Seen, String> {
    let with_index = shown_undamaged(store(storage).view())?;
    let without_index = shown_undamaged(store(storage).view_without_index())?;
    if with_index == without_index { Ok(with_index) } else { Err("index and log differ".to_owned()) }
}

fn shown_undamaged(view: Result<Option<View>, StoreError>) -> Result<Seen, String> {
    let view = view.map_err(|error| format!("opening: {error}"))?;
    if let Some(damage) = view.iter().flat_map(View::damage).next() {
        return Err(format!("damage: {damage}"));
    }
    shown(view.as_ref()).map_err(|error| format!("reading: {error}"))
}
