//! Keeping damaged bytes: no repair, crash or later writer takes them away.

use super::error::StoreError;
use super::{SMALL_FILE_LIMIT, Store};
use crate::fs::publish;

impl Store<'_> {
    /// Sets a file aside at once; `None` where there is no such file.
    pub(super) fn set_aside(&self, name: &str) -> Result<Option<String>, StoreError> {
        let from = self.file(name);
        if !self.is_file(name)? {
            return Ok(None);
        }
        let aside = self.aside_name(name)?;
        self.storage.rename(&from, &self.file(&aside)).map_err(StoreError::io("rename", &from))?;
        Ok(Some(aside))
    }

    /// Sets a copy aside of a small file that must not be missing for a moment.
    pub(super) fn copy_aside(&self, name: &str) -> Result<Option<String>, StoreError> {
        let from = self.file(name);
        let bytes = self.storage.read(&from, SMALL_FILE_LIMIT).map_err(StoreError::io("read", &from))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let copied = |aside: &&String| self.storage.read(&self.file(aside), SMALL_FILE_LIMIT).ok().flatten();
        // A repair that was interrupted may have copied it already.
        let names = self.own_names()?;
        let mut known = names.iter().filter(|aside| is_aside_of(aside, name));
        if let Some(aside) = known.find(|aside| copied(aside).as_ref() == Some(&bytes)) {
            return Ok(Some(aside.clone()));
        }
        let aside = self.aside_name(name)?;
        let to = self.file(&aside);
        publish(self.storage, &to, &[&bytes]).map_err(StoreError::io("write", &to))?;
        Ok(Some(aside))
    }

    /// Marks a live file to be set aside when it is retired, by an empty file of the name that it will have: so a later
    /// writer knows, should this one not come to it. `None` where there is no such file.
    pub(super) fn mark_aside(&self, name: &str) -> Result<Option<String>, StoreError> {
        if !self.is_file(name)? {
            return Ok(None);
        }
        let aside = self.aside_name(name)?;
        let mark = self.file(&aside);
        self.storage.create(&mark).map_err(StoreError::io("create", &mark))?;
        Ok(Some(aside))
    }

    /// Removes a file that is live no more, or sets it aside where that was marked.
    pub(super) fn retire(&self, name: &str) -> Result<(), StoreError> {
        let path = self.file(name);
        match self.own_names()?.iter().find(|mark| is_aside_of(mark, name) && self.is_mark(mark)) {
            Some(mark) => self.storage.rename(&path, &self.file(mark)).map_err(StoreError::io("rename", &path)),
            None => self.storage.remove(&path).map(drop).map_err(StoreError::io("remove", &path)),
        }
    }

    /// The name under which a file is set aside: one under which nothing lies yet.
    fn aside_name(&self, name: &str) -> Result<String, StoreError> {
        let names = self.own_names()?;
        let first = format!("damaged-{name}");
        let more = (2..).map(|count| format!("{first}-{count}"));
        let mut candidates = std::iter::once(first.clone()).chain(more);
        let free = candidates.find(|aside| !names.contains(aside) || self.is_mark(aside));
        Ok(free.unwrap_or(first))
    }

    pub(super) fn is_file(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.file(name);
        Ok(self.storage.signature(&path).map_err(StoreError::io("read", &path))?.is_some())
    }

    fn is_mark(&self, aside: &str) -> bool {
        matches!(self.storage.signature(&self.file(aside)), Ok(Some(signature)) if signature.len == 0)
    }
}

/// Whether that name is one under which a file of this name is set aside.
fn is_aside_of(aside: &str, name: &str) -> bool {
    let rest = aside.strip_prefix("damaged-").and_then(|rest| rest.strip_prefix(name));
    let count = |rest: &str| rest.strip_prefix('-').is_some_and(|count| count.parse::<u64>().is_ok());
    rest.is_some_and(|rest| rest.is_empty() || count(rest))
}
