//! `cache export`.

use gh_pmu::model::{Kind, Repo, Seq};
use gh_pmu::query::{Filter, HistoryFilter, Order, Row, Use, changes, select};
use gh_pmu::store::{History, Moment, StoreError};

use super::changes::row;
use super::frame::{Command, Spec, cached};
use crate::cli::Given;
use crate::cli::spec::{Switch, Valued, Words, switch, word};
use crate::exit::{Error, Exit};
use crate::output::{Export, SyncRow, hex};
use crate::source::{Context, Keep, Source};

/// Events are read and written in portions of this many.
const PORTION: u64 = 10_000;

const EVENTS: Switch = switch("events", "Export events instead of trackers");
const FORMAT: Valued<Format> = word("format", None, "Output format: {ndjson|csv|sql}");

/// The words of `cache export`.
pub const SPEC: Spec = Spec {
    long: "Write all trackers or events to standard output.",
    flags: &[&EVENTS.0, &FORMAT.flag],
    examples: "$ gh pmu cache export --format sql | sqlite3 cache.db\n$ gh pmu cache export --events --format ndjson",
    ..Spec::command("export", "gh pmu cache export", "Export trackers or events", |given| cached(Args::read(given)))
};

/// gh's words, and what may be chosen.
const NO_FORMAT: &str =
    "required flag(s) \"format\" not set\nChoose `--format ndjson`, `--format csv` or `--format sql`.";

/// The forms of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ndjson,
    Csv,
    Sql,
}

impl Words for Format {
    const WORDS: &'static [(&'static str, Self)] =
        &[("ndjson", Format::Ndjson), ("csv", Format::Csv), ("sql", Format::Sql)];
}

#[derive(Debug)]
pub(super) struct Args {
    /// Events instead of trackers.
    pub(super) events: bool,
    pub(super) format: Format,
}

impl Args {
    pub(super) fn read(given: &Given<'_>) -> Result<Self, Error> {
        let Some(format) = given.value(&FORMAT)? else { return Err(Error::plainly(NO_FORMAT)) };
        Ok(Self { events: given.is_set(&EVENTS), format })
    }
}

impl Command for Args {
    /// Writes the trackers, or the events, of one repository.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let mut source = context.source(named, Keep::Must)?;
        // Half an export is none: every block is verified before the first byte is written.
        if let Err(error) = select_all(&source) {
            source.1 = context.again(&source.0, &error)?;
        }
        let sources = [source];
        let [source] = &sources;
        let store = context.store(&source.0);
        let history = store.history(&source.1)?;
        let mut export = context.output.export();
        match self.format {
            Format::Ndjson if self.events => each_event(&history, source, &mut export, |e, r| e.ndjson_event(&r))?,
            Format::Ndjson => each_tracker(&sources, |row| export.ndjson_tracker(&row))?,
            Format::Csv if self.events => {
                export.csv_header(true)?;
                each_event(&history, source, &mut export, |export, row| export.csv_event(&row))?;
            }
            Format::Csv => {
                export.csv_header(false)?;
                each_tracker(&sources, |row| export.csv_tracker(&row))?;
            }
            Format::Sql => {
                let sync = sync_row(source);
                export.sql_start(&sync)?;
                each_tracker(&sources, |row| export.sql_tracker(&row, &sync))?;
                each_event(&history, source, &mut export, |export, row| export.sql_event(&row))?;
                export.sql_end()?;
            }
        }
        export.finish()?;
        Ok(Exit::Done)
    }
}

fn select_all((_, view): &Source) -> Result<u64, StoreError> {
    let mut count = 0;
    for item in view.trackers() {
        item?;
        count += 1;
    }
    Ok(count)
}

fn each_tracker(sources: &[Source], mut each: impl FnMut(Row<'_>) -> Result<(), Error>) -> Result<(), Error> {
    for kind in Kind::ALL {
        let selection = select(sources, &Filter::all(kind), Use::Stream).map_err(|(_, error)| error)?;
        selection.rows().try_for_each(&mut each)?;
    }
    Ok(())
}

fn each_event(
    history: &History<'_>,
    source @ (_, view): &Source,
    export: &mut Export<'_>,
    mut each: impl FnMut(&mut Export<'_>, crate::output::EventRow<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = view.history_start().0.saturating_sub(1);
    while after < view.seq().0 {
        let until = (after + PORTION).min(view.seq().0);
        let filter = HistoryFilter {
            since: Some(Moment::Seq(Seq(after))),
            until: Some(Moment::Seq(Seq(until))),
            order: Order::Ascending,
            ..HistoryFilter::default()
        };
        for change in changes(history, &filter)? {
            each(export, row(source, &change))?;
        }
        after = until;
    }
    Ok(())
}

fn sync_row((repo, view): &Source) -> SyncRow {
    let fresh = view.freshness();
    let synced_at = fresh.as_ref().map_or(view.changed_at(), |fresh| fresh.synced_at);
    let checked_at = view.marks().and_then(|marks| marks.checked_at).unwrap_or(synced_at);
    let manifest = fresh.and_then(|fresh| fresh.manifest).map(|hash| hex(&hash));
    SyncRow { repo: repo.to_string(), manifest, synced_at, checked_at }
}
