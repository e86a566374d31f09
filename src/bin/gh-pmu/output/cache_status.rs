//! What is cached and how fresh it is: lines for people, JSON for programs. Owns labels and fields; must not know how
//! the answers were found.

use std::path::Path;

use gh_pmu::model::{Repo, Seq, UnixMillis, counted};

use super::json::{JsonWriter, Text};
use super::relative::{ago, short};
use super::size::file_size;
use super::style::Style;
use super::table::{Column, Narrow, Table};
use super::width::wrapped_beside;
use super::{Output, tsv};
use crate::exit::Error;

/// The whole report.
#[derive(Clone, Debug)]
pub struct Status<'s> {
    /// The directory of all caches.
    pub path: &'s Path,
    /// The one that was asked about, if it was one.
    pub named: Option<&'s Repo>,
    /// One for each repository.
    pub repos: Vec<RepoStatus<'s>>,
}

/// How the report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusForm {
    /// A few lines.
    Summary,
    /// All that is known.
    Verbose,
    /// One line a repository.
    Lines,
    /// JSON.
    Json,
}

/// How many trackers of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open ones.
    pub open: u64,
    /// Closed ones.
    pub closed: u64,
}

/// One repository.
#[derive(Clone, Debug)]
pub struct RepoStatus<'s> {
    /// Which.
    pub repo: &'s Repo,
    /// Its directory.
    pub path: &'s Path,
    /// Release trackers.
    pub releases: Counts,
    /// Microsprint trackers.
    pub microsprints: Counts,
    /// The last event.
    pub seq: Seq,
    /// The first event that history still has, or would have.
    pub history_start: Seq,
    /// The manifest's BLAKE3, in hex.
    pub manifest_hash: Option<String>,
    /// The manifest's own time.
    pub manifest_updated_at: Option<UnixMillis>,
    /// When this machine recorded something last.
    pub synced_at: Option<UnixMillis>,
    /// When it looked last.
    pub checked_at: Option<UnixMillis>,
    /// `manifest`, `api` or `git`.
    pub source: Option<&'static str>,
    /// Why it should be synced, or cannot be known to be fresh.
    pub stale_reason: Option<String>,
    /// Whether a newer manifest was fetched, and is not checked out. Looked at for people only.
    pub can_pull: bool,
    /// The history hash, in hex.
    pub history_hash: String,
    /// The last published event.
    pub published: u64,
    /// How many events after it were observed here.
    pub observed: u64,
    /// The state hash, in hex.
    pub state_hash: String,
    /// Bytes of the log's segments.
    pub log_bytes: u64,
    /// Bytes of the snapshot.
    pub index_bytes: u64,
    /// Events after the snapshot.
    pub tail_events: u64,
}

/// The only one there is.
const BACKEND: &str = "log";

