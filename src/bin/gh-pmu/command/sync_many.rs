//! `cache sync --from` and `cache sync --owner`: many repositories at once. What is refused is named, and stops nothing.

use std::collections::BTreeSet;
use std::path::Path;

use gh_pmu::model::Repo;
use gh_pmu::store::{PATIENCE, Store};
use gh_pmu::sync::{
    Collected, Collection, History, Note, Options, Outcome, OwnedSync, SyncError, Synced, sync_collection,
};

use super::synced::sentence;
use crate::cli::Owner;
use crate::exit::{Error, Exit};
use crate::source::{Context, DISK};

const REPOSITORIES: [&str; 2] = ["repository", "repositories"];

/// What became of many repositories.
#[derive(Default)]
struct Sum {
    /// A sentence for each that changed.
    changed: Vec<String>,
    unchanged: u64,
    /// Those that have no manifest.
    without: u64,
    /// A sentence for each whose manifest was not taken in.
    set_aside: Vec<String>,
    /// Why others were refused.
    refused: Vec<String>,
    /// What else there is to say; once, although each repository says what of the past is not here.
    notes: BTreeSet<String>,
}

impl Sum {
    fn add(&mut self, repo: &Repo, outcome: &Outcome) {
        match outcome {
            Outcome::Unchanged | Outcome::Fresher => self.unchanged += 1,
            Outcome::Older { .. } => self.set_aside.push(sentence(repo, outcome)),
            Outcome::Changed { .. } => self.changed.push(sentence(repo, outcome)),
        }
    }

    fn add_owned(&mut self, repo: &Repo, synced: OwnedSync) {
        match synced {
            OwnedSync::Unchanged => self.unchanged += 1,
            OwnedSync::Synced(outcome) => self.add(repo, &outcome),
            OwnedSync::Without => self.without += 1,
            OwnedSync::Lost => {
                self.set_aside.push(format!("{repo} has no manifest any more; what is cached of it stays as it is"));
            }
            OwnedSync::Gone => self.notes.extend([format!(
                "GitHub shows no {repo} any more: it was renamed, transferred, deleted or hidden; what is cached of it stays as \
                 it is, and `gh pmu cache clear -R {repo}` removes it"
            )]),
            OwnedSync::Refused(error) => self.refused.push(format!("{repo}: {error}")),
        }
    }

    /// A line for each that changed or was refused, then their numbers; `what` is what one is, and what many are.
    fn tell(&self, what: [&str; 2], context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        self.changed.iter().try_for_each(|sentence| context.output.success(sentence))?;
        self.notes
            .iter()
            .chain(&self.set_aside)
            .chain(&self.refused)
            .for_each(|sentence| context.output.warn(sentence));
        let parts = [
            (self.changed.len() as u64, "changed"),
            (self.unchanged, "unchanged"),
            (self.set_aside.len() as u64, "set aside"),
            (self.refused.len() as u64, "refused"),
            (self.without, "without a manifest"),
        ];
        let all: u64 = parts.iter().map(|(count, _)| count).sum();
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let what = what[usize::from(all != 1)];
        let sum = format!("{all} {what}: {}", parts.join(", "));
        match (all, self.refused.is_empty()) {
            (0, _) => {}
            (_, true) => context.output.success(&sum)?,
            (_, false) => context.output.line(&sum)?,
        }
        Ok(if self.refused.is_empty() { Exit::Done } else { Exit::Failed })
    }
}

/// A note of one of many, which have no checkout each.
fn said(repo: &Repo, note: &Note) -> String {
    match note {
        Note::Rewritten(fork) => format!(
            "the history of {repo} was rewritten: from event @{} on it differs from what is cached, of which nothing was \
             taken back; `gh pmu cache clear -R {repo}` and another sync take the new history",
            fork.seq
        ),
        Note::Shallow => {
            "this is a shallow clone, so the history of the manifests begins in the middle: run `git fetch \
                          --unshallow`, then this again"
                .to_owned()
        }
        note => note.to_string(),
    }
}

