//! `CURRENT` anew from what the directory holds, in memory only: writing it is the writer's.

use super::error::StoreError;
use super::{SMALL_FILE_LIMIT, Store};
use crate::format::{Chain, Current, INDEX_HEADER_LEN, IndexHeader, IndexName, OPEN_END, SEGMENT_HEADER_LEN};
use crate::format::{SegmentHeader, SegmentName};
use crate::model::Seq;

impl Store<'_> {
    /// The live files, told from names and headers: of several logs the one of the newest generation, and the segments
    /// that lead up to it. `None` where no segment verifies.
    pub(super) fn recover_current(&self) -> Result<Option<Current>, StoreError> {
        let names = self.storage.list(&self.dir).map_err(StoreError::io("list", &self.dir))?;
        let mut segments: Vec<(SegmentName, SegmentHeader)> = Vec::new();
        for name in &names {
            segments.extend(self.segment_of(name)?);
        }
        segments.sort_by_key(|(name, _)| (name.base, name.generation));
        let Some(&(newest, _)) = segments.iter().max_by_key(|(name, _)| (name.generation, name.base)) else {
            return Ok(None);
        };
        let chain = leading_to(&segments, newest);
        let index = self.newest_index(&names, chain[0])?;
        let generation = index.map_or(0, |index| index.generation).max(newest.generation);
        let repo = self.repo_from_path();
        let history_start = chain[0].first_seq;
        // As a first sync names it. A log written anew is named otherwise: then `checked` counts as missing, no more.
        let store = chain[0].id;
        Ok(Some(Current { store, generation, index, history_start, freshness: None, segments: chain, repo }))
    }

    fn segment_of(&self, name: &str) -> Result<Option<(SegmentName, SegmentHeader)>, StoreError> {
        let Some((first_seq, generation)) = numbers(name, "log-") else { return Ok(None) };
        let path = self.file(name);
        let io = || StoreError::io("read", &path);
        let Some(file) = self.storage.open(&path).map_err(io())? else { return Ok(None) };
        let bytes = file.read_at(0, SEGMENT_HEADER_LEN).map_err(io())?;
        let Ok(header) = SegmentHeader::decode(&bytes) else { return Ok(None) };
        if (header.first_seq, header.generation) != (Seq(first_seq), generation) {
            return Ok(None);
        }
        let name =
            SegmentName { first_seq: Seq(first_seq), generation, base: header.base, end: OPEN_END, id: header.id };
        Ok(Some((name, header)))
    }

    /// The newest index of the log that begins with `first`: one of the log before it ends before it.
    fn newest_index(&self, names: &[String], first: SegmentName) -> Result<Option<IndexName>, StoreError> {
        let mut newest: Option<IndexName> = None;
        for name in names {
            let Some((seq, generation)) = numbers(name, "index-") else { continue };
            let path = self.file(name);
            let io = || StoreError::io("read", &path);
            let Some(file) = self.storage.open(&path).map_err(io())? else { continue };
            let bytes = file.read_at(0, INDEX_HEADER_LEN).map_err(io())?;
            let Ok(header) = IndexHeader::decode(&bytes, file.len().map_err(io())?) else { continue };
            let found = IndexName { seq: Seq(seq), generation, chain: header.chain };
            let is_of_log = header.seq == found.seq && header.address > first.base;
            if is_of_log && newest.is_none_or(|newest| newest.generation < generation) {
                newest = Some(found);
            }
        }
        Ok(newest)
    }

    /// The directory's last three names: lower case, for want of better.
    fn repo_from_path(&self) -> String {
        let names: Vec<_> = self.dir.iter().rev().take(3).map(|name| name.to_string_lossy()).collect();
        names.into_iter().rev().collect::<Vec<_>>().join("/")
    }
}

const _: () = assert!(SEGMENT_HEADER_LEN < SMALL_FILE_LIMIT);

/// The two numbers of `log-<first seq>-<generation>` and `index-<seq>-<generation>`, as this program writes them.
pub(super) fn numbers(name: &str, prefix: &str) -> Option<(u64, u64)> {
    let (seq, generation) = name.strip_prefix(prefix)?.split_once('-')?;
    let (seq, generation): (u64, u64) = (seq.parse().ok()?, generation.parse().ok()?);
    (format!("{prefix}{seq}-{generation}") == name).then_some((seq, generation))
}

/// The segments before `newest`, each ending where the next begins: a segment's end is the next one's base.
fn leading_to(segments: &[(SegmentName, SegmentHeader)], newest: SegmentName) -> Vec<SegmentName> {
    let mut chain = vec![newest];
    let mut first = newest;
    let earlier = |first: &SegmentName| {
        let before = segments.iter().map(|(name, _)| *name).filter(|name| name.base < first.base);
        before.filter(|name| name.generation <= first.generation).max_by_key(|name| (name.base, name.generation))
    };
    let begins_a_log =
        |first: &SegmentName| segments.iter().any(|(name, header)| name == first && header.prev == Chain::START);
    while let Some(mut before) = earlier(&first).filter(|_| !begins_a_log(&first)) {
        before.end = first.base - before.base;
        chain.insert(0, before);
        first = before;
    }
    chain
}
