//! One commit in the making: published versions, what was observed, and what of it outlives them.

use super::draft::{Draft, DraftError};
use super::error::StoreError;
use super::fold::Unfolded;
use super::tail::{Position, Tail};
use super::view::View;
use super::write::Writer;
use crate::format::{FileId, LOG_HEADER_LEN, LogHeader, SyncRecord};
use crate::model::{Event, Seq, Tracker};

/// What a commit did.
#[derive(Debug)]
pub struct Append {
    /// The last live event after it.
    pub last_seq: Seq,
    /// Why the compaction that was due did not happen. The events are durable all the same.
    pub compaction_failed: Option<StoreError>,
}

/// The events of one version or answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The first event's number; of the next event to come if there is none.
    pub first_seq: Seq,
    /// How many events of each word there are, in the words' order of first appearance.
    pub words: Vec<(&'static str, u64)>,
}

impl Taken {
    /// Returns how many events there are.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn of(first_seq: Seq, events: &[Event<'_>]) -> Self {
        let mut words: Vec<(&'static str, u64)> = Vec::new();
        for event in events {
            let word = event.change.as_str();
            match words.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => words.push((word, 1)),
            }
        }
        Self { first_seq, words }
    }
}

/// Frames that become one commit: all of them or none, for every reader, at every moment.
pub struct Batch<'w, 's> {
    writer: &'w mut Writer<'s>,
    draft: Draft,
    /// Of a log that is to be made.
    header: Option<LogHeader>,
    /// The record of the observed state that published versions superseded, as long as nothing newer was observed.
    superseded: Option<SyncRecord>,
    /// The last published version's record.
    published: Option<SyncRecord>,
}

impl<'s> Writer<'s> {
    /// Starts a commit.
    ///
    /// # Errors
    /// Damage, which `repair` must mend first; a writer poisoned by an earlier failure.
    pub fn batch(&mut self) -> Result<Batch<'_, 's>, StoreError> {
        self.check()?;
        let (draft, header) = match &self.view {
            Some(view) => {
                let file = view.current().log.id;
                (Draft::after(file, view.shared_index(), view.tail().clone(), true), None)
            }
            None => {
                let id = FileId(self.store.storage.nonce());
                let (generation, first_seq) = (1, Seq(1));
                let header = LogHeader { features: Default::default(), id, generation, first_seq };
                let start = Position::start(LOG_HEADER_LEN, first_seq, header.chain());
                (Draft::after(id, None, Tail::start(start), true), Some(header))
            }
        };
        Ok(Batch { writer: self, draft, header, superseded: None, published: None })
    }
}

impl Batch<'_, '_> {
    /// Returns the state that the next version is compared with.
    ///
    /// # Errors
    /// A block of the index that does not verify.
    pub fn position(&self) -> (Seq, Seq) {
        (self.draft.tail().at.seq, self.draft.tail().at.published_seq)
    }

