//! What one reader sees: the state at the moment of opening, however long it looks.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::error::{Damage, Part, StoreError};
use super::merge::{At, Merged, Place};
use super::tail::{Position, Tail, Touched};
use crate::format::{
    Chain, Current, Features, FileId, FormatError, Group, HistoryHash, LOG_HEADER_LEN, LogName, Marks, Standing,
    SyncRecord,
};
use crate::index::{Index, Item};
use crate::model::{Kind, Repo, Seq, State, Tracker, TrackerNumber, UnixMillis};

/// Trackers of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open ones.
    pub open: u64,
    /// Closed ones.
    pub closed: u64,
}

/// A store as it stood when it was opened.
#[derive(Clone)]
pub struct View {
    dir: PathBuf,
    // What is large is boxed: a view is handed up through a dozen calls, and room for copies is a page fault each.
    current: Box<Current>,
    /// Shared with views of the past.
    index: Option<Rc<Index>>,
    tail: Box<Tail<'static>>,
    marks: Option<Box<Marks>>,
    /// Bytes of the log's file: more than its last commit ends at if one was torn.
    log_len: u64,
    damage: Vec<Damage>,
    /// Whether the damage leaves the state in doubt (and not only old history, or the index).
    in_doubt: bool,
    /// Whether `current` was recovered from the other files, and is still to be written.
    recovered: bool,
}

impl View {
    /// A view in which nothing is damaged.
    pub(super) fn new(
        dir: &Path,
        current: Current,
        index: Option<Rc<Index>>,
        tail: Tail<'static>,
        log_len: u64,
    ) -> Self {
        let (dir, marks, damage) = (dir.to_owned(), None, Vec::new());
        let (current, tail) = (Box::new(current), Box::new(tail));
        Self { dir, current, index, tail, marks, log_len, damage, in_doubt: false, recovered: false }
    }

    /// Returns the view of trackers that are recorded nowhere, in list order.
    pub fn of_trackers(repo: &str, record: SyncRecord, trackers: impl IntoIterator<Item = Tracker<'static>>) -> Self {
        let mut at = Position::start(LOG_HEADER_LEN, Seq(1), Chain([0; 32]));
        (at.changed_at, at.fresh) = (record.changed_at, Some(record));
        let mut buffer = Vec::new();
        let mut tail = Tail::start(at);
        for tracker in trackers {
            tail.at.state.add(&tracker, &mut buffer);
            let (kind, number) = (tracker.kind, tracker.number);
            tail.touched.push(Touched { kind, number, was: None, now: Some(tracker), last_seq: Seq(0) });
        }
        let current = Current {
            features: Features::default(),
            store: FileId::NONE,
            generation: 0,
            log: LogName { generation: 0, id: FileId::NONE },
            acknowledged: LOG_HEADER_LEN,
            index: None,
            history_start: Seq(1),
            repo: repo.to_owned(),
        };
        Self::new(Path::new(""), current, None, tail, LOG_HEADER_LEN)
    }

    /// Whether it is that of a store.
    pub fn is_recorded(&self) -> bool {
        self.current.store != FileId::NONE
    }

    /// The same store at another moment: for answering, no place to append after.
    pub(super) fn past(&self, index: Option<Rc<Index>>, tail: Tail<'static>) -> Self {
        let past = Self::new(&self.dir, (*self.current).clone(), index, tail, self.log_len);
        Self { in_doubt: self.in_doubt, ..past }
    }

    pub(super) fn with_marks(self, marks: Option<Marks>) -> Self {
        let store = self.current.store;
        Self { marks: marks.filter(|marks| marks.store == store).map(Box::new), ..self }
    }

    /// Adds damage that costs time, or history, and not the state.
    pub(super) fn damaged(&mut self, damage: impl IntoIterator<Item = Damage>) {
        self.damage.extend(damage);
    }

    /// Adds damage that may have cost the newest changes.
    pub(super) fn doubted(&mut self, damage: Damage) {
        self.damage.push(damage);
        self.in_doubt = true;
    }

    pub(super) fn recovered(self) -> Self {
        Self { recovered: true, ..self }
    }

    pub(super) fn is_recovered(&self) -> bool {
        self.recovered
    }

    /// All of it was mended.
    pub(super) fn forget_damage(&mut self) {
        self.damage.clear();
    }

    /// Makes a `CURRENT` that was written the view's.
    pub(super) fn set_current(&mut self, current: Current) {
        (*self.current, self.recovered) = (current, false);
    }

    pub(super) fn current(&self) -> &Current {
        &self.current
    }

    pub(super) fn index(&self) -> Option<&Index> {
        self.index.as_deref()
    }

