//! One tracker: a GitHub issue that tracks a release or a microsprint.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::fmt;

use super::UnixMillis;

/// What a tracker tracks. An issue may be both, so `(kind, number)` is the key within a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// By default the label `release`, `branch` or `patch`, and a title such as `Release: v1.2.0`.
    Release,
    /// By default the label `microsprint`, and a title such as `Microsprint: maps`.
    Microsprint,
}

impl Kind {
    /// Both kinds, in key order.
    pub const ALL: [Kind; 2] = [Kind::Release, Kind::Microsprint];

    /// The word users see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Release => "release",
            Kind::Microsprint => "microsprint",
        }
    }

    /// What titles of this kind begin with by default.
    pub const fn title_prefix(self) -> &'static str {
        match self {
            Kind::Release => "Release: ",
            Kind::Microsprint => "Microsprint: ",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the issue is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The issue is open.
    Open,
    /// The issue is closed, for whatever reason.
    Closed,
}

impl State {
    /// Both states, in index order.
    pub const ALL: [State; 2] = [State::Open, State::Closed];

    /// GitHub's spelling, `OPEN` or `CLOSED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Open => "OPEN",
            State::Closed => "CLOSED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An issue number: 1 to 2^53 - 1, what JSON readers of every language hold exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackerNumber(u64);

impl TrackerNumber {
    /// The largest number accepted.
    pub const MAX: u64 = (1 << 53) - 1;

    /// `None` for 0 and above [`Self::MAX`].
    pub const fn new(number: u64) -> Option<Self> {
        if number == 0 || number > Self::MAX { None } else { Some(Self(number)) }
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TrackerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One tracker as it stands at some moment. Borrows its title where the source allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracker<'a> {
    /// Release or microsprint.
    pub kind: Kind,
    /// The number.
    pub number: TrackerNumber,
    /// Open or closed.
    pub state: State,
    /// The title, exactly as GitHub gave it.
    pub title: Cow<'a, str>,
    /// When the issue was created, where the source says.
    pub created_at: Option<UnixMillis>,
    /// When the issue was closed, where the source says.
    pub closed_at: Option<UnixMillis>,
}

impl Tracker<'_> {
    /// The same tracker, owning its title.
    pub fn into_owned(self) -> Tracker<'static> {
        Tracker {
            kind: self.kind,
            number: self.number,
            state: self.state,
            title: Cow::Owned(self.title.into_owned()),
            created_at: self.created_at,
            closed_at: self.closed_at,
        }
    }

    /// The order of lists and of every sorted sequence in this crate: kind, then the newest number first.
    pub fn list_order(&self, other: &Tracker<'_>) -> Ordering {
        self.list_key().cmp(&other.list_key())
    }

    /// The key that [`Self::list_order`] compares.
    pub fn list_key(&self) -> (Kind, Reverse<TrackerNumber>) {
        (self.kind, Reverse(self.number))
    }
}
