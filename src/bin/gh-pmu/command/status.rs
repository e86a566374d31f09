//! `cache status`.

use gh_pmu::model::{Kind, Repo};
use gh_pmu::store::{Store, View};
use gh_pmu::sync::{Located, Standing, standing};

use super::frame::{Command, Spec, cached};
use crate::cli::Given;
use crate::cli::spec::{Switch, switch};
use crate::exit::{Error, Exit};
use crate::output::{Counts, RepoStatus, Status, hex};
use crate::source::{Context, DISK, nothing_cached};

const CHECK: Switch = switch("check", "Exit with status 1 when the cache is stale or missing");
const JSON: Switch = switch("json", "Output JSON");

/// The words of `cache status`.
pub const SPEC: Spec = Spec {
    long: "Show what is cached of each repository, and how fresh it is.",
    flags: &[&CHECK.0, &JSON.0],
    examples: "$ gh pmu cache status\n$ gh pmu cache status --check || gh pmu cache sync",
    ..Spec::command("status", "gh pmu cache status", "Show what is cached and how fresh it is", |given| {
        cached(Args::read(given))
    })
};

struct Args {
    /// JSON instead of lines.
    json: bool,
    /// Fail if the cache is stale or missing.
    check: bool,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        Ok(Self { json: given.is_set(&JSON), check: given.is_set(&CHECK) })
    }
}

impl Command for Args {
    /// Shows what is cached: of the repository that is named, else of all.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let located = context.located();
        let stores = match &named {
            Some(repo) => vec![context.store(repo)],
            None => Store::all(&DISK, &context.config.cache_dir)?,
        };
        let (mut found, mut is_told) = (Vec::new(), false);
        for store in stores {
            match store.view() {
                Ok(Some(view)) => {
                    if let Some(damage) = view.damage().first() {
                        context.output.warn(&format!("{damage}; run `gh pmu cache repair`"));
                    }
                    found.push((Repo::parse(view.repo(), Repo::DEFAULT_HOST)?, view));
                }
                Ok(None) => {}
                Err(error) => {
                    context.output.warn(&error.to_string());
                    is_told = true;
                }
            }
        }
        let here = match &located {
            Some(located) if named.is_none() => context.repo(None, Some(located)).ok(),
            _ => named.clone(),
        };
        let is_missing = match &here {
            Some(here) => !found.iter().any(|(repo, _)| repo == here),
            None => found.is_empty(),
        };
        let mut repos = Vec::with_capacity(found.len());
        for (repo, view) in &found {
            repos.push(status_of(repo, view, located.as_ref(), context)?);
        }
        let status = Status { path: &context.config.cache_dir, named: named.as_ref(), repos };
        // Where `--check` fails because there is nothing, its error says so.
        if self.json || !(self.check && status.repos.is_empty()) {
            context.output.status(&status, self.json)?;
        }
        let is_stale = status
            .repos
            .iter()
            .any(|status| status.stale_reason.is_some() && here.as_ref().is_none_or(|here| here == status.repo));
        match self.check {
            // What is stale is shown as stale.
            true if is_missing && !is_told => Err(nothing_cached(here.as_ref())),
            true if is_missing || is_stale => Ok(Exit::Failed),
            _ => Ok(Exit::Done),
        }
    }
}

fn status_of<'s>(
    repo: &'s Repo,
    view: &'s View,
    located: Option<&Located>,
    context: &Context<'_, '_>,
) -> Result<RepoStatus<'s>, Error> {
    let counts = |kind| {
        let counts = view.counts(kind);
        Counts { open: counts.open, closed: counts.closed }
    };
    let fresh = view.freshness();
    let checked_at = view.marks().and_then(|marks| marks.checked_at).or(fresh.map(|fresh| fresh.synced_at));
    let (log_bytes, index_bytes) = view.byte_lens();
    let is_old = context.config.cache.max_age.is_some()
        && checked_at.is_none_or(|checked_at| context.is_older_than_allowed(checked_at));
    let stale_reason = stale_reason(is_old, located, (repo, view), context);
    Ok(RepoStatus {
        repo,
        path: view.dir(),
        releases: counts(Kind::Release),
        microsprints: counts(Kind::Microsprint),
        seq: view.seq(),
        history_start: view.history_start(),
        manifest_hash: fresh.and_then(|fresh| fresh.manifest).map(|hash| hex(&hash)),
        manifest_updated_at: fresh.map(|fresh| fresh.updated_at),
        synced_at: fresh.map(|fresh| fresh.synced_at),
        checked_at,
        source: fresh.map(|fresh| fresh.source.as_str()),
        stale_reason,
        history_hash: hex(&view.history_hash().0),
        published: view.published_seq().0,
        observed: view.observed_count(),
        state_hash: hex(&view.state_hash()),
        log_bytes,
        index_bytes,
        tail_events: view.tail_events(),
    })
}

/// Why it should be synced, or cannot be known to be fresh; `None` if it is.
fn stale_reason(
    is_old: bool,
    located: Option<&Located>,
    (repo, view): (&Repo, &View),
    context: &Context<'_, '_>,
) -> Option<String> {
    if let Some(damage) = view.damage().first() {
        return Some(format!("the cache is damaged: {damage}"));
    }
    let branch = context.config.cache.branch.as_deref();
    let standing = located.map(|located| standing(&DISK, (located, branch), context.hosting(), (repo, view)));
    match standing.unwrap_or(Standing::Current) {
        Standing::Current if is_old => Some("it was last checked longer ago than `cache.max_age` allows".to_owned()),
        Standing::Current => None,
        Standing::Behind => Some("the manifest has changed since the last sync".to_owned()),
        Standing::Ahead { manifest } => {
            Some(format!("the manifest here, of {manifest}, is older than what is cached, and was set aside"))
        }
        Standing::Missing => Some("the manifest is missing".to_owned()),
        Standing::Unreadable { reason } => Some(format!("the manifest cannot be used: {reason}")),
        Standing::NoBranch => Some("the branch of the manifest was never fetched, or is gone".to_owned()),
    }
}