/// Keeps in mind why what is cached of a repository may not be what its source holds, for `status`.
fn doubt(cache: &Path, repo: &Repo, reason: &str) {
    let store = Store::of(&DISK, cache, repo);
    if let Ok(Some(view)) = store.view() {
        store.record_doubt(&view, reason);
    }
}

const OLDER: &str = "its manifest is older than what is cached, and was set aside";

fn unusable(error: &SyncError) -> String {
    format!("its manifest cannot be used: {error}")
}

/// Every manifest below a directory.
///
/// # Errors
/// The directory cannot be read, or holds none.
pub fn below(dir: &Path, force: bool, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let history = if context.history == History::None { History::None } else { History::Needed };
    // A walk of the history goes up from it to the root of its checkout.
    let root = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    if !root.is_dir() {
        return Err(Error::new(format!("--from {:?} is no directory: name one with manifests below it", dir)));
    }
    let mut sum = Sum::default();
    let mut seen = 0;
    {
        let collection = Collection::of(&root, context.hosting());
        let progress = context.output.progress("Syncing manifests");
        let options = Options { force, explain: true, ..Options::new(history, PATIENCE) };
        let cache = &context.config.cache_dir;
        let mut each = |Collected { repo, synced, .. }: Collected, done, total| {
            progress.count(done, total);
            seen = total;
            let doubted = match &synced {
                Ok(Synced { outcome: Outcome::Older { .. }, .. }) => Some(OLDER.to_owned()),
                Ok(_) => None,
                Err(error) => Some(unusable(error)),
            };
            repo.iter().zip(&doubted).for_each(|(repo, reason)| doubt(cache, repo, reason));
            match synced {
                Ok(synced) => match &synced.unrecorded {
                    Some(error) => sum.refused.push(format!("{error}; {} was not recorded", synced.repo)),
                    None => {
                        sum.notes.extend(synced.notes.iter().map(|note| said(&synced.repo, note)));
                        sum.add(&synced.repo, &synced.outcome);
                    }
                },
                // It names the file.
                Err(error) => sum.refused.push(error.to_string()),
            }
        };
        sync_collection(&DISK, cache, (&collection, context.hosting()), (options, context.now), &mut each)?;
    }
    if seen == 0 {
        return Err(Error::new(format!("there are no manifests below {}", dir.display()))
            .with_hint("A manifest of a collection is a file `OWNER/NAME.json`; see `gh pmu init --collector`."));
    }
    sum.tell(["manifest", "manifests"], context)
}

/// Everything of an owner that has a manifest. What came before GitHub gave no more answer is kept, and told.
///
/// # Errors
/// GitHub's.
pub fn of_owner(owner: &Owner, force: bool, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let mut sum = Sum::default();
    let cache = &context.config.cache_dir;
    let walked = context.sync_owner(owner, force, &mut |repo, synced| {
        let doubted = match &synced {
            OwnedSync::Synced(Outcome::Older { .. }) => Some(OLDER.to_owned()),
            OwnedSync::Lost => Some("its manifest is missing".to_owned()),
            OwnedSync::Gone => Some("GitHub shows it no more".to_owned()),
            OwnedSync::Refused(error) => Some(unusable(error)),
            _ => None,
        };
        doubted.iter().for_each(|reason| doubt(cache, repo, reason));
        sum.add_owned(repo, synced);
    });
    let walked = match walked {
        Ok(walked) => walked,
        Err(error) => {
            sum.tell(REPOSITORIES, context)?;
            return Err(error.into());
        }
    };
    if walked.shown == 0 && walked.withheld.is_none() {
        return Err(Error::new(format!("GitHub shows no repositories of {owner}"))
            .with_hint("Check the name, and with `gh auth status` who you are."));
    }
    let exit = sum.tell(REPOSITORIES, context)?;
    if walked.is_uneven {
        return Err(Error::new(format!("GitHub's list of the repositories of {owner} changed while it was read"))
            .with_hint("Run this again: what has not changed costs nothing more."));
    }
    let Some((count, reason)) = walked.withheld else { return Ok(exit) };
    let what = REPOSITORIES[usize::from(count != 1)];
    Err(Error::new(format!("GitHub withheld {count} {what} of {owner}: {reason}")))
}
