//! What every source of a sync has in common: compare it with the cached state, and append what changed.

use crate::format::SyncRecord;
use crate::model::{Seq, Tracker, UnixMillis};
use crate::store::{StoreError, Writer};

/// What a sync came to.
#[derive(Debug)]
pub enum Outcome {
    /// The manifest is the one that was last looked at.
    Unchanged,
    /// Its trackers are those cached; only its time moved on.
    Fresher,
    /// What the source says is older than what is cached, and changed nothing.
    Older {
        /// The manifest's time, or the answer's.
        manifest: UnixMillis,
        /// The cache's.
        cached: UnixMillis,
    },
    /// Its changes were appended.
    Changed {
        /// The first event.
        first_seq: Seq,
        /// The last event.
        last_seq: Seq,
        /// How many events of each word there are, in the words' order of first appearance.
        counts: Vec<(&'static str, u64)>,
        /// Why the compaction that was due did not happen.
        compaction_failed: Option<StoreError>,
    },
}

impl Outcome {
    /// What two syncs, one behind the other, came to together.
    pub(super) fn after(before: Outcome, last: Outcome) -> Outcome {
        match (before, last) {
            (
                Outcome::Changed { first_seq, counts: mut all, .. },
                Outcome::Changed { last_seq, counts, compaction_failed, .. },
            ) => {
                for (word, count) in counts {
                    match all.iter_mut().find(|(known, _)| *known == word) {
                        Some((_, sum)) => *sum += count,
                        None => all.push((word, count)),
                    }
                }
                Outcome::Changed { first_seq, last_seq, counts: all, compaction_failed }
            }
            (before @ Outcome::Changed { .. }, _) => before,
            (Outcome::Fresher, Outcome::Unchanged | Outcome::Older { .. }) => Outcome::Fresher,
            (_, last) => last,
        }
    }
}

/// Makes `trackers` the state of the store, unless the sync is older than what is cached and not forced.
///
/// A forced sync from before the cached one is dated by the moment it is made. Afterwards there is a store.
pub(super) fn apply(
    writer: &mut Writer<'_>,
    mut sync: SyncRecord,
    trackers: &[Tracker<'_>],
    force: bool,
) -> Result<Outcome, StoreError> {
    let mut is_first = true;
    if let Some(view) = writer.view() {
        is_first = false;
        let (cached, known) = (view.updated_at(), view.freshness().and_then(|fresh| fresh.manifest));
        if sync.manifest.is_some() && known == sync.manifest && !force && !view.state_in_doubt() {
            writer.settle()?;
            return Ok(Outcome::Unchanged);
        }
        if sync.updated_at < cached {
            if !force {
                writer.settle()?;
                return Ok(Outcome::Older { manifest: sync.updated_at, cached });
            }
            sync.changed_at = sync.synced_at;
        }
    }
    let mut batch = writer.batch()?;
    let taken = batch.observed(&sync, trackers)?;
    let append = batch.commit()?;
    if taken.words.is_empty() && !is_first {
        return Ok(Outcome::Fresher);
    }
    let (first_seq, last_seq) = (taken.first_seq, append.last_seq);
    Ok(Outcome::Changed { first_seq, last_seq, counts: taken.words, compaction_failed: append.compaction_failed })
}
