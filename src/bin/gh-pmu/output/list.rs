//! Lists of trackers: a table for people, tab-separated lines for scripts, JSON for programs. Owns columns and fields;
//! must not know how rows were found or sorted.

use gh_pmu::model::{Kind, Repo, State, TitleParts};

use super::age::Age;
use super::fields::TrackerField;
use super::json::{JsonWriter, Text};
use super::relative::{ago, short};
use super::style::Style;
use super::table::{Column, Narrow, Table};
use super::{Output, Place, Portions, Row, sanitize, tsv};
use crate::cli::JsonOptions;
use crate::exit::Error;

/// What a list is about, for the line above it.
#[derive(Clone, Copy, Debug)]
pub struct ListHead<'h> {
    /// Whose trackers.
    pub place: Place<'h>,
    /// Which trackers.
    pub kind: Kind,
    /// In which state only.
    pub state: Option<State>,
    /// Whether words or dates narrow it further.
    pub searched: bool,
    /// How many there are without the limit.
    pub total: u64,
    /// Of which moments, as ` as of 2024-12-24 10:00`, or nothing.
    pub moments: &'h str,
    /// How old the answer is.
    pub age: Option<Age>,
}

/// A branch with a version that is no longer than this is not cut; of a longer one the version stays.
const SHORT_BRANCH: usize = 24;
/// A codename that is cut to less than this says nothing.
const LEAST_CODENAME: usize = 12;

impl Output<'_> {
    /// Prints the rows as asked.
    ///
    /// # Errors
    /// A row cannot be read; standard output is closed; the jq expression fails.
    pub fn list<'r, I, E>(&mut self, head: &ListHead<'_>, json: Option<&JsonOptions>, rows: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<Row<'r>, E>>,
        Error: From<E>,
    {
        match json {
            Some(options) => self.list_json(options, rows),
            None if self.terminal.stdout => self.list_table(head, rows),
            None => self.list_tsv(head.place.is_many(), rows),
        }
    }

    fn list_tsv<'r, I, E>(&mut self, with_repo: bool, rows: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<Row<'r>, E>>,
        Error: From<E>,
    {
        let mut lines = self.portions();
        let (mut created, mut closed) = (tsv::Times::new(), tsv::Times::new());
        for row in rows {
            let Row { repo, tracker } = row?;
            let out = &mut lines.buffer;
            if with_repo {
                tsv::text(out, &repo.to_string(), true);
                out.push(b'\t');
            }
            tsv::number(out, tracker.number.get());
            match tracker.state {
                State::Open => out.extend_from_slice(b"\tOPEN\t"),
                State::Closed => out.extend_from_slice(b"\tCLOSED\t"),
            }
            tsv::text(out, &tracker.title, sanitize::is_plain(&tracker.title));
            created.end_line(out, &mut closed, [tracker.created_at, tracker.closed_at]);
            lines.row_done()?;
        }
        lines.finish()
    }

    fn list_json<'r, I, E>(&mut self, options: &JsonOptions, rows: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<Row<'r>, E>>,
        Error: From<E>,
    {
        self.json(&options.shape, |text, lines| {
            Fields { fields: &TrackerField::all_named(&options.fields), text, repo: None }.write(rows, lines)
        })
    }

    fn list_table<'r, I, E>(&mut self, head: &ListHead<'_>, rows: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<Row<'r>, E>>,
        Error: From<E>,
    {
        let mut table = Table::new(columns(head));
        for row in rows {
            self.table_row(head, &row?, &mut table);
        }
        if table.rows() == 0 {
            self.note(&nothing(head));
            return Ok(());
        }
        let mut bytes = self.heading(&title(head, table.rows()), head.age.as_ref()).into_bytes();
        table.render(self.terminal.width(), self.terminal.palette, &mut bytes);
        self.show(&bytes)
    }

    fn table_row(&self, head: &ListHead<'_>, row: &Row<'_>, table: &mut Table) {
        let tracker = &row.tracker;
        let parts = TitleParts::of(tracker.kind, &tracker.title);
        let safe = |text| sanitize::visible_line(text);
        let color = match tracker.state {
            State::Open => Style::Green,
            State::Closed => Style::Magenta,
        };
        match head.place {
            Place::One(_) => {}
            Place::Many(None) => table.cell(&row.repo.to_string(), Style::Plain),
            // The line above names the owner.
            Place::Many(Some(_)) => table.cell_or(&row.repo.to_string(), row.repo.name(), Style::Plain),
        }
        match tracker.kind {
            Kind::Release => {
                // All that the codename does not say: nothing of a title is lost.
                let name = safe(parts.branch);
                let version = parts.version.and_then(|version| name.rfind(version).map(|at| at..at + version.len()));
                let is_short = name.len() <= SHORT_BRANCH && !name.contains(char::is_whitespace);
                match version {
                    // Its column may give way.
                    None if name.is_empty() => table.cell_or("", &safe(parts.name), Style::Plain),
                    Some(_) if is_short => table.whole_cell(&name, Style::Plain),
                    version => table.cell_with(&name, version.unwrap_or_default(), Style::Plain),
                }
                table.cell(&safe(parts.codename.unwrap_or("")), Style::Plain);
            }
            Kind::Microsprint => table.cell(&safe(parts.name), Style::Plain),
        }
        table.cell(&format!("#{}", tracker.number), color);
        table.cell(status(tracker.kind, tracker.state), color);
        for time in [tracker.created_at, tracker.closed_at] {
            match time {
                Some(time) => table.cell_or(&ago(self.now, time), &short(self.now, time), Style::Gray),
                None => table.cell("", Style::Gray),
            }
        }
    }
}

