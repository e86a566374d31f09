//! The store itself: tables, and what every peer does with them.

use std::cmp::Ordering;
use std::fs;
use std::path::Path;

use peers::Result;
use peers::kv::Source;
use peers::manifest::{Kind, Manifest, State, Tracker};
use peers::peer::{List, Peer};
use peers::tsv::Line;
use rusqlite::{CachedStatement, Connection, OpenFlags, OptionalExtension, Transaction, params};

pub const FILE: &str = "cache.db";

pub const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS trackers (
        id INTEGER PRIMARY KEY,
        repo TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('release', 'microsprint')),
        number INTEGER NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
        created_at TEXT,
        closed_at TEXT,
        UNIQUE (repo, kind, number)
    );
    CREATE INDEX IF NOT EXISTS trackers_by_state ON trackers (repo, kind, state);
    CREATE INDEX IF NOT EXISTS trackers_by_creation ON trackers (repo, kind, created_at);
    CREATE TABLE IF NOT EXISTS sync_metadata (repo TEXT PRIMARY KEY, manifest_hash BLOB, updated_at TEXT);";

const UPSERT: &str = "
    INSERT INTO trackers (repo, kind, number, title, state, created_at, closed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (repo, kind, number) DO UPDATE SET
        title = excluded.title, state = excluded.state,
        created_at = excluded.created_at, closed_at = excluded.closed_at";

/// The harness keeps one repository per store.
const REPO: &str = "(SELECT repo FROM sync_metadata)";

pub struct Sqlite;

fn stored_hash(db: &Connection) -> Result<Option<Vec<u8>>> {
    let has_schema = "SELECT 1 FROM sqlite_schema WHERE name = 'sync_metadata'";
    if db.query_row(has_schema, [], |_| Ok(())).optional()?.is_none() {
        db.execute_batch(SCHEMA)?;
        return Ok(None);
    }
    Ok(db.query_row("SELECT manifest_hash FROM sync_metadata", [], |row| row.get(0)).optional()?)
}

fn upsert(statement: &mut CachedStatement<'_>, repo: &str, kind: Kind, tracker: &Tracker<'_>) -> Result<()> {
    statement.execute(params![
        repo,
        kind.as_str(),
        tracker.number,
        tracker.title,
        tracker.state.as_str(),
        tracker.created_at,
        tracker.closed_at
    ])?;
    Ok(())
}

type Row<'m, 'a> = (Kind, &'m Tracker<'a>);

/// What the table lacks, and the ids of what it has too much, by one walk over both.
fn compare<'m, 'a>(txn: &Transaction<'_>, repo: &str, rows: &[Row<'m, 'a>]) -> Result<(Vec<Row<'m, 'a>>, Vec<i64>)> {
    let mut select = txn.prepare(
        "SELECT id, kind, number, title, state, created_at, closed_at FROM trackers WHERE repo = ?1
         ORDER BY kind DESC, number DESC",
    )?;
    let mut stored = select.query([repo])?;
    let mut rest = rows.iter().peekable();
    let (mut put, mut delete) = (Vec::new(), Vec::new());
    while let Some(row) = stored.next()? {
        let (id, kind, number): (i64, Kind, u64) = (row.get(0)?, kind(row.get_ref(1)?.as_str()?), row.get(2)?);
        let order = |(k, tracker): &Row<'_, '_>| k.cmp(&kind).then(number.cmp(&tracker.number));
        while let Some(&new) = rest.next_if(|row| order(row) == Ordering::Less) {
            put.push(new);
        }
        match rest.next_if(|row| order(row) == Ordering::Equal) {
            None => delete.push(id),
            Some(&(kind, tracker)) => {
                let same = row.get_ref(3)?.as_str()? == tracker.title
                    && row.get_ref(4)?.as_str()? == tracker.state.as_str()
                    && row.get_ref(5)?.as_str_or_null()? == tracker.created_at
                    && row.get_ref(6)?.as_str_or_null()? == tracker.closed_at;
                if !same {
                    put.push((kind, tracker));
                }
            }
        }
    }
    put.extend(rest);
    Ok((put, delete))
}

fn kind(word: &str) -> Kind {
    if word == "release" { Kind::Release } else { Kind::Microsprint }
}

pub fn apply(txn: &Transaction<'_>, source: &Source, with_diff: bool) -> Result<()> {
    let manifest = Manifest::parse(&source.text)?;
    let rows = manifest.rows();
    let mut statement = txn.prepare_cached(UPSERT)?;
    if !with_diff {
        for (kind, tracker) in &rows {
            upsert(&mut statement, &manifest.repo, *kind, tracker)?;
        }
    }
    let count: usize = txn.query_row("SELECT count(*) FROM trackers", [], |row| row.get(0))?;
    if with_diff || count != rows.len() {
        let (put, delete) = compare(txn, &manifest.repo, &rows)?;
        for (kind, tracker) in put {
            upsert(&mut statement, &manifest.repo, kind, tracker)?;
        }
        for id in delete {
            txn.execute("DELETE FROM trackers WHERE id = ?1", [id])?;
        }
    }
    txn.execute(
        "INSERT OR REPLACE INTO sync_metadata VALUES (?1, ?2, ?3)",
        params![manifest.repo, source.hash.as_bytes(), manifest.updated_at],
    )?;
    Ok(())
}

impl Peer for Sqlite {
    fn sync(manifest: &Path, db: &Path, with_diff: bool) -> Result<()> {
        let source = Source::read(manifest)?;
        fs::create_dir_all(db)?;
        let mut db = Connection::open(db.join(FILE))?;
        if stored_hash(&db)?.as_deref() == Some(source.hash.as_bytes()) {
            return Ok(());
        }
        let txn = db.transaction()?;
        apply(&txn, &source, with_diff)?;
        Ok(txn.commit()?)
    }

    fn list(db: &Path, list: &mut List) -> Result<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(db.join(FILE), flags)?;
        let state = if list.only_open { "AND state = 'OPEN'" } else { "" };
        let mut select = db.prepare(&format!(
            "SELECT number, state, title, created_at, closed_at FROM trackers
             WHERE repo = {REPO} AND kind = 'release' {state} ORDER BY number DESC LIMIT ?1"
        ))?;
        let mut rows = select.query([i64::try_from(list.left).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let state = if row.get_ref(1)?.as_bytes()? == b"OPEN" { State::Open } else { State::Closed };
            list.push(&Line {
                number: row.get(0)?,
                state,
                title: row.get_ref(2)?.as_bytes()?,
                created_at: row.get_ref(3)?.as_bytes_or_null()?.unwrap_or_default(),
                closed_at: row.get_ref(4)?.as_bytes_or_null()?.unwrap_or_default(),
            })?;
        }
        Ok(())
    }
}
