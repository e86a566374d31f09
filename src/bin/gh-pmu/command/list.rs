//! `release list`, `microsprint list`.

use gh_pmu::github::Rules;
use gh_pmu::github::Wanted;
use gh_pmu::model::{Kind, Repo, Seq, State};
use gh_pmu::query::{Filter, Order, Row, SortBy, TimeRange, Use, merged, select};
use gh_pmu::store::Moment;

use super::form::{Command, Spec, cached};
use super::web::{self, Page};
use crate::cli::common::{JQ, JSON, LIMIT, TEMPLATE, json};
use crate::cli::spec::{Flag, Switch, Valued, switch, text, word};
use crate::cli::{ALL_REPOS, Given, JsonOptions, Many, OWNER, When};
use crate::exit::{Error, Exit};
use crate::output::{Age, ListHead, Place, TrackerField};
use crate::source::{Context, Failed, ManyListed, Source, no_such_event, switched_off};

pub(super) const AS_OF: Valued<When> =
    text("as-of", None, "when", "As it was then: a time, date, age such as 3d, or event @N");
const CLOSED: Valued<TimeRange> =
    text("closed", None, "range", "Filter by closing date, such as 2024-12-01..2024-12-31");
const CREATED: Valued<TimeRange> = text("created", None, "range", "Filter by creation date, such as >=2024-12-01");
const ORDER: Valued<Order> = word("order", None, "Order of the list: {asc|desc} (default \"desc\")");
const REFRESH: Switch = switch("refresh", "Ask GitHub now, and record the answer");
const SEARCH: Valued<String> = text("search", Some('S'), "text", "Filter by words in the title");
const SORT: Valued<SortBy> = word("sort", None, "Sort by: {number|created|closed|title|version} (default \"number\")");
const STATE: Valued<Option<State>> = word("state", Some('s'), "Filter by state: {open|closed|all} (default \"all\")");
pub(super) const WEB: Switch = Switch(Flag { short: Some('w'), ..switch("web", "Open in the web browser").0 });

const FLAGS: &[&Flag] = &[
    &ALL_REPOS.0,
    &AS_OF.flag,
    &CLOSED.flag,
    &CREATED.flag,
    &JQ.flag,
    &JSON,
    &LIMIT.flag,
    &ORDER.flag,
    &OWNER.flag,
    &REFRESH.0,
    &SEARCH.flag,
    &SORT.flag,
    &STATE.flag,
    &TEMPLATE.flag,
    &WEB.0,
];

/// The words of `release list`.
pub const RELEASE: Spec = Spec {
    aliases: &["ls"],
    long: "List the release trackers of a repository from the cache.\n\n\
           Where nothing is cached, GitHub is asked. When it gives no answer to --refresh, the cache is shown, and\n\
           the exit status is not 0.",
    flags: FLAGS,
    json_fields: TrackerField::NAMES,
    examples: "$ gh pmu release list --state open\n\
               $ gh pmu release list --search phoenix --limit 5\n\
               $ gh pmu release list --closed '>=2024-12-01' --json number,version\n\
               $ gh pmu release list --as-of 2024-12-24",
    ..Spec::command("list", "gh pmu release list", "List release trackers", |given| {
        cached(Args::read(Kind::Release, given))
    })
};

/// The words of `microsprint list`.
pub const MICROSPRINT: Spec = Spec {
    aliases: &["ls"],
    long: "List the microsprint trackers of a repository from the cache.\n\n\
           Where nothing is cached, GitHub is asked. When it gives no answer to --refresh, the cache is shown, and\n\
           the exit status is not 0.",
    flags: FLAGS,
    json_fields: TrackerField::NAMES,
    examples: "$ gh pmu microsprint list --state open\n\
               $ gh pmu microsprint list --all-repos --created 2024-12-01..2024-12-31\n\
               $ gh pmu microsprint list --json number,name --jq '.[].name'\n\
               $ gh pmu microsprint list --json number,name --template \\\n    \
               '{{range .}}{{tablerow .number .name}}{{end}}'",
    ..Spec::command("list", "gh pmu microsprint list", "List microsprint trackers", |given| {
        cached(Args::read(Kind::Microsprint, given))
    })
};

