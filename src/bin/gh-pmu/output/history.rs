//! What changed: days and signs for people, tab-separated lines for scripts, JSON for programs. Owns columns and
//! fields; must not know where events are kept.

use gh_pmu::model::{Change, Event, Kind, Repo, Seq, State, Times, TrackerNumber, UnixMillis};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::json::JsonWriter;
use super::style::Style;
use super::width::truncated;
use super::{Output, Portions, sanitize, tsv};
use crate::cli::JsonOptions;
use crate::exit::Error;

/// The fields of `--json`, in alphabetical order.
pub const EVENT_FIELDS: &[&str] = &[
    "after",
    "before",
    "changedAt",
    "commit",
    "event",
    "kind",
    "manifest",
    "number",
    "repo",
    "seq",
    "source",
    "syncedAt",
    "title",
];

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
}

/// What a history is about.
#[derive(Clone, Copy, Debug)]
pub struct HistoryHead<'h> {
    /// `None` for every cached repository.
    pub repo: Option<&'h Repo>,
    /// Whether it is narrowed to some events.
    pub searched: bool,
}

impl Output<'_> {
    /// Prints the events as asked; `zone` decides on which day an event was, for people.
    ///
    /// # Errors
    /// An event cannot be read; standard output is closed; the jq expression fails.
    pub fn history<'r, I, E>(
        &mut self,
        head: &HistoryHead<'_>,
        json: Option<&JsonOptions>,
        zone: &dyn Fn() -> TimeZone,
        rows: I,
    ) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<EventRow<'r>, E>>,
        Error: From<E>,
    {
        match json {
            Some(options) => self.history_json(options, rows),
            None if self.terminal.stdout => self.history_days(head, zone, rows),
            None => self.history_tsv(head.repo.is_none(), rows),
        }
    }

    fn history_tsv<'r, I, E>(&mut self, with_repo: bool, rows: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<EventRow<'r>, E>>,
        Error: From<E>,
    {
        let mut lines = self.portions();
        let mut times = tsv::Times::new();
        for row in rows {
            let row = row?;
            let out = &mut lines.buffer;
            if with_repo {
                tsv::text(out, &row.repo.to_string(), true);
                out.push(b'\t');
            }
            tsv::number(out, row.seq.0);
            out.push(b'\t');
            times.write(out, Some(row.changed_at));
            for word in [row.event.change.as_str(), row.event.kind.as_str()] {
                out.push(b'\t');
                out.extend_from_slice(word.as_bytes());
            }
            out.push(b'\t');
            tsv::number(out, row.event.number.get());
            out.push(b'\t');
            tsv::text(out, row.event.change.title(), false);
            out.push(b'\n');
            lines.row_done()?;
        }
        lines.finish()
    }

    fn history_json<'r, I, E>(&mut self, options: &JsonOptions, rows: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<EventRow<'r>, E>>,
        Error: From<E>,
    {
        self.json(&options.shape, |visible, lines| write_array(&options.fields, visible, rows, lines))
    }

    /// One heading a day, one line an event.
    fn history_days<'r, I, E>(
        &mut self,
        head: &HistoryHead<'_>,
        zone: &dyn Fn() -> TimeZone,
        rows: I,
    ) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<EventRow<'r>, E>>,
        Error: From<E>,
    {
        let (zone, width) = (zone(), self.terminal.width());
        let mut bytes = Vec::new();
        let mut day = String::new();
        for row in rows {
            let row = row?;
            let (this_day, clock) = local(row.changed_at, &zone);
            if this_day != day {
                let heading = self.terminal.palette.paint(Style::Bold, &this_day);
                bytes.extend_from_slice(format!("\n{heading}\n").as_bytes());
                day = this_day;
            }
            self.history_line(&row, &clock, head.repo.is_none(), width, &mut bytes);
        }
        if bytes.is_empty() {
            let place = head.repo.map_or_else(|| "any cached repository".to_owned(), Repo::to_string);
            let what = if head.searched { "no changes match your search in" } else { "no changes in" };
            self.note(&format!("{what} {place}"));
            return Ok(());
        }
        self.show(&bytes)
    }

    /// `+ 09:30  @412  added  release #430  Release: v1.0.0`
    fn history_line(&self, row: &EventRow<'_>, clock: &str, with_repo: bool, width: usize, out: &mut Vec<u8>) {
        let (sign, style) = sign(&row.event.change);
        let palette = self.terminal.palette;
        let repo = if with_repo { format!("{}  ", row.repo) } else { String::new() };
        let seq = format!("@{}", row.seq);
        let tracker = format!("{} #{}", row.event.kind, row.event.number);
        let word = row.event.change.as_str();
        let title = match &row.event.change {
            Change::Retitled { before, after, .. } => {
                format!("{} → {}", sanitize::visible_line(before), sanitize::visible_line(after))
            }
            Change::Redated { title, before, after, .. } => {
                format!("{} ({})", sanitize::visible_line(title), moved(*before, *after))
            }
            change => sanitize::visible_line(change.title()).into_owned(),
        };
        let plain = format!("  {word:8}  {tracker:16}  {repo}{title}");
        let lead = format!("{sign} {clock}  {seq:>6}");
        let (fitting, dots) = truncated(&plain, width.saturating_sub(lead.chars().count()));
        // The word stands behind two spaces and is coloured with its sign.
        let (word_part, rest) = fitting.split_at(fitting.len().min(12));
        let gray = palette.paint(Style::Gray, &format!(" {clock}  {seq:>6}"));
        let line = format!("{}{gray}{}{rest}{dots}", palette.paint(style, sign), palette.paint(style, word_part));
        out.extend_from_slice(line.trim_end().as_bytes());
        out.push(b'\n');
    }
}