    /// Takes a version of the manifest that is part of the published history: it is compared with the version published
    /// before, and supersedes what was observed since.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn published(&mut self, record: &SyncRecord, trackers: &[Tracker<'_>]) -> Result<Taken, StoreError> {
        self.go_back_to_published()?;
        let record = self.named(record);
        let taken = self.take(true, &record, trackers)?;
        self.published = Some(record);
        Ok(taken)
    }

    /// Takes what this machine alone has seen: GitHub's answer, an uncommitted or forced manifest.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn observed(&mut self, record: &SyncRecord, trackers: &[Tracker<'_>]) -> Result<Taken, StoreError> {
        self.superseded = None;
        let record = self.named(record);
        self.take(false, &record, trackers)
    }

    fn named(&self, record: &SyncRecord) -> SyncRecord {
        let repo = if record.repo.is_empty() { self.writer.repo.clone() } else { record.repo.clone() };
        SyncRecord { repo, ..record.clone() }
    }

    fn take(&mut self, published: bool, record: &SyncRecord, trackers: &[Tracker<'_>]) -> Result<Taken, StoreError> {
        let mut events = self.draft.changes(trackers);
        if let (Err(DraftError::Index(_)), true) = (&events, self.draft.is_empty()) {
            // A block of the index: the log gives the same state, and a new index.
            self.writer.renew_index()?;
            self.restart()?;
            events = self.draft.changes(trackers);
        }
        let events = events.map_err(|error| self.writer.draft_error(error))?;
        let drafted = self.draft.commit(published, record, &events);
        drafted.map_err(|error| self.writer.draft_error(error))?;
        let at = &self.draft.tail().at;
        let before = if published { at.published_seq } else { at.seq };
        Ok(Taken::of(before.next(), &events))
    }

    /// Goes on from the writer's view as it is now.
    fn restart(&mut self) -> Result<(), StoreError> {
        let Some(view) = &self.writer.view else { return Ok(()) };
        self.draft.restart(view.shared_index(), view.tail().clone());
        if self.published.is_some() || self.superseded.is_some() {
            self.superseded = None;
            self.go_back_to_published()?;
        }
        Ok(())
    }

    /// Makes the state that was published last the one that the next frame continues.
    fn go_back_to_published(&mut self) -> Result<(), StoreError> {
        let observed_from = self.draft.tail().at.observed_from;
        let Some(view) = self.writer.view.as_ref().filter(|_| observed_from > 0 && self.draft.is_empty()) else {
            return Ok(());
        };
        let published = self.writer.published_view(view, observed_from)?;
        let mut tail = published.tail().clone();
        tail.supersede(view.tail());
        self.superseded = view.freshness().cloned();
        self.draft.restart(published.shared_index(), tail);
        Ok(())
    }

    /// Carries the observed state over the published versions that superseded it, if it is newer than they are: a list
    /// never goes back in time.
    fn carry_over(&mut self) -> Result<(), StoreError> {
        let (Some(observed), Some(published)) = (self.superseded.take(), &self.published) else { return Ok(()) };
        let Some(view) = self.writer.view.as_ref().filter(|_| observed.updated_at > published.updated_at) else {
            return Ok(());
        };
        let trackers: Result<Vec<_>, StoreError> =
            view.trackers().map(|item| item.map(|item| item.tracker.into_owned())).collect();
        self.take(false, &observed, &trackers?).map(drop)
    }

    /// Makes all of it durable. When this returns, it survives a power cut; when it fails, the store is as before, but the
    /// commit may still be found by later readers if the system wrote more than it said.
    ///
    /// # Errors
    /// The system's; damage; what does not continue the log.
    pub fn commit(mut self) -> Result<Append, StoreError> {
        self.carry_over()?;
        let Self { writer, draft, header, .. } = self;
        if draft.is_empty() {
            writer.settle()?;
        } else {
            let committed = match header {
                Some(header) => writer.create(&header, draft),
                None => writer.append(draft),
            };
            // Nothing was written of what does not fit.
            writer.poisoned |= matches!(&committed, Err(error) if !matches!(error, StoreError::Misfit { .. }));
            committed?;
            writer.settled = true;
        }
        let compaction_failed = writer.compact_if_due().err();
        writer.poisoned |= compaction_failed.is_some();
        Ok(Append { last_seq: writer.view.as_ref().map_or(Seq(0), View::seq), compaction_failed })
    }
}

