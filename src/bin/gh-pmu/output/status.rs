//! One screen about one repository: what is open, what is new. Owns its order and its cuts; must not know how the answers
//! were found.

use gh_pmu::model::{Kind, TitleParts, UnixMillis, counted};
use gh_pmu::query::Row;
use jiff::tz::TimeZone;

use super::age::Age;
use super::cache_status::RepoStatus;
use super::event::{EventRow, write_event};
use super::fields::{EventField, TrackerField};
use super::history::Subject;
use super::json::{JsonWriter, Text};
use super::list::Fields;
use super::relative::{ago, short, span};
use super::style::Style;
use super::table::Table;
use super::width::{with_command, wrapped};
use super::{Output, sanitize, tsv};
use crate::exit::Error;

/// What one repository is about now.
pub struct Overview<'o> {
    /// How fresh it is.
    pub status: RepoStatus<'o>,
    /// The open releases, and the open microsprints.
    pub open: [Vec<Row<'o>>; 2],
    /// What is new, newest first.
    pub changes: Vec<EventRow<'o>>,
    /// When somebody asked last what is new; `None` if nobody did.
    pub asked_at: Option<UnixMillis>,
    /// How old the answer is.
    pub age: Option<Age>,
}

/// Whoever has more open at once than this wants a list.
const MOST_OPEN: usize = 8;
/// One screen shows no more changes than this.
const MOST_CHANGES: usize = 10;
const KINDS: [Kind; 2] = [Kind::Release, Kind::Microsprint];

impl Output<'_> {
    /// Prints the screen, lines for scripts, or JSON.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn overview(&mut self, overview: &Overview<'_>, json: bool, zone: &dyn Fn() -> TimeZone) -> Result<(), Error> {
        if json {
            let mut bytes = Vec::new();
            write_json(overview, Text::shown(self.terminal.stdout), &mut bytes);
            return self.show_json(&bytes);
        }
        match self.terminal.stdout {
            true => self.overview_page(overview, zone),
            false => self.overview_tsv(overview),
        }
    }

    fn overview_page(&mut self, overview: &Overview<'_>, zone: &dyn Fn() -> TimeZone) -> Result<(), Error> {
        let (width, palette) = (self.terminal.width(), self.terminal.palette);
        let mut bytes = self.heading(&overview.status.repo.to_string(), overview.age.as_ref()).into_bytes();
        if let Some(reason) = &overview.status.stale_reason {
            let line = wrapped(&sanitize::visible_line(&format!("stale, {reason}")), width);
            bytes.extend_from_slice(format!("{}\n\n", palette.paint(Style::Yellow, &line)).as_bytes());
        }
        for (kind, rows) in KINDS.into_iter().zip(&overview.open) {
            bytes.extend_from_slice(
                format!("{}\n", palette.paint(Style::Bold, &open_title(kind, rows.len()))).as_bytes(),
            );
            self.open_rows(kind, rows, &mut bytes);
            bytes.push(b'\n');
        }
        let title = wrapped(&self.news_title(overview), width);
        let shown = &overview.changes[..overview.changes.len().min(MOST_CHANGES)];
        let (days, _) = self.days(Subject::Repo, zone, shown.iter().cloned().map(Ok::<_, Error>))?;
        bytes.extend_from_slice(format!("{}\n", palette.paint(Style::Bold, &title)).as_bytes());
        if !shown.is_empty() {
            bytes.push(b'\n');
            bytes.extend_from_slice(&days);
        }
        let left = overview.changes.len() - shown.len();
        if left > 0 {
            let more = with_command(&format!("and {left} more: gh pmu cache history --since last"), width);
            bytes.extend_from_slice(format!("\n{}\n", palette.paint(Style::Gray, &more)).as_bytes());
        }
        self.show(&bytes)
    }

    fn open_rows(&self, kind: Kind, rows: &[Row<'_>], bytes: &mut Vec<u8>) {
        let mut table = Table::without_header(3);
        for Row { tracker, .. } in &rows[..rows.len().min(MOST_OPEN)] {
            table.whole_cell(&format!("  #{}", tracker.number), Style::Green);
            table.cell(&sanitize::visible_line(TitleParts::of(kind, &tracker.title).name), Style::Plain);
            match tracker.created_at {
                Some(time) => {
                    let long = format!("open for {}", span(time, self.now));
                    table.cell_or(&long, &short(self.now, time), Style::Gray);
                }
                None => table.cell("", Style::Gray),
            }
        }
        table.render(self.terminal.width(), self.terminal.palette, bytes);
        if rows.len() > MOST_OPEN {
            let more = format!("  and {} more: gh pmu {kind} list --state open", rows.len() - MOST_OPEN);
            let more = self.terminal.palette.paint(Style::Gray, &with_command(&more, self.terminal.width()));
            bytes.extend_from_slice(format!("{more}\n").as_bytes());
        }
    }

    fn news_title(&self, overview: &Overview<'_>) -> String {
        let count = overview.changes.len();
        match overview.asked_at {
            None if count == 0 => "Nothing has changed yet".to_owned(),
            None => "Latest changes".to_owned(),
            Some(time) => {
                let changes = if count == 0 { "No changes".to_owned() } else { counted(count as u64, "change") };
                format!("{changes} since you last asked, {}", ago(self.now, time))
            }
        }
    }

    /// The open trackers as lists have them behind their kind, then `--`, then what is new as history has it.
    fn overview_tsv(&mut self, overview: &Overview<'_>) -> Result<(), Error> {
        let mut lines = self.portions();
        for Row { tracker, .. } in overview.open.iter().flatten() {
            let out = &mut lines.buffer;
            out.extend_from_slice(format!("{}\t{}\t", tracker.kind, tracker.number).as_bytes());
            tsv::text(out, &tracker.title, false);
            let created = tracker.created_at.map(|time| time.to_string()).unwrap_or_default();
            out.extend_from_slice(format!("\t{created}\n").as_bytes());
            lines.row_done()?;
        }
        lines.buffer.extend_from_slice(b"--\n");
        lines.finish()?;
        self.history_tsv(false, overview.changes.iter().cloned().map(Ok::<_, Error>))
    }
}

fn open_title(kind: Kind, count: usize) -> String {
    match count {
        0 => format!("No {kind} is open"),
        1 => format!("1 open {kind}"),
        _ => format!("{count} open {kind}s"),
    }
}

fn write_json(overview: &Overview<'_>, text: Text, out: &mut Vec<u8>) {
    let status = &overview.status;
    out.push(b'{');
    let mut json = JsonWriter::new(out, text);
    json.key("repo").string(&status.repo.to_string());
    for (key, rows) in ["releases", "microsprints"].into_iter().zip(&overview.open) {
        json.key(key).raw("[");
        let mut fields = Fields::of(TrackerField::ALL, text);
        for (at, row) in rows.iter().enumerate() {
            json.raw(if at == 0 { "" } else { "," });
            fields.row(row, json.out);
        }
        json.raw("]");
    }
    json.key("lastAsked").time(overview.asked_at);
    json.key("changes").raw("[");
    for (at, change) in overview.changes.iter().enumerate() {
        json.raw(if at == 0 { "" } else { "," });
        write_event(EventField::ALL, text, change, json.out);
    }
    json.raw("]");
    json.key("source").string_or_null(status.source);
    json.key("manifestUpdatedAt").time(status.manifest_updated_at);
    json.key("checkedAt").time(status.checked_at);
    json.key("stale").boolean(status.stale_reason.is_some());
    json.key("staleReason").string_or_null(status.stale_reason.as_deref());
    json.raw("}\n");
}
