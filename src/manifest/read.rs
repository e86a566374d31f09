//! The hot path: one pass over the text, nothing allocated per tracker but titles that have escapes.
//!
//! It notes where it is, so that a fault can name its place; what is wrong with the JSON itself is found out afterwards,
//! by [`super::diagnose`].

use std::ops::Range;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess};

use super::error::{ManifestError, Place, Spot};
use super::json::{Any, Handler, Value};
use super::keys::{self, KeyIn, THE_VERSION, key_of_document, key_of_tracker, list_name};
use super::name::RepoName;
use crate::model::{Kind, State, Tracker, TrackerNumber, UnixMillis};

/// A tracker with two times in compact JSON is hardly shorter.
const BYTES_PER_TRACKER: usize = 128;

/// What has been read so far, and where the reading stands.
pub(super) struct Reader<'a> {
    /// Pass over everything but `version`.
    only_version: bool,
    pub(super) updated_at: Option<UnixMillis>,
    pub(super) repo: Option<RepoName>,
    /// Both lists, each in the order of the file, one behind the other.
    pub(super) trackers: Vec<Tracker<'a>>,
    pub(super) releases: Range<usize>,
    pub(super) microsprints: Range<usize>,
    /// The value's end was reached; what comes after it is not looked at.
    pub(super) is_complete: bool,
    place: Place,
    /// Why the reading was broken off, where that was not the JSON itself.
    pub(super) fault: Option<ManifestError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new() -> Self {
        Self {
            only_version: false,
            updated_at: None,
            repo: None,
            trackers: Vec::new(),
            releases: 0..0,
            microsprints: 0..0,
            is_complete: false,
            place: Place::Top,
            fault: None,
        }
    }

    /// A reader that looks at `version` alone.
    pub(super) fn of_version() -> Self {
        Self { only_version: true, ..Self::new() }
    }

    /// # Errors
    /// Its text matters only where [`Self::fault`] is `None`.
    pub(super) fn read(&mut self, text: &'a str) -> Result<(), serde_json::Error> {
        if !self.only_version {
            // A list that grows by doubling is copied as often, and what is never touched costs nothing.
            self.trackers.reserve(text.len() / BYTES_PER_TRACKER);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        Any(Document(self)).deserialize(&mut json)?;
        self.is_complete = true;
        json.end()
    }

    #[cold]
    fn fail<T, E: Error>(&mut self, fault: ManifestError) -> Result<T, E> {
        self.fault = Some(fault);
        Err(E::custom("fault"))
    }

    #[cold]
    fn wrong<T, E: Error>(
        &mut self,
        field: Option<&'static str>,
        found: &Value<'a>,
        expected: &'static str,
    ) -> Result<T, E> {
        let spot = Spot { place: self.place, field };
        self.fail(ManifestError::Value { spot, found: found.to_string(), expected })
    }

    #[cold]
    fn twice<T, E: Error>(&mut self, field: &'static str) -> Result<T, E> {
        let place = self.place;
        self.fail(ManifestError::FieldTwice { place, field })
    }

    #[cold]
    fn missing<T, E: Error>(&mut self, field: &'static str) -> Result<T, E> {
        let place = self.place;
        self.fail(ManifestError::Missing { place, field })
    }

    fn time<E: Error>(&mut self, field: &'static str, value: Value<'a>) -> Result<UnixMillis, E> {
        if let Value::Text(text) = &value
            && let Ok(time) = UnixMillis::parse_rfc3339(text)
        {
            return Ok(time);
        }
        self.wrong(Some(field), &value, "an RFC 3339 time such as 2024-12-24T10:00:00Z")
    }

    fn time_or_null<E: Error>(&mut self, field: &'static str, value: Value<'a>) -> Result<Option<UnixMillis>, E> {
        match value {
            Value::Null => Ok(None),
            value => self.time(field, value).map(Some),
        }
    }

    fn number<E: Error>(&mut self, field: &'static str, value: &Value<'a>) -> Result<TrackerNumber, E> {
        if let Value::Whole(number) = *value
            && let Some(number) = TrackerNumber::new(number)
        {
            return Ok(number);
        }
        self.wrong(Some(field), value, "an issue number from 1 to 9007199254740991, in plain digits")
    }

    fn state<E: Error>(&mut self, field: &'static str, value: &Value<'a>) -> Result<State, E> {
        if let Value::Text(text) = value
            && let Some(state) = State::ALL.into_iter().find(|state| text.eq_ignore_ascii_case(state.as_str()))
        {
            return Ok(state);
        }
        self.wrong(Some(field), value, "OPEN or CLOSED")
    }

    fn check_version<E: Error>(&mut self, field: &'static str, value: &Value<'a>) -> Result<(), E> {
        match *value {
            Value::Whole(THE_VERSION) => Ok(()),
            Value::Whole(version) if version > THE_VERSION => self.fail(ManifestError::Newer { version }),
            _ => self.wrong(Some(field), value, "1, the version that this gh-pmu reads"),
        }
    }

    fn repo<E: Error>(&mut self, field: &'static str, value: &Value<'a>) -> Result<RepoName, E> {
        if let Value::Text(text) = value
            && let Some(repo) = RepoName::parse(text)
        {
            return Ok(repo);
        }
        self.wrong(Some(field), value, "owner/name in GitHub's alphabet")
    }
}

