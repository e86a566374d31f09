//! What changed: events in an interval, filtered, newest or oldest first.

use super::filter::Order;
use crate::model::{Kind, Seq, TrackerNumber, UnixMillis};
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

    /// Whether events of every tracker and of every word are admitted.
    pub fn admits_all_trackers(&self) -> bool {
        self.number.is_none() && self.kind.is_none() && self.words.is_empty()
    }

    fn limit(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }
}

/// Where a log begins that a question reaches behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The first event that it holds.
    pub start: Seq,
    /// When that was published.
    pub time: Option<UnixMillis>,
    /// Whether the question names a moment before it, and does not just ask for all that there is.
    pub is_named: bool,
}

/// Where the log begins, if the question reaches behind that.
///
/// # Errors
/// Damage, and the system's.
pub fn cut_short(history: &History<'_>, filter: &HistoryFilter) -> Result<Option<Cut>, StoreError> {
    let start = history.view().history_start();
    if start <= Seq(1) {
        return Ok(None);
    }
    let time = history.starts_at()?;
    // All that is gone was not later than what it led to.
    let known_from = history.begins_at()?;
    let ends_before = match filter.until {
        None => false,
        Some(Moment::Seq(seq)) => seq < start,
        Some(Moment::Time(until)) => time.is_some_and(|time| until < time),
    };
    let (reaches_behind, is_named) = match filter.since {
        None => (filter.limit.is_none() || filter.order == Order::Ascending || ends_before, ends_before),
        Some(Moment::Seq(seq)) => (seq.next() < start, true),
        Some(Moment::Time(since)) => (known_from.is_some_and(|known_from| since <= known_from), true),
    };
    Ok(reaches_behind.then_some(Cut { start, time, is_named }))
}

/// The events that a filter admits.
///
/// # Errors
/// Damage, and the system's.
pub fn changes(history: &History<'_>, filter: &HistoryFilter) -> Result<Vec<Logged>, StoreError> {
    match changes_to_damage(history, filter) {
        (_, Some(stopped)) => Err(stopped),
        (found, None) => Ok(found),
    }
}

/// The events that a filter admits and that gave up their numbers: they were observed, and published versions came since.
///
/// # Errors
/// Damage, and the system's.
pub fn superseded(history: &History<'_>, filter: &HistoryFilter) -> Result<Vec<Logged>, StoreError> {
    let mut found = history.superseded()?;
    found.retain(|logged| filter.admits(logged));
    Ok(found)
}

/// The events that a filter admits, as far as they verify; and what stands in the way of the rest.
pub fn changes_to_damage(history: &History<'_>, filter: &HistoryFilter) -> (Vec<Logged>, Option<StoreError>) {
    let mut found = Vec::new();
    let read = |found: &mut Vec<Logged>| match filter.number {
        Some(number) => along_chain(history, filter, number, found),
        None => through_spans(history, filter, found),
    };
    match history.view().check_history().and_then(|()| read(&mut found)) {
        Ok(()) => (found, None),
        // What is behind the damage is newer, or older, and is part of the answer.
        Err(error @ StoreError::Damaged(_)) => {
            let found = history.salvaged().map_or(found, |salvaged| admitted(salvaged, filter));
            (found, Some(error))
        }
        Err(error) => (found, Some(error)),
    }
}

/// Those that the filter admits of all events, oldest first.
fn admitted(mut events: Vec<Logged>, filter: &HistoryFilter) -> Vec<Logged> {
    events.retain(|logged| filter.admits(logged));
    if filter.order == Order::Descending {
        events.reverse();
    }
    events.truncate(filter.limit());
    events
}

/// Reads only the spans between the two ends, from the side that is asked for, and stops at the limit.
fn through_spans(history: &History<'_>, filter: &HistoryFilter, found: &mut Vec<Logged>) -> Result<(), StoreError> {
    if history.span_count() == 0 {
        return Ok(());
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
            None => return Ok(()),
        },
    };
    let limit = filter.limit();
    for step in 0..(last + 1).saturating_sub(first) {
        let newest_first = filter.order == Order::Descending;
        let events = history.span(if newest_first { last - step } else { first + step })?;
        let room = limit - found.len();
        let mut admit = |events: &mut dyn Iterator<Item = &Logged>| {
            found.extend(events.filter(|logged| filter.admits(logged)).take(room).cloned());
        };
        match newest_first {
            true => admit(&mut events.iter().rev()),
            false => admit(&mut events.iter()),
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(())
}

/// Follows a tracker's events back, each naming the one before.
fn along_chain(
    history: &History<'_>,
    filter: &HistoryFilter,
    number: TrackerNumber,
    found: &mut Vec<Logged>,
) -> Result<(), StoreError> {
    let mut ended = Ok(());
    for kind in Kind::ALL.into_iter().filter(|kind| filter.kind.is_none_or(|only| only == *kind)) {
        ended = ended.and(of_tracker(history, filter, (kind, number), found));
    }
    found.sort_by_key(|change| change.seq);
    if filter.order == Order::Descending {
        found.reverse();
    }
    found.truncate(filter.limit());
    ended
}

/// Stops at the limit where the newest are asked for: the chain is followed from there.
fn of_tracker(
    history: &History<'_>,
    filter: &HistoryFilter,
    (kind, number): (Kind, TrackerNumber),
    found: &mut Vec<Logged>,
) -> Result<(), StoreError> {
    let limit = if filter.order == Order::Descending { filter.limit() } else { usize::MAX };
    let end = found.len().saturating_add(limit);
    let mut next = history.view().last_seq(kind, number)?;
    while let Some(seq) = next.filter(|seq| *seq >= history.view().history_start() && *seq > Seq(0)) {
        let Some(logged) = history.event(seq)? else { break };
        // A predecessor comes before; bytes that say otherwise would lead in circles.
        next = Some(logged.prev).filter(|prev| *prev < seq);
        if filter.admits(&logged) {
            found.push(logged);
            if found.len() >= end {
                break;
            }
        }
    }
    Ok(())
}
