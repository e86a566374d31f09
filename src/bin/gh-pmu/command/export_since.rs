//! Where an export of events goes on: after an id, a number, or where the last one ended. Owns what is refused; must not
//! know how events are written.

use gh_pmu::format::{EventId, Mark};
use gh_pmu::model::{Repo, Seq, UnixMillis};
use gh_pmu::store::{History, Logged, Store, View};

use crate::cli::value::{Clock, Value, Wrong};
use crate::cli::{Since, When};
use crate::exit::Error;
use crate::output::Begin;
use crate::source::no_such_event;

/// A place in a repository's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// After the event of this id.
    Id(EventId),
    /// After the event of this number.
    Seq(Seq),
    /// After the last event of the last export under this name.
    Last(String),
}

const FORMS: &str = "expected the id of an event (32 hexadecimal digits), @412 or last:NAME";
const BY_ANOTHER_NAME: &str = "Export everything again under another name, as with `--since last:NEW`.";
const AGAIN: &str = "Export everything again, without `--since`.";

/// Names of exports have a space of their own among the names of `--since last:NAME`.
fn mark_name(name: &str) -> String {
    format!("export:{name}")
}

impl Value for Place {
    fn read(text: &str, clock: Clock<'_>) -> Result<Self, Wrong> {
        let text = text.trim();
        if let Some(id) = id_of(text) {
            return Ok(Self::Id(id));
        }
        // Ages, dates and bare numbers say when, and not which events a consumer has.
        let is_place =
            text.starts_with(['@', '~']) || text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("last"));
        match is_place.then(|| Since::read(text, clock)) {
            Some(Ok(Since::Last(Some(name)))) => Ok(Self::Last(name)),
            Some(Ok(Since::When(When::After(seq)))) => Ok(Self::Seq(seq)),
            Some(Err(wrong)) if text.starts_with(['l', 'L']) => Err(wrong),
            Some(_) | None => Err(Wrong::Invalid(FORMS.to_owned())),
        }
    }
}

fn id_of(text: &str) -> Option<EventId> {
    let digits: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let mut id = EventId::default();
    for (byte, pair) in id.0.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        // OK because two hexadecimal digits are below 256.
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(id)
}

/// Where an export begins.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) after: Seq,
    /// What an engine has to hold for that.
    pub(super) begin: Begin,
    /// What was pruned led to these: without them the events would not add up to the trackers.
    pub(super) base: Vec<Logged>,
}

impl Start {
    /// Finds the place. `is_folded` says that events are all that the consumer has, one after the other.
    ///
    /// # Errors
    /// This history does not have it; damage, and the system's.
    pub(super) fn of(
        history: &History<'_>,
        repo: &Repo,
        since: Option<&Place>,
        is_folded: bool,
    ) -> Result<Self, Error> {
        let view = history.view();
        let mark = match since {
            Some(Place::Last(name)) => history.store().mark(view, &mark_name(name)),
            _ => None,
        };
        let after = match since {
            None => before(view.history_start()),
            Some(Place::Seq(seq)) if *seq > view.seq() => return Err(no_such_event(repo, view, *seq)),
            Some(Place::Seq(seq)) => held(view, repo, *seq, AGAIN)?,
            Some(Place::Id(id)) => match find(history, *id)? {
                Some(seq) => seq,
                None => return Err(unknown(history, repo, *id, AGAIN)?),
            },
            Some(Place::Last(_)) => match &mark {
                Some(mark) => after_mark(history, repo, mark, is_folded)?,
                None => before(view.history_start()),
            },
        };
        let is_all = matches!(since, None | Some(Place::Last(_))) && mark.is_none();
        let base = if is_all { history.base_events()? } else { Vec::new() };
        let cut = Some(view.history_start()).filter(|first| is_all && *first > Seq(1));
        let begin = Begin {
            after: if is_all { Seq(0) } else { after },
            id: if is_all || after == Seq(0) { None } else { history.event(after)?.map(|logged| logged.id()) },
            is_kept: matches!(since, Some(Place::Last(_))),
            cut,
        };
        Ok(Self { after, begin, base })
    }
}

fn before(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}

