//! `release view`, `microsprint view`.

use gh_pmu::git::shell_word;
use gh_pmu::model::{Kind, Repo, Seq, State, TitleParts, Tracker, TrackerNumber, UnixMillis};
use gh_pmu::query::{Filter, HistoryFilter, Order, Row, Use, Words, select};
use gh_pmu::store::Moment;

use super::changes;
use super::form::{Command, Spec, cached};
use super::list::{AS_OF, WEB, as_of};
use super::web;
use crate::cli::common::{JQ, JSON, TEMPLATE, json};
use crate::cli::spec::{Argument, Flag};
use crate::cli::{Given, JsonOptions, When};
use crate::exit::{Error, Exit};
use crate::output::{EVENTS, ListHead, Place, TrackerView, VIEW_FIELDS};
use crate::source::{Context, Failed, Keep, Source, switched_off};

const FLAGS: &[&Flag] = &[&AS_OF.flag, &JQ.flag, &JSON, &TEMPLATE.flag, &WEB.0];
const LATEST: &str = "latest";

/// The words of `release view`.
pub const RELEASE: Spec = Spec {
    long: "Show one release tracker: its dates, how long it is or was open, and what happened to it.\n\n\
           Without an argument, the newest open one is shown.",
    argument: Some(Argument { name: "[<number> | <version> | <url> | latest]" }),
    flags: FLAGS,
    json_fields: VIEW_FIELDS,
    examples: "$ gh pmu release view\n$ gh pmu release view v1.2.0\n$ gh pmu release view 430 --json events",
    ..Spec::command("view", "gh pmu release view", "Show one release tracker", |given| {
        cached(Args::read(Kind::Release, given))
    })
};

/// The words of `microsprint view`.
pub const MICROSPRINT: Spec = Spec {
    long: "Show one microsprint tracker: its dates, how long it is or was open, and what happened to it.\n\n\
           Without an argument, the newest open one is shown.",
    argument: Some(Argument { name: "[<number> | <name> | <url> | latest]" }),
    flags: FLAGS,
    json_fields: VIEW_FIELDS,
    examples: "$ gh pmu microsprint view\n$ gh pmu microsprint view cache-impl\n$ gh pmu microsprint view 425 --web",
    ..Spec::command("view", "gh pmu microsprint view", "Show one microsprint tracker", |given| {
        cached(Args::read(Kind::Microsprint, given))
    })
};

struct Args {
    kind: Kind,
    /// A number, a version, a name, `latest`; `None` for the newest open one.
    which: Option<String>,
    /// The repository that its address names.
    repo: Option<Repo>,
    /// As of when.
    as_of: Option<When>,
    web: bool,
    json: Option<JsonOptions>,
}

impl Args {
    fn read(kind: Kind, given: &Given<'_>) -> Result<Self, Error> {
        let conflict = [&JSON, &AS_OF.flag].into_iter().find(|flag| given.text(flag).is_some());
        if let (true, Some(flag)) = (given.is_set(&WEB), conflict) {
            return Err(Error::plainly(format!("cannot use `--web` with `--{}`", flag.long)));
        }
        let which = given.argument()?.map(str::to_owned);
        // As of a variable that is not set.
        if which.as_ref().is_some_and(|which| which.trim().is_empty()) {
            let what = if kind == Kind::Release { "version" } else { "name" };
            return Err(given.wrong(format!("the {kind} is empty: expected a number, a {what} or {LATEST}")));
        }
        let (repo, which) = match which.as_deref().and_then(addressed) {
            Some((repo, number)) => (Some(repo), Some(number.to_string())),
            None => (None, which),
        };
        Ok(Self { kind, which, repo, as_of: given.value(&AS_OF)?, web: given.is_set(&WEB), json: json(given)? })
    }
}

impl Command for Args {
    fn needs_no_cache(&self) -> bool {
        self.as_of.is_none()
    }

