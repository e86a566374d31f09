//! Tables fitted to a terminal's width. Owns columns, widths, and what gives way where there is no room; must not know
//! what the cells mean.

use std::borrow::Cow;
use std::ops::Range;

use super::style::{Palette, Style};
use super::width::{cut, width_of};

const GAP: usize = 2;
/// What stands for a beginning that is cut off.
const DOTS: &str = "...";

/// What becomes of a column where not all of them fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrow {
    /// It stays as it is.
    Stays,
    /// Its texts are cut to its share of the room, but not those that must stay whole.
    IsCut,
    /// It is left out, the lowest turn first; before that, its texts are cut to no less than `min` columns.
    GivesWay { turn: u8, min: usize },
    /// It is left out when even short pieces of the names do not fit beside it.
    GivesWayLast,
}

/// A column's heading, and how it gives way.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    header: &'static str,
    narrow: Narrow,
}

impl Column {
    /// A column with a heading.
    pub const fn new(header: &'static str, narrow: Narrow) -> Self {
        Self { header, narrow }
    }
}

/// A text is as short as this before another column is left out for it.
const LEAST_NAME: usize = 8;

/// Cells, row by row, their texts one after the other.
pub struct Table {
    columns: Vec<Column>,
    has_header: bool,
    text: String,
    cells: Vec<Cell>,
}

struct Cell {
    /// The end of its text, and of the short form that may stand after it.
    end: usize,
    short_end: usize,
    width: usize,
    short_width: usize,
    /// The part of the text that may not be cut.
    kept: Range<usize>,
    /// What that needs, with dots for what is cut before and behind it.
    least: usize,
    style: Style,
}

/// The columns that are shown.
struct Layout {
    /// `None` if the column is left out.
    widths: Vec<Option<usize>>,
    short: bool,
}

