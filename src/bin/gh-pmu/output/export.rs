//! Exports for other programs: a JSON object a line, and RFC 4180 CSV. Owns their columns; SQL is that of
//! [`super::export_sql`]. Must not know where rows and events come from.

use std::borrow::Cow;

use gh_pmu::format::{EventId, Source};
use gh_pmu::model::{Repo, Seq, TitleParts, Tracker, UnixMillis};
use gh_pmu::query::Row;
use gh_pmu::store::Logged;

use super::event::{Side, side};
use super::fields::TrackerField;
use super::json::{JsonWriter, Text};
use super::list::{Fields, status};
use super::{Output, hex, sanitize};
use crate::exit::Error;

/// The fields of a tracker, in the order of CSV columns.
const TRACKER_COLUMNS: &str =
    "repo,kind,number,title,state,createdAt,closedAt,url,version,codename,name,status,track,branch";
/// The fields of an event, in the order of CSV columns.
const EVENT_COLUMNS: &str = "seq,id,event,repo,kind,number,title,before,after,changedAt,syncedAt,source,manifest,commit,\
     baseline,published,tracker_title,tracker_state,tracker_created_at,tracker_closed_at";

/// An event of a repository.
#[derive(Clone, Copy)]
pub struct Exported<'e> {
    /// Whose.
    pub repo: &'e Repo,
    /// The event as it was logged.
    pub logged: &'e Logged,
}

/// Where the events of a repository begin: what has to be there already, or was before.
#[derive(Clone, Copy, Debug)]
pub struct Begin {
    /// The event that they come after; 0 if none is before them.
    pub after: Seq,
    /// Its id, unless it was pruned.
    pub id: Option<EventId>,
    /// Whether the place was kept here: then all before it was exported.
    pub is_kept: bool,
    /// Where a history begins that was pruned, if all of it is exported: what is not among its trackers was removed before.
    pub cut: Option<Seq>,
}

/// How far an export of a repository's events goes: what a consumer keeps with the rows.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The repository.
    pub repo: String,
    /// The last event; 0 if there is none.
    pub seq: Seq,
    /// Its id.
    pub id: Option<EventId>,
    /// The hash of the published events.
    pub history_hash: String,
    /// The hash of the trackers after the last event.
    pub state_hash: String,
    /// Whether the events are published ones.
    pub published: bool,
    /// Where the events begin.
    pub begin: Begin,
    /// BLAKE3 of the manifest, in hex.
    pub manifest: Option<String>,
    /// When the cache was last compared with its source.
    pub checked_at: UnixMillis,
}

/// An export being written.
pub struct Export<'e> {
    pub(super) output: super::Portions<'e>,
    /// Whether a terminal shows it.
    pub(super) text: Text,
}

impl Output<'_> {
    /// Starts an export. It is data: every byte is kept, except on a terminal, which gets what could deceive made visible.
    pub fn export(&mut self) -> Export<'_> {
        let text = if self.terminal.stdout { Text::Visible } else { Text::Exact };
        Export { output: self.portions(), text }
    }
}

impl<'e> Exported<'e> {
    /// The commit, unless it only says where the checkout of a working tree's manifest stood.
    pub(super) fn commit(&self) -> Option<String> {
        let sync = &self.logged.sync;
        sync.commit.as_deref().filter(|_| sync.source == Source::Git).map(hex)
    }

    pub(super) fn manifest(&self) -> Option<String> {
        self.logged.sync.manifest.map(|hash| hex(&hash))
    }

    /// `before` and `after` as JSON; `None` where they are null.
    pub(super) fn sides(&self, text: Text) -> (Option<String>, Option<String>) {
        let of = |which| {
            let mut bytes = Vec::new();
            side(&mut JsonWriter::new(&mut bytes, text), &self.logged.event, which);
            String::from_utf8(bytes).ok().filter(|json| json != "null")
        };
        (of(Side::Before), of(Side::After))
    }

    pub(super) fn tracker(&self) -> Option<Tracker<'e>> {
        self.logged.after()
    }
}

