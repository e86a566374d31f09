//! The state as it was: undone from the present, or done from the log's start, whichever is nearer.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::error::{Damage, Part, StoreError};
use super::history::{History, Logged};
use super::tail::{Position, Tail, Touched};
use super::view::View;
use crate::format::StateSum;
use crate::model::{Kind, Mismatch, Seq, Tracker, TrackerNumber, UnixMillis};

/// A moment of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// With every change published up to and at this time.
    Time(UnixMillis),
    /// With every event up to and including this one.
    Seq(Seq),
}

/// Trackers that differ from the index, by list key.
type Overlay = BTreeMap<(Kind, Reverse<TrackerNumber>), Touched<'static>>;

impl History<'_> {
    /// The last event up to and at a moment; `None` where that is before the log's start.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn last_event_at(&self, moment: Moment) -> Result<Option<Seq>, StoreError> {
        let start = self.view().history_start();
        match moment {
            Moment::Seq(seq) => {
                // Event 0 is the empty state before the first event, unless that was pruned.
                Ok((seq.next() >= start).then_some(seq.min(self.view().seq())))
            }
            Moment::Time(time) => {
                if time >= self.view().changed_at() {
                    return Ok(Some(self.view().seq()));
                }
                let events = self.span_at(time)?.map(|span| self.span(span)).transpose()?;
                let last =
                    events.iter().flat_map(|events| events.iter().rev()).find(|logged| logged.sync.changed_at <= time);
                match last {
                    Some(last) => Ok(Some(last.seq)),
                    None => Ok(self.begins_at()?.filter(|begins| *begins <= time).map(|_| Seq(start.0 - 1))),
                }
            }
        }
    }

    /// The state after an event that the log holds (or the one before its first).
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn state_after(&self, seq: Seq) -> Result<View, StoreError> {
        let view = self.view();
        let forward = seq.0.saturating_sub(view.history_start().0);
        let back = view.seq().0 - seq.0.min(view.seq().0);
        // Only an unpruned log begins with nothing; a base is folded by the view without index.
        if forward < back && view.history_start() == Seq(1) {
            return self.done_from_start(seq);
        }
        let mut overlay: Overlay = view.tail().touched.iter().map(|touched| (touched.key(), touched.clone())).collect();
        let mut sum = view.at().state;
        let first = self.span_of(seq.next())?.unwrap_or(0);
        for span in (first..self.span_count()).rev() {
            for logged in self.span(span)?.iter().rev().filter(|logged| logged.seq > seq) {
                self.undo(&mut overlay, &mut sum, logged)?;
            }
        }
        Ok(self.past_view(seq, overlay, sum, true))
    }

    fn done_from_start(&self, seq: Seq) -> Result<View, StoreError> {
        let (mut overlay, mut sum) = (Overlay::new(), StateSum::default());
        let last = self.span_of(seq)?.map_or(0, |span| span + 1);
        for span in 0..last {
            for logged in self.span(span)?.iter().filter(|logged| logged.seq <= seq) {
                let (kind, number) = (logged.event.kind, logged.event.number);
                let touched = Touched { kind, number, was: None, now: None, last_seq: Seq(0) };
                let touched = overlay.entry((kind, Reverse(number))).or_insert(touched);
                let now = logged.event.apply(touched.now.as_ref()).map_err(|error| self.mismatch(logged, error))?;
                change(&mut sum, touched.now.as_ref(), now.as_ref());
                touched.now = now.map(Tracker::into_owned);
                touched.last_seq = logged.seq;
            }
        }
        Ok(self.past_view(seq, overlay, sum, false))
    }

    fn undo(&self, overlay: &mut Overlay, sum: &mut StateSum, logged: &Logged) -> Result<(), StoreError> {
        let (kind, number) = (logged.event.kind, logged.event.number);
        let key = (kind, Reverse(number));
        let touched = match overlay.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.view().touched(kind, number)?),
        };
        let before = logged.event.undo(touched.now.as_ref()).map_err(|error| self.mismatch(logged, error))?;
        change(sum, touched.now.as_ref(), before.as_ref());
        touched.now = before.map(Tracker::into_owned);
        touched.last_seq = logged.prev;
        Ok(())
    }

    fn mismatch(&self, logged: &Logged, error: Mismatch) -> StoreError {
        let what = format!("event {}: {error}", logged.seq);
        StoreError::Damaged(Damage { path: self.view().log_path(), offset: 0, part: Part::Commit, what })
    }

    fn past_view(&self, seq: Seq, overlay: Overlay, sum: StateSum, over_index: bool) -> View {
        let view = self.view();
        let mut at = Position::start(view.tail().start, seq.next(), view.at().chain);
        (at.history_start, at.state) = (view.history_start(), sum);
        let mut tail = Tail::start(at);
        tail.touched = overlay.into_values().collect();
        view.past(view.shared_index().filter(|_| over_index), tail)
    }
}

fn change(sum: &mut StateSum, before: Option<&Tracker<'_>>, after: Option<&Tracker<'_>>) {
    let mut buffer = Vec::new();
    before.into_iter().for_each(|tracker| sum.remove(tracker, &mut buffer));
    after.into_iter().for_each(|tracker| sum.add(tracker, &mut buffer));
}
