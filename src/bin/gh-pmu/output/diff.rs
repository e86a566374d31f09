//! A change to a text file, as `diff -u` shows it. Owns the headings and colours; what changed is found by `similar`.

use similar::{ChangeTag, TextDiff};

use super::style::{Palette, Style};

/// Lines around a change.
const CONTEXT: usize = 3;

/// Returns the change of the file `name` from `old` (`None`: there is none) to `new`; empty where nothing changes.
pub fn unified(name: &str, old: Option<&str>, new: &str, palette: Palette) -> String {
    // Lines end where git ends them: a carriage return alone is a character like any other.
    let old_lines: Vec<&str> = old.unwrap_or_default().split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old_lines, &new_lines);
    let before = old.map_or("/dev/null".to_owned(), |_| format!("a/{name}"));
    let mut text = String::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        if text.is_empty() {
            for heading in [format!("--- {before}"), format!("+++ b/{name}")] {
                text.push_str(&format!("{}\n", palette.paint(Style::Bold, &heading)));
            }
        }
        text.push_str(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Equal => (' ', Style::Plain),
                ChangeTag::Delete => ('-', Style::Red),
                ChangeTag::Insert => ('+', Style::Green),
            };
            let line = change.value();
            let content = line.strip_suffix('\n').unwrap_or(line);
            text.push_str(&palette.paint(style, &format!("{sign}{content}")));
            text.push_str(if change.missing_newline() { "\n\\ No newline at end of file\n" } else { "\n" });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: Option<&str>, new: &str) -> String {
        unified("f", old, new, Palette::Off)
    }

    fn numbers(range: std::ops::RangeInclusive<u32>) -> String {
        range.map(|number| format!("{number}\n")).collect()
    }

    #[test]
    fn a_new_file_is_added_whole() {
        assert_eq!(shown(None, "a\nb\n"), "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(shown(Some("a\n"), "a\n"), "");
        assert_eq!(shown(None, ""), "");
    }

    #[test]
    fn a_change_stands_between_three_lines_of_context() {
        let old = numbers(1..=20);
        let new = old.replace("10\n", "10\nten and a half\n").replace("11\n", "").replace("17\n", "x\n");
        let expected = "--- a/f\n+++ b/f\n@@ -8,13 +8,13 @@\n 8\n 9\n 10\n-11\n+ten and a half\n 12\n 13\n 14\n 15\n 16\n\
                        -17\n+x\n 18\n 19\n 20\n";
        assert_eq!(shown(Some(&old), &new), expected);
    }

    #[test]
    fn a_missing_line_break_at_the_end_and_a_carriage_return_are_shown() {
        let expected = "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n";
        assert_eq!(shown(Some("a"), "a\nb\n"), expected);
        assert!(shown(Some("a\rb\n"), "a\rc\r\n").ends_with("@@ -1 +1 @@\n-a\rb\n+a\rc\r\n"));
    }

    #[test]
    fn signs_are_coloured_where_there_are_colours() {
        let text = unified("f", Some("a\n"), "b\n", Palette::Ansi);
        assert!(text.ends_with("@@ -1 +1 @@\n\x1b[0;31m-a\x1b[0m\n\x1b[0;32m+b\x1b[0m\n"), "{text:?}");
    }
}
