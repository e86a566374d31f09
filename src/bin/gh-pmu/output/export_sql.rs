//! Exports as SQL for an engine's own client. Owns the tables, and how each engine spells types, texts and times; must not
//! know where events come from.
//!
//! All rows go into a temporary table first. Then one statement looks whether they are all there, and whether another
//! history is stored under the same numbers; only after it do they become visible. So a stream that was cut loads nothing,
//! whatever the client does at its end.
//!
//! `trackers` is a view over `events`: the newest event of each tracker. It cannot go back in time when an older export is
//! loaded after a newer one, and nothing is ever deleted.

use std::borrow::Cow;
use std::fmt::Write as _;

use gh_pmu::model::UnixMillis;
use gh_pmu::store::Logged;

use super::export::{Checkpoint, Export, Exported};
use crate::exit::Error;

/// The engine that will read the SQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// `sqlite3 FILE`.
    #[default]
    Sqlite,
    /// `psql -1 -v ON_ERROR_STOP=1`.
    Postgres,
    /// `duckdb FILE`.
    Duckdb,
}

/// Rows in one statement: engines take long over many small ones.
const ROWS: u64 = 500;

/// The columns of `events` and of the table that they are loaded into. `{…}` is a type.
const EVENT_COLUMNS: &str = "\
  id {text} NOT NULL,
  repo {text} NOT NULL,
  seq {integer} NOT NULL,
  event {text} NOT NULL CHECK (event IN ('added', 'closed', 'reopened', 'retitled', 'redated', 'removed')),
  type {text} NOT NULL CHECK (type IN ('release', 'microsprint')),
  number {integer} NOT NULL,
  title {text} NOT NULL,
  \"before\" {json},
  \"after\" {json},
  changed_at {time} NOT NULL,
  synced_at {time} NOT NULL,
  source {text} NOT NULL,
  manifest {text},
  git_commit {text},
  baseline {boolean} NOT NULL,
  published {boolean} NOT NULL,
  tracker_title {text},
  tracker_state {text} CHECK (tracker_state IN ('OPEN', 'CLOSED')),
  tracker_created_at {time},
  tracker_closed_at {time}";

/// Behind them in `events`: whether a history that was pruned later shows that the tracker was removed since.
const GONE: &str = "\n  gone {boolean} NOT NULL DEFAULT {false}";

/// Behind those of `sync_metadata`: where the latest history begins that was loaded pruned. What is older was judged by it.
const CUT_COLUMN: &str = "\n  cut {integer}";

const SYNC_COLUMNS: &str = "\
  repo {text} NOT NULL,
  manifest_hash {text},
  last_sync {time} NOT NULL,
  seq {integer} NOT NULL,
  id {text},
  published {boolean} NOT NULL,
  history_hash {text} NOT NULL,
  state_hash {text} NOT NULL";

/// Where the events of each repository begin: [`Begin`](super::export::Begin).
const BEGIN_COLUMNS: &str = "\
  repo {text} NOT NULL,
  after_seq {integer} NOT NULL,
  after_id {text},
  kept {boolean} NOT NULL,
  cut {integer},
  published {boolean} NOT NULL";

/// Repositories that the engine knows by another name: in other letters, or renamed, which keeps the ids of events. The
/// stored name is kept until a renamed repository goes on under the new one.
const NAMES: &str = "gh_pmu_names AS
SELECT n.loaded, n.stored, lower(n.loaded) <> lower(n.stored) AND l.seq > s.seq AS renamed
FROM (
  SELECT loaded, min(stored) AS stored FROM (
    SELECT l.repo AS loaded, e.repo AS stored FROM gh_pmu_events l JOIN events e ON e.id = l.id
      WHERE e.repo <> l.repo AND e.published AND l.published
    UNION SELECT b.repo, e.repo FROM gh_pmu_begin b JOIN events e ON e.id = b.after_id WHERE e.repo <> b.repo
    UNION SELECT l.repo, s.repo FROM gh_pmu_sync l JOIN sync_metadata s ON lower(s.repo) = lower(l.repo)
      WHERE l.repo NOT IN (SELECT repo FROM sync_metadata)
  ) found GROUP BY loaded
) n JOIN gh_pmu_sync l ON l.repo = n.loaded JOIN sync_metadata s ON s.repo = n.stored
WHERE n.stored NOT IN (SELECT repo FROM gh_pmu_sync) AND n.loaded NOT IN (SELECT repo FROM sync_metadata)";

