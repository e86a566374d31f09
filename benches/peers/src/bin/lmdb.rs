//! Peer: LMDB. Durable commits (its default); read-only for lists; bulk load by appending when the store is empty.

use std::fs;
use std::ops::Bound;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, PutFlags, RoTxn, RwTxn};
use peers::Result;
use peers::kv::{HASH_KEY, Source, Table, Visit, list_one, prefix};
use peers::manifest::Kind;
use peers::peer::{List, Peer, run};

/// Address space, not memory: more than a million trackers need.
const MAP_LEN: usize = 4 << 30;

/// The hash lies before it.
const FIRST_TRACKER: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(&[1]), Bound::Unbounded);

type Bytewise<'t> = Database<'t, Bytes, Bytes>;

struct Lmdb;

struct Open<'x, 'env, 'db> {
    txn: &'x mut RwTxn<'env>,
    trackers: Bytewise<'db>,
    flags: PutFlags,
}

impl Table for Open<'_, '_, '_> {
    fn for_each(&self, f: &mut Visit<'_>) -> Result<()> {
        for entry in self.trackers.range(self.txn, &FIRST_TRACKER)? {
            let (key, value) = entry?;
            f(key, value)?;
        }
        Ok(())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        Ok(self.trackers.put_with_flags(self.txn, self.flags, key, value)?)
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.trackers.delete(self.txn, key)?;
        Ok(())
    }
}

fn open(db: &Path, flags: EnvFlags) -> Result<Env> {
    let mut options = EnvOpenOptions::new();
    options.map_size(MAP_LEN);
    // SAFETY: the harness lets one process at a time touch a store, and nothing else writes its files.
    Ok(unsafe { options.flags(flags).open(db)? })
}

fn stored_hash(env: &Env) -> Result<Option<[u8; 32]>> {
    let read = |trackers: Option<Bytewise<'_>>, txn: &RoTxn<'_>| -> Result<Option<[u8; 32]>> {
        let Some(trackers) = trackers else { return Ok(None) };
        Ok(trackers.get(txn, HASH_KEY)?.and_then(|hash| hash.try_into().ok()))
    };
    let txn = env.read_txn()?;
    let found = env.open_databases_and_commit(txn, |opener, txn| -> Result<CommitOrAbort<(), _>> {
        Ok(CommitOrAbort::Abort(read(opener.open_database(txn, None)?, txn)?))
    })?;
    Ok(found.abort().flatten())
}

impl Peer for Lmdb {
    fn sync(manifest: &Path, db: &Path, with_diff: bool) -> Result<()> {
        let source = Source::read(manifest)?;
        fs::create_dir_all(db)?;
        let env = open(db, EnvFlags::empty())?;
        if stored_hash(&env)?.as_ref() == Some(source.hash.as_bytes()) {
            return Ok(());
        }
        let txn = env.write_txn()?;
        env.create_databases_and_commit(txn, |opener, txn| -> Result<CommitOrAbort<(), ()>> {
            let trackers: Bytewise<'_> = opener.create_database(txn, None)?;
            let flags = if trackers.is_empty(txn)? { PutFlags::APPEND } else { PutFlags::empty() };
            source.apply(&mut Open { txn, trackers, flags }, with_diff)?;
            Ok(CommitOrAbort::Commit(()))
        })?;
        Ok(())
    }

    fn list(db: &Path, list: &mut List) -> Result<()> {
        let env = open(db, EnvFlags::READ_ONLY)?;
        let txn = env.read_txn()?;
        env.open_databases_and_commit(txn, |opener, txn| -> Result<CommitOrAbort<(), ()>> {
            let trackers: Option<Bytewise<'_>> = opener.open_database(txn, None)?;
            for entry in trackers.ok_or("no such store")?.prefix_iter(txn, &prefix(Kind::Release))? {
                let (key, value) = entry?;
                if !list_one(key, value, list)? {
                    break;
                }
            }
            Ok(CommitOrAbort::Abort(()))
        })?;
        Ok(())
    }
}

fn main() -> Result<()> {
    run::<Lmdb>()
}
