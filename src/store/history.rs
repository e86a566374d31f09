//! Reading events back: by place, by `seq`, by time. Costs grow with what is read, not with the log.

use std::cell::RefCell;
use std::rc::Rc;

use super::error::{Damage, Part, StoreError};
use super::files::Store;
use super::view::View;
use crate::format::{
    Chunk, ChunkKind, EventId, EventRecord, FRAME_HEADER_LEN, FRAME_MAGIC, FormatError, FrameHeader, FrameKind,
    LOG_HEADER_LEN, SyncRecord, Waypoint, Wrong, canonical, decode_events, decode_sync, event_id,
};
use crate::index::Item;
use crate::model::{Event, Seq, Tracker, UnixMillis, diff};
use crate::segment::{Log, LogError};

/// A view and the log behind it, both opened: no writer can take them away any more.
pub struct History<'s> {
    store: Store<'s>,
    view: View,
    log: Log,
    commit: RefCell<Option<Rc<Commit>>>,
    span: RefCell<Option<(u64, Rc<[Logged]>)>>,
}

/// An event as it was logged, and the sync that brought it.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its number.
    pub seq: Seq,
    /// The same tracker's live event before it; 0 if there is none.
    pub prev: Seq,
    /// What happened.
    pub event: Event<'static>,
    /// The sync.
    pub sync: Rc<SyncRecord>,
    /// Whether it is of the published history: then its number is for good.
    pub published: bool,
    /// Whether it only says that the tracker was there when the log began.
    pub baseline: bool,
}

impl Logged {
    /// Returns the event's name: equal on every machine that has it from the same source.
    pub fn id(&self) -> EventId {
        let mut bytes = Vec::new();
        canonical(&self.event, &mut bytes);
        event_id(&self.sync, self.published, &bytes)
    }

    /// Returns the whole tracker after the event; `None` if that removed it.
    pub fn after(&self) -> Option<Tracker<'_>> {
        self.event.after()
    }
}

/// What is known of a frame.
struct Commit {
    offset: u64,
    header: FrameHeader,
    /// `None` in a frame that is skipped.
    sync: Option<Rc<SyncRecord>>,
}

impl Commit {
    fn end(&self) -> u64 {
        self.offset + self.header.frame_len()
    }
}

impl<'s> Store<'s> {
    /// Opens the log behind a view of this store, or behind a newer one if another log took its place meanwhile.
    ///
    /// # Errors
    /// Damage that leaves no log, and the system's; `Unstable` if the store was cleared meanwhile.
    pub fn history(&self, view: &View) -> Result<History<'s>, StoreError> {
        match Log::open(self.storage, &self.dir, view.current().log) {
            Ok(log) => return Ok(self.history_of(view.clone(), log)),
            Err(LogError::Missing) => {}
            Err(error) => return Err(StoreError::log(view.log_path(), error)),
        }
        let opened = self.retrying(|| {
            let Some(view) = self.view()? else { return Ok(None) };
            let log = Log::open(self.storage, &self.dir, view.current().log);
            let log = log.map_err(|error| StoreError::log(view.log_path(), error))?;
            Ok(Some((view, log)))
        });
        match opened {
            Ok(Some((view, log))) => Ok(self.history_of(view, log)),
            // The store was cleared meanwhile.
            Ok(None) => Err(StoreError::Unstable { path: view.log_path() }),
            Err(StoreError::Unstable { path }) if self.is_settled()? => {
                Err(StoreError::Damaged(Damage::missing(Part::Log, path)))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the record of the last published version that `view` holds.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn published_record(&self, view: &View) -> Result<Option<SyncRecord>, StoreError> {
        if let Some(fresh) = view.freshness().filter(|fresh| fresh.history.is_some()) {
            return Ok(Some(fresh.clone()));
        }
        match view.at().published_frame {
            0 => Ok(None),
            frame => self.history(view)?.record_at(frame),
        }
    }

    fn history_of(&self, view: View, log: Log) -> History<'s> {
        History { store: self.clone(), view, log, commit: RefCell::default(), span: RefCell::default() }
    }
}

impl<'s> History<'s> {
    /// Returns the view.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Gives up the log and keeps the view.
    pub fn into_view(self) -> View {
        self.view
    }