impl Output<'_> {
    /// Prints the report.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn status(&mut self, status: &Status<'_>, form: StatusForm) -> Result<(), Error> {
        if form == StatusForm::Json {
            let mut bytes = Vec::new();
            write_json(&mut JsonWriter::new(&mut bytes, Text::shown(self.terminal.stdout)), status);
            return self.show_json(&bytes);
        }
        if status.repos.is_empty() {
            self.note(&match status.named {
                Some(repo) => format!("nothing is cached of {repo}"),
                None => format!("nothing is cached in {}", status.path.display()),
            });
            return Ok(());
        }
        if form == StatusForm::Lines {
            let bytes = self.status_lines(status);
            return self.show(&bytes);
        }
        let mut text = String::new();
        for (at, repo) in status.repos.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            match form {
                StatusForm::Summary => self.summary(repo, &mut text),
                _ => self.repo_status(repo, &mut text),
            }
        }
        self.show(text.as_bytes())
    }

    /// Five lines.
    fn summary(&self, status: &RepoStatus<'_>, text: &mut String) {
        const INDENT: usize = 12;
        let palette = self.terminal.palette;
        let (state, style) = freshness(status);
        let name = status.repo.to_string();
        let line = wrapped_beside(2, &self.safe(&format!("{name}: {state}")), self.room());
        // OK because nothing in the name of a repository is broken or made visible.
        let (name, state) = line.split_at(name.len() + 1);
        text.push_str(&format!("{}{}\n", palette.paint(Style::Bold, name), palette.paint(style, state)));
        let counts = |counts: Counts, kind| {
            format!("{} open and {}", counts.open, counted(counts.closed, &format!("closed {kind}")))
        };
        let source = match status.source {
            Some("api") => "GitHub's answer of",
            _ => "manifest of",
        };
        let done = |what: &str, time: Option<UnixMillis>| match time {
            Some(time) => format!("{what} {}", self.time(time)),
            // Of something it must be: what says so is damaged.
            None if what == source => "unknown".to_owned(),
            None => format!("never {what}"),
        };
        let alone = match (status.published, status.observed) {
            (0, _) | (_, 0) => String::new(),
            (_, observed) => format!(", {observed} of them seen by this machine alone"),
        };
        let start = match status.history_start.0 {
            0 | 1 => String::new(),
            start => format!(" from @{start} on"),
        };
        let held = (status.seq.0 + 1).saturating_sub(status.history_start.0);
        let lines = [
            ("trackers", [counts(status.releases, "release"), counts(status.microsprints, "microsprint")].join(", ")),
            (
                "source",
                [
                    done(source, status.manifest_updated_at),
                    done("synced", status.synced_at),
                    done("checked", status.checked_at),
                ]
                .join(", "),
            ),
            ("history", counted(held, "event") + &start + &alone),
            ("files", format!("{} in {}", file_size(status.log_bytes + status.index_bytes), status.path.display())),
        ];
        for (label, value) in lines {
            let label = palette.paint(Style::Gray, &format!("  {label:10}"));
            let value = wrapped_beside(INDENT, &self.safe(&value), self.room());
            text.push_str(&format!("{label}{value}\n"));
        }
    }

    /// One line a repository, the stale ones first, under a sum.
    fn status_lines(&self, status: &Status<'_>) -> Vec<u8> {
        let mut repos: Vec<&RepoStatus<'_>> = status.repos.iter().collect();
        repos.sort_by_key(|repo| repo.stale_reason.is_none());
        if !self.terminal.stdout {
            return status_tsv(&repos);
        }
        let columns = [
            ("REPO", Narrow::IsCut),
            ("OPEN", Narrow::Stays),
            ("CLOSED", Narrow::GivesWay { turn: 2, min: usize::MAX }),
            ("EVENTS", Narrow::GivesWay { turn: 1, min: usize::MAX }),
            ("AGE", Narrow::GivesWay { turn: 3, min: usize::MAX }),
            ("STATUS", Narrow::IsCut),
        ];
        let mut table = Table::new(columns.into_iter().map(|(header, narrow)| Column::new(header, narrow)).collect());
        for repo in &repos {
            let (state, style) = freshness(repo);
            table.cell(&repo.repo.to_string(), Style::Plain);
            table.cell(&(repo.releases.open + repo.microsprints.open).to_string(), Style::Green);
            table.cell(&(repo.releases.closed + repo.microsprints.closed).to_string(), Style::Magenta);
            table.cell(&repo.seq.to_string(), Style::Plain);
            match repo.manifest_updated_at {
                Some(time) => table.cell_or(&ago(self.now, time), &short(self.now, time), Style::Gray),
                None => table.cell("", Style::Gray),
            }
            table.cell(&self.safe(&state), style);
        }
        let mut bytes = self.heading(&sum(&repos), None).into_bytes();
        table.render(self.terminal.width(), self.terminal.palette, &mut bytes);
        bytes
    }

    fn repo_status(&self, status: &RepoStatus<'_>, text: &mut String) {
        let palette = self.terminal.palette;
        text.push_str(&palette.paint(Style::Bold, &status.repo.to_string()));
        text.push('\n');
        let mut line = |label: &str, value: String, style: Style| {
            // Without colons a hash fits 80 columns.
            let label = if self.terminal.stdout {
                format!("  {label:13} ")
            } else {
                format!("  {:16}", label.to_owned() + ":")
            };
            let value = wrapped_beside(label.len(), &self.safe(&value), self.room());
            text.push_str(&format!("{}{}\n", palette.paint(Style::Gray, &label), palette.paint(style, &value)));
        };
        let counts = |counts: Counts| format!("{} open, {} closed", counts.open, counts.closed);
        line("path", status.path.display().to_string(), Style::Plain);
        line("releases", counts(status.releases), Style::Plain);
        line("microsprints", counts(status.microsprints), Style::Plain);
        line("last event", format!("@{}", status.seq), Style::Plain);
        if status.history_start.0 > 1 {
            line("history from", format!("@{}", status.history_start), Style::Plain);
        }
        line("manifest", self.time_or_never(status.manifest_updated_at), Style::Plain);
        line("manifest hash", status.manifest_hash.clone().unwrap_or_else(|| "none".to_owned()), Style::Plain);
        let source = status.source.map(|source| format!(", from {source}")).unwrap_or_default();
        line("synced", format!("{}{source}", self.time_or_never(status.synced_at)), Style::Plain);
        line("checked", self.time_or_never(status.checked_at), Style::Plain);
        match &status.stale_reason {
            Some(reason) => line("stale", format!("yes, {reason}"), Style::Yellow),
            None => line("stale", "no".to_owned(), Style::Green),
        }
        line("state hash", status.state_hash.clone(), Style::Plain);
        line("history hash", status.history_hash.clone(), Style::Plain);
        line(
            "published",
            format!("{}, and {} observed here", counted(status.published, "event"), status.observed),
            Style::Plain,
        );
        line("log", exact_size(status.log_bytes), Style::Plain);
        line("snapshot", exact_size(status.index_bytes), Style::Plain);
        line("tail", counted(status.tail_events, "event"), Style::Plain);
    }

    fn time_or_never(&self, time: Option<UnixMillis>) -> String {
        time.map_or_else(|| "never".to_owned(), |time| self.time(time))
    }
}

