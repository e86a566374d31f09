//! Mending a damaged store: keeps all that verifies, tells what cannot be brought back, throws nothing away.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::clear::is_numbered;
use super::error::StoreError;
use super::gap::{Known, Whole, fill};
use super::rewrite::Replaced;

use super::view::View;
use super::write::Writer;
use super::{CHECKED, CURRENT, LAST, Store, TAG};
use crate::format::{Current, FrameKind, SyncRecord};
use crate::log::salvage;
use crate::model::{Repo, Seq, Tracker, UnixMillis};

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Damage found, in words.
    pub found: Vec<String>,
    /// Files set aside, under their new names.
    pub aside: Vec<String>,
    /// Events that verify, and were kept.
    pub kept: u64,
    /// Events brought back from the index, later events or git.
    pub recovered: u64,
    /// Events lost: their changes, where they lasted, are among those recovered.
    pub lost: u64,
    /// The first event that history holds now.
    pub history_start: Seq,
    /// Whether commits at the end may be missing, which no number tells.
    pub end_in_doubt: bool,
    /// Nothing verified: the store is gone, set aside, and begins anew with the next sync.
    pub begun_anew: bool,
}

/// A state that git still holds: the sync that would have brought it, and its trackers in list order.
pub type PastState = (SyncRecord, Vec<Tracker<'static>>);

impl Store<'_> {
    /// Repairs the store; `past` is asked for older states only if something is missing. `None` where there is nothing
    /// to repair.
    ///
    /// # Errors
    /// Another writer, and the system's. The store is then as it was.
    pub fn repair(
        &self,
        repo: &Repo,
        patience: Duration,
        past: &mut dyn FnMut() -> Vec<PastState>,
        now: UnixMillis,
    ) -> Result<Option<Repaired>, StoreError> {
        if self.verify()?.is_none_or(|verified| verified.findings.is_empty()) {
            return Ok(None);
        }
        let lock = self.lock_made(patience)?;
        // What counts is what stands there now that nobody else writes.
        let Some(verified) = self.verify()? else { return Ok(None) };
        let mut repaired = Repaired::default();
        for finding in &verified.findings {
            repaired.found.push(format!(
                "{}: byte {}: {}: {}",
                finding.path.display(),
                finding.offset,
                finding.record,
                finding.what
            ));
        }
        if verified.findings.is_empty() {
            return Ok(None);
        }
        let names = verified.findings.iter().filter_map(|finding| finding.path.file_name()?.to_str());
        let mut damaged: Vec<String> = names.map(str::to_owned).collect();
        damaged.sort_unstable();
        damaged.dedup();
        self.keep_damaged(&damaged, &mut repaired)?;
        let mut writer = match self.writer_under(Rc::clone(&lock), repo) {
            Ok(writer) => writer,
            Err(StoreError::Damaged(_)) => return self.begin_anew(repaired).map(Some),
            Err(error) => return Err(error),
        };
        let log_damaged = damaged.iter().any(|name| name.starts_with("log-"));
        if log_damaged || writer.view.as_ref().is_none_or(|view| view.state_in_doubt) {
            self.rewrite_log(&mut writer, past, now, &mut repaired)?;
        } else {
            // CURRENT was written anew when the writer opened, and the index where its header did not verify.
            let live = writer.view.as_ref().and_then(|view| view.current.index);
            if live.is_some_and(|live| damaged.contains(&live.file_name())) {
                writer.renew_index()?;
            }
            writer.note_repair(&repaired.found, now)?;
            repaired.kept = verified.events;
            repaired.history_start = writer.view.as_ref().map_or(Seq(1), View::history_start);
        }
        Ok(Some(repaired))
    }

    /// `checked`, `last` and `tag` may vanish, and are set aside at once; `CURRENT` is copied, segments and indexes are
    /// marked, for they are retired only when others have taken their place.
    fn keep_damaged(&self, damaged: &[String], repaired: &mut Repaired) -> Result<(), StoreError> {
        for name in damaged {
            repaired.aside.extend(match name.as_str() {
                CHECKED | LAST | TAG => self.set_aside(name)?,
                CURRENT => self.copy_aside(name)?,
                name if is_numbered(name) => self.mark_aside(name)?,
                _ => None,
            });
        }
        self.sync_dir()
    }

    /// Nothing verifies: all of it is set aside.
    fn begin_anew(&self, mut repaired: Repaired) -> Result<Repaired, StoreError> {
        let mut aside = Vec::new();
        for name in self.own_names()?.iter().filter(|name| is_numbered(name)) {
            aside.extend(self.set_aside(name)?);
        }
        // Not damaged, it was not copied yet: it names files that are gone.
        aside.extend(self.copy_aside(CURRENT)?);
        self.sync_dir()?;
        let path = self.file(CURRENT);
        self.storage.remove(&path).map_err(StoreError::io("remove", &path))?;
        self.sync_dir()?;
        aside.retain(|name| !repaired.aside.contains(name));
        repaired.aside.append(&mut aside);
        repaired.begun_anew = true;
        Ok(repaired)
    }

    fn rewrite_log(
        &self,
        writer: &mut Writer<'_>,
        past: &mut dyn FnMut() -> Vec<PastState>,
        now: UnixMillis,
        repaired: &mut Repaired,
    ) -> Result<(), StoreError> {
        let Some(view) = &writer.view else { return Ok(()) };
        let current = view.current.clone();
        let known = self.known(&current, view)?;
        let freshness = view.freshness();
        let mut rewrite = None;
        let filled = fill(known, past);
        let first_seq = filled.base.as_ref().map_or(Seq(1), |base| base.behind.next());
        let rewrite = rewrite.insert(writer.rewrite(first_seq));
        let mut last = None;
        if let Some(base) = filled.base {
            rewrite.base(&base.sync, base.trackers);
            last = Some(Rc::new(base.sync));
        }
        for step in &filled.steps {
            rewrite.skip_to(step.first_seq, &step.sync, now);
            rewrite.commit(&step.sync, step.events.iter().cloned());
        }
        let last = filled.steps.last().map(|step| Rc::clone(&step.sync)).or(last);
        repaired.kept = filled.kept;
        repaired.recovered = filled.recovered;
        repaired.lost = filled.lost;
        repaired.end_in_doubt = filled.tail_in_doubt;
        repaired.history_start = first_seq;
        if let Some(last) = last {
            let next = rewrite.next_seq().max(filled.next_seq);
            rewrite.note(&note(&last, summary(repaired), now), next);
        }
        if repaired.lost > 0 {
            // What verifies was not enough to tell all: the rest of the old log may tell more to others.
            for name in writer.live_files().into_iter().filter(|name| name.starts_with("log-")) {
                let aside = self.mark_aside(&name)?.filter(|aside| !repaired.aside.contains(aside));
                repaired.aside.extend(aside);
            }
        }
        // A manifest that was taken in last is taken in again: its changes may be among those lost.
        let freshness = freshness.filter(|_| repaired.lost == 0 && !filled.tail_in_doubt);
        let rewrite = std::mem::replace(rewrite, writer.rewrite(Seq(1)));
        writer.replace_log(rewrite, freshness, Replaced::Damaged)
    }

    /// Everything that verifies, from every live segment, and the state of the index.
    fn known(&self, current: &Current, view: &View) -> Result<Known, StoreError> {
        let mut known =
            Known { first_seq: current.history_start, tail_in_doubt: view.state_in_doubt, ..Known::default() };
        for name in &current.segments {
            let path = self.file(&name.file_name());
            let io = || StoreError::io("read", &path);
            let Some(file) = self.storage.open(&path).map_err(io())? else { continue };
            let len = file.len().map_err(io())?.min(name.end);
            let bytes = file.bytes(len).map_err(io())?;
            let found = salvage(&bytes, name.id);
            let mut syncs: BTreeMap<u64, Rc<SyncRecord>> = BTreeMap::new();
            for (seq, (frame, record)) in &found.events {
                let Some(sync) = found.sync_of(*frame) else { continue };
                let sync = Rc::clone(syncs.entry(*frame).or_insert_with(|| Rc::new(sync)));
                known.events.insert(*seq, (sync, record.event.clone().into_owned()));
            }
            let base = found.headers.iter().find(|(_, header)| header.kind == FrameKind::Base);
            if let (Some((frame, header)), Some(sync)) = (base, base.and_then(|(frame, _)| found.sync_of(*frame))) {
                let of_frame = found.trackers.iter().filter(|(of, ..)| of == frame);
                let trackers: Vec<_> =
                    of_frame.map(|(_, tracker, last)| (tracker.clone().into_owned(), *last)).collect();
                if trackers.len() == header.event_count as usize {
                    known.base = Some((header.first_seq, sync, trackers));
                }
            }
        }
        known.index = self.index_state(current)?;
        Ok(known)
    }

    /// The whole state of the index, if every byte of it verifies.
    fn index_state(&self, current: &Current) -> Result<Option<(Seq, UnixMillis, Whole)>, StoreError> {
        let Some(name) = current.index else { return Ok(None) };
        let index = match self.open_index(name) {
            Ok(index) => Rc::new(index),
            Err(StoreError::Damaged(_) | StoreError::Unstable { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !index.verify().is_empty() {
            return Ok(None);
        }
        let (seq, changed_at) = (index.header().seq, index.header().changed_at);
        let view = View::of_index(self.dir.clone(), current.clone(), index)?;
        let trackers = view.trackers().map(|item| item.map(|item| (item.tracker.into_owned(), item.last_seq)));
        Ok(Some((seq, changed_at, trackers.collect::<Result<_, _>>()?)))
    }
}

impl Writer<'_> {
    /// Records in the log that a repair happened which changed nothing in it.
    fn note_repair(&mut self, found: &[String], now: UnixMillis) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        let sync = view.tail.last_sync.clone().unwrap_or_else(|| SyncRecord {
            source: crate::format::Source::Manifest,
            changed_at: view.tail.changed_at,
            synced_at: now,
            manifest: None,
            commit: None,
            note: String::new(),
        });
        self.append_note(&note(&sync, format!("repaired: {}", found.join("; ")), now))
    }
}

fn note(last: &SyncRecord, text: String, now: UnixMillis) -> SyncRecord {
    SyncRecord { synced_at: now, manifest: None, commit: None, note: text, ..last.clone() }
}

fn summary(repaired: &Repaired) -> String {
    let Repaired { found, kept, recovered, lost, .. } = repaired;
    format!("repaired: {kept} events kept, {recovered} recovered, {lost} lost; {}", found.join("; "))
}
