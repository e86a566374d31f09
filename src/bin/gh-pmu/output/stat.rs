//! Changes counted by week and event, with a bar for each week. Owns the table and what is counted; must not know where
//! events are kept.

use std::collections::BTreeMap;

use gh_pmu::model::{Change, UnixMillis, counted};
use gh_pmu::query::Order;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::event::EventRow;
use super::history::HistoryHead;
use super::relative::span;
use super::style::Style;
use super::table::{Column, Narrow, Table};
use super::width::wrapped;
use super::{Output, Portions};
use crate::exit::Error;

/// The words of events, in the order of the columns.
const WORDS: [&str; 6] = ["added", "closed", "reopened", "retitled", "redated", "removed"];
const HEADERS: [&str; 6] = ["ADDED", "CLOSED", "REOPENED", "RETITLED", "REDATED", "REMOVED"];
const SHORT_HEADERS: [&str; 6] = ["ADD", "CLO", "REO", "RET", "RED", "REM"];
/// What stands above the bars; shorter ones say nothing.
const BAR: &str = "CHANGES";
const LONGEST_BAR: usize = 20;

/// What was counted.
#[derive(Default)]
struct Counts {
    /// By the Monday of the week; events in the order of [`WORDS`].
    weeks: BTreeMap<Date, [u64; 6]>,
    /// How long each tracker that was closed had been open, in milliseconds.
    open_for: Vec<i64>,
}

impl Counts {
    fn add(&mut self, row: &EventRow<'_>, zone: &TimeZone) {
        if let Some(week) = week_of(row.changed_at, zone) {
            self.weeks.entry(week).or_default()[column_of(&row.event.change)] += 1;
        }
        if let Change::Closed { after, .. } = &row.event.change
            && let (Some(created), Some(closed)) = (after.created_at, after.closed_at)
        {
            // What was closed before it was opened was open for no time.
            self.open_for.push(closed.get().saturating_sub(created.get()).max(0));
        }
    }

    /// The weeks with their events.
    fn in_order(&self, order: Order) -> Box<dyn Iterator<Item = (&Date, &[u64; 6])> + '_> {
        match order {
            Order::Ascending => Box::new(self.weeks.iter()),
            Order::Descending => Box::new(self.weeks.iter().rev()),
        }
    }

    /// The median time open, of whole milliseconds: of two in the middle, half-way between them.
    fn median(&mut self) -> Option<i64> {
        let count = self.open_for.len();
        let (before, middle, _) = self.open_for.select_nth_unstable((count / 2).min(count.checked_sub(1)?));
        let other = before.iter().max().filter(|_| count.is_multiple_of(2)).unwrap_or(middle);
        Some(other + (*middle - other) / 2)
    }
}

fn column_of(change: &Change<'_>) -> usize {
    match change {
        Change::Added { .. } => 0,
        Change::Closed { .. } => 1,
        Change::Reopened { .. } => 2,
        Change::Retitled { .. } => 3,
        Change::Redated { .. } => 4,
        Change::Removed { .. } => 5,
    }
}

fn week_of(time: UnixMillis, zone: &TimeZone) -> Option<Date> {
    let date = zone.to_datetime(Timestamp::from_millisecond(time.get()).ok()?).date();
    date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()
}

impl Output<'_> {
    /// Prints how many changes there were in each week.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn stat<'r>(
        &mut self,
        head: &HistoryHead<'_>,
        zone: &dyn Fn() -> TimeZone,
        order: Order,
        rows: impl Iterator<Item = EventRow<'r>>,
    ) -> Result<(), Error> {
        let zone = zone();
        let (mut counts, mut total) = (Counts::default(), 0);
        for row in rows {
            counts.add(&row, &zone);
            total += 1;
        }
        if !self.terminal.stdout {
            return self.stat_tsv(&mut counts, order);
        }
        if total == 0 {
            return self.history(head, None, &|| zone.clone(), std::iter::empty::<Result<EventRow<'_>, Error>>());
        }
        let place = head.place.all(head.searched, total);
        let title = format!("{} in {place}{} by week", counted(total, "change"), head.moments);
        let mut bytes = self.heading(&title, head.age.as_ref()).into_bytes();
        self.stat_table(&counts, order, &mut bytes);
        if let Some(median) = counts.median() {
            let open = span(UnixMillis::saturating(0), UnixMillis::saturating(median));
            let trackers = counted(counts.open_for.len() as u64, "closed tracker");
            let line = format!("median time open: {open} ({trackers})");
            bytes.extend_from_slice(format!("\n{}\n", wrapped(&line, self.terminal.width())).as_bytes());
        }
        self.show(&bytes)
    }

    fn stat_table(&self, counts: &Counts, order: Order, out: &mut Vec<u8>) {
        let width = self.terminal.width();
        let is_counted = |at: &usize| counts.weeks.values().any(|week| week[*at] > 0);
        let needed = |headers: [&str; 6]| -> usize {
            let columns = (0..WORDS.len()).filter(is_counted).map(|at| 2 + headers[at].len());
            "2024-12-23".len() + columns.sum::<usize>()
        };
        let headers = if needed(HEADERS) <= width { HEADERS } else { SHORT_HEADERS };
        let longest = width.saturating_sub(needed(headers) + 2).min(LONGEST_BAR);
        let bar = (longest >= BAR.len()).then(|| Column::new(BAR, Narrow::Stays));
        let words = headers.map(|header| Column::new(header, Narrow::Stays));
        let mut table =
            Table::new([Column::new("WEEK OF", Narrow::Stays)].into_iter().chain(words).chain(bar).collect());
        let most = counts.weeks.values().map(|week| week.iter().sum::<u64>()).max().unwrap_or(0).max(1);
        let mut before: Option<Date> = None;
        for (monday, week) in counts.in_order(order) {
            // Weeks in which nothing happened.
            if before.replace(*monday).is_some_and(|before| (before - *monday).get_days().abs() > 7) {
                table.cell("⋮", Style::Gray);
                (0..headers.len() + bar.iter().len()).for_each(|_| table.cell("", Style::Plain));
            }
            table.cell(&monday.to_string(), Style::Plain);
            for (count, header) in week.iter().zip(headers) {
                let count = if *count == 0 { String::new() } else { format!("{count:>0$}", header.len()) };
                table.cell(&count, Style::Plain);
            }
            if bar.is_some() {
                let length = (week.iter().sum::<u64>() * longest as u64).div_ceil(most);
                // The cast keeps the value: it is no more than the longest.
                table.cell(&"▇".repeat(length as usize), Style::Green);
            }
        }
        table.render(width, self.terminal.palette, out);
    }

    /// `2025-06-09  closed  3`: a line for each week and event that there was.
    /// Behind them the seconds of the median time open, which is of no one week.
    fn stat_tsv(&mut self, counts: &mut Counts, order: Order) -> Result<(), Error> {
        let mut lines: Portions<'_> = self.portions();
        for (monday, week) in counts.in_order(order) {
            for (word, count) in WORDS.iter().zip(week).filter(|(_, count)| **count > 0) {
                lines.buffer.extend_from_slice(format!("{monday}\t{word}\t{count}\n").as_bytes());
            }
            lines.row_done()?;
        }
        if let Some(median) = counts.median() {
            lines.buffer.extend_from_slice(format!("\tmedian time open\t{}\n", median / 1000).as_bytes());
        }
        lines.finish()
    }
}
