//! The shape of a YAML file: its top-level keys and one entry, with the places they stand at. Owns what can be told
//! from the parser's events; must not know what is to be changed.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::config::{Malformed, not_yaml};

/// The key of the section.
const CACHE: &str = "cache";

/// What the file's only document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// Nothing, or comments.
    Empty,
    /// Lines of `key: value`; the first begins at this byte.
    Block(usize),
    /// Anything else.
    Other,
}

/// What the section's value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value, `null` or `{}`, standing at these bytes.
    Nothing(Range<usize>),
    /// Lines of `key: value`.
    Block(Vec<Pair>),
    /// Anything else.
    Other,
}

/// One key of the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key.
    pub name: String,
    /// Where it begins.
    pub at: usize,
    /// Its value, where that is a scalar without tag or anchor.
    pub scalar: Option<Scalar>,
    /// All that the parser says of it, to tell whether it changed.
    pub events: String,
}

/// A scalar and the bytes it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// What it says.
    pub text: String,
    /// Where; empty where there is only nothing.
    pub range: Range<usize>,
}

/// The section.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where its key begins.
    pub at: usize,
    /// Counted from 1.
    pub line: usize,
    /// Where the next top-level key begins.
    pub next: Option<usize>,
    /// What it holds.
    pub value: Value,
}

/// One file.
#[derive(Debug)]
pub struct Document {
    /// What it is at its top level.
    pub root: Root,
    /// The section, if there is one.
    pub entry: Option<Entry>,
    /// All that the parser says of everything else, to tell whether it changed.
    pub outside: String,
    /// Whether the last value is a text block, to which a line break at the end of the file would belong.
    pub ends_in_text: bool,
}

type Events<'t> = [(Event<'t>, Span)];

impl Document {
    /// Reads the text, which has no byte-order mark.
    ///
    /// # Errors
    /// Not YAML, or the section is there twice.
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let events = events(text)?;
        let places = Places::of(text);
        let is_start = |(event, _): &(Event<'_>, Span)| matches!(event, Event::DocumentStart(_));
        let documents = events.iter().filter(|event| is_start(event)).count();
        let first = events.iter().position(is_start).map_or(events.len(), |start| start + 1);
        let last = events.iter().rev().find_map(|(event, _)| match event {
            Event::Scalar(_, style, ..) => Some(*style),
            Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_) => Some(ScalarStyle::Plain),
            _ => None,
        });
        let ends_in_text = matches!(last, Some(ScalarStyle::Literal | ScalarStyle::Folded));
        let root = match events.get(first) {
            _ if documents > 1 => Root::Other,
            None | Some((Event::StreamEnd | Event::DocumentEnd, _)) => Root::Empty,
            Some((Event::Scalar(_, _, 0, None), span)) if places.range(span).is_empty() => Root::Empty,
            Some((Event::MappingStart(..), span)) if !text[places.start(span)..].starts_with('{') => {
                Root::Block(places.start(span))
            }
            Some(_) => Root::Other,
        };
        if !matches!(root, Root::Block(_)) {
            // What is added to nothing makes it a mapping.
            let outside = if root == Root::Empty { EMPTY_MAPPING.to_owned() } else { debug(&events) };
            return Ok(Self { root, entry: None, outside, ends_in_text });
        }
        let mut entry = None;
        let mut outside = debug(&events[first..=first]);
        let mut at = first + 1;
        while let Some((key, value)) = pair(&events, at) {
            if let Some(Entry { next: next @ None, .. }) = &mut entry {
                *next = Some(places.start(&events[key.start].1));
            }
            match &events[key.start] {
                (Event::Scalar(name, ..), span) if name == CACHE => {
                    let line = span.start.line();
                    if entry.is_some() {
                        return Err(Malformed { line, reason: format!("{CACHE} is there twice") });
                    }
                    let found = value_of(text, &events[value.clone()], &places);
                    entry = Some(Entry { at: places.start(span), line, next: None, value: found });
                }
                _ => outside.push_str(&debug(&events[key.start..value.end])),
            }
            at = value.end;
        }
        // The end of the mapping; what follows are the ends of document and stream.
        outside.push_str(&debug(&events[at..=at.min(events.len() - 1)]));
        Ok(Self { root, entry, outside, ends_in_text })
    }
}

