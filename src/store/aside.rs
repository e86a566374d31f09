//! Keeping damaged bytes: no repair, crash or later writer takes them away.

use super::error::StoreError;
use super::files::Store;
use super::names::{asides, is_aside_of};
use super::write::Writer;
use crate::segment::Log;

impl Store<'_> {
    /// Sets a file aside at once; `None` if there is no such file.
    pub(super) fn set_aside(&self, name: &str) -> Result<Option<String>, StoreError> {
        if self.is_file(name)? { self.move_aside(name).map(Some) } else { Ok(None) }
    }

    /// Sets aside what has a name, whatever it is.
    pub(super) fn move_aside(&self, name: &str) -> Result<String, StoreError> {
        let aside = self.aside_name(name)?;
        self.rename(name, &aside)?;
        Ok(aside)
    }

    /// Sets a copy aside of a small file that must not be missing for a moment.
    pub(super) fn copy_aside(&self, name: &str) -> Result<Option<String>, StoreError> {
        let Some(bytes) = self.read_small(name)? else { return Ok(None) };
        // A repair that was interrupted may have copied it already.
        let names = self.own_names()?;
        let mut known = names.iter().filter(|aside| is_aside_of(aside, name));
        let is_copy = |aside: &&String| self.read_small(aside).is_ok_and(|copy| copy.as_ref() == Some(&bytes));
        if let Some(aside) = known.find(is_copy) {
            return Ok(Some(aside.clone()));
        }
        self.put_aside(name, &bytes).map(Some)
    }

    /// Keeps bytes of a file under a name of their own.
    fn put_aside(&self, name: &str, bytes: &[u8]) -> Result<String, StoreError> {
        let aside = self.aside_name(name)?;
        self.publish(&aside, &[bytes])?;
        Ok(aside)
    }

    /// Marks a live file to be set aside when it is retired, by an empty file of the name that it will have: so a later
    /// writer knows, should this one not come to it. `None` if there is no such file.
    pub(super) fn mark_aside(&self, name: &str) -> Result<Option<String>, StoreError> {
        if !self.is_file(name)? {
            return Ok(None);
        }
        let aside = self.aside_name(name)?;
        let mark = self.file(&aside);
        self.storage.create(&mark).map_err(StoreError::unrecorded("create", &mark))?;
        Ok(Some(aside))
    }

    /// Removes a file that is live no more, or sets it aside if that was marked.
    pub(super) fn retire(&self, name: &str) -> Result<(), StoreError> {
        match self.own_names()?.iter().find(|mark| is_aside_of(mark, name) && self.is_mark(mark)) {
            Some(mark) => self.rename(name, mark),
            None => self.remove(name),
        }
    }

    /// The name under which a file is set aside: one under which nothing lies yet.
    fn aside_name(&self, name: &str) -> Result<String, StoreError> {
        let names = self.own_names()?;
        let free = asides(name).find(|aside| !names.contains(aside) || self.is_mark(aside));
        // OK because the names never end.
        Ok(free.expect("a free name"))
    }

    fn is_mark(&self, aside: &str) -> bool {
        matches!(self.storage.signature(&self.file(aside)), Ok(Some(signature)) if signature.len == 0)
    }
}

impl Writer<'_> {
    /// Keeps the bytes of a torn commit, which are about to be written over, unless they are zeros.
    pub(super) fn keep_torn(&self, offset: u64) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        let log = Log::open(self.store.storage, &self.store.dir, view.current().log);
        let torn = log.and_then(|log| log.read(offset, u64::MAX));
        let torn = torn.map_err(|error| StoreError::log(view.log_path(), error))?;
        if torn.iter().any(|byte| *byte != 0) {
            self.store.put_aside(&view.current().log.file_name(), &torn)?;
        }
        Ok(())
    }
}