    /// Returns the store.
    pub fn store(&self) -> &Store<'s> {
        &self.store
    }

    /// Returns how many spans there are: stretches of live history from one waypoint to the next, of about 64 events.
    pub fn span_count(&self) -> u64 {
        self.index_waypoints() + self.view.tail().waypoints.len() as u64
    }

    fn index_waypoints(&self) -> u64 {
        self.view.index().map_or(0, |index| index.header().waypoint_count)
    }

    fn waypoint(&self, span: u64) -> Result<Waypoint, StoreError> {
        let in_index = self.index_waypoints();
        match self.view.index() {
            Some(index) if span < in_index => index.waypoint(span).map_err(|error| self.view.index_error(&error)),
            _ => Ok(self.view.tail().waypoints[(span - in_index) as usize]),
        }
    }

    /// The last span whose first event satisfies `before`, which holds for a prefix of all events.
    fn last_span(&self, before: impl Fn(&Waypoint) -> bool) -> Result<Option<u64>, StoreError> {
        let in_tail = self.view.tail().waypoints.partition_point(&before) as u64;
        if in_tail > 0 {
            return Ok(Some(self.index_waypoints() + in_tail - 1));
        }
        let Some(index) = self.view.index() else { return Ok(None) };
        index.last_waypoint(before).map_err(|error| self.view.index_error(&error))
    }

    /// Returns the span that holds an event; `None` before the first.
    ///
    /// # Errors
    /// Damage to the index.
    pub fn span_of(&self, seq: Seq) -> Result<Option<u64>, StoreError> {
        self.last_span(|waypoint| waypoint.first_seq <= seq)
    }

    /// Returns the last span that holds events published at `time` or before; `None` if there is none.
    ///
    /// # Errors
    /// Damage to the index.
    pub fn span_at(&self, time: UnixMillis) -> Result<Option<u64>, StoreError> {
        self.last_span(|waypoint| waypoint.changed_at <= time)
    }

    /// Returns the first event of a span, without reading it.
    ///
    /// # Errors
    /// Damage to the index.
    pub fn span_start(&self, span: u64) -> Result<Seq, StoreError> {
        self.waypoint(span).map(|waypoint| waypoint.first_seq)
    }