    pub(super) fn shared_index(&self) -> Option<Rc<Index>> {
        self.index.clone()
    }

    pub(super) fn tail(&self) -> &Tail<'static> {
        &self.tail
    }

    pub(super) fn at(&self) -> &Position {
        &self.tail.at
    }

    pub(super) fn log_len(&self) -> u64 {
        self.log_len
    }

    /// Whether the last commit is known to have been acknowledged.
    pub(super) fn is_acknowledged(&self) -> bool {
        let known = self.marks.as_ref().and_then(|marks| marks.acknowledged);
        // `CURRENT` says it of the log's bytes, and may be visible without being durable itself.
        let known = known.filter(|known| known.log == self.current.log.id);
        known.is_some_and(|known| known.offset >= self.at().offset)
    }

    /// Whether this is what a first sync leaves that is interrupted before it writes `CURRENT`.
    pub(super) fn is_interrupted_beginning(&self) -> bool {
        let acknowledged = self.marks.as_ref().is_some_and(|marks| marks.acknowledged.is_some());
        let is_whole = self.at().offset == self.log_len && !self.in_doubt;
        self.current.log.generation == 1 && is_whole && !acknowledged && self.tail.frame_count > 0
    }

    /// Returns the store's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns `HOST/OWNER/REPO`, as first written.
    pub fn repo(&self) -> &str {
        &self.current.repo
    }

    /// Returns `asked`, which is the view's repository, as it was first written.
    pub fn as_first_written(&self, asked: &Repo) -> Repo {
        let written = Repo::parse(self.repo(), Repo::DEFAULT_HOST).ok();
        written.filter(|written| written == asked).unwrap_or_else(|| asked.clone())
    }

    /// Returns the last live event.
    pub fn seq(&self) -> Seq {
        self.at().seq
    }

    /// Returns the last published event.
    pub fn published_seq(&self) -> Seq {
        self.at().published_seq
    }

    /// Returns how many live events are observed, and not published.
    pub fn observed_count(&self) -> u64 {
        if self.at().observed_from == 0 { 0 } else { self.seq().0.saturating_sub(self.published_seq().0) }
    }

    /// Whether any published version was recorded.
    pub fn has_published(&self) -> bool {
        self.at().published_frame > 0
    }

    /// Returns the first event that the log holds.
    pub fn history_start(&self) -> Seq {
        self.at().history_start
    }

    /// Returns how many events come after the index.
    pub fn tail_events(&self) -> u64 {
        self.tail.event_count
    }

    /// Returns what was found damaged on the way; the answers rest on what verifies.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Fails where it is known that history is not whole.
    ///
    /// # Errors
    /// Damage to the log.
    pub fn check_history(&self) -> Result<(), StoreError> {
        let damage = self.damage.iter().find(|damage| damage.is_of_log());
        damage.map_or(Ok(()), |damage| Err(StoreError::Damaged(damage.clone())))
    }

    /// Whether the damage may have cost the newest changes.
    pub fn state_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Whether changes are known to be missing from the end: the trackers are then those of an earlier moment.
    pub fn lacks_newest(&self) -> bool {
        let known = self.marks.as_ref().and_then(|marks| marks.acknowledged);
        let known = known.filter(|known| known.log == self.current.log.id).map_or(0, |known| known.offset);
        self.in_doubt && known.max(self.current.acknowledged).max(self.log_len) > self.at().offset
    }

    /// Returns the marks of this store, if there are any.
    pub fn marks(&self) -> Option<&Marks> {
        self.marks.as_deref()
    }

    /// Returns when the cache was last found to hold what its source holds; a time that is not yet counts as none.
    pub fn checked_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        let fresh = self.freshness().map(|fresh| fresh.synced_at);
        let is_past = |time: &UnixMillis| *time <= now;
        self.marks().and_then(|marks| marks.checked_at).filter(is_past).or(fresh.filter(is_past))
    }

    /// Returns the record of the last manifest or answer taken in; `None` if a repair may have lost what it brought.
    pub fn freshness(&self) -> Option<&SyncRecord> {
        self.at().fresh.as_ref().filter(|_| !self.in_doubt)
    }

    /// Returns when the last live change was published.
    pub fn changed_at(&self) -> UnixMillis {
        self.at().changed_at
    }

    /// Returns the time of the last manifest or answer taken in: an older one changes nothing.
    pub fn updated_at(&self) -> UnixMillis {
        self.at().fresh.as_ref().map_or(self.at().changed_at, |fresh| fresh.updated_at)
    }

    /// Returns the places of all trackers of a kind, and of one state if it is given; numbers descending.
    pub fn places(&self, kind: Kind, state: Option<State>) -> impl Iterator<Item = Result<Place, StoreError>> + '_ {
        Merged::new(self.index(), &self.tail, kind, state)
            .places()
            .map(|place| place.map_err(|error| self.index_error(&error)))
    }

    /// Returns all trackers of a kind, and of one state if it is given; numbers descending.
    pub fn items(&self, kind: Kind, state: Option<State>) -> impl Iterator<Item = Result<Item<'_>, StoreError>> + '_ {
        Merged::new(self.index(), &self.tail, kind, state)
            .items()
            .map(|item| item.map_err(|error| self.index_error(&error)))
    }

    /// Verifies every byte that [`Self::items`] of the same arguments will read.
    ///
    /// # Errors
    /// A block of the index that does not verify.
    pub fn verify_items(&self, kind: Kind, state: Option<State>) -> Result<(), StoreError> {
        let Some(index) = &self.index else { return Ok(()) };
        for each in State::ALL.into_iter().filter(|each| state.is_none_or(|only| only == *each)) {
            index.verify_group(Group(kind, each.into())).map_err(|error| self.index_error(&error))?;
        }
        Ok(())
    }

    /// Returns the tracker at a place of this view.
    ///
    /// # Errors
    /// A block of the index that does not verify.
    pub fn item(&self, place: Place) -> Result<Item<'_>, StoreError> {
        match (place.at(), &self.index) {
            (At::Index(position), Some(index)) => {
                index.item(place.kind(), place.state(), position).map_err(|error| self.index_error(&error))
            }
            (At::Tail(at), _) => {
                // OK because places are those of live trackers, and a view does not change.
                Ok(self.tail.touched[at].item().expect("the place of a live tracker"))
            }
            (At::Index(_), None) => unreachable!("OK because a view without an index gives no such place"),
        }
    }

    /// Returns all trackers in list order.
    pub fn trackers(&self) -> impl Iterator<Item = Result<Item<'_>, StoreError>> + '_ {
        Kind::ALL.into_iter().flat_map(|kind| self.items(kind, None))
    }

    /// Returns how many trackers of a kind there are, without looking at them.
    pub fn counts(&self, kind: Kind) -> Counts {
        let in_index =
            |standing| self.index.as_ref().map_or(0, |index| index.header().counts[Group(kind, standing).position()]);
        let mut counts = Counts { open: in_index(Standing::Open), closed: in_index(Standing::Closed) };
        for touched in self.tail.touched.iter().filter(|touched| touched.kind == kind) {
            match touched.was {
                Some(Standing::Open) => counts.open -= 1,
                Some(Standing::Closed) => counts.closed -= 1,
                Some(Standing::Removed) | None => {}
            }
            match touched.now.as_ref().map(|now| now.state) {
                Some(State::Open) => counts.open += 1,
                Some(State::Closed) => counts.closed += 1,
                None => {}
            }
        }
        counts
    }

    /// Returns the `seq` of a tracker's last live event, also of one that was removed.
    ///
    /// # Errors
    /// A block of the index that does not verify.
    pub fn last_seq(&self, kind: Kind, number: TrackerNumber) -> Result<Option<Seq>, StoreError> {
        let touched = self.touched(kind, number)?;
        Ok(Some(touched.last_seq).filter(|seq| *seq > Seq(0)))
    }

    /// A tracker as this view has it.
    pub(super) fn touched(&self, kind: Kind, number: TrackerNumber) -> Result<Touched<'static>, StoreError> {
        if let Ok(at) = self.tail.find(kind, number) {
            return Ok(self.tail.touched[at].clone());
        }
        Touched::from_index(kind, number, self.index()).map_err(|error| self.index_error(&error))
    }

    /// Returns the state hash: equal on two machines exactly when they hold the same trackers.
    pub fn state_hash(&self) -> [u8; 32] {
        self.at().state.hash()
    }

    /// Returns the history hash: equal on two machines exactly when they hold the same published events.
    pub fn history_hash(&self) -> HistoryHash {
        self.at().history
    }

    /// Returns the bytes of the log and of the index.
    pub fn byte_lens(&self) -> (u64, u64) {
        (self.at().offset, self.index.as_ref().map_or(0, |index| index.byte_len()))
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.dir.join(self.current.log.file_name())
    }

    pub(super) fn index_error(&self, error: &FormatError) -> StoreError {
        StoreError::format(Part::Block, self.index_path(), error)
    }

    pub(super) fn index_path(&self) -> PathBuf {
        self.dir.join(self.current.index.map_or(String::from("index"), |name| name.file_name()))
    }
}
