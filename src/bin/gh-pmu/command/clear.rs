//! `cache clear`.

use gh_pmu::model::Repo;
use gh_pmu::store::Store;

use super::Context;
use super::sources::DISK;
use crate::args::ClearOptions;
use crate::exit::{Error, Exit};

/// Removes the cache of one repository, or of all.
///
/// # Errors
/// Not confirmed; another writer; the system's.
pub fn run(options: &ClearOptions, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let (stores, what, nothing) = match options.all {
        true => {
            let dir = context.config.cache_dir.display();
            let stores = Store::all(&DISK, &context.config.cache_dir)?;
            (stores, format!("all repositories in {dir}"), format!("nothing is cached in {dir}"))
        }
        false => {
            let located = context.located();
            let repo = context.repo(named, located.as_ref())?;
            (vec![context.store(&repo)], repo.to_string(), format!("nothing is cached of {repo}"))
        }
    };
    if !options.yes {
        context.output.confirm(&format!("Remove the cache of {what}, with its history?"), "yes")?;
    }
    let mut cleared = 0;
    for store in &stores {
        cleared += u64::from(store.clear()?);
    }
    if options.all {
        gh_pmu::sync::forget_checkouts(&DISK, &context.config.cache_dir);
    }
    match cleared {
        0 => context.output.success(&nothing)?,
        _ => context.output.success(&format!("removed the cache of {what}"))?,
    }
    Ok(Exit::Done)
}
