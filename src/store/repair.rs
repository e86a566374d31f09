//! Mending a damaged store: keeps all that verifies, reports what cannot be brought back, throws nothing away.

use std::rc::Rc;
use std::time::Duration;

use super::error::{Part, StoreError};
use super::files::Store;
use super::gap::fill;
use super::known::{Indexed, Known, PastState, Step, Whole};
use super::names::{CURRENT, LOCK, MARKS, is_numbered};
use super::rewrite::{Replaced, Rewrite};
use super::salvaged::{Live, live_events};
use super::tail::Tail;
use super::view::View;
use super::write::Writer;
use crate::format::{Current, Fork, FrameKind, Source, SyncRecord};
use crate::model::{Repo, Seq, UnixMillis, counted};
use crate::segment::{Salvage, salvage};

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
    /// The first published event that could only be recovered without git: it is not known by its commit, and so not as
    /// everybody knows it.
    pub provisional: Option<Seq>,
    /// Nothing verified: the store is gone, set aside, and begins again with the next sync.
    pub begun_anew: bool,
}

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
        let damages = match self.verify()? {
            Some(verified) if !verified.findings.is_empty() => verified.findings,
            _ => return Ok(None),
        };
        // Nobody holds it: what is no file cannot be locked.
        let aside = if self.is_blocked(LOCK)? { vec![self.move_aside(LOCK)?] } else { Vec::new() };
        let of_lock = damages.iter().filter(|damage| damage.part == Part::Lock && !aside.is_empty());
        let lock = self.lock_made(patience)?;
        // What counts is what stands there now that nobody else writes.
        let Some(verified) = self.verify()? else { return Ok(None) };
        let found = of_lock.chain(&verified.findings).map(|damage| {
            format!("{}: byte {}: {}: {}", damage.path.display(), damage.offset, damage.record(), damage.what)
        });
        let found = found.collect();
        let mut repaired = Repaired { found, aside, ..Repaired::default() };
        if repaired.found.is_empty() {
            return Ok(None);
        }
        // What a newer program wrote is left alone.
        let known = self.view().and_then(|mut view| view.as_mut().map_or(Ok(()), |view| self.check_end(view)));
        if let Err(newer @ StoreError::Newer { .. }) = known {
            return Err(newer);
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
        if log_damaged || writer.view.as_ref().is_none_or(View::state_in_doubt) {
            if !self.rewrite_log(&mut writer, past, now, &mut repaired)? {
                return self.begin_anew(repaired).map(Some);
            }
        } else {
            // CURRENT was written anew when the writer opened, and the index where its header did not verify.
            let live = writer.view.as_ref().and_then(|view| view.current().index);
            if live.is_some_and(|live| damaged.contains(&live.file_name())) {
                writer.renew_index()?;
            }
            writer.note_repair(&repaired.found, now)?;
            repaired.kept = verified.events;
            repaired.history_start = writer.view.as_ref().map_or(Seq(1), View::history_start);
        }
        Ok(Some(repaired))
    }

    /// `marks` may vanish, and are set aside at once; `CURRENT` is copied, log and index are marked, for they are retired
    /// only when others have taken their place.
    fn keep_damaged(&self, damaged: &[String], repaired: &mut Repaired) -> Result<(), StoreError> {
        for name in damaged {
            repaired.aside.extend(match name.as_str() {
                // Whatever has its name, such as a directory, is in the way.
                MARKS | CURRENT if self.is_blocked(name)? => self.move_aside(name).map(Some)?,
                MARKS => self.set_aside(name)?,
                CURRENT => self.copy_aside(name)?,
                LOCK => {
                    let emptied = self.storage.open_write(&self.file(name)).and_then(|mut lock| lock.cut(0));
                    emptied.map_err(StoreError::unrecorded("write", &self.file(name)))?;
                    None
                }
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
            // What is no file would be in the way of one.
            aside.extend(if self.is_blocked(name)? { Some(self.move_aside(name)?) } else { self.set_aside(name)? });
        }
        // Not damaged, it was not copied yet: it names files that are gone.
        aside.extend(self.copy_aside(CURRENT)?);
        self.sync_dir()?;
        self.remove(CURRENT)?;
        self.sync_dir()?;
        aside.retain(|name| !repaired.aside.contains(name));
        repaired.aside.append(&mut aside);
        repaired.begun_anew = true;
        Ok(repaired)
    }

    /// A log of what verifies; `false` if that is nothing.
    fn rewrite_log(
        &self,
        writer: &mut Writer<'_>,
        past: &mut dyn FnMut() -> Vec<PastState>,
        now: UnixMillis,
        repaired: &mut Repaired,
    ) -> Result<bool, StoreError> {
        let Some(view) = &writer.view else { return Ok(false) };
        let known = self.known(view.current(), view)?;
        let filled = fill(known, past);
        if filled.base.is_none() && filled.steps.is_empty() {
            return Ok(false);
        }
        let first_seq = filled.base.as_ref().map_or(Seq(1), |base| base.after.next());
        let is_observed = filled.base.as_ref().is_some_and(|base| base.sync.history.is_none());
        let mut rewrite = writer.rewrite(if is_observed { Seq(1) } else { first_seq });
        let mut last = None;
        if let Some(base) = filled.base {
            rewrite.base(&base.sync, base.sync.history, first_seq, &base.trackers)?;
            last = Some(Rc::new(base.sync));
        }
        for step in &filled.steps {
            rewrite.skip_to(step.first_seq, &step.sync)?;
            rewrite.events(step.sync.history.is_some(), &step.sync, &step.events)?;
        }
        let last = filled.steps.last().map(|step| Rc::clone(&step.sync)).or(last);
        repaired.kept = filled.kept;
        repaired.recovered = filled.recovered;
        repaired.lost = filled.lost;
        repaired.end_in_doubt = filled.tail_in_doubt;
        repaired.history_start = first_seq;
        let is_unknown = |step: &&Step| step.sync.history.is_some() && step.sync.commit.is_none();
        let unknown = filled.steps.iter().find(is_unknown).map(|step| step.first_seq);
        repaired.provisional = filled.lacks_hash.then_some(first_seq).or(unknown);
        if let Some(last) = last {
            // After a note nobody takes the state for fresh: a manifest that was taken in last is taken in again, for its
            // changes may be among those lost.
            let next = rewrite.next_seq()?.max(filled.next_seq);
            rewrite.note(&SyncRecord { synced_at: now, ..(*last).clone() }, summary(repaired), next)?;
        }
        self.replace(writer, rewrite, repaired)?;
        writer.record_fork(repaired.provisional.map(|seq| Fork { seq, branch: String::new() }));
        Ok(true)
    }

    fn replace(&self, writer: &mut Writer<'_>, rewrite: Rewrite, repaired: &mut Repaired) -> Result<(), StoreError> {
        if repaired.lost > 0 {
            // What verifies was not enough to restore all: the rest of the old log may help others more.
            for name in writer.live_files().into_iter().filter(|name| name.starts_with("log-")) {
                let aside = self.mark_aside(&name)?.filter(|aside| !repaired.aside.contains(aside));
                repaired.aside.extend(aside);
            }
        }
        writer.replace_log(rewrite, Replaced::Damaged)
    }

    /// Everything of live history that verifies, and the state of the index.
    fn known(&self, current: &Current, view: &View) -> Result<Known, StoreError> {
        let tail_in_doubt = view.state_in_doubt();
        let mut known = Known { first_seq: current.history_start, tail_in_doubt, ..Known::default() };
        let path = self.file(&current.log.file_name());
        let file = self.storage.open(&path).map_err(StoreError::io("read", &path))?;
        if let Some(file) = file {
            let len = file.len().map_err(StoreError::io("read", &path))?;
            let bytes = file.bytes(len).map_err(StoreError::io("read", &path))?;
            know_salvage(&mut known, &salvage(&bytes, current.log.id));
        }
        known.index = self.index_state(current)?;
        if let Some(Indexed { published: Some(_), seq, .. }) = &known.index {
            known.published_seq = known.published_seq.max(*seq);
        }
        Ok(known)
    }

    /// The whole state of the index, if every byte of it verifies.
    fn index_state(&self, current: &Current) -> Result<Option<Indexed>, StoreError> {
        let Some(name) = current.index else { return Ok(None) };
        let index = match self.open_index(name) {
            Ok(index) => Rc::new(index),
            Err(StoreError::Damaged(_) | StoreError::Unstable { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !index.verify().is_empty() {
            return Ok(None);
        }
        let header = index.header().clone();
        let Ok(tail) = Tail::after(&index) else { return Ok(None) };
        let view = View::new(&self.dir, current.clone(), Some(index), tail, 0);
        let trackers = view.trackers().map(|item| item.map(|item| (item.tracker.into_owned(), item.last_seq)));
        let trackers: Whole = trackers.collect::<Result<_, _>>()?;
        let published = (header.observed_from == 0 && header.published_frame > 0).then_some(header.history);
        Ok(Some(Indexed { seq: header.seq, changed_at: header.changed_at, published, trackers }))
    }
}

/// Takes what was salvaged of live history.
fn know_salvage(known: &mut Known, found: &Salvage<'_>) {
    let (last_published, events) = live_events(found);
    for (seq, Live { sync, record, .. }) in events {
        if sync.history.is_some() {
            known.published_seq = known.published_seq.max(seq);
        }
        known.before.insert(seq, record.prev);
        known.events.insert(seq, (sync, record.event.clone().into_owned()));
    }
    let base = found.headers.iter().find(|(_, header)| header.kind == FrameKind::Base);
    if let (Some((frame, header)), Some(sync)) = (base, base.and_then(|(frame, _)| found.sync_of(*frame))) {
        let of_frame = found.trackers.iter().filter(|(of, ..)| of == frame);
        let trackers: Whole = of_frame.map(|(_, tracker, last)| (tracker.clone().into_owned(), *last)).collect();
        // An observed base counts only until a published version supersedes it.
        let is_live = header.published || last_published == 0;
        if trackers.len() == header.item_count as usize && is_live {
            known.base = Some((header.first_seq, sync, trackers));
        }
    }
}

impl Writer<'_> {
    /// Records in the log that a repair happened which changed nothing in it.
    fn note_repair(&mut self, found: &[String], now: UnixMillis) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        // A torn tail is written over by the next commit: a note is not worth it.
        if view.log_len() > view.at().offset {
            return Ok(());
        }
        let changed_at = view.changed_at();
        let record = view.freshness().cloned();
        let record = record.unwrap_or_else(|| SyncRecord::new(Source::Manifest, changed_at, now));
        let note = format!("repaired: {}", found.join("; "));
        self.append_note(&SyncRecord { synced_at: now, manifest: None, commit: None, note, ..record })
    }
}

fn summary(repaired: &Repaired) -> String {
    let Repaired { found, kept, recovered, lost, .. } = repaired;
    let kept = counted(*kept, "event");
    format!("repaired: {kept} kept, {recovered} recovered, {lost} lost; {}", found.join("; "))
}
