//! Lists of trackers.

use super::best::{Best, Order, SortBy};
use super::search::Words;
use crate::model::{Kind, Repo, State, Tracker, UnixMillis};
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
    fn admits_all(&self) -> bool {
        self.words.is_empty() && self.created.is_none() && self.closed.is_none()
    }

    fn admits(&self, tracker: &Tracker<'_>, scratch: &mut Vec<u8>) -> bool {
        self.created.is_none_or(|range| range.contains(tracker.created_at))
            && self.closed.is_none_or(|range| range.contains(tracker.closed_at))
            && self.words.all_occur_in(&tracker.title, scratch)
    }
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
    total: u64,
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
    /// Their number without the limit is asked for, too.
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
    let in_order = filter.sort == SortBy::Number && filter.order == Order::Descending && sources.len() == 1;
    let is_counted = wanted == Use::Stream || filter.admits_all();
    if in_order && filter.limit.is_none() && is_counted {
        let verified = sources[0].1.verify_items(filter.kind, filter.state);
        verified.map_err(|error| (0, error))?;
        let (found, total) = (Found::InOrder(filter.clone()), held(sources, filter));
        return Ok(Selection { sources, found, total });
    }
    let limit = filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let room = usize::try_from(held(sources, filter)).unwrap_or(usize::MAX);
    let mut best = Best::new(sources, filter.sort, filter.order, limit, room);
    let mut scratch = Vec::new();
    let mut total = 0;
    for (source, (_, view)) in sources.iter().enumerate() {
        for place in view.places(filter.kind, filter.state) {
            // Stopping here keeps a short list of a large repository as cheap as that of a small one.
            if in_order && is_counted && total >= limit as u64 {
                break;
            }
            let place = place.map_err(|error| (source, error))?;
            let item = view.item(place).map_err(|error| (source, error))?;
            if filter.admits(&item.tracker, &mut scratch) {
                total += 1;
                // OK because nobody caches four billion repositories.
                best.offer(source as u32, place, &item.tracker);
            }
        }
    }
    let total = if filter.admits_all() { held(sources, filter) } else { total };
    Ok(Selection { sources, found: Found::Places(best.finish()), total })
}

/// How many trackers of the kind and state there are, without looking at them.
fn held(sources: &[(Repo, View)], filter: &Filter) -> u64 {
    let of_view = |view: &View| {
        let counts = view.counts(filter.kind);
        match filter.state {
            None => counts.open + counts.closed,
            Some(State::Open) => counts.open,
            Some(State::Closed) => counts.closed,
        }
    };
    sources.iter().map(|(_, view)| of_view(view)).sum()
}

impl<'v> Selection<'v> {
    /// How many there are without the limit, if that was wanted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The rows in order.
    pub fn rows(&self) -> Box<dyn Iterator<Item = Row<'v>> + '_> {
        match &self.found {
            Found::Places(entries) => Box::new(entries.iter().map(|&(source, place)| row(self.sources, source, place))),
            Found::InOrder(filter) => {
                let (repo, view) = &self.sources[0];
                let items = view.items(filter.kind, filter.state);
                // OK because select() has verified every byte of them, and what verified once stays so.
                let items = items.map(|item| item.expect("an item that was verified"));
                let mut scratch = Vec::new();
                let admitted = items.filter(move |item| filter.admits(&item.tracker, &mut scratch));
                Box::new(admitted.map(move |item| Row { repo, tracker: item.tracker }))
            }
        }
    }
}

fn row(sources: &[(Repo, View)], source: u32, place: Place) -> Row<'_> {
    let (repo, view) = &sources[source as usize];
    // OK because select() has read the same item, and a block that verified once stays so.
    let item = view.item(place).expect("an item that was selected");
    Row { repo, tracker: item.tracker }
}
