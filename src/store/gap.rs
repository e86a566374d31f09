//! What stood in the gaps of a damaged log, inferred from what stands around them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::known::{Base, Filled, Indexed, Known, PastState, Whole, recovered};
use crate::format::{HistoryHash, SyncRecord};
use crate::model::{Event, Kind, Seq, Tracker, TrackerNumber, UnixMillis, diff};

type Key = (Kind, Reverse<TrackerNumber>);
type States = BTreeMap<Key, Tracker<'static>>;

/// Syncs and what each of them changed.
type Steps = Vec<(Rc<SyncRecord>, Vec<Event<'static>>)>;

/// Fills the gaps of `known`, asking `past` for git's states where there are any.
pub(super) fn fill(known: Known, past: &mut dyn FnMut() -> Vec<PastState>) -> Filled {
    let states = match from_git(&known, past) {
        Ok(filled) => return filled,
        Err(states) => states,
    };
    let last_event = known.events.keys().next_back().copied().unwrap_or_default();
    let indexed = known.index.as_ref().map_or(Seq(0), |index| index.seq);
    let end = last_event.max(indexed);
    let start = known.base.as_ref().map_or(Seq(1), |(first, ..)| *first);
    let starts_known = known.base.is_some() || known.first_seq <= Seq(1);
    if !starts_known {
        return from_index(known, end);
    }
    let mut filler = Filler {
        sure: None,
        state: known.base.iter().flat_map(|(_, _, trackers)| trackers).map(|(tracker, _)| keyed(tracker)).collect(),
        filled: Filled { tail_in_doubt: known.tail_in_doubt, next_seq: end.next(), ..Filled::default() },
        past: states,
        last_time: known.base.as_ref().map_or(UnixMillis::MIN, |(_, sync, _)| sync.changed_at),
    };
    if let Some((first, sync, trackers)) = &known.base {
        let base = Base { after: Seq(first.0 - 1), sync: sync.clone(), trackers: trackers.clone() };
        filler.filled.base = Some(base);
    }
    let mut next = start;
    while next <= end {
        match known.events.get(&next) {
            Some((sync, event)) => {
                if !filler.keep(next, sync, event) {
                    return filler.cut_short(known, next, end);
                }
                next = next.next();
            }
            None => {
                let behind = known.events.range(next..).next().map(|(seq, _)| *seq);
                let last_gap =
                    behind.is_none_or(|behind| known.events.range(behind..).count() as u64 == end.0 - behind.0 + 1);
                let until = behind.unwrap_or(end.next());
                if !filler.gap(next, until, &known, last_gap, past) {
                    return filler.cut_short(known, next, end);
                }
                next = until;
            }
        }
    }
    filler.filled
}

/// All that is published as git has it, with the commits that it came from, if that is what verifies, too; and what was
/// observed after it. Else git's states, if they were asked for.
fn from_git(known: &Known, past: &mut dyn FnMut() -> Vec<PastState>) -> Result<Filled, Option<Vec<PastState>>> {
    let has_commit = |seq| known.events.get(&Seq(seq)).is_some_and(|(sync, _)| sync.commit.is_some());
    let is_pruned = known.base.is_some() || known.first_seq > Seq(1);
    if is_pruned || (1..=known.published_seq.0).all(has_commit) {
        return Err(None);
    }
    let states = past();
    replayed(known, &states).ok_or(Some(states))
}

fn replayed(known: &Known, states: &[PastState]) -> Option<Filled> {
    let mut filled = Filled { tail_in_doubt: known.tail_in_doubt, ..Filled::default() };
    let (mut before, mut next) = (Vec::new(), Seq(1));
    for (sync, trackers) in states {
        if next > known.published_seq {
            break;
        }
        let events = owned_diff(std::mem::replace(&mut before, trackers.clone()), trackers);
        let after = Seq(next.0 + events.len() as u64);
        let mut of_version = known.events.range(next..after).map(|(_, (of, _))| of);
        // All of a version is one step, under its own record if that verifies.
        let own = of_version.find(|of| of.commit.is_some() && of.commit == sync.commit).map(Rc::clone);
        let own = own.unwrap_or_else(|| Rc::new(SyncRecord { history: Some(HistoryHash::default()), ..sync.clone() }));
        for event in events {
            match known.events.get(&next).filter(|(of, _)| of.history.is_some()) {
                Some((of, kept)) if *kept == event && (of.commit.is_none() || of.commit == sync.commit) => {
                    filled.kept += 1;
                }
                Some(_) => return None,
                None => filled.recovered += 1,
            }
            filled.push(next, &own, event);
            next = next.next();
        }
        let index = known.index.as_ref().filter(|index| index.seq.next() == next);
        if index.is_some_and(|index| !index.trackers.iter().map(|(tracker, _)| tracker).eq(trackers)) {
            return None;
        }
    }
    if next <= known.published_seq {
        return None;
    }
    let state = before.iter().map(keyed).collect();
    let mut filler = Filler { sure: None, state, filled, past: None, last_time: UnixMillis::MIN };
    for (seq, (sync, event)) in known.events.range(next..) {
        if sync.history.is_some() {
            return None;
        }
        // What was observed behind a gap is seen again by the next sync; its numbers are not given again.
        if *seq != next || !filler.keep(next, sync, event) {
            break;
        }
        next = next.next();
    }
    let last = known.events.keys().next_back().copied().unwrap_or_default();
    let end = last.max(known.index.as_ref().map_or(Seq(0), |index| index.seq)).next().max(next);
    filler.filled.next_seq = end;
    filler.filled.lost = end.0 - next.0;
    Some(filler.filled)
}

/// The state of the index as a base, and the events known behind it: when the older part cannot be told.
fn from_index(known: Known, end: Seq) -> Filled {
    let mut filled = Filled { tail_in_doubt: true, next_seq: end.next(), ..Filled::default() };
    let Some(index) = known.index.as_ref() else {
        filled.lost = (end.0 + 1).saturating_sub(known.first_seq.0.max(1));
        // Nobody knows the state; but its numbers and its time are not to be given again.
        let newest = known.events.values().next_back().map(|(sync, _)| known.recovered(end, sync.changed_at));
        filled.base = newest.map(|sync| Base { after: end, sync, trackers: Whole::new() });
        return filled;
    };
    let base = earliest(index, &known);
    filled.lost = base.after.0.saturating_sub(known.first_seq.0.saturating_sub(1));
    // What begins with nothing has everybody's hash.
    filled.lacks_hash = base.after < index.seq && base.after > Seq(0);
    let mut next = base.after.next();
    filled.base = (base.after > Seq(0)).then_some(base);
    while let Some((sync, event)) = known.events.get(&next) {
        filled.push(next, sync, event.clone());
        filled.kept += 1;
        next = next.next();
    }
    filled.lost += end.next().0.saturating_sub(next.0);
    filled
}

/// The state of the index with the published events before it undone, as far as they are known without a gap.
fn earliest(index: &Indexed, known: &Known) -> Base {
    let Indexed { seq, changed_at, published, trackers } = index;
    let (mut after, mut record) = (*seq, recovered(*published, *changed_at));
    let mut state: BTreeMap<Key, (Tracker<'static>, Seq)> =
        trackers.iter().map(|(tracker, last)| (tracker.list_key(), (tracker.clone(), *last))).collect();
    for (seq, (sync, event)) in known.events.range(..=*seq).rev() {
        if *seq != after || sync.history.is_none() || published.is_none() {
            break;
        }
        let key = (event.kind, Reverse(event.number));
        let Ok(before) = event.undo(state.get(&key).map(|(tracker, _)| tracker)) else { break };
        match before {
            Some(before) => {
                state.insert(key, (before, known.before.get(seq).copied().unwrap_or_default()));
            }
            None => drop(state.remove(&key)),
        }
        (after, record) = (Seq(seq.0 - 1), recovered(Some(HistoryHash::default()), sync.changed_at));
    }
    Base { after, sync: record, trackers: state.into_values().collect() }
}

/// How far a log was filled without guessing.
struct Sure {
    next: Seq,
    steps: usize,
    kept: u64,
    recovered: u64,
    lost: u64,
}

struct Filler {
    /// Before the first guess, once there was one.
    sure: Option<Sure>,
    state: States,
    filled: Filled,
    past: Option<Vec<PastState>>,
    last_time: UnixMillis,
}

impl Filler {
    fn up_to(&self, next: Seq) -> Sure {
        let Filled { steps, kept, recovered, lost, .. } = &self.filled;
        Sure { next, steps: steps.len(), kept: *kept, recovered: *recovered, lost: *lost }
    }

    /// The pieces do not fit together from an event on: better a shorter history than a wrong one. Where no index tells
    /// the state behind, what comes before is kept.
    fn cut_short(mut self, known: Known, from: Seq, end: Seq) -> Filled {
        let sure = self.sure.take().unwrap_or_else(|| self.up_to(from));
        if known.index.is_some() || sure.steps == 0 {
            return from_index(known, end);
        }
        let Sure { next, steps, kept, recovered, lost } = sure;
        self.filled.steps.truncate(steps);
        let lost = lost + end.next().0 - next.0;
        Filled { kept, recovered, lost, tail_in_doubt: true, ..self.filled }
    }

    fn keep(&mut self, seq: Seq, sync: &Rc<SyncRecord>, event: &Event<'static>) -> bool {
        let key = (event.kind, Reverse(event.number));
        let Ok(after) = event.apply(self.state.remove(&key).as_ref()) else { return false };
        if let Some(after) = after {
            self.state.insert(key, after);
        }
        self.last_time = sync.changed_at;
        self.filled.push(seq, sync, event.clone());
        self.filled.kept += 1;
        true
    }

    /// Fills the numbers from `first` up to `until`; false where more changed than there are numbers.
    fn gap(
        &mut self,
        first: Seq,
        until: Seq,
        known: &Known,
        last_gap: bool,
        past: &mut dyn FnMut() -> Vec<PastState>,
    ) -> bool {
        let before_gap = self.up_to(first);
        let (target, time, is_guessed) = self.state_before(until, known, last_gap, past);
        if is_guessed {
            self.sure.get_or_insert(before_gap);
        }
        let count = until.0 - first.0;
        let before: Vec<_> = self.state.values().cloned().collect();
        let steps = self
            .through_git(&before, &target, (&known.recovered(until, time), count), past)
            .unwrap_or_else(|| vec![(Rc::new(known.recovered(until, time)), owned_diff(before, &target))]);
        let recovered: u64 = steps.iter().map(|(_, events)| events.len() as u64).sum();
        if recovered > count {
            return false;
        }
        let mut seq = first;
        for (sync, events) in steps {
            for event in events {
                self.filled.push(seq, &sync, event);
                seq = seq.next();
            }
        }
        self.filled.recovered += recovered;
        self.filled.lost += count - recovered;
        self.state = target.iter().map(keyed).collect();
        self.last_time = time;
        true
    }

    /// The state behind a gap, and when it was published at the latest: the index's with the events between undone, if
    /// all of those are known; else of each tracker what its next events say it was, and what it was where none does.
    fn state_before(
        &mut self,
        until: Seq,
        known: &Known,
        last_gap: bool,
        past: &mut dyn FnMut() -> Vec<PastState>,
    ) -> (Vec<Tracker<'static>>, UnixMillis, bool) {
        let next = known.events.range(until..).next().map(|(_, (sync, _))| sync.changed_at);
        let indexed = known.index.as_ref().filter(|index| last_gap && index.seq.next() >= until);
        let time = next.or(indexed.map(|index| index.changed_at)).unwrap_or(self.last_time).max(self.last_time);
        if let Some(state) = indexed.and_then(|index| undone(&index.trackers, known, until, index.seq)) {
            return (state.into_values().collect(), time, false);
        }
        let states = self.past.get_or_insert_with(past);
        if let Some((sync, trackers)) = states.iter().rev().find(|(sync, _)| sync.changed_at <= time) {
            let trackers: Vec<_> = trackers.iter().map(|tracker| (tracker.clone(), Seq(0))).collect();
            let behind = known.events.range(until..).filter(|(_, (of, _))| of.changed_at <= sync.changed_at);
            let last = behind.map(|(seq, _)| *seq).next_back().unwrap_or(Seq(until.0 - 1));
            if let Some(state) = undone(&trackers, known, until, last) {
                return (state.into_values().collect(), time, false);
            }
        }
        // No source knows the whole state: a manifest that is taken in next tells the rest.
        self.filled.tail_in_doubt = true;
        let mut target = self.state.clone();
        let mut told: BTreeSet<Key> = BTreeSet::new();
        for (_, event) in known.events.range(until..).map(|(_, logged)| logged) {
            let key = (event.kind, Reverse(event.number));
            if told.insert(key) {
                match event.before() {
                    Some(tracker) => drop(target.insert(key, tracker)),
                    None => drop(target.remove(&key)),
                }
            }
        }
        (target.into_values().collect(), time, true)
    }

    /// The changes through git's states from `before` to `target`, if they are as many as the numbers missing.
    fn through_git(
        &mut self,
        before: &[Tracker<'static>],
        target: &[Tracker<'static>],
        (recovered, count): (&SyncRecord, u64),
        past: &mut dyn FnMut() -> Vec<PastState>,
    ) -> Option<Steps> {
        let (from, time) = (self.last_time, recovered.changed_at);
        let states = self.past.get_or_insert_with(past);
        let between = states.iter().filter(|(sync, _)| sync.changed_at > from && sync.changed_at <= time);
        let mut steps = Vec::new();
        let mut state = before.to_vec();
        for (sync, trackers) in between {
            let events = owned_diff(state, trackers);
            if !events.is_empty() {
                let history = recovered.history;
                steps.push((Rc::new(SyncRecord { history, ..sync.clone() }), events));
            }
            state = trackers.clone();
            if state == target {
                break;
            }
        }
        let events = owned_diff(state, target);
        if !events.is_empty() {
            steps.push((Rc::new(recovered.clone()), events));
        }
        let total: u64 = steps.iter().map(|(_, events)| events.len() as u64).sum();
        (total == count).then_some(steps)
    }
}

fn owned_diff(before: Vec<Tracker<'static>>, after: &[Tracker<'static>]) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    diff(before, after, &mut events);
    events.into_iter().map(Event::into_owned).collect()
}

/// The state of the index with the events from `until` up to `seq` undone; `None` where they do not fit.
fn undone(trackers: &[(Tracker<'static>, Seq)], known: &Known, until: Seq, seq: Seq) -> Option<States> {
    let mut state: States = trackers.iter().map(|(tracker, _)| keyed(tracker)).collect();
    if until > seq {
        return Some(state);
    }
    for (_, event) in known.events.range(until..=seq).rev().map(|(_, logged)| logged) {
        let key = (event.kind, Reverse(event.number));
        if let Some(before) = event.undo(state.remove(&key).as_ref()).ok()? {
            state.insert(key, before);
        }
    }
    Some(state)
}

fn keyed(tracker: &Tracker<'static>) -> (Key, Tracker<'static>) {
    (tracker.list_key(), tracker.clone())
}