impl Export<'_> {
    /// One tracker as a line of JSON.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn ndjson_tracker(&mut self, row: &Row<'_>) -> Result<(), Error> {
        Fields::of(TrackerField::ALL, self.text).row(row, &mut self.output.buffer);
        self.end_line(b"\n")
    }

    /// One event as a line of JSON.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn ndjson_event(&mut self, exported: &Exported<'_>) -> Result<(), Error> {
        let Logged { seq, event, sync, published, baseline, .. } = exported.logged;
        self.output.buffer.push(b'{');
        let mut json = JsonWriter::new(&mut self.output.buffer, self.text);
        json.key("after");
        side(&mut json, event, Side::After);
        json.key("baseline").boolean(*baseline);
        json.key("before");
        side(&mut json, event, Side::Before);
        json.key("changedAt").time(Some(sync.changed_at));
        json.key("commit").string_or_null(exported.commit().as_deref());
        json.key("event").string(event.change.as_str());
        json.key("id").string(&exported.logged.id().to_string());
        json.key("kind").string(event.kind.as_str());
        json.key("manifest").string_or_null(exported.manifest().as_deref());
        json.key("number").number(event.number.get());
        json.key("published").boolean(*published);
        json.key("repo").string(&exported.repo.to_string());
        json.key("seq").number(seq.0);
        json.key("source").string(sync.source.as_str());
        json.key("syncedAt").time(Some(sync.synced_at));
        json.key("title").string(event.change.title());
        json.key("tracker");
        match exported.tracker() {
            None => json.raw("null"),
            Some(tracker) => {
                json.raw("{");
                json.key("closedAt").time(tracker.closed_at);
                json.key("createdAt").time(tracker.created_at);
                json.key("state").string(tracker.state.as_str());
                json.key("title").string(&tracker.title);
                json.raw("}");
            }
        }
        json.raw("}");
        self.end_line(b"\n")
    }

    /// The line after a repository's events: what to give to `--since` the next time.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn ndjson_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        self.output.buffer.extend_from_slice(b"{\"checkpoint\":{");
        let mut json = JsonWriter::new(&mut self.output.buffer, self.text);
        json.key("repo").string(&checkpoint.repo);
        json.key("seq").number(checkpoint.seq.0);
        json.key("id").string_or_null(checkpoint.id.map(|id| id.to_string()).as_deref());
        json.key("historyHash").string(&checkpoint.history_hash);
        json.key("stateHash").string(&checkpoint.state_hash);
        json.raw("}}");
        self.end_line(b"\n")
    }

    /// The header line of a CSV of trackers, or of events.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn csv_header(&mut self, events: bool) -> Result<(), Error> {
        let columns = if events { EVENT_COLUMNS } else { TRACKER_COLUMNS };
        self.output.buffer.extend_from_slice(columns.as_bytes());
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
    pub fn csv_event(&mut self, exported: &Exported<'_>) -> Result<(), Error> {
        let Logged { seq, event, sync, published, baseline, .. } = exported.logged;
        let (before, after) = exported.sides(self.text);
        let tracker = exported.tracker();
        let time = |of: fn(&Tracker<'_>) -> Option<UnixMillis>| text_of(tracker.as_ref().and_then(of));
        self.csv(&[
            &seq.to_string(),
            &exported.logged.id().to_string(),
            event.change.as_str(),
            &exported.repo.to_string(),
            event.kind.as_str(),
            &event.number.to_string(),
            event.change.title(),
            before.as_deref().unwrap_or_default(),
            after.as_deref().unwrap_or_default(),
            &sync.changed_at.to_string(),
            &sync.synced_at.to_string(),
            sync.source.as_str(),
            exported.manifest().as_deref().unwrap_or_default(),
            exported.commit().as_deref().unwrap_or_default(),
            &baseline.to_string(),
            &published.to_string(),
            tracker.as_ref().map_or("", |tracker| &tracker.title),
            tracker.as_ref().map_or("", |tracker| tracker.state.as_str()),
            &time(|tracker| tracker.created_at),
            &time(|tracker| tracker.closed_at),
        ])
    }

    /// Hands on what is left.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn finish(self) -> Result<(), Error> {
        self.output.finish()
    }

    fn csv(&mut self, fields: &[&str]) -> Result<(), Error> {
        for (at, field) in fields.iter().enumerate() {
            let field = self.shown(field);
            let out = &mut self.output.buffer;
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

    /// The text as it goes out: a terminal must not be deceived by it.
    pub(super) fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.text == Text::Visible { sanitize::visible(text) } else { Cow::Borrowed(text) }
    }

    fn end_line(&mut self, ending: &[u8]) -> Result<(), Error> {
        self.output.buffer.extend_from_slice(ending);
        self.output.row_done()
    }
}

fn text_of(time: Option<UnixMillis>) -> String {
    time.map_or_else(String::new, |time| time.to_string())
}
