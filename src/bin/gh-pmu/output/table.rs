//! Tables fitted to a terminal's width, by gh's rules. Owns columns and widths; must not know what the cells mean.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::{Palette, Style};

const GAP: usize = 2;

/// Cells, row by row, their texts one behind the other.
pub struct Table {
    columns: usize,
    /// One a column, or none at all.
    headers: Vec<&'static str>,
    text: String,
    cells: Vec<Cell>,
}

struct Cell {
    end: usize,
    width: usize,
    style: Style,
}

impl Table {
    /// An empty table.
    pub fn new(headers: Vec<&'static str>) -> Self {
        Self { columns: headers.len(), headers, text: String::new(), cells: Vec::new() }
    }

    /// An empty table without a header.
    pub fn without_header(columns: usize) -> Self {
        Self { columns, headers: Vec::new(), text: String::new(), cells: Vec::new() }
    }

    /// The next cell, left to right, then down. The text is safe to show; escape sequences in it are wanted.
    pub fn cell(&mut self, text: &str, style: Style) {
        self.text.push_str(text);
        self.cells.push(Cell { end: self.text.len(), width: width_of(text), style });
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.cells.len() / self.columns
    }

    /// Appends header and rows, none wider than `width`.
    pub fn render(&self, width: usize, palette: Palette, out: &mut Vec<u8>) {
        let columns = self.columns;
        let mut widest = vec![0; columns];
        for (widest, header) in widest.iter_mut().zip(&self.headers) {
            *widest = header.len();
        }
        for (at, cell) in self.cells.iter().enumerate() {
            let column = &mut widest[at % columns];
            *column = cell.width.max(*column);
        }
        let widths = fitted(&widest, width);
        for (column, header) in self.headers.iter().enumerate() {
            // The header's line runs on to the end of the last column.
            put(out, header, header.len(), widths[column], true, palette, Style::Header);
            out.extend_from_slice(if column + 1 < columns { b"  " } else { b"\n" });
        }
        let mut start = 0;
        for (at, cell) in self.cells.iter().enumerate() {
            let (column, text) = (at % columns, &self.text[start..cell.end]);
            start = cell.end;
            let is_last = column + 1 == columns;
            put(out, text, cell.width, widths[column], !is_last, palette, cell.style);
            out.extend_from_slice(if is_last { b"\n" } else { b"  " });
        }
    }
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

/// The text if it fits; else the part of it that fits with `...` behind it, and those dots where there is room for them.
pub fn truncated(text: &str, width: usize) -> (&str, &'static str) {
    if text.width() <= width {
        return (text, "");
    }
    let dots = dots(width);
    (head(text, width - dots.len()).0, dots)
}

/// What stands behind a text that was cut to a width.
fn dots(width: usize) -> &'static str {
    const MIN_WIDTH: usize = 5;
    if width < MIN_WIDTH { "" } else { "..." }
}

/// The beginning that fits, and its width. No character is halved.
fn head(text: &str, room: usize) -> (&str, usize) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        let next = used + c.width().unwrap_or(0);
        if next > room {
            return (&text[..at], used);
        }
        used = next;
    }
    (text, used)
}

/// As [`truncated`], for a text that does not fit and may have escape sequences, which all stay; and the width of it.
fn cut(text: &str, width: usize) -> (String, usize) {
    let dots = dots(width);
    let mut cut = String::with_capacity(text.len());
    let (mut used, mut is_full) = (0, false);
    for (part, is_escape) in Parts(text) {
        if is_escape {
            cut.push_str(part);
        } else if !is_full {
            let (head, more) = head(part, width - dots.len() - used);
            cut.push_str(head);
            used += more;
            is_full = head.len() < part.len();
            if is_full {
                cut.push_str(dots);
                used += dots.len();
            }
        }
    }
    (cut, used)
}

/// How many columns the text takes; escape sequences take none.
pub fn width_of(text: &str) -> usize {
    if !text.contains('\x1b') {
        return text.width();
    }
    Parts(text).filter(|(_, is_escape)| !is_escape).map(|(part, _)| part.width()).sum()
}

/// The text in pieces, each with whether it is an escape sequence: one that styles (`ESC [ … letter`) or links
/// (`ESC ] … ESC \`).
struct Parts<'t>(&'t str);

impl<'t> Iterator for Parts<'t> {
    type Item = (&'t str, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0;
        let is_escape = text.starts_with('\x1b');
        let len = match text.as_bytes().get(1) {
            _ if !is_escape => text.find('\x1b').unwrap_or(text.len()),
            Some(b'[') => text[2..].find(|c: char| c.is_ascii_alphabetic()).map_or(text.len(), |at| 2 + at + 1),
            Some(b']') => text[2..].find("\x1b\\").map_or(text.len(), |at| 2 + at + 2),
            _ => 1,
        };
        let (part, rest) = text.split_at(len);
        self.0 = rest;
        (!part.is_empty()).then_some((part, is_escape))
    }
}

/// Short columns get what they need; the long ones share the rest.
fn fitted(widest: &[usize], width: usize) -> Vec<usize> {
    let columns = widest.len();
    let mut widths = vec![0; columns];
    let gaps = GAP * (columns - 1);
    let left = |widths: &[usize]| width.saturating_sub(gaps + widths.iter().sum::<usize>());
    let open = |widths: &[usize]| widths.iter().filter(|width| **width == 0).count();
    let share = left(&widths) / columns;
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

    fn rendered(rows: &[[&str; 3]], width: usize) -> String {
        let mut table = Table::new(vec!["ID", "TITLE", "WHEN"]);
        rows.iter().flatten().for_each(|cell| table.cell(cell, Style::Plain));
        let mut out = Vec::new();
        table.render(width, Palette::Off, &mut out);
        String::from_utf8(out).unwrap()
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
    fn wide_characters_count_twice_and_are_never_halved() {
        assert_eq!(truncated("日本語テキスト", 8), ("日本", "..."));
        assert_eq!(truncated("日本", 3), ("日", ""));
        assert_eq!(truncated("日本語テ", 8), ("日本語テ", ""));
    }

    #[test]
    fn escape_sequences_take_no_room_and_are_never_cut() {
        let painted = "\x1b[0;32mgreen is\x1b[0m the \x1b]8;;https://example.com\x1b\\colour\x1b]8;;\x1b\\";
        assert_eq!(width_of(painted), 19);
        let (cut, width) = cut(painted, 10);
        let expected = "\x1b[0;32mgreen i...\x1b[0m\x1b]8;;https://example.com\x1b\\\x1b]8;;\x1b\\";
        assert_eq!((cut.as_str(), width), (expected, 10));
        assert_eq!(Parts("\x1b[3").chain(Parts("\x1b")).chain(Parts("\x1bé")).count(), 4);
    }

    #[test]
    fn no_width_breaks_the_table() {
        for width in 0..50 {
            let text = rendered(&[["#1", "a title that is much too long", "about 10 months ago"]], width);
            assert!(text.lines().all(|line| line.width() <= width.max(4)), "{width}: {text}");
        }
    }

    #[test]
    fn headers_are_underlined_in_colour_and_cells_in_theirs() {
        let mut table = Table::new(vec!["A", "B"]);
        table.cell("x", Style::Green);
        table.cell("y", Style::Plain);
        let mut out = Vec::new();
        table.render(80, Palette::Ansi, &mut out);
        let header = "\x1b[0;2;4;37mA\x1b[0m  \x1b[0;2;4;37mB\x1b[0m\n";
        assert_eq!(String::from_utf8(out).unwrap(), format!("{header}\x1b[0;32mx\x1b[0m  y\n"));
    }
}
