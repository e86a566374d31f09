//! `cache rebuild`.

use gh_pmu::model::Repo;
use gh_pmu::store::PATIENCE;
use gh_pmu::sync::{Located, Rebuilt, SyncError, rebuild};

use super::frame::{Command, Spec, cached};
use crate::exit::{Error, Exit};
use crate::output::hex;
use crate::source::{Context, DISK};

/// The words of `cache rebuild`.
pub const SPEC: Spec = Spec {
    long: "Replace the cache by the full history of the manifest in git, then the working tree.",
    examples: "$ gh pmu cache rebuild",
    ..Spec::command("rebuild", "gh pmu cache rebuild", "Rebuild the cache from the manifest's git history", |_| {
        cached(Ok(Args))
    })
};

struct Args;

impl Command for Args {
    /// Replaces the log by one out of git's history, then syncs from the working tree.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let Some(located) = context.located() else {
            return Err(Error::new("this is no checkout, so there is no history of a manifest to rebuild from"));
        };
        let repo = context.repo(named, Some(&located))?;
        let rebuilt = from_git(&located, &repo, context)?;
        context.output.success(&sentence(&repo, &rebuilt))?;
        if context.config.cache.branch.is_none() {
            match context.sync(&located, Some(&repo), false, PATIENCE) {
                Ok(synced) => context.output.success(&super::sync::sentence(&synced))?,
                Err(error) => context.output.warn(&format!("{error}; the rest is rebuilt")),
            }
        }
        if let Some(view) = context.store(&repo).view()? {
            context.output.success(&format!("state hash {}", hex(&view.state_hash())))?;
        }
        Ok(Exit::Done)
    }
}

/// A log out of git's history, in place of what is there.
///
/// # Errors
/// No git, no version of the manifest in its history, another writer, the store's.
pub fn from_git(located: &Located, repo: &Repo, context: &Context<'_, '_>) -> Result<Rebuilt, SyncError> {
    let branch = context.config.cache.branch.as_ref().map(|branch| format!("origin/{branch}"));
    let _progress = context.output.progress("Rebuilding from git");
    rebuild(&DISK, &context.config.cache_dir, located, (repo, branch.as_deref()), context.now)
}

/// What a rebuild came to, for people.
pub fn sentence(repo: &Repo, rebuilt: &Rebuilt) -> String {
    let Rebuilt { versions, skipped, older, events } = *rebuilt;
    let mut text = format!("{repo} rebuilt from git: {versions} versions, {events} events");
    if skipped > 0 {
        text.push_str(&format!("; {skipped} versions skipped, which cannot be read or are of another repository"));
    }
    if older > 0 {
        text.push_str(&format!("; {older} skipped, which are older than one before them"));
    }
    text
}