#[derive(Debug)]
pub(super) struct Args {
    /// Which trackers.
    pub(super) kind: Kind,
    /// Only those in this state.
    pub(super) state: Option<State>,
    /// Words of which every one occurs in the title.
    pub(super) search: Option<String>,
    /// When they were created.
    pub(super) created: Option<TimeRange>,
    /// When they were closed.
    pub(super) closed: Option<TimeRange>,
    /// By what they are sorted.
    pub(super) sort: SortBy,
    /// In which direction.
    pub(super) order: Order,
    /// At most so many.
    pub(super) limit: Option<u64>,
    /// As of when.
    pub(super) as_of: Option<When>,
    /// Ask GitHub first.
    pub(super) refresh: bool,
    /// In the browser.
    pub(super) web: bool,
    /// JSON instead of a table.
    pub(super) json: Option<JsonOptions>,
    /// More than one repository.
    pub(super) many: Option<Many>,
}

impl Args {
    pub(super) fn read(kind: Kind, given: &Given<'_>) -> Result<Self, Error> {
        let conflict =
            [&JSON, &ALL_REPOS.0, &OWNER.flag, &AS_OF.flag].into_iter().find(|flag| given.text(flag).is_some());
        if let (true, Some(flag)) = (given.is_set(&WEB), conflict) {
            return Err(Error::plainly(format!("cannot use `--web` with `--{}`", flag.long)));
        }
        Ok(Self {
            kind,
            state: given.value(&STATE)?.flatten(),
            search: given.value(&SEARCH)?.filter(|text| !text.trim().is_empty()),
            created: given.value(&CREATED)?,
            closed: given.value(&CLOSED)?,
            sort: given.value(&SORT)?.unwrap_or(SortBy::Number),
            order: given.value(&ORDER)?.unwrap_or(Order::Descending),
            limit: given.value(&LIMIT)?.map(|limit| limit.0),
            as_of: given.value(&AS_OF)?,
            refresh: given.is_set(&REFRESH),
            web: given.is_set(&WEB),
            json: json(given)?,
            many: Many::read(given)?,
        })
    }

    fn page<'p>(&'p self, rules: &'p Rules) -> Page<'p> {
        let Self { kind, state, created, closed, .. } = *self;
        let labels = (*rules != Rules::default()).then(|| &rules.of(kind).labels[..]);
        Page { kind, labels, state, created, closed, search: self.search.as_deref().unwrap_or_default() }
    }
}

impl Command for Args {
    fn of_many(&self) -> Option<&'static str> {
        self.many.as_ref().map(Many::flag)
    }

    fn needs_no_cache(&self) -> bool {
        self.as_of.is_none() && self.many.is_none()
    }

    /// Lists trackers.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        if self.web {
            let rules = &context.config.cache.rules;
            return web::run(&self.page(rules), named, context);
        }
        if self.as_of.is_some() {
            context.need_past();
        }
        if self.as_of.is_some() && !context.config.cache.enabled {
            return Err(switched_off());
        }
        match &self.many {
            Some(many) => self.list_many(many, context),
            None => self.list_one(named, context),
        }
    }
}

impl Args {
    fn list_one(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let (mut source, exit) = context.listed(named, self.refresh)?;
        if let Some(when) = self.as_of {
            source = past(when, source, context).map_err(Failed::into_error)?;
        }
        let filter = filter(self);
        // A table is laid out as a whole, and its header counts.
        let wanted = if context.output.is_terminal() { Use::Counted } else { Use::Stream };
        // An index can fail in the middle of the answer: nothing was printed yet, and the log gives the same.
        let selection = loop {
            let error = match select(&source, &filter, wanted) {
                Ok(selection) => break selection,
                Err(error) => error,
            };
            source.1 = context.again(&source.0, &error)?;
        };
        let age = if self.as_of.is_some() { None } else { context.age_of(std::slice::from_ref(&source)) };
        let total = selection.total();
        self.print(Place::One(&source.0), (total, age), selection.rows(), context)?;
        let is_without = total == 0 && self.state.is_none() && !self.is_searched() && self.json.is_none();
        if is_without && self.as_of.is_none() {
            context.output.note(&first_steps(self.kind, context.config.cache.rules.of(self.kind)));
        }
        Ok(exit)
    }

