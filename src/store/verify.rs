//! Reading every byte. Changes nothing, and works beside a writer.

use std::path::PathBuf;
use std::time::Duration;

use super::clear::is_numbered;
use super::error::{Damage, StoreError};
use super::view::View;
use super::{CHECKED, CURRENT, LAST, LOCK, SMALL_FILE_LIMIT, Store, TAG};
use crate::format::{
    Chain, Checked, Current, Cursor, FormatError, FrameKind, OPEN_END, SEGMENT_HEADER_LEN, SegmentName, Tag,
};
use crate::fs::TEMPORARY;
use crate::log::{Frame, Segment, SegmentError, Stop, walk};

/// One damage: where, what it costs, what mends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// The structure there.
    pub record: String,
    /// What is wrong.
    pub what: String,
    /// What it costs.
    pub cost: &'static str,
    /// What mends it.
    pub mend: &'static str,
}

/// What a verification read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Events in the log.
    pub events: u64,
    /// Damage found.
    pub findings: Vec<Finding>,
    /// What an interrupted writer left, and is no damage.
    pub notes: Vec<Finding>,
}

const SYNC_MENDS: &str = "the next sync writes it anew";
const LAST_MENDS: &str = "the next `gh pmu cache history --since last` writes it anew";
const REPAIR_MENDS: &str = "run `gh pmu cache repair`";
const CHANGE_MENDS: &str = "the next sync that brings a change writes past it";
const COSTS_UNACKNOWLEDGED: &str = "a commit that was not acknowledged, or whose acknowledgement is lost";
const COSTS_TIME: &str = "nothing but time";
const COSTS_HISTORY: &str = "changes that only this file holds";
/// While compactions and commits pass by.
const ATTEMPTS: usize = 5;
/// A commit that is being written is whole after that.
const WRITING: Duration = Duration::from_millis(10);