impl Table {
    /// An empty table.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, has_header: true, text: String::new(), cells: Vec::new() }
    }

    /// An empty table without a header, whose columns are all cut where there is no room.
    pub fn without_header(columns: usize) -> Self {
        let columns = vec![Column::new("", Narrow::IsCut); columns];
        Self { columns, has_header: false, text: String::new(), cells: Vec::new() }
    }

    /// The next cell, left to right, then down. The text is safe to show; escape sequences in it are wanted.
    pub fn cell(&mut self, text: &str, style: Style) {
        self.push(text, "", 0..0, style);
    }

    /// A cell whose text is never cut.
    pub fn whole_cell(&mut self, text: &str, style: Style) {
        self.push(text, "", 0..text.len(), style);
    }

    /// A cell of which a part is never cut.
    pub fn cell_with(&mut self, text: &str, kept: Range<usize>, style: Style) {
        self.push(text, "", kept, style);
    }

    /// A cell with a shorter form for a narrow terminal.
    pub fn cell_or(&mut self, text: &str, short: &str, style: Style) {
        self.push(text, short, 0..0, style);
    }

    fn push(&mut self, text: &str, short: &str, kept: Range<usize>, style: Style) {
        self.text.push_str(text);
        let end = self.text.len();
        self.text.push_str(short);
        let width = width_of(text);
        let short_width = if short.is_empty() { width } else { width_of(short) };
        let dots = |is_cut: bool| if is_cut { DOTS.len() } else { 0 };
        let beside = dots(kept.start > 0) + dots(kept.end < text.len());
        let least = if kept.is_empty() { 0 } else { (width_of(&text[kept.clone()]) + beside).min(width) };
        self.cells.push(Cell { end, short_end: self.text.len(), width, short_width, kept, least, style });
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.cells.len() / self.columns.len()
    }

    /// Appends header and rows. None is wider than `width`, unless what is never cut needs more.
    pub fn render(&self, width: usize, palette: Palette, out: &mut Vec<u8>) {
        let layout = self.layout(width);
        let last = layout.widths.iter().rposition(Option::is_some);
        let end = |column: usize| if Some(column) == last { &b"\n"[..] } else { b"  " };
        if self.has_header {
            for (column, Column { header, .. }) in self.columns.iter().enumerate() {
                let Some(room) = layout.widths[column] else { continue };
                // The header's line runs on to the end of the last column.
                put(out, header, header.len(), room, true, palette, Style::Header);
                out.extend_from_slice(end(column));
            }
        }
        let mut start = 0;
        for (at, cell) in self.cells.iter().enumerate() {
            let (column, from) = (at % self.columns.len(), start);
            start = cell.short_end;
            let Some(room) = layout.widths[column] else { continue };
            let (text, text_width) = match layout.short && cell.short_end > cell.end {
                true => (&self.text[cell.end..cell.short_end], cell.short_width),
                false => (&self.text[from..cell.end], cell.width),
            };
            let (text, text_width) = shortened(text, text_width, &cell.kept, room);
            put(out, &text, text_width, room, Some(column) != last, palette, cell.style);
            out.extend_from_slice(end(column));
        }
    }

    /// What each column needs: with long texts, with short ones, and for those that are never cut.
    fn needs(&self) -> [Vec<usize>; 3] {
        let count = self.columns.len();
        let headers = || self.columns.iter().map(|column| column.header.len()).collect::<Vec<_>>();
        let (mut long, mut short, mut whole) = (headers(), headers(), vec![0; count]);
        for (at, cell) in self.cells.iter().enumerate() {
            let column = at % count;
            long[column] = cell.width.max(long[column]);
            short[column] = cell.short_width.max(short[column]);
            whole[column] = cell.least.max(whole[column]);
        }
        [long, short, whole]
    }

    fn is_empty(&self, column: usize) -> bool {
        self.cells.iter().skip(column).step_by(self.columns.len()).all(|cell| cell.short_width == 0)
    }

    /// Everything if it fits; else short texts; else without what gives way; else with names cut.
    fn layout(&self, width: usize) -> Layout {
        let [long, short, whole] = self.needs();
        let mut shown: Vec<bool> =
            (0..self.columns.len()).map(|column| !self.has_header || !self.is_empty(column)).collect();
        let all = |shown: &[bool], widths: &[usize], short| {
            let widths = shown.iter().zip(widths).map(|(shown, width)| shown.then_some(*width)).collect();
            Layout { widths, short }
        };
        if total(&shown, &long) <= width {
            return all(&shown, &long, false);
        }
        let mut widths = short;
        self.give_way(&mut shown, &mut widths, &whole, width);
        if total(&shown, &widths) > width {
            self.cut_names(&shown, &mut widths, &whole, width);
        }
        all(&shown, &widths, true)
    }

    fn give_way(&self, shown: &mut [bool], widths: &mut [usize], whole: &[usize], width: usize) {
        let narrow = |column: &usize| self.columns[*column].narrow;
        let mut turns: Vec<usize> = (0..self.columns.len()).filter(|column| shown[*column]).collect();
        turns.sort_by_key(|column| match narrow(column) {
            Narrow::GivesWay { turn, .. } => turn,
            _ => u8::MAX,
        });
        for column in turns {
            let used = total(shown, widths);
            if used <= width {
                return;
            }
            match narrow(&column) {
                Narrow::Stays | Narrow::IsCut => {}
                Narrow::GivesWay { min, .. } => {
                    let room = (width + widths[column]).saturating_sub(used);
                    shown[column] = room >= min;
                    widths[column] = room;
                }
                Narrow::GivesWayLast => {
                    let least = self.least(widths, whole);
                    shown[column] = total(shown, &least) <= width;
                }
            }
        }
    }

    /// The widths with every name as short as it may be.
    fn least(&self, widths: &[usize], whole: &[usize]) -> Vec<usize> {
        let least = |(column, width): (usize, &usize)| match self.columns[column].narrow {
            Narrow::IsCut => whole[column].max(LEAST_NAME.min(*width)),
            _ => *width,
        };
        widths.iter().enumerate().map(least).collect()
    }

    /// Shares the room that the others leave among the columns that are cut.
    fn cut_names(&self, shown: &[bool], widths: &mut [usize], whole: &[usize], width: usize) {
        let is_name = |column: &usize| shown[*column] && self.columns[*column].narrow == Narrow::IsCut;
        let names: Vec<usize> = (0..widths.len()).filter(is_name).collect();
        let needed: Vec<usize> = names.iter().map(|column| widths[*column]).collect();
        let others = total(shown, widths) - needed.iter().sum::<usize>();
        for (column, fitted) in names.iter().zip(fitted(&needed, width.saturating_sub(others))) {
            widths[*column] = fitted.max(whole[*column]);
        }
        // What stays whole takes its room from the rest.
        for column in names.iter().rev() {
            let over = total(shown, widths).saturating_sub(width);
            let spare = widths[*column].saturating_sub(whole[*column].max(1));
            widths[*column] -= over.min(spare);
        }
    }
}

