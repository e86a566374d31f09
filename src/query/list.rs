//! Lists of trackers.

use std::cmp::Ordering;

use crate::model::{Kind, Repo, State, TitleParts, Tracker, UnixMillis};
use crate::store::{Place, StoreError, View};

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

/// Which trackers, in which order, how many.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this kind.
    pub kind: Kind,
    /// In this state, if given.
    pub state: Option<State>,
    /// With every one of these words in the title, ignoring case.
    pub words: Vec<String>,
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
            words: Vec::new(),
            created: None,
            closed: None,
            sort: SortBy::Number,
            order: Order::Descending,
            limit: None,
        }
    }

    /// Takes the words of a search text.
    pub fn with_search(mut self, text: &str) -> Self {
        self.words = text.split_whitespace().map(str::to_lowercase).collect();
        self
    }

    fn needs_items(&self) -> bool {
        !self.words.is_empty() || self.created.is_some() || self.closed.is_some()
    }

    fn admits(&self, tracker: &Tracker<'_>) -> bool {
        self.created.is_none_or(|range| range.contains(tracker.created_at))
            && self.closed.is_none_or(|range| range.contains(tracker.closed_at))
            && (self.words.is_empty() || {
                let title = tracker.title.to_lowercase();
                self.words.iter().all(|word| title.contains(word.as_str()))
            })
    }
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Whose tracker.
    pub repo: &'a Repo,
    /// The tracker.
    pub tracker: Tracker<'a>,
    /// Whether the title is printable ASCII throughout.
    pub plain: bool,
}

/// The trackers that a filter admits. Every byte that [`Selection::rows`] will read has been verified.
pub struct Selection<'v> {
    sources: &'v [(Repo, View)],
    entries: Vec<(u32, Place)>,
}

/// Selects from the views of one or more repositories.
///
/// # Errors
/// A block of an index that does not verify: nothing has been given out yet, so the caller can open the view without
/// its index and ask again.
pub fn select<'v>(sources: &'v [(Repo, View)], filter: &Filter) -> Result<Selection<'v>, (usize, StoreError)> {
    let mut entries = Vec::new();
    let by_number = filter.sort == SortBy::Number;
    let newest_first = by_number && filter.order == Order::Descending && sources.len() == 1;
    let limit = filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    for (source, (_, view)) in sources.iter().enumerate() {
        for place in view.places(filter.kind, filter.state) {
            // Stopping here keeps a short list of a large repository as cheap as that of a small one.
            if newest_first && entries.len() >= limit {
                break;
            }
            let place = place.map_err(|error| (source, error))?;
            let item = view.item(place).map_err(|error| (source, error))?;
            if !filter.needs_items() || filter.admits(&item.tracker) {
                // OK because nobody caches four billion repositories.
                entries.push((source as u32, place));
            }
        }
    }
    let mut selection = Selection { sources, entries };
    if !newest_first {
        selection.sort(filter);
    }
    selection.entries.truncate(limit);
    Ok(selection)
}

impl<'v> Selection<'v> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'v>> + '_ {
        self.entries.iter().map(|&entry| self.row(entry))
    }

    fn row(&self, (source, place): (u32, Place)) -> Row<'v> {
        let (repo, view) = &self.sources[source as usize];
        // OK because select() has read the same item, and a block that verified once stays so.
        let item = view.item(place).expect("an item that was selected");
        Row { repo, tracker: item.tracker, plain: item.plain }
    }

    fn sort(&mut self, filter: &Filter) {
        let mut rows: Vec<((u32, Place), Row<'v>)> =
            self.entries.iter().map(|&entry| (entry, self.row(entry))).collect();
        let compare = |a: &Row<'_>, b: &Row<'_>| -> Ordering {
            let (a, b) = (&a.tracker, &b.tracker);
            match filter.sort {
                SortBy::Number => a.number.cmp(&b.number),
                SortBy::Created => a.created_at.cmp(&b.created_at),
                SortBy::Closed => a.closed_at.cmp(&b.closed_at),
                SortBy::Title => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
                SortBy::Version => TitleParts::of(a.kind, &a.title).version_order(&TitleParts::of(b.kind, &b.title)),
            }
        };
        // Stable: what compares equal stays newest number first, repositories in order of their names.
        rows.sort_by(|(_, a), (_, b)| match filter.order {
            Order::Ascending => compare(a, b),
            Order::Descending => compare(b, a),
        });
        self.entries = rows.into_iter().map(|(entry, _)| entry).collect();
    }
}