    fn list_many(&self, many: &Many, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let filter = filter(self);
        let listed = match (self.as_of, self.refresh) {
            (None, false) => context.picked_of_all(many, &filter)?,
            (as_of, refresh) => {
                let (sources, exit) = context.all_listed(many, refresh)?;
                let age = if as_of.is_some() { None } else { context.age_of(&sources) };
                let mut picked = Vec::with_capacity(sources.len());
                for source in sources {
                    let source = match as_of {
                        Some(when) => past(when, source, context),
                        None => Ok(source),
                    };
                    // A repository that began later, or is damaged, does not take the others' answer away.
                    match source.map_err(Failed::into_error).and_then(|source| context.picked(source, &filter)) {
                        Ok(found) => picked.push(found),
                        Err(error) => context.tell_missing(&error),
                    }
                }
                ManyListed { picked, exit, age }
            }
        };
        let total = listed.picked.iter().map(|(_, picked)| picked.total()).sum();
        self.print(Place::of(Some(many), None), (total, listed.age), merged(&listed.picked, &filter), context)?;
        Ok(listed.exit)
    }

    /// Prints rows, of so many without the limit, and so old.
    fn print<'r>(
        &self,
        place: Place<'_>,
        (total, age): (u64, Option<Age>),
        rows: impl Iterator<Item = Row<'r>>,
        context: &mut Context<'_, '_>,
    ) -> Result<(), Error> {
        // For people only: the time zone has to be looked up.
        let moments = if context.output.is_terminal() { self.moments(context) } else { String::new() };
        let (kind, state, searched) = (self.kind, self.state, self.is_searched());
        let head = ListHead { place, kind, state, searched, total, moments: &moments, age };
        context.output.list(&head, self.json.as_ref(), rows.map(Ok::<_, Error>))
    }

    /// What the moments were taken for, in the words of a heading.
    fn moments(&self, context: &Context<'_, '_>) -> String {
        let at = |time| context.moment(When::At(time));
        let mut moments = String::new();
        for (word, range) in [("created", self.created), ("closed", self.closed)] {
            let Some(TimeRange { min, max }) = range else { continue };
            let since = min.map(|min| format!(" since {}", at(min))).unwrap_or_default();
            let until = max.map(|max| format!(" until {}", at(max))).unwrap_or_default();
            moments += &format!(" {word}{since}{until}");
        }
        moments + &self.as_of.map(|when| format!(" as of {}", context.moment(when))).unwrap_or_default()
    }

    fn is_searched(&self) -> bool {
        self.search.is_some() || self.created.is_some() || self.closed.is_some()
    }
}

/// The source as it was, however often writers replace its log meanwhile.
fn past(when: When, mut source: Source, context: &mut Context<'_, '_>) -> Result<Source, Failed> {
    context.settled(&mut source, |source, context| as_of(when, source, context))
}

/// For who sees no tracker at all: what one is here, and how a repository shows them.
fn first_steps(kind: Kind, wanted: &Wanted) -> String {
    let any = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        match words.split_last() {
            Some((last, others @ [_, ..])) => format!("{} or {last}", others.join(", ")),
            _ => words.concat(),
        }
    };
    let (labels, titles) = (any(&wanted.labels), any(&wanted.titles));
    format!(
        "An issue is a {kind} if it has the label {labels}, and a title that begins with {titles}.\n\
         `gh pmu init --workflow` has the repository publish its trackers; --refresh asks GitHub now."
    )
}

fn filter(options: &Args) -> Filter {
    let filter = Filter {
        state: options.state,
        created: options.created,
        closed: options.closed,
        sort: options.sort,
        order: options.order,
        limit: options.limit,
        ..Filter::all(options.kind)
    };
    filter.with_search(options.search.as_deref().unwrap_or_default())
}

/// What brings back what was pruned.
const AGAIN: &str = "In a checkout `gh pmu cache rebuild` takes all of it from git again.";

/// The source as it was.
pub(super) fn as_of(when: When, source: &Source, context: &mut Context<'_, '_>) -> Result<Source, Failed> {
    let (repo, view) = source;
    let moment = match when {
        When::At(time) => Moment::Time(time),
        When::After(seq) => Moment::Seq(seq),
    };
    let store = context.store(repo);
    let history = store.history(view)?;
    // Numbers and times behind damage may be others than they seem.
    history.view().check_history()?;
    let Some(seq) = history.last_event_at(moment)? else {
        let error = Error::new(match history.starts_at()? {
            Some(time) => format!("history of {repo} starts on {time}, with event {}", view.history_start()),
            None => format!("nothing is known of {repo} before it was first synced"),
        });
        let is_pruned = view.history_start() > Seq(1);
        return Err(Failed::Other(if is_pruned { error.with_hint(AGAIN) } else { error }));
    };
    if let Moment::Seq(asked) = moment
        && asked > view.seq()
    {
        return Err(Failed::Other(no_such_event(repo, view, asked)));
    }
    Ok((repo.clone(), history.state_after(seq)?))
}