/// The view of the present. Observed events count only in repositories that have no published ones.
const TRACKERS: &str = "VIEW trackers AS
SELECT id, repo, type, number, tracker_title AS title, lower(tracker_state) AS state,
  tracker_created_at AS created_at, tracker_closed_at AS closed_at, synced_at
FROM (
  SELECT e.*, row_number() OVER (PARTITION BY repo, type, number ORDER BY seq DESC, changed_at DESC, id DESC) AS age
  FROM events e
  WHERE published OR NOT EXISTS (SELECT 1 FROM sync_metadata s WHERE s.repo = e.repo AND s.published)
) newest
WHERE age = 1 AND tracker_state IS NOT NULL AND NOT gone";

const INDEXES: &str = "\
CREATE INDEX IF NOT EXISTS idx_repo_seq ON events(repo, seq);
CREATE INDEX IF NOT EXISTS idx_repo_type_state ON events(repo, type, tracker_state);
CREATE INDEX IF NOT EXISTS idx_repo_synced ON events(repo, synced_at);
";

/// Stored events that are not those of this history. What a pruned log begins with is of no commit and no manifest, and
/// stands for the event that was pruned if both lead to the same tracker. Numbers of observed events are not for good, so they are compared
/// only where nothing was published.
const FORKS: &str = "\
SELECT 1 FROM gh_pmu_events l JOIN events e ON e.repo = l.repo AND e.seq = l.seq AND e.published = l.published
  WHERE NOT ((e.baseline AND e.git_commit IS NULL AND e.manifest IS NULL
        OR l.baseline AND l.git_commit IS NULL AND l.manifest IS NULL)
      AND e.type = l.type AND e.number = l.number AND coalesce(e.tracker_title, '') = coalesce(l.tracker_title, '')
      AND coalesce(e.tracker_state, '') = coalesce(l.tracker_state, ''))
    AND (e.id <> l.id OR e.event <> l.event OR e.type <> l.type OR e.number <> l.number OR e.title <> l.title
      OR e.changed_at <> l.changed_at)
    AND (l.published OR NOT EXISTS (SELECT 1 FROM sync_metadata s WHERE s.repo = l.repo AND s.published)
      AND NOT EXISTS (SELECT 1 FROM gh_pmu_sync s WHERE s.repo = l.repo AND s.published))
UNION ALL
SELECT 1 FROM gh_pmu_events GROUP BY id HAVING min(repo) <> max(repo)
UNION ALL
SELECT 1 FROM gh_pmu_events l JOIN events e ON e.id = l.id
  WHERE e.published AND l.published AND (e.repo <> l.repo OR e.seq <> l.seq)";

/// Repositories whose events come after one that is not stored. What a pruned log began with stands for it.
const GAPS: &str = "\
SELECT 1 FROM gh_pmu_begin b WHERE b.after_seq > 0
  AND (b.kept OR EXISTS (SELECT 1 FROM events e WHERE e.repo = b.repo))
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = b.after_id)
  AND NOT EXISTS (SELECT 1 FROM sync_metadata s WHERE s.repo = b.repo AND s.seq >= b.after_seq
    AND (b.after_id IS NULL OR NOT EXISTS (SELECT 1 FROM events e WHERE e.repo = b.repo AND e.seq = b.after_seq
      AND e.published = b.published AND NOT (e.baseline AND e.git_commit IS NULL AND e.manifest IS NULL))))";

