//! `cache sync`.

use std::path::PathBuf;

use gh_pmu::model::Repo;
use gh_pmu::store::PATIENCE;
use gh_pmu::sync::{Outcome, SyncError, Synced};

use super::form::{Command, Spec, cached};
use super::sync_many;
use super::synced::sentence;
use crate::cli::spec::{Switch, Valued, switch, text};
use crate::cli::{Given, Owner};
use crate::exit::{Error, Exit};
use crate::source::Context;

const FROM: Valued<String> = text("from", None, "directory", "Sync every manifest below a directory");
const OWNER: Valued<Owner> = text("owner", None, "owner", "Sync every repository of an owner that has a manifest");
const FORCE: Switch = switch("force", "Apply the manifest even if it is older than the cache");

/// The words of `cache sync`.
pub const SPEC: Spec = Spec {
    long: "Read the manifest, compare it with the cache and record what changed. Without a checkout that has one,\n\
           GitHub is asked: for the manifest on its default branch, else for the issues.\n\n\
           A manifest that is older than what is cached changes nothing, unless it is forced.\n\n\
           With --from, every manifest below a directory is read, such as a clone of a repository that collects\n\
           them. With --owner, GitHub is asked for all repositories of an organisation or a user, a hundred at a\n\
           time. What is refused is named, the others are synced, and the exit status is 1.",
    flags: &[&FORCE.0, &FROM.flag, &OWNER.flag],
    examples: "$ gh pmu cache sync\n\
               $ gh pmu cache sync --from ../collected\n\
               $ gh pmu cache sync --owner octo-org",
    ..Spec::command("sync", "gh pmu cache sync", "Sync the cache from the manifest", |given| cached(Args::read(given)))
};

struct Args {
    force: bool,
    whose: Whose,
}

/// Whose manifests are synced.
enum Whose {
    /// One repository's.
    One,
    /// Of all that have a file below a directory.
    Below(PathBuf),
    /// Of all that an owner has.
    Of(Owner),
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        let whose = match (given.value(&FROM)?, given.value(&OWNER)?) {
            (Some(_), Some(_)) => return Err(given.wrong("cannot use `--from` with `--owner`")),
            (Some(dir), None) => Whose::Below(dir.into()),
            (None, Some(owner)) => Whose::Of(owner),
            (None, None) => Whose::One,
        };
        Ok(Self { force: given.is_set(&FORCE), whose })
    }
}

impl Command for Args {
    fn of_many(&self) -> Option<&'static str> {
        match self.whose {
            Whose::One => None,
            Whose::Below(_) => Some(FROM.flag.long),
            Whose::Of(_) => Some(OWNER.flag.long),
        }
    }

    /// Syncs now, and says what changed.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        match &self.whose {
            Whose::One => self.one(named, context),
            Whose::Below(dir) => sync_many::below(dir, self.force, context),
            Whose::Of(owner) => sync_many::of_owner(owner, self.force, context),
        }
    }
}

impl Args {
    /// From the manifest if there is one, else from GitHub.
    fn one(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let located = context.located();
        let mut missing = None;
        let from_manifest = match &located {
            Some(located) => match context.sync(located, named.as_ref(), self.force, PATIENCE) {
                // There is none here, but GitHub may have one.
                Err(error @ (SyncError::NoManifest { .. } | SyncError::OtherRepo { .. })) => {
                    missing = Some(error);
                    None
                }
                Err(error) if context.is_of_another(located, &error, named.as_ref()) => None,
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
            false => sentence(&synced.repo, &synced.outcome),
        };
        match synced.outcome {
            // Nothing was done.
            Outcome::Older { .. } => context.output.sentence(&sentence)?,
            _ => context.output.success(&sentence)?,
        }
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
        outcome @ Outcome::Changed { .. } => sentence(repo, outcome),
    }
}