/// How people call the state of a tracker.
pub fn status(kind: Kind, state: State) -> &'static str {
    match (kind, state) {
        (_, State::Open) => "Active",
        (Kind::Release, State::Closed) => "Released",
        (Kind::Microsprint, State::Closed) => "Closed",
    }
}

fn columns(head: &ListHead<'_>) -> Vec<Column> {
    let gives_way = |header, turn, min| Column::new(header, Narrow::GivesWay { turn, min });
    let name = match head.kind {
        Kind::Release => vec![Column::new("VERSION", Narrow::IsCut), gives_way("CODENAME", 3, LEAST_CODENAME)],
        Kind::Microsprint => vec![Column::new("NAME", Narrow::IsCut)],
    };
    let repo = head.place.is_many().then(|| Column::new("REPO", Narrow::IsCut));
    let rest = [
        Column::new("TRACKER", Narrow::Stays),
        Column::new("STATUS", Narrow::GivesWayLast),
        gives_way("CREATED", 2, usize::MAX),
        gives_way("CLOSED", 1, usize::MAX),
    ];
    repo.into_iter().chain(name).chain(rest).collect()
}

fn title(head: &ListHead<'_>, shown: usize) -> String {
    let total = head.total.max(shown as u64);
    let place = head.place.all(head.searched, total);
    format!("Showing {shown} of {total} {} in {place}{}", trackers(head, total), head.moments)
}

fn nothing(head: &ListHead<'_>) -> String {
    let searched = if head.searched { " match your search" } else { "" };
    format!("no {}{searched} in {}{}", trackers(head, 0), head.place.any(), head.moments)
}

fn trackers(head: &ListHead<'_>, count: u64) -> String {
    let state = match head.state {
        Some(State::Open) => "open ",
        Some(State::Closed) => "closed ",
        None => "",
    };
    format!("{state}{}{}", head.kind, if count == 1 { "" } else { "s" })
}

/// The fields asked for, in the order of their names.
pub(super) struct Fields<'f, 'r> {
    fields: &'f [TrackerField],
    text: Text,
    /// The repository of the row before, its name and the beginning of its URLs, in JSON: they seldom change.
    repo: Option<(&'r Repo, Vec<u8>, Vec<u8>)>,
}

impl<'f, 'r> Fields<'f, 'r> {
    /// These fields.
    pub(super) fn of(fields: &'f [TrackerField], text: Text) -> Self {
        Self { fields, text, repo: None }
    }

    /// Writes the whole array and a line break.
    fn write<I, E>(&mut self, rows: I, mut lines: Portions<'_>) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<Row<'r>, E>>,
        Error: From<E>,
    {
        lines.buffer.push(b'[');
        for (at, row) in rows.into_iter().enumerate() {
            if at > 0 {
                lines.buffer.push(b',');
            }
            self.row(&row?, &mut lines.buffer);
            lines.row_done()?;
        }
        lines.buffer.extend_from_slice(b"]\n");
        lines.finish()
    }

    /// One tracker as a JSON object.
    pub(super) fn row(&mut self, row: &Row<'r>, out: &mut Vec<u8>) {
        out.push(b'{');
        self.members(row, out);
        out.push(b'}');
    }

    /// The fields of one tracker, without the brackets around them.
    pub(super) fn members(&mut self, row: &Row<'r>, out: &mut Vec<u8>) {
        let tracker = &row.tracker;
        let parts = || TitleParts::of(tracker.kind, &tracker.title);
        for field in self.fields {
            let mut json = JsonWriter::new(out, self.text);
            json.key(field.name());
            match field {
                TrackerField::Branch => json.string(parts().branch),
                TrackerField::ClosedAt => json.time(tracker.closed_at),
                TrackerField::Codename => json.string_or_null(parts().codename),
                TrackerField::CreatedAt => json.time(tracker.created_at),
                TrackerField::Kind => json.string(tracker.kind.as_str()),
                TrackerField::Name => json.string(parts().name),
                TrackerField::Number => json.number(tracker.number.get()),
                TrackerField::Repo => out.extend_from_slice(self.of_repo(row.repo).0),
                TrackerField::State => json.string(tracker.state.as_str()),
                TrackerField::Status => json.string(status(tracker.kind, tracker.state)),
                TrackerField::Title => json.string(&tracker.title),
                TrackerField::Track => json.string_or_null(parts().track),
                TrackerField::Url => {
                    out.extend_from_slice(self.of_repo(row.repo).1);
                    tsv::number(out, tracker.number.get());
                    out.push(b'"');
                }
                TrackerField::Version => json.string_or_null(parts().version),
            }
        }
    }

    /// Its name, and the beginning of its issues' URLs.
    fn of_repo(&mut self, repo: &'r Repo) -> (&[u8], &[u8]) {
        let known = self.repo.take().filter(|(known, ..)| std::ptr::eq(*known, repo));
        let (_, name, url) = self.repo.insert(known.unwrap_or_else(|| {
            // GitHub's alphabet of names needs no escaping.
            let url = format!("\"https://{}/{}/{}/issues/", repo.host(), repo.owner(), repo.name());
            (repo, format!("\"{repo}\"").into_bytes(), url.into_bytes())
        }));
        (name, url)
    }
}
