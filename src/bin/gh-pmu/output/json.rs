//! JSON, written as it streams by. Owns escaping and commas; must not know which fields there are.

use gh_pmu::model::UnixMillis;

use super::append::append;
use super::sanitize::is_deceptive;
use super::tsv;

/// Which characters of a text are written otherwise than they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// None: it is data.
    Exact,
    /// Control characters, in caret notation: as gh does in everything that it gets from GitHub.
    Carets,
    /// All that could deceive a terminal.
    Visible,
}

impl Text {
    /// Of what is shown, on a terminal or in a pipe.
    pub fn shown(is_terminal: bool) -> Self {
        if is_terminal { Self::Visible } else { Self::Carets }
    }
}

/// Writes one value after the other into a buffer.
pub struct JsonWriter<'w> {
    pub out: &'w mut Vec<u8>,
    text: Text,
}

impl<'w> JsonWriter<'w> {
    /// Appends to `out`.
    pub fn new(out: &'w mut Vec<u8>, text: Text) -> Self {
        Self { out, text }
    }

    /// `"name":` behind a comma, where something stands before it.
    pub fn key(&mut self, name: &str) -> &mut Self {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        append(self.out, name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self
    }

    /// The bytes as they are: brackets, `true`, what is JSON already.
    pub fn raw(&mut self, json: &str) {
        append(self.out, json.as_bytes());
    }

    /// True or false.
    pub fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// A number.
    pub fn number(&mut self, value: u64) {
        tsv::number(self.out, value);
    }

    /// A time, or null.
    pub fn time(&mut self, time: Option<UnixMillis>) {
        match time {
            None => self.raw("null"),
            Some(time) => {
                self.out.push(b'"');
                time.write_rfc3339(self.out);
                self.out.push(b'"');
            }
        }
    }

    /// A string, or null.
    pub fn string_or_null(&mut self, text: Option<&str>) {
        match text {
            None => self.raw("null"),
            Some(text) => self.string(text),
        }
    }

    /// A string, escaped as gh does: not for HTML.
    pub fn string(&mut self, text: &str) {
        self.out.push(b'"');
        let plain = |c: u8| (b' '..=b'~').contains(&c) && c != b'"' && c != b'\\';
        if text.bytes().all(plain) {
            append(self.out, text.as_bytes());
        } else {
            text.chars().for_each(|c| self.char(c));
        }
        self.out.push(b'"');
    }

    fn char(&mut self, c: char) {
        match c {
            '"' => self.raw("\\\""),
            '\\' => self.raw("\\\\"),
            '\n' => self.raw("\\n"),
            '\r' => self.raw("\\r"),
            '\t' => self.raw("\\t"),
            // Casts keep the value.
            '\0'..='\x1f' if self.text == Text::Carets => {
                self.out.push(b'^');
                self.char((c as u8 + b'@') as char);
            }
            '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => self.escape(c),
            c if self.text == Text::Visible && is_deceptive(c) => self.escape(c),
            c => {
                let mut bytes = [0; 4];
                self.out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }

    fn escape(&mut self, c: char) {
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            self.out.extend_from_slice(b"\\u");
            for shift in [12, 8, 4, 0] {
                // The cast keeps the value: it is 0 to 15.
                let digit = (*unit >> shift & 0xf) as u8;
                self.out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str, as_text: Text) -> String {
        let mut out = Vec::new();
        JsonWriter::new(&mut out, as_text).string(text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_but_not_for_html() {
        assert_eq!(written("<a href=\"x\\y\">&</a>", Text::Exact), r#""<a href=\"x\\y\">&</a>""#);
        assert_eq!(written("a\tb\r\n\x1b\u{2028}é", Text::Exact), r#""a\tb\r\n\u001b\u2028é""#);
    }

    #[test]
    fn a_pipe_gets_control_characters_in_caret_notation() {
        assert_eq!(written("\x1b[0m\0\x07\x1c\t\u{9b}\x7f", Text::Carets), "\"^[[0m^@^G^\\\\\\t\u{9b}\x7f\"");
    }

    #[test]
    fn a_terminal_gets_deceptive_characters_escaped() {
        assert_eq!(written("\u{202e}\u{9b}\x7f\u{e0041}é", Text::Visible), r#""\u202e\u009b\u007f\udb40\udc41é""#);
        assert_eq!(written("\u{202e}\u{9b}", Text::Exact), "\"\u{202e}\u{9b}\"");
    }

    proptest! {
        #[test]
        fn every_string_reads_back(text: String) {
            for written in [written(&text, Text::Exact), written(&text, Text::Visible)] {
                prop_assert_eq!(&serde_json::from_str::<String>(&written).unwrap(), &text);
            }
        }
    }
}
