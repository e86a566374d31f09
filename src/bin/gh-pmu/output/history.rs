//! What changed: days and signs for people, tab-separated lines for scripts, JSON for programs. Owns columns and
//! fields; must not know where events are kept.

use gh_pmu::model::{Change, Kind, Times, TitleParts, UnixMillis, counted};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::age::Age;
use super::event::{EventRow, write_array};
use super::fields::EventField;
use super::style::Style;
use super::width::{truncated, width_of};
use super::{Output, Place, sanitize, tsv};
use crate::cli::JsonOptions;
use crate::exit::Error;

/// What a history is about.
#[derive(Clone, Copy, Debug)]
pub struct HistoryHead<'h> {
    /// Whose changes.
    pub place: Place<'h>,
    /// Whether it is narrowed to some events.
    pub searched: bool,
    /// How many events there are without the limit.
    pub total: u64,
    /// From which moment on, and up to which, as they are told.
    pub moments: &'h str,
    /// How old the answer is.
    pub age: Option<Age>,
}

/// Whose events stand in the lines: what they have in common is not said in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Repos,
    Repo,
    Tracker,
}

impl Subject {
    fn of(with_repo: bool) -> Self {
        if with_repo { Self::Repos } else { Self::Repo }
    }

    /// News are cut to no less than this before a column is left out for them.
    fn least_news(self) -> usize {
        if self == Self::Tracker { 8 } else { 24 }
    }
}

impl Output<'_> {
    /// A moment in local time, as `--as-of` and `--since` take it: to the second, where that is not where a minute begins
    /// or ends.
    pub fn moment(&self, time: UnixMillis, zone: &dyn Fn() -> TimeZone) -> String {
        let of_minute = time.get().rem_euclid(60_000);
        let seconds = if matches!(of_minute, 0 | 59_999) { String::new() } else { format!(":{:02}", of_minute / 1000) };
        self.minute(time, zone) + &seconds
    }

    /// A local time of people's own, to the minute.
    pub(super) fn minute(&self, time: UnixMillis, zone: &dyn Fn() -> TimeZone) -> String {
        let (day, clock) = local(time, &zone());
        format!("{day} {clock}")
    }

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
            None => self.history_tsv(head.place.is_many(), rows),
        }
    }

    pub(super) fn history_tsv<'r, I, E>(&mut self, with_repo: bool, rows: I) -> Result<(), Error>
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
        self.json(&options.shape, |text, lines| write_array(&EventField::all_named(&options.fields), text, rows, lines))
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
        let (bytes, shown) = self.days(Subject::of(head.place.is_many()), zone, rows)?;
        if shown == 0 {
            let place = head.place.any();
            let what = if head.searched { "no changes match your search in" } else { "no changes in" };
            self.note(&format!("{what} {place}{}", head.moments));
            return Ok(());
        }
        let heading = self.heading(&title(head, shown), head.age.as_ref()).into_bytes();
        self.show(&[heading, bytes].concat())
    }

    /// Prints what came after a history that was printed, without a heading.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub fn more_history<'r>(
        &mut self,
        with_repo: bool,
        json: Option<&JsonOptions>,
        zone: &dyn Fn() -> TimeZone,
        rows: impl Iterator<Item = Result<EventRow<'r>, Error>>,
    ) -> Result<(), Error> {
        match json {
            Some(options) => self.history_json(options, rows),
            None if self.terminal.stdout => {
                let (bytes, _) = self.days(Subject::of(with_repo), zone, rows)?;
                self.write(&bytes)
            }
            None => self.history_tsv(with_repo, rows),
        }
    }

    /// The lines under their days, and how many there are.
    pub(super) fn days<'r, I, E>(
        &self,
        subject: Subject,
        zone: &dyn Fn() -> TimeZone,
        rows: I,
    ) -> Result<(Vec<u8>, u64), Error>
    where
        I: IntoIterator<Item = Result<EventRow<'r>, E>>,
        Error: From<E>,
    {
        let rows = rows.into_iter().collect::<Result<Vec<_>, E>>()?;
        let columns = Columns::of(&rows, subject, self.terminal.width());
        let (zone, mut bytes, mut day) = (zone(), Vec::new(), String::new());
        for (at, row) in rows.iter().enumerate() {
            let (this_day, clock) = local(row.changed_at, &zone);
            if this_day != day {
                let heading = self.terminal.palette.paint(Style::Bold, &this_day);
                let gap = if at > 0 { "\n" } else { "" };
                bytes.extend_from_slice(format!("{gap}{heading}\n").as_bytes());
                day = this_day;
            }
            self.history_line(row, &clock, &columns, &mut bytes);
        }
        Ok((bytes, rows.len() as u64))
    }

    /// `+ 09:30  @412  added  release #430  Release: v1.0.0`, and less where there is no room: number and news stay.
    fn history_line(&self, row: &EventRow<'_>, clock: &str, columns: &Columns, out: &mut Vec<u8>) {
        let (sign, style) = sign(&row.event.change);
        let palette = self.terminal.palette;
        let ([aside, word, rest], room) = columns.line(row, clock);
        let news = columns.news(row);
        let news = news.iter().find(|news| width_of(news) <= room).unwrap_or(&news[news.len() - 1]);
        let (fitting, dots) = truncated(news, room);
        // The word is coloured with its sign.
        let (sign, aside) = (palette.paint(style, sign), palette.paint(Style::Gray, &aside));
        let line = format!("{sign} {aside}{}{rest}{fitting}{dots}", palette.paint(style, &word));
        out.extend_from_slice(line.trim_end().as_bytes());
        out.push(b'\n');
    }
}

