//! Text from GitHub on its way to a terminal. Owns which characters could deceive and how they are shown; must not know
//! where the text came from. Nothing else makes text safe: everything a terminal gets goes through here.

use std::borrow::Cow;

/// The same text with control, bidirectional and invisible characters made visible: `^[`, `\u{202e}`. Line breaks and
/// tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, |c, _| c == '\n' || c == '\t')
}

/// The same in one line: every run of white space is one space, none at the ends.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    let single = |text: &str| {
        let spaces = |pair: &[u8]| pair[0] == b' ' && pair[1] == b' ';
        let odd = |c: u8| c.is_ascii_whitespace() && c != b' ';
        !text.starts_with(' ')
            && !text.ends_with(' ')
            && !text.bytes().any(odd)
            && !text.as_bytes().windows(2).any(spaces)
    };
    if single(text) {
        return replaced(text, |_, _| false);
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    Cow::Owned(replaced(&words.join(" "), |_, _| false).into_owned())
}

/// Whether a text is printable ASCII throughout: then nothing in it can control a terminal or break a table.
pub fn is_plain(text: &str) -> bool {
    // All of them, whatever the first says: that the processor does many at once.
    text.bytes().fold(true, |plain, byte| plain & (0x20..0x7F).contains(&byte))
}

/// Whether a terminal could be deceived by the character.
pub fn is_deceptive(c: char) -> bool {
    match c {
        '\0'..='\x1f' | '\x7f' => true,
        ' '..='~' => false,
        _ => is_deceptive_beyond_ascii(c),
    }
}

fn is_deceptive_beyond_ascii(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' // C1 controls
        | '\u{ad}' // soft hyphen
        | '\u{61c}' | '\u{180e}' // Arabic letter mark, Mongolian vowel separator
        | '\u{200b}'..='\u{200f}' // zero-width characters and marks
        | '\u{2028}'..='\u{202e}' // line and paragraph separators, embeddings, overrides
        | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates
        | '\u{feff}' // zero-width no-break space
        | '\u{fff9}'..='\u{fffb}' // interlinear annotations
        | '\u{e0000}'..='\u{e007f}' // tags
    )
}

/// A joiner between two characters that are not ASCII belongs to an emoji or to a script that needs it.
fn is_joiner_at_work(c: char, before: Option<char>, after: Option<char>) -> bool {
    let joined = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_deceptive(c));
    matches!(c, '\u{200c}' | '\u{200d}') && joined(before) && joined(after)
}

fn replaced(text: &str, keep: impl Fn(char, Option<char>) -> bool) -> Cow<'_, str> {
    let plain = |c: u8| (b' '..=b'~').contains(&c);
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        if !is_deceptive(c) || keep(c, before) || is_joiner_at_work(c, before, after) {
            shown.push(c);
        } else {
            push_visible(&mut shown, c);
        }
        before = Some(c);
    }
    Cow::Owned(shown)
}

fn push_visible(shown: &mut String, c: char) {
    match c {
        // Caret notation: ^@ to ^_, and ^? for DEL. Casts keep the value.
        '\0'..='\x1f' => shown.extend(['^', (c as u8 + b'@') as char]),
        '\x7f' => shown.push_str("^?"),
        _ => shown.extend(c.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_with_a_caret() {
        assert_eq!(visible("\x1b[31mred\x1b[0m"), "^[[31mred^[[0m");
        assert_eq!(visible("a\0b\x07\x7f\r\u{9b}31m"), "a^@b^G^?^M\\u{9b}31m");
        assert_eq!(visible("\x1b]0;title\x07"), "^[]0;title^G");
    }

    #[test]
    fn bidirectional_and_invisible_characters_are_shown_by_number() {
        assert_eq!(visible("a\u{202e}b\u{2066}c\u{200b}d\u{feff}"), "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}");
        assert_eq!(visible("x\u{e0041}y\u{2028}z\u{ad}"), "x\\u{e0041}y\\u{2028}z\\u{ad}");
        assert_eq!(visible("a\u{200d}b"), "a\\u{200d}b");
    }

    #[test]
    fn honest_text_of_every_script_stays() {
        for text in ["", "plain", "Grüße", "日本語", "👩\u{200d}💻 ❤\u{fe0f}", "שלום", "می\u{200c}خواهم", "क्\u{200d}ष"]
        {
            assert_eq!(visible(text), text);
            assert_eq!(visible_line(text), text);
        }
        assert!(matches!(visible("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_stay_in_text_and_become_spaces_in_a_line() {
        assert_eq!(visible("a\n\tb"), "a\n\tb");
        assert_eq!(visible_line("  a \t\r\n b  c "), "a b c");
        assert_eq!(visible_line("a\u{b}b"), "a^Kb");
    }
}
