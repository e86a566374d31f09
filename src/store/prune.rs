//! Forgetting old events: the state before them becomes the log's base.

use super::as_of::Moment;
use super::error::StoreError;
use super::history::History;
use super::rewrite::{Replaced, Rewrite};
use super::write::Writer;
use crate::format::{FrameHeader, FrameKind, SyncRecord};
use crate::model::{Event, Seq};

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

/// The last frame of live history that is dropped.
struct Boundary {
    end: u64,
    last_seq: Seq,
    sync: SyncRecord,
}

impl Writer<'_> {
    /// Drops the commits before a moment: those published before a time, or whose events are numbered below a `seq`. The
    /// state and all numbers stay; history then starts later and says so. With `dry_run` only tells.
    ///
    /// # Errors
    /// The system's; damage. The store is then as it was. `None` if there is no store.
    pub fn prune_before(&mut self, moment: Moment, dry_run: bool) -> Result<Option<Pruning>, StoreError> {
        self.check()?;
        self.settle()?;
        let store = self.store.clone();
        let Some(view) = &self.view else { return Ok(None) };
        let (mut pruning, rewrite) = self.plan(&store.history(view)?, moment, dry_run)?;
        if let Some(rewrite) = rewrite {
            self.replace_log(rewrite, Replaced::Same)?;
            pruning.log_bytes.1 = self.view.as_ref().map_or(0, |view| view.byte_lens().0);
        }
        Ok(Some(pruning))
    }

    fn plan(
        &self,
        history: &History<'_>,
        moment: Moment,
        dry_run: bool,
    ) -> Result<(Pruning, Option<Rewrite>), StoreError> {
        let view = history.view();
        let (boundary, dropped, kept) = history.boundary(moment)?;
        let start = view.history_start();
        let history_start = boundary.as_ref().map_or(start, |boundary| boundary.last_seq.next());
        let (log_bytes, _) = view.byte_lens();
        let pruning = Pruning { dropped, kept, history_start, log_bytes: (log_bytes, log_bytes) };
        let Some(boundary) = boundary.filter(|_| !dry_run && dropped > 0) else { return Ok((pruning, None)) };
        // What was observed is undone by the first published version, which begins with event 1.
        let first_seq = boundary.sync.history.map_or(Seq(1), |_| history_start);
        let mut rewrite = self.rewrite(first_seq);
        let past = history.state_after(boundary.last_seq)?;
        let trackers: Result<Vec<_>, StoreError> =
            past.trackers().map(|item| item.map(|item| (item.tracker.into_owned(), item.last_seq))).collect();
        rewrite.base(&boundary.sync, boundary.sync.history, history_start, &trackers?)?;
        history.frames_from(boundary.end, |offset, header, sync| {
            let events: Vec<Event<'_>> = history.events_at(offset)?.into_iter().map(|logged| logged.event).collect();
            copy(&mut rewrite, header, sync, &events)
        })?;
        Ok((pruning, Some(rewrite)))
    }
}

fn copy(
    rewrite: &mut Rewrite,
    header: &FrameHeader,
    sync: &SyncRecord,
    events: &[Event<'_>],
) -> Result<(), StoreError> {
    match header.kind {
        FrameKind::Commit => rewrite.events(header.published, sync, events),
        FrameKind::Note => rewrite.note(sync, sync.note.clone(), header.first_seq),
        FrameKind::Base | FrameKind::Ignored(_) => Ok(()),
    }
}

impl History<'_> {
    /// The last frame to drop, and how many live events go and stay.
    fn boundary(&self, moment: Moment) -> Result<(Option<Boundary>, u64, u64), StoreError> {
        let mut live: Vec<(u64, FrameHeader)> = Vec::new();
        let mut superseded = Vec::new();
        let has_published = self.view().has_published();
        self.frames_from(0, |offset, header, _| {
            let is_live =
                header.kind == FrameKind::Commit && (header.published || offset > self.view().at().published_frame);
            live.extend((is_live && header.item_count > 0).then_some((offset, *header)));
            superseded.extend((!is_live && header.kind == FrameKind::Commit).then_some((offset, *header)));
            Ok(())
        })?;
        let last_of = |header: &FrameHeader| Seq(header.first_seq.0 + u64::from(header.item_count) - 1);
        let goes = |header: &FrameHeader| {
            let is_before = match moment {
                Moment::Time(time) => header.changed_at < time,
                Moment::Seq(seq) => last_of(header) < seq,
            };
            // What is observed goes on from what is published, which must not be lost.
            is_before && (header.published || !has_published)
        };
        let going = live.iter().take_while(|(_, header)| goes(header)).count();
        let count = |frames: &[(u64, FrameHeader)]| frames.iter().map(|(_, header)| u64::from(header.item_count)).sum();
        let (gone, kept) = live.split_at(going);
        let boundary = match gone.last() {
            None => None,
            Some((offset, header)) => {
                let mut end = offset + header.frame_len();
                // What was observed and superseded goes too, if all of it up to the next published version is older.
                let next = kept.iter().find(|(_, header)| header.published).map_or(end, |(offset, _)| *offset);
                let mut between = superseded.iter().filter(|(offset, _)| (end..next).contains(offset));
                let is_older =
                    |(_, header): &(u64, FrameHeader)| matches!(moment, Moment::Time(time) if header.changed_at < time);
                if between.clone().count() > 0 && between.all(is_older) {
                    end = next;
                }
                let sync = self.record_at(*offset)?;
                sync.map(|sync| Boundary { end, last_seq: last_of(header), sync })
            }
        };
        Ok((boundary, count(gone), count(kept)))
    }
}
