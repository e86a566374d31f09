//! `cache history`.

use gh_pmu::format::Mark;
use gh_pmu::model::{Kind, Repo, Seq, TrackerNumber, UnixMillis};
use gh_pmu::query::{Change, HistoryFilter, Order, changes, cut_short};
use gh_pmu::store::{Moment, StoreError};

use super::frame::{Command, Spec, cached};
use crate::cli::common::{JQ, JSON, KIND, LIMIT, TEMPLATE, json};
use crate::cli::spec::{Switch, Valued, Words, switch, text, word, word_list};
use crate::cli::{Given, JsonOptions, Since, When};
use crate::exit::{Error, Exit};
use crate::output::{EVENT_FIELDS, EventRow, HistoryHead, hex};
use crate::source::{Context, Failed, Keep, Source, no_such_event};

const ALL_REPOS: Switch = switch("all-repos", "Show every cached repository");
const EVENT: Valued<EventWord> =
    word_list("event", "Filter by event: {added|closed|reopened|retitled|redated|removed}");
const NUMBER: Valued<TrackerNumber> = text("number", None, "int", "Filter by the tracker's number");
const ORDER: Valued<Order> = word("order", None, "Order of the events: {asc|desc} (default \"desc\")");
const SINCE: Valued<Since> = text("since", None, "when", "Show what changed after that moment");
const UNTIL: Valued<When> = text("until", None, "when", "Show what changed up to and at that moment");

/// The words of `cache history`.
pub const SPEC: Spec = Spec {
    long: "Show what changed, newest first.\n\n\
           A moment is a time, a date, an age such as 90m, 36h, 3d or 2w, \"yesterday\", \"3 days ago\",\n\
           @412 (event 412) or, for --since, \"last\": when --since last was used last.",
    flags: &[
        &ALL_REPOS.0,
        &EVENT.flag,
        &JQ.flag,
        &JSON,
        &KIND.flag,
        &LIMIT.flag,
        &NUMBER.flag,
        &ORDER.flag,
        &SINCE.flag,
        &TEMPLATE.flag,
        &UNTIL.flag,
    ],
    json_fields: EVENT_FIELDS,
    examples: "$ gh pmu cache history --since yesterday\n\
               $ gh pmu cache history --number 430\n\
               $ gh pmu cache history --event closed,reopened --json number,changedAt",
    ..Spec::command("history", "gh pmu cache history", "Show what changed", |given| cached(Args::read(given)))
};

/// The word of a kind of event.
#[derive(Clone, Copy)]
struct EventWord(&'static str);

impl Words for EventWord {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("added", Self("added")),
        ("closed", Self("closed")),
        ("reopened", Self("reopened")),
        ("retitled", Self("retitled")),
        ("redated", Self("redated")),
        ("removed", Self("removed")),
    ];
}

#[derive(Debug)]
pub(super) struct Args {
    /// Only what changed after that.
    pub(super) since: Option<Since>,
    /// Only what changed up to that.
    pub(super) until: Option<When>,
    /// Only this tracker.
    pub(super) number: Option<TrackerNumber>,
    /// Only this kind.
    pub(super) kind: Option<Kind>,
    /// Only these events, by their words; empty for all.
    pub(super) events: Vec<&'static str>,
    /// At most so many.
    pub(super) limit: Option<u64>,
    /// Newest first is descending.
    pub(super) order: Order,
    /// JSON instead of lines.
    pub(super) json: Option<JsonOptions>,
    /// Every cached repository.
    pub(super) all_repos: bool,
}

impl Args {
    pub(super) fn read(given: &Given<'_>) -> Result<Self, Error> {
        Ok(Self {
            since: given.value(&SINCE)?,
            until: given.value(&UNTIL)?,
            number: given.value(&NUMBER)?,
            kind: given.value(&KIND)?,
            events: given.values(&EVENT)?.into_iter().map(|EventWord(word)| word).collect(),
            limit: given.value(&LIMIT)?.map(|limit| limit.0),
            order: given.value(&ORDER)?.unwrap_or(Order::Descending),
            json: json(given)?,
            all_repos: given.is_set(&ALL_REPOS),
        })
    }
}