const GAP: &str = "what comes before these events is not stored: nothing was loaded, export all of them again";
const FORKED: &str = "another history is stored under the same numbers: nothing was loaded";
const CUT: &str = "the export is not whole: nothing was loaded";

/// Whether a baseline stands for an event that is there already, as after a prune.
const KNOWN: &str = "l.baseline AND EXISTS (SELECT 1 FROM events e \
WHERE e.repo = l.repo AND e.seq = l.seq AND e.published = l.published AND e.type = l.type AND e.number = l.number)";

/// What is stored of trackers that a pruned history no longer has where it begins: their removal was pruned too.
const GONE_SINCE: &str = "repo IN (SELECT repo FROM gh_pmu_begin WHERE cut IS NOT NULL)
  AND EXISTS (SELECT 1 FROM gh_pmu_begin b WHERE b.repo = events.repo AND b.published = events.published AND events.seq < b.cut)
  AND NOT EXISTS (SELECT 1 FROM gh_pmu_events l
    WHERE l.repo = events.repo AND l.type = events.type AND l.number = events.number AND l.baseline)";

/// Whether an event is older than a history that was pruned and loaded, which does not have its tracker where it begins.
const GONE_BEFORE: &str = "\
EXISTS (SELECT 1 FROM sync_metadata s WHERE s.repo = l.repo AND s.published = l.published AND s.cut > l.seq)
  AND NOT EXISTS (SELECT 1 FROM events e
    WHERE e.repo = l.repo AND e.type = l.type AND e.number = l.number AND e.published = l.published AND NOT e.gone)";

/// Keeps where the latest pruned history begins.
const KEPT_CUT: &str = "\
UPDATE sync_metadata SET cut = (SELECT max(b.cut) FROM gh_pmu_begin b WHERE b.repo = sync_metadata.repo)
WHERE repo IN (SELECT repo FROM gh_pmu_begin WHERE cut IS NOT NULL)
  AND EXISTS (SELECT 1 FROM gh_pmu_begin b WHERE b.repo = sync_metadata.repo AND b.published = sync_metadata.published
    AND (sync_metadata.cut IS NULL OR b.cut > sync_metadata.cut))";

/// What is known of a repository, unless the engine knows a later moment of it.
const NEWER: &str = "ON CONFLICT (repo) DO UPDATE SET manifest_hash = excluded.manifest_hash, \
last_sync = excluded.last_sync, seq = excluded.seq, id = excluded.id, published = excluded.published, \
history_hash = excluded.history_hash, state_hash = excluded.state_hash, \
cut = CASE WHEN excluded.published = sync_metadata.published THEN sync_metadata.cut END \
WHERE (excluded.published AND NOT sync_metadata.published) \
OR (excluded.published = sync_metadata.published AND (excluded.seq > sync_metadata.seq \
OR (excluded.seq = sync_metadata.seq AND excluded.last_sync > sync_metadata.last_sync)))";

impl Dialect {
    fn typed(self, columns: &str) -> String {
        let [integer, boolean, time, json] = match self {
            Self::Sqlite => ["INTEGER", "INTEGER", "TEXT", "TEXT"],
            Self::Postgres => ["BIGINT", "BOOLEAN", "TIMESTAMPTZ", "JSONB"],
            Self::Duckdb => ["BIGINT", "BOOLEAN", "TIMESTAMP", "JSON"],
        };
        let typed = columns.replace("{text}", "TEXT").replace("{integer}", integer);
        let typed = typed.replace("{boolean}", boolean).replace("{time}", time).replace("{json}", json);
        typed.replace("{false}", self.boolean(false))
    }

    fn tables(self) -> String {
        let (events, sync) =
            (self.typed(&format!("{EVENT_COLUMNS},{GONE}")), self.typed(&format!("{SYNC_COLUMNS},{CUT_COLUMN}")));
        format!(
            "CREATE TABLE IF NOT EXISTS events (\n{events},\n  PRIMARY KEY (id)\n);\n\
             CREATE TABLE IF NOT EXISTS sync_metadata (\n{sync},\n  PRIMARY KEY (repo)\n);\n{INDEXES}"
        )
    }

