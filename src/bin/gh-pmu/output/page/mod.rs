//! The timeline as one HTML page that needs nothing else. Owns what stands in the page and how the data get there safely;
//! must not know where trackers and events come from. The page itself is in the files beside this one:
//!
//! - `page.html`, `page.css`: what it is made of, and how it looks;
//! - `fold.js`: every moment of the past, rebuilt from the events; `dates.js`: dates and the lines of the axis;
//! - `bars.js`, `burnup.js`: the two pictures; `page.js`: slider and filters;
//! - `uplot/`: the library that draws the burn-up, as it was published, with its licence.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gh_pmu::model::{Change, Kind, Repo, State, Times, TitleParts, Tracker, UnixMillis};

use super::event::EventRow;
use super::json::{JsonWriter, Text};
use super::sanitize::visible_line;

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub struct Page<'p> {
    /// Whose trackers.
    pub repo: &'p Repo,
    /// What all this is taken from, and of when that is.
    pub source: Option<(&'static str, UnixMillis)>,
    /// The present.
    pub generated_at: UnixMillis,
    /// Where the axis begins; `None` for the first opening.
    pub from: Option<UnixMillis>,
    /// Where the axis ends; `None` for the present.
    pub to: Option<UnixMillis>,
    /// The only kind that is shown; `None` for both.
    pub kind: Option<Kind>,
    /// The trackers as they are now.
    pub trackers: &'p [Tracker<'p>],
    /// What the slider undoes: events of these trackers without a gap up to the present, oldest first.
    pub events: &'p [EventRow<'p>],
    /// Whether there were others before them, which are not known any more.
    pub is_cut: bool,
}

const TEMPLATE: &str = include_str!("page.html");
const SCRIPT: [&str; 5] = [
    include_str!("fold.js"),
    include_str!("dates.js"),
    include_str!("bars.js"),
    include_str!("burnup.js"),
    include_str!("page.js"),
];

impl Page<'_> {
    /// Returns the whole page.
    pub fn html(&self) -> Vec<u8> {
        let data = self.data();
        let mut html = Vec::with_capacity(data.len() + (128 << 10));
        // A name stands between `{{` and `}}`; what is put in is not looked at again.
        let mut parts = TEMPLATE.split("{{");
        html.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            let (name, text) = part.split_once("}}").unwrap_or((part, ""));
            self.put(name, &data, &mut html);
            html.extend_from_slice(text.as_bytes());
        }
        html
    }

    fn put(&self, name: &str, data: &[u8], html: &mut Vec<u8>) {
        let repo = || escaped(&self.repo.to_string());
        match name {
            "repo" => html.extend(repo().into_bytes()),
            "url" => html.extend(escaped(&self.url()).into_bytes()),
            "version" => html.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes()),
            "licence" => html.extend_from_slice(include_bytes!("uplot/LICENSE")),
            "chart_style" => html.extend_from_slice(include_bytes!("uplot/uPlot.min.css")),
            "chart" => html.extend_from_slice(include_bytes!("uplot/uPlot.iife.min.js")),
            "style" => html.extend_from_slice(include_bytes!("page.css")),
            "script" => SCRIPT.iter().for_each(|file| html.extend_from_slice(file.as_bytes())),
            "data" => html.extend_from_slice(data),
            unknown => html.extend_from_slice(unknown.as_bytes()),
        }
    }

    fn url(&self) -> String {
        format!("https://{}/{}/{}", self.repo.host(), self.repo.owner(), self.repo.name())
    }

    /// The data as JSON that can stand in a script element: no `<` in it can end that element.
    fn data(&self) -> Vec<u8> {
        let mut prefixes = Prefixes::default();
        let mut rows = Vec::new();
        self.rows(&mut prefixes, &mut rows);
        let mut out = Vec::with_capacity(rows.len() + 1024);
        let mut json = JsonWriter::new(&mut out, Text::Exact);
        json.raw("{");
        json.key("url").string(&self.url());
        json.key("source").string_or_null(self.source.map(|(words, _)| words));
        json.key("kind").string_or_null(self.kind.map(Kind::as_str));
        let source_at = self.source.map(|(_, time)| time);
        let generated = Some(self.generated_at);
        for (name, time) in [("sourceAt", source_at), ("generated", generated), ("from", self.from), ("to", self.to)] {
            json.key(name);
            millis(json.out, time);
        }
        json.key("cut").raw(if self.is_cut { "true" } else { "false" });
        json.key("prefixes").raw("[");
        for (at, prefix) in prefixes.in_order().into_iter().enumerate() {
            json.raw(if at > 0 { "," } else { "" });
            json.string(prefix);
        }
        json.raw("]");
        out.extend_from_slice(&rows);
        out.push(b'}');
        without_less_than(out)
    }

    /// `,"trackers":[…],"events":[…]`
    fn rows(&self, prefixes: &mut Prefixes, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"trackers\":[");
        for (at, tracker) in self.trackers.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",\n[" } else { b"\n[" });
            key(out, tracker.kind, tracker.number.get());
            out.push(b',');
            let times = Times { created_at: tracker.created_at, closed_at: tracker.closed_at };
            whole(out, prefixes, tracker.kind, tracker.state, &tracker.title, times);
            out.push(b']');
        }
        out.extend_from_slice(b"],\"events\":[");
        for (at, row) in self.events.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",\n[" } else { b"\n[" });
            event(out, prefixes, row);
            out.push(b']');
        }
        out.push(b']');
    }
}

