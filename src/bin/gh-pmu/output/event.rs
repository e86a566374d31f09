//! One event as data: its fields in JSON. Owns what each field holds; must not know where events are kept.

use gh_pmu::model::{Change, Event, Kind, Repo, Seq, State, Times, TrackerNumber, UnixMillis};

use super::Portions;
use super::fields::EventField;
use super::json::{JsonWriter, Text};
use crate::exit::Error;

/// An event and the sync that found it.
#[derive(Clone, Debug)]
pub struct EventRow<'a> {
    /// Its repository.
    pub repo: &'a Repo,
    /// Its place in the repository's history.
    pub seq: Seq,
    /// What happened.
    pub event: Event<'a>,
    /// When it was published.
    pub changed_at: UnixMillis,
    /// When this machine recorded it.
    pub synced_at: UnixMillis,
    /// `manifest`, `api` or `git`.
    pub source: &'a str,
    /// The content's BLAKE3, in hex.
    pub manifest: Option<String>,
    /// The git commit.
    pub commit: Option<String>,
    /// Its name on every machine, in hex.
    pub id: String,
    /// Whether it only says that the tracker was there when the log began.
    pub baseline: bool,
    /// Whether everybody has it who has the commit: then its number is for good.
    pub published: bool,
    /// Whether its number will change when the next version is published.
    pub is_provisional: bool,
}

pub(super) fn write_array<'r, I, E>(
    fields: &[EventField],
    text: Text,
    rows: I,
    mut lines: Portions<'_>,
) -> Result<(), Error>
where
    I: IntoIterator<Item = Result<EventRow<'r>, E>>,
    Error: From<E>,
{
    lines.buffer.push(b'[');
    for (at, row) in rows.into_iter().enumerate() {
        if at > 0 {
            lines.buffer.push(b',');
        }
        write_event(fields, text, &row?, &mut lines.buffer);
        lines.row_done()?;
    }
    lines.buffer.extend_from_slice(b"]\n");
    lines.finish()
}

/// One event as a JSON object of the fields, which are in alphabetical order.
pub(super) fn write_event(fields: &[EventField], text: Text, row: &EventRow<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut json = JsonWriter::new(out, text);
    let event = &row.event;
    for field in fields {
        json.key(field.name());
        match field {
            EventField::After => side(&mut json, event, Side::After),
            EventField::Baseline => json.raw(if row.baseline { "true" } else { "false" }),
            EventField::Before => side(&mut json, event, Side::Before),
            EventField::ChangedAt => json.time(Some(row.changed_at)),
            EventField::Commit => json.string_or_null(row.commit.as_deref()),
            EventField::Event => json.string(event.change.as_str()),
            EventField::Id => json.string(&row.id),
            EventField::Kind => json.string(event.kind.as_str()),
            EventField::Manifest => json.string_or_null(row.manifest.as_deref()),
            EventField::Number => json.number(event.number.get()),
            EventField::Published => json.raw(if row.published { "true" } else { "false" }),
            EventField::Repo => json.string(&row.repo.to_string()),
            EventField::Seq => json.number(row.seq.0),
            EventField::Source => json.string(row.source),
            EventField::SyncedAt => json.time(Some(row.synced_at)),
            EventField::Title => json.string(event.change.title()),
        }
    }
    json.raw("}");
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// The fields that changed, as they were or are; the whole tracker where it appeared or went.
pub(super) fn side(json: &mut JsonWriter<'_>, event: &Event<'_>, side: Side) {
    let times = |json: &mut JsonWriter<'_>, before: &Times, after: &Times| {
        let shown = if side == Side::Before { before } else { after };
        if before.closed_at != after.closed_at {
            json.key("closedAt").time(shown.closed_at);
        }
        if before.created_at != after.created_at {
            json.key("createdAt").time(shown.created_at);
        }
    };
    let state = |json: &mut JsonWriter<'_>, before: State| {
        let is_open = (before == State::Open) == (side == Side::Before);
        json.key("state").string(if is_open { State::Open.as_str() } else { State::Closed.as_str() });
    };
    match (&event.change, side) {
        (Change::Added { .. }, Side::Before) | (Change::Removed { .. }, Side::After) => return json.raw("null"),
        _ => json.raw("{"),
    }
    match &event.change {
        Change::Added { state, title, times } | Change::Removed { state, title, times } => {
            whole(json, (event.kind, event.number), *state, title, times);
        }
        Change::Closed { before, after, .. } => {
            times(json, before, after);
            state(json, State::Open);
        }
        Change::Reopened { before, after, .. } => {
            times(json, before, after);
            state(json, State::Closed);
        }
        Change::Redated { before, after, .. } => times(json, before, after),
        Change::Retitled { before, after, .. } => {
            json.key("title").string(if side == Side::Before { before } else { after });
        }
    }
    json.raw("}");
}

fn whole(json: &mut JsonWriter<'_>, key: (Kind, TrackerNumber), state: State, title: &str, times: &Times) {
    json.key("closedAt").time(times.closed_at);
    json.key("createdAt").time(times.created_at);
    json.key("kind").string(key.0.as_str());
    json.key("number").number(key.1.get());
    json.key("state").string(state.as_str());
    json.key("title").string(title);
}