impl Command for Args {
    fn of_many(&self) -> Option<&'static str> {
        self.all_repos.then_some(ALL_REPOS.0.long)
    }

    /// Shows what changed.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let mut sources = match self.all_repos {
            true => context.all_sources()?,
            false => vec![context.source(named, Keep::Must)?],
        };
        let mut found: Vec<(usize, Change)> = Vec::new();
        for (at, source) in sources.iter_mut().enumerate() {
            let filter = filter(self, source, context)?;
            let mut changes = context.settled(source, |source, context| changes_of(source, &filter, context));
            if let Err(Failed::Store(error)) = &changes
                && !matches!(error, StoreError::Unstable { .. })
            {
                source.1 = context.again(&source.0, error)?;
                changes = changes_of(source, &filter, context);
            }
            found.extend(changes.map_err(Failed::into_error)?.into_iter().map(|change| (at, change)));
        }
        if sources.len() > 1 {
            merge(&mut found, self);
        }
        let searched = self.since.is_some() || self.until.is_some() || self.number.is_some();
        let searched = searched || self.kind.is_some() || !self.events.is_empty();
        let repo = if self.all_repos { None } else { sources.first().map(|(repo, _)| repo) };
        let head = HistoryHead { repo, searched };
        let rows = found.iter().map(|(at, change)| Ok::<_, Error>(row(&sources[*at].0, change)));
        context.output.history(&head, self.json.as_ref(), context.clock.zone, rows)?;
        // Only what was shown counts as seen.
        if matches!(self.since, Some(Since::Last(_))) {
            for (repo, view) in &sources {
                let (name, asked_at) = (String::new(), context.now.millis());
                let mark = Mark { name, published: view.seq(), published_id: None, observed_id: None, asked_at };
                context.store(repo).record_mark(view, mark)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn changes_of(source: &Source, filter: &HistoryFilter, context: &mut Context<'_, '_>) -> Result<Vec<Change>, Failed> {
    let (repo, view) = source;
    let store = context.store(repo);
    let history = store.history(view)?;
    if let Some((start, time)) = cut_short(&history, filter)? {
        let time = time.map_or_else(String::new, |time| format!(", {}", context.output.time(time)));
        context
            .output
            .warn(&format!("history of {repo} starts with event {start}{time}: older events were pruned or lost"));
    }
    if let Some(Moment::Seq(seq)) = filter.since
        && seq > view.seq()
    {
        return Err(Failed::Other(no_such_event(repo, view, seq)));
    }
    Ok(changes(&history, filter)?)
}

fn filter(options: &Args, (repo, view): &Source, context: &mut Context<'_, '_>) -> Result<HistoryFilter, Error> {
    let moment = |when: When| match when {
        When::At(time) => Moment::Time(time),
        When::After(seq) => Moment::Seq(seq),
    };
    let since = match &options.since {
        None => None,
        Some(Since::When(when)) => Some(moment(*when)),
        // Asked for the first time: everything is new.
        Some(Since::Last(_)) => {
            let mark = context.store(repo).mark(view, "").filter(|mark| mark.published <= view.seq());
            mark.map(|mark| Moment::Seq(mark.published))
        }
    };
    Ok(HistoryFilter {
        since,
        until: options.until.map(moment),
        number: options.number,
        kind: options.kind,
        words: options.events.clone(),
        limit: options.limit,
        order: options.order,
    })
}

/// Events of several repositories in the order of their times.
fn merge(found: &mut Vec<(usize, Change)>, options: &Args) {
    let key =
        |(at, change): &(usize, Change)| -> (UnixMillis, usize, Seq) { (change.sync.changed_at, *at, change.seq) };
    match options.order {
        Order::Ascending => found.sort_by_key(key),
        Order::Descending => found.sort_by_key(|change| std::cmp::Reverse(key(change))),
    }
    if let Some(limit) = options.limit {
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
}

/// The change as it is printed.
pub fn row<'r>(repo: &'r Repo, change: &'r Change) -> EventRow<'r> {
    let sync = &change.sync;
    // The commit of a working tree's manifest only tells where its checkout stood.
    let commit = sync.commit.as_deref().filter(|_| sync.source == gh_pmu::format::Source::Git);
    EventRow {
        repo,
        seq: change.seq,
        event: change.event.clone(),
        changed_at: sync.changed_at,
        synced_at: sync.synced_at,
        source: sync.source.as_str(),
        manifest: sync.manifest.map(|hash| hex(&hash)),
        commit: commit.map(hex),
    }
}
