//! What may vanish at any time: the last check, signatures of manifests, where `--since last` stopped, and the like.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::error::StoreError;
use super::files::Store;
use super::names::MARKS;
use super::view::View;
use crate::format::{Acknowledged, Fork, Mark, Marks, SignatureMark, Tag};
use crate::fs::{Lock, publish_unsynced};
use crate::model::UnixMillis;

/// How long a mark waits for another to write: longer, and it is written all the same.
const MARK_PATIENCE: Duration = Duration::from_secs(1);

/// How long what may vanish waits: for whoever changes them too, or starts a program that has the lock until it runs.
const MOMENT: Duration = Duration::from_millis(20);

/// How often a file is written that somebody else removes.
const ATTEMPTS: u32 = 3;

fn keep(marks: &mut Marks, entry: SignatureMark) {
    marks.signatures.retain(|other| other.path_key != entry.path_key);
    marks.signatures.insert(0, entry);
    marks.signatures.truncate(Marks::MAX_SIGNATURES);
}

/// Times are told by the second: of two checks in one, the second would change nothing that is said.
fn is_said(view: &View, now: UnixMillis) -> bool {
    let second = |time: UnixMillis| time.get().div_euclid(1000);
    let known = view.marks().filter(|marks| marks.doubt.is_none());
    known.and_then(|marks| marks.checked_at).is_some_and(|at| second(at) == second(now))
}

impl Store<'_> {
    pub(super) fn read_marks(&self) -> Option<Marks> {
        // Whatever is wrong with it only costs a look at the manifest.
        Marks::decode(&self.read_small(MARKS).ok()??).ok()
    }

    /// Changes the marks of the store that `view` is of, as they stand now.
    fn change_marks(&self, view: &View, change: impl FnOnce(&mut Marks)) -> Result<(), StoreError> {
        let store = view.current().store;
        let mut marks = self.read_marks().filter(|marks| marks.store == store).unwrap_or_else(|| Marks::of(store));
        change(&mut marks);
        let path = self.file(MARKS);
        // A writer that tidies up may take the file away that is to be renamed.
        let write = || publish_unsynced(self.storage, &path, &marks.encode());
        let is_gone = |written: &io::Result<()>| matches!(written, Err(error) if error.kind() == ErrorKind::NotFound);
        let written = (0..ATTEMPTS).map(|_again| write()).find(|written| !is_gone(written));
        written.unwrap_or_else(write).map_err(StoreError::unrecorded("write", &path))
    }

    /// The lock, for whoever is no writer and changes what another may change at the same time: without it one would take
    /// the other's change back. `None` if a writer keeps it: nobody waits for what may vanish.
    fn marks_lock(&self) -> Option<Result<Box<dyn Lock>, StoreError>> {
        // Where there are no locks, nobody holds one.
        Some(self.lock(MOMENT)).filter(|lock| !matches!(lock, Err(StoreError::Busy { .. })))
    }

    /// Remembers that `view` holds what its source holds, and a manifest's signature. Best effort.
    pub fn record_checked(&self, view: &View, entry: Option<SignatureMark>, now: UnixMillis) {
        if entry.is_none() && is_said(view, now) {
            return;
        }
        let Some(_lock) = self.marks_lock() else { return };
        // A reader may see a commit that its writer has not synced, or never will: only a writer knows better.
        self.write_checked(view, false, entry, now);
    }

    /// Remembers how far git was looked through for a manifest that is not what `view` holds. Best effort.
    pub fn record_seen(&self, view: &View, entry: SignatureMark) {
        let Some(_lock) = self.marks_lock() else { return };
        let _ = self.change_marks(view, |marks| keep(marks, entry));
    }

    pub(super) fn write_checked(&self, view: &View, settled: bool, entry: Option<SignatureMark>, now: UnixMillis) {
        if view.state_in_doubt() {
            return;
        }
        let _ = self.change_marks(view, |marks| {
            (marks.checked_at, marks.doubt) = (Some(now), None);
            entry.into_iter().for_each(|entry| keep(marks, entry));
            if settled {
                let log = view.current().log.id;
                marks.acknowledged = Some(Acknowledged { log, offset: view.at().offset, chain: view.at().chain });
            }
        });
    }

    pub(super) fn write_seen(&self, view: &View, seen: Vec<Mark>) {
        let _ = self.change_marks(view, |marks| marks.marks = seen);
    }

    pub(super) fn write_fork(&self, view: &View, fork: Option<Fork>) {
        if view.marks().and_then(|marks| marks.fork.as_ref()) != fork.as_ref() {
            let _ = self.change_marks(view, |marks| marks.fork = fork);
        }
    }

    /// Returns the mark of `--since last:NAME`, or of `--since last` if the name is empty; `None` if this was never asked.
    pub fn mark(&self, view: &View, name: &str) -> Option<Mark> {
        let marks = self.read_marks().filter(|marks| marks.store == view.current().store)?;
        marks.marks.into_iter().find(|mark| mark.name == name)
    }

    /// Keeps a mark for the next time.
    ///
    /// # Errors
    /// The system's.
    pub fn record_mark(&self, view: &View, mark: Mark) -> Result<(), StoreError> {
        let _lock = self.lock(MARK_PATIENCE);
        self.change_marks(view, |marks| {
            marks.marks.retain(|other| other.name != mark.name);
            marks.marks.push(mark);
        })
    }

    /// Remembers why a look at the source could not tell whether `view` holds what it holds, until one can. Best effort.
    pub fn record_doubt(&self, view: &View, reason: &str) {
        if view.marks().and_then(|marks| marks.doubt.as_deref()) == Some(reason) {
            return;
        }
        let Some(_lock) = self.marks_lock() else { return };
        let _ = self.change_marks(view, |marks| marks.doubt = Some(reason.to_owned()));
    }

    /// Returns the entity tag of what was taken in from `place`; `None` if nothing was, or the state is in doubt.
    pub fn tag(&self, view: &View, place: &str) -> Option<String> {
        let marks = self.read_marks().filter(|marks| marks.store == view.current().store && !view.state_in_doubt())?;
        marks.tag.filter(|tag| tag.place == place).map(|tag| tag.tag)
    }

    /// Remembers that `view` holds what `place` gave with `tag`. Best effort.
    pub fn record_tag(&self, view: &View, place: &str, tag: &str) {
        let Some(_lock) = self.marks_lock() else { return };
        let tag = Tag { place: place.to_owned(), tag: tag.to_owned() };
        let _ = self.change_marks(view, |marks| marks.tag = Some(tag));
    }
}
