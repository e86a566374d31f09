//! Index and tail as one sequence: live trackers of one kind, numbers descending.

use std::cmp::Reverse;
use std::iter::Peekable;
use std::ops::Range;
use std::slice;

use super::tail::Touched;
use super::view::View;
use crate::format::{FormatError, Group};
use crate::index::Index;
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
    index: &'v Index,
    state: State,
    positions: Range<u64>,
    /// The number at the run's start, read ahead.
    number: Option<TrackerNumber>,
}

impl Run<'_> {
    fn advance(&mut self) -> Result<(), FormatError> {
        self.positions.start += 1;
        self.look()
    }

    fn look(&mut self) -> Result<(), FormatError> {
        let next = (!self.positions.is_empty()).then(|| self.index.number(self.positions.start));
        self.number = next.transpose()?;
        Ok(())
    }
}

/// The places of a view's trackers of one kind.
pub(super) struct Places<'v> {
    kind: Kind,
    state: Option<State>,
    runs: Vec<Run<'v>>,
    touched: Peekable<std::iter::Enumerate<slice::Iter<'v, Touched>>>,
    /// Set by a failure: nothing follows it.
    failed: bool,
    started: bool,
}

impl<'v> Places<'v> {
    pub(super) fn new(view: &'v View, kind: Kind, state: Option<State>) -> Self {
        let states = State::ALL.into_iter().filter(|each| state.is_none_or(|only| only == *each));
        let runs = view.index().map_or(Vec::new(), |index| {
            let run = |state: State| {
                let positions = index.group(Group(kind, state.into()));
                Run { index, state, positions, number: None }
            };
            states.map(run).collect()
        });
        let all = &view.tail().touched;
        let from = all.partition_point(|touched| touched.kind < kind);
        let to = all.partition_point(|touched| touched.kind <= kind);
        let mut touched = all[..to].iter().enumerate();
        if from > 0 {
            touched.nth(from - 1);
        }
        Self { kind, state, runs, touched: touched.peekable(), failed: false, started: false }
    }

    fn step(&mut self) -> Result<Option<Place>, FormatError> {
        if !self.started {
            self.started = true;
            self.runs.iter_mut().try_for_each(Run::look)?;
        }
        loop {
            let first = (0..self.runs.len()).filter(|&run| self.runs[run].number.is_some());
            let first = first.min_by_key(|&run| Reverse(self.runs[run].number));
            let number = first.and_then(|run| self.runs[run].number);
            match self.touched.peek().map(|(_, touched)| touched.number) {
                Some(touched) if number.is_none_or(|number| touched >= number) => {
                    if let Some(place) = self.take_touched(touched)? {
                        return Ok(Some(place));
                    }
                }
                _ => {
                    let Some(run) = first.map(|run| &mut self.runs[run]) else { return Ok(None) };
                    let at = At::Index(run.positions.start);
                    let state = run.state;
                    run.advance()?;
                    return Ok(Some(Place::new(self.kind, state, at)));
                }
            }
        }
    }

    /// The tail's word replaces the index's.
    fn take_touched(&mut self, number: TrackerNumber) -> Result<Option<Place>, FormatError> {
        for run in &mut self.runs {
            if run.number == Some(number) {
                run.advance()?;
            }
        }
        let Some((at, touched)) = self.touched.next() else { return Ok(None) };
        let live = touched.now.as_ref().filter(|now| self.state.is_none_or(|only| only == now.state));
        Ok(live.map(|now| Place::new(self.kind, now.state, At::Tail(at))))
    }
}

impl Iterator for Places<'_> {
    type Item = Result<Place, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }
}
