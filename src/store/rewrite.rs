//! A whole new log: for a first history out of git, pruning, repair and rebuilding. The new files replace the old ones by
//! one rename.

use super::batch::Taken;
use super::draft::{Draft, DraftError};
use super::error::StoreError;
use super::names::{is_replaced, replaced};
use super::tail::{Position, Tail};
use super::write::Writer;
use crate::format::{FileId, HistoryHash, LOG_HEADER_LEN, LogHeader, SyncRecord};
use crate::model::{Event, Seq, Tracker};

/// What becomes of a log that another replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// State and numbers stay: what the marks say of it holds. The old log is removed.
    Same,
    /// What was acknowledged may be lost. The old log is set aside if that was marked.
    Damaged,
    /// Its events are numbered again. The old log is kept beside until the next time.
    Renumbered,
}

/// A log in the making, in memory.
pub struct Rewrite {
    header: LogHeader,
    draft: Draft,
    repo: String,
    dir: std::path::PathBuf,
}

impl Writer<'_> {
    /// Starts a log whose first event can be `first_seq`: the one after its base, or 1 if it has none, or one that was
    /// observed and will be undone.
    pub fn rewrite(&self, first_seq: Seq) -> Rewrite {
        // No name is used again.
        let generation = self.view.as_ref().map_or(1, |view| view.current().generation + 1);
        let id = FileId(self.store.storage.nonce());
        let header = LogHeader { features: Default::default(), id, generation, first_seq };
        let start = Position::start(LOG_HEADER_LEN, first_seq, header.chain());
        let draft = Draft::after(id, None, Tail::start(start), false);
        Rewrite { header, draft, repo: self.repo.clone(), dir: self.store.dir.clone() }
    }

    /// Makes `rewrite` the log. Old files are removed, set aside or kept, as `replaced` says.
    ///
    /// # Errors
    /// The system's; the store is then as it was.
    pub fn replace_log(&mut self, rewrite: Rewrite, replaced: Replaced) -> Result<(), StoreError> {
        self.check_poison()?;
        let done = self.replace_log_by(rewrite, replaced);
        self.poisoned |= matches!(&done, Err(error) if !matches!(error, StoreError::Misfit { .. }));
        done
    }

    fn replace_log_by(&mut self, rewrite: Rewrite, how: Replaced) -> Result<(), StoreError> {
        let Rewrite { header, draft, .. } = rewrite;
        let old = self.view.as_ref().map(|view| view.current().store);
        // A new store has its log's id, as a first sync gives it: without CURRENT it is known by that.
        let nonce = if old.is_none() { header.id } else { FileId(self.store.storage.nonce()) };
        let store = old.filter(|_| how == Replaced::Same).unwrap_or(nonce);
        let written = self.view_of_new(&header, draft, store, |view, bytes, index| {
            self.store.publish(&view.current().log.file_name(), &[&header.encode(), bytes])?;
            self.store.sync_dir()?;
            Ok(index)
        });
        let (view, index) = written?;
        let old_marks = self.view.as_ref().and_then(|view| view.marks().cloned());
        let (marks, seen) = match how {
            Replaced::Same => (old_marks, Vec::new()),
            // Each mark has the id of its event: where that is not in the new log, nothing counts as shown.
            _ => (None, old_marks.map_or_else(Vec::new, |marks| marks.marks)),
        };
        let old_log = self.view.as_ref().map(|view| view.current().log.file_name());
        let retired = self.live_files();
        self.file = None;
        self.write_compacted(view.with_marks(marks), index)?;
        self.settled = true;
        if let Some(view) = self.view.as_ref().filter(|_| !seen.is_empty()) {
            self.store.write_seen(view, seen);
        }
        let keeps = how == Replaced::Renumbered;
        if keeps {
            let kept = self.store.own_names()?.into_iter().filter(|name| is_replaced(name));
            kept.for_each(|name| drop(self.store.remove(&name)));
        }
        for name in retired {
            // Best effort: what stays is not named by CURRENT, and retired by the next writer.
            let _ = match keeps && Some(&name) == old_log.as_ref() {
                true => self.store.rename(&name, &replaced(&name)),
                false => self.store.retire(&name),
            };
        }
        let _ = self.store.sync_dir();
        Ok(())
    }
}

