//! Opening for writing, and appending one commit durably. The steps are those of `format.md`, commit protocol.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::clear::{is_numbered, is_own};
use super::compact::index_bytes;
use super::error::{Damage, StoreError};
use super::tail::{FoldError, Tail};
use super::view::{LogEnd, View};
use super::{CHECKED, CURRENT, LOCK, Store};
use crate::format::{
    Chain, Checked, CheckedEntry, CommitBuilder, Current, FileId, FormatError, FrameKind, Freshness, OPEN_END,
    SEGMENT_HEADER_LEN, SegmentHeader, SegmentName, SyncRecord,
};
use crate::fs::{Lock, TEMPORARY, WriteFile, publish, publish_unsynced};
use crate::log::Frame;
use crate::model::{Event, Repo, Seq, Tracker, UnixMillis};

/// How long a command that must write waits for another writer.
pub const PATIENCE: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(5);
/// A clear can take the directories away between making and locking, once each time.
const ATTEMPTS: usize = 20;

/// The one writer of a store. A failed write or sync poisons it: open another.
pub struct Writer<'s> {
    pub(super) store: Store<'s>,
    pub(super) repo: String,
    pub(super) view: Option<View>,
    pub(super) file: Option<Box<dyn WriteFile>>,
    pub(super) poisoned: bool,
    /// Whether all that the view rests on is known to survive a power cut.
    settled: bool,
    pub(super) mended: Vec<Damage>,
    _lock: Rc<dyn Lock>,
}

/// What an append did.
#[derive(Debug)]
pub struct Append {
    /// The first event appended.
    pub first_seq: Seq,
    /// The last one.
    pub last_seq: Seq,
    /// Why the compaction that was due did not happen. The events are durable all the same.
    pub compaction_failed: Option<StoreError>,
}

/// About what an event takes in a frame, beside its title.
const BYTES_BESIDE_TITLE: usize = 36;

/// What is to be appended.
#[derive(Clone, Copy)]
struct Commit<'c> {
    sync: &'c SyncRecord,
    events: &'c [Event<'c>],
    /// One an event.
    predecessors: &'c [Seq],
}

impl Commit<'_> {
    /// The frame that will stand at `offset` of `file`.
    fn frame(&self, kind: FrameKind, file: FileId, offset: u64, first_seq: Seq, prev: Chain) -> Vec<u8> {
        let mut builder = CommitBuilder::new(kind, file, offset, first_seq, prev, self.sync);
        builder.reserve(self.events.iter().map(|event| event.change.title().len() + BYTES_BESIDE_TITLE).sum());
        self.predecessors.iter().zip(self.events).for_each(|(prev, event)| builder.event(*prev, event));
        builder.finish()
    }

    /// The first frame of a segment.
    fn first_frame(&self, header: &SegmentHeader) -> Vec<u8> {
        self.frame(FrameKind::Commit, header.id, SEGMENT_HEADER_LEN, header.first_seq, header.prev)
    }
}

impl<'s> Store<'s> {
    pub(super) fn lock(&self, patience: Duration) -> Result<Box<dyn Lock>, StoreError> {
        let path = self.file(LOCK);
        let mut waited = Duration::ZERO;
        loop {
            if let Some(lock) = self.storage.try_lock(&path).map_err(StoreError::io("lock", &path))? {
                return Ok(lock);
            }
            if waited >= patience {
                return Err(StoreError::Busy { path: self.dir.clone() });
            }
            self.storage.wait(LOCK_POLL);
            waited += LOCK_POLL;
        }
    }

    /// The lock, in directories that are made where missing. A clear removes them with the lock that it held: whoever
    /// waited for it makes them anew.
    pub(super) fn lock_made(&self, patience: Duration) -> Result<Rc<dyn Lock>, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let made = self.storage.create_dir(&self.dir).map_err(StoreError::io("create", &self.dir));
            match made.and_then(|()| self.lock(patience)) {
                Err(StoreError::Io { source, .. }) if is_vanished(&source) && attempt < ATTEMPTS => {}
                lock => return lock.map(Rc::from),
            }
        }
    }

    /// Opens for writing, waiting up to `patience` for another writer. A store that does not exist yet is made by the
    /// first append, for `repo`.
    ///
    /// # Errors
    /// Another writer, the system's, a newer format, or damage that leaves nothing to go on from.
    pub fn writer(&self, repo: &Repo, patience: Duration) -> Result<Writer<'s>, StoreError> {
        self.writer_under(self.lock_made(patience)?, repo)
    }

    /// As [`Self::writer`], under the store's lock.
    pub(super) fn writer_under(&self, lock: Rc<dyn Lock>, repo: &Repo) -> Result<Writer<'s>, StoreError> {
        let view = self.view()?;
        if view.is_none() {
            self.finish_clear()?;
        }
        let repo = format!("{}/{}/{}", repo.host(), repo.owner(), repo.name());
        let settled = view.as_ref().is_none_or(View::is_acknowledged);
        let (store, mended) = (self.clone(), Vec::new());
        let mut writer = Writer { store, repo, view, file: None, poisoned: false, settled, mended, _lock: lock };
        writer.tidy()?;
        Ok(writer)
    }
}

