//! Opening for reading: no lock, no write, no waiting for a writer.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::error::{Damage, Part, StoreError};
use super::files::Store;
use super::fold::Unfolded;
use super::names::{CURRENT, is_numbered};
use super::view::View;
use crate::format::{Current, IndexName, Marks};
use crate::index::Index;

/// A file can vanish between reading its name in `CURRENT` and opening it, once a compaction.
const ATTEMPTS: u32 = 10;

/// How long to look whether somebody writes.
pub(super) const WRITING: Duration = Duration::from_millis(10);

impl Store<'_> {
    /// Returns what the store holds now; `None` if nothing was ever committed.
    ///
    /// # Errors
    /// The system's; a newer format; damage that leaves nothing to answer from.
    pub fn view(&self) -> Result<Option<View>, StoreError> {
        self.view_stable(true)
    }

    /// As [`Self::view`], folding the log alone: the answer does not rest on the index.
    ///
    /// # Errors
    /// As [`Self::view`].
    pub fn view_without_index(&self) -> Result<Option<View>, StoreError> {
        self.view_stable(false)
    }

    /// Tries until all files that `CURRENT` names are there; what stays missing was no writer's doing.
    fn view_stable(&self, with_index: bool) -> Result<Option<View>, StoreError> {
        let found = self.retrying(|| self.try_view(with_index));
        let Err(StoreError::Unstable { path }) = found else { return found };
        let found = self.view_without(path.clone(), with_index);
        let lacks_log = match &found {
            Ok(view) => view.as_ref().is_some_and(|view| view.check_history().is_err()),
            Err(error) => matches!(error, StoreError::Damaged(_)),
        };
        if lacks_log && !self.is_settled()? { Err(StoreError::Unstable { path }) } else { found }
    }

    /// Whether nobody writes or clears while a file is missing: what stays so is damage, and what does not is not.
    pub(super) fn is_settled(&self) -> Result<bool, StoreError> {
        let before = self.current_bytes()?;
        self.storage.wait(WRITING);
        Ok(before.is_some() && self.current_bytes()? == before)
    }

    /// Calls `read` again while files are replaced under it.
    pub(super) fn retrying<T>(&self, read: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        for attempt in 0..ATTEMPTS {
            match read() {
                Err(StoreError::Unstable { .. }) => {}
                result => return result,
            }
            // The first retries come at once: a compaction renames `CURRENT` before it removes what that named.
            self.storage.wait(Duration::from_millis(u64::from(attempt / 2)));
        }
        read()
    }

    fn view_without(&self, missing: PathBuf, with_index: bool) -> Result<Option<View>, StoreError> {
        let is_log = missing.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-"));
        let damage = Damage::missing(if is_log { Part::Log } else { Part::Index }, missing);
        // If it is the index, the log alone gives the same answer.
        if let Ok(Some(mut view)) = self.try_view(false) {
            view.damaged([damage]);
            return Ok(Some(view));
        }
        let Some(Ok(current)) = self.current_bytes()?.as_deref().map(Current::decode) else {
            return Err(StoreError::Damaged(damage));
        };
        // The state that the index holds, if the log is missing.
        let index = if with_index { current.index.map(|name| self.open_index(name)) } else { None };
        let Some(Ok(index)) = index else { return Err(StoreError::Damaged(damage)) };
        let tail = super::tail::Tail::after(&index).map_err(|_| StoreError::Damaged(damage.clone()))?;
        let mut view = View::new(&self.dir, current, Some(Rc::new(index)), tail, 0).with_marks(self.read_marks());
        view.doubted(damage);
        Ok(Some(view))
    }

    fn try_view(&self, with_index: bool) -> Result<Option<View>, StoreError> {
        // Before CURRENT, so that the log which that names holds what this acknowledges.
        let marks = self.read_marks();
        let bytes = self.current_bytes()?;
        let lost = match bytes.as_deref().map(Current::decode) {
            Some(Ok(current)) => match self.foreign(&current.repo, self.file(CURRENT)) {
                Some(damage) => return Err(StoreError::Damaged(damage)),
                None => return self.view_of(current, marks, with_index).map(Some),
            },
            Some(Err(error)) if error.is_newer() => {
                return Err(StoreError::format(Part::Current, self.file(CURRENT), &error));
            }
            Some(Err(error)) => Damage::new(Part::Current, self.file(CURRENT), &error),
            None => Damage { path: self.file(CURRENT), offset: 0, part: Part::Current, what: "is missing".to_owned() },
        };
        let names = self.own_names()?;
        if bytes.is_none() && self.is_cleared()? {
            return Ok(None);
        }
        let recovered = self.view_without_current(lost, bytes.is_some(), marks);
        // A writer may have brought it meanwhile, or a clear taken the rest: all of this would come from half of their
        // work.
        let numbered =
            |names: &[String]| -> Vec<String> { names.iter().filter(|name| is_numbered(name)).cloned().collect() };
        let is_stable = self.current_bytes()? == bytes && numbered(&self.own_names()?) == numbered(&names);
        if is_stable { recovered } else { Err(StoreError::Unstable { path: self.file(CURRENT) }) }
    }

    fn view_without_current(
        &self,
        lost: Damage,
        is_damaged: bool,
        marks: Option<Marks>,
    ) -> Result<Option<View>, StoreError> {
        let Some(current) = self.recover_current()? else {
            // Files are complete before they have their names, and the first of them is a log: what does not verify,
            // or stands alone, is no crash's doing.
            let nothing = !is_damaged && !self.own_names()?.iter().any(|name| is_numbered(name));
            return if nothing { Ok(None) } else { Err(StoreError::Damaged(lost)) };
        };
        let mut view = self.view_of(current, marks, false)?.recovered();
        // Which repository the log is of was in the file that is lost; its newest record says it too.
        let named = view.freshness().map(|record| record.repo.as_str()).filter(|repo| !repo.is_empty());
        if let Some(damage) = named.and_then(|repo| self.foreign(repo, view.log_path())) {
            return Err(StoreError::Damaged(damage));
        }
        if is_damaged || !view.is_interrupted_beginning() {
            view.damaged([lost]);
        }
        Ok(Some(view))
    }

    /// The view of what `current` names; an index that cannot be used counts as missing.
    pub(super) fn view_of(&self, current: Current, marks: Option<Marks>, with_index: bool) -> Result<View, StoreError> {
        let mut damage = None;
        let mut found = None;
        if let (Some(name), true) = (current.index, with_index) {
            let folded = match self.open_index(name) {
                Ok(index) => self.fold(&current, Some(Rc::new(index)), marks.as_ref(), None),
                Err(StoreError::Damaged(damage)) => Err(Unfolded::WithoutIndex(Some(damage))),
                Err(error) => Err(Unfolded::Failed(error)),
            };
            match folded {
                Ok(view) => found = Some(view),
                Err(Unfolded::WithoutIndex(found)) => damage = found,
                Err(Unfolded::Failed(error)) => return Err(error),
            }
        }
        let mut view = match found {
            Some(view) => view,
            None => self.fold_log(&current, marks.as_ref())?,
        };
        view.damaged(damage);
        Ok(view.with_marks(marks))
    }

    /// The view that the log alone gives, as `current` names it.
    pub(super) fn fold_log(&self, current: &Current, marks: Option<&Marks>) -> Result<View, StoreError> {
        self.fold(current, None, marks, None).map_err(|unfolded| match unfolded {
            Unfolded::Failed(error) => error,
            Unfolded::WithoutIndex(damage) => {
                let log = self.file(&current.log.file_name());
                StoreError::Damaged(damage.unwrap_or(Damage::missing(Part::Log, log)))
            }
        })
    }

    /// Opens the index that `CURRENT` names. Whatever is wrong with it but that it is gone is damage: a newer one, too,
    /// and one that the system does not give.
    pub(super) fn open_index(&self, name: IndexName) -> Result<Index, StoreError> {
        let path = self.file(&name.file_name());
        let unreadable = |error: std::io::Error| {
            let what = format!("cannot be read: {}", error.kind());
            StoreError::Damaged(Damage { path: path.clone(), offset: 0, part: Part::Index, what })
        };
        let file = self.storage.open(&path).map_err(unreadable)?;
        let file = file.ok_or_else(|| StoreError::Unstable { path: path.clone() })?;
        let bytes = file.len().and_then(|len| file.bytes(len)).map_err(unreadable)?;
        let index = Index::open(bytes);
        let index = index.map_err(|error| StoreError::Damaged(Damage::new(Part::Index, path.clone(), &error)))?;
        let header = index.header();
        if header.chain != name.chain || header.seq != name.seq {
            return Err(StoreError::Damaged(Damage::missing(Part::Index, path)));
        }
        Ok(index)
    }
}
