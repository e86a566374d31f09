//! One top-level entry of a YAML file, with the lines its values stand on, or the names of all. Owns the search for it;
//! must not know what the entry means.
//!
//! Where the file has the usual shape only the lines of that entry go through the YAML parser, so that a long file
//! costs no more than a short one; any other shape is parsed whole.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

/// A value and the line it begins on, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: Value,
    pub line: usize,
}

/// A value. Aliases are followed, and what `<<` merges is in the mapping.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `plain` where it stands without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// Keys with their lines.
    Mapping(Vec<(String, usize, Node)>),
}

/// What the parser could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub line: usize,
    pub reason: String,
}

/// Deeper than any configuration; what is deeper may have been written to exhaust the stack.
const MAX_DEPTH: usize = 32;
/// More nodes than the aliases of any configuration stand for: aliases of aliases can multiply without end.
const MAX_COPIES: usize = 100_000;

/// The value of a top-level key; `None` where the key is not there.
///
/// # Errors
/// The text, or the part that was needed, is not YAML.
pub fn top_level(text: &str, key: &str) -> Result<Option<Node>, Malformed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match slice(text, key) {
        Slice::Absent => Ok(None),
        Slice::Lines { part, line } => match entry(part, key, line) {
            Ok(Some(node)) => Ok(Some(node)),
            _ => entry(text, key, 0),
        },
        Slice::Unusual => entry(text, key, 0),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Slice<'t> {
    /// The key's name stands nowhere.
    Absent,
    /// The lines of the entry, and how many stand before it.
    Lines { part: &'t str, line: usize },
    /// Only the parser can tell.
    Unusual,
}

/// Finds the lines from `key:` at the start of a line to the next line that starts with anything but space or `#`.
fn slice<'t>(text: &'t str, key: &str) -> Slice<'t> {
    if !text.contains(key) && !text.contains('\\') {
        return Slice::Absent;
    }
    let mut found: Option<(usize, usize)> = None;
    let mut end = text.len();
    let mut offset = 0;
    let mut is_first = true;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += line.len();
        let is_key =
            line.strip_prefix(key).map(str::trim_start).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        match line.as_bytes().first() {
            // The whole file may stand indented.
            Some(b' ') if is_first && !line.trim().is_empty() && !line.trim_start().starts_with('#') => {
                return Slice::Unusual;
            }
            None | Some(b' ' | b'#' | b'\n' | b'\r') => continue,
            // A document's start, a quoted or complex key, a flow mapping, a tab: not for this reader.
            Some(b'-') if number == 0 && line.trim_end() == "---" => continue,
            Some(c) if !c.is_ascii_alphanumeric() && *c != b'_' => return Slice::Unusual,
            Some(_) if is_key && found.is_some() => return Slice::Unusual,
            Some(_) if is_key => (found, is_first) = (Some((start, number)), false),
            Some(_) if !line.contains(':') => return Slice::Unusual,
            Some(_) if found.is_some() && end == text.len() => end = start,
            Some(_) => is_first = false,
        }
    }
    match found {
        None => Slice::Absent,
        Some((start, line)) => match &text[start..end] {
            // An alias in the part may point out of it.
            part if part.contains(['&', '*', '\t']) => Slice::Unusual,
            part => Slice::Lines { part, line },
        },
    }
}

/// The top-level keys.
///
/// # Errors
/// The text is not YAML.
pub fn keys(text: &str) -> Result<Vec<String>, Malformed> {
    let mut reader = Reader::of(text, 0);
    let entries = if reader.enter()? { reader.mapping(0)? } else { Vec::new() };
    Ok(entries.into_iter().map(|(key, ..)| key).collect())
}

