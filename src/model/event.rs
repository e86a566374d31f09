//! One change of one tracker, which can be done and undone.

use std::borrow::Cow;
use std::fmt;

use super::{Kind, State, Tracker, TrackerNumber, UnixMillis};

/// An event's place in its repository's history: 1, 2, 3 … without gaps; 0 is "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// The event after this one.
    pub const fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A tracker's two times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When the issue was created.
    pub created_at: Option<UnixMillis>,
    /// When it was closed.
    pub closed_at: Option<UnixMillis>,
}

/// What happened, with the changed fields before and after. `title` beside them is the tracker's at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the tracker")]
pub enum Change<'a> {
    /// The tracker appeared.
    Added { state: State, title: Cow<'a, str>, times: Times },
    /// Its issue was closed.
    Closed { title: Cow<'a, str>, before: Times, after: Times },
    /// Its issue was opened again.
    Reopened { title: Cow<'a, str>, before: Times, after: Times },
    /// Its title changed.
    Retitled { before: Cow<'a, str>, after: Cow<'a, str> },
    /// Its times changed and its state did not.
    Redated { title: Cow<'a, str>, before: Times, after: Times },
    /// The tracker is gone: its label was removed, or its issue deleted or transferred.
    Removed { state: State, title: Cow<'a, str>, times: Times },
}

/// A change, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The tracker's kind.
    pub kind: Kind,
    /// The tracker's number.
    pub number: TrackerNumber,
    /// What happened to it.
    pub change: Change<'a>,
}

/// The event does not fit the tracker it is applied to: log and state are not of one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} #{number} was not as the event \"{event}\" says")]
pub struct Mismatch {
    /// The tracker's kind.
    pub kind: Kind,
    /// The tracker's number.
    pub number: TrackerNumber,
    /// The event's word.
    pub event: &'static str,
}

impl Change<'_> {
    /// The word users see and filter by.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Change::Added { .. } => "added",
            Change::Closed { .. } => "closed",
            Change::Reopened { .. } => "reopened",
            Change::Retitled { .. } => "retitled",
            Change::Redated { .. } => "redated",
            Change::Removed { .. } => "removed",
        }
    }

    /// The title after the event (before, for a removal).
    pub fn title(&self) -> &str {
        match self {
            Change::Added { title, .. }
            | Change::Closed { title, .. }
            | Change::Reopened { title, .. }
            | Change::Redated { title, .. }
            | Change::Removed { title, .. }
            | Change::Retitled { after: title, .. } => title,
        }
    }
}

