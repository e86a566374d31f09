//! `timeline`.

use std::cmp::Reverse;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use gh_pmu::format;
use gh_pmu::model::{Kind, Repo, Seq, State, Tracker, UnixMillis};
use gh_pmu::query::{Change, HistoryFilter, Order, changes};
use gh_pmu::store::{Moment, StoreError};

use super::changes::row;
use super::form::{Command, Spec, cached};
use super::replace;
use super::web;
use crate::cli::common::KIND;
use crate::cli::spec::{Switch, Valued, switch, text};
use crate::cli::{Given, When};
use crate::config;
use crate::exit::{Error, Exit};
use crate::output::{EventRow, Page, TimelineHead};
use crate::source::{Context, Failed, Keep, Source, no_such_event};

const OUTPUT: Valued<String> = text("output", None, "file", "Write the timeline as a page into this file");
const SINCE: Valued<When> = text("since", None, "when", "Begin at that moment");
const UNTIL: Valued<When> = text("until", None, "when", "End at that moment");
const WEB: Switch = switch("web", "Open the timeline as a page in the web browser");

/// The words of `timeline`.
pub const SPEC: Spec = Spec {
    long: "Show releases and microsprints over time, as bars from the day each was opened to the day it was closed.\n\n\
           --web and --output make a page of it, with a slider that takes it back in time.",
    flags: &[&KIND.flag, &OUTPUT.flag, &SINCE.flag, &UNTIL.flag, &WEB.0],
    examples: "$ gh pmu timeline --since 1y\n\
               $ gh pmu timeline --kind release --web\n\
               $ gh pmu timeline --output timeline.html",
    ..Spec::command("timeline", "gh pmu timeline", "Show when trackers were opened and closed", |given| {
        cached(Args::read(given))
    })
};

#[derive(Debug)]
struct Args {
    /// Where it begins.
    since: Option<When>,
    /// Where it ends.
    until: Option<When>,
    /// Only this kind.
    kind: Option<Kind>,
    /// As a page, in the browser.
    web: bool,
    /// As a page, in this file.
    output: Option<String>,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        let output = given.value(&OUTPUT)?;
        if output.as_ref().is_some_and(String::is_empty) {
            return Err(given.invalid(&OUTPUT.flag, "", "expected the name of a file, or - for standard output"));
        }
        Ok(Self {
            since: given.value(&SINCE)?,
            until: given.value(&UNTIL)?,
            kind: given.value(&KIND)?,
            web: given.is_set(&WEB),
            output,
        })
    }
}

/// The stretch of time that is shown; an end that was not asked for is open.
#[derive(Clone, Copy, Default)]
struct Window {
    from: Option<UnixMillis>,
    to: Option<UnixMillis>,
}

impl Command for Args {
    fn needs_no_cache(&self) -> bool {
        !self.web && self.output.is_none()
    }

    /// Shows when trackers were opened and closed: in the terminal, or as a page.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let is_page = self.web || self.output.is_some();
        // Bars need the present alone, as lists do; the slider of a page needs all that is recorded.
        let (mut source, exit) = match is_page {
            true => (context.source(named, Keep::Must)?, Exit::Done),
            false => context.listed(named, false)?,
        };
        let found = context.settled(&mut source, |source, context| window(self, source, context));
        let window = found.map_err(Failed::into_error)?;
        // An index can fail in the middle of the answer; the log gives the same.
        let mut found = trackers(self, window, &source);
        if let Err(error) = &found {
            source.1 = context.again(&source.0, error)?;
            found = trackers(self, window, &source);
        }
        let trackers = found?;
        if is_page {
            self.show_page(&page(self, window, &mut source, context)?, &source.0, context)?;
        } else {
            let narrowed = self.kind.is_some() || self.since.is_some() || self.until.is_some();
            let age = context.age_of(std::slice::from_ref(&source));
            let head = TimelineHead { repo: &source.0, from: window.from, to: window.to, narrowed, age };
            context.output.timeline(&head, &trackers, context.clock.zone)?;
        }
        Ok(exit)
    }
}

impl Args {
    fn show_page(&self, page: &[u8], repo: &Repo, context: &mut Context<'_, '_>) -> Result<(), Error> {
        if self.output.as_deref() == Some("-") {
            context.output.write(page)?;
        } else if let Some(path) = &self.output {
            replace(Path::new(path), page).map_err(|error| failed(Path::new(path), &error))?;
            context.output.success(&format!("wrote the timeline of {repo} to {path}"))?;
        }
        if self.web {
            let path = private_file(page, context.now.millis())?;
            context.output.note(&format!("Opening {} in your browser.", path.display()));
            web::open(&file_url(&path))?;
        }
        Ok(())
    }
}

