//! `CURRENT` again from what the directory holds, in memory only: writing it is the writer's.

use super::error::StoreError;
use super::files::Store;
use super::names::{MARKS, index_place, log_generation};
use crate::format::{Current, Features, FileId, IndexName, LOG_HEADER_LEN, LogName, Marks};
use crate::index::Index;
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
            let index = self.newest_index(&names, header.id);
            return Ok(Some(Current {
                features: Features::default(),
                store: self.store_of_marks(header.id).unwrap_or(header.id),
                generation: index.as_ref().map_or(generation, |(name, _)| generation.max(name.generation)),
                log: LogName { generation, id: header.id },
                acknowledged: index.as_ref().map_or(LOG_HEADER_LEN, |(_, address)| *address),
                index: index.map(|(name, _)| name),
                history_start: header.first_seq,
                repo: self.repo_from_path(),
            }));
        }
        Ok(None)
    }

    /// The index with the highest number that verifies and was folded from this log, and where it ends there.
    fn newest_index(&self, names: &[String], log: FileId) -> Option<(IndexName, u64)> {
        let mut places: Vec<_> = names.iter().filter_map(|name| Some((index_place(name)?, name))).collect();
        places.sort_unstable();
        places.into_iter().rev().find_map(|((_, generation), name)| {
            let file = self.storage.open(&self.file(name)).ok()??;
            let index = Index::open(file.len().and_then(|len| file.bytes(len)).ok()?).ok()?;
            let header = index.header();
            let found = IndexName { seq: header.seq, generation, chain: header.chain };
            (header.log == log && found.file_name() == *name && index.verify().is_empty())
                .then_some((found, header.address))
        })
    }

    /// The store that `marks` are of, if they name this log; a first sync calls it as its log.
    fn store_of_marks(&self, log: FileId) -> Option<FileId> {
        let marks = Marks::decode(&self.read_small(MARKS).ok()??).ok()?;
        marks.acknowledged.filter(|known| known.log == log).map(|_| marks.store)
    }

    /// The directory's last three names: lower case, for want of better.
    fn repo_from_path(&self) -> String {
        let names: Vec<_> = self.dir.iter().rev().take(3).map(|name| name.to_string_lossy()).collect();
        names.into_iter().rev().collect::<Vec<_>>().join("/")
    }
}