/// The manifest as a whole.
struct Document<'r, 'a>(&'r mut Reader<'a>);

impl<'a> Handler<'a> for Document<'_, 'a> {
    type Out = ();

    fn value<E: Error>(self, value: Value<'a>) -> Result<(), E> {
        self.0.wrong(None, &value, "an object with \"updated_at\", \"releases\" and \"microsprints\"")
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let reader = self.0;
        let mut seen = 0;
        while let Some(key) = object.next_key_seed(KeyIn(key_of_document))? {
            if seen & key.bit != 0 {
                return reader.twice(key.name);
            }
            seen |= key.bit;
            match key.bit {
                keys::VERSION => {
                    let version = object.next_value()?;
                    reader.check_version(key.name, &version)?;
                }
                keys::UPDATED_AT if !reader.only_version => {
                    let time = object.next_value()?;
                    reader.updated_at = Some(reader.time(key.name, time)?);
                }
                keys::REPO if !reader.only_version => {
                    let repo = object.next_value()?;
                    reader.repo = Some(reader.repo(key.name, &repo)?);
                }
                keys::RELEASES if !reader.only_version => {
                    object.next_value_seed(Any(List { reader: &mut *reader, kind: Kind::Release }))?;
                }
                keys::MICROSPRINTS if !reader.only_version => {
                    object.next_value_seed(Any(List { reader: &mut *reader, kind: Kind::Microsprint }))?;
                }
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        if !reader.only_version && reader.updated_at.is_none() {
            return reader.missing("updated_at");
        }
        Ok(())
    }
}

/// One of the two lists.
struct List<'r, 'a> {
    reader: &'r mut Reader<'a>,
    kind: Kind,
}

impl<'a> Handler<'a> for List<'_, 'a> {
    type Out = ();

    fn value<E: Error>(self, value: Value<'a>) -> Result<(), E> {
        self.reader.wrong(Some(list_name(self.kind)), &value, "an array of trackers")
    }

    fn list<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        let List { reader, kind } = self;
        let start = reader.trackers.len();
        loop {
            let position = reader.trackers.len() - start;
            reader.place = Place::Tracker { kind, position, number: None };
            if list.next_element_seed(Any(Item { reader: &mut *reader, kind }))?.is_none() {
                break;
            }
        }
        reader.place = Place::Top;
        let span = start..reader.trackers.len();
        match kind {
            Kind::Release => reader.releases = span,
            Kind::Microsprint => reader.microsprints = span,
        }
        Ok(())
    }
}

/// One tracker of a list.
struct Item<'r, 'a> {
    reader: &'r mut Reader<'a>,
    kind: Kind,
}

impl<'a> Handler<'a> for Item<'_, 'a> {
    type Out = ();

    fn value<E: Error>(self, value: Value<'a>) -> Result<(), E> {
        self.reader.wrong(None, &value, "an object with \"number\", \"title\" and \"state\"")
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let Item { reader, kind } = self;
        let (mut number, mut title, mut state, mut created_at, mut closed_at) = (None, None, None, None, None);
        let mut seen = 0;
        while let Some(key) = object.next_key_seed(KeyIn(key_of_tracker))? {
            if key.bit == keys::UNKNOWN {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = object.next_value::<Value<'a>>()?;
            if seen & key.bit != 0 {
                return reader.twice(key.name);
            }
            seen |= key.bit;
            match (key.bit, value) {
                (keys::NUMBER, value) => {
                    number = Some(reader.number(key.name, &value)?);
                    if let Place::Tracker { number: place, .. } = &mut reader.place {
                        *place = number;
                    }
                }
                (keys::TITLE, Value::Text(text)) => title = Some(text),
                (keys::TITLE, value) => return reader.wrong(Some(key.name), &value, "a text"),
                (keys::STATE, value) => state = Some(reader.state(key.name, &value)?),
                (keys::CREATED_AT, value) => created_at = reader.time_or_null(key.name, value)?,
                (keys::CLOSED_AT, value) => closed_at = reader.time_or_null(key.name, value)?,
                _ => {}
            }
        }
        let Some(number) = number else { return reader.missing("number") };
        let Some(title) = title else { return reader.missing("title") };
        let Some(state) = state else { return reader.missing("state") };
        reader.trackers.push(Tracker { kind, number, state, title, created_at, closed_at });
        Ok(())
    }
}
