//! Lists of trackers.

use std::cmp::{Ordering, Reverse};

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
        self.words = text.split_whitespace().map(folded).collect();
        self
    }

    fn admits(&self, tracker: &Tracker<'_>) -> bool {
        self.created.is_none_or(|range| range.contains(tracker.created_at))
            && self.closed.is_none_or(|range| range.contains(tracker.closed_at))
            && (self.words.is_empty() || {
                let title = folded(&tracker.title);
                self.words.iter().all(|word| title.contains(word.as_str()))
            })
    }
}

/// The text without case: two that differ in nothing else are equal then. Letter by letter, as a word's last sigma has
/// a form of its own, and through capitals, as `ß` is `SS` there. The Turkish `İ` counts as an `i`.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.chars().map(|c| if c == 'İ' { 'I' } else { c });
    plain.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Whose tracker.
    pub repo: &'a Repo,
    /// The tracker.
    pub tracker: Tracker<'a>,
}

/// The trackers that a filter admits. Every byte that [`Selection::rows`] will read has been verified.
pub struct Selection<'v> {
    sources: &'v [(Repo, View)],
    found: Found,
}

enum Found {
    /// In an order of their own, or cut: their places.
    Places(Vec<(u32, Place)>),
    /// In the order in which they stand, all that the filter admits: read once, when they are printed.
    InOrder(Filter),
}

/// How the rows will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// One after the other.
    Stream,
    /// Their number is asked for before the first is read.
    Counted,
}

/// Selects from the views of one or more repositories.
///
/// # Errors
/// A block of an index that does not verify: nothing has been given out yet, so the caller can open the view without
/// its index and ask again.
pub fn select<'v>(
    sources: &'v [(Repo, View)],
    filter: &Filter,
    wanted: Use,
) -> Result<Selection<'v>, (usize, StoreError)> {
    let newest_first = filter.sort == SortBy::Number && filter.order == Order::Descending && sources.len() == 1;
    if newest_first && filter.limit.is_none() && wanted == Use::Stream {
        let verified = sources[0].1.verify_items(filter.kind, filter.state);
        verified.map_err(|error| (0, error))?;
        return Ok(Selection { sources, found: Found::InOrder(filter.clone()) });
    }
    let mut entries = Vec::new();
    let limit = filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    for (source, (_, view)) in sources.iter().enumerate() {
        for place in view.places(filter.kind, filter.state) {
            // Stopping here keeps a short list of a large repository as cheap as that of a small one.
            if newest_first && entries.len() >= limit {
                break;
            }
            let place = place.map_err(|error| (source, error))?;
            let item = view.item(place).map_err(|error| (source, error))?;
            if filter.admits(&item.tracker) {
                // OK because nobody caches four billion repositories.
                entries.push((source as u32, place));
            }
        }
    }
    if !newest_first {
        sort(sources, &mut entries, filter);
    }
    entries.truncate(limit);
    Ok(Selection { sources, found: Found::Places(entries) })
}

impl<'v> Selection<'v> {
    /// How many there are; asked of a stream, they are counted first.
    pub fn count(&self) -> usize {
        match &self.found {
            Found::Places(entries) => entries.len(),
            Found::InOrder(_) => self.rows().count(),
        }
    }

    /// The rows in order.
    pub fn rows(&self) -> Box<dyn Iterator<Item = Row<'v>> + '_> {
        match &self.found {
            Found::Places(entries) => Box::new(entries.iter().map(|&entry| row(self.sources, entry))),
            Found::InOrder(filter) => {
                let (repo, view) = &self.sources[0];
                let items = view.items(filter.kind, filter.state);
                // OK because select() has verified every byte of them, and what verified once stays so.
                let items = items.map(|item| item.expect("an item that was verified"));
                let admitted = items.filter(|item| filter.admits(&item.tracker));
                Box::new(admitted.map(move |item| Row { repo, tracker: item.tracker }))
            }
        }
    }
}

fn row(sources: &[(Repo, View)], (source, place): (u32, Place)) -> Row<'_> {
    let (repo, view) = &sources[source as usize];
    // OK because select() has read the same item, and a block that verified once stays so.
    let item = view.item(place).expect("an item that was selected");
    Row { repo, tracker: item.tracker }
}

fn sort(sources: &[(Repo, View)], entries: &mut [(u32, Place)], filter: &Filter) {
    // What compares equal stays newest number first, repositories in order of their names.
    match filter.sort {
        SortBy::Number => sort_by(sources, entries, filter.order, |tracker| tracker.number),
        SortBy::Created => sort_by(sources, entries, filter.order, |tracker| tracker.created_at),
        SortBy::Closed => sort_by(sources, entries, filter.order, |tracker| tracker.closed_at),
        // Keys that are made, not copied, cost memory for all rows at once; comparing again costs time instead.
        SortBy::Title => sort_rows(sources, entries, filter.order, |a, b| {
            a.title.chars().flat_map(char::to_lowercase).cmp(b.title.chars().flat_map(char::to_lowercase))
        }),
        SortBy::Version => sort_by(sources, entries, filter.order, |tracker| {
            TitleParts::of(tracker.kind, &tracker.title).version_key()
        }),
    }
}

fn sort_by<K: Ord>(
    sources: &[(Repo, View)],
    entries: &mut [(u32, Place)],
    order: Order,
    key: impl Fn(&Tracker<'_>) -> K,
) {
    match order {
        Order::Ascending => entries.sort_by_cached_key(|&entry| key(&row(sources, entry).tracker)),
        Order::Descending => entries.sort_by_cached_key(|&entry| Reverse(key(&row(sources, entry).tracker))),
    }
}

fn sort_rows(
    sources: &[(Repo, View)],
    entries: &mut [(u32, Place)],
    order: Order,
    compare: impl Fn(&Tracker<'_>, &Tracker<'_>) -> Ordering,
) {
    entries.sort_by(|&a, &b| {
        let (a, b) = (row(sources, a).tracker, row(sources, b).tracker);
        match order {
            Order::Ascending => compare(&a, &b),
            Order::Descending => compare(&b, &a),
        }
    });
}
