//! The section into a file's text, every other byte as it was. Owns where it goes and when that is safe; must not know
//! where the text comes from.
//!
//! Nothing is trusted to have gone well: what an edit makes of the text is read again, and taken only if all that the
//! YAML parser says of the rest of the file is what it said before.

use std::ops::Range;

use super::document::{Document, Entry, Pair, Root, Value};
use super::section;
use crate::config::Malformed;

/// The key that merges another mapping (YAML 1.1's merge type).
const MERGE: &str = "<<";

/// What the section is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'w> {
    /// The branch of the manifest; `None` leaves the one that is there.
    pub branch: Option<&'w str>,
    /// Replace a section that is there by a new one, whatever it says.
    pub force: bool,
}

/// Why the text stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not YAML.
    Malformed(Malformed),
    /// It is no block of `key: value` lines.
    NotBlock,
    /// There is a section of another form, on this line.
    OtherForm(usize),
    /// The section could not be changed without changing something else.
    Unsafe,
}

/// The text with the section in it; the same text where it is there already.
///
/// # Errors
/// See [`Refusal`].
pub fn edit(text: &str, wanted: Wanted<'_>) -> Result<String, Refusal> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = &text[..text.len() - body.len()];
    let document = Document::read(body).map_err(Refusal::Malformed)?;
    let editor = Editor::new(body, wanted);
    let candidates = match (&document.root, &document.entry) {
        (Root::Other, _) => return Err(Refusal::NotBlock),
        (Root::Empty, _) => vec![editor.appended("", true), editor.appended("", false)],
        (Root::Block(first), None) => {
            let indent = editor.indent(*first).ok_or(Refusal::Unsafe)?;
            let before = editor.text(&section::whole(indent, wanted.branch));
            let first = editor.line_start(*first);
            let before = editor.spliced(vec![(first..first, before)]);
            match document.ends_in_text && !body.ends_with('\n') {
                true => vec![before],
                false => vec![editor.appended(indent, true), editor.appended(indent, false), before],
            }
        }
        (Root::Block(_), Some(entry)) => editor.changed(entry)?,
    };
    let is_right = |new: &String| is_right(&document, new, wanted);
    candidates.into_iter().find(is_right).map(|new| format!("{mark}{new}")).ok_or(Refusal::Unsafe)
}

/// Returns whether a text has a section.
pub fn has_section(text: &str) -> bool {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    Document::read(body).is_ok_and(|document| document.entry.is_some())
}

/// Returns the text with the section of another file behind everything else; the same text where that file has none.
///
/// # Errors
/// See [`Refusal`]: the section does not stand for itself, or the text is no block.
pub fn with_section_of(text: &str, other: &str) -> Result<String, Refusal> {
    let other = other.strip_prefix('\u{feff}').unwrap_or(other);
    // A file that is not YAML says nothing that could go on to hold.
    let Ok(Document { entry: Some(entry), .. }) = Document::read(other) else { return Ok(text.to_owned()) };
    match &entry.value {
        Value::Block(pairs) if pairs.iter().any(|pair| section::names().any(|name| name == pair.name)) => {}
        _ => return Ok(text.to_owned()),
    }
    let from = Editor::new(other, Wanted::default());
    let lines = &other[from.line_start(entry.at)..from.content_end(&entry)];
    let alone = Document::read(lines).ok().and_then(|alone| alone.entry);
    if !matches!((&alone, &entry.value), (Some(Entry { value: Value::Block(new), at: 0, .. }), Value::Block(old))
        if new.iter().map(|pair| &pair.events).eq(old.iter().map(|pair| &pair.events)))
    {
        return Err(Refusal::Unsafe);
    }
    let to = Editor::new(text, Wanted::default());
    if Document::read(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(Refusal::Malformed)?.root == Root::Other {
        return Err(Refusal::NotBlock);
    }
    let eol = if text.is_empty() { from.eol } else { to.eol };
    let lines = lines.lines().fold(String::new(), |text, line| format!("{text}{line}{eol}"));
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => eol,
        _ => return Err(Refusal::Unsafe),
    };
    Ok(format!("{text}{gap}{lines}"))
}

/// Whether the new text differs from the old one in the section alone, and has all that is wanted.
fn is_right(old: &Document, new: &str, wanted: Wanted<'_>) -> bool {
    let Ok(Document { root: Root::Block(_), entry: Some(Entry { value: Value::Block(pairs), .. }), outside, .. }) =
        Document::read(new)
    else {
        return false;
    };
    let kept = match &old.entry {
        Some(Entry { value: Value::Block(before), .. }) if !wanted.force => {
            let is_told = |pair: &&Pair| wanted.branch.is_none() || pair.name != "branch";
            before.iter().filter(is_told).all(|pair| pairs.iter().any(|new| new.events == pair.events))
        }
        _ => true,
    };
    outside == old.outside && kept && missing(&pairs, wanted).is_empty() && has_branch(&pairs, wanted.branch)
}

/// The keys that are not there. What is merged into a section may have any of them.
fn missing(pairs: &[Pair], wanted: Wanted<'_>) -> Vec<&'static str> {
    let is_there = |name: &str| pairs.iter().any(|pair| pair.name == name);
    let is_needed = |name: &str| !is_there(MERGE) || (name == "branch" && wanted.branch.is_some());
    section::names().filter(|name| !is_there(name) && is_needed(name)).collect()
}

fn has_branch(pairs: &[Pair], branch: Option<&str>) -> bool {
    let is = |pair: &Pair| pair.name == "branch" && pair.scalar.as_ref().map(|scalar| &*scalar.text) == branch;
    branch.is_none() || pairs.iter().any(is)
}

type Splice = (Range<usize>, String);

struct Editor<'e> {
    body: &'e str,
    wanted: Wanted<'e>,
    eol: &'static str,
}

