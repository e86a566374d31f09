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
    Retitled { state: State, before: Cow<'a, str>, after: Cow<'a, str>, times: Times },
    /// Its times changed and its state did not.
    Redated { state: State, title: Cow<'a, str>, before: Times, after: Times },
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
    /// The same event, owning its titles.
    pub fn into_owned(self) -> Event<'static> {
        let own = |title: Cow<'_, str>| Cow::Owned(title.into_owned());
        let change = match self.change {
            Change::Added { state, title, times } => Change::Added { state, title: own(title), times },
            Change::Closed { title, before, after } => Change::Closed { title: own(title), before, after },
            Change::Reopened { title, before, after } => Change::Reopened { title: own(title), before, after },
            Change::Retitled { state, before, after, times } => {
                Change::Retitled { state, before: own(before), after: own(after), times }
            }
            Change::Redated { state, title, before, after } => {
                Change::Redated { state, title: own(title), before, after }
            }
            Change::Removed { state, title, times } => Change::Removed { state, title: own(title), times },
        };
        Event { kind: self.kind, number: self.number, change }
    }

    /// The whole tracker before the event; `None` before it was added.
    pub fn before(&self) -> Option<Tracker<'a>> {
        match &self.change {
            Change::Added { .. } => None,
            Change::Closed { title, before, .. } => Some(self.tracker(State::Open, title.clone(), *before)),
            Change::Reopened { title, before, .. } => Some(self.tracker(State::Closed, title.clone(), *before)),
            Change::Retitled { state, before, times, .. } => Some(self.tracker(*state, before.clone(), *times)),
            Change::Redated { state, title, before, .. } => Some(self.tracker(*state, title.clone(), *before)),
            Change::Removed { state, title, times } => Some(self.tracker(*state, title.clone(), *times)),
        }
    }

    /// The whole tracker after the event; `None` after it was removed.
    pub fn after(&self) -> Option<Tracker<'a>> {
        match &self.change {
            Change::Added { state, title, times } => Some(self.tracker(*state, title.clone(), *times)),
            Change::Closed { title, after, .. } => Some(self.tracker(State::Closed, title.clone(), *after)),
            Change::Reopened { title, after, .. } => Some(self.tracker(State::Open, title.clone(), *after)),
            Change::Retitled { state, after, times, .. } => Some(self.tracker(*state, after.clone(), *times)),
            Change::Redated { state, title, after, .. } => Some(self.tracker(*state, title.clone(), *after)),
            Change::Removed { .. } => None,
        }
    }

    /// The tracker after the event, from the tracker before it.
    ///
    /// # Errors
    /// `before` is not what the event changed.
    pub fn apply(&self, before: Option<&Tracker<'_>>) -> Result<Option<Tracker<'a>>, Mismatch> {
        if self.before().as_ref() == before { Ok(self.after()) } else { Err(self.mismatch()) }
    }

    /// The tracker before the event, from the tracker after it: the inverse of [`Self::apply`].
    ///
    /// # Errors
    /// `after` is not what the event left.
    pub fn undo(&self, after: Option<&Tracker<'_>>) -> Result<Option<Tracker<'a>>, Mismatch> {
        if self.after().as_ref() == after { Ok(self.before()) } else { Err(self.mismatch()) }
    }

    fn tracker(&self, state: State, title: Cow<'a, str>, times: Times) -> Tracker<'a> {
        let Times { created_at, closed_at } = times;
        Tracker { kind: self.kind, number: self.number, state, title, created_at, closed_at }
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
