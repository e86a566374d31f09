//! What one reader sees: the state at the moment of opening, however long it looks.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::compact::index_bytes;
use super::error::{Damage, StoreError};
use super::merge::{At, Merged, Place};
use super::tail::Tail;
use crate::format::{Checked, Current, FormatError, Freshness, Group, Standing, StateHasher};
use crate::fs::Buffer;
use crate::index::{Index, Item};
use crate::model::{Kind, Seq, State, TrackerNumber, UnixMillis};

/// Trackers of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open ones.
    pub open: u64,
    /// Closed ones.
    pub closed: u64,
}

/// A store as it stood when it was opened.
pub struct View {
    pub(super) dir: PathBuf,
    pub(super) current: Current,
    /// Shared with views of the past.
    pub(super) index: Option<Rc<Index>>,
    pub(super) tail: Tail<'static>,
    pub(super) checked: Option<Checked>,
    pub(super) end: LogEnd,
    pub(super) damage: Vec<Damage>,
    /// Whether the damage leaves the state in doubt (and not only old history, or the index).
    pub(super) state_in_doubt: bool,
    /// Whether `current` was told from the other files, and is still to be written.
    pub(super) current_recovered: bool,
}

/// Where the open segment ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogEnd {
    /// Behind the last commit, in the open segment's file.
    pub(super) offset: u64,
    /// Bytes of that file: more than `offset` where a commit was torn.
    pub(super) file_len: u64,
}

impl View {
    /// The state of an index alone.
    pub(super) fn of_index(dir: PathBuf, current: Current, index: Rc<Index>) -> Result<Self, StoreError> {
        let tail = Tail::behind(&index).map_err(|error| StoreError::format(dir.clone(), &error))?;
        let (checked, end, damage) = (None, LogEnd::default(), Vec::new());
        Ok(Self {
            dir,
            current,
            index: Some(index),
            tail,
            checked,
            end,
            damage,
            state_in_doubt: false,
            current_recovered: false,
        })
    }

    pub(super) fn index(&self) -> Option<&Index> {
        self.index.as_deref()
    }

    /// Its index, built anew.
    pub(super) fn index_bytes(&self) -> Result<Buffer, StoreError> {
        index_bytes(self.index(), &self.tail).map_err(|error| self.index_error(&error))
    }