/// Reads the top-level mapping of the first document up to the key.
fn entry(text: &str, key: &str, lines_before: usize) -> Result<Option<Node>, Malformed> {
    let mut reader = Reader::of(text, lines_before);
    let (mut found, mut merged) = (None, None);
    if !reader.enter()? {
        return Ok(None);
    }
    loop {
        let name = match reader.next()? {
            (Event::Scalar(name, ..), _) => name.into_owned(),
            (Event::MappingEnd, _) => return Ok(found.or(merged)),
            other => {
                reader.node(other, 0)?;
                String::new()
            }
        };
        let value = reader.next()?;
        let line = value.1;
        let node = reader.node(value, 0)?;
        if name == key {
            if found.is_some() {
                return Err(Malformed { line, reason: format!("{key} is there twice") });
            }
            found = Some(node);
        } else if name == MERGE {
            merged = merged_entries(node).into_iter().find(|(name, ..)| name == key).map(|(.., node)| node).or(merged);
        }
    }
}

/// Why a text is no YAML, in plain words; the line is counted in the text.
pub fn not_yaml(text: &str, error: &ScanError) -> Malformed {
    const REASONS: [(&str, &str); 7] = [
        ("tab", "a tab stands where only spaces may"),
        ("anchor", "an alias such as *x stands before its anchor, such as &x"),
        ("quoted scalar", "a quote is not closed, or the text in it is not indented"),
        ("flow", "a bracket is not closed, or a comma is missing"),
        ("mapping values", "a colon stands in the middle of a value; quotes around the value cure that"),
        (
            "unexpected character",
            "a value begins with a sign that YAML keeps for itself; quotes around the value cure that",
        ),
        ("block mapping", "a line is no key with a colon, or not indented as those above it"),
    ];
    let is_marker = |line: &str| ["<<<<<<< ", ">>>>>>> "].iter().any(|marker| line.starts_with(marker));
    if let Some(at) = text.lines().position(is_marker) {
        let reason = "git's conflict markers stand here; resolve the conflict first".to_owned();
        return Malformed { line: at + 1, reason };
    }
    let is_unseen = |c: char| c.is_control() && c != '\t' && c != '\r';
    if let Some(at) = text.lines().position(|line| line.contains(is_unseen)) {
        let reason = "not YAML: a control character such as NUL stands here".to_owned();
        return Malformed { line: at + 1, reason };
    }
    let reason =
        REASONS.iter().find(|(word, _)| error.info().contains(word)).map_or("it cannot be read", |(_, reason)| reason);
    Malformed { line: error.marker().line(), reason: format!("not YAML: {reason}") }
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    lines_before: usize,
    /// By the parser's number, from 1.
    anchors: Vec<(usize, Node)>,
    /// How many nodes were copied for aliases so far.
    copies: usize,
}

/// The key whose value's entries count as the mapping's own, unless it has them.
const MERGE: &str = "<<";

/// What a merge key brings: the entries of a mapping, or of a list of mappings.
fn merged_entries(node: Node) -> Vec<(String, usize, Node)> {
    match node.value {
        Value::Mapping(entries) => entries,
        Value::Sequence(nodes) => nodes.into_iter().flat_map(merged_entries).collect(),
        Value::Scalar { .. } => Vec::new(),
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar { .. } => 0,
        Value::Sequence(nodes) => nodes.iter().map(size).sum::<usize>(),
        Value::Mapping(entries) => entries.iter().map(|(.., node)| size(node)).sum(),
    }
}

impl<'t> Reader<'t> {
    fn of(text: &'t str, lines_before: usize) -> Self {
        Self { text, parser: Parser::new_from_str(text), lines_before, anchors: Vec::new(), copies: 0 }
    }

