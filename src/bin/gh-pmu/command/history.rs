//! `cache history`.

use gh_pmu::model::Repo;

use super::{Context, required};
use crate::args::HistoryOptions;
use crate::exit::{Error, Exit};
use crate::output::{EventRow, HistoryHead};

/// Shows what changed.
///
/// # Errors
/// No repository is named; the cache cannot be read; standard output is closed.
pub fn run(options: &HistoryOptions, repo: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let repo = if options.all_repos { None } else { Some(required(repo)?) };
    let narrowed = options.since.is_some() || options.until.is_some() || options.number.is_some();
    let searched = narrowed || options.kind.is_some() || !options.events.is_empty();
    let head = HistoryHead { repo: repo.as_ref(), searched };
    let rows = std::iter::empty::<Result<EventRow<'_>, Error>>();
    context.output.history(&head, options.json.as_ref(), context.clock.zone, rows)?;
    Ok(Exit::Done)
}
