//! Lists of trackers: of one repository in place, of many from what was picked of each.

use std::ops::Range;

use super::best::Best;
use super::filter::{Filter, Order, SortBy};
use crate::model::{Repo, State, Tracker};
use crate::store::{Place, StoreError, View};

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Whose tracker.
    pub repo: &'a Repo,
    /// The tracker.
    pub tracker: Tracker<'a>,
}

/// The trackers of one repository that a filter admits. Every byte that [`Selection::rows`] will read has been verified.
pub struct Selection<'v> {
    source: &'v (Repo, View),
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

/// Selects from the view of a repository.
///
/// # Errors
/// A block of an index that does not verify: nothing has been given out yet, so the caller can open the view without
/// its index and ask again.
pub fn select<'v>(source: &'v (Repo, View), filter: &Filter, wanted: Use) -> Result<Selection<'v>, StoreError> {
    let view = &source.1;
    let in_order = is_in_order(filter);
    let is_counted = wanted == Use::Stream || filter.admits_all();
    if in_order && filter.limit.is_none() && is_counted {
        view.verify_items(filter.kind, filter.state)?;
        return Ok(Selection { source, found: Found::InOrder(filter.clone()), total: held(view, filter) });
    }
    let (places, total) = best_places(view, filter, is_counted)?;
    Ok(Selection { source, found: Found::Places(places), total })
}

/// Whether trackers stand in the wanted order.
fn is_in_order(filter: &Filter) -> bool {
    filter.sort == SortBy::Number && filter.order == Order::Descending
}

/// Where the best trackers stand, and how many there are without the limit, as far as that `is_counted` anyway.
fn best_places(view: &View, filter: &Filter, is_counted: bool) -> Result<(Vec<(u32, Place)>, u64), StoreError> {
    let room = usize::try_from(held(view, filter)).unwrap_or(usize::MAX);
    let mut best = Best::new(filter, room, |_, place| tracker(view, place));
    let mut scratch = Vec::new();
    let mut total = 0;
    // Stopping there keeps a short list of a large repository as cheap as that of a small one.
    let enough = filter.limit.filter(|_| is_in_order(filter) && is_counted).unwrap_or(u64::MAX);
    for place in view.places(filter.kind, filter.state) {
        if total >= enough {
            break;
        }
        let place = place?;
        let item = view.item(place)?;
        if filter.admits(&item.tracker, &mut scratch) {
            total += 1;
            best.offer(0, place, &item.tracker);
        }
    }
    Ok((best.finish(), if filter.admits_all() { held(view, filter) } else { total }))
}

/// How many trackers of the kind and state there are, without looking at them.
fn held(view: &View, filter: &Filter) -> u64 {
    let counts = view.counts(filter.kind);
    match filter.state {
        None => counts.open + counts.closed,
        Some(State::Open) => counts.open,
        Some(State::Closed) => counts.closed,
    }
}

/// A tracker that was read before.
fn tracker(view: &View, place: Place) -> Tracker<'_> {
    // OK because it was read when its place was found, and a block that verified once stays so.
    view.item(place).expect("an item that was selected").tracker
}

impl<'v> Selection<'v> {
    /// How many there are without the limit, if that was wanted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The rows in order.
    pub fn rows(&self) -> Box<dyn Iterator<Item = Row<'v>> + '_> {
        let (repo, view) = self.source;
        match &self.found {
            Found::Places(places) => {
                Box::new(places.iter().map(move |&(_, place)| Row { repo, tracker: tracker(view, place) }))
            }
            Found::InOrder(filter) => {
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

/// What a list of many repositories takes from one of them: no more than the limit. The titles are in one text, since there
/// are thousands of these.
#[derive(Clone, Debug)]
pub struct Picked {
    trackers: Vec<Untitled>,
    titles: String,
    total: u64,
}

/// A tracker but for its title, and where that begins and ends.
#[derive(Clone, Debug)]
struct Untitled {
    tracker: Tracker<'static>,
    title: Range<usize>,
}

/// Picks from the view of a repository, which can be closed then.
///
/// # Errors
/// As [`select`].
pub fn pick(view: &View, filter: &Filter) -> Result<Picked, StoreError> {
    let (places, total) = best_places(view, filter, filter.admits_all())?;
    let mut titles = String::new();
    let untitled = |(_, place)| {
        let tracker = tracker(view, place);
        let start = titles.len();
        titles.push_str(&tracker.title);
        Untitled { title: start..titles.len(), tracker: Tracker { title: "".into(), ..tracker } }
    };
    Ok(Picked { trackers: places.into_iter().map(untitled).collect(), titles, total })
}

impl Picked {
    /// How many the repository has without the limit.
    pub fn total(&self) -> u64 {
        self.total
    }

    fn tracker(&self, place: usize) -> Tracker<'_> {
        let Untitled { tracker, title } = &self.trackers[place];
        Tracker { title: self.titles[title.clone()].into(), ..*tracker }
    }
}

/// The rows of a list of many repositories, in order.
pub fn merged<'p>(picked: &'p [(Repo, Picked)], filter: &Filter) -> impl Iterator<Item = Row<'p>> {
    let room = picked.iter().map(|(_, picked)| picked.trackers.len()).sum();
    let tracker = |source: u32, place| picked[source as usize].1.tracker(place);
    let mut best = Best::new(filter, room, tracker);
    // OK because nobody caches four billion repositories.
    for (source, (_, picked)) in (0..).zip(picked) {
        (0..picked.trackers.len()).for_each(|place| best.offer(source, place, &picked.tracker(place)));
    }
    best.finish()
        .into_iter()
        .map(move |(source, place)| Row { repo: &picked[source as usize].0, tracker: tracker(source, place) })
}
