//! Time from left to right in a terminal: which column a moment is in, and which days have a line of their own. Owns
//! that arithmetic; must not know what is drawn on it.

use gh_pmu::model::UnixMillis;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A stretch of time over some columns.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Its left end.
    pub from: UnixMillis,
    /// Its right end, after the left one.
    pub to: UnixMillis,
    /// How many columns it takes, at least one.
    pub columns: usize,
}

/// A day that has a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In which column.
    pub column: usize,
    /// Its name: `2024`, `Jun`, `3 Jun`.
    pub text: String,
}

/// From one line to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Days(i16),
    Months(i16),
    Years(i16),
}

const STEPS: [Step; 11] = [
    Step::Days(1),
    Step::Days(7),
    Step::Months(1),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(100),
    Step::Years(1000),
];

/// What the longest name of a line takes, and a space.
const LINE_COLUMNS: usize = 9;

impl Axis {
    /// The half columns left of a moment, from 0 to twice the columns; a moment beyond an end counts as that end.
    pub fn halves(&self, time: UnixMillis) -> usize {
        let whole = i128::from(self.to.get()) - i128::from(self.from.get());
        let part = (i128::from(time.get()) - i128::from(self.from.get())).clamp(0, whole.max(0));
        let halves = 2 * self.columns as i128;
        // The cast keeps the value: it is at most `halves`.
        (part * halves / whole.max(1)) as usize
    }

    /// The lines, left to right: as many as there is room to name, and one at least if there is a round day.
    pub fn lines(&self, zone: &TimeZone) -> Vec<Line> {
        // The cast keeps the value: no terminal has so many columns.
        let most = (self.columns / LINE_COLUMNS).max(1) as i64;
        let (Some(first), Some(last)) = (day_of(self.from, zone), day_of(self.to, zone)) else { return Vec::new() };
        let days = (self.to.get() - self.from.get()) / 86_400_000;
        let fitting = STEPS.iter().position(|step| days <= most * step.days()).unwrap_or(STEPS.len() - 1);
        let lines = |step: &Step| self.lines_of(*step, (first, last), zone);
        STEPS[..=fitting].iter().rev().map(lines).find(|lines| !lines.is_empty()).unwrap_or_default()
    }

    fn lines_of(&self, step: Step, (first, last): (Date, Date), zone: &TimeZone) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let (mut day, mut named) = (step.first(first), None);
        while let Some(this) = day.filter(|day| *day <= last) {
            let start =
                this.to_zoned(zone.clone()).ok().and_then(|start| UnixMillis::new(start.timestamp().as_millisecond()));
            if let Some(start) = start.filter(|start| *start >= self.from && *start < self.to) {
                let column = self.halves(start) / 2;
                if lines.last().is_none_or(|last| last.column < column) {
                    named = named.or(Some(this));
                    lines.push(Line { column, text: step.name(this) });
                }
            }
            day = this.checked_add(step.span()).ok();
        }
        // One of them says in which year it all is.
        let is_year = |line: &Line| line.text.bytes().all(|c| c.is_ascii_digit());
        if let (Some(line), Some(day)) = (lines.first_mut(), named)
            && !is_year(line)
        {
            line.text += &day.strftime(" %Y").to_string();
        }
        lines
    }
}

impl Step {
    fn days(self) -> i64 {
        match self {
            Step::Days(count) => i64::from(count),
            Step::Months(count) => i64::from(count) * 30,
            Step::Years(count) => i64::from(count) * 365,
        }
    }

    fn span(self) -> Span {
        match self {
            Step::Days(count) => Span::new().days(count),
            Step::Months(count) => Span::new().months(count),
            Step::Years(count) => Span::new().years(count),
        }
    }

    /// The last round day up to and at `day`: a Monday, the start of a quarter, a year that the step divides.
    fn first(self, day: Date) -> Option<Date> {
        match self {
            Step::Days(7) => day.checked_sub(Span::new().days(day.weekday().to_monday_zero_offset())).ok(),
            Step::Days(_) => Some(day),
            Step::Months(count) => {
                let month = i16::from(day.month()) - 1;
                // OK because a month of 0 to 11 fits.
                let month = i8::try_from(month - month % count + 1).ok()?;
                Date::new(day.year(), month, 1).ok()
            }
            Step::Years(count) => Date::new(day.year() - day.year().rem_euclid(count), 1, 1).ok(),
        }
    }

    fn name(self, day: Date) -> String {
        match self {
            Step::Years(_) => day.strftime("%Y").to_string(),
            _ if (day.month(), day.day()) == (1, 1) => day.strftime("%Y").to_string(),
            Step::Months(_) => day.strftime("%b").to_string(),
            Step::Days(_) => day.strftime("%-d %b").to_string(),
        }
    }
}

fn day_of(time: UnixMillis, zone: &TimeZone) -> Option<Date> {
    Some(Timestamp::from_millisecond(time.get()).ok()?.to_zoned(zone.clone()).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(from: &str, to: &str, columns: usize) -> String {
        let at = |text: &str| UnixMillis::parse_rfc3339(&format!("{text}T00:00:00Z")).unwrap();
        let axis = Axis { from: at(from), to: at(to), columns };
        let lines = axis.lines(&TimeZone::UTC);
        lines.iter().map(|line| format!("{}@{}", line.text, line.column)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lines_are_at_round_days_as_close_as_their_names_allow() {
        assert_eq!(lines("2024-12-20", "2024-12-24", 40), "20 Dec 2024@0 21 Dec@10 22 Dec@20 23 Dec@30");
        assert_eq!(lines("2024-12-20", "2025-01-24", 60), "23 Dec 2024@5 30 Dec@17 6 Jan@29 13 Jan@41 20 Jan@53");
        assert_eq!(lines("2024-11-20", "2025-03-20", 60), "Dec 2024@5 2025@21 Feb@36 Mar@50");
        assert_eq!(lines("2022-02-20", "2025-03-20", 40), "2023@11 2024@24 2025@37");
        assert_eq!(lines("1970-01-01", "2025-03-20", 20), "2000@10");
        assert_eq!(lines("2024-11-03", "2024-12-20", 10), "Dec 2024@5", "a quarter has no round day in it");
    }

    #[test]
    fn no_axis_has_more_lines_than_columns_or_a_line_outside() {
        let ends = [
            UnixMillis::MIN,
            UnixMillis::new(0).unwrap(),
            UnixMillis::new(1_735_034_400_000).unwrap(),
            UnixMillis::MAX,
        ];
        for (at, from) in ends.into_iter().enumerate() {
            for to in &ends[at..] {
                for columns in [1, 2, 9, 40, 200] {
                    let axis = Axis { from, to: *to, columns };
                    let lines = axis.lines(&TimeZone::UTC);
                    assert!(lines.len() <= columns && lines.iter().all(|line| line.column < columns), "{axis:?}");
                    assert!(axis.halves(UnixMillis::MAX) <= 2 * columns && axis.halves(UnixMillis::MIN) == 0);
                }
            }
        }
    }
}
