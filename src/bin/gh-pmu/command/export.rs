//! `cache export`.

use gh_pmu::model::{Kind, Repo, Seq, UnixMillis};
use gh_pmu::query::{Filter, Row, Use, select};
use gh_pmu::store::{History, Logged, Store, StoreError};

use super::export_since::{Place, Start, keep_place};
use super::form::{Command, Spec, cached};
use crate::cli::spec::{Switch, Valued, Words, switch, text, word};
use crate::cli::{ALL_REPOS, Given, Many, OWNER};
use crate::exit::{Error, Exit};
use crate::output::{Begin, Checkpoint, Dialect, Export, Exported, hex};
use crate::source::{Context, DISK, Keep, Source};

const DIALECT: Valued<Dialect> =
    word("dialect", None, "Engine that will read the SQL: {sqlite|postgres|duckdb} (default \"sqlite\")");
const EVENTS: Switch = switch("events", "Export events instead of trackers");
const FORMAT: Valued<Format> = word("format", None, "Output format: {ndjson|csv|sql}");
const OBSERVED: Switch = switch("observed", "Export also events that only this machine observed");
const SINCE: Valued<Place> =
    text("since", None, "place", "Export the events after an event's id, after @N, or after last:NAME");

/// The words of `cache export`.
pub const SPEC: Spec = Spec {
    long: "Write all trackers or events to standard output.\n\n\
           SQL holds the tables events and sync_metadata, and trackers as a view of the newest events. It can be\n\
           loaded twice, and from several machines. Nothing is loaded if another history is stored there under\n\
           the same numbers.\n\n\
           Events as JSON end with one line {\"checkpoint\": …} for each repository. Keep its id with the rows, and\n\
           give it to --since the next time; or let --since last:NAME keep the place here.",
    flags: &[&ALL_REPOS.0, &DIALECT.flag, &EVENTS.0, &FORMAT.flag, &OBSERVED.0, &OWNER.flag, &SINCE.flag],
    examples: "$ gh pmu cache export --format sql | sqlite3 -bail cache.db\n\
               $ gh pmu cache export --format sql --dialect postgres |\n\
               \x20   psql -1 -v ON_ERROR_STOP=1 $DATABASE\n\
               $ gh pmu cache export --format sql --dialect duckdb | duckdb cache.duckdb\n\
               $ gh pmu cache export --events --since last:lake --format ndjson",
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

impl Words for Dialect {
    const WORDS: &'static [(&'static str, Self)] =
        &[("sqlite", Dialect::Sqlite), ("postgres", Dialect::Postgres), ("duckdb", Dialect::Duckdb)];
}

#[derive(Debug)]
pub(super) struct Args {
    /// Events instead of trackers.
    pub(super) events: bool,
    pub(super) format: Format,
    pub(super) dialect: Dialect,
    /// Only what came after it.
    pub(super) since: Option<Place>,
    /// What only this machine observed, too.
    pub(super) observed: bool,
    /// More than one repository.
    pub(super) many: Option<Many>,
}

impl Args {
    pub(super) fn read(given: &Given<'_>) -> Result<Self, Error> {
        let Some(format) = given.value(&FORMAT)? else { return Err(Error::plainly(NO_FORMAT)) };
        let dialect = given.value(&DIALECT)?;
        let args = Self {
            events: given.is_set(&EVENTS),
            format,
            dialect: dialect.unwrap_or_default(),
            since: given.value(&SINCE)?,
            observed: given.is_set(&OBSERVED),
            many: Many::read(given)?,
        };
        let without = |flag: &str, other: &str| Err(given.wrong(format!("cannot use `--{flag}` without `--{other}`")));
        if args.since.is_some() && !args.events {
            return without("since", "events");
        }
        if args.observed && !args.has_events() {
            return without("observed", "events");
        }
        if dialect.is_some() && args.format != Format::Sql {
            return without("dialect", "format sql");
        }
        if let (Some(many), Some(Place::Id(_) | Place::Seq(_))) = (&args.many, &args.since) {
            let flag = many.flag();
            return Err(given.wrong(format!("`--since` with `--{flag}` takes last:NAME: an event is one repository's")));
        }
        Ok(args)
    }

    /// SQL is always made of events: the trackers are their newest ones.
    fn has_events(&self) -> bool {
        self.events || self.format == Format::Sql
    }

