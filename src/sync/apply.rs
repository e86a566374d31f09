//! What every source of a sync has in common: compare it with the cached state, and append what changed.

use std::cell::Cell;

use crate::format::SyncRecord;
use crate::model::{Event, Seq, Tracker, UnixMillis, diff};
use crate::store::{StoreError, View, Writer};

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
    let mut events = Vec::new();
    if let Some(view) = writer.view() {
        let (cached, known) = (view.changed_at(), view.freshness().and_then(|fresh| fresh.manifest));
        if sync.manifest.is_some() && known == sync.manifest && !force && !view.state_in_doubt() {
            writer.settle()?;
            return Ok(Outcome::Unchanged);
        }
        if sync.changed_at < cached {
            if !force {
                writer.settle()?;
                return Ok(Outcome::Older { manifest: sync.changed_at, cached });
            }
            sync.changed_at = sync.synced_at.max(cached);
        }
        if let Err(StoreError::Damaged(_)) = changes(view, trackers, &mut events) {
            // A block of the index: the log gives the same state, and a new index.
            writer.renew_index()?;
            events.clear();
            writer.view().map_or(Ok(()), |view| changes(view, trackers, &mut events))?;
        }
        if events.is_empty() {
            writer.note_freshness(&sync)?;
            return Ok(Outcome::Fresher);
        }
    } else {
        events.reserve_exact(trackers.len());
        diff([], trackers, &mut events);
    }
    let counts = count(&events);
    let append = writer.append(&sync, &events)?;
    let (first_seq, last_seq) = (append.first_seq, append.last_seq);
    Ok(Outcome::Changed { first_seq, last_seq, counts, compaction_failed: append.compaction_failed })
}

/// What turns the view's state into `trackers`.
fn changes<'e>(view: &View, trackers: &'e [Tracker<'_>], events: &mut Vec<Event<'e>>) -> Result<(), StoreError> {
    let failed = Cell::new(None);
    let before = view.trackers().map_while(|item| match item {
        Ok(item) => Some(item.tracker),
        Err(error) => {
            failed.set(Some(error));
            None
        }
    });
    diff(before, trackers, events);
    failed.into_inner().map_or(Ok(()), Err)
}

fn count(events: &[Event<'_>]) -> Vec<(&'static str, u64)> {
    let mut counts: Vec<(&'static str, u64)> = Vec::new();
    for event in events {
        let word = event.change.as_str();
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts
}
