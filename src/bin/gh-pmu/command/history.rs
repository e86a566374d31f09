//! `cache history`.

use gh_pmu::model::{Kind, Repo, TrackerNumber};
use gh_pmu::query::{Change, HistoryFilter, Order};
use gh_pmu::store::Moment;

use super::changes::{self, Found};
use super::follow::{self, Position};
use super::form::{Command, Spec, cached};
use crate::cli::common::{JQ, JSON, KIND, LIMIT, TEMPLATE, json};
use crate::cli::spec::{Argument, Switch, Valued, Words, switch, text, word, word_list};
use crate::cli::{ALL_REPOS, Given, JsonOptions, Many, OWNER, Since, When};
use crate::exit::{Error, Exit};
use crate::output::{EventField, HistoryHead, Place};
use crate::source::{Context, Keep, Source};

const EVENT: Valued<EventWord> =
    word_list("event", "Filter by event: {added|closed|reopened|retitled|redated|removed}");
const EXIT_CODE: Switch = switch("exit-code", "Exit with status 1 if there was something to show");
const FOLLOW: Switch = switch("follow", "Wait for more, and show it when it comes");
const NUMBER: Valued<TrackerNumber> = text("number", None, "int", "Filter by the tracker's number");
const OBSERVED: Switch = switch("observed", "Show also what was observed here and gave up its number");
const ORDER: Valued<Order> = word("order", None, "Order of the events: {asc|desc} (default \"desc\")");
const SINCE: Valued<Since> = text("since", None, "when", "Show what changed after that moment");
const STAT: Switch = switch("stat", "Count events by week instead, with the median time that trackers were open");
const UNTIL: Valued<When> = text("until", None, "when", "Show what changed up to and at that moment");

/// The words of `cache history`.
pub const SPEC: Spec = Spec {
    long: "Show what changed, newest first.\n\n\
           A moment is a time, a date, an age such as 90m, 36h, 3d or 2w, \"yesterday\", \"3 days ago\",\n\
           @412 (right after event 412) or, for --since, \"last\": when --since last was used last.",
    argument: Some(Argument { name: "[<number>]" }),
    flags: &[
        &ALL_REPOS.0,
        &EVENT.flag,
        &EXIT_CODE.0,
        &FOLLOW.0,
        &JQ.flag,
        &JSON,
        &KIND.flag,
        &LIMIT.flag,
        &NUMBER.flag,
        &OBSERVED.0,
        &ORDER.flag,
        &OWNER.flag,
        &SINCE.flag,
        &STAT.0,
        &TEMPLATE.flag,
        &UNTIL.flag,
    ],
    json_fields: EventField::NAMES,
    examples: "$ gh pmu cache history --since yesterday\n\
               $ gh pmu cache history 430\n\
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
    /// More than one repository.
    pub(super) many: Option<Many>,
    /// Counts instead of events.
    pub(super) stat: bool,
    /// Fail if there was something to show.
    pub(super) exit_code: bool,
    /// Wait for more.
    pub(super) follow: bool,
    /// Also what gave up its number.
    pub(super) observed: bool,
}

impl Args {
    pub(super) fn read(given: &Given<'_>) -> Result<Self, Error> {
        let conflict =
            [(&FOLLOW, &STAT.0), (&FOLLOW, &UNTIL.flag), (&FOLLOW, &EXIT_CODE.0), (&STAT, &JSON), (&STAT, &LIMIT.flag)];
        if let Some((a, b)) = conflict.into_iter().find(|(a, b)| given.is_set(a) && given.text(b).is_some()) {
            return Err(Error::plainly(format!("cannot use `--{}` with `--{}`", a.0.long, b.long)));
        }
        let number = match (given.argument()?, given.value(&NUMBER)?) {
            (Some(_), Some(_)) => return Err(given.wrong("name the number once: as the argument or with `--number`")),
            (Some(text), None) => Some(given.argument_as(text)?),
            (None, number) => number,
        };
        Ok(Self {
            since: given.value(&SINCE)?,
            until: given.value(&UNTIL)?,
            number,
            kind: given.value(&KIND)?,
            events: given.values(&EVENT)?.into_iter().map(|EventWord(word)| word).collect(),
            limit: given.value(&LIMIT)?.map(|limit| limit.0),
            order: given.value(&ORDER)?.unwrap_or(Order::Descending),
            json: json(given)?,
            many: Many::read(given)?,
            stat: given.is_set(&STAT),
            exit_code: given.is_set(&EXIT_CODE),
            follow: given.is_set(&FOLLOW),
            observed: given.is_set(&OBSERVED),
        })
    }
}

