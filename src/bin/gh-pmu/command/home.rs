//! `gh pmu` alone: what is known of the repository here, and what to type next.

use gh_pmu::model::{Kind, Repo};
use gh_pmu::store::View;

use crate::exit::Error;
use crate::source::Context;

/// Says what is cached of the repository here and what can be asked next; `false` if there is nothing to say.
///
/// # Errors
/// Standard output is closed.
pub fn run(context: &mut Context<'_, '_>) -> Result<bool, Error> {
    let Some(located) = context.located() else { return Ok(false) };
    // Whatever stands in the way is told by the command that needs it.
    let Ok(repo) = context.repo(None, Some(&located)) else { return Ok(false) };
    let view = context.store(&repo).view().ok().flatten();
    for line in lines(&repo, view.as_ref(), context) {
        context.output.line(&line)?;
    }
    Ok(true)
}

fn lines(repo: &Repo, view: Option<&View>, context: &Context<'_, '_>) -> Vec<String> {
    let Some(view) = view else {
        return vec![
            format!("Nothing is cached of {repo} yet."),
            String::new(),
            "List its releases:               gh pmu release list".to_owned(),
            "Have it publish a manifest:      gh pmu init --workflow".to_owned(),
            "All commands, and what they do:  gh pmu --help".to_owned(),
        ];
    };
    let counted = |kind: Kind, one: &str| {
        let counts = view.counts(kind);
        let plural = if counts.open == 1 { "" } else { "s" };
        format!("{} open {one}{plural} ({} closed)", counts.open, counts.closed)
    };
    let (releases, microsprints) = (counted(Kind::Release, "release"), counted(Kind::Microsprint, "microsprint"));
    let age = view.freshness().map(|fresh| format!(", as of {}", context.output.time(fresh.changed_at)));
    vec![
        format!("{repo} has {releases} and {microsprints}{}.", age.unwrap_or_default()),
        String::new(),
        "What is open, and what is new:   gh pmu status".to_owned(),
        "List all releases:               gh pmu release list".to_owned(),
        "See what changed:                gh pmu cache history --since yesterday".to_owned(),
        "All commands, and what they do:  gh pmu --help".to_owned(),
    ]
}