    /// Shows the tracker that is meant.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        if self.as_of.is_some() && !context.config.cache.enabled {
            return Err(switched_off());
        }
        match self.as_of {
            Some(_) => context.need_past(),
            None if self.shows_events() => context.want_past(),
            None => {}
        }
        let named = self.repo.clone().or(named);
        let (mut source, exit) = match self.as_of {
            Some(_) => (context.source(named, Keep::IfPossible)?, Exit::Done),
            None => context.listed(named, false)?,
        };
        let present = (source.0.clone(), source.1.seq());
        let at = match self.as_of {
            None => Some(context.now.millis()),
            Some(When::At(time)) => Some(time),
            Some(When::After(seq)) => time_of(seq, &source, context),
        };
        if let Some(when) = self.as_of {
            let past = context.settled(&mut source, |source, context| as_of(when, source, context));
            source = past.map_err(Failed::into_error)?;
        }
        let tracker = self.find(&mut source, context)?;
        if self.web {
            return web::open_issue(&source.0, tracker.number, context).map(|()| exit);
        }
        let until = source.1.seq();
        // A view of the past has no history of its own.
        let mut sources = match self.as_of {
            Some(_) => vec![context.source(Some(present.0), Keep::IfPossible)?],
            None => vec![source],
        };
        let filter = HistoryFilter {
            // Of what is recorded nowhere, all that is recorded is the past.
            until: Some(until).filter(|until| *until > Seq(0)).map(Moment::Seq),
            number: Some(tracker.number),
            kind: Some(self.kind),
            order: Order::Descending,
            ..HistoryFilter::default()
        };
        let found = changes::find(&mut sources, &[filter], context)?;
        // Of what could not be recorded, the tracker is known, and what happened to it is not.
        let is_asked = self.json.is_some() && self.shows_events();
        context.falls_short |= is_asked && context.config.cache.enabled && !sources[0].1.is_recorded();
        let repo = &sources[0].0;
        let past = self.as_of.filter(|_| context.output.is_terminal()).map(|when| context.moment(when));
        let view = TrackerView {
            row: Row { repo, tracker },
            events: found.changes.iter().map(|(_, change)| changes::row(&sources[0], change)).collect(),
            as_of: past.as_deref(),
            at,
            age: if self.as_of.is_some() { None } else { context.age_of(&sources) },
        };
        context.output.view(&view, self.json.as_ref(), context.clock.zone)?;
        found.stopped.map_or(Ok(exit), Err)
    }
}

impl Args {
    /// Whether the answer tells what happened to the tracker.
    fn shows_events(&self) -> bool {
        !self.web && self.json.as_ref().is_none_or(|json| json.fields.contains(&EVENTS))
    }