impl Writer<'_> {
    pub(super) fn draft_error(&self, error: DraftError) -> StoreError {
        match (error, &self.view) {
            (DraftError::Index(error), Some(view)) => view.index_error(&error),
            (DraftError::Index(error), None) => StoreError::Misfit { path: self.store.dir.clone(), what: error.wrong },
            (DraftError::Misfit(what), _) => StoreError::Misfit { path: self.store.dir.clone(), what },
        }
    }

    /// The state before what was observed since the last published version.
    fn published_view(&self, view: &View, observed_from: u64) -> Result<View, StoreError> {
        let index = view.shared_index().filter(|index| index.header().address <= observed_from);
        let folded = self.store.fold(view.current(), index, None, Some(observed_from));
        let folded = match folded {
            Err(Unfolded::WithoutIndex(_)) => self.store.fold(view.current(), None, None, Some(observed_from)),
            folded => folded,
        };
        match folded {
            Ok(view) => match view.damage().first() {
                Some(damage) => Err(StoreError::Damaged(damage.clone())),
                None => Ok(view),
            },
            Err(Unfolded::Failed(error)) => Err(error),
            Err(Unfolded::WithoutIndex(_)) => Err(StoreError::Unstable { path: view.log_path() }),
        }
    }

    /// Appends words about a repair.
    pub(super) fn append_note(&mut self, record: &SyncRecord) -> Result<(), StoreError> {
        self.check()?;
        let Some(view) = &self.view else { return Ok(()) };
        let mut draft = Draft::after(view.current().log.id, view.shared_index(), view.tail().clone(), true);
        let noted = draft.note(record, view.seq().next());
        noted.map_err(|error| self.draft_error(error))?;
        let appended = self.append(draft);
        self.poisoned |= appended.is_err();
        appended
    }

    fn create(&mut self, header: &LogHeader, draft: Draft) -> Result<(), StoreError> {
        let view = self.view_of_new(header, draft, header.id, |view, bytes, index| {
            self.store.publish(&view.current().log.file_name(), &[&header.encode(), bytes])?;
            self.store.sync_dir()?;
            Ok(index)
        });
        let (view, index) = view?;
        // The first CURRENT names the index too: one replacement less.
        let written = self.write_compacted(view, index);
        if written.is_err() {
            self.view = None;
        }
        written
    }

    /// The view of a log that is made of `header` and `draft`, and its index; `write` puts the log there.
    pub(super) fn view_of_new<T>(
        &self,
        header: &LogHeader,
        draft: Draft,
        store: FileId,
        write: impl FnOnce(&View, &[u8], crate::fs::Buffer) -> Result<T, StoreError>,
    ) -> Result<(View, T), StoreError> {
        // Titles stay in the frame: there may be very many, and the index is all that is kept of them.
        let folded = draft.folded(draft.tail().clone(), |tracker| tracker);
        let folded = folded.map_err(|error| self.draft_error(error))?;
        let id = header.id;
        let index = super::compact::index_bytes(None, &folded, id);
        let index = index.map_err(|error| self.draft_error(DraftError::Index(error)))?;
        let tail = folded.without_trackers();
        let log_len = tail.at.offset;
        let current = crate::format::Current {
            features: header.features,
            store,
            generation: self.view.as_ref().map_or(0, |view| view.current().generation),
            log: crate::format::LogName { generation: header.generation, id },
            acknowledged: log_len,
            index: None,
            history_start: tail.at.history_start,
            repo: self.view.as_ref().map_or_else(|| self.repo.clone(), |view| view.repo().to_owned()),
        };
        let view = View::new(&self.store.dir, current, None, tail, log_len);
        let written = write(&view, draft.bytes(), index)?;
        Ok((view, written))
    }

    fn append(&mut self, draft: Draft) -> Result<(), StoreError> {
        // Without this a power cut could keep the new commit and tear the one before it, which would look like damage.
        self.settle()?;
        let folded = draft.folded(draft.tail().clone(), Tracker::into_owned);
        let tail = folded.map_err(|error| self.draft_error(error))?;
        let Some(view) = &self.view else { return Ok(()) };
        let (offset, current) = (view.at().offset, view.current().clone());
        if view.log_len() > offset {
            self.keep_torn(offset)?;
        }
        let path = view.log_path();
        let torn = view.log_len() > offset;
        let written = self.write_frames(&path, offset, draft.bytes(), torn);
        if written.is_err() {
            self.abandon();
            return written;
        }
        let (index, _, _) = draft.into_parts();
        let marks = self.view.as_ref().and_then(|view| view.marks().cloned());
        let log_len = tail.at.offset;
        self.view = Some(View::new(&self.store.dir, current, index, tail, log_len).with_marks(marks));
        Ok(())
    }

    fn write_frames(
        &mut self,
        path: &std::path::Path,
        offset: u64,
        bytes: &[u8],
        torn: bool,
    ) -> Result<(), StoreError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.store.storage.open_write(path).map_err(StoreError::unrecorded("open", path))?,
        };
        let file = self.file.insert(file);
        if torn {
            // Nobody acknowledged these bytes, so nobody has them mapped.
            file.cut(offset).map_err(StoreError::unrecorded("write", path))?;
        }
        file.write_at(offset, bytes).map_err(StoreError::unrecorded("write", path))?;
        file.sync().map_err(StoreError::unrecorded("sync", path))
    }
}
