//! `gh pmu` alone: what is known of the repository here, and what to type next.

use gh_pmu::model::{Kind, Repo, counted};
use gh_pmu::store::View;

use crate::exit::Error;
use crate::source::Context;

/// Says what is cached of the repository that is named or here, and what can be asked next; `false` if there is none.
///
/// # Errors
/// Standard output is closed.
pub fn run(named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<bool, Error> {
    if !context.config.cache.enabled || (named.is_none() && context.located().is_none()) {
        return Ok(false);
    }
    // Whatever stands in the way is told by the command that needs it.
    let Ok((repo, view)) = context.at_hand(named) else { return Ok(false) };
    let known = known(&repo, view.as_ref(), context);
    context.output.sentence(&known)?;
    let next = if view.is_some() { NEXT } else { FIRST };
    context.output.advice(next).map(|()| true)
}

/// What to type where nothing is cached.
const FIRST: &[&str] = &[
    "",
    "List its releases:               gh pmu release list",
    "Have it publish a manifest:      gh pmu init --workflow",
    "All commands, and what they do:  gh pmu --help",
];

/// What to type where something is.
const NEXT: &[&str] = &[
    "",
    "What is open, and what is new:   gh pmu status",
    "List all releases:               gh pmu release list",
    "See what changed:                gh pmu cache history --since yesterday",
    "All commands, and what they do:  gh pmu --help",
];

fn known(repo: &Repo, view: Option<&View>, context: &Context<'_, '_>) -> String {
    let Some(view) = view else { return format!("Nothing is cached of {repo} yet.") };
    let both = |kind: Kind| {
        let counts = view.counts(kind);
        format!("{} ({} closed)", counted(counts.open, &format!("open {kind}")), counts.closed)
    };
    let (releases, microsprints) = (both(Kind::Release), both(Kind::Microsprint));
    let age = view.freshness().map(|fresh| format!(", as of {}", context.output.time(fresh.changed_at)));
    format!("{repo} has {releases} and {microsprints}{}.", age.unwrap_or_default())
}