impl Writer<'_> {
    /// The state that the next append continues; `None` before the first.
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// Gives up the lock and keeps the view, and what was damaged before the writer mended it.
    pub fn into_view(self) -> (Option<View>, Vec<Damage>) {
        (self.view, self.mended)
    }

    /// Appends one commit. When this returns, it survives a power cut; when it fails, the store is as before, but the
    /// commit may still be found by later readers if the system wrote more than it said.
    ///
    /// # Errors
    /// The system's; damage, which `repair` must mend first; a writer poisoned by an earlier failure; events that do
    /// not fit the state, or a time before the last commit's.
    pub fn append(&mut self, sync: &SyncRecord, events: &[Event<'_>]) -> Result<Append, StoreError> {
        self.check()?;
        let first_seq = self.view.as_ref().map_or(Seq(1), |view| view.seq().next());
        let predecessors = self.predecessors(first_seq, events)?;
        let commit = Commit { sync, events, predecessors: &predecessors };
        let appended = match &self.view {
            None => self.create(commit),
            Some(view) if view.end.file_len > view.end.offset => self.append_segment(commit),
            Some(_) => self.append_frame(FrameKind::Commit, commit),
        };
        // Nothing was written of what does not fit.
        self.poisoned = matches!(&appended, Err(error) if !matches!(error, StoreError::Misfit { .. }));
        appended?;
        self.settled = true;
        let compaction_failed = self.compact_if_due().err();
        self.poisoned = compaction_failed.is_some();
        Ok(Append { first_seq, last_seq: Seq(first_seq.0 + events.len() as u64 - 1), compaction_failed })
    }

    /// Appends a note: words, and no events.
    pub(super) fn append_note(&mut self, note: &SyncRecord) -> Result<(), StoreError> {
        self.check()?;
        let appended = match &self.view {
            Some(view) if view.end.file_len == view.end.offset => {
                self.append_frame(FrameKind::Note, Commit { sync: note, events: &[], predecessors: &[] })
            }
            // A torn tail is written past by the next commit: a note is not worth a segment.
            _ => Ok(()),
        };
        self.poisoned = appended.is_err();
        appended
    }

    /// Records that a manifest or answer was taken in that changed nothing.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn note_freshness(&mut self, sync: &SyncRecord) -> Result<(), StoreError> {
        self.check()?;
        self.settle()?;
        let Some(view) = &self.view else { return Ok(()) };
        let mut current = view.current.clone();
        current.freshness = Some(Freshness {
            address: view.tail.address,
            changed_at: sync.changed_at,
            synced_at: sync.synced_at,
            source: sync.source,
            manifest: sync.manifest,
            commit: sync.commit.clone(),
        });
        self.replace_current(current)
    }

    /// Syncs what an interrupted writer may have left unsynced, bytes and names, before anything is acknowledged that
    /// rests on it.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.check()?;
        if !self.settled {
            let synced = self.sync_found();
            self.poisoned = synced.is_err();
            synced?;
            self.settled = true;
        }
        Ok(())
    }

    fn sync_found(&mut self) -> Result<(), StoreError> {
        // What an index holds was synced before the index had its name.
        if self.view.as_ref().is_some_and(|view| view.tail.frame_count > 0) {
            let (path, name) = self.open_segment_path();
            self.segment_file(&name)?.sync().map_err(StoreError::io("sync", &path))?;
        }
        self.store.sync_dir()
    }

    /// Remembers a manifest's signature. Best effort: `checked` may vanish at any time.
    pub fn record_checked(&self, entry: Option<CheckedEntry>, now: UnixMillis) {
        if let Some(view) = &self.view {
            let acknowledged = if self.settled { view.tail.address } else { 0 };
            self.store.write_checked(view, acknowledged, entry, now);
        }
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.check_poison()?;
        let doubtful = self.view.as_ref().filter(|view| view.state_in_doubt);
        doubtful.and_then(|view| view.damage.first()).map_or(Ok(()), |damage| Err(StoreError::Damaged(damage.clone())))
    }

    pub(super) fn check_poison(&self) -> Result<(), StoreError> {
        if self.poisoned { Err(StoreError::Poisoned { path: self.store.dir.clone() }) } else { Ok(()) }
    }

    /// Removes what an interrupted writer left, and writes `CURRENT` if it was recovered.
    fn tidy(&mut self) -> Result<(), StoreError> {
        let dir = &self.store.dir;
        let names = self.store.storage.list(dir).map_err(StoreError::io("list", dir))?;
        let live: Vec<String> = match &self.view {
            Some(view) if view.damage.is_empty() => {
                let segments = view.current.segments.iter().map(SegmentName::file_name);
                segments.chain(view.current.index.map(|index| index.file_name())).collect()
            }
            // Where something is damaged or missing, nothing that could replace it is thrown away.
            Some(_) => names.clone(),
            None => Vec::new(),
        };
        let retired = |name: &&String| {
            let unused = name.ends_with(TEMPORARY) || (is_numbered(name) && self.view.is_some());
            unused && is_own(name) && !live.contains(name)
        };
        let retired: Vec<&String> = names.iter().filter(retired).collect();
        if retired.iter().any(|name| !name.ends_with(TEMPORARY)) {
            // The CURRENT that retired them may not be durable yet: until then the one before it needs them.
            self.store.sync_dir()?;
        }
        for name in retired {
            // Best effort: what stays is retired next time.
            let _ = self.store.retire(name);
        }
        self.mend()
    }

    /// Writes anew what can be told from the log alone: `CURRENT`, and the index.
    fn mend(&mut self) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        if view.state_in_doubt || (view.damage.is_empty() && !view.current_recovered) {
            return Ok(());
        }
        let mut current = view.current.clone();
        let folded_anew = view.index.is_none();
        if view.current_recovered {
            current.repo.clone_from(&self.repo);
            current.freshness = view.freshness();
            self.settle()?;
            self.replace_current(current)?;
        }
        if folded_anew {
            self.compact()?;
        }
        if let Some(view) = &mut self.view {
            self.mended.append(&mut view.damage);
        }
        Ok(())
    }

    /// Each event's predecessor of the same tracker.
    fn predecessors(&self, first_seq: Seq, events: &[Event<'_>]) -> Result<Vec<Seq>, StoreError> {
        let key = |event: &Event<'_>| (event.kind, event.number);
        let mut last = None;
        let prev = |(seq, event): (u64, &Event<'_>)| {
            let is_same = last.replace(key(event)) == Some(key(event));
            match &self.view {
                _ if is_same => Ok(Seq(seq - 1)),
                Some(view) => Ok(view.last_seq(event.kind, event.number)?.unwrap_or_default()),
                None => Ok(Seq(0)),
            }
        };
        (first_seq.0..).zip(events).map(prev).collect()
    }

    fn create(&mut self, commit: Commit<'_>) -> Result<(), StoreError> {
        let store = FileId(self.store.storage.nonce());
        let header = SegmentHeader { id: store, base: 0, first_seq: Seq(1), prev: Chain::START, generation: 1 };
        let name = segment_name(&header);
        let frame = commit.first_frame(&header);
        let file_len = SEGMENT_HEADER_LEN + frame.len() as u64;
        let current = Current {
            store,
            generation: 0,
            index: None,
            history_start: Seq(1),
            freshness: None,
            segments: vec![name],
            repo: self.repo.clone(),
        };
        let mut view = View {
            dir: self.store.dir.clone(),
            current,
            index: None,
            tail: Tail::start(SEGMENT_HEADER_LEN, Seq(1), Chain::START),
            checked: None,
            end: LogEnd { offset: file_len, file_len },
            damage: Vec::new(),
            state_in_doubt: false,
            current_recovered: false,
        };
        // Titles stay in the frame: there may be very many, and the index is all that is kept of them.
        let tail = continued(&view, &frame, name, SEGMENT_HEADER_LEN, |tracker| tracker)?;
        let index = index_bytes(None, &tail).map_err(|error| view.index_error(&error))?;
        view.tail = tail.without_trackers();
        self.publish_segment(&name, &[&header.encode(), &frame])?;
        // The first CURRENT names the index too: one replacement less.
        let written = self.write_compacted(view, index);
        if written.is_err() {
            self.view = None;
        }
        written
    }

    /// Writes past a torn commit: seals the segment where its last commit ends, and begins another.
    fn append_segment(&mut self, commit: Commit<'_>) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        let mut current = view.current.clone();
        let header = self.next_segment(view);
        let name = segment_name(&header);
        let sealed = current.segments.len() - 1;
        current.segments[sealed].end = view.end.offset;
        current.segments.push(name);
        let frame = commit.first_frame(&header);
        let tail = continued(view, &frame, name, SEGMENT_HEADER_LEN, Tracker::into_owned)?;
        let file_len = SEGMENT_HEADER_LEN + frame.len() as u64;
        // What this seals must be as durable as what follows.
        self.settle()?;
        self.publish_segment(&name, &[&header.encode(), &frame])?;
        self.file = None;
        self.replace_current(current)?;
        if let Some(view) = &mut self.view {
            view.end = LogEnd { offset: file_len, file_len };
            view.tail = tail;
        }
        Ok(())
    }

    /// The header of a segment that continues the log of `view`.
    pub(super) fn next_segment(&self, view: &View) -> SegmentHeader {
        let last = view.current.segments[view.current.segments.len() - 1];
        SegmentHeader {
            id: FileId(self.store.storage.nonce()),
            base: last.base + view.end.offset,
            first_seq: view.seq().next(),
            prev: view.tail.chain(),
            generation: view.current.generation + 1,
        }
    }

    /// Gives a segment its name, durably.
    fn publish_segment(&self, name: &SegmentName, parts: &[&[u8]]) -> Result<(), StoreError> {
        let path = self.store.file(&name.file_name());
        publish(self.store.storage, &path, parts).map_err(StoreError::io("write", &path))?;
        self.store.sync_dir()
    }

    fn append_frame(&mut self, kind: FrameKind, commit: Commit<'_>) -> Result<(), StoreError> {
        // Without this a power cut could keep the new commit and tear the one before it, which would look like damage.
        self.settle()?;
        let Some(view) = &self.view else { return Ok(()) };
        let (path, name) = self.open_segment_path();
        let offset = view.end.offset;
        let frame = commit.frame(kind, name.id, offset, view.seq().next(), view.tail.chain());
        let tail = continued(view, &frame, name, offset, Tracker::into_owned)?;
        let file = self.segment_file(&name)?;
        let written = file.write_at(offset, &frame).map_err(StoreError::io("write", &path));
        let written = written.and_then(|()| file.sync().map_err(StoreError::io("sync", &path)));
        if written.is_err() {
            self.abandon_frame();
            return written;
        }
        if let Some(view) = &mut self.view {
            let end = offset + frame.len() as u64;
            view.end = LogEnd { offset: end, file_len: end };
            view.tail = tail;
        }
        Ok(())
    }

    /// After a failed sync the system may call the lost pages of a frame clean: a later writer would find the frame,
    /// sync nothing, and acknowledge a commit behind it. So the segment is sealed before it, and another begun. Best
    /// effort on a disk that fails: the error that led here is told all the same.
    fn abandon_frame(&mut self) {
        let Some(view) = &self.view else { return };
        let header = self.next_segment(view);
        let mut current = view.current.clone();
        let sealed = current.segments.len() - 1;
        current.segments[sealed].end = view.end.offset;
        current.segments.push(segment_name(&header));
        self.file = None;
        let path = self.store.file(&segment_name(&header).file_name());
        let published = publish(self.store.storage, &path, &[&header.encode()]);
        let published = published.and_then(|()| self.store.storage.sync_dir(&self.store.dir));
        if published.is_ok()
            && self.replace_current(current).is_ok()
            && let Some(view) = &mut self.view
        {
            view.end = LogEnd { offset: SEGMENT_HEADER_LEN, file_len: SEGMENT_HEADER_LEN };
        }
    }

    fn open_segment_path(&self) -> (PathBuf, SegmentName) {
        // OK because callers have a view, and a decoded CURRENT has at least one segment.
        let view = self.view.as_ref().expect("a store with a log");
        let name = view.current.segments[view.current.segments.len() - 1];
        (self.store.file(&name.file_name()), name)
    }

    fn segment_file(&mut self, name: &SegmentName) -> Result<&mut Box<dyn WriteFile>, StoreError> {
        let path = self.store.file(&name.file_name());
        let file = match self.file.take() {
            Some(file) => file,
            None => self.store.storage.open_write(&path).map_err(StoreError::io("open", &path))?,
        };
        Ok(self.file.insert(file))
    }

    /// Makes `current` the live one. Everything that it names is durable before.
    pub(super) fn replace_current(&mut self, mut current: Current) -> Result<(), StoreError> {
        current.generation += 1;
        let path = self.store.file(CURRENT);
        let replaced = publish(self.store.storage, &path, &[&current.encode()]).map_err(StoreError::io("write", &path));
        let replaced = replaced.and_then(|()| self.store.sync_dir());
        self.poisoned |= replaced.is_err();
        replaced?;
        if let Some(view) = &mut self.view {
            view.current = current;
            view.current_recovered = false;
        }
        Ok(())
    }
}

