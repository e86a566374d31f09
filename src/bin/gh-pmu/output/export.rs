//! Exports for other programs: a JSON object a line, RFC 4180 CSV, and SQL for `sqlite3`. Owns columns and quoting; must
//! not know where rows and events come from.
//!
//! The SQL tables `trackers` and `sync_metadata` are those of this program's first proposal, so that its queries run;
//! their `synced_at` and `last_sync` are written as SQLite's `datetime` writes them, so that they compare with it.

use std::io::Write as _;

use gh_pmu::model::{TitleParts, UnixMillis};
use gh_pmu::query::Row;

use super::Output;
use super::event::{EventRow, Side, side, write_event};
use super::fields::{EventField, TrackerField};
use super::json::JsonWriter;
use super::list::{Fields, status};
use crate::exit::Error;

/// The fields of a tracker, in the order of CSV columns.
const TRACKER_COLUMNS: [&str; 14] = [
    "repo",
    "kind",
    "number",
    "title",
    "state",
    "createdAt",
    "closedAt",
    "url",
    "version",
    "codename",
    "name",
    "status",
    "track",
    "branch",
];
/// The fields of an event, in the order of CSV columns.
const EVENT_COLUMNS: [&str; 13] = [
    "seq",
    "event",
    "repo",
    "kind",
    "number",
    "title",
    "before",
    "after",
    "changedAt",
    "syncedAt",
    "source",
    "manifest",
    "commit",
];

const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS trackers (
  id INTEGER PRIMARY KEY,
  repo TEXT NOT NULL,
  type TEXT NOT NULL CHECK(type IN ('release', 'microsprint')),
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('open', 'closed')),
  created_at TEXT,
  closed_at TEXT,
  synced_at TEXT NOT NULL,
  UNIQUE(repo, type, number)
);
CREATE TABLE IF NOT EXISTS sync_metadata (
  repo TEXT PRIMARY KEY,
  manifest_hash TEXT,
  last_sync TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_repo_type_state ON trackers(repo, type, state);
CREATE INDEX IF NOT EXISTS idx_repo_synced ON trackers(repo, synced_at);
CREATE TABLE IF NOT EXISTS events (
  repo TEXT NOT NULL,
  seq INTEGER NOT NULL,
  event TEXT NOT NULL,
  type TEXT NOT NULL CHECK(type IN ('release', 'microsprint')),
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  before TEXT,
  after TEXT,
  changed_at TEXT NOT NULL,
  synced_at TEXT NOT NULL,
  source TEXT NOT NULL,
  manifest TEXT,
  git_commit TEXT,
  PRIMARY KEY(repo, seq)
);
";

/// What `sync_metadata` holds of a repository.
#[derive(Clone, Debug)]
pub struct SyncRow {
    /// Its name.
    pub repo: String,
    /// BLAKE3 of the manifest, in hex.
    pub manifest: Option<String>,
    /// When this machine took it in.
    pub synced_at: UnixMillis,
    /// When the cache was last compared with it.
    pub checked_at: UnixMillis,
}

/// An export being written.
pub struct Export<'e> {
    output: super::Portions<'e>,
}

impl Output<'_> {
    /// Starts an export. It is data, and goes to standard output as it is, also on a terminal.
    pub fn export(&mut self) -> Export<'_> {
        Export { output: self.portions() }
    }
}

