//! Writing a log anew: for pruning, repair and rebuilding. The new files replace the old ones by one rename.

use std::collections::HashMap;
use std::rc::Rc;

use super::error::StoreError;
use super::tail::Tail;
use super::view::{LogEnd, View};
use super::write::{Writer, fold_own, segment_name};
use crate::format::{
    Chain, CommitBuilder, Current, FileId, FrameKind, Freshness, SEGMENT_HEADER_LEN, SegmentHeader, SyncRecord,
    chain_of,
};
use crate::fs::publish;
use crate::model::{Event, Kind, Seq, Tracker, TrackerNumber, UnixMillis};

/// What becomes of a log that another replaces.
#[derive(Clone, Copy, Debug)]
pub enum Replaced {
    /// State and numbers stay: what `checked` and `last` say of it holds.
    Same,
    /// What was acknowledged may be lost.
    Damaged,
    /// Its events are numbered anew.
    Renumbered,
}

/// A log in the making: one segment, in memory.
pub struct Rewrite {
    header: SegmentHeader,
    bytes: Vec<u8>,
    chain: Chain,
    next_seq: Seq,
    last_seqs: HashMap<(Kind, TrackerNumber), Seq>,
    /// Of the frame before.
    last_sync: Option<SyncRecord>,
}

/// Events of one sync, with no number missing between them.
pub(super) struct Run<'l> {
    pub(super) first_seq: Seq,
    pub(super) sync: Rc<SyncRecord>,
    pub(super) events: Vec<Event<'l>>,
}

impl Writer<'_> {
    /// Starts a log whose first event will be `first_seq`.
    pub fn rewrite(&self, first_seq: Seq) -> Rewrite {
        self.rewrite_behind(self.view.as_ref(), first_seq)
    }

    /// As [`Self::rewrite`], to replace the log of `old`.
    pub(super) fn rewrite_behind(&self, old: Option<&View>, first_seq: Seq) -> Rewrite {
        // Addresses only grow, so that `checked` cannot take the new log for the old one; no name is used again.
        let behind = |view: &View| (view.tail.address.max(view.log_end_address()), view.current.generation + 1);
        let (base, generation) = old.map_or((0, 1), behind);
        let id = FileId(self.store.storage.nonce());
        let header = SegmentHeader { id, base, first_seq, prev: Chain::START, generation };
        Rewrite {
            bytes: header.encode(),
            header,
            chain: Chain::START,
            next_seq: first_seq,
            last_seqs: HashMap::new(),
            last_sync: None,
        }
    }

    /// Makes `rewrite` the log, as fresh as `freshness` says. Old files are removed; those that were marked are set aside.
    ///
    /// # Errors
    /// The system's; the store is then as it was.
    pub fn replace_log(
        &mut self,
        rewrite: Rewrite,
        freshness: Option<Freshness>,
        replaced: Replaced,
    ) -> Result<(), StoreError> {
        self.check_poison()?;
        let done = self.replace_log_by(rewrite, freshness, replaced);
        self.poisoned |= done.is_err();
        done
    }

    fn replace_log_by(
        &mut self,
        rewrite: Rewrite,
        freshness: Option<Freshness>,
        replaced: Replaced,
    ) -> Result<(), StoreError> {
        let Rewrite { header, bytes, .. } = rewrite;
        let name = segment_name(&header);
        let path = self.store.file(&name.file_name());
        publish(self.store.storage, &path, &[&bytes]).map_err(StoreError::io("write", &path))?;
        self.store.sync_dir()?;
        let (generation, repo, old) = match &self.view {
            Some(view) => (view.current.generation, view.current.repo.clone(), Some(view.current.store)),
            None => (0, self.repo.clone(), None),
        };
        // A new store has its segment's id, as a first sync gives it: without CURRENT it is told from that.
        let nonce = if old.is_none() { header.id } else { FileId(self.store.storage.nonce()) };
        let store = match replaced {
            Replaced::Same => old.unwrap_or(nonce),
            Replaced::Damaged | Replaced::Renumbered => nonce,
        };
        let mut view = View {
            dir: self.store.dir.clone(),
            current: Current {
                store,
                generation,
                index: None,
                history_start: header.first_seq,
                freshness: None,
                segments: vec![name],
                repo,
            },
            index: None,
            tail: Tail::start(header.base + SEGMENT_HEADER_LEN, header.first_seq, Chain::START),
            checked: self
                .view
                .as_ref()
                .filter(|_| matches!(replaced, Replaced::Same))
                .and_then(|view| view.checked.clone()),
            end: LogEnd { offset: bytes.len() as u64, file_len: bytes.len() as u64 },
            damage: Vec::new(),
            state_in_doubt: false,
            current_recovered: false,
        };
        fold_all(&mut view, &bytes)?;
        let address = view.tail.address;
        view.current.freshness = freshness.map(|fresh| Freshness { address, ..fresh });
        let retired = self.live_files();
        self.file = None;
        let index = view.index_bytes()?;
        self.write_compacted(view, index)?;
        for name in retired {
            // Best effort: what stays is not named by CURRENT, and retired by the next writer.
            let _ = self.store.retire(&name);
        }
        let _ = self.store.sync_dir();
        Ok(())
    }

    pub(super) fn live_files(&self) -> Vec<String> {
        let Some(view) = &self.view else { return Vec::new() };
        let segments = view.current.segments.iter().map(super::SegmentName::file_name);
        segments.chain(view.current.index.map(|index| index.file_name())).collect()
    }
}

