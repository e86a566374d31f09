//! Peer: redb. Durable commits (its default); read-only for lists.

use std::fs;
use std::path::Path;

use peers::Result;
use peers::kv::{HASH_KEY, Source, Table, Visit, list_one, prefix};
use peers::manifest::Kind;
use peers::peer::{List, Peer, run};
use redb::{Database, ReadOnlyDatabase, ReadableDatabase, ReadableTable, TableDefinition, TableError};

const TRACKERS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("trackers");
const FILE: &str = "cache.redb";

struct Redb;

struct Open<'txn>(redb::Table<'txn, &'static [u8], &'static [u8]>);

impl Table for Open<'_> {
    fn for_each(&self, f: &mut Visit<'_>) -> Result<()> {
        for entry in self.0.range::<&[u8]>(&[1][..]..)? {
            let (key, value) = entry?;
            f(key.value(), value.value())?;
        }
        Ok(())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.0.insert(key, value)?;
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.0.remove(key)?;
        Ok(())
    }
}

fn stored_hash(db: &Database) -> Result<Option<[u8; 32]>> {
    let trackers = match db.begin_read()?.open_table(TRACKERS) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        other => other?,
    };
    Ok(trackers.get(HASH_KEY)?.and_then(|hash| hash.value().try_into().ok()))
}

impl Peer for Redb {
    fn sync(manifest: &Path, db: &Path, with_diff: bool) -> Result<()> {
        let source = Source::read(manifest)?;
        fs::create_dir_all(db)?;
        let db = Database::create(db.join(FILE))?;
        if stored_hash(&db)?.as_ref() == Some(source.hash.as_bytes()) {
            return Ok(());
        }
        let txn = db.begin_write()?;
        source.apply(&mut Open(txn.open_table(TRACKERS)?), with_diff)?;
        Ok(txn.commit()?)
    }

    fn list(db: &Path, list: &mut List) -> Result<()> {
        let db = ReadOnlyDatabase::open(db.join(FILE))?;
        let trackers = db.begin_read()?.open_table(TRACKERS)?;
        let (from, to) = (prefix(Kind::Release), prefix(Kind::Microsprint));
        for entry in trackers.range::<&[u8]>(&from[..]..&to[..])? {
            let (key, value) = entry?;
            if !list_one(key.value(), value.value(), list)? {
                break;
            }
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    run::<Redb>()
}
