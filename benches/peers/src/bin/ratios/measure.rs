//! A row: commands that are run in turns, and the ratios between their medians.

use std::time::Duration;

use peers::Result;

use crate::lab::{BEFORE, Build, Lab, PROGRAM};
use crate::process::{Command, settle_disk};
use crate::table::{Report, Timing, Verdict};

/// How much slower than the build before it the program may be.
const NO_SLOWER: f64 = 1.05;

pub struct Contestant {
    pub name: String,
    pub command: Command,
    /// Takes part in every n-th round only. Odd, so that it meets both of two manifests that take turns.
    pub every: usize,
    /// Prints what this one should.
    pub model: Option<Command>,
    /// How many lines it should print, where there is no model.
    pub lines: Option<usize>,
    /// Prints after the last round what [`Row::expected`] prints then.
    pub afterwards: Option<Command>,
}

pub struct Budget {
    pub who: String,
    pub limit: f64,
    pub of: Of,
}

/// What a budget is held against.
pub enum Of {
    Another(String),
    Milliseconds,
}

pub struct Row<'l> {
    pub title: String,
    pub rounds: usize,
    pub contestants: Vec<Contestant>,
    pub budgets: Vec<Budget>,
    no_slower: Vec<Budget>,
    /// Prints the list that the stores should give after the last round.
    pub expected: Option<Command>,
    /// Restores the starting state; not timed.
    pub before_round: Box<dyn FnMut() -> Result<()> + 'l>,
    /// Commands of this row wait for the disk.
    pub writes: bool,
}

impl Contestant {
    pub fn new(name: impl Into<String>, command: Command) -> Self {
        Self { name: name.into(), command, every: 1, model: None, lines: None, afterwards: None }
    }

    /// For [`Row::with_program`], which gives the name.
    pub fn of(command: Command) -> Self {
        Self::new("", command)
    }

    pub fn every(self, every: usize) -> Self {
        Self { every, ..self }
    }

    pub fn prints_lines(self, count: usize) -> Self {
        Self { lines: Some(count), ..self }
    }

    pub fn prints_like(self, model: Command) -> Self {
        Self { model: Some(model), ..self }
    }

    pub fn afterwards(self, list: Command) -> Self {
        Self { afterwards: Some(list), ..self }
    }
}

impl Of {
    fn name(&self) -> Option<&str> {
        match self {
            Of::Another(name) => Some(name),
            Of::Milliseconds => None,
        }
    }
}

fn named(build: &str, what: &str) -> String {
    format!("{build} {what}").trim_end().to_owned()
}

impl<'l> Row<'l> {
    pub fn new(title: impl Into<String>, rounds: usize) -> Self {
        Self {
            title: title.into(),
            rounds,
            contestants: Vec::new(),
            budgets: Vec::new(),
            no_slower: Vec::new(),
            expected: None,
            before_round: Box::new(|| Ok(())),
            writes: false,
        }
    }

    pub fn with(mut self, contestant: Contestant) -> Self {
        self.contestants.push(contestant);
        self
    }

    pub fn budget(mut self, who: &str, limit: f64, of: &str) -> Self {
        self.budgets.push(Budget { who: who.to_owned(), limit, of: Of::Another(of.to_owned()) });
        self
    }

    /// A budget in milliseconds: for work that nothing else does.
    pub fn within(mut self, who: &str, millis: f64) -> Self {
        self.budgets.push(Budget { who: who.to_owned(), limit: millis, of: Of::Milliseconds });
        self
    }

    /// The program at some work, and the build before it if that takes part. `what` tells works of one row apart.
    pub fn with_program(mut self, lab: &Lab, what: &str, make: impl Fn(&Build) -> Contestant) -> Self {
        for build in lab.builds() {
            let made = make(build);
            self.contestants.push(Contestant { name: named(build.name, what), ..made });
        }
        if lab.builds().len() > 1 {
            let of = Of::Another(named(BEFORE, what));
            self.no_slower.push(Budget { who: named(PROGRAM, what), limit: NO_SLOWER, of });
        }
        self
    }

    pub fn expecting(self, expected: Command) -> Self {
        Self { expected: Some(expected), ..self }
    }

    pub fn before_round(self, prepare: impl FnMut() -> Result<()> + 'l) -> Self {
        Self { before_round: Box::new(prepare), ..self }
    }

    pub fn writes(self) -> Self {
        Self { writes: true, ..self }
    }