    /// Makes what is missing of the tables, and empty ones to load into.
    fn start(self) -> String {
        let (tables, events) = (self.tables(), self.typed(EVENT_COLUMNS));
        // Each event is looked up there: without an index that is every repository for every event.
        let sync = format!("{},\n  PRIMARY KEY (repo)", self.typed(SYNC_COLUMNS));
        let begin = self.typed(BEGIN_COLUMNS);
        let view = TRACKERS.strip_prefix("VIEW ").unwrap_or(TRACKERS);
        match self {
            Self::Sqlite => format!(
                "BEGIN IMMEDIATE;\n{tables}CREATE VIEW IF NOT EXISTS {view};\n\
                 DROP TABLE IF EXISTS temp.gh_pmu_events;\nDROP TABLE IF EXISTS temp.gh_pmu_sync;\n\
                 DROP TABLE IF EXISTS temp.gh_pmu_begin;\nDROP TABLE IF EXISTS temp.gh_pmu_names;\n\
                 DROP TABLE IF EXISTS temp.gh_pmu_whole;\n\
                 CREATE TEMP TABLE gh_pmu_events (\n{events}\n);\nCREATE TEMP TABLE gh_pmu_sync (\n{sync}\n);\n\
                 CREATE TEMP TABLE gh_pmu_begin (\n{begin}\n);\n\
                 CREATE TEMP TABLE gh_pmu_whole (\n  cut INTEGER CONSTRAINT \"{CUT}\" CHECK (cut = 0),\n  \
                 gaps INTEGER CONSTRAINT \"{GAP}\" CHECK (gaps = 0),\n  \
                 forks INTEGER CONSTRAINT \"{FORKED}\" CHECK (forks = 0)\n);\n"
            ),
            // The lock is for two first loads at once: `IF NOT EXISTS` does not wait for the other's commit.
            Self::Postgres => format!(
                "SET client_min_messages = warning;\nSET standard_conforming_strings = on;\nSET client_encoding = 'UTF8';\n\
                 DO $gh_pmu$\nBEGIN\nPERFORM pg_advisory_xact_lock(7234887420);\n{tables}\
                 IF to_regclass('trackers') IS NULL THEN\nCREATE {TRACKERS};\nEND IF;\nEND\n$gh_pmu$;\n\
                 DROP TABLE IF EXISTS pg_temp.gh_pmu_events;\nDROP TABLE IF EXISTS pg_temp.gh_pmu_sync;\n\
                 DROP TABLE IF EXISTS pg_temp.gh_pmu_begin;\nDROP TABLE IF EXISTS pg_temp.gh_pmu_names;\n\
                 CREATE TEMP TABLE gh_pmu_events (\n{events}\n);\nCREATE TEMP TABLE gh_pmu_sync (\n{sync}\n);\n\
                 CREATE TEMP TABLE gh_pmu_begin (\n{begin}\n);\n"
            ),
            Self::Duckdb => format!(
                "BEGIN TRANSACTION;\n{tables}CREATE VIEW IF NOT EXISTS {view};\n\
                 CREATE OR REPLACE TEMP TABLE gh_pmu_events (\n{events}\n);\n\
                 CREATE OR REPLACE TEMP TABLE gh_pmu_sync (\n{sync}\n);\n\
                 CREATE OR REPLACE TEMP TABLE gh_pmu_begin (\n{begin}\n);\n"
            ),
        }
    }

