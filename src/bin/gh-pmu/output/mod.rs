//! The only printer. Owns standard output and standard error, every form that lists and reports take, and what happens
//! when nobody reads them; must not know the store or where rows come from.

mod age;
mod append;
mod axis;
mod blocks;
mod cache_status;
mod diff;
mod event;
mod export;
mod export_sql;
mod fields;
mod go_time;
mod history;
mod jq;
mod json;
mod list;
mod page;
mod pager;
mod place;
mod pretty;
mod progress;
mod relative;
mod sanitize;
mod size;
mod stat;
mod status;
mod stream;
mod style;
mod table;
mod template;
mod terminal;
mod timeline;
mod tsv;
mod verified;
mod view;
mod width;

use std::io::Write;
use std::sync::mpsc::channel;

use gh_pmu::model::UnixMillis;
use gh_pmu::query::Row;

use crate::cli::JsonShape;
use crate::config::PagerCommand;
use crate::exit::{Error, Exit, plain_words};
use json::Text;
use style::Style;

pub use age::{Age, From};
pub use cache_status::{Counts, RepoStatus, Status, StatusForm};
pub use event::EventRow;
pub use export::{Begin, Checkpoint, Export, Exported};
pub use export_sql::{Dialect, Sql};
pub use fields::{EventField, TrackerField};
pub use history::HistoryHead;
pub use list::ListHead;
pub use page::Page;
pub use place::Place;
pub use progress::Progress;
pub use sanitize::{is_deceptive, visible_line};
pub use size::file_size;
pub use status::Overview;
pub use stream::{Stream, is_read};
pub use terminal::Terminal;
pub use timeline::TimelineHead;
pub use view::{EVENTS, TrackerView, VIEW_FIELDS};

/// Where the program writes, and how it may look there.
pub struct Output<'o> {
    out: &'o mut dyn Write,
    err: &'o mut dyn Write,
    terminal: Terminal,
    pager: &'o dyn Fn() -> Option<PagerCommand>,
    now: UnixMillis,
    warned: Warned,
    /// Whether a pager did not take everything.
    is_left_early: bool,
}

/// What was warned of, where it is not to be said again and again.
#[derive(Default)]
struct Warned {
    is_kept: bool,
    before: Vec<String>,
    since: Vec<String>,
}

/// Bytes are handed on in portions of this size, whole pages: half of what a pipe holds, so that it is filled while it is
/// drained.
const PORTION: usize = 32 << 10;
/// Room for a short list; memory that is never touched costs time, too.
const FIRST_PORTION: usize = 8 << 10;

impl<'o> Output<'o> {
    /// Over the two streams. `pager` is asked for only when a terminal gets more than it can show at once.
    pub fn new(
        out: &'o mut dyn Write,
        err: &'o mut dyn Write,
        terminal: Terminal,
        pager: &'o dyn Fn() -> Option<PagerCommand>,
        now: UnixMillis,
    ) -> Self {
        Self { out, err, terminal, pager, now, warned: Warned::default(), is_left_early: false }
    }

    /// Whether all of it reached whoever reads it, as far as can be told: a pager may have been left early, or have failed.
    pub fn is_taken(&self) -> bool {
        !self.is_left_early
    }

    /// Whether a person reads: then there may be sentences, colours and questions.
    pub fn is_terminal(&self) -> bool {
        self.terminal.stdout
    }

