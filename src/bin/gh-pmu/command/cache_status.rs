//! `cache status`.

use gh_pmu::model::{Kind, Repo};
use gh_pmu::store::{StoreError, View};
use gh_pmu::sync::{Located, Standing, rewritten, standing};

use super::form::{Command, Spec, cached};
use crate::cli::common::AS_JSON;
use crate::cli::spec::{Switch, switch};
use crate::cli::{ALL_REPOS, Given, Many, OWNER};
use crate::exit::{Error, Exit};
use crate::output::{Counts, RepoStatus, Status, StatusForm, hex};
use crate::source::{Context, DISK, nothing_cached};

const CHECK: Switch = switch("check", "Exit with status 1 when the cache is stale or missing");
const VERBOSE: Switch = switch("verbose", "Show all that is known: hashes, times, bytes");

/// The words of `cache status`.
pub const SPEC: Spec = Spec {
    long: "Show what is cached of the repository here, and how fresh it is.\n\n\
           Outside of a checkout, and with --all-repos or --owner, every cached repository has one line, stale ones first.",
    flags: &[&ALL_REPOS.0, &CHECK.0, &AS_JSON.0, &OWNER.flag, &VERBOSE.0],
    examples: "$ gh pmu cache status\n\
               $ gh pmu cache status --all-repos\n\
               $ gh pmu cache status --check || gh pmu cache sync",
    ..Spec::command("status", "gh pmu cache status", "Show what is cached and how fresh it is", |given| {
        cached(Args::read(given))
    })
};

struct Args {
    /// JSON instead of lines.
    json: bool,
    /// Fail if the cache is stale or missing.
    check: bool,
    /// All that is known.
    verbose: bool,
    /// More than one repository.
    many: Option<Many>,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        let [json, check, verbose] = [&AS_JSON, &CHECK, &VERBOSE].map(|switch| given.is_set(switch));
        Ok(Self { json, check, verbose, many: Many::read(given)? })
    }

    fn form(&self, is_of_one: bool) -> StatusForm {
        match (self.json, self.verbose, is_of_one) {
            (true, ..) => StatusForm::Json,
            (_, true, _) => StatusForm::Verbose,
            (.., true) => StatusForm::Summary,
            (.., false) => StatusForm::Lines,
        }
    }
}

impl Command for Args {
    fn of_many(&self) -> Option<&'static str> {
        self.many.as_ref().map(Many::flag)
    }

    /// Shows what is cached: of the repository that is named or here, else of all.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let located = context.located();
        // The manifest here says nothing of other repositories.
        let here = located.as_ref().map(|located| context.repo(None, Some(located))).transpose();
        let one = match (named, &here) {
            _ if self.many.is_some() => None,
            (named @ Some(_), _) => Some(context.repo(named, None)?),
            // Others say nothing of the repository here.
            (None, Err(_)) if self.check || context.hosting().named.is_some() => return here.map(|_| Exit::Failed),
            (None, Err(_)) => None,
            (None, Ok(here)) => here.clone(),
        };
        let here = here.ok().flatten();
        let opened = match &one {
            Some(repo) => context.store(repo).view().transpose().into_iter().collect(),
            None => context.opened(self.many.as_ref().unwrap_or(&Many::All))?,
        };
        let (found, unreadable) = views(opened, context)?;
        let mut repos = Vec::with_capacity(found.len());
        for (repo, view) in &found {
            let located = located.as_ref().filter(|_| here.as_ref() == Some(repo));
            repos.push(status_of(repo, view, located, context)?);
        }
        let status = Status { path: &context.config.cache_dir, named: one.as_ref(), repos };
        let is_stale = unreadable > 0 || status.repos.iter().any(|status| status.stale_reason.is_some());
        let is_missing = status.repos.is_empty();
        // Where `--check` fails because there is nothing, its error says so.
        if self.json || !(self.check && is_missing) {
            context.output.status(&status, self.form(one.is_some()))?;
        }
        match self.check {
            // What is stale is shown as stale.
            true if is_missing && unreadable == 0 => Err(nothing_cached(one.as_ref())),
            true if is_missing || is_stale => Ok(Exit::Failed),
            _ => Ok(Exit::Done),
        }
    }
}

/// What is cached, and how many stores cannot be read: why was said.
fn views(
    opened: Vec<Result<View, StoreError>>,
    context: &mut Context<'_, '_>,
) -> Result<(Vec<(Repo, View)>, usize), Error> {
    let (mut found, mut unreadable) = (Vec::new(), 0);
    for view in opened {
        match view {
            Ok(view) => {
                context.tell_damage(&view);
                // What is shown is of an earlier moment.
                context.falls_short |= view.lacks_newest();
                found.push((Repo::parse(view.repo(), Repo::DEFAULT_HOST)?, view));
            }
            Err(error) => {
                context.tell_missing(&error);
                unreadable += 1;
            }
        }
    }
    Ok((found, unreadable))
}

pub(super) fn status_of<'s>(
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
    let checked_at = view.checked_at(context.now.millis());
    let (log_bytes, index_bytes) = view.byte_lens();
    let is_old = context.config.cache.max_age.is_some()
        && checked_at.is_none_or(|checked_at| context.is_older_than_allowed(checked_at));
    let stale_reason = stale_reason(is_old, located, (repo, view), context);
    let can_pull = context.looks_for_newer() && located.is_some_and(|located| located.would_pull_newer(view));
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
        can_pull,
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
    let standing =
        located.map(|located| standing(&DISK, (located, branch), context.hosting(), (repo, view), context.now));
    let reason = match standing.unwrap_or(Standing::Current) {
        Standing::Current if is_old => Some("it was last checked longer ago than `cache.max_age` allows".to_owned()),
        Standing::Current => None,
        Standing::Behind => Some("the manifest has changed since the last sync".to_owned()),
        Standing::Unseen => Some("git has versions of the manifest that were not looked at yet".to_owned()),
        Standing::Ahead { manifest } => {
            Some(format!("the manifest here, of {manifest}, is older than what is cached, and was set aside"))
        }
        Standing::Missing => Some("the manifest is missing".to_owned()),
        Standing::Unreadable { reason } => Some(format!("the manifest cannot be used: {reason}")),
        Standing::NoBranch => Some("the branch of the manifest was never fetched, or is gone".to_owned()),
    };
    // Of a manifest that is not here the last look at it tells.
    let doubt = || view.marks().and_then(|marks| marks.doubt.clone());
    let reason = reason.or_else(|| located.is_none().then(doubt).flatten());
    let rewritten = rewritten(view).map(|note| note.to_string());
    let reasons: Vec<String> = reason.into_iter().chain(rewritten).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
