//! `cache rebuild`.

use gh_pmu::git::Limits;
use gh_pmu::model::{Repo, counted};
use gh_pmu::store::PATIENCE;
use gh_pmu::sync::{Import, Located, Outcome, Rebuilding, Rebuilt, SyncError, Tally, rebuild};

use super::form::{Command, Spec, cached};
use crate::cli::spec::{Switch, switch};
use crate::config::{FILE_NAME, manifest_of_lists};
use crate::exit::{Error, Exit};
use crate::output::hex;
use crate::source::{Context, DISK};

/// The words of `cache rebuild`.
pub const SPEC: Spec = Spec {
    long: "Replace the cache by the full history of the manifest in git, then the working tree.\n\n\
           What only this cache holds (observed events, an earlier start, a later end) would be gone:\n\
           it is named, and `--yes` or an answer is needed. The old log is kept until the next rebuild.\n\n\
           With `--import` the history begins with the lists that the other gh-pmu (0.9, 0.10) kept in\n\
           `.gh-pmu.yml`. All events have other numbers then: let everybody do it, or nobody.",
    flags: &[&IMPORT.0, &YES.0],
    examples: "$ gh pmu cache rebuild\n$ gh pmu cache rebuild --import",
    ..Spec::command("rebuild", "gh pmu cache rebuild", "Rebuild the cache from the manifest's git history", |given| {
        cached(Ok(Args { yes: given.is_set(&YES), imports: given.is_set(&IMPORT) }))
    })
};

const YES: Switch = switch("yes", "Rebuild even if something is lost by it");
const IMPORT: Switch = switch("import", "Begin with the lists in the history of `.gh-pmu.yml`");

struct Args {
    /// Do not ask.
    yes: bool,
    /// Begin before the manifest.
    imports: bool,
}

impl Command for Args {
    /// Replaces the log by one out of git's history, then syncs from the working tree.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        context.output.warn_of_news_only();
        let Some(located) = context.located() else {
            return Err(Error::new("this is no checkout, so there is no history of a manifest to rebuild from"));
        };
        let repo = context.repo(named, Some(&located))?;
        let rebuilt = match from_git(&located, (&repo, self.yes, self.imports), context) {
            Err(SyncError::WouldLose(loss)) => {
                context.output.warn(&loss.to_string());
                context.output.confirm("Rebuild all the same?", "yes")?;
                from_git(&located, (&repo, true, self.imports), context)
            }
            rebuilt => rebuilt,
        }?;
        if let Some(note) = &rebuilt.note {
            context.output.warn(&note.to_string());
        }
        context.output.success(&sentence(&repo, &rebuilt))?;
        if context.config.cache.branch.is_none() {
            // What was just said need not be said again.
            context.output.warn_of_news_only();
            match context.sync(&located, Some(&repo), false, PATIENCE) {
                Ok(synced) if matches!(synced.outcome, Outcome::Unchanged) => {}
                Ok(synced) => context.output.success(&super::synced::sentence(&synced.repo, &synced.outcome))?,
                Err(error) => context.output.warn(&format!("{error}; the rest is rebuilt")),
            }
        }
        if let Some(view) = context.store(&repo).view()? {
            context.output.success(&format!("state hash {}", hex(&view.state_hash())))?;
        }
        Ok(Exit::Done)
    }
}

/// A log out of git's history, in place of what is there, even if something is lost by it and with what came before the
/// manifest, as is said.
///
/// # Errors
/// No git, no version of the manifest in its history, another writer, the store's.
pub fn from_git(
    located: &Located,
    (repo, yes, imports): (&Repo, bool, bool),
    context: &Context<'_, '_>,
) -> Result<Rebuilt, SyncError> {
    let branch = context.config.cache.branch.as_deref();
    let progress = context.output.progress("Rebuilding from git");
    let count = |done, total| progress.count(done, total);
    let import = imports.then_some(Import { file: FILE_NAME, manifest: &manifest_of_lists });
    let limits = Limits { progress: &count, ..Limits::NONE };
    let rebuilding = Rebuilding { yes, import, limits, now: context.now };
    rebuild(&DISK, &context.config.cache_dir, located, (repo, branch, context.hosting()), rebuilding)
}

/// What a rebuild came to, for people.
pub fn sentence(repo: &Repo, rebuilt: &Rebuilt) -> String {
    let Rebuilt { tally, imported, before, after, .. } = rebuilt;
    let Tally { taken, skipped, older } = tally;
    let (taken, events) = (counted(*taken, "version"), counted(after.events, "event"));
    let mut text = format!("{repo} rebuilt from git: {taken}, {events}");
    if let Some(imported) = imported {
        text.push_str(&format!("; {} from {FILE_NAME}", counted(*imported, "list")));
    }
    if *skipped > 0 {
        let skipped = counted(*skipped, "version");
        text.push_str(&format!("; {skipped} skipped: unreadable, or of another repository"));
    }
    if *older > 0 {
        text.push_str(&format!("; {older} skipped: older than one before"));
    }
    if let Some(before) = before {
        text.push_str(&format!("; before it held {before}"));
    }
    text
}
