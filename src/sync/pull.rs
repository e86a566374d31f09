//! Pulling before a look, for those who asked for it.

use std::time::Duration;

use super::checkout::{Hosting, Located};
use super::error::Now;
use crate::fs::{Storage, publish_unsynced};
use crate::git::GitError;

const PULL_LIMIT: Duration = Duration::from_secs(20);

/// Pulls if the last time was longer ago than `interval` seconds, successful or not; `None` if it was not.
///
/// # Errors
/// Git's: what is cached is then all there is.
pub fn pull_if_due(
    storage: &dyn Storage,
    located: &Located,
    hosting: Hosting<'_>,
    branch: Option<&str>,
    (interval, now): (u64, Now),
) -> Option<Result<(), GitError>> {
    let (checkout, _) = located.in_git().ok()?;
    let stamp = located.pull_stamp();
    let last = storage.signature(&stamp).ok().flatten().map(|signature| signature.modified);
    let interval = i64::try_from(interval).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
    // A stamp from the future is none: a clock was wrong.
    if last.is_some_and(|last| last <= now.nanos && now.nanos.saturating_sub(last) < interval) {
        return None;
    }
    // Before, so that a pull that fails is not tried again by every list.
    let written = stamp.parent().map_or(Ok(()), |dir| storage.create_dir(dir));
    let _ = written.and_then(|()| publish_unsynced(storage, &stamp, b""));
    let signed_in = hosting.signed_in();
    let pulled = match branch {
        None => checkout.pull(None, PULL_LIMIT),
        Some(branch) => {
            let remote = checkout.remote_of(branch, &hosting.hosts(&signed_in));
            remote.and_then(|remote| checkout.pull(Some((&remote, branch)), PULL_LIMIT))
        }
    };
    Some(pulled)
}