/// `at,kind,number,"word",before`: what the event changed, as it was before. What came after it follows from the present.
fn event(out: &mut Vec<u8>, prefixes: &mut Prefixes, row: &EventRow<'_>) {
    let kind = row.event.kind;
    millis(out, Some(row.changed_at));
    out.push(b',');
    key(out, kind, row.event.number.get());
    out.extend_from_slice(format!(",\"{}\",", row.event.change.as_str()).as_bytes());
    match &row.event.change {
        Change::Added { .. } => out.extend_from_slice(b"null"),
        Change::Removed { state, title, times } => {
            out.push(b'[');
            whole(out, prefixes, kind, *state, title, *times);
            out.push(b']');
        }
        Change::Retitled { before, .. } => {
            out.push(b'[');
            named(out, prefixes, kind, before);
            out.push(b']');
        }
        Change::Closed { before, .. } | Change::Reopened { before, .. } | Change::Redated { before, .. } => {
            out.push(b'[');
            dated(out, *before);
            out.push(b']');
        }
    }
}

/// `kind,number`
fn key(out: &mut Vec<u8>, kind: Kind, number: u64) {
    let kind = match kind {
        Kind::Release => 0,
        Kind::Microsprint => 1,
    };
    out.extend_from_slice(format!("{kind},{number}").as_bytes());
}

/// `open,prefix,name,created,closed`
fn whole(out: &mut Vec<u8>, prefixes: &mut Prefixes, kind: Kind, state: State, title: &str, times: Times) {
    out.extend_from_slice(match state {
        State::Open => b"1,",
        State::Closed => b"0,",
    });
    named(out, prefixes, kind, title);
    out.push(b',');
    dated(out, times);
}

/// `prefix,name`: a title in two parts, the first of them as its place in the list of prefixes.
fn named(out: &mut Vec<u8>, prefixes: &mut Prefixes, kind: Kind, title: &str) {
    let shown = visible_line(title);
    // The end of the title, from where its name begins.
    let parts = TitleParts::of(kind, title);
    let name = visible_line(title.rfind(parts.name).map_or(title, |start| &title[start..]));
    let (prefix, name) = match shown.strip_suffix(&*name) {
        Some(prefix) if !name.is_empty() => (prefix, name),
        _ => ("", Cow::Borrowed(&*shown)),
    };
    out.extend_from_slice(format!("{},", prefixes.place(prefix)).as_bytes());
    JsonWriter::new(out, Text::Exact).string(&name);
}

/// `created,closed`
fn dated(out: &mut Vec<u8>, times: Times) {
    millis(out, times.created_at);
    out.push(b',');
    millis(out, times.closed_at);
}

fn millis(out: &mut Vec<u8>, time: Option<UnixMillis>) {
    match time {
        Some(time) => out.extend_from_slice(time.get().to_string().as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

/// The different beginnings of titles, each once.
#[derive(Default)]
struct Prefixes(BTreeMap<String, usize>);

impl Prefixes {
    fn place(&mut self, prefix: &str) -> usize {
        if let Some(place) = self.0.get(prefix) {
            return *place;
        }
        let place = self.0.len();
        self.0.insert(prefix.to_owned(), place);
        place
    }

    fn in_order(&self) -> Vec<&str> {
        let mut prefixes: Vec<_> = self.0.iter().collect();
        prefixes.sort_by_key(|(_, place)| **place);
        prefixes.into_iter().map(|(prefix, _)| prefix.as_str()).collect()
    }
}

/// In JSON a `<` stands only in strings, where it may as well be written by its number.
fn without_less_than(json: Vec<u8>) -> Vec<u8> {
    if !json.contains(&b'<') {
        return json;
    }
    let mut safe = Vec::with_capacity(json.len() + 64);
    for byte in json {
        match byte {
            b'<' => safe.extend_from_slice(b"\\u003c"),
            byte => safe.push(byte),
        }
    }
    safe
}

/// Text that can stand in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests;
