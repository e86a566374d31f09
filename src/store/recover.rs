//! `CURRENT` again from what the directory holds, in memory only: writing it is the writer's.

use super::error::StoreError;
use super::files::Store;
use super::names::log_generation;
use crate::format::{Current, Features, LOG_HEADER_LEN, LogName};
use crate::segment::Log;

impl Store<'_> {
    /// The log of the highest generation whose header verifies. `None` if there is none.
    pub(super) fn recover_current(&self) -> Result<Option<Current>, StoreError> {
        let names = self.storage.list(&self.dir).map_err(StoreError::io("list", &self.dir))?;
        let mut generations: Vec<u64> = names.iter().filter_map(|name| log_generation(name)).collect();
        generations.sort_unstable();
        for generation in generations.into_iter().rev() {
            let path = self.file(&format!("log-{generation}"));
            let Some(file) = self.storage.open(&path).map_err(StoreError::io("read", &path))? else { continue };
            let Ok(log) = Log::of(file) else { continue };
            let Ok(header) = log.header() else { continue };
            if header.generation != generation {
                continue;
            }
            return Ok(Some(Current {
                features: Features::default(),
                // As a first sync names it. A log that was rewritten is named otherwise: then `marks` count as missing.
                store: header.id,
                generation,
                log: LogName { generation, id: header.id },
                acknowledged: LOG_HEADER_LEN,
                index: None,
                history_start: header.first_seq,
                repo: self.repo_from_path(),
            }));
        }
        Ok(None)
    }

    /// The directory's last three names: lower case, for want of better.
    fn repo_from_path(&self) -> String {
        let names: Vec<_> = self.dir.iter().rev().take(3).map(|name| name.to_string_lossy()).collect();
        names.into_iter().rev().collect::<Vec<_>>().join("/")
    }
}
