//! What only a store with SQL is asked: orders, words, and all repositories in one table.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use peers::Result;
use peers::kv::Source;
use peers::manifest::State;
use peers::tsv::{Line, Tsv};
use rusqlite::{Connection, OpenFlags, Params, Row, Statement};

use crate::store::{FILE, SCHEMA, apply};

const COLUMNS: &str = "number, state, title, created_at, closed_at";

fn open(db: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(db.join(FILE), flags)?)
}

/// The greatest releases in some order; letters count alike in both cases.
pub fn top(order: &str, limit: i64, db: &Path) -> Result<()> {
    let order = match order {
        "title" => "title COLLATE NOCASE",
        _ => "created_at",
    };
    let db = open(db)?;
    let sql =
        format!("SELECT {COLUMNS} FROM trackers WHERE kind = 'release' ORDER BY {order} DESC, number DESC LIMIT ?1");
    print(&mut db.prepare(&sql)?, [limit])
}

/// The releases with these letters in their title.
pub fn search(text: &str, db: &Path) -> Result<()> {
    let db = open(db)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM trackers WHERE kind = 'release' AND title LIKE '%' || ?1 || '%' ORDER BY number DESC"
    );
    print(&mut db.prepare(&sql)?, [text])
}

fn print(select: &mut Statement<'_>, params: impl Params) -> Result<()> {
    let mut out = Tsv::stdout()?;
    let mut rows = select.query(params)?;
    while let Some(row) = rows.next()? {
        out.line(&line(row)?)?;
    }
    Ok(out.finish()?)
}

fn line<'r>(row: &'r Row<'_>) -> Result<Line<'r>> {
    let state = if row.get_ref(1)?.as_bytes()? == b"OPEN" { State::Open } else { State::Closed };
    Ok(Line {
        number: row.get(0)?,
        state,
        title: row.get_ref(2)?.as_bytes()?,
        created_at: row.get_ref(3)?.as_bytes_or_null()?.unwrap_or_default(),
        closed_at: row.get_ref(4)?.as_bytes_or_null()?.unwrap_or_default(),
    })
}

/// Loads every manifest of a directory that collects them.
pub fn sync_dir(dir: &Path, db: &Path) -> Result<()> {
    fs::create_dir_all(db)?;
    let mut db = Connection::open(db.join(FILE))?;
    db.execute_batch(SCHEMA)?;
    db.execute_batch("CREATE INDEX IF NOT EXISTS trackers_by_number ON trackers (kind, state, number DESC, repo);")?;
    let txn = db.transaction()?;
    for owner in fs::read_dir(dir)? {
        let owner = owner?;
        if owner.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        for manifest in fs::read_dir(owner.path())? {
            apply(&txn, &Source::read(&manifest?.path())?, true)?;
        }
    }
    Ok(txn.commit()?)
}

/// The open releases of all repositories; -1: without a limit.
pub fn list_many(limit: i64, db: &Path) -> Result<()> {
    let db = open(db)?;
    let mut select = db.prepare(&format!(
        "SELECT {COLUMNS}, repo FROM trackers WHERE kind = 'release' AND state = 'OPEN'
         ORDER BY number DESC, repo LIMIT ?1"
    ))?;
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let mut rows = select.query([limit])?;
    while let Some(row) = rows.next()? {
        out.write_all(row.get_ref(5)?.as_bytes()?)?;
        out.write_all(b"\t")?;
        let Line { number, state, title, created_at, closed_at } = line(row)?;
        write!(out, "{number}\t{}", state.as_str())?;
        for field in [title, created_at, closed_at] {
            out.write_all(b"\t")?;
            out.write_all(field)?;
        }
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
