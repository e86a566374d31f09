//! What changed: events in an interval, filtered, newest or oldest first.

use std::rc::Rc;

use super::Order;
use crate::format::SyncRecord;
use crate::model::{Event, Kind, Seq, TrackerNumber, UnixMillis};
use crate::store::{History, Logged, Moment, StoreError};

/// Which events, in which order, how many.
#[derive(Clone, Debug, Default)]
pub struct HistoryFilter {
    /// Only what came after this; exclusive.
    pub since: Option<Moment>,
    /// Only what came up to this; inclusive.
    pub until: Option<Moment>,
    /// Only of this tracker.
    pub number: Option<TrackerNumber>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only these events, by their words; empty for all.
    pub words: Vec<&'static str>,
    /// At most so many.
    pub limit: Option<u64>,
    /// Newest first is descending.
    pub order: Order,
}

/// One event, owned.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number.
    pub seq: Seq,
    /// What happened, and to which tracker.
    pub event: Event<'static>,
    /// The sync that brought it.
    pub sync: Rc<SyncRecord>,
}

impl HistoryFilter {
    fn admits(&self, logged: &Logged) -> bool {
        let event = &logged.event;
        let after = match self.since {
            Some(Moment::Time(time)) => logged.sync.changed_at > time,
            Some(Moment::Seq(seq)) => logged.seq > seq,
            None => true,
        };
        let up_to = match self.until {
            Some(Moment::Time(time)) => logged.sync.changed_at <= time,
            Some(Moment::Seq(seq)) => logged.seq <= seq,
            None => true,
        };
        after
            && up_to
            && self.number.is_none_or(|number| number == event.number)
            && self.kind.is_none_or(|kind| kind == event.kind)
            && (self.words.is_empty() || self.words.contains(&event.change.as_str()))
    }

    fn limit(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }
}

/// The first event that the log still holds, where the question reaches behind it.
///
/// # Errors
/// Damage, and the system's.
pub fn cut_short(
    history: &History<'_>,
    filter: &HistoryFilter,
) -> Result<Option<(Seq, Option<UnixMillis>)>, StoreError> {
    let start = history.view().history_start();
    if start <= Seq(1) {
        return Ok(None);
    }
    let starts_at = history.starts_at()?;
    let reaches_behind = match filter.since {
        None => filter.limit.is_none() || filter.order == Order::Ascending,
        Some(Moment::Seq(seq)) => seq.next() < start,
        Some(Moment::Time(time)) => starts_at.is_some_and(|starts_at| time < starts_at),
    };
    Ok(reaches_behind.then_some((start, starts_at)))
}

/// The events that a filter admits.
///
/// # Errors
/// Damage, and the system's.
pub fn changes(history: &History<'_>, filter: &HistoryFilter) -> Result<Vec<Change>, StoreError> {
    if filter.number.is_some() { along_chain(history, filter) } else { through_spans(history, filter) }
}

fn own(logged: &Logged) -> Change {
    Change { seq: logged.seq, event: logged.event.clone(), sync: Rc::clone(&logged.sync) }
}

/// Reads only the spans between the two ends, from the side that is asked for, and stops at the limit.
fn through_spans(history: &History<'_>, filter: &HistoryFilter) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    if history.span_count() == 0 {
        return Ok(changes);
    }
    let span_of = |moment: Moment| match moment {
        Moment::Time(time) => history.span_at(time),
        Moment::Seq(seq) => history.span_of(seq),
    };
    let first = filter.since.map_or(Ok(None), span_of)?.unwrap_or(0);
    let last = match filter.until {
        None => history.span_count() - 1,
        Some(until) => match span_of(until)? {
            Some(last) => last,
            None => return Ok(changes),
        },
    };
    let limit = filter.limit();
    for step in 0..(last + 1).saturating_sub(first) {
        let newest_first = filter.order == Order::Descending;
        let events = history.span(if newest_first { last - step } else { first + step })?;
        let room = limit - changes.len();
        let mut admit = |events: &mut dyn Iterator<Item = &Logged>| {
            changes.extend(events.filter(|logged| filter.admits(logged)).take(room).map(own));
        };
        if newest_first {
            admit(&mut events.iter().rev())
        } else {
            admit(&mut events.iter())
        }
        if changes.len() >= limit {
            break;
        }
    }
    Ok(changes)
}

/// Follows a tracker's events back, each naming the one before.
fn along_chain(history: &History<'_>, filter: &HistoryFilter) -> Result<Vec<Change>, StoreError> {
    let Some(number) = filter.number else { return Ok(Vec::new()) };
    let mut changes = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| filter.kind.is_none_or(|only| only == *kind)) {
        let mut next = history.view().last_seq(kind, number)?;
        while let Some(seq) = next.filter(|seq| *seq >= history.view().history_start() && *seq > Seq(0)) {
            let Some(logged) = history.event(seq)? else { break };
            // A predecessor lies before; bytes that say otherwise would lead in circles.
            next = Some(logged.prev).filter(|prev| *prev < seq);
            if filter.admits(&logged) {
                changes.push(own(&logged));
            }
        }
    }
    changes.sort_by_key(|change| change.seq);
    if filter.order == Order::Descending {
        changes.reverse();
    }
    changes.truncate(filter.limit());
    Ok(changes)
}
