//! What was fetched and is not checked out yet.

use super::{Checkout, CommitId};

impl Checkout {
    /// The tip of the remote branch of the current branch's name, if that is another commit than `HEAD`.
    pub fn fetched(&self) -> Option<CommitId> {
        let head = self.symbolic("HEAD")?;
        let tip = self.reference(&format!("refs/remotes/origin/{}", head.strip_prefix("refs/heads/")?))?;
        (self.head()? != tip).then_some(tip)
    }
}
