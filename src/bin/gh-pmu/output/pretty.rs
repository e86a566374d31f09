//! JSON laid out over lines, and coloured as gh colours it. Owns that layout; the JSON is this program's own and valid.

const DELIMITER: &str = "\x1b[1;38m";
const KEY: &str = "\x1b[1;34m";
const NULL: &str = "\x1b[36m";
const STRING: &str = "\x1b[32m";
const BOOLEAN: &str = "\x1b[33m";
const RESET: &str = "\x1b[m";

/// Appends the compact JSON, one value a line, laid out with `indent`.
pub fn format(compact: &[u8], indent: &str, colored: bool, out: &mut Vec<u8>) {
    let mut layout = Layout { out, indent, colored, depth: 0 };
    let mut at = 0;
    while let Some(c) = compact.get(at) {
        let end = match c {
            b'"' => string_end(compact, at),
            b'{' | b'}' | b'[' | b']' | b',' | b':' | b'\n' => at + 1,
            _ => literal_end(compact, at),
        };
        let token = &compact[at..end];
        let next = compact.get(end).copied();
        match c {
            b'{' | b'[' => layout.open(token, matches!(next, Some(b'}' | b']'))),
            b'}' | b']' => layout.close(token, compact.get(at.wrapping_sub(1)).copied()),
            b',' => {
                layout.paint(DELIMITER, token);
                layout.line();
            }
            b':' => {
                layout.paint(DELIMITER, token);
                layout.out.push(b' ');
            }
            b'\n' => layout.out.push(b'\n'),
            b'"' => layout.paint(if next == Some(b':') { KEY } else { STRING }, token),
            b'n' => layout.paint(NULL, token),
            b't' | b'f' => layout.paint(BOOLEAN, token),
            _ => layout.out.extend_from_slice(token),
        }
        at = end;
    }
}

struct Layout<'l> {
    out: &'l mut Vec<u8>,
    indent: &'l str,
    colored: bool,
    depth: usize,
}

impl Layout<'_> {
    fn open(&mut self, token: &[u8], is_empty: bool) {
        self.paint(DELIMITER, token);
        self.depth += 1;
        if !is_empty {
            self.line();
        }
    }

    fn close(&mut self, token: &[u8], before: Option<u8>) {
        self.depth = self.depth.saturating_sub(1);
        if !matches!(before, Some(b'{' | b'[')) {
            self.line();
        }
        self.paint(DELIMITER, token);
    }

    fn line(&mut self) {
        self.out.push(b'\n');
        for _ in 0..self.depth {
            self.out.extend_from_slice(self.indent.as_bytes());
        }
    }

    fn paint(&mut self, color: &str, token: &[u8]) {
        if self.colored {
            self.out.extend_from_slice(color.as_bytes());
        }
        self.out.extend_from_slice(token);
        if self.colored {
            self.out.extend_from_slice(RESET.as_bytes());
        }
    }
}

fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(c) = json.get(at) {
        match c {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

fn literal_end(json: &[u8], start: usize) -> usize {
    let ends = |c: &u8| matches!(c, b',' | b'}' | b']' | b':' | b'\n');
    json[start..].iter().position(ends).map_or(json.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(compact: &str, colored: bool) -> String {
        let mut out = Vec::new();
        format(compact.as_bytes(), "  ", colored, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_stand_on_lines_of_their_own() {
        let text = formatted("[{\"a\":1.5,\"b\":[],\"c\":{\"d\":\"x,\\\"}\"}},null]\n", false);
        assert_eq!(
            text,
            "[\n  {\n    \"a\": 1.5,\n    \"b\": [],\n    \"c\": {\n      \"d\": \"x,\\\"}\"\n    }\n  },\n  null\n]\n"
        );
        assert_eq!(formatted("[]\n", false), "[]\n");
    }

    #[test]
    fn colours_are_gh_s() {
        let text = formatted("{\"a\":null,\"b\":true,\"c\":\"x\",\"d\":7}", true).replace('\x1b', "^");
        assert_eq!(
            text,
            "^[1;38m{^[m\n  ^[1;34m\"a\"^[m^[1;38m:^[m ^[36mnull^[m^[1;38m,^[m\n  ^[1;34m\"b\"^[m^[1;38m:^[m ^[33mtrue^[m\
             ^[1;38m,^[m\n  ^[1;34m\"c\"^[m^[1;38m:^[m ^[32m\"x\"^[m^[1;38m,^[m\n  ^[1;34m\"d\"^[m^[1;38m:^[m 7\n^[1;38m}^[m"
        );
    }
}
