//! Whether what was fetched holds a newer manifest than the one that is checked out.

use super::Located;
use crate::git::GitError;
use crate::manifest;
use crate::store::View;

impl Located {
    /// Whether `git pull` would bring a manifest that is newer than the state of `view`, as far as was fetched. Starts git
    /// only if the remote branch is elsewhere than `HEAD`, and asks nobody.
    pub fn would_pull_newer(&self, view: &View) -> bool {
        let Ok((checkout, path)) = self.in_git() else { return false };
        let Some(tip) = checkout.fetched() else { return false };
        let mut is_newer = false;
        // What git cannot read is nothing to hope for.
        let _ = checkout.read_versions(std::slice::from_ref(&tip), &path, manifest::MAX_LEN, |version| {
            let manifest = version.bytes.as_deref().and_then(|bytes| manifest::parse(bytes).ok());
            is_newer = manifest.is_some_and(|manifest| manifest.updated_at > view.changed_at());
            Ok::<(), GitError>(())
        });
        is_newer
    }
}