fn window(options: &Args, (repo, view): &Source, context: &mut Context<'_, '_>) -> Result<Window, Failed> {
    let store = context.store(repo);
    let moment = |when: Option<When>| match when {
        None => Ok(None),
        Some(When::At(time)) => Ok(Some(time)),
        Some(When::After(seq)) => {
            let history = store.history(view)?;
            history.view().check_history()?;
            if seq > history.view().seq() {
                return Err(Failed::Other(no_such_event(repo, history.view(), seq)));
            }
            match history.event(seq)? {
                Some(logged) => Ok(Some(logged.sync.changed_at)),
                // Nothing happened before the first event, and what was pruned is not known.
                None => Ok(history.starts_at()?),
            }
        }
    };
    let (from, to) = (moment(options.since)?, moment(options.until)?);
    let said = |time| context.moment(When::At(time));
    let end = to.unwrap_or(context.now.millis());
    if let Some(from) = from.filter(|from| *from >= end) {
        let end = to.map_or_else(|| "now".to_owned(), |to| format!("{} (--until)", said(to)));
        return Err(Failed::Other(Error::new(format!("nothing lies between {} (--since) and {end}", said(from)))));
    }
    Ok(Window { from, to })
}

impl Window {
    /// Whether the tracker was open in some part of it; times that are not known may be.
    fn contains(self, tracker: &Tracker<'_>) -> bool {
        let opened = self.to.zip(tracker.created_at).is_none_or(|(to, created)| created <= to);
        let closed = match tracker.state {
            State::Open => None,
            State::Closed => tracker.closed_at,
        };
        opened && self.from.zip(closed).is_none_or(|(from, closed)| closed >= from)
    }
}

/// The trackers in the window, kind by kind, the last opened first.
fn trackers(options: &Args, window: Window, source: &Source) -> Result<Vec<Tracker<'static>>, StoreError> {
    let mut trackers = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| options.kind.is_none_or(|only| only == *kind)) {
        let first = trackers.len();
        for item in source.1.items(kind, None) {
            let tracker = item?.tracker;
            if window.contains(&tracker) {
                trackers.push(tracker.into_owned());
            }
        }
        trackers[first..].sort_by_key(|tracker: &Tracker<'_>| Reverse((tracker.created_at, tracker.number)));
    }
    Ok(trackers)
}

/// The page has the present and every event that the slider can undo.
fn page(options: &Args, window: Window, source: &mut Source, context: &mut Context<'_, '_>) -> Result<Vec<u8>, Error> {
    let filter = HistoryFilter {
        since: window.from.map(Moment::Time),
        kind: options.kind,
        order: Order::Ascending,
        ..HistoryFilter::default()
    };
    let read = |(repo, view): &Source, context: &mut Context<'_, '_>| -> Result<Vec<Change>, Failed> {
        Ok(changes(&context.store(repo).history(view)?, &filter)?)
    };
    let events = context.settled(source, read).map_err(Failed::into_error)?;
    // What closed before the window may have been reopened in it: the slider needs all that there is.
    let trackers = trackers(options, Window::default(), source)?;
    let (repo, view) = &*source;
    let events: Vec<EventRow<'_>> = events.iter().map(|change| row(source, change)).collect();
    let page = Page {
        repo,
        source: view.freshness().map(|fresh| (source_words(fresh.source), fresh.changed_at)),
        generated_at: context.now.millis(),
        from: window.from,
        to: window.to,
        kind: options.kind,
        trackers: &trackers,
        events: &events,
        is_cut: window.from.is_none() && view.history_start() > Seq(1),
    };
    Ok(page.html())
}

fn source_words(source: format::Source) -> &'static str {
    match source {
        format::Source::Manifest | format::Source::Git => "Manifest",
        format::Source::Api => "GitHub's answer",
    }
}

/// Writes a file whole, or leaves the one that is there as it is. What is no plain file, such as a link, is written into.
fn replace(path: &Path, page: &[u8]) -> io::Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return std::fs::write(path, page);
    }
    match replace::replace(path, page) {
        // The file is the user's, and its directory is not.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => std::fs::write(path, page),
        written => written,
    }
}

/// Writes the page into a file that is the user's alone, under a name that nothing has yet.
fn private_file(page: &[u8], now: UnixMillis) -> Result<PathBuf, Error> {
    let dir = config::temporary_dir();
    let process = std::process::id();
    for attempt in 0..100 {
        let path = dir.join(format!("gh-pmu-timeline-{process}-{}-{attempt}.html", now.get()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path).and_then(|mut file| file.write_all(page)) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path, &error)),
        }
    }
    Err(Error::new(format!("no new file could be made in {}", dir.display())))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
        kind => kind.to_string(),
    };
    Error::new(format!("cannot write {}: {reason}", path.display()))
}

/// The address of a file, as browsers want it.
fn file_url(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let slash = if text.starts_with('/') { "" } else { "/" };
    let mut url = format!("file://{slash}");
    for byte in text.bytes() {
        match byte {
            b'/' | b':' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
            c if c.is_ascii_alphanumeric() => url.push(char::from(c)),
            c => url.push_str(&format!("%{c:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_address_has_no_letter_that_a_browser_reads_otherwise() {
        assert_eq!(file_url(Path::new("/tmp/a b#c?é.html")), "file:///tmp/a%20b%23c%3F%C3%A9.html");
        assert_eq!(file_url(Path::new("C:/x/y.html")), "file:///C:/x/y.html");
    }
}