impl Rewrite {
    /// Returns the number of the next event.
    pub fn next_seq(&mut self) -> Result<Seq, StoreError> {
        let seq = self.draft.state().map(|(_, tail)| tail.at.seq.next());
        seq.map_err(|error| self.error(error))
    }

    fn error(&self, error: DraftError) -> StoreError {
        let what = match error {
            DraftError::Index(error) => error.wrong,
            DraftError::Misfit(what) => what,
        };
        StoreError::Misfit { path: self.dir.clone(), what }
    }

    fn named(&self, record: &SyncRecord) -> SyncRecord {
        let repo = if record.repo.is_empty() { self.repo.clone() } else { record.repo.clone() };
        SyncRecord { repo, ..record.clone() }
    }

    /// Takes the state from which the log starts, before anything else, and the number of the event after it. Each tracker
    /// comes with its last event; if it is of the published history, with the history hash up to there.
    ///
    /// # Errors
    /// What no reader would accept.
    pub fn base(
        &mut self,
        record: &SyncRecord,
        published: Option<HistoryHash>,
        first_seq: Seq,
        trackers: &[(Tracker<'_>, Seq)],
    ) -> Result<(), StoreError> {
        let record = self.named(record);
        self.draft.base(published, first_seq, &record, trackers).map_err(|error| self.error(error))
    }

    /// Takes the next published version of the manifest.
    ///
    /// # Errors
    /// What no reader would accept.
    pub fn published(&mut self, record: &SyncRecord, trackers: &[Tracker<'_>]) -> Result<Taken, StoreError> {
        self.version(true, record, trackers)
    }

    /// Takes what was observed.
    ///
    /// # Errors
    /// What no reader would accept.
    pub fn observed(&mut self, record: &SyncRecord, trackers: &[Tracker<'_>]) -> Result<Taken, StoreError> {
        self.version(false, record, trackers)
    }

    fn version(&mut self, published: bool, record: &SyncRecord, trackers: &[Tracker<'_>]) -> Result<Taken, StoreError> {
        let record = self.named(record);
        let events = self.draft.changes(trackers).map_err(|error| self.error(error))?;
        let first_seq = self.draft.tail().at.seq.next();
        self.draft.commit(published, &record, &events).map_err(|error| self.error(error))?;
        Ok(Taken::of(first_seq, &events))
    }

    /// Takes the events of a commit, under the next numbers.
    ///
    /// # Errors
    /// What no reader would accept.
    pub fn events(&mut self, published: bool, record: &SyncRecord, events: &[Event<'_>]) -> Result<(), StoreError> {
        let record = self.named(record);
        self.draft.commit(published, &record, events).map_err(|error| self.error(error))
    }

    /// Notes that the events from here up to `next_seq` are lost, if there are any.
    ///
    /// # Errors
    /// What no reader would accept.
    pub fn skip_to(&mut self, next_seq: Seq, record: &SyncRecord) -> Result<(), StoreError> {
        if next_seq <= self.next_seq()? {
            return Ok(());
        }
        self.note(record, format!("events before {next_seq} are lost"), next_seq)
    }

    /// Takes words about a repair. `next_seq` is the number of the event after it: those skipped are lost.
    ///
    /// # Errors
    /// What no reader would accept.
    pub fn note(&mut self, record: &SyncRecord, note: String, next_seq: Seq) -> Result<(), StoreError> {
        let record = SyncRecord { manifest: None, commit: None, note, ..self.named(record) };
        self.draft.note(&record, next_seq).map_err(|error| self.error(error))
    }
}
