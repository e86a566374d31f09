//! The events of a damaged log that verify, found without the frames and waypoints that should lead to them.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::error::StoreError;
use super::files::Store;
use super::history::{History, Logged};
use super::view::View;
use crate::format::{EventRecord, SyncRecord};
use crate::model::{Seq, UnixMillis};
use crate::segment::{Salvage, salvage};

/// An event of live history that verifies.
pub(super) struct Live<'s, 'a> {
    /// Where its frame begins.
    frame: u64,
    pub(super) sync: Rc<SyncRecord>,
    pub(super) record: &'s EventRecord<'a>,
}

/// The events of live history by number, and where the last published frame begins (0 if none does).
pub(super) fn live_events<'s, 'a>(found: &'s Salvage<'a>) -> (u64, BTreeMap<Seq, Live<'s, 'a>>) {
    let is_published = |frame: &u64| found.sync_of(*frame).is_some_and(|sync| sync.history.is_some());
    let frames = found.headers.keys().chain(found.syncs.keys());
    let last_published = frames.copied().filter(is_published).max().unwrap_or(0);
    let mut syncs: BTreeMap<u64, Rc<SyncRecord>> = BTreeMap::new();
    let mut live = BTreeMap::new();
    for (seq, frame, record) in &found.events {
        let Some(sync) = syncs.get(frame).cloned().or_else(|| found.sync_of(*frame).map(Rc::new)) else { continue };
        syncs.insert(*frame, Rc::clone(&sync));
        if sync.history.is_some() || *frame > last_published {
            live.insert(*seq, Live { frame: *frame, sync, record });
        }
    }
    (last_published, live)
}

impl Store<'_> {
    /// Returns of when the newest manifest or answer is that verifies in the log of `view`, however damaged that is: reads
    /// all of it. `None` if there is none.
    pub fn newest_known(&self, view: &View) -> Option<UnixMillis> {
        let bytes = self.log_bytes(view).ok()?;
        salvage(&bytes, view.current().log.id).syncs.values().map(|sync| sync.updated_at).max()
    }

    fn log_bytes(&self, view: &View) -> Result<Vec<u8>, StoreError> {
        let path = view.log_path();
        let Some(file) = self.storage.open(&path).map_err(StoreError::io("read", &path))? else {
            return Ok(Vec::new());
        };
        let read = || file.read_at(0, file.len()?);
        read().map_err(StoreError::io("read", &path))
    }
}

impl History<'_> {
    /// Returns the live events that verify, oldest first, some of them behind what does not: reads all of the log.
    ///
    /// # Errors
    /// The system's.
    pub fn salvaged(&self) -> Result<Vec<Logged>, StoreError> {
        let bytes = self.store().log_bytes(self.view())?;
        let found = salvage(&bytes, self.view().current().log.id);
        let logged = |(seq, Live { frame, sync, record }): (Seq, Live<'_, '_>)| {
            let event = record.event.clone().into_owned();
            let is_first = frame == self.view().at().first_frame;
            let baseline = is_first && matches!(event.change, crate::model::Change::Added { .. });
            Logged { seq, prev: record.prev, event, published: sync.history.is_some(), sync, baseline }
        };
        // Without its frame's record an event has no id.
        let is_known = |(_, live): &(Seq, Live<'_, '_>)| found.syncs.contains_key(&live.frame);
        Ok(live_events(&found).1.into_iter().filter(is_known).map(logged).collect())
    }
}