/// Whether it is fresh, in words, and their colour.
fn freshness(status: &RepoStatus<'_>) -> (String, Style) {
    match &status.stale_reason {
        Some(reason) => (format!("stale, {reason}"), Style::Yellow),
        None if status.can_pull => {
            ("up to date with the manifest here; `git pull` would bring a newer one".to_owned(), Style::Yellow)
        }
        None => ("up to date".to_owned(), Style::Green),
    }
}

/// `repository  open  closed  events  of when  stale or fresh  why`, for scripts.
fn status_tsv(repos: &[&RepoStatus<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for repo in repos {
        tsv::text(&mut bytes, &repo.repo.to_string(), true);
        let trackers = [repo.releases.open + repo.microsprints.open, repo.releases.closed + repo.microsprints.closed];
        for number in trackers.into_iter().chain([repo.seq.0]) {
            bytes.push(b'\t');
            tsv::number(&mut bytes, number);
        }
        let time = repo.manifest_updated_at.map(|time| time.to_string()).unwrap_or_default();
        let word = if repo.stale_reason.is_some() { "stale" } else { "fresh" };
        bytes.extend_from_slice(format!("\t{time}\t{word}\t").as_bytes());
        tsv::text(&mut bytes, repo.stale_reason.as_deref().unwrap_or_default(), false);
        bytes.push(b'\n');
    }
    bytes
}

fn sum(repos: &[&RepoStatus<'_>]) -> String {
    let of = |count: fn(&RepoStatus<'_>) -> u64| repos.iter().map(|repo| count(repo)).sum::<u64>();
    let open = of(|repo| repo.releases.open + repo.microsprints.open);
    let closed = of(|repo| repo.releases.closed + repo.microsprints.closed);
    let stale = of(|repo| repo.stale_reason.is_some().into());
    let bytes = of(|repo| repo.log_bytes + repo.index_bytes);
    let (count, repositories) = (repos.len(), if repos.len() == 1 { "repository" } else { "repositories" });
    let stale = if stale == 0 { "none stale".to_owned() } else { format!("{stale} stale") };
    format!("{count} cached {repositories}, {stale}: {open} open and {closed} closed trackers, {}", file_size(bytes))
}

/// Bytes, and in larger units where that is shorter to read.
fn exact_size(bytes: u64) -> String {
    let short = file_size(bytes);
    if bytes < 1024 { short } else { format!("{short} ({bytes} bytes)") }
}

fn write_json(json: &mut JsonWriter<'_>, status: &Status<'_>) {
    json.raw("{");
    json.key("path").string(&status.path.to_string_lossy());
    json.key("backend").string(BACKEND);
    json.key("repos").raw("[");
    for (at, repo) in status.repos.iter().enumerate() {
        json.raw(if at == 0 { "{" } else { ",{" });
        json.key("repo").string(&repo.repo.to_string());
        json.key("trackers").raw("{");
        for (kind, counts) in [("release", repo.releases), ("microsprint", repo.microsprints)] {
            json.key(kind).raw("{");
            json.key("open").number(counts.open);
            json.key("closed").number(counts.closed);
            json.raw("}");
        }
        json.raw("}");
        json.key("seq").number(repo.seq.0);
        json.key("historyStart").number(repo.history_start.0);
        json.key("manifestHash").string_or_null(repo.manifest_hash.as_deref());
        json.key("manifestUpdatedAt").time(repo.manifest_updated_at);
        json.key("syncedAt").time(repo.synced_at);
        json.key("checkedAt").time(repo.checked_at);
        json.key("source").string_or_null(repo.source);
        json.key("stale").boolean(repo.stale_reason.is_some());
        json.key("staleReason").string_or_null(repo.stale_reason.as_deref());
        json.key("stateHash").string(&repo.state_hash);
        json.key("historyHash").string(&repo.history_hash);
        json.key("published").number(repo.published);
        json.key("observed").number(repo.observed);
        json.key("logBytes").number(repo.log_bytes);
        json.key("indexBytes").number(repo.index_bytes);
        json.key("tailEvents").number(repo.tail_events);
        json.raw("}");
    }
    json.raw("]}\n");
}