    /// One line of what was asked for, safe to show.
    ///
    /// # Errors
    /// Standard output is closed or fails.
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        let mut bytes = self.safe(text).into_bytes();
        bytes.push(b'\n');
        self.write(&bytes)
    }

    /// A sentence, broken between words where it does not fit a terminal.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn sentence(&mut self, text: &str) -> Result<(), Error> {
        self.line(&width::wrapped(text, self.room()))
    }

    /// Lines that each end with a command: beside each other if they all fit a terminal, else one below the other.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn advice(&mut self, lines: &[&str]) -> Result<(), Error> {
        let width = self.room();
        let fits = lines.iter().all(|line| width::width_of(line) <= width);
        lines.iter().try_for_each(|line| self.line(&width::with_command(line, if fits { width } else { 0 })))
    }

    /// One sentence about what was done.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn success(&mut self, sentence: &str) -> Result<(), Error> {
        if !self.terminal.stdout {
            return self.line(sentence);
        }
        let mark = self.terminal.palette.paint(Style::Green, "✓");
        let sentence = format!("{mark} {}\n", sanitize::visible_line(sentence));
        self.write(sentence.as_bytes())
    }

    /// How long ago for people, the exact time for scripts.
    pub fn time(&self, time: UnixMillis) -> String {
        if self.terminal.stdout { relative::ago(self.now, time) } else { time.to_string() }
    }

    /// A page of help; `text` gets what makes a heading bold.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn page(&mut self, text: impl FnOnce(&dyn Fn(&str) -> String) -> String) -> Result<(), Error> {
        let palette = self.terminal.palette;
        let text = text(&|heading| palette.paint(Style::Bold, heading));
        self.show(text.as_bytes())
    }

    /// A change to a text file: see [`diff::unified`].
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn diff(&mut self, name: &str, old: Option<&str>, new: &str) -> Result<(), Error> {
        let (old, new) = (old.map(|old| self.safe(old)), self.safe(new));
        let text = diff::unified(name, old.as_deref(), &new, self.terminal.palette);
        self.show(text.as_bytes())
    }

    /// A sentence beside the result, on standard error, broken where it does not fit; only when a person reads.
    pub fn note(&mut self, sentence: &str) {
        if self.terminal.stdout {
            let width = self.terminal.width();
            let lines: Vec<String> = sentence.lines().map(|line| width::wrapped(line, width)).collect();
            self.complain(&format!("{}\n", lines.join("\n")));
        }
    }

    /// From here on only what was not warned of since the last call is.
    pub fn warn_of_news_only(&mut self) {
        self.warned = Warned { is_kept: true, before: std::mem::take(&mut self.warned.since), since: Vec::new() };
    }

    /// One line of warning, on standard error.
    pub fn warn(&mut self, sentence: &str) {
        if self.warned.is_kept {
            self.warned.since.push(sentence.to_owned());
            if self.warned.before.iter().any(|before| before == sentence) {
                return;
            }
        }
        let mark = self.terminal.err_palette().paint(Style::Yellow, "!");
        let sentence = plain_words(sentence);
        let sentence = sanitize::visible_line(&sentence);
        // When standard error is gone there is nobody to tell.
        let _ = writeln!(self.err, "{mark} {sentence}");
    }

    /// The lines of an error, on standard error.
    pub fn error(&mut self, error: &Error) {
        self.complain(&error.to_string());
    }

    /// A sign of life on standard error if what follows takes longer than half a second, until it is dropped.
    pub fn progress(&self, doing: &str) -> Progress {
        // Whoever ends the wait has cancelled.
        gh_pmu::fs::exit_at_interrupt(Exit::Cancelled.code());
        let is_shown = self.terminal.stdout && self.terminal.stderr;
        Progress::start(is_shown, sanitize::visible_line(doing).into_owned())
    }

    /// Asks a person; anything but yes cancels.
    ///
    /// # Errors
    /// Nobody is there to answer (`flag` would answer for him), or the answer is not yes: exit code 2, and silence.
    pub fn confirm(&mut self, question: &str, flag: &str) -> Result<(), Error> {
        if !self.terminal.can_ask() {
            return Err(Error::new(format!("--{flag} required when not running interactively")));
        }
        let answer = self.answer_to(&format!("? {question} (y/N) "));
        // What the shell prints next begins a line.
        if answer.as_ref().is_none_or(|answer| !answer.ends_with('\n')) {
            self.complain("\n");
        }
        if answer.is_some_and(|answer| is_yes(&answer)) { Ok(()) } else { Err(Error::Told(Exit::Cancelled)) }
    }

    /// The line that a person types; `None` after Ctrl-C. One that cannot be read is not yes.
    fn answer_to(&mut self, question: &str) -> Option<String> {
        let (tell, told) = channel();
        let interrupted = tell.clone();
        // Without a handler the signal ends the program.
        let _ = ctrlc::set_handler(move || drop(interrupted.send(None)));
        self.complain(question);
        std::thread::spawn(move || {
            let mut answer = String::new();
            let _ = std::io::stdin().read_line(&mut answer);
            tell.send(Some(answer))
        });
        told.recv().ok().flatten()
    }

    fn complain(&mut self, text: &str) {
        let _ = self.err.write_all(sanitize::visible(text).as_bytes());
    }

    /// How long a line of words may be: in a pipe nothing is broken.
    fn room(&self) -> usize {
        if self.terminal.stdout { self.terminal.width() } else { usize::MAX }
    }

    fn safe(&self, text: &str) -> String {
        if self.terminal.stdout { sanitize::visible(text).into_owned() } else { text.to_owned() }
    }

    /// Straight to standard output.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).and_then(|()| self.out.flush()).map_err(|error| closed_or(&error))
    }

    /// To standard output, through a pager where it is a terminal and too small.
    fn show(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let lines = || bytes.iter().filter(|c| **c == b'\n').count();
        let is_long = self.terminal.stdout && lines() > self.terminal.height();
        if let Some(command) = is_long.then(|| (self.pager)()).flatten() {
            match pager::show(&command, bytes) {
                Ok(is_taken) => {
                    self.is_left_early |= !is_taken;
                    return Ok(());
                }
                Err(error) => self.warn(&format!("error starting pager: {error}")),
            }
        }
        self.write(bytes)
    }

    /// JSON, in the shape that was asked for. `write` writes it.
    fn json(
        &mut self,
        shape: &JsonShape,
        write: impl FnOnce(Text, Portions<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let is_plain = *shape == JsonShape::Plain;
        if is_plain && !self.terminal.stdout && !self.terminal.palette.is_on() {
            return write(Text::Carets, self.portions());
        }
        let mut bytes = Vec::new();
        write(Text::shown(is_plain && self.terminal.stdout), Portions::of(&mut bytes))?;
        match shape {
            JsonShape::Plain => self.show_json(&bytes),
            JsonShape::Jq(expression) => self.jq(expression, &bytes),
            JsonShape::Template(template) => self.template(template, &bytes),
        }
    }

    /// JSON as gh shows it: one line, but laid out and coloured where there are colours.
    fn show_json(&mut self, compact: &[u8]) -> Result<(), Error> {
        if self.terminal.palette.is_on() {
            let mut bytes = Vec::with_capacity(compact.len() * 2);
            pretty::format(compact, "  ", true, &mut bytes);
            return self.show(&bytes);
        }
        self.show(compact)
    }

    fn portions(&mut self) -> Portions<'_> {
        Portions::of(&mut *self.out)
    }
}

/// Collects rows and hands them on in portions.
struct Portions<'p> {
    buffer: Vec<u8>,
    out: &'p mut dyn Write,
}

impl<'p> Portions<'p> {
    fn of(out: &'p mut dyn Write) -> Self {
        Self { buffer: Vec::with_capacity(FIRST_PORTION), out }
    }

    /// A row is complete.
    #[inline]
    fn row_done(&mut self) -> Result<(), Error> {
        if self.buffer.len() >= PORTION { self.hand_on() } else { Ok(()) }
    }

    #[cold]
    fn hand_on(&mut self) -> Result<(), Error> {
        let whole = self.buffer.len() / PORTION * PORTION;
        self.out.write_all(&self.buffer[..whole]).map_err(|error| closed_or(&error))?;
        self.buffer.drain(..whole);
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        self.out.write_all(&self.buffer).map_err(|error| closed_or(&error))?;
        self.out.flush().map_err(|error| closed_or(&error))
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn is_yes(answer: &str) -> bool {
    matches!(&*answer.trim().to_ascii_lowercase(), "y" | "yes")
}

fn closed_or(error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Error::ClosedPipe,
        _ => Error::new(format!("cannot write the output: {error}")),
    }
}

#[cfg(test)]
mod tests;