impl<'a> Event<'a> {
    /// The same event, borrowing its titles.
    pub fn borrowed(&self) -> Event<'_> {
        fn of(title: &str) -> Cow<'_, str> {
            Cow::Borrowed(title)
        }
        let change = match &self.change {
            Change::Added { state, title, times } => Change::Added { state: *state, title: of(title), times: *times },
            Change::Closed { title, before, after } => {
                Change::Closed { title: of(title), before: *before, after: *after }
            }
            Change::Reopened { title, before, after } => {
                Change::Reopened { title: of(title), before: *before, after: *after }
            }
            Change::Retitled { before, after } => Change::Retitled { before: of(before), after: of(after) },
            Change::Redated { title, before, after } => {
                Change::Redated { title: of(title), before: *before, after: *after }
            }
            Change::Removed { state, title, times } => {
                Change::Removed { state: *state, title: of(title), times: *times }
            }
        };
        Event { kind: self.kind, number: self.number, change }
    }

    /// The same event, owning its titles.
    pub fn into_owned(self) -> Event<'static> {
        let own = |title: Cow<'_, str>| Cow::Owned(title.into_owned());
        let change = match self.change {
            Change::Added { state, title, times } => Change::Added { state, title: own(title), times },
            Change::Closed { title, before, after } => Change::Closed { title: own(title), before, after },
            Change::Reopened { title, before, after } => Change::Reopened { title: own(title), before, after },
            Change::Retitled { before, after } => Change::Retitled { before: own(before), after: own(after) },
            Change::Redated { title, before, after } => Change::Redated { title: own(title), before, after },
            Change::Removed { state, title, times } => Change::Removed { state, title: own(title), times },
        };
        Event { kind: self.kind, number: self.number, change }
    }

    /// The tracker after the event, from the tracker before it.
    ///
    /// # Errors
    /// `before` is not what the event changed.
    pub fn apply<'b: 'a>(&self, before: Option<Tracker<'b>>) -> Result<Option<Tracker<'a>>, Mismatch> {
        match (&self.change, before) {
            (Change::Added { state, title, times }, None) => Ok(Some(self.tracker(*state, title.clone(), *times))),
            (Change::Removed { state, title, times }, Some(was))
                if was == self.tracker(*state, title.clone(), *times) =>
            {
                Ok(None)
            }
            (Change::Closed { title, before, after }, Some(was)) => {
                self.step(was, title, (State::Open, *before), (State::Closed, *after))
            }
            (Change::Reopened { title, before, after }, Some(was)) => {
                self.step(was, title, (State::Closed, *before), (State::Open, *after))
            }
            (Change::Redated { title, before, after }, Some(was)) => {
                let state = was.state;
                self.step(was, title, (state, *before), (state, *after))
            }
            (Change::Retitled { before, after }, Some(was)) if was.title == *before && self.is_of(&was) => {
                Ok(Some(Tracker { title: after.clone(), ..was }))
            }
            _ => Err(self.mismatch()),
        }
    }

    /// The tracker before the event, from the tracker after it: the inverse of [`Self::apply`].
    ///
    /// # Errors
    /// `after` is not what the event left.
    pub fn undo<'b: 'a>(&self, after: Option<Tracker<'b>>) -> Result<Option<Tracker<'a>>, Mismatch> {
        let inverse = match &self.change {
            Change::Added { state, title, times } => {
                Change::Removed { state: *state, title: title.clone(), times: *times }
            }
            Change::Removed { state, title, times } => {
                Change::Added { state: *state, title: title.clone(), times: *times }
            }
            Change::Closed { title, before, after } => {
                Change::Reopened { title: title.clone(), before: *after, after: *before }
            }
            Change::Reopened { title, before, after } => {
                Change::Closed { title: title.clone(), before: *after, after: *before }
            }
            Change::Redated { title, before, after } => {
                Change::Redated { title: title.clone(), before: *after, after: *before }
            }
            Change::Retitled { before, after } => Change::Retitled { before: after.clone(), after: before.clone() },
        };
        let inverse = Event { kind: self.kind, number: self.number, change: inverse };
        inverse.apply(after).map_err(|_| self.mismatch())
    }

    fn step<'b: 'a>(
        &self,
        was: Tracker<'b>,
        title: &str,
        (state_before, before): (State, Times),
        (state, after): (State, Times),
    ) -> Result<Option<Tracker<'a>>, Mismatch> {
        let fits = self.is_of(&was) && was.state == state_before && was.title == title && was.times() == before;
        if !fits {
            return Err(self.mismatch());
        }
        Ok(Some(Tracker { state, created_at: after.created_at, closed_at: after.closed_at, ..was }))
    }

    fn tracker(&self, state: State, title: Cow<'a, str>, times: Times) -> Tracker<'a> {
        let Times { created_at, closed_at } = times;
        Tracker { kind: self.kind, number: self.number, state, title, created_at, closed_at }
    }

    fn is_of(&self, tracker: &Tracker<'_>) -> bool {
        (tracker.kind, tracker.number) == (self.kind, self.number)
    }

    fn mismatch(&self) -> Mismatch {
        Mismatch { kind: self.kind, number: self.number, event: self.change.as_str() }
    }
}

impl Tracker<'_> {
    /// Both times.
    pub fn times(&self) -> Times {
        Times { created_at: self.created_at, closed_at: self.closed_at }
    }
}