impl<'e> Editor<'e> {
    fn new(body: &'e str, wanted: Wanted<'e>) -> Self {
        Self { body, wanted, eol: if body.contains("\r\n") { "\r\n" } else { "\n" } }
    }

    /// Ways to change the section that is there, best first.
    fn changed(&self, entry: &Entry) -> Result<Vec<String>, Refusal> {
        let indent = self.indent(entry.at).ok_or(Refusal::Unsafe)?;
        if self.wanted.force {
            let lines = self.text(&section::whole(indent, self.wanted.branch));
            return Ok(vec![self.spliced(vec![(self.line_start(entry.at)..self.content_end(entry), lines)])]);
        }
        match &entry.value {
            Value::Other => Err(Refusal::OtherForm(entry.line)),
            Value::Nothing(range) => {
                let lines = section::lines(&format!("{indent}  "), self.wanted.branch, &|_| true);
                let spaces = self.body[..range.start].trim_end_matches(' ').len();
                let (nothing, end) = match range.is_empty() {
                    true => (entry.at..entry.at, self.line_end(entry.at)),
                    false => (spaces..range.end, self.line_end(range.end)),
                };
                Ok(vec![self.spliced(vec![(nothing, String::new()), (end..end, self.inserted(end, &lines))])])
            }
            Value::Block(pairs) => self.merged(entry, pairs),
        }
    }

    /// What is there with the keys that are missing, at the end or, where something stands in the way, the beginning.
    fn merged(&self, entry: &Entry, pairs: &[Pair]) -> Result<Vec<String>, Refusal> {
        let first = pairs.first().map_or(entry.at, |pair| pair.at);
        let inner = self.indent(first).ok_or(Refusal::Unsafe)?;
        let missing = missing(pairs, self.wanted);
        let lines = section::lines(inner, self.wanted.branch, &|name| missing.contains(&name));
        let branch = self.branch(pairs)?;
        let at = |at: usize| {
            let mut splices: Vec<Splice> = branch.clone().into_iter().collect();
            if !lines.is_empty() {
                splices.push((at..at, self.inserted(at, &lines)));
            }
            self.spliced(splices)
        };
        Ok(vec![at(self.content_end(entry)), at(self.line_start(first))])
    }

    /// The change to a `branch` that is there and is another.
    fn branch(&self, pairs: &[Pair]) -> Result<Option<Splice>, Refusal> {
        let (Some(branch), Some(pair)) = (self.wanted.branch, pairs.iter().find(|pair| pair.name == "branch")) else {
            return Ok(None);
        };
        let Some(scalar) = &pair.scalar else { return Err(Refusal::Unsafe) };
        if scalar.text == branch {
            return Ok(None);
        }
        let written = section::scalar(branch);
        if !scalar.range.is_empty() {
            return Ok(Some((scalar.range.clone(), written)));
        }
        let colon = self.body[pair.at..].find(':').ok_or(Refusal::Unsafe)? + pair.at + 1;
        Ok(Some((colon..colon, format!(" {written}"))))
    }

    /// The section behind everything else.
    fn appended(&self, indent: &str, with_blank_line: bool) -> String {
        let end = self.body.len();
        let lines = section::whole(indent, self.wanted.branch);
        let last = self.body.lines().next_back();
        let gap = if with_blank_line && last.is_some_and(|line| !line.trim().is_empty()) { self.eol } else { "" };
        let missing = if self.body.is_empty() || self.body.ends_with('\n') { "" } else { self.eol };
        self.spliced(vec![(end..end, format!("{missing}{gap}{}", self.text(&lines)))])
    }

    /// Lines as they are put in at `at`, which is the start of a line or the end of the file.
    fn inserted(&self, at: usize, lines: &[String]) -> String {
        let is_at_start = at == 0 || self.body[..at].ends_with('\n');
        format!("{}{}", if is_at_start { "" } else { self.eol }, self.text(lines))
    }

    fn text(&self, lines: &[String]) -> String {
        lines.iter().fold(String::new(), |text, line| format!("{text}{line}{}", self.eol))
    }

    /// The white space before a key; `None` where anything else stands there.
    fn indent(&self, at: usize) -> Option<&str> {
        let before = &self.body[self.line_start(at)..at];
        before.bytes().all(|c| c == b' ').then_some(before)
    }

    fn line_start(&self, at: usize) -> usize {
        self.body[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Behind the line break.
    fn line_end(&self, at: usize) -> usize {
        self.body[at..].find('\n').map_or(self.body.len(), |end| at + end + 1)
    }

    /// Where the section's last line with more than a comment ends.
    fn content_end(&self, entry: &Entry) -> usize {
        let start = self.line_start(entry.at);
        let mut end = entry.next.map_or(self.body.len(), |next| self.line_start(next));
        for line in self.body[start..end].split_inclusive('\n').rev() {
            let content = line.trim();
            if !content.is_empty() && !content.starts_with('#') {
                break;
            }
            end -= line.len();
        }
        end
    }

    /// The text with all splices done; they do not overlap.
    fn spliced(&self, mut splices: Vec<Splice>) -> String {
        splices.sort_by_key(|(range, _)| (range.start, range.end));
        let mut text = self.body.to_owned();
        for (range, new) in splices.iter().rev() {
            text.replace_range(range.clone(), new);
        }
        text
    }
}

#[cfg(test)]
mod tests;
