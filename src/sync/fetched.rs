//! Whether what was fetched holds a newer manifest than the one that is checked out.

use super::checkout::Located;
use crate::git::Blob;
use crate::manifest;
use crate::store::View;

impl Located {
    /// Whether `git pull` would bring a manifest that is newer than the state of `view`, as far as was fetched. Starts git
    /// only if the remote branch is elsewhere than `HEAD`, and asks nobody.
    pub fn would_pull_newer(&self, view: &View) -> bool {
        let Ok((checkout, path)) = self.in_git() else { return false };
        let Some(tip) = checkout.fetched() else { return false };
        let tip: String = tip.iter().map(|byte| format!("{byte:02x}")).collect();
        // What git cannot read is nothing to hope for.
        let Ok(Blob::Bytes(bytes)) = checkout.committed(&tip, &path, manifest::MAX_LEN) else { return false };
        manifest::parse(&bytes).is_ok_and(|manifest| manifest.updated_at > view.updated_at())
    }
}