impl Store<'_> {
    /// Remembers that `view` holds what its source holds, and a manifest's signature. Best effort.
    pub fn record_checked(&self, view: &View, entry: Option<CheckedEntry>, now: UnixMillis) {
        // A reader may see a commit that its writer has not synced, or never will: only a writer knows better.
        self.write_checked(view, 0, entry, now);
    }

    fn write_checked(&self, view: &View, acknowledged: u64, entry: Option<CheckedEntry>, now: UnixMillis) {
        if view.state_in_doubt {
            return;
        }
        let known = view.checked.as_ref();
        let mut entries: Vec<CheckedEntry> = entry.into_iter().collect();
        let others = known.into_iter().flat_map(|checked| &checked.entries);
        entries.extend(others.filter(|other| entry.is_none_or(|entry| entry.path_key != other.path_key)));
        entries.truncate(Checked::MAX_ENTRIES);
        let acknowledged = acknowledged.max(known.map_or(0, |checked| checked.acknowledged));
        let checked = Checked { store: view.current.store, acknowledged, checked_at: now, entries };
        let _ = publish_unsynced(self.storage, &self.file(CHECKED), &checked.encode());
    }
}

/// Whether that is what a call gets whose directory vanished before it, or between two looks of it.
fn is_vanished(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists)
}