fn total(shown: &[bool], widths: &[usize]) -> usize {
    let count = shown.iter().filter(|shown| **shown).count();
    let sum: usize = shown.iter().zip(widths).filter(|(shown, _)| **shown).map(|(_, width)| width).sum();
    sum + GAP * count.saturating_sub(1)
}

/// The text without its beginning, where what is kept would be cut off with its end.
fn shortened<'t>(text: &'t str, width: usize, kept: &Range<usize>, room: usize) -> (Cow<'t, str>, usize) {
    let is_beyond = || width_of(&text[..kept.end]) + if kept.end < text.len() { DOTS.len() } else { 0 } > room;
    if kept.start == 0 || width <= room || !is_beyond() {
        return (Cow::Borrowed(text), width);
    }
    let text = format!("{DOTS}{}", &text[kept.start..]);
    let width = width_of(&text);
    (Cow::Owned(text), width)
}

fn put(out: &mut Vec<u8>, text: &str, text_width: usize, width: usize, pad: bool, palette: Palette, style: Style) {
    out.extend_from_slice(palette.start(style).as_bytes());
    let used = if text_width <= width {
        out.extend_from_slice(text.as_bytes());
        text_width
    } else {
        let (cut, used) = cut(text, width);
        out.extend_from_slice(cut.as_bytes());
        used
    };
    if pad {
        out.resize(out.len() + width.saturating_sub(used), b' ');
    }
    out.extend_from_slice(palette.end(style).as_bytes());
}

