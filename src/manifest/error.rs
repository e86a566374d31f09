//! Why a manifest was refused: each a place and what to do, in one sentence. The file's name is the caller's to add.

use std::fmt;

use super::keys::{MAX_LEN, list_name};
use crate::model::{Kind, TrackerNumber, UnixMillis};

/// A place in the text, both counted from 1; columns count characters, a byte-order mark not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A place in the manifest's structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The object that is the manifest.
    Top,
    /// A tracker: `releases[4] (#430)`.
    Tracker {
        /// Whose list.
        kind: Kind,
        /// Its position there, from 0.
        position: usize,
        /// Its number, where that had been read.
        number: Option<TrackerNumber>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Place::Top => f.write_str("the manifest"),
            Place::Tracker { kind, position, number } => {
                write!(f, "{}[{position}]", list_name(kind))?;
                number.map_or(Ok(()), |number| write!(f, " (#{number})"))
            }
        }
    }
}

/// A value in the manifest's structure: a field of the place, or the place itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The object.
    pub place: Place,
    /// Its field, in the file's own spelling.
    pub field: Option<&'static str>,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.place, self.field) {
            (place, None) => place.fmt(f),
            (Place::Top, Some(field)) => write!(f, "\"{field}\""),
            (place, Some(field)) => write!(f, "{place}: \"{field}\""),
        }
    }
}

/// Why the bytes are no manifest. Shown, each is one sentence that says the place and what to do; callers put the
/// file's name and `": "` before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Longer than [`MAX_LEN`]. Callers that know the length before they read the file give it themselves.
    #[error("has {len} bytes, and {MAX_LEN} are the most that is read; list fewer trackers in the workflow")]
    TooLong {
        /// Bytes.
        len: u64,
    },
    /// Nothing but white space.
    #[error("is empty; {RESTORE}")]
    Empty,
    /// Bytes that are no UTF-8.
    #[error("{0}: is not UTF-8; {RESTORE}")]
    NotUtf8(Position),
    /// The pointer that Git LFS leaves in place of a file that it has not fetched.
    #[error(
        "is the pointer of a file that Git LFS has not fetched; run `git lfs pull`, or keep the manifest out of LFS"
    )]
    LfsPointer,
    /// A merge was left unresolved.
    #[error(
        "line {line}: has the git conflict marker {marker}; finish the merge with either side's file (git checkout \
         --ours or --theirs), or run the workflow again"
    )]
    Conflict {
        /// The marker's line, from 1.
        line: usize,
        /// Seven characters.
        marker: &'static str,
    },
    /// The text ends before the JSON does.
    #[error("{0}: ends in the middle of its JSON, so a part of it is missing; {RESTORE}")]
    Truncated(Position),
    /// The JSON ends before the text does.
    #[error("{0}: has something after the end of its JSON; {RESTORE}")]
    Trailing(Position),
    /// Not JSON in another way.
    #[error("{position}: is not JSON ({reason}); {RESTORE}")]
    NotJson {
        /// Where.
        position: Position,
        /// The JSON reader's words.
        reason: String,
    },
    /// Of a version that did not exist when this program was made.
    #[error("\"version\" is {version}, and this gh-pmu reads only 1; upgrade it (gh extension upgrade pmu)")]
    Newer {
        /// What the file says.
        version: u64,
    },
    /// A time that cannot be yet.
    #[error(
        "\"updated_at\" is {updated_at}, more than a day ahead of this machine's clock, {now}; set the clock if that is \
         wrong, else run the workflow again"
    )]
    Ahead {
        /// The manifest's.
        updated_at: UnixMillis,
        /// This machine's.
        now: UnixMillis,
    },
    /// What is wrong with a field of the manifest itself, and where that field's value ends.
    #[error("{0}: {1}")]
    At(Position, Box<ManifestError>),
    /// A value of the wrong type, or one that its field does not take.
    #[error("{spot} is {found}, not {expected}; {RESTORE}")]
    Value {
        /// Which.
        spot: Spot,
        /// What stands there, shortened.
        found: String,
        /// What may.
        expected: &'static str,
    },
    /// A field that has to be there.
    #[error("{place} has no \"{field}\"; {RESTORE}")]
    Missing {
        /// Where.
        place: Place,
        /// Which.
        field: &'static str,
    },
    /// One field twice in one object, in one spelling or in both.
    #[error("{place} has \"{field}\" a second time; {RESTORE}")]
    FieldTwice {
        /// Where.
        place: Place,
        /// Which, as the second is spelt.
        field: &'static str,
    },
    /// One number twice in one list.
    #[error("{list}[{first}] and {list}[{second}] are both #{number}; {RESTORE}", list = list_name(*kind))]
    NumberTwice {
        /// Whose list.
        kind: Kind,
        /// The number.
        number: TrackerNumber,
        /// Its first position in the list, from 0.
        first: usize,
        /// Its second.
        second: usize,
    },
}

impl ManifestError {
    /// Whether it is about a field of the manifest itself, which no list and position tells.
    pub(super) fn is_of_top(&self) -> bool {
        match self {
            ManifestError::Value { spot, .. } => spot.place == Place::Top,
            ManifestError::FieldTwice { place, .. } => *place == Place::Top,
            ManifestError::Newer { .. } => true,
            _ => false,
        }
    }
}

const RESTORE: &str = "run the workflow again or restore the file with git";