impl Export<'_> {
    /// One tracker as a line of JSON.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn ndjson_tracker(&mut self, row: &Row<'_>) -> Result<(), Error> {
        Fields::of(TrackerField::ALL, false).row(row, &mut self.output.buffer);
        self.end_line(b"\n")
    }

    /// One event as a line of JSON.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn ndjson_event(&mut self, row: &EventRow<'_>) -> Result<(), Error> {
        write_event(EventField::ALL, false, row, &mut self.output.buffer);
        self.end_line(b"\n")
    }

    /// The header line of a CSV of trackers, or of events.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn csv_header(&mut self, events: bool) -> Result<(), Error> {
        let columns = if events { &EVENT_COLUMNS[..] } else { &TRACKER_COLUMNS[..] };
        self.output.buffer.extend_from_slice(columns.join(",").as_bytes());
        self.end_line(b"\r\n")
    }

    /// One tracker as a CSV record.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn csv_tracker(&mut self, row: &Row<'_>) -> Result<(), Error> {
        let tracker = &row.tracker;
        let parts = TitleParts::of(tracker.kind, &tracker.title);
        self.csv(&[
            &row.repo.to_string(),
            tracker.kind.as_str(),
            &tracker.number.to_string(),
            &tracker.title,
            tracker.state.as_str(),
            &text_of(tracker.created_at),
            &text_of(tracker.closed_at),
            &row.repo.issue_url(tracker.number),
            parts.version.unwrap_or_default(),
            parts.codename.unwrap_or_default(),
            parts.name,
            status(tracker.kind, tracker.state),
            parts.track.unwrap_or_default(),
            parts.branch,
        ])
    }

    /// One event as a CSV record.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn csv_event(&mut self, row: &EventRow<'_>) -> Result<(), Error> {
        let (before, after) = sides(row);
        self.csv(&[
            &row.seq.to_string(),
            row.event.change.as_str(),
            &row.repo.to_string(),
            row.event.kind.as_str(),
            &row.event.number.to_string(),
            row.event.change.title(),
            before.as_deref().unwrap_or_default(),
            after.as_deref().unwrap_or_default(),
            &row.changed_at.to_string(),
            &row.synced_at.to_string(),
            row.source,
            row.manifest.as_deref().unwrap_or_default(),
            row.commit.as_deref().unwrap_or_default(),
        ])
    }

    /// The tables, and what stood in them of the repository removed, so that loading twice is loading once.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn sql_start(&mut self, sync: &SyncRow) -> Result<(), Error> {
        let out = &mut self.output.buffer;
        out.extend_from_slice(b"BEGIN;\n");
        out.extend_from_slice(SCHEMA.as_bytes());
        for table in ["trackers", "sync_metadata", "events"] {
            put(out, format_args!("DELETE FROM {table} WHERE repo = {};\n", quoted(&sync.repo)));
        }
        let manifest = sync.manifest.as_deref().map_or("NULL".to_owned(), quoted);
        let last_sync = datetime(sync.checked_at);
        put(out, format_args!("INSERT INTO sync_metadata VALUES({},{manifest},{last_sync});\n", quoted(&sync.repo)));
        self.output.row_done()
    }

    /// One tracker as an INSERT.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn sql_tracker(&mut self, row: &Row<'_>, sync: &SyncRow) -> Result<(), Error> {
        let tracker = &row.tracker;
        let time = |time: Option<UnixMillis>| time.map_or("NULL".to_owned(), |time| format!("'{time}'"));
        put(
            &mut self.output.buffer,
            format_args!(
                "INSERT INTO trackers(repo,type,number,title,state,created_at,closed_at,synced_at) \
                 VALUES({},'{}',{},{},'{}',{},{},{});\n",
                quoted(&row.repo.to_string()),
                tracker.kind,
                tracker.number,
                quoted(&tracker.title),
                tracker.state.as_str().to_ascii_lowercase(),
                time(tracker.created_at),
                time(tracker.closed_at),
                datetime(sync.synced_at),
            ),
        );
        self.output.row_done()
    }

    /// One event as an INSERT.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn sql_event(&mut self, row: &EventRow<'_>) -> Result<(), Error> {
        let null = || "NULL".to_owned();
        let text = |text: Option<&str>| text.map_or_else(null, quoted);
        let (before, after) = sides(row);
        put(
            &mut self.output.buffer,
            format_args!(
                "INSERT INTO events VALUES({},{},'{}','{}',{},{},{},{},'{}',{},'{}',{},{});\n",
                quoted(&row.repo.to_string()),
                row.seq,
                row.event.change.as_str(),
                row.event.kind,
                row.event.number,
                quoted(row.event.change.title()),
                text(before.as_deref()),
                text(after.as_deref()),
                row.changed_at,
                datetime(row.synced_at),
                row.source,
                text(row.manifest.as_deref()),
                text(row.commit.as_deref()),
            ),
        );
        self.output.row_done()
    }

    /// Makes what was written one transaction.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn sql_end(&mut self) -> Result<(), Error> {
        self.output.buffer.extend_from_slice(b"COMMIT;\n");
        self.output.row_done()
    }

    /// Hands on what is left.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn finish(self) -> Result<(), Error> {
        self.output.finish()
    }

    fn csv(&mut self, fields: &[&str]) -> Result<(), Error> {
        let out = &mut self.output.buffer;
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if field.contains([',', '"', '\r', '\n']) {
                out.push(b'"');
                out.extend_from_slice(field.replace('"', "\"\"").as_bytes());
                out.push(b'"');
            } else {
                out.extend_from_slice(field.as_bytes());
            }
        }
        self.end_line(b"\r\n")
    }

    fn end_line(&mut self, ending: &[u8]) -> Result<(), Error> {
        self.output.buffer.extend_from_slice(ending);
        self.output.row_done()
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into memory cannot fail.
    let _ = out.write_fmt(text);
}

fn text_of(time: Option<UnixMillis>) -> String {
    time.map_or_else(String::new, |time| time.to_string())
}

/// `before` and `after` as JSON; `None` where they are null.
fn sides(row: &EventRow<'_>) -> (Option<String>, Option<String>) {
    let of = |which| {
        let mut bytes = Vec::new();
        side(&mut JsonWriter::new(&mut bytes, false), &row.event, which);
        String::from_utf8(bytes).ok().filter(|json| json != "null")
    };
    (of(Side::Before), of(Side::After))
}

/// A time as SQLite's `datetime` writes it: UTC, whole seconds, a space between.
fn datetime(time: UnixMillis) -> String {
    let text = time.to_string();
    format!("'{} {}'", &text[..10], &text[11..19])
}

/// An SQL string. A NUL would end it for `sqlite3`, and is written as a function call.
fn quoted(text: &str) -> String {
    let text = format!("'{}'", text.replace('\'', "''"));
    if text.contains('\0') { format!("({})", text.replace('\0', "'||char(0)||'")) } else { text }
}