impl Store<'_> {
    /// Reads every byte of every file against its checksum, the chain, the geometry, and the index against a fold of
    /// the log. `None` where there is no store.
    ///
    /// # Errors
    /// The system's; a newer format.
    pub fn verify(&self) -> Result<Option<Verified>, StoreError> {
        let mut current = self.current_bytes()?;
        let mut verified = self.verify_once()?;
        for _attempt in 1..ATTEMPTS {
            let Some(found) = &verified else { break };
            if found.findings.is_empty() && found.notes.is_empty() {
                break;
            }
            // What a writer retires or has half written while it is read is neither damage nor torn: it is read again.
            self.storage.wait(WRITING);
            let last = (current, verified);
            current = self.current_bytes()?;
            verified = self.verify_once()?;
            if (&current, &verified) == (&last.0, &last.1) {
                break;
            }
        }
        Ok(verified)
    }

    pub(super) fn current_bytes(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.file(CURRENT);
        self.storage.read(&path, SMALL_FILE_LIMIT).map_err(StoreError::io("read", &path))
    }

    fn verify_once(&self) -> Result<Option<Verified>, StoreError> {
        let bytes = self.current_bytes()?;
        if bytes.is_none() && (self.is_cleared()? || !self.own_names()?.iter().any(|name| is_numbered(name))) {
            return Ok(None);
        }
        let mut verified = Verified::default();
        verified.read(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
        let current = match bytes.as_deref().map(Current::decode) {
            Some(Ok(current)) => Some(current),
            Some(Err(error)) => {
                if let newer @ StoreError::Newer { .. } = StoreError::format(self.file(CURRENT), &error) {
                    return Err(newer);
                }
                verified.find(self.file(CURRENT), &error, "the whole file", "how fresh the state is", SYNC_MENDS);
                self.recover_current()?
            }
            None => {
                let what = "is missing".to_owned();
                let (path, record) = (self.file(CURRENT), "the whole file".to_owned());
                let finding =
                    Finding { path, offset: 0, record, what, cost: "how fresh the state is", mend: SYNC_MENDS };
                // A first sync that was interrupted, or is under way, has not come to it yet.
                match self.view() {
                    // Cleared since.
                    Ok(None) => return Ok(None),
                    Ok(Some(view)) if view.damage().is_empty() => {
                        verified.notes.push(Finding { cost: "nothing", ..finding })
                    }
                    _ => verified.findings.push(finding),
                }
                self.recover_current()?
            }
        };
        self.verify_small(&mut verified)?;
        let Some(current) = current else { return Ok(Some(verified)) };
        let mut chain = Some(Chain::START);
        for name in &current.segments {
            chain = self.verify_segment(*name, chain, &mut verified)?;
        }
        self.verify_acknowledged(&current, &mut verified);
        self.verify_index(&current, &mut verified)?;
        Ok(Some(verified))
    }

    /// The files that may vanish, and those that have no business here.
    fn verify_small(&self, verified: &mut Verified) -> Result<(), StoreError> {
        for (name, decodes) in [
            (CHECKED, (|bytes| Checked::decode(bytes).map(drop)) as fn(&[u8]) -> Result<(), FormatError>),
            (LAST, |bytes| Cursor::decode(bytes).map(drop)),
            (TAG, |bytes| Tag::decode(bytes).map(drop)),
        ] {
            let path = self.file(name);
            let bytes = self.storage.read(&path, SMALL_FILE_LIMIT).map_err(StoreError::io("read", &path))?;
            let Some(bytes) = bytes else { continue };
            verified.read(bytes.len() as u64);
            if let Err(error) = decodes(&bytes) {
                let (cost, mend) =
                    if name == LAST { ("where `--since last` stopped", LAST_MENDS) } else { (COSTS_TIME, SYNC_MENDS) };
                verified.find(path, &error, "the whole file", cost, mend);
            }
        }
        let lock = self.file(LOCK);
        let bytes = self.storage.read(&lock, SMALL_FILE_LIMIT).map_err(StoreError::io("read", &lock))?;
        if bytes.is_some_and(|bytes| !bytes.is_empty()) {
            let what = "is not empty, as a lock is".to_owned();
            let (record, cost) = ("the whole file".to_owned(), "nothing");
            let mend = "empty it, or leave it";
            verified.findings.push(Finding { path: lock, offset: 0, record, what, cost, mend });
        }
        Ok(())
    }

    /// Gives the chain hash behind the segment, if it is known.
    fn verify_segment(
        &self,
        name: SegmentName,
        chain: Option<Chain>,
        verified: &mut Verified,
    ) -> Result<Option<Chain>, StoreError> {
        let path = self.file(&name.file_name());
        let segment = match Segment::open(self.storage, &self.dir, name) {
            Ok(segment) => segment,
            Err(error) => {
                let what = match &error {
                    SegmentError::Format(error) => error.wrong.to_string(),
                    other => other.to_string(),
                };
                if let error @ (StoreError::Io { .. } | StoreError::Newer { .. }) =
                    StoreError::segment(path.clone(), error)
                {
                    return Err(error);
                }
                let record = "the segment's header".to_owned();
                verified.findings.push(Finding {
                    path,
                    offset: 0,
                    record,
                    what,
                    cost: COSTS_HISTORY,
                    mend: REPAIR_MENDS,
                });
                return Ok(None);
            }
        };
        let bytes = segment.bytes().map_err(StoreError::io("read", &path))?;
        verified.read(bytes.len() as u64);
        if chain.is_some_and(|chain| chain != segment.header.prev) {
            let what = "does not continue the segment before it".to_owned();
            let record = "the segment's header".to_owned();
            let cost = COSTS_HISTORY;
            verified.findings.push(Finding { path: path.clone(), offset: 48, record, what, cost, mend: REPAIR_MENDS });
        }
        Ok(verify_frames(&bytes, name, segment.header.prev, path, verified))
    }

    /// What only a reader tells: that the log ends before what was acknowledged. Then nothing in it is merely torn.
    fn verify_acknowledged(&self, current: &Current, verified: &mut Verified) {
        if verified.findings.iter().any(|finding| is_log(&finding.path)) {
            return;
        }
        let Ok(Some(view)) = self.view() else { return };
        let damage = || view.damage().iter().filter(|damage| is_log(&damage.path));
        let base = current.segments[current.segments.len() - 1].base;
        // The index was folded from commits that were durable.
        let was_there = |note: &mut Finding| {
            is_log(&note.path)
                && (base + note.offset < view.tail.address || damage().any(|damage| damage.path == note.path))
        };
        let torn = verified.notes.extract_if(.., was_there);
        verified.findings.extend(torn.map(|note| Finding { cost: COSTS_HISTORY, mend: REPAIR_MENDS, ..note }));
        for Damage { path, offset, what } in damage().cloned() {
            if verified.findings.iter().all(|finding| finding.path != path) {
                let (record, cost) = (format!("the log of {}", current.repo), COSTS_HISTORY);
                verified.findings.push(Finding { path, offset, record, what, cost, mend: REPAIR_MENDS });
            }
        }
    }

    fn verify_index(&self, current: &Current, verified: &mut Verified) -> Result<(), StoreError> {
        let Some(name) = current.index else { return Ok(()) };
        let path = self.file(&name.file_name());
        let index = match self.open_index(name) {
            Ok(index) => index,
            Err(StoreError::Damaged(damage)) => {
                let (record, what) = ("the index's header".to_owned(), damage.what);
                let finding = Finding { path, offset: damage.offset, record, what, cost: COSTS_TIME, mend: SYNC_MENDS };
                verified.findings.push(finding);
                return Ok(());
            }
            Err(StoreError::Unstable { .. }) => {
                let what = "is missing or not the file that CURRENT names".to_owned();
                let record = "the whole file".to_owned();
                verified.findings.push(Finding { path, offset: 0, record, what, cost: COSTS_TIME, mend: SYNC_MENDS });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        verified.read(index.byte_len());
        let errors = index.verify();
        for error in &errors {
            // A sync that has nothing to write does not look at it.
            verified.find(path.clone(), error, "a block", COSTS_TIME, REPAIR_MENDS);
        }
        let log_is_whole = verified.findings.iter().all(|finding| !is_log(&finding.path));
        if errors.is_empty() && log_is_whole {
            let folded = match self.view_up_to(current, index.header().address) {
                // Retired since it was read: all of it is read again.
                Err(StoreError::Unstable { path }) => {
                    let (what, record) = ("was retired while it was read".to_owned(), "the whole file".to_owned());
                    let finding = Finding { path, offset: 0, record, what, cost: COSTS_TIME, mend: SYNC_MENDS };
                    verified.findings.push(finding);
                    return Ok(());
                }
                folded => folded?,
            };
            let expected = folded.as_ref().map(View::index_bytes).transpose()?;
            if let Some(offset) = expected.and_then(|expected| index.first_difference(&expected)) {
                let what = "is not what the log folds to".to_owned();
                let record = "the index".to_owned();
                verified.findings.push(Finding {
                    path,
                    offset,
                    record,
                    what,
                    cost: "wrong answers",
                    mend: REPAIR_MENDS,
                });
            }
        }
        Ok(())
    }

    /// The state that the log alone gives up to a log address.
    fn view_up_to(&self, current: &Current, address: u64) -> Result<Option<View>, StoreError> {
        let mut current = current.clone();
        current.freshness = None;
        current.segments.retain(|segment| segment.base < address);
        if let Some(last) = current.segments.last_mut() {
            last.end = last.end.min(address - last.base);
        }
        if current.segments.is_empty() { Ok(None) } else { self.fold_log(current).map(Some) }
    }

    /// Files of this program's names that `CURRENT` does not name: left by a crash, and removed by the next writer.
    ///
    /// # Errors
    /// The system's.
    pub fn left_over(&self) -> Result<Vec<String>, StoreError> {
        let names = self.storage.list(&self.dir).map_err(StoreError::io("list", &self.dir))?;
        let Some(Ok(current)) = self.current_bytes()?.as_deref().map(Current::decode) else { return Ok(Vec::new()) };
        let mut live: Vec<String> = current.segments.iter().map(SegmentName::file_name).collect();
        live.extend(current.index.map(|index| index.file_name()));
        let ours = |name: &String| is_numbered(name) || name.ends_with(TEMPORARY);
        Ok(names.into_iter().filter(|name| ours(name) && !live.contains(name)).collect())
    }
}

fn is_log(path: &std::path::Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-"))
}

/// Walks on behind damage, so that all of it is told. The chain hash is known only behind an unbroken walk.
fn verify_frames(
    bytes: &[u8],
    name: SegmentName,
    prev: Chain,
    path: PathBuf,
    verified: &mut Verified,
) -> Option<Chain> {
    let (mut from, mut prev, mut whole) = (SEGMENT_HEADER_LEN, prev, true);
    loop {
        let tail = bytes.get(from as usize..).unwrap_or_default();
        let mut chain = prev;
        let walked = walk(tail, name.id, from, prev, |frame| {
            verified.count(&frame);
            chain = frame.chain();
            Ok::<(), FormatError>(())
        });
        let Ok((_, stop)) = walked else { return None };
        let (error, resumes_at) = match stop {
            Stop::End => return whole.then_some(chain),
            Stop::Torn(offset) => {
                let what = "a commit is incomplete and nothing follows it".to_owned();
                let record = "the last commit".to_owned();
                let is_open = name.end == OPEN_END;
                let (cost, mend) =
                    if is_open { (COSTS_UNACKNOWLEDGED, CHANGE_MENDS) } else { (COSTS_HISTORY, REPAIR_MENDS) };
                let found = if is_open { &mut verified.notes } else { &mut verified.findings };
                found.push(Finding { path, offset, record, what, cost, mend });
                return None;
            }
            Stop::Damaged { error, resumes_at } => (error, resumes_at),
        };
        let record = match crate::format::FrameHeader::decode(
            bytes.get(error.offset as usize..).unwrap_or_default(),
            name.id,
            error.offset,
        ) {
            Ok(header) => format!("the commit of event {}", header.first_seq),
            Err(_) => "a commit".to_owned(),
        };
        verified.findings.push(Finding {
            path: path.clone(),
            offset: error.offset,
            record,
            what: error.wrong.to_string(),
            cost: COSTS_HISTORY,
            mend: REPAIR_MENDS,
        });
        whole = false;
        let resume = resumes_at.and_then(|offset| {
            let header = crate::format::FrameHeader::decode(bytes.get(offset as usize..)?, name.id, offset).ok()?;
            Some((offset, header.prev))
        });
        match resume {
            Some((offset, next_prev)) => (from, prev) = (offset, next_prev),
            None => return None,
        }
    }
}

impl Verified {
    fn read(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    fn count(&mut self, frame: &Frame<'_>) {
        if frame.header.kind == FrameKind::Commit {
            self.events += u64::from(frame.header.event_count);
        }
    }

    fn find(&mut self, path: PathBuf, error: &FormatError, record: &str, cost: &'static str, mend: &'static str) {
        let (record, what) = (record.to_owned(), error.wrong.to_string());
        self.findings.push(Finding { path, offset: error.offset, record, what, cost, mend });
    }
}
