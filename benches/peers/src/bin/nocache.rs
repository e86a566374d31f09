//! Peer: no cache at all. Parses the manifest for every list; `DB` is the manifest.

use std::cmp::Reverse;
use std::path::Path;

use peers::Result;
use peers::manifest::{Releases, State};
use peers::peer::{List, Peer, run};

struct NoCache;

impl Peer for NoCache {
    fn sync(_manifest: &Path, _db: &Path, _with_diff: bool) -> Result<()> {
        Err("there is no store to sync".into())
    }

    fn list(manifest: &Path, list: &mut List) -> Result<()> {
        let text = std::fs::read_to_string(manifest)?;
        let mut releases = serde_json::from_str::<Releases<'_>>(&text)?.releases;
        if list.only_open {
            releases.retain(|tracker| tracker.state == State::Open);
        }
        releases.sort_unstable_by_key(|tracker| Reverse(tracker.number));
        for tracker in &releases {
            if !list.push(&tracker.into())? {
                break;
            }
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    run::<NoCache>()
}