/// All events after `seq` are there.
fn held(view: &View, repo: &Repo, seq: Seq, hint: &str) -> Result<Seq, Error> {
    let first = view.history_start();
    if seq.next() >= first {
        return Ok(seq);
    }
    let sentence = format!("history of {repo} starts with event {first}: older events were pruned or lost");
    Err(Error::new(sentence).with_hint(hint))
}

/// The live event of an id; new ones are looked at first.
fn find(history: &History<'_>, id: EventId) -> Result<Option<Seq>, Error> {
    for span in (0..history.span_count()).rev() {
        if let Some(logged) = history.span(span)?.iter().rev().find(|logged| logged.id() == id) {
            return Ok(Some(logged.seq));
        }
    }
    Ok(None)
}

fn unknown(history: &History<'_>, repo: &Repo, id: EventId, hint: &str) -> Result<Error, Error> {
    let is_superseded = history.superseded()?.iter().any(|logged| logged.id() == id);
    let sentence = match is_superseded {
        true => format!("event {id} of {repo} was observed only, and published versions have replaced it"),
        false => format!("{repo} has no event {id}: this is another history, or it was rebuilt or pruned"),
    };
    Ok(Error::new(sentence).with_hint(hint))
}

fn after_mark(history: &History<'_>, repo: &Repo, mark: &Mark, is_folded: bool) -> Result<Seq, Error> {
    let view = history.view();
    if let Some(id) = mark.observed_id {
        if let Some(seq) = find(history, id)? {
            return Ok(seq);
        }
        // Nothing was published then: what came in place of all that does not add up with it. Elsewhere what was published
        // since the last published one is new.
        if mark.published_id.is_none() && view.has_published() {
            return match is_folded {
                true => Err(unknown(history, repo, id, BY_ANOTHER_NAME)?),
                false => held(view, repo, Seq(0), BY_ANOTHER_NAME),
            };
        }
    }
    let seq = held(view, repo, mark.published, BY_ANOTHER_NAME)?;
    let Some(id) = mark.published_id else {
        return if seq > view.seq() { Err(no_such_event(repo, view, seq)) } else { Ok(seq) };
    };
    match history.event(seq)? {
        Some(logged) if logged.id() != id => Err(unknown(history, repo, id, BY_ANOTHER_NAME)?),
        // The event before the first that the log holds: pruned, and nothing after it is missing.
        None if seq > view.seq() => Err(unknown(history, repo, id, BY_ANOTHER_NAME)?),
        _ => Ok(seq),
    }
}

/// Remembers where an export ended.
///
/// # Errors
/// The system's.
pub(super) fn keep_place(
    store: &Store<'_>,
    view: &View,
    name: &str,
    end: Seq,
    asked_at: UnixMillis,
) -> Result<(), Error> {
    let history = store.history(view)?;
    let id = |seq: Seq| history.event(seq).map(|logged| logged.map(|logged| logged.id()));
    let observed_id = if end > view.published_seq() { id(end)? } else { None };
    // Where nothing is published a number is what is left of an event that was pruned.
    let (published, published_id) = match view.has_published() {
        true => (end.min(view.published_seq()), id(end.min(view.published_seq()))?),
        false => (end, None),
    };
    let mark = Mark { name: mark_name(name), published, published_id, observed_id, asked_at };
    Ok(store.record_mark(view, mark)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn read(text: &str) -> Result<Place, Wrong> {
        Place::read(text, Clock { now: UnixMillis::MIN, zone: &|| TimeZone::UTC })
    }

    #[test]
    fn a_place_is_an_id_a_number_or_a_name() {
        let id = EventId([0xab; 16]);
        assert_eq!(read(&"ab".repeat(16)), Ok(Place::Id(id)));
        assert_eq!(read(&"AB".repeat(16)), Ok(Place::Id(id)));
        assert_eq!(read("@12"), Ok(Place::Seq(Seq(12))));
        assert_eq!(read("last:lake"), Ok(Place::Last("lake".to_owned())));
        for text in ["last", "yesterday", "3d", "2024-12-24", "ab", &"xy".repeat(16), ""] {
            assert_eq!(read(text), Err(Wrong::Invalid(FORMS.to_owned())), "{text}");
        }
        assert_eq!(read("@x"), Err(Wrong::Invalid(FORMS.to_owned())));
        assert!(matches!(read("last:a b"), Err(Wrong::Invalid(reason)) if reason.contains("last:ci")));
    }
}