    /// Looks at what was loaded, and makes it visible.
    fn end(self, rows: u64) -> String {
        let cut = format!("(SELECT count(*) FROM gh_pmu_events) <> {rows}");
        let names = self.names();
        match self {
            // Without `-bail` the shell goes on after an error: the condition holds then.
            Self::Sqlite => format!(
                "{names}INSERT INTO gh_pmu_whole SELECT {cut}, EXISTS ({GAPS}), EXISTS ({FORKS});\n{}COMMIT;\n",
                self.visible("(SELECT count(*) FROM gh_pmu_whole) = 1")
            ),
            Self::Postgres => format!(
                "DO $gh_pmu$\nBEGIN\nPERFORM pg_advisory_xact_lock(7234887420);\n{names}\
                 IF {cut} THEN\nRAISE EXCEPTION '{CUT}';\nEND IF;\n\
                 IF EXISTS ({GAPS}) THEN\nRAISE EXCEPTION '{GAP}';\nEND IF;\n\
                 IF EXISTS ({FORKS}) THEN\nRAISE EXCEPTION '{FORKED}';\nEND IF;\n{}END\n$gh_pmu$;\n",
                self.visible("true")
            ),
            Self::Duckdb => format!(
                "{names}CREATE OR REPLACE TEMP TABLE gh_pmu_whole AS SELECT CASE WHEN {cut} THEN error('{CUT}') \
                 WHEN EXISTS ({GAPS}) THEN error('{GAP}') WHEN EXISTS ({FORKS}) THEN error('{FORKED}') \
                 ELSE 'whole' END AS answer;\n{}COMMIT;\n",
                self.visible("(SELECT answer FROM gh_pmu_whole) = 'whole'")
            ),
        }
    }

    /// Gives what was loaded the names that the engine knows it by.
    fn names(self) -> String {
        let create = if self == Self::Duckdb { "CREATE OR REPLACE TEMP TABLE" } else { "CREATE TEMP TABLE" };
        let mut sql = format!("{create} {NAMES};\n");
        for table in ["gh_pmu_events", "gh_pmu_sync", "gh_pmu_begin"] {
            put(&mut sql, format_args!("{};\n", renaming(table, ("loaded", "stored"), "true")));
        }
        sql
    }

    /// Makes what was loaded visible, if the condition holds.
    fn visible(self, condition: &str) -> String {
        let gone = self.boolean(true);
        let mut sql = format!(
            "UPDATE events SET gone = {gone} WHERE {condition} AND ({GONE_SINCE});\n\
             INSERT INTO events SELECT l.*, {GONE_BEFORE} FROM gh_pmu_events l WHERE {condition} AND NOT ({KNOWN}) \
             ON CONFLICT (id) DO NOTHING;\n\
             INSERT INTO sync_metadata SELECT l.*, NULL FROM gh_pmu_sync l WHERE {condition} {NEWER};\n\
             {KEPT_CUT} AND {condition};\n"
        );
        for table in ["events", "sync_metadata"] {
            put(
                &mut sql,
                format_args!("{};\n", renaming(table, ("stored", "loaded"), &format!("renamed AND {condition}"))),
            );
        }
        sql
    }