    /// Runs the row and adds it to the report.
    pub fn measure(mut self, lab: &Lab, id: &str, report: &mut Report) -> Result<()> {
        let notes = self.rehearse(lab)?;
        if lab.counts {
            return self.count(lab, id, &notes, report);
        }
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); self.contestants.len()];
        let pacemaker = lab.peer("floor", &[]);
        for round in 0..self.rounds {
            (self.before_round)()?;
            for (at, contestant) in self.contestants.iter().enumerate() {
                if notes[at].is_out || round % contestant.every != 0 {
                    continue;
                }
                if self.writes {
                    settle_disk();
                }
                // The processor's caches hold what the one before left: from here on that is the same for all.
                pacemaker.run()?;
                times[at].push(contestant.command.run()?.elapsed);
            }
        }
        let notes = self.check_afterwards(lab, notes)?;
        self.report(id, times, &notes, report);
        Ok(())
    }

    /// One round in which instructions are counted. The kernel's are not among them, so budgets are not held against it.
    fn count(&mut self, lab: &Lab, id: &str, notes: &[Note], report: &mut Report) -> Result<()> {
        (self.before_round)()?;
        report.sizes_heading(id, &self.title, &["million instructions", "× before"]);
        let mut counts: Vec<(&str, f64)> = Vec::new();
        for (contestant, note) in self.contestants.iter().zip(notes) {
            if note.is_out {
                report.sizes(&contestant.name, &[note.text.clone(), String::new()]);
                continue;
            }
            counts.push((&contestant.name, contestant.command.count_instructions(&lab.scratch())? as f64 / 1e6));
        }
        let count_of = |name: &str| counts.iter().find(|count| count.0 == name).map(|count| count.1);
        for (name, count) in &counts {
            let pair = self.no_slower.iter().find(|budget| budget.who == *name);
            let before = pair.and_then(|budget| budget.of.name()).and_then(count_of);
            let ratio = before.map_or(String::new(), |before| format!("{:.3}", count / before));
            report.sizes(name, &[format!("{count:.3}"), ratio]);
        }
        Ok(())
    }

    /// One round that is not timed: it warms the caches, and finds who fails or prints something else.
    fn rehearse(&mut self, lab: &Lab) -> Result<Vec<Note>> {
        (self.before_round)()?;
        let mut notes = Vec::new();
        for contestant in &self.contestants {
            let note = match contestant.command.ask(&lab.scratch()) {
                Err(error) => Note::out(&error.to_string()),
                Ok(answer) if answer.code != 0 => {
                    Note::out(&format!("exit code {}: {}", answer.code, answer.complaint))
                }
                Ok(answer) => {
                    let model = contestant.model.as_ref().map(|model| model.ask(&lab.scratch())).transpose()?;
                    let differs = model.is_some_and(|model| model.stdout != answer.stdout)
                        || contestant.lines.is_some_and(|lines| lines != answer.lines);
                    let text = if differs { "PRINTS SOMETHING ELSE" } else { "" };
                    Note { is_out: false, text: text.to_owned() }
                }
            };
            notes.push(note);
        }
        Ok(notes)
    }

    fn check_afterwards(&self, lab: &Lab, mut notes: Vec<Note>) -> Result<Vec<Note>> {
        let Some(expected) = &self.expected else { return Ok(notes) };
        let expected = expected.ask(&lab.scratch())?.stdout;
        for (contestant, note) in self.contestants.iter().zip(&mut notes) {
            if let (Some(list), false) = (&contestant.afterwards, note.is_out)
                && list.ask(&lab.scratch())?.stdout != expected
            {
                note.text = "LISTS SOMETHING ELSE AFTERWARDS".to_owned();
            }
        }
        Ok(notes)
    }

    fn report(&self, id: &str, times: Vec<Vec<Duration>>, notes: &[Note], report: &mut Report) {
        let timings: Vec<Option<Timing>> = times.into_iter().map(Timing::of).collect();
        let timing = |name: &str| {
            let at = self.contestants.iter().position(|contestant| contestant.name == name)?;
            timings[at].as_ref()
        };
        let reference = self.budgets.iter().find_map(|budget| budget.of.name());
        let reference = reference.unwrap_or(&self.contestants[0].name);
        report.heading(id, &self.title, self.rounds, reference);
        for ((contestant, note), timed) in self.contestants.iter().zip(notes).zip(&timings) {
            report.timing(&contestant.name, timed.as_ref(), timing(reference), &note.text);
        }
        if let Some(timing) = timing(reference) {
            report.busy(id, reference, timing);
        }
        for Budget { who, limit, of } in self.budgets.iter().chain(&self.no_slower) {
            let is_wrong = |(who_else, note): (&Contestant, &Note)| who_else.name == *who && !note.text.is_empty();
            let is_wrong = self.contestants.iter().zip(notes).any(is_wrong);
            let (measured, what, unit) = match of {
                Of::Milliseconds => (timing(who).map(|who| who.median / 1e3), who.clone(), "ms"),
                Of::Another(of) => {
                    let measured = timing(who).zip(timing(of)).map(|(who, of)| who.median / of.median);
                    (measured, format!("{who} / {of}"), "×")
                }
            };
            report.verdict(Verdict { row: id.to_owned(), what, measured, limit: *limit, unit, is_wrong });
        }
    }
}

struct Note {
    is_out: bool,
    text: String,
}

impl Note {
    fn out(why: &str) -> Self {
        Self { is_out: true, text: format!("not available: {why}") }
    }
}
