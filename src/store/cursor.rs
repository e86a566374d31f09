//! Where the user's last `history --since last` stopped.

use super::error::StoreError;
use super::view::View;
use super::{LAST, SMALL_FILE_LIMIT, Store};
use crate::format::Cursor;
use crate::fs::publish_unsynced;
use crate::model::UnixMillis;

impl Store<'_> {
    /// The place that was kept; `None` where this was never asked, or the log has been written anew from other events.
    pub fn cursor(&self, view: &View) -> Option<Cursor> {
        let bytes = self.storage.read(&self.file(LAST), SMALL_FILE_LIMIT).ok()??;
        let cursor = Cursor::decode(&bytes).ok()?;
        Some(cursor).filter(|cursor| cursor.store == view.current.store && cursor.seq <= view.seq())
    }

    /// Keeps the end of `view` as the place for the next time.
    ///
    /// # Errors
    /// The system's.
    pub fn record_cursor(&self, view: &View, now: UnixMillis) -> Result<(), StoreError> {
        let cursor = Cursor { store: view.current.store, seq: view.seq(), asked_at: now };
        let path = self.file(LAST);
        publish_unsynced(self.storage, &path, &cursor.encode()).map_err(StoreError::io("write", &path))
    }
}
