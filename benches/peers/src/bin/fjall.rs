//! Peer: fjall. One batch per sync, its journal synced before the commit returns; bulk load when the store is empty.

use std::path::Path;

use fjall::{Keyspace, KeyspaceCreateOptions, PersistMode};
use peers::Result;
use peers::kv::{HASH_KEY, Source, Table, Visit, list_one, prefix};
use peers::manifest::Kind;
use peers::peer::{List, Peer, run};

struct Fjall;

struct Open<'w> {
    trackers: &'w Keyspace,
    put: &'w mut Visit<'w>,
    deleted: Vec<Vec<u8>>,
}

impl Table for Open<'_> {
    fn for_each(&self, f: &mut Visit<'_>) -> Result<()> {
        for entry in self.trackers.range(&[1][..]..) {
            let (key, value) = entry.into_inner()?;
            f(&key, &value)?;
        }
        Ok(())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        (self.put)(key, value)
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.deleted.push(key.to_vec());
        Ok(())
    }
}

/// An empty store is loaded in bulk; its tables are synced when that is finished.
fn load(source: &Source, trackers: &Keyspace) -> Result<()> {
    let mut ingestion = trackers.start_ingestion()?;
    let mut put = |key: &[u8], value: &[u8]| Ok(ingestion.write(key, value)?);
    source.apply(&mut Open { trackers, put: &mut put, deleted: Vec::new() }, true)?;
    Ok(ingestion.finish()?)
}

fn update(source: &Source, db: &fjall::Database, trackers: &Keyspace, with_diff: bool) -> Result<()> {
    let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
    let mut put = |key: &[u8], value: &[u8]| {
        batch.insert(trackers, key, value);
        Ok(())
    };
    let mut table = Open { trackers, put: &mut put, deleted: Vec::new() };
    source.apply(&mut table, with_diff)?;
    for key in table.deleted {
        batch.remove(trackers, key);
    }
    Ok(batch.commit()?)
}

fn open(db: &Path) -> Result<(fjall::Database, Keyspace)> {
    let db = fjall::Database::builder(db).open()?;
    let trackers = db.keyspace("trackers", KeyspaceCreateOptions::default)?;
    Ok((db, trackers))
}

impl Peer for Fjall {
    fn sync(manifest: &Path, db: &Path, with_diff: bool) -> Result<()> {
        let source = Source::read(manifest)?;
        let (db, trackers) = open(db)?;
        match trackers.get(HASH_KEY)? {
            None => load(&source, &trackers),
            Some(stored) if *stored == *source.hash.as_bytes() => Ok(()),
            Some(_) => update(&source, &db, &trackers, with_diff),
        }
    }

    fn list(db: &Path, list: &mut List) -> Result<()> {
        let (_db, trackers) = open(db)?;
        for entry in trackers.prefix(prefix(Kind::Release)) {
            let (key, value) = entry.into_inner()?;
            if !list_one(&key, &value, list)? {
                break;
            }
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    run::<Fjall>()
}
