//! How many columns a text takes, and the part of it that fits. Owns widths, ellipses and line breaks; must not know what
//! the texts say.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Joins two characters into one sign.
const JOINER: char = '\u{200d}';

/// The text if it fits; else the part of it that fits with `...` after it, and those dots if there is room for them.
pub fn truncated(text: &str, width: usize) -> (&str, &'static str) {
    if text.width() <= width {
        return (text, "");
    }
    let dots = dots(width);
    (head(text, width - dots.len()).0, dots)
}

/// What stands after a text that was cut to a width.
fn dots(width: usize) -> &'static str {
    const MIN_WIDTH: usize = 5;
    if width < MIN_WIDTH { "" } else { "..." }
}

/// The beginning that fits, and its width. No sign is halved: a mark or a joiner stays with what it belongs to.
fn head(text: &str, room: usize) -> (&str, usize) {
    let mut fitting = (0, 0);
    let mut before = None;
    for (at, c) in text.char_indices() {
        let starts_a_sign = c.width().unwrap_or(0) > 0 && before != Some(JOINER);
        if starts_a_sign {
            let used = text[..at].width();
            if used > room {
                break;
            }
            fitting = (at, used);
        }
        before = Some(c);
    }
    match text.width() {
        used if used <= room => (text, used),
        _ => (&text[..fitting.0], fitting.1),
    }
}

/// As [`truncated`], for a text that does not fit and may have escape sequences, which all stay; and the width of it.
pub fn cut(text: &str, width: usize) -> (String, usize) {
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

/// The text in lines that fit, broken at spaces. A word that is wider than a line stays whole.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::with_capacity(text.len() + 1);
    let mut used = 0;
    for word in text.split(' ') {
        let needed = word.width();
        if !lines.is_empty() {
            let fits = used + 1 + needed <= width;
            lines.push(if fits { ' ' } else { '\n' });
            used = if fits { used + 1 } else { 0 };
        }
        lines.push_str(word);
        used += needed;
    }
    lines
}

/// The same beside a label that takes so many columns: every line but the first begins behind them.
pub fn wrapped_beside(label: usize, text: &str, width: usize) -> String {
    wrapped(text, width.saturating_sub(label)).replace('\n', &format!("\n{:label$}", ""))
}

/// A line that ends with a command of ours; where it does not fit, the whole command stands below.
pub fn with_command(line: &str, width: usize) -> String {
    match line.split_once("gh pmu") {
        Some((does, flags)) if line.width() > width => format!("{}\n  gh pmu{flags}", does.trim_end()),
        _ => line.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice_and_are_never_halved() {
        assert_eq!(truncated("日本語テキスト", 8), ("日本", "..."));
        assert_eq!(truncated("日本", 3), ("日", ""));
        assert_eq!(truncated("日本語テ", 8), ("日本語テ", ""));
    }

    #[test]
    fn marks_and_joined_signs_stay_with_what_they_belong_to() {
        assert_eq!(truncated("e\u{301}e\u{301}e\u{301}", 2), ("e\u{301}e\u{301}", ""));
        let family = "👩\u{200d}👧";
        assert_eq!(family.width(), 2);
        assert_eq!(truncated(&format!("{family}{family}{family}"), 4), (&*format!("{family}{family}"), ""));
        assert_eq!(truncated(&format!("{family}abcdef"), 5), (family, "..."));
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
    fn lines_break_at_spaces_and_words_stay_whole() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("one two three", 3), "one\ntwo\nthree");
        assert_eq!(wrapped("one two three", 80), "one two three");
        assert_eq!(wrapped("日本 語", 5), "日本\n語");
        assert_eq!(wrapped_beside(3, "one two three", 10), "one two\n   three");
    }

    #[test]
    fn a_command_is_never_broken() {
        let line = "and 2 more:  gh pmu status --json";
        assert_eq!((&*with_command(line, 33), &*with_command("no room", 3)), (line, "no room"));
        assert_eq!(with_command(line, 32), "and 2 more:\n  gh pmu status --json");
    }
}
