//! `cache verify`.

use gh_pmu::model::Repo;

use super::{Context, nothing_cached};
use crate::exit::{Error, Exit};

/// Reads every byte, and says what is wrong with them.
///
/// # Errors
/// Nothing cached; the system's.
pub fn run(json: bool, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let located = context.located();
    let repo = context.repo(named, located.as_ref())?;
    let store = context.store(&repo);
    let progress = context.output.progress("Reading every byte");
    let verified = store.verify()?;
    drop(progress);
    let Some(verified) = verified else { return Err(nothing_cached(Some(&repo))) };
    context.output.verified(&repo, &verified, json)?;
    Ok(if verified.findings.is_empty() { Exit::Done } else { Exit::Failed })
}
