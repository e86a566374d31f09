//! Peer: SQLite with the schema, the indexes and the upsert of the first proposal. Durable commits: SQLite's own
//! defaults, a rollback journal and `synchronous = FULL`. Its other journals measured within 7 % for one change; WAL makes
//! short-lived readers slower.

mod queries;
mod store;

use peers::Result;
use peers::peer::run;

use store::Sqlite;

/// What the other peers can do, and what a store with SQL is asked besides.
fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["top", order, limit, db] => queries::top(order, limit.parse()?, db.as_ref()),
        ["search", text, db] => queries::search(text, db.as_ref()),
        ["sync-dir", dir, db] => queries::sync_dir(dir.as_ref(), db.as_ref()),
        ["list-many", limit, db] => queries::list_many(limit.parse()?, db.as_ref()),
        _ => run::<Sqlite>(),
    }
}
