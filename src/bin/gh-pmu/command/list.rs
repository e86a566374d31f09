//! `release list`, `microsprint list`.

use gh_pmu::model::Repo;

use super::{Context, required};
use crate::args::ListOptions;
use crate::exit::{Error, Exit};
use crate::output::{ListHead, Row};

/// Lists trackers.
///
/// # Errors
/// No repository is named; the cache cannot be read; standard output is closed.
pub fn run(options: &ListOptions, repo: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let repo = if options.all_repos { None } else { Some(required(repo)?) };
    let head = ListHead {
        repo: repo.as_ref(),
        kind: options.kind,
        state: options.state,
        searched: options.search.is_some() || options.created.is_some() || options.closed.is_some(),
        total: 0,
        as_of: options.as_of.as_ref().map(|(_, text)| text.as_str()),
    };
    let rows = std::iter::empty::<Result<Row<'_>, Error>>();
    context.output.list(&head, options.json.as_ref(), rows)?;
    Ok(Exit::Done)
}
