//! `release list`, `microsprint list`.

use gh_pmu::model::Repo;
use gh_pmu::query::{Filter, Use, select};
use gh_pmu::store::Moment;

use super::sources::{Failed, Source, switched_off};
use super::{Context, no_such_event, web};
use crate::args::{ListOptions, When};
use crate::exit::{Error, Exit};
use crate::output::ListHead;

/// Lists trackers.
///
/// # Errors
/// No repository is named; the cache cannot be read; standard output is closed.
pub fn run(options: &ListOptions, repo: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    if options.web {
        return web::run(options, repo, context);
    }
    if options.as_of.is_some() && !context.config.cache.enabled {
        return Err(switched_off());
    }
    let (mut sources, exit) = match options.all_repos {
        true => context.all_listed(options.refresh)?,
        false => context.listed(repo, options.refresh).map(|(source, exit)| (vec![source], exit))?,
    };
    if let Some((when, _)) = &options.as_of {
        for source in &mut sources {
            let past = context.settled(source, |source, context| as_of(*when, source, context));
            *source = past.map_err(Failed::into_error)?;
        }
    }
    let filter = filter(options);
    // A table is laid out as a whole, and its header counts.
    let wanted = if context.output.is_terminal() { Use::Counted } else { Use::Stream };
    // An index can fail in the middle of the answer: nothing was printed yet, and the log gives the same.
    while let Err((at, error)) = select(&sources, &filter, wanted) {
        sources[at].1 = context.again(&sources[at].0, &error)?;
    }
    let selection = select(&sources, &filter, wanted).map_err(|(_, error)| error)?;
    let total = match (wanted, options.limit) {
        (Use::Stream, _) => 0,
        (Use::Counted, None) => selection.count(),
        (Use::Counted, Some(_)) => {
            let all = Filter { limit: None, ..filter.clone() };
            select(&sources, &all, wanted).map_err(|(_, error)| error)?.count()
        }
    };
    let head = ListHead {
        repo: if options.all_repos { None } else { sources.first().map(|(repo, _)| repo) },
        kind: options.kind,
        state: options.state,
        searched: options.search.is_some() || options.created.is_some() || options.closed.is_some(),
        total: total as u64,
        as_of: options.as_of.as_ref().map(|(_, text)| text.as_str()),
        age: if options.as_of.is_some() { None } else { context.age_of(&sources) },
    };
    let rows = selection.rows().map(Ok::<_, Error>);
    context.output.list(&head, options.json.as_ref(), rows)?;
    Ok(exit)
}

fn filter(options: &ListOptions) -> Filter {
    let filter = Filter {
        state: options.state,
        created: options.created,
        closed: options.closed,
        sort: options.sort,
        order: options.order,
        limit: options.limit,
        ..Filter::all(options.kind)
    };
    filter.with_search(options.search.as_deref().unwrap_or_default())
}

/// The source as it was.
fn as_of(when: When, source: &Source, context: &mut Context<'_, '_>) -> Result<Source, Failed> {
    let (repo, view) = source;
    let moment = match when {
        When::At(time) => Moment::Time(time),
        When::After(seq) => Moment::Seq(seq),
        When::Last => return Err(Failed::Other(Error::new("only `--since` knows `last`"))),
    };
    let store = context.store(repo);
    let history = store.history(view);
    let Some(seq) = history.last_event_at(moment)? else {
        return Err(Failed::Other(Error::new(match history.starts_at()? {
            Some(time) => format!("history of {repo} starts on {time}, with event {}", view.history_start()),
            None => format!("nothing is known of {repo} before it was first synced"),
        })));
    };
    if let Moment::Seq(asked) = moment
        && asked > view.seq()
    {
        return Err(Failed::Other(no_such_event(repo, view, asked)));
    }
    Ok((repo.clone(), history.state_behind(seq)?))
}
