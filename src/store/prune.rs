//! Forgetting old events: the state before them becomes the log's base.

use super::as_of::Moment;
use super::error::StoreError;
use super::rewrite::{Replaced, Rewrite, Run, by_sync};
use super::write::Writer;
use crate::format::SyncRecord;
use crate::model::{Seq, UnixMillis};

/// What pruning drops, or would drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// Events dropped.
    pub dropped: u64,
    /// Events kept.
    pub kept: u64,
    /// The first event kept.
    pub history_start: Seq,
    /// Bytes of the log before and after; equal in a dry run.
    pub log_bytes: (u64, u64),
}

impl Writer<'_> {
    /// Drops the events before a moment: those published before a time, or numbered below a `seq`. The state and all
    /// numbers stay; history then starts later and says so. With `dry_run` only tells.
    ///
    /// # Errors
    /// The system's; damage. The store is then as it was. `None` where there is no store.
    pub fn prune_before(&mut self, moment: Moment, dry_run: bool) -> Result<Option<Pruning>, StoreError> {
        self.check()?;
        self.settle()?;
        let store = self.store.clone();
        let Some(view) = self.view.take() else { return Ok(None) };
        let history = store.history(&view);
        let plan = self.plan(&history, moment, dry_run);
        self.view = Some(view);
        let (mut pruning, rewrite) = plan?;
        if let Some(rewrite) = rewrite {
            // The state stays, and so does how fresh it is.
            let freshness = self.view.as_ref().and_then(|view| view.freshness());
            self.replace_log(rewrite, freshness, Replaced::Same)?;
            pruning.log_bytes.1 = self.view.as_ref().map_or(0, |view| view.byte_lens().0);
        }
        Ok(Some(pruning))
    }

    fn plan(
        &self,
        history: &super::History<'_>,
        moment: Moment,
        dry_run: bool,
    ) -> Result<(Pruning, Option<super::Rewrite>), StoreError> {
        let view = history.view();
        let just_before = match moment {
            Moment::Time(time) => Moment::Time(UnixMillis::saturating(time.get() - 1)),
            Moment::Seq(seq) => Moment::Seq(Seq(seq.0.saturating_sub(1))),
        };
        let start = view.history_start();
        let last_dropped = history.last_event_at(just_before)?.unwrap_or(Seq(start.0 - 1));
        let (dropped, kept) = history.counts_around(last_dropped)?;
        let (log_bytes, _) = view.byte_lens();
        let pruning =
            Pruning { dropped, kept, history_start: last_dropped.next().max(start), log_bytes: (log_bytes, log_bytes) };
        if dry_run || dropped == 0 {
            return Ok((pruning, None));
        }
        // The number itself may be of an event that is lost.
        let Some(span) = history.span_of(last_dropped)? else { return Ok((pruning, None)) };
        let dropped_last = history.span(span)?.into_iter().rfind(|logged| logged.seq <= last_dropped);
        let Some(last) = dropped_last else { return Ok((pruning, None)) };
        let mut rewrite = history.rewrite_with(self, last_dropped, &last.sync)?;
        let first = history.span_of(last_dropped.next())?.unwrap_or(0);
        let mut pending: Option<Run<'_>> = None;
        for span in first..history.span_count() {
            let kept = history.span(span)?.into_iter().filter(|logged| logged.seq > last_dropped).collect();
            for mut run in by_sync(kept) {
                match &mut pending {
                    // A commit can go on in the next span.
                    Some(before) if before.goes_on_with(run.first_seq, &run.sync) => {
                        before.events.append(&mut run.events)
                    }
                    _ => pending.replace(run).into_iter().for_each(|run| rewrite.run(run)),
                }
            }
        }
        pending.into_iter().for_each(|run| rewrite.run(run));
        // The last numbers may be of events that are lost.
        rewrite.skip_to(view.seq().next(), &last.sync, last.sync.synced_at);
        Ok((pruning, Some(rewrite)))
    }
}

impl Rewrite {
    /// Events under the numbers that they had.
    fn run(&mut self, run: Run<'_>) {
        self.skip_to(run.first_seq, &run.sync, run.sync.synced_at);
        self.commit(&run.sync, run.events);
    }
}

impl super::History<'_> {
    /// How many events there are up to a number, and behind it: fewer than numbers where some are lost.
    fn counts_around(&self, seq: Seq) -> Result<(u64, u64), StoreError> {
        let (mut up_to, mut behind) = (0, 0);
        for span in 0..self.span_count() {
            for logged in self.span(span)? {
                *(if logged.seq <= seq { &mut up_to } else { &mut behind }) += 1;
            }
        }
        Ok((up_to, behind))
    }

    /// A new log that starts with the state behind `seq`.
    fn rewrite_with(&self, writer: &Writer<'_>, seq: Seq, sync: &SyncRecord) -> Result<super::Rewrite, StoreError> {
        let mut rewrite = writer.rewrite_behind(Some(self.view()), seq.next());
        let past = self.state_behind(seq)?;
        let trackers: Result<Vec<_>, StoreError> =
            past.trackers().map(|item| item.map(|item| (item.tracker, item.last_seq))).collect();
        rewrite.base(sync, trackers?);
        Ok(rewrite)
    }
}
