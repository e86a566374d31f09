//! What is cached and how fresh it is: lines for people, JSON for programs. Owns labels and fields; must not know how
//! the answers were found.

use std::path::Path;

use gh_pmu::model::{Repo, Seq, UnixMillis};

use super::Output;
use super::json::JsonWriter;
use super::style::Style;
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
    pub fn status(&mut self, status: &Status<'_>, json: bool) -> Result<(), Error> {
        if json {
            let mut bytes = Vec::new();
            write_json(&mut JsonWriter::new(&mut bytes, self.terminal.stdout), status);
            return self.show_json(&bytes);
        }
        if status.repos.is_empty() {
            self.note(&match status.named {
                Some(repo) => format!("nothing is cached of {repo}"),
                None => format!("nothing is cached in {}", status.path.display()),
            });
            return Ok(());
        }
        let mut text = String::new();
        for (at, repo) in status.repos.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            self.repo_status(repo, &mut text);
        }
        self.show(text.as_bytes())
    }

    fn repo_status(&self, status: &RepoStatus<'_>, text: &mut String) {
        let palette = self.terminal.palette;
        text.push_str(&palette.paint(Style::Bold, &status.repo.to_string()));
        text.push('\n');
        let mut line = |label: &str, value: String, style: Style| {
            let label = palette.paint(Style::Gray, &format!("{:15}", format!("{label}:")));
            let value = palette.paint(style, &self.safe(&value));
            text.push_str(&format!("  {label} {value}\n"));
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
        line("published", format!("{} events, and {} observed here", status.published, status.observed), Style::Plain);
        line("log", size(status.log_bytes), Style::Plain);
        line("snapshot", size(status.index_bytes), Style::Plain);
        let plural = if status.tail_events == 1 { "" } else { "s" };
        line("tail", format!("{} event{plural}", status.tail_events), Style::Plain);
    }

    fn time_or_never(&self, time: Option<UnixMillis>) -> String {
        time.map_or_else(|| "never".to_owned(), |time| self.time(time))
    }
}

/// Bytes, and in larger units where that is shorter to read.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    // The cast may round: this is for reading, one decimal.
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {} ({bytes} bytes)", UNITS[unit])
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
        json.key("stale").raw(if repo.stale_reason.is_some() { "true" } else { "false" });
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
