//! Index and tail as one sequence: live trackers of one kind, numbers descending.

use std::iter::Peekable;
use std::slice;

use super::tail::{Tail, Touched};
use crate::format::{FormatError, Group};
use crate::index::{self, Index, Item, Scan};
use crate::model::{Kind, State, TrackerNumber};

/// Where a tracker of a view stands, in eight bytes: long lists hold one a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u64);

/// What a [`Place`] says: a position in the index, or in the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Index(u64),
    Tail(usize),
}

const IN_TAIL: u64 = 1 << 63;
const CLOSED: u64 = 1 << 62;
const MICROSPRINT: u64 = 1 << 61;

impl Place {
    /// Positions are below 2^40: the index's header bounds them, and memory the tail's.
    fn new(kind: Kind, state: State, at: At) -> Self {
        let kind = if kind == Kind::Microsprint { MICROSPRINT } else { 0 };
        let state = if state == State::Closed { CLOSED } else { 0 };
        Self(
            kind | state
                | match at {
                    At::Index(position) => position,
                    At::Tail(position) => IN_TAIL | position as u64,
                },
        )
    }

    pub(super) fn kind(self) -> Kind {
        if self.0 & MICROSPRINT == 0 { Kind::Release } else { Kind::Microsprint }
    }

    pub(super) fn state(self) -> State {
        if self.0 & CLOSED == 0 { State::Open } else { State::Closed }
    }

    pub(super) fn at(self) -> At {
        let position = self.0 & (MICROSPRINT - 1);
        if self.0 & IN_TAIL == 0 { At::Index(position) } else { At::Tail(position as usize) }
    }
}

/// One group's run in the index.
struct Run<'v> {
    scan: Scan<'v>,
    state: State,
    /// The record at the run's start, read ahead.
    head: Option<index::Met<'v>>,
    /// The record that was read last.
    last: Option<index::Met<'v>>,
}

impl Run<'_> {
    fn advance(&mut self) -> Result<(), FormatError> {
        self.head = self.scan.next_record(self.last.as_ref())?;
        self.last = self.head.or(self.last);
        Ok(())
    }
}

/// A tracker met on the way: where it stands, and what was read of it.
enum Met<'v> {
    Index { run: usize, met: index::Met<'v> },
    Tail { at: usize, touched: &'v Touched<'v> },
}

/// A view's trackers of one kind, index and tail merged.
pub(super) struct Merged<'v> {
    kind: Kind,
    state: Option<State>,
    runs: Vec<Run<'v>>,
    touched: Peekable<std::iter::Enumerate<slice::Iter<'v, Touched<'v>>>>,
    /// Set by a failure: nothing follows it.
    failed: bool,
    started: bool,
}

impl<'v> Merged<'v> {
    pub(super) fn new(index: Option<&'v Index>, tail: &'v Tail<'_>, kind: Kind, state: Option<State>) -> Self {
        let states = State::ALL.into_iter().filter(|each| state.is_none_or(|only| only == *each));
        let runs = index.map_or(Vec::new(), |index| {
            let run = |state: State| Run { scan: index.scan(Group(kind, state.into())), state, head: None, last: None };
            states.map(run).collect()
        });
        let all = &tail.touched;
        let from = all.partition_point(|touched| touched.kind < kind);
        let to = all.partition_point(|touched| touched.kind <= kind);
        let mut touched = all[..to].iter().enumerate();
        if from > 0 {
            touched.nth(from - 1);
        }
        Self { kind, state, runs, touched: touched.peekable(), failed: false, started: false }
    }

    /// Their places.
    pub(super) fn places(mut self) -> impl Iterator<Item = Result<Place, FormatError>> + 'v {
        std::iter::from_fn(move || {
            let met = self.next_met()?;
            Some(met.map(|met| match met {
                Met::Index { run, met } => Place::new(self.kind, self.runs[run].state, At::Index(met.position)),
                Met::Tail { at, touched } => {
                    let state = touched.now.as_ref().map_or(State::Open, |now| now.state);
                    Place::new(self.kind, state, At::Tail(at))
                }
            }))
        })
    }

    /// The trackers themselves.
    pub(super) fn items(mut self) -> impl Iterator<Item = Result<Item<'v>, FormatError>> + 'v {
        std::iter::from_fn(move || {
            let met = self.next_met()?;
            Some(met.and_then(|met| match met {
                Met::Index { run, met } => {
                    let run = &mut self.runs[run];
                    run.scan.item(self.kind, run.state, met)
                }
                // OK because what the tail removed is passed over.
                Met::Tail { touched, .. } => Ok(touched.item().expect("a live tracker")),
            }))
        })
    }

    fn next_met(&mut self) -> Option<Result<Met<'v>, FormatError>> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }

    fn step(&mut self) -> Result<Option<Met<'v>>, FormatError> {
        if !self.started {
            self.started = true;
            self.runs.iter_mut().try_for_each(Run::advance)?;
        }
        loop {
            let first = self.first_run();
            let head = first.and_then(|run| self.runs[run].head);
            match self.touched.peek().map(|(_, touched)| touched.number) {
                Some(touched) if head.is_none_or(|head| touched >= head.number) => {
                    if let Some(met) = self.take_touched(touched)? {
                        return Ok(Some(met));
                    }
                }
                _ => {
                    let (Some(run), Some(met)) = (first, head) else { return Ok(None) };
                    self.runs[run].advance()?;
                    return Ok(Some(Met::Index { run, met }));
                }
            }
        }
    }

    /// The run with the largest number at its head.
    fn first_run(&self) -> Option<usize> {
        let number = |run: usize| self.runs.get(run).and_then(|run| run.head).map(|head| head.number);
        match (number(0), number(1)) {
            (Some(first), Some(second)) => Some(usize::from(second > first)),
            (Some(_), None) => Some(0),
            (None, Some(_)) => Some(1),
            (None, None) => None,
        }
    }

    /// The tail's word replaces the index's.
    fn take_touched(&mut self, number: TrackerNumber) -> Result<Option<Met<'v>>, FormatError> {
        for run in &mut self.runs {
            if run.head.is_some_and(|head| head.number == number) {
                run.advance()?;
            }
        }
        let Some((at, touched)) = self.touched.next() else { return Ok(None) };
        let live = touched.now.as_ref().is_some_and(|now| self.state.is_none_or(|only| only == now.state));
        Ok(live.then_some(Met::Tail { at, touched }))
    }
}