/// What [`Document::outside`] is of a mapping that holds nothing but the section.
const EMPTY_MAPPING: &str = "MappingStart(0, None);MappingEnd;";

fn events(text: &str) -> Result<Vec<(Event<'_>, Span)>, Malformed> {
    let mut parser = Parser::new_from_str(text);
    let mut events = Vec::new();
    while let Some(event) = parser.next_event() {
        let event = event.map_err(|error| not_yaml(text, &error))?;
        if event.0 == Event::StreamEnd {
            break;
        }
        events.push(event);
    }
    events.push((Event::StreamEnd, Span::default()));
    Ok(events)
}

/// The events of the key at `at` and those of its value; `None` at the end of the mapping.
fn pair(events: &Events<'_>, at: usize) -> Option<(Range<usize>, Range<usize>)> {
    let key = node(events, at)?;
    let value = node(events, key.end)?;
    Some((key, value))
}

/// The events of one node.
fn node(events: &Events<'_>, at: usize) -> Option<Range<usize>> {
    let mut depth = 0;
    for (offset, (event, _)) in events.get(at..)?.iter().enumerate() {
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
            Event::MappingEnd | Event::SequenceEnd if depth == 0 => return None,
            Event::MappingEnd | Event::SequenceEnd => depth -= 1,
            Event::Scalar(..) | Event::Alias(_) => {}
            _ => return None,
        }
        if depth == 0 {
            return Some(at..at + offset + 1);
        }
    }
    None
}

fn value_of(text: &str, events: &Events<'_>, places: &Places) -> Value {
    let is_null = |text: &str| matches!(text, "" | "~" | "null" | "Null" | "NULL");
    match &events[0] {
        (Event::Scalar(word, ScalarStyle::Plain, 0, None), span) if is_null(word) => Value::Nothing(places.range(span)),
        (Event::MappingStart(0, None), span) if text[places.start(span)..].starts_with('{') => match events {
            [_, (_, end)] => Value::Nothing(places.start(span)..places.start(end) + 1),
            _ => Value::Other,
        },
        (Event::MappingStart(0, None), _) => {
            let mut pairs = Vec::new();
            let mut at = 1;
            while let Some((key, value)) = pair(events, at) {
                let name = match &events[key.start].0 {
                    Event::Scalar(name, ..) => name.to_string(),
                    _ => String::new(),
                };
                let scalar = match &events[value.start] {
                    (Event::Scalar(word, style, 0, None), span) => {
                        Some(Scalar { text: word.to_string(), range: scalar_range(text, *style, places.range(span)) })
                    }
                    _ => None,
                };
                let at_key = places.start(&events[key.start].1);
                pairs.push(Pair { name, at: at_key, scalar, events: debug(&events[key.start..value.end]) });
                at = value.end;
            }
            Value::Block(pairs)
        }
        _ => Value::Other,
    }
}

/// The bytes of a scalar. The parser counts the white space and the comment behind quotes as theirs.
fn scalar_range(text: &str, style: ScalarStyle, range: Range<usize>) -> Range<usize> {
    let quote = match style {
        ScalarStyle::SingleQuoted => '\'',
        ScalarStyle::DoubleQuoted => '"',
        _ => return range,
    };
    let mut chars = text[range.clone()].char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        let is_doubled = quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == quote);
        if (c == quote && is_doubled) || (c == '\\' && quote == '"') {
            chars.next();
        } else if c == quote {
            return range.start..range.start + at + 1;
        }
    }
    range
}

/// Events without their places.
fn debug(events: &Events<'_>) -> String {
    events.iter().fold(String::new(), |text, (event, _)| format!("{text}{event:?};"))
}

/// Bytes by characters, in which the parser counts.
struct Places(Vec<usize>);

impl Places {
    fn of(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    fn byte(&self, index: usize) -> usize {
        // One behind the last character is the end; the list is never empty.
        self.0.get(index).or(self.0.last()).copied().unwrap_or(0)
    }

    fn start(&self, span: &Span) -> usize {
        self.byte(span.start.index())
    }

    fn range(&self, span: &Span) -> Range<usize> {
        self.start(span)..self.byte(span.end.index()).max(self.start(span))
    }
}