fn sign(change: &Change<'_>) -> (&'static str, Style) {
    match change {
        Change::Added { .. } => ("+", Style::Green),
        Change::Removed { .. } => ("-", Style::Red),
        Change::Closed { .. } => ("x", Style::Magenta),
        Change::Reopened { .. } => ("o", Style::Green),
        Change::Retitled { .. } | Change::Redated { .. } => ("~", Style::Yellow),
    }
}

/// The times that changed, to the second: it may be no more that they moved by.
fn moved(before: Times, after: Times) -> String {
    let text = |time: Option<UnixMillis>| time.map_or_else(|| "none".to_owned(), |time| time.to_string());
    let times = [("created", before.created_at, after.created_at), ("closed", before.closed_at, after.closed_at)];
    let moved = times.into_iter().filter(|(_, before, after)| before != after);
    let moved = moved.map(|(name, before, after)| format!("{name} {} → {}", text(before), text(after)));
    moved.collect::<Vec<_>>().join(", ")
}

/// The day and the time of day.
fn local(time: UnixMillis, zone: &TimeZone) -> (String, String) {
    let Ok(time) = Timestamp::from_millisecond(time.get()) else {
        // The last hours of 9999, which have no local time: in UTC.
        let text = time.to_string();
        return (text[..10].to_owned(), text[11..16].to_owned());
    };
    let time = zone.to_datetime(time);
    (time.date().to_string(), format!("{:02}:{:02}", time.hour(), time.minute()))
}

fn write_array<'r, I, E>(names: &[&str], visible: bool, rows: I, mut lines: Portions<'_>) -> Result<(), Error>
where
    I: IntoIterator<Item = Result<EventRow<'r>, E>>,
    Error: From<E>,
{
    lines.buffer.push(b'[');
    for (at, row) in rows.into_iter().enumerate() {
        if at > 0 {
            lines.buffer.push(b',');
        }
        write_event(names, visible, &row?, &mut lines.buffer);
        lines.row_done()?;
    }
    lines.buffer.extend_from_slice(b"]\n");
    lines.finish()
}

/// One event as a JSON object of the fields `names`.
pub(super) fn write_event(names: &[&str], visible: bool, row: &EventRow<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut json = JsonWriter::new(out, visible);
    let event = &row.event;
    for name in names {
        json.key(name);
        match *name {
            "after" => side(&mut json, event, Side::After),
            "before" => side(&mut json, event, Side::Before),
            "changedAt" => json.time(Some(row.changed_at)),
            "commit" => json.string_or_null(row.commit.as_deref()),
            "event" => json.string(event.change.as_str()),
            "kind" => json.string(event.kind.as_str()),
            "manifest" => json.string_or_null(row.manifest.as_deref()),
            "number" => json.number(event.number.get()),
            "repo" => json.string(&row.repo.to_string()),
            "seq" => json.number(row.seq.0),
            "source" => json.string(row.source),
            "syncedAt" => json.time(Some(row.synced_at)),
            _ => json.string(event.change.title()),
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