impl Command for Args {
    fn of_many(&self) -> Option<&'static str> {
        self.many.as_ref().map(Many::flag)
    }

    /// Shows what changed.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        if self.follow {
            context.output.warn_of_news_only();
        }
        let mut sources = self.sources(named.as_ref(), context)?;
        let names_moment = self.until.is_some() || matches!(self.since, Some(Since::When(_)));
        context.falls_short |= names_moment && context.is_without_past;
        let found = self.answer(&mut sources, context)?;
        if let Some(stopped) = found.stopped {
            return Err(stopped);
        }
        self.keep_seen(&sources, &found.changes, context)?;
        if self.follow {
            let mut position = Position::default();
            position.advance(&sources);
            return follow::run(&sources, context, |context| {
                let sources = self.sources(named.as_ref(), context)?;
                self.answer_after(&mut position, sources, context)
            });
        }
        Ok(if self.exit_code && !found.changes.is_empty() { Exit::Failed } else { Exit::Done })
    }
}

impl Args {
    fn sources(&self, named: Option<&Repo>, context: &mut Context<'_, '_>) -> Result<Vec<Source>, Error> {
        match &self.many {
            Some(many) => context.all_sources(many, Keep::Must),
            None => Ok(vec![context.source(named.cloned(), Keep::Must)?]),
        }
    }

    /// Shows what there is now.
    fn answer(&self, sources: &mut [Source], context: &mut Context<'_, '_>) -> Result<Found, Error> {
        let filters: Vec<HistoryFilter> =
            sources.iter().map(|source| self.filter(source, context)).collect::<Result<_, _>>()?;
        let mut found = changes::find(sources, &filters, context)?;
        if self.observed {
            changes::add_superseded(&mut found, sources, &filters, context);
        }
        let mut total = found.changes.len() as u64;
        if context.output.is_terminal() && !self.stat {
            total = changes::count(sources, &filters, found.changes.len(), context)?;
        }
        // Of what nobody has seen, the oldest were asked for; of what will go on, the newest. They are shown in the order
        // that was asked for, or as they go on.
        let shown_as = if self.follow { Order::Ascending } else { self.order };
        if filters.first().is_some_and(|filter| filter.order != shown_as) {
            found.changes.reverse();
        }
        self.show(sources, (&filters, total), &found.changes, context)?;
        Ok(found)
    }

    /// Shows what came after a position, and moves that.
    fn answer_after(
        &self,
        position: &mut Position,
        mut sources: Vec<Source>,
        context: &mut Context<'_, '_>,
    ) -> Result<(), Error> {
        let mut filters = Vec::with_capacity(sources.len());
        for source in &sources {
            let since = Some(Moment::Seq(position.seen(source)));
            let all = self.filter(source, context)?;
            filters.push(HistoryFilter { since, limit: None, order: Order::Ascending, ..all });
        }
        let found = changes::find(&mut sources, &filters, context)?;
        if let Some(stopped) = found.stopped {
            return Err(stopped);
        }
        if !found.changes.is_empty() {
            let rows = found.changes.iter().map(|(at, change)| Ok::<_, Error>(changes::row(&sources[*at], change)));
            context.output.more_history(self.many.is_some(), self.json.as_ref(), context.clock.zone, rows)?;
            self.keep_seen(&sources, &found.changes, context)?;
        }
        position.advance(&sources);
        Ok(())
    }

