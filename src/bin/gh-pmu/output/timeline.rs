//! The timeline in a terminal: a bar for each tracker, fitted to the width; lines with tabs for scripts. Owns how bars
//! are drawn; must not know where trackers come from.

use gh_pmu::model::{Kind, Repo, State, TitleParts, Tracker, UnixMillis, counted};
use jiff::tz::TimeZone;

use super::axis::{Axis, Line};
use super::style::Style;
use super::width::{truncated, width_of};
use super::{Age, Output, sanitize, tsv};
use crate::exit::Error;

/// What a timeline is about.
#[derive(Clone, Copy, Debug)]
pub struct TimelineHead<'h> {
    /// Whose trackers.
    pub repo: &'h Repo,
    /// Where the axis begins; `None` for the first opening.
    pub from: Option<UnixMillis>,
    /// Where it ends; `None` for the present.
    pub to: Option<UnixMillis>,
    /// Whether a kind or a stretch of time was asked for.
    pub narrowed: bool,
    /// How old the answer is.
    pub age: Option<Age>,
}

/// Bars give way to names down to a third of the room, and this many columns.
const FEWEST_COLUMNS: usize = 10;
const BARS_PART: usize = 3;
/// Names are never cut below this.
const SHORTEST_NAME: usize = 8;
const GAP: usize = 2;

/// Where the parts of a line are.
struct Layout {
    name: usize,
    number: usize,
    axis: Axis,
    lines: Vec<Line>,
    /// The column of the present, if it is on the axis.
    today: Option<usize>,
}

impl Output<'_> {
    /// Prints the trackers with their bars; they come in the order in which they are shown, kind by kind.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn timeline(
        &mut self,
        head: &TimelineHead<'_>,
        trackers: &[Tracker<'_>],
        zone: &dyn Fn() -> TimeZone,
    ) -> Result<(), Error> {
        if !self.terminal.stdout {
            return self.timeline_tsv(trackers);
        }
        if trackers.is_empty() {
            let what = if head.narrowed { "no trackers match your search in" } else { "no trackers in" };
            self.note(&format!("{what} {}", head.repo));
            return Ok(());
        }
        let layout = self.layout(head, trackers, zone);
        let count = counted(trackers.len() as u64, "tracker");
        let title = format!("Showing {count} in {}, from opened to closed", head.repo);
        let mut out = self.heading(&title, head.age.as_ref()).into_bytes();
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            let mut of_kind = trackers.iter().filter(|tracker| tracker.kind == kind).peekable();
            if of_kind.peek().is_some() {
                // The second kind, if there are two, is a part of its own.
                out.extend_from_slice(if at > 0 && trackers[0].kind != kind { b"\n" } else { b"" });
                self.axis_line(kind, &layout, &mut out);
            }
            of_kind.for_each(|tracker| self.bar_line(tracker, &layout, &mut out));
        }
        self.show(&out)
    }

    fn timeline_tsv(&mut self, trackers: &[Tracker<'_>]) -> Result<(), Error> {
        let mut lines = self.portions();
        let (mut created, mut closed) = (tsv::Times::new(), tsv::Times::new());
        for tracker in trackers {
            let out = &mut lines.buffer;
            out.extend_from_slice(tracker.kind.as_str().as_bytes());
            out.push(b'\t');
            tsv::number(out, tracker.number.get());
            out.push(b'\t');
            out.extend_from_slice(tracker.state.as_str().as_bytes());
            out.push(b'\t');
            tsv::text(out, &tracker.title, false);
            created.end_line(out, &mut closed, [tracker.created_at, tracker.closed_at]);
            lines.row_done()?;
        }
        lines.finish()
    }

    fn layout(&self, head: &TimelineHead<'_>, trackers: &[Tracker<'_>], zone: &dyn Fn() -> TimeZone) -> Layout {
        let width = self.terminal.width();
        let number = trackers.iter().map(|tracker| number_of(tracker).len()).max().unwrap_or(0);
        let names = trackers.iter().map(|tracker| width_of(&name_of(tracker)));
        let headings = Kind::ALL.map(|kind| heading(kind).len());
        let longest = names.chain(headings).max().unwrap_or(0);
        let room = width.saturating_sub(number + 2 * GAP);
        let name = longest.min(room.saturating_sub(FEWEST_COLUMNS.max(room / BARS_PART)).max(SHORTEST_NAME));
        let first = trackers.iter().filter_map(|tracker| tracker.created_at).min().unwrap_or(self.now);
        let to = head.to.unwrap_or(self.now);
        let from = head.from.unwrap_or(first).min(to);
        let axis = Axis { from, to, columns: room.saturating_sub(name).max(1) };
        let today = (self.now >= from && self.now <= to).then(|| (axis.halves(self.now) / 2).min(axis.columns - 1));
        Layout { name, number, lines: axis.lines(&zone()), axis, today }
    }

    /// `RELEASES  #   2024      Jun     today`
    fn axis_line(&self, kind: Kind, layout: &Layout, out: &mut Vec<u8>) {
        let mut axis = vec![' '; layout.axis.columns];
        let mut write = |column: usize, text: &str| {
            let end = column + text.chars().count();
            let is_free = end <= axis.len()
                && axis[column.saturating_sub(1)..(end + 1).min(axis.len())].iter().all(|c| *c == ' ');
            if is_free {
                axis[column..end].iter_mut().zip(text.chars()).for_each(|(cell, c)| *cell = c);
            }
        };
        if let Some(today) = layout.today {
            write(today.min(layout.axis.columns.saturating_sub("today".len())), "today");
        }
        layout.lines.iter().for_each(|line| write(line.column, &line.text));
        let axis: String = axis.into_iter().collect();
        let name = format!("{:width$}", truncated(heading(kind), layout.name).0, width = layout.name);
        let text = format!("{name}  {:number$}  {axis}", "", number = layout.number);
        // Colour underlines the whole of it.
        let text = if self.terminal.palette.is_on() { text.as_str() } else { text.trim_end() };
        let line = self.terminal.palette.paint(Style::Header, text);
        out.extend_from_slice(format!("{line}\n").as_bytes());
    }

    fn bar_line(&self, tracker: &Tracker<'_>, layout: &Layout, out: &mut Vec<u8>) {
        let palette = self.terminal.palette;
        let style = match tracker.state {
            State::Open => Style::Green,
            State::Closed => Style::Magenta,
        };
        let name = name_of(tracker);
        let (head, dots) = truncated(&name, layout.name);
        let padding = layout.name.saturating_sub(width_of(head) + dots.len());
        let number = format!("{:width$}", number_of(tracker), width = layout.number);
        out.extend_from_slice(format!("{head}{dots}{:padding$}  {}  ", "", palette.paint(style, &number)).as_bytes());
        self.bar(tracker, layout, style, out);
        while out.last() == Some(&b' ') {
            out.pop();
        }
        out.push(b'\n');
    }

    /// The bar, in halves of columns, between the lines of the axis.
    fn bar(&self, tracker: &Tracker<'_>, layout: &Layout, style: Style, out: &mut Vec<u8>) {
        let (palette, axis) = (self.terminal.palette, &layout.axis);
        let (start, end) = ends(tracker, axis, self.now);
        let goes_on = tracker.state == State::Open;
        let last = (end - 1) / 2;
        let mut bar = String::new();
        let mut before = String::new();
        let mut after = String::new();
        for column in 0..axis.columns {
            let halves = (2 * column >= start && 2 * column < end, 2 * column + 1 >= start && 2 * column + 1 < end);
            let part = match halves {
                (false, false) => None,
                _ if goes_on && column == last => Some('▸'),
                (true, true) => Some('━'),
                (false, true) => Some('╺'),
                (true, false) => Some('╸'),
            };
            let is_line = layout.lines.iter().any(|line| line.column == column);
            let empty = match (layout.today == Some(column), is_line) {
                (true, _) => '│',
                (false, true) => '┊',
                (false, false) => ' ',
            };
            match part {
                Some(part) => bar.push(part),
                None if bar.is_empty() => before.push(empty),
                None => after.push(empty),
            }
        }
        let after = after.trim_end();
        let gray = |text: &str| if text.trim().is_empty() { text.to_owned() } else { palette.paint(Style::Gray, text) };
        out.extend_from_slice(format!("{}{}{}", gray(&before), palette.paint(style, &bar), gray(after)).as_bytes());
    }
}