/// The widths of what stands before the news, the same for all lines that have room for it.
struct Columns {
    subject: Subject,
    /// Whether titles stand without their prefix, since one of them would not fit with it.
    bare: bool,
    seq: usize,
    /// `release #430`
    tracker: usize,
    /// `#430`
    number: usize,
    repo: usize,
    /// Of the terminal.
    width: usize,
}

impl Columns {
    fn of(rows: &[EventRow<'_>], subject: Subject, width: usize) -> Self {
        let digits = |number: u64| number.checked_ilog10().unwrap_or_default() as usize + 1;
        let widest = |least: usize, of: &dyn Fn(&EventRow<'_>) -> usize| rows.iter().map(of).fold(least, usize::max);
        let number = |row: &EventRow<'_>| 1 + digits(row.event.number.get());
        let with_repo = subject == Subject::Repos;
        let columns = Self {
            subject,
            bare: false,
            seq: widest(6, &|row| 1 + digits(row.seq.0)),
            tracker: widest(16, &|row| row.event.kind.as_str().len() + 1 + number(row)),
            number: widest(5, &number),
            repo: if with_repo { widest(0, &|row| row.repo.to_string().len()) } else { 0 },
            width,
        };
        // A clock is as wide as another.
        let fits = |row: &EventRow<'_>| width_of(&columns.news(row)[0]) <= columns.line(row, "00:00").1;
        Self { bare: !rows.iter().all(fits), ..columns }
    }

    /// What is new, in full and ever shorter: the new title is the last to go.
    fn news(&self, row: &EventRow<'_>) -> Vec<String> {
        let mut news = news(&row.event.change, row.event.kind, self.subject);
        if self.bare && news.len() > 1 {
            news.remove(0);
        }
        news
    }

    /// What stands before the word of the change, the word, and what stands after it; how much is left for the news.
    fn line(&self, row: &EventRow<'_>, clock: &str) -> ([String; 3], usize) {
        let seq = format!("{}{}", if row.is_provisional { '~' } else { '@' }, row.seq);
        let seq = format!("{seq:>0$}  ", self.seq);
        let word = format!("{:8}  ", row.event.change.as_str());
        let number = format!("#{}", row.event.number);
        let with_repo = self.subject == Subject::Repos;
        let repo = if with_repo { row.repo.to_string() } else { String::new() };
        let tracker = format!("{:1$}  ", format!("{} {number}", row.event.kind), self.tracker);
        let right = format!("{number:>0$}  ", self.number);
        // A number says nothing without its repository.
        let short = if with_repo { format!("{repo}{number}  ") } else { right.clone() };
        let timed = format!("{clock}  {seq}");
        let (of_one, of_many) = (
            [[&*timed, &*word, "", ""]],
            [[&*timed, &*word, &*tracker, &*repo], [&timed, &word, &right, &repo], [&seq, &word, &short, ""]],
        );
        let is_of_one = self.subject == Subject::Tracker;
        let forms = if is_of_one { &of_one[..] } else { &of_many };
        let least = self.subject.least_news();
        let mut columns = forms.iter().filter_map(|[aside, word, tracker, repo]| {
            let room = self.width.checked_sub(2 + aside.len() + word.len() + tracker.len() + least)?;
            let padded = self.repo.min(room.saturating_sub(2));
            let repo = if repo.is_empty() { String::new() } else { format!("{repo:padded$}  ") };
            let room = room.checked_sub(repo.len())? + least;
            Some(([aside.to_string(), word.to_string(), format!("{tracker}{repo}")], room))
        });
        columns.next().unwrap_or_else(|| {
            let (word, short) = if is_of_one { (word.clone(), String::new()) } else { (String::new(), short.clone()) };
            let room = self.width.saturating_sub(2 + word.len() + short.len());
            ([String::new(), word, short], room)
        })
    }
}

fn title(head: &HistoryHead<'_>, shown: u64) -> String {
    let total = head.total.max(shown);
    let changes = counted(total, "change");
    let place = head.place.all(head.searched, total);
    format!("Showing {shown} of {changes} in {place}{}", head.moments)
}

fn news(change: &Change<'_>, kind: Kind, subject: Subject) -> Vec<String> {
    let line = |text: &str| sanitize::visible_line(text).into_owned();
    let name = |title: &str| line(TitleParts::of(kind, title).name);
    match change {
        Change::Retitled { before, after, .. } => vec![
            format!("{} → {}", line(before), line(after)),
            format!("{} → {}", name(before), name(after)),
            format!("→ {}", name(after)),
        ],
        Change::Redated { before, after, .. } if subject == Subject::Tracker => vec![moved(*before, *after)],
        Change::Redated { title, before, after, .. } => vec![
            format!("{} ({})", line(title), moved(*before, *after)),
            format!("{} ({})", name(title), moved(*before, *after)),
            name(title),
        ],
        _ if subject == Subject::Tracker => vec![String::new()],
        change => vec![line(change.title()), name(change.title())],
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
pub(super) fn local(time: UnixMillis, zone: &TimeZone) -> (String, String) {
    let Ok(time) = Timestamp::from_millisecond(time.get()) else {
        // The last hours of 9999, which have no local time: in UTC.
        let text = time.to_string();
        return (text[..10].to_owned(), text[11..16].to_owned());
    };
    let time = zone.to_datetime(time);
    (time.date().to_string(), format!("{:02}:{:02}", time.hour(), time.minute()))
}