/// Short columns get what they need; the long ones share the rest of `room`.
fn fitted(widest: &[usize], room: usize) -> Vec<usize> {
    let columns = widest.len();
    let mut widths = vec![0; columns];
    let left = |widths: &[usize]| room.saturating_sub(widths.iter().sum::<usize>());
    let open = |widths: &[usize]| widths.iter().filter(|width| **width == 0).count();
    let share = left(&widths) / columns.max(1);
    for (width, widest) in widths.iter_mut().zip(widest) {
        if *widest < share {
            *width = *widest;
        }
    }
    if open(&widths) > 0 {
        let share = left(&widths) / open(&widths);
        for (width, widest) in widths.iter_mut().zip(widest) {
            if *width == 0 {
                *width = (*widest).min(share);
            }
        }
    }
    let mut rest = left(&widths);
    for (width, widest) in widths.iter_mut().zip(widest) {
        let more = (widest - *width).min(rest);
        *width += more;
        rest -= more;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    const NAMES: [Column; 6] = [
        Column::new("NAME", Narrow::IsCut),
        Column::new("CODENAME", Narrow::GivesWay { turn: 3, min: 12 }),
        Column::new("NUMBER", Narrow::Stays),
        Column::new("STATE", Narrow::GivesWayLast),
        Column::new("MADE", Narrow::GivesWay { turn: 2, min: usize::MAX }),
        Column::new("DONE", Narrow::GivesWay { turn: 1, min: usize::MAX }),
    ];

    fn rendered(rows: &[[&str; 3]], width: usize) -> String {
        let mut table = Table::new(["ID", "TITLE", "WHEN"].map(|header| Column::new(header, Narrow::IsCut)).to_vec());
        rows.iter().flatten().for_each(|cell| table.cell(cell, Style::Plain));
        text(&table, width)
    }

    fn text(table: &Table, width: usize) -> String {
        let mut out = Vec::new();
        table.render(width, Palette::Off, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn releases(rows: &[(&str, &str)]) -> Table {
        let mut table = Table::new(NAMES.to_vec());
        for (name, codename) in rows {
            match name.starts_with('v') {
                true => table.whole_cell(name, Style::Plain),
                false => table.cell(name, Style::Plain),
            }
            table.cell(codename, Style::Plain);
            table.cell("#1", Style::Plain);
            table.cell("open", Style::Plain);
            table.cell_or("about 3 days ago", "3d", Style::Plain);
            table.cell_or("about 2 days ago", "2d", Style::Plain);
        }
        table
    }

    #[test]
    fn columns_are_aligned_two_spaces_apart() {
        assert_eq!(
            rendered(&[["#1", "one", "now"], ["#22", "twenty-two", "then"]], 80),
            "ID   TITLE       WHEN\n#1   one         now\n#22  twenty-two  then\n"
        );
    }

    #[test]
    fn long_columns_share_what_short_ones_leave() {
        let text = rendered(&[["#1", "a title that is much too long", "about 10 months ago"]], 40);
        assert_eq!(text, "ID  TITLE              WHEN             \n#1  a title that i...  about 10 month...\n");
        assert!(text.lines().all(|line| line.width() <= 40));
    }

    #[test]
    fn ages_become_short_then_columns_give_way_in_their_turn() {
        let table = releases(&[("v1.2.3", "Phoenix of the north")]);
        let lines = |width| text(&table, width).lines().nth(1).unwrap().trim_end().to_owned();
        assert_eq!(lines(79), "v1.2.3  Phoenix of the north  #1      open   about 3 days ago  about 2 days ago");
        assert_eq!(lines(78), "v1.2.3  Phoenix of the north  #1      open   3d    2d");
        assert_eq!(lines(55), "v1.2.3  Phoenix of the north  #1      open   3d    2d");
        assert_eq!(lines(54), "v1.2.3  Phoenix of the north  #1      open   3d");
        assert_eq!(lines(48), "v1.2.3  Phoenix of the north  #1      open");
        assert_eq!(lines(40), "v1.2.3  Phoenix of the...  #1      open");
        assert_eq!(lines(35), "v1.2.3  Phoenix o...  #1      open");
        assert_eq!(lines(34), "v1.2.3  #1      open");
        assert_eq!(lines(18), "v1.2.3  #1");
        assert_eq!(lines(5), "v1.2.3  #1", "a version and a number are never cut");
    }

    #[test]
    fn of_a_long_name_the_version_stays() {
        let name = "release/long-component-name-v1.2.3: the next one";
        let at = name.find("v1.2.3").unwrap();
        for (width, expected) in [
            (48, name),
            (40, "release/long-component-name-v1.2.3: t..."),
            (37, "release/long-component-name-v1.2.3..."),
            (36, "...v1.2.3: the next one"),
            (20, "...v1.2.3: the ne..."),
            (12, "...v1.2.3..."),
            (4, "...v1.2.3..."),
        ] {
            let mut table = Table::new(vec![Column::new("VERSION", Narrow::IsCut)]);
            table.cell_with(name, at..at + "v1.2.3".len(), Style::Plain);
            assert_eq!(text(&table, width).lines().nth(1), Some(expected), "{width}");
        }
        let mut table = Table::new(vec![Column::new("VERSION", Narrow::IsCut)]);
        table.cell_with("a-long-component-v1.2.3", 17..23, Style::Plain);
        assert_eq!(text(&table, 20).lines().nth(1), Some("...v1.2.3"));
    }

    #[test]
    fn names_are_cut_when_nothing_else_can_give_way() {
        let table = releases(&[("a name that is long", ""), ("v1.2.3-rc.1", "")]);
        assert!(text(&table, 60).starts_with("NAME                 NUMBER  STATE  MADE  DONE\n"), "no empty column");
        assert_eq!(
            text(&table, 33),
            "NAME                NUMBER  STATE\na name that is ...  #1      open\nv1.2.3-rc.1         #1      open\n"
        );
        let narrow = text(&table, 20);
        assert_eq!(narrow, "NAME          NUMBER\na name th...  #1\nv1.2.3-rc.1   #1\n");
    }

    #[test]
    fn no_width_breaks_the_table() {
        for width in 0..50 {
            let text = rendered(&[["#1", "a title that is much too long", "about 10 months ago"]], width);
            assert!(text.lines().all(|line| line.width() <= width.max(7)), "{width}: {text}");
        }
    }

    #[test]
    fn headers_are_underlined_in_colour_and_cells_in_theirs() {
        let mut table = Table::new(["A", "B"].map(|header| Column::new(header, Narrow::IsCut)).to_vec());
        table.cell("x", Style::Green);
        table.cell("y", Style::Plain);
        let mut out = Vec::new();
        table.render(80, Palette::Ansi, &mut out);
        let header = "\x1b[0;2;4;39mA\x1b[0m  \x1b[0;2;4;39mB\x1b[0m\n";
        assert_eq!(String::from_utf8(out).unwrap(), format!("{header}\x1b[0;32mx\x1b[0m  y\n"));
    }
}
