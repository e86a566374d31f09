//! GitHub's name of the manifest that it gave last, so that it need not give it again.

use super::view::View;
use super::{SMALL_FILE_LIMIT, Store, TAG};
use crate::format::Tag;
use crate::fs::publish_unsynced;

impl Store<'_> {
    /// The tag of what was taken in from `place`; `None` where nothing was, or the state is in doubt.
    pub fn tag(&self, view: &View, place: &str) -> Option<String> {
        let bytes = self.storage.read(&self.file(TAG), SMALL_FILE_LIMIT).ok()??;
        let tag = Tag::decode(&bytes).ok()?;
        let holds = tag.store == view.current.store && tag.place == place && !view.state_in_doubt;
        holds.then_some(tag.tag)
    }

    /// Remembers that `view` holds what `place` gave with `tag`. Best effort: the file may vanish at any time.
    pub fn record_tag(&self, view: &View, place: &str, tag: &str) {
        let tag = Tag { store: view.current.store, place: place.to_owned(), tag: tag.to_owned() };
        let _ = publish_unsynced(self.storage, &self.file(TAG), &tag.encode());
    }
}
