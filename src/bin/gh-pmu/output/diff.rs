//! A change to a text file, as `diff -u` shows it. Owns the search for what changed and the form; must not know why it
//! changed.

use super::style::{Palette, Style};

/// Lines around a change.
const CONTEXT: usize = 3;
/// Beyond this many pairs of lines the middle is shown as replaced whole.
const MAX_PAIRS: usize = 4 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Same,
    Removed,
    Added,
}

type Line<'t> = (Kind, &'t str);

/// The change of the file `name` from `old` (`None`: there is none) to `new`; empty where nothing changes.
pub fn unified(name: &str, old: Option<&str>, new: &str, palette: Palette) -> String {
    let lines = compared(old.unwrap_or_default(), new);
    let changed: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].0 != Kind::Same).collect();
    let (Some(first), Some(_)) = (changed.first(), changed.last()) else { return String::new() };
    let before = old.map_or("/dev/null".to_owned(), |_| format!("a/{name}"));
    let mut text = String::new();
    for heading in [format!("--- {before}"), format!("+++ b/{name}")] {
        text.push_str(&palette.paint(Style::Bold, &heading));
        text.push('\n');
    }
    let mut start = first.saturating_sub(CONTEXT);
    for (position, at) in changed.iter().enumerate() {
        let next = changed.get(position + 1);
        if next.is_some_and(|next| next - at <= 2 * CONTEXT + 1) {
            continue;
        }
        let end = (at + CONTEXT + 1).min(lines.len());
        hunk(&lines, start..end, palette, &mut text);
        start = next.map_or(end, |next| next.saturating_sub(CONTEXT));
    }
    text
}

fn hunk(lines: &[Line<'_>], range: std::ops::Range<usize>, palette: Palette, text: &mut String) {
    let count = |range: &[Line<'_>], not: Kind| range.iter().filter(|(kind, _)| *kind != not).count();
    let part = &lines[range.clone()];
    let place = |not: Kind| {
        let (before, len) = (count(&lines[..range.start], not), count(part, not));
        // Of no lines, the number is that of the line before.
        format!("{},{len}", if len == 0 { before } else { before + 1 })
    };
    text.push_str(&format!("@@ -{} +{} @@\n", place(Kind::Added), place(Kind::Removed)));
    for (kind, line) in part {
        let (sign, style) = match kind {
            Kind::Same => (' ', Style::Plain),
            Kind::Removed => ('-', Style::Red),
            Kind::Added => ('+', Style::Green),
        };
        let content = line.strip_suffix('\n');
        text.push_str(&palette.paint(style, &format!("{sign}{}", content.unwrap_or(line))));
        text.push_str(if content.is_some() { "\n" } else { "\n\\ No newline at end of file\n" });
    }
}

/// Every line of both, in order.
fn compared<'t>(old: &'t str, new: &'t str) -> Vec<Line<'t>> {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let equal = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(equal).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(equal).count();
    let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut lines: Vec<Line<'t>> = old[..head].iter().map(|line| (Kind::Same, *line)).collect();
    middle(old_middle, new_middle, &mut lines);
    lines.extend(old[old.len() - tail..].iter().map(|line| (Kind::Same, *line)));
    lines
}

/// By the longest common subsequence.
fn middle<'t>(old: &[&'t str], new: &[&'t str], lines: &mut Vec<Line<'t>>) {
    let width = new.len() + 1;
    let is_small = old.len().saturating_mul(new.len()) <= MAX_PAIRS;
    // `longest[i * width + j]`: how many lines `old[i..]` and `new[j..]` have in common.
    let mut longest = vec![0_u32; if is_small { (old.len() + 1) * width } else { 0 }];
    if is_small {
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                let at = i * width + j;
                longest[at] = match old[i] == new[j] {
                    true => longest[at + width + 1] + 1,
                    false => longest[at + width].max(longest[at + 1]),
                };
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let at = i * width + j;
        if is_small && i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((Kind::Same, old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || !is_small || longest[at + width] >= longest[at + 1]) {
            lines.push((Kind::Removed, old[i]));
            i += 1;
        } else {
            lines.push((Kind::Added, new[j]));
            j += 1;
        }
    }
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
        let new = old.replace("10\n", "10\nten and a half\n").replace("11\n", "");
        let expected = "--- a/f\n+++ b/f\n@@ -8,7 +8,7 @@\n 8\n 9\n 10\n-11\n+ten and a half\n 12\n 13\n 14\n";
        assert_eq!(shown(Some(&old), &new), expected);
    }

    #[test]
    fn distant_changes_are_hunks_of_their_own() {
        let old = numbers(1..=20);
        let new = old.replace("2\n3\n", "2\n").replace("19\n", "x\n");
        let text = shown(Some(&old), &new);
        assert_eq!(text.matches("@@ -").count(), 2, "{text}");
        assert!(text.contains("@@ -16,5 +15,5 @@\n"), "{text}");
        let near = shown(Some(&old), &old.replace("\n5\n", "\nfive\n").replace("\n12\n", "\ntwelve\n"));
        assert_eq!(near.matches("@@ -").count(), 1, "{near}");
    }

    #[test]
    fn a_missing_line_break_at_the_end_is_told() {
        let expected = "--- a/f\n+++ b/f\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n";
        assert_eq!(shown(Some("a"), "a\nb\n"), expected);
    }

    #[test]
    fn what_is_too_long_to_compare_is_replaced() {
        let (old, new) = (numbers(1..=3_000), numbers(5_000..=8_000));
        let text = shown(Some(&old), &format!("{new}1\n"));
        assert!(text.starts_with("--- a/f\n+++ b/f\n@@ -1,3000 +1,3002 @@\n-1\n-2\n"));
    }

    #[test]
    fn signs_are_coloured_where_there_are_colours() {
        let text = unified("f", Some("a\n"), "b\n", Palette::Ansi);
        assert!(text.ends_with("@@ -1,1 +1,1 @@\n\x1b[0;31m-a\x1b[0m\n\x1b[0;32m+b\x1b[0m\n"), "{text:?}");
    }
}
