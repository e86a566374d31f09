//! `gh pmu status`: one screen about one repository.

use gh_pmu::model::{Kind, Repo, State, Tracker};
use gh_pmu::query::{Filter, HistoryFilter, Order, Row, Use, select};
use gh_pmu::store::{Moment, StoreError};

use super::cache_status::status_of;
use super::changes;
use super::form::{Command, Spec, cached};
use crate::cli::Given;
use crate::cli::common::AS_JSON;
use crate::exit::{Error, Exit};
use crate::output::Overview;
use crate::source::{Context, Source};

/// The mark of `cache history --since last` without filters.
const MARK: &str = "";
/// Who never asked what is new gets the newest changes only.
const NEWEST: u64 = 10;

/// The words of `status`.
pub const SPEC: Spec = Spec {
    long: "Show what is open, what changed since `gh pmu cache history --since last` was used last, and how fresh\n\
           all that is.",
    flags: &[&AS_JSON.0],
    examples: "$ gh pmu status\n$ gh pmu status --json",
    ..Spec::command("status", "gh pmu status", "Show what is open and what is new", |given| cached(Args::read(given)))
};

struct Args {
    /// JSON instead of a screen.
    json: bool,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        Ok(Self { json: given.is_set(&AS_JSON) })
    }
}

impl Command for Args {
    fn needs_no_cache(&self) -> bool {
        true
    }

    /// Shows the screen; what was seen is not marked as seen.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        context.want_past();
        let (mut source, exit) = context.listed(named, false)?;
        let releases = open(Kind::Release, &mut source, context)?;
        let microsprints = open(Kind::Microsprint, &mut source, context)?;
        let (found, asked_at) = match context.config.cache.enabled {
            true => new(&mut source, context)?,
            // What is recorded nowhere has no past.
            false => (changes::Found::default(), None),
        };
        let sources = [source];
        let age = context.age_of(&sources);
        let [source] = &sources;
        let located = context.located().filter(|located| located.known.as_ref() == Some(&source.0));
        let overview = Overview {
            status: status_of(&source.0, &source.1, located.as_ref(), context)?,
            open: [releases, microsprints].map(|trackers| of(&source.0, trackers)),
            changes: found.changes.iter().map(|(_, change)| changes::row(source, change)).collect(),
            asked_at,
            age,
        };
        context.output.overview(&overview, self.json, context.clock.zone)?;
        found.stopped.map_or(Ok(exit), Err)
    }
}

fn of<'r>(repo: &'r Repo, trackers: Vec<Tracker<'static>>) -> Vec<Row<'r>> {
    trackers.into_iter().map(|tracker| Row { repo, tracker }).collect()
}

fn open(kind: Kind, source: &mut Source, context: &mut Context<'_, '_>) -> Result<Vec<Tracker<'static>>, Error> {
    let filter = Filter { state: Some(State::Open), ..Filter::all(kind) };
    let read = |source: &Source| -> Result<Vec<Tracker<'static>>, StoreError> {
        let selection = select(source, &filter, Use::Stream)?;
        Ok(selection.rows().map(|row| row.tracker.into_owned()).collect())
    };
    loop {
        match read(source) {
            Ok(trackers) => return Ok(trackers),
            Err(error) => source.1 = context.again(&source.0, &error)?,
        }
    }
}

/// What nobody has asked for yet, newest first, and when somebody asked last.
fn new(
    source: &mut Source,
    context: &mut Context<'_, '_>,
) -> Result<(changes::Found, Option<gh_pmu::model::UnixMillis>), Error> {
    let seen = context.seen(source, MARK)?;
    let asked_at = seen.and_then(|_| context.store(&source.0).mark(&source.1, MARK)).map(|mark| mark.asked_at);
    let limit = seen.is_none().then_some(NEWEST);
    let filter =
        HistoryFilter { since: seen.map(Moment::Seq), limit, order: Order::Descending, ..HistoryFilter::default() };
    Ok((changes::find(std::slice::from_mut(source), &[filter], context)?, asked_at))
}
