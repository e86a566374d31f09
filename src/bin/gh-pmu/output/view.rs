//! One tracker: a page for people, lines for scripts, JSON for programs. Owns labels and their order; must not know how
//! the tracker was found.

use gh_pmu::model::{State, TitleParts, UnixMillis};
use gh_pmu::query::Row;
use jiff::tz::TimeZone;

use super::age::Age;
use super::event::{EventRow, write_event};
use super::fields::{EventField, TrackerField};
use super::history::Subject;
use super::json::Text;
use super::list::{Fields, status};
use super::relative::{ago, span};
use super::style::Style;
use super::width::wrapped_beside;
use super::{Output, tsv};
use crate::cli::JsonOptions;
use crate::exit::Error;

/// The field that is no field of lists.
pub const EVENTS: &str = "events";
/// What the longest label takes, and a space.
const LABEL: usize = 9;

/// The fields of `--json`, in alphabetical order: those of lists, and the events.
pub const VIEW_FIELDS: &[&str] = &[
    "branch",
    "closedAt",
    "codename",
    "createdAt",
    EVENTS,
    "kind",
    "name",
    "number",
    "repo",
    "state",
    "status",
    "title",
    "track",
    "url",
    "version",
];

/// A tracker and what happened to it, newest first.
pub struct TrackerView<'v> {
    /// The tracker.
    pub row: Row<'v>,
    /// Its events.
    pub events: Vec<EventRow<'v>>,
    /// As of which moment.
    pub as_of: Option<&'v str>,
    /// When that was, if it is known; else now.
    pub at: Option<UnixMillis>,
    /// How old the answer is.
    pub age: Option<Age>,
}

impl TrackerView<'_> {
    /// How long it is or was open, if that is known; of the past, how long it was by then.
    fn open_for(&self) -> Option<String> {
        let tracker = &self.row.tracker;
        let end = match tracker.state {
            State::Open => self.at?,
            State::Closed => tracker.closed_at?,
        };
        Some(span(tracker.created_at?, end))
    }
}

impl Output<'_> {
    /// Prints the tracker as asked.
    ///
    /// # Errors
    /// Standard output is closed; the jq expression fails.
    pub fn view(
        &mut self,
        view: &TrackerView<'_>,
        json: Option<&JsonOptions>,
        zone: &dyn Fn() -> TimeZone,
    ) -> Result<(), Error> {
        match json {
            Some(options) => self.json(&options.shape, |text, mut lines| {
                write_json(view, &options.fields, text, &mut lines.buffer);
                lines.finish()
            }),
            None if self.terminal.stdout => self.view_page(view, zone),
            None => self.view_tsv(view),
        }
    }

    fn view_page(&mut self, view: &TrackerView<'_>, zone: &dyn Fn() -> TimeZone) -> Result<(), Error> {
        let (tracker, width, palette) = (&view.row.tracker, self.terminal.width(), self.terminal.palette);
        let parts = TitleParts::of(tracker.kind, &tracker.title);
        let as_of = view.as_of.map(|when| format!(" as of {when}")).unwrap_or_default();
        let title = format!("{} {} #{}{as_of}", capital(tracker.kind.as_str()), parts.name, tracker.number);
        let color = if tracker.state == State::Open { Style::Green } else { Style::Magenta };
        let mut text = self.heading(&title, view.age.as_ref());
        let mut line = |label: &str, value: &str, style: Style| {
            let value = wrapped_beside(LABEL, value, width);
            let label = palette.paint(Style::Gray, &format!("{label:LABEL$}"));
            text.push_str(&format!("{label}{}\n", palette.paint(style, &value)));
        };
        line("status", status(tracker.kind, tracker.state), color);
        for (label, time) in [("created", tracker.created_at), ("closed", tracker.closed_at)] {
            if let Some(time) = time {
                line(label, &format!("{} ({})", self.minute(time, zone), ago(self.now, time)), Style::Plain);
            }
        }
        if let Some(open_for) = view.open_for() {
            line(if tracker.state == State::Open { "open for" } else { "was open" }, &open_for, Style::Plain);
        }
        line("address", &view.row.repo.issue_url(tracker.number), Style::Plain);
        if !view.events.is_empty() {
            let rows = view.events.iter().cloned().map(Ok::<_, Error>);
            let (days, _) = self.days(Subject::Tracker, zone, rows)?;
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(&days));
        }
        self.show(text.as_bytes())
    }

    /// `title:<tab>…` as gh does, then `--` and a line for each event.
    fn view_tsv(&mut self, view: &TrackerView<'_>) -> Result<(), Error> {
        let tracker = &view.row.tracker;
        let mut lines = self.portions();
        let out = &mut lines.buffer;
        let mut line = |label: &str, value: &str| {
            out.extend_from_slice(format!("{label}:\t").as_bytes());
            tsv::text(out, value, false);
            out.push(b'\n');
        };
        let time = |time: Option<UnixMillis>| time.map_or_else(String::new, |time| time.to_string());
        line("title", &tracker.title);
        line("state", tracker.state.as_str());
        line("number", &tracker.number.to_string());
        line("created", &time(tracker.created_at));
        line("closed", &time(tracker.closed_at));
        line("url", &view.row.repo.issue_url(tracker.number));
        lines.buffer.extend_from_slice(b"--\n");
        lines.finish()?;
        self.history_tsv(false, view.events.iter().cloned().map(Ok::<_, Error>))
    }
}

fn write_json(view: &TrackerView<'_>, names: &[&str], text: Text, out: &mut Vec<u8>) {
    let (before, after): (Vec<&str>, Vec<&str>) =
        names.iter().copied().filter(|name| *name != EVENTS).partition(|name| *name < EVENTS);
    out.push(b'{');
    Fields::of(&TrackerField::all_named(&before), text).members(&view.row, out);
    if names.contains(&EVENTS) {
        out.extend_from_slice(if before.is_empty() { b"\"events\":[" } else { b",\"events\":[" });
        for (at, event) in view.events.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_event(EventField::ALL, text, event, out);
        }
        out.push(b']');
    }
    Fields::of(&TrackerField::all_named(&after), text).members(&view.row, out);
    out.extend_from_slice(b"}\n");
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_the_fields_of_lists_and_the_events() {
        let mut names: Vec<&str> = TrackerField::NAMES.iter().copied().chain([EVENTS]).collect();
        names.sort_unstable();
        assert_eq!(VIEW_FIELDS, names);
    }
}
