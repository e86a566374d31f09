//! What changed in one or more repositories: found, merged, counted. Owns how filters become questions to a history; must
//! not know flags or how answers look.

use gh_pmu::model::{Seq, UnixMillis};
use gh_pmu::query::{Change, Cut, HistoryFilter, Order, changes_to_damage, cut_short, superseded};
use gh_pmu::store::{Moment, StoreError};

use crate::exit::Error;
use crate::output::{EventRow, hex};
use crate::source::{Context, Failed, Source, no_such_event};

/// Changes with the place of their repository among the sources, and what stood in the way of more.
#[derive(Default)]
pub struct Found {
    pub changes: Vec<(usize, Change)>,
    pub stopped: Option<Error>,
    /// Where histories begin that the question reaches behind, and whether it named such a moment.
    cuts: Vec<(String, bool)>,
}

/// The changes that a filter admits, one for each source, in one order.
///
/// # Errors
/// An event is named that is yet to come; nothing is left to open.
pub fn find(sources: &mut [Source], filters: &[HistoryFilter], context: &mut Context<'_, '_>) -> Result<Found, Error> {
    let found = search(sources, filters, context)?;
    for (cut, is_named) in &found.cuts {
        context.output.warn(cut);
        // Whoever asks for all gets all that there is; whoever names a moment before it does not.
        context.falls_short |= is_named;
    }
    Ok(found)
}

fn search(sources: &mut [Source], filters: &[HistoryFilter], context: &mut Context<'_, '_>) -> Result<Found, Error> {
    let (mut found, mut stopped, mut cuts, is_many) = (Vec::new(), None, Vec::new(), sources.len() > 1);
    for (at, (source, filter)) in sources.iter_mut().zip(filters).enumerate() {
        let mut answer = context.settled(source, |source, context| of_one(source, filter, context));
        if let Err(Failed::Store(error)) = &answer
            && !matches!(error, StoreError::Unstable { .. })
        {
            answer = context.again(&source.0, error).map_err(Failed::Other).and_then(|view| {
                source.1 = view;
                of_one(source, filter, context)
            });
        }
        let OfOne { changes, damage, cut } = match answer {
            Ok(answer) => answer,
            // The others have their answer.
            Err(failed) if is_many => {
                stopped = stopped.or(Some(failed.into_error()));
                continue;
            }
            Err(failed) => return Err(failed.into_error()),
        };
        stopped = stopped.or(damage.map(Error::from));
        cuts.extend(cut);
        found.extend(changes.into_iter().map(|change| (at, change)));
    }
    if sources.len() > 1 {
        merge(&mut found, filters);
    }
    Ok(Found { changes: found, stopped, cuts })
}

/// Changes of one repository, newest or oldest first, up to the damage that stands in the way of more.
#[derive(Default)]
struct OfOne {
    changes: Vec<Change>,
    damage: Option<StoreError>,
    cut: Option<(String, bool)>,
}

fn of_one(source: &Source, filter: &HistoryFilter, context: &mut Context<'_, '_>) -> Result<OfOne, Failed> {
    let (repo, view) = source;
    let store = context.store(repo);
    if !view.is_recorded() {
        // What is recorded nowhere has no past, unless something is there of before.
        match store.view() {
            Ok(Some(_)) => {}
            Err(error @ StoreError::Damaged(_)) => return Ok(OfOne { damage: Some(error), ..OfOne::default() }),
            Ok(None) | Err(_) => return Ok(OfOne::default()),
        }
    }
    let history = store.history(view)?;
    // Where that cannot be told, the changes themselves are in the way of damage too.
    let cut = cut_short(&history, filter).ok().flatten().map(|Cut { start, time, is_named }| {
        let time = time.map_or_else(String::new, |time| format!(", {}", context.output.time(time)));
        (format!("history of {repo} starts with event {start}{time}: older events were pruned or lost"), is_named)
    });
    let ends = [filter.since, filter.until].into_iter().flatten();
    let beyond = ends.filter_map(|end| if let Moment::Seq(seq) = end { Some(seq) } else { None });
    if let Some(seq) = beyond.max().filter(|seq| *seq > view.seq())
        && view.check_history().is_ok()
    {
        return Err(Failed::Other(no_such_event(repo, view, seq)));
    }
    let (changes, stopped) = changes_to_damage(&history, filter);
    match stopped {
        Some(error @ StoreError::Unstable { .. }) => Err(error.into()),
        // The log may answer without its index.
        Some(StoreError::Damaged(damage)) if !damage.is_of_log() => Err(StoreError::Damaged(damage).into()),
        damage => Ok(OfOne { changes, damage, cut }),
    }
}

/// Adds the events that gave up their numbers, as far as they can be read.
pub fn add_superseded(found: &mut Found, sources: &[Source], filters: &[HistoryFilter], context: &Context<'_, '_>) {
    for (at, ((repo, view), filter)) in sources.iter().zip(filters).enumerate() {
        let store = context.store(repo);
        match store.history(view).and_then(|history| superseded(&history, filter)) {
            Ok(changes) => found.changes.extend(changes.into_iter().map(|change| (at, change))),
            Err(error) => drop(found.stopped.get_or_insert(error.into())),
        }
    }
    merge(&mut found.changes, filters);
}

/// Events of several repositories in the order of their times.
fn merge(found: &mut Vec<(usize, Change)>, filters: &[HistoryFilter]) {
    let Some(filter) = filters.first() else { return };
    let key =
        |(at, change): &(usize, Change)| -> (UnixMillis, usize, Seq) { (change.sync.changed_at, *at, change.seq) };
    match filter.order {
        Order::Ascending => found.sort_by_key(key),
        Order::Descending => found.sort_by_key(|change| std::cmp::Reverse(key(change))),
    }
    if let Some(limit) = filter.limit {
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
}

/// How many changes the filters admit without their limit. `shown` is known; it is the answer if there is no limit.
///
/// # Errors
/// Nothing is left to open.
pub fn count(
    sources: &mut [Source],
    filters: &[HistoryFilter],
    shown: usize,
    context: &mut Context<'_, '_>,
) -> Result<u64, Error> {
    let shown = shown as u64;
    let Some(first) = filters.first().filter(|filter| filter.limit.is_some_and(|limit| limit == shown)) else {
        return Ok(shown);
    };
    let is_plain = first.since.is_none() && first.until.is_none() && first.admits_all_trackers();
    if is_plain {
        let held = sources.iter().map(|(_, view)| (view.seq().0 + 1).saturating_sub(view.history_start().0));
        return Ok(held.sum());
    }
    let unlimited: Vec<HistoryFilter> =
        filters.iter().map(|filter| HistoryFilter { limit: None, ..filter.clone() }).collect();
    Ok(search(sources, &unlimited, context)?.changes.len() as u64)
}

/// The change as it is printed.
pub fn row<'r>((repo, view): &'r Source, change: &'r Change) -> EventRow<'r> {
    let sync = &change.sync;
    // The commit of a working tree's manifest only tells where its checkout stood.
    let commit = sync.commit.as_deref().filter(|_| sync.source == gh_pmu::format::Source::Git);
    EventRow {
        repo,
        seq: change.seq,
        event: change.event.clone(),
        changed_at: sync.changed_at,
        synced_at: sync.synced_at,
        source: sync.source.as_str(),
        manifest: sync.manifest.map(|hash| hex(&hash)),
        commit: commit.map(hex),
        id: change.id().to_string(),
        baseline: change.baseline,
        published: change.published,
        is_provisional: !change.published && view.has_published(),
    }
}
