//! What is printed: a table per row as soon as it is measured, and all budgets together at the end.

use std::time::Duration;

#[derive(Default)]
pub struct Report {
    verdicts: Vec<Verdict>,
    /// The rows that were disturbed.
    busy: Vec<String>,
}

/// On a quiet machine the medians of all rows stay within 1.3 times the least.
const BUSY: f64 = 1.4;

/// One budget and what became of it.
pub struct Verdict {
    pub row: String,
    pub what: String,
    pub measured: Option<f64>,
    pub limit: f64,
    pub unit: &'static str,
    /// What was measured did not do the work.
    pub is_wrong: bool,
}

/// Microseconds.
pub struct Timing {
    pub median: f64,
    pub least: f64,
    pub count: usize,
}

impl Timing {
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let micros = |at: usize| times.get(at).map(|time| time.as_nanos() as f64 / 1e3);
        Some(Self { median: micros(times.len() / 2)?, least: micros(0)?, count: times.len() })
    }
}

impl Report {
    pub fn heading(&mut self, id: &str, title: &str, rounds: usize, reference: &str) {
        println!("\n### {id}: {title} ({rounds} rounds)\n");
        println!(
            "| {:<18} | {:>10} | × {reference} | {:>10} | × {reference} | runs | |",
            "who", "median µs", "least µs"
        );
        println!("| :-- | --: | --: | --: | --: | --: | :-- |");
    }

    pub fn timing(&mut self, who: &str, timing: Option<&Timing>, reference: Option<&Timing>, note: &str) {
        let Some(Timing { median, least, count }) = timing else {
            println!("| {who:<18} | | | | | 0 | {note} |");
            return;
        };
        let (of_median, of_least) = reference.map_or((f64::NAN, f64::NAN), |of| (median / of.median, least / of.least));
        println!("| {who:<18} | {median:>10.1} | {of_median:.2} | {least:>10.1} | {of_least:.2} | {count} | {note} |");
    }

    /// Says so where medians are not to be trusted.
    pub fn busy(&mut self, id: &str, reference: &str, timing: &Timing) {
        if timing.median > BUSY * timing.least {
            println!(
                "\n{reference} took {:.1} times its least: the machine was busy, repeat {id}",
                timing.median / timing.least
            );
            self.busy.push(id.to_owned());
        }
    }

    /// A table of sizes instead of times.
    pub fn sizes_heading(&mut self, id: &str, title: &str, columns: &[&str]) {
        println!("\n### {id}: {title}\n");
        println!("| {:<24} | {} |", "who", columns.join(" | "));
        println!("| :-- |{}", " --: |".repeat(columns.len()));
    }

    pub fn sizes(&mut self, who: &str, cells: &[String]) {
        println!("| {who:<24} | {} |", cells.join(" | "));
    }

    pub fn verdict(&mut self, verdict: Verdict) {
        self.verdicts.push(verdict);
    }

    pub fn failure(&mut self, id: &str, error: &dyn std::error::Error) {
        println!("\n### {id}: not measured: {error}");
    }

    /// All budgets.
    pub fn summary(&self) {
        println!("\n### Budgets\n");
        println!("| {:<20} | {:<34} | {:>10} | {:>10} | |", "row", "ratio or size", "measured", "budget");
        println!("| :-- | :-- | --: | --: | :-- |");
        for Verdict { row, what, measured, limit, unit, is_wrong } in &self.verdicts {
            let (measured, word) = match measured {
                None => ("not available".to_owned(), ""),
                Some(measured) => (format!("{measured:.2} {unit}"), word(*is_wrong, measured <= limit)),
            };
            let limit = format!("≤ {limit} {unit}");
            let busy = if self.busy.contains(row) { ", the machine was busy" } else { "" };
            println!("| {row:<20} | {what:<34} | {measured:>10} | {limit:>10} | {word}{busy} |");
        }
    }
}

fn word(is_wrong: bool, is_within: bool) -> &'static str {
    match (is_wrong, is_within) {
        (true, _) => "WRONG OUTPUT",
        (false, true) => "met",
        (false, false) => "MISSED",
    }
}