    fn boolean(self, value: bool) -> &'static str {
        match (self, value) {
            (Self::Sqlite, true) => "1",
            (Self::Sqlite, false) => "0",
            (_, true) => "TRUE",
            (_, false) => "FALSE",
        }
    }

    /// A time, as it is compared and shown there. SQLite has none: it stays RFC 3339.
    fn time(self, time: Option<UnixMillis>) -> Cow<'static, str> {
        let Some(time) = time else { return Cow::Borrowed("NULL") };
        let text = time.to_string();
        // PostgreSQL has no year 0: before the year 1 came the year 1 before Christ.
        Cow::Owned(match (self, text.strip_prefix("0000")) {
            (Self::Postgres, Some(rest)) => format!("'0001{} BC'", rest.replace('T', " ").replace('Z', "+00")),
            _ => format!("'{text}'"),
        })
    }

    /// A time of this machine. For SQLite as its `datetime` writes it, so that it compares with that: whole seconds.
    fn moment(self, time: UnixMillis) -> Cow<'static, str> {
        match self {
            Self::Sqlite => {
                let text = time.to_string();
                Cow::Owned(format!("'{} {}'", &text[..10], &text[11..19]))
            }
            _ => self.time(Some(time)),
        }
    }

    /// A text. Clients drop or change some control characters: those are written as calls.
    fn quoted(self, text: &str) -> String {
        let mut sql = String::with_capacity(text.len() + 2);
        sql.push('\'');
        for c in text.chars() {
            match (self, c) {
                (_, '\'') => sql.push_str("''"),
                // PostgreSQL has no NUL in its texts.
                (Self::Postgres, '\0') => sql.push('\u{fffd}'),
                (Self::Sqlite, '\0'..='\x1f') => put(&mut sql, format_args!("'||char({})||'", u32::from(c))),
                (_, '\0'..='\x1f') => put(&mut sql, format_args!("'||chr({})||'", u32::from(c))),
                (_, c) => sql.push(c),
            }
        }
        sql.push('\'');
        if sql.contains("||") { format!("({sql})") } else { sql }
    }

    fn quoted_or_null(self, text: Option<&str>) -> String {
        text.map_or_else(|| "NULL".to_owned(), |text| self.quoted(text))
    }

    /// JSON as a text; PostgreSQL's has no NUL either.
    fn json(self, json: Option<String>) -> String {
        let json = match self {
            Self::Postgres => json.map(|json| without_nul(&json)),
            _ => json,
        };
        let text = self.quoted_or_null(json.as_deref());
        if self == Self::Postgres && json.is_some() { format!("{text}::jsonb") } else { text }
    }
}

/// Replaces the escape `\u0000`, and not an escaped backslash before `u0000`.
fn without_nul(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = if rest[at..].starts_with("\\u0000") { 6 } else { 2 };
        let end = rest.len().min(at + escape);
        out.push_str(if escape == 6 { "\\ufffd" } else { &rest[at..end] });
        rest = &rest[end..];
    }
    out + rest
}

/// A statement that gives the rows of a table the other one of their names, where the condition holds for it.
fn renaming(table: &str, (from, to): (&str, &str), condition: &str) -> String {
    format!(
        "UPDATE {table} SET repo = (SELECT n.{to} FROM gh_pmu_names n WHERE n.{from} = {table}.repo) \
         WHERE repo IN (SELECT {from} FROM gh_pmu_names WHERE {condition})"
    )
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into memory cannot fail.
    let _ = out.write_fmt(text);
}

/// A load as SQL being written.
pub struct Sql<'e> {
    export: Export<'e>,
    dialect: Dialect,
    rows: u64,
}

impl<'e> Export<'e> {
    /// Starts SQL for an engine.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn sql(self, dialect: Dialect) -> Result<Sql<'e>, Error> {
        let mut sql = Sql { export: self, dialect, rows: 0 };
        sql.write(&dialect.start())?;
        Ok(sql)
    }
}