    fn next(&mut self) -> Result<(Event<'t>, usize), Malformed> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line() + self.lines_before)),
            Some(Err(error)) => Err(self.malformed(&error)),
            None => Ok((Event::StreamEnd, 0)),
        }
    }

    /// Whether the first document is a mapping; then what follows is in it.
    fn enter(&mut self) -> Result<bool, Malformed> {
        loop {
            match self.next()? {
                (Event::MappingStart(..), _) => return Ok(true),
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                _ => return Ok(false),
            }
        }
    }

    fn malformed(&self, error: &ScanError) -> Malformed {
        let malformed = not_yaml(self.text, error);
        Malformed { line: malformed.line + self.lines_before, ..malformed }
    }

    /// The node that begins with the event.
    fn node(&mut self, (event, line): (Event<'t>, usize), depth: usize) -> Result<Node, Malformed> {
        if depth > MAX_DEPTH {
            return Err(Malformed { line, reason: "nested too deep".to_owned() });
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                (Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }, anchor)
            }
            Event::SequenceStart(anchor, _) => (Value::Sequence(self.sequence(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Value::Mapping(self.mapping(depth)?), anchor),
            Event::Alias(number) => return self.aliased(number, line),
            _ => (Value::Scalar { text: String::new(), plain: true }, 0),
        };
        let node = Node { value, line };
        if anchor > 0 {
            self.count(size(&node), line)?;
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, line: usize) -> Result<(), Malformed> {
        self.copies += nodes;
        match self.copies > MAX_COPIES {
            true => Err(Malformed { line, reason: "the aliases stand for too much".to_owned() }),
            false => Ok(()),
        }
    }

    fn aliased(&mut self, number: usize, line: usize) -> Result<Node, Malformed> {
        let known = self.anchors.iter().find(|(anchor, _)| *anchor == number);
        // Where the alias stands inside of what it names, there is nothing yet.
        let Some((_, node)) = known else { return Ok(Node { value: Value::Sequence(Vec::new()), line }) };
        let value = node.value.clone();
        let nodes = size(node);
        self.count(nodes, line)?;
        Ok(Node { value, line })
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<(String, usize, Node)>, Malformed> {
        let (mut entries, mut merged) = (Vec::<(String, usize, Node)>::new(), Vec::new());
        loop {
            let key = self.next()?;
            let line = key.1;
            if matches!(key.0, Event::MappingEnd | Event::StreamEnd) {
                for (name, line, node) in merged {
                    if !entries.iter().any(|(own, ..)| *own == name) {
                        entries.push((name, line, node));
                    }
                }
                return Ok(entries);
            }
            let key = self.node(key, depth + 1)?;
            let value = self.next()?;
            let value = self.node(value, depth + 1)?;
            match key.value {
                Value::Scalar { text, plain: true } if text == MERGE => merged.extend(merged_entries(value)),
                Value::Scalar { text, .. } => entries.push((text, line, value)),
                _ => {}
            }
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Vec<Node>, Malformed> {
        let mut nodes = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.0, Event::SequenceEnd | Event::StreamEnd) {
                return Ok(nodes);
            }
            nodes.push(self.node(event, depth + 1)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `key=value@line`, one word an entry.
    fn shown(text: &str) -> String {
        match top_level(text, "cache") {
            Ok(None) => "absent".to_owned(),
            Ok(Some(Node { value: Value::Mapping(entries), .. })) => {
                let entry = |(key, line, node): &(String, usize, Node)| match &node.value {
                    Value::Scalar { text, plain } => format!("{key}={text}{}@{line}", if *plain { "" } else { "\"" }),
                    Value::Sequence(nodes) => format!("{key}=[{}]@{line}", "x".repeat(nodes.len())),
                    Value::Mapping(_) => format!("{key}={{}}@{line}"),
                };
                entries.iter().map(entry).collect::<Vec<_>>().join(" ")
            }
            Ok(Some(node)) => format!("{:?}", node.value),
            Err(malformed) => format!("line {}: {}", malformed.line, malformed.reason),
        }
    }

    #[test]
    fn the_entry_is_found_between_others_with_its_lines() {
        let text = "# c\nproject:\n  name: x\ncache:   # here\n  path: a b # c\n\n# between\n  auto_pull: true\nfields:\n  - cache\n";
        assert_eq!(shown(text), "path=a b@5 auto_pull=true@8");
        assert!(matches!(slice(text, "cache"), Slice::Lines { line: 3, .. }));
        assert_eq!(shown(&text.replace('\n', "\r\n")), "path=a b@5 auto_pull=true@8");
        assert_eq!(shown(&format!("\u{feff}{text}")), "path=a b@5 auto_pull=true@8");
        assert_eq!(shown("---\ncache:\n  path: x\n"), "path=x@3");
    }

    #[test]
    fn a_file_without_the_entry_is_not_parsed() {
        assert_eq!(shown(""), "absent");
        assert_eq!(shown("project:\n  cache: 1\n"), "absent");
        assert_eq!(shown("caches: {a: 1}\n"), "absent");
        assert_eq!(slice("a: [\nb: c\n", "cache"), Slice::Absent);
    }

    #[test]
    fn unusual_shapes_are_read_by_the_whole_parser() {
        for text in [
            "{project: 1, cache: {path: x}}",
            "\"cache\":\n  path: x",
            "'cache': {path: x}",
            "? cache\n: {path: x}",
            "%YAML 1.2\n---\ncache: {path: x}",
            "\"c\\u0061che\": {path: x}",
            "# c\n  project: 1\n  cache: {path: x}\n",
        ] {
            assert_eq!(slice(text, "cache"), Slice::Unusual, "{text}");
            assert_eq!(shown(text).split('@').next(), Some("path=x"), "{text}");
        }
        assert_eq!(shown("a: &p x\ncache:\n  path: *p\n"), "path=x@3");
        assert_eq!(shown("cache: {path: x,\n  enabled: true}\n"), "path=x@1 enabled=true@2");
    }

    #[test]
    fn old_lists_and_quotes_are_told_apart() {
        assert_eq!(shown("cache: {releases: [{n: 1}], microsprints: []}"), "releases=[x]@1 microsprints=[]@1");
        assert_eq!(shown("cache:\n  path: \"x\"\n  branch: ~\n  a: {b: c}"), "path=x\"@2 branch=~@3 a={}@4");
        assert_eq!(shown("cache:\n"), "Scalar { text: \"\", plain: true }");
    }

    #[test]
    fn merges_and_aliases_are_followed_as_far_as_they_can_be() {
        let text = "d: &d\n  path: x\n  branch: b\ncache:\n  <<: *d\n  branch: own\n";
        assert_eq!(shown(text), "branch=own@6 path=x@2");
        assert_eq!(shown("a: &a {path: x}\nb: &b {path: y, branch: z}\ncache: {<<: [*a, *b]}"), "path=x@1 branch=z@2");
        assert_eq!(shown("x: &x\n  cache: {path: y}\n<<: *x\n"), "path=y@2");
        assert_eq!(shown("cache :\n  path: x\n"), "path=x@2");
        assert_eq!(shown("d: &d {path: x}\ncache: *d\n"), "path=x@1");
        let mut bomb = String::from("a0: &a0 {k: v}\n");
        for n in 1..40 {
            bomb.push_str(&format!("a{n}: &a{n} {{k: [*a{0}, *a{0}, *a{0}]}}\n", n - 1));
        }
        bomb.push_str("cache: *a39\n");
        assert!(shown(&bomb).ends_with("the aliases stand for too much"), "{}", shown(&bomb));
    }

    #[test]
    fn what_is_no_yaml_is_said_in_plain_words() {
        for (text, reason) in [
            (
                "cache:\n<<<<<<< ours\n  a: b\n=======\n",
                "line 2: git's conflict markers stand here; resolve the conflict first",
            ),
            ("a: 1\ncache: \0\n", "line 2: not YAML: a control character such as NUL stands here"),
            ("cache:\n  a:\n\tb: 1\n", "line 3: not YAML: a tab stands where only spaces may"),
            ("cache:\n  a: b: c\n", "line 2: not YAML: a colon stands in the middle of a value"),
            ("cache: [a\n", "not YAML: a bracket is not closed"),
            ("cache:\n  a: 'x\n", "not YAML: a quote is not closed"),
            ("cache:\n  a: *x\n", "line 2: not YAML: an alias such as *x stands before its anchor"),
        ] {
            assert!(shown(text).contains(reason), "{text}: {}", shown(text));
        }
    }

    #[test]
    fn what_is_not_yaml_is_reported_with_its_line() {
        assert!(shown("a: 1\ncache:\n  path: [\n").starts_with("line "), "{}", shown("a: 1\ncache:\n  path: [\n"));
        assert_eq!(shown("cache:\n  a: 1\ncache:\n  b: 1\n"), "line 4: cache is there twice");
        let deep = format!("cache: {}", "[".repeat(10_000));
        assert!(shown(&deep).starts_with("line 1: "), "{}", shown(&deep));
    }
}