/// The first half column of the bar and the one after its last; at least one between them. Of what was opened nobody knows
/// when, only the end is drawn.
fn ends(tracker: &Tracker<'_>, axis: &Axis, now: UnixMillis) -> (usize, usize) {
    let most = 2 * axis.columns;
    let start = tracker.created_at.map(|time| axis.halves(time).min(most - 1));
    let end = match (tracker.state, tracker.closed_at) {
        (State::Open, _) => axis.halves(now) + 1,
        (State::Closed, Some(closed)) => axis.halves(closed),
        (State::Closed, None) => start.unwrap_or(0) + 1,
    };
    let start = start.unwrap_or(end.saturating_sub(1).min(most - 1));
    (start, end.clamp(start + 1, most))
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Release => "RELEASES",
        Kind::Microsprint => "MICROSPRINTS",
    }
}

fn name_of(tracker: &Tracker<'_>) -> String {
    sanitize::visible_line(TitleParts::of(tracker.kind, &tracker.title).name).into_owned()
}

fn number_of(tracker: &Tracker<'_>) -> String {
    format!("#{}", tracker.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_opened_nobody_knows_when_has_its_end_alone() {
        let time = |millis| UnixMillis::new(millis).unwrap();
        let axis = Axis { from: time(0), to: time(100), columns: 10 };
        let tracker = |state, created_at: Option<i64>, closed_at: Option<i64>| Tracker {
            kind: Kind::Release,
            number: gh_pmu::model::TrackerNumber::new(1).unwrap(),
            title: "Release: v1".into(),
            state,
            created_at: created_at.map(time),
            closed_at: closed_at.map(time),
        };
        for (state, created, closed, expected) in [
            (State::Open, Some(50), None, (10, 20)),
            (State::Open, None, None, (19, 20)),
            (State::Closed, Some(20), Some(50), (4, 10)),
            (State::Closed, None, Some(50), (9, 10)),
            (State::Closed, None, None, (0, 1)),
        ] {
            assert_eq!(
                ends(&tracker(state, created, closed), &axis, time(100)),
                expected,
                "{state:?} {created:?} {closed:?}"
            );
        }
    }
}