    fn find(&self, source: &mut Source, context: &mut Context<'_, '_>) -> Result<Tracker<'static>, Error> {
        let found = loop {
            match self.matching(source) {
                Ok(found) => break found,
                Err(error) => source.1 = context.again(&source.0, &error)?,
            }
        };
        match <[Tracker<'static>; 1]>::try_from(found) {
            Ok([tracker]) if self.is_meant(&tracker) => Ok(tracker),
            Ok(found) => Err(self.listed(&found, &source.0, context)?),
            Err(found) if found.is_empty() => {
                source.1.check_history()?;
                Err(self.nothing(source, context))
            }
            Err(found) => Err(self.listed(&found, &source.0, context)?),
        }
    }

    /// Lists what may be meant; the error says that one of them should be named. Whoever reads JSON finds none.
    fn listed(&self, found: &[Tracker<'static>], repo: &Repo, context: &mut Context<'_, '_>) -> Result<Error, Error> {
        let (kind, total) = (self.kind, found.len() as u64);
        let which = self.which.as_deref().unwrap_or_default();
        let error = Error::new(match total {
            1 => format!("no {kind} is {which:?}, but one has it in its title: name that by its number"),
            _ => format!("{total} {kind}s match {which:?}: name one by its number"),
        });
        if self.json.is_some() {
            let row = |tracker: &Tracker<'_>| format!("#{} {}", tracker.number, tracker.title);
            return Ok(error.with_hint(found.iter().map(row).collect::<Vec<_>>().join("\n")));
        }
        let place = Place::One(repo);
        let head = ListHead { place, kind, state: None, searched: true, total, moments: "", age: None };
        let row = |tracker: &Tracker<'static>| Row { repo, tracker: tracker.clone() };
        context.output.list(&head, None, found.iter().map(|tracker| Ok::<_, Error>(row(tracker))))?;
        Ok(error)
    }

    /// A number and a version are themselves, and not a part of others.
    fn is_meant(&self, tracker: &Tracker<'_>) -> bool {
        self.which.as_deref().filter(|which| !which.eq_ignore_ascii_case(LATEST)).is_none_or(|which| {
            let number = number_of(which);
            let is_whole = number.is_some() || TitleParts::of(self.kind, which).version == Some(which);
            !is_whole || number == Some(tracker.number) || says(tracker, which)
        })
    }

    /// The trackers that are meant: by number; else by what a title says in full; else by words of it.
    fn matching(&self, source: &Source) -> Result<Vec<Tracker<'static>>, gh_pmu::store::StoreError> {
        let of = |filter: Filter| -> Result<Vec<Tracker<'static>>, _> {
            let selection = select(source, &filter, Use::Stream)?;
            Ok(selection.rows().map(|row| row.tracker.into_owned()).collect())
        };
        let all = Filter::all(self.kind);
        let Some(which) = &self.which else {
            return of(Filter { state: Some(State::Open), limit: Some(1), ..all });
        };
        if which.eq_ignore_ascii_case(LATEST) {
            return of(Filter { limit: Some(1), ..all });
        }
        let words = of(Filter { words: Words::of(which.strip_prefix('#').unwrap_or(which)), ..all.clone() })?;
        if let Some(number) = number_of(which) {
            let mut trackers = of(all)?;
            trackers.retain(|tracker| tracker.number == number);
            if !trackers.is_empty() || which.starts_with('#') {
                return Ok(trackers);
            }
        }
        let (exact, other): (Vec<_>, Vec<_>) = words.into_iter().partition(|tracker| says(tracker, which));
        let (whole, part): (Vec<_>, Vec<_>) = exact.into_iter().partition(|tracker| is_called(tracker, which));
        Ok([whole, part, other].into_iter().find(|found| !found.is_empty()).unwrap_or_default())
    }

    fn nothing(&self, source: &Source, context: &Context<'_, '_>) -> Error {
        let (kind, repo) = (self.kind, &source.0);
        let (then, flag) = match self.as_of.map(|when| context.moment(when)) {
            Some(when) => (format!(" as of {when}"), format!(" --as-of {}", shell_word(&when))),
            None => Default::default(),
        };
        let named = match &self.which {
            None => {
                return Error::new(format!("no {kind} is open in {repo}{then}"))
                    .with_hint(format!("Run `gh pmu {kind} view latest{flag}` for the newest one."));
            }
            Some(which) if which.eq_ignore_ascii_case(LATEST) => {
                return Error::new(format!("no {kind}s in {repo}{then}"));
            }
            Some(which) => which,
        };
        let error = Error::new(format!("no {kind} matches {named:?} in {repo}{then}"));
        let is_of = |kind: Kind, number| {
            let all = select(source, &Filter::all(kind), Use::Stream);
            all.is_ok_and(|all| all.rows().any(|row| row.tracker.number == number))
        };
        let others = Kind::ALL.into_iter().filter(|other| *other != kind);
        let list = format!("Run `gh pmu {kind} list{flag}` to see them all");
        let Some(number) = number_of(named) else { return error.with_hint(list + ".") };
        error.with_hint(match others.into_iter().find(|other| is_of(*other, number)) {
            Some(other) => format!("It is a {other}: run `gh pmu {other} view {number}{flag}`."),
            None => format!("{list}, or `gh pmu cache history {number}` for one that was removed."),
        })
    }
}

/// When an event was published, where history tells.
fn time_of(seq: Seq, (repo, view): &Source, context: &Context<'_, '_>) -> Option<UnixMillis> {
    let logged = context.store(repo).history(view).and_then(|history| history.event(seq));
    logged.ok().flatten().map(|logged| logged.sync.changed_at)
}

/// The issue that an address is of.
fn addressed(text: &str) -> Option<(Repo, TrackerNumber)> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let path = rest.split(['?', '#']).next()?.trim_end_matches('/');
    match path.split('/').collect::<Vec<_>>()[..] {
        [host, owner, name, "issues", number] => Some((Repo::new(host, owner, name).ok()?, number_of(number)?)),
        _ => None,
    }
}

fn number_of(which: &str) -> Option<TrackerNumber> {
    which.strip_prefix('#').unwrap_or(which).parse().ok().and_then(TrackerNumber::new)
}

/// Whether a part of the title is exactly this; a version also without its `v`.
fn says(tracker: &Tracker<'_>, which: &str) -> bool {
    let parts = TitleParts::of(tracker.kind, &tracker.title);
    let is_version = parts.version.is_some_and(|version| is_it(bare(version), bare(which)));
    is_version
        || is_called(tracker, which)
        || [parts.branch, parts.codename.unwrap_or_default()].iter().any(|part| is_it(part, which))
}

/// Whether that is all of its name.
fn is_called(tracker: &Tracker<'_>, which: &str) -> bool {
    let name = TitleParts::of(tracker.kind, &tracker.title).name;
    is_it(bare(name), bare(which)) || is_it(&tracker.title, which)
}

fn is_it(part: &str, which: &str) -> bool {
    part.to_lowercase() == which.to_lowercase()
}

/// A version without its `v`.
fn bare(version: &str) -> &str {
    let rest = version.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    rest.unwrap_or(version)
}
