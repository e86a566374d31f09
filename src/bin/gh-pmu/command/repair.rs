//! `cache repair`.

use gh_pmu::model::{Repo, counted};
use gh_pmu::store::{PATIENCE, Repaired};
use gh_pmu::sync::{SyncError, past_states};

use super::form::{Command, Spec, cached};
use super::rebuild;
use crate::exit::{Error, Exit};
use crate::source::{Context, DISK};

/// The words of `cache repair`.
pub const SPEC: Spec = Spec {
    long: "Keep what verifies, keep the damaged bytes aside, and rebuild the rest from the manifest and git.",
    examples: "$ gh pmu cache repair",
    ..Spec::command("repair", "gh pmu cache repair", "Mend a damaged cache", |_| cached(Ok(Args)))
};

struct Args;

impl Command for Args {
    /// Mends a damaged store, then syncs from the manifest, and says what was and was not recovered.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let located = context.located();
        let repo = context.repo(named, located.as_ref())?;
        let store = context.store(&repo);
        let progress = context.output.progress("Repairing");
        let now = context.now;
        let cache = &context.config.cache_dir;
        let of_git = |located| past_states(&DISK, cache, located, (&repo, context.hosting()), now);
        let mut past = || located.as_ref().map_or_else(Vec::new, of_git);
        let repaired = store.repair(&repo, PATIENCE, &mut past, now.millis());
        drop(progress);
        let repaired = repaired?;
        match &repaired {
            None => context.output.success(&format!("nothing of {repo} is damaged"))?,
            Some(repaired) => tell(&repo, repaired, context)?,
        }
        let Some(located) = &located else { return Ok(Exit::Done) };
        // Nothing is left that git's versions would be merged with.
        if repaired.is_some_and(|repaired| repaired.begun_anew)
            && let Ok(rebuilt) = rebuild::from_git(located, (&repo, true, false), context)
        {
            context.output.success(&rebuild::sentence(&repo, &rebuilt))?;
        }
        match context.sync(located, Some(&repo), false, PATIENCE) {
            Ok(synced) => context.output.success(&super::synced::sentence(&synced.repo, &synced.outcome))?,
            Err(SyncError::NoManifest { .. } | SyncError::OtherRepo { .. }) => {}
            Err(error) => context.output.warn(&error.to_string()),
        }
        Ok(Exit::Done)
    }
}

fn tell(repo: &Repo, repaired: &Repaired, context: &mut Context<'_, '_>) -> Result<(), Error> {
    for found in &repaired.found {
        context.output.success(&format!("found: {found}"))?;
    }
    for aside in &repaired.aside {
        context.output.success(&format!("kept aside as {aside}"))?;
    }
    let Repaired { kept, recovered, lost, history_start, begun_anew, end_in_doubt, provisional, .. } = repaired;
    if *begun_anew {
        return context.output.success(&format!("nothing of {repo} verified: its cache begins anew"));
    }
    let lost = match lost {
        0 => "no number is missing".to_owned(),
        lost => format!("{} {} lost", counted(*lost, "event"), if *lost == 1 { "is" } else { "are" }),
    };
    let kept = counted(*kept, "event");
    context.output.success(&format!("{repo} repaired: {kept} kept, {recovered} recovered, {lost}"))?;
    if *end_in_doubt {
        let sentence = "the newest commits may be missing: the next sync brings what lasted of them";
        context.output.success(sentence)?;
    }
    if let Some(seq) = provisional {
        context.output.success(&format!(
            "events from @{seq} on were mended without git, and may not be those that others have under these numbers"
        ))?;
    }
    if history_start.0 > 1 {
        context.output.success(&format!("history of {repo} starts with event {history_start}"))?;
    }
    Ok(())
}