pub(super) fn segment_name(header: &SegmentHeader) -> SegmentName {
    let SegmentHeader { id, base, first_seq, generation, .. } = *header;
    SegmentName { first_seq, generation, base, end: OPEN_END, id }
}

/// The tail of `view` behind a frame that is yet to be written, through the reader's own code: what a reader would
/// refuse must not get into the log, for it could never be taken out again. `keep` owns what is to outlive the frame.
fn continued<'t: 'f, 'f>(
    view: &View,
    frame: &'f [u8],
    name: SegmentName,
    offset: u64,
    keep: impl Fn(Tracker<'f>) -> Tracker<'t>,
) -> Result<Tail<'t>, StoreError> {
    let mut tail = view.tail.clone();
    let frame = Frame::decode(frame, name.id, offset).map_err(FoldError::Log);
    match frame.and_then(|frame| tail.fold(&frame, name.base, view.index(), keep)) {
        Ok(()) => Ok(tail),
        Err(FoldError::Log(error)) => Err(StoreError::Misfit { path: view.dir.clone(), what: error.wrong }),
        Err(FoldError::Index(error)) => Err(view.index_error(&error)),
    }
}

/// Folds the frame at the start of `bytes`, which was just written, through the reader's own code. Gives the offset
/// behind it.
pub(super) fn fold_own(view: &mut View, bytes: &[u8], name: SegmentName, offset: u64) -> Result<u64, StoreError> {
    let path = view.dir.join(name.file_name());
    let View { tail, index, .. } = view;
    let folded = Frame::decode(bytes, name.id, offset)
        .map_err(FoldError::Log)
        .and_then(|frame| tail.fold(&frame, name.base, index.as_deref(), Tracker::into_owned).map(|()| frame.end()));
    folded.map_err(|error| match error {
        FoldError::Log(error) => StoreError::format(path, &error),
        FoldError::Index(error) => view.index_error(&error),
    })
}

impl From<FoldError> for FormatError {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Index(error) | FoldError::Log(error) => error,
        }
    }
}
