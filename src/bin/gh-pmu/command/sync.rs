//! `cache sync`.

use gh_pmu::model::Repo;
use gh_pmu::store::PATIENCE;
use gh_pmu::sync::{Outcome, SyncError, Synced};

use super::frame::{Command, Spec, cached};
use crate::cli::Given;
use crate::cli::spec::{Switch, switch};
use crate::exit::{Error, Exit};
use crate::source::Context;

const FORCE: Switch = switch("force", "Apply the manifest even if it is older than the cache");

/// The words of `cache sync`.
pub const SPEC: Spec = Spec {
    long: "Read the manifest, compare it with the cache and record what changed. Without a checkout that has one,\n\
           GitHub is asked: for the manifest on its default branch, else for the issues.\n\n\
           A manifest that is older than what is cached changes nothing, unless it is forced.",
    flags: &[&FORCE.0],
    examples: "$ gh pmu cache sync",
    ..Spec::command("sync", "gh pmu cache sync", "Sync the cache from the manifest", |given| cached(Args::read(given)))
};

struct Args {
    force: bool,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        Ok(Self { force: given.is_set(&FORCE) })
    }
}

impl Command for Args {
    /// Syncs now, from the manifest if there is one, else from GitHub, and says what changed.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let located = context.located();
        let mut missing = None;
        let from_manifest = match &located {
            Some(located) => match context.sync(located, named.as_ref(), self.force, PATIENCE) {
                // There is none here, but GitHub may have one.
                Err(error @ (SyncError::NoManifest { .. } | SyncError::OtherRepo { .. })) => {
                    missing = Some(error);
                    None
                }
                result => Some(result?),
            },
            None => None,
        };
        let (synced, from_issues) = match from_manifest {
            Some(synced) => (synced, false),
            None => {
                let is_named = named.is_some();
                let repo = context.repo(named, located.as_ref())?;
                context.sync_from_github(&repo, is_named, self.force).map_err(|error| match missing.take() {
                    Some(missing @ SyncError::NoManifest { .. }) if !is_named => instead(missing, error),
                    _ => error,
                })?
            }
        };
        if let Some(damage) = synced.view.damage().first() {
            context.output.warn(&format!("{damage}; run `gh pmu cache repair`"));
        }
        let sentence = match from_issues {
            true => answer_sentence(&synced),
            false => sentence(&synced),
        };
        context.output.success(&sentence)?;
        if let Outcome::Changed { compaction_failed: Some(error), .. } = &synced.outcome {
            context.output.warn(&format!("the cache was not compacted: {error}"));
        }
        Ok(Exit::Done)
    }
}

/// There was no manifest, and GitHub could not be asked either.
fn instead(missing: SyncError, error: Error) -> Error {
    let (exit, text) = (error.exit(), error.to_string());
    Error::from(missing).with_hint(format!("GitHub cannot stand in: {}", text.trim_end())).with_exit(exit)
}

/// As [`sentence`], where GitHub's issues were the source.
fn answer_sentence(synced: &Synced) -> String {
    let repo = &synced.repo;
    match &synced.outcome {
        Outcome::Unchanged | Outcome::Fresher => format!("{repo} is up to date: GitHub's issues have not changed"),
        Outcome::Older { manifest: answer, cached } => {
            format!("{repo} is unchanged: GitHub's answer is of {answer}, older than the cache, of {cached}")
        }
        Outcome::Changed { .. } => sentence(synced),
    }
}

/// What a sync came to, for people.
pub fn sentence(synced: &Synced) -> String {
    let repo = &synced.repo;
    match &synced.outcome {
        Outcome::Unchanged => format!("{repo} is up to date: the manifest has not changed"),
        Outcome::Fresher => format!("{repo} is up to date: nothing but the manifest's time has changed"),
        // To the second: both may be a year ago.
        Outcome::Older { manifest, cached } => format!(
            "{repo} is unchanged: the manifest is of {manifest}, older than the cache, of {cached} \
             (`gh pmu cache sync --force` applies it)"
        ),
        Outcome::Changed { first_seq, last_seq, counts, .. } => {
            let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
            let events = match first_seq == last_seq {
                true => format!("event {first_seq}"),
                false => format!("events {first_seq} to {last_seq}"),
            };
            match counts.is_empty() {
                true => format!("{repo} synced: it has no trackers"),
                false => format!("{repo} synced: {} ({events})", counts.join(", ")),
            }
        }
    }
}
