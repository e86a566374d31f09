//! `cache sync`.

use gh_pmu::model::Repo;
use gh_pmu::store::PATIENCE;
use gh_pmu::sync::{Outcome, Synced};

use super::Context;
use crate::exit::{Error, Exit};

/// Syncs now, and says what changed.
///
/// # Errors
/// No manifest, or one that is refused; another writer; the store's.
pub fn run(force: bool, repo: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let Some(located) = context.located() else {
        return Err(Error::new("this is no checkout with a manifest, so there is nothing to sync from"));
    };
    let synced = context.sync(&located, repo.as_ref(), force, PATIENCE)?;
    if let Some(damage) = synced.view.damage().first() {
        context.output.warn(&format!("{damage}; run `gh pmu cache repair`"));
    }
    let sentence = sentence(&synced, context);
    context.output.success(&sentence)?;
    if let Outcome::Changed { compaction_failed: Some(error), .. } = &synced.outcome {
        context.output.warn(&format!("the cache was not compacted: {error}"));
    }
    Ok(Exit::Done)
}

/// What a sync came to, for people.
pub fn sentence(synced: &Synced, context: &Context<'_, '_>) -> String {
    let repo = &synced.repo;
    match &synced.outcome {
        Outcome::Unchanged => format!("{repo} is up to date: the manifest has not changed"),
        Outcome::Fresher => format!("{repo} is up to date: nothing but the manifest's time has changed"),
        Outcome::Older { manifest, cached } => {
            let (manifest, cached) = (context.output.time(*manifest), context.output.time(*cached));
            format!(
                "{repo} is unchanged: the manifest is of {manifest}, older than the cache, of {cached} \
                 (`gh pmu cache sync --force` applies it)"
            )
        }
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
