//! Which trackers are asked for, in which order, and how many.

use super::search::Words;
use crate::model::{Kind, State, Tracker, UnixMillis};

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the fields are")]
pub enum SortBy {
    #[default]
    Number,
    Created,
    Closed,
    Title,
    Version,
}

/// In which direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    #[default]
    Descending,
}

/// Moments from `min` to `max`, both included; `None` where it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// The first moment.
    pub min: Option<UnixMillis>,
    /// The last one.
    pub max: Option<UnixMillis>,
}

impl TimeRange {
    /// Whether the moment is in the range; a time that is not known is in none.
    pub fn contains(&self, time: Option<UnixMillis>) -> bool {
        time.is_some_and(|time| self.min.is_none_or(|min| time >= min) && self.max.is_none_or(|max| time <= max))
    }
}

/// Which trackers, in which order, how many.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this kind.
    pub kind: Kind,
    /// In this state, if given.
    pub state: Option<State>,
    /// With every one of these words in the title.
    pub words: Words,
    /// Created in this range.
    pub created: Option<TimeRange>,
    /// Closed in this range.
    pub closed: Option<TimeRange>,
    /// By what they are sorted; equals keep the newest number first.
    pub sort: SortBy,
    /// In which direction.
    pub order: Order,
    /// At most so many.
    pub limit: Option<u64>,
}

impl Filter {
    /// All trackers of a kind, numbers descending.
    pub fn all(kind: Kind) -> Self {
        Self {
            kind,
            state: None,
            words: Words::default(),
            created: None,
            closed: None,
            sort: SortBy::Number,
            order: Order::Descending,
            limit: None,
        }
    }

    /// Takes the words of a search text.
    pub fn with_search(mut self, text: &str) -> Self {
        self.words = Words::of(text);
        self
    }

    /// Whether every tracker of the kind and state is admitted.
    pub(super) fn admits_all(&self) -> bool {
        self.words.is_empty() && self.created.is_none() && self.closed.is_none()
    }

    /// Whether the tracker, of that kind and state, is one of them.
    pub(super) fn admits(&self, tracker: &Tracker<'_>, scratch: &mut Vec<u8>) -> bool {
        self.created.is_none_or(|range| range.contains(tracker.created_at))
            && self.closed.is_none_or(|range| range.contains(tracker.closed_at))
            && self.words.all_occur_in(&tracker.title, scratch)
    }
}