    /// Returns the live events of a span, oldest first. The last span that was read is remembered.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn span(&self, span: u64) -> Result<Rc<[Logged]>, StoreError> {
        if let Some((_, events)) = self.span.borrow().as_ref().filter(|(known, _)| *known == span) {
            return Ok(Rc::clone(events));
        }
        let from = self.waypoint(span)?.offset;
        let next = (span + 1 < self.span_count()).then(|| self.waypoint(span + 1)).transpose()?;
        let to = next.map_or(self.view.at().offset, |next| next.offset);
        let events: Rc<[Logged]> = self.read(from, to)?.into();
        *self.span.borrow_mut() = Some((span, Rc::clone(&events)));
        Ok(events)
    }

    /// Returns one live event.
    ///
    /// # Errors
    /// Damage, and the system's. `None` if the log does not hold it.
    pub fn event(&self, seq: Seq) -> Result<Option<Logged>, StoreError> {
        let Some(span) = self.span_of(seq)? else { return Ok(None) };
        Ok(self.span(span)?.iter().find(|logged| logged.seq == seq).cloned())
    }

    /// Returns the events that published versions superseded, oldest first: reads all of the log.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn superseded(&self) -> Result<Vec<Logged>, StoreError> {
        let mut events = Vec::new();
        let mut at = LOG_HEADER_LEN;
        while at < self.view.at().offset {
            let commit = self.commit_at(at)?;
            let is_commit = commit.header.kind == FrameKind::Commit && commit.header.item_count > 0;
            if is_commit && !self.is_live(&commit) {
                self.read_chunks(at, commit.end(), &mut events, |_| true)?;
            }
            at = commit.end();
        }
        Ok(events)
    }

    /// Returns the published versions that the log holds, oldest first, those without events too: the last event after
    /// each of them, and its record.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn published_versions(&self) -> Result<Vec<(Seq, SyncRecord)>, StoreError> {
        let mut versions = Vec::new();
        self.frames_from(0, |_, header, record| {
            let count = match header.kind {
                FrameKind::Commit => u64::from(header.item_count),
                // What was pruned led to it.
                FrameKind::Base => 0,
                _ => return Ok(()),
            };
            if header.published {
                versions.push((Seq(header.first_seq.0 + count - 1), record.clone()));
            }
            Ok(())
        })?;
        Ok(versions)
    }

    /// When the state before the first event was there: what was pruned had led to it, or a first version had nothing yet.
    /// `None` if the log does not hold it.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn begins_at(&self) -> Result<Option<UnixMillis>, StoreError> {
        let is_whole = self.view.history_start() <= Seq(1);
        let mut at = LOG_HEADER_LEN;
        while at < self.view.at().offset {
            let frame = self.commit_at(at)?;
            match frame.header.kind {
                FrameKind::Base => return Ok(Some(frame.header.changed_at)),
                FrameKind::Commit if is_whole && self.is_live(&frame) => return Ok(Some(frame.header.changed_at)),
                _ if is_whole => at = frame.end(),
                _ => break,
            }
        }
        Ok(None)
    }

    /// Returns what a pruned log begins with as baseline events, each under the number of its tracker's last event then, in
    /// the order of those; none of a whole log.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn base_events(&self) -> Result<Vec<Logged>, StoreError> {
        let start = self.view.history_start();
        if start <= Seq(1) {
            return Ok(Vec::new());
        }
        // It stands only as the first frame.
        let base = self.commit_at(LOG_HEADER_LEN)?;
        let published = base.header.published;
        let Some(record) = base.sync.as_deref().filter(|_| base.header.kind == FrameKind::Base) else {
            return Ok(Vec::new());
        };
        // Of many commits: none of them is this one's.
        let sync = Rc::new(SyncRecord { manifest: None, commit: None, ..record.clone() });
        let state = self.state_after(Seq(start.0 - 1))?;
        let logged = |item: Result<Item<'_>, StoreError>| {
            let Item { tracker, last_seq } = item?;
            let mut added = Vec::new();
            diff([], [&tracker], &mut added);
            // OK because something comes out of nothing by one event.
            let event = added.pop().expect("an event").into_owned();
            Ok(Logged { seq: last_seq, prev: Seq(0), event, sync: Rc::clone(&sync), published, baseline: true })
        };
        let mut events = state.trackers().map(logged).collect::<Result<Vec<_>, StoreError>>()?;
        events.sort_by_key(|logged| logged.seq);
        Ok(events)
    }

    /// Returns when the first event that the log holds was published; if all were pruned, the state that they led to.
    ///
    /// # Errors
    /// Damage, and the system's. `None` if the log is empty.
    pub fn starts_at(&self) -> Result<Option<UnixMillis>, StoreError> {
        if self.span_count() > 0 {
            return Ok(Some(self.waypoint(0)?.changed_at));
        }
        // All events were pruned, or there never was one: the first frame holds what they led to.
        let mut first = None;
        self.frames_from(0, |_, header, _| {
            first.get_or_insert(header.changed_at);
            Ok(())
        })?;
        Ok(first)
    }

    /// Whether a frame is part of live history.
    fn is_live(&self, commit: &Commit) -> bool {
        commit.header.published || commit.offset > self.view.at().published_frame
    }

    /// The live events of the chunks from `from` up to `to`.
    fn read(&self, from: u64, to: u64) -> Result<Vec<Logged>, StoreError> {
        let mut events = Vec::new();
        self.read_chunks(from, to, &mut events, |commit| self.is_live(commit))?;
        Ok(events)
    }

    /// Walks chunks; `from` is that of a chunk of events or of a frame.
    fn read_chunks(
        &self,
        from: u64,
        to: u64,
        events: &mut Vec<Logged>,
        wanted: impl Fn(&Commit) -> bool,
    ) -> Result<(), StoreError> {
        let bytes = self.log.read(from, to).map_err(|error| StoreError::log(self.view.log_path(), error))?;
        let mut at = from;
        let mut commit: Option<Rc<Commit>> = None;
        while at < to {
            let rest = bytes.get((at - from) as usize..).unwrap_or_default();
            let begins = rest.starts_with(&FRAME_MAGIC);
            if commit.as_ref().map_or(begins, |commit| at == commit.end()) {
                let next = self.commit_at(at)?;
                at = if wanted(&next) && next.sync.is_some() { at + FRAME_HEADER_LEN } else { next.end() };
                commit = Some(next).filter(|commit| at < commit.end());
                continue;
            }
            let chunk = Chunk::decode(rest, self.view.current().log.id, at).map_err(|error| self.damage(&error))?;
            let commit = match &commit {
                Some(commit) if commit.offset == chunk.frame_offset => commit,
                _ => commit.insert(self.commit_at(chunk.frame_offset)?),
            };
            if chunk.kind == ChunkKind::Events
                && let Some(sync) = commit.sync.as_ref().filter(|_| wanted(commit))
            {
                let records = decode_events(&chunk, at).map_err(|error| self.damage(&error))?;
                let baseline = commit.offset == self.view.at().first_frame;
                for (seq, EventRecord { prev, event }) in (chunk.first_seq.0..).map(Seq).zip(records) {
                    let baseline = baseline && matches!(event.change, crate::model::Change::Added { .. });
                    let (event, sync, published) = (event.into_owned(), Rc::clone(sync), commit.header.published);
                    events.push(Logged { seq, prev, event, sync, published, baseline });
                }
            }
            at += chunk.chunk_len();
        }
        Ok(())
    }

    fn damage(&self, error: &FormatError) -> StoreError {
        StoreError::format(Part::Commit, self.view.log_path(), error)
    }

    /// The frame at an offset; the last one is remembered.
    fn commit_at(&self, offset: u64) -> Result<Rc<Commit>, StoreError> {
        if let Some(commit) = self.commit.borrow().as_ref().filter(|commit| commit.offset == offset) {
            return Ok(Rc::clone(commit));
        }
        let id = self.view.current().log.id;
        let read = || -> Result<Commit, LogError> {
            let header = self.log.read(offset, offset + FRAME_HEADER_LEN)?;
            let header = FrameHeader::decode(&header, id, offset)?;
            if matches!(header.kind, FrameKind::Ignored(_)) {
                return Ok(Commit { offset, header, sync: None });
            }
            let at = offset + FRAME_HEADER_LEN;
            let bytes = self.log.chunk_bytes(at)?;
            let chunk = Chunk::decode(&bytes, id, at)?;
            if chunk.kind != ChunkKind::Sync || chunk.frame_offset != offset {
                return Err(FormatError::new(at, Wrong::Value("a frame's first chunk")).into());
            }
            Ok(Commit { offset, header, sync: Some(Rc::new(decode_sync(chunk.payload, at)?)) })
        };
        let commit = read().map_err(|error| match error {
            LogError::Format(error) => self.damage(&error),
            error => StoreError::log(self.view.log_path(), error),
        })?;
        let commit = Rc::new(commit);
        *self.commit.borrow_mut() = Some(Rc::clone(&commit));
        Ok(commit)
    }

    /// Calls `each` with the frames from `offset` on: where each begins, its header and its record.
    pub(super) fn frames_from(
        &self,
        offset: u64,
        mut each: impl FnMut(u64, &FrameHeader, &SyncRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut at = offset.max(LOG_HEADER_LEN);
        while at < self.view.at().offset {
            let commit = self.commit_at(at)?;
            if let Some(sync) = &commit.sync {
                each(at, &commit.header, sync)?;
            }
            at = commit.end();
        }
        Ok(())
    }

    /// The record of the frame at an offset.
    pub(super) fn record_at(&self, offset: u64) -> Result<Option<SyncRecord>, StoreError> {
        Ok(self.commit_at(offset)?.sync.as_deref().cloned())
    }

    /// All events of the frame at an offset.
    pub(super) fn events_at(&self, offset: u64) -> Result<Vec<Logged>, StoreError> {
        let (mut events, end) = (Vec::new(), self.commit_at(offset)?.end());
        self.read_chunks(offset, end, &mut events, |_| true)?;
        Ok(events)
    }
}
