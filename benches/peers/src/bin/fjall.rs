//! Peer: fjall. One batch per sync, its journal synced before the commit returns.

use std::path::Path;

use fjall::{Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use peers::Result;
use peers::kv::{HASH_KEY, Source, Table, Visit, list_one, prefix};
use peers::manifest::Kind;
use peers::peer::{List, Peer, run};

struct Fjall;

struct Open {
    trackers: Keyspace,
    batch: OwnedWriteBatch,
}

impl Table for Open {
    fn for_each(&self, f: &mut Visit<'_>) -> Result<()> {
        for entry in self.trackers.range(&[1][..]..) {
            let (key, value) = entry.into_inner()?;
            f(&key, &value)?;
        }
        Ok(())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.batch.insert(&self.trackers, key, value);
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.batch.remove(&self.trackers, key);
        Ok(())
    }
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
        if trackers.get(HASH_KEY)?.as_deref() == Some(source.hash.as_bytes().as_slice()) {
            return Ok(());
        }
        let batch = db.batch().durability(Some(PersistMode::SyncAll));
        let mut table = Open { trackers, batch };
        source.apply(&mut table, with_diff)?;
        Ok(table.batch.commit()?)
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