    /// The last event that is exported.
    fn end(&self, (_, view): &Source) -> Seq {
        if self.observed || !view.has_published() { view.seq() } else { view.published_seq() }
    }

    /// The event that a consumer has come to. An engine shows what is published, and observed events give up their numbers.
    fn place(&self, source: &Source) -> Seq {
        let end = self.end(source);
        match self.format {
            Format::Sql if source.1.has_published() => end.min(source.1.published_seq()),
            _ => end,
        }
    }
}

impl Command for Args {
    fn of_many(&self) -> Option<&'static str> {
        self.many.as_ref().map(Many::flag)
    }

    fn needs_no_cache(&self) -> bool {
        !self.has_events() && self.many.is_none()
    }

    /// Writes the trackers, or the events.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        // The trackers are the present, as in lists.
        let keep = if self.has_events() { Keep::Must } else { Keep::IfPossible };
        let sources = match &self.many {
            Some(many) => context.all_sources(many, keep)?,
            None => vec![context.source(named, keep)?],
        };
        // Half an export is none: what may fail is verified before the first byte is written. Of many those are left out
        // that cannot be given whole.
        let (mut whole, mut starts) = (Vec::with_capacity(sources.len()), Vec::new());
        for mut source in sources {
            match self.checked(&mut source, context) {
                Ok(start) => {
                    starts.extend(start);
                    whole.push(source);
                }
                Err(error) if self.many.is_some() => context.tell_missing(&error),
                Err(error) => return Err(error),
            }
        }
        let sources = whole;
        if !self.has_events() {
            return self.trackers(&sources, context.output.export());
        }
        let (cache, now) = (&context.config.cache_dir, context.now.millis());
        let mut checkpoints = Vec::with_capacity(sources.len());
        let export = context.output.export();
        let mut written = Written::start(export, self.format, self.dialect)?;
        for (source, start) in sources.iter().zip(&starts) {
            let history = Store::of(&DISK, cache, &source.0).history(&source.1)?;
            self.events(source, &history, start, &mut written)?;
            let checkpoint = checkpoint(source, &history, (self.place(source), now), start.begin)?;
            written.checkpoint(&checkpoint)?;
            checkpoints.push(checkpoint);
        }
        written.finish(&checkpoints)?;
        // Whoever fails has not given what it wrote for good.
        if let Some(Place::Last(name)) = self.since.as_ref().filter(|_| !context.falls_short) {
            for source in &sources {
                keep_place(&context.store(&source.0), &source.1, name, self.end(source), context.now.millis())?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Args {
    /// Whether all that is to be exported of a source can be read; and where its events begin.
    fn checked(&self, source: &mut Source, context: &mut Context<'_, '_>) -> Result<Option<Start>, Error> {
        if let Err(error) = self.verify(source, &context.store(&source.0)) {
            source.1 = context.again(&source.0, &error)?;
        }
        if self.has_events() {
            return self.start(source, context).map(Some);
        }
        if source.1.lacks_newest() {
            source.1.check_history()?;
        }
        Ok(None)
    }

    /// Reads what an index holds of the answer.
    fn verify(&self, (_, view): &Source, store: &Store<'_>) -> Result<(), StoreError> {
        if !self.has_events() {
            return view.trackers().try_for_each(|item| item.map(drop));
        }
        let history = store.history(view)?;
        (0..history.span_count()).try_for_each(|span| history.span_start(span).map(drop))
    }

    /// After which event an export begins. All that follows is read once before the first byte is written.
    fn start(&self, source: &Source, context: &mut Context<'_, '_>) -> Result<Start, Error> {
        let history = context.store(&source.0).history(&source.1)?;
        history.view().check_history()?;
        let start = Start::of(&history, &source.0, self.since.as_ref(), self.format != Format::Sql)?;
        live(&history, start.after, self.end(source), &mut |_| Ok(()))?;
        let first = history.view().history_start();
        if start.begin.cut.is_some() {
            let repo = &source.0;
            let sentence = format!(
                "history of {repo} starts with event {first}: older events were pruned or lost, and what they led to is \
                 exported as a baseline"
            );
            context.output.warn(&sentence);
        }
        if self.format == Format::Sql && source.1.has_published() && source.1.observed_count() > 0 {
            let (repo, count) = (&source.0, source.1.observed_count());
            let sentence = format!(
                "{count} observed events of {repo} are not published: the table `trackers` shows what is published"
            );
            context.output.warn(&sentence);
        }
        Ok(start)
    }

    fn trackers(&self, sources: &[Source], mut export: Export<'_>) -> Result<Exit, Error> {
        if self.format == Format::Csv {
            export.csv_header(false)?;
        }
        let mut each = |row: Row<'_>| match self.format {
            Format::Csv => export.csv_tracker(&row),
            Format::Ndjson | Format::Sql => export.ndjson_tracker(&row),
        };
        for source in sources {
            for kind in Kind::ALL {
                let selection = select(source, &Filter::all(kind), Use::Stream)?;
                selection.rows().try_for_each(&mut each)?;
            }
        }
        export.finish()?;
        Ok(Exit::Done)
    }

    /// Published events, then those that gave up their numbers, then the newest observed ones.
    fn events(
        &self,
        source @ (repo, view): &Source,
        history: &History<'_>,
        Start { after, base, .. }: &Start,
        written: &mut Written<'_>,
    ) -> Result<(), Error> {
        let end = self.end(source);
        let last_published = view.published_seq().min(end);
        for logged in base {
            written.event(&Exported { repo, logged })?;
        }
        live(history, *after, last_published, &mut |logged| written.event(&Exported { repo, logged }))?;
        if self.observed {
            for logged in &history.superseded()? {
                written.event(&Exported { repo, logged })?;
            }
        }
        live(history, (*after).max(last_published), end, &mut |logged| written.event(&Exported { repo, logged }))
    }
}

/// The live events after one up to another, a span at a time.
fn live(
    history: &History<'_>,
    after: Seq,
    end: Seq,
    each: &mut impl FnMut(&Logged) -> Result<(), Error>,
) -> Result<(), Error> {
    if after >= end || history.span_count() == 0 {
        return Ok(());
    }
    let first = history.span_of(after.next())?.unwrap_or(0);
    let last = history.span_of(end)?.unwrap_or(0);
    for span in first..=last {
        let events = history.span(span)?;
        events.iter().filter(|logged| logged.seq > after && logged.seq <= end).try_for_each(&mut *each)?;
    }
    Ok(())
}

fn checkpoint(
    (repo, view): &Source,
    history: &History<'_>,
    (end, now): (Seq, UnixMillis),
    begin: Begin,
) -> Result<Checkpoint, Error> {
    let last = if end > Seq(0) { history.event(end)? } else { None };
    let state_hash = if end == view.seq() { view.state_hash() } else { history.state_after(end)?.state_hash() };
    let fresh = view.freshness();
    Ok(Checkpoint {
        repo: repo.to_string(),
        seq: end,
        id: last.as_ref().map(Logged::id),
        history_hash: hex(&view.history_hash().0),
        state_hash: hex(&state_hash),
        published: view.has_published(),
        begin,
        manifest: fresh.and_then(|fresh| fresh.manifest).map(|hash| hex(&hash)),
        checked_at: view.checked_at(now).unwrap_or(view.changed_at()),
    })
}

/// Events on their way out, in one of the forms.
enum Written<'e> {
    Ndjson(Export<'e>),
    Csv(Export<'e>),
    Sql(crate::output::Sql<'e>),
}

impl<'e> Written<'e> {
    fn start(mut export: Export<'e>, format: Format, dialect: Dialect) -> Result<Self, Error> {
        match format {
            Format::Ndjson => Ok(Self::Ndjson(export)),
            Format::Csv => {
                export.csv_header(true)?;
                Ok(Self::Csv(export))
            }
            Format::Sql => export.sql(dialect).map(Self::Sql),
        }
    }

    fn event(&mut self, exported: &Exported<'_>) -> Result<(), Error> {
        match self {
            Self::Ndjson(export) => export.ndjson_event(exported),
            Self::Csv(export) => export.csv_event(exported),
            Self::Sql(sql) => sql.event(exported),
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        match self {
            Self::Ndjson(export) => export.ndjson_checkpoint(checkpoint),
            Self::Csv(_) | Self::Sql(_) => Ok(()),
        }
    }

    fn finish(self, checkpoints: &[Checkpoint]) -> Result<(), Error> {
        match self {
            Self::Ndjson(export) | Self::Csv(export) => export.finish(),
            Self::Sql(sql) => sql.finish(checkpoints),
        }
    }
}
