//! `cache status`.

use gh_pmu::model::Repo;

use super::Context;
use crate::args::StatusOptions;
use crate::exit::{Error, Exit};
use crate::output::Status;

/// Shows what is cached: of the repository that is named, else of all.
///
/// # Errors
/// The cache cannot be read; standard output is closed.
pub fn run(options: &StatusOptions, _repo: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let status = Status { path: &context.config.cache_dir, repos: Vec::new() };
    context.output.status(&status, options.json)?;
    let is_missing = status.repos.is_empty();
    let is_stale = status.repos.iter().any(|repo| repo.stale);
    Ok(if options.check && (is_missing || is_stale) { Exit::Failed } else { Exit::Done })
}