    /// Whether the last commit is known to have been acknowledged.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.checked.as_ref().is_some_and(|checked| checked.acknowledged >= self.tail.address)
    }

    /// Whether this is what a first sync, or the rebuild of what was not there, leaves that is interrupted before it
    /// writes `CURRENT`, if nothing was ever acknowledged.
    pub(super) fn is_interrupted_beginning(&self) -> bool {
        let Current { generation, segments, .. } = &self.current;
        let is_first = *generation == 1 && segments.len() == 1 && segments[0].base == 0;
        // An index that comes with the first `CURRENT` holds all of the log.
        let nothing_behind = self.index.is_none() || self.tail.frame_count == 0;
        let acknowledged = self.checked.as_ref().is_some_and(|checked| checked.acknowledged > 0);
        let is_whole = self.end.offset == self.end.file_len && !self.state_in_doubt;
        is_first && nothing_behind && is_whole && !acknowledged
    }

    /// The store's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `HOST/OWNER/REPO`, as first written.
    pub fn repo(&self) -> &str {
        &self.current.repo
    }

    /// The last event.
    pub fn seq(&self) -> Seq {
        self.tail.seq
    }

    /// The first event that the log holds.
    pub fn history_start(&self) -> Seq {
        self.tail.history_start
    }

    /// Events behind the index.
    pub fn tail_events(&self) -> u64 {
        self.tail.event_count
    }

    /// What was found damaged on the way; the answers rest on what verifies.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Whether the damage may have cost the newest changes.
    pub fn state_in_doubt(&self) -> bool {
        self.state_in_doubt
    }

    /// What was last compared with this store, if that is known.
    pub fn checked(&self) -> Option<&Checked> {
        self.checked.as_ref()
    }

    /// The last manifest or answer taken in.
    pub fn freshness(&self) -> Option<Freshness> {
        let noted = self.current.freshness.clone().filter(|fresh| fresh.address >= self.tail.address);
        let committed = self.tail.last_sync.as_ref().map(|sync| Freshness {
            address: self.tail.address,
            changed_at: sync.changed_at,
            synced_at: sync.synced_at,
            source: sync.source,
            manifest: sync.manifest,
            commit: sync.commit.clone(),
        });
        noted.or(committed).or_else(|| self.current.freshness.clone())
    }

    /// No manifest from before this time changes anything.
    pub fn changed_at(&self) -> UnixMillis {
        self.freshness().map_or(self.tail.changed_at, |fresh| fresh.changed_at.max(self.tail.changed_at))
    }

    /// The places of all trackers of a kind, and of one state if it is given; numbers descending.
    pub fn places(&self, kind: Kind, state: Option<State>) -> impl Iterator<Item = Result<Place, StoreError>> + '_ {
        Merged::new(self.index(), &self.tail, kind, state)
            .places()
            .map(|place| place.map_err(|error| self.index_error(&error)))
    }

    /// All trackers of a kind, and of one state if it is given; numbers descending.
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

    /// The tracker at a place of this view.
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

    /// All trackers in list order.
    pub fn trackers(&self) -> impl Iterator<Item = Result<Item<'_>, StoreError>> + '_ {
        Kind::ALL.into_iter().flat_map(|kind| self.items(kind, None))
    }

    /// How many trackers of a kind there are, without looking at them.
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

    /// The `seq` of a tracker's last event, also of one that was removed.
    ///
    /// # Errors
    /// A block of the index that does not verify.
    pub fn last_seq(&self, kind: Kind, number: TrackerNumber) -> Result<Option<Seq>, StoreError> {
        if let Ok(at) = self.tail.find(kind, number) {
            return Ok(Some(self.tail.touched[at].last_seq));
        }
        let Some(index) = &self.index else { return Ok(None) };
        let found = index.find(kind, number).and_then(|found| {
            found.map(|(_, position)| index.record(position).map(|record| record.last_seq())).transpose()
        });
        found.map_err(|error| self.index_error(&error))
    }

    /// The state hash: equal on two machines exactly when they hold the same trackers.
    ///
    /// # Errors
    /// A block of the index that does not verify.
    pub fn state_hash(&self) -> Result<[u8; 32], StoreError> {
        if let (Some(index), true) = (&self.index, self.tail.touched.is_empty()) {
            return Ok(index.header().state_hash);
        }
        let mut hasher = StateHasher::default();
        for item in self.trackers() {
            hasher.add(&item?.tracker);
        }
        Ok(hasher.finish())
    }

    /// Bytes of the live segments and of the index.
    pub fn byte_lens(&self) -> (u64, u64) {
        let sealed: u64 = self.current.segments.iter().rev().skip(1).map(|segment| segment.end).sum();
        (sealed + self.end.offset, self.index.as_ref().map_or(0, |index| index.byte_len()))
    }

    /// The log address behind every byte of the open segment's file, torn ones included.
    pub(super) fn log_end_address(&self) -> u64 {
        let last = self.current.segments[self.current.segments.len() - 1];
        last.base + self.end.file_len.next_multiple_of(8)
    }

    pub(super) fn index_error(&self, error: &FormatError) -> StoreError {
        StoreError::format(self.index_path(), error)
    }

    pub(super) fn index_damage(&self, error: &FormatError) -> Damage {
        Damage::new(self.index_path(), error)
    }

    fn index_path(&self) -> PathBuf {
        self.dir.join(self.current.index.map_or(String::from("index"), |name| name.file_name()))
    }
}