    /// Only what was shown counts as seen.
    fn keep_seen(
        &self,
        sources: &[Source],
        changes: &[(usize, Change)],
        context: &Context<'_, '_>,
    ) -> Result<(), Error> {
        let Some(Since::Last(name)) = self.since.as_ref().filter(|_| context.output.is_taken()) else { return Ok(()) };
        let name = self.mark(name.as_deref());
        let is_cut = self.until.is_some() || self.limit().is_some_and(|limit| changes.len() as u64 >= limit);
        for (at, source) in sources.iter().enumerate() {
            let shown: Vec<&Change> = changes.iter().filter(|(of, _)| *of == at).map(|(_, change)| change).collect();
            context.keep_seen(source, &name, is_cut.then_some(&shown[..]))?;
        }
        Ok(())
    }

    fn show(
        &self,
        sources: &[Source],
        (filters, total): (&[HistoryFilter], u64),
        changes: &[(usize, Change)],
        context: &mut Context<'_, '_>,
    ) -> Result<(), Error> {
        let place = Place::of(self.many.as_ref(), sources.first().map(|(repo, _)| repo));
        // Only people read them, and the time zone takes a hundred system calls.
        let moments = if context.output.is_terminal() { self.moments(filters, context) } else { String::new() };
        let age = context.age_of(sources);
        let head = HistoryHead { place, searched: self.is_narrowed(), total, moments: &moments, age };
        let rows = changes.iter().map(|(at, change)| changes::row(&sources[*at], change));
        match self.stat {
            true => context.output.stat(&head, context.clock.zone, self.order, rows),
            false => {
                let rows = rows.map(Ok::<_, Error>);
                context.output.history(&head, self.json.as_ref(), context.clock.zone, rows)
            }
        }
    }

    fn filter(&self, source: &Source, context: &Context<'_, '_>) -> Result<HistoryFilter, Error> {
        let moment = |when: When| match when {
            When::At(time) => Moment::Time(time),
            When::After(seq) => Moment::Seq(seq),
        };
        let since = match &self.since {
            None => None,
            Some(Since::When(when)) => Some(moment(*when)),
            // Asked for the first time: everything is new.
            Some(Since::Last(name)) => context.seen(source, &self.mark(name.as_deref()))?.map(Moment::Seq),
        };
        Ok(HistoryFilter {
            since,
            until: self.until.map(moment),
            number: self.number,
            kind: self.kind,
            words: self.events.clone(),
            limit: self.limit(),
            order: if self.takes_oldest() { Order::Ascending } else { self.order },
        })
    }

    /// Nothing is skipped on the way from what was seen to what comes.
    fn limit(&self) -> Option<u64> {
        self.limit.filter(|_| !(self.follow && self.is_of_unseen()))
    }

    /// Whether a limit leaves out the newest: what was not shown must come the next time.
    fn takes_oldest(&self) -> bool {
        self.limit.is_some() && self.is_of_unseen()
    }

    fn is_of_unseen(&self) -> bool {
        matches!(self.since, Some(Since::Last(_)))
    }

    /// Whether only some events are asked for, whenever they were.
    fn is_narrowed(&self) -> bool {
        self.number.is_some() || self.kind.is_some() || !self.events.is_empty()
    }

    /// The name of the mark that `--since last` keeps, one for each set of filters: what they hide was not shown. Names have
    /// no spaces.
    fn mark(&self, name: Option<&str>) -> String {
        let kind = self.kind.map(|kind| format!(" kind:{kind}")).unwrap_or_default();
        let number = self.number.map(|number| format!(" number:{number}")).unwrap_or_default();
        let mut words = self.events.clone();
        words.sort_unstable();
        let events = if words.is_empty() { String::new() } else { format!(" event:{}", words.join(",")) };
        name.unwrap_or_default().to_owned() + &kind + &number + &events
    }

    /// From when on and up to when, in the words of a heading.
    fn moments(&self, filters: &[HistoryFilter], context: &Context<'_, '_>) -> String {
        let since = match &self.since {
            None => String::new(),
            Some(Since::When(when)) => format!(" since {}", context.moment(*when)),
            Some(Since::Last(_)) if filters.iter().all(|filter| filter.since.is_none()) => " so far".to_owned(),
            Some(Since::Last(None)) => " since they were last asked for".to_owned(),
            Some(Since::Last(Some(name))) => format!(" since {name} last asked"),
        };
        since + &self.until.as_ref().map(|when| format!(" until {}", context.moment(*when))).unwrap_or_default()
    }
}