impl Sql<'_> {
    /// One event.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn event(&mut self, exported: &Exported<'_>) -> Result<(), Error> {
        let dialect = self.dialect;
        let Logged { seq, event, sync, published, baseline, .. } = exported.logged;
        let (before, after) = exported.sides(self.export.text);
        let tracker = exported.tracker();
        let (title, state) = match &tracker {
            Some(tracker) => (self.text(&tracker.title), format!("'{}'", tracker.state)),
            None => ("NULL".to_owned(), "NULL".to_owned()),
        };
        let lead = if self.rows.is_multiple_of(ROWS) { "INSERT INTO gh_pmu_events VALUES\n" } else { ",\n" };
        let end = if self.rows > 0 && self.rows.is_multiple_of(ROWS) { ";\n" } else { "" };
        let row = format!(
            "{end}{lead}('{}',{},{seq},'{}','{}',{},{},{},{},{},{},'{}',{},{},{},{},{title},{state},{},{})",
            exported.logged.id(),
            self.text(&exported.repo.to_string()),
            event.change.as_str(),
            event.kind,
            event.number,
            self.text(event.change.title()),
            dialect.json(before),
            dialect.json(after),
            dialect.time(Some(sync.changed_at)),
            dialect.moment(sync.synced_at),
            sync.source.as_str(),
            dialect.quoted_or_null(exported.manifest().as_deref()),
            dialect.quoted_or_null(exported.commit().as_deref()),
            dialect.boolean(*baseline),
            dialect.boolean(*published),
            dialect.time(tracker.as_ref().and_then(|tracker| tracker.created_at)),
            dialect.time(tracker.as_ref().and_then(|tracker| tracker.closed_at)),
        );
        self.rows += 1;
        self.write(&row)
    }

    /// What `sync_metadata` holds of each repository, and the end.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn finish(mut self, checkpoints: &[Checkpoint]) -> Result<(), Error> {
        let dialect = self.dialect;
        let mut end = if self.rows > 0 { ";\n".to_owned() } else { String::new() };
        for checkpoint in checkpoints {
            put(
                &mut end,
                format_args!(
                    "INSERT INTO gh_pmu_sync VALUES ({},{},{},{},{},{},'{}','{}');\n",
                    self.text(&checkpoint.repo),
                    dialect.quoted_or_null(checkpoint.manifest.as_deref()),
                    dialect.moment(checkpoint.checked_at),
                    checkpoint.seq,
                    dialect.quoted_or_null(checkpoint.id.map(|id| id.to_string()).as_deref()),
                    dialect.boolean(checkpoint.published),
                    checkpoint.history_hash,
                    checkpoint.state_hash,
                ),
            );
        }
        for Checkpoint { repo, published, begin, .. } in checkpoints {
            put(
                &mut end,
                format_args!(
                    "INSERT INTO gh_pmu_begin VALUES ({},{},{},{},{},{});\n",
                    self.text(repo),
                    begin.after,
                    dialect.quoted_or_null(begin.id.map(|id| id.to_string()).as_deref()),
                    dialect.boolean(begin.is_kept),
                    begin.cut.map_or_else(|| "NULL".to_owned(), |cut| cut.to_string()),
                    dialect.boolean(*published),
                ),
            );
        }
        end.push_str(&dialect.end(self.rows));
        self.write(&end)?;
        self.export.finish()
    }

    fn text(&self, text: &str) -> String {
        self.dialect.quoted(&self.export.shown(text))
    }

    fn write(&mut self, sql: &str) -> Result<(), Error> {
        self.export.output.buffer.extend_from_slice(sql.as_bytes());
        self.export.output.row_done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_no_control_characters_and_no_end_within() {
        let text = "it's\r\n\0\t\\";
        assert_eq!(Dialect::Sqlite.quoted(text), "('it''s'||char(13)||''||char(10)||''||char(0)||''||char(9)||'\\')");
        assert_eq!(Dialect::Duckdb.quoted("a\0b"), "('a'||chr(0)||'b')");
        assert_eq!(Dialect::Postgres.quoted("a\0b\n"), "('a\u{fffd}b'||chr(10)||'')");
        assert_eq!(Dialect::Postgres.quoted("plain"), "'plain'");
    }

    #[test]
    fn json_for_postgres_has_no_nul_and_keeps_backslashes() {
        let json = r#"{"title":"a\u0000b\\u0000\"\u0001\\"}"#.to_owned();
        let expected = r#"'{"title":"a\ufffdb\\u0000\"\u0001\\"}'::jsonb"#;
        assert_eq!(Dialect::Postgres.json(Some(json.clone())), expected);
        assert_eq!(Dialect::Sqlite.json(Some(json.clone())), format!("'{json}'"));
    }

    #[test]
    fn the_year_0_is_the_year_1_before_christ() {
        let time = Some(UnixMillis::MIN);
        assert_eq!(Dialect::Postgres.time(time), "'0001-01-01 00:00:00+00 BC'");
        assert_eq!(Dialect::Duckdb.time(time), "'0000-01-01T00:00:00Z'");
    }
}
