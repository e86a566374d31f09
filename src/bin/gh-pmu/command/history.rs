//! `cache history`.

use gh_pmu::model::{Repo, Seq, UnixMillis};
use gh_pmu::query::{Change, HistoryFilter, Order, changes, cut_short};
use gh_pmu::store::{Moment, StoreError};

use super::github::Keep;
use super::sources::{Failed, Source};
use super::{Context, no_such_event};
use crate::args::{HistoryOptions, When};
use crate::exit::{Error, Exit};
use crate::output::{EventRow, HistoryHead, hex};

/// Shows what changed.
///
/// # Errors
/// No repository is named; the cache cannot be read; standard output is closed.
pub fn run(options: &HistoryOptions, repo: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let mut sources = match options.all_repos {
        true => context.all_sources()?,
        false => vec![context.source(repo, Keep::Must)?],
    };
    let mut found: Vec<(usize, Change)> = Vec::new();
    for (at, source) in sources.iter_mut().enumerate() {
        let filter = filter(options, source, context)?;
        let mut changes = context.settled(source, |source, context| changes_of(source, &filter, context));
        if let Err(Failed::Store(error)) = &changes
            && !matches!(error, StoreError::Unstable { .. })
        {
            source.1 = context.again(&source.0, error)?;
            changes = changes_of(source, &filter, context);
        }
        found.extend(changes.map_err(Failed::into_error)?.into_iter().map(|change| (at, change)));
    }
    if sources.len() > 1 {
        merge(&mut found, options);
    }
    let searched = options.since.is_some() || options.until.is_some() || options.number.is_some();
    let searched = searched || options.kind.is_some() || !options.events.is_empty();
    let repo = if options.all_repos { None } else { sources.first().map(|(repo, _)| repo) };
    let head = HistoryHead { repo, searched };
    let rows = found.iter().map(|(at, change)| Ok::<_, Error>(row(&sources[*at].0, change)));
    context.output.history(&head, options.json.as_ref(), context.clock.zone, rows)?;
    // Only what was shown counts as seen.
    if options.since == Some(When::Last) {
        for (repo, view) in &sources {
            context.store(repo).record_cursor(view, context.now.millis())?;
        }
    }
    Ok(Exit::Done)
}

fn changes_of(source: &Source, filter: &HistoryFilter, context: &mut Context<'_, '_>) -> Result<Vec<Change>, Failed> {
    let (repo, view) = source;
    let store = context.store(repo);
    let history = store.history(view);
    if let Some((start, time)) = cut_short(&history, filter)? {
        let time = time.map_or_else(String::new, |time| format!(", {}", context.output.time(time)));
        context
            .output
            .warn(&format!("history of {repo} starts with event {start}{time}: older events were pruned or lost"));
    }
    if let Some(Moment::Seq(seq)) = filter.since
        && seq > view.seq()
    {
        return Err(Failed::Other(no_such_event(repo, view, seq)));
    }
    Ok(changes(&history, filter)?)
}

fn filter(
    options: &HistoryOptions,
    (repo, view): &Source,
    context: &mut Context<'_, '_>,
) -> Result<HistoryFilter, Error> {
    let moment = |when: When| match when {
        When::At(time) => Some(Moment::Time(time)),
        When::After(seq) => Some(Moment::Seq(seq)),
        // Asked for the first time: everything is new.
        When::Last => context.store(repo).cursor(view).map(|cursor| Moment::Seq(cursor.seq)),
    };
    Ok(HistoryFilter {
        since: options.since.and_then(moment),
        until: options.until.and_then(moment),
        number: options.number,
        kind: options.kind,
        words: options.events.clone(),
        limit: options.limit,
        order: options.order,
    })
}

/// Events of several repositories in the order of their times.
fn merge(found: &mut Vec<(usize, Change)>, options: &HistoryOptions) {
    let key =
        |(at, change): &(usize, Change)| -> (UnixMillis, usize, Seq) { (change.sync.changed_at, *at, change.seq) };
    match options.order {
        Order::Ascending => found.sort_by_key(key),
        Order::Descending => found.sort_by_key(|change| std::cmp::Reverse(key(change))),
    }
    if let Some(limit) = options.limit {
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
}

/// The change as it is printed.
pub fn row<'r>(repo: &'r Repo, change: &'r Change) -> EventRow<'r> {
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
    }
}