impl Rewrite {
    /// The next event's number.
    pub fn next_seq(&self) -> Seq {
        self.next_seq
    }

    /// The state from which the log starts; before anything else. Each tracker comes with its last event.
    pub fn base<'t>(&mut self, sync: &SyncRecord, trackers: impl IntoIterator<Item = (Tracker<'t>, Seq)>) {
        let mut builder = self.builder(FrameKind::Base, self.next_seq, sync);
        for (tracker, last_seq) in trackers {
            self.last_seqs.insert((tracker.kind, tracker.number), last_seq);
            builder.tracker(&tracker, last_seq);
        }
        self.push(builder);
        self.last_sync = Some(sync.clone());
    }

    /// The next commit; its events take the next numbers.
    pub fn commit<'e>(&mut self, sync: &SyncRecord, events: impl IntoIterator<Item = Event<'e>>) {
        let mut builder = self.builder(FrameKind::Commit, self.next_seq, sync);
        for event in events {
            let seq = self.next_seq;
            let prev = self.last_seqs.insert((event.kind, event.number), seq).unwrap_or_default();
            builder.event(prev, &event);
            self.next_seq = seq.next();
        }
        self.push(builder);
        self.last_sync = Some(sync.clone());
    }

    /// A note that the events from here up to `next_seq` are lost, if there are any. It repeats the time of the frame
    /// before it; where there is none, that of `following`.
    pub fn skip_to(&mut self, next_seq: Seq, following: &SyncRecord, synced_at: UnixMillis) {
        if next_seq <= self.next_seq {
            return;
        }
        let last = self.last_sync.as_ref().unwrap_or(following).clone();
        let note = format!("events before {next_seq} are lost");
        self.note(&SyncRecord { synced_at, manifest: None, commit: None, note, ..last }, next_seq);
    }

    /// A repair in words. `next_seq` is the number of the event behind it: those skipped are lost.
    pub fn note(&mut self, sync: &SyncRecord, next_seq: Seq) {
        let builder = self.builder(FrameKind::Note, next_seq, sync);
        self.next_seq = next_seq;
        self.push(builder);
    }

    fn builder(&self, kind: FrameKind, first_seq: Seq, sync: &SyncRecord) -> CommitBuilder {
        CommitBuilder::new(kind, self.header.id, self.bytes.len() as u64, first_seq, self.chain, sync)
    }

    fn push(&mut self, builder: CommitBuilder) {
        let frame = builder.finish();
        self.chain = chain_of(&frame);
        self.bytes.extend_from_slice(&frame);
    }
}

/// Folds a whole segment that was just written, through the reader's own code.
fn fold_all(view: &mut View, bytes: &[u8]) -> Result<(), StoreError> {
    let name = view.current.segments[0];
    let mut offset = SEGMENT_HEADER_LEN;
    while (offset as usize) < bytes.len() {
        let end = fold_own(view, &bytes[offset as usize..], name, offset)?;
        offset = end;
    }
    Ok(())
}

impl Run<'_> {
    /// Whether an event goes on where this ends.
    pub(super) fn goes_on_with(&self, seq: Seq, sync: &Rc<SyncRecord>) -> bool {
        let next = self.first_seq.0 + self.events.len() as u64;
        next == seq.0 && (Rc::ptr_eq(&self.sync, sync) || self.sync == *sync)
    }
}

/// Groups events by the sync that brought them.
pub(super) fn by_sync(events: Vec<super::history::Logged<'_>>) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for logged in events {
        match runs.last_mut() {
            Some(run) if run.goes_on_with(logged.seq, &logged.sync) => run.events.push(logged.event),
            _ => runs.push(Run { first_seq: logged.seq, sync: logged.sync, events: vec![logged.event] }),
        }
    }
    runs
}
